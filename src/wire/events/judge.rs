//! Reads an event: what each of its values is, and what ends with it.

use std::ops::Range;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::alike::Like;
use super::event::{Event, Inside, inside, is_empty, masked};
use super::ids::{Ids, Key, identity};
use super::spelled::moved;
use super::whole::is_label;
use super::{Events, MOST_PLACES, MOST_TYPES, Step};
use crate::checker::Verdict;
use crate::policy::Audience;
use crate::wire::channel::Made;
use crate::wire::guard::Fault;
use crate::wire::json::{Document, ELEMENT, Node, ROOT, Value, ValueKind, quoted, unescaped};
use crate::wire::table::{Ends, Meaning, Role, is_checked_number};

impl Events {
    /// Takes the payload out of base64.
    pub(super) fn unwrap(&mut self, event: &mut Event) -> Step {
        let Some(member) = self.table.inside.clone() else { return Ok(Verdict::Continue) };
        let Some(outer) = event.payload.take() else { return Ok(Verdict::Continue) };
        let mut document = Document::default();
        document.read(&outer, &mut self.paths).map_err(|_| Fault::Malformed)?;
        let is_inside = |value: &&Value| {
            value.kind == ValueKind::Text
                && self.paths.name(value.node) == &*member
                && matches!(self.paths.parent(value.node), Some(above) if above == ROOT || self.paths.parent(above) == Some(ROOT))
        };
        let Some(span) = document.values.iter().find(is_inside).map(|value| value.span.clone()) else {
            event.payload = Some(outer);
            return Ok(Verdict::Continue);
        };
        let (verdict, fixed) = self.judge_around(&outer, &document, &span);
        if verdict == Verdict::Stop {
            return Ok(verdict);
        }
        let (outer, span) = masked(outer, &fixed, &span);
        let said = unescaped(&outer[span.start + 1..span.end - 1]);
        let bytes = BASE64.decode(said.as_bytes()).map_err(|_| Fault::Malformed)?;
        let inner = String::from_utf8_lossy(&bytes).into_owned();
        let is_bare = serde_json::from_str::<serde::de::IgnoredAny>(&inner).is_err();
        event.payload = Some(if is_bare { quoted(&inner) } else { inner });
        event.inside = Some(Inside { outer, span, is_bare });
        // What is around the inner payload leaves with it.
        event.is_rewrapped = !fixed.is_empty();
        Ok(Verdict::Continue)
    }

    /// Judges what stands around an inner payload: the sources of an agent's answer, for example, which quote it.
    fn judge_around(
        &mut self,
        outer: &str,
        document: &Document,
        inner: &Range<usize>,
    ) -> (Verdict, Vec<(Range<usize>, String)>) {
        let mut fixed = Vec::new();
        for value in document.values.iter().filter(|value| value.span != *inner) {
            let name = self.paths.name(value.node);
            let text = match value.kind {
                ValueKind::Text if name != "p" => unescaped(inside(outer, value)),
                ValueKind::Key if !self.table.is_word(name) => unescaped(inside(outer, value)),
                ValueKind::Number => outer[value.span.clone()].into(),
                _ => continue,
            };
            if text.len() < 4 {
                continue;
            }
            let name = self.name(value.node, &Ids::default());
            let (verdict, edits, _) = self.judge_text(&name, Audience::Reader, &text);
            if verdict == Verdict::Stop {
                return (verdict, fixed);
            }
            if !edits.is_empty() {
                self.withheld = true;
                fixed.push((value.span.clone(), quoted(&Made::of(&text, &edits).apply(&text))));
            }
        }
        (Verdict::Continue, fixed)
    }

