//! Words that may be the beginning of encoded text: told from their first characters, so that ordinary words are never decoded.

use super::spelled::{Spelled, State};
use super::{Match, Scanner};
use crate::scan::views::Kind;
use crate::scan::{Readings, ScanPlan};
use crate::text::reading::{Alphabet, Piece, Plausible};

/// The characters of the word at the end that may be the beginning of encoded text.
#[derive(Clone, Copy, Default)]
pub(super) struct Encoded {
    pieces: [Option<Piece>; Plausible::ENOUGH as usize],
    /// In which alphabets.
    base64: Option<Plausible>,
    base32: Option<Plausible>,
    /// At some character no key began with what it decodes to, so that nobody has held it: of what begins in it nothing is known any more.
    is_lost: bool,
}

impl Encoded {
    fn begin() -> Self {
        Self { base64: Some(Plausible::default()), base32: Some(Plausible::default()), ..Self::default() }
    }

    /// What the fast lane knew when it had taken all text before this place.
    pub(super) fn of_lane(lane: Lane, seen: u64, plan: &ScanPlan) -> Self {
        let length = lane.length();
        match length {
            0 => Self::default(),
            _ => Self::of_word(&lane.recent.to_le_bytes()[8 - length as usize..], seen - length, plan),
        }
    }

    /// The beginning of a word of ASCII.
    pub(super) fn of_word(word: &[u8], start: u64, plan: &ScanPlan) -> Self {
        let mut encoded = Self::begin();
        for (byte, start) in word.iter().zip(start..) {
            encoded.read(Piece::raw(char::from(*byte), start, start + 1), char::from(*byte));
            encoded.is_lost |= encoded.start(plan).is_none();
        }
        encoded
    }

    /// The characters of the word so far.
    fn pieces(&self) -> impl Iterator<Item = Piece> {
        let length = [self.base64, self.base32].into_iter().flatten().map(Plausible::length).max();
        self.pieces.into_iter().flatten().take(usize::from(length.unwrap_or(0)))
    }

    pub(super) fn is_plausible(&self) -> bool {
        self.base64.is_some() || self.base32.is_some()
    }

    /// Where the word begins, if a key begins with what it may decode to.
    pub(super) fn start(&self, plan: &ScanPlan) -> Option<u64> {
        let first = self.pieces[0].filter(|_| !self.is_lost)?;
        let words = [(self.base64, Alphabet::Base64), (self.base32, Alphabet::Base32)];
        let mut words = words.into_iter().filter_map(|(word, alphabet)| Some((word?, alphabet)));
        let may_begin = |(word, alphabet): (Plausible, Alphabet)| {
            let mut decoded = [0; Plausible::ENOUGH as usize];
            let decoded = word.decoded(alphabet, &mut decoded);
            let mut firsts = word.first(alphabet).map(char::from);
            // What is encoded in base64 may be read otherwise again.
            let reads = alphabet == Alphabet::Base64 && firsts.clone().any(|ch| plan.is_read(ch));
            reads
                || match decoded {
                    [] => firsts.any(|ch| plan.begins(ch)),
                    decoded => plan.begins_so(decoded),
                }
        };
        words.any(may_begin).then_some(first.start)
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

/// What the fast lane knows of the end of its text: one step of two automata for each byte.
///
/// It says yes to every word that [`Plausible`] does, and to some more.
#[derive(Clone, Copy, Default)]
pub(super) struct Lane {
    state: u8,
    pub(super) spelled: State,
    /// The last bytes, the first one lowest.
    pub(super) recent: u64,
}

/// Outside of words; one to seven are so many characters of a word that may be encoded.
const OUTSIDE: u8 = 0;
/// In a word that is not.
const PLAIN: u8 = 8;
/// In one whose first eight characters may be.
const UNDECIDED: u8 = 9;

/// The next state, by state and byte.
const NEXT: [[u8; 256]; 10] = {
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
            let longer = if at == 7 { UNDECIDED } else { at as u8 + 1 };
            next[at][byte] = if goes_on { longer } else { plain };
            at += 1;
        }
        next[PLAIN as usize][byte] = plain;
        next[UNDECIDED as usize][byte] = UNDECIDED;
        byte += 1;
    }
    next
};

impl Lane {
    /// Where the lane goes on, in a word or outside.
    pub(super) fn of(encoded: &Encoded, spelled: &Spelled, in_word: bool) -> Self {
        let length = encoded.pieces().count() as u8;
        let state = if length == 0 && in_word { PLAIN } else { length };
        // Both know the last characters, one more of them than the other.
        let more = length > spelled.state.length();
        let known = encoded.pieces().filter(|_| more).chain(spelled.pieces().filter(|_| !more));
        let recent = known.fold(0, |recent, piece| {
            let byte = piece.ch.and_then(|ch| u8::try_from(ch).ok()).unwrap_or(b'a');
            recent >> 8 | u64::from(byte) << 56
        });
        Self { state, spelled: spelled.state, recent }
    }

    #[inline(always)]
    pub(super) fn pass(&mut self, text: &[u8]) {
        for byte in text {
            self.state = NEXT[usize::from(self.state)][usize::from(*byte)];
            self.spelled.pass(*byte);
            self.recent = self.recent >> 8 | u64::from(*byte) << 56;
        }
    }

    /// It may be encoded, and has to be looked at.
    #[inline(always)]
    pub(super) fn is_undecided(self, readings: Readings) -> bool {
        readings.encodings && self.state == UNDECIDED || readings.letters && self.spelled.is_spelled()
    }

    /// How many characters there are of a word that may be encoded, if it may.
    #[inline(always)]
    pub(super) fn length(self) -> u64 {
        if self.state < PLAIN { u64::from(self.state) } else { 0 }
    }

    /// Whether the word at the beginning of a text may be encoded.
    #[inline(always)]
    pub(super) fn may_be_encoded(text: &[u8]) -> bool {
        let mut state = usize::from(OUTSIDE);
        for byte in text.iter().take(usize::from(Plausible::ENOUGH)) {
            state = usize::from(NEXT[state][usize::from(*byte)]);
            if state == usize::from(PLAIN) || state == usize::from(OUTSIDE) {
                return false;
            }
        }
        true
    }
}

impl Scanner {
    /// A word that begins with this character may be encoded.
    pub(super) fn begin_encoded(&mut self, ch: char) {
        if self.plan.readings.encodings && ch.is_ascii_alphanumeric() && !self.is_in_word() {
            let may_view = |alphabet| self.may_ever_view(Kind::Encoded(alphabet)).then(Plausible::default);
            self.encoded = Encoded {
                base64: may_view(Alphabet::Base64),
                base32: may_view(Alphabet::Base32),
                ..Encoded::default()
            };
        }
    }

    /// Looks at a character that has been taken; a word that is long enough opens a view.
    pub(super) fn read_encoded(&mut self, piece: Piece, ch: char, matches: &mut Vec<Match>) {
        if !self.encoded.is_plausible() {
            return;
        }
        let mut encoded = self.encoded;
        let ready = encoded.read(piece, ch);
        let is_lost = encoded.is_lost;
        encoded.is_lost |= encoded.is_plausible() && encoded.start(&self.plan).is_none();
        self.encoded = encoded;
        let floor = if is_lost { piece.start } else { 0 };
        for alphabet in ready.into_iter().flatten() {
            // The last piece is fed to the view with all others that are awake.
            let pieces: [Piece; Plausible::ENOUGH as usize - 1] =
                std::array::from_fn(|at| encoded.pieces[at].unwrap_or(piece));
            self.open_encoded(alphabet, &pieces, floor, matches);
        }
    }
}
