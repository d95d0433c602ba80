//! The blind cadence: words, numbers and codes are held to their end, whatever the index says.
//!
//! How long a text is held shows a reader which values begin with what stands there. Here the shape of the text alone decides: a *piece* is a run of letters and
//! digits and what may join it to the next one in an email address, a number or a code, and it is held until something stands behind it that joins nothing.
//! Walks over strong kinds begin at runs and live on across such joints only, so that what they would hold is held already.
//!
//! What is not covered, because it would hold sentences: values of several words (names, addresses), groups of letters with spaces between them, a word of four letters
//! or more with a space and a number behind it.

use std::collections::VecDeque;

use crate::text::{Class, Symbol, ascii_class};

/// More symbols than this of one piece are not held: its oldest runs leave.
const LONGEST_PIECE: u64 = 64;

/// More characters than this join nothing: the longest gap of any kind is that of telephone numbers.
const LONGEST_JOINT: u8 = 4;

/// A word of so many letters may be the first group of a code that has a space behind it (`GB 29`).
const LONGEST_GROUP: u8 = 3;

/// Where the piece at the end of the text began.
#[derive(Default)]
pub(super) struct Cadence {
    /// The runs of the piece: the raw bytes at which they begin, and the numbers of their first symbols.
    runs: VecDeque<(u64, u64)>,
    /// Symbols seen.
    count: u64,
    /// Letters and digits of the last run.
    letters: u8,
    after_digit: bool,
    has_digit: bool,
    /// Characters since the last run, and whether one of them was white space.
    joint: u8,
    spaced: bool,
    /// The signs directly before the next symbol: where they begin, and how many they are.
    signs: Option<(u64, u8)>,
}

impl Cadence {
    /// Everything before is free to leave, as far as the shape of the text goes.
    pub(super) fn oldest(&self) -> Option<u64> {
        let signs = self.signs.map(|(start, _)| start);
        self.runs.front().map(|(start, _)| *start).or(signs)
    }

    pub(super) fn clear(&mut self) {
        self.end();
        self.signs = None;
    }

    pub(super) fn take(&mut self, symbol: &Symbol) {
        self.step(symbol.class, symbol.ch, symbol.raw_start);
    }

    /// Takes ASCII that begins at `start`, none of which folds to nothing.
    pub(super) fn pass(&mut self, text: &[u8], start: u64) {
        for (byte, start) in text.iter().zip(start..) {
            self.step(ascii_class(*byte).unwrap_or(Class::Space), char::from(*byte), start);
        }
    }

    #[inline]
    fn step(&mut self, class: Class, ch: char, start: u64) {
        self.count += 1;
        match class {
            Class::Run => self.letter(ch.is_ascii_digit(), start),
            Class::Space => self.gap(true),
            Class::Other if joins(ch) => {
                let bracket = matches!(ch, '(' | ')');
                if bracket && !self.after_digit {
                    self.end();
                }
                self.gap(false);
                let begun = self.signs.filter(|_| ch != ')');
                let (start, length) = begun.unwrap_or((start, 0));
                let goes_on = ch != ')' && length < LONGEST_JOINT;
                self.signs = goes_on.then_some((start, length + 1));
                return;
            }
            Class::Other | Class::Solo => self.end(),
        }
        self.signs = None;
    }

    #[inline]
    fn letter(&mut self, is_digit: bool, start: u64) {
        if self.joint > 0 || self.letters == 0 {
            let joined = !self.spaced
                || self.after_digit
                || is_digit && (self.has_digit || self.letters <= LONGEST_GROUP);
            if !joined {
                self.end();
            }
            let start = self.signs.map_or(start, |(start, _)| start);
            self.runs.push_back((start, self.count));
            (self.letters, self.joint, self.spaced) = (0, 0, false);
        }
        self.letters = self.letters.saturating_add(1);
        self.after_digit = is_digit;
        self.has_digit |= is_digit;
        while self.runs.front().is_some_and(|(_, number)| number + LONGEST_PIECE <= self.count) {
            self.runs.pop_front();
        }
    }

    fn gap(&mut self, is_space: bool) {
        self.joint = self.joint.saturating_add(1);
        self.spaced |= is_space;
        let may_go_on = !self.spaced || self.has_digit || self.letters <= LONGEST_GROUP;
        if self.joint > LONGEST_JOINT || !may_go_on {
            self.end();
        }
    }

    /// The piece is over.
    fn end(&mut self) {
        let (count, signs) = (self.count, self.signs);
        self.runs.clear();
        *self = Self { runs: std::mem::take(&mut self.runs), count, signs, ..Self::default() };
    }
}

/// What stands inside of addresses, numbers and codes.
fn joins(c: char) -> bool {
    matches!(
        c,
        '.' | '-'
            | '+'
            | '%'
            | '@'
            | '/'
            | '\''
            | '&'
            | '='
            | '#'
            | '~'
            | '!'
            | '?'
            | '*'
            | ':'
            | '$'
            | '^'
            | '('
            | ')'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::symbols;

    /// What is held at the end of a text, taken in either way.
    fn held(text: &str) -> &str {
        let (mut cadence, mut passed) = (Cadence::default(), Cadence::default());
        symbols(text, |symbol| cadence.take(&symbol));
        passed.pass(text.as_bytes(), 0);
        assert_eq!(cadence.oldest(), passed.oldest(), "{text}");
        cadence.oldest().map_or("", |start| &text[start as usize..])
    }

    #[test]
    fn pieces_are_held_to_their_end() {
        for (text, expected) in [
            ("some word", "word"),
            ("some words ", ""),
            ("a word, an", "an"),
            ("mail ann.lee+x@ex.co", "ann.lee+x@ex.co"),
            ("mail ann@ex.com.", "ann@ex.com."),
            ("mail ann@ex.info. ", ""),
            ("call (415) 555-01", "(415) 555-01"),
            ("call +1 (415", "+1 (415"),
            ("IBAN GB29 NWBK 6016 ", "GB29 NWBK 6016 "),
            ("the AB 12", "AB 12"),
            ("wait 5 days", "5 days"),
            ("for 5 days", "for 5 days"),
            ("for 5 days of", "of"),
            ("(see", "(see"),
            ("is - ", "is - "),
            ("1,204", "204"),
            ("well-known", "well-known"),
        ] {
            assert_eq!(held(text), expected, "{text}");
        }
        assert!(held(&"12 ".repeat(1_000)).len() < 100);
        assert!(held(&"a".repeat(1_000)).is_empty());
        assert!(held(&"-".repeat(1_000)).is_empty());
    }
}
