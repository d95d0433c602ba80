//! The events of a response: what of each is text, what of it is decided, and what leaves when.
//!
//! Events leave in the order in which they came. One whose text is not decided waits while only events of the same text follow; as soon as
//! another one does, or some of its text can leave, it leaves with what is decided, and the rest is carried to the next event of its text,
//! or to one of its own before whatever ends the text. An event that says its text twice waits until all of it is decided.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use xxhash_rust::xxh3::xxh3_64;

use super::arguments::Arguments;
use super::channel::{Channel, Made, Template};
use super::ending;
use super::format::Format;
use super::frame::Frame;
use super::guard::{Counts, Fault};
use super::json::{Document, ELEMENT, Node, Paths, ROOT, Value, ValueKind, quoted, unescaped};
use super::reading::reading;
use super::skeleton;
use super::table::{Ends, Meaning, Role, Table, Unit};
use crate::checker::{Edit, Finding, Session, Verdict};
use crate::policy::Audience;

/// The events of one response.
pub(super) struct Events {
    session: Session,
    format: Format,
    table: Arc<Table>,
    /// The body is one event.
    is_whole: bool,
    paths: Paths,
    document: Document,
    types: Vec<Box<str>>,
    /// By type and path.
    meanings: Vec<Vec<Option<Meaning>>>,
    channels: Vec<Channel>,
    /// The channels that readers see.
    visible: Vec<usize>,
    by_key: HashMap<Key, usize>,
    spots: HashMap<Key, Spot>,
    /// Names of members that were judged, and what stands in their place.
    keys: HashMap<Node, Option<String>>,
    /// The names of tools, by the place of their calls.
    tools: Vec<(Ids, Box<str>)>,
    queue: VecDeque<Event>,
    /// Anything was withheld so far.
    withheld: bool,
    /// By how much events are numbered otherwise than they came, and the last number that left.
    renumbered: i64,
    numbered: i64,
    /// Choices whose last event has left.
    finished: Vec<u32>,
    /// What a whole body said before it was stopped.
    said: String,
    ending: ending::Ending,
    findings: Vec<Finding>,
    pub(super) counts: Counts,
    limit: usize,
}

/// What tells elements of arrays and blocks apart, from the outermost on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Ids {
    length: u8,
    ids: [u32; 6],
}

impl Ids {
    fn push(&mut self, id: u32) {
        match self.ids.get_mut(usize::from(self.length)) {
            Some(place) => {
                *place = id;
                self.length += 1;
            }
            // Deeper than any format goes: the last ones are one.
            None => self.ids[5] = self.ids[5].wrapping_mul(31).wrapping_add(id),
        }
    }

    pub(super) fn as_slice(&self) -> &[u32] {
        &self.ids[..usize::from(self.length)]
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    Group(u16, Ids),
    Path(u16, Node, Ids),
}

impl Key {
    fn ids(&self) -> &Ids {
        match self {
            Self::Group(_, ids) | Self::Path(_, _, ids) => ids,
        }
    }
}

/// What stood in one place last.
struct Spot {
    hash: u64,
    /// Its end, in case that it goes on elsewhere.
    tail: Box<str>,
    /// What stands in its place.
    replacement: Option<Box<str>>,
}

/// More places are not remembered: what stands there is judged each time.
const MOST_SPOTS: usize = 4096;
/// How much of a value is remembered, in bytes.
const LONGEST_TAIL: usize = 256;
/// More texts than this are not told apart in one response: it cannot be checked.
const MOST_CHANNELS: usize = 4096;
/// Findings that are kept until somebody takes them.
const MOST_FINDINGS: usize = 1_000;

/// An event that has not left.
struct Event {
    frame: Frame,
    /// The payload, out of its base64 if it came so.
    payload: Option<String>,
    /// Where the payload stands, if it came in base64.
    inside: Option<Inside>,
    pieces: Vec<Piece>,
    /// What is replaced whatever happens to the pieces.
    fixed: Vec<(Range<usize>, String)>,
    /// What goes when the text is changed, and once anything was withheld.
    spells: Vec<Range<usize>>,
    tied: Vec<Range<usize>>,
    /// The choices whose last event it is.
    finishes: Vec<u32>,
    sequence: Option<(Range<usize>, i64)>,
    /// Its type.
    of: u16,
    /// It does not leave at all.
    is_dropped: bool,
    /// It did not come: it carries what is left of a text.
    is_new: bool,
    /// It says its text twice.
    is_atomic: bool,
    /// It has another part than fragments, which others may wait for.
    is_sent_alone: bool,
}

/// A payload inside of another.
#[derive(Clone)]
pub(super) struct Inside {
    outer: String,
    span: Range<usize>,
    /// It is bare text, not JSON.
    is_bare: bool,
}

/// A fragment in an event.
struct Piece {
    channel: usize,
    /// Its bytes in the payload, quotes included; none if it only spells the text again.
    span: Option<Range<usize>>,
    /// It says half a character, or the other half of one: it cannot leave as it came.
    is_torn: bool,
    /// Its bytes in the text.
    start: u64,
    end: u64,
}

/// What became of an event.
pub(super) type Step = Result<Verdict, Fault>;

impl Events {
    pub(super) fn new(session: &Session, format: Format, is_whole: bool, limit: usize) -> Self {
        Self {
            session: session.clone(),
            format,
            table: Table::of(format),
            is_whole,
            paths: Paths::default(),
            document: Document::default(),
            types: Vec::new(),
            meanings: Vec::new(),
            channels: Vec::new(),
            visible: Vec::new(),
            by_key: HashMap::new(),
            spots: HashMap::new(),
            keys: HashMap::new(),
            tools: Vec::new(),
            queue: VecDeque::new(),
            withheld: false,
            renumbered: 0,
            numbered: -1,
            finished: Vec::new(),
            said: String::new(),
            ending: ending::Ending::default(),
            findings: Vec::new(),
            counts: Counts::default(),
            limit,
        }
    }

