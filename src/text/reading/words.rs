//! Words that stand for digits and signs: `five five five, oh one`, `fifty-five`, `double four`, `maria at example dot com`, `ann [at] example`.
//!
//! The words are data: `dictionaries/spoken.txt`.

use std::sync::OnceLock;

use foldhash::{HashMap, HashSet};

use super::{Piece, span};
use crate::text::fold::fold;

/// What a word stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// One or two digits.
    Digits([u8; 2], u8),
    /// The first of two digits; a unit may follow.
    Tens(u8),
    Hundred,
    /// What follows is meant so often.
    Times(u8),
    Sign(char),
    /// A letter of a spelling alphabet.
    Letter(char),
}

/// A set of signs that keys have and that may be said in a word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Signs(u8);

impl Signs {
    /// All of them.
    pub(crate) const ALL: [u8; 5] = *b"@._-+";
    pub(crate) const NONE: Self = Self(0);

    /// Those of which something holds.
    pub(crate) fn which(mut holds: impl FnMut(u8) -> bool) -> Self {
        let bits = Self::ALL.iter().enumerate().map(|(at, sign)| u8::from(holds(*sign)) << at);
        Self(bits.fold(0, |all, bit| all | bit))
    }

    /// Those for which there is a word that begins with these letters, at most three.
    pub(crate) fn said(letters: &[u8]) -> Self {
        place(letters).map_or(Self::NONE, |place| Self(table().short[place] >> SIGNS))
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn has(self, sign: u8) -> bool {
        !self.and(Self::which(|other| other == sign)).is_empty()
    }
}

/// Longer words stand for nothing.
pub(super) const LONGEST: usize = 12;
/// More between two words, and they do not belong together.
const LONGEST_GAP: usize = 4;

struct Table {
    words: HashMap<&'static str, Meaning>,
    /// Beginnings of these words.
    beginnings: HashSet<&'static str>,
    /// Those for signs.
    signs: Vec<(&'static str, u8)>,
    /// What words begin with up to three letters, by their [place]: they are asked for at every other word of prose. The [Signs] among it are shifted.
    short: Box<[u8; 1 << 15]>,
    letters: HashMap<&'static str, Meaning>,
    letter_beginnings: HashSet<&'static str>,
    /// Words that open a view, in order.
    openers: Vec<(&'static str, Meaning)>,
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        let lines =
            |text: &'static str| text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let meaning = |meaning: &str| match meaning.split_once(' ') {
            Some(("tens", digit)) => Meaning::Tens(digit.as_bytes()[0]),
            Some(("times", n)) => Meaning::Times(n.as_bytes()[0] - b'0'),
            _ if meaning == "hundred" => Meaning::Hundred,
            _ => match *meaning.as_bytes() {
                [digit] if digit.is_ascii_digit() => Meaning::Digits([digit, 0], 1),
                [tens, unit] => Meaning::Digits([tens, unit], 2),
                _ => Meaning::Sign(meaning.chars().next().unwrap_or(' ')),
            },
        };
        let words: HashMap<_, _> = lines(include_str!("../../../dictionaries/spoken.txt"))
            .filter_map(|line| line.split_once(' '))
            .map(|(word, said)| (word, meaning(said)))
            .collect();
        let letters: HashMap<_, _> = lines(include_str!("../../../dictionaries/alphabets.txt"))
            .map(|word| (word, Meaning::Letter(word.chars().next().unwrap_or(' '))))
            .collect();
        let sign = |(word, meaning): (&&'static str, &Meaning)| match meaning {
            Meaning::Sign(sign) if sign.is_ascii() => Some((*word, *sign as u8)),
            _ => None,
        };
        let signs = words.iter().filter_map(sign).collect();
        let mut short = Box::new([0; 1 << 15]);
        for (word, meaning) in words.iter().chain(&letters) {
            let spoken = match meaning {
                Meaning::Letter(_) => Spoken::LETTER,
                Meaning::Sign(sign) => {
                    let signs = Signs::which(|other| char::from(other) == *sign);
                    Spoken::NUMBER | Spoken::LETTER | signs.0 << SIGNS
                }
                _ => Spoken::NUMBER | Spoken::LETTER,
            };
            let beginnings = (1..=word.len().min(3)).filter_map(|end| place(&word.as_bytes()[..end]));
            beginnings.for_each(|place| short[place] |= spoken);
        }
        let beginnings = words.keys().flat_map(|word| (1..=word.len()).map(|end| &word[..end])).collect();
        let letter_beginnings =
            letters.keys().flat_map(|word| (1..=word.len()).map(|end| &word[..end])).collect();
        let is_opener = |meaning: &Meaning| !matches!(meaning, Meaning::Sign(sign) if *sign != '+');
        let mut openers: Vec<(&str, Meaning)> = letters
            .iter()
            .filter(|(word, _)| !words.contains_key(*word))
            .chain(&words)
            // A letter alone is a number only behind others.
            .filter(|(word, meaning)| is_opener(meaning) && word.len() > 1)
            .map(|(word, meaning)| (*word, *meaning))
            .collect();
        openers.sort_unstable_by_key(|(word, _)| *word);
        Table { words, beginnings, signs, short, letters, letter_beginnings, openers }
    })
}

