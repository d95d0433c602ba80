//! What becomes of matches: which may pass, which wait for others, which are withheld, which stop the response.

use std::sync::atomic::Ordering;

use super::{Channel, GUESSED, MOST_WITHHELD, State};
use crate::checker::continued::{beginning, keep};
use crate::checker::finding::Finding;
use crate::checker::session::{Inner, Kept};
use crate::checker::withheld::{Shown, Told};
use crate::identifier::{Shape, Strength};
use crate::index::{KindMask, People};
use crate::policy::{Across, Action, Audience, Excuse, Fact, Judgement, Limits, LookAhead, Rule};
use crate::scan::{Counts, Match, Means};

impl Channel {
    /// Judges the matches that the scanner has just made.
    pub(super) fn judge(&mut self, inner: &Inner) {
        let mut matches = std::mem::take(&mut self.matches);
        self.is_plain &= matches.is_empty();
        if inner.rules.patterned != 0 {
            self.patterned.extend(matches.extract_if(.., |found| found.means.contains(Means::PATTERN)));
        }
        for found in &matches {
            if let Some(excuse) = inner.rules.excuse(found.kind, found.key) {
                self.excuse(inner, found, excuse);
            }
        }
        if inner.rules.patterned != 0 {
            self.judge_patterns(inner);
            if self.state != State::Open {
                return;
            }
        }
        for found in &matches {
            let Some(mut judgement) = inner.rules.alone(found.kind, found.key, found.means) else { continue };
            if found.means.intersects(GUESSED) {
                if inner.is_readers_too(found, &matches) {
                    continue;
                }
                if inner.rules.counts_together(found.kind) {
                    let says_nothing_alone = judgement.action >= Action::Redact;
                    judgement.action = if says_nothing_alone { Action::Allow } else { judgement.action };
                    judgement.rule = Rule::Kind;
                }
            }
            // The hint of a strong value is a weak fact.
            let is_hint = found.means.contains(Means::HINT)
                && inner.generation.kinds()[usize::from(found.kind)].strength == Strength::Strong;
            if is_hint && judgement.action >= Action::Redact {
                judgement.action = Action::Allow;
            }
            if self.audience == Audience::Internal {
                judgement.action = judgement.action.min(Action::Observe);
                if judgement.action == Action::Observe {
                    self.note(inner, found, judgement);
                }
                continue;
            }
            // A rare name may be a part of the reader's own, whose end is still to come.
            let waits = judgement.rule == Rule::NamesAlone || inner.is_echo(found, &judgement);
            if judgement.action >= Action::Redact && !waits && may_be_part(inner, found) {
                self.parts.push((*found, judgement));
            } else if judgement.action >= Action::Redact && !waits {
                self.withhold(inner, found, judgement);
                if judgement.action == Action::Stop {
                    return self.stop(inner, found.start);
                }
            } else if (waits || is_hint || inner.rules.counts_together(found.kind))
                && !judgement.only_observed
            {
                self.wait(found, judgement);
            } else if judgement.action == Action::Observe {
                self.note(inner, found, judgement);
            }
        }
        self.matches = matches;
        self.matches.clear();
        self.judge_parts(inner);
        if self.state == State::Open {
            self.judge_together(inner);
        }
    }

    /// Withholds what may have been a part of a longer value, once it is known whether the reader may see one around it.
    pub(super) fn judge_parts(&mut self, inner: &Inner) {
        if self.parts.is_empty() {
            return;
        }
        let oldest = self.scanner.oldest(&self.counts, false).unwrap_or(u64::MAX);
        let mut ready = std::mem::take(&mut self.parts);
        self.parts.extend(ready.extract_if(.., |(found, _)| oldest <= found.start));
        ready.retain(|(found, _)| !self.excused.iter().any(|known| is_part(inner, found, known)));
        // All of them before any stops: another may begin before it.
        ready.iter().for_each(|(found, judgement)| self.withhold(inner, found, *judgement));
        let stops = ready.iter().filter(|(_, judgement)| judgement.action == Action::Stop);
        if let Some(first) = stops.map(|(found, _)| found.start).min() {
            self.stop(inner, first);
        }
    }

    /// Takes in a value that may be shown. What others let the readers see is no secret, but they have seen it: beside it, what is not
    /// granted is judged as ever.
    pub(super) fn excuse(&mut self, inner: &Inner, found: &Match, excuse: Excuse) {
        self.excused.push(*found);
        if self.audience == Audience::Internal || excuse == Excuse::Allowed {
            return;
        }
        let place = |of: &Match| (of.start, of.end, of.kind);
        if self.shown.iter().any(|(other, _)| place(other) == place(found)) {
            return; // two readings see the same
        }
        let is_fact = matches!(excuse, Excuse::Granted(..)) && !found.means.intersects(GUESSED);
        if is_fact
            && inner.rules.counts_together(found.kind)
            && inner.generation.observed(found.key).is_none()
        {
            self.wait(found, Judgement::GRANTED);
        }
        self.shown.push((*found, excuse));
    }

