//! The scanner: opens walks where keys may begin, steps them, and settles where values end.

mod begin;
mod candidate;
mod encoded;
mod fast;
mod held;
mod hints;
mod lane;
mod slips;
mod spelled;
mod waits;

use std::sync::Arc;

use slips::{Slip, Slips, Tail};

use super::Means;
use super::bounds::{Before, Verdict, Waiting};
use super::cadence::Cadence;
use super::patterns::{Around, Runs};
use super::plan::{ScanPlan, Start, kinds_in};
use super::views::{self, Views};
use super::walk::{Fork, Stepped, Walk};
use crate::identifier::{Between, Shape};
use crate::index::{FirstWord, KeyId, KindMask, NO_KIND, READING};
use crate::text::reading::{Emphasis, Hidden, Piece, Signs};
use crate::text::{Class, Symbol, symbols_of};
use encoded::Encoded;
use lane::Lane;
use spelled::Spelled;
pub(super) use spelled::folded;

/// A known value that stands in the text, at its raw bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Match {
    pub(crate) start: u64,
    pub(crate) end: u64,
    /// The place of the kind.
    pub(crate) kind: u8,
    pub(crate) key: KeyId,
    pub(crate) means: Means,
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
    forks: Vec<Fork>,
    endings: Vec<Ending>,
    /// What the fast lane knows; if it took the text so far, no walk is open, and `run` is not up to date.
    lane: Lane,
    run: Run,
    /// The word at the end, as far as the fast lane keeps it: only if it may have a slip.
    tail: Tail,
    before: Before,
    /// Nothing but spaces and signs of a quotation has come in this line: known where something may go on from the line before.
    in_margin: bool,
    slips: Slips,
    /// Whether the text says that something is hidden.
    hidden: Hidden,
    /// A `+` or `(` that may belong to a telephone number behind it.
    sign: Option<Sign>,
    patterns: Runs,
    cadence: Cadence,
    /// Raw end of the last symbol.
    symbol_end: u64,
    /// Raw bytes seen.
    seen: u64,
    /// A word that may be the beginning of encoded text.
    encoded: Encoded,
    /// Letters that may be something that is spelled.
    spelled: Spelled,
    /// Values that were found when a word was read that had waited.
    late: Vec<Match>,
    /// What of the text is read otherwise; none has been needed if `None`.
    pub(super) views: Option<Box<Views>>,
    /// What this scanner is fed, if it is a view, and how deep it is.
    pub(super) reads: Option<views::Kind>,
    pub(super) depth: u8,
    /// The means of the view: marks what goes through a changed place.
    means: Means,
    /// The mark of the character at hand.
    mark: Means,
    /// The mark of the character before it, or of what was left out there.
    mark_before: Means,
    /// What was left out there is a part of a word, or may be, so that what comes begins only where it is left out.
    frees: bool,
    /// The run that the character at hand has ended.
    closed: Option<Run>,
    /// Up to this raw byte numbers may stand for characters, since the text says so.
    pub(super) announced: u64,
}

/// Which matches a caller cares about.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    /// Kinds that always count.
    pub(crate) always: KindMask,
    /// Kinds that count if the value begins at `since` or later.
    pub(crate) later: KindMask,
    pub(crate) since: Option<u64>,
    /// Kinds whose patterns count.
    pub(crate) patterns: KindMask,
    /// Strong kinds whose hints count if they begin at `since` or later.
    pub(crate) hints: KindMask,
}

impl Counts {
    /// Everything counts.
    pub(crate) const ALL: Self =
        Self { always: KindMask::MAX, later: 0, since: None, patterns: KindMask::MAX, hints: 0 };

    /// Every known value counts.
    pub(crate) const KNOWN: Self = Self { patterns: 0, ..Self::ALL };

    /// Every pattern counts.
    pub(crate) const PATTERNS: Self = Self { always: 0, ..Self::ALL };

