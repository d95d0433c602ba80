//! Runs of the automata over a text, one for each place where a value may begin.

use super::super::Means;
use super::super::bounds::{Before, Verdict, Waiting};
use super::super::plan::kinds_in;
use super::super::scanner::Match;
use super::automaton::{DEAD, LETTER, OTHER, State, Step};
use super::table::{LONGEST, PATTERNS, Pattern};
use crate::identifier::Shape;
use crate::index::{Generation, KindMask};
use crate::text::{Class, Symbol, ascii_class};

/// The patterns that a session looks for.
#[derive(Default)]
pub(in crate::scan) struct PatternPlan {
    on: Vec<On>,
    /// By byte: which of them begin with it, by their place in `on`.
    opens: Vec<u32>,
    opens_at_letters: bool,
}

struct On {
    pattern: &'static Pattern,
    kind: u8,
    shape: Shape,
}

impl PatternPlan {
    /// The patterns of the kinds of a mask.
    pub(in crate::scan) fn new(generation: &Generation, kinds: KindMask) -> Self {
        let mut plan = Self { opens: vec![0; 256], ..Self::default() };
        for kind in kinds_in(kinds) {
            let spec = &generation.kinds()[usize::from(kind)];
            let Some(pattern) = PATTERNS.iter().find(|pattern| pattern.kind == spec.kind) else { continue };
            let bit = 1 << plan.on.len();
            for byte in 0..=OTHER {
                let step = pattern.automaton.begin(byte);
                plan.opens[usize::from(byte)] |= if step.state == DEAD { 0 } else { bit };
            }
            plan.on.push(On { pattern, kind, shape: spec.shape });
        }
        let is_letter = |byte: &u8| *byte == LETTER || byte.is_ascii_lowercase() || *byte == b'_';
        plan.opens_at_letters = (0..=OTHER).filter(is_letter).any(|byte| plan.opens[usize::from(byte)] != 0);
        plan
    }

    pub(in crate::scan) fn is_empty(&self) -> bool {
        self.on.is_empty()
    }

    /// A word of prose may be the beginning of a value.
    pub(in crate::scan) fn opens_at_letters(&self) -> bool {
        self.opens_at_letters
    }

    /// A value may begin with this character, which is no letter or digit.
    pub(in crate::scan) fn opens_at(&self, byte: u8) -> bool {
        !self.is_empty() && ascii_class(byte) == Some(Class::Other) && self.opens[usize::from(byte)] != 0
    }
}

/// What is known of a symbol beside itself.
#[derive(Clone, Copy)]
pub(in crate::scan) struct Around {
    pub(in crate::scan) before: Before,
    /// A word goes on from the symbol before.
    pub(in crate::scan) goes_on: bool,
    /// What folds to nothing behind a value belongs to it.
    pub(in crate::scan) takes_hidden: bool,
    /// What had to be done to the text to see the symbol, where a value begins with it and where one goes on.
    pub(in crate::scan) begun: Means,
    pub(in crate::scan) means: Means,
}

/// The runs that are open at one place of a text.
#[derive(Default)]
pub(in crate::scan) struct Runs {
    runs: Vec<Run>,
    /// The symbols since the oldest run began, one byte each, upper case as it stood there: check digits are asked for at the end.
    symbols: Vec<u8>,
}

#[derive(Clone, Copy)]
struct Run {
    /// Its place in the plan.
    on: u8,
    state: State,
    start: u64,
    /// The place of its first symbol.
    from: usize,
    means: Means,
    /// The longest value so far.
    best: Option<Value>,
    /// A longer one, if nothing behind it says that it goes on.
    waiting: Option<(Value, Class, Waiting)>,
}

#[derive(Clone, Copy)]
struct Value {
    end: u64,
    /// Its symbols end before this place.
    to: usize,
    means: Means,
}

impl Runs {
    pub(in crate::scan) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// The oldest byte from which on the text may become a value of one of these kinds.
    pub(in crate::scan) fn oldest(&self, plan: &PatternPlan, kinds: KindMask) -> Option<u64> {
        let open = self.runs.iter().filter(|run| kinds & 1 << plan.on[usize::from(run.on)].kind != 0);
        open.map(|run| run.start).min()
    }

    /// Begins as what another one is.
    pub(in crate::scan) fn copy(&mut self, other: &Self) {
        self.runs.clone_from(&other.runs);
        self.symbols.clone_from(&other.symbols);
    }

    pub(in crate::scan) fn clear(&mut self) {
        self.runs.clear();
        self.symbols.clear();
    }

    /// Whatever goes on goes through a changed place, which takes something from what is complete.
    pub(in crate::scan) fn mark(&mut self, mark: Means, taken: Means) {
        for run in &mut self.runs {
            run.means |= mark;
            if let Some((value, ..)) = &mut run.waiting {
                value.means = (value.means | mark).without(taken);
            }
        }
    }

    pub(in crate::scan) fn has_marks(&self, mark: Means) -> bool {
        self.runs.iter().any(|run| run.means.contains(mark))
    }

