//! Examples of what went wrong, to look at. All of the people in them are invented.

use std::collections::BTreeSet;
use std::ops::Range;

use serde::Serialize;

use super::cases::{Case, Whose};
use crate::{Action, Finding, Kind};

/// A value that was not covered, or should not have been touched, and the text around it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Example {
    number: usize,
    pub(super) what: &'static str,
    pub(super) kind: Kind,
    /// By which lines of the policy it was withheld.
    pub(super) rules: BTreeSet<String>,
    /// What was withheld stands in `⟦⟧`. From the fact on that it stands behind, if it does not count alone.
    pub(super) text: String,
}

/// So many bytes on each side of the value are shown.
const AROUND: usize = 24;
/// So many before what was withheld of a clean answer: what led to it is no finding.
const BEFORE: usize = 400;

impl Example {
    pub(super) fn new(
        number: usize,
        whose: Whose,
        case: &Case,
        withheld: &[Range<usize>],
        rules: BTreeSet<String>,
    ) -> Self {
        let what = match whose {
            Whose::Others => "not covered",
            Whose::Readers => "own withheld",
            Whose::Nobodys => "decoy withheld",
        };
        let (first, last) = (&case.places[0], &case.places[case.places.len() - 1]);
        let from = case.fact.as_ref().map_or(first.start, |fact| fact.start);
        let text = shown(&case.text, from..last.end, withheld);
        Self { number, what, kind: case.kind.clone(), rules, text }
    }

    /// What was withheld of an answer in which nobody's data stand, and what stands before it.
    pub(super) fn of_clean(number: usize, text: &str, findings: &[Finding]) -> Option<Self> {
        let mut withheld = findings.iter().filter(|finding| finding.action >= Action::Redact);
        let rules = withheld.clone().map(|finding| finding.rule.clone()).collect();
        let spans: Vec<Range<usize>> =
            withheld.clone().map(|finding| finding.span.start as usize..finding.span.end as usize).collect();
        let last = withheld.next_back()?;
        let from = spans[0].start.saturating_sub(BEFORE);
        let text = shown(text, from..last.span.end as usize, &spans);
        Some(Self { number, what: "withheld", kind: last.kind.clone(), rules, text })
    }
}

/// A part of a text and a little around it, in which what was withheld stands in `⟦⟧`.
fn shown(text: &str, part: Range<usize>, withheld: &[Range<usize>]) -> String {
    let start = boundary(text, part.start.saturating_sub(AROUND));
    let end = boundary(text, (part.end + AROUND).min(text.len()));
    let mut shown = String::new();
    for (at, c) in text[start..end].char_indices() {
        let at = start + at;
        if withheld.iter().any(|span| span.start == at) {
            shown.push('⟦');
        }
        match c {
            '\'' | '"' | '\\' => shown.push(c),
            c => shown.extend(c.escape_debug()),
        }
        if withheld.iter().any(|span| span.end == at + c.len_utf8()) {
            shown.push('⟧');
        }
    }
    shown
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
        let example = Example::new(3, Whose::Readers, &case, &case.places, BTreeSet::new());
        assert_eq!((example.what, example.text.as_str()), ("own withheld", "é Call ⟦Ann⟧\\n now"));
        let mut examples = vec![example; 5];
        first(&mut examples, 2);
        assert_eq!(examples.len(), 2);
    }
}
