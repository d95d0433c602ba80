//! Words that may be the beginning of encoded text: told from their first characters, so that ordinary words are never decoded.

use super::lane::Otherwise;
use super::{Counts, Match, Scanner};
use crate::index::KindMask;
use crate::scan::ScanPlan;
use crate::scan::views::Kind;
use crate::text::reading::{Alphabet, Piece, Plausible};

/// The characters of the word at the end that may be the beginning of encoded text.
#[derive(Clone, Copy, Default)]
pub(super) struct Encoded {
    pieces: [Option<Piece>; Plausible::ENOUGH as usize],
    /// In which alphabets.
    base64: Option<Plausible>,
    base32: Option<Plausible>,
}

impl Encoded {
    /// A word begins, which may be encoded in these alphabets. What is known of it is set alone: the rest is large.
    fn begin(&mut self, base64: bool, base32: bool) {
        let word = |may_be: bool| may_be.then(Plausible::default);
        (self.base64, self.base32) = (word(base64), word(base32));
    }

    /// There is no such word.
    pub(super) fn forget(&mut self) {
        self.begin(false, false);
    }

    /// Knows what the fast lane does, which has taken all text before this place.
    pub(super) fn leave_lane(&mut self, lane: Otherwise, seen: u64) {
        match lane.length() {
            0 => self.forget(),
            length => {
                self.begin(true, true);
                self.go_on(lane.word(), seen - length);
            }
        }
    }

    /// A word of ASCII begins.
    pub(super) fn begin_with(&mut self, word: &[u8], start: u64) {
        self.begin(true, true);
        self.go_on(word.iter().copied(), start);
    }

    /// There is more of the word.
    pub(super) fn go_on(&mut self, more: impl Iterator<Item = u8>, start: u64) {
        for (ch, start) in more.map(char::from).zip(start..) {
            self.read(Piece::raw(ch, start, start + 1), ch);
        }
    }

    /// Behind which byte it is known not to be encoded, if it turns out so in these bytes.
    pub(super) fn ends_in(&self, bytes: &[u8]) -> Option<usize> {
        let mut state = usize::from(self.length());
        for (at, byte) in bytes.iter().enumerate() {
            state = usize::from(NEXT[state][usize::from(*byte)]);
            match state as u8 {
                PLAIN | OUTSIDE => return Some(at + 1),
                UNDECIDED => return None,
                _ => {}
            }
        }
        None
    }

    /// How many characters of the word there are so far.
    pub(super) fn length(&self) -> u8 {
        [self.base64, self.base32].into_iter().flatten().map(Plausible::length).max().unwrap_or(0)
    }

    /// These characters.
    pub(super) fn pieces(&self) -> impl Iterator<Item = Piece> {
        self.pieces.into_iter().flatten().take(usize::from(self.length()))
    }

    pub(super) fn is_plausible(&self) -> bool {
        self.base64.is_some() || self.base32.is_some()
    }

    /// Where the word begins, if what counts may begin with it.
    pub(super) fn start(&self, plan: &ScanPlan, counts: &Counts, is_view: bool) -> Option<u64> {
        let first = self.pieces[0].filter(|_| self.is_plausible())?.start;
        plan.may_count(begun(self.base64, self.base32, plan, is_view), counts, first).then_some(first)
    }

    /// The word goes on; the alphabets in which it is long enough to be decoded.
    fn read(&mut self, piece: Piece, ch: char) -> [Option<Alphabet>; 2] {
        let mut ready = [None, None];
        let alphabets = [(&mut self.base64, Alphabet::Base64), (&mut self.base32, Alphabet::Base32)];
        let mut length = 0;
        for ((plausible, alphabet), ready) in alphabets.into_iter().zip(&mut ready) {
            *plausible = plausible.and_then(|mut word| word.goes_on(alphabet, ch).then_some(word));
            if let Some(word) = *plausible {
                length = word.length();
                if word.length() == Plausible::ENOUGH {
                    (*ready, *plausible) = (Some(alphabet), None);
                }
            }
        }
        if length > 0 {
            self.pieces[usize::from(length) - 1] = Some(piece);
        }
        ready
    }
}

/// Outside of words; one to seven are so many characters of a word that may be encoded.
pub(super) const OUTSIDE: u8 = 0;
/// In a word that is not.
pub(super) const PLAIN: u8 = 8;
/// In one whose first eight characters may be.
pub(super) const UNDECIDED: u8 = 9;

