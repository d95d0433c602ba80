//! Where a walk may open: which first words no key has, so that a walk over ordinary text never begins.
//!
//! Five tables, one union per generation:
//!
//! - *short*: exactly which kinds have a key whose first run of letters and digits begins with one, two or three given characters;
//! - *words*: a blocked Bloom filter: whether any key's first run (its first eight bytes), or the first four or six bytes of it, is given;
//! - *kinds*: hashed, a superset: which kinds have such a key, asked only after *words* said yes. Sixteen bits for all kinds, the place modulo sixteen;
//! - *[followers](super::followers)*: a blocked Bloom filter: whether any key goes on so behind such a word;
//! - *others*: exactly which kinds have a key that begins with a given character that is neither letter nor digit.
//!
//! They may only say no where no key can start: a missing key is a leak, a superfluous one a wasted step.
//! Measured (ENGINES): a filter of whole first words lets through a few percent of the words of prose, where any filter of short prefixes lets
//! through most, since ordinary words begin like names but are not names.

use super::Bytes;
use super::followers::Followers;
use super::jumps::JUMP;
use super::keys::first_class;
use crate::error::{Error, Result};
use crate::identifier::Shape;
use crate::text::Class;
use crate::text::reading::{ANNOUNCING, HINTING, Meaning, openers};

/// A set of kinds: bit `n` stands for the kind whose keys begin with byte `n`.
pub(crate) type KindMask = u32;

/// How many kinds an index can have.
pub(crate) const MOST_KINDS: usize = 30;

/// Stands for a word that is no key, but may be read otherwise.
pub(crate) const READING: KindMask = 1 << MOST_KINDS;

/// Stands for a word that says that what comes is hidden: it ends the walk over ordinary text, and nothing of it is held.
pub(crate) const HIDING: KindMask = READING << 1;

/// What is no kind.
pub(crate) const NO_KIND: KindMask = READING | HIDING;

/// Bytes of a first word that count.
pub(crate) const WORD: usize = 8;

/// The lengths of the prefixes that the word table holds beside whole words.
pub(crate) const PREFIXES: [usize; 2] = [4, 6];

/// Characters that the short table tells apart: none, letters, digits, `_` and all others.
const CHARACTERS: Place = 39;
const SHORT: usize = (CHARACTERS * CHARACTERS * CHARACTERS) as usize;

/// A beginning of a key of at most three characters, as a number with a digit for each, zero for none.
pub(crate) type Place = u32;

const OTHERS: usize = 129;

/// Larger tables do not stay in a processor's second cache, whatever else it does.
const LARGE: usize = 4 << 20;

pub(crate) struct Openings {
    short: Box<[KindMask]>,
    others: Box<[KindMask]>,
    words: Box<[u64]>,
    kinds: Box<[u16]>,
    followers: Followers,
    /// The run that was added last: of keys in order many begin with the same.
    last: (FirstWord, KindMask),
}

/// The first bytes of a run, packed; the length decides what is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FirstWord {
    packed: u64,
    len: u8,
}

impl FirstWord {
    /// Adds a character; whether there was room.
    #[inline]
    pub(crate) fn push(&mut self, c: char) -> bool {
        if c.is_ascii() {
            return self.push_byte(c as u8);
        }
        self.len() + c.len_utf8() <= WORD
            && c.encode_utf8(&mut [0; 4]).bytes().all(|byte| self.push_byte(byte))
    }

    /// No byte.
    pub(crate) const EMPTY: Self = Self { packed: 0, len: 0 };

    #[inline]
    fn push_byte(&mut self, byte: u8) -> bool {
        if usize::from(self.len) == WORD {
            return false;
        }
        self.packed |= u64::from(byte) << (8 * self.len);
        self.len += 1;
        true
    }

