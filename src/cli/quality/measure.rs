//! Measuring: real checkers on generated answers.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::cases::{Case, Material, Whose};
use super::example::{self, Example};
use super::random::Random;
use super::rate::Rate;
use super::writing::Class;
use crate::{Action, Checker, Index, Kind, Policy, Reader, Session};

/// What is counted, per class and kind.
#[derive(Clone, Copy, Debug, Default, serde::Serialize)]
pub(super) struct Rates {
    /// A finding overlaps the value of another customer, or hides the fact that it would be one of two with.
    pub(super) caught: Rate,
    /// Every letter and digit of it is withheld.
    pub(super) covered: Rate,
    /// Something of the reader's own value is withheld.
    pub(super) own: Rate,
    /// Something of a value that nobody has is withheld.
    pub(super) decoys: Rate,
}

/// One class, by kind.
pub(super) type ByKind = BTreeMap<Kind, Rates>;

/// One class: its rates, and examples of what went wrong.
#[derive(Clone, Debug, Default)]
pub(super) struct Measured {
    pub(super) kinds: ByKind,
    pub(super) examples: Vec<Example>,
}

/// Clean answers.
#[derive(Clone, Debug, Default)]
pub(super) struct Clean {
    /// Answers of which anything was withheld.
    pub(super) withheld: Rate,
    /// How often so many bytes were held after a push.
    pub(super) held: BTreeMap<usize, u64>,
    pub(super) examples: Vec<Example>,
}

/// About one token: how much is pushed at a time where what is held is measured.
pub(super) const PUSH: usize = 4;

/// Who judges what.
pub(super) struct Bench<'a> {
    pub(super) material: &'a Material,
    pub(super) index: &'a Index,
    pub(super) policy: &'a Policy,
    pub(super) cases: usize,
    /// How many examples of each way to go wrong are kept of a class.
    pub(super) examples: usize,
}

/// So many cases are one piece of work.
const BATCH: usize = 250;

impl Bench<'_> {
    /// Measures the classes, in parallel; the outcome does not depend on how.
    pub(super) fn classes(&self, classes: &[&Class]) -> Vec<Measured> {
        let work: Vec<(usize, Whose, Range<usize>)> = (0..classes.len())
            .flat_map(|class| [Whose::Others, Whose::Readers, Whose::Nobodys].map(|whose| (class, whose)))
            .flat_map(|(class, whose)| batches(self.cases).map(move |batch| (class, whose, batch)))
            .collect();
        let found = Mutex::new(vec![Measured::default(); classes.len()]);
        in_parallel(&work, |(class, whose, batch)| {
            let measured = self.batch(classes[*class], *whose, batch.clone());
            let mut found = found.lock().expect("no other thread panics");
            let sum = &mut found[*class];
            for (kind, rates) in measured.kinds {
                sum.kinds.entry(kind).or_default().add(&rates);
            }
            sum.examples.extend(measured.examples);
        });
        let mut found = found.into_inner().expect("no thread panics");
        for measured in &mut found {
            example::first(&mut measured.examples, self.examples);
        }
        found
    }

    pub(super) fn clean(&self) -> Clean {
        let found = Mutex::new(Clean::default());
        in_parallel(&batches(self.cases).collect::<Vec<_>>(), |batch| {
            let mut clean = Clean::default();
            for number in batch.clone() {
                let (text, reader) = self.material.clean(number);
                let mut checker = self.checker(reader);
                let was_withheld = hold(&mut checker, &text, &mut clean.held);
                clean.withheld.count(was_withheld);
                if was_withheld {
                    clean.examples.extend(Example::of_clean(number, &text, checker.findings()));
                }
            }
            let mut found = found.lock().expect("no other thread panics");
            found.withheld += clean.withheld;
            clean.held.into_iter().for_each(|(held, times)| *found.held.entry(held).or_default() += times);
            found.examples.extend(clean.examples);
        });
        let mut found = found.into_inner().expect("no thread panics");
        example::first(&mut found.examples, self.examples);
        found
    }

    fn batch(&self, class: &Class, whose: Whose, numbers: Range<usize>) -> Measured {
        let mut measured = Measured::default();
        for number in numbers {
            let Some(case) = self.material.case(class, whose, number) else { continue };
            let mut random = Random::of(self.material.people.seed, "pieces", number as u64);
            let judged = judge(self.checker(case.reader.clone()), &case, &mut random);
            let rates = measured.kinds.entry(case.kind.clone()).or_default();
            let wrong = match whose {
                Whose::Others => {
                    rates.caught.count(judged.caught);
                    rates.covered.count(judged.covered);
                    !judged.covered
                }
                Whose::Readers => {
                    rates.own.count(judged.touched);
                    judged.touched
                }
                Whose::Nobodys => {
                    rates.decoys.count(judged.touched);
                    judged.touched
                }
            };
            if wrong && measured.examples.len() < self.examples {
                measured.examples.push(Example::new(number, whose, &case, &judged.withheld, judged.rules));
            }
        }
        measured
    }

    fn checker(&self, reader: Option<String>) -> Checker {
        let reader = reader.map_or_else(Reader::stranger, Reader::customer);
        Session::new(self.index, self.policy, reader).checker()
    }
}

impl Rates {
    pub(super) fn add(&mut self, other: &Self) {
        self.caught += other.caught;
        self.covered += other.covered;
        self.own += other.own;
        self.decoys += other.decoys;
    }
}

/// What became of the value of a case.
struct Judged {
    caught: bool,
    covered: bool,
    touched: bool,
    withheld: Vec<Range<usize>>,
    /// By which lines of the policy something of it was withheld.
    rules: BTreeSet<String>,
}

