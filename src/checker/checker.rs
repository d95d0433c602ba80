//! One channel of a response: scans, judges, holds, releases.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::Session;
use super::finding::{Finding, How};
use super::hold::Hold;
use super::session::Inner;
use super::withheld::{Shown, Withheld};
use crate::index::KindMask;
use crate::policy::{Action, Fact, Judgement, Known, Rule, replacement};
use crate::scan::{Match, Scanner};

/// Checks one text channel of a response.
///
/// Text goes in in any pieces; what is safe comes out as soon as no continuation could make it a leak. What is held when a checker is
/// dropped without [`finish`](Self::finish) is gone: text that nobody judged does not leave.
///
/// ```
/// # use tightlip::{Identifier, IndexBuilder, Kind, Policy, Reader, Session, Verdict};
/// # let mut builder = IndexBuilder::new();
/// # builder.add(Identifier { owner: "C-1001", kind: Kind::Email, text: "ann@example.com" })?;
/// # let index = builder.finish_in_memory()?;
/// let session = Session::new(&index, &Policy::standard(), Reader::customer("C-2002"));
/// let mut checker = session.checker();
/// let mut out = String::new();
/// for token in ["It is ", "ann", "@exa", "mple.com", "."] {
///     if checker.push(token, &mut out) == Verdict::Stop {
///         break;
///     }
/// }
/// assert_eq!(checker.held(), 16, "it may still become ann@example.com.au");
/// let _ = checker.finish(&mut out);
/// assert_eq!(out, "It is [EMAIL].");
/// # Ok::<(), tightlip::Error>(())
/// ```
pub struct Checker {
    session: Session,
    channel: Arc<str>,
    scanner: Scanner,
    hold: Hold,
    withheld: Withheld,
    /// Matches that may complete a picture, in the order in which they end; judged once nothing can cover them.
    undecided: VecDeque<(Match, Judgement)>,
    known: Known,
    /// From this byte on, values of kinds that count together may be withheld.
    armed_since: Option<u64>,
    /// Findings whose text is not decided yet: a longer value may still cover them.
    noted: Vec<Finding>,
    findings: Vec<Finding>,
    /// Findings made so far, also those that were not kept.
    found: u64,
    /// Everything before is decided, and its edits are in `edits`.
    decided: u64,
    /// The first byte of the value that stopped the response.
    stopped_at: u64,
    /// What this channel knows of the others.
    version: u64,
    matches: Vec<Match>,
    edits: Vec<Edit>,
    state: State,
    begun: Instant,
    most_held: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    Stopped,
    Finished,
}

/// Whether a response goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a stopped response must end"]
pub enum Verdict {
    /// More text may follow.
    Continue,
    /// The response has ended: nothing more leaves, whatever is pushed.
    Stop,
}

/// What one step decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advance<'a> {
    /// Everything before this byte of the channel's text is decided: it may leave, with the edits made.
    pub decided: u64,
    /// What is to be replaced between the last step's `decided` and this one's, in order and apart.
    pub edits: &'a [Edit],
    /// Whether the response goes on.
    pub verdict: Verdict,
}

/// A span of the channel's text that does not leave, and what stands in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Bytes of the channel's original text.
    pub span: Range<u64>,
    /// What stands in its place.
    pub replacement: String,
}

/// More findings than this are counted, not kept.
const MOST_FINDINGS: usize = 1_000;

/// Held text beyond this stops the response. One value cannot reach it: it needs a chain of withheld values that overlap.
const MOST_HELD: usize = 1 << 20;

impl Checker {
    pub(super) fn new(session: Session, channel: Arc<str>) -> Self {
        let scanner = Scanner::new(Arc::clone(&session.inner.plan));
        session.inner.span.in_scope(|| tracing::debug!(channel = &*channel, "stream started"));
        Self {
            session,
            channel,
            scanner,
            hold: Hold::default(),
            withheld: Withheld::default(),
            undecided: VecDeque::new(),
            known: Known::default(),
            armed_since: None,
            noted: Vec::new(),
            findings: Vec::new(),
            found: 0,
            decided: 0,
            stopped_at: u64::MAX,
            version: 0,
            matches: Vec::new(),
            edits: Vec::new(),
            state: State::Open,
            begun: Instant::now(),
            most_held: 0,
        }
    }

