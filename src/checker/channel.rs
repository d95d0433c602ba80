//! What happens to one channel: text is scanned, matches are judged, and as much as can be is decided.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::Edit;
use super::finding::{Finding, How};
use super::hold::Hold;
use super::sentences::Sentences;
use super::session::Inner;
use super::withheld::{Shown, Told, Withheld};
use crate::identifier::{Shape, Strength};
use crate::index::READING;
use crate::policy::{
    Action, Audience, Evidence, Excuse, Fact, Judgement, Known, Limits, LookAhead, People, Rule, find,
    replacement,
};
use crate::scan::{Counts, Match, Means, Scanner};

/// One text channel of a session.
pub(super) struct Channel {
    pub(super) name: Arc<str>,
    audience: Audience,
    scanner: Scanner,
    pub(super) hold: Hold,
    withheld: Withheld,
    /// Matches that may complete a picture, in the order in which they end; judged once nothing can cover them.
    undecided: VecDeque<(Match, Judgement)>,
    /// What looks like a value, until no known value can begin before it or where it does.
    patterned: Vec<Match>,
    /// Known values that may pass: what looks like a value inside of them passes too.
    excused: Vec<Match>,
    /// Values that every reader may see, and why, whose text is not decided yet.
    shown: Vec<(Match, Excuse)>,
    known: Known,
    /// How far text waits for what comes behind it.
    look_ahead: LookAhead,
    sentences: Sentences,
    /// Facts that may pass and whom they fit, while something behind them may still complete a picture with them.
    told: Vec<(Match, People)>,
    /// Findings whose text is not decided yet: a longer value may still cover them.
    noted: Vec<Finding>,
    pub(super) findings: Vec<Finding>,
    /// Findings made so far, also those that were not kept.
    pub(super) found: u64,
    /// Everything before is decided, and its edits are in `edits`.
    pub(super) decided: u64,
    /// The first byte of the value that stopped the response.
    stopped_at: u64,
    /// What this channel knows of the others.
    version: u64,
    matches: Vec<Match>,
    pub(super) edits: Vec<Edit>,
    /// The channel is open, and nothing waits to be judged, replaced or reported: text may be decided without looking.
    quiet: bool,
    /// Bytes of the text at hand that the fast lane has taken.
    passed: usize,
    /// What the policy may withhold.
    counts: Counts,
    pub(super) state: State,
    begun: Instant,
    most_held: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Open,
    Stopped,
    Finished,
}

/// More findings than this are counted, not kept.
const MOST_FINDINGS: usize = 1_000;

/// Withheld values that overlap without end stop the response when they are longer than this together. A single value cannot be: a key has at
/// most 256 symbols, and what may stand between two of them is bounded too.
const MOST_WITHHELD: u64 = 1 << 20;

/// A text that waits for what comes behind it stops the response when it is longer than this.
const MOST_AHEAD: u64 = 1 << 20;

/// What is written so may be another value as well.
const GUESSED: Means = Means::SIMILAR.and(Means::PARTIAL);

/// What is written so is not said for certain.
pub(super) const UNSURE: Means = GUESSED.and(Means::PATTERN);

impl Channel {
    pub(super) fn new(inner: &Inner, name: Arc<str>, audience: Audience) -> Self {
        inner.span.in_scope(|| tracing::debug!(channel = &*name, "stream started"));
        let look_ahead = match audience {
            Audience::Reader => inner.rules.look_ahead,
            Audience::Internal => LookAhead::None,
        };
        Self {
            name,
            audience,
            scanner: Scanner::new(Arc::clone(&inner.plan)),
            hold: Hold::default(),
            withheld: Withheld::default(),
            undecided: VecDeque::new(),
            patterned: Vec::new(),
            excused: Vec::new(),
            shown: Vec::new(),
            known: Known::default(),
            look_ahead,
            sentences: Sentences::default(),
            told: Vec::new(),
            noted: Vec::new(),
            findings: Vec::new(),
            found: 0,
            decided: 0,
            stopped_at: u64::MAX,
            version: 0,
            matches: Vec::new(),
            edits: Vec::new(),
            quiet: false,
            passed: 0,
            counts: match audience {
                Audience::Reader => {
                    // What may be read otherwise is held for the kinds that it may turn out to be.
                    let held = |kinds| if kinds == 0 { 0 } else { kinds | READING };
                    let rules = &inner.rules;
                    Counts {
                        always: held(rules.withheld_alone),
                        later: held(rules.withheld_together),
                        since: (look_ahead != LookAhead::None).then_some(0),
                        patterns: rules.withheld_patterns,
                        hints: rules.withheld_hints,
                    }
                }
                Audience::Internal => Counts::default(),
            },
            state: State::Open,
            begun: Instant::now(),
            most_held: 0,
        }
    }