    /// Adds folded ASCII, the lowest byte first, as far as there is room.
    #[inline(always)]
    pub(crate) fn add(&mut self, bytes: u64, length: usize) {
        self.packed |= bytes.checked_shl(8 * u32::from(self.len)).unwrap_or(0);
        self.len = (self.len() + length).min(WORD) as u8;
    }

    /// So many ASCII letters, the first one lowest.
    #[inline(always)]
    pub(crate) fn of_letters(letters: u64, length: usize) -> Self {
        // Capitals differ from other letters by this bit.
        let folded = letters | 0x2020_2020_2020_2020;
        let kept = if length == 0 { 0 } else { u64::MAX >> (64 - 8 * length) };
        Self { packed: folded & kept, len: length as u8 }
    }

    /// The first bytes of a word.
    pub(crate) fn of(word: &[u8]) -> Self {
        let mut first = Self::EMPTY;
        word.iter().all(|byte| first.push_byte(*byte));
        first
    }

    /// This word and one more character, if there is room.
    pub(crate) fn then(mut self, c: char) -> Option<Self> {
        self.push(c).then_some(self)
    }

    /// It without the byte at a place inside.
    pub(super) fn without(&self, at: usize) -> Self {
        let before = (1 << (8 * at)) - 1;
        Self { packed: self.packed & before | self.packed >> 8 & !before, len: self.len - 1 }
    }

    /// A number that orders words as their bytes do.
    #[inline]
    pub(crate) fn ordered(&self) -> u64 {
        self.packed.swap_bytes()
    }

    /// Whether its last byte is a digit.
    #[inline]
    pub(crate) fn ends_in_digit(&self) -> bool {
        self.len > 0 && ((self.packed >> (8 * (self.len - 1))) as u8).is_ascii_digit()
    }

    /// The short table tells all its bytes apart, so that what it says of prefixes is exact.
    pub(crate) fn is_short(&self) -> bool {
        self.len <= 3 && self.packed.to_le_bytes().is_ascii()
    }

    /// Its place, if it has no more than three bytes.
    pub(crate) fn place(&self) -> Place {
        self.bytes().fold(0, |place, byte| place * CHARACTERS + character(byte))
    }

    pub(crate) fn len(&self) -> usize {
        usize::from(self.len)
    }

    /// The first bytes, at most as many as there are, the first one lowest.
    #[inline]
    pub(crate) fn first(&self, len: usize) -> u64 {
        self.prefix(len).packed
    }

    /// Its first two bytes; zeros if it has fewer.
    #[inline(always)]
    pub(crate) fn first_two(&self) -> [u8; 2] {
        [self.packed as u8, (self.packed >> 8) as u8]
    }

    /// The place of its first character.
    #[inline]
    pub(crate) fn first_place(&self) -> Place {
        character(self.packed as u8)
    }

    /// The place of its first three bytes, or of all if there are fewer.
    #[inline]
    pub(crate) fn short_place(&self) -> Place {
        self.bytes().take(3).fold(0, |place, byte| place * CHARACTERS + character(byte))
    }

    /// Its first letters, if it begins with as many small ones of ASCII.
    #[inline]
    pub(crate) fn jump(&self) -> Option<[u8; JUMP]> {
        let letters = std::array::from_fn(|at| self.packed.to_le_bytes()[at]);
        letters.iter().all(u8::is_ascii_lowercase).then_some(letters)
    }

    /// Whether it is a single letter.
    pub(crate) fn is_letter(&self) -> bool {
        self.len() <= 4 && self.text(&mut [0; WORD]).chars().count() == 1
    }