/// Pushes the answer in small pieces of random size, and looks at what is withheld of the value.
fn judge(mut checker: Checker, case: &Case, random: &mut Random) -> Judged {
    let (mut withheld, mut rest) = (Vec::new(), case.text.as_str());
    while !rest.is_empty() {
        let (piece, behind) = piece(rest, random.between(1, 2 * PUSH - 1));
        withheld.extend(
            checker.advance(piece).edits.iter().map(|edit| edit.span.start as usize..edit.span.end as usize),
        );
        rest = behind;
    }
    let end = checker.advance_to_end();
    withheld.extend(end.edits.iter().map(|edit| edit.span.start as usize..edit.span.end as usize));
    let decided = end.decided as usize; // a stopped response ends before its text
    if decided < case.text.len() {
        withheld.push(decided..case.text.len());
    }
    let overlaps = |span: &Range<usize>| {
        case.places.iter().any(|place| place.start < span.end && span.start < place.end)
    };
    let finding = |finding: &crate::Finding| {
        finding.action > Action::Allow && overlaps(&(finding.span.start as usize..finding.span.end as usize))
    };
    let is_withheld = |place: &Range<usize>| {
        let letters = case.text[place.clone()].char_indices().filter(|(_, c)| c.is_alphanumeric());
        letters.map(|(at, _)| place.start + at).all(|at| withheld.iter().any(|span| span.contains(&at)))
    };
    let withholding =
        checker.findings().iter().filter(|found| found.action >= Action::Redact && finding(found));
    let rules = withholding.map(|finding| finding.rule.clone()).collect();
    // Two facts disclose somebody together: the one is nobody's if the other is not there.
    let is_alone = case.fact.as_ref().is_some_and(is_withheld);
    Judged {
        caught: is_alone || checker.findings().iter().any(finding),
        covered: is_alone || case.places.iter().all(is_withheld),
        touched: withheld.iter().any(overlaps),
        withheld,
        rules,
    }
}

/// Pushes a clean answer; whether anything of it was withheld. Counts what is held after each push.
fn hold(checker: &mut Checker, text: &str, held: &mut BTreeMap<usize, u64>) -> bool {
    let (mut out, mut rest) = (String::new(), text);
    while !rest.is_empty() {
        let (piece, behind) = piece(rest, PUSH);
        let _ = checker.push(piece, &mut out);
        *held.entry(checker.held()).or_default() += 1;
        rest = behind;
    }
    let _ = checker.finish(&mut out);
    out != text
}

/// At least so many bytes, up to the end of a character, and the rest.
fn piece(text: &str, bytes: usize) -> (&str, &str) {
    let end = (bytes..text.len()).find(|end| text.is_char_boundary(*end));
    text.split_at(end.unwrap_or(text.len()))
}

fn batches(cases: usize) -> impl Iterator<Item = Range<usize>> {
    (0..cases).step_by(BATCH).map(move |start| start..(start + BATCH).min(cases))
}

fn in_parallel<T: Sync>(work: &[T], each: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(work) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
                    each(work);
                }
            });
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Identifier, IndexBuilder};

    fn judged(text: &str, places: Vec<Range<usize>>) -> Judged {
        let mut builder = IndexBuilder::new();
        builder.add(Identifier { owner: "a", kind: Kind::Phone, text: "415 555 0104" }).unwrap();
        let index = builder.finish_in_memory().unwrap();
        let checker = Session::new(&index, &Policy::strict(), Reader::stranger()).checker();
        let case = Case { text: text.into(), reader: None, kind: Kind::Phone, places, fact: None };
        judge(checker, &case, &mut Random::of(1, "pieces", 0))
    }

    #[test]
    fn every_letter_and_digit_has_to_be_withheld() {
        let whole = judged("Call 415-555-0104 now.", std::iter::once(5..17).collect());
        assert!(whole.caught && whole.covered && whole.touched);
        let half = judged("Call 415-555-0104 or 9 now.", std::iter::once(5..22).collect());
        assert!(half.caught && !half.covered && half.touched);
        let other = judged("Call 415-555-0104 now.", std::iter::once(0..4).collect());
        assert!(!other.caught && !other.covered && !other.touched);
    }

    #[test]
    fn of_two_facts_one_has_to_be_withheld() {
        let with = |fact: Range<usize>| {
            let mut builder = IndexBuilder::new();
            builder.add(Identifier { owner: "a", kind: Kind::Phone, text: "415 555 0104" }).unwrap();
            let index = builder.finish_in_memory().unwrap();
            let checker = Session::new(&index, &Policy::strict(), Reader::stranger()).checker();
            let text = "Call 415-555-0104 in Austin.".into();
            let places = std::iter::once(21..27).collect();
            judge(
                checker,
                &Case { text, reader: None, kind: Kind::City, places, fact: Some(fact) },
                &mut Random::of(1, "pieces", 0),
            )
        };
        let withheld = with(5..17);
        assert!(withheld.caught && withheld.covered && !withheld.touched);
        for told in [0..4, 0..17] {
            let told = with(told);
            assert!(!told.caught && !told.covered);
        }
    }

    #[test]
    fn what_a_stop_keeps_back_is_withheld() {
        let mut builder = IndexBuilder::new();
        builder.add(Identifier { owner: "a", kind: Kind::Phone, text: "415 555 0104" }).unwrap();
        let index = builder.finish_in_memory().unwrap();
        let policy = Policy::from_toml("[kinds]\nphone = 'stop'").unwrap();
        let checker = Session::new(&index, &policy, Reader::stranger()).checker();
        let case = Case {
            text: "Call 415-555-0104 now.".into(),
            reader: None,
            kind: Kind::Phone,
            places: std::iter::once(5..17).collect(),
            fact: None,
        };
        assert!(judge(checker, &case, &mut Random::of(1, "pieces", 0)).covered);
    }
}