    /// Judges all that an event says.
    pub(super) fn judge(&mut self, event: &mut Event) -> Step {
        let payload = event.payload.take().ok_or(Fault::Malformed)?;
        let (mut document, mut like) = (std::mem::take(&mut self.document), std::mem::take(&mut self.like));
        let is_alike = like.fits(&event.frame, &payload, &mut document)
            || !self.is_whole && like.recalls(&self.known.shapes, &event.frame, &payload, &mut document);
        let judged = if is_alike {
            self.judge_alike(event, &payload, &document, &like)
        } else {
            like.forget();
            let read = document.read(&payload, &mut self.paths).map_err(|_| Fault::Malformed);
            read.and_then(|()| self.judge_document(event, &payload, &mut document, &mut like))
        };
        like.keep(event, &payload, &document, &judged, |value| self.is_sequence(value));
        if !is_alike && !self.is_whole {
            self.learn(event, &payload, &document, &like);
        }
        (self.document, self.like) = (document, like);
        event.payload = Some(payload);
        judged
    }

    pub(super) fn judge_document(
        &mut self,
        event: &mut Event,
        payload: &str,
        document: &mut Document,
        like: &mut Like,
    ) -> Step {
        let of = self.type_of(event, payload, document)?;
        event.of = of;
        event.is_atomic |= self.table.is_start(&self.types[usize::from(of)]);
        let mut join: [Option<u32>; 4] = [None; 4];
        for (at, value) in document.values.iter().enumerate() {
            let meaning = self.meaning(of, value.node);
            if value.kind == ValueKind::Array && meaning.is_merged {
                document
                    .elements
                    .iter_mut()
                    .filter(|element| element.array == value.node)
                    .for_each(|element| element.id = None);
            }
            if matches!(value.kind, ValueKind::Text | ValueKind::Number | ValueKind::Word) {
                let names_event = matches!(self.paths.name(value.node), "type" | "event_type");
                if let Some(place) = meaning.join {
                    join[usize::from(place)] = Some(identity(&payload[value.span.clone()]));
                }
                let names_element = self.paths.name(value.node) == "index"
                    && self.paths.parent(value.node).is_some_and(|above| self.paths.name(above) == ELEMENT);
                let says_what_others_are = meaning.join.is_some()
                    || meaning.is_identity
                    || names_element
                    || names_event
                    || meaning.is_tool_name;
                // A word is compared with what stands around texts and numbers.
                if says_what_others_are && value.kind != ValueKind::Word {
                    like.pin(at);
                }
                if let Some(element) = value.element.filter(|_| meaning.is_identity || names_element) {
                    document.elements[element as usize].id = Some(identity(&payload[value.span.clone()]));
                }
            }
        }
        let mut block = Ids::default();
        join.into_iter().flatten().for_each(|id| block.push(id));
        let ids_of = |element: Option<u32>| {
            let (mut chain, mut at) = ([0; 16], element);
            let mut length = 0;
            while let Some(element) = at.map(|at| &document.elements[at as usize]).filter(|_| length < 16) {
                if let Some(id) = element.id {
                    chain[length] = id;
                    length += 1;
                }
                at = element.around;
            }
            let mut ids = block;
            chain[..length].iter().rev().for_each(|id| ids.push(*id));
            ids
        };
        for value in document.values.iter().filter(|value| value.kind == ValueKind::Text) {
            if self.meaning(of, value.node).is_tool_name {
                let (ids, name) = (ids_of(value.element), unescaped(inside(payload, value)));
                self.tools.retain(|(other, _)| *other != ids);
                if !name.is_empty() && self.tools.len() < MOST_PLACES {
                    self.tools.push((ids, name.into()));
                }
            }
        }
        // The text that offsets may be of, and what was replaced in it.
        let mut last_text: Option<Made> = None;
        let mut skipped_to = 0;
        for (at, value) in document.values.iter().enumerate() {
            if value.span.start < skipped_to {
                continue;
            }
            let meaning = self.meaning(of, value.node);
            let ids = ids_of(value.element);
            // What no token is in is no list of tokens.
            let is_no_list = matches!(meaning.role, Role::Spells | Role::Tied) && is_empty(payload, value);
            if !is_no_list {
                like.add(at, value, meaning, ids);
            }
            let verdict = match (value.kind, meaning.role) {
                _ if is_no_list => Verdict::Continue,
                (ValueKind::Key, _) => self.judge_key(event, payload, value, of, &ids)?,
                (_, Role::Opaque) => {
                    skipped_to = value.span.end;
                    Verdict::Continue
                }
                (ValueKind::Text, Role::Tied) => {
                    event.tied.push(value.span.clone());
                    self.judge_whole(event, payload, value, of, Role::Tied, &ids)?.0
                }
                (ValueKind::Array | ValueKind::Object, Role::Tied) => {
                    event.tied.push(value.span.clone());
                    skipped_to = value.span.end;
                    self.judge_tokens(event, payload, document, value, of)?
                }
                (ValueKind::Number | ValueKind::Word, Role::Tied) => {
                    event.tied.push(value.span.clone());
                    Verdict::Continue
                }
                (ValueKind::Array | ValueKind::Object, Role::Spells) => {
                    event.spells.push(value.span.clone());
                    skipped_to = value.span.end;
                    event.is_atomic |= !self.is_whole;
                    self.judge_tokens(event, payload, document, value, of)?
                }
                (ValueKind::Text, Role::Signature) => {
                    self.judge_signature(event, document, value, &ids);
                    Verdict::Continue
                }
                (ValueKind::Text, Role::Text(group)) => {
                    let key = Key::Group(group, ids);
                    self.fragment(event, payload, value, key, None)?
                }
                (ValueKind::Text, Role::Arguments(group)) => {
                    let key = Key::Group(group, ids);
                    self.fragment(event, payload, value, key, Some(self.audience(&ids)))?
                }
                (ValueKind::Text, role) => {
                    let (verdict, made) = self.judge_whole(event, payload, value, of, role, &ids)?;
                    if meaning.has_offsets {
                        last_text = made;
                    }
                    verdict
                }
                (ValueKind::Number, Role::Offset(unit)) => {
                    let made = last_text.as_ref().or_else(|| self.offset_text(&ids));
                    if let Some(moved) = made.and_then(|made| moved(&payload[value.span.clone()], made, unit))
                    {
                        event.fixed.push((value.span.clone(), moved));
                    }
                    Verdict::Continue
                }
                (ValueKind::Number, role) if is_checked_number(role) => {
                    self.judge_number(event, payload, value, of, meaning.role, &ids)?
                }
                _ => Verdict::Continue,
            };
            self.number(event, payload, value);
            if verdict == Verdict::Stop {
                self.silence(event, payload, &document.values[at..]);
                return Ok(verdict);
            }
        }
        self.end_with(event, payload, document, of, &block, ids_of)
    }

