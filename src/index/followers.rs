//! What stands behind the first words of keys.
//!
//! Many first words of keys are words of prose too (`will`, `may`, `in`), and few of them are followed by what follows them in a key. So a word of a text
//! is told from a name by the three letters behind it, before any walk opens.
//!
//! One blocked Bloom filter: a word is asked for together with what follows it. It may only say no where no key goes on so, however the text writes
//! the words of the key: with all that may stand for its first word or its second.

use super::alternatives::Alternatives;
use super::openings::{FirstWord, bits};
use crate::identifier::{Between, Shape};
use crate::text::reading::Signs;

/// What stands behind the first word of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Follower {
    /// Nothing: it is the key.
    End,
    /// This character, directly.
    Sign(u8),
    /// A character that may be said in a word.
    Said,
    /// A space, in a name: another word may stand before what follows it.
    Space,
    /// Behind a gap, a word that begins with these bytes; zeros if it has no more, or may have a gap there.
    Word([u8; 3]),
}

impl Follower {
    /// What tells it from the others; larger than what tells words from their beginnings.
    #[inline]
    fn role(self) -> u64 {
        match self {
            Self::End => 1 << 16,
            Self::Said => 2 << 16,
            Self::Space => 3 << 16,
            Self::Sign(sign) => 4 << 16 | u64::from(sign),
            Self::Word([first, second, third]) => u64::from_be_bytes([0, 0, 0, 0, 1, first, second, third]),
        }
    }
}

#[derive(Clone)]
pub(crate) struct Followers {
    words: Box<[u64]>,
    /// What was noted last: of keys in order many go on alike.
    last: u64,
}

impl Followers {
    /// A filter for about this many keys: sixteen bits for each.
    pub(super) fn for_keys(keys: usize) -> Self {
        Self { words: vec![0; (keys / 4).clamp(1 << 6, 1 << 26).next_power_of_two()].into(), last: 0 }
    }

    /// The filter that says yes to everything.
    pub(super) fn everything() -> Self {
        Self { words: vec![u64::MAX].into(), last: 0 }
    }

    pub(super) fn of(words: Box<[u64]>) -> Self {
        Self { words, last: 0 }
    }

    pub(super) fn words(&self) -> &[u64] {
        &self.words
    }

    pub(super) fn words_mut(&mut self) -> &mut Box<[u64]> {
        &mut self.words
    }

    /// Whether a key may go on so behind a word.
    #[inline]
    pub(crate) fn may_follow(&self, word: &FirstWord, follower: Follower) -> bool {
        let hash = word.hash(follower.role());
        !self.words[hash as usize & (self.words.len() - 1)] & bits(hash) == 0
    }

    fn note(&mut self, word: &FirstWord, follower: Follower) {
        let hash = word.hash(follower.role());
        if self.last != hash {
            self.last = hash;
            self.words[hash as usize & (self.words.len() - 1)] |= bits(hash);
        }
    }

    /// Adds a key of a shape, as a text writes it.
    pub(super) fn add(&mut self, shape: Shape, key: &[u8]) {
        self.add_as(&FirstWord::of(&key[..word_length(key)]), shape, &key[word_length(key)..]);
        // It may be said: `mia underscore li`.
        if let Some(at) = key[..word_length(key)].iter().position(|byte| *byte == b'_').filter(|at| *at > 0) {
            self.note(&FirstWord::of(&key[..at]), Follower::Said);
        }
        let Some(alternatives) = Alternatives::of(shape) else { return };
        for (entry, behind) in alternatives.standing_for(key).filter(|(entry, _)| entry.may_begin()) {
            let length = word_length(&entry.text);
            let word = FirstWord::of(&entry.text[..length]);
            match entry.text.get(length + 1..) {
                None => self.add_as(&word, shape, behind),
                // The rest of the key's word stands apart.
                Some([]) => self.note_word(&word, behind),
                Some(second) => self.note_word(&word, second),
            }
        }
    }

