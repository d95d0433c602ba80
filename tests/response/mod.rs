//! One response, checked in pieces: what the tests of the laws have in common.

use tightlip::{Checker, Edit, Finding, Index, Policy, Reader, Session, Verdict};

/// What became of a response.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Response {
    pub(crate) safe: String,
    pub(crate) findings: Vec<Finding>,
    pub(crate) ending: Verdict,
}

/// Checks a response that comes in these pieces.
pub(crate) fn check<'a>(
    index: &Index,
    policy: &Policy,
    reader: &Reader,
    pieces: impl IntoIterator<Item = &'a str>,
) -> Response {
    let mut checker = Session::new(index, policy, reader.clone()).checker();
    let mut safe = String::new();
    for piece in pieces {
        if checker.push(piece, &mut safe) == Verdict::Stop {
            break;
        }
    }
    let ending = checker.finish(&mut safe);
    Response { safe, findings: checker.take_findings(), ending }
}

/// Checks a response as a whole and gives all its edits, and how far it was decided.
pub(crate) fn edits(index: &Index, policy: &Policy, reader: &Reader, text: &str) -> (Vec<Edit>, u64) {
    let mut checker = Session::new(index, policy, reader.clone()).checker();
    let mut edits = Vec::new();
    let mut decided = 0;
    type Step = for<'a> fn(&'a mut Checker, &str) -> tightlip::Advance<'a>;
    for step in [Checker::advance as Step, |checker, _| checker.advance_to_end()] {
        let advance = step(&mut checker, text);
        edits.extend_from_slice(advance.edits);
        decided = advance.decided;
    }
    (edits, decided)
}

/// The pieces of a text that is cut at these bytes, which are moved to the next character boundary.
pub(crate) fn cut<'a>(text: &'a str, at: &[usize]) -> Vec<&'a str> {
    let boundary =
        |at: &usize| (*at..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    let mut places: Vec<usize> = at.iter().map(boundary).chain([0, text.len()]).collect();
    places.sort_unstable();
    places.windows(2).map(|ends| &text[ends[0]..ends[1]]).collect()
}
