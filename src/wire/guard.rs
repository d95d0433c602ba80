//! One response: bytes in, safe bytes out.

use super::detect::detect;
use super::events::Events;
use super::format::Format;
use super::frame::Framer;
use super::framing::Framing;
use super::utf8::Decoder;
use crate::checker::{Checker, Finding, Session, Verdict};

/// Checks one response in a provider's wire format: bytes go in, cut anywhere, and what is safe comes out.
///
/// A response without a finding leaves as it came, but for an event that had to be split because only the beginning of its text was decided,
/// a byte order mark, and a missing blank line at the end. What cannot be checked does not leave.
///
/// ```
/// # use tightlip::{Identifier, IndexBuilder, Kind, Policy, Reader, Session};
/// use tightlip::wire::{Format, Framing, Guard, Progress};
/// # let mut builder = IndexBuilder::new();
/// # builder.add(Identifier { owner: "C-1001", kind: Kind::Email, text: "ann@example.com" })?;
/// # let index = builder.finish_in_memory()?;
/// let session = Session::new(&index, &Policy::standard(), Reader::stranger());
/// let mut guard = Guard::new(&session, Format::OpenAiChat, Framing::Sse);
/// let mut out = Vec::new();
/// for piece in [
///     "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Ask ann@exam\"}}]}\n\n",
///     "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"ple.com.\"}}]}\n\n",
///     "data: [DONE]\n\n",
/// ] {
///     assert_eq!(guard.push(piece.as_bytes(), &mut out), Progress::Continue);
/// }
/// assert_eq!(guard.finish(&mut out), Progress::Continue);
/// let safe = String::from_utf8(out).unwrap();
/// assert!(safe.contains("\"Ask \"") && safe.contains("\"[EMAIL].\""));
/// # Ok::<(), tightlip::Error>(())
/// ```
pub struct Guard {
    session: Session,
    /// What is known of them; the rest is told by the first bytes.
    format: Option<Format>,
    framing: Option<Framing>,
    limits: Limits,
    state: State,
    /// Bare text that came before it was known to be that.
    pending: Vec<u8>,
    /// Findings and counts of a response that has ended.
    findings: Vec<Finding>,
    counts: Counts,
}

enum State {
    /// Nothing has come that says which framing it is.
    Begun(Vec<u8>),
    Text {
        checker: Box<Checker>,
        decoder: Decoder,
    },
    Events {
        framer: Framer,
        events: Box<Events>,
    },
    /// It has ended: nothing more leaves.
    Over(Progress),
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

/// What was done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Events that came.
    pub events: u64,
    /// Bytes of text that were checked.
    pub checked_bytes: u64,
    /// Findings that were too many to keep.
    pub findings: u64,
}

impl Guard {
    /// A guard for one response of a session. Gemini's streamed array, which calls itself JSON, is told by its first bytes.
    pub fn new(session: &Session, format: Format, framing: Framing) -> Self {
        Self::detecting(session, Some(format), Some(framing))
    }

    /// A guard for one response of which not everything is known: the rest is told by its first bytes. Until then nothing leaves.
    pub fn detecting(session: &Session, format: Option<Format>, framing: Option<Framing>) -> Self {
        Self {
            session: session.clone(),
            format,
            framing,
            limits: Limits::default(),
            state: State::Begun(Vec::new()),
            pending: Vec::new(),
            findings: Vec::new(),
            counts: Counts::default(),
        }
    }

    /// Other limits than the default ones.
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Takes bytes, cut anywhere, and appends what is safe now to `out`.
    pub fn push(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) -> Progress {
        if let State::Begun(begun) = &mut self.state {
            begun.extend_from_slice(bytes);
            if !self.begin(false) {
                return Progress::Continue;
            }
        } else if let State::Events { framer, events } = &mut self.state {
            // Most events repeat the one before, and come whole.
            while framer.is_between()
                && !bytes.is_empty()
                && let Some((length, step)) = events.push_repeated(bytes, out)
            {
                if step != Ok(Verdict::Continue) {
                    return self.end(step);
                }
                bytes = &bytes[length..];
            }
            if bytes.is_empty() {
                return Progress::Continue;
            }
            framer.push(bytes);
        } else if let State::Text { .. } = self.state {
            return self.text(bytes, false, out);
        }
        self.advance(false, out)
    }

