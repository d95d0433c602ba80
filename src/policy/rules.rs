//! A policy, an index and a reader, resolved to plain tables.

use std::collections::HashSet;
use std::sync::Arc;

use super::evidence::{Evidence, Fact, Known};
use super::policy::{Action, Cadence, Policy, Style};
use super::reader::Reader;
use crate::identifier::{Kind, Shape, Strength};
use crate::index::{Generation, KeyId, KindMask, Observed, hint_kind};
use crate::scan::{Means, Readings};

/// What a session judges by.
pub(crate) struct Rules {
    generation: Arc<Generation>,
    /// By the place of the kind.
    alone: Vec<Action>,
    /// Kinds that the policy names.
    named: KindMask,
    labels: Vec<String>,
    pub(crate) style: Style,
    /// Kinds that count together.
    together: KindMask,
    together_action: Action,
    pub(crate) facts: u32,
    people: u32,
    names_shared_by_fewer_than: usize,
    /// Values that are nobody's secret.
    allowed: Arc<HashSet<KeyId>>,
    /// Each reader, as the numbers of the owners whose data they may see. Empty: a stranger.
    readers: Vec<Vec<u32>>,
    /// Kinds that a policy may withhold whenever they stand there.
    pub(crate) withheld_alone: KindMask,
    /// Kinds that a policy may withhold once other facts have been released.
    pub(crate) withheld_together: KindMask,
    /// Kinds that matter at all.
    pub(crate) wanted: KindMask,
    /// What is done with what looks like a value of a kind, and why; by the place of the kind.
    patterns: Vec<(Action, Rule)>,
    /// Kinds that are looked for by their looks.
    pub(crate) patterned: KindMask,
    /// Those of them that a policy may withhold.
    pub(crate) withheld_patterns: KindMask,
    /// What is held of strong kinds depends on the shape of the text alone.
    pub(crate) blind: bool,
    /// Kinds of which values that are one slip away matter too.
    pub(crate) similar: KindMask,
    /// Kinds of which values without their end matter too.
    pub(crate) partial: KindMask,
    /// Names that are withheld alone if they are rare, but not their variants.
    pub(crate) weak_variants: KindMask,
    /// Kinds whose hints matter, and those strong ones of them that a policy may withhold once other facts have been released.
    pub(crate) hints: KindMask,
    pub(crate) withheld_hints: KindMask,
    /// Shorter values have no slips.
    pub(crate) similar_length: usize,
    /// What is read beside the text itself.
    pub(crate) readings: Readings,
}

/// What is done with a match, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Judgement {
    pub(crate) action: Action,
    pub(crate) rule: Rule,
    /// How many people the value belongs to.
    pub(crate) owners: u32,
    /// One of them.
    pub(crate) owner: u32,
    /// How many kinds of facts about one person there are with this one.
    pub(crate) facts: u32,
    /// It is no evidence: ordinary language, or in the company's own texts.
    pub(crate) only_observed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    Kind,
    Together,
    NamesAlone,
    Ordinary,
    Canary,
    /// It looks like one.
    Pattern,
    /// It looks like one, and known values are not told from others.
    Uniform,
}

