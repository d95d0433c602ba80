//! What a conversation has already said about other people.
//!
//! One-way: a fact that was released cannot be recalled, so that facts only add up, and the fact that would complete the picture of a person is the
//! one that is withheld. Two facts count together if they stand on different text: `Austin Lee` does not disclose a city.

use crate::index::{KeyId, KindMask, Owner, People};

/// A fact that is to be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fact {
    pub(crate) kind: u8,
    pub(crate) key: KeyId,
}

/// When facts complete a picture.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// This many different kinds of facts do…
    pub(crate) facts: u32,
    /// …while fewer people than this fit all of them.
    pub(crate) people: u32,
}

impl Limits {
    /// Those of what a reader has said: beside any other fact about the same person it says too much, however many people there are.
    pub(crate) const ECHO: Self = Self { facts: 2, people: u32::MAX };
}

/// The picture that a fact completes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    /// How many kinds of facts about one person there are with this one.
    pub(crate) facts: u32,
    /// Whom it shows, in order; nobody if evidence is full.
    pub(crate) people: Vec<u32>,
    /// The kinds that fit the first of them, that of the fact among them.
    pub(crate) kinds: KindMask,
}

/// More facts than this are not kept; from then on every further one is taken to complete the picture.
const MOST_FACTS: usize = 256;

/// More people are not remembered as shown; from then on as above.
const MOST_EXPOSED: usize = 1_024;

/// The facts that were released, over all channels, in the order in which they ended; those of earlier turns first.
#[derive(Default)]
pub(crate) struct Evidence {
    said: Vec<Said>,
    /// People of whom a completing fact was withheld, in order: no further kind of fact about them is released.
    exposed: Vec<u32>,
    full: bool,
    /// It was filled by another turn of the conversation.
    full_elsewhere: bool,
}

/// A fact that was released.
struct Said {
    kind: u8,
    /// Another turn of the conversation has said it while this one ran.
    elsewhere: bool,
    /// What it was and whom it fits. Nobody knows of a fact of an earlier turn whose value the index has forgotten: it may fit anybody.
    known: Option<(KeyId, People)>,
}

/// From which byte of one channel on each fact of the evidence is known there.
#[derive(Debug, Default)]
pub(crate) struct Known {
    since: Vec<u64>,
    /// From which byte on every further fact is taken to complete the picture.
    full_since: Option<u64>,
}

/// What counts beside a fact.
struct Beside<'a> {
    /// The kind of the fact itself.
    fact: KindMask,
    /// That, and kinds of facts that may fit anybody.
    everyone: KindMask,
    /// The others: those of one kind together, the kind with the fewest people first.
    lists: Vec<(KindMask, &'a People)>,
}

impl Evidence {
    /// Takes in a fact that was released; whether anything is new about that.
    pub(crate) fn commit(&mut self, fact: Fact, people: &People) -> bool {
        !self.has_said(fact)
            && self.push(Said { kind: fact.kind, elsewhere: false, known: Some((fact.key, people.clone())) })
    }

    /// Takes in a fact of which only the kind is known; it may fit anybody.
    pub(crate) fn commit_unknown(&mut self, kind: u8) {
        if !self.said.iter().any(|said| said.kind == kind && said.known.is_none()) {
            self.push(Said { kind, elsewhere: false, known: None });
        }
    }

    fn push(&mut self, said: Said) -> bool {
        if self.said.len() < MOST_FACTS {
            self.said.push(said);
            return true;
        }
        !std::mem::replace(&mut self.full, true)
    }

    /// Forgets the fact that was committed last: it was not released after all.
    pub(crate) fn retract(&mut self, fact: Fact) {
        let is_last = |said: &Said| {
            said.kind == fact.kind && said.known.as_ref().is_some_and(|known| known.0 == fact.key)
        };
        if self.said.last().is_some_and(is_last) {
            self.said.pop();
        }
    }

    /// Takes in what another turn of the conversation has said while this one runs: it counts for everything that has not been judged yet.
    pub(crate) fn hear(&mut self, tell: impl FnOnce(&mut Self)) {
        let (known, was_full) = (self.said.len(), self.full);
        tell(self);
        self.said[known..].iter_mut().for_each(|said| said.elsewhere = true);
        self.full_elsewhere |= self.full && !was_full;
    }

