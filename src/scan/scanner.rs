//! The scanner: opens walks where keys may begin, steps them, and settles where values end.

use std::sync::Arc;

use super::bounds::{Before, Verdict, Waiting};
use super::plan::{ScanPlan, kinds_in};
use super::walk::{Stepped, Walk};
use crate::index::{FirstWord, KeyId, KindMask};
use crate::text::{Class, Symbol, symbol_at};

/// A known value that stands in the text, at its raw bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Match {
    pub(crate) start: u64,
    pub(crate) end: u64,
    /// The place of the kind.
    pub(crate) kind: u8,
    pub(crate) key: KeyId,
    /// More than case was folded.
    pub(crate) altered: bool,
}

/// More raw bytes than this that fold to nothing, between two symbols, end every walk.
const LONGEST_INVISIBLE: u64 = 256;

/// Scans one channel.
///
/// A run of letters and digits stays *unopened* while it lasts: only its first bytes are kept. When it ends, is full, or when somebody asks what could still become a
/// match, [`Openings`](crate::index::Openings) say which kinds may have a key that begins so, and only those open walks, which take
/// the kept bytes at once. Ordinary words therefore never touch the index.
pub(crate) struct Scanner {
    plan: Arc<ScanPlan>,
    walks: Vec<Walk>,
    forks: Vec<Walk>,
    endings: Vec<Ending>,
    run: Option<Run>,
    before: Before,
    /// A `+` or `(` that may belong to a telephone number behind it.
    sign: Option<Sign>,
    /// Raw end of the last symbol.
    symbol_end: u64,
    /// Raw bytes seen.
    seen: u64,
}

/// A run of letters and digits that has not ended.
#[derive(Clone, Copy)]
struct Run {
    start: u64,
    word: FirstWord,
    /// There is more of it than `word` holds.
    full: bool,
    /// Kinds that have opened their walks, or cannot begin here.
    opened: KindMask,
    altered: bool,
}

#[derive(Clone, Copy)]
struct Sign {
    start: u64,
    end: u64,
    /// The first of the signs is a parenthesis, and where it ends.
    parenthesis: Option<u64>,
}

/// A value that is complete, and may turn out to be the beginning of something longer.
#[derive(Clone, Copy)]
struct Ending {
    found: Match,
    last: Class,
    waiting: Waiting,
}

impl Scanner {
    pub(crate) fn new(plan: Arc<ScanPlan>) -> Self {
        Self {
            plan,
            walks: Vec::new(),
            forks: Vec::new(),
            endings: Vec::new(),
            run: None,
            before: Before::NOTHING,
            sign: None,
            symbol_end: 0,
            seen: 0,
        }
    }

    /// Raw bytes seen.
    pub(crate) fn seen(&self) -> u64 {
        self.seen
    }

    /// Takes text up to its end or the first symbol that yields matches, which go to `matches`; returns how many bytes were taken.
    pub(crate) fn advance(&mut self, text: &str, matches: &mut Vec<Match>) -> usize {
        let base = self.seen;
        let mut at = 0;
        while at < text.len() && matches.is_empty() {
            at += self.skip_words(&text.as_bytes()[at..], base + at as u64);
            if at == text.len() {
                break;
            }
            at += symbol_at(text, at, base, |symbol| self.take(&symbol, matches));
        }
        self.seen = base + at as u64;
        if self.seen - self.symbol_end.min(self.seen) > LONGEST_INVISIBLE {
            self.break_off(matches);
        }
        at
    }

    /// The fast lane: while nothing is open, ASCII letters and digits only lengthen or begin a run.
    fn skip_words(&mut self, bytes: &[u8], base: u64) -> usize {
        let Some(run) = &mut self.run else { return 0 };
        if !self.walks.is_empty() || !self.endings.is_empty() || self.before.class() != Class::Run {
            return 0;
        }
        let mut taken = 0;
        for byte in bytes {
            let folded = byte.to_ascii_lowercase();
            let is_letter = folded.is_ascii_lowercase() || folded.is_ascii_digit();
            if !is_letter || self.symbol_end != base + taken as u64 || !(run.full || run.word.push(folded as char)) {
                break;
            }
            taken += 1;
            self.symbol_end += 1;
            self.before.push_word(folded as char);
        }
        taken
    }

    /// The text ends here: whatever is complete is a match.
    pub(crate) fn finish(&mut self, matches: &mut Vec<Match>) {
        self.break_off(matches);
        self.symbol_end = self.seen;
    }