    /// The fast lane: takes ordinary text, of which nothing can be a match and at most the end may become one, and appends what is safe. What it
    /// did not take, if it returns `false`, is for [`Self::decide`].
    #[inline(always)]
    pub(super) fn pass(&mut self, inner: &Inner, text: &str, out: Option<&mut String>) -> bool {
        if !self.quiet || inner.version.load(Ordering::Acquire) != self.version {
            return false;
        }
        debug_assert!(self.state == State::Open && self.scanner.seen() == self.hold.seen());
        let (taken, oldest) = self.scanner.pass(text, &self.counts);
        // Where nothing comes, what is held by its shape stays so.
        if taken < text.len() || text.is_empty() {
            self.passed = taken;
            return false;
        }
        let piece = self.scanner.piece().filter(|_| self.audience == Audience::Reader);
        let settled = oldest.into_iter().chain(piece).fold(self.scanner.seen(), u64::min);
        self.decided = settled.max(self.decided);
        self.hold.pass(text, self.decided, out);
        self.most_held = self.most_held.max(self.hold.len());
        true
    }

    /// Scans and judges `text`; leaves what it decided in `edits` and `hold`.
    #[inline(never)]
    pub(super) fn decide(&mut self, inner: &Inner, text: &str, ends: bool) {
        self.edits.clear();
        self.catch_up(inner);
        if self.state == State::Stopped {
            return self.hold.discard();
        }
        if self.look_ahead == LookAhead::Sentence {
            self.sentences.read(text, self.hold.seen());
        }
        let mut at = std::mem::take(&mut self.passed);
        self.expect_names();
        while at < text.len() && self.state == State::Open {
            // What waits is judged as soon as it can be, wherever the text is cut: it may stop the response.
            let waits = !self.patterned.is_empty() || !self.undecided.is_empty();
            let first = text[at..].chars().next().filter(|_| waits).map_or(text.len() - at, char::len_utf8);
            at += self.scanner.advance(&text[at..at + first], &mut self.matches);
            if !self.matches.is_empty() {
                self.judge(inner);
            } else if waits {
                self.judge_patterns(inner);
                self.judge_together(inner);
            } else {
                continue;
            }
            self.expect_names();
        }
        if ends && self.state == State::Open {
            self.scanner.finish(&mut self.matches);
            self.judge(inner);
        }
        self.settle(inner, text, ends);
    }

    /// Similar names count only behind a fact about somebody: one that was released, or that may be yet.
    fn expect_names(&mut self) {
        self.scanner.expect_names(self.counts.since.is_some() || !self.undecided.is_empty());
    }

    /// Learns what other channels have said.
    fn catch_up(&mut self, inner: &Inner) {
        let version = inner.version.load(Ordering::Acquire);
        if version == self.version {
            return;
        }
        self.version = version;
        let shared = inner.shared();
        if shared.stopped {
            (self.state, self.quiet) = (State::Stopped, false);
        }
        self.known.catch_up(&shared.evidence, self.scanner.seen());
        self.arm(inner, &shared.evidence);
    }

    /// Learns from which byte on facts may complete a picture.
    fn arm(&mut self, inner: &Inner, evidence: &Evidence) {
        let since = self.known.armed_since(evidence, std::iter::empty(), inner.rules.limits.facts);
        // What waits for what comes behind it may complete one wherever it stands.
        self.counts.since = if self.look_ahead == LookAhead::None { since } else { Some(0) };
    }