/// What a folded word stands for: a number or a sign, or else a letter.
pub(super) fn meaning(word: &str) -> Option<Meaning> {
    table().words.get(word).or_else(|| table().letters.get(word)).copied()
}

/// Whether a word that stands for something begins so.
pub(super) fn begins_word(beginning: &str) -> bool {
    table().beginnings.contains(beginning) || table().letter_beginnings.contains(beginning)
}

/// The words with which a number begins that is said aloud, or something that is spelled.
pub(crate) fn openers() -> impl Iterator<Item = (&'static str, Meaning)> {
    table().openers.iter().copied()
}

/// What an opener stands for.
pub(crate) fn opener(word: &str) -> Option<Meaning> {
    let openers = &table().openers;
    openers.binary_search_by_key(&word, |(opener, _)| opener).ok().map(|at| openers[at].1)
}

/// Whether an opener begins so.
pub(crate) fn may_open(beginning: &str) -> bool {
    let openers = &table().openers;
    let first = openers.partition_point(|(opener, _)| *opener < beginning);
    openers.get(first).is_some_and(|(opener, _)| opener.starts_with(beginning))
}

/// What a word may be that begins so.
#[derive(Clone, Copy)]
pub(crate) enum Spoken {
    /// A word for a digit or a sign.
    Number,
    /// One of these, or one of a spelling alphabet.
    Letter,
}

impl Spoken {
    const NUMBER: u8 = 1;
    const LETTER: u8 = 2;

    /// Whether such a word begins with these letters, at most three.
    pub(crate) fn may_begin(self, letters: &[u8]) -> bool {
        let spoken = match self {
            Self::Number => Self::NUMBER,
            Self::Letter => Self::LETTER,
        };
        place(letters).is_some_and(|place| table().short[place] & spoken != 0)
    }
}

/// Where the signs are in what is known of beginnings.
const SIGNS: u32 = 3;

/// The place of up to three small letters of ASCII, five bits each.
fn place(letters: &[u8]) -> Option<usize> {
    let is_short = letters.len() <= 3 && letters.iter().all(u8::is_ascii_lowercase);
    is_short.then(|| letters.iter().fold(0, |place, letter| place << 5 | usize::from(letter & 31)))
}

/// Reads words that stand for digits and signs.
#[derive(Clone, Default)]
pub(crate) struct Words {
    /// Pieces whose meaning what follows decides.
    kept: Vec<Piece>,
    /// For what was kept.
    spare: Vec<Piece>,
    /// The folded word at their end.
    word: String,
    /// Where it begins among them.
    word_at: usize,
    /// A word of tens, or of times, at the beginning of what is kept.
    open: Option<Open>,
    /// Behind a sign that was said: what stands between it and the next word is left out.
    behind_sign: bool,
    /// Behind a number: a comma may stand before the next.
    behind_number: bool,
    /// The word at the end hangs on another one by a hyphen (`studio-nine`), so that it is no number.
    is_part: bool,
    /// The last piece that came out belongs to a word.
    in_word: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Tens(u8),
    Times(u8),
    /// Behind a unit: a hundred may follow.
    Hundred,
}

impl Words {
    /// Whether such a word may begin with this character.
    pub(crate) fn begins(ch: char) -> bool {
        ch.is_ascii_alphabetic()
            && table().beginnings.contains(ch.to_ascii_lowercase().encode_utf8(&mut [0; 4]) as &str)
    }

    /// Whether the word at the end may be one for one of these signs, if this letter of ASCII comes next; `None` once something was said.
    pub(crate) fn may_be_sign(&self, signs: Signs, letter: u8) -> Option<bool> {
        let (so_far, letter) = (self.word.as_bytes(), letter.to_ascii_lowercase());
        let goes_on = |(word, sign): &(&str, u8)| {
            let word = word.as_bytes();
            word.starts_with(so_far) && word.get(so_far.len()) == Some(&letter) && signs.has(*sign)
        };
        (!self.behind_sign && !self.behind_number).then(|| table().signs.iter().any(goes_on))
    }

