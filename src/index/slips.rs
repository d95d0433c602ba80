//! Which words an address may begin with if one of its keys was slipped, an email address or one of streets: so that ordinary words are let go while they
//! are written.

use std::ops::RangeInclusive;

use super::openings::{FirstWord, WORD, bits};
use super::step::step;
use super::{Generation, KeyMap};
use crate::identifier::{Shape, Strength};
use crate::text::{Class, ascii_class};

/// The first character of an address is right: nearly every slip falls behind it, and without it every word would have to be held.
pub(crate) const RIGHT: usize = 1;

/// The lengths at which a word is looked up; in between it is held as long as it lasts.
const SHORT: usize = 5;
const LONG: RangeInclusive<usize> = 6..=7;

/// Beginnings of these lengths are one slip away from words of those.
const LONG_BEGINNINGS: RangeInclusive<usize> = *LONG.start()..=*LONG.end() + 1;

/// Characters that a slip may put in.
const ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789_";

/// The lengths of first words that may have a slip as a whole: of shorter ones, any word is one slip away.
const WHOLE: RangeInclusive<usize> = 4..=WORD + 1;

/// Sets of words, hashed: supersets, so that no slip is missed.
pub(crate) struct Slips {
    /// The first five characters of addresses, with every slip. Where a million addresses are known nearly every word is among them.
    short: Box<[u64]>,
    /// The first six, seven and eight, each with one character left out: two words that are a slip apart have one of these in common (Garbe, SymSpell, 2012),
    /// and it takes six where every slip would be five hundred.
    long: Box<[u64]>,
    /// Whole first words of addresses of streets, each as it is and with one character left out.
    firsts: Box<[u64]>,
}

impl Slips {
    /// Every beginning of an address of these maps that is at most one slip away.
    pub(super) fn new(generation: &Generation) -> Self {
        let maps = || generation.maps(Strength::Strong).map(|(_, map)| map);
        let keys: usize = maps().map(|map| map.len()).sum();
        let words =
            |wanted: usize, most: usize| vec![0; wanted.clamp(1 << 6, most).next_power_of_two()].into();
        let mut noted = 0;
        beginnings(generation, maps(), |beginning, _, _| {
            noted += if LONG_BEGINNINGS.contains(&beginning.len()) { beginning.len() - RIGHT } else { 0 };
        });
        let mut slips = Self {
            short: words(4 * keys, 1 << 17),
            // Sixteen bits for each.
            long: words(noted / 4, 1 << 21),
            firsts: words(4 * keys, 1 << 14),
        };
        slips.add_keys(generation, maps());
        slips
    }