    /// Bytes of text and of events that have not left.
    pub(super) fn held(&self) -> usize {
        let text: usize = self.channels.iter().map(Channel::held).sum();
        text + self.queue.iter().map(|event| event.frame.raw.len()).sum::<usize>()
    }

    /// Bytes of text that have come and have not left.
    pub(super) fn held_text(&self) -> usize {
        self.channels.iter().map(Channel::held).sum()
    }

    pub(super) fn take_findings(&mut self) -> Vec<Finding> {
        std::mem::take(&mut self.findings)
    }

    /// Takes an event, and appends what may leave now.
    pub(super) fn push(&mut self, mut frame: Frame, out: &mut Vec<u8>) -> Step {
        self.ending.came(&frame);
        if self.judge_notes(&mut frame)? == Verdict::Stop {
            return self.stop(out);
        }
        let Some(payload) = frame.payload() else {
            self.queue.push_back(Event::bare(frame));
            self.drain(false, out);
            return Ok(Verdict::Continue);
        };
        let payload = String::from_utf8(payload.into_owned()).map_err(|_| Fault::Malformed)?;
        if payload.trim().is_empty() || payload.trim() == "[DONE]" {
            let verdict = if payload.trim().is_empty() { Verdict::Continue } else { self.end_channels(None) };
            if verdict == Verdict::Stop {
                return self.stop(out);
            }
            self.flush();
            self.queue.push_back(Event::bare(frame));
            self.drain(false, out);
            return Ok(Verdict::Continue);
        }
        self.counts.events += 1;
        let mut event = Event::new(frame, payload);
        if self.table.inside.is_some() {
            self.unwrap(&mut event)?;
        }
        let verdict = self.judge(&mut event)?;
        self.gather();
        if verdict == Verdict::Stop {
            self.queue.push_back(event);
            return self.stop(out);
        }
        if self.held_text() > self.limit {
            return Err(Fault::TooLarge);
        }
        self.flush_before(&event);
        self.queue.push_back(event);
        self.drain(false, out);
        Ok(Verdict::Continue)
    }

    /// The body ends: everything is decided and leaves.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> Step {
        if self.end_channels(None) == Verdict::Stop {
            return self.stop(out);
        }
        self.flush();
        self.drain(true, out);
        self.gather();
        Ok(Verdict::Continue)
    }

    /// Ends the response the provider's way, behind what is decided.
    fn stop(&mut self, out: &mut Vec<u8>) -> Step {
        self.gather();
        if self.is_whole {
            let Some(event) = self.queue.pop_back() else { return Ok(Verdict::Stop) };
            let message = self.session.policy().stop_message();
            let mut said = std::mem::take(&mut self.said);
            for piece in &event.pieces {
                let channel = &mut self.channels[piece.channel];
                if self.visible.contains(&piece.channel) && said.is_empty() {
                    channel.write(channel.decided().min(piece.end), &mut said);
                }
            }
            said.push_str(message);
            let body = ending::whole(self.format, event.payload.as_deref().unwrap_or_default(), &said);
            out.extend_from_slice(body.as_bytes());
            return Ok(Verdict::Stop);
        }
        // The event at hand was not judged to its end, and others wait for text that will not leave: of these, only what is decided of their
        // texts leaves.
        let is_decided = |event: &Event| {
            event.pieces.iter().all(|piece| self.channels[piece.channel].decided() >= piece.end)
        };
        let whole =
            self.queue.iter().take(self.queue.len().saturating_sub(1)).take_while(|event| is_decided(event));
        for _ in 0..whole.count() {
            if let Some(event) = self.queue.pop_front() {
                self.emit(event, out);
            }
        }
        while let Some(Event { frame, payload, inside, pieces, of, .. }) = self.queue.pop_front() {
            for piece in pieces {
                let channel = &self.channels[piece.channel];
                let end = channel.decided().min(piece.end);
                let (Some(payload), Some(span), true) =
                    (payload.clone(), piece.span, end > channel.written())
                else {
                    continue;
                };
                let template = Template { frame: frame.clone(), payload, span, inside: inside.clone(), of };
                if let Some(event) = self.rest(template, piece.channel, end) {
                    self.emit(event, out);
                }
            }
        }
        let message = self.session.policy().stop_message().to_owned();
        let open = self.by_key.keys().filter_map(|key| key.ids().as_slice().first().copied());
        let mut choices: Vec<u32> = open.filter(|choice| !self.finished.contains(choice)).collect();
        choices.sort_unstable();
        choices.dedup();
        self.ending.write(self.format, &message, &choices, out);
        Ok(Verdict::Stop)
    }

