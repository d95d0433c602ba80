//! Spans that will not leave: merged where they overlap, replaced once nothing can widen them.

use std::cmp::Reverse;
use std::ops::Range;

use crate::index::KeyId;
use crate::policy::Action;

/// A run of withheld text, of one match or of several that overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: u64,
    pub(super) end: u64,
    /// The match whose label stands for the span: the strictest, then the first, then the longest.
    pub(super) shown: Shown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) action: Action,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) told: Told,
    pub(super) kind: u8,
    pub(super) value: KeyId,
}

/// How it was told; of matches on the same text the first is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Told {
    /// By its looks, and known values are not told from others.
    Uniform,
    Known,
    ByLooks,
}

impl Shown {
    fn rank(&self) -> impl Ord + use<> {
        (Reverse(self.action), self.start, Reverse(self.end), self.told, self.kind, self.value)
    }
}

/// The withheld spans, in order and apart.
#[derive(Debug, Default)]
pub(super) struct Withheld {
    /// Those that have not been replaced yet.
    spans: Vec<Span>,
    /// Those that have, while something that they cover may still turn out to be a value: its end may wait longer than theirs did.
    replaced: Vec<Range<u64>>,
}

impl Withheld {
    /// Adds a withheld match, merging it with those it overlaps; returns the span it is now part of.
    pub(super) fn add(&mut self, shown: Shown) -> Range<u64> {
        let mut span = Span { start: shown.start, end: shown.end, shown };
        let first = self.spans.partition_point(|other| other.end <= span.start);
        let last = self.spans.partition_point(|other| other.start < span.end).max(first);
        for other in self.spans.drain(first..last) {
            span.start = span.start.min(other.start);
            span.end = span.end.max(other.end);
            span.shown = if other.shown.rank() < span.shown.rank() { other.shown } else { span.shown };
        }
        self.spans.insert(first, span);
        span.start..span.end
    }

    /// How far text is decided that no match can change before `settled`: a span that reaches beyond may still be widened.
    pub(super) fn decided(&self, settled: u64) -> u64 {
        let across = self.spans.get(self.spans.partition_point(|span| span.end <= settled));
        across.filter(|span| span.start < settled).map_or(settled, |span| span.start)
    }

    /// Takes the spans before `decided`, in order.
    pub(super) fn take(&mut self, decided: u64) -> std::vec::Drain<'_, Span> {
        let count = self.spans.partition_point(|span| span.end <= decided);
        self.replaced.extend(self.spans[..count].iter().map(|span| span.start..span.end));
        self.spans.drain(..count)
    }

    /// Nothing that begins before `open` can become a value any more.
    pub(super) fn forget(&mut self, open: u64) {
        self.replaced.retain(|span| open < span.end);
    }

    /// Whether a span is inside a withheld one.
    pub(super) fn covers(&self, start: u64, end: u64) -> bool {
        let from = self.spans.partition_point(|span| span.end < end);
        self.spans.get(from).is_some_and(|span| span.start <= start)
            || self.replaced.iter().any(|span| span.start <= start && end <= span.end)
    }

    /// Whether nothing from a byte on is withheld.
    pub(super) fn is_free(&self, from: u64) -> bool {
        self.spans.iter().all(|span| span.end <= from) && self.replaced.iter().all(|span| span.end <= from)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.spans.is_empty() && self.replaced.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(start: u64, end: u64, action: Action) -> Shown {
        Shown { action, start, end, told: Told::Known, kind: 0, value: KeyId { segment: 0, ordinal: start } }
    }

    #[test]
    fn overlapping_spans_merge_in_any_order() {
        let matches = [
            shown(0, 7, Action::Redact),
            shown(4, 13, Action::Redact),
            shown(13, 15, Action::Redact),
            shown(5, 6, Action::Redact),
        ];
        for turn in 0..matches.len() {
            let mut withheld = Withheld::default();
            for at in 0..matches.len() {
                withheld.add(matches[(at + turn) % matches.len()]);
            }
            assert_eq!(withheld.decided(10), 0, "the first may still be widened");
            assert_eq!(withheld.decided(13), 13);
            let spans: Vec<Span> = withheld.take(15).collect();
            assert_eq!(spans.iter().map(|s| (s.start, s.end)).collect::<Vec<_>>(), [(0, 13), (13, 15)]);
            assert_eq!(spans[0].shown, matches[0]);
            assert!(withheld.covers(5, 13) && !withheld.covers(12, 14));
            withheld.forget(12);
            assert!(withheld.covers(5, 13), "something that began inside may still end");
            withheld.forget(u64::MAX);
            assert!(withheld.is_empty());
        }
    }
}
