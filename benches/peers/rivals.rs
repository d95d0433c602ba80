//! The strongest simple rivals: a filter of first words before something exact. Keys and texts are in lower case.

use std::collections::HashSet;
use std::hash::BuildHasher;

use aho_corasick::Anchored;
use aho_corasick::automaton::Automaton;
use aho_corasick::nfa::contiguous;
use foldhash::fast::FixedState;

/// Longer keys have no more words.
const MOST_WORDS: usize = 12;

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80
}

fn word_end(text: &[u8], at: usize) -> usize {
    at + text[at..].iter().take_while(|byte| is_word(**byte)).count()
}

/// A bitmap of the first words of all keys, by their hash.
pub(crate) struct FirstWords {
    bits: Vec<u64>,
    hash: FixedState,
}

impl FirstWords {
    pub(crate) fn new(keys: &[String]) -> Self {
        let mut filter =
            Self { bits: vec![0; (keys.len() / 4).next_power_of_two().max(64)], hash: FixedState::default() };
        for key in keys.iter().map(|key| key.as_bytes()) {
            let begin = key.iter().position(|byte| is_word(*byte)).unwrap_or(0);
            let (place, bit) = filter.place(&key[begin..word_end(key, begin)]);
            filter.bits[place] |= bit;
        }
        filter
    }

    fn place(&self, word: &[u8]) -> (usize, u64) {
        let hash = self.hash.hash_one(word);
        ((hash >> 6) as usize & (self.bits.len() - 1), 1 << (hash & 63))
    }

    /// Says where words stand with which a key may begin. What stands before a word (`+`, `(`) is looked at with it.
    pub(crate) fn candidates(&self, text: &str, mut found: impl FnMut(usize)) {
        let text = text.as_bytes();
        let mut at = 0;
        while at < text.len() {
            if !is_word(text[at]) {
                at += 1;
                continue;
            }
            let end = word_end(text, at);
            let (place, bit) = self.place(&text[at..end]);
            if self.bits[place] & bit != 0 {
                found(at);
                if at > 0 && matches!(text[at - 1], b'(' | b'+') {
                    found(at - 1);
                }
            }
            at = end;
        }
    }
}

/// A table of all keys, asked for every window of one word, of two, and so on.
pub(crate) struct Windows {
    keys: HashSet<String, FixedState>,
}

impl Windows {
    pub(crate) fn new(keys: &[String]) -> Self {
        Self { keys: keys.iter().cloned().collect() }
    }

    /// Says where keys end that begin at `at`.
    pub(crate) fn find(&self, text: &str, at: usize, mut found: impl FnMut(usize)) {
        let bytes = text.as_bytes();
        let mut end = at;
        for _ in 0..MOST_WORDS {
            end += bytes[end..].iter().take_while(|byte| !is_word(**byte)).count();
            end = word_end(bytes, end);
            if self.keys.contains(&text[at..end]) {
                found(end);
            }
            if end == bytes.len() {
                return;
            }
        }
    }
}

/// Says where keys end that begin at `at`.
pub(crate) fn anchored(automaton: &contiguous::NFA, text: &str, at: usize, mut found: impl FnMut(usize)) {
    let mut state = automaton.start_state(Anchored::Yes).expect("the automaton can be anchored");
    for (end, byte) in (at + 1..).zip(text[at..].bytes()) {
        state = automaton.next_state(Anchored::Yes, state, byte);
        if automaton.is_dead(state) {
            return;
        }
        if automaton.is_match(state) {
            found(end);
        }
    }
}