    /// It as text.
    pub(crate) fn text<'a>(&self, buffer: &'a mut [u8; WORD]) -> &'a str {
        *buffer = self.packed.to_le_bytes();
        std::str::from_utf8(&buffer[..self.len()]).unwrap_or_default()
    }

    /// How many more bytes there is room for.
    #[inline]
    pub(crate) fn room(&self) -> usize {
        WORD - self.len()
    }

    pub(crate) fn bytes(&self) -> impl DoubleEndedIterator<Item = u8> + use<> {
        self.packed.to_le_bytes().into_iter().take(usize::from(self.len))
    }

    #[inline]
    pub(super) fn prefix(&self, len: usize) -> Self {
        Self { packed: self.packed & (u64::MAX >> (64 - 8 * len)), len: len as u8 }
    }

    /// One mixing of the bytes with what they are (a word: 0, a prefix: its length).
    #[inline]
    pub(super) fn hash(&self, role: u64) -> u64 {
        // Multiply and fold (the mixing of wyhash): enough to spread eight bytes over a filter.
        let product = u128::from(self.packed ^ 0xa076_1d64_78bd_642f)
            * u128::from((role << 8 | u64::from(self.len)) ^ 0xe703_7ed1_a0b4_28db);
        (product as u64) ^ (product >> 64) as u64
    }
}

/// The three bits of a block that a hash sets.
#[inline]
pub(super) fn bits(hash: u64) -> u64 {
    1 << (hash >> 58) | 1 << (hash >> 52 & 63) | 1 << (hash >> 46 & 63)
}

/// The place of a byte among the characters of the short table.
const CHARACTER: [u8; 256] = {
    let mut characters = [38; 256];
    let mut byte = 0;
    while byte < 128 {
        characters[byte] = match byte as u8 {
            0 => 0,
            letter @ b'a'..=b'z' => letter - b'a' + 1,
            digit @ b'0'..=b'9' => digit - b'0' + 27,
            b'_' => 37,
            _ => 38,
        };
        byte += 1;
    }
    characters
};

/// What a letter or digit adds to a place.
pub(crate) fn character(byte: u8) -> Place {
    Place::from(CHARACTER[usize::from(byte)])
}

impl Openings {
    /// Tables for about this many keys.
    pub(crate) fn for_keys(keys: usize) -> Self {
        Self {
            short: vec![0; SHORT].into(),
            others: vec![0; OTHERS].into(),
            // Sixteen bits, and as many of kinds, for each key.
            words: vec![0; (keys / 4).clamp(1 << 6, 1 << 26).next_power_of_two()].into(),
            kinds: vec![0; keys.clamp(1 << 6, 1 << 28).next_power_of_two()].into(),
            followers: Followers::for_keys(keys),
            last: (FirstWord::EMPTY, 0),
        }
    }

    /// Tables that say yes to everything: the slow twin of every index.
    pub(crate) fn everywhere() -> Self {
        let all = |n| vec![KindMask::MAX; n].into();
        Self {
            short: all(SHORT),
            others: all(OTHERS),
            words: vec![u64::MAX].into(),
            kinds: vec![u16::MAX].into(),
            followers: Followers::everything(),
            last: (FirstWord::EMPTY, 0),
        }
    }

    /// Whether they are those that say yes to everything.
    pub(crate) fn are_everywhere(&self) -> bool {
        self.words.len() == 1
    }

    /// Adds what stands behind the first word of a key of a shape, as a text writes it.
    pub(crate) fn add_followers(&mut self, shape: Shape, folded: &[u8]) {
        self.followers.add(shape, folded);
    }

    /// What stands behind the first words of keys.
    #[inline]
    pub(crate) fn followers(&self) -> &Followers {
        &self.followers
    }

    /// Adds a key of a kind, as a text writes it.
    pub(crate) fn add(&mut self, kind: u8, folded: &[u8]) {
        let kind = 1 << kind;
        match first_class(folded) {
            Some((c, Class::Solo)) => {
                let mut word = FirstWord::default();
                word.push(c);
                self.short[word.short_place() as usize] |= kind;
                self.add_word(word, kind);
            }
            Some((_, Class::Run)) => self.add_run(folded, kind),
            Some((c, _)) => self.others[other_place(c)] |= kind,
            None => {}
        }
    }

