//! What leaves when: events in the order in which they came, with what is decided of them.

use std::ops::Range;

use super::event::{Event, Piece, empty, masked, spliced};
use super::{Events, Step};
use crate::checker::Verdict;
use crate::wire::channel::{Channel, Template};
use crate::wire::json::quoted;
use crate::wire::{ending, skeleton};

/// A text of which something is left: its channel, where it stands in a template, and up to where it leaves.
type Rest = (usize, Range<usize>, u64);

impl Events {
    /// Ends the response the provider's way, behind what is decided.
    pub(super) fn stop(&mut self, out: &mut Vec<u8>) -> Step {
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
            let payload = spliced(event.payload.as_deref().unwrap_or_default(), event.fixed);
            let body = ending::whole(self.format, &payload, &said);
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
        while let Some(Event { frame, payload, inside, pieces, fixed, of, .. }) = self.queue.pop_front() {
            for piece in pieces {
                let channel = &self.channels[piece.channel];
                let end = channel.decided().min(piece.end);
                let (Some(payload), Some(span), true) = (&payload, piece.span, end > channel.written())
                else {
                    continue;
                };
                let (payload, span) = masked(payload.clone(), &fixed, &span);
                let inside = inside.clone();
                let frame = frame.clone();
                let (node, span) = (piece.node, span.clone());
                let template = Template { frame, payload, node, span, inside, of, repeats: None };
                let text = (piece.channel, template.span.clone(), end);
                if let Some(event) = self.rest(template, &[text]) {
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

    /// Gives the texts that have ended an event for what is carried, before an event that has no place for it.
    pub(super) fn flush_before(&mut self, event: &Event) {
        if self.channels.iter().any(Channel::may_have_rest) {
            let places: Vec<usize> = event.pieces.iter().map(|piece| piece.channel).collect();
            self.flush_but(&places);
        }
    }

    pub(super) fn flush(&mut self) {
        self.flush_but(&[]);
    }

    /// Texts that stood in one event stand in one again: there are clients that read both.
    pub(super) fn flush_but(&mut self, places: &[usize]) {
        let mut rests: Vec<(Template, Vec<Rest>)> = Vec::new();
        for at in 0..self.channels.len() {
            let waits = |event: &Event| event.pieces.iter().any(|piece| piece.channel == at);
            let channel = &mut self.channels[at];
            let is_left = channel.written() < channel.seen() || channel.has_notice_left();
            let is_carried = channel.is_ended() && is_left;
            if !is_carried || places.contains(&at) || self.queue.iter().any(waits) {
                continue;
            }
            let Some(template) = channel.template.take() else { continue };
            let text = (at, template.span.clone(), channel.seen());
            let is_one = |(other, _): &&mut (Template, Vec<Rest>)| {
                other.payload == template.payload && other.frame.name == template.frame.name
            };
            match rests.iter_mut().find(is_one) {
                Some((_, texts)) => texts.push(text),
                None => rests.push((*template, vec![text])),
            }
        }
        for (template, texts) in rests {
            let event = self.rest(template, &texts);
            self.queue.extend(event);
        }
    }

    /// An event of its own for what is left of texts.
    pub(super) fn rest(&self, template: Template, texts: &[Rest]) -> Option<Event> {
        let spans: Vec<_> = texts.iter().map(|(_, span, _)| span.clone()).collect();
        let (payload, spans) = skeleton::of(&template.payload, &spans, &self.table.envelope)?;
        let sequence = skeleton::sequence(&payload, self.table.sequence.as_deref());
        let mut event = Event::new(template.frame.like(), payload);
        event.pieces.extend(texts.iter().zip(spans).map(|(&(channel, _, end), span)| {
            let start = self.channels[channel].written();
            Piece { channel, node: template.node, span: Some(span), is_torn: true, start, end }
        }));
        (event.inside, event.of, event.is_new, event.sequence) =
            (template.inside, template.of, true, sequence);
        Some(event)
    }

    /// Lets go what may leave.
    pub(super) fn drain(&mut self, ends: bool, out: &mut Vec<u8>) {
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
            let is_undecided = |channel: usize| {
                event.pieces.iter().any(|piece| piece.channel == channel && !is_decided(piece))
            };
            let waits_too = |other: &Event| {
                !other.pieces.is_empty()
                    && !other.is_sent_alone
                    && other.pieces.iter().all(|piece| is_undecided(piece.channel))
            };
            if !has_more && !ends && self.queue.iter().skip(1).all(waits_too) {
                return;
            }
            let event = self.queue.pop_front().expect("it is there");
            self.emit(event, out);
        }
    }

    /// Writes what is left of texts of an event that stood at other places before: it does not go to where they stand now.
    fn emit_elsewhere(&mut self, event: &Event, out: &mut Vec<u8>) {
        for piece in event.pieces.iter().filter(|piece| piece.span.is_some()) {
            let channel = &mut self.channels[piece.channel];
            let stood = |template: &mut Box<Template>| template.node != piece.node;
            let is_left = channel.written() < piece.start && channel.decided() >= piece.start;
            if let Some(template) = channel.template.take_if(|template| is_left && stood(template)) {
                let rest = (piece.channel, template.span.clone(), piece.start);
                if let Some(event) = self.rest(*template, &[rest]) {
                    self.emit(event, out);
                }
            }
        }
    }

    /// Whether an event that holds nothing but this fragment, which was taken last, leaves now with what is decided of it, before anything else.
    pub(super) fn leaves_at_once(&self, piece: &Piece) -> bool {
        let channel = &self.channels[piece.channel];
        let to = channel.decided().min(piece.end);
        let stood_elsewhere = |template: &Template| template.node != piece.node;
        self.queue.is_empty()
            && !piece.is_torn
            && (to == piece.end || to > channel.written())
            && !channel.may_notice()
            && !channel.template.as_deref().is_some_and(stood_elsewhere)
            && !self.channels.iter().any(Channel::may_have_rest)
    }

    /// Writes what is decided of a fragment: up to where, and whether it leaves just as it came, so that nothing of it has to be written.
    pub(super) fn write_piece(&mut self, piece: &Piece, text: &mut String) -> (u64, bool) {
        let channel = &mut self.channels[piece.channel];
        let to = channel.decided().min(piece.end);
        let is_untouched = to == piece.end && channel.is_untouched(piece.start, to) && !piece.is_torn;
        let is_shown = ending::keeps_what_is_said(self.format)
            && piece.span.is_some()
            && self.visible.contains(&piece.channel);
        if is_untouched && !is_shown {
            channel.leave_untouched(to);
            return (to, true);
        }
        let made = channel.made.edits.len();
        channel.write(to, text);
        self.withheld |= channel.made.edits.len() > made;
        if is_shown {
            self.ending.said(text);
        }
        (to, is_untouched)
    }

    /// Writes an event with what is decided of it.
    pub(super) fn emit(&mut self, event: Event, out: &mut Vec<u8>) {
        self.emit_elsewhere(&event, out);
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
            is_rewrapped,
            is_new,
            ..
        } = event;
        if is_dropped {
            self.renumbered -= i64::from(sequence.is_some());
            return;
        }
        let Some(payload) = payload else { return out.extend_from_slice(&frame.raw) };
        let mut spells_otherwise = !fixed.is_empty();
        let (mut carried, judged) = (Vec::new(), fixed.clone());
        for piece in &pieces {
            let mut text = String::new();
            let (to, is_untouched) = self.write_piece(piece, &mut text);
            spells_otherwise |= !is_untouched;
            let Some(span) = &piece.span else { continue };
            if !is_untouched {
                fixed.push((span.clone(), quoted(&text)));
            }
            if to < piece.end || self.channels[piece.channel].may_notice() {
                carried.push((piece.channel, piece.node, span.clone()));
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
        let new = (!fixed.is_empty() || is_new || is_rewrapped).then(|| spliced(&payload, fixed));
        let began = self.ending.began();
        self.ending.sent(self.format, &self.types[usize::from(of)], new.as_deref().unwrap_or(&payload));
        match new {
            None => out.extend_from_slice(&frame.raw),
            Some(new) => {
                let new = match &inside {
                    Some(inside) => inside.wrapped(&new),
                    None => new,
                };
                if is_new {
                    frame.write_next(new.as_bytes(), began, out)
                } else {
                    frame.write_with(new.as_bytes(), out)
                }
            }
        }
        self.finished.extend(finishes);
        let (texts, mut around) = (carried.len(), Some((frame, payload, inside)));
        for (at, (channel, node, span)) in carried.into_iter().enumerate() {
            // Most events have one text.
            let around = if at + 1 == texts { around.take() } else { around.clone() };
            let Some((frame, payload, inside)) = around else { break };
            // What was replaced beside the text is not said again with its rest.
            let (payload, span) = masked(payload, &judged, &span);
            let template = Template { frame, payload, node, span, inside, of, repeats: None };
            match &mut self.channels[channel].template {
                Some(last) => **last = template,
                none => *none = Some(Box::new(template)),
            }
        }
    }
}