    /// Forgets everything.
    pub(crate) fn begin_anew(&mut self) {
        self.kept.clear();
        self.word.clear();
        (self.word_at, self.open) = (0, None);
        (self.behind_sign, self.behind_number, self.in_word) = (false, false, false);
    }

    /// Reads a word whose meaning is known.
    pub(crate) fn begin_with(&mut self, meaning: Meaning, start: u64, end: u64, out: &mut Vec<Piece>) {
        self.begin_anew();
        self.kept.push(Piece::raw(' ', start, end));
        self.say(meaning, out);
    }

    pub(crate) fn take(&mut self, piece: Piece, out: &mut Vec<Piece>) {
        let folded = piece.ch.map(|ch| fold(ch).folded);
        let letter = match folded {
            Some([one]) if one.ch.is_ascii_alphabetic() => Some(one.ch),
            // What cannot be seen does not end a word.
            Some([]) | None => return self.pass(piece, out),
            _ => None,
        };
        let is_word =
            folded.is_some_and(|folded| folded.iter().any(|f| f.ch.is_alphanumeric() || f.ch == '_'));
        if let Some(letter) = letter {
            if self.word.is_empty() {
                if self.in_word {
                    return self.give_back(piece, out);
                }
                self.word_at = self.kept.len();
                let hyphen = matches!(&self.kept[..], [piece] if piece.is('-'));
                self.is_part = hyphen && !self.behind_number && self.open.is_none();
            }
            self.word.push(letter);
            self.kept.push(piece);
            if self.word.len() > LONGEST || !table().beginnings.contains(self.word.as_str()) {
                self.release(out);
                self.in_word = true;
            }
            return;
        }
        if is_word {
            return self.give_back(piece, out);
        }
        if !self.word.is_empty() {
            match table().words.get(self.word.as_str()) {
                Some(Meaning::Digits(..) | Meaning::Tens(_)) if self.is_part => self.release(out),
                Some(meaning) => self.say(*meaning, out),
                None => self.release(out),
            }
        }
        self.in_word = false;
        let ch = piece.ch.unwrap_or(' ');
        // A sign that stands apart is one that was said: `ann @ example . com`, `ann(@)example[.]com`.
        let is_apart = |ch: char| ch.is_whitespace() || matches!(ch, '[' | '(' | '{' | '<');
        if matches!(ch, '@' | '.')
            && self.open.is_none()
            && !self.kept.is_empty()
            && self.kept.iter().all(|piece| piece.ch.is_none_or(is_apart))
        {
            self.word_at = self.kept.len();
            self.kept.push(piece);
            return self.say(Meaning::Sign(ch), out);
        }
        let may_stand_between = self.behind_number && ch == ','
            || ch.is_whitespace()
            || matches!(ch, '-' | '[' | ']' | '(' | ')' | '{' | '}' | '<' | '>');
        if !may_stand_between {
            return self.give_back(piece, out);
        }
        if self.behind_sign && self.kept.is_empty() {
            return out.push(piece.out());
        }
        self.kept.push(piece);
        if self.kept.len() > LONGEST_GAP + usize::from(self.open.is_some()) {
            self.release(out);
        }
    }

    /// The word at the end has this meaning.
    fn say(&mut self, meaning: Meaning, out: &mut Vec<Piece>) {
        let (start, end) = span(&self.kept[self.word_at..]);
        let open = self.open.take();
        // What was kept before the word: an open word and what follows it, or what stands between words.
        let mut before = std::mem::replace(&mut self.kept, std::mem::take(&mut self.spare));
        before.truncate(self.word_at);
        self.word.clear();
        self.word_at = 0;
        self.behind_sign = false;
        let tens = match open {
            Some(Open::Tens(tens)) => Some(tens),
            _ => None,
        };
        let mut times = 1;
        let mut first = start;
        match (open, meaning) {
            (Some(Open::Times(n)), Meaning::Digits(..)) => (times, first) = (n, before[0].start),
            (Some(Open::Tens(_)), Meaning::Digits(_, 1)) => first = before[0].start,
            _ => self.settle(open, &before, Some(meaning), out),
        }
        self.behind_number = !matches!(meaning, Meaning::Sign(_) | Meaning::Letter(_));
        let mut digit = |digit: u8| out.push(Piece::read(char::from(digit), first, end));
        match meaning {
            Meaning::Digits(digits, 1) => {
                if let Some(tens) = tens {
                    digit(tens);
                }
                (0..times).for_each(|_| digit(digits[0]));
                if tens.is_none() && times == 1 {
                    self.open = Some(Open::Hundred);
                }
            }
            Meaning::Digits(digits, _) => (0..times).for_each(|_| digits.into_iter().for_each(&mut digit)),
            Meaning::Tens(tens) => self.keep_open(Open::Tens(tens), start, end),
            Meaning::Times(n) => self.keep_open(Open::Times(n), start, end),
            Meaning::Hundred if open == Some(Open::Hundred) => (0..2).for_each(|_| digit(b'0')),
            Meaning::Hundred | Meaning::Letter(_) => {}
            Meaning::Sign(sign) => {
                out.push(Piece::read(sign, start, end));
                self.behind_sign = true;
            }
        }
        before.clear();
        self.spare = before;
    }