    /// The body ends: decides and appends the rest.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Progress {
        if matches!(self.state, State::Begun(_)) {
            self.begin(true);
        }
        if let State::Text { .. } = self.state {
            return self.text(&[], true, out);
        }
        self.advance(true, out)
    }

    /// Begins, once enough has come to know as what.
    fn begin(&mut self, ends: bool) -> bool {
        let State::Begun(begun) = &mut self.state else { return true };
        let Some((format, framing)) = detect(begun, ends, self.format, self.framing) else { return false };
        (self.format, self.framing) = (Some(format), Some(framing));
        let begun = std::mem::take(begun);
        if framing == Framing::Text {
            self.state =
                State::Text { checker: Box::new(self.session.checker()), decoder: Decoder::default() };
            self.counts.events = 1;
            self.pending = begun;
            return true;
        }
        let limit = self.limits.event_bytes;
        let mut framer = Framer::new(framing, limit);
        framer.push(&begun);
        let events = Box::new(Events::new(&self.session, format, framing == Framing::Json, limit));
        self.state = State::Events { framer, events };
        true
    }

    fn text(&mut self, bytes: &[u8], ends: bool, out: &mut Vec<u8>) -> Progress {
        let State::Text { checker, decoder } = &mut self.state else { return self.advance(ends, out) };
        let (mut text, mut safe) = (String::new(), String::new());
        decoder.decode(&std::mem::take(&mut self.pending), &mut text);
        decoder.decode(bytes, &mut text);
        if ends {
            decoder.finish(&mut text);
        }
        self.counts.checked_bytes += text.len() as u64;
        let mut verdict = checker.push(&text, &mut safe);
        if ends && verdict == Verdict::Continue {
            verdict = checker.finish(&mut safe);
        }
        out.extend_from_slice(safe.as_bytes());
        if verdict == Verdict::Stop { Progress::Stopped } else { Progress::Continue }
    }

    fn advance(&mut self, ends: bool, out: &mut Vec<u8>) -> Progress {
        let State::Events { framer, events } = &mut self.state else {
            return match self.state {
                State::Text { .. } => self.text(&[], ends, out),
                State::Over(progress) => progress,
                _ => Progress::Continue,
            };
        };
        let step = loop {
            match framer.next(ends) {
                Err(fault) => break Err(fault),
                Ok(None) if ends => break events.finish(out),
                Ok(None) => break Ok(Verdict::Continue),
                Ok(Some(frame)) => match events.push(frame, out) {
                    Ok(Verdict::Continue) => {}
                    ended => break ended,
                },
            }
        };
        if step == Ok(Verdict::Continue) { Progress::Continue } else { self.end(step) }
    }

    /// Nothing more leaves behind an event that ended the response, or broke it.
    fn end(&mut self, step: Result<Verdict, Fault>) -> Progress {
        let progress = match step {
            Ok(Verdict::Continue) => Progress::Continue,
            Ok(Verdict::Stop) => Progress::Stopped,
            Err(fault) => Progress::Broken(fault),
        };
        if let State::Events { events, .. } = &mut self.state {
            self.findings = events.take_findings();
            self.counts = events.counts;
        }
        self.state = State::Over(progress);
        progress
    }

    /// Takes the findings so far out, of all channels. More than 1,000 are only counted.
    pub fn take_findings(&mut self) -> Vec<Finding> {
        let mut findings = std::mem::take(&mut self.findings);
        match &mut self.state {
            State::Text { checker, .. } => findings.append(&mut checker.take_findings()),
            State::Events { events, .. } => findings.append(&mut events.take_findings()),
            State::Begun(_) | State::Over(_) => {}
        }
        findings
    }

    /// What was done so far.
    pub fn counts(&self) -> Counts {
        match &self.state {
            State::Events { events, .. } => events.counts,
            _ => self.counts,
        }
    }

    /// Bytes that came and have not left.
    pub fn held(&self) -> usize {
        match &self.state {
            State::Begun(begun) => begun.len(),
            State::Text { checker, .. } => checker.held(),
            State::Events { framer, events } => framer.held() + events.held(),
            State::Over(_) => 0,
        }
    }

    /// Bytes of text that came and have not left because they may still become part of a value.
    pub fn held_text(&self) -> usize {
        match &self.state {
            State::Text { checker, .. } => checker.held(),
            State::Events { events, .. } => events.held_text(),
            State::Begun(_) | State::Over(_) => 0,
        }
    }

    /// Bare text was not UTF-8: bytes that are not have become U+FFFD.
    pub fn replaced_bytes(&self) -> bool {
        matches!(&self.state, State::Text { decoder, .. } if decoder.replaced)
    }
}

/// What is held is customer text.
impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guard")
            .field("format", &self.format)
            .field("framing", &self.framing)
            .field("held", &self.held())
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}
