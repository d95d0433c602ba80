//! What a scan looks for: decided once per session, so that steps only look up.

use std::sync::Arc;

use super::bounds::{Before, may_bar};
use super::patterns::PatternPlan;
use super::plain::PlainTexts;
use super::scanner::Counts;
use super::similar::{MOST_SLIPS, Similar};
use super::walk::Walk;
use super::{Means, Readings};
use crate::identifier::{Between, Gaps, KindSpec, Shape, Strength};
use crate::index::{
    Alternatives, BACKWARDS, FirstAlternatives, FirstWord, Generation, HIDING, HINT, INITIAL, Jumps, KeyMap,
    KindMask, LONGEST_KEY, NO_KIND, Openings, READING, character, step,
};
use crate::text::reading::{
    ANNOUNCING, Alphabet, Breaks, Escapes, HINTING, Markup, Meaning, Plausible, Substitution, hides,
    may_open, opener,
};
use crate::text::{Class, ascii_class};

/// The kinds to look for in one generation of an index, and where their keys begin.
pub(crate) struct ScanPlan {
    generation: Arc<Generation>,
    scope: Scope,
    /// Texts that were scanned by this plan.
    pub(crate) plain: PlainTexts,
    kinds: Vec<KindPlan>,
    /// Where the first letters of words lead from the starts of kinds that begin with words.
    pub(super) jumps: Vec<Jumps>,
    /// Kinds to look for.
    pub(super) wanted: KindMask,
    /// The same, by their shapes.
    shapes: Vec<(Shape, KindMask)>,
    /// Kinds whose walks open over the first word, all but `digits`.
    pub(super) words: KindMask,
    /// Kinds whose keys begin at a digit only; they open there, without asking [`Openings`].
    pub(super) digits: KindMask,
    /// Kinds whose first word in a text may be shorter than in the key, since a gap is nothing.
    pub(super) codes: KindMask,
    /// Codes in which any space is a gap, not only one behind a digit.
    pub(super) groups: KindMask,
    /// Those of them that say little alone, as postcodes do.
    pub(super) weak_groups: KindMask,
    /// Kinds that may begin with an initial.
    pub(super) names: KindMask,
    /// The kind of telephone numbers, if they are looked for.
    pub(super) phone: Option<u8>,
    /// What is looked for whoever's it is.
    pub(super) patterns: PatternPlan,
    /// What is held of strong kinds depends on the shape of the text alone.
    pub(super) blind: bool,
    /// Kinds that are found where the end is missing.
    pub(super) partial: KindMask,
    /// Where the keys of hints begin, by their kind.
    pub(super) hints: Vec<(u8, Start)>,
    /// Strong kinds, of which a hint is a weak fact.
    pub(super) strong: KindMask,
    /// Kinds whose variants say nothing alone.
    pub(super) weak_variants: KindMask,
    /// Kinds of which the beginning is a hint.
    pub(super) heads: KindMask,
    /// What is found with a slip.
    pub(super) similar: Option<Similar>,
    /// Kinds in which a sign may stand that may be said in a word.
    pub(super) signed: KindMask,
    /// Before a byte of these classes a word may be the beginning of one in a key.
    pub(super) splits: u8,
    /// Kinds that are found with slips or without their end, but for names.
    pub(super) inexact: KindMask,
    /// Kinds of names that are found with slips.
    pub(super) inexact_names: KindMask,
    /// Words with which a key begins may wait for what stands behind them.
    pub(super) waits: bool,
    /// What else is read beside the text itself.
    pub(super) readings: Readings,
    /// Whether anything is.
    pub(super) reads: bool,
    /// Words that say how what stands behind them is to be read.
    announcing: Vec<FirstWord>,
    /// By the first letter of these, modulo 32, their second letters.
    announced_by: [u32; 32],
    /// Which kinds have a key that begins with a character of ASCII.
    begun: [KindMask; 128],
    /// With which characters of ASCII begins what is read as a key where something is decoded.
    read: u128,
    /// What each byte is, see [`SPACE`] and the others.
    classes: [u8; 256],
}

