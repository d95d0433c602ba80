//! Events that differ from the last one only in what some of their texts and numbers say: most events of a stream. What their values are need
//! not be asked again, and values that are the same need not be judged again.

mod repeated;

use super::event::Event;
use super::ids::{Ids, Key};
use super::{Events, Step};
use crate::checker::Verdict;
use crate::wire::frame::Frame;
use crate::wire::json::{Compared, Document, Value, ValueKind};
use crate::wire::table::{Ends, Meaning, Role, is_checked_number};
use repeated::Repeat;

/// The last event, which the next one may be like.
#[derive(Default)]
pub(super) struct Like {
    last: Shape,
    /// It was simple, and nothing of it was withheld.
    is_kept: bool,
    is_simple: bool,
    /// The values that others say otherwise, in order: its fragments, and what has been seen to change.
    varying: Vec<usize>,
    /// Which of these are looked at, if little is.
    repeat: Option<Repeat>,
    /// Where they stand in the event at hand.
    compared: Vec<Compared>,
    /// Events that were kept before.
    number: u64,
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
    pub(super) fn fits(&mut self, frame: &Frame<'_>, payload: &str, document: &mut Document) -> bool {
        let Shape { payload: last, name, pinned, items, .. } = &mut self.last;
        if !self.is_kept || name.as_deref() != frame.name.as_deref() || !document.read_alike(last, payload) {
            return false;
        }
        for item in items {
            item.is_same = !document.differs(item.value);
        }
        for value in document.differing() {
            if let Err(place) = self.varying.binary_search(value) {
                self.varying.insert(place, *value);
            }
        }
        !pinned.iter().any(|value| document.differs(*value))
    }

    /// Whether a payload is like one of these; reads where its values stand, none of which was judged before.
    pub(super) fn recalls(
        &mut self,
        shapes: &[(Shape, Document)],
        frame: &Frame<'_>,
        payload: &str,
        document: &mut Document,
    ) -> bool {
        let fits = |(shape, known): &&(Shape, Document)| {
            shape.name.as_deref() == frame.name.as_deref()
                && document.read_as(known, &shape.payload, payload)
                && !shape.pinned.iter().any(|value| document.differs(*value))
        };
        let Some((shape, _)) = shapes.iter().find(fits) else { return false };
        self.last.of = shape.of;
        self.last.pinned.clone_from(&shape.pinned);
        self.last.items.clone_from(&shape.items);
        self.varying.clear();
        self.is_simple = true;
        true
    }

    pub(super) fn forget(&mut self) {
        self.is_kept = false;
        self.last.pinned.clear();
        self.last.items.clear();
        self.varying.clear();
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

    /// A value of an event that is read in full, and that says something.
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

    /// Keeps an event that was judged, given which of its values numbers it.
    pub(super) fn keep(
        &mut self,
        event: &Event,
        payload: &str,
        document: &Document,
        judged: &Step,
        is_sequence: impl Fn(&Value) -> bool,
    ) {
        self.is_kept = self.is_simple
            && matches!(judged, Ok(Verdict::Continue))
            && event.fixed.is_empty()
            && !event.is_atomic
            && !event.is_sent_alone
            && !event.is_dropped;
        if self.is_kept {
            self.last.payload.clear();
            self.last.payload.push_str(payload);
            let name = event.frame.name.as_deref();
            if self.last.name.as_deref() != name {
                self.last.name = name.map(Into::into);
            }
            self.last.of = event.of;
            self.number += 1;
            self.repeat = self.repeatable(&event.frame, document, is_sequence);
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