    /// Adds the words that may be read otherwise: numbers, if there are keys with digits, and letters with which a key begins.
    pub(crate) fn add_readings(&mut self, has_digits: bool) {
        let begins: Vec<char> =
            ('a'..='z').filter(|letter| self.short_prefix(character(*letter as u8)) != 0).collect();
        for (word, meaning) in openers() {
            let is_used = match meaning {
                Meaning::Letter(letter) => begins.contains(&letter),
                _ => has_digits,
            };
            if is_used {
                self.add_run(word.as_bytes(), READING);
            }
        }
        // Only what stands behind them is read otherwise.
        let announcing = ANNOUNCING.map(|word| (word, READING)).into_iter();
        for (word, meaning) in announcing.chain(HINTING.map(|word| (word, HIDING))) {
            let mut first = FirstWord::EMPTY;
            word.chars().for_each(|letter| {
                first.push(letter);
            });
            self.add_word(first, meaning);
        }
    }

    fn add_run(&mut self, folded: &[u8], kind: KindMask) {
        let text = std::str::from_utf8(folded).expect("keys are UTF-8");
        let mut word = FirstWord::default();
        for c in text.chars() {
            let class = first_class(c.encode_utf8(&mut [0; 4]).as_bytes());
            let is_run = class.is_some_and(|(_, class)| class == Class::Run);
            if c == '_' && word.len() > 0 {
                // It may be said: `mia underscore li`.
                self.add_word(word, kind);
            }
            if !is_run || !word.push(c) {
                break;
            }
        }
        if self.last == (word, kind) {
            return;
        }
        self.last = (word, kind);
        let mut place = 0;
        for byte in word.bytes().take(3) {
            place = place * CHARACTERS + character(byte);
            self.short[place as usize] |= kind;
        }
        for len in PREFIXES {
            if word.len() >= len {
                self.note(word.prefix(len).hash(len as u64), kind);
            }
        }
        self.add_word(word, kind);
    }

    fn add_word(&mut self, word: FirstWord, kind: KindMask) {
        self.note(word.hash(0), kind);
    }

    fn note(&mut self, hash: u64, kind: KindMask) {
        self.words[hash as usize & (self.words.len() - 1)] |= bits(hash);
        self.kinds[hash as usize & (self.kinds.len() - 1)] |= (kind | kind >> 16) as u16;
    }

    /// Sixteen bits of kinds stand for twice as many: what begins otherwise within three bytes is taken out again.
    #[inline(always)]
    fn ask(&self, word: &FirstWord, hash: u64) -> KindMask {
        let bits = bits(hash);
        if !self.words[hash as usize & (self.words.len() - 1)] & bits != 0 {
            return 0;
        }
        let kinds = u32::from(self.kinds[hash as usize & (self.kinds.len() - 1)]) * 0x0001_0001;
        kinds & (self.short_prefix(word.short_place()) | NO_KIND)
    }

    /// Which kinds may have a key whose first run is this word, or begins with it if it fills all eight bytes.
    #[inline(always)]
    pub(crate) fn word(&self, word: &FirstWord) -> KindMask {
        self.ask(word, word.hash(0))
    }

    /// Which kinds may have a key whose first run begins with this word. Exact up to three bytes.
    #[inline(always)]
    pub(crate) fn prefix(&self, word: &FirstWord) -> KindMask {
        if word.len() <= 3 {
            return self.short_prefix(word.place());
        }
        let length = if word.len() >= PREFIXES[1] { PREFIXES[1] } else { PREFIXES[0] };
        self.ask(word, word.prefix(length).hash(length as u64))
    }

    /// Which kinds have a key whose first run begins so.
    #[inline(always)]
    pub(crate) fn short_prefix(&self, place: Place) -> KindMask {
        self.short[place as usize]
    }

    /// Which kinds have a key whose first run begins with the first three bytes of this word.
    pub(crate) fn first_letters(&self, word: &FirstWord) -> KindMask {
        self.short_prefix(word.short_place())
    }