/// It knows values.
impl std::fmt::Debug for ScanPlan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScanPlan").field("scope", &self.scope).finish_non_exhaustive()
    }
}

/// What of an index is looked for, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    /// Kinds of known values.
    pub(crate) wanted: KindMask,
    pub(crate) readings: Readings,
    /// Kinds of what only has the looks of a value.
    pub(crate) patterns: KindMask,
    /// What is held goes by its shape alone.
    pub(crate) blind: bool,
    /// Kinds of which values with one slip are found, if their keys have at least so many characters.
    pub(crate) similar: KindMask,
    pub(crate) similar_length: usize,
    /// Kinds of which values without their end are found.
    pub(crate) partial: KindMask,
    /// Kinds whose variants say nothing alone.
    pub(crate) weak_variants: KindMask,
    /// Kinds of which hints are found.
    pub(crate) hints: KindMask,
}

impl Scope {
    /// Known values of these kinds, as they are written.
    pub(crate) fn known(wanted: KindMask) -> Self {
        Self {
            wanted,
            readings: Readings::NONE,
            patterns: 0,
            blind: false,
            similar: 0,
            similar_length: 0,
            partial: 0,
            weak_variants: 0,
            hints: 0,
        }
    }
}

pub(super) struct KindPlan {
    pub(super) shape: Shape,
    pub(super) gaps: Gaps,
    /// Words that stand for others in its values.
    pub(super) alternatives: Option<&'static Alternatives>,
    pub(super) starts: Vec<Start>,
}

/// Where the keys of a kind begin in one map.
#[derive(Clone, Copy)]
pub(super) struct Start {
    pub(super) segment: u16,
    pub(super) node: usize,
    /// The output gathered up to the node.
    pub(super) output: u64,
    /// How values are written whose keys begin there.
    pub(super) means: Means,
    /// Where the first letters of words lead from there, among the [jumps](ScanPlan::jumps) of the plan.
    pub(super) jumps: Option<u16>,
}

/// So many starts have jumps, each of which takes up to 140 KB: an index that was updated often has more.
const MOST_JUMPS: usize = 64;

/// What a byte of ASCII is to the scanner; none of these for a comma, say.
/// White space.
pub(super) const SPACE: u8 = 1;
/// A word before it may be the beginning of the key's word (`12-34` for `1234`).
pub(super) const SPLITS: u8 = 2;
/// Behind it some kinds may not begin.
pub(super) const BARS: u8 = 4;
/// A key, or what may belong to one, begins with it.
pub(super) const OPENS: u8 = 8;
/// A control, which folds to nothing, not ASCII, or `_`: a word may go on behind it. Or something that may be read otherwise.
pub(super) const OPAQUE: u8 = 16;

/// Markup, a line break, an equals sign or a sign that looks like a letter, which may be left out in a word or stand for something there.
pub(super) const BREAKS: u8 = 32;
/// A letter, or a digit.
pub(super) const LETTER: u8 = 64;
pub(super) const DIGIT: u8 = 128;

/// The kinds of a mask.
pub(super) fn kinds_in(mut mask: KindMask) -> impl Iterator<Item = u8> {
    std::iter::from_fn(move || {
        let kind = mask.trailing_zeros();
        (mask != 0).then(|| {
            mask &= mask - 1;
            kind as u8
        })
    })
}

impl ScanPlan {
    pub(crate) fn new(generation: &Arc<Generation>, scope: Scope) -> Self {
        let mut plan = Self::of_known(generation, scope);
        plan.patterns = PatternPlan::new(generation, scope.patterns);
        plan.find_similar();
        plan.find_hints();
        plan.splits = SPLITS | BREAKS | if plan.groups != 0 { SPACE } else { 0 };
        let similar = plan.similar.as_ref().map_or(0, |similar| similar.kinds);
        plan.inexact = similar & !plan.names | plan.partial | plan.heads;
        plan.inexact_names = similar & plan.names;
        plan.waits = !plan.blind;
        plan.tell_bytes();
        plan
    }

