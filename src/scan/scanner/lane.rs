//! What the fast lane knows of words that may be read otherwise: one step of an automaton for each byte of ASCII.
//!
//! The automaton is the product of two: of words that may be [encoded](super::encoded), and of letters that may be
//! [spelled](super::spelled).

use super::Counts;
use super::candidate::Candidate;
use super::encoded::{self, Encoded};
use super::spelled::{self, Spelled};
use crate::index::{FirstWord, WORD};
use crate::scan::block::{first_bytes, last_bytes};
use crate::scan::bounds::Before;
use crate::scan::{Readings, ScanPlan};

/// What the fast lane knows of the end of its text. Changed in place: most pieces of a text change little of it.
#[derive(Default)]
pub(super) struct Lane {
    /// It took the text so far. If not, the rest is not up to date.
    pub(super) is_open: bool,
    /// What may be read otherwise.
    pub(super) otherwise: Otherwise,
    /// The word at the end.
    pub(super) word: Word,
    /// Where that begins, if it is known how to go back there.
    pub(super) origin: Option<Origin>,
    /// A word before it that may be the first of a value.
    pub(super) candidate: Option<Candidate>,
}

/// What the fast lane knew before a word: what it knew when a piece of text came, and what of that stands before the word. Few words are asked for it.
#[derive(Clone, Copy)]
pub(super) struct Origin {
    before: Before,
    otherwise: Otherwise,
    text: u64,
    length: u8,
}

impl Origin {
    pub(super) fn new(before: Before, otherwise: Otherwise, text: &[u8]) -> Self {
        // No more than eight bytes are kept.
        let (known, text) = text.split_at(text.len().saturating_sub(8));
        Self::of(before.then(known), otherwise.then(known), first_bytes(text), text.len())
    }

    /// Behind so many of some bytes, at most eight.
    #[inline(always)]
    pub(super) fn of(before: Before, otherwise: Otherwise, text: u64, length: usize) -> Self {
        Self { before, otherwise, text, length: length as u8 }
    }

    /// What stands before the word.
    pub(super) fn before(&self) -> Before {
        self.before.then(&self.text.to_le_bytes()[..usize::from(self.length)])
    }

    pub(super) fn otherwise(&self) -> Otherwise {
        self.otherwise.then(&self.text.to_le_bytes()[..usize::from(self.length)])
    }
}

/// A word of ASCII letters, as it came.
#[derive(Clone, Copy, Default)]
pub(super) struct Word {
    /// Its first bytes, the first one lowest.
    raw: u64,
    length: u32,
    /// Some kinds may not begin with it.
    pub(super) is_barred: bool,
    /// No key that counts begins with it.
    pub(super) is_free: bool,
}

impl Word {
    pub(super) const NONE: Self = Self { raw: 0, length: 0, is_barred: false, is_free: false };

    /// A word with which no key begins, so that nobody asks more of it.
    pub(super) const DEAD: Self = Self { length: u32::MAX, ..Self::NONE };

    /// A word of which it is not known how it was written.
    pub(super) fn of(folded: &FirstWord) -> Self {
        let raw = folded.bytes().rev().fold(0, |raw, byte| raw << 8 | u64::from(byte));
        Self { raw, length: folded.len() as u32, ..Self::NONE }
    }

    /// Adds a letter, if there is room.
    #[inline(always)]
    pub(super) fn push(&mut self, letter: u8) {
        self.raw |= u64::from(letter).checked_shl(8 * self.length.min(WORD as u32)).unwrap_or(0);
        self.length = self.length.saturating_add(1);
    }

    /// Adds letters, at least one and at most eight, the first one lowest, as far as there is room.
    #[inline(always)]
    pub(super) fn add(&mut self, letters: u64, count: usize) {
        if (self.length as usize) < WORD {
            self.raw |= (letters & (u64::MAX >> (64 - 8 * count))) << (8 * self.length);
        }
        self.length = self.length.saturating_add(count as u32);
    }

    /// There is one more byte of it than is kept.
    #[inline(always)]
    pub(super) fn is_just_cut(&self) -> bool {
        self.length as usize == WORD + 1
    }

    #[inline(always)]
    pub(super) fn is_open(&self) -> bool {
        self.length > 0
    }

    /// There is more of it than is kept.
    #[inline(always)]
    pub(super) fn is_cut(&self) -> bool {
        self.length as usize > WORD
    }

    /// Whether it begins in upper case, as far as is known.
    pub(super) fn is_upper(&self) -> bool {
        self.raw as u8 & 0x20 == 0
    }

    /// What is kept of it, in lower case.
    #[inline(always)]
    pub(super) fn folded(&self) -> FirstWord {
        FirstWord::of_letters(self.raw, (self.length as usize).min(WORD))
    }

