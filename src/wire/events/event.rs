//! One event that has not left: its payload, the fragments in it, and what is replaced.

use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::wire::frame::Frame;
use crate::wire::json::{Node, Value, ValueKind, quoted, unescaped};

/// An event that has not left.
pub(super) struct Event {
    pub(super) frame: Frame<'static>,
    /// The payload, out of its base64 if it came so.
    pub(super) payload: Option<String>,
    /// Where the payload stands, if it came in base64.
    pub(super) inside: Option<Inside>,
    pub(super) pieces: Vec<Piece>,
    /// What is replaced whatever happens to the pieces.
    pub(super) fixed: Vec<(Range<usize>, String)>,
    /// What goes when the text is changed, and once anything was withheld.
    pub(super) spells: Vec<Range<usize>>,
    pub(super) tied: Vec<Range<usize>>,
    /// The choices whose last event it is.
    pub(super) finishes: Vec<u32>,
    pub(super) sequence: Option<(Range<usize>, i64)>,
    /// Its type.
    pub(super) of: u16,
    /// It does not leave at all.
    pub(super) is_dropped: bool,
    /// It did not come: it carries what is left of a text.
    pub(super) is_new: bool,
    /// What is around its payload is another than came.
    pub(super) is_rewrapped: bool,
    /// It says its text twice.
    pub(super) is_atomic: bool,
    /// It has another part than fragments, which others may wait for.
    pub(super) is_sent_alone: bool,
}

/// A payload inside of another.
#[derive(Clone)]
pub(in crate::wire) struct Inside {
    pub(super) outer: String,
    pub(super) span: Range<usize>,
    /// It is bare text, not JSON.
    pub(super) is_bare: bool,
}

/// A fragment in an event.
pub(super) struct Piece {
    pub(super) channel: usize,
    /// The place that it stands at.
    pub(super) node: Node,
    /// Its bytes in the payload, quotes included; none if it only spells the text again.
    pub(super) span: Option<Range<usize>>,
    /// It says half a character, or the other half of one: it cannot leave as it came.
    pub(super) is_torn: bool,
    /// Its bytes in the text.
    pub(super) start: u64,
    pub(super) end: u64,
}

impl Event {
    pub(super) fn new(frame: Frame<'_>, payload: String) -> Self {
        Self { payload: Some(payload), ..Self::bare(frame) }
    }

    /// An event without a payload.
    pub(super) fn bare(frame: Frame<'_>) -> Self {
        Self {
            frame: frame.into_owned(),
            payload: None,
            inside: None,
            pieces: Vec::new(),
            fixed: Vec::new(),
            spells: Vec::new(),
            tied: Vec::new(),
            finishes: Vec::new(),
            sequence: None,
            is_rewrapped: false,
            is_atomic: false,
            is_sent_alone: false,
            of: 0,
            is_dropped: false,
            is_new: false,
        }
    }
}

impl Inside {
    /// The outer payload with another inner one.
    pub(super) fn wrapped(&self, inner: &str) -> String {
        let inner = if self.is_bare { unescaped(inner.trim_matches('"')) } else { inner.into() };
        let encoded = quoted(&BASE64.encode(inner.as_bytes()));
        format!("{}{encoded}{}", &self.outer[..self.span.start], &self.outer[self.span.end..])
    }
}

/// What stands between the quotes of a text, or the brackets of an array or object.
pub(super) fn inside<'a>(payload: &'a str, value: &Value) -> &'a str {
    &payload[value.span.start + 1..value.span.end - 1]
}

/// An array or object with nothing in it.
pub(super) fn is_empty(payload: &str, value: &Value) -> bool {
    matches!(value.kind, ValueKind::Array | ValueKind::Object) && inside(payload, value).trim().is_empty()
}

/// What says nothing, in the place of a text, an array or an object.
pub(super) fn empty(payload: &str, span: &Range<usize>) -> &'static str {
    match payload.as_bytes()[span.start] {
        b'[' => "[]",
        b'"' => "\"\"",
        _ => "null",
    }
}

/// A payload with values of it replaced, and where the text is then that stood at `span`, which is none of them.
pub(super) fn masked(
    payload: String,
    fixed: &[(Range<usize>, String)],
    span: &Range<usize>,
) -> (String, Range<usize>) {
    if fixed.is_empty() {
        return (payload, span.clone());
    }
    let before: Vec<_> = fixed.iter().filter(|(other, _)| other.end <= span.start).cloned().collect();
    let start = spliced(&payload[..span.start], before).len();
    (spliced(&payload, fixed.to_vec()), start..start + span.len())
}

/// A payload with spans of it replaced. A span inside of another one is replaced with it.
pub(super) fn spliced(payload: &str, mut spans: Vec<(Range<usize>, String)>) -> String {
    spans.sort_by(|(a, _), (b, _)| a.start.cmp(&b.start).then(b.end.cmp(&a.end)));
    let more: usize = spans.iter().map(|(_, replacement)| replacement.len()).sum();
    let (mut out, mut at) = (String::with_capacity(payload.len() + more), 0);
    for (span, replacement) in spans {
        if span.start >= at {
            out.push_str(&payload[at..span.start]);
            out.push_str(&replacement);
            at = span.end;
        }
    }
    out + &payload[at..]
}