    /// Whether this is what is looked for.
    pub(crate) fn is_for(&self, scope: &Scope) -> bool {
        self.scope == *scope
    }

    /// Where the keys of known values begin.
    fn of_known(generation: &Arc<Generation>, scope: Scope) -> Self {
        let Scope { wanted, readings, .. } = scope;
        let mut plan = Self {
            generation: Arc::clone(generation),
            scope,
            plain: PlainTexts::default(),
            kinds: Vec::new(),
            jumps: Vec::new(),
            wanted: 0,
            shapes: Vec::new(),
            words: 0,
            digits: 0,
            codes: 0,
            groups: 0,
            weak_groups: 0,
            names: 0,
            phone: None,
            patterns: PatternPlan::default(),
            blind: scope.blind,
            partial: 0,
            hints: Vec::new(),
            strong: 0,
            weak_variants: scope.weak_variants,
            heads: 0,
            similar: None,
            signed: 0,
            splits: 0,
            inexact: 0,
            inexact_names: 0,
            waits: false,
            readings,
            reads: readings != Readings::NONE,
            announcing: Vec::new(),
            announced_by: [0; 32],
            begun: [0; 128],
            read: 0,
            classes: [0; 256],
        };
        for (place, spec) in generation.kinds().iter().enumerate() {
            let bit = 1 << place;
            let gaps = spec.shape.gaps();
            let starts = generation.maps(spec.strength).flat_map(|(segment, map)| {
                let start = |(node, output), means| Start { segment, node, output, means, jumps: None };
                let forwards = step(map, map.root().addr(), place as u8);
                let backwards = forwards.and_then(|(node, output)| {
                    step(map, node, BACKWARDS).map(|(node, adds)| (node, output + adds))
                });
                let initials = forwards.and_then(|(node, output)| {
                    step(map, node, INITIAL).map(|(node, adds)| (node, output + adds))
                });
                // Some kinds have hints only.
                let has_text =
                    |(node, _): &(usize, u64)| map.node(*node).transitions().any(|t| t.inp >= b' ');
                let forwards = forwards.filter(has_text).map(|node| start(node, Means::EXACT));
                let backwards = backwards.map(|node| start(node, Means::REVERSED));
                [forwards, backwards, initials.map(|node| start(node, Means::VARIANT))].into_iter().flatten()
            });
            let mut starts: Vec<Start> = if wanted & bit == 0 { Vec::new() } else { starts.collect() };
            if !spec.shape.is_digits() && !generation.openings().are_everywhere() {
                for start in starts.iter_mut().take(MOST_JUMPS.saturating_sub(plan.jumps.len())) {
                    start.jumps = u16::try_from(plan.jumps.len()).ok();
                    plan.jumps.push(Jumps::default());
                }
            }
            if !starts.is_empty() {
                plan.wanted |= bit;
                match plan.shapes.iter_mut().find(|(shape, _)| *shape == spec.shape) {
                    Some((_, kinds)) => *kinds |= bit,
                    None => plan.shapes.push((spec.shape, bit)),
                }
                match spec.shape {
                    Shape::Phone => plan.phone = Some(place as u8),
                    Shape::Groups => plan.groups |= bit,
                    Shape::Name => plan.names |= bit,
                    _ => {}
                }
                match spec.shape.is_digits() {
                    true => plan.digits |= bit,
                    false => plan.words |= bit,
                }
                if spec.shape == Shape::Groups && spec.strength == Strength::Weak {
                    plan.weak_groups |= bit;
                }
                if gaps.between == Between::Nowhere {
                    plan.signed |= bit;
                }
                if !spec.shape.is_digits() && gaps.between == Between::Characters {
                    plan.codes |= bit;
                }
            }
            plan.kinds.push(KindPlan {
                shape: spec.shape,
                gaps,
                alternatives: Alternatives::of(spec.shape),
                starts,
            });
        }
        if plan.wanted != 0 && (readings.words || readings.letters || readings.ciphers) {
            plan.words |= READING;
        }
        plan.partial = scope.partial & plan.wanted;
        plan
    }