    /// The number of the event, if this value says it.
    pub(super) fn number(&self, event: &mut Event, payload: &str, value: &Value) {
        if self.is_sequence(value) {
            event.sequence =
                payload[value.span.clone()].parse().ok().map(|number| (value.span.clone(), number));
        }
    }

    fn is_sequence(&self, value: &Value) -> bool {
        value.kind == ValueKind::Number
            && self.table.sequence.as_deref() == Some(self.paths.name(value.node))
            && self.paths.parent(value.node) == Some(ROOT)
    }

    /// Ends the texts that end with this event.
    pub(super) fn end_with(
        &mut self,
        event: &mut Event,
        payload: &str,
        document: &Document,
        of: u16,
        block: &Ids,
        ids_of: impl Fn(Option<u32>) -> Ids,
    ) -> Step {
        if self.is_whole {
            return Ok(self.end_channels(None));
        }
        let type_ends = self.table.type_ends(&self.types[usize::from(of)]);
        event.is_sent_alone |= type_ends != Ends::Nothing;
        let mut verdict = match type_ends {
            Ends::Nothing => Verdict::Continue,
            Ends::Block => self.end_channels(Some(block)),
            Ends::All => self.end_channels(None),
        };
        for value in &document.values {
            let meaning = self.meaning(of, value.node);
            let says = match value.kind {
                ValueKind::Null | ValueKind::Key => false,
                ValueKind::Word => &payload[value.span.clone()] == "true",
                ValueKind::Text => !matches!(&payload[value.span.clone()], "\"\"" | "\"null\""),
                _ => true,
            };
            if meaning.ends == Ends::Nothing || !says || verdict == Verdict::Stop {
                continue;
            }
            event.is_sent_alone = true;
            event.finishes.extend(ids_of(value.element).as_slice().first());
            if event.pieces.iter().any(|piece| piece.start < piece.end) {
                // It may be the last, or say so every time: what comes next tells.
                event.is_atomic = true;
                continue;
            }
            verdict = match meaning.ends {
                Ends::Block => self.end_channels(Some(&ids_of(value.element))),
                _ => self.end_channels(None),
            };
        }
        Ok(verdict)
    }

