//! One text of a response, whose fragments come in events.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3;

use super::arguments::Arguments;
use super::frame::Frame;
use super::json::{Node, unescaped};
use crate::checker::{Checker, Edit, Finding, Verdict};

/// One text of a response: what has come of it, what is decided, and what was made of it.
///
/// Invariant: `written <= decided <= seen`, but for `written`, which stands behind a replaced value as soon as its replacement is written.
pub(super) struct Channel {
    /// `None` once it has ended and its findings are taken.
    reading: Option<Reading>,
    /// What has come and has not been written.
    text: String,
    written: u64,
    decided: u64,
    seen: u64,
    edits: VecDeque<Edit>,
    fresh: Vec<Edit>,
    /// Characters written.
    chars: u64,
    pub(super) made: Made,
    /// The first half of a character, as it is escaped.
    half: String,
    hash: Xxh3,
    ended: bool,
    /// What it ends with if anything of it is withheld; nothing if empty.
    notice: Arc<str>,
    /// The last event that left while some of its text did not, with the path of the text.
    pub(super) template: Option<Box<Template>>,
}

pub(super) struct Template {
    pub(super) frame: Frame<'static>,
    pub(super) payload: String,
    /// The place of its text, and its bytes in the payload.
    pub(super) node: Node,
    pub(super) span: std::ops::Range<usize>,
    pub(super) inside: Option<super::events::Inside>,
    pub(super) of: u16,
    /// The number of the event that it repeats, if all that repeat it carry the same.
    pub(super) repeats: Option<u64>,
}

enum Reading {
    Text(Box<Checker>),
    Arguments(Box<Arguments>),
}

/// What was replaced in a text.
#[derive(Clone, Default)]
pub(super) struct Made {
    pub(super) edits: Vec<Replaced>,
    /// There are more than are kept.
    pub(super) is_cut: bool,
}

/// A replaced value, in bytes and in characters of the original text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Replaced {
    pub(super) edit: Edit,
    pub(super) chars: std::ops::Range<u64>,
}

/// More replacements than this are not kept for copies and offsets.
const MOST_MADE: usize = 10_000;

impl Made {
    /// What was replaced in a whole text.
    pub(super) fn of(text: &str, edits: &[Edit]) -> Self {
        let (mut made, mut at, mut chars) = (Self::default(), 0, 0);
        for edit in edits {
            let (start, end) = (edit.span.start as usize, edit.span.end as usize);
            chars += text[at..start].chars().count() as u64;
            let width = text[start..end].chars().count() as u64;
            made.edits.push(Replaced { edit: edit.clone(), chars: chars..chars + width });
            chars += width;
            at = end;
        }
        made
    }

    /// The text with what was replaced in it.
    pub(super) fn apply(&self, text: &str) -> String {
        let (mut out, mut at) = (String::new(), 0);
        for Replaced { edit, .. } in &self.edits {
            out.push_str(&text[at..edit.span.start as usize]);
            out.push_str(&edit.replacement);
            at = edit.span.end as usize;
        }
        out + &text[at..]
    }
}

impl Channel {
    pub(super) fn text(checker: Checker) -> Self {
        Self::new(Reading::Text(Box::new(checker)))
    }

    pub(super) fn arguments(arguments: Arguments) -> Self {
        Self::new(Reading::Arguments(Box::new(arguments)))
    }

    fn new(reading: Reading) -> Self {
        Self {
            reading: Some(reading),
            text: String::new(),
            written: 0,
            decided: 0,
            seen: 0,
            edits: VecDeque::new(),
            fresh: Vec::new(),
            chars: 0,
            made: Made::default(),
            half: String::new(),
            hash: Xxh3::new(),
            ended: false,
            notice: "".into(),
            template: None,
        }
    }

    /// The same text, ending with a notice if anything of it is withheld.
    pub(super) fn with_notice(mut self, notice: &Arc<str>) -> Self {
        self.notice = Arc::clone(notice);
        self
    }

