//! Which words an email address may begin with if one of its keys was slipped: so that ordinary words are let go while they are written.

use super::keys::first_class;
use super::openings::FirstWord;
use super::step::step;
use super::{Generation, KeyMap};
use crate::identifier::{Shape, Strength};
use crate::text::Class;

/// The first character of an address is right: nearly every slip falls behind it, and without it every word would have to be held.
pub(crate) const RIGHT: usize = 1;

/// The lengths at which a word is looked up; in between it is held as long as it lasts.
const LENGTHS: [usize; 2] = [5, 7];

/// Characters that a slip may put in.
const ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789_";

/// A set of beginnings, hashed: a superset, so that no slip is missed.
pub(crate) struct Slips {
    bits: Box<[u64]>,
}

impl Slips {
    /// Every beginning of an email address of these maps that is at most one slip away.
    pub(super) fn new(generation: &Generation) -> Self {
        let kinds = || generation.kinds().iter().enumerate().filter(|(_, spec)| spec.shape == Shape::Email);
        let keys: usize = generation.maps(Strength::Strong).map(|(_, map)| map.len()).sum();
        let mut slips = Self { bits: vec![0; (4 * keys).clamp(1 << 6, 1 << 18).next_power_of_two()].into() };
        for (_, map) in generation.maps(Strength::Strong) {
            for (place, _) in kinds() {
                if let Some((node, _)) = step(map, map.root().addr(), place as u8) {
                    slips.add_below(map, node, &mut Vec::new());
                }
            }
        }
        slips
    }

    fn add_below(&mut self, map: &KeyMap, node: usize, beginning: &mut Vec<u8>) {
        let here = map.node(node);
        for length in LENGTHS {
            if beginning.len() == length + 1 || here.is_final() && beginning.len() <= length {
                self.add(beginning, length);
            }
        }
        // Behind two characters that belong to no word no single slip makes one.
        let apart = beginning.iter().filter(|byte| !is_run(**byte)).count();
        if beginning.len() > LENGTHS[LENGTHS.len() - 1] || apart > 1 {
            return;
        }
        for transition in here.transitions() {
            beginning.push(transition.inp);
            self.add_below(map, transition.addr, beginning);
            beginning.pop();
        }
    }

    /// The words of this length that a key with this beginning makes with at most one slip.
    fn add(&mut self, beginning: &[u8], length: usize) {
        let mut word = Vec::with_capacity(length + 2);
        self.note(beginning, length);
        for at in RIGHT..=beginning.len().min(length) {
            let (before, behind) = beginning.split_at(at);
            let mut with = |parts: [&[u8]; 3]| {
                word.clear();
                parts.iter().for_each(|part| word.extend_from_slice(part));
                self.note(&word, length);
            };
            for byte in ALPHABET {
                with([before, &[*byte], behind]);
                with([before, &[*byte], behind.get(1..).unwrap_or_default()]);
            }
            with([before, behind.get(1..).unwrap_or_default(), &[]]);
            if let [first, second, rest @ ..] = behind {
                with([before, &[*second, *first], rest]);
            }
        }
    }

    fn note(&mut self, word: &[u8], length: usize) {
        let Some(word) = word.get(..length).filter(|word| word.iter().all(|byte| is_run(*byte))) else {
            return;
        };
        let mut first = [0; 8];
        first[..length].copy_from_slice(word);
        let (at, bit) = self.place(u64::from_le_bytes(first));
        self.bits[at] |= bit;
    }

    #[inline]
    fn place(&self, word: u64) -> (usize, u64) {
        let hash = (word ^ word >> 29).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ((hash >> 32) as usize & (self.bits.len() - 1), 1 << (hash >> 58))
    }

    /// Whether a word that goes on may be the beginning of a slipped address, given that its first character may, and so many may.
    #[inline(always)]
    pub(crate) fn may_begin(&self, word: &FirstWord, known: usize) -> bool {
        let is_dead = |length: usize| {
            let (at, bit) = self.place(word.first(length));
            self.bits[at] & bit == 0
        };
        let is_asked = |length: &usize| known < *length && *length <= word.len();
        !LENGTHS.into_iter().filter(is_asked).any(is_dead) || !word.is_ascii()
    }
}

fn is_run(byte: u8) -> bool {
    !byte.is_ascii() || first_class(&[byte]).is_some_and(|(_, class)| class == Class::Run)
}