    /// Text beside the payloads: no provider says anything there, and nobody is to.
    fn judge_notes(&mut self, frame: &mut Frame) -> Step {
        for note in frame.notes.clone() {
            let Ok(text) = std::str::from_utf8(&frame.raw[note.clone()]) else {
                return Err(Fault::Malformed);
            };
            let hash = xxh3_64(text.as_bytes());
            let key = Key::Path(u16::MAX, ROOT, Ids::default());
            if self.spots.get(&key).is_some_and(|spot| spot.hash == hash && spot.replacement.is_none()) {
                continue;
            }
            let (verdict, edits, _) = self.judge_text("note", Audience::Reader, text);
            if verdict == Verdict::Stop {
                return Ok(verdict);
            }
            if edits.is_empty() {
                self.spots.insert(key, Spot { hash, tail: "".into(), replacement: None });
            } else {
                self.withheld = true;
                frame.remove(note);
                return self.judge_notes(frame);
            }
        }
        Ok(Verdict::Continue)
    }

    /// Judges a text that is there whole: what is replaced in it, and up to where it is decided if it stops the response.
    fn judge_text(&mut self, name: &str, audience: Audience, text: &str) -> (Verdict, Vec<Edit>, u64) {
        let mut checker = match audience {
            Audience::Reader => self.session.channel(name),
            Audience::Internal => self.session.internal_channel(name),
        };
        let mut edits = checker.advance(text).edits.to_vec();
        let end = checker.advance_to_end();
        edits.extend_from_slice(end.edits);
        let (verdict, decided) = (end.verdict, end.decided);
        self.counts.checked_bytes += text.len() as u64;
        self.findings.append(&mut checker.take_findings());
        (verdict, edits, decided)
    }

    /// Takes the payload out of base64.
    fn unwrap(&mut self, event: &mut Event) -> Result<(), Fault> {
        let Some(member) = self.table.inside.clone() else { return Ok(()) };
        let Some(outer) = event.payload.take() else { return Ok(()) };
        self.document.read(&outer, &mut self.paths).map_err(|_| Fault::Malformed)?;
        let is_inside = |value: &&Value| {
            value.kind == ValueKind::Text
                && self.paths.name(value.node) == &*member
                && matches!(self.paths.parent(value.node), Some(above) if above == ROOT || self.paths.parent(above) == Some(ROOT))
        };
        let Some(span) = self.document.values.iter().find(is_inside).map(|value| value.span.clone()) else {
            event.payload = Some(outer);
            return Ok(());
        };
        let said = unescaped(&outer[span.start + 1..span.end - 1]);
        let bytes = BASE64.decode(said.as_bytes()).map_err(|_| Fault::Malformed)?;
        let inner = String::from_utf8_lossy(&bytes).into_owned();
        let is_bare = serde_json::from_str::<serde::de::IgnoredAny>(&inner).is_err();
        event.payload = Some(if is_bare { quoted(&inner) } else { inner });
        event.inside = Some(Inside { outer, span, is_bare });
        Ok(())
    }

    /// Judges all that an event says.
    fn judge(&mut self, event: &mut Event) -> Step {
        let payload = event.payload.take().ok_or(Fault::Malformed)?;
        let mut document = std::mem::take(&mut self.document);
        let read = document.read(&payload, &mut self.paths).map_err(|_| Fault::Malformed);
        let judged = read.and_then(|()| self.judge_document(event, &payload, &mut document));
        self.document = document;
        event.payload = Some(payload);
        judged
    }

