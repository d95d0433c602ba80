//! A regular expression as a table of steps, without those that lead nowhere.

use regex_automata::dfa::{Automaton as _, StartKind, dense};
use regex_automata::nfa::thompson;
use regex_automata::util::{start, syntax};
use regex_automata::{Anchored, MatchKind};

/// Where a run stands.
pub(super) type State = u16;

/// No value goes on from here.
pub(super) const DEAD: State = 0;
const START: State = 1;

/// Letters and digits of other scripts are one byte to a pattern, everything else that is not ASCII another.
pub(super) const LETTER: u8 = 0x80;
pub(super) const OTHER: u8 = 0x81;
const BYTES: usize = 0x82;

/// A deterministic automaton over folded symbols, one byte each. A state from which no value can be completed is [`DEAD`], and one that can only be
/// the end of a value is too: what is alive may still match.
pub(super) struct Automaton {
    classes: [u8; BYTES],
    width: usize,
    steps: Vec<Step>,
}

/// What a symbol does to a run.
#[derive(Clone, Copy, Default)]
pub(super) struct Step {
    pub(super) state: State,
    /// A value may end with this symbol.
    pub(super) ends: bool,
}

impl Automaton {
    /// Compiles an expression of bounded repetitions. Panics on one that is not well formed: the expressions are our own.
    pub(super) fn new(pattern: &str) -> Self {
        let dfa = dense::Builder::new()
            .configure(
                dense::Config::new()
                    .start_kind(StartKind::Anchored)
                    // Every place where a value may end, not the one that a search would prefer.
                    .match_kind(MatchKind::All)
                    .accelerate(false),
            )
            .syntax(syntax::Config::new().unicode(false).utf8(false))
            .thompson(thompson::Config::new().utf8(false))
            .build(pattern)
            .expect("patterns are well formed");
        let first = dfa
            .start_state(&start::Config::new().anchored(Anchored::Yes))
            .expect("an anchored start has been built");

        let mut classes = [0; BYTES];
        let mut representatives: Vec<u8> = Vec::new();
        for byte in 0..BYTES as u8 {
            let class = dfa.byte_classes().get(byte);
            let known = representatives.iter().position(|other| dfa.byte_classes().get(*other) == class);
            classes[usize::from(byte)] = known.unwrap_or(representatives.len()) as u8;
            if known.is_none() {
                representatives.push(byte);
            }
        }
        let width = representatives.len();

        // Breadth first, from the start: `follows[state * width + class]`.
        let mut numbers = std::collections::HashMap::from([(first, 0)]);
        let (mut states, mut follows) = (vec![first], Vec::new());
        let mut at = 0;
        while at < states.len() {
            for byte in &representatives {
                let next = dfa.next_state(states[at], *byte);
                follows.push((!dfa.is_dead_state(next)).then(|| {
                    *numbers.entry(next).or_insert_with(|| {
                        states.push(next);
                        states.len() - 1
                    })
                }));
            }
            at += 1;
        }
        // The crate's automata say one byte late that there was a match.
        let ends: Vec<bool> =
            states.iter().map(|state| dfa.is_match_state(dfa.next_eoi_state(*state))).collect();
        let goes_on = goes_on(&follows, &ends, width);

        // Dead is 0, the start is 1.
        let mut places = vec![DEAD; states.len()];
        let mut alive = 0;
        for (number, place) in places.iter_mut().enumerate().filter(|(number, _)| goes_on[*number]) {
            alive += 1;
            *place = alive;
            debug_assert!(number > 0 || *place == START);
        }
        let mut steps = vec![Step::default(); width];
        for number in (0..states.len()).filter(|number| goes_on[*number]) {
            steps.extend(follows[number * width..][..width].iter().map(|next| match next {
                Some(next) => Step { state: places[*next], ends: ends[*next] },
                None => Step::default(),
            }));
        }
        Self { classes, width, steps }
    }

    #[inline]
    pub(super) fn step(&self, state: State, byte: u8) -> Step {
        self.steps[usize::from(state) * self.width + usize::from(self.classes[usize::from(byte)])]
    }

    /// The first step of a run.
    #[inline]
    pub(super) fn begin(&self, byte: u8) -> Step {
        self.step(START, byte)
    }
}

/// From which states a value can be completed with at least one more symbol.
fn goes_on(follows: &[Option<usize>], ends: &[bool], width: usize) -> Vec<bool> {
    let mut before: Vec<Vec<usize>> = vec![Vec::new(); ends.len()];
    for (at, next) in follows.iter().enumerate() {
        before[next.unwrap_or(0)].extend(next.map(|_| at / width));
    }
    let mut goes_on = vec![false; ends.len()];
    let mut open: Vec<usize> = (0..ends.len()).filter(|state| ends[*state]).collect();
    while let Some(state) = open.pop() {
        for from in &before[state] {
            if !std::mem::replace(&mut goes_on[*from], true) {
                open.push(*from);
            }
        }
    }
    goes_on
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_still_match_is_alive() {
        let automaton = Automaton::new("a(b{1,2}c|d(e)?)");
        let run = |text: &str| {
            let mut step = Step { state: START, ends: false };
            for byte in text.bytes() {
                step = automaton.step(step.state, byte);
            }
            (step.state != DEAD, step.ends)
        };
        for (text, alive, ends) in [
            ("a", true, false),
            ("ab", true, false),
            ("abb", true, false),
            ("abbb", false, false),
            ("abbc", false, true),
            ("ad", true, true),
            ("ade", false, true),
            ("adec", false, false),
            ("x", false, false),
        ] {
            assert_eq!(run(text), (alive, ends), "{text}");
        }
    }
}