    /// Takes a symbol.
    pub(in crate::scan) fn take(
        &mut self,
        (plan, generation): (&PatternPlan, &Generation),
        symbol: &Symbol,
        around: Around,
        matches: &mut Vec<Match>,
    ) {
        let byte = byte_of(symbol);
        let opens = if around.goes_on { 0 } else { plan.opens[usize::from(byte)] };
        if self.runs.is_empty() && opens == 0 {
            return;
        }
        let place = self.symbols.len();
        self.symbols.push(if symbol.upper { byte.to_ascii_uppercase() } else { byte });
        let symbols = &self.symbols;
        self.runs.retain_mut(|run| {
            let on = &plan.on[usize::from(run.on)];
            run.listen(on, symbol, around.takes_hidden, symbols);
            if run.state != DEAD {
                run.means |= around.means;
                let step = on.pattern.automaton.step(run.state, byte);
                run.follow(step, symbol, place + 1);
            }
            run.is_open() || {
                matches.extend(run.found(on, generation, symbols));
                false
            }
        });
        for at in kinds_in(opens) {
            let on = &plan.on[usize::from(at)];
            if around.before.lets_begin(on.shape) {
                let mut run = Run {
                    on: at,
                    state: DEAD,
                    start: symbol.raw_start,
                    from: place,
                    means: around.begun,
                    best: None,
                    waiting: None,
                };
                run.follow(on.pattern.automaton.begin(byte), symbol, place + 1);
                self.runs.push(run);
            }
        }
        self.forget();
    }

    /// The text ends: what is complete is a value.
    pub(in crate::scan) fn finish(
        &mut self,
        (plan, generation): (&PatternPlan, &Generation),
        matches: &mut Vec<Match>,
    ) {
        for run in &mut self.runs {
            let on = &plan.on[usize::from(run.on)];
            run.settle(on, &self.symbols);
            matches.extend(run.found(on, generation, &self.symbols));
        }
        self.clear();
    }

    /// Forgets symbols that belong to no open run, now and then.
    fn forget(&mut self) {
        if self.runs.is_empty() {
            self.symbols.clear();
        } else if self.symbols.len() > 2 * LONGEST {
            let first = self.runs.iter().map(|run| run.from).min().unwrap_or(0);
            debug_assert!(self.symbols.len() - first <= LONGEST);
            self.symbols.drain(..first);
            self.runs.iter_mut().for_each(|run| run.shift(first));
        }
    }
}

impl Run {
    fn is_open(&self) -> bool {
        self.state != DEAD || self.waiting.is_some()
    }

    /// Shows a value that is complete what comes behind it.
    fn listen(&mut self, on: &On, symbol: &Symbol, takes_hidden: bool, symbols: &[u8]) {
        let Some((value, last, waiting)) = &mut self.waiting else { return };
        if takes_hidden && *waiting == Waiting::Next {
            value.end = value.end.max(symbol.raw_start);
        }
        match waiting.next(on.shape, *last, symbol) {
            Verdict::Ends => self.settle(on, symbols),
            Verdict::GoesOn => self.waiting = None,
            Verdict::Wait(next) => *waiting = next,
        }
    }

    /// The value that waits ends where it does.
    fn settle(&mut self, on: &On, symbols: &[u8]) {
        if let Some((value, ..)) = self.waiting.take()
            && !value.means.contains(Means::OPEN)
            && (on.pattern.fits)(&symbols[self.from..value.to])
        {
            self.best = Some(value);
        }
    }

    fn follow(&mut self, step: Step, symbol: &Symbol, to: usize) {
        self.state = step.state;
        if step.ends {
            let value = Value { end: symbol.raw_end, to, means: self.means };
            self.waiting = Some((value, symbol.class, Waiting::Next));
        }
    }

    fn found(&self, on: &On, generation: &Generation, symbols: &[u8]) -> Option<Match> {
        let value = self.best?;
        // Letters of other scripts are told apart by nobody: such a value is like no value of a list.
        let letter =
            |byte: &u8| if byte.is_ascii() { char::from(*byte) } else { char::REPLACEMENT_CHARACTER };
        let text: String = symbols[self.from..value.to].iter().map(letter).collect();
        Some(Match {
            start: self.start,
            end: value.end,
            kind: on.kind,
            key: generation.unlisted(on.kind, &text),
            means: Means::PATTERN | value.means,
        })
    }

    /// The first so many symbols are forgotten.
    fn shift(&mut self, by: usize) {
        self.from -= by;
        for value in self.best.iter_mut().chain(self.waiting.iter_mut().map(|(value, ..)| value)) {
            value.to -= by;
        }
    }
}

fn byte_of(symbol: &Symbol) -> u8 {
    match u8::try_from(symbol.ch) {
        Ok(byte) if byte.is_ascii() => byte,
        _ if symbol.class == Class::Run => LETTER,
        _ => OTHER,
    }
}