    /// How many bytes it has, as far as is known.
    #[inline(always)]
    pub(super) fn length(&self) -> u64 {
        u64::from(self.length)
    }

    /// Its bytes, as far as they are kept.
    pub(super) fn bytes(&self) -> impl Iterator<Item = u8> + use<> {
        self.raw.to_le_bytes().into_iter().take(self.length as usize)
    }
}

/// What the fast lane knows of words that may be read otherwise.
#[derive(Clone, Copy, Default)]
pub(super) struct Otherwise {
    /// The state of the first automaton in the upper half, that of the second one in the lower.
    pub(super) state: u8,
    /// The last bytes, the first one lowest.
    pub(super) recent: u64,
}

const fn state(encoded: u8, spelled: u8) -> u8 {
    encoded << 4 | spelled
}

/// The next state, by state and byte. Of most states no text ever knows.
static NEXT: [[u8; 256]; 256] = {
    let mut all = [[0; 256]; 256];
    let mut encoded = 0;
    while encoded < encoded::NEXT.len() {
        let mut spelled = 0;
        while spelled < spelled::NEXT.len() {
            let mut byte = 0;
            while byte < 256 {
                all[state(encoded as u8, spelled as u8) as usize][byte] =
                    state(encoded::NEXT[encoded][byte], spelled::NEXT[spelled][byte]);
                byte += 1;
            }
            spelled += 1;
        }
        encoded += 1;
    }
    all
};

impl Otherwise {
    /// Where the lane goes on, in a word or outside.
    pub(super) fn of(encoded: &Encoded, spelled: &Spelled, in_word: bool) -> Self {
        let length = encoded.length();
        let state = if length == 0 && in_word { encoded::PLAIN } else { length };
        // Both know the last characters, one more of them than the other.
        let more = length > spelled.state.length();
        let known = encoded.pieces().filter(|_| more).chain(spelled.pieces().filter(|_| !more));
        let recent = known.fold(0, |recent, piece| {
            let byte = piece.ch.and_then(|ch| u8::try_from(ch).ok()).unwrap_or(b'a');
            recent >> 8 | u64::from(byte) << 56
        });
        Self { state: self::state(state, spelled.state.number()), recent }
    }

    /// The state behind one more byte.
    #[inline(always)]
    pub(super) fn next(state: u8, byte: u8) -> u8 {
        NEXT[usize::from(state)][usize::from(byte)]
    }

    #[inline(always)]
    fn encoded(self) -> u8 {
        self.state >> 4
    }

    #[inline(always)]
    pub(super) fn spelled(self) -> spelled::State {
        spelled::State::of_number(self.state & 15)
    }

    /// It, behind some more bytes.
    #[inline(always)]
    pub(super) fn then(self, text: &[u8]) -> Self {
        let state = text.iter().fold(self.state, |state, byte| Self::next(state, *byte));
        Self { state, recent: last_bytes(self.recent, text) }
    }

    /// It may be read otherwise, and has to be looked at.
    #[inline(always)]
    pub(super) fn is_undecided(self, readings: Readings) -> bool {
        readings.encodings && self.encoded() == encoded::UNDECIDED
            || readings.letters && self.spelled().is_spelled()
    }

    /// How many characters there are of a word that may be encoded, if it may.
    #[inline(always)]
    pub(super) fn length(self) -> u64 {
        if self.encoded() < encoded::PLAIN { u64::from(self.encoded()) } else { 0 }
    }

    /// No more than so many bytes are held of it.
    #[inline(always)]
    pub(super) fn most_held(self) -> u64 {
        self.length().max(u64::from(self.spelled().length()))
    }

    /// Something may be held of it.
    #[inline(always)]
    pub(super) fn holds(self, readings: Readings) -> bool {
        readings.encodings && self.length() > 0 || readings.letters && self.spelled().holds()
    }

    /// These characters.
    pub(super) fn word(&self) -> impl Iterator<Item = u8> {
        self.recent.to_le_bytes().into_iter().skip(8 - self.length() as usize)
    }

    /// Where what may be read otherwise begins at the end of the lane's text, if something that counts may begin with it.
    #[inline(never)]
    pub(super) fn start(self, seen: u64, plan: &ScanPlan, counts: &Counts) -> Option<u64> {
        let is_plausible = plan.readings.encodings && self.length() > 0;
        let word = || encoded::start(self.word(), seen - self.length(), plan, counts);
        let encoded = is_plausible.then(word).flatten();
        if !plan.readings.letters || !self.spelled().holds() {
            return encoded;
        }
        let length = u64::from(self.spelled().length());
        let first = self.recent.to_le_bytes()[(8 - length) as usize].to_ascii_lowercase();
        let counts = plan.begins(char::from(first)) & counts.from(seen - length) != 0;
        let spelled = counts.then(|| seen - length);
        encoded.into_iter().chain(spelled).min()
    }
}