    /// Adds what stands behind the first word of a key, for which `word` stands.
    fn add_as(&mut self, word: &FirstWord, shape: Shape, behind: &[u8]) {
        let between = shape.gaps().between;
        let (sign, rest) = match behind {
            [] => return self.note(word, Follower::End),
            [sign, rest @ ..] => (*sign, rest),
        };
        if between == Between::Nowhere || !matches!(sign, b' ' | b',') {
            self.note(word, Follower::Sign(sign));
            if between == Between::Nowhere && Signs::ALL.contains(&sign) {
                self.note(word, Follower::Said);
            }
            return;
        }
        if sign == b' ' && shape == Shape::Name {
            self.note(word, Follower::Space);
        }
        self.note_word(word, rest);
        if between == Between::Characters {
            // There may be a gap between any two of its characters.
            let [first, second, _] = first_letters(rest);
            self.note(word, Follower::Word([first, 0, 0]));
            self.note(word, Follower::Word([first, second, 0]));
        }
        let Some(alternatives) = Alternatives::of(shape) else { return };
        for (entry, behind) in alternatives.standing_for(rest) {
            match (&*entry.text, behind) {
                ([], [b' ', next @ ..]) => self.note_word(word, next),
                ([], _) => {}
                // The rest of the key's next word follows at once.
                (text, behind) if entry.key.ends_with(b" ") => self.note_word(word, &[text, behind].concat()),
                (text, _) => self.note_word(word, text),
            }
        }
        for entry in alternatives.standing_for_nothing() {
            if entry.may_stand_before(rest) {
                self.note_word(word, &entry.text);
            }
        }
    }

    /// A word follows with which this text begins.
    fn note_word(&mut self, word: &FirstWord, text: &[u8]) {
        self.note(word, Follower::Word(first_letters(text)));
    }
}

/// How many bytes the first word of a text has: letters, digits and `_`.
fn word_length(text: &[u8]) -> usize {
    let is_apart = |byte: &u8| byte.is_ascii() && !byte.is_ascii_alphanumeric() && *byte != b'_';
    text.iter().position(is_apart).unwrap_or(text.len())
}

/// The first bytes of a word, or the first one of what is none.
fn first_letters(text: &[u8]) -> [u8; 3] {
    let word = &text[..word_length(text).max(1).min(text.len())];
    std::array::from_fn(|at| word.get(at).copied().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn followers(keys: &[(Shape, &str)]) -> Followers {
        let mut followers = Followers::for_keys(1000);
        keys.iter().for_each(|(shape, key)| followers.add(*shape, key.as_bytes()));
        followers
    }

    fn word(text: &str) -> FirstWord {
        FirstWord::of(text.as_bytes())
    }

    #[test]
    fn what_follows_first_words_is_known() {
        let followers = followers(&[
            (Shape::Name, "maria de la cruz"),
            (Shape::Name, "lee,elizabeth"),
            (Shape::Name, "william lee"),
            (Shape::Name, "o neil"),
            (Shape::Name, "macdonald anna"),
            (Shape::Words, "1 saint james street"),
            (Shape::Email, "mia_li.x@example.com"),
            (Shape::Handle, "grace"),
            (Shape::Code, "ab 123"),
        ]);
        let letters = |text: &str| Follower::Word(first_letters(text.as_bytes()));
        for (first, follower) in [
            ("maria", letters("de")),
            ("maria", letters("la")),
            ("maria", letters("cruz")),
            ("lee", letters("elizabeth")),
            ("lee", letters("liz")),
            ("william", letters("lee")),
            ("bill", letters("lee")),
            ("o", letters("neil")),
            ("mac", letters("donald")),
            ("macdonald", Follower::Space),
            ("1", letters("saint")),
            ("1", letters("st")),
            ("mia", Follower::Said),
            ("mia_li", Follower::Sign(b'.')),
            ("mia_li", Follower::Said),
            ("grace", Follower::End),
            ("ab", letters("1")),
            ("ab", letters("12")),
            ("ab", letters("123")),
        ] {
            assert!(followers.may_follow(&word(first), follower), "{first} {follower:?}");
        }
        for (first, follower) in [
            ("maria", letters("the")),
            ("maria", Follower::End),
            ("lee", Follower::Space),
            ("william", letters("be")),
            ("will", letters("be")),
            ("grace", Follower::Said),
            ("mia", Follower::Sign(b'.')),
            ("1", letters("street")),
        ] {
            assert!(!followers.may_follow(&word(first), follower), "{first} {follower:?}");
        }
    }
}
