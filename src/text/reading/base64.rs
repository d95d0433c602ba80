//! Base64 and base32 (RFC 4648), with and without padding, in the usual and the URL alphabet: what they decode to, as it comes.

use super::{Piece, Utf8, utf8};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alphabet {
    Base64,
    Base32,
}

impl Alphabet {
    fn bits(self) -> u32 {
        match self {
            Self::Base64 => 6,
            Self::Base32 => 5,
        }
    }

    fn value(self, ch: char) -> Option<u32> {
        let ch = u8::try_from(ch).ok()?;
        let value = match (self, ch) {
            (_, b'A'..=b'Z') => ch - b'A',
            (Self::Base64, b'a'..=b'z') => ch - b'a' + 26,
            (Self::Base64, b'0'..=b'9') => ch - b'0' + 52,
            (Self::Base64, b'+' | b'-') => 62,
            (Self::Base64, b'/' | b'_') => 63,
            (Self::Base32, b'2'..=b'7') => ch - b'2' + 26,
            _ => return None,
        };
        Some(u32::from(value))
    }
}

/// Whether a word may be the beginning of encoded text, told from its characters so far: without decoding it, since every word is asked.
///
/// Encoded text begins with a letter, digit or sign of ASCII, and everything in its first bytes is ASCII that can be seen.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Plausible {
    bits: u64,
    /// So many characters, at most [`Plausible::ENOUGH`].
    length: u8,
}

impl Plausible {
    /// With so many characters of a word it is known well enough; what is shorter says nothing.
    pub(crate) const ENOUGH: u8 = 8;

    /// The word goes on; `false`: not in this alphabet.
    pub(crate) fn goes_on(&mut self, alphabet: Alphabet, ch: char) -> bool {
        let Some(value) = alphabet.value(ch) else { return false };
        let size = alphabet.bits();
        self.bits = self.bits << size | u64::from(value);
        self.length += 1;
        let known = size * u32::from(self.length);
        // The bytes that are complete, and the upper bits of the next one.
        let byte = |at: u32| (self.bits >> (known - 8 * (at + 1))) as u8;
        let complete = known / 8;
        if !(0..complete).all(|at| (b' '..0x7f).contains(&byte(at))) {
            return false;
        }
        let rest = known % 8;
        let upper = if rest == 0 { 0x20 } else { (self.bits << (8 - rest)) as u8 };
        // What the byte can still be reaches into what can be seen.
        let most = upper | ((1_u16 << (8 - rest)) - 1) as u8;
        rest == 0 || upper < 0x7f && most >= b' '
    }

    pub(crate) fn length(self) -> u8 {
        self.length
    }

    /// The bytes that are complete.
    pub(crate) fn decoded(self, alphabet: Alphabet, buffer: &mut [u8; 8]) -> &[u8] {
        let known = alphabet.bits() * u32::from(self.length);
        let complete = (known / 8) as usize;
        for (at, byte) in buffer.iter_mut().enumerate().take(complete) {
            *byte = (self.bits >> (known - 8 * (at as u32 + 1))) as u8;
        }
        &buffer[..complete]
    }

    /// What the first byte may be.
    pub(crate) fn first(self, alphabet: Alphabet) -> std::ops::RangeInclusive<u8> {
        let known = alphabet.bits() * u32::from(self.length);
        match known.checked_sub(8) {
            Some(more) => (self.bits >> more) as u8..=(self.bits >> more) as u8,
            None => {
                let least = (self.bits << (8 - known)) as u8;
                least..=least | ((1_u16 << (8 - known)) - 1) as u8
            }
        }
    }
}

/// Decodes, until something comes that is not in the alphabet or what it decodes to is no text.
#[derive(Clone)]
pub(crate) struct Base64 {
    alphabet: Alphabet,
    bits: u32,
    known: u32,
    /// Where the character whose lowest bits are still to be used begins.
    start: u64,
    /// Bytes of a character that is not complete, and where it begins.
    bytes: [u8; 4],
    count: usize,
    char_start: u64,
    is_over: bool,
}

