//! One response: bytes in, safe bytes out.

use super::format::Format;
use super::framing::Framing;
use crate::checker::{Finding, Session};

/// Checks one response in a provider's wire format.
pub struct Guard {
    session: Session,
    format: Format,
    framing: Framing,
    limits: Limits,
    body: Vec<u8>,
}

/// What a response may not exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one event, or of a body that is judged whole.
    pub event_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { event_bytes: 8 << 20 }
    }
}

/// Whether a response goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a response that stopped or broke must end"]
pub enum Progress {
    /// More bytes may follow.
    Continue,
    /// The policy stopped the response; what was written ends it the provider's way. Nothing more leaves.
    Stopped,
    /// The response cannot be checked. Nothing more leaves; what was written is safe, but is no whole response.
    Broken(Fault),
}

/// Why a response cannot be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// An event, or the body, is not what its format says.
    Malformed,
    /// An event, or a body that is judged whole, is larger than the limit.
    TooLarge,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the response is not what its format says",
            Self::TooLarge => "an event of the response is larger than the limit",
        })
    }
}

impl Guard {
    /// A guard for one response.
    pub fn new(session: &Session, format: Format, framing: Framing) -> Self {
        Self { session: session.clone(), format, framing, limits: Limits::default(), body: Vec::new() }
    }

    /// Other limits than the default ones.
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Takes bytes, cut anywhere, and appends what is safe now to `out`.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Progress {
        out.extend_from_slice(bytes);
        Progress::Continue
    }

    /// The body ends: decides and appends the rest.
    pub fn finish(&mut self, _out: &mut Vec<u8>) -> Progress {
        Progress::Continue
    }

    /// Takes the findings so far out, of all channels, in the order in which they end.
    pub fn take_findings(&mut self) -> Vec<Finding> {
        Vec::new()
    }

    /// What was done so far.
    pub fn counts(&self) -> Counts {
        Counts::default()
    }

    /// Bytes that came and have not left.
    pub fn held(&self) -> usize {
        self.body.len()
    }
}

/// What was done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Events that came.
    pub events: u64,
    /// Bytes of text that were checked.
    pub checked_bytes: u64,
    /// Findings, also those not kept.
    pub findings: u64,
}