    /// Every word has to be looked at.
    #[inline]
    pub(super) fn leaves_lane(&self) -> bool {
        self.patterns.opens_at_letters()
    }

    fn tell_bytes(&mut self) {
        for byte in 0..=u8::MAX {
            self.classes[usize::from(byte)] = self.class_of(byte);
        }
        self.begun = std::array::from_fn(|byte| self.find_begun(char::from(byte as u8)));
        self.read = self.find_read();
        let ciphers = ANNOUNCING.iter().filter(|_| self.readings.ciphers || self.readings.encodings);
        let hints = HINTING.iter().filter(|_| self.has_hints());
        self.announcing = ciphers.chain(hints).map(|word| FirstWord::of(word.as_bytes())).collect();
        for word in &self.announcing {
            let [first, second] = word.first_two();
            self.announced_by[usize::from(first & 31)] |= 1 << (second & 31);
        }
    }

    /// Finds values with one slip too.
    fn find_similar(&mut self) {
        let Scope { similar: kinds, similar_length: min_length, .. } = self.scope;
        let of = |is: &dyn Fn(&KindSpec) -> bool| {
            let specs = self.generation.kinds().iter().enumerate();
            specs.filter(|(_, spec)| is(spec)).fold(0, |mask, (place, _)| mask | 1 << place)
                & kinds
                & self.wanted
        };
        let kinds = of(&|spec| matches!(spec.shape, Shape::Email | Shape::Name | Shape::Words));
        let emails = of(&|spec| spec.shape == Shape::Email);
        let streets = of(&|spec| spec.shape == Shape::Words && spec.strength == Strength::Strong);
        // House numbers are right.
        let by_letter = (b'a'..=b'z').map(|letter| self.openings().short_prefix(character(letter)));
        let streets = streets & by_letter.fold(0, |kinds, letter| kinds | letter);
        let weak = of(&|spec| spec.strength == Strength::Weak);
        self.similar = (kinds != 0).then_some(Similar { kinds, emails, streets, weak, min_length });
        if emails | streets != 0 {
            // Made now rather than by the first text that needs it.
            self.generation.slips();
        }
    }

    /// Whether a kind is found with a slip too.
    pub(super) fn has_slips(&self, kind: u8) -> bool {
        self.similar.as_ref().is_some_and(|similar| similar.kinds & 1 << kind != 0)
    }

    /// Kinds whose first word may have a slip.
    #[inline]
    pub(super) fn slip_first(&self) -> KindMask {
        self.similar.as_ref().map_or(0, |similar| similar.emails | similar.streets)
    }

    /// Where a walk began.
    pub(super) fn start(&self, walk: &Walk) -> Option<Start> {
        self.kind(walk.kind).starts.iter().find(|start| start.segment == walk.segment()).copied()
    }

    /// Where the keys of a kind begin as they are written, in each segment.
    pub(super) fn forwards(&self, kind: u8) -> impl Iterator<Item = (&KeyMap, Start)> {
        let starts = self.kind(kind).starts.iter().filter(|start| start.means == Means::EXACT);
        starts.map(move |start| (self.map(start.segment, kind), *start))
    }

    /// Whether keys of one kind are in several maps.
    #[inline]
    pub(super) fn has_several_segments(&self) -> bool {
        self.generation.maps(Strength::Strong).nth(1).is_some()
    }

    /// Finds hints of values too.
    fn find_hints(&mut self) {
        let generation = Arc::clone(&self.generation);
        for kind in kinds_in(self.scope.hints) {
            let strength = generation.kinds()[usize::from(kind)].strength;
            for (segment, map) in generation.maps(strength) {
                let kinds = step(map, map.root().addr(), kind);
                let hints = kinds.and_then(|(node, output)| {
                    step(map, node, HINT).map(|(node, adds)| (node, output + adds))
                });
                self.hints.extend(hints.map(|(node, output)| {
                    (kind, Start { segment, node, output, means: Means::HINT, jumps: None })
                }));
            }
            self.strong |= if strength == Strength::Strong { 1 << kind } else { 0 };
            self.heads |= if self.kind(kind).shape == Shape::Words { 1 << kind & self.wanted } else { 0 };
        }
        if !self.hints.is_empty() {
            self.words |= HIDING;
        }
    }

