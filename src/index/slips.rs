//! Which words an address may begin with if one of its keys was slipped, an email address or one of streets: so that ordinary words are let go while they
//! are written.

use super::openings::{FirstWord, WORD, bits};
use super::step::step;
use super::{Generation, KeyMap};
use crate::identifier::{Shape, Strength};
use crate::text::{Class, ascii_class};

/// The first character of an address is right: nearly every slip falls behind it, and without it every word would have to be held.
pub(crate) const RIGHT: usize = 1;

/// The lengths at which a word is looked up; in between it is held as long as it lasts.
const LENGTHS: [usize; 2] = [5, 7];

/// Characters that a slip may put in.
const ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789_";

/// The lengths of first words that may have a slip as a whole: of shorter ones, any word is one slip away.
const WHOLE: std::ops::RangeInclusive<usize> = 4..=WORD + 1;

/// Sets of words, hashed: supersets, so that no slip is missed.
pub(crate) struct Slips {
    /// Beginnings, each with every slip.
    bits: Box<[u64]>,
    /// Whole first words of addresses of streets, each as it is and with one character left out: two words that are a slip apart have one of
    /// these in common (Garbe, SymSpell, 2012).
    firsts: Box<[u64]>,
}

impl Slips {
    /// Every beginning of an address of these maps that is at most one slip away.
    pub(super) fn new(generation: &Generation) -> Self {
        let keys: usize = generation.maps(Strength::Strong).map(|(_, map)| map.len()).sum();
        let words = |most: usize| vec![0; (4 * keys).clamp(1 << 6, most).next_power_of_two()].into();
        let mut slips = Self { bits: words(1 << 18), firsts: words(1 << 14) };
        slips.add_keys(generation, generation.maps(Strength::Strong).map(|(_, map)| map));
        slips
    }

    /// The same with those of some more maps.
    pub(super) fn with<'a>(&self, generation: &Generation, maps: impl Iterator<Item = &'a KeyMap>) -> Self {
        let mut slips = Self { bits: self.bits.clone(), firsts: self.firsts.clone() };
        slips.add_keys(generation, maps);
        slips
    }

    fn add_keys<'a>(&mut self, generation: &Generation, maps: impl Iterator<Item = &'a KeyMap>) {
        let kinds = generation.kinds().iter().enumerate();
        let kinds = kinds.filter(|(_, spec)| matches!(spec.shape, Shape::Email | Shape::Words));
        let kinds: Vec<(u8, Shape)> = kinds.map(|(place, spec)| (place as u8, spec.shape)).collect();
        for map in maps {
            for (place, shape) in &kinds {
                if let Some((node, _)) = step(map, map.root().addr(), *place) {
                    self.add_below(map, node, *shape, &mut Vec::new());
                }
            }
        }
    }

    fn add_below(&mut self, map: &KeyMap, node: usize, shape: Shape, beginning: &mut Vec<u8>) {
        let here = map.node(node);
        if shape == Shape::Words {
            match beginning.split_last() {
                // House numbers are right.
                Some((first, [])) if !first.is_ascii_alphabetic() => return,
                Some((b' ', word)) if WHOLE.contains(&word.len()) => self.add_first(word),
                _ => {}
            }
        }
        for length in LENGTHS {
            if beginning.len() == length + 1 || here.is_final() && beginning.len() <= length {
                self.add(beginning, length);
            }
        }
        // Behind two characters that belong to no word no single slip makes one.
        let apart = beginning.iter().filter(|byte| !is_run(**byte)).count();
        let longest = if shape == Shape::Words { *WHOLE.end() } else { LENGTHS[LENGTHS.len() - 1] };
        if beginning.len() > longest || apart > 1 {
            return;
        }
        for transition in here.transitions() {
            beginning.push(transition.inp);
            self.add_below(map, transition.addr, shape, beginning);
            beginning.pop();
        }
    }

    fn add_first(&mut self, word: &[u8]) {
        let mut note = |word: FirstWord| {
            let hash = word.hash(0);
            self.firsts[hash as usize & (self.firsts.len() - 1)] |= bits(hash);
        };
        if word.len() <= WORD {
            note(FirstWord::of(word));
        }
        (RIGHT..word.len()).for_each(|at| note(FirstWord::of(&[&word[..at], &word[at + 1..]].concat())));
    }

    /// The words of this length that a key with this beginning makes with at most one slip.
    fn add(&mut self, beginning: &[u8], length: usize) {
        let mut first = [0; 8];
        first[..beginning.len().min(8)].copy_from_slice(&beginning[..beginning.len().min(8)]);
        let (packed, end) = (u64::from_le_bytes(first), beginning.len());
        let apart = (0..end).filter(|at| !is_run(beginning[*at])).fold(0, |set, at| set | 1_u32 << at);
        let below = |at: usize| (1_u64 << (8 * at)) - 1;
        let mut note = |word: u64, apart: u32, end: usize| {
            // A word that goes on, and nothing but letters and digits.
            if end >= length && apart & ((1 << length) - 1) == 0 {
                let (at, bit) = self.place(word & below(length));
                self.bits[at] |= bit;
            }
        };
        note(packed, apart, end);
        let marks_below = |at: usize| apart & ((1 << at) - 1);
        for at in RIGHT..=end.min(length) {
            let (before, behind) = (packed & below(at), packed >> (8 * at));
            let (apart_before, apart_behind) = (marks_below(at), apart >> at);
            let (less, apart_less) = (behind >> 8, apart_behind >> 1);
            for byte in ALPHABET {
                let with = before | u64::from(*byte) << (8 * at);
                // What is moved out of the number is behind all that counts.
                let shift = |behind: u64| if at < 7 { behind << (8 * (at + 1)) } else { 0 };
                note(with | shift(behind), apart_before | apart_behind << (at + 1), end + 1);
                if at < end {
                    note(with | shift(less), apart_before | apart_less << (at + 1), end);
                }
            }
            if at < end {
                note(before | less << (8 * at), apart_before | apart_less << at, end - 1);
            }
            if at + 1 < end {
                let swapped = (behind & 0xff) << 8 | behind >> 8 & 0xff | behind & !0xffff;
                let apart_swapped = (apart_behind & 1) << 1 | apart_behind >> 1 & 1 | apart_behind & !3;
                note(before | swapped << (8 * at), apart_before | apart_swapped << at, end);
            }
        }
    }

    #[inline]
    fn place(&self, word: u64) -> (usize, u64) {
        let hash = (word ^ word >> 29).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ((hash >> 32) as usize & (self.bits.len() - 1), 1 << (hash >> 58))
    }

    /// Whether a whole word may be the first one of an address of streets with a slip; or without.
    pub(crate) fn may_be_first(&self, word: &FirstWord) -> bool {
        let is_noted = |word: &FirstWord| {
            let hash = word.hash(0);
            !self.firsts[hash as usize & (self.firsts.len() - 1)] & bits(hash) == 0
        };
        word.len() + 1 >= *WHOLE.start()
            && (is_noted(word) || (RIGHT..word.len()).any(|at| is_noted(&word.without(at))))
    }

    /// Whether a word that goes on may be the beginning of a slipped address, given that its first character may, and so many may.
    #[inline(always)]
    pub(crate) fn may_begin(&self, word: &FirstWord, known: usize) -> bool {
        let is_dead = |length: usize| {
            let (at, bit) = self.place(word.first(length));
            self.bits[at] & bit == 0
        };
        // Of letters that are not ASCII nothing is known, but what stands before them does not come to life again.
        let is_asked = |length: &usize| {
            known < *length && *length <= word.len() && word.first(*length).to_le_bytes().is_ascii()
        };
        !LENGTHS.into_iter().filter(is_asked).any(is_dead)
    }
}

