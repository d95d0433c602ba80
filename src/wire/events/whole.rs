//! Texts, numbers and names that stand there whole.

use xxhash_rust::xxh3::xxh3_64;

use super::event::{Event, inside};
use super::ids::{Ids, Key};
use super::{Events, MOST_PLACES, Step};
use crate::checker::{Edit, Verdict};
use crate::policy::Audience;
use crate::wire::channel::Made;
use crate::wire::format::Format;
use crate::wire::frame::Frame;
use crate::wire::guard::Fault;
use crate::wire::json::{ANY, Node, ROOT, Value, plain_number, quoted, unescaped};
use crate::wire::reading::reading;
use crate::wire::table::Role;

/// What stood in one place last.
pub(super) struct Spot {
    pub(super) hash: u64,
    /// Its end, in case that it goes on elsewhere.
    pub(super) tail: Box<str>,
    /// What stands in its place.
    pub(super) replacement: Option<Box<str>>,
}

/// How much of a value is remembered, in bytes.
const LONGEST_TAIL: usize = 256;

impl Events {
    /// Text beside the payloads: no provider says anything there, and nobody is to.
    pub(super) fn judge_notes(&mut self, frame: &mut Frame<'_>) -> Step {
        if frame.notes.is_empty() {
            return Ok(Verdict::Continue);
        }
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
                self.like.forget_repeat();
            } else {
                self.withheld = true;
                let is_told = frame.name.as_deref().is_some_and(|name| text.contains(name));
                frame.name = frame.name.take().filter(|_| !is_told);
                frame.remove(note);
                return self.judge_notes(frame);
            }
        }
        Ok(Verdict::Continue)
    }

    /// Judges a text that is there whole: what is replaced in it, and up to where it is decided if it stops the response.
    pub(super) fn judge_text(
        &mut self,
        name: &str,
        audience: Audience,
        text: &str,
    ) -> (Verdict, Vec<Edit>, u64) {
        let checker = match audience {
            Audience::Reader => self.session.channel(name),
            Audience::Internal => self.session.internal_channel(name),
        };
        let (edits, decided, verdict, mut findings) = checker.whole(text);
        self.counts.checked_bytes += text.len() as u64;
        self.findings.append(&mut findings);
        (verdict, edits, decided)
    }

    /// Judges a text that stands there whole; gives what was replaced in it.
    pub(super) fn judge_whole(
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
        let may_join = role == Role::Unnamed || (role == Role::Data && self.format == Format::Json);
        let joined = may_join && !self.is_whole && self.spots.contains_key(&key);
        if joined || self.by_key.contains_key(&key) {
            if let Some(spot) = self.spots.remove(&key) {
                self.join(&key, value.node, &spot.tail)?;
            }
            return Ok((self.fragment(event, payload, value, key, None)?, None));
        }
        let audience = if role == Role::Object { self.audience(ids) } else { Audience::Reader };
        let name = self.name(value.node, ids);
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
        if self.spots.len() < MOST_PLACES && !self.is_whole && audience == Audience::Reader {
            let from = (0..=text.len().min(LONGEST_TAIL))
                .rev()
                .find(|back| text.is_char_boundary(text.len() - back));
            let tail = text[text.len() - from.unwrap_or(0)..].into();
            self.spots.insert(key, Spot { hash, tail, replacement });
        }
        Ok((verdict, Some(made)))
    }

    /// Makes a text of what stands in one place with ever other values: what stood there first has left.
    pub(super) fn join(&mut self, key: &Key, node: Node, tail: &str) -> Result<(), Fault> {
        let channel = self.channel(*key, node, None)?;
        self.has_joined = true;
        let _ = self.channels[channel].push(tail);
        self.channels[channel].forget(tail.len() as u64);
        Ok(())
    }

    /// What was replaced in a text that has ended, in all of it.
    pub(super) fn made_of(&self, channel: usize) -> Option<Made> {
        let channel = &self.channels[channel];
        let made = channel.all_made();
        (!made.is_cut).then_some(made)
    }

    pub(super) fn judge_number(
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
        let name = self.name(value.node, ids);
        let audience = if role == Role::Object { self.audience(ids) } else { Audience::Reader };
        let (mut verdict, mut edits, _) = self.judge_text(&name, audience, text);
        let plain = plain_number(text).filter(|_| edits.is_empty() && verdict == Verdict::Continue);
        if let Some(plain) = &plain {
            (verdict, edits, _) = self.judge_text(&name, audience, plain);
        }
        if !edits.is_empty() {
            let text = plain.as_deref().unwrap_or(text);
            self.withheld = true;
            event.fixed.push((value.span.clone(), quoted(&Made::of(text, &edits).apply(text))));
        } else if self.spots.len() < MOST_PLACES && audience == Audience::Reader {
            self.spots.insert(key, Spot { hash, tail: "".into(), replacement: None });
        }
        Ok(verdict)
    }

    /// Judges the name of a member.
    pub(super) fn judge_key(
        &mut self,
        event: &mut Event,
        payload: &str,
        value: &Value,
        of: u16,
        ids: &Ids,
    ) -> Step {
        let Some(above) = self.paths.parent(value.node) else { return Ok(Verdict::Continue) };
        let role = self.meaning(of, above).role;
        let is_known = self.paths.name(value.node) != ANY;
        let audience = match role {
            Role::Object | Role::Arguments(_) => self.audience(ids),
            _ => Audience::Reader,
        };
        // What passes because nobody reads it may not pass elsewhere.
        let is_known = is_known && audience == Audience::Reader;
        let known = self.keys.get(&value.node).filter(|_| is_known).cloned();
        let replacement = match known {
            Some(replacement) => replacement,
            // The protocol's own words.
            None if !matches!(role, Role::Object | Role::Arguments(_) | Role::Data)
                && self.table.is_word(self.paths.name(value.node)) =>
            {
                None
            }
            None => {
                let text = unescaped(inside(payload, value));
                let name = self.name(value.node, ids);
                let (verdict, edits, _) = self.judge_text(&name, audience, &text);
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
}

/// The words of a protocol: what is called so and looks so is no text.
pub(super) fn is_label(name: &str, written: &str, role: Role) -> bool {
    !matches!(role, Role::Object | Role::Data)
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
