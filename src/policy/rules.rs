//! A policy, an index and a reader: what a session judges by.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use super::evidence::{Evidence, Fact, Known, Limits, Picture};
use super::grants::Grants;
use super::policy::{Action, Policy};
use super::reader::{Person, Reader};
use super::terms::Terms;
use crate::identifier::Shape;
use crate::index::{Generation, KeyId, KindMask, Observed, People};
use crate::scan::Means;

/// Names that fewer people than this share are rare where nothing else is said.
const FEW: usize = 5;

/// What a session judges by.
pub(crate) struct Rules {
    /// What is the same for all readers.
    terms: Arc<Terms>,
    generation: Arc<Generation>,
    /// Other turns of the conversation cannot be heard of: rare names are withheld alone.
    strict: AtomicBool,
    /// Each reader. Empty: a stranger.
    readers: Vec<Person>,
    /// Kinds that nobody may see in a response with this purpose.
    outside: KindMask,
}

impl Deref for Rules {
    type Target = Terms;

    fn deref(&self) -> &Terms {
        &self.terms
    }
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
    /// These kinds, this one among them.
    pub(crate) kinds: KindMask,
    /// It is no evidence: ordinary language, or in the company's own texts.
    pub(crate) only_observed: bool,
}

/// Why a known value may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Excuse {
    /// It is nobody's secret.
    Allowed,
    /// It belongs to every reader, or to somebody for whom they act; the first of these owners.
    Own(u32),
    /// An owner lets a reader see it; the id and basis of the grant.
    Granted(u32, Arc<(String, String)>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Somebody lets every reader see it.
    Granted,
    Kind,
    Together,
    NamesAlone,
    Ordinary,
    Canary,
    /// It looks like one.
    Pattern,
    /// It looks like one, and known values are not told from others.
    Uniform,
    /// It could not be kept as said before it would have been released.
    Unkept,
}

impl Judgement {
    /// What is done with a fact that every reader may see because somebody lets them.
    pub(crate) const GRANTED: Self = Self {
        action: Action::Allow,
        rule: Rule::Granted,
        owners: 0,
        owner: 0,
        facts: 1,
        kinds: 0,
        only_observed: false,
    };
}

/// The readers, each with whose data they may see; where purposes matter, without those whose data are meant for others.
fn readers(
    generation: &Generation,
    reader: &Reader,
    grants: &Grants,
    now: SystemTime,
    minds_purposes: bool,
) -> Vec<Person> {
    let mut readers = reader.persons(generation, grants, now);
    if minds_purposes {
        let is_meant = |owner: u32| !generation.is_limited_from(owner, reader.purpose());
        for person in &mut readers {
            person.own.retain(|owner| is_meant(*owner));
            person.granted.retain(|granted| is_meant(granted.owner));
        }
    }
    readers
}

impl Rules {
    pub(crate) fn new(
        generation: &Arc<Generation>,
        policy: &Policy,
        reader: &Reader,
        grants: &Grants,
        now: SystemTime,
    ) -> Self {
        let terms = policy.terms(generation);
        Self {
            generation: Arc::clone(generation),
            strict: AtomicBool::new(false),
            readers: readers(generation, reader, grants, now, terms.minds_purposes),
            outside: terms.outside(generation, reader.purpose()),
            terms,
        }
    }

    /// Counts what owners let the readers see at a time.
    pub(crate) fn grant(&mut self, reader: &Reader, grants: &Grants, now: SystemTime) {
        if grants.is_empty() && self.readers.iter().all(|person| person.granted.is_empty()) {
            return;
        }
        self.readers = readers(&self.generation, reader, grants, now, self.minds_purposes);
    }

    /// From here on rare names are withheld alone, if the policy withholds anything together.
    pub(crate) fn be_strict(&self) {
        self.strict.store(self.together_action >= Action::Redact, Ordering::Release);
    }

    pub(crate) fn is_strict(&self) -> bool {
        self.strict.load(Ordering::Acquire)
    }

    /// Whether a value is nobody's secret.
    pub(crate) fn is_allowed(&self, key: KeyId) -> bool {
        self.allowed.contains(&self.generation.value(key))
    }

    /// Hashes that stand for the readers whom the index knows.
    pub(crate) fn reader_hashes(&self) -> Vec<String> {
        let known = self.readers.iter().filter_map(|person| person.number);
        known.map(|number| self.generation.owner_hash(number)).collect()
    }

    /// How many names of readers the index does not know.
    pub(crate) fn unknown_readers(&self) -> usize {
        self.readers.iter().map(|person| person.unknown).sum()
    }

