//! Events that differ from the last one only in what some of their texts and numbers say: most events of a stream. What their values are need
//! not be asked again, and values that are the same need not be judged again.

use std::ops::Range;

use super::event::Event;
use super::ids::{Ids, Key};
use super::{Events, Step};
use crate::checker::Verdict;
use crate::wire::frame::Frame;
use crate::wire::json::{Document, Value, ValueKind};
use crate::wire::table::{Ends, Meaning, Role, is_checked_number};

/// The last event, which the next one may be like.
#[derive(Default)]
pub(super) struct Like {
    last: Shape,
    /// It was simple, and nothing of it was withheld.
    is_kept: bool,
    is_simple: bool,
    /// Where the values that are compared stood in it.
    spans: Vec<Range<usize>>,
}

/// What an event is, whatever it says.
#[derive(Clone, Default)]
pub(super) struct Shape {
    payload: String,
    name: Option<Box<str>>,
    of: u16,
    /// Values that say what others are: they must be the same, byte for byte.
    pinned: Vec<usize>,
    /// Values that may say something else.
    items: Vec<Item>,
}

#[derive(Clone)]
struct Item {
    value: usize,
    meaning: Meaning,
    ids: Ids,
    /// What it said last was judged, and is the same.
    is_same: bool,
}

#[cfg(test)]
impl Shape {
    pub(super) fn says(&self, text: &str) -> bool {
        self.payload.contains(text)
    }
}

impl Like {
    /// Whether a payload is like the last one; reads where its values stand.
    pub(super) fn fits(&mut self, frame: &Frame, payload: &str, document: &mut Document) -> bool {
        let Self { last: Shape { payload: last, name, pinned, items, .. }, spans, .. } = self;
        if !self.is_kept || *name != frame.name {
            return false;
        }
        spans.clear();
        let values = pinned.iter().copied().chain(items.iter().map(|item| item.value));
        spans.extend(values.map(|value| document.values[value].span.clone()));
        if !document.read_alike(last, payload) {
            return false;
        }
        let is_same = |value: usize, before: &Range<usize>| {
            last[before.clone()] == payload[document.values[value].span.clone()]
        };
        let (of_pinned, of_items) = spans.split_at(pinned.len());
        for (item, before) in items.iter_mut().zip(of_items) {
            item.is_same = is_same(item.value, before);
        }
        pinned.iter().zip(of_pinned).all(|(value, before)| is_same(*value, before))
    }

    /// Whether a payload is like one of these; reads where its values stand, none of which was judged before.
    pub(super) fn recalls(
        &mut self,
        shapes: &[(Shape, Document)],
        frame: &Frame,
        payload: &str,
        document: &mut Document,
    ) -> bool {
        let fits = |(shape, known): &&(Shape, Document)| {
            if shape.name != frame.name || !document.read_as(known, &shape.payload, payload) {
                return false;
            }
            shape.pinned.iter().all(|value| {
                let (value, before) = (&document.values[*value], &known.values[*value]);
                shape.payload[before.span.clone()] == payload[value.span.clone()]
            })
        };
        let Some((shape, _)) = shapes.iter().find(fits) else { return false };
        self.last.of = shape.of;
        self.last.pinned.clone_from(&shape.pinned);
        self.last.items.clone_from(&shape.items);
        self.is_simple = true;
        true
    }

    pub(super) fn forget(&mut self) {
        self.is_kept = false;
        self.last.pinned.clear();
        self.last.items.clear();
        self.is_simple = true;
    }

    /// The values of the last event that say what others are, if it was simple.
    pub(super) fn pinned(&self) -> Option<&[usize]> {
        self.is_kept.then_some(&self.last.pinned)
    }

    /// The last event without what it said, but for the values that say what others are; and where its values stand.
    pub(super) fn emptied(&self, document: &Document) -> (Shape, Document) {
        let Shape { payload, name, of, pinned, items } = &self.last;
        let (payload, document) = document.emptied(payload, |value| pinned.contains(&value));
        let (name, pinned) = (name.clone(), pinned.clone());
        let items = items.iter().map(|item| Item { is_same: false, ..item.clone() }).collect();
        (Shape { payload, name, of: *of, pinned, items }, document)
    }

    /// A value that says what others are.
    pub(super) fn pin(&mut self, value: usize) {
        self.last.pinned.push(value);
    }

    /// A value of an event that is read in full.
    pub(super) fn add(&mut self, at: usize, value: &Value, meaning: Meaning, ids: Ids) {
        let is_scalar = matches!(value.kind, ValueKind::Text | ValueKind::Number);
        if meaning.ends != Ends::Nothing && is_scalar {
            self.is_simple = false;
        }
        match (value.kind, meaning.role) {
            (ValueKind::Null | ValueKind::Word, _) => {}
            (ValueKind::Key, Role::Object | Role::Data) => self.is_simple = false,
            (ValueKind::Key, _) | (ValueKind::Text | ValueKind::Number, Role::Opaque) => {}
            // What stands or falls with other values.
            (_, Role::Spells | Role::Tied | Role::Signature | Role::Offset(_)) => self.is_simple = false,
            (ValueKind::Text | ValueKind::Number, _) => {
                self.last.items.push(Item { value: at, meaning, ids, is_same: false });
            }
            _ => {}
        }
    }