    /// Puts a fact to those that wait to be judged, in the order in which they end.
    pub(super) fn wait(&mut self, found: &Match, judgement: Judgement) {
        let order = |found: &Match| (found.end, found.start);
        let behind = self.undecided.iter().rev().take_while(|(other, _)| order(other) > order(found));
        self.undecided.insert(self.undecided.len() - behind.count(), (*found, judgement));
    }

    /// Judges what looks like a value, once it is known whether it is one that may pass.
    pub(super) fn judge_patterns(&mut self, inner: &Inner) {
        if self.patterned.is_empty() {
            return;
        }
        let oldest = self.scanner.oldest(&Counts::KNOWN, false).unwrap_or(u64::MAX);
        let mut ready = std::mem::take(&mut self.patterned);
        self.patterned.extend(ready.extract_if(.., |found| oldest <= found.start));
        for found in ready {
            // Of digits behind a telephone number it is not known whether they belong to it.
            let may_be_longer = inner.generation.kinds()[usize::from(found.kind)].shape == Shape::Phone;
            let passes = self.excused.iter().any(|known| {
                known.start <= found.start && found.end <= known.end
                    || may_be_longer && known.start == found.start && known.kind == found.kind
            });
            if passes || inner.rules.is_allowed(found.key) {
                continue;
            }
            let mut judgement = inner.rules.pattern(found.kind);
            if self.audience == Audience::Internal {
                judgement.action = judgement.action.min(Action::Observe);
            }
            match judgement.action {
                Action::Allow => {}
                Action::Observe => self.note(inner, &found, judgement),
                Action::Redact => self.withhold(inner, &found, judgement),
                Action::Stop => {
                    self.withhold(inner, &found, judgement);
                    return self.stop(inner, found.start);
                }
            }
        }
    }

    /// From where on what looks like a value may still be found or judged.
    pub(super) fn oldest_pattern(&mut self) -> u64 {
        let open = self.scanner.oldest(&Counts::PATTERNS, false);
        self.patterned.iter().map(|found| found.start).chain(open).min().unwrap_or(u64::MAX)
    }

    /// Judges, in the order in which they end, the values that count together and that nothing can cover any more.
    pub(super) fn judge_together(&mut self, inner: &Inner) {
        while let Some((found, alone)) = self.undecided.front().copied() {
            let oldest = self.scanner.oldest(&self.counts, false);
            let looks = self.patterned.iter().map(|found| found.start);
            if oldest.into_iter().chain(looks).any(|oldest| oldest <= found.start) {
                return;
            }
            // Facts count in the order in which they end: of one that ended before it may not be known yet whether it goes on.
            let mut waits = false;
            self.scanner.complete(&mut |end, kind| {
                waits |= end < found.end && inner.rules.counts_together(kind);
            });
            if waits {
                return;
            }
            // Another reading may lag behind, and still find what ended before.
            if self.scanner.oldest_read(&Counts::ALL).is_some_and(|oldest| oldest < found.end) {
                return;
            }
            self.undecided.pop_front();
            let is_granted = alone.rule == Rule::Granted;
            let is_readers_own = |known: &Match| known.start <= found.start && found.end <= known.end;
            if self.withheld.covers(found.start, found.end)
                || !is_granted && self.excused.iter().any(is_readers_own)
            {
                continue;
            }
            let at = self.scanner.seen();
            let fact = Fact { kind: found.kind, key: inner.generation.value(found.key) };
            let people = inner.rules.people(fact);
            let mut shared = inner.shared();
            // What is only similar may be somebody else's.
            let is_fact = !found.means.contains(Means::SIMILAR);
            let is_echo = alone.rule == Rule::Kind && alone.action == Action::Redact;
            let limits = if is_echo { Limits::ECHO } else { inner.rules.limits };
            let mut exposes = false;
            // Judged again when another turn of the conversation was faster.
            let (judgement, shown) = loop {
                self.known.catch_up(&shared.evidence, at);
                let alone = self.strictly(inner, &found, alone);
                let together =
                    inner.rules.together(fact, &people, &shared.evidence, &self.known, found.start, limits);
                let together = together.filter(|_| !is_granted);
                if let Some((_, picture)) = together.as_ref().filter(|_| is_fact) {
                    exposes |= shared.evidence.expose(&picture.people);
                }
                let shown = together.as_ref().map_or(Vec::new(), |(_, picture)| picture.people.clone());
                let together = together.map(|(judgement, _)| judgement);
                let judgement = match together {
                    // What the reader has said may be repeated, but not beside anything else of the same person.
                    Some(together) if is_echo => Judgement { action: alone.action, ..together },
                    None if is_echo => Judgement { action: Action::Allow, ..alone },
                    together => together.filter(|together| together.action >= alone.action).unwrap_or(alone),
                };
                let is_told = is_fact && judgement.action < Action::Redact;
                let is_new = is_told && shared.evidence.commit(fact, &people);
                let kept = if is_new || exposes { inner.remember(&shared) } else { Kept::Here };
                if kept == Kept::Here {
                    if is_new {
                        self.known.learn(&shared.evidence, found.end);
                        self.arm(inner, &shared.evidence);
                        self.version = inner.version.fetch_add(1, Ordering::AcqRel) + 1;
                    }
                    break (judgement, shown);
                }
                if is_new {
                    shared.evidence.retract(fact);
                }
                match kept {
                    Kept::Lost(other) => {
                        inner.hear(&other, &mut shared.evidence);
                        inner.version.fetch_add(1, Ordering::AcqRel);
                    }
                    Kept::CutOff => inner.rules.be_strict(),
                    Kept::Here | Kept::Stop => {
                        break (Judgement { action: Action::Stop, rule: Rule::Unkept, ..judgement }, shown);
                    }
                }
            };
            drop(shared);
            if self.look_ahead != LookAhead::None {
                if judgement.action >= Action::Redact {
                    self.take_back(inner, &found, judgement, &shown);
                } else if is_fact && !is_granted {
                    self.told.push((found, people));
                }
            }
            match judgement.action {
                Action::Allow => {}
                Action::Observe => self.note(inner, &found, judgement),
                Action::Redact => self.withhold(inner, &found, judgement),
                Action::Stop => {
                    self.withhold(inner, &found, judgement);
                    return self.stop(inner, found.start);
                }
            }
        }
    }