impl Base64 {
    pub(crate) fn new(alphabet: Alphabet) -> Self {
        Self { alphabet, bits: 0, known: 0, start: 0, bytes: [0; 4], count: 0, char_start: 0, is_over: false }
    }

    pub(crate) fn alphabet(&self) -> Alphabet {
        self.alphabet
    }

    /// Nothing more will come out.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over
    }

    pub(crate) fn take(&mut self, piece: Piece, out: &mut Vec<Piece>) {
        if self.is_over {
            return;
        }
        let Some(value) = piece.ch.and_then(|ch| self.alphabet.value(ch)) else {
            // What cannot be seen does not matter, padding and all else ends it.
            self.is_over |= piece.ch.is_some_and(|ch| !crate::text::folds_to_nothing(ch));
            return;
        };
        let size = self.alphabet.bits();
        let start = if self.known == 0 { piece.start } else { self.start };
        (self.bits, self.known) = (self.bits << size | value, self.known + size);
        if self.known < 8 {
            self.start = start;
            return;
        }
        self.known -= 8;
        let byte = (self.bits >> self.known) as u8;
        self.bits &= (1 << self.known) - 1;
        self.start = piece.start;
        if self.count == 0 {
            self.char_start = start;
        }
        self.bytes[self.count] = byte;
        self.count += 1;
        match utf8(&self.bytes[..self.count]) {
            Utf8::More => {}
            Utf8::Char(ch) if ch.is_control() && !ch.is_whitespace() => self.is_over = true,
            Utf8::Char(ch) => {
                out.push(Piece::read(ch, self.char_start, piece.end));
                self.count = 0;
            }
            Utf8::Not => self.is_over = true,
        }
    }

    /// What the byte that is not complete may be.
    pub(crate) fn possible(&self) -> std::ops::RangeInclusive<u8> {
        if self.count > 0 {
            return 0..=u8::MAX;
        }
        let least = (self.bits << (8 - self.known)) as u8;
        least..=least | ((1_u16 << (8 - self.known)) - 1) as u8
    }

    /// Where a character that is not complete begins.
    pub(crate) fn pending(&self) -> Option<u64> {
        match (self.count, self.known) {
            _ if self.is_over => None,
            (0, 0) => None,
            (0, _) => Some(self.start),
            _ => Some(self.char_start),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{read_all, text_of};
    use super::*;

    fn read(alphabet: Alphabet, text: &str) -> (String, Vec<(u64, u64)>) {
        let mut decoder = Base64::new(alphabet);
        let out = read_all(text, |piece, out| decoder.take(piece, out));
        (text_of(&out), out.iter().map(|piece| (piece.start, piece.end)).collect())
    }

    #[test]
    fn what_it_decodes_to_and_where_it_stands() {
        let (text, spans) = read(Alphabet::Base64, "YW5uQA");
        assert_eq!((text.as_str(), spans), ("ann@", vec![(0, 2), (1, 3), (2, 4), (4, 6)]));
        assert_eq!(read(Alphabet::Base64, "NTU1LTAxMC00NDc3 x").0, "555-010-4477");
        assert_eq!(read(Alphabet::Base64, "Sm9zw6k=").0, "José");
        assert_eq!(read(Alphabet::Base32, "GU2TKLJQGEYA====").0, "555-010");
        assert_eq!(read(Alphabet::Base64, "hello world").0, "");
        // A control character of two bytes.
        assert_eq!(read(Alphabet::Base64, "YcKBYWFhYWFhYWE=").0, "a");
    }

    #[test]
    fn what_is_plausible_is_a_matter_of_its_first_characters() {
        let plausible = |alphabet, word: &str| {
            let mut plausible = Plausible::default();
            word.chars().take(8).all(|ch| plausible.goes_on(alphabet, ch))
        };
        for word in ["YW5u", "NTU1", "Ym9i", "dGhp", "TWFy", "IE1h"] {
            assert!(plausible(Alphabet::Base64, word), "{word}");
        }
        for word in ["Than", "the", "hello", "what", "zzzz", "booking", "another"] {
            assert!(!plausible(Alphabet::Base64, word), "{word}");
        }
        assert!(plausible(Alphabet::Base32, "GU2T") && !plausible(Alphabet::Base32, "THE"));
    }
}
