//! What a response has already said about other people.
//!
//! One-way: a fact that was released cannot be recalled, so that facts only add up, and the fact that would complete the picture of a person is the
//! one that is withheld. Two facts count together if they stand on different text: `Austin Lee` does not disclose a city.

use crate::index::{KeyId, KindMask};

/// A weak fact that was released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fact {
    pub(crate) kind: u8,
    pub(crate) key: KeyId,
}

/// More facts than this are not kept; from then on every further one is taken to complete the picture.
const MOST_FACTS: usize = 64;

/// The facts that a session has released, over all its channels, in the order in which they ended.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    facts: Vec<Fact>,
}

/// From which byte of one channel on each fact of the evidence is known there.
#[derive(Debug, Default)]
pub(crate) struct Known {
    since: Vec<u64>,
}

impl Evidence {
    /// Takes in a fact that was released; whether it is new.
    pub(crate) fn commit(&mut self, fact: Fact) -> bool {
        if self.facts.contains(&fact) || self.facts.len() == MOST_FACTS {
            return false;
        }
        self.facts.push(fact);
        true
    }

    /// Whether `fact`, which begins at `start` and belongs to `people`, completes the picture of one of few of them; the number of kinds of
    /// facts about them.
    ///
    /// It does if, for some number of kinds that is at least `facts`, there are people whom facts of so many kinds fit, but fewer than `few`.
    #[allow(clippy::too_many_arguments)] // one call, and a struct of its arguments would say the same twice
    pub(crate) fn completes(
        &self,
        fact: Fact,
        people: &[u32],
        known: &Known,
        start: u64,
        facts: u32,
        few: u32,
        people_of: impl Fn(KeyId) -> Vec<u32>,
    ) -> Option<u32> {
        if known.full_since().is_some_and(|since| since <= start) && !self.facts.contains(&fact) {
            return Some(facts);
        }
        let mut kinds: Vec<KindMask> = vec![1 << fact.kind; people.len()];
        let before = self.facts.iter().zip(&known.since).filter(|(_, since)| **since <= start);
        for (other, _) in before.filter(|(other, _)| other.kind != fact.kind) {
            for person in people_of(other.key) {
                if let Ok(at) = people.binary_search(&person) {
                    kinds[at] |= 1 << other.kind;
                }
            }
        }
        let most = kinds.iter().map(|kinds| kinds.count_ones()).max()?;
        (facts..=most).rev().find(|count| {
            let fitting = kinds.iter().filter(|kinds| kinds.count_ones() >= *count).count();
            (1..few as usize).contains(&fitting)
        })
    }
}

impl Known {
    /// Learns the facts that other channels have committed, now that this one stands at byte `seen`.
    pub(crate) fn catch_up(&mut self, evidence: &Evidence, seen: u64) {
        self.since.resize(evidence.facts.len().max(self.since.len()), seen);
    }

    /// Learns the fact that was just committed, which ends at byte `end` of this channel.
    pub(crate) fn learn(&mut self, end: u64) {
        self.since.push(end);
    }

    /// The byte from which on a fact may complete a picture, if there is one and those that wait to be judged are released: where they end, and their
    /// kinds.
    pub(crate) fn armed_since(
        &self,
        evidence: &Evidence,
        waiting: impl Iterator<Item = (u64, u8)>,
        facts: u32,
    ) -> Option<u64> {
        if facts <= 1 {
            return Some(0);
        }
        let known = self.since.iter().copied().zip(evidence.facts.iter().map(|fact| fact.kind));
        let mut known: Vec<(u64, u8)> = known.chain(waiting).collect();
        known.sort_unstable();
        let mut kinds: KindMask = 0;
        let enough = known.into_iter().find(|(_, kind)| {
            kinds |= 1 << kind;
            kinds.count_ones() >= facts - 1
        });
        enough.map(|(since, _)| since).into_iter().chain(self.full_since()).min()
    }

    /// The byte from which on no more facts are kept.
    fn full_since(&self) -> Option<u64> {
        self.since.get(MOST_FACTS - 1).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(kind: u8, ordinal: u64) -> Fact {
        Fact { kind, key: KeyId { segment: 0, ordinal } }
    }

    /// Whether a second fact about `second` completes a picture after a first about `first`.
    fn completes(first: &[u32], second: &[u32], kinds: [u8; 2], few: u32) -> Option<u32> {
        let (mut evidence, mut known) = (Evidence::default(), Known::default());
        assert!(evidence.commit(fact(kinds[0], 0)));
        assert!(!evidence.commit(fact(kinds[0], 0)), "a fact counts once");
        known.learn(10);
        evidence.completes(fact(kinds[1], 1), second, &known, 10, 2, few, |_| first.to_vec())
    }

    #[test]
    fn few_people_are_a_picture() {
        assert_eq!(completes(&[1, 2, 3], &[3, 4], [0, 1], 5), Some(2));
        assert_eq!(completes(&[1, 2], &[3, 4], [0, 1], 5), None, "different people");
        assert_eq!(completes(&[1, 2, 3], &[1, 2, 3], [0, 1], 3), None, "too many people");
        assert_eq!(completes(&[1], &[1], [0, 0], 5), None, "one kind twice");
    }

    #[test]
    fn facts_on_the_same_text_do_not_count_together() {
        let (mut evidence, mut known) = (Evidence::default(), Known::default());
        evidence.commit(fact(0, 0));
        known.learn(10);
        assert_eq!(evidence.completes(fact(1, 1), &[1], &known, 9, 2, 5, |_| vec![1]), None);
        let armed =
            |waiting: &[(u64, u8)], facts| known.armed_since(&evidence, waiting.iter().copied(), facts);
        assert_eq!((armed(&[], 2), armed(&[(15, 1)], 2)), (Some(10), Some(10)));
        assert_eq!((armed(&[], 3), armed(&[(15, 0)], 3), armed(&[(15, 1)], 3)), (None, None, Some(15)));
    }

    #[test]
    fn full_evidence_is_stricter() {
        let (mut evidence, mut known) = (Evidence::default(), Known::default());
        for ordinal in 0..MOST_FACTS as u64 {
            assert!(evidence.commit(fact(0, ordinal)));
            known.learn(10 * ordinal);
        }
        assert!(!evidence.commit(fact(0, 999)));
        let completes = |fact, start| evidence.completes(fact, &[7], &known, start, 3, 5, |_| vec![]);
        assert_eq!((completes(fact(0, 999), 630), completes(fact(0, 999), 629)), (Some(3), None));
        assert_eq!(completes(fact(0, 5), 630), None, "what was said before");
        assert_eq!(known.armed_since(&evidence, std::iter::empty(), 3), Some(630), "and is held");
    }
}