impl Rules {
    pub(crate) fn new(generation: &Arc<Generation>, policy: &Policy, reader: &Reader) -> Self {
        let settings = &policy.settings;
        let kinds = generation.kinds();
        let mask = |condition: &dyn Fn(usize) -> bool| {
            (0..kinds.len()).filter(|place| condition(*place)).fold(0, |mask, place| mask | 1 << place)
        };
        let alone: Vec<Action> = kinds.iter().map(|spec| settings.alone(spec)).collect();
        let together = mask(&|place| settings.counts_together(&kinds[place]));
        let names_shared_by_fewer_than = settings.names.alone_if_shared_by_fewer_than as usize;
        let names = mask(&|place| {
            names_shared_by_fewer_than > 0 && kinds[place].shape == Shape::Name && together & 1 << place != 0
        });
        let label = |kind: &Kind| {
            let labels = settings.redact.labels.iter();
            labels.filter(|(name, _)| Kind::named(name) == *kind).map(|(_, label)| label.clone()).next_back()
        };
        let labels =
            kinds.iter().map(|spec| label(&spec.kind).unwrap_or_else(|| format!("[{}]", spec.label)));
        let patterns: Vec<(Action, Rule)> = kinds
            .iter()
            .map(|spec| match settings.patterns(spec) {
                (listed, uniform) if uniform > Action::Allow => (listed.max(uniform), Rule::Uniform),
                (listed, _) => (listed, Rule::Pattern),
            })
            .collect();
        let patterned = mask(&|place| settings.looks_for(&kinds[place]));
        let strong = mask(&|place| kinds[place].strength == Strength::Strong);
        let withheld_alone = names | mask(&|place| alone[place] >= Action::Redact);
        let wanted = together | mask(&|place| alone[place] > Action::Allow);
        // What may be said as a whole may be hinted at.
        let together_action = settings.together.action;
        let counts_as_hint = |place: usize| match kinds[place].strength {
            Strength::Weak => wanted & 1 << place != 0,
            Strength::Strong => {
                together_action > Action::Allow && alone[place] >= together_action.min(Action::Redact)
            }
        };
        let is_listed = |kind: &Kind| settings.partial.hints.iter().any(|name| Kind::named(name) == *kind);
        let hints = (0..kinds.len())
            .filter(|place| is_listed(&kinds[*place].kind))
            .map(|place| hint_kind(kinds, place))
            .filter(|place| counts_as_hint(*place))
            .fold(0, |mask, place| mask | 1 << place);
        Self {
            generation: Arc::clone(generation),
            labels: labels.collect(),
            style: settings.redact.style,
            together,
            together_action,
            facts: settings.together.facts,
            people: settings.together.people,
            names_shared_by_fewer_than,
            allowed: policy.allowed(generation),
            readers: reader.numbers(generation),
            withheld_alone,
            withheld_together: if together_action >= Action::Redact { together } else { 0 },
            // The reader's own values pass, whatever they look like.
            wanted: if patterned == 0 { wanted } else { wanted | strong },
            withheld_patterns: patterned & mask(&|place| patterns[place].0 >= Action::Redact),
            blind: settings.hold.cadence == Some(Cadence::Blind) && withheld_alone & strong != 0,
            patterned,
            patterns,
            readings: settings.readings,
            named: mask(&|place| settings.names_kind(&kinds[place])),
            similar: mask(&|place| {
                settings.similar.kinds.iter().any(|name| Kind::named(name) == kinds[place].kind)
            }),
            partial: mask(&|place| {
                settings.partial.kinds.iter().any(|name| Kind::named(name) == kinds[place].kind)
            }),
            weak_variants: names & !mask(&|place| alone[place] >= Action::Redact),
            hints,
            withheld_hints: if together_action >= Action::Redact { hints & strong } else { 0 },
            similar_length: settings.similar.min_length,
            alone,
        }
    }

    pub(crate) fn label(&self, kind: u8) -> &str {
        &self.labels[usize::from(kind)]
    }

    pub(crate) fn counts_together(&self, kind: u8) -> bool {
        self.together & 1 << kind != 0
    }

    /// What is done with what looks like a value of a kind.
    pub(crate) fn pattern(&self, kind: u8) -> Judgement {
        let (action, rule) = self.patterns[usize::from(kind)];
        Judgement { action, rule, owners: 0, owner: 0, facts: 1, only_observed: false }
    }

    /// Whether a value is nobody's secret.
    pub(crate) fn is_allowed(&self, key: KeyId) -> bool {
        self.allowed.contains(&self.generation.value(key))
    }

    /// Whether a known value is nobody's secret, or every reader may see it.
    pub(crate) fn is_excused(&self, key: KeyId) -> bool {
        let may_see = |numbers: &Vec<u32>| {
            let mut may_see = false;
            self.generation.owners(key, |owner| {
                may_see |= owner.confers && numbers.binary_search(&owner.number).is_ok();
            });
            may_see
        };
        self.is_allowed(key) || !self.readers.is_empty() && self.readers.iter().all(may_see)
    }

