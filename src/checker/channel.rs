//! What happens to one channel: text is scanned, matches are judged, and as much as can be is decided.

mod findings;
mod judging;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::Edit;
use super::continued::{Continued, Last};
use super::finding::Finding;
use super::hold::Hold;
use super::sentences::Sentences;
use super::session::Inner;
use super::withheld::Withheld;
use crate::index::{People, READING};
use crate::policy::{Action, Audience, Evidence, Excuse, Judgement, Known, LookAhead, Rule, replacement};
use crate::scan::{Counts, Mark, Match, Means, Scanner};

/// One text channel of a session.
pub(super) struct Channel {
    pub(super) name: Arc<str>,
    audience: Audience,
    scanner: Scanner,
    pub(super) hold: Hold,
    withheld: Withheld,
    /// Matches that may complete a picture, in the order in which they end; judged once nothing can cover them.
    undecided: VecDeque<(Match, Judgement)>,
    /// Values that are withheld unless they turn out to be parts of longer ones that the reader may see, in the order in which they were found.
    parts: Vec<(Match, Judgement)>,
    /// What looks like a value, until no known value can begin before it or where it does.
    patterned: Vec<Match>,
    /// Known values that may pass: what looks like a value inside of them passes too.
    excused: Vec<Match>,
    /// Values that every reader may see, and why, whose text is not decided yet.
    shown: Vec<(Match, Excuse)>,
    known: Known,
    /// The same text behind what the last turn has left.
    continued: Vec<Continued>,
    /// The end of the text, if a value may begin in it that leaves before the next turn goes on with it.
    last: Option<Last>,
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
    /// Something was replaced.
    pub(super) has_replaced: bool,
    /// Nothing was found so far.
    pub(super) is_plain: bool,
    /// How many of its last bytes the next turn may go on with.
    pub(super) left: usize,
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
        let continued = if audience == Audience::Reader { Continued::all(inner) } else { Vec::new() };
        let mut new = Self {
            name,
            audience,
            scanner: Scanner::new(Arc::clone(&inner.plan)),
            hold: Hold::default(),
            withheld: Withheld::default(),
            undecided: VecDeque::new(),
            parts: Vec::new(),
            patterned: Vec::new(),
            excused: Vec::new(),
            shown: Vec::new(),
            known: Known::default(),
            quiet: continued.is_empty() && look_ahead == LookAhead::None,
            continued,
            last: None,
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
            has_replaced: false,
            is_plain: true,
            left: 0,
            passed: 0,
            counts: match audience {
                Audience::Reader => {
                    // What may be read otherwise is held for the kinds that it may turn out to be.
                    let held = |kinds| if kinds == 0 { 0 } else { kinds | READING };
                    let rules = &inner.rules;
                    Counts {
                        always: held(rules.withheld_alone),
                        later: held(rules.withheld_together),
                        since: None,
                        patterns: rules.withheld_patterns,
                        hints: rules.withheld_hints,
                    }
                }
                Audience::Internal => Counts::default(),
            },
            state: State::Open,
            begun: Instant::now(),
            most_held: 0,
        };
        new.arm(inner, &inner.shared().evidence);
        let leaves_unheld = new.left_for_next_turn(inner) & !new.counts.always != 0;
        new.last = leaves_unheld.then(Last::default);
        new.expect_names();
        new
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
        debug_assert!(settled >= self.decided, "{settled} is before {}", self.decided);
        self.decided = settled.max(self.decided);
        self.hold.pass(text, self.decided, out);
        if let Some(last) = &mut self.last {
            last.read(text);
        }
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
        if let Some(last) = &mut self.last {
            last.read(text);
        }
        let mut at = std::mem::take(&mut self.passed);
        if !self.continued.is_empty() {
            self.follow(inner, text, ends);
        }
        self.expect_names();
        while at < text.len() && self.state == State::Open {
            // What waits is judged as soon as it can be, wherever the text is cut: it may stop the response.
            let waits = !self.patterned.is_empty() || !self.undecided.is_empty() || !self.parts.is_empty();
            let first = text[at..].chars().next().filter(|_| waits).map_or(text.len() - at, char::len_utf8);
            at += self.scanner.advance(&text[at..at + first], &mut self.matches);
            if !self.matches.is_empty() {
                self.judge(inner);
            } else if waits {
                self.judge_patterns(inner);
                self.judge_parts(inner);
                if self.state == State::Open {
                    self.judge_together(inner);
                }
            } else {
                continue;
            }
            self.expect_names();
        }
        if ends && self.state == State::Open {
            let begun = self.beginning(inner);
            self.scanner.finish(&mut self.matches);
            self.judge(inner);
            self.leave_begun(inner, text, begun);
        }
        self.settle(inner, text, ends);
    }

    /// The number of a text that is there whole, if what is in it depends on nothing but that, the plan, and what is put into the number.
    pub(super) fn mark(&mut self, inner: &Inner, text: &str) -> Option<Mark> {
        self.catch_up(inner);
        let left = (self.left_for_next_turn(inner), self.last.is_some());
        let how = (self.audience == Audience::Reader, self.counts.since.is_some(), left);
        let is_alone = self.continued.is_empty() && self.state == State::Open;
        if is_alone { inner.plan.plain.mark(text, how) } else { None }
    }

    /// Takes a text that is there whole, of which it is known that nothing is in it; whether it did.
    pub(super) fn pass_whole(&mut self, inner: &Inner, text: &str, mark: Mark) -> bool {
        let Some(begun) = inner.plan.plain.known(mark) else { return false };
        inner.shared().has_ended |= !text.is_empty();
        if begun > 0 {
            self.leave(inner, text[text.len() - begun..].to_owned());
        }
        (self.state, self.quiet) = (State::Finished, false);
        true
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
        // What waits for what comes behind it, or for what other turns say, may complete one wherever it stands.
        let waits =
            self.look_ahead != LookAhead::None || inner.is_kept() && self.audience == Audience::Reader;
        self.counts.since = if waits { Some(0) } else { since };
    }

    /// From which byte on a fact may complete a picture, whatever becomes of the facts that wait to be judged, and of those of which it is not
    /// known yet whether they end where they seem to.
    fn may_be_armed_since(&self, inner: &Inner) -> Option<u64> {
        let mut open = Vec::new();
        self.scanner.complete(&mut |end, kind| {
            open.extend(inner.rules.counts_together(kind).then_some((end, kind)));
        });
        if self.undecided.is_empty() && open.is_empty() || inner.is_kept() || self.counts.since == Some(0) {
            return self.counts.since;
        }
        let may_be_fact = |(found, alone): &&(Match, Judgement)| {
            alone.action < Action::Redact && !found.means.contains(Means::SIMILAR)
        };
        let waiting =
            self.undecided.iter().filter(may_be_fact).map(|(found, _)| (found.end, found.kind)).chain(open);
        self.known.armed_since(&inner.shared().evidence, waiting, inner.rules.limits.facts)
    }

    /// Decides as much as can be, and makes the edits.
    fn settle(&mut self, inner: &Inner, text: &str, ends: bool) {
        if self.state == State::Open {
            self.judge_patterns(inner);
        }
        if !self.parts.is_empty() {
            self.judge_parts(inner);
        }
        if !self.undecided.is_empty() {
            self.judge_together(inner);
        }
        let since = self.may_be_armed_since(inner);
        let counts = Counts { since, ..self.counts };
        let oldest = self.scanner.oldest(&counts, self.state == State::Open && !ends);
        let mut settled = oldest.unwrap_or(u64::MAX).min(self.scanner.seen());
        for (found, judgement) in &self.undecided {
            let kinds = self.counts.later | self.counts.hints;
            let is_armed = kinds & 1 << found.kind != 0 && since.is_some_and(|since| since <= found.start);
            let waits = judgement.rule != Rule::Granted || inner.is_kept();
            if is_armed && waits || judgement.action >= Action::Redact {
                settled = settled.min(found.start);
            }
        }
        settled = self.parts.iter().map(|(found, _)| found.start).fold(settled, u64::min);
        if !self.continued.is_empty() && self.counts.always != 0 {
            settled = 0;
        }
        if self.audience == Audience::Reader {
            let withheld = |found: &&Match| inner.rules.withheld_patterns & 1 << found.kind != 0;
            let looks = self.patterned.iter().filter(withheld).map(|found| found.start);
            let piece = self.scanner.piece().filter(|_| !ends && self.state == State::Open);
            settled = looks.chain(piece).fold(settled, u64::min);
        }
        if !self.excused.is_empty() {
            // Kept as long as something may lie inside.
            let waiting = self.undecided.iter().chain(&self.parts).map(|(found, _)| found.start).min();
            let open = self.scanner.oldest(&Counts::KNOWN, false).into_iter().chain(waiting).min();
            let oldest = self.oldest_pattern().min(open.unwrap_or(u64::MAX));
            self.excused.retain(|known| known.end > oldest);
        }
        if self.look_ahead != LookAhead::None && self.state == State::Open && !ends {
            settled = match self.look_ahead {
                // Ends of sentences that have left are forgotten.
                LookAhead::Sentence => self.sentences.before(settled).max(self.decided.min(settled)),
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
        let decided = self.withheld.decided(settled);
        // What has left once is never held again: else it depends on the cuts, and the beginning of a value is out.
        let goes_back = decided < self.decided && self.state != State::Stopped;
        debug_assert!(!goes_back, "{decided} is before {}", self.decided);
        self.decided = decided.max(self.decided);
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
                self.has_replaced = true;
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
            && self.parts.is_empty()
            && self.patterned.is_empty()
            && self.withheld.is_empty()
            && self.noted.is_empty()
            && self.shown.is_empty()
            && self.continued.is_empty()
            && self.look_ahead == LookAhead::None
            && self.state == State::Open;
        if self.quiet {
            self.scanner.enter_lane();
        }
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
