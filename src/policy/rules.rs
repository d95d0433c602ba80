//! A policy, an index and a reader, resolved to plain tables.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use super::evidence::{Evidence, Fact, Known, Limits, Picture};
use super::grants::Grants;
use super::policy::{Action, Cadence, LookAhead, Outside, Policy, Style};
use super::reader::{Person, Reader};
use crate::identifier::{Kind, Shape, Strength};
use crate::index::{Generation, KeyId, KindMask, Observed, People, hint_kind};
use crate::scan::{Means, Readings, Scope};

/// Names that fewer people than this share are rare where nothing else is said.
const FEW: usize = 5;

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
    pub(crate) limits: Limits,
    /// So many values that a reader has said may be repeated in a turn.
    pub(crate) echoes: usize,
    /// How far text waits for what comes behind it.
    pub(crate) look_ahead: LookAhead,
    names_shared_by_fewer_than: usize,
    /// Other turns of the conversation cannot be heard of: rare names are withheld alone.
    strict: AtomicBool,
    /// Values that are nobody's secret.
    allowed: Arc<HashSet<KeyId>>,
    /// Each reader. Empty: a stranger.
    readers: Vec<Person>,
    /// What is meant for other purposes is nobody's.
    minds_purposes: bool,
    /// Kinds that nobody may see in a response with this purpose.
    outside: KindMask,
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
        let settings = &policy.settings;
        let kinds = generation.kinds();
        let mask = |condition: &dyn Fn(usize) -> bool| {
            (0..kinds.len()).filter(|place| condition(*place)).fold(0, |mask, place| mask | 1 << place)
        };
        let alone: Vec<Action> = kinds
            .iter()
            .map(|spec| if spec.is_of_purposes() { Action::Allow } else { settings.alone(spec) })
            .collect();
        let minds_purposes = settings.purpose.outside == Outside::Nobody;
        let outside = mask(&|place| minds_purposes && !kinds[place].is_meant_for(reader.purpose()));
        let readers = readers(generation, reader, grants, now, minds_purposes);
        let together =
            mask(&|place| settings.counts_together(&kinds[place]) && !kinds[place].is_of_purposes());
        let names_shared_by_fewer_than = settings.names.alone_if_shared_by_fewer_than as usize;
        let names = mask(&|place| {
            names_shared_by_fewer_than > 0 && kinds[place].shape == Shape::Name && together & 1 << place != 0
        });
        let label = |kind: &Kind| {
            let labels = settings.redact.labels.iter();
            labels.filter(|(name, _)| kind.is_named(name)).map(|(_, label)| label.clone()).next_back()
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
        let is_listed = |kind: &Kind| settings.partial.hints.iter().any(|name| kind.is_named(name));
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
            limits: Limits { facts: settings.together.facts, people: settings.together.people },
            echoes: settings.echo.values,
            look_ahead: if together_action >= Action::Redact && together != 0 {
                settings.hold.look_ahead
            } else {
                LookAhead::None
            },
            names_shared_by_fewer_than,
            strict: AtomicBool::new(false),
            allowed: policy.allowed(generation),
            readers,
            minds_purposes,
            outside,
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
                settings.similar.kinds.iter().any(|name| kinds[place].kind.is_named(name))
            }),
            partial: mask(&|place| {
                settings.partial.kinds.iter().any(|name| kinds[place].kind.is_named(name))
            }),
            weak_variants: names & !mask(&|place| alone[place] >= Action::Redact),
            hints,
            withheld_hints: if together_action >= Action::Redact { hints & strong } else { 0 },
            similar_length: settings.similar.min_length,
            alone,
        }
    }

    /// What is looked for.
    pub(crate) fn scope(&self) -> Scope {
        Scope {
            wanted: self.wanted,
            readings: self.readings,
            patterns: self.patterned,
            blind: self.blind,
            similar: self.similar,
            similar_length: self.similar_length,
            partial: self.partial,
            weak_variants: self.weak_variants,
            hints: self.hints,
        }
    }

    /// Counts what owners let the readers see at a time.
    pub(crate) fn grant(&mut self, reader: &Reader, grants: &Grants, now: SystemTime) {
        self.readers = readers(&self.generation, reader, grants, now, self.minds_purposes);
    }

    pub(crate) fn label(&self, kind: u8) -> &str {
        &self.labels[usize::from(kind)]
    }

    pub(crate) fn counts_together(&self, kind: u8) -> bool {
        self.together & 1 << kind != 0
    }

    /// From here on rare names are withheld alone, if the policy withholds anything together.
    pub(crate) fn be_strict(&self) {
        self.strict.store(self.together_action >= Action::Redact, Ordering::Release);
    }

    pub(crate) fn is_strict(&self) -> bool {
        self.strict.load(Ordering::Acquire)
    }

    /// What is done with what looks like a value of a kind.
    pub(crate) fn pattern(&self, kind: u8) -> Judgement {
        let (action, rule) = self.patterns[usize::from(kind)];
        Judgement { action, rule, owners: 0, owner: 0, facts: 1, kinds: 0, only_observed: false }
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
