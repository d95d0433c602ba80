//! What the fast lane knows of words that may be read otherwise: one step of an automaton for each byte of ASCII.
//!
//! The automaton is the product of two: of words that may be [encoded](super::encoded), and of letters that may be
//! [spelled](super::spelled).

use super::Counts;
use super::encoded::{self, Encoded};
use super::spelled::{self, Spelled};
use crate::scan::block::last_bytes;
use crate::scan::{Readings, ScanPlan};

/// What the fast lane knows of the end of its text.
#[derive(Clone, Copy, Default)]
pub(super) struct Lane {
    /// The state of the first automaton in the upper half, that of the second one in the lower.
    state: u8,
    /// The last bytes, the first one lowest.
    pub(super) recent: u64,
}

const fn state(encoded: u8, spelled: u8) -> u8 {
    encoded << 4 | spelled
}

/// The next state, by state and byte. Of most states no text ever knows.
static NEXT: [[u8; 256]; 16 * encoded::NEXT.len()] = {
    let mut all = [[0; 256]; 16 * encoded::NEXT.len()];
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

impl Lane {
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

    #[inline(always)]
    pub(super) fn pass(&mut self, text: &[u8]) {
        for byte in text {
            self.state = NEXT[usize::from(self.state)][usize::from(*byte)];
        }
        self.recent = last_bytes(self.recent, text);
    }

    #[inline(always)]
    fn encoded(self) -> u8 {
        self.state >> 4
    }

    #[inline(always)]
    pub(super) fn spelled(self) -> spelled::State {
        spelled::State::of_number(self.state & 15)
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