    /// Which kinds have a key that begins with a character that is neither letter nor digit.
    #[inline]
    pub(crate) fn other(&self, c: char) -> KindMask {
        self.others[other_place(c)]
    }

    /// Halves tables while they stay sparse: what many words of a text ask has to stay in a fast cache. With at most a fifth of the bits set
    /// about one word in a hundred that no key has gets through; with at most a fourth of the kinds used, as many words have kinds that are another's.
    /// Tables that are larger than such a cache are halved a little longer, since they are a fifth of what the index takes: up to two sevenths of the bits, and
    /// two thirds of the kinds.
    pub(crate) fn shrink(&mut self) {
        fn halve<T: Copy + std::ops::BitOr<Output = T>>(
            table: &mut Box<[T]>,
            used: impl Fn(T) -> u32,
            sparse: f64,
            sparse_if_large: f64,
        ) {
            while table.len() > 1 << 6 {
                let most = if size_of_val(&**table) > LARGE { sparse_if_large } else { sparse };
                if table.iter().map(|entry| f64::from(used(*entry))).sum::<f64>() >= most * table.len() as f64
                {
                    break;
                }
                let (low, high) = table.split_at(table.len() / 2);
                *table = low.iter().zip(high).map(|(low, high)| *low | *high).collect();
            }
        }
        const BITS: f64 = u64::BITS as f64;
        halve(&mut self.words, u64::count_ones, BITS / 10.0, BITS / 7.0);
        halve(self.followers.words_mut(), u64::count_ones, BITS / 10.0, BITS / 7.0);
        halve(&mut self.kinds, |kinds| u32::from(kinds != 0), 1.0 / 8.0, 1.0 / 3.0);
    }

    /// Takes in the tables of another segment.
    pub(crate) fn join(&mut self, other: &Self) {
        fn join<T: Copy + std::ops::BitOrAssign>(table: &mut Box<[T]>, other: &[T]) {
            if other.len() > table.len() {
                // A larger table is the smaller one repeated: its places are the same low bits.
                *table = table.repeat(other.len() / table.len()).into();
            }
            for (at, entry) in table.iter_mut().enumerate() {
                *entry |= other[at & (other.len() - 1)];
            }
        }
        join(&mut self.words, &other.words);
        join(&mut self.kinds, &other.kinds);
        join(self.followers.words_mut(), other.followers.words());
        self.short.iter_mut().zip(&other.short).for_each(|(mask, other)| *mask |= other);
        self.others.iter_mut().zip(&other.others).for_each(|(mask, other)| *mask |= other);
    }

    pub(crate) fn size(&self) -> usize {
        4 * (self.short.len() + self.others.len())
            + 8 * (self.words.len() + self.followers.words().len() + 2)
            + 2 * self.kinds.len()
    }

    /// Writes the file: the numbers of words and of *followers*, both as `u64`, then *short* and *others* as `u32`, then *kinds* as `u16`, all little-endian.
    pub(crate) fn write(&self, out: &mut impl std::io::Write) -> std::io::Result<()> {
        /// In blocks: there are many entries, and what they are written to looks at each piece.
        fn write<T: Copy, const N: usize>(
            table: &[T],
            bytes: impl Fn(T) -> [u8; N],
            out: &mut impl std::io::Write,
        ) -> std::io::Result<()> {
            let mut block = [[0; N]; 1 << 10];
            table.chunks(block.len()).try_for_each(|part| {
                block.iter_mut().zip(part).for_each(|(written, entry)| *written = bytes(*entry));
                out.write_all(block[..part.len()].as_flattened())
            })
        }
        let followers = self.followers.words();
        write(&[self.words.len() as u64, followers.len() as u64], u64::to_le_bytes, out)?;
        write(&self.words, u64::to_le_bytes, out)?;
        write(followers, u64::to_le_bytes, out)?;
        write(&self.short, KindMask::to_le_bytes, out)?;
        write(&self.others, KindMask::to_le_bytes, out)?;
        write(&self.kinds, u16::to_le_bytes, out)
    }