    /// Whether hints are looked for.
    #[inline]
    pub(super) fn has_hints(&self) -> bool {
        !self.hints.is_empty()
    }

    /// Whether the scanner has to keep the text of its walks.
    #[inline]
    pub(super) fn remembers(&self) -> bool {
        self.similar.is_some() || (self.partial | self.heads) != 0
    }

    /// Whether a first word that goes on may be the beginning of a value with a slip in it, given that so much of it may.
    #[inline(always)]
    pub(super) fn may_slip(&self, word: &FirstWord, known: usize) -> bool {
        if known == 0 && self.openings().short_prefix(word.first_place()) & self.slip_first() == 0 {
            return false;
        }
        word.len() <= 4 || self.generation.slips().may_begin(word, known)
    }

    /// Whether the first word of a street may have a slip.
    #[inline]
    pub(super) fn slips_streets(&self) -> bool {
        self.similar.as_ref().is_some_and(|similar| similar.streets != 0)
    }

    /// Whether a first word before a space may be one of a street with a slip in it.
    #[inline]
    pub(super) fn may_slip_whole(&self, word: &FirstWord) -> bool {
        let streets = self.similar.as_ref().map_or(0, |similar| similar.streets);
        self.openings().short_prefix(word.first_place()) & streets != 0
            && self.generation.slips().may_be_first(word)
    }

    fn class_of(&self, byte: u8) -> u8 {
        let c = byte as char;
        let opens = matches!(c, '+' | '(')
            || self.openings().other(c) & self.wanted != 0
            || self.patterns.opens_at(byte);
        let bars = if may_bar(c) { BARS } else { 0 };
        let readings = self.readings;
        let is_escape = readings.escapes && Escapes::begins(c);
        let escapes = is_escape || readings.escapes && Escapes::begins_quoted(c);
        let is_read = is_escape || self.has_hints() && hides(c);
        let is_markup = readings.markup && (Markup::begins(c) || Breaks::begins(c));
        let is_look = readings.ciphers && Substitution::Looks.of(c).is_some();
        let breaks = if escapes || is_markup || is_look { BREAKS } else { 0 };
        match ascii_class(byte) {
            _ if is_read => OPAQUE,
            None => OPAQUE,
            Some(Class::Run) if byte == b'_' => OPAQUE,
            Some(Class::Space) => breaks | SPACE,
            Some(Class::Other) => {
                breaks
                    | bars
                    | if opens { OPENS } else { 0 }
                    | if matches!(c, '-' | '.' | '/') { SPLITS } else { 0 }
            }
            Some(Class::Run | Class::Solo) if byte.is_ascii_digit() => DIGIT,
            Some(Class::Run | Class::Solo) => LETTER,
        }
    }

    #[inline(always)]
    pub(super) fn class(&self, byte: u8) -> u8 {
        self.classes[usize::from(byte)]
    }

    /// The kinds that may not begin here.
    #[inline(never)]
    pub(super) fn barred(&self, before: Before) -> KindMask {
        let barred = self.shapes.iter().filter(|(shape, _)| !before.lets_begin(*shape));
        barred.fold(0, |mask, (_, kinds)| mask | kinds)
    }

    #[inline]
    pub(super) fn kind(&self, kind: u8) -> &KindPlan {
        &self.kinds[usize::from(kind)]
    }

    #[inline]
    pub(super) fn map(&self, segment: u16, kind: u8) -> &KeyMap {
        self.generation.map(segment, kind)
    }

    pub(super) fn generation(&self) -> &Generation {
        &self.generation
    }

