//! A policy and an index, resolved to plain tables: what is the same for all readers.

use std::collections::HashSet;
use std::sync::{Arc, Weak};

use super::evidence::Limits;
use super::policy::Action;
use super::rules::{Judgement, Rule};
use super::settings::{Cadence, LookAhead, Outside, Settings, Style};
use crate::identifier::{Kind, Shape, Strength};
use crate::index::{Generation, KeyId, KindMask, hint_kind};
use crate::scan::{Readings, Scope};

/// What a policy says of an index.
pub(crate) struct Terms {
    /// The index.
    of: Weak<Generation>,
    /// Stands for the policy in reports: allowed values are in it, which nobody is to guess at.
    pub(crate) hash: String,
    /// By the place of the kind.
    pub(super) alone: Vec<Action>,
    /// Kinds that the policy names.
    pub(super) named: KindMask,
    labels: Vec<String>,
    pub(crate) style: Style,
    /// Kinds that count together.
    together: KindMask,
    pub(super) together_action: Action,
    pub(crate) limits: Limits,
    /// So many values that a reader has said may be repeated in a turn.
    pub(crate) echoes: usize,
    /// How far text waits for what comes behind it.
    pub(crate) look_ahead: LookAhead,
    pub(super) names_shared_by_fewer_than: usize,
    /// Values that are nobody's secret.
    pub(super) allowed: HashSet<KeyId>,
    /// What is meant for other purposes is nobody's.
    pub(super) minds_purposes: bool,
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

/// Allowed values are customers' or staff's data.
impl std::fmt::Debug for Terms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Terms").finish_non_exhaustive()
    }
}

impl Terms {
    pub(super) fn new(generation: &Arc<Generation>, settings: &Settings, hash: &str) -> Self {
        let kinds = generation.kinds();
        let mask = |condition: &dyn Fn(usize) -> bool| {
            (0..kinds.len()).filter(|place| condition(*place)).fold(0, |mask, place| mask | 1 << place)
        };
        let alone: Vec<Action> = kinds
            .iter()
            .map(|spec| if spec.is_of_purposes() { Action::Allow } else { settings.alone(spec) })
            .collect();
        let minds_purposes = settings.purpose.outside == Outside::Nobody;
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
            of: Arc::downgrade(generation),
            hash: generation.keyed_hash(&[b"policy", hash.as_bytes()]),
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
            allowed: settings.allowed(generation),
            minds_purposes,
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

    /// Whether they are of this index.
    pub(super) fn is_of(&self, generation: &Arc<Generation>) -> bool {
        Weak::as_ptr(&self.of) == Arc::as_ptr(generation)
    }

    /// Kinds that nobody may see in a response with this purpose.
    pub(super) fn outside(&self, generation: &Generation, purpose: Option<&str>) -> KindMask {
        if !self.minds_purposes {
            return 0;
        }
        let kinds = generation.kinds().iter().enumerate();
        let outside = kinds.filter(|(_, spec)| !spec.is_meant_for(purpose));
        outside.fold(0, |mask, (place, _)| mask | 1 << place)
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

    pub(crate) fn label(&self, kind: u8) -> &str {
        &self.labels[usize::from(kind)]
    }

    pub(crate) fn counts_together(&self, kind: u8) -> bool {
        self.together & 1 << kind != 0
    }

    /// What is done with what looks like a value of a kind.
    pub(crate) fn pattern(&self, kind: u8) -> Judgement {
        let (action, rule) = self.patterns[usize::from(kind)];
        Judgement { action, rule, owners: 0, owner: 0, facts: 1, kinds: 0, only_observed: false }
    }
}
