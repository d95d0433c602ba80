//! A turn that runs: what it is about to say is kept before it is said.

use std::sync::{Arc, Mutex, PoisonError};

use super::memory::Memory;
use super::valkey::{Valkey, Version};
use super::{Name, Offer, Unreachable};
use crate::Conversation;
use crate::checker::Kept;

/// A turn of a conversation that is kept.
pub(super) struct Turn {
    name: Name,
    local: Arc<Memory>,
    shared: Option<Arc<Valkey>>,
    /// Without the shared store it says nothing.
    stops: bool,
    seen: Mutex<Seen>,
}

/// The versions that a turn has heard of last.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) local: u64,
    /// None: there is no shared store, or it was lost.
    pub(super) shared: Option<Version>,
    losses: u32,
}

/// A turn that loses more often than this takes the store for lost: there are not so many facts in a conversation.
const MOST_LOSSES: u32 = 1_024;

impl Turn {
    pub(super) fn new(
        name: Name,
        local: Arc<Memory>,
        shared: Option<Arc<Valkey>>,
        stops: bool,
        seen: Seen,
    ) -> Self {
        Self { name, local, shared, stops, seen: Mutex::new(seen) }
    }

    /// Keeps what is about to be said.
    pub(super) fn keep(&self, said: &Conversation) -> Kept {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(shared), Some(version)) = (&self.shared, seen.shared.clone()) {
            let offered = if seen.losses < MOST_LOSSES {
                shared.offer_now(&self.name, &version, said)
            } else {
                Err(Unreachable)
            };
            return match offered {
                Ok(Offer::Kept(version)) => {
                    seen.shared = Some(version);
                    self.local.copy(&self.name, said);
                    Kept::Here
                }
                Ok(Offer::Lost(version, other)) => {
                    seen.losses += 1;
                    seen.shared = Some(version);
                    Kept::Lost(other)
                }
                Err(Unreachable) if self.stops => Kept::Stop,
                Err(Unreachable) => {
                    // Of what this proxy knows itself nothing was heard yet.
                    (seen.shared, seen.local) = (None, 0);
                    Kept::CutOff
                }
            };
        }
        match self.local.offer(&self.name, seen.local, said, self.shared.is_some()) {
            Offer::Kept(version) => {
                seen.local = version;
                Kept::Here
            }
            Offer::Lost(version, other) => {
                seen.local = version;
                Kept::Lost(other)
            }
        }
    }
}
