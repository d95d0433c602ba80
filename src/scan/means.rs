//! How a value was written: what had to be done to the text to see it.

use std::fmt;
use std::ops::{BitOr, BitOrAssign};

/// What had to be done to a text to see a value in it, as a set. Empty: nothing but case and separators stood between them.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Means(u16);

/// The words of the findings format, by bit.
const WORDS: [&str; 15] = [
    "folded",
    "reading:escape",
    "reading:markup",
    "reading:word",
    "reading:letters",
    "reading:base64",
    "reading:hex",
    "reading:cipher",
    "similar",
    "partial",
    "pattern",
    "variant",
    "reading:spelling",
    "reading:reversed",
    "hint",
];

impl Means {
    /// Nothing.
    pub(crate) const EXACT: Self = Self(0);
    /// Accents, look-alikes, width, invisible characters were folded.
    pub(crate) const FOLDED: Self = Self(1);
    /// Entities, percent signs, backslashes and their like were decoded.
    pub(crate) const ESCAPE: Self = Self(1 << 1);
    /// Markup, or a line break, inside of it was left out.
    pub(crate) const MARKUP: Self = Self(1 << 2);
    /// Words stand for its digits, letters or punctuation.
    pub(crate) const WORD: Self = Self(1 << 3);
    /// It was spelled letter by letter.
    pub(crate) const LETTERS: Self = Self(1 << 4);
    /// Base64 or base32 was decoded.
    pub(crate) const BASE64: Self = Self(1 << 5);
    /// Hexadecimal or other codes of characters were decoded.
    pub(crate) const HEX: Self = Self(1 << 6);
    /// Letters were exchanged one by one: rotated, mirrored, or digits that look like letters.
    pub(crate) const CIPHER: Self = Self(1 << 7);
    /// It is one slip away.
    pub(crate) const SIMILAR: Self = Self(1 << 8);
    /// It is a part of the value that says much of it.
    pub(crate) const PARTIAL: Self = Self(1 << 9);
    /// It looks like personal data, whoever's.
    pub(crate) const PATTERN: Self = Self(1 << 10);
    /// A nickname or an initial stands for a name: it may well mean somebody else.
    pub(crate) const VARIANT: Self = Self(1 << 11);
    /// An abbreviation, or a particle that was left out, added or glued, stands for a word.
    pub(crate) const SPELLING: Self = Self(1 << 12);
    /// It is written backwards.
    pub(crate) const REVERSED: Self = Self(1 << 13);

    /// Most of it is hidden: the end of a number, or an email address behind its first letter.
    pub(crate) const HINT: Self = Self(1 << 14);

    /// It begins behind an underscore that has to be closed behind it; no finding has it.
    pub(crate) const OPEN: Self = Self(1 << 15);

    /// Those for which the text was read otherwise than it is written.
    pub(crate) fn readings(self) -> Self {
        const NONE: Means = Means::FOLDED
            .and(Means::SIMILAR)
            .and(Means::PARTIAL)
            .and(Means::PATTERN)
            .and(Means::VARIANT)
            .and(Means::SPELLING)
            .and(Means::HINT)
            .and(Means::OPEN);
        self.without(NONE)
    }

    /// These without others.
    pub(crate) fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// The words of the findings format.
    pub(crate) fn words(self) -> impl Iterator<Item = &'static str> {
        WORDS.into_iter().enumerate().filter(move |(bit, _)| self.0 & 1 << bit != 0).map(|(_, word)| word)
    }

    pub(crate) fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both.
    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// These means if something is so, else none.
    pub(crate) fn when(self, is_so: bool) -> Self {
        if is_so { self } else { Self::EXACT }
    }
}

impl BitOr for Means {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Means {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl fmt::Debug for Means {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.words()).finish()
    }
}