    /// Judges what the beginnings of the last turn become in this text.
    pub(super) fn follow(&mut self, inner: &Inner, text: &str, ends: bool) {
        let mut continued = std::mem::take(&mut self.continued);
        let counts = Self::strong(inner);
        continued
            .iter_mut()
            .for_each(|continued| continued.follow(text, ends, counts.always, &mut self.matches));
        continued.retain_mut(|continued| !ends && continued.goes_on(&counts));
        self.continued = continued;
        if !self.matches.is_empty() {
            self.judge(inner);
        }
    }

    /// Strong kinds that are withheld, or observed, wherever they stand.
    fn strong(inner: &Inner) -> Counts {
        let kinds = (0..).zip(inner.generation.kinds());
        let strong = kinds.filter(|(_, spec)| spec.strength == Strength::Strong);
        let strong = strong.fold(0, |mask, (place, _)| mask | 1 << place);
        Counts { always: inner.rules.wanted & strong, ..Counts::default() }
    }

    /// The kinds of which the beginning of a value is kept for the next turn.
    pub(super) fn left_for_next_turn(&self, inner: &Inner) -> KindMask {
        if self.audience == Audience::Internal || inner.policy.across() == Across::Response {
            return 0;
        }
        Self::strong(inner).always
    }

    /// From where on the text may be the beginning of a strong value, now that it is about to end.
    pub(super) fn beginning(&mut self, inner: &Inner) -> Option<u64> {
        let counts = Counts { always: self.left_for_next_turn(inner), ..Counts::default() };
        if counts.always == 0 { None } else { self.scanner.oldest(&counts, true) }
    }

    /// Keeps the beginning of a strong value that the text ends with, for the next turn; not if it is withheld.
    pub(super) fn leave_begun(&mut self, inner: &Inner, text: &str, start: Option<u64>) {
        let seen = self.scanner.seen();
        inner.shared().has_ended |= seen > 0;
        let begun = start.filter(|start| self.withheld.is_free(*start)).and_then(|start| match &self.last {
            _ if start >= self.decided => beginning(&self.hold.text(text, start..seen)),
            Some(last) => last.text((seen - start) as usize).and_then(beginning),
            None => None,
        });
        if let Some(begun) = begun {
            self.leave(inner, begun);
        }
    }

    /// Keeps the end of the text for the next turn.
    pub(super) fn leave(&mut self, inner: &Inner, begun: String) {
        self.left = begun.len();
        let mut shared = inner.shared();
        keep(&mut shared.left, begun);
        loop {
            match inner.remember(&shared) {
                Kept::Lost(other) => {
                    inner.hear(&other, &mut shared.evidence);
                    other.beginnings(&inner.generation).for_each(|begun| keep(&mut shared.left, begun));
                    inner.version.fetch_add(1, Ordering::AcqRel);
                }
                Kept::CutOff => inner.rules.be_strict(),
                // It is no fact: where it cannot be kept, the text ends all the same.
                Kept::Here | Kept::Stop => return,
            }
        }
    }

