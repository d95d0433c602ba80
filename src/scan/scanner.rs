//! The scanner: opens walks where keys may begin, steps them, and settles where values end.

use std::sync::Arc;

use super::block::Block;
use super::bounds::{Before, Verdict, Waiting};
use super::plan::{BARS, OPAQUE, OPENS, SPACE, SPLITS, ScanPlan, kinds_in};
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
const LONGEST_INVISIBLE: u64 = 128;

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
    run: Run,
    before: Before,
    /// A `+` or `(` that may belong to a telephone number behind it.
    sign: Option<Sign>,
    /// Raw end of the last symbol.
    symbol_end: u64,
    /// Raw bytes seen.
    seen: u64,
}

/// Which matches a caller cares about.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    /// Kinds that always count.
    pub(crate) always: KindMask,
    /// Kinds that count if the value begins at `since` or later.
    pub(crate) later: KindMask,
    pub(crate) since: Option<u64>,
}

impl Counts {
    /// The kinds that count if a value begins at `start`.
    #[inline]
    fn from(&self, start: u64) -> KindMask {
        match self.since {
            Some(since) if since <= start => self.always | self.later,
            _ => self.always,
        }
    }
}

/// A run of letters and digits that has not ended; none if its word is empty.
#[derive(Clone, Copy)]
struct Run {
    start: u64,
    word: FirstWord,
    /// There is more of it than `word` holds, or no key begins with it: whatever may open over it has done so.
    full: bool,
    /// Kinds that have opened their walks, or cannot begin here.
    opened: KindMask,
    altered: bool,
}

impl Run {
    const NONE: Self = Self { start: 0, word: FirstWord::EMPTY, full: false, opened: 0, altered: false };

    #[inline]
    fn is_open(&self) -> bool {
        self.word.len() > 0
    }

    #[inline]
    fn new(start: u64, first: char, opened: KindMask, altered: bool) -> Self {
        let mut word = FirstWord::EMPTY;
        word.push(first);
        Self { start, word, full: false, opened, altered }
    }
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
            run: Run::NONE,
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
            at += self.skip(&text.as_bytes()[at..], base + at as u64);
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

    /// The fast lane for a whole piece of text: takes it if no walk opens, and says the oldest byte that [`Self::oldest`] would. What was not taken is for
    /// [`Self::advance`].
    #[inline(always)]
    pub(crate) fn pass(&mut self, text: &str, counts: &Counts) -> (usize, Option<u64>) {
        if let Some(oldest) = self.pass_token(text.as_bytes(), counts) {
            return (text.len(), oldest);
        }
        self.pass_words(text, counts)
    }

    /// Apart from the rest, whose state stays in registers that way.
    #[inline(never)]
    fn pass_words(&mut self, text: &str, counts: &Counts) -> (usize, Option<u64>) {
        let taken = self.skip(text.as_bytes(), self.seen);
        self.seen += taken as u64;
        if taken < text.len() { (taken, None) } else { (taken, self.oldest(counts, true)) }
    }

