//! Fragments: the texts that they make, and their ends.

use super::event::{Event, Piece, inside};
use super::ids::{Ids, Key};
use super::{Events, Step};
use crate::checker::Verdict;
use crate::policy::Audience;
use crate::wire::arguments::Arguments;
use crate::wire::channel::Channel;
use crate::wire::guard::Fault;
use crate::wire::json::{Node, Value};

/// More texts than this are not told apart in one response: it cannot be checked.
const MOST_CHANNELS: usize = 4096;

impl Events {
    /// Whose eyes the arguments of the tool that is called here are for.
    pub(super) fn audience(&self, ids: &Ids) -> Audience {
        let fits = |other: &Ids| {
            ids.as_slice().starts_with(other.as_slice()) || other.as_slice().starts_with(ids.as_slice())
        };
        let tool = self.tools.iter().rev().find(|(other, _)| fits(other)).map(|(_, name)| &**name);
        self.session.policy().tool_arguments(tool)
    }

    /// How findings call the place of a text. Names that no table knows may have been written by the model, and say nothing.
    pub(super) fn name(&self, node: Node, ids: &Ids) -> String {
        self.paths.written(node, ids.as_slice().iter().copied(), |name| self.table.is_word(name))
    }

    /// The text of a key, which begins if it is not open.
    pub(super) fn channel(
        &mut self,
        key: Key,
        node: Node,
        arguments: Option<Audience>,
    ) -> Result<usize, Fault> {
        let is_open = |channel: &usize| !self.channels[*channel].is_ended();
        // Mostly it is the one that was asked for last.
        if let Some((_, channel)) = self.last_key.filter(|(last, channel)| *last == key && is_open(channel)) {
            return Ok(channel);
        }
        if let Some(channel) = self.by_key.get(&key).copied().filter(is_open) {
            self.last_key = Some((key, channel));
            return Ok(channel);
        }
        if self.channels.len() >= MOST_CHANNELS {
            return Err(Fault::TooLarge);
        }
        let name = self.name(node, key.ids());
        let is_visible = matches!(key, Key::Group(group, _) if group == self.table.visible);
        let channel = match arguments {
            Some(audience) => {
                Channel::arguments(Arguments::new(&self.session, name.into(), audience == Audience::Internal))
            }
            None if is_visible => Channel::text(self.session.channel(&name)).with_notice(&self.notice),
            None => Channel::text(self.session.channel(&name)),
        };
        let place = self.channels.len();
        self.channels.push(channel);
        self.by_key.insert(key, place);
        if is_visible {
            self.visible.push(place);
        }
        Ok(place)
    }

    /// Takes a fragment of a text.
    pub(super) fn fragment(
        &mut self,
        event: &mut Event,
        payload: &str,
        value: &Value,
        key: Key,
        arguments: Option<Audience>,
    ) -> Step {
        let channel = self.channel(key, value.node, arguments)?;
        let (piece, verdict) = self.take(inside(payload, value), value, channel);
        event.pieces.push(piece);
        Ok(verdict)
    }

    /// The same, as it is written between its quotes, of a text that is open.
    pub(super) fn take(&mut self, written: &str, value: &Value, channel: usize) -> (Piece, Verdict) {
        let (text, is_torn) = self.channels[channel].whole_characters(written);
        self.counts.checked_bytes += text.len() as u64;
        let start = self.channels[channel].seen();
        let verdict = self.channels[channel].push(&text);
        let end = self.channels[channel].seen();
        (Piece { channel, node: value.node, span: Some(value.span.clone()), is_torn, start, end }, verdict)
    }

    /// Ends all texts, or those of one block.
    pub(super) fn end_channels(&mut self, block: Option<&Ids>) -> Verdict {
        let is_in = |key: &Key| block.is_none_or(|block| key.ids().as_slice().starts_with(block.as_slice()));
        let ending = self.by_key.iter().filter(|(key, _)| is_in(key)).map(|(_, channel)| *channel);
        let mut ending: Vec<usize> = ending.collect();
        // In the order in which they began: one may stop the others.
        ending.sort_unstable();
        let stops = ending.into_iter().any(|channel| self.channels[channel].end() == Verdict::Stop);
        if stops { Verdict::Stop } else { Verdict::Continue }
    }
}
