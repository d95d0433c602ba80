//! Events that repeat the last one: most of a stream. They say the same but for a fragment and what nobody has to look at, so that one comparison of
//! bytes frames and reads them.

use std::ops::Range;

use super::{Item, Like};
use crate::checker::Verdict;
use crate::wire::channel::Template;
use crate::wire::events::event::{Event, Piece};
use crate::wire::events::ids::Key;
use crate::wire::events::{Events, MODEL_EVENTS, Step};
use crate::wire::frame::Frame;
use crate::wire::guard::Fault;
use crate::wire::json::{Compared, Document, Value, ValueKind, write_quoted};
use crate::wire::table::{Role, is_checked_number};

/// What is looked at in an event that says the same as the last one but for its only fragment, its number, and what nobody has to look at. Of these the
/// place among the values that vary is given.
pub(super) struct Repeat {
    /// The last event, in the bytes it came in, and where its payload stands in them.
    frame: Frame<'static>,
    start: usize,
    end: usize,
    /// The fragment, and its item.
    fragment: usize,
    item: usize,
    /// What numbers the event.
    sequence: Option<usize>,
    /// The text of the fragment, once it is known.
    channel: Option<usize>,
}

/// What an event says that repeats the last one.
pub(in crate::wire::events) struct Said {
    /// How many bytes it is, and where its payload stands in them.
    pub(in crate::wire::events) length: usize,
    start: usize,
    end: usize,
    /// The fragment by its place in the payload, and its item.
    value: Value,
    item: usize,
    sequence: Option<(Range<usize>, i64)>,
}

impl Said {
    fn payload<'a>(&self, raw: &'a [u8]) -> Option<&'a str> {
        std::str::from_utf8(&raw[self.start..self.end]).ok()
    }
}

impl Like {
    /// What the event says that these bytes begin with, if it says the same as the last one but for its only fragment and values that nobody has to look at.
    /// The last one stays the last, and where its values stand is not read.
    fn repeats(&mut self, bytes: &[u8], document: &Document) -> Option<Said> {
        let repeat = self.repeat.as_ref().filter(|_| self.is_kept)?;
        let (last, start) = (&repeat.frame.raw, repeat.start);
        let length = document.compare(&self.varying, last, start, bytes, &mut self.compared)?;
        // Whether the fragment is text is asked when it is read.
        for (place, Compared { span, is_same }) in self.compared.iter().enumerate() {
            if !is_same && place != repeat.fragment && std::str::from_utf8(&bytes[span.clone()]).is_err() {
                return None;
            }
        }
        let in_payload = |at: usize| {
            let span = &self.compared[at].span;
            span.start - start..span.end - start
        };
        let number = |at: usize| {
            let written = &bytes[self.compared[at].span.clone()];
            Some((in_payload(at), std::str::from_utf8(written).ok()?.parse().ok()?))
        };
        let value = &document.values[self.last.items[repeat.item].value];
        Some(Said {
            length,
            start,
            end: length - (last.len() - repeat.end),
            value: Value { span: in_payload(repeat.fragment), ..value.clone() },
            item: repeat.item,
            sequence: repeat.sequence.and_then(number),
        })
    }