    pub(crate) fn read(bytes: &Bytes) -> Result<Self> {
        let damaged = || Error::index("the openings are damaged; build the index again");
        let (counts, rest) = bytes.as_ref().split_first_chunk::<16>().ok_or_else(damaged)?;
        let count = |at: usize| -> Result<usize> {
            let count = counts[at..].first_chunk().ok_or_else(damaged)?;
            usize::try_from(u64::from_le_bytes(*count)).map_err(|_| damaged())
        };
        let (count, followers) = (count(0)?, count(8)?);
        let length = count.checked_add(followers).and_then(|count| count.checked_mul(8));
        let (words, rest) = length.and_then(|length| rest.split_at_checked(length)).ok_or_else(damaged)?;
        let (masks, kinds) = rest.split_at_checked(4 * (SHORT + OTHERS)).ok_or_else(damaged)?;
        let words: Vec<u64> = words.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word)).collect();
        let masks: Vec<KindMask> = masks.as_chunks().0.iter().map(|mask| u32::from_le_bytes(*mask)).collect();
        let (words, followers) = words.split_at(count);
        let kinds: Vec<u16> = kinds.as_chunks().0.iter().map(|kinds| u16::from_le_bytes(*kinds)).collect();
        if [kinds.len(), words.len(), followers.len()].iter().any(|length| !length.is_power_of_two()) {
            return Err(damaged());
        }
        let (short, others) = masks.split_at(SHORT);
        Ok(Self {
            short: short.into(),
            others: others.into(),
            words: words.into(),
            kinds: kinds.into(),
            followers: Followers::of(followers.into()),
            last: (FirstWord::EMPTY, 0),
        })
    }
}

fn other_place(c: char) -> usize {
    (c as usize).min(OTHERS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> FirstWord {
        let mut word = FirstWord::default();
        text.chars().for_each(|c| {
            word.push(c);
        });
        word
    }

    #[test]
    fn no_key_is_missed() {
        let keys = [
            "\u{1}ann lee",
            "\u{2}a",
            "\u{2}elisabeth.x@example.com",
            "\u{3}李明",
            "\u{3}_x",
            "\u{4}+x",
            "\u{5}λόγος",
        ];
        let mut openings = Openings::for_keys(1);
        keys.iter().for_each(|key| openings.add(key.as_bytes()[0], &key.as_bytes()[1..]));
        let mut larger = Openings::for_keys(100_000);
        larger.join(&openings);
        openings.join(&Openings::for_keys(5_000));
        let mut bytes = Vec::new();
        larger.write(&mut bytes).unwrap();
        let read = Openings::read(&Bytes::Heap(bytes)).unwrap();
        for tables in [&openings, &larger, &read] {
            assert_eq!(tables.word(&word("ann")) & 1 << 1, 1 << 1);
            assert_eq!(tables.word(&word("elisabet")) & 1 << 2, 1 << 2);
            for prefix in ["e", "el", "eli", "elis", "elisa", "elisab", "elisabe", "elisabet"] {
                assert_eq!(tables.prefix(&word(prefix)) & 1 << 2, 1 << 2, "{prefix}");
            }
            assert_eq!(tables.prefix(&word("an")), 1 << 1);
            assert_eq!(tables.prefix(&word("b")), 0);
            assert_eq!(tables.word(&word("李")) & 1 << 3, 1 << 3);
            assert_eq!(tables.prefix(&word("_x")), 1 << 3);
            assert_eq!(tables.other('+'), 1 << 4);
            assert_eq!(tables.other('-'), 0);
        }
        assert!(Openings::read(&Bytes::Heap(vec![0; 8])).is_err());
    }
}
