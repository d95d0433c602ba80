//! What is said of matches: findings, in the order in which they end, once their text is decided.

use std::sync::Arc;

use super::{Channel, MOST_FINDINGS, State};
use crate::checker::finding::{Finding, How, Value};
use crate::checker::session::Inner;
use crate::policy::{Action, Excuse, Judgement, Rule};
use crate::scan::{Counts, Match};

impl Channel {
    pub(super) fn note(&mut self, inner: &Inner, found: &Match, judgement: Judgement) {
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
            Rule::Unkept => "conversations".into(),
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
            value: Value((judgement.owners > 0).then(|| inner.generation.value(found.key))),
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
    pub(super) fn gives_way(&mut self, finding: &Finding) -> bool {
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
    pub(super) fn report(&mut self, inner: &Inner, ends: bool) {
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
            inner.shared().tally.find(&inner.generation, &finding);
            if self.findings.len() < MOST_FINDINGS {
                self.findings.push(finding);
            }
        }
    }

    /// Counts values that every reader may see, once they have been shown.
    pub(super) fn tell_shown(&mut self, inner: &Inner) {
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
}
