//! Examples of what went wrong, to look at. All of the people in them are invented.

use std::ops::Range;

use serde::Serialize;

use super::cases::{Case, Whose};
use crate::Kind;

/// A value that was not covered, or should not have been touched, and the text around it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Example {
    number: usize,
    pub(super) what: &'static str,
    pub(super) kind: Kind,
    /// What was withheld stands in `⟦⟧`. From the fact on that it stands behind, if it does not count alone.
    pub(super) text: String,
}

/// So many bytes on each side of the value are shown.
const AROUND: usize = 24;

impl Example {
    pub(super) fn new(number: usize, whose: Whose, case: &Case, withheld: &[Range<usize>]) -> Self {
        let what = match whose {
            Whose::Others => "not covered",
            Whose::Readers => "own withheld",
            Whose::Nobodys => "decoy withheld",
        };
        let (first, last) = (&case.places[0], &case.places[case.places.len() - 1]);
        let fact = case.fact.as_ref().and_then(|fact| case.text[..first.start].find(fact));
        let start = boundary(&case.text, fact.unwrap_or(first.start).saturating_sub(AROUND));
        let end = boundary(&case.text, (last.end + AROUND).min(case.text.len()));
        let mut text = String::new();
        for (at, c) in case.text[start..end].char_indices() {
            let at = start + at;
            if withheld.iter().any(|span| span.start == at) {
                text.push('⟦');
            }
            match c {
                '\'' | '"' | '\\' => text.push(c),
                c => text.extend(c.escape_debug()),
            }
            if withheld.iter().any(|span| span.end == at + c.len_utf8()) {
                text.push('⟧');
            }
        }
        Self { number, what, kind: case.kind.clone(), text }
    }
}

/// Keeps the first so many of each way to go wrong.
pub(super) fn first(examples: &mut Vec<Example>, most: usize) {
    examples.sort_by_key(|example| (example.what, example.number));
    let mut kept = (0, "");
    examples.retain(|example| {
        kept = if kept.1 == example.what { (kept.0 + 1, kept.1) } else { (1, example.what) };
        kept.0 <= most
    });
}

/// The nearest end of a character at or before a byte.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_shows_what_was_withheld() {
        let case = Case {
            text: "é Call Ann\n now".into(),
            reader: None,
            kind: Kind::Name,
            places: std::iter::once(8..11).collect(),
            fact: None,
        };
        let example = Example::new(3, Whose::Readers, &case, &case.places);
        assert_eq!((example.what, example.text.as_str()), ("own withheld", "é Call ⟦Ann⟧\\n now"));
        let mut examples = vec![example; 5];
        first(&mut examples, 2);
        assert_eq!(examples.len(), 2);
    }
}
