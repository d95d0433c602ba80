//! Values that one turn of a conversation begins and the next one ends.
//!
//! A turn that ends while a strong value could still go on keeps the beginning, [sealed](crate::Conversation). Every text of the next turn is then read twice for as long
//! as such a value may go on: by itself, and as what follows that beginning. What is found across the border is withheld as far as it has not left.

use std::sync::Arc;

use super::session::Inner;
use crate::index::KindMask;
use crate::scan::{Counts, Match, Means, Scanner};

/// Shorter beginnings say little, and longer ones are none of a key.
const SHORTEST: usize = 4;
const LONGEST: usize = 256;

/// More beginnings than this are not kept.
const MOST: usize = 4;

/// A text that follows a beginning.
pub(super) struct Continued {
    scanner: Scanner,
    /// Bytes of the beginning.
    before: u64,
    found: Vec<Match>,
}

impl Continued {
    /// What follows the beginnings that the last turn has left.
    pub(super) fn all(inner: &Inner) -> Vec<Self> {
        let shared = inner.shared();
        // Between words there is white space, which a turn neither ends nor begins with.
        let apart = |begun: &String| (!begun.ends_with(char::is_whitespace)).then(|| begun.clone() + " ");
        let begun = shared.begun.iter().flat_map(|begun| [Some(begun.clone()), apart(begun)]);
        begun.flatten().map(|begun| Self::new(inner, &begun)).collect()
    }

    fn new(inner: &Inner, begun: &str) -> Self {
        let mut new = Self {
            scanner: Scanner::new(Arc::clone(&inner.plan)),
            before: begun.len() as u64,
            found: Vec::new(),
        };
        new.read(begun, false);
        new.found.clear();
        new
    }

    fn read(&mut self, text: &str, ends: bool) {
        let (mut at, mut new) = (0, Vec::new());
        while at < text.len() {
            // The scanner goes on when what it has found is taken.
            at += self.scanner.advance(&text[at..], &mut new);
            self.found.append(&mut new);
        }
        if ends {
            self.scanner.finish(&mut self.found);
        }
    }

    /// Reads on, and adds what of these kinds is found across the border, as it stands in the text that follows.
    pub(super) fn follow(&mut self, text: &str, ends: bool, kinds: KindMask, matches: &mut Vec<Match>) {
        self.read(text, ends);
        let before = self.before;
        let is_known = |found: &Match| kinds & 1 << found.kind != 0 && !found.means.contains(Means::PATTERN);
        let across = self
            .found
            .drain(..)
            .filter(|found| found.start < before && before < found.end && is_known(found));
        matches.extend(across.map(|found| Match { start: 0, end: found.end - before, ..found }));
    }

    /// Whether a value that began before may still end in the text.
    pub(super) fn goes_on(&mut self, counts: &Counts) -> bool {
        self.scanner.oldest(counts, true).is_some_and(|oldest| oldest < self.before)
    }
}

/// The end of a text in which a value may have begun, if it is worth keeping.
pub(super) fn beginning(text: &str) -> Option<String> {
    (SHORTEST..=LONGEST).contains(&text.len()).then(|| text.to_owned())
}

/// The end of a text that has left.
#[derive(Default)]
pub(super) struct Last(String);

impl Last {
    pub(super) fn read(&mut self, text: &str) {
        // Twice as much before what is too much goes, so that it goes rarely.
        let end = &text[boundary(text, LONGEST)..];
        if self.0.len() + end.len() > 2 * LONGEST {
            self.0.drain(..boundary(&self.0, LONGEST));
        }
        self.0.push_str(end);
    }

    /// The last bytes, if there are so many.
    pub(super) fn text(&self, length: usize) -> Option<&str> {
        self.0.get(self.0.len().checked_sub(length)?..)
    }
}

/// Where the last bytes of a text begin, at least so many.
fn boundary(text: &str, length: usize) -> usize {
    let from = text.len().saturating_sub(length);
    (0..=from).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// Keeps a beginning.
pub(super) fn keep(kept: &mut Vec<String>, beginning: String) {
    if !kept.contains(&beginning) {
        kept.push(beginning);
        let gone = kept.len().saturating_sub(MOST);
        kept.drain(..gone);
    }
}
