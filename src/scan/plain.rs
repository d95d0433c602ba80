//! Short texts in which nothing was found: most strings of an event's envelope are the same in every response.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// Longer texts are read each time.
const LONGEST: usize = 64;

const PLACES: usize = 512;

/// What is known of the last of them: a number for each, by a hash whose key nobody knows. No text can be told from it.
pub(crate) struct PlainTexts {
    hash: RandomState,
    marks: Box<[AtomicU64]>,
}

/// A text, and how it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark(u64);

impl Default for PlainTexts {
    fn default() -> Self {
        Self { hash: RandomState::new(), marks: (0..PLACES).map(|_| AtomicU64::new(0)).collect() }
    }
}

impl PlainTexts {
    /// The number of a text, if it is short enough; what its scan depends on beside the plan is a part of it.
    pub(crate) fn mark(&self, text: &str, how: impl std::hash::Hash) -> Option<Mark> {
        // No number is that of an empty place.
        (text.len() <= LONGEST).then(|| Mark(self.hash.hash_one((how, text)).max(1)))
    }

    pub(crate) fn knows(&self, mark: Mark) -> bool {
        self.place(mark).load(Ordering::Relaxed) == mark.0
    }

    /// Nothing was found in this text. Another one may lose its place.
    pub(crate) fn add(&self, mark: Mark) {
        self.place(mark).store(mark.0, Ordering::Relaxed);
    }

    fn place(&self, mark: Mark) -> &AtomicU64 {
        &self.marks[mark.0 as usize % PLACES]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_known_by_itself_and_by_how_it_is_read() {
        let texts = PlainTexts::default();
        let mark = |text: &str, how: u8| texts.mark(text, how).unwrap();
        assert!(!texts.knows(mark("", 0)) && !texts.knows(mark("model-1", 0)));
        texts.add(mark("model-1", 0));
        assert!(texts.knows(mark("model-1", 0)));
        assert!(!texts.knows(mark("model-1", 1)) && !texts.knows(mark("model-2", 0)));
        assert_eq!(texts.mark(&"x".repeat(LONGEST + 1), 0), None);
        assert_ne!(
            PlainTexts::default().mark("model-1", 0),
            Some(mark("model-1", 0)),
            "each has a key of its own"
        );
    }
}
