//! The events of a response: what of each is text, what of it is decided, and what leaves when.
//!
//! Events leave in the order in which they came. One whose text is not decided waits while only events of the same text follow; as soon as
//! another one does, or some of its text can leave, it leaves with what is decided, and the rest is carried to the next event of its text,
//! or to one of its own before whatever ends the text. An event that says its text twice waits until all of it is decided.

mod alike;
mod event;
mod fragment;
mod ids;
mod judge;
mod known;
mod leave;
mod spelled;
mod whole;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::channel::Channel;
use super::ending;
use super::format::Format;
use super::frame::Frame;
use super::guard::{Counts, Fault};
use super::json::{Document, Node, Paths, Value, ValueKind, unescaped};
use super::table::Table;
use crate::checker::{Finding, Session, Verdict};
use event::Event;
pub(super) use event::Inside;
use ids::{Ids, Key};
use known::{Known, Meanings};
use whole::Spot;

/// The events of one response.
pub(super) struct Events {
    session: Session,
    format: Format,
    table: Arc<Table>,
    /// The body is one event.
    is_whole: bool,
    /// These, the types and the meanings are what is known, and what this response adds to it.
    paths: Paths,
    document: Document,
    like: alike::Like,
    types: Arc<Vec<Box<str>>>,
    meanings: Arc<Meanings>,
    /// What responses before have taught.
    known: Known,
    channels: Vec<Channel>,
    /// The channels that readers see.
    visible: Vec<usize>,
    by_key: HashMap<Key, usize, RandomState>,
    last_key: Option<(Key, usize)>,
    /// Some of them are of places that no table names.
    has_joined: bool,
    spots: HashMap<Key, Spot, RandomState>,
    /// Names of members that were judged, and what stands in their place.
    keys: HashMap<Node, Option<String>, RandomState>,
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
    /// Text that leaves, as it is written.
    leaving: String,
    ending: ending::Ending,
    /// Events that were asked which model writes; enough once one has said so.
    asked_for_model: u8,
    /// What visible texts end with from which something was withheld.
    notice: Arc<str>,
    findings: Vec<Finding>,
    pub(super) counts: Counts,
    limit: usize,
}

/// More places are not remembered: what stands there is judged each time.
const MOST_PLACES: usize = 4096;

/// More types that the table does not know are one.
const MOST_TYPES: usize = 256;

/// If so many events say nothing of the model, none will.
const MODEL_EVENTS: u8 = 8;

/// Findings that are kept until somebody takes them.
const MOST_FINDINGS: usize = 1_000;

/// What became of an event.
pub(super) type Step = Result<Verdict, Fault>;

impl Events {
    pub(super) fn new(session: &Session, format: Format, is_whole: bool, limit: usize) -> Self {
        Self::knowing(Known::of(format), session, format, is_whole, limit)
    }

    fn knowing(known: Known, session: &Session, format: Format, is_whole: bool, limit: usize) -> Self {
        Self {
            session: session.clone(),
            format,
            table: Table::of(format),
            is_whole,
            paths: known.paths.clone(),
            document: Document::default(),
            like: alike::Like::default(),
            types: Arc::clone(&known.types),
            meanings: Arc::clone(&known.meanings),
            known,
            channels: Vec::new(),
            visible: Vec::new(),
            by_key: HashMap::default(),
            last_key: None,
            has_joined: false,
            spots: HashMap::default(),
            keys: HashMap::default(),
            tools: Vec::new(),
            queue: VecDeque::new(),
            withheld: false,
            renumbered: 0,
            numbered: -1,
            finished: Vec::new(),
            said: String::new(),
            leaving: String::new(),
            ending: ending::Ending::default(),
            asked_for_model: 0,
            notice: session.policy().notice().into(),
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
        self.gather();
        std::mem::take(&mut self.findings)
    }

    /// Takes an event, and appends what may leave now.
    pub(super) fn push(&mut self, mut frame: Frame<'_>, out: &mut Vec<u8>) -> Step {
        self.ending.begins(&frame);
        if self.judge_notes(&mut frame)? == Verdict::Stop {
            return self.stop(out);
        }
        self.ending.came(&frame);
        if let Some(said) = self.repeats(&frame.raw).filter(|said| said.length == frame.raw.len()) {
            return self.repeat(&frame.raw, said, out);
        }
        let Some(payload) = frame.payload() else {
            self.queue.push_back(Event::bare(frame));
            self.drain(false, out);
            return Ok(Verdict::Continue);
        };
        let payload = String::from_utf8(payload.into_owned()).map_err(|_| Fault::Malformed)?;
        let said = payload.trim();
        if said.is_empty() || said == "[DONE]" {
            let verdict = if said.is_empty() { Verdict::Continue } else { self.end_channels(None) };
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
        if self.table.inside.is_some() && self.unwrap(&mut event)? == Verdict::Stop {
            return self.stop(out);
        }
        let verdict = self.judge(&mut event)?;
        if self.asked_for_model < MODEL_EVENTS {
            self.note_model(&event);
        }
        self.leave(event, verdict, out)
    }

    /// Lets an event go that was judged, or keeps it.
    fn leave(&mut self, event: Event, verdict: Verdict, out: &mut Vec<u8>) -> Step {
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

    /// Which model writes, if this event says so and nothing of that was withheld.
    fn note_model(&mut self, event: &Event) {
        self.asked_for_model += 1;
        let Some(payload) = &event.payload else { return };
        let names_model = |value: &&Value| {
            value.kind == ValueKind::Text
                && matches!(self.paths.name(value.node), "model" | "modelVersion")
                && event.fixed.iter().all(|(span, _)| *span != value.span)
        };
        if let Some(value) = self.document.values.iter().find(names_model) {
            self.session.written_by(&unescaped(event::inside(payload, value)));
            self.asked_for_model = MODEL_EVENTS;
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