/// The next state, by state and byte. It says yes to every word that [`Plausible`] does, and to some more.
pub(super) const NEXT: [[u8; 256]; 10] = {
    let mut next = [[OUTSIDE; 256]; 10];
    let mut byte = 0;
    while byte < 256 {
        let value = match byte as u8 {
            b @ b'A'..=b'Z' => b - b'A',
            b @ b'a'..=b'z' => b - b'a' + 26,
            b @ b'0'..=b'9' => b - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => 64,
        };
        let is_word = value < 62 || byte as u8 == b'_';
        let plain = if is_word { PLAIN } else { OUTSIDE };
        let in_base32 = value < 26 || (value >= 54 && value < 60);
        // A byte of ASCII that can be seen begins with two to seven.
        let first = (value >= 8 && value < 32) || in_base32;
        let second = (value < 64 && value & 15 >= 2 && value & 15 < 8) || in_base32;
        let third = (value < 64 && value & 3 < 2) || in_base32;
        next[0][byte] = if (value >= 8 && value < 32) || (value >= 4 && value < 16) { 1 } else { plain };
        let mut at = 1;
        while at < 8 {
            let goes_on = match at % 4 {
                0 => first,
                1 => second,
                2 => third,
                _ => value < 64,
            };
            // Behind a sign of the alphabet a letter begins another word, and this one is over.
            let longer = if at == 7 || value < 64 && !is_word { UNDECIDED } else { at as u8 + 1 };
            next[at][byte] = if goes_on { longer } else { plain };
            at += 1;
        }
        next[PLAIN as usize][byte] = plain;
        next[UNDECIDED as usize][byte] = UNDECIDED;
        byte += 1;
    }
    next
};

/// Whether the word at the beginning of a text may be encoded.
#[inline(always)]
pub(super) fn may_be_encoded(text: &[u8]) -> bool {
    let mut state = OUTSIDE;
    for byte in text.iter().take(usize::from(Plausible::ENOUGH)) {
        state = NEXT[usize::from(state)][usize::from(*byte)];
        if state == PLAIN || state == OUTSIDE {
            return false;
        }
    }
    true
}

/// Where the word at the end of the lane's text begins, if what counts may begin with it.
pub(super) fn start(
    word: impl Iterator<Item = u8>,
    begin: u64,
    plan: &ScanPlan,
    counts: &Counts,
) -> Option<u64> {
    let (mut base64, mut base32) = (Some(Plausible::default()), Some(Plausible::default()));
    for ch in word.map(char::from) {
        base64 = base64.and_then(|mut word| word.goes_on(Alphabet::Base64, ch).then_some(word));
        base32 = base32.and_then(|mut word| word.goes_on(Alphabet::Base32, ch).then_some(word));
    }
    plan.may_count(begun(base64, base32, plan, false), counts, begin).then_some(begin)
}

/// Which kinds may have a key that begins with what a word decodes to that goes on so far in one of the alphabets. What would begin further in
/// is not held, for nearly every word of prose might hold it, and does not count.
fn begun(base64: Option<Plausible>, base32: Option<Plausible>, plan: &ScanPlan, is_view: bool) -> KindMask {
    let words = [(base64, Alphabet::Base64), (base32, Alphabet::Base32)];
    let words = words.into_iter().filter_map(|(word, alphabet)| Some((word?, alphabet)));
    let kinds = words.map(|(word, alphabet)| {
        // What is encoded in base64 may be read otherwise again, but what is decoded twice is text.
        let is_read = alphabet == Alphabet::Base64 && !is_view;
        let read = |byte: u8| if is_read { plan.is_read(char::from(byte)) } else { 0 };
        match word.decoded(alphabet, &mut [0; Plausible::ENOUGH as usize]) {
            [] => {
                let firsts = word.first(alphabet);
                firsts.fold(0, |kinds, byte| kinds | plan.begins(char::from(byte)) | read(byte))
            }
            decoded => {
                let so_far = (1..=decoded.len()).map(|to| plan.begins_so(&decoded[..to]));
                read(decoded[0]) | so_far.fold(!0, |kinds, begun| kinds & begun)
            }
        }
    });
    kinds.fold(0, |all, kinds| all | kinds)
}

impl Scanner {
    /// Whether the word at the end may be encoded.
    pub(in crate::scan) fn is_in_encoded(&self) -> bool {
        self.encoded.is_plausible()
    }

    /// A word that begins with this character may be encoded.
    pub(super) fn begin_encoded(&mut self, ch: char) {
        if self.plan.readings.encodings && ch.is_ascii_alphanumeric() && !self.is_in_word() {
            let may_view = |alphabet| self.may_ever_view(Kind::Encoded(alphabet));
            let (base64, base32) = (may_view(Alphabet::Base64), may_view(Alphabet::Base32));
            self.encoded.begin(base64, base32);
        }
    }

    /// Looks at a character that has been taken; a word that is long enough opens a view.
    pub(super) fn read_encoded(&mut self, piece: Piece, ch: char, matches: &mut Vec<Match>) {
        if !self.encoded.is_plausible() {
            return;
        }
        for alphabet in self.encoded.read(piece, ch).into_iter().flatten() {
            // The last piece is fed to the view with all others that are awake.
            let pieces: [Piece; Plausible::ENOUGH as usize - 1] =
                std::array::from_fn(|at| self.encoded.pieces[at].unwrap_or(piece));
            self.open_encoded(alphabet, &pieces, matches);
        }
    }
}