    /// The same with those of some more maps.
    pub(super) fn with<'a>(&self, generation: &Generation, maps: impl Iterator<Item = &'a KeyMap>) -> Self {
        let mut slips =
            Self { short: self.short.clone(), long: self.long.clone(), firsts: self.firsts.clone() };
        slips.add_keys(generation, maps);
        slips
    }

    fn add_keys<'a>(&mut self, generation: &Generation, maps: impl Iterator<Item = &'a KeyMap>) {
        beginnings(generation, maps, |beginning, shape, is_whole| {
            if shape == Shape::Words
                && let Some((b' ', word)) = beginning.split_last()
                && WHOLE.contains(&word.len())
            {
                self.add_first(word);
            }
            if beginning.len() == SHORT + 1 || is_whole && beginning.len() <= SHORT {
                self.add_short(beginning);
            }
            self.add_long(beginning, is_whole);
        });
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

    /// The words of six or seven characters that a key with this beginning, or a whole one, makes with at most one slip: what these words have in common with it.
    fn add_long(&mut self, beginning: &[u8], is_whole: bool) {
        let end = beginning.len();
        let mut note = |word: &mut dyn Iterator<Item = u8>| {
            let (mut letters, mut length) = ([0; WORD], 0);
            for byte in word {
                if !is_run(byte) {
                    return;
                }
                (letters[length], length) = (byte, length + 1);
            }
            let hash = FirstWord::of(&letters[..length]).hash(1);
            self.long[hash as usize & (self.long.len() - 1)] |= bits(hash);
        };
        if LONG_BEGINNINGS.contains(&end) {
            for without in RIGHT..end {
                let (before, behind) = (&beginning[..without], &beginning[without + 1..]);
                note(&mut before.iter().chain(behind).copied());
            }
        }
        if is_whole && (LONG.start() - 1..=*LONG.end()).contains(&end) {
            note(&mut beginning.iter().copied());
        }
    }

    /// Whether a key may begin with so many characters, with at most one slip.
    fn may_be_long(&self, word: &FirstWord) -> bool {
        let is_noted = |word: FirstWord| {
            let hash = word.hash(1);
            !self.long[hash as usize & (self.long.len() - 1)] & bits(hash) == 0
        };
        is_noted(*word) || (RIGHT..word.len()).any(|at| is_noted(word.without(at)))
    }

    /// The words of five characters that a key with this beginning makes with at most one slip.
    fn add_short(&mut self, beginning: &[u8]) {
        let length = SHORT;
        let mut first = [0; 8];
        first[..beginning.len().min(8)].copy_from_slice(&beginning[..beginning.len().min(8)]);
        let (packed, end) = (u64::from_le_bytes(first), beginning.len());
        let apart = (0..end).filter(|at| !is_run(beginning[*at])).fold(0, |set, at| set | 1_u32 << at);
        let below = |at: usize| (1_u64 << (8 * at)) - 1;
        let mut note = |word: u64, apart: u32, end: usize| {
            // A word that goes on, and nothing but letters and digits.
            if end >= length && apart & ((1 << length) - 1) == 0 {
                let (at, bit) = self.place(word & below(length));
                self.short[at] |= bit;
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
        ((hash >> 32) as usize & (self.short.len() - 1), 1 << (hash >> 58))
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
        // Of letters that are not ASCII nothing is known, but what stands before them does not come to life again.
        let is_asked = |length: usize| {
            known < length && length <= word.len() && word.first(length).to_le_bytes().is_ascii()
        };
        if is_asked(SHORT) {
            let (at, bit) = self.place(word.first(SHORT));
            if self.short[at] & bit == 0 {
                return false;
            }
        }
        LONG.filter(|length| is_asked(*length)).all(|length| self.may_be_long(&word.prefix(length)))
    }
}

/// Calls `each` with the beginnings of addresses in some maps that are no longer than has to be known, with the shape of the address, and whether it is a whole one.
fn beginnings<'a>(
    generation: &Generation,
    maps: impl Iterator<Item = &'a KeyMap>,
    mut each: impl FnMut(&[u8], Shape, bool),
) {
    let kinds = generation.kinds().iter().enumerate();
    let kinds = kinds.filter(|(_, spec)| matches!(spec.shape, Shape::Email | Shape::Words));
    let kinds: Vec<(u8, Shape)> = kinds.map(|(place, spec)| (place as u8, spec.shape)).collect();
    for map in maps {
        for (place, shape) in &kinds {
            if let Some((node, _)) = step(map, map.root().addr(), *place) {
                beginnings_below(map, node, *shape, &mut Vec::new(), &mut each);
            }
        }
    }
}

fn beginnings_below(
    map: &KeyMap,
    node: usize,
    shape: Shape,
    beginning: &mut Vec<u8>,
    each: &mut impl FnMut(&[u8], Shape, bool),
) {
    let here = map.node(node);
    // House numbers are right.
    let is_number = matches!(**beginning, [first] if !first.is_ascii_alphabetic());
    if shape == Shape::Words && is_number {
        return;
    }
    each(beginning, shape, here.is_final());
    // Behind two characters that belong to no word no single slip makes one.
    let apart = beginning.iter().filter(|byte| !is_run(**byte)).count();
    let longest = if shape == Shape::Words { *WHOLE.end() } else { *LONG.end() };
    if beginning.len() > longest || apart > 1 {
        return;
    }
    for transition in here.transitions() {
        beginning.push(transition.inp);
        beginnings_below(map, transition.addr, shape, beginning, each);
        beginning.pop();
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

    fn empty() -> Slips {
        let words = |n: usize| vec![0; n].into();
        Slips { short: words(1 << 12), long: words(1 << 10), firsts: words(1 << 6) }
    }

    const BEGINNINGS: [&str; 8] =
        ["marialop", "maria.lo", "m-.xyzab", "ann", "anna.", "x9_yz", "müller", "anna@b.c"];

    #[test]
    fn every_slip_is_noted_and_little_else() {
        for beginning in BEGINNINGS {
            let mut slips = empty();
            let beginning = &beginning.as_bytes()[..beginning.len().min(SHORT + 1)];
            slips.add_short(beginning);
            let words = slipped(beginning, SHORT);
            for word in &words {
                let (at, bit) = slips.place(FirstWord::of(word).first(SHORT));
                assert!(slips.short[at] & bit != 0, "{word:?} of {beginning:?}");
            }
            let noted = slips.short.iter().map(|bits| bits.count_ones() as usize).sum::<usize>();
            assert!(noted <= words.len(), "{noted} of {}", words.len());
        }
    }

    #[test]
    fn every_slip_of_a_longer_word_is_noted_and_most_words_are_not() {
        for key in BEGINNINGS.into_iter().chain(["marialopez", "mariana", "marian", "maria.lopez"]) {
            let (mut slips, key) = (empty(), key.as_bytes());
            for end in 0..=key.len().min(*LONG_BEGINNINGS.end()) {
                slips.add_long(&key[..end], end == key.len());
            }
            for length in LONG {
                for word in slipped(&key[..key.len().min(length + 1)], length) {
                    let word = FirstWord::of(&word[..length]);
                    // Of what is not ASCII nobody asks.
                    let is_ascii = word.text(&mut [0; WORD]).is_ascii();
                    assert!(!is_ascii || slips.may_be_long(&word), "{word:?} of {key:?}");
                }
            }
            let others = [
                "morning", "several", "distrib", "married", "xarialo", "mornin", "mother", "marixyz",
                "annabel",
            ];
            let is_noted = |word: &&&str| slips.may_be_long(&FirstWord::of(word.as_bytes()));
            assert_eq!(others.iter().find(is_noted), None, "{key:?}");
        }
    }

    #[test]
    fn a_first_word_with_a_slip_is_known() {
        let mut slips = empty();
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