    /// No further kind of fact about these people is to be released; whether that is new.
    pub(crate) fn expose(&mut self, people: &[u32]) -> bool {
        let before = self.exposed.len();
        for person in people {
            let Err(at) = self.exposed.binary_search(person) else { continue };
            self.full |= self.exposed.len() == MOST_EXPOSED;
            if self.full {
                break;
            }
            self.exposed.insert(at, *person);
        }
        self.exposed.len() > before
    }

    /// Every further fact is to be taken to complete the picture.
    pub(crate) fn fill(&mut self) {
        self.full = true;
    }

    pub(crate) fn is_full(&self) -> bool {
        self.full
    }

    /// People of whom a completing fact was withheld.
    pub(crate) fn exposed(&self) -> &[u32] {
        &self.exposed
    }

    /// The facts: their kinds, and what they are where that is known.
    pub(crate) fn facts(&self) -> impl Iterator<Item = (u8, Option<KeyId>)> {
        self.said.iter().map(|said| (said.kind, said.known.as_ref().map(|(key, _)| *key)))
    }

    fn has_said(&self, fact: Fact) -> bool {
        let is_same = |said: &Said| {
            said.kind == fact.kind && said.known.as_ref().is_some_and(|known| known.0 == fact.key)
        };
        self.said.iter().any(is_same)
    }

    /// The picture that `fact`, which begins at `start` and fits `people`, completes; those of whom the readers may see it do not count.
    ///
    /// There is one if, of some kinds that are at least `limits.facts`, there are facts that fit somebody all together, but fewer than `limits.people`: whoever
    /// else has other kinds of them hides nobody. What is the same as the fact (`is_same`) says nothing more. People are counted by verified values, so that invented namesakes do not hide anybody.
    #[allow(clippy::too_many_arguments)] // one call, and a struct of its arguments would say the same twice
    pub(crate) fn completes(
        &self,
        fact: Fact,
        people: &People,
        may_see: &dyn Fn(u32) -> bool,
        known: &Known,
        start: u64,
        limits: Limits,
        is_same: &dyn Fn(Fact) -> bool,
    ) -> Option<Picture> {
        if known.full_since.is_some_and(|since| since <= start) && !self.has_said(fact) {
            return Some(Picture { facts: limits.facts, people: Vec::new(), kinds: 1 << fact.kind });
        }
        let before = self.said.iter().zip(&known.since).filter(|(_, since)| **since <= start);
        let says_more = |said: &&Said| {
            !said.known.as_ref().is_some_and(|(key, _)| is_same(Fact { kind: said.kind, key: *key }))
        };
        let beside = Beside::new(fact, before.map(|(said, _)| said).filter(says_more));
        let most = beside.all().count_ones();
        if most < limits.facts {
            return None;
        }
        let own = 1 << fact.kind;
        let picture = |facts, shown: Vec<u32>| {
            let first = shown.first().and_then(|number| people.find(*number));
            let kinds = first.map_or(0, |person| beside.kinds_of(person, own).0);
            Picture { facts, people: shown, kinds }
        };
        let others = |person: &Owner| !may_see(person.number);
        let exposed = self.exposed.iter().filter_map(|number| people.find(*number)).filter(others);
        let exposed = exposed.filter(|person| beside.kinds_of(*person, own).0.count_ones() >= limits.facts);
        let further: Vec<u32> = exposed.map(|person| person.number).collect();
        if !further.is_empty() && !self.has_said(fact) {
            return Some(picture(most, further));
        }
        let (shown, candidates) = beside.shown(people, limits, &others);
        let most = shown.iter().map(|kinds| kinds.count_ones()).max()?;
        let fits =
            |kinds: KindMask| shown.iter().any(|shown| shown.count_ones() == most && kinds & shown == *shown);
        let fitting = candidates.iter().filter(|(_, kinds)| fits(kinds.0));
        let mut fitting: Vec<u32> = fitting.map(|(person, _)| *person).collect();
        fitting.sort_unstable();
        Some(picture(most, fitting))
    }
}

/// People, and which kinds fit each: all, and those of them that do by verified values.
type Candidates = Vec<(u32, (KindMask, KindMask))>;