    /// Whether an owner is one of the readers, not somebody for whom they act.
    pub(crate) fn is_reader(&self, owner: u32) -> bool {
        self.readers.iter().any(|person| person.number == Some(owner))
    }

    /// Why a known value may be shown, if it may: it is nobody's secret, or every reader may see it.
    pub(crate) fn excuse(&self, kind: u8, key: KeyId) -> Option<Excuse> {
        if self.is_allowed(key) {
            return Some(Excuse::Allowed);
        }
        self.seen_by_all(kind, &self.generation.people(key))
    }

    /// Why every reader may see a value of these people. What nobody verified lets nobody see.
    fn seen_by_all(&self, kind: u8, people: &People) -> Option<Excuse> {
        if self.outside & 1 << kind != 0 {
            return None;
        }
        let confers = |owner: u32| {
            people.find(owner).is_some_and(|owner| owner.confers) && !self.generation.has_forgotten(owner)
        };
        let mut excuse = None;
        for person in &self.readers {
            if let Some(own) = person.own.iter().find(|owner| confers(**owner)) {
                excuse.get_or_insert(Excuse::Own(*own));
                continue;
            }
            let mut grants = person.granted.iter().filter(|granted| granted.kinds & 1 << kind != 0);
            let granted = grants.find(|granted| confers(granted.owner))?;
            if !matches!(excuse, Some(Excuse::Granted(..))) {
                excuse = Some(Excuse::Granted(granted.owner, Arc::clone(&granted.name)));
            }
        }
        excuse
    }

    /// What is done with a value that stands alone; `None` if every reader may see it or nobody minds.
    pub(crate) fn alone(&self, kind: u8, key: KeyId, means: Means) -> Option<Judgement> {
        if self.is_allowed(key) {
            return None;
        }
        let people = self.generation.people(key);
        let (owners, owner) = (people.len() as u32, people.first()?.number);
        if self.seen_by_all(kind, &people).is_some() {
            return None;
        }
        // Invented namesakes hide nobody.
        let verified = people.iter().filter(|owner| owner.confers);
        let fewer = self.names_shared_by_fewer_than.max(if self.is_strict() { FEW } else { 0 });
        let few = verified.take(fewer).count() < fewer && !means.contains(Means::VARIANT);
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
        Some(Judgement { action, rule, owners, owner, facts: 1, kinds: 0, only_observed: observed.is_some() })
    }

    /// The people whom a fact fits.
    pub(crate) fn people(&self, fact: Fact) -> People {
        self.generation.people(fact.key)
    }

    /// What is done with a fact that fits these people, together with facts released before it; and whom they show.
    pub(crate) fn together(
        &self,
        fact: Fact,
        people: &People,
        evidence: &Evidence,
        known: &Known,
        start: u64,
        limits: Limits,
    ) -> Option<(Judgement, Picture)> {
        let may_see = |owner: u32| {
            !self.generation.has_forgotten(owner)
                && self.outside & 1 << fact.kind == 0
                && !self.readers.is_empty()
                && self.readers.iter().all(|person| person.sees(owner, fact.kind))
        };
        let picture = evidence.completes(fact, people, &may_see, known, start, limits, &|other| {
            self.say_the_same(fact, other)
        })?;
        let mut others = people.iter().map(|person| person.number).filter(|number| !may_see(*number));
        let owner = picture.people.first().copied().or_else(|| others.clone().next())?;
        let judgement = Judgement {
            action: self.together_action,
            rule: Rule::Together,
            owners: others.by_ref().count() as u32,
            owner,
            facts: picture.facts,
            kinds: picture.kinds,
            only_observed: false,
        };
        Some((judgement, picture))
    }

    /// Whether two facts of different kinds are the same digits: somebody's card and telephone number may end alike.
    fn say_the_same(&self, fact: Fact, other: Fact) -> bool {
        let digits = |fact: Fact| {
            let text = self.generation.text(fact.kind, fact.key)?;
            text.iter().all(u8::is_ascii_digit).then_some(text)
        };
        let may_be_digits = |fact: Fact| {
            let shape = self.generation.kinds()[usize::from(fact.kind)].shape;
            !matches!(shape, Shape::Name | Shape::Words | Shape::Email)
        };
        let may_be_the_same = fact.kind != other.kind && may_be_digits(fact) && may_be_digits(other);
        may_be_the_same && digits(fact).is_some_and(|text| Some(text) == digits(other))
    }
}