    /// Keeps an event that was judged.
    pub(super) fn keep(&mut self, event: &Event, payload: &str, judged: &Step) {
        self.is_kept = self.is_simple
            && matches!(judged, Ok(Verdict::Continue))
            && event.fixed.is_empty()
            && !event.is_atomic
            && !event.is_sent_alone
            && !event.is_dropped;
        if self.is_kept {
            self.last.payload.clear();
            self.last.payload.push_str(payload);
            if self.last.name != event.frame.name {
                self.last.name.clone_from(&event.frame.name);
            }
            self.last.of = event.of;
        }
    }
}

impl Events {
    /// Judges an event that is like the last one.
    pub(super) fn judge_alike(
        &mut self,
        event: &mut Event,
        payload: &str,
        document: &Document,
        like: &Like,
    ) -> Step {
        event.of = like.last.of;
        for (at, item) in like.last.items.iter().enumerate() {
            let (value, of) = (&document.values[item.value], like.last.of);
            let verdict = match (value.kind, item.meaning.role) {
                (ValueKind::Text, Role::Text(group)) => {
                    self.fragment(event, payload, value, Key::Group(group, item.ids), None)?
                }
                (ValueKind::Text, Role::Arguments(group)) => {
                    let audience = self.audience(&item.ids);
                    self.fragment(event, payload, value, Key::Group(group, item.ids), Some(audience))?
                }
                _ if item.is_same && !self.has_joined => Verdict::Continue,
                (ValueKind::Text, role) => self.judge_whole(event, payload, value, of, role, &item.ids)?.0,
                (ValueKind::Number, role) if is_checked_number(role) => {
                    self.judge_number(event, payload, value, of, item.meaning.role, &item.ids)?
                }
                _ => Verdict::Continue,
            };
            self.number(event, payload, value);
            if verdict == Verdict::Stop {
                self.silence(
                    event,
                    payload,
                    like.last.items[at..].iter().map(|item| &document.values[item.value]),
                );
                return Ok(verdict);
            }
        }
        Ok(Verdict::Continue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Framing;
    use crate::wire::format::Format;
    use crate::wire::frame::Framer;
    use crate::{Identifier, IndexBuilder, Kind, Policy, Reader, Session};

    /// Most events of a stream are like the one before: what each of these formats sends for a token must be found to be so.
    #[test]
    fn events_of_tokens_are_alike() {
        let index = IndexBuilder::new().finish_in_memory().unwrap();
        let session = Session::new(&index, &Policy::standard(), Reader::stranger());
        for (format, event) in [
            (
                Format::OpenAiChat,
                r#"{"id":"x","created":17,"choices":[{"index":0,"delta":{"content":"WORD"},"logprobs":null,"finish_reason":null}],"usage":null}"#,
            ),
            (
                Format::OpenAiCompletions,
                r#"{"choices":[{"text":"WORD","index":0,"logprobs":null,"finish_reason":null}]}"#,
            ),
            (
                Format::OpenAiResponses,
                r#"{"type":"response.output_text.delta","sequence_number":4,"item_id":"a","output_index":0,"content_index":0,"delta":"WORD"}"#,
            ),
            (
                Format::Anthropic,
                r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"WORD"}}"#,
            ),
            (
                Format::Gemini,
                r#"{"candidates":[{"content":{"parts":[{"text":"WORD"}],"role":"model"},"index":0}]}"#,
            ),
            (
                Format::Cohere,
                r#"{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"WORD"}}}}"#,
            ),
        ] {
            let (mut framer, mut out) = (Framer::new(Framing::Sse, 1 << 20), Vec::new());
            let mut events = Events::new(&session, format, false, 1 << 20);
            for word in ["Thank", " you", " so", " much"] {
                framer.push(format!("data: {}\n\n", event.replace("WORD", word)).as_bytes());
                let frame = framer.next(false).unwrap().unwrap();
                assert_eq!(events.push(frame, &mut out), Ok(Verdict::Continue));
                assert!(events.like.is_kept, "{format:?}");
            }
        }
    }

    /// What is neither text nor number stands elsewhere in each of them.
    #[test]
    fn words_that_say_what_others_are_stand_behind_texts_of_any_length() {
        let mut builder = IndexBuilder::new();
        builder.add(Identifier { owner: "C-1", kind: Kind::Email, text: "ann@example.com" }).unwrap();
        let index = builder.finish_in_memory().unwrap();
        let session = Session::new(&index, &Policy::standard(), Reader::stranger());
        let (mut framer, mut out) = (Framer::new(Framing::Sse, 1 << 20), Vec::new());
        let mut events = Events::new(&session, Format::Gemini, false, 1 << 20);
        for (text, thought) in [
            ("é".repeat(300), true),
            ("Ask".into(), true),
            (" ann@example.com".into(), false),
            (" or".into(), true),
        ] {
            let event = format!(
                r#"{{"candidates":[{{"content":{{"parts":[{{"text":"{text}","thought":{thought}}}],"role":"model"}},"index":0}}]}}"#
            );
            framer.push(format!("data: {event}\n\n").as_bytes());
            let frame = framer.next(false).unwrap().unwrap();
            assert_eq!(events.push(frame, &mut out), Ok(Verdict::Continue));
        }
        assert_eq!(events.finish(&mut out), Ok(Verdict::Continue));
        let out = String::from_utf8(out).unwrap();
        assert!(out.contains("[EMAIL]") && !out.contains("ann@") && out.contains(" or"), "{out}");
    }
}