    #[inline]
    pub(super) fn openings(&self) -> &Openings {
        self.generation.openings()
    }

    #[inline]
    pub(super) fn first_alternatives(&self) -> &FirstAlternatives {
        self.generation.first_alternatives()
    }

    /// Kinds that may have a key whose first word in the text is `word`, which ends before `next`.
    #[inline(never)]
    pub(super) fn ended(&self, word: &FirstWord, next: char) -> KindMask {
        let split = u8::try_from(next).map_or(0, |next| self.split(word, next));
        let whole = self.openings().word(word);
        if split == 0 { whole } else { whole | self.openings().prefix(word) & split }
    }

    /// Kinds of which a word in the text that ends before `next` may be the beginning of a longer one in the key.
    #[inline]
    pub(super) fn split(&self, word: &FirstWord, next: u8) -> KindMask {
        match next {
            // A name may begin with an initial.
            b'.' if word.is_letter() => self.names | self.codes,
            b'-' | b'.' | b'/' => self.codes,
            _ if self.class(next) & SPACE == 0 => 0,
            _ if word.ends_in_digit() => self.codes,
            _ => self.groups,
        }
    }

    /// What a word stands for with which a number begins that is said, or something that is spelled.
    pub(super) fn opener(&self, word: &str) -> Option<Meaning> {
        // Numbers are held as openers only where an index has keys of digits in groups.
        let has_groups = || {
            self.kinds.iter().any(|kind| !kind.starts.is_empty() && kind.gaps.between == Between::Characters)
        };
        opener(word).filter(|meaning| matches!(meaning, Meaning::Letter(_)) || has_groups())
    }

    /// Whether such a word begins so.
    pub(super) fn may_open(&self, word: &str) -> bool {
        (self.readings.words || self.readings.letters) && may_open(word)
    }

    /// Which kinds what begins with this character may turn out to have, being read as something else.
    pub(super) fn is_read(&self, ch: char) -> KindMask {
        let is_read = if ch.is_ascii() { self.read >> (ch as u32) & 1 != 0 } else { self.wanted != 0 };
        if is_read { self.wanted | READING } else { 0 }
    }

    /// Whether something counts that begins at `start` and may have one of these kinds, or any looks.
    pub(super) fn may_count(&self, kinds: KindMask, counts: &Counts, start: u64) -> bool {
        kinds & counts.from(start) != 0
            || kinds & READING != 0 && counts.patterns != 0 && !self.patterns.is_empty()
    }

    /// Which kinds may have a key that begins with what a decoder gives, or with what that may be read as.
    pub(super) fn may_begin(&self, ch: char) -> KindMask {
        self.begins(ch) | self.is_read(ch)
    }

    /// With which characters of ASCII begins what is read as a key in something that is decoded: an escape, or base64 once more.
    fn find_read(&self) -> u128 {
        let all = |is: &dyn Fn(u8) -> bool| {
            (0..128).filter(|byte| is(*byte)).fold(0, |set, byte| set | 1_u128 << byte)
        };
        if !self.patterns.is_empty() {
            return u128::MAX;
        }
        let keys = all(&|byte| self.begun[usize::from(byte)] != 0);
        let escapes = all(&|byte| Escapes::begins(char::from(byte)));
        let encoded = all(&|byte| {
            let mut word = Plausible::default();
            word.goes_on(Alphabet::Base64, char::from(byte))
                && word.first(Alphabet::Base64).any(|byte| byte < 128 && keys >> byte & 1 != 0)
        });
        match keys {
            0 => 0,
            _ if self.readings.escapes => encoded | escapes,
            _ => encoded,
        }
    }

