//! What responses of one format have in common, so that the first events of one need not be read as if nobody had ever seen such events: the places of
//! their values, what each place means, and the shapes of events.
//!
//! It is learned from the responses before, and nothing is kept that one of them said: only places whose names are the protocol's, and events without their
//! texts and numbers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::Events;
use super::alike::{Like, Shape};
use super::event::Event;
use super::whole::is_label;
use crate::wire::format::Format;
use crate::wire::json::{Document, ELEMENT, Paths, ValueKind};
use crate::wire::table::{Meaning, Role};

/// By type and path.
pub(super) type Meanings = Vec<Vec<Option<Meaning>>>;

/// What is known of a format. Clones share it until one of them learns more.
#[derive(Clone, Default)]
pub(super) struct Known {
    pub(super) paths: Paths,
    pub(super) types: Arc<Vec<Box<str>>>,
    pub(super) meanings: Arc<Meanings>,
    pub(super) shapes: Arc<Vec<(Shape, Document)>>,
}

/// More shapes than this would take longer to compare than events take to read.
const MOST_SHAPES: usize = 16;

/// Larger events are rare, and more places are not the protocol's.
const LARGEST_SHAPE: usize = 4 << 10;
const MOST_PLACES: usize = 128;

/// Longer names are not the protocol's.
const LONGEST_LABEL: usize = 64;

static KNOWN: OnceLock<HashMap<Format, Mutex<Known>>> = OnceLock::new();

impl Known {
    fn place(format: Format) -> &'static Mutex<Self> {
        let empty = || Format::ALL.into_iter().map(|format| (format, Mutex::default())).collect();
        &KNOWN.get_or_init(empty)[&format]
    }

    /// What is known of a format so far.
    pub(super) fn of(format: Format) -> Self {
        Self::place(format).lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn publish(&self, format: Format) {
        *Self::place(format).lock().unwrap_or_else(PoisonError::into_inner) = self.clone();
    }
}