    /// Takes text and appends what is safe now to `out`. Allocates nothing on text without findings, once its buffers have grown.
    ///
    /// When the policy stops the response, the stop message is appended and [`Verdict::Stop`] returned, now and ever after.
    pub fn push(&mut self, text: &str, out: &mut String) -> Verdict {
        self.write(text, out, false)
    }

    /// The text ends: decides and appends the rest.
    pub fn finish(&mut self, out: &mut String) -> Verdict {
        self.write("", out, true)
    }

    fn write(&mut self, text: &str, out: &mut String, ends: bool) -> Verdict {
        if self.state != State::Open {
            return self.verdict();
        }
        self.decide(text, ends);
        let mut at = self.hold.released();
        for edit in &self.edits {
            out.push_str(self.hold.text(at, edit.span.start));
            out.push_str(&edit.replacement);
            at = edit.span.end;
        }
        out.push_str(self.hold.text(at, self.decided));
        self.leave();
        if self.state == State::Stopped {
            out.push_str(self.session.inner.policy.stop_message());
        }
        self.verdict()
    }

    /// Takes text and says how far the channel is decided and what is to be replaced up to there. The caller keeps the text.
    pub fn advance(&mut self, text: &str) -> Advance<'_> {
        self.step(text, false)
    }

    /// The text ends: decides the rest. [`advance`](Self::advance) is to this what [`push`](Self::push) is to [`finish`](Self::finish).
    pub fn advance_to_end(&mut self) -> Advance<'_> {
        self.step("", true)
    }

    fn step(&mut self, text: &str, ends: bool) -> Advance<'_> {
        self.edits.clear();
        if self.state == State::Open {
            self.decide(text, ends);
            self.leave();
        }
        Advance { decided: self.hold.released(), edits: &self.edits, verdict: self.verdict() }
    }

    /// The findings so far, in the order in which they end. More than 1,000 are only counted.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Takes the findings out.
    pub fn take_findings(&mut self) -> Vec<Finding> {
        std::mem::take(&mut self.findings)
    }

    /// How many findings there were, also those not kept.
    pub fn found(&self) -> u64 {
        self.found
    }

    /// Bytes not yet released.
    pub fn held(&self) -> usize {
        self.hold.len()
    }

    fn verdict(&self) -> Verdict {
        if self.state == State::Stopped { Verdict::Stop } else { Verdict::Continue }
    }

    /// Scans and judges `text`; leaves what it decided in `edits` and `hold`.
    fn decide(&mut self, text: &str, ends: bool) {
        let session = self.session.clone();
        let inner = &*session.inner;
        self.edits.clear();
        self.catch_up(inner);
        if self.state == State::Stopped {
            return self.hold.discard();
        }
        self.hold.append(text);
        let mut at = 0;
        while at < text.len() && self.state == State::Open {
            at += self.scanner.advance(&text[at..], &mut self.matches);
            self.judge(inner);
        }
        if ends && self.state == State::Open {
            self.scanner.finish(&mut self.matches);
            self.judge(inner);
        }
        self.settle(inner, ends);
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
            self.state = State::Stopped;
        }
        self.known.catch_up(&shared.evidence, self.scanner.seen());
        self.armed_since = self.known.armed_since(&shared.evidence, inner.rules.facts);
    }

    /// Judges the matches that the scanner has just made.
    fn judge(&mut self, inner: &Inner) {
        if self.matches.is_empty() {
            return;
        }
        let matches = std::mem::take(&mut self.matches);
        for found in &matches {
            let Some(judgement) = inner.rules.alone(found.kind, found.key) else { continue };
            if judgement.action >= Action::Redact {
                self.withhold(inner, found, judgement);
                if judgement.action == Action::Stop {
                    return self.stop(inner, found.start);
                }
            } else if inner.rules.counts_together(found.kind) {
                self.undecided.push_back((*found, judgement));
            } else if judgement.action == Action::Observe {
                self.note(inner, found, judgement);
            }
        }
        self.matches = matches;
        self.matches.clear();
        self.judge_together(inner);
    }

    /// Judges, in the order in which they end, the values that count together and that nothing can cover any more.
    fn judge_together(&mut self, inner: &Inner) {
        while let Some((found, alone)) = self.undecided.front().copied() {
            let oldest = self.oldest(inner, 0);
            if oldest.is_some_and(|oldest| oldest <= found.start) {
                return;
            }
            self.undecided.pop_front();
            if self.withheld.covers(found.start, found.end) {
                continue;
            }
            let fact = Fact { kind: found.kind, key: inner.generation.value(found.key) };
            let mut shared = inner.shared();
            let together = inner.rules.together(fact, &shared.evidence, &self.known, found.start);
            let judgement = together.filter(|together| together.action >= alone.action).unwrap_or(alone);
            if judgement.action < Action::Redact && shared.evidence.commit(fact) {
                self.known.learn(found.end);
                self.armed_since = self.known.armed_since(&shared.evidence, inner.rules.facts);
                self.version = inner.version.fetch_add(1, Ordering::AcqRel) + 1;
            }
            drop(shared);
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

    fn withhold(&mut self, inner: &Inner, found: &Match, judgement: Judgement) {
        let value = inner.generation.value(found.key);
        let (start, end) = (found.start.max(self.hold.released()), found.end);
        debug_assert_eq!(start, found.start, "part of a withheld value has left");
        self.withheld.add(Shown { action: judgement.action, start, end, kind: found.kind, value });
        // What lies inside a longer withheld value is covered by it.
        let covers = |outer: &Range<u64>, inner: &Range<u64>| outer.start <= inner.start && inner.end <= outer.end && outer != inner;
        let span = found.start..found.end;
        self.noted.retain(|other| other.action < Action::Redact || !covers(&span, &other.span));
        if !self.noted.iter().any(|other| other.action >= Action::Redact && covers(&other.span, &span)) {
            self.note(inner, found, judgement);
        }
    }

    fn note(&mut self, inner: &Inner, found: &Match, judgement: Judgement) {
        let kind = &inner.generation.kinds()[usize::from(found.kind)].kind;
        let rule = match judgement.rule {
            Rule::Kind => format!("kinds.{kind}"),
            Rule::Together => "together".into(),
            Rule::NamesAlone => "names.alone_if_shared_by_fewer_than".into(),
        };
        let (start, end) = (found.start.to_le_bytes(), found.end.to_le_bytes());
        let finding = Finding {
            id: inner.generation.keyed_hash(&[b"finding", self.channel.as_bytes(), kind.name().as_bytes(), &start, &end]),
            rule,
            generation: inner.generation.number(),
            kind: kind.clone(),
            action: judgement.action,
            span: found.start..found.end,
            channel: Arc::clone(&self.channel),
            how: How { folded: found.altered, together: judgement.rule == Rule::Together },
            owners: judgement.owners,
            owner: format!("k:{}", inner.generation.owner_hash(judgement.owner)),
            facts: judgement.facts,
        };
        let order = |finding: &Finding| (finding.span.end, finding.span.start, finding.kind.clone());
        let place = self.noted.partition_point(|other| order(other) <= order(&finding));
        self.noted.insert(place, finding);
    }

    /// Reports the findings in text that is decided; at a stop, also the one that stopped it.
    fn report(&mut self, inner: &Inner) {
        if self.noted.is_empty() {
            return;
        }
        let (decided, stopped_at) = (self.decided, self.stopped_at);
        let is_ready = |finding: &mut Finding| {
            finding.span.end <= decided || (finding.action == Action::Stop && finding.span.start == stopped_at)
        };
        for finding in self.noted.extract_if(.., is_ready) {
            self.found += 1;
            inner.span.in_scope(|| {
                let (kind, action) = (finding.kind.name(), finding.action);
                let bytes = finding.span.end - finding.span.start;
                tracing::info!(channel = &*self.channel, kind, ?action, rule = finding.rule, bytes, "finding");
            });
            if self.findings.len() < MOST_FINDINGS {
                self.findings.push(finding);
            }
        }
    }

    fn stop(&mut self, inner: &Inner, at: u64) {
        self.state = State::Stopped;
        self.stopped_at = self.stopped_at.min(at);
        inner.shared().stopped = true;
        self.version = inner.version.fetch_add(1, Ordering::AcqRel) + 1;
        inner.span.in_scope(|| tracing::info!(channel = &*self.channel, "response stopped"));
    }

    /// The oldest byte from which on the policy may still withhold a value; kinds of `unopened` are asked about runs that have opened no walk.
    fn oldest(&mut self, inner: &Inner, unopened: KindMask) -> Option<u64> {
        let (alone, together) = (inner.rules.withheld_alone, inner.rules.withheld_together);
        let armed_since = self.armed_since;
        self.scanner.oldest(unopened, |kind, start| {
            alone & 1 << kind != 0 || (together & 1 << kind != 0 && armed_since.is_some_and(|since| since <= start))
        })
    }

    /// Decides as much as can be, and makes the edits.
    fn settle(&mut self, inner: &Inner, ends: bool) {
        self.judge_together(inner);
        let (alone, together) = (inner.rules.withheld_alone, inner.rules.withheld_together);
        let unopened = if self.armed_since.is_some() { alone | together } else { alone };
        let oldest = if self.state == State::Stopped { self.oldest(inner, 0) } else { self.oldest(inner, unopened) };
        let mut settled = oldest.unwrap_or(u64::MAX).min(self.scanner.seen());
        for (found, _) in &self.undecided {
            if self.armed_since.is_some_and(|since| since <= found.start) {
                settled = settled.min(found.start);
            }
        }
        if self.state == State::Stopped {
            // Nothing of the value that stopped it, and nothing behind it.
            settled = settled.min(self.stopped_at);
        }
        let decided = self.withheld.decided(settled).max(self.hold.released());
        if !self.withheld.is_empty() {
            let mut shared = inner.shared();
            for span in self.withheld.take(decided) {
                let (span, shown) = (span.start..span.end, span.shown);
                let raw = self.hold.text(span.start, span.end);
                let mut text = String::new();
                replacement(&inner.rules, &mut shared.pseudonyms, shown.kind, shown.value, raw, &mut text);
                self.edits.push(Edit { span, replacement: text });
            }
        }
        self.decided = decided;
        self.report(inner);
        if ends && self.state == State::Open {
            self.state = State::Finished;
        }
        if self.state == State::Open && (self.scanner.seen() - decided) as usize > MOST_HELD {
            self.stop(inner, decided);
        }
    }

    /// What is decided has left; what is left after a stop never does.
    fn leave(&mut self) {
        self.hold.release(self.decided);
        self.most_held = self.most_held.max(self.hold.len());
        if self.state == State::Stopped {
            self.hold.discard();
        }
    }
}

impl Drop for Checker {
    fn drop(&mut self) {
        let ending = match self.state {
            State::Open => "dropped",
            State::Stopped => "stopped",
            State::Finished => "finished",
        };
        self.session.inner.span.in_scope(|| {
            tracing::debug!(
                channel = &*self.channel,
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

/// Held text and findings' places in it are customer text.
impl std::fmt::Debug for Checker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Checker")
            .field("channel", &self.channel)
            .field("hold", &self.hold)
            .field("found", &self.found)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
