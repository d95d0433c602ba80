//! Values that are spelled: `M a r i a`, `J.o.h.n.S.m.i.t.h`, `Mike Alpha Romeo India Alpha`, `4 1 5 dash 5 5 5`.
//!
//! A *token* is one letter or digit, a word of a spelling alphabet, a number or a sign that is said, or a sign that stands alone. What
//! stands between tokens is left out, so that words run together: walks over such text may take the space of a key for nothing.

use super::words::{LONGEST, Meaning, begins_word, meaning};
use super::{Piece, span};
use crate::text::Class;
use crate::text::fold::fold;

/// More between two tokens, and they do not belong together.
const LONGEST_GAP: usize = 5;
/// So many tokens are something that is spelled.
const LEAST: u32 = 4;

/// Reads what is spelled. Behind its end the text comes out as it is.
#[derive(Clone, Default)]
pub(crate) struct Letters {
    /// What stands between tokens, and the token at its end.
    kept: Vec<Piece>,
    /// The token, folded.
    token: String,
    token_at: usize,
    /// What stands between two tokens of a word, and what may be a sign there.
    separator: Vec<char>,
    tokens: u32,
    is_over: bool,
}

impl Letters {
    /// Forgets everything, and reads a token that is known.
    pub(crate) fn begin_with(&mut self, letter: char, start: u64, end: u64, out: &mut Vec<Piece>) {
        self.kept.clear();
        self.token.clear();
        self.separator.clear();
        (self.token_at, self.tokens, self.is_over) = (0, 1, false);
        out.push(Piece::read(letter, start, end));
    }

    /// Too few tokens were spelled for it to be anything.
    pub(crate) fn is_nothing(&self) -> bool {
        self.is_over && self.tokens < LEAST
    }

    /// Enough tokens were spelled for a value.
    pub(crate) fn is_something(&self) -> bool {
        self.tokens >= LEAST
    }

    pub(crate) fn take(&mut self, piece: Piece, out: &mut Vec<Piece>) {
        if self.is_over {
            return out.push(piece);
        }
        let Some(ch) = piece.ch else { return out.push(piece) };
        let folded = match fold(ch).folded {
            [] => return out.push(piece.out()),
            [one] if one.class != Class::Solo => one.ch,
            // One letter that is written with two: `ß`, `æ`.
            [one, two] if ch.is_alphabetic() && one.ch.is_alphabetic() && two.ch.is_alphabetic() => ch,
            // Several characters in one, or a word of its own.
            _ => {
                if !self.token.is_empty() {
                    self.say(out);
                }
                return self.end(piece, out);
            }
        };
        if folded.is_alphanumeric() {
            if self.token.is_empty() {
                if self.kept.is_empty() {
                    // A token follows another one without anything between them.
                    return self.end(piece, out);
                }
                self.token_at = self.kept.len();
            }
            self.token.push(folded);
            self.kept.push(piece);
            let is_longer = self.token.chars().nth(1).is_some();
            if self.token.len() > LONGEST || is_longer && !begins_word(&self.token) {
                self.end_kept(out);
            }
            return;
        }
        if !self.token.is_empty() && !self.say(out) {
            return self.end(piece, out);
        }
        self.separate(piece, folded, out);
    }

    /// The token at the end is complete; whether it is one.
    fn say(&mut self, out: &mut Vec<Piece>) -> bool {
        let (start, end) = span(&self.kept[self.token_at..]);
        let mut letters = self.token.chars();
        let said = match (letters.next(), letters.next()) {
            (Some(letter), None) => Some(Meaning::Letter(letter)),
            _ => meaning(&self.token),
        };
        // Between words stands more, or something else, than between letters: the least that has stood between two of them.
        let gap = &self.kept[..self.token_at];
        let between = || gap.iter().filter_map(|piece| piece.ch);
        let length = between().count();
        // A space is more than a sign.
        let width = |length: usize, has_space: bool| 2 * length + usize::from(has_space);
        let known = width(self.separator.len(), self.separator.iter().any(|ch| ch.is_whitespace()));
        let is_less = length > 0 && width(length, between().any(char::is_whitespace)) < known;
        if self.separator.is_empty() || is_less {
            self.separator.clear();
            self.separator.extend(between());
        }
        if said.is_some() && length > 0 && !between().eq(self.separator.iter().copied()) {
            let (start, end) = span(gap);
            out.push(Piece::read(' ', start, end));
        }
        let mut say = |ch: char| out.push(Piece::read(ch, start, end));
        match said {
            Some(Meaning::Letter(letter)) => say(letter),
            Some(Meaning::Sign(sign)) => say(sign),
            Some(Meaning::Digits(digits, count)) => {
                digits.iter().take(usize::from(count)).for_each(|digit| say(char::from(*digit)));
            }
            _ => return false,
        }
        self.tokens += 1;
        self.kept.clear();
        self.token.clear();
        true
    }