fn is_run(byte: u8) -> bool {
    !byte.is_ascii() || ascii_class(byte) == Some(Class::Run)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every word that one slip makes of a beginning, one by one.
    fn slipped(beginning: &[u8], length: usize) -> Vec<Vec<u8>> {
        let mut words = vec![beginning.to_vec()];
        for at in RIGHT..=beginning.len().min(length) {
            let (before, behind) = beginning.split_at(at);
            let less = behind.get(1..).unwrap_or_default();
            for byte in ALPHABET {
                words.push([before, &[*byte], behind].concat());
                words.push([before, &[*byte], less].concat());
            }
            words.push([before, less].concat());
            if let [first, second, rest @ ..] = behind {
                words.push([before, &[*second, *first], rest].concat());
            }
        }
        words.retain(|word| word.len() >= length && word[..length].iter().all(|byte| is_run(*byte)));
        words
    }

    #[test]
    fn every_slip_is_noted_and_little_else() {
        for beginning in ["marialop", "maria.lo", "m-.xyzab", "ann", "anna.", "x9_yz", "müller"] {
            for length in LENGTHS {
                let mut slips = Slips { bits: vec![0; 1 << 12].into(), firsts: [].into() };
                let beginning = &beginning.as_bytes()[..beginning.len().min(length + 1)];
                slips.add(beginning, length);
                let words = slipped(beginning, length);
                for word in &words {
                    let (at, bit) = slips.place(FirstWord::of(word).first(length));
                    assert!(slips.bits[at] & bit != 0, "{word:?} of {beginning:?}");
                }
                let noted = slips.bits.iter().map(|bits| bits.count_ones() as usize).sum::<usize>();
                assert!(noted <= words.len(), "{noted} of {}", words.len());
            }
        }
    }

    #[test]
    fn a_first_word_with_a_slip_is_known() {
        let mut slips = Slips { bits: [].into(), firsts: vec![0; 1 << 6].into() };
        ["calle", "eichenweg"].iter().for_each(|word| slips.add_first(word.as_bytes()));
        for word in ["calle", "cale", "callle", "cakle", "clale", "call", "eichnweg", "ecihenwe"] {
            let is_whole = word != "ecihenwe";
            assert_eq!(slips.may_be_first(&FirstWord::of(word.as_bytes())), is_whole, "{word}");
        }
        for word in ["alle", "valle", "cell", "c", "call1e2", "river", ""] {
            assert!(!slips.may_be_first(&FirstWord::of(word.as_bytes())), "{word}");
        }
    }
}