impl<'a> Beside<'a> {
    fn new(fact: Fact, before: impl Iterator<Item = &'a Said>) -> Self {
        let own = 1 << fact.kind;
        let mut beside = Self { fact: own, everyone: own, lists: Vec::new() };
        let mut sizes = [0; KindMask::BITS as usize];
        for said in before.filter(|said| said.kind != fact.kind) {
            match &said.known {
                None => beside.everyone |= 1 << said.kind,
                Some((_, people)) => {
                    sizes[usize::from(said.kind)] += people.len();
                    beside.lists.push((1 << said.kind, people));
                }
            }
        }
        let everyone = beside.everyone;
        beside.lists.retain(|(kind, _)| everyone & kind == 0);
        beside.lists.sort_by_key(|(kind, _)| (sizes[kind.trailing_zeros() as usize], *kind));
        beside
    }

    /// Kinds that may fit one person.
    fn all(&self) -> KindMask {
        self.lists.iter().fold(self.everyone, |mask, (kind, _)| mask | kind)
    }

    /// The kinds that fit one whom the fact fits, and those of them that do by verified values.
    fn kinds_of(&self, person: Owner, own: KindMask) -> (KindMask, KindMask) {
        let mut kinds = (self.everyone, if person.confers { self.everyone } else { self.everyone & !own });
        for (kind, list) in &self.lists {
            if let Some(owner) = list.find(person.number) {
                kinds.0 |= kind;
                kinds.1 |= if owner.confers { *kind } else { 0 };
            }
        }
        kinds
    }

    /// The kinds that few people have together, at least so many as make a picture, and all people who may have them.
    ///
    /// The lists are gone through from the shortest on. Whoever is in none of those gone through has no kind but those of the rest: once enough people are
    /// known who have all of these, nobody is left who would be shown by them or by fewer.
    fn shown(
        &self,
        people: &People,
        limits: Limits,
        counts: &dyn Fn(&Owner) -> bool,
    ) -> (Vec<KindMask>, Candidates) {
        let (lists, own, few) = (&self.lists, self.everyone, limits.people as usize);
        let fact = self.fact;
        let (mut candidates, mut hidden) = (Candidates::new(), None);
        for place in 0..=lists.len() {
            let rest = lists[place..].iter().fold(own, |kinds, (kind, _)| kinds | kind);
            if rest.count_ones() < limits.facts {
                break;
            }
            let mut verified = candidates.iter().filter(|(_, kinds)| kinds.1 & rest == rest).count();
            let mut is_enough = |person: Owner| {
                let was_seen = || lists[..place].iter().any(|(_, list)| list.find(person.number).is_some());
                if counts(&person) && !was_seen() {
                    let kinds = self.kinds_of(person, fact);
                    verified += usize::from(kinds.1 & rest == rest);
                    candidates.push((person.number, kinds));
                }
                verified >= few
            };
            let enough = match lists.get(place) {
                Some((_, list)) => list.any_of_both(people, &mut is_enough),
                None => people.iter().any(&mut is_enough),
            };
            if enough || verified >= few {
                hidden = Some(rest);
                break;
            }
        }
        let mut kinds: Vec<(KindMask, KindMask)> = candidates.iter().map(|(_, kinds)| *kinds).collect();
        kinds.sort_unstable();
        let alike: Vec<(KindMask, KindMask, usize)> = kinds
            .chunk_by(|one, other| one == other)
            .map(|alike| (alike[0].0, alike[0].1, alike.len()))
            .collect();
        let is_shown = |kinds: &KindMask| {
            let verified = alike.iter().filter(|(_, verified, _)| verified & kinds == *kinds);
            let is_hidden = hidden.is_some_and(|hidden| kinds & !hidden == 0);
            kinds.count_ones() >= limits.facts
                && !is_hidden
                && verified.map(|(.., people)| people).sum::<usize>() < few
        };
        let mut shown: Vec<KindMask> = alike.iter().map(|(kinds, ..)| *kinds).filter(is_shown).collect();
        shown.dedup();
        (shown, candidates)
    }
}

impl Known {
    /// Learns the facts that other channels have committed, now that this one stands at byte `seen`.
    pub(crate) fn catch_up(&mut self, evidence: &Evidence, seen: u64) {
        let new = evidence.said.get(self.since.len()..).unwrap_or_default();
        // Where other turns may speak, nothing leaves before it is judged: what they have said counts from the first byte on.
        self.since.extend(new.iter().map(|said| if said.elsewhere { 0 } else { seen }));
        if evidence.full && self.full_since.is_none() {
            self.full_since = Some(if evidence.full_elsewhere { 0 } else { seen });
        }
    }