    /// The same, where some kinds never count alone.
    fn weakly(&self, weak: KindMask) -> Self {
        Self { always: self.always & !weak, later: self.later | weak & self.hints, ..*self }
    }

    /// Whether anything counts, wherever it begins.
    #[inline]
    pub(super) fn anything(&self) -> bool {
        self.always | self.patterns != 0 || self.since.is_some() && self.later != 0
    }

    /// The kinds that count if a value begins at `start`.
    #[inline]
    pub(super) fn from(&self, start: u64) -> KindMask {
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
    /// What becomes of it if its word has a slip.
    slip: Slip,
    means: Means,
    /// There is more of it than `word` holds.
    word_is_cut: bool,
    /// That more, as long as it goes on as a word that stands for a number or a letter.
    rest: FirstWord,
    /// It has gone on so.
    may_stand: bool,
    /// Where it ended, if it has.
    end: u64,
}

impl Run {
    const NONE: Self = Self {
        start: 0,
        word: FirstWord::EMPTY,
        full: false,
        opened: 0,
        slip: Slip::NONE,
        means: Means::EXACT,
        word_is_cut: false,
        rest: FirstWord::EMPTY,
        may_stand: false,
        end: 0,
    };

    #[inline]
    fn is_open(&self) -> bool {
        self.word.len() > 0
    }

