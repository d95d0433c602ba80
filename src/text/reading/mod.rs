//! Readings: other ways in which a text may be meant, character by character.
//!
//! Takes a text as [`Piece`]s, gives another text as pieces, with the raw bytes that each stands for. A reading may keep a few
//! pieces until it knows what they are; it never loses one: what turns out to be nothing special comes out as it went in. Promises that what comes
//! out does not depend on anything but the pieces, and that what it keeps is bounded.
//!
//! | reading | rows of EVASION | keeps at most |
//! |---|---|---|
//! | [`Escapes`] | 8–11, 48; quoted-printable, apart | an entity of 32 characters |
//! | [`Markup`] | 5–7, 53, 32 (tags) | a run of `_` |
//! | [`Breaks`] | 7 | a line break |
//! | [`Words`] | 22–24, 28 | two words of 12 letters and what is between them |
//! | [`Letters`] | 3, 4, 27, 54 | a word of 12 letters and a separator |
//! | [`Base64`] | 12, 14 (base32), 48 | bits of one character, or a UTF-8 sequence |
//! | [`Codes`] | 13, 15 | a number of 8 digits, or a UTF-8 sequence |
//! | [`Cipher`] | 16, 17 (behind their names), 38 (names) | nothing |
//!
//! The other rows need no reading. `tests/cases/evasion.toml` has a case for each row that is caught.
//!
//! | mechanism | rows of EVASION | the rule where it is partly |
//! |---|---|---|
//! | folding ([`text`](super)) | 1, 25, 29–35, 36, 39 | 35: small capitals, not what stands upside down |
//! | gaps of a shape | 2, 3, 5, 46 (prefixes are edges) | at most four characters between two digits |
//! | further keys of a value | 18 (`--reversed`), 19, 36, 37, 45 | 37: tables of letters, and an `e` behind a vowel that may be an umlaut |
//! | words for words, as edges | 42, 44 | 42: a table, and never alone under `strict` |
//! | keys of hints, opened by the text | 43, 47 | 43: one initial with a full stop, as weak as a nickname; 47: four digits, first letters, a street: weak facts |
//! | slips and missing ends | 41, 51 | 41: eight characters, not in numbers; 51: nine tenths, or all but one |
//! | evidence | 21 | over one response |
//! | none: named in the README | 14 (base58, base85), 16 (other shifts), 20, 26, 40, 49, 50, 52 | |

mod base64;
mod breaks;
mod cipher;
mod codes;
mod escapes;
mod hidden;
mod letters;
mod markup;
mod words;

pub(crate) use base64::{Alphabet, Base64, Plausible};
pub(crate) use breaks::Breaks;
pub(crate) use cipher::{ANNOUNCING, Cipher, Substitution};
pub(crate) use codes::{Base, Codes};
pub(crate) use escapes::Escapes;
pub(crate) use hidden::{HINTING, Hidden, hides, may_hint};
pub(crate) use letters::Letters;
pub(crate) use markup::Markup;
pub(crate) use words::{Meaning, Signs, Spoken, Words, may_open, opener, openers};

/// A character of a text or of a reading of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece {
    /// `None`: something was left out here.
    pub(crate) ch: Option<char>,
    /// The raw bytes it stands for.
    pub(crate) start: u64,
    pub(crate) end: u64,
    /// The text says something else here.
    pub(crate) changed: bool,
    /// An underscore that is emphasis was left out here: beside anything else it belongs to a word.
    pub(crate) emphasis: Option<Emphasis>,
}

impl Piece {
    /// A character that stands in the text as it is.
    pub(crate) fn raw(ch: char, start: u64, end: u64) -> Self {
        Self { ch: Some(ch), start, end, changed: false, emphasis: None }
    }

    /// A character that something else in the text stands for.
    pub(crate) fn read(ch: char, start: u64, end: u64) -> Self {
        Self { ch: Some(ch), start, end, changed: true, emphasis: None }
    }

    /// Nothing, where the text says something.
    pub(crate) fn left_out(start: u64, end: u64) -> Self {
        Self { ch: None, start, end, changed: true, emphasis: None }
    }

    /// Nothing, where this stood.
    fn out(self) -> Self {
        Self::left_out(self.start, self.end)
    }

    /// Another character in the place of this one.
    fn as_char(self, ch: char) -> Self {
        Self::read(ch, self.start, self.end)
    }

    /// Whether this is the character.
    fn is(&self, ch: char) -> bool {
        self.ch == Some(ch)
    }
}

/// What an underscore does to emphasis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Emphasis {
    Begins,
    Ends,
}

/// The first and last raw byte of pieces.
fn span(pieces: &[Piece]) -> (u64, u64) {
    (pieces.first().map_or(0, |piece| piece.start), pieces.last().map_or(0, |piece| piece.end))
}

/// What the bytes so far are, in UTF-8.
enum Utf8 {
    /// A character that is not complete.
    More,
    Char(char),
    /// None.
    Not,
}

fn utf8(bytes: &[u8]) -> Utf8 {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.chars().next().map_or(Utf8::More, Utf8::Char),
        Err(error) if error.error_len().is_none() && bytes.len() < 4 => Utf8::More,
        Err(_) => Utf8::Not,
    }
}

/// What other readings of a text give, and where they are undecided; for tests.
#[cfg(test)]
pub(crate) fn read_all(text: &str, mut take: impl FnMut(Piece, &mut Vec<Piece>)) -> Vec<Piece> {
    let mut out = Vec::new();
    for (at, ch) in text.char_indices() {
        take(Piece::raw(ch, at as u64, (at + ch.len_utf8()) as u64), &mut out);
    }
    out
}

/// The text of pieces.
#[cfg(test)]
pub(crate) fn text_of(pieces: &[Piece]) -> String {
    pieces.iter().filter_map(|piece| piece.ch).collect()
}
