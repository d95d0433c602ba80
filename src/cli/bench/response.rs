//! A response in pieces, and the check that takes them.

use crate::error::{Error, Result};
use crate::wire::{Format, Guard, Progress};
use crate::{Checker, Policy, Reader, Session, Verdict};

/// A response, cut into the pieces in which it comes. A piece counts as a token.
pub(super) struct Response {
    body: Body,
    /// Where each piece ends.
    ends: Vec<usize>,
    format: Option<Format>,
}

enum Body {
    Text(String),
    Recorded(Vec<u8>),
}

/// The check of one response.
pub(super) enum Check {
    Text { checker: Box<Checker>, safe: String, seen: usize },
    Recorded { guard: Box<Guard>, safe: Vec<u8> },
}

/// How a response went on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    On,
    /// The policy stopped it.
    Stopped,
    /// It is not what its format says.
    Broken,
}

const EMPTY: &str = "it is empty; expected a response to measure";

impl Response {
    /// Text in pieces of so many bytes, or a few more where a character would be cut.
    pub(super) fn text(text: &str, chunk: usize) -> Result<Self> {
        let mut ends = Vec::with_capacity(text.len() / chunk + 1);
        let mut begin = 0;
        while begin < text.len() {
            let least = begin.saturating_add(chunk).min(text.len());
            begin = (least..).find(|end| text.is_char_boundary(*end)).expect("a text ends at a character");
            ends.push(begin);
        }
        if ends.is_empty() {
            return Err(Error::data(EMPTY));
        }
        Ok(Self { body: Body::Text(text.to_owned()), ends, format: Some(Format::Text) })
    }

    /// A recorded response in the events that a guard sees in it.
    pub(super) fn recorded(bytes: Vec<u8>, format: Option<Format>) -> Result<Self> {
        if bytes.is_empty() {
            return Err(Error::data(EMPTY));
        }
        let ends = events(&bytes, format)?;
        Ok(Self { body: Body::Recorded(bytes), ends, format })
    }

    pub(super) fn check(&self, session: &Session) -> Check {
        match self.body {
            Body::Text(_) => {
                Check::Text { checker: Box::new(session.checker()), safe: String::new(), seen: 0 }
            }
            Body::Recorded(_) => Check::Recorded {
                guard: Box::new(Guard::detecting(session, self.format, None)),
                safe: Vec::new(),
            },
        }
    }

    /// How many pieces it has.
    pub(super) fn pieces(&self) -> usize {
        self.ends.len()
    }

    /// How many bytes the first pieces have.
    pub(super) fn bytes_of(&self, pieces: usize) -> usize {
        if pieces == 0 { 0 } else { self.ends[pieces - 1] }
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes_of(self.pieces())
    }

    /// What it is called on the command line.
    pub(super) fn format(&self) -> &'static str {
        self.format.map_or("auto", Format::name)
    }

    /// Gives a piece to a check, and with the last one the end: a body that is judged whole is judged then.
    #[inline]
    pub(super) fn judge(&self, at: usize, check: &mut Check) -> Step {
        match self.push(at, check) {
            Step::On if at + 1 == self.pieces() => check.finish(),
            step => step,
        }
    }

    /// Gives a piece to a check, and takes what it releases.
    pub(super) fn push(&self, at: usize, check: &mut Check) -> Step {
        let piece = if at == 0 { 0 } else { self.ends[at - 1] }..self.ends[at];
        match (&self.body, check) {
            (Body::Text(text), Check::Text { checker, safe, seen }) => {
                safe.clear();
                *seen = piece.end;
                checker.push(&text[piece], safe).into()
            }
            (Body::Recorded(bytes), Check::Recorded { guard, safe }) => {
                safe.clear();
                guard.push(&bytes[piece], safe).into()
            }
            _ => unreachable!("a check is of its response"),
        }
    }
}

impl Check {
    pub(super) fn finish(&mut self) -> Step {
        match self {
            Self::Text { checker, safe, .. } => checker.finish(safe).into(),
            Self::Recorded { guard, safe } => guard.finish(safe).into(),
        }
    }

    /// Bytes of text that came and have not left.
    pub(super) fn held(&self) -> usize {
        match self {
            Self::Text { checker, .. } => checker.held(),
            Self::Recorded { guard, .. } => guard.held_text(),
        }
    }

    /// Bytes of text that came.
    pub(super) fn seen(&self) -> usize {
        match self {
            Self::Text { seen, .. } => *seen,
            Self::Recorded { guard, .. } => guard.counts().checked_bytes as usize,
        }
    }

    /// How many findings there are, at most as many as are kept.
    pub(super) fn take_findings(&mut self) -> usize {
        match self {
            Self::Text { checker, .. } => checker.found() as usize,
            Self::Recorded { guard, .. } => guard.take_findings().len(),
        }
    }
}

impl From<Verdict> for Step {
    fn from(verdict: Verdict) -> Self {
        if verdict == Verdict::Stop { Self::Stopped } else { Self::On }
    }
}

impl From<Progress> for Step {
    fn from(progress: Progress) -> Self {
        match progress {
            Progress::Continue => Self::On,
            Progress::Stopped => Self::Stopped,
            Progress::Broken(_) => Self::Broken,
        }
    }
}

/// Where the events end: where a guard that knows nobody counts one more.
fn events(bytes: &[u8], format: Option<Format>) -> Result<Vec<usize>> {
    let index = crate::IndexBuilder::new().finish_in_memory()?;
    let session = Session::new(&index, &Policy::observe(), Reader::stranger());
    let mut guard = Guard::detecting(&session, format, None);
    let (mut ends, mut counted, mut safe) = (Vec::new(), 0, Vec::new());
    for (at, byte) in bytes.iter().enumerate() {
        if let Progress::Broken(fault) = guard.push(std::slice::from_ref(byte), &mut safe) {
            return Err(Error::data(format!("{fault}; expected a recorded response, see --format")));
        }
        safe.clear();
        let events = guard.counts().events;
        if events > counted {
            ends.push(at + 1);
            counted = events;
        }
    }
    if let Progress::Broken(fault) = guard.finish(&mut safe) {
        return Err(Error::data(format!("{fault}; expected a recorded response, see --format")));
    }
    if ends.last() != Some(&bytes.len()) {
        ends.push(bytes.len());
    }
    Ok(ends)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(response: &Response) -> Vec<usize> {
        response.ends.clone()
    }

    #[test]
    fn text_is_cut_between_characters() {
        let response = Response::text("aé€b", 2).unwrap();
        assert_eq!((cut(&response), response.bytes()), (vec![3, 6, 7], 7));
        assert!(Response::text("", 4).is_err());
    }

    #[test]
    fn a_recording_is_cut_at_its_events() {
        let event = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"word\"}}]}\n\n";
        let recording = format!("{event}{event}data: [DONE]\n\n");
        for format in [None, Some(Format::OpenAiChat)] {
            let response = Response::recorded(recording.clone().into_bytes(), format).unwrap();
            assert_eq!(cut(&response), [event.len(), 2 * event.len(), recording.len()]);
        }
        let broken = Response::recorded(b"data: {\"choices\":[\n\n".to_vec(), Some(Format::OpenAiChat));
        assert!(broken.is_err_and(|error| error.is_data()));
    }
}
