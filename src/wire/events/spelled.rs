//! The text once more: as tokens, as places in it, as a signature of it.

use std::ops::Range;

use super::event::{Event, Piece, empty, inside};
use super::ids::{Ids, Key};
use super::{Events, Step};
use crate::checker::Verdict;
use crate::policy::Audience;
use crate::wire::channel::Made;
use crate::wire::json::{Document, ELEMENT, ROOT, Value, ValueKind, unescaped};
use crate::wire::table::Unit;

/// What tokens are called. Other texts beside them are texts of their own.
const TOKENS: [&str; 6] = ["token", "text", "piece", "tok_str", "decoded_token", ELEMENT];

impl Events {
    /// Judges the words that spell a text again, and those that might have: each by itself, and one behind the other, rank by rank.
    pub(super) fn judge_tokens(
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
                ValueKind::Text => TOKENS.contains(&self.paths.name(value.node)),
                ValueKind::Key => {
                    self.paths.name(above) == ELEMENT && self.paths.names(above).contains(&"top_logprobs")
                }
                _ => continue,
            };
            if value.kind == ValueKind::Key && !is_word {
                let verdict = self.judge_key(event, payload, value, of, &Ids::default())?;
                if verdict == Verdict::Stop {
                    return Ok(verdict);
                }
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
            if !is_word {
                continue;
            }
            event.is_atomic |= !self.is_whole;
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
                    id.into_iter().for_each(|id| ids.push(id));
                }
            }
            let node = if value.kind == ValueKind::Key { above } else { value.node };
            let channel = self.channel(Key::Path(of, node, ids), node, None)?;
            let start = self.channels[channel].seen();
            let verdict = self.channels[channel].push(&word);
            let end = self.channels[channel].seen();
            event.pieces.push(Piece { channel, node, span: None, is_torn: false, start, end });
            if verdict == Verdict::Stop {
                return Ok(verdict);
            }
        }
        Ok(Verdict::Continue)
    }

    /// A signature goes with the text that it vouches for.
    pub(super) fn judge_signature(
        &mut self,
        event: &mut Event,
        document: &Document,
        value: &Value,
        ids: &Ids,
    ) {
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
    pub(super) fn offset_text(&self, ids: &Ids) -> Option<&Made> {
        let fits = |key: &Key| {
            matches!(key, Key::Group(group, other) if *group == self.table.visible
                && (ids.as_slice().starts_with(other.as_slice()) || other.as_slice().starts_with(&ids.as_slice()[..ids.as_slice().len().min(1)])))
        };
        self.by_key.iter().find(|(key, _)| fits(key)).map(|(_, channel)| &self.channels[*channel].made)
    }
}

/// Where an offset of the original text is in the new one; `None` if it has not moved.
pub(super) fn moved(written: &str, made: &Made, unit: Unit) -> Option<String> {
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