    /// Its word and the rest, as far as they are kept.
    fn text<'a>(&self, buffer: &'a mut [u8; 16]) -> &'a str {
        let bytes = self.word.bytes().chain(self.rest.bytes());
        let length = buffer.iter_mut().zip(bytes).map(|(byte, of)| *byte = of).count();
        std::str::from_utf8(&buffer[..length]).unwrap_or_default()
    }

    #[inline]
    fn new(start: u64, first: char, opened: KindMask, slip: Slip, means: Means) -> Self {
        let mut word = FirstWord::EMPTY;
        word.push(first);
        Self { start, word, opened, slip, means, ..Self::NONE }
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
            lane: Lane::default(),
            run: Run::NONE,
            tail: Tail::NONE,
            before: Before::NOTHING,
            in_margin: false,
            hidden: Hidden::No,
            slips: Slips::default(),
            sign: None,
            patterns: Runs::default(),
            cadence: Cadence::default(),
            symbol_end: 0,
            seen: 0,
            encoded: Encoded::default(),
            spelled: Spelled::default(),
            late: Vec::new(),
            views: None,
            reads: None,
            depth: 0,
            means: Means::EXACT,
            mark: Means::EXACT,
            mark_before: Means::EXACT,
            frees: false,
            closed: None,
            announced: 0,
        }
    }

    /// A scanner for a view of this one.
    pub(super) fn below(&self, reads: views::Kind, means: Means) -> Self {
        let scanner = Self::new(Arc::clone(&self.plan));
        Self { reads: Some(reads), depth: self.depth + 1, means: means | self.means, ..scanner }
    }

    /// The mark of what goes through a changed place.
    pub(super) fn means(&self) -> Means {
        self.means
    }

    pub(super) fn plan(&self) -> &ScanPlan {
        &self.plan
    }

    /// Forgets everything.
    pub(super) fn begin_anew(&mut self) {
        self.walks.clear();
        self.endings.clear();
        self.run = Run::NONE;
        self.before = Before::NOTHING;
        self.in_margin = false;
        self.hidden = Hidden::No;
        self.sign = None;
        self.patterns.clear();
        self.symbol_end = 0;
        self.encoded.forget();
        self.spelled.forget();
        (self.mark_before, self.frees) = (Means::EXACT, false);
        self.slips.break_off();
        self.views.iter_mut().for_each(|views| views.sleep());
    }

    /// Stands where another scanner does.
    pub(super) fn copy(&mut self, other: &Self) {
        self.walks.clone_from(&other.walks);
        self.endings.clone_from(&other.endings);
        // What has a slip is the other's.
        self.run = Run { slip: Slip::NONE, ..other.run };
        self.slips.break_off();
        self.before = other.before;
        self.in_margin = other.in_margin;
        self.hidden = other.hidden;
        self.sign = other.sign;
        self.patterns.copy(&other.patterns);
        self.symbol_end = other.symbol_end;
        (self.mark_before, self.frees) = (Means::EXACT, false);
    }

    /// Calls `each` with the end and the kind of the values that are complete, or may be, and may still turn out to go on.
    pub(crate) fn complete(&self, each: &mut dyn FnMut(u64, u8)) {
        self.endings.iter().for_each(|ending| each(ending.found.end, ending.found.kind));
        self.views.iter().for_each(|views| views.complete(each));
        // In the text itself the next character ends a word. What is read may come later than what stands behind it.
        if self.depth > 0 && self.run.is_open() && !self.run.full {
            let kinds = self.opens(self.plan.openings().word(&self.run.word), &self.run) & !NO_KIND;
            kinds_in(kinds).for_each(|kind| each(self.symbol_end, kind));
        }
    }

    /// Raw bytes seen.
    pub(crate) fn seen(&self) -> u64 {
        self.seen
    }

    /// Takes text up to its end or the first character that yields matches, which go to `matches`; returns how many bytes were taken.
    pub(crate) fn advance(&mut self, text: &str, matches: &mut Vec<Match>) -> usize {
        self.leave_lane();
        matches.append(&mut self.late);
        let base = self.seen;
        let mut at = 0;
        while at < text.len() && matches.is_empty() {
            let plain = self.pass_plain(&text.as_bytes()[at..], base + at as u64);
            self.in_margin &= plain == 0;
            at += plain;
            let Some(ch) = text[at..].chars().next() else { break };
            let (start, end) = (base + at as u64, base + (at + ch.len_utf8()) as u64);
            self.seen = end;
            self.read(Piece::raw(ch, start, end), matches);
            at += ch.len_utf8();
        }
        self.seen = base + at as u64;
        if self.seen - self.symbol_end.min(self.seen) > LONGEST_INVISIBLE {
            self.break_off(matches);
        }
        at
    }

    /// Reads a character of the text, or of a reading of it.
    pub(super) fn read(&mut self, piece: Piece, matches: &mut Vec<Match>) {
        let first = matches.len();
        let reads = self.plan.reads;
        let mark = self.means.when(piece.changed);
        match piece.ch {
            None => {
                if piece.end > self.symbol_end + LONGEST_INVISIBLE {
                    self.break_off(matches);
                }
                self.leave_out(mark, piece.emphasis);
            }
            Some(ch) => {
                if piece.start > self.symbol_end + LONGEST_INVISIBLE {
                    self.break_off(matches);
                }
                if reads {
                    if let Some(views) = self.views.as_mut().filter(|_| ch.is_ascii_alphabetic()) {
                        views.expect_sign(ch as u8);
                    }
                    if !ch.is_ascii_alphabetic() {
                        self.open_views(ch);
                    } else if !self.walks.is_empty() && !self.is_in_word() {
                        self.open_said(ch);
                    }
                    self.begin_encoded(ch);
                }
                self.in_margin = ch == '\n' || self.in_margin && (ch.is_whitespace() || ch == '>');
                self.mark = mark;
                symbols_of(ch, piece.start, piece.end, |symbol| self.take(&symbol, matches));
                (self.mark, self.mark_before, self.frees) = (Means::EXACT, mark, mark != Means::EXACT);
                if reads {
                    let may_stand_for_another = |run: &Run| {
                        run.may_stand
                            || !run.word_is_cut && self.plan.openings().word(&run.word) & READING != 0
                    };
                    if let Some(run) = self.closed.take().filter(may_stand_for_another) {
                        let mut word = [0; 16];
                        let word = run.text(&mut word);
                        self.open_behind(word, (run.start, run.end), matches);
                    }
                    self.read_encoded(piece, ch, matches);
                    self.read_spelled(piece, ch, matches);
                }
            }
        }
        if let Some(views) = &mut self.views {
            views.read(piece, matches);
            if matches.len() > first + 1 {
                sort(&mut matches[first..]);
                matches.dedup();
            }
        }
    }

    /// Something was left out here: whatever goes on goes through a changed place.
    fn leave_out(&mut self, mark: Means, emphasis: Option<Emphasis>) {
        let closed = Means::OPEN.when(emphasis == Some(Emphasis::Ends));
        self.walks.iter_mut().for_each(|walk| walk.means = (walk.means | mark).without(closed));
        for ending in &mut self.endings {
            ending.found.means = (ending.found.means | mark).without(closed);
        }
        if self.run.is_open() {
            self.run.means = (self.run.means | mark).without(closed);
        }
        self.patterns.mark(mark, closed);
        self.mark_before = mark | Means::OPEN.when(emphasis == Some(Emphasis::Begins));
        // Other markup stands apart from words as it is.
        let is_apart = matches!(self.reads, Some(views::Kind::Markup | views::Kind::Breaks));
        self.frees |= emphasis.is_some() || !is_apart;
    }

    /// Whether something is marked that may still become a value.
    pub(super) fn has_marks(&mut self) -> bool {
        let own = self.means;
        let is_marked = |means: Means| means.contains(own);
        is_marked(self.mark_before) && self.frees
            || self.patterns.has_marks(self.means)
            || self.walks.iter().any(|walk| is_marked(walk.means))
            || self.endings.iter().any(|ending| is_marked(ending.found.means))
            || is_marked(self.run.means) && self.may_open_run()
            || self.views.as_ref().is_some_and(|views| views.awake() > 0)
    }

    /// Whether words run together in what this scanner reads.
    fn is_glued(&self) -> bool {
        self.reads == Some(views::Kind::Letters)
    }

    /// Behind a sign of arithmetic or a decimal point, where a number is a number.
    pub(super) fn is_in_sum(&self) -> bool {
        self.before.is_behind_operator()
    }

    /// Where the last symbol ends.
    pub(super) fn place(&self) -> u64 {
        self.symbol_end
    }

    /// Whether nothing but spaces and signs of a quotation has come in this line.
    pub(super) fn is_in_margin(&self) -> bool {
        self.in_margin
    }

    /// Whether the last character is no space.
    pub(super) fn is_behind_text(&self) -> bool {
        self.before.class() != Class::Space
    }

    /// Whether the last character is one of a word.
    pub(super) fn is_in_word(&self) -> bool {
        self.before.class() == Class::Run
    }

    /// Whether the word that is open ends in a letter.
    pub(super) fn is_behind_letter(&self) -> bool {
        self.run.is_open() && !self.run.word.ends_in_digit()
    }

    pub(super) fn is_name(&self, kind: u8) -> bool {
        self.plan.kind(kind).shape == Shape::Name
    }

    /// Whether something is alive that could go on behind a line break. What is read otherwise has no slips.
    pub(super) fn awaits_rest(&mut self) -> bool {
        self.walks.iter().any(|walk| !walk.means.contains(Means::SIMILAR)) || self.may_open_run()
    }

    /// Whether something is alive that could go on behind markup.
    pub(super) fn has_begun(&mut self) -> bool {
        self.awaits_rest() || !self.endings.is_empty() || self.sign.is_some() || !self.patterns.is_empty()
    }

    /// Whether a key begins with the word that is open, or goes on in its walks. Of a word that is cut, by its length or since the fast
    /// lane has seen that none begins so, nothing is known but its walks.
    fn may_open_run(&mut self) -> bool {
        let run = self.run;
        if !run.is_open() || run.full || run.word_is_cut {
            return false;
        }
        let kinds = self.opens(self.plan.openings().prefix(&run.word), &run);
        let goes_on = kinds != 0 && self.goes_on(kinds);
        // As where it is asked what has to be held: what is asked first does not matter.
        self.run.full = !goes_on && !self.plan.may_announce(&run.word);
        goes_on
    }

    /// Whether a walk is alive that digits could go on with.
    pub(super) fn awaits_digit(&self) -> bool {
        let plan = &self.plan;
        self.walks.iter().any(|walk| plan.kind(walk.kind).gaps.between == Between::Characters)
    }

    /// The signs such as `@` with which a walk could go on that is alive if the word ends before this character.
    pub(super) fn awaited_signs(&mut self, ch: char) -> Signs {
        if self.run.is_open() && !self.run.full {
            let plan = &self.plan;
            self.open_run(plan.ended(&self.run.word, ch) & plan.signed);
        }
        self.walks.iter().fold(Signs::NONE, |all, walk| all.or(walk.awaited_signs(&self.plan)))
    }

    /// No walk is open, nothing waits, and the fast lane is open.
    #[inline]
    fn is_idle(&self) -> bool {
        self.is_plain() && !self.encoded.is_plausible()
    }

    /// The same, but for a word that may be encoded.
    #[inline]
    fn is_plain(&self) -> bool {
        self.walks.is_empty()
            && self.endings.is_empty()
            && self.sign.is_none()
            && self.hidden.is_no()
            && self.slips.are_idle()
            && self.views.as_ref().is_none_or(|views| views.awake() == 0)
            && self.patterns.is_empty()
            && self.late.is_empty()
            && !self.plan.leaves_lane()
            && !self.run.may_stand
    }

    /// In a blind cadence, where what is held begins.
    #[inline]
    pub(crate) fn piece(&self) -> Option<u64> {
        if self.plan.blind { self.cadence.oldest() } else { None }
    }

    /// The kinds of a mask that are looked for and have not opened their walks over the run.
    #[inline]
    fn opens(&self, possible: KindMask, run: &Run) -> KindMask {
        let words = self.plan.words & !run.opened;
        possible & if self.may_read_words() { words } else { words & !READING }
    }

    /// Whether what is said or spelled is read behind a word of this scanner.
    fn may_read_words(&self) -> bool {
        self.depth == 0
            || [views::Kind::Words, views::Kind::Letters].into_iter().any(|kind| self.may_ever_view(kind))
    }

    /// The text ends here: whatever is complete is a match.
    pub(crate) fn finish(&mut self, matches: &mut Vec<Match>) {
        self.leave_lane();
        matches.append(&mut self.late);
        self.break_off(matches);
        self.symbol_end = self.seen;
    }

    #[inline(never)]
    fn take(&mut self, symbol: &Symbol, matches: &mut Vec<Match>) {
        let hidden = self.depth == 0 && symbol.raw_start > self.symbol_end && self.symbol_end > 0;
        let goes_on = symbol.joins(self.before.class());
        if self.remembers() {
            self.remember(symbol);
        }
        let (mut may_slip, mut ended) = (None, None);
        let shown = self.plan.has_hints() && self.follow_hidden(symbol, goes_on);
        if self.run.is_open() && goes_on {
            self.run.means |= symbol_means(symbol) | Means::FOLDED.when(hidden) | self.mark;
            let fits = !self.run.word_is_cut && self.run.word.push(symbol.ch);
            self.run.word_is_cut = !fits;
            self.go_on_slip(symbol);
            if !fits && !self.run.slip.long {
                may_slip = Some(self.run);
                self.run.slip.long = true;
            }
            if !self.run.full && !fits {
                self.run.full = true;
                self.open_run(self.plan.openings().word(&self.run.word));
                self.run.may_stand = self.plan.reads && self.may_read_words();
            }
            if !fits && self.run.may_stand {
                let has_room = self.run.rest.push(symbol.ch);
                self.run.may_stand = has_room && self.plan.may_open(self.run.text(&mut [0; 16]));
            }
        } else if self.run.is_open() {
            if !self.run.full {
                self.open_run(self.plan.ended(&self.run.word, symbol.ch));
            }
            may_slip = Some(self.run).filter(|run| !run.slip.long);
            ended = Some(self.run);
            self.closed = Some(Run { end: self.symbol_end, ..self.run });
            self.run = Run::NONE;
        }
        self.open_waiting(symbol);
        if self.walks.is_empty() && self.slips.are_settled() {
            self.slips.alive = 0;
            self.settle_endings(Some(symbol), matches);
        } else {
            // A slip may show only now that a value has ended before this symbol.
            std::mem::swap(&mut self.endings, &mut self.slips.fresh);
            self.step_walks(symbol, hidden);
            std::mem::swap(&mut self.endings, &mut self.slips.fresh);
            self.settle_endings(Some(symbol), matches);
            self.endings.append(&mut self.slips.fresh);
        }
        if let Some(run) = may_slip {
            self.wait_for_slips(&run, symbol);
        }
        if self.slips.names() {
            self.follow_name(ended, symbol);
        }
        // Where a word begins in what is spelled nobody knows.
        if !goes_on || self.is_glued() {
            self.begin(symbol);
        }
        if shown {
            self.open_ends(symbol);
        }
        self.sign = self.sign_after(symbol);
        if !self.plan.patterns.is_empty() && !self.is_glued() {
            let around = Around {
                before: self.before,
                goes_on,
                takes_hidden: self.depth == 0,
                begun: self.means_of(symbol),
                means: symbol_means(symbol) | Means::FOLDED.when(hidden) | self.mark,
            };
            let first = matches.len();
            let plan = (&self.plan.patterns, self.plan.generation());
            self.patterns.take(plan, symbol, around, matches);
            if matches.len() > first {
                sort(&mut matches[first..]);
                matches.dedup();
            }
        }
        if self.plan.blind && self.depth == 0 {
            self.cadence.take(symbol);
        }
        self.before.push(symbol);
        self.symbol_end = symbol.raw_end;
        debug_assert!(self.is_glued() || self.walks.len() <= self.plan.most_walks());
    }

    fn step_walks(&mut self, symbol: &Symbol, hidden: bool) {
        let mut kept = 0;
        let is_similar = self.depth == 0 && self.plan.similar.is_some();
        let partial = if self.depth == 0 { self.plan.partial | self.plan.heads } else { 0 };
        self.slips.alive = 0;
        if self.is_glued() {
            for at in 0..self.walks.len() {
                let behind_space = self.walks[at].behind_space(&self.plan);
                self.walks.extend(behind_space);
            }
        }
        for at in 0..self.walks.len() {
            let before = self.walks[at];
            let mut walk = before;
            let stepped = walk.step(&self.plan, symbol, &mut self.forks);
            walk.means |= Means::FOLDED.when(hidden) | self.mark;
            let is_slip = walk.means.contains(Means::SIMILAR);
            if !is_slip {
                note_ending(&mut self.endings, &walk, &stepped, symbol.raw_end, symbol.class);
            } else if stepped.found.is_some() {
                self.end_slip(&walk, &stepped, symbol);
            }
            // What is complete may have one more letter.
            let lingers =
                is_similar && walk.may_slip() && stepped.found.is_some() && self.plan.has_slips(walk.kind);
            if stepped.alive || lingers {
                self.walks[kept] = walk;
                kept += 1;
                self.slips.alive += usize::from(is_slip);
            } else if is_similar && !is_slip {
                match self.plan.has_several_segments() {
                    true => self.slips.ended.push(before),
                    false => self.slip_away(&before, Some(symbol)),
                }
            }
            if partial & 1 << walk.kind != 0 && !stepped.alive && stepped.found.is_none() {
                self.break_short(&before, Some(symbol));
            }
        }
        self.walks.truncate(kept);
        if !self.slips.ended.is_empty() {
            self.slip_away_everywhere(Some(symbol));
        }
        for (mut walk, stepped) in self.forks.drain(..) {
            walk.means |= Means::FOLDED.when(hidden) | self.mark;
            note_ending(&mut self.endings, &walk, &stepped, symbol.raw_end, symbol.class);
            self.walks.extend(stepped.alive.then_some(walk));
        }
        self.walks.append(&mut self.slips.forked);
    }

    /// Shows complete values what comes next, or that nothing does.
    fn settle_endings(&mut self, symbol: Option<&Symbol>, matches: &mut Vec<Match>) {
        if self.endings.is_empty() {
            return;
        }
        let (first, depth) = (matches.len(), self.depth);
        self.endings.retain_mut(|ending| {
            let verdict = match symbol {
                Some(symbol) => {
                    let shape = self.plan.kind(ending.found.kind).shape;
                    if ending.waiting == Waiting::Next && depth == 0 {
                        // What folds to nothing behind a value belongs to it.
                        ending.found.end = ending.found.end.max(symbol.raw_start);
                    }
                    ending.waiting.next(shape, ending.last, symbol)
                }
                None if ending.waiting == Waiting::FullStop => Verdict::GoesOn,
                None => Verdict::Ends,
            };
            match verdict {
                Verdict::Ends if ending.found.means.contains(Means::OPEN) => {}
                // A value is named by the first segment that has it, and is found once.
                Verdict::Ends => {
                    let key = self.plan.generation().canonical(ending.found.key);
                    matches.push(Match { key, ..ending.found });
                }
                Verdict::Wait(waiting) => ending.waiting = waiting,
                Verdict::GoesOn => {}
            }
            matches!(verdict, Verdict::Wait(_))
        });
        sort(&mut matches[first..]);
        matches.dedup();
    }

    /// Ends everything as the end of the text does.
    fn break_off(&mut self, matches: &mut Vec<Match>) {
        if self.run.is_open() && !self.run.full {
            self.open_run(self.plan.openings().word(&self.run.word));
        }
        if self.remembers() {
            for at in 0..self.walks.len() {
                let walk = self.walks[at];
                if (self.plan.partial | self.plan.heads) & 1 << walk.kind != 0 {
                    self.break_short(&walk, None);
                }
                match self.plan.has_several_segments() {
                    true => self.slips.ended.push(walk),
                    false => self.slip_away(&walk, None),
                }
            }
            self.slip_away_everywhere(None);
            self.endings.append(&mut self.slips.fresh);
        }
        self.settle_endings(None, matches);
        self.patterns.finish((&self.plan.patterns, self.plan.generation()), matches);
        matches.dedup();
        self.cadence.clear();
        self.walks.clear();
        self.run = Run::NONE;
        self.sign = None;
        self.slips.break_off();
        self.before = Before::NOTHING;
        self.hidden = Hidden::No;
        self.encoded.forget();
        self.spelled.forget();
        if let Some(views) = &mut self.views {
            let first = matches.len();
            views.finish(self.symbol_end, matches);
            sort(&mut matches[first..]);
            matches.dedup();
        }
    }
}

/// Of matches that end together, the longest first.
fn sort(matches: &mut [Match]) {
    matches.sort_by_key(|found| (found.end, found.start, found.kind, found.key, found.means));
}

fn symbol_means(symbol: &Symbol) -> Means {
    Means::FOLDED.when(symbol.altered)
}

fn note_ending(endings: &mut Vec<Ending>, walk: &Walk, stepped: &Stepped, end: u64, last: Class) {
    let Some(ordinal) = stepped.found.filter(|_| !walk.is_day()) else { return };
    let key = KeyId { segment: walk.segment(), ordinal };
    let found = Match { start: walk.first(), end, kind: walk.kind, key, means: walk.means };
    let waiting = if walk.ends_in_initial() { Waiting::FullStop } else { Waiting::Next };
    endings.push(Ending { found, last, waiting });
}