    /// What is done with a value that stands alone, now that other turns of the conversation cannot be heard of.
    fn strictly(&self, inner: &Inner, found: &Match, alone: Judgement) -> Judgement {
        let is_sure = alone.rule == Rule::Kind && !found.means.intersects(GUESSED);
        if !inner.rules.is_strict() || !is_sure || alone.action >= Action::Redact {
            return alone;
        }
        let strictly = inner.rules.alone(found.kind, found.key, found.means);
        strictly.filter(|strictly| strictly.rule == Rule::NamesAlone).unwrap_or(alone)
    }

    /// Withholds what waits and is a part of the picture of these people that `found` completes.
    pub(super) fn take_back(&mut self, inner: &Inner, found: &Match, judgement: Judgement, people: &[u32]) {
        let from = match self.look_ahead {
            LookAhead::Sentence => self.sentences.before(found.start).max(self.decided),
            _ => self.decided,
        };
        let is_part = |(other, fits): &mut (Match, People)| {
            other.kind != found.kind
                && from <= other.start
                && people.iter().any(|person| fits.find(*person).is_some())
        };
        let parts: Vec<(Match, People)> = self.told.extract_if(.., is_part).collect();
        for (part, _) in parts {
            let span = part.start..part.end;
            self.noted.retain(|other| other.action >= Action::Redact || other.span != span);
            self.withhold(inner, &part, judgement);
            if judgement.action == Action::Stop {
                self.stop(inner, part.start);
            }
        }
    }

    pub(super) fn withhold(&mut self, inner: &Inner, found: &Match, judgement: Judgement) {
        let value = inner.generation.value(found.key);
        debug_assert!(found.start >= self.decided, "part of a withheld value has left");
        let (start, end) = (found.start.max(self.decided), found.end);
        let told = match judgement.rule {
            Rule::Uniform => Told::Uniform,
            Rule::Pattern => Told::ByLooks,
            Rule::Granted
            | Rule::Kind
            | Rule::Together
            | Rule::NamesAlone
            | Rule::Unkept
            | Rule::Ordinary
            | Rule::Canary => Told::Known,
        };
        let merged =
            self.withheld.add(Shown { action: judgement.action, start, end, told, kind: found.kind, value });
        if merged.end - merged.start > MOST_WITHHELD {
            self.stop(inner, merged.start);
        }
        // What lies inside a longer withheld value is covered by it. Only findings that reach into this one can be, or cover it.
        let span = found.start..found.end;
        let withheld = |other: &Finding| other.action >= Action::Redact && other.span != span;
        let near = self.noted.partition_point(|other| other.span.end <= span.start);
        let is_covered = |other: &mut Finding| {
            withheld(other) && span.start <= other.span.start && other.span.end <= span.end
        };
        self.noted.extract_if(near.., is_covered).for_each(drop);
        let covers =
            |other: &Finding| withheld(other) && other.span.start <= span.start && span.end <= other.span.end;
        if !self.noted[near..].iter().any(covers) {
            self.note(inner, found, judgement);
        }
    }

    pub(super) fn stop(&mut self, inner: &Inner, at: u64) {
        self.state = State::Stopped;
        self.stopped_at = self.stopped_at.min(at);
        inner.shared().stopped = true;
        self.version = inner.version.fetch_add(1, Ordering::AcqRel) + 1;
        inner.span.in_scope(|| tracing::info!(channel = &*self.name, "response stopped"));
    }
}

/// Whether a value may turn out to be a part of a longer one, and none itself: what is only similar, and shapes that are never inside of a longer one.
fn may_be_part(inner: &Inner, found: &Match) -> bool {
    let shape = inner.generation.kinds()[usize::from(found.kind)].shape;
    found.means.contains(Means::SIMILAR) || shape.is_none_inside(shape)
}

/// Whether it is a part of this one.
fn is_part(inner: &Inner, found: &Match, known: &Match) -> bool {
    let shape = |of: &Match| inner.generation.kinds()[usize::from(of.kind)].shape;
    let is_inside = known.start <= found.start && found.end <= known.end;
    let is_longer = known.start < found.start || found.end < known.end;
    // Two telephone numbers of the same digits, one of them with the code of its country: what is the reader's own is no secret.
    // What is only a part of that may be all of another.
    let is_sure = !known.means.intersects(GUESSED);
    let is_same = is_sure && [found, known].iter().all(|of| shape(of) == Shape::Phone);
    let is_none = (is_longer || is_same) && shape(found).is_none_inside(shape(known));
    // What is seen only where the text is read otherwise hides nothing that is written.
    let is_seen = found.means.contains(known.means.readings());
    is_inside && is_seen && (found.means.contains(Means::SIMILAR) || is_none)
}
