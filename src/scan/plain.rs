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

/// A text, and how it is read. Its lowest bits are zero: there the place says with how many bytes a value begins that the text ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark(u64);

/// The bits that say so.
const BEGUN: u64 = (LONGEST as u64 + 1).next_power_of_two() - 1;

impl Default for PlainTexts {
    fn default() -> Self {
        Self { hash: RandomState::new(), marks: (0..PLACES).map(|_| AtomicU64::new(0)).collect() }
    }
}

impl PlainTexts {
    /// The number of a text, if it is short enough; what its scan depends on beside the plan is a part of it.
    pub(crate) fn mark(&self, text: &str, how: impl std::hash::Hash) -> Option<Mark> {
        // No number is that of an empty place.
        (text.len() <= LONGEST).then(|| Mark((self.hash.hash_one((how, text)) & !BEGUN).max(BEGUN + 1)))
    }

    /// With how many bytes a value begins that this text ends with, if the text is known.
    pub(crate) fn known(&self, mark: Mark) -> Option<usize> {
        let known = self.place(mark).load(Ordering::Relaxed);
        (known & !BEGUN == mark.0).then_some((known & BEGUN) as usize)
    }

    /// Nothing was found in this text; it ends with so many bytes in which a value begins. Another one may lose its place.
    pub(crate) fn add(&self, mark: Mark, begun: usize) {
        self.place(mark).store(mark.0 | begun as u64, Ordering::Relaxed);
    }

    fn place(&self, mark: Mark) -> &AtomicU64 {
        &self.marks[(mark.0 >> BEGUN.count_ones()) as usize % PLACES]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_known_by_itself_and_by_how_it_is_read() {
        let texts = PlainTexts::default();
        let mark = |text: &str, how: u8| texts.mark(text, how).unwrap();
        assert_eq!([texts.known(mark("", 0)), texts.known(mark("model-1", 0))], [None; 2]);
        for begun in [0, 3, LONGEST] {
            texts.add(mark("model-1", 0), begun);
            assert_eq!(texts.known(mark("model-1", 0)), Some(begun));
            assert_eq!([texts.known(mark("model-1", 1)), texts.known(mark("model-2", 0))], [None; 2]);
        }
        assert_eq!(texts.mark(&"x".repeat(LONGEST + 1), 0), None);
        assert_ne!(
            PlainTexts::default().mark("model-1", 0),
            Some(mark("model-1", 0)),
            "each has a key of its own"
        );
    }
}