    fn separate(&mut self, piece: Piece, ch: char, out: &mut Vec<Piece>) {
        let separator = self.separator.first().copied().or_else(|| self.kept.first()?.ch).unwrap_or(ch);
        let is_sign = matches!(ch, '@' | '.' | '-' | '_' | '+' | '/');
        if is_sign
            && !self.kept.is_empty()
            && (ch != separator || self.kept.len() == 1 && self.kept[0].is(ch))
        {
            // A sign that stands apart is a token.
            out.push(piece.as_char(ch));
            self.kept.clear();
            if self.separator.is_empty() {
                self.separator.push(separator);
            }
            // Nothing has to stand behind it.
            self.kept.push(piece.out());
            return;
        }
        let may_stand_between =
            ch == ' ' || matches!(ch, '.' | '-' | '_' | '/' | ',' | '|' | '·' | '•' | ':' | '\'');
        if !may_stand_between || self.kept.len() == LONGEST_GAP {
            return self.end(piece, out);
        }
        self.kept.push(piece);
    }

    /// What is spelled has ended: what was kept comes out as it is, and so does everything behind it.
    fn end_kept(&mut self, out: &mut Vec<Piece>) {
        self.is_over = true;
        // Behind the last letter an underscore is the end of emphasis, unless letters are kept apart by it.
        let is_spelled = self.is_something() && self.separator.first() != Some(&'_');
        if let Some(last) = self.kept.first_mut().filter(|piece| is_spelled && piece.is('_')) {
            *last = last.as_char(' ');
        }
        out.append(&mut self.kept);
        self.token.clear();
    }

    fn end(&mut self, piece: Piece, out: &mut Vec<Piece>) {
        self.end_kept(out);
        out.push(piece);
    }

    /// The text ends.
    pub(crate) fn finish(&mut self, out: &mut Vec<Piece>) {
        if self.token.is_empty() || !self.say(out) {
            self.end_kept(out);
        }
        self.is_over = true;
    }

    /// Where what it keeps begins.
    pub(crate) fn pending(&self) -> Option<u64> {
        self.kept.first().map(|piece| piece.start)
    }

    /// Where the token at the end begins, with which a value may begin.
    pub(crate) fn token(&self) -> Option<u64> {
        let token = self.kept.get(self.token_at).filter(|_| !self.token.is_empty() && !self.is_over);
        token.map(|piece| piece.start)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{read_all, text_of};
    use super::*;

    fn read(text: &str) -> (String, bool) {
        let mut out = Vec::new();
        let mut letters = Letters::default();
        letters.begin_with(text.chars().next().unwrap(), 0, 1, &mut out);
        let rest = &text[text.chars().next().unwrap().len_utf8()..];
        out.extend(read_all(rest, |piece, out| letters.take(piece, out)));
        letters.finish(&mut out);
        (text_of(&out), letters.is_something())
    }

    #[test]
    fn what_is_spelled() {
        for (text, expected) in [
            ("M a r i a", "Maria"),
            ("M-a-r-i-a  L-o", "Maria Lo"),
            ("J.o.h.n.S.m.i.t.h", "JohnSmith"),
            ("a n n @ e x . c o m", "ann@ex.com"),
            ("a.n.n.@.e.x...c.o.m", "ann@ex.com"),
            ("a n n at e x dot c o m", "ann@ex.com"),
            ("4 1 5 five five", "41555"),
            ("m Alpha Romeo India alpha", "maria"),
            ("B: M a r i a  L o", "BMaria Lo"),
            ("B m-a-r-i-a L-o", "Bmaria Lo"),
            ("M a r i a Lopez x", "Maria Lopez x"),
        ] {
            let (read, is_something) = read(text);
            assert_eq!(read.to_lowercase(), expected.to_lowercase(), "{text}");
            assert!(is_something, "{text}");
        }
        for text in ["a cat", "I am", "a b c", "5 items"] {
            assert!(!read(text).1, "{text}");
        }
    }
}
