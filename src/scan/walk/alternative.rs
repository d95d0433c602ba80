//! Walks that take another word of the text for a word of the key.

use super::{ALIVE, DEAD, Fork, Phase, Stepped, Walk};
use crate::identifier::Shape;
use crate::index::{Alternative, FirstAlternative, KeyMap, Sort, Standing, Ways, step, ways};
use crate::scan::Means;
use crate::scan::plan::{ScanPlan, Start};
use crate::text::Symbol;

/// More words of a text than this are not left out of one value: what may stand in a value without being part of it has a bound.
const MOST_LEFT_OUT: u8 = 2;

impl Walk {
    /// Begins the alternatives for the next word of the key, before which `word` stands, at the first symbol of a word of the text.
    pub(super) fn begin_alternatives(
        &self,
        word: Self,
        plan: &ScanPlan,
        between: u8,
        symbol: &Symbol,
        forks: &mut Vec<Fork>,
    ) {
        let is_backwards = self.means.contains(Means::REVERSED);
        let Some(alternatives) = plan.kind(self.kind).alternatives.filter(|_| !is_backwards) else { return };
        // In prose most words behind what may be a first name are none: a last name that is written otherwise has a capital.
        let is_plain = plan.kind(self.kind).shape == Shape::Name && !symbol.upper && between == b' ';
        // Most keys go on with few letters, so that most words of the table need not be tried.
        let map = plan.map(self.segment, self.kind);
        let ways = ways(map, word.node);
        let mut over = Over { map, word, first: None, behind: None };
        for entry in alternatives.missing(ways).filter(|_| !is_plain && between == b' ') {
            if entry.sort == Sort::BeforeNumber && !symbol.is_digit() {
                continue;
            }
            if let Some(mut walk) = over.key(&entry.key)
                && walk.take(plan, b' ')
            {
                walk.means |= Means::SPELLING;
                let stepped = walk.follow(plan, symbol);
                forks.push((walk, stepped));
            }
        }
        let mut first = [0; 4];
        let first = symbol.ch.encode_utf8(&mut first).as_bytes()[0];
        let standing = match between {
            b',' => Standing::BehindComma,
            _ if is_plain => Standing::InProse,
            _ => Standing::BehindSpace,
        };
        for (place, entry) in alternatives.beginning_with(first, standing, ways) {
            let walk = match entry.key.is_empty() {
                true if between == b' ' && self.left_out < MOST_LEFT_OUT => {
                    Some(Self { left_out: self.left_out + 1, gap: 0, letters: 0, ..*self })
                }
                true => None,
                false => over.key(&entry.key),
            };
            if let Some(mut walk) = walk
                && entry.fits(map, walk.node)
            {
                (walk.phase, walk.means) =
                    (Phase::Alternative { place, at: 0 }, walk.means | means_of(entry));
                let stepped = walk.read_alternative(plan, symbol);
                forks.push((walk, stepped));
            }
        }
    }

    /// A walk over a word of the text that stands for the first word of a key, of which so many bytes were read.
    pub(in crate::scan) fn over(first: &FirstAlternative, plan: &ScanPlan, read: usize, start: u64) -> Fork {
        let FirstAlternative { segment, node, output, .. } = *first;
        let from = Start { segment, node, output, means: Means::EXACT, jumps: None };
        let mut walk = Self::new(first.kind, from, start, start);
        walk.phase = Phase::Alternative { place: first.place, at: read as u8 };
        let Some(entry) = walk.alternative(plan) else { return (walk, DEAD) };
        walk.means = means_of(entry);
        walk.letters = read as u8;
        let stepped = if read < entry.text.len() { ALIVE } else { walk.end_alternative(plan, entry) };
        (walk, stepped)
    }

    fn alternative(&self, plan: &ScanPlan) -> Option<&'static Alternative> {
        let Phase::Alternative { place, .. } = self.phase else { return None };
        plan.kind(self.kind).alternatives.map(|alternatives| alternatives.get(place))
    }

    /// Takes a symbol of the text of an alternative. The walk stands behind the word of the key already.
    pub(super) fn read_alternative(&mut self, plan: &ScanPlan, symbol: &Symbol) -> Stepped {
        let (Phase::Alternative { place, at }, Some(entry)) = (self.phase, self.alternative(plan)) else {
            return DEAD;
        };
        let mut rest = &entry.text[usize::from(at)..];
        let gaps = plan.kind(self.kind).gaps;
        if gaps.allow(symbol.ch) {
            let is_full_stop = symbol.ch == '.' && plan.kind(self.kind).shape == Shape::Name;
            // As between words of the key.
            let is_out_of_place = is_full_stop && (self.gap > 0 || self.letters > 3);
            if rest.first() != Some(&b' ') || symbol.ch == ',' || is_out_of_place {
                return DEAD;
            }
            return self.widen_gap(gaps.longest);
        }
        if std::mem::take(&mut self.gap) > 0 {
            (rest, self.letters) = (&rest[1..], 0);
        }
        if rest.is_empty() {
            self.phase = Phase::Key;
            self.is_glued = true;
            return self.follow(plan, symbol);
        }
        let mut buffer = [0; 4];
        let Some(rest) = rest.strip_prefix(symbol.ch.encode_utf8(&mut buffer).as_bytes()) else {
            return DEAD;
        };
        self.phase = Phase::Alternative { place, at: (entry.text.len() - rest.len()) as u8 };
        self.letters = self.letters.saturating_add(1);
        if rest.is_empty() { self.end_alternative(plan, entry) } else { ALIVE }
    }

    /// Stands behind the last letter of an alternative.
    fn end_alternative(&mut self, plan: &ScanPlan, entry: &Alternative) -> Stepped {
        if entry.key.ends_with(b" ") {
            (self.phase, self.letters) = (Phase::Key, 0);
            return ALIVE;
        }
        self.phase = Phase::BehindAlternative { left_out: entry.key.is_empty() };
        if entry.key.is_empty() {
            return ALIVE;
        }
        let goes_on = |byte| step(plan.map(self.segment, self.kind), self.node, byte).is_some();
        Stepped { alive: goes_on(b' ') || goes_on(b','), ..self.here(plan) }
    }
}

/// Takes one key after the other from where a word begins. Many of them begin alike, and few fit any further: the first byte of the last one is kept.
struct Over<'a> {
    map: &'a KeyMap,
    word: Walk,
    first: Option<u8>,
    /// If keys go on with it, where they do and what that adds to the output, and with which bytes.
    behind: Option<(usize, u64, Ways)>,
}

impl Over<'_> {
    /// The walk behind a key of at least one byte.
    fn key(&mut self, key: &[u8]) -> Option<Walk> {
        let (first, rest) = key.split_first()?;
        if self.first != Some(*first) {
            let behind = step(self.map, self.word.node, *first);
            self.behind = behind.map(|(node, output)| (node, output, ways(self.map, node)));
            self.first = Some(*first);
        }
        let (mut node, mut output, ways) = self.behind?;
        if rest.first().is_some_and(|byte| !ways.contains(*byte)) {
            return None;
        }
        for byte in rest {
            let (behind, adds) = step(self.map, node, *byte)?;
            (node, output) = (behind, output + adds);
        }
        Some(Walk { node, output: self.word.output + output, ..self.word })
    }
}

fn means_of(entry: &Alternative) -> Means {
    if entry.sort == Sort::Nickname { Means::VARIANT } else { Means::SPELLING }
}