    /// Learns the fact that was just committed, which ends at byte `end` of this channel.
    pub(crate) fn learn(&mut self, evidence: &Evidence, end: u64) {
        self.catch_up(evidence, end);
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
        let known = self.since.iter().copied().zip(evidence.said.iter().map(|said| said.kind));
        let mut known: Vec<(u64, u8)> = known.chain(waiting).collect();
        known.sort_unstable();
        let mut kinds: KindMask = 0;
        let enough = known.into_iter().find(|(_, kind)| {
            kinds |= 1 << kind;
            kinds.count_ones() >= facts - 1
        });
        enough.map(|(since, _)| since).into_iter().chain(self.full_since).min()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn fact(kind: u8, ordinal: u64) -> Fact {
        Fact { kind, key: KeyId { segment: 0, ordinal } }
    }

    fn people(numbers: &[u32]) -> People {
        numbers.iter().map(|number| Owner { number: *number, confers: true }).collect()
    }

    fn nobody(_: u32) -> bool {
        false
    }

    /// What the last of these facts completes, each beginning where the one before it ended.
    fn last(facts: &[(u8, &[u32])], limits: Limits) -> Option<(u32, Vec<u32>)> {
        let (mut evidence, mut known) = (Evidence::default(), Known::default());
        let (last, before) = facts.split_last().unwrap();
        for (at, (kind, numbers)) in (0_u64..).zip(before) {
            assert!(evidence.commit(fact(*kind, at), &people(numbers)));
            assert!(!evidence.commit(fact(*kind, at), &people(numbers)), "a fact counts once");
            known.learn(&evidence, 10 * at);
        }
        let picture =
            evidence.completes(fact(last.0, 99), &people(last.1), &nobody, &known, 1_000, limits, &|_| false);
        picture.map(|picture| (picture.facts, picture.people))
    }

    #[test]
    fn few_people_are_a_picture() {
        let limits = |people| Limits { facts: 2, people };
        assert_eq!(last(&[(0, &[1, 2, 3]), (1, &[3, 4])], limits(5)), Some((2, vec![3])));
        assert_eq!(last(&[(0, &[1, 2]), (1, &[3, 4])], limits(5)), None, "different people");
        assert_eq!(last(&[(0, &[1, 2, 3]), (1, &[1, 2, 3])], limits(3)), None, "too many people");
        assert_eq!(last(&[(0, &[1]), (0, &[1])], limits(5)), None, "one kind twice");
        assert_eq!(
            last(&[(0, &[1, 2, 3]), (1, &[1, 2, 3]), (2, &[2])], limits(3)),
            Some((3, vec![2])),
            "one of many"
        );
        assert_eq!(
            last(&[(0, &[1, 2, 3, 4]), (1, &[9]), (2, &[3, 4])], limits(3)),
            Some((2, vec![3, 4])),
            "not everything fits"
        );
        assert_eq!(
            last(&[(0, &[1]), (0, &[2]), (1, &[1, 2])], limits(3)),
            Some((2, vec![1, 2])),
            "two names"
        );
        let one = Limits { facts: 1, people: 2 };
        assert_eq!(last(&[(0, &[7])], one), Some((1, vec![7])));
        assert_eq!(last(&[(0, &[7, 8])], one), None);
    }

    /// The plain sense of it, person by person.
    #[test]
    fn pictures_are_what_counting_every_person_says() {
        let mut random = 7_u64;
        let mut below = |bound: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % bound
        };
        for _ in 0..3_000 {
            let facts: Vec<(u8, Vec<u32>)> = (0..1 + below(4))
                .map(|_| (below(4) as u8, (0..12).filter(|_| below(3) > 0).collect()))
                .collect();
            let limits = Limits { facts: 1 + below(3) as u32, people: 1 + below(6) as u32 };
            let facts: Vec<(u8, &[u32])> = facts.iter().map(|(kind, people)| (*kind, &people[..])).collect();
            let of = |person: &u32| {
                let fitting = facts.iter().filter(|(_, people)| people.contains(person));
                fitting.fold(0_u32, |kinds, (kind, _)| kinds | 1 << kind)
            };
            let named = facts.last().unwrap().1;
            let fitting =
                |kinds: u32| named.iter().copied().filter(move |person| of(person) & kinds == kinds);
            let shown: Vec<u32> = (0..16_u32)
                .filter(|kinds| kinds.count_ones() >= limits.facts)
                .filter(|kinds| (1..limits.people as usize).contains(&fitting(*kinds).count()))
                .collect();
            let expected = shown.iter().map(|kinds| kinds.count_ones()).max().map(|most| {
                let shown = shown.iter().filter(|kinds| kinds.count_ones() == most);
                let people: BTreeSet<u32> = shown.flat_map(|kinds| fitting(*kinds)).collect();
                (most, people.into_iter().collect())
            });
            assert_eq!(last(&facts, limits), expected, "{facts:?} {limits:?}");
        }
    }