    /// An event that repeats the last one.
    fn again(&self, raw: &[u8]) -> Option<Frame<'static>> {
        Some(self.repeat.as_ref()?.frame.again(raw))
    }

    /// What stands beside the payloads is another than it was: the next event is read in full.
    pub(in crate::wire::events) fn forget_repeat(&mut self) {
        self.repeat = None;
    }

    /// What is looked at in the events that repeat this one, if there may be any.
    pub(super) fn repeatable(
        &mut self,
        frame: &Frame<'static>,
        document: &Document,
        is_sequence: impl Fn(&Value) -> bool,
    ) -> Option<Repeat> {
        // What stands beside the payload is judged where it is another than the last.
        let is_as_it_came = frame.notes.len() < 2 && !frame.lacks_notes;
        let Range { start, end } = frame.plain_payload().filter(|_| is_as_it_came)?;
        let items = &self.last.items;
        let is_fragment = |item: &Item| {
            document.values[item.value].kind == ValueKind::Text
                && matches!(item.meaning.role, Role::Text(_) | Role::Arguments(_))
        };
        let mut fragments = items.iter().enumerate().filter(|(_, item)| is_fragment(item));
        let (item, fragment) = fragments.next().filter(|_| fragments.next().is_none())?;
        let (value, mut sequence) = (fragment.value, None);
        // Half a character is no JSON to whom a stopped response asks what events have said of themselves.
        let says = &frame.raw[start..end][document.values[value].span.clone()];
        if memchr::memmem::find(says, b"\\u").is_some() {
            return None;
        }
        let number = document.values.iter().position(&is_sequence);
        for value in number.into_iter().chain([value]) {
            if let Err(place) = self.varying.binary_search(&value) {
                self.varying.insert(place, value);
            }
        }
        for (at, value) in self.varying.iter().enumerate() {
            let is_looked_at = |item: &Item| {
                let kind = document.values[item.value].kind;
                item.value == *value && (kind == ValueKind::Text || is_checked_number(item.meaning.role))
            };
            if *value != fragment.value && items.iter().any(is_looked_at) {
                return None;
            }
            if is_sequence(&document.values[*value]) {
                sequence = Some(at);
            }
        }
        let fragment = self.varying.binary_search(&value).ok()?;
        Some(Repeat { frame: frame.clone(), start, end, fragment, item, sequence, channel: None })
    }
}

impl Events {
    /// Takes the event that these bytes begin with, if it repeats the last one: how many bytes it is, and what became of it.
    pub(in crate::wire) fn push_repeated(
        &mut self,
        bytes: &[u8],
        out: &mut Vec<u8>,
    ) -> Option<(usize, Step)> {
        // Behind a carriage return the line may go on.
        let limit = self.limit;
        let is_whole = |said: &Said| said.length <= limit && bytes[said.length - 1] == b'\n';
        let said = self.repeats(bytes).filter(is_whole)?;
        let length = said.length;
        Some((length, self.repeat(&bytes[..length], said, out)))
    }

    /// What the event says that these bytes begin with, if it is enough to look at its fragment.
    pub(in crate::wire::events) fn repeats(&mut self, bytes: &[u8]) -> Option<Said> {
        // Texts that no table names, and which model writes, may stand anywhere; what is in base64 is another payload.
        let may_be_repeated = !self.is_whole
            && !self.has_joined
            && self.asked_for_model >= MODEL_EVENTS
            && self.table.inside.is_none();
        if may_be_repeated { self.like.repeats(bytes, &self.document) } else { None }
    }

    /// Takes an event that [repeats](Like::repeats) the last one: it leaves at once with what is decided, if nothing waits.
    pub(in crate::wire::events) fn repeat(&mut self, raw: &[u8], said: Said, out: &mut Vec<u8>) -> Step {
        let written = &raw[said.start + said.value.span.start + 1..said.start + said.value.span.end - 1];
        let written = std::str::from_utf8(written).map_err(|_| Fault::Malformed)?;
        self.counts.events += 1;
        if let Some(repeat) = &self.like.repeat {
            self.ending.came(&repeat.frame);
        }
        let channel = self.repeated_channel(&said)?;
        let (piece, verdict) = self.take(written, &said.value, channel);
        if verdict == Verdict::Continue && self.held_text() > self.limit {
            self.gather();
            return Err(Fault::TooLarge);
        }
        let is_numbered_so = said.sequence.is_none() || self.renumbered == 0;
        if verdict == Verdict::Continue && is_numbered_so && self.leaves_at_once(&piece) {
            self.emit_repeated(raw, said, piece, out);
            return Ok(Verdict::Continue);
        }
        let frame = self.like.again(raw).ok_or(Fault::Malformed)?;
        let payload = said.payload(raw).ok_or(Fault::Malformed)?.to_owned();
        let mut event =
            Event { of: self.like.last.of, sequence: said.sequence, ..Event::new(frame, payload) };
        event.pieces.push(piece);
        if verdict == Verdict::Stop {
            self.silence_alike(&mut event, said.item);
        }
        self.leave(event, verdict, out)
    }