    /// The oldest raw byte from which on some continuation of the text would make a match of a kind that `counts`, given the place of
    /// the kind and the raw byte where the value begins. Kinds outside `unopened` are not asked about runs that have opened no walk.
    pub(crate) fn oldest(&mut self, unopened: KindMask, counts: impl Fn(u8, u64) -> bool) -> Option<u64> {
        let mut in_run = None;
        if let Some(run) = self.run.filter(|run| !run.full) {
            let asked = kinds_in(unopened & self.plan.wanted & !self.plan.digits & !run.opened);
            let asked = asked.filter(|kind| counts(*kind, run.start)).fold(0, |mask, kind| mask | 1 << kind);
            let possible = if asked == 0 { 0 } else { self.plan.openings().prefix(&run.word) & asked };
            if possible != 0 {
                if run.word.is_short() {
                    in_run = Some(run.start);
                } else {
                    self.open_run(possible);
                }
            }
        }
        let walks = self.walks.iter().map(|walk| (walk.kind, walk.first(), walk.oldest()));
        let endings = self.endings.iter().map(|ending| (ending.found.kind, ending.found.start, ending.found.start));
        let sign = self.sign.zip(self.plan.phone).map(|(sign, phone)| (phone, sign.start, sign.start));
        let open = walks.chain(endings).chain(sign).filter(|(kind, first, _)| counts(*kind, *first));
        open.map(|(_, _, oldest)| oldest).chain(in_run).min()
    }

    fn take(&mut self, symbol: &Symbol, matches: &mut Vec<Match>) {
        if symbol.raw_start > self.symbol_end + LONGEST_INVISIBLE {
            self.break_off(matches);
        }
        let hidden = symbol.raw_start > self.symbol_end && self.symbol_end > 0;
        let goes_on = symbol.joins(self.before.class());
        match &mut self.run {
            Some(run) if goes_on => {
                run.altered |= symbol.altered | hidden;
                if !run.full && !run.word.push(symbol.ch) {
                    run.full = true;
                    let whole = self.plan.openings().word(&run.word);
                    self.open_run(whole);
                }
            }
            Some(run) => {
                let after_digit = self.before.is_digit();
                if !run.full {
                    let possible = self.plan.ended(&run.word, Some(symbol.ch), after_digit);
                    self.open_run(possible);
                }
                self.run = None;
            }
            None => {}
        }
        self.settle_endings(Some(symbol), matches);
        self.step_walks(symbol, hidden);
        if !goes_on {
            self.begin(symbol);
        }
        self.sign = self.sign_after(symbol);
        self.before.push(symbol);
        self.symbol_end = symbol.raw_end;
        debug_assert!(self.walks.len() <= self.plan.most_walks());
    }

    /// Lets the kinds of a mask that have not done so yet open their walks over the run.
    fn open_run(&mut self, possible: KindMask) {
        let Some(run) = &mut self.run else { return };
        let kinds = possible & self.plan.wanted & !self.plan.digits & !run.opened;
        run.opened |= kinds;
        let run = *run;
        let plan = Arc::clone(&self.plan);
        for kind in kinds_in(kinds) {
            for start in &plan.kind(kind).starts {
                let mut walk = Walk::new(kind, *start, run.start, run.start);
                let stepped = walk.take_word(&plan, &run.word);
                walk.altered = run.altered;
                self.keep(walk, &stepped, self.symbol_end, Class::Run);
            }
        }
    }

    /// Opens what begins at this symbol.
    fn begin(&mut self, symbol: &Symbol) {
        let lets_begin = |kind: u8| self.before.lets_begin(self.plan.kind(kind).shape);
        match symbol.class {
            Class::Run => {
                let barred = kinds_in(self.plan.wanted).filter(|kind| !lets_begin(*kind));
                let barred = barred.fold(0, |mask, kind| mask | 1 << kind);
                if symbol.is_digit() {
                    self.begin_number(symbol, self.plan.digits & !barred);
                }
                let mut word = FirstWord::default();
                word.push(symbol.ch);
                let altered = symbol.altered;
                self.run = Some(Run { start: symbol.raw_start, word, full: false, opened: barred, altered });
            }
            Class::Solo if symbol.opens => {
                let mut word = FirstWord::default();
                word.push(symbol.ch);
                self.begin_at(symbol, self.plan.openings().word(&word));
            }
            Class::Other => self.begin_at(symbol, self.plan.openings().other(symbol.ch)),
            Class::Solo | Class::Space => {}
        }
    }

    /// Opens the walks of the kinds of a mask at a symbol that is a word, or no word, of its own.
    fn begin_at(&mut self, symbol: &Symbol, possible: KindMask) {
        let (plan, before) = (Arc::clone(&self.plan), self.before);
        for kind in kinds_in(possible & plan.wanted).filter(|kind| before.lets_begin(plan.kind(*kind).shape)) {
            for start in &plan.kind(kind).starts {
                let mut walk = Walk::new(kind, *start, symbol.raw_start, symbol.raw_start);
                let stepped = walk.follow(&plan, symbol);
                walk.altered = symbol.altered;
                self.keep(walk, &stepped, symbol.raw_end, symbol.class);
            }
        }
    }