    /// The same with values that nobody verified, and facts that are no longer known, which may fit anybody.
    #[test]
    fn pictures_are_the_same_however_little_is_known() {
        let mut random = 11_u64;
        let mut below = |bound: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % bound
        };
        let some = |below: &mut dyn FnMut(u64) -> u64| -> People {
            let some = (0..12).filter_map(|number| match below(5) {
                0 | 1 => None,
                by => Some(Owner { number, confers: by > 2 }),
            });
            some.collect()
        };
        for round in 0..3_000 {
            let (mut evidence, mut known) = (Evidence::default(), Known::default());
            // By kind: who has it, and whether it is verified; `None` may be anybody's.
            let mut said: Vec<(u8, Option<People>)> = Vec::new();
            for at in 0..1 + below(4) {
                let people = some(&mut below);
                let people = if below(2) > 0 { people.with_table() } else { people };
                let kind = below(4) as u8;
                if below(4) == 0 {
                    evidence.commit_unknown(kind);
                    said.push((kind, None));
                } else {
                    evidence.commit(fact(kind, at), &people);
                    said.push((kind, Some(people)));
                }
            }
            known.catch_up(&evidence, 0);
            let people = some(&mut below);
            let limits = Limits { facts: 1 + below(3) as u32, people: 1 + below(6) as u32 };
            let kinds = |person: Owner, verified: bool| {
                let own = (!verified || person.confers).then_some(0_u8);
                let fits = |who: &Option<People>| match who {
                    None => true,
                    Some(who) => who.find(person.number).is_some_and(|owner| !verified || owner.confers),
                };
                let mut kinds: Vec<u8> =
                    said.iter().filter(|(_, who)| fits(who)).map(|(kind, _)| *kind).collect();
                kinds.retain(|kind| *kind != 0);
                kinds.extend(own);
                kinds.into_iter().fold(0_u32, |kinds, kind| kinds | 1 << kind)
            };
            let fitting = |wanted: u32| -> Vec<Owner> {
                people.iter().filter(|person| kinds(*person, false) & wanted == wanted).collect()
            };
            let shows = |wanted: &u32| {
                let fitting = fitting(*wanted);
                let verified =
                    fitting.iter().filter(|person| kinds(**person, true) & wanted == *wanted).count();
                wanted.count_ones() >= limits.facts
                    && !fitting.is_empty()
                    && verified < limits.people as usize
            };
            let shown: Vec<u32> = (0..16_u32).filter(shows).collect();
            let expected = shown.iter().map(|kinds| kinds.count_ones()).max().map(|most| {
                let shown = shown.iter().filter(|kinds| kinds.count_ones() == most);
                let people: BTreeSet<u32> =
                    shown.flat_map(|kinds| fitting(*kinds)).map(|person| person.number).collect();
                (most, people.into_iter().collect())
            });
            let picture = evidence.completes(fact(0, 99), &people, &nobody, &known, 1, limits, &|_| false);
            assert_eq!(picture.map(|picture| (picture.facts, picture.people)), expected, "round {round}");
        }
    }

    #[test]
    fn people_are_counted_by_verified_values() {
        let (mut evidence, mut known) = (Evidence::default(), Known::default());
        let claimed: People = (1..=9).map(|number| Owner { number, confers: number == 1 }).collect();
        evidence.commit(fact(0, 0), &claimed);
        known.learn(&evidence, 1);
        let limits = Limits { facts: 2, people: 5 };
        let with =
            |people: &People| evidence.completes(fact(1, 1), people, &nobody, &known, 9, limits, &|_| false);
        assert_eq!(
            with(&claimed).map(|picture| picture.people.len()),
            Some(9),
            "invented namesakes hide nobody"
        );
        assert!(with(&people(&[5])).is_some(), "what nobody verified protects");
    }

    #[test]
    fn those_of_whom_the_reader_may_see_it_do_not_count() {
        let (mut evidence, mut known) = (Evidence::default(), Known::default());
        evidence.commit(fact(0, 0), &people(&[1, 2]));
        known.learn(&evidence, 1);
        let limits = Limits { facts: 2, people: 5 };
        let with = |seen: u32, numbers: &[u32]| {
            let may_see = |number| number == seen;
            evidence
                .completes(fact(1, 1), &people(numbers), &may_see, &known, 9, limits, &|_| false)
                .map(|picture| picture.people)
        };
        assert_eq!(with(1, &[1]), None);
        assert_eq!(with(1, &[1, 2]), Some(vec![2]));
    }

    #[test]
    fn nothing_further_is_said_of_those_who_were_shown() {
        let (mut evidence, mut known) = (Evidence::default(), Known::default());
        evidence.commit(fact(0, 0), &people(&[1, 2, 3]));
        known.learn(&evidence, 1);
        let limits = Limits { facts: 2, people: 2 };
        let further = fact(2, 2);
        let asked = |evidence: &Evidence, known: &Known| {
            evidence.completes(further, &people(&[1, 2, 3]), &nobody, known, 9, limits, &|_| false)
        };
        assert_eq!(asked(&evidence, &known), None);
        evidence.expose(&[2]);
        assert_eq!(asked(&evidence, &known).map(|picture| picture.people), Some(vec![2]));
        let again =
            evidence.completes(fact(0, 0), &people(&[1, 2, 3]), &nobody, &known, 9, limits, &|_| false);
        assert_eq!(again, None, "what was said may be said again");
    }

    #[test]
    fn a_fact_that_is_no_longer_known_may_fit_anybody() {
        let (mut evidence, mut known) = (Evidence::default(), Known::default());
        evidence.commit_unknown(0);
        evidence.commit_unknown(0);
        known.catch_up(&evidence, 0);
        let limits = Limits { facts: 2, people: 3 };
        let with = |kind, numbers: &[u32]| {
            evidence.completes(fact(kind, 1), &people(numbers), &nobody, &known, 0, limits, &|_| false)
        };
        assert_eq!(with(1, &[4, 5]).map(|picture| picture.people), Some(vec![4, 5]));
        assert_eq!(with(1, &[4, 5, 6]), None);
        assert_eq!(with(0, &[4]), None, "one kind twice");
    }

    #[test]
    fn facts_on_the_same_text_do_not_count_together() {
        let (mut evidence, mut known) = (Evidence::default(), Known::default());
        evidence.commit(fact(0, 0), &people(&[1]));
        known.learn(&evidence, 10);
        let limits = Limits { facts: 2, people: 5 };
        assert_eq!(
            evidence.completes(fact(1, 1), &people(&[1]), &nobody, &known, 9, limits, &|_| false),
            None
        );
        let armed =
            |waiting: &[(u64, u8)], facts| known.armed_since(&evidence, waiting.iter().copied(), facts);
        assert_eq!((armed(&[], 2), armed(&[(15, 1)], 2)), (Some(10), Some(10)));
        assert_eq!((armed(&[], 3), armed(&[(15, 0)], 3), armed(&[(15, 1)], 3)), (None, None, Some(15)));
    }

    #[test]
    fn full_evidence_is_stricter() {
        let limits = Limits { facts: 2, people: 5 };
        let mut evidence = Evidence::default();
        for ordinal in 0..=MOST_FACTS as u64 {
            evidence.commit(fact(0, ordinal), &people(&[]));
        }
        let mut known = Known::default();
        known.learn(&evidence, 7);
        assert!(
            evidence.completes(fact(1, 999), &people(&[9]), &nobody, &known, 7, limits, &|_| false).is_some()
        );
        assert_eq!(
            evidence.completes(fact(1, 999), &people(&[9]), &nobody, &known, 6, limits, &|_| false),
            None,
            "it has left"
        );
        assert_eq!(
            evidence.completes(fact(0, 0), &people(&[9]), &nobody, &known, 7, limits, &|_| false),
            None
        );
        assert_eq!(known.armed_since(&evidence, std::iter::empty(), 9), Some(7));
        let mut shown = Evidence::default();
        shown.expose(&(0..=MOST_EXPOSED as u32).collect::<Vec<_>>());
        assert!(shown.is_full() && shown.exposed().len() == MOST_EXPOSED);
    }
}