    /// What is done with a value that stands alone; `None` if every reader may see it or nobody minds.
    pub(crate) fn alone(&self, kind: u8, key: KeyId, means: Means) -> Option<Judgement> {
        if self.is_allowed(key) {
            return None;
        }
        let mut counter = Counter::default();
        let mut seen_by = vec_of(self.readers.len());
        self.generation.owners(key, |owner| {
            counter.add(owner.number);
            if owner.confers {
                for (seen, numbers) in seen_by.iter_mut().zip(&self.readers) {
                    *seen |= numbers.binary_search(&owner.number).is_ok();
                }
            }
        });
        let (owners, owner) = counter.total()?;
        if !self.readers.is_empty() && seen_by.iter().all(|seen| *seen) {
            return None;
        }
        let few = (owners as usize) < self.names_shared_by_fewer_than && !means.contains(Means::VARIANT);
        let is_rare_name = few && self.generation.kinds()[usize::from(kind)].shape == Shape::Name;
        let action = self.alone[usize::from(kind)];
        let (action, rule) = if is_rare_name && self.counts_together(kind) && action < Action::Redact {
            (Action::Redact, Rule::NamesAlone)
        } else {
            (action, Rule::Kind)
        };
        let observed = match self.generation.observed(key) {
            Some(Observed::Ordinary) if self.named & 1 << kind != 0 => None,
            observed => observed,
        };
        let (action, rule) = match observed {
            Some(Observed::Ordinary) => (action.min(Action::Observe), Rule::Ordinary),
            Some(Observed::Canary) => (action.min(Action::Observe), Rule::Canary),
            None => (action, rule),
        };
        Some(Judgement { action, rule, owners, owner, facts: 1, only_observed: observed.is_some() })
    }

    /// What is done with a value that counts together with facts released before it.
    pub(crate) fn together(
        &self,
        fact: Fact,
        evidence: &Evidence,
        known: &Known,
        start: u64,
    ) -> Option<Judgement> {
        let others = self.others(fact.key);
        let facts = evidence.completes(fact, &others, known, start, self.facts, self.people, |other| {
            if self.say_the_same(fact, other) { Vec::new() } else { self.others(other.key) }
        })?;
        let owner = *others.first()?;
        let owners = others.len() as u32;
        Some(Judgement {
            action: self.together_action,
            rule: Rule::Together,
            owners,
            owner,
            facts,
            only_observed: false,
        })
    }

    /// Whether two facts of different kinds are the same digits: somebody's card and telephone number may end alike.
    fn say_the_same(&self, fact: Fact, other: Fact) -> bool {
        let digits = |fact: Fact| {
            let text = self.generation.text(fact.kind, fact.key)?;
            text.iter().all(u8::is_ascii_digit).then_some(text)
        };
        fact.kind != other.kind && digits(fact).is_some_and(|text| Some(text) == digits(other))
    }

    /// The owners of a value whose data not every reader may see, in order.
    fn others(&self, key: KeyId) -> Vec<u32> {
        let mut owners = Vec::new();
        self.generation.owners(key, |owner| owners.push(owner.number));
        owners.sort_unstable();
        owners.dedup();
        let is_readers = |number: &u32| {
            !self.readers.is_empty()
                && self.readers.iter().all(|numbers| numbers.binary_search(number).is_ok())
        };
        owners.retain(|number| !is_readers(number));
        owners
    }
}

/// One flag per reader, without allocating for the usual few.
fn vec_of(readers: usize) -> Vec<bool> {
    vec![false; readers]
}

/// Counts the owners of a value, who come in order but may come again for another value that a key spells.
#[derive(Default)]
struct Counter {
    first: Option<u32>,
    numbers: Vec<u32>,
}

impl Counter {
    fn add(&mut self, number: u32) {
        match self.first {
            None => self.first = Some(number),
            Some(_) => self.numbers.push(number),
        }
    }

    fn total(mut self) -> Option<(u32, u32)> {
        let first = self.first?;
        self.numbers.push(first);
        self.numbers.sort_unstable();
        self.numbers.dedup();
        Some((self.numbers.len() as u32, self.numbers[0]))
    }
}