    /// Judges the matches that the scanner has just made.
    fn judge(&mut self, inner: &Inner) {
        let mut matches = std::mem::take(&mut self.matches);
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
            if judgement.action >= Action::Redact && !waits {
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
        self.judge_together(inner);
    }

    /// Takes in a value that may be shown. What others let the readers see is no secret, but they have seen it: beside it, what is not
    /// granted is judged as ever.
    fn excuse(&mut self, inner: &Inner, found: &Match, excuse: Excuse) {
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
    fn wait(&mut self, found: &Match, judgement: Judgement) {
        let order = |found: &Match| (found.end, found.start);
        let behind = self.undecided.iter().rev().take_while(|(other, _)| order(other) > order(found));
        self.undecided.insert(self.undecided.len() - behind.count(), (*found, judgement));
    }

    /// Judges what looks like a value, once it is known whether it is one that may pass.
    fn judge_patterns(&mut self, inner: &Inner) {
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
    fn oldest_pattern(&mut self) -> u64 {
        let open = self.scanner.oldest(&Counts::PATTERNS, false);
        self.patterned.iter().map(|found| found.start).chain(open).min().unwrap_or(u64::MAX)
    }

    /// Judges, in the order in which they end, the values that count together and that nothing can cover any more.
    fn judge_together(&mut self, inner: &Inner) {
        while let Some((found, alone)) = self.undecided.front().copied() {
            let oldest = self.scanner.oldest(&self.counts, false);
            let looks = self.patterned.iter().map(|found| found.start);
            if oldest.into_iter().chain(looks).any(|oldest| oldest <= found.start) {
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
            self.known.catch_up(&shared.evidence, at);
            let is_echo = alone.rule == Rule::Kind && alone.action == Action::Redact;
            let limits = if is_echo { Limits::ECHO } else { inner.rules.limits };
            let together =
                inner.rules.together(fact, &people, &shared.evidence, &self.known, found.start, limits);
            let together = together.filter(|_| !is_granted);
            // What is only similar may be somebody else's.
            let is_fact = !found.means.contains(Means::SIMILAR);
            let mut says_more = false;
            if let Some((_, picture)) = together.as_ref().filter(|_| is_fact) {
                says_more |= shared.evidence.expose(&picture.people);
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
            if is_told && shared.evidence.commit(fact, &people) {
                self.known.learn(&shared.evidence, found.end);
                self.arm(inner, &shared.evidence);
                self.version = inner.version.fetch_add(1, Ordering::AcqRel) + 1;
                says_more = true;
            }
            if says_more {
                inner.remember(&shared.evidence);
            }
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

    /// Withholds what waits and is a part of the picture of these people that `found` completes.
    fn take_back(&mut self, inner: &Inner, found: &Match, judgement: Judgement, people: &[u32]) {
        let from = match self.look_ahead {
            LookAhead::Sentence => self.sentences.before(found.start).max(self.decided),
            _ => self.decided,
        };
        let is_part = |(other, fits): &mut (Match, People)| {
            other.kind != found.kind
                && from <= other.start
                && people.iter().any(|person| find(fits, *person).is_some())
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

    fn withhold(&mut self, inner: &Inner, found: &Match, judgement: Judgement) {
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

    fn note(&mut self, inner: &Inner, found: &Match, judgement: Judgement) {
        if self.noted.len() >= MOST_FINDINGS {
            self.found += 1;
            inner.shared().tally.miss();
            return;
        }
        let kind = &inner.generation.kinds()[usize::from(found.kind)].kind;
        let is_same = |other: &Finding| {
            other.span == (found.start..found.end)
                && other.kind == *kind
                && (other.owners == 0) == (judgement.owners == 0)
        };
        if self.noted.iter().any(is_same) {
            // Two readings see the same.
            return;
        }
        let rule = match judgement.rule {
            Rule::Granted | Rule::Kind => format!("kinds.{kind}"),
            Rule::Together => "together".into(),
            Rule::NamesAlone => "names.alone_if_shared_by_fewer_than".into(),
            Rule::Ordinary => "ordinary".into(),
            Rule::Canary => "canary".into(),
            Rule::Pattern => format!("patterns.{kind}"),
            Rule::Uniform => format!("uniform.{kind}"),
        };
        let (start, end) = (found.start.to_le_bytes(), found.end.to_le_bytes());
        let finding = Finding {
            id: inner.generation.keyed_hash(&[
                b"finding",
                self.name.as_bytes(),
                kind.name().as_bytes(),
                &start,
                &end,
            ]),
            rule,
            generation: inner.generation.number(),
            kind: kind.clone(),
            action: judgement.action,
            span: found.start..found.end,
            channel: Arc::clone(&self.name),
            how: How { means: found.means, together: judgement.rule == Rule::Together },
            owners: judgement.owners,
            owner: match judgement.owners {
                0 => String::new(),
                _ => format!("k:{}", inner.generation.owner_hash(judgement.owner)),
            },
            facts: judgement.facts,
            beside: (0..)
                .zip(inner.generation.kinds())
                .filter(|(place, _)| *place != found.kind && judgement.kinds & 1 << place != 0)
                .map(|(_, spec)| spec.kind.clone())
                .collect(),
        };
        if inner.rules.patterned != 0 && self.gives_way(&finding) {
            return;
        }
        let order = |finding: &Finding| (finding.span.end, finding.span.start, finding.kind.clone());
        let place = self.noted.partition_point(|other| order(other) <= order(&finding));
        self.noted.insert(place, finding);
    }

    /// A known value says more than that it looks like one: whether such a finding is there already. One that only looks like this one goes.
    fn gives_way(&mut self, finding: &Finding) -> bool {
        let covers = |by: &Finding, other: &Finding| {
            by.owners > 0
                && other.owners == 0
                && by.action >= other.action
                && by.span.start <= other.span.start
                && other.span.end <= by.span.end
        };
        self.noted.retain(|other| !covers(finding, other));
        self.noted.iter().any(|other| covers(other, finding))
    }

    /// Reports the findings in text that is decided; at a stop, also the one that stopped it.
    fn report(&mut self, inner: &Inner, ends: bool) {
        let (decided, stopped_at) = (self.decided, self.stopped_at);
        // Findings come in the order in which they end: what waits to be judged, and what another reading or a pattern may still find, comes first.
        let read = self.scanner.oldest_read(&Counts::ALL).unwrap_or(u64::MAX);
        let open = if inner.rules.patterned == 0 { read } else { read.min(self.oldest_pattern()) };
        let waiting = self.undecided.front().map_or((u64::MAX, 0), |(found, _)| (found.end, found.start));
        let ends = self.state != State::Open || ends;
        let is_next = |finding: &Finding| {
            ends || finding.span.end <= open && (finding.span.end, finding.span.start) < waiting
        };
        let is_ready = |finding: &mut Finding| {
            finding.span.end <= decided && is_next(finding)
                || (finding.action == Action::Stop && finding.span.start == stopped_at)
        };
        for finding in self.noted.extract_if(.., is_ready) {
            self.found += 1;
            inner.span.in_scope(|| {
                let (kind, action) = (finding.kind.name(), finding.action);
                let bytes = finding.span.end - finding.span.start;
                tracing::info!(channel = &*self.name, kind, ?action, rule = finding.rule, bytes, "finding");
            });
            inner.shared().tally.find(&finding);
            if self.findings.len() < MOST_FINDINGS {
                self.findings.push(finding);
            }
        }
    }

    /// Counts values that every reader may see, once they have been shown.
    fn tell_shown(&mut self, inner: &Inner) {
        if self.shown.is_empty() {
            return;
        }
        let (decided, withheld) = (self.decided, &self.withheld);
        for (found, excuse) in self.shown.extract_if(.., |(found, _)| found.end <= decided) {
            if !withheld.covers(found.start, found.end) {
                let is_reader = matches!(excuse, Excuse::Own(owner) if inner.rules.is_reader(owner));
                inner.shared().tally.show(&inner.generation, found.kind, &excuse, is_reader);
            }
        }
    }

    fn stop(&mut self, inner: &Inner, at: u64) {
        self.state = State::Stopped;
        self.stopped_at = self.stopped_at.min(at);
        inner.shared().stopped = true;
        self.version = inner.version.fetch_add(1, Ordering::AcqRel) + 1;
        inner.span.in_scope(|| tracing::info!(channel = &*self.name, "response stopped"));
    }

    /// From which byte on a fact may complete a picture, whatever becomes of the facts that wait to be judged.
    fn may_be_armed_since(&self, inner: &Inner) -> Option<u64> {
        if self.undecided.is_empty() {
            return self.counts.since;
        }
        let may_be_fact = |(found, alone): &&(Match, Judgement)| {
            alone.action < Action::Redact && !found.means.contains(Means::SIMILAR)
        };
        let waiting = self.undecided.iter().filter(may_be_fact).map(|(found, _)| (found.end, found.kind));
        self.known.armed_since(&inner.shared().evidence, waiting, inner.rules.limits.facts)
    }

    /// Decides as much as can be, and makes the edits.
    fn settle(&mut self, inner: &Inner, text: &str, ends: bool) {
        if self.state == State::Open {
            self.judge_patterns(inner);
        }
        if !self.undecided.is_empty() {
            self.judge_together(inner);
        }
        let since = self.may_be_armed_since(inner);
        let counts = Counts { since, ..self.counts };
        let oldest = self.scanner.oldest(&counts, self.state == State::Open && !ends);
        let mut settled = oldest.unwrap_or(u64::MAX).min(self.scanner.seen());
        for (found, judgement) in &self.undecided {
            let is_armed = since.is_some_and(|since| since <= found.start);
            if is_armed && judgement.rule != Rule::Granted || judgement.action >= Action::Redact {
                settled = settled.min(found.start);
            }
        }
        if self.audience == Audience::Reader {
            let withheld = |found: &&Match| inner.rules.withheld_patterns & 1 << found.kind != 0;
            let looks = self.patterned.iter().filter(withheld).map(|found| found.start);
            let piece = self.scanner.piece().filter(|_| !ends && self.state == State::Open);
            settled = looks.chain(piece).fold(settled, u64::min);
        }
        if !self.excused.is_empty() {
            // Kept as long as something may lie inside.
            let waiting = self.undecided.iter().map(|(found, _)| found.start).min();
            let open = self.scanner.oldest(&Counts::KNOWN, false).into_iter().chain(waiting).min();
            let oldest = self.oldest_pattern().min(open.unwrap_or(u64::MAX));
            self.excused.retain(|known| known.end > oldest);
        }
        if self.look_ahead != LookAhead::None && self.state == State::Open && !ends {
            settled = match self.look_ahead {
                LookAhead::Sentence => self.sentences.before(settled),
                _ => 0,
            };
            if self.scanner.seen() - settled.max(self.decided) > MOST_AHEAD {
                self.stop(inner, self.decided);
            }
        }
        if self.state == State::Stopped {
            // Nothing of the value that stopped it, and nothing behind it.
            settled = settled.min(self.stopped_at);
        }
        self.decided = self.withheld.decided(settled).max(self.decided);
        if self.look_ahead != LookAhead::None {
            let decided = self.decided;
            self.told.retain(|(told, _)| decided < told.end);
            self.sentences.forget(decided);
        }
        if !self.withheld.is_empty() {
            let mut shared = inner.shared();
            for span in self.withheld.take(self.decided) {
                let (span, shown) = (span.start..span.end, span.shown);
                let raw = self.hold.text(text, span.clone());
                let mut replaced = String::new();
                replacement(
                    &inner.rules,
                    &mut shared.pseudonyms,
                    shown.kind,
                    shown.value,
                    &raw,
                    &mut replaced,
                );
                self.edits.push(Edit { span, replacement: replaced });
            }
            drop(shared);
            self.tell_shown(inner);
            self.withheld.forget(self.scanner.oldest(&Counts::ALL, false).unwrap_or(u64::MAX));
        }
        self.tell_shown(inner);
        if !self.noted.is_empty() {
            self.report(inner, ends);
        }
        if ends && self.state == State::Open {
            self.state = State::Finished;
        }
        self.quiet = self.undecided.is_empty()
            && self.patterned.is_empty()
            && self.withheld.is_empty()
            && self.noted.is_empty()
            && self.shown.is_empty()
            && self.look_ahead == LookAhead::None
            && self.state == State::Open;
    }

    /// Appends what is decided, with the edits made, to `out`; keeps the rest. `text` is what was decided last. After a stop nothing is kept.
    #[inline]
    pub(super) fn release(&mut self, text: &str, out: Option<&mut String>) {
        self.hold.release(text, self.decided, &self.edits, out);
        self.most_held = self.most_held.max(self.hold.len());
        if self.state == State::Stopped {
            self.hold.discard();
        }
    }

    /// The response was stopped by what stands in this channel, not in another.
    pub(super) fn stopped_itself(&self) -> bool {
        self.state == State::Stopped && self.stopped_at < u64::MAX
    }

    /// Reports how the channel ended.
    pub(super) fn end(&self, inner: &Inner) {
        let ending = match self.state {
            State::Open => "dropped",
            State::Stopped => "stopped",
            State::Finished => "finished",
        };
        inner.span.in_scope(|| {
            tracing::debug!(
                channel = &*self.name,
                ending,
                bytes = self.scanner.seen(),
                findings = self.found,
                discarded = self.hold.len(),
                most_held = self.most_held,
                duration_us = self.begun.elapsed().as_micros() as u64,
                "stream ended"
            );
        });
    }
}
