//! What can be counted about responses, without what is in them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::refuse::Reason;
use crate::wire::{Counts, Fault};
use crate::{Action, Kind};

/// Is told how responses begin, go on and end: for metrics. Its methods are called on the response's own path, so they must be quick.
pub trait Watch: Send + Sync + 'static {
    /// A response begins to be judged.
    fn began(&self) {}

    /// Bytes were judged.
    fn judged(&self, _moment: Moment) {}

    /// A response has ended, or was refused before it began.
    fn ended(&self, _outcome: &Outcome) {}
}

/// A response after some bytes of it were judged.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Moment {
    /// Bytes of text that came and have not left because they may still become part of a value.
    pub held_bytes: usize,
    /// How long text that leaves now was held.
    pub delay: Option<Duration>,
}

/// How a response ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// How.
    pub ending: Ending,
    /// Whether it was changed as the policy says. Otherwise it passed as it was.
    pub enforced: bool,
    /// What its session's policy found.
    pub judged: Judged,
    /// What the other policy found that was tried on the same bytes.
    pub shadow: Option<Judged>,
}

/// The endings of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ending {
    /// It was whole.
    Finished,
    /// The policy stopped it.
    Stopped,
    /// It could not be checked any further.
    Broken(Fault),
    /// It failed before it had passed the layer.
    UpstreamFailed,
    /// Nobody wants it any more.
    Dropped,
    /// It was never begun.
    Refused(Reason),
}

impl Ending {
    /// One word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Stopped => "stopped",
            Self::Broken(_) => "broken",
            Self::UpstreamFailed => "upstream_failed",
            Self::Dropped => "dropped",
            Self::Refused(_) => "refused",
        }
    }
}

/// What a policy found in a response.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Judged {
    /// Events, bytes, findings.
    pub counts: Counts,
    /// The findings that were listed, by kind and action.
    pub findings: BTreeMap<(Kind, Action), u64>,
    /// Whether the policy stops it.
    pub stopped: bool,
}