    /// What a fragment says, and whether it ends or begins inside of a character: a first half waits for the second.
    pub(super) fn whole_characters<'a>(&mut self, written: &'a str) -> (Cow<'a, str>, bool) {
        let begun = std::mem::take(&mut self.half);
        let half = written.len().checked_sub(6).map(|at| &written.as_bytes()[at..]).filter(|end| {
            // An even number of backslashes before it would make it text.
            let before = written.as_bytes()[..written.len() - 6]
                .iter()
                .rev()
                .take_while(|byte| **byte == b'\\')
                .count();
            end.starts_with(b"\\u")
                && matches!(end[2], b'd' | b'D')
                && matches!(end[3], b'8' | b'9' | b'a' | b'b' | b'A' | b'B')
                && before % 2 == 0
        });
        if begun.is_empty() && half.is_none() {
            return (unescaped(written), false);
        }
        let mut whole = begun;
        whole.push_str(written);
        if half.is_some() {
            self.half = whole.split_off(whole.len() - 6);
        }
        (unescaped(&whole).into_owned().into(), true)
    }

    /// Takes a fragment.
    pub(super) fn push(&mut self, text: &str) -> Verdict {
        self.seen += text.len() as u64;
        self.text.push_str(text);
        self.hash.update(text.as_bytes());
        let verdict = match &mut self.reading {
            Some(Reading::Text(checker)) => {
                let advance = checker.advance(text);
                if !advance.edits.is_empty() {
                    self.fresh.extend_from_slice(advance.edits);
                }
                self.decided = advance.decided;
                advance.verdict
            }
            Some(Reading::Arguments(arguments)) => {
                let verdict = arguments.push(text, &mut self.fresh);
                self.decided = arguments.decided();
                verdict
            }
            None => Verdict::Continue,
        };
        self.keep();
        verdict
    }

    /// The text ends: all of it is decided.
    pub(super) fn end(&mut self) -> Verdict {
        if std::mem::replace(&mut self.ended, true) {
            return Verdict::Continue;
        }
        let verdict = match &mut self.reading {
            Some(Reading::Text(checker)) => {
                let advance = checker.advance_to_end();
                self.fresh.extend_from_slice(advance.edits);
                self.decided = advance.decided;
                advance.verdict
            }
            Some(Reading::Arguments(arguments)) => {
                let verdict = arguments.end(&mut self.fresh);
                self.decided = arguments.decided();
                verdict
            }
            None => Verdict::Continue,
        };
        self.keep();
        if verdict == Verdict::Continue && !self.notice.is_empty() && self.has_edits() {
            let replacement = format!("\n\n{}", self.notice);
            self.edits.push_back(Edit { span: self.seen..self.seen, replacement });
        }
        verdict
    }

    /// Something is to be put behind its end that has not been written.
    pub(super) fn has_notice_left(&self) -> bool {
        self.ended
            && self.edits.back().is_some_and(|edit| edit.span.is_empty() && edit.span.start == self.seen)
    }

    /// It has ended, and some of it may be left that needs an event of its own.
    pub(super) fn may_have_rest(&self) -> bool {
        self.ended && self.template.is_some()
    }

    /// Once it ends there may be a notice, for which there has to be an event.
    pub(super) fn may_notice(&self) -> bool {
        !self.notice.is_empty() && self.has_edits()
    }

    fn keep(&mut self) {
        if !self.fresh.is_empty() {
            self.edits.extend(self.fresh.drain(..));
        }
    }

    pub(super) fn is_ended(&self) -> bool {
        self.ended
    }

    pub(super) fn seen(&self) -> u64 {
        self.seen
    }

    pub(super) fn decided(&self) -> u64 {
        self.decided
    }

    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Bytes that have come and have not been written.
    pub(super) fn held(&self) -> usize {
        self.text.len()
    }

    /// The whole text is this one.
    pub(super) fn is_copied_by(&self, text: &str, hash: u64) -> bool {
        self.seen == text.len() as u64 && self.seen > 0 && self.hash.digest() == hash
    }

    /// A fragment leaves just as it came.
    pub(super) fn is_untouched(&self, start: u64, end: u64) -> bool {
        let is_behind =
            |edit: &Edit| edit.span.start > end || edit.span.start == end && !edit.span.is_empty();
        self.written == start && self.edits.front().is_none_or(is_behind)
    }

    /// Writes what is decided up to `to`, with what is replaced in it.
    pub(super) fn write(&mut self, to: u64, out: &mut String) {
        debug_assert!(to <= self.decided);
        while self
            .edits
            .front()
            .is_some_and(|edit| edit.span.start < to || edit.span.is_empty() && edit.span.start == to)
        {
            let Some(edit) = self.edits.pop_front() else { break };
            self.pass(edit.span.start, Some(out));
            out.push_str(&edit.replacement);
            let begin = self.chars;
            self.pass(edit.span.end, None);
            if self.made.edits.len() < MOST_MADE {
                self.made.edits.push(Replaced { edit, chars: begin..self.chars });
            } else {
                self.made.is_cut = true;
            }
        }
        self.pass(to, Some(out));
    }

    /// Text up to `to`, in which nothing is replaced, leaves as it came.
    pub(super) fn leave_untouched(&mut self, to: u64) {
        self.pass(to, None);
    }

    /// Writes text up to `to` as it came, or lets it go.
    fn pass(&mut self, to: u64, out: Option<&mut String>) {
        if to > self.written {
            let bytes = (to - self.written) as usize;
            if let Some(out) = out {
                out.push_str(&self.text[..bytes]);
            }
            let text = &self.text[..bytes];
            self.chars += if text.is_ascii() { bytes } else { text.chars().count() } as u64;
            if bytes == self.text.len() {
                self.text.clear();
            } else {
                self.text.drain(..bytes);
            }
            self.written = to;
        }
    }

    /// Text up to here has left before this channel was.
    pub(super) fn forget(&mut self, to: u64) {
        self.decided = self.decided.max(to);
        self.pass(to, None);
    }

    /// Anything of it is replaced.
    pub(super) fn has_edits(&self) -> bool {
        !self.made.edits.is_empty() || !self.edits.is_empty()
    }

    /// All that is replaced in a text that has ended, also what is not written.
    pub(super) fn all_made(&self) -> Made {
        let (mut made, mut chars, mut at) = (self.made.clone(), self.chars, self.written);
        for edit in &self.edits {
            let count = |from: u64, to: u64| {
                self.text[(from - self.written) as usize..(to - self.written) as usize].chars().count() as u64
            };
            chars += count(at, edit.span.start);
            let width = count(edit.span.start, edit.span.end);
            made.edits.push(Replaced { edit: edit.clone(), chars: chars..chars + width });
            (chars, at) = (chars + width, edit.span.end);
        }
        made
    }

    /// Something was found that has not been taken.
    pub(super) fn has_findings(&self) -> bool {
        match &self.reading {
            Some(Reading::Text(checker)) => !checker.findings().is_empty(),
            Some(Reading::Arguments(_)) => true,
            None => false,
        }
    }

    pub(super) fn take_findings(&mut self, findings: &mut Vec<Finding>) {
        match &mut self.reading {
            Some(Reading::Text(checker)) => findings.append(&mut checker.take_findings()),
            Some(Reading::Arguments(arguments)) => arguments.take_findings(findings),
            None => {}
        }
        if self.ended {
            self.reading = None;
        }
    }
}