    /// The text of the only fragment of an event that repeats the last one.
    fn repeated_channel(&mut self, said: &Said) -> Result<usize, Fault> {
        let known = self.like.repeat.as_ref().and_then(|repeat| repeat.channel);
        if let Some(channel) = known.filter(|channel| !self.channels[*channel].is_ended()) {
            return Ok(channel);
        }
        let Item { meaning, ids, .. } = &self.like.last.items[said.item];
        let (group, arguments) = match meaning.role {
            Role::Arguments(group) => (group, Some(self.audience(ids))),
            Role::Text(group) => (group, None),
            _ => unreachable!("it is a fragment"),
        };
        let channel = self.channel(Key::Group(group, *ids), said.value.node, arguments)?;
        if let Some(repeat) = &mut self.like.repeat {
            repeat.channel = Some(channel);
        }
        Ok(channel)
    }

    /// Writes an event that repeats the last one. What is left of its text is carried.
    fn emit_repeated(&mut self, raw: &[u8], said: Said, piece: Piece, out: &mut Vec<u8>) {
        let (start, span) = (said.start, said.value.span.clone());
        let mut text = std::mem::take(&mut self.leaving);
        text.clear();
        let (to, is_untouched) = self.write_piece(&piece, &mut text);
        if is_untouched {
            out.extend_from_slice(raw);
        } else {
            out.extend_from_slice(&raw[..start + span.start]);
            write_quoted(&text, out);
            out.extend_from_slice(&raw[start + span.end..]);
        }
        self.leaving = text;
        // What many events say that differ in nothing but the fragment is kept once for all of them.
        let repeats = Some(self.like.number).filter(|_| self.like.varying.len() == 1);
        if repeats.is_none() {
            self.ending.sent_again(said.payload(raw).unwrap_or_default());
            self.numbered = said.sequence.as_ref().map_or(self.numbered, |(_, number)| *number);
        }
        if to < piece.end {
            let template = self.channels[piece.channel].template.as_deref();
            let is_kept = template.is_some_and(|template| repeats.is_some() && template.repeats == repeats);
            if let Some(repeat) = self.like.repeat.as_ref().filter(|_| !is_kept) {
                let (frame, payload) =
                    (repeat.frame.like(), said.payload(raw).unwrap_or_default().to_owned());
                let (node, of) = (piece.node, self.like.last.of);
                let template = Template { frame, payload, node, span, inside: None, of, repeats };
                self.channels[piece.channel].template = Some(Box::new(template));
            }
        }
        if self.channels[piece.channel].has_findings() {
            self.gather();
        }
    }