    /// Which kinds may have a key that begins with these bytes of ASCII, as far as words tell.
    pub(super) fn begins_so(&self, bytes: &[u8]) -> KindMask {
        let length = bytes.iter().take_while(|byte| ascii_class(**byte) == Some(Class::Run)).count();
        if length == 0 || bytes.len() == 1 || bytes[0].is_ascii_digit() {
            return self.begins(char::from(bytes[0]));
        }
        let mut word = FirstWord::EMPTY;
        bytes[..length].iter().for_each(|byte| {
            word.push(char::from(byte.to_ascii_lowercase()));
        });
        let kinds = match bytes.get(length) {
            None => self.openings().prefix(&word),
            Some(next) => self.ended(&word, char::from(*next)),
        };
        kinds & self.words & !NO_KIND
    }

    /// Which kinds have a key that begins with this character.
    #[inline]
    pub(super) fn begins(&self, ch: char) -> KindMask {
        if ch.is_ascii() { self.begun[ch as usize] } else { self.find_begun(ch) }
    }

    fn find_begun(&self, ch: char) -> KindMask {
        let mut kinds = 0;
        if ch.is_ascii_digit() {
            let hints = self.hints.iter().filter(|(kind, _)| self.kind(*kind).shape != Shape::Email);
            kinds = hints.fold(self.digits, |kinds, (kind, _)| kinds | 1 << kind);
        }
        match ascii_class(u8::try_from(ch).unwrap_or(0x80)) {
            Some(Class::Run) => {
                let mut word = FirstWord::EMPTY;
                word.push(ch.to_ascii_lowercase());
                kinds |= self.openings().prefix(&word) & self.words & !NO_KIND;
            }
            Some(Class::Other) => kinds |= self.openings().other(ch) & self.wanted,
            Some(Class::Space) => {}
            None if ch.is_ascii() => {}
            // All letters that are not ASCII look the same to the short table.
            _ => {
                let openings = self.openings();
                kinds |=
                    openings.short_prefix(character(0x80)) & self.words | openings.other(ch) & self.wanted;
            }
        }
        kinds | self.phone.filter(|_| matches!(ch, '+' | '(')).map_or(0, |phone| 1 << phone)
    }

    /// Whether this word says how what stands behind it is to be read.
    pub(super) fn announces(&self, word: &FirstWord) -> bool {
        self.announcing.contains(word)
    }

    /// Whether a word begins so that says how what stands behind it is to be read.
    #[inline]
    pub(super) fn may_announce(&self, word: &FirstWord) -> bool {
        let [first, second] = word.first_two();
        let seconds = self.announced_by[usize::from(first & 31)];
        (seconds >> (second & 31) & 1 != 0 || word.len() == 1 && seconds != 0) && self.begins_announcing(word)
    }

    #[inline(never)]
    fn begins_announcing(&self, word: &FirstWord) -> bool {
        let first = |announcing: &FirstWord| {
            announcing.len() >= word.len() && announcing.first(word.len()) == word.first(word.len())
        };
        word.len() > 0 && self.announcing.iter().any(first)
    }

    /// Whether a calling code begins with these digits, and whether it is one.
    pub(super) fn calling_code(&self, digits: u16) -> (bool, bool) {
        let codes = self.generation.calling_codes();
        let begins = |code: &u16| [*code, code / 10, code / 100].contains(&digits);
        // No code begins with a zero (ITU-T E.164).
        (digits > 0 && codes.iter().any(begins), codes.contains(&digits))
    }

    /// More walks than this are never alive at once, whatever the text: every live walk began at another symbol of the key that the oldest
    /// one has walked so far, in another map, and a name may have left out another word. A word may stand for a few others.
    pub(super) fn most_walks(&self) -> usize {
        const MOST_ALTERNATIVES: usize = 8;
        let most_starts = LONGEST_KEY + 1;
        let walks = |kind: &KindPlan| match kind.shape {
            Shape::Name => kind.starts.len() * most_starts * (LONGEST_KEY / 2) * MOST_ALTERNATIVES,
            Shape::Words => kind.starts.len() * most_starts * MOST_ALTERNATIVES,
            Shape::Phone => kind.starts.len() * most_starts * 4,
            _ => kind.starts.len() * most_starts,
        };
        2 * MOST_SLIPS + self.hints.len() * most_starts + self.kinds.iter().map(walks).sum::<usize>()
    }
}