impl Events {
    /// Keeps the shape of an event that was read in full, for this response and those that begin later, if all that it consists of is the protocol's.
    pub(super) fn learn(&mut self, event: &Event, payload: &str, document: &Document, like: &Like) {
        let Some(pinned) = like.pinned().filter(|_| self.known.shapes.len() < MOST_SHAPES) else { return };
        let table = &self.table;
        let is_word = |name: &str| {
            let others = [&table.inside, &table.sequence].into_iter().flatten().chain(&table.envelope);
            name == ELEMENT || table.is_word(name) || others.into_iter().any(|other| **other == *name)
        };
        let is_type = |name: &str| name.is_empty() || table.knows(name) || table.is_start(name);
        let may_be_kept = |value: &usize| {
            let value = &document.values[*value];
            let meaning = self.meanings[usize::from(event.of)][value.node as usize];
            let written = &payload[value.span.clone()];
            let label = written.trim_matches('"');
            match value.kind {
                // Whose arguments come next is a response's own.
                _ if meaning.is_none_or(|meaning| meaning.is_tool_name) => false,
                ValueKind::Text if label.bytes().all(|byte| byte.is_ascii_digit()) => label.len() < 4,
                ValueKind::Text => {
                    label.len() <= LONGEST_LABEL && is_label(self.paths.name(value.node), label, Role::Whole)
                }
                _ => written.len() < 4,
            }
        };
        let places = self.paths.all_names();
        if payload.len() > LARGEST_SHAPE
            || places.len() > MOST_PLACES
            || !event.frame.name.as_deref().is_none_or(is_type)
            || !self.types.iter().all(|name| is_type(name))
            || !pinned.iter().all(may_be_kept)
            || !places.into_iter().all(is_word)
        {
            return;
        }
        let shapes = self.known.shapes.iter().cloned().chain([like.emptied(document)]).collect();
        self.known = Known {
            paths: self.paths.clone(),
            types: Arc::clone(&self.types),
            meanings: Arc::clone(&self.meanings),
            shapes: Arc::new(shapes),
        };
        self.known.publish(self.format);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checker::Session;
    use crate::wire::Framing;
    use crate::wire::frame::Framer;
    use crate::{Identifier, Index, IndexBuilder, Kind, Policy, Reader};

    fn index() -> Index {
        let mut builder = IndexBuilder::new();
        for (kind, text) in [(Kind::Email, "ann@example.com"), (Kind::Reference, "QX7P2K")] {
            builder.add(Identifier { owner: "C-1", kind, text }).unwrap();
        }
        builder.finish_in_memory().unwrap()
    }

    /// What leaves of a response, and what is known after it.
    fn respond(index: &Index, format: Format, known: Known, events: &[String]) -> (String, Known) {
        let session = Session::new(index, &Policy::standard(), Reader::stranger());
        let (mut framer, mut out) = (Framer::new(Framing::Sse, 1 << 20), Vec::new());
        let mut response = Events::knowing(known, &session, format, false, 1 << 20);
        for event in events {
            framer.push(format!("data: {event}\n\n").as_bytes());
            let _ = response.push(framer.next(false).unwrap().unwrap(), &mut out).unwrap();
        }
        let _ = response.finish(&mut out).unwrap();
        (String::from_utf8(out).unwrap(), response.known)
    }

    const FORMATS: [(Format, &str); 3] = [
        (
            Format::OpenAiChat,
            r#"{"id":"ID","created":1712345,"model":"model-1","choices":[{"index":0,"delta":{"role":"assistant","content":"TEXT"},"finish_reason":null}]}"#,
        ),
        (
            Format::Gemini,
            r#"{"candidates":[{"content":{"parts":[{"text":"TEXT"}],"role":"model"},"index":0}],"responseId":"ID"}"#,
        ),
        (Format::Ollama, r#"{"model":"ID","message":{"role":"assistant","content":"TEXT"},"done":false}"#),
    ];

    #[test]
    fn a_response_is_judged_as_the_first_one() {
        let index = index();
        for (format, event) in FORMATS {
            let said =
                |id: &str, texts: [&str; 2]| texts.map(|text| event.replace("ID", id).replace("TEXT", text));
            let (_, known) = respond(&index, format, Known::default(), &said("first", ["Thank", " you"]));
            assert!(!known.shapes.is_empty(), "{format:?}");
            for (id, texts) in [
                ("second", ["Write", " to ann@example.com."]),
                ("QX7P2K", ["Write", " soon."]),
                ("third", ["ann@exam", "ple.com"]),
                ("third", ["QX7", "P2K"]),
                ("first", ["Thank", " you"]),
            ] {
                let events = said(id, texts);
                let (cold, _) = respond(&index, format, Known::default(), &events);
                let (warm, after) = respond(&index, format, known.clone(), &events);
                assert_eq!(warm, cold, "{format:?} {id} {texts:?}");
                assert!(!warm.contains("ann@") && !warm.contains("QX7"), "{format:?} {id} {texts:?}");
                assert!(Arc::ptr_eq(&after.shapes, &known.shapes), "{format:?}: it was recalled");
            }
        }
    }

    #[test]
    fn nothing_is_kept_that_a_response_said() {
        let index = index();
        for (format, event) in FORMATS {
            let events = ["secret one", "secret two"]
                .map(|text| event.replace("TEXT", text).replace("ID", "secret-id"));
            let (_, known) = respond(&index, format, Known::default(), &events);
            assert!(known.shapes.iter().all(|(shape, _)| !shape.says("secret") && !shape.says("12345")));
        }
        // A name that is not the protocol's, a tool's name, a place that only this response tells apart.
        for (format, event) in [
            (Format::OpenAiChat, r#"{"id":"x","ann_lee":1,"choices":[{"index":0,"delta":{"content":"a"}}]}"#),
            (
                Format::OpenAiChat,
                r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"name":"find","arguments":"{"}}]}}]}"#,
            ),
            (Format::AiSdkUi, r#"{"type":"text-delta","id":"AnnLee","delta":"a"}"#),
            (Format::AiSdkUi, r#"{"type":"data-annlee","data":1}"#),
        ] {
            let (_, known) = respond(&index, format, Known::default(), &[event.to_owned()]);
            assert!(known.shapes.is_empty(), "{event}");
        }
    }

    #[test]
    fn what_one_response_calls_its_events_is_nothing_to_the_next_one() {
        let index = index();
        let own = (0..300).map(|n| format!(r#"{{"type":"data-{n}","id":12345}}"#));
        let said = ["Hi ann@exam", "ple.com and bye"]
            .map(|text| format!(r#"{{"type":"text-delta","id":"1","delta":"{text}"}}"#));
        let first: Vec<String> =
            own.chain([r#"{"type":"start-step"}"#.to_owned()]).chain(said.iter().cloned()).collect();
        let (out, known) = respond(&index, Format::AiSdkUi, Known::default(), &first);
        assert!(out.contains("[EMAIL]"), "the protocol's own types are known, however many others there are");
        let (warm, _) = respond(&index, Format::AiSdkUi, known, &said);
        let (cold, _) = respond(&index, Format::AiSdkUi, Known::default(), &said);
        assert!(warm == cold && warm.contains("[EMAIL] and bye"), "{warm}");
    }

    /// The formats that most responses come in.
    #[test]
    fn common_events_are_learned() {
        let index = index();
        for (format, event) in [
            (
                Format::OpenAiResponses,
                r#"{"type":"response.output_text.delta","sequence_number":4,"item_id":"a","output_index":0,"content_index":0,"delta":"a"}"#,
            ),
            (
                Format::Anthropic,
                r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}"#,
            ),
            (
                Format::Cohere,
                r#"{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"a"}}}}"#,
            ),
            (Format::AiSdkUi, r#"{"type":"text-delta","id":"1","delta":"a"}"#),
        ] {
            let (_, known) = respond(&index, format, Known::default(), &[event.to_owned()]);
            assert!(!known.shapes.is_empty(), "{format:?}");
        }
    }
}