    /// The fast lane for most tokens: at most eight bytes, the end of a word, what separates words, the beginning of another. Takes them all, or does nothing and returns
    /// `None`. Takes more than
    /// four of five four-byte pieces of prose.
    #[inline(always)]
    fn pass_token(&mut self, text: &[u8], counts: &Counts) -> Option<Option<u64>> {
        if text.is_empty() || text.len() > 8 || !self.is_idle() || self.symbol_end != self.seen {
            return None;
        }
        let (plan, run) = (&*self.plan, self.run);
        let ends = Block::read(text).ends()?;
        let goes_on = ends.tail_place == 0;

        // The word that ends or goes on.
        let mut word = run.word;
        let is_full = ends.head_length > word.room();
        word.add(ends.head, ends.head_length);
        let begins = !run.is_open() && ends.head_length > 0;
        if begins && ((ends.head as u8).is_ascii_digit() || self.before.may_bar())
            || (ends.tail as u8).is_ascii_digit() && !goes_on
        {
            return None;
        }
        let mut splits = plan.groups != 0;
        if !ends.is_plain {
            let between = &text[ends.head_length..ends.tail_place];
            let bars_tail = ends.tail != 0 && plan.class(between[between.len() - 1]) & BARS != 0;
            if bars_tail
                || between.iter().fold(0, |all, byte| all | plan.class(*byte)) & (OPENS | OPAQUE) != 0
            {
                return None;
            }
            splits |= plan.class(between[0]) & SPLITS != 0;
        }
        if (is_full || !goes_on) && !run.full && word.len() > 0 {
            let possible = if !is_full && (splits || word.ends_in_digit()) {
                let next = text[ends.head_length];
                plan.ended(&word, if plan.class(next) & SPACE != 0 { ' ' } else { next as char })
            } else {
                plan.openings().word(&word)
            };
            if possible & plan.words & !run.opened != 0 {
                return None;
            }
        }

        let mut tail = FirstWord::EMPTY;
        tail.add(ends.tail, text.len() - ends.tail_place);
        let next = Run { start: self.seen + ends.tail_place as u64, word: tail, ..Run::NONE };
        let mut next =
            if goes_on && run.is_open() { Run { word, full: run.full | is_full, ..run } } else { next };
        self.before.pass(text);
        self.seen += text.len() as u64;
        self.symbol_end = self.seen;

        if !next.is_open() || next.full {
            self.run = next;
            return Some(None);
        }
        let begin_so = plan.openings().prefix(&next.word) & plan.words & !next.opened;
        let possible = begin_so & counts.from(next.start);
        // What no key begins with stays so: nobody needs to ask about this run again.
        next.full = begin_so == 0;
        self.run = next;
        if possible != 0 && !next.word.is_short() {
            self.open_run(possible);
            return Some(self.oldest_open(counts));
        }
        Some(if possible != 0 { Some(next.start) } else { None })
    }

