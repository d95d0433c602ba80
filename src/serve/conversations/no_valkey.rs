//! In place of the shared store, where tightlip was built without one.

use std::sync::Arc;

use super::{Name, Offer, Unreachable};
use crate::Conversation;
use crate::error::{Error, Result};
use crate::serve::config::ConversationsConfig;
use crate::serve::metrics::Metrics;

pub(super) type Version = String;

/// There is none.
pub(super) enum Valkey {}

impl Valkey {
    #[allow(clippy::unused_async)] // the real one connects
    pub(super) async fn connect(_: &ConversationsConfig, _: Arc<Metrics>) -> Result<Self> {
        Err(Error::config(
            "conversations.store: this tightlip was built without the feature `valkey`; build it with that, or leave the store out",
        ))
    }

    #[allow(clippy::unused_async)] // as above
    pub(super) async fn load(&self, _: &Name) -> Result<(Version, Conversation), Unreachable> {
        match *self {}
    }

    #[allow(clippy::unused_async)] // as above
    pub(super) async fn offer(
        &self,
        _: &Name,
        _: &Version,
        _: &Conversation,
    ) -> Result<Offer<Version>, Unreachable> {
        match *self {}
    }

    pub(super) fn offer_now(
        &self,
        _: &Name,
        _: &Version,
        _: &Conversation,
    ) -> Result<Offer<Version>, Unreachable> {
        match *self {}
    }
}