    fn keep_open(&mut self, open: Open, start: u64, end: u64) {
        self.open = Some(open);
        self.kept.push(Piece::raw(' ', start, end));
        self.word_at = 1;
    }

    /// What was open stands alone, and what was kept behind it comes out, or is left out before what it is said with.
    fn settle(&mut self, open: Option<Open>, before: &[Piece], next: Option<Meaning>, out: &mut Vec<Piece>) {
        let rest = match (open, before) {
            (Some(Open::Tens(tens)), [word, rest @ ..]) => {
                out.push(Piece::read(char::from(tens), word.start, word.end));
                out.push(Piece::read('0', word.start, word.end));
                rest
            }
            (Some(Open::Times(_)), [word, rest @ ..]) => {
                out.push(Piece::left_out(word.start, word.end));
                rest
            }
            _ => before,
        };
        let is_sign = matches!(next, Some(Meaning::Sign(_)));
        let is_out = |piece: &Piece| is_sign || next.is_some() && piece.is(',');
        out.extend(rest.iter().map(|piece| if is_out(piece) { piece.out() } else { *piece }));
    }

    /// What was kept is nothing special.
    fn release(&mut self, out: &mut Vec<Piece>) {
        let open = self.open.take();
        let kept = std::mem::take(&mut self.kept);
        self.settle(open, &kept, None, out);
        self.kept = kept;
        self.kept.clear();
        self.word.clear();
        self.word_at = 0;
        (self.behind_sign, self.behind_number) = (false, false);
    }

    fn give_back(&mut self, piece: Piece, out: &mut Vec<Piece>) {
        self.release(out);
        self.in_word = piece.ch.is_some_and(|ch| ch.is_alphanumeric() || ch == '_');
        out.push(piece);
    }

    fn pass(&mut self, piece: Piece, out: &mut Vec<Piece>) {
        if self.kept.is_empty() {
            out.push(piece)
        } else if self.kept.len() < 64 {
            self.kept.push(piece)
        } else {
            self.give_back(piece, out)
        }
    }

    /// The text ends.
    pub(crate) fn finish(&mut self, out: &mut Vec<Piece>) {
        match table().words.get(self.word.as_str()) {
            Some(meaning) if !self.word.is_empty() => {
                self.say(*meaning, out);
                self.release(out);
            }
            _ => self.release(out),
        }
    }

    /// Where what it keeps begins.
    pub(crate) fn pending(&self) -> Option<u64> {
        self.kept.first().map(|piece| piece.start)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{read_all, text_of};
    use super::*;

    fn read(text: &str) -> String {
        let mut words = Words::default();
        let mut out = read_all(text, |piece, out| words.take(piece, out));
        words.finish(&mut out);
        text_of(&out)
    }

    #[test]
    fn what_is_said_aloud() {
        for (text, expected) in [
            ("five five five oh one oh four", "5 5 5 0 1 0 4"),
            ("Five-five-FIVE", "5-5-5"),
            ("fifty-five fifty", "55 50"),
            ("twenty one, twenty.", "21 20."),
            ("double five triple two", "55 222"),
            ("one, two, and three", "1 2, and 3"),
            ("ann at studio-nine dot example", "ann@studio-nine.example"),
            ("five hundred ten", "5 00 10"),
            ("maria at ex dot com", "maria@ex.com"),
            ("maria [at] ex [dot] com", "maria@ex.com"),
            ("maria(at)ex(dot)com", "maria@ex.com"),
            ("ann dot lee AT example DOT com.", "ann.lee@example.com."),
            ("fünf null", "5 0"),
            ("five o nine", "5 0 9"),
            ("ann @ example . com.", "ann@example.com."),
            ("ann @example .com", "ann@example.com"),
            ("someone often tent at home", "someone often tent@home"),
            ("the weighted phone", "the weighted phone"),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_said_has_the_bytes_of_its_words() {
        let mut words = Words::default();
        let mut out = read_all("x double five y", |piece, out| words.take(piece, out));
        words.finish(&mut out);
        let read: Vec<_> = out.iter().filter(|p| p.changed).map(|p| (p.ch, p.start, p.end)).collect();
        assert_eq!(read, [(Some('5'), 2, 13), (Some('5'), 2, 13)]);
    }
}