    /// The fast lane: takes ASCII while no walk is open and none opens; returns the bytes taken. The next byte is for [`Self::take`].
    #[inline(always)]
    fn skip(&mut self, bytes: &[u8], base: u64) -> usize {
        if !self.is_idle() || self.symbol_end != base {
            return 0;
        }
        let plan = &*self.plan;
        let mut run = self.run;
        let mut at = 0;
        'text: while at < bytes.len() {
            let block = Block::read(&bytes[at..]);
            let mut place = 0;
            while place < block.len() {
                let length = block.run_at(place);
                if length > 0 {
                    if !run.is_open() {
                        if bytes[at].is_ascii_digit() {
                            break 'text;
                        }
                        let barred = match at.checked_sub(1) {
                            Some(before) if plan.class(bytes[before]) & BARS == 0 => 0,
                            None if !self.before.may_bar() => 0,
                            _ => plan.barred(self.before.then(&bytes[..at])),
                        };
                        run = Run { start: base + at as u64, opened: barred, ..Run::NONE };
                    }
                    let room = run.word.room();
                    run.word.add(block.word_at(place, length), length);
                    if length > room && !run.full {
                        if plan.openings().word(&run.word) & plan.words & !run.opened != 0 {
                            // Its walks open before the first byte that the word has no room for.
                            at += room;
                            break 'text;
                        }
                        run.full = true;
                    }
                    (at, place) = (at + length, place + length);
                    if place == block.len() {
                        break;
                    }
                }
                let class = plan.class(bytes[at]);
                if class & OPAQUE != 0 {
                    break 'text;
                }
                if run.is_open() {
                    let possible = if class & SPLITS != 0 || plan.groups != 0 || run.word.ends_in_digit() {
                        plan.ended(&run.word, if class & SPACE != 0 { ' ' } else { bytes[at] as char })
                    } else {
                        plan.openings().word(&run.word)
                    };
                    if possible & plan.words & !run.opened != 0 && !run.full {
                        break 'text;
                    }
                    run = Run::NONE;
                }
                if class & OPENS != 0 {
                    break 'text;
                }
                (at, place) = (at + 1, place + 1);
            }
        }
        self.run = run;
        self.symbol_end = base + at as u64;
        self.before.pass(&bytes[..at]);
        at
    }

    /// No walk is open, and nothing waits.
    #[inline]
    fn is_idle(&self) -> bool {
        self.walks.is_empty() && self.endings.is_empty() && self.sign.is_none()
    }

    /// The kinds of a mask that are looked for and have not opened their walks over the run.
    #[inline]
    fn opens(&self, possible: KindMask, run: &Run) -> KindMask {
        possible & self.plan.words & !run.opened
    }

    /// The text ends here: whatever is complete is a match.
    pub(crate) fn finish(&mut self, matches: &mut Vec<Match>) {
        self.break_off(matches);
        self.symbol_end = self.seen;
    }

    /// The oldest raw byte from which on some continuation of the text would make a match that [counts](Counts). Runs that have opened no walk
    /// are asked only if `unopened`.
    #[inline(always)]
    pub(crate) fn oldest(&mut self, counts: &Counts, unopened: bool) -> Option<u64> {
        let mut oldest = None;
        let run = &self.run;
        if unopened && run.is_open() && !run.full {
            let asked = self.opens(counts.from(run.start), run);
            let possible = if asked == 0 { 0 } else { self.plan.openings().prefix(&run.word) & asked };
            if possible != 0 {
                if run.word.is_short() {
                    oldest = Some(run.start);
                } else {
                    self.open_run(possible);
                }
            }
        }
        if self.is_idle() {
            return oldest;
        }
        self.oldest_open(counts).into_iter().chain(oldest).min()
    }

    #[inline(never)]
    fn oldest_open(&self, counts: &Counts) -> Option<u64> {
        let walks = self.walks.iter().map(|walk| (walk.kind, walk.first(), walk.oldest()));
        let endings =
            self.endings.iter().map(|ending| (ending.found.kind, ending.found.start, ending.found.start));
        let sign = self.sign.zip(self.plan.phone).map(|(sign, phone)| (phone, sign.start, sign.start));
        let open = walks.chain(endings).chain(sign);
        open.filter(|(kind, first, _)| counts.from(*first) & 1 << kind != 0)
            .map(|(_, _, oldest)| oldest)
            .min()
    }

    #[inline(never)]
    fn take(&mut self, symbol: &Symbol, matches: &mut Vec<Match>) {
        if symbol.raw_start > self.symbol_end + LONGEST_INVISIBLE {
            self.break_off(matches);
        }
        let hidden = symbol.raw_start > self.symbol_end && self.symbol_end > 0;
        let goes_on = symbol.joins(self.before.class());
        if self.run.is_open() && goes_on {
            self.run.altered |= symbol.altered | hidden;
            if !self.run.full && !self.run.word.push(symbol.ch) {
                self.run.full = true;
                self.open_run(self.plan.openings().word(&self.run.word));
            }
        } else if self.run.is_open() {
            if !self.run.full {
                self.open_run(self.plan.ended(&self.run.word, symbol.ch));
            }
            self.run = Run::NONE;
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
    #[inline(never)]
    fn open_run(&mut self, possible: KindMask) {
        let run = self.run;
        let kinds = self.opens(possible, &run);
        self.run.opened |= kinds;
        let plan = &*self.plan;
        for kind in kinds_in(kinds) {
            for start in &plan.kind(kind).starts {
                let mut walk = Walk::new(kind, *start, run.start, run.start);
                let stepped = walk.take_word(plan, &run.word);
                walk.altered = run.altered;
                note_ending(&mut self.endings, &walk, &stepped, self.symbol_end, Class::Run);
                self.walks.extend(stepped.alive.then_some(walk));
            }
        }
    }

    /// Opens what begins at this symbol.
    fn begin(&mut self, symbol: &Symbol) {
        match symbol.class {
            Class::Run => {
                let barred = if self.before.may_bar() { self.plan.barred(self.before) } else { 0 };
                if symbol.is_digit() {
                    self.begin_number(symbol, self.plan.digits & !barred);
                }
                self.run = Run::new(symbol.raw_start, symbol.ch, barred, symbol.altered);
            }
            Class::Solo if symbol.opens => {
                let mut word = FirstWord::EMPTY;
                word.push(symbol.ch);
                self.begin_at(symbol, self.plan.openings().word(&word));
            }
            Class::Other => self.begin_at(symbol, self.plan.openings().other(symbol.ch)),
            Class::Solo | Class::Space => {}
        }
    }

    /// Opens the walks of the kinds of a mask at a symbol that is a word, or no word, of its own.
    fn begin_at(&mut self, symbol: &Symbol, possible: KindMask) {
        let (plan, before) = (&*self.plan, self.before);
        for kind in kinds_in(possible & plan.wanted).filter(|kind| before.lets_begin(plan.kind(*kind).shape))
        {
            for start in &plan.kind(kind).starts {
                let mut walk = Walk::new(kind, *start, symbol.raw_start, symbol.raw_start);
                let stepped = walk.follow(plan, symbol);
                walk.altered = symbol.altered;
                note_ending(&mut self.endings, &walk, &stepped, symbol.raw_end, symbol.class);
                self.walks.extend(stepped.alive.then_some(walk));
            }
        }
    }

    /// Opens the walks of kinds that begin at a digit.
    fn begin_number(&mut self, symbol: &Symbol, kinds: KindMask) {
        let Some(sign) = self.sign.filter(|_| self.plan.phone.is_some_and(|phone| kinds & 1 << phone != 0))
        else {
            return self.begin_digits(symbol, kinds, symbol.raw_start, symbol.raw_start);
        };
        let phone = self.plan.phone.map_or(0, |phone| 1 << phone);
        let first = match sign.parenthesis {
            Some(behind) if sign.end > behind => behind,
            Some(_) => symbol.raw_start,
            None => sign.start,
        };
        self.begin_digits(symbol, kinds & phone, first, sign.start);
        self.begin_digits(symbol, kinds & !phone, symbol.raw_start, symbol.raw_start);
    }

    fn begin_digits(&mut self, symbol: &Symbol, kinds: KindMask, first: u64, lead: u64) {
        let plan = &*self.plan;
        for kind in kinds_in(kinds) {
            for start in &plan.kind(kind).starts {
                let mut walk = Walk::new(kind, *start, first, lead);
                walk.altered = symbol.altered;
                let mut keep = |walk: Walk, stepped: Stepped| {
                    note_ending(&mut self.endings, &walk, &stepped, symbol.raw_end, Class::Run);
                    self.walks.extend(stepped.alive.then_some(walk));
                };
                if plan.phone == Some(kind) {
                    walk.phone(plan, symbol, keep);
                } else {
                    let stepped = walk.follow(plan, symbol);
                    keep(walk, stepped);
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
            let stepped = walk.step(&self.plan, symbol, &mut self.forks);
            walk.altered |= hidden;
            note_ending(&mut self.endings, &walk, &stepped, symbol.raw_end, symbol.class);
            if stepped.alive {
                self.walks[kept] = walk;
                kept += 1;
            }
        }
        self.walks.truncate(kept);
        self.walks.append(&mut self.forks);
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
        if self.run.is_open() && !self.run.full {
            self.open_run(self.plan.openings().word(&self.run.word));
        }
        self.settle_endings(None, matches);
        self.walks.clear();
        self.run = Run::NONE;
        self.sign = None;
        self.before = Before::NOTHING;
    }
}

fn note_ending(endings: &mut Vec<Ending>, walk: &Walk, stepped: &Stepped, end: u64, last: Class) {
    let Some(ordinal) = stepped.found else { return };
    let key = KeyId { segment: walk.segment(), ordinal };
    let found = Match { start: walk.first(), end, kind: walk.kind, key, altered: walk.altered };
    endings.push(Ending { found, last, waiting: Waiting::Next });
}