    /// What the event calls itself, and what its framing calls it.
    ///
    /// # Errors
    /// Two things that are known, and not the same: clients would not agree on which of them it is.
    pub(super) fn type_of(
        &mut self,
        event: &Event,
        payload: &str,
        document: &Document,
    ) -> Result<u16, Fault> {
        let own = document.values.iter().find(|value| {
            value.kind == ValueKind::Text
                && self.paths.parent(value.node) == Some(ROOT)
                && matches!(self.paths.name(value.node), "type" | "event_type")
        });
        let own = own.map(|value| unescaped(inside(payload, value)).into_owned());
        let framed = event.frame.name.as_deref().filter(|_| event.inside.is_none());
        let known = |name: &&str| self.table.knows(name);
        let (by_frame, by_itself) = (framed.filter(known), own.as_deref().filter(known));
        if by_frame.zip(by_itself).is_some_and(|(one, other)| one != other) {
            return Err(Fault::Malformed);
        }
        let name = by_frame.or(by_itself).or(framed).or(own.as_deref()).unwrap_or_default();
        let place = |types: &[Box<str>], name: &str| types.iter().position(|known| **known == *name);
        // Types are few; what calls itself ever anew is of no type.
        let is_new = place(&self.types, name).is_none() && !self.table.knows(name);
        let name = if is_new && self.types.len() >= MOST_TYPES { "" } else { name };
        let place = place(&self.types, name).unwrap_or_else(|| {
            Arc::make_mut(&mut self.types).push(name.into());
            Arc::make_mut(&mut self.meanings).push(Vec::new());
            self.types.len() - 1
        });
        Ok(place as u16)
    }

    pub(super) fn meaning(&mut self, of: u16, node: Node) -> Meaning {
        if let Some(meaning) = self.meanings[usize::from(of)].get(node as usize).copied().flatten() {
            return meaning;
        }
        let above = match self.paths.parent(node) {
            None => Role::Unnamed,
            Some(parent) => self.meaning(of, parent).role,
        };
        let meaning = self.table.meaning(&self.types[usize::from(of)], node, &self.paths, above);
        let known = &mut Arc::make_mut(&mut self.meanings)[usize::from(of)];
        if known.len() <= node as usize {
            known.resize(node as usize + 1, None);
        }
        known[node as usize] = Some(meaning);
        meaning
    }

    /// What was not judged says nothing: these values, but for the words of the protocol and a fragment of a text of its own.
    pub(super) fn silence<'a>(
        &self,
        event: &mut Event,
        payload: &str,
        values: impl IntoIterator<Item = &'a Value>,
    ) {
        for value in values {
            let name = self.paths.name(value.node);
            let is_word =
                || self.table.is_word(name) || self.table.envelope.iter().any(|kept| **kept == *name);
            let nothing = match value.kind {
                ValueKind::Key if is_word() => continue,
                ValueKind::Text if is_label(name, inside(payload, value), Role::Whole) => continue,
                ValueKind::Text | ValueKind::Key => "\"\"",
                // Places, and what is too short for a value.
                ValueKind::Number if value.span.len() < 4 => continue,
                ValueKind::Number => "0",
                _ => continue,
            };
            if event.pieces.iter().all(|piece| piece.span.as_ref() != Some(&value.span)) {
                event.fixed.retain(|(span, _)| *span != value.span);
                event.fixed.push((value.span.clone(), nothing.to_owned()));
            }
        }
    }
}