    /// What stands behind an item was not judged in this event, which is like the last one.
    fn silence_alike(&mut self, event: &mut Event, item: usize) {
        let Some(payload) = event.payload.take() else { return };
        if self.document.read_alike(&self.like.last.payload, &payload) {
            let values = self.like.last.items[item..].iter().map(|item| &self.document.values[item.value]);
            self.silence(event, &payload, values);
        }
        event.payload = Some(payload);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Framing;
    use crate::wire::events::MODEL_EVENTS;
    use crate::wire::format::Format;
    use crate::wire::frame::Framer;
    use crate::{Identifier, IndexBuilder, Kind, Policy, Reader, Session};

    /// What some formats send for a token, which is `WORD`; `NUMBER` numbers it.
    const EVENTS: [(Format, &str); 8] = [
        (
            Format::OpenAiChat,
            r#"{"id":"x","created":17,"choices":[{"index":0,"delta":{"content":"WORD"},"logprobs":null,"finish_reason":null}],"usage":null}"#,
        ),
        (
            Format::OpenAiChat,
            r#"{"id":"x","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"WORD"}}]}}],"obfuscation":"NOISE"}"#,
        ),
        (
            Format::OpenAiCompletions,
            r#"{"choices":[{"text":"WORD","index":0,"logprobs":null,"finish_reason":null}]}"#,
        ),
        (
            Format::OpenAiResponses,
            r#"{"type":"response.output_text.delta","sequence_number":NUMBER,"item_id":"a","output_index":0,"content_index":0,"delta":"WORD","logprobs":[]}"#,
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
        (
            Format::Tgi,
            r#"{"index":NUMBER,"token":{"id":NUMBER,"text":"WORD","logprob":-0.1,"special":false},"generated_text":null,"details":null}"#,
        ),
    ];

    /// Most events of a stream are like the one before: what each of these formats sends for a token must be found to be so, and in the end to repeat it.
    #[test]
    fn events_of_tokens_are_alike() {
        let index = IndexBuilder::new().finish_in_memory().unwrap();
        let session = Session::new(&index, &Policy::standard(), Reader::stranger());
        for (format, event) in EVENTS {
            let (mut framer, mut out) = (Framer::new(Framing::Sse, 1 << 20), Vec::new());
            let mut events = Events::new(&session, format, false, 1 << 20);
            for at in 0..20 {
                let word = ["Thank", " you", " so", " much"][at % 4];
                let event = event.replace("WORD", word).replace("NUMBER", &at.to_string());
                framer.push(format!("data: {}\n\n", event.replace("NOISE", word)).as_bytes());
                let frame = framer.next(false).unwrap().unwrap();
                let repeats = events.repeats(&frame.raw).is_some();
                assert_eq!(repeats, at >= usize::from(MODEL_EVENTS), "{format:?}");
                assert_eq!(events.push(frame, &mut out), Ok(Verdict::Continue));
                assert!(events.like.is_kept, "{format:?}");
            }
        }
    }

    /// An event whose payload stands in two lines is always read in full.
    #[test]
    fn events_that_repeat_another_leave_as_if_they_were_read_in_full() {
        const WORDS: [&str; 24] = [
            "Greta",
            " Lind",
            "qvist",
            " Lindqvist",
            " and",
            " the",
            " order",
            "ann",
            "@example",
            ".com",
            " +1 415",
            " 555",
            "-0134",
            " 41",
            "5",
            ".",
            ",\\n",
            "é",
            " ",
            "",
            " Gre",
            "ta",
            " one",
            " you\\\"",
        ];
        const END: &str = r#"{"type":"response.content_part.done","sequence_number":NUMBER,"item_id":"a","output_index":0,"content_index":0}"#;
        let mut builder = IndexBuilder::new();
        for (kind, text) in [
            (Kind::Name, "Greta Lindqvist"),
            (Kind::Email, "ann@example.com"),
            (Kind::Phone, "+1 415 555 0134"),
        ] {
            builder.add(Identifier { owner: "C-1", kind, text }).unwrap();
        }
        let index = builder.finish_in_memory().unwrap();
        let mut seed: u64 = 1;
        let mut below = |end: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as usize % end
        };
        let stop = Policy::from_toml("extends = 'standard'\n[kinds]\nemail = 'stop'").unwrap();
        let blind = Policy::from_toml("extends = 'standard'\n[hold]\ncadence = 'blind'").unwrap();
        let policies = [Policy::standard(), Policy::strict(), stop, blind];
        let mut passed = 0;
        for round in 0..320 {
            let (format, event) = EVENTS[round % EVENTS.len()];
            let policy = &policies[round / EVENTS.len() % policies.len()];
            let session = || Session::new(&index, policy, Reader::stranger());
            let (one, two) = (&session(), &session());
            let mut sides = [one, two].map(|session| {
                (
                    Framer::new(Framing::Sse, 1 << 20),
                    Events::new(session, format, false, 1 << 20),
                    Vec::new(),
                    Ok(Verdict::Continue),
                )
            });
            for at in 0..40 {
                let noise = &"abcdef"[..below(6)];
                // There are servers that do not count.
                let number = if round % 3 < 2 { (at + 7).to_string() } else { "0".into() };
                let event = event.replace("WORD", WORDS[below(WORDS.len())]).replace("NUMBER", &number);
                let event = event.replace("NOISE", noise);
                // What is left of its text is one more event, after which all others are numbered otherwise.
                let ends = format == Format::OpenAiResponses && at == 20;
                let event = if ends { END.replace("NUMBER", &number) } else { event };
                let event = if below(10) == 0 { event.replace(r#""id":"x""#, r#""id":"y""#) } else { event };
                let name =
                    event.split('"').nth(3).filter(|_| format == Format::OpenAiResponses && round % 2 == 0);
                let name = name.map_or(String::new(), |name| format!("event: {name}\n"));
                for (side, (framer, events, out, step)) in sides.iter_mut().enumerate() {
                    let payload = if side == 0 { event.clone() } else { event.replacen('{', "{\ndata: ", 1) };
                    let bytes = format!("{name}data: {payload}\n\n");
                    if *step != Ok(Verdict::Continue) {
                        continue;
                    }
                    if framer.is_between()
                        && let Some((length, judged)) = events.push_repeated(bytes.as_bytes(), out)
                    {
                        assert_eq!((length, side), (bytes.len(), 0));
                        passed += 1;
                        *step = judged;
                    } else {
                        framer.push(bytes.as_bytes());
                        *step = events.push(framer.next(false).unwrap().unwrap(), out);
                    }
                }
            }
            let said = sides.map(|(_, mut events, mut out, mut step)| {
                if step == Ok(Verdict::Continue) {
                    step = events.finish(&mut out);
                }
                let lines = String::from_utf8(out).unwrap().replace("{\ndata: ", "{");
                (lines, step, events.take_findings().len(), events.counts.events)
            });
            assert_eq!(said[0], said[1], "{format:?}");
        }
        assert!(passed > 2_000, "{passed} events repeated another");
    }

    /// A text that is held is bounded as it is in an event that is read in full.
    #[test]
    fn an_event_that_repeats_another_may_hold_no_more() {
        let mut builder = IndexBuilder::new();
        builder.add(Identifier { owner: "C-1", kind: Kind::Name, text: "Greta Lindqvist" }).unwrap();
        let index = builder.finish_in_memory().unwrap();
        let session = Session::new(&index, &Policy::standard(), Reader::stranger());
        let (mut framer, mut out) = (Framer::new(Framing::Sse, 1 << 20), Vec::new());
        let mut events = Events::new(&session, Format::OpenAiChat, false, 100);
        let mut push = |text: &str| {
            framer.push(format!("data: {}\n\n", EVENTS[0].1.replace("WORD", text)).as_bytes());
            let frame = framer.next(false).unwrap().unwrap();
            let repeats = events.repeats(&frame.raw).is_some();
            (repeats, events.push(frame, &mut out))
        };
        for _ in 0..usize::from(MODEL_EVENTS) + 1 {
            assert_eq!(push(" you").1, Ok(Verdict::Continue));
        }
        assert_eq!(push(&" so".repeat(100)), (true, Err(Fault::TooLarge)));
    }

    /// Bytes that are no text break the response also where only the fragment is read.
    #[test]
    fn an_event_that_repeats_another_is_text() {
        let index = IndexBuilder::new().finish_in_memory().unwrap();
        let session = Session::new(&index, &Policy::standard(), Reader::stranger());
        let (format, event) = EVENTS[1];
        for broken in ["WORD", "NOISE"] {
            let mut events = Events::new(&session, format, false, 1 << 20);
            let (mut framer, mut out) = (Framer::new(Framing::Sse, 1 << 20), Vec::new());
            for noise in ["ab", "é"].repeat(8) {
                let event = event.replace("WORD", " you").replace("NOISE", noise);
                framer.push(format!("data: {event}\n\n").as_bytes());
                assert_eq!(
                    events.push(framer.next(false).unwrap().unwrap(), &mut out),
                    Ok(Verdict::Continue)
                );
            }
            let event = format!("data: {event}\n\n");
            assert!(events.push_repeated(event.as_bytes(), &mut out).is_some());
            let left = out.len();
            let (before, behind) = event.split_once(broken).unwrap();
            let bytes = [before.as_bytes(), b"\xff", behind.as_bytes()].concat();
            framer.push(&bytes);
            assert_eq!(events.push(framer.next(false).unwrap().unwrap(), &mut out), Err(Fault::Malformed));
            let step = events.push_repeated(&bytes, &mut out).map(|(_, step)| step);
            assert!(matches!(step, None | Some(Err(Fault::Malformed))));
            assert_eq!(out.len(), left);
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