    fn begin_number(&mut self, symbol: &Symbol, kinds: KindMask) {
        let plan = Arc::clone(&self.plan);
        for kind in kinds_in(kinds) {
            for start in &plan.kind(kind).starts {
                if plan.phone == Some(kind) {
                    let (first, lead) = match self.sign {
                        Some(Sign { start, end, parenthesis: Some(behind) }) => {
                            (if end > behind { behind } else { symbol.raw_start }, start)
                        }
                        Some(sign) => (sign.start, sign.start),
                        None => (symbol.raw_start, symbol.raw_start),
                    };
                    let mut walk = Walk::new(kind, *start, first, lead);
                    walk.altered = symbol.altered;
                    walk.phone(&plan, symbol, |walk, stepped| self.keep(walk, &stepped, symbol.raw_end, Class::Run));
                } else {
                    let mut walk = Walk::new(kind, *start, symbol.raw_start, symbol.raw_start);
                    let stepped = walk.follow(&plan, symbol);
                    walk.altered = symbol.altered;
                    self.keep(walk, &stepped, symbol.raw_end, Class::Run);
                }
            }
        }
    }

    fn sign_after(&self, symbol: &Symbol) -> Option<Sign> {
        self.plan.phone?;
        let (start, end) = (symbol.raw_start, symbol.raw_end);
        match (symbol.ch, self.sign) {
            ('+', Some(sign)) if sign.parenthesis == Some(sign.end) => Some(Sign { end, ..sign }),
            ('+', _) => Some(Sign { start, end, parenthesis: None }),
            ('(', _) => Some(Sign { start, end, parenthesis: Some(end) }),
            _ => None,
        }
    }

    fn step_walks(&mut self, symbol: &Symbol, hidden: bool) {
        let mut kept = 0;
        for at in 0..self.walks.len() {
            let mut walk = self.walks[at];
            let stepped = walk.step(&self.plan, symbol);
            walk.altered |= hidden;
            self.note_ending(&walk, &stepped, symbol.raw_end, symbol.class);
            self.forks.extend(stepped.fork);
            if stepped.alive {
                self.walks[kept] = walk;
                kept += 1;
            }
        }
        self.walks.truncate(kept);
        self.walks.append(&mut self.forks);
    }

    fn keep(&mut self, walk: Walk, stepped: &Stepped, end: u64, last: Class) {
        self.note_ending(&walk, stepped, end, last);
        if stepped.alive {
            self.walks.push(walk);
        }
    }

    fn note_ending(&mut self, walk: &Walk, stepped: &Stepped, end: u64, last: Class) {
        let Some(ordinal) = stepped.found else { return };
        let key = KeyId { segment: walk.segment(), ordinal };
        let found = Match { start: walk.first(), end, kind: walk.kind, key, altered: walk.altered };
        self.endings.push(Ending { found, last, waiting: Waiting::Next });
    }

    /// Shows complete values what comes next, or that nothing does.
    fn settle_endings(&mut self, symbol: Option<&Symbol>, matches: &mut Vec<Match>) {
        if self.endings.is_empty() {
            return;
        }
        let first = matches.len();
        self.endings.retain_mut(|ending| {
            let verdict = match symbol {
                Some(symbol) => {
                    let shape = self.plan.kind(ending.found.kind).shape;
                    if ending.waiting == Waiting::Next {
                        // What folds to nothing behind a value belongs to it.
                        ending.found.end = ending.found.end.max(symbol.raw_start);
                    }
                    ending.waiting.next(shape, ending.last, symbol)
                }
                None => Verdict::Ends,
            };
            match verdict {
                Verdict::Ends => matches.push(ending.found),
                Verdict::Wait(waiting) => ending.waiting = waiting,
                Verdict::GoesOn => {}
            }
            matches!(verdict, Verdict::Wait(_))
        });
        // Of matches that end together, the longest first.
        matches[first..].sort_by_key(|found| (found.end, found.start, found.kind, found.key));
        matches.dedup();
    }

    /// Ends everything as the end of the text does.
    fn break_off(&mut self, matches: &mut Vec<Match>) {
        if let Some(run) = self.run.filter(|run| !run.full) {
            let possible = self.plan.ended(&run.word, None, self.before.is_digit());
            self.open_run(possible);
        }
        self.settle_endings(None, matches);
        self.walks.clear();
        self.run = None;
        self.sign = None;
        self.before = Before::NOTHING;
    }
}
