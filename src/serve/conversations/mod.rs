//! What conversations have said, between their turns and while they run.
//!
//! Takes a session and the name of its conversation, gives a session that goes on where the conversation was. Promises that nothing which adds up leaves before it
//! is kept, and that of two turns at the same time, on one proxy or on several, each hears what the other has said before it says more.
//!
//! **When evidence commits.** A fact about another person commits when it is judged, and its text is held until then: in a session that is kept every fact counts as
//! armed from the first byte on, for what another turn says may make it the completing one. Judging offers what would have been said to the store,
//! with the version that the turn has seen last (compare and set). If that is still the store's, the fact is kept there and may leave. If it is not, another turn was faster: the session takes in
//! what that one has said and judges the fact again, so that it is now withheld where the two complete a picture. Each loss means that somebody else got on, and a
//! conversation holds a bounded number of facts, so that this ends.
//!
//! **Without stalling the runtime.** Judging is synchronous, and the shared store is asked from it for at most `patience` (20 ms) under
//! [`tokio::task::block_in_place`]: the worker's other tasks move to another thread meanwhile. It is asked only when a weak fact is about to be told, a few times in a response at most; text
//! without facts never waits. Loading, at the beginning of a turn, is asynchronous.
//!
//! **When the store is slow or down.** It is not asked again until it answers a ping, which is tried twice a second in the background; so that nothing waits for it twice. Meanwhile,
//! as the configuration says, turns go on with what this proxy knows itself, under a policy that is no laxer than `strict`, or they are refused. A turn in whose midst the store is lost
//! goes on with what it knows and withholds rare names alone from there on, or it is stopped. What was said meanwhile is brought to the store by the conversation's next turn here.

mod memory;
mod turn;
#[cfg(feature = "valkey")]
mod valkey;
#[cfg(not(feature = "valkey"))]
#[path = "no_valkey.rs"]
mod valkey;

use std::sync::Arc;

use super::config::{ConversationsConfig, WhenLost};
use super::metrics::Metrics;
use crate::Session;
use crate::error::{Error, Result};
use crate::policy::Across;
use memory::Memory;
use turn::{Seen, Turn};
use valkey::Valkey;

/// Stands for a conversation of a reader: a keyed hash.
type Name = [u8; 32];

/// The shared store cannot be asked, or does not answer in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreachable;

/// What became of what was offered to a store that knows conversations by versions.
#[derive(Debug, PartialEq, Eq)]
enum Offer<V> {
    /// It is kept, as this version.
    Kept(V),
    /// Another turn was faster: this version, and what it says.
    Lost(V, crate::Conversation),
}

/// The conversations of a proxy.
pub(super) struct Conversations {
    local: Arc<Memory>,
    shared: Option<Arc<Valkey>>,
    when_lost: WhenLost,
    /// For names; none: it is made of the key of the index, which all proxies have.
    key: Option<[u8; 32]>,
}

impl Conversations {
    /// # Errors
    /// The system has no random numbers, or the address of the store is none.
    pub(super) async fn new(config: &ConversationsConfig, metrics: &Arc<Metrics>) -> Result<Self> {
        let shared = match &config.store {
            Some(_) => Some(Arc::new(Valkey::connect(config, Arc::clone(metrics)).await?)),
            None => None,
        };
        let key = match &shared {
            Some(_) => None,
            None => {
                let mut key = [0; 32];
                getrandom::fill(&mut key).map_err(|_| {
                    Error::io("cannot get random numbers", &std::io::Error::other("the system has none"))
                })?;
                Some(key)
            }
        };
        let local = Arc::new(Memory::new(config.most, config.keep.0));
        Ok(Self { local, shared, when_lost: config.when_lost, key })
    }

    /// A session that goes on where the conversation was, and is kept from now on. `judging` makes it, strictly if other turns cannot be heard of. A
    /// conversation belongs to its reader: another's of the same name is another.
    ///
    /// # Errors
    /// The store is unreachable, and the configuration says that nothing is to be said then.
    pub(super) async fn resumed(
        &self,
        judging: impl Fn(bool) -> Session,
        reader: Option<&str>,
        name: Option<&str>,
        enforced: bool,
    ) -> Result<Session, Unreachable> {
        let session = judging(false);
        let Some(name) = self.name(&session, reader, name) else { return Ok(session) };
        let stops = self.when_lost == WhenLost::Stop && enforced && session.policy().withholds_together();
        let mut seen = Seen::default();
        let local = self.local.load(&name);
        let session = match &self.shared {
            None => {
                seen.local = local.version;
                session.resume(&local.said);
                session
            }
            Some(shared) => match shared.load(&name).await {
                Ok((version, said)) => {
                    session.resume(&said);
                    let mut version = version;
                    if local.is_unshared {
                        session.resume(&local.said);
                        if let Ok(Offer::Kept(new)) = shared.offer(&name, &version, &session.state()).await {
                            self.local.share(&name, local.version);
                            version = new;
                        }
                    }
                    seen.shared = Some(version);
                    session
                }
                Err(Unreachable) if stops => return Err(Unreachable),
                Err(Unreachable) => {
                    let session = judging(true);
                    seen.local = local.version;
                    session.resume(&local.said);
                    session
                }
            },
        };
        let turn = Turn::new(name, Arc::clone(&self.local), self.shared.clone(), stops, seen);
        Ok(session.remembered_by(Arc::new(move |said| turn.keep(said))))
    }

    /// A session that goes on where the conversation was, and is not kept.
    pub(super) async fn overheard(
        &self,
        session: Session,
        reader: Option<&str>,
        name: Option<&str>,
    ) -> Session {
        let Some(name) = self.name(&session, reader, name) else { return session };
        session.resume(&self.local.load(&name).said);
        if let Some(shared) = &self.shared
            && let Ok((_, said)) = shared.load(&name).await
        {
            session.resume(&said);
        }
        session
    }

    fn name(&self, session: &Session, reader: Option<&str>, name: Option<&str>) -> Option<Name> {
        let parts = match (session.policy().across(), reader, name) {
            (Across::Response, ..) | (_, None, None) | (Across::Conversation, _, None) => return None,
            (Across::Reader, Some(reader), _) => [Some(reader), None],
            (_, reader, Some(name)) => [reader, Some(name)],
        };
        let key = self.key.unwrap_or_else(|| session.derived_key("conversations"));
        let mut hasher = blake3::Hasher::new_keyed(&key);
        for part in parts {
            let part = part.map(str::as_bytes);
            hasher.update(&part.map_or(u64::MAX, |part| part.len() as u64).to_le_bytes());
            hasher.update(part.unwrap_or_default());
        }
        Some(hasher.finalize().into())
    }
}