    fn judge_document(&mut self, event: &mut Event, payload: &str, document: &mut Document) -> Step {
        let of = self.type_of(event, payload, document);
        event.of = of;
        event.is_atomic |= self.table.is_start(&self.types[usize::from(of)]);
        let mut join: [Option<u32>; 4] = [None; 4];
        for value in &document.values {
            let meaning = self.meaning(of, value.node);
            if value.kind == ValueKind::Array && meaning.is_merged {
                document
                    .elements
                    .iter_mut()
                    .filter(|element| element.array == value.node)
                    .for_each(|element| element.id = 0);
            }
            if matches!(value.kind, ValueKind::Text | ValueKind::Number | ValueKind::Word) {
                if let Some(place) = meaning.join {
                    join[usize::from(place)] = Some(identity(&payload[value.span.clone()]));
                }
                let names_element = self.paths.name(value.node) == "index"
                    && self.paths.parent(value.node).is_some_and(|above| self.paths.name(above) == ELEMENT);
                if let Some(element) = value.element.filter(|_| meaning.is_identity || names_element) {
                    document.elements[element as usize].id = identity(&payload[value.span.clone()]);
                }
            }
        }
        let mut block = Ids::default();
        join.into_iter().flatten().for_each(|id| block.push(id));
        let ids_of = |element: Option<u32>| {
            let (mut chain, mut at) = ([0; 16], element);
            let mut length = 0;
            while let Some(element) = at.map(|at| &document.elements[at as usize]).filter(|_| length < 16) {
                chain[length] = element.id;
                length += 1;
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
                if !name.is_empty() && self.tools.len() < MOST_SPOTS {
                    self.tools.push((ids, name.into()));
                }
            }
        }
        // The text that offsets may be of, and what was replaced in it.
        let mut last_text: Option<Made> = None;
        let mut skipped_to = 0;
        for value in &document.values {
            if value.span.start < skipped_to {
                continue;
            }
            let meaning = self.meaning(of, value.node);
            let ids = ids_of(value.element);
            let verdict = match (value.kind, meaning.role) {
                (ValueKind::Key, _) => self.judge_key(event, payload, value, of, &ids)?,
                (_, Role::Opaque) => {
                    skipped_to = value.span.end;
                    Verdict::Continue
                }
                (_, Role::Tied) if value.kind != ValueKind::Null => {
                    event.tied.push(value.span.clone());
                    skipped_to = value.span.end;
                    Verdict::Continue
                }
                (ValueKind::Array | ValueKind::Object, Role::Spells) => {
                    event.is_atomic |= !self.is_whole;
                    event.spells.push(value.span.clone());
                    skipped_to = value.span.end;
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
                (ValueKind::Number, Role::Unnamed | Role::Object) => {
                    self.judge_number(event, payload, value, of, meaning.role, &ids)?
                }
                _ => Verdict::Continue,
            };
            if value.kind == ValueKind::Number
                && self.table.sequence.as_deref() == Some(self.paths.name(value.node))
                && self.paths.parent(value.node) == Some(ROOT)
            {
                event.sequence =
                    payload[value.span.clone()].parse().ok().map(|number| (value.span.clone(), number));
            }
            if verdict == Verdict::Stop {
                return Ok(verdict);
            }
        }
        self.end_with(event, payload, document, of, &block, ids_of)
    }

    /// Ends the texts that end with this event.
    fn end_with(
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
    fn type_of(&mut self, event: &Event, payload: &str, document: &Document) -> u16 {
        let own = document.values.iter().find(|value| {
            value.kind == ValueKind::Text
                && self.paths.parent(value.node) == Some(ROOT)
                && matches!(self.paths.name(value.node), "type" | "event_type")
        });
        let own = own.map(|value| unescaped(inside(payload, value)).into_owned());
        let framed = event.frame.name.as_deref().filter(|_| event.inside.is_none());
        let known = |name: &&str| self.table.knows(name);
        let name = framed
            .filter(known)
            .or(own.as_deref().filter(known))
            .or(framed)
            .or(own.as_deref())
            .unwrap_or_default();
        // Types are few; what calls itself ever anew is of no type.
        let name = if self.types.len() >= 256 { "" } else { name };
        match self.types.iter().position(|known| &**known == name) {
            Some(place) => place as u16,
            None if self.types.len() > 256 => 0,
            None => {
                self.types.push(name.into());
                self.meanings.push(Vec::new());
                (self.types.len() - 1) as u16
            }
        }
    }

    fn meaning(&mut self, of: u16, node: Node) -> Meaning {
        let known = &mut self.meanings[usize::from(of)];
        if known.len() <= node as usize {
            known.resize(node as usize + 1, None);
        }
        if let Some(meaning) = known[node as usize] {
            return meaning;
        }
        let above = match self.paths.parent(node) {
            None => Role::Unnamed,
            Some(parent) => self.meaning(of, parent).role,
        };
        let meaning = self.table.meaning(&self.types[usize::from(of)], node, &self.paths, above);
        self.meanings[usize::from(of)][node as usize] = Some(meaning);
        meaning
    }

    /// Whose eyes the arguments of the tool that is called here are for.
    fn audience(&self, ids: &Ids) -> Audience {
        let fits = |other: &Ids| {
            ids.as_slice().starts_with(other.as_slice()) || other.as_slice().starts_with(ids.as_slice())
        };
        let tool = self.tools.iter().rev().find(|(other, _)| fits(other)).map(|(_, name)| &**name);
        self.session.policy().tool_arguments(tool)
    }

    /// The text of a key, which begins if it is not open.
    fn channel(&mut self, key: Key, node: Node, arguments: Option<Audience>) -> Result<usize, Fault> {
        if let Some(channel) = self.by_key.get(&key).filter(|channel| !self.channels[**channel].is_ended()) {
            return Ok(*channel);
        }
        if self.channels.len() >= MOST_CHANNELS {
            return Err(Fault::TooLarge);
        }
        let name = self.paths.written(node, key.ids().as_slice().iter().copied());
        let channel = match arguments {
            Some(audience) => {
                Channel::arguments(Arguments::new(&self.session, name.into(), audience == Audience::Internal))
            }
            None => Channel::text(self.session.channel(&name)),
        };
        let place = self.channels.len();
        self.channels.push(channel);
        self.by_key.insert(key, place);
        if matches!(key, Key::Group(group, _) if group == self.table.visible) {
            self.visible.push(place);
        }
        Ok(place)
    }

    /// Takes a fragment of a text.
    fn fragment(
        &mut self,
        event: &mut Event,
        payload: &str,
        value: &Value,
        key: Key,
        arguments: Option<Audience>,
    ) -> Step {
        let written = inside(payload, value);
        let channel = self.channel(key, value.node, arguments)?;
        let (text, is_torn) = self.channels[channel].whole_characters(written);
        self.counts.checked_bytes += text.len() as u64;
        let start = self.channels[channel].seen();
        let verdict = self.channels[channel].push(&text);
        let end = self.channels[channel].seen();
        event.pieces.push(Piece { channel, span: Some(value.span.clone()), is_torn, start, end });
        Ok(verdict)
    }

    /// Judges a text that stands there whole; gives what was replaced in it.
    fn judge_whole(
        &mut self,
        event: &mut Event,
        payload: &str,
        value: &Value,
        of: u16,
        role: Role,
        ids: &Ids,
    ) -> Result<(Verdict, Option<Made>), Fault> {
        let written = inside(payload, value);
        if written.is_empty() || is_label(self.paths.name(value.node), written, role) {
            return Ok((Verdict::Continue, None));
        }
        let text = unescaped(written);
        let hash = xxh3_64(text.as_bytes());
        let key = Key::Path(of, value.node, *ids);
        if let Some(spot) = self.spots.get(&key).filter(|spot| spot.hash == hash) {
            if let Some(replacement) = &spot.replacement {
                event.fixed.push((value.span.clone(), quoted(replacement)));
            }
            return Ok((Verdict::Continue, None));
        }
        if let Some(copied) = self.channels.iter().rposition(|channel| channel.is_copied_by(&text, hash)) {
            let verdict = self.channels[copied].end();
            if verdict == Verdict::Stop {
                return Ok((verdict, None));
            }
            if let Some(made) = self.made_of(copied) {
                if !made.edits.is_empty() {
                    event.fixed.push((value.span.clone(), quoted(&made.apply(&text))));
                }
                return Ok((Verdict::Continue, Some(made)));
            }
        }
        let joined = role == Role::Unnamed && !self.is_whole && self.spots.contains_key(&key);
        if joined || self.by_key.contains_key(&key) {
            if let Some(spot) = self.spots.remove(&key) {
                self.join(&key, value.node, &spot.tail)?;
            }
            return Ok((self.fragment(event, payload, value, key, None)?, None));
        }
        let audience = if role == Role::Object { self.audience(ids) } else { Audience::Reader };
        let name = self.paths.written(value.node, ids.as_slice().iter().copied());
        let (verdict, edits, decided) = self.judge_text(&name, audience, &text);
        if verdict == Verdict::Stop && is_answer(self.paths.name(value.node)) {
            self.said = Made::of(&text, &edits).apply(&text[..decided as usize]);
        }
        let made = Made::of(&text, &edits);
        let mut replacement: Option<Box<str>> = (!edits.is_empty()).then(|| made.apply(&text).into());
        if let Some(reading) =
            reading(&text).filter(|_| replacement.is_none() && verdict == Verdict::Continue)
        {
            let (verdict, edits, _) = self.judge_text(&name, audience, &reading.says);
            if verdict == Verdict::Stop {
                return Ok((verdict, None));
            }
            if !edits.is_empty() {
                replacement = Some(
                    reading.written(&text, &Made::of(&reading.says, &edits).apply(&reading.says)).into(),
                );
            }
        }
        if let Some(replacement) = &replacement {
            self.withheld = true;
            event.fixed.push((value.span.clone(), quoted(replacement)));
        }
        if self.spots.len() < MOST_SPOTS && !self.is_whole {
            let from = (0..=text.len().min(LONGEST_TAIL))
                .rev()
                .find(|back| text.is_char_boundary(text.len() - back));
            let tail = text[text.len() - from.unwrap_or(0)..].into();
            self.spots.insert(key, Spot { hash, tail, replacement });
        }
        Ok((verdict, Some(made)))
    }

    /// Makes a text of what stands in one place with ever other values: what stood there first has left.
    fn join(&mut self, key: &Key, node: Node, tail: &str) -> Result<(), Fault> {
        if self.channels.len() >= MOST_CHANNELS {
            return Err(Fault::TooLarge);
        }
        let name = self.paths.written(node, key.ids().as_slice().iter().copied());
        let mut channel = Channel::text(self.session.channel(&name));
        let _ = channel.push(tail);
        channel.forget(tail.len() as u64);
        self.channels.push(channel);
        self.by_key.insert(*key, self.channels.len() - 1);
        Ok(())
    }

    /// What was replaced in a text that has ended, in all of it.
    fn made_of(&self, channel: usize) -> Option<Made> {
        let channel = &self.channels[channel];
        let made = channel.all_made();
        (!made.is_cut).then_some(made)
    }

    fn judge_number(
        &mut self,
        event: &mut Event,
        payload: &str,
        value: &Value,
        of: u16,
        role: Role,
        ids: &Ids,
    ) -> Step {
        let text = &payload[value.span.clone()];
        if text.len() < 4 {
            return Ok(Verdict::Continue);
        }
        let key = Key::Path(of, value.node, *ids);
        let hash = xxh3_64(text.as_bytes());
        if self.spots.get(&key).is_some_and(|spot| spot.hash == hash && spot.replacement.is_none()) {
            return Ok(Verdict::Continue);
        }
        let name = self.paths.written(value.node, ids.as_slice().iter().copied());
        let audience = if role == Role::Object { self.audience(ids) } else { Audience::Reader };
        let (verdict, edits, _) = self.judge_text(&name, audience, text);
        if !edits.is_empty() {
            self.withheld = true;
            event.fixed.push((value.span.clone(), quoted(&Made::of(text, &edits).apply(text))));
        } else if self.spots.len() < MOST_SPOTS {
            self.spots.insert(key, Spot { hash, tail: "".into(), replacement: None });
        }
        Ok(verdict)
    }

    /// Judges the name of a member of an object that the model wrote.
    fn judge_key(&mut self, event: &mut Event, payload: &str, value: &Value, of: u16, ids: &Ids) -> Step {
        let Some(above) = self.paths.parent(value.node) else { return Ok(Verdict::Continue) };
        if !matches!(self.meaning(of, above).role, Role::Object | Role::Arguments(_)) {
            return Ok(Verdict::Continue);
        }
        let is_known = self.paths.name(value.node) != super::json::ANY;
        let known = self.keys.get(&value.node).filter(|_| is_known).cloned();
        let replacement = match known {
            Some(replacement) => replacement,
            None => {
                let text = unescaped(inside(payload, value));
                let name = self.paths.written(value.node, ids.as_slice().iter().copied());
                let (verdict, edits, _) = self.judge_text(&name, self.audience(ids), &text);
                if verdict == Verdict::Stop {
                    return Ok(verdict);
                }
                let replacement = (!edits.is_empty()).then(|| Made::of(&text, &edits).apply(&text));
                if is_known {
                    self.keys.insert(value.node, replacement.clone());
                }
                replacement
            }
        };
        if let Some(replacement) = replacement {
            self.withheld = true;
            event.fixed.push((value.span.clone(), quoted(&replacement)));
        }
        Ok(Verdict::Continue)
    }

    /// Judges the words that spell a text again, and those that might have: each by itself, and one behind the other, rank by rank.
    fn judge_tokens(
        &mut self,
        event: &mut Event,
        payload: &str,
        document: &Document,
        around: &Value,
        of: u16,
    ) -> Step {
        let within =
            |value: &&Value| around.span.start < value.span.start && value.span.end <= around.span.end;
        let depth = self.paths.names(around.node).len();
        for value in document.values.iter().filter(within) {
            let above = self.paths.parent(value.node).unwrap_or(ROOT);
            // The words of the older API's alternatives are the names of members.
            let is_word = match value.kind {
                ValueKind::Text => {
                    matches!(self.paths.name(value.node), "token" | "text" | "piece" | "tok_str" | ELEMENT)
                }
                ValueKind::Key => {
                    self.paths.name(above) == ELEMENT && self.paths.names(above).contains(&"top_logprobs")
                }
                _ => false,
            };
            if !is_word {
                continue;
            }
            let word = unescaped(inside(payload, value));
            if word.len() > 5 {
                let (verdict, edits, _) = self.judge_text("tokens", Audience::Reader, &word);
                if verdict == Verdict::Stop {
                    return Ok(verdict);
                }
                if !edits.is_empty() {
                    event.fixed.push((around.span.clone(), empty(payload, &around.span).into()));
                    self.withheld = true;
                }
            }
            // Which choice, and which rank: the outermost array of the words is their order.
            let (mut ids, mut chain, mut at) = (Ids::default(), Vec::new(), value.element);
            while let Some(element) = at.map(|at| &document.elements[at as usize]) {
                chain.push((self.paths.names(element.array).len(), element.id));
                at = element.around;
            }
            let mut inner = 0;
            for (length, id) in chain.into_iter().rev() {
                inner += u32::from(length >= depth);
                if inner != 1 || length < depth {
                    ids.push(id);
                }
            }
            let node = if value.kind == ValueKind::Key { above } else { value.node };
            let channel = self.channel(Key::Path(of, node, ids), node, None)?;
            let start = self.channels[channel].seen();
            let verdict = self.channels[channel].push(&word);
            let end = self.channels[channel].seen();
            event.pieces.push(Piece { channel, span: None, is_torn: false, start, end });
            if verdict == Verdict::Stop {
                return Ok(verdict);
            }
        }
        Ok(Verdict::Continue)
    }

    /// A signature goes with the text that it vouches for.
    fn judge_signature(&mut self, event: &mut Event, document: &Document, value: &Value, ids: &Ids) {
        let is_sibling = |span: &Range<usize>| {
            document.values.iter().any(|other| other.span == *span && other.element == value.element)
        };
        let fixed = event.fixed.iter().any(|(span, _)| is_sibling(span));
        let changed = self.by_key.iter().any(|(key, channel)| {
            key.ids().as_slice() == ids.as_slice() && self.channels[*channel].has_edits()
        });
        if fixed || changed {
            let path = self.paths.names(value.node);
            if !self.is_whole && path.first() == Some(&"delta") {
                event.is_dropped = true;
            } else {
                event.fixed.push((value.span.clone(), "\"\"".into()));
            }
        }
    }

    /// What was replaced in the text that offsets are of.
    fn offset_text(&self, ids: &Ids) -> Option<&Made> {
        let fits = |key: &Key| {
            matches!(key, Key::Group(group, other) if *group == self.table.visible
                && (ids.as_slice().starts_with(other.as_slice()) || other.as_slice().starts_with(&ids.as_slice()[..ids.as_slice().len().min(1)])))
        };
        self.by_key.iter().find(|(key, _)| fits(key)).map(|(_, channel)| &self.channels[*channel].made)
    }

    /// Ends all texts, or those of one block.
    fn end_channels(&mut self, block: Option<&Ids>) -> Verdict {
        for (key, channel) in &self.by_key {
            let is_in = block.is_none_or(|block| key.ids().as_slice().starts_with(block.as_slice()));
            if is_in && self.channels[*channel].end() == Verdict::Stop {
                return Verdict::Stop;
            }
        }
        Verdict::Continue
    }

    /// Gives the texts that have ended an event for what is carried, before an event that has no place for it.
    fn flush_before(&mut self, event: &Event) {
        if self.channels.iter().any(|channel| channel.template.is_some() && channel.is_ended()) {
            let places: Vec<usize> = event.pieces.iter().map(|piece| piece.channel).collect();
            self.flush_but(&places);
        }
    }

    fn flush(&mut self) {
        self.flush_but(&[]);
    }

    fn flush_but(&mut self, places: &[usize]) {
        for at in 0..self.channels.len() {
            let waits = |event: &Event| event.pieces.iter().any(|piece| piece.channel == at);
            let channel = &mut self.channels[at];
            let is_carried = channel.is_ended() && channel.written() < channel.seen();
            if !is_carried || places.contains(&at) || self.queue.iter().any(waits) {
                continue;
            }
            let Some(template) = channel.template.take() else { continue };
            let end = channel.seen();
            let event = self.rest(*template, at, end);
            self.queue.extend(event);
        }
    }

    /// An event of its own for what is left of a text up to `end`.
    fn rest(&self, template: Template, channel: usize, end: u64) -> Option<Event> {
        let (payload, span) = skeleton::of(&template.payload, &template.span, &self.table.envelope)?;
        let sequence = skeleton::sequence(&payload, self.table.sequence.as_deref());
        let start = self.channels[channel].written();
        let mut event = Event::new(template.frame.like(), payload);
        event.pieces.push(Piece { channel, span: Some(span), is_torn: true, start, end });
        (event.inside, event.of, event.is_new, event.sequence) =
            (template.inside, template.of, true, sequence);
        Some(event)
    }

    /// Lets go what may leave.
    fn drain(&mut self, ends: bool, out: &mut Vec<u8>) {
        while let Some(event) = self.queue.front() {
            let is_decided = |piece: &Piece| self.channels[piece.channel].decided() >= piece.end;
            if event.pieces.iter().all(is_decided) {
                let event = self.queue.pop_front().expect("it is there");
                self.emit(event, out);
                continue;
            }
            if event.is_atomic && !ends {
                return;
            }
            let has_more = event.pieces.iter().any(|piece| {
                let channel = &self.channels[piece.channel];
                channel.decided().min(piece.end) > channel.written()
            });
            let undecided: Vec<usize> =
                event.pieces.iter().filter(|piece| !is_decided(piece)).map(|piece| piece.channel).collect();
            let waits_too = |other: &Event| {
                !other.pieces.is_empty()
                    && !other.is_sent_alone
                    && other.pieces.iter().all(|piece| undecided.contains(&piece.channel))
            };
            if !has_more && !ends && self.queue.iter().skip(1).all(waits_too) {
                return;
            }
            let event = self.queue.pop_front().expect("it is there");
            self.emit(event, out);
        }
    }

    /// Writes an event with what is decided of it.
    fn emit(&mut self, event: Event, out: &mut Vec<u8>) {
        let Event {
            frame,
            payload,
            inside,
            pieces,
            mut fixed,
            spells,
            tied,
            finishes,
            sequence,
            of,
            is_dropped,
            is_new,
            ..
        } = event;
        if is_dropped {
            self.renumbered -= i64::from(sequence.is_some());
            return;
        }
        let Some(payload) = payload else { return out.extend_from_slice(&frame.raw) };
        let mut spells_otherwise = !fixed.is_empty();
        let mut carried = Vec::new();
        for piece in &pieces {
            let channel = &mut self.channels[piece.channel];
            let to = channel.decided().min(piece.end);
            let mut text = String::new();
            let is_untouched = to == piece.end && channel.is_untouched(piece.start, to) && !piece.is_torn;
            let made = channel.made.edits.len();
            channel.write(to, &mut text);
            self.withheld |= channel.made.edits.len() > made;
            spells_otherwise |= !is_untouched;
            let Some(span) = &piece.span else { continue };
            if self.visible.contains(&piece.channel) {
                self.ending.said(self.format, &text);
            }
            if !is_untouched {
                fixed.push((span.clone(), quoted(&text)));
            }
            if to < piece.end {
                carried.push((piece.channel, span.clone()));
            }
        }
        if spells_otherwise {
            fixed.extend(spells.into_iter().map(|span| (span.clone(), empty(&payload, &span).to_owned())));
        }
        if self.withheld {
            fixed.extend(tied.into_iter().map(|span| (span.clone(), empty(&payload, &span).to_owned())));
        }
        if let Some((span, number)) = sequence {
            self.renumbered += i64::from(is_new);
            let new = if is_new { self.numbered + 1 } else { number + self.renumbered };
            self.numbered = new;
            if new != number {
                fixed.push((span, new.to_string()));
            }
        }
        let new = (!fixed.is_empty() || is_new).then(|| spliced(&payload, fixed));
        let began = self.ending.began();
        self.ending.sent(self.format, &self.types[usize::from(of)], new.as_deref().unwrap_or(&payload));
        match new {
            None => out.extend_from_slice(&frame.raw),
            Some(new) => {
                let new = inside.as_ref().map_or(new.clone(), |inside| inside.wrapped(&new));
                if is_new {
                    frame.write_next(new.as_bytes(), began, out)
                } else {
                    frame.write_with(new.as_bytes(), out)
                }
            }
        }
        self.finished.extend(finishes);
        for (channel, span) in carried {
            let template =
                Template { frame: frame.clone(), payload: payload.clone(), span, inside: inside.clone(), of };
            self.channels[channel].template = Some(Box::new(template));
        }
    }

    /// Takes the findings out of the texts.
    fn gather(&mut self) {
        for channel in &mut self.channels {
            channel.take_findings(&mut self.findings);
        }
        self.counts.findings += self.findings.len().saturating_sub(MOST_FINDINGS) as u64;
        self.findings.truncate(MOST_FINDINGS);
    }
}

impl Event {
    fn new(frame: Frame, payload: String) -> Self {
        Self { payload: Some(payload), ..Self::bare(frame) }
    }

    /// An event without a payload.
    fn bare(frame: Frame) -> Self {
        Self {
            frame,
            payload: None,
            inside: None,
            pieces: Vec::new(),
            fixed: Vec::new(),
            spells: Vec::new(),
            tied: Vec::new(),
            finishes: Vec::new(),
            sequence: None,
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
    fn wrapped(&self, inner: &str) -> String {
        let inner = if self.is_bare { unescaped(inner.trim_matches('"')) } else { inner.into() };
        let encoded = quoted(&BASE64.encode(inner.as_bytes()));
        format!("{}{encoded}{}", &self.outer[..self.span.start], &self.outer[self.span.end..])
    }
}

/// What stands between the quotes of a text.
fn inside<'a>(payload: &'a str, value: &Value) -> &'a str {
    &payload[value.span.start + 1..value.span.end - 1]
}

/// A number that stands for what tells a value from others: itself, if it is a small number.
fn identity(written: &str) -> u32 {
    written.parse().unwrap_or_else(|_| xxh3_64(written.as_bytes()) as u32)
}

/// The words of a protocol: what is called so and looks so is no text.
fn is_label(name: &str, written: &str, role: Role) -> bool {
    role != Role::Object
        && matches!(
            name,
            "type"
                | "event_type"
                | "object"
                | "role"
                | "status"
                | "finish_reason"
                | "stop_reason"
                | "finishReason"
        )
        && written.bytes().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-' | b'.'))
}

/// The names that answers have in bodies that are not streamed.
fn is_answer(name: &str) -> bool {
    matches!(
        name,
        "content"
            | "text"
            | "value"
            | "response"
            | "outputText"
            | "generation"
            | "completion"
            | "generated_text"
    )
}

/// What says nothing, in the place of a text, an array or an object.
fn empty(payload: &str, span: &Range<usize>) -> &'static str {
    match payload.as_bytes()[span.start] {
        b'[' => "[]",
        b'"' => "\"\"",
        _ => "null",
    }
}

/// Where an offset of the original text is in the new one; `None` if it has not moved.
fn moved(written: &str, made: &Made, unit: Unit) -> Option<String> {
    let offset: i64 = written.parse().ok()?;
    let mut moved_by = 0;
    for replaced in &made.edits {
        let (span, width) = match unit {
            Unit::Bytes => (&replaced.edit.span, replaced.edit.replacement.len()),
            Unit::Characters => (&replaced.chars, replaced.edit.replacement.chars().count()),
        };
        let (start, end, width) = (span.start as i64, span.end as i64, width as i64);
        if offset <= start {
            break;
        }
        moved_by +=
            if offset < end { width.min(offset - start) - (offset - start) } else { width - (end - start) };
    }
    (moved_by != 0).then(|| (offset + moved_by).to_string())
}

/// A payload with spans of it replaced. A span inside of another one is replaced with it.
fn spliced(payload: &str, mut spans: Vec<(Range<usize>, String)>) -> String {
    spans.sort_by(|(a, _), (b, _)| a.start.cmp(&b.start).then(b.end.cmp(&a.end)));
    let (mut out, mut at) = (String::with_capacity(payload.len()), 0);
    for (span, replacement) in spans {
        if span.start >= at {
            out.push_str(&payload[at..span.start]);
            out.push_str(&replacement);
            at = span.end;
        }
    }
    out + &payload[at..]
}
