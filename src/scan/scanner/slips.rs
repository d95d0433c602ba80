//! Slips: where walks that leave the keys go on one slip later.

use std::sync::Arc;

use super::super::Means;
use super::super::block::Block;
use super::super::history::History;
use super::super::plan::{BARS, SPACE, ScanPlan};
use super::super::similar::{MOST_SLIPS, farthest, is_at_beginning, is_slip, right, slips};
use super::super::walk::Stepped;
use super::{Ending, Match, Run, Scanner, Waiting, Walk};
use crate::identifier::{Between, Shape};
use crate::index::{FirstWord, KeyId, KindMask};
use crate::text::{Class, Symbol};

/// What the scanner keeps for them.
#[derive(Default)]
pub(super) struct Slips {
    pub(super) history: History,
    /// Values that end at the symbol at hand, while those that ended before it are settled.
    pub(super) fresh: Vec<Ending>,
    /// Walks that have just gone on with a slip.
    pub(super) forked: Vec<Walk>,
    /// A text as a key would have it.
    text: Vec<u8>,
    /// A first word that may have a slip, and the symbol behind it: an address if another word follows.
    pub(super) waiting: Option<(Run, Symbol)>,
    /// Facts about somebody may have been said, so that similar names count from here on.
    names: bool,
    /// A word in upper case that may be the first of a similar name, while the gap behind it lasts.
    name: Option<Run>,
    /// How many walks are alive that are one slip away.
    pub(super) alive: usize,
    /// Walks that the symbol at hand has ended, where there are several segments.
    pub(super) ended: Vec<Walk>,
    /// The last word begins in upper case.
    upper: bool,
}

/// What becomes of a run if its word has a slip.
#[derive(Clone, Copy)]
pub(super) struct Slip {
    /// Its place in the history.
    pub(super) from: u64,
    /// A value may begin with it, as far as is known.
    pub(super) may: bool,
    /// It is longer than its word.
    pub(super) long: bool,
}

impl Slip {
    pub(super) const NONE: Self = Self { from: 0, may: false, long: false };
}

/// The word at the end of the text that the fast lane took.
#[derive(Clone, Copy)]
pub(super) struct Tail {
    start: u64,
    pub(super) word: FirstWord,
    /// A value may begin with it. If not, the rest is not up to date.
    pub(super) may: bool,
}

impl Tail {
    pub(super) const NONE: Self = Self { start: 0, word: FirstWord::EMPTY, may: false };

    pub(super) fn of(run: &Run) -> Self {
        Self { start: run.start, word: run.word, may: run.slip.may && !run.slip.long }
    }

    /// What it is behind some more ASCII of at most eight bytes, without `_`, in which no word begins behind a sign of an address; if it has such signs, whether
    /// a word has ended behind which an address may go on. `None` if more has to be looked at.
    #[inline(always)]
    pub(super) fn then(
        &self,
        plan: &ScanPlan,
        text: &[u8],
        seen: u64,
        goes_on: bool,
        signs: Option<bool>,
    ) -> Option<Self> {
        // Behind a word an address may go on with two signs (`ann@@ex.com`).
        let is_sign = |byte: &u8| plan.class(*byte) & BARS != 0;
        let has_two_signs = || text.windows(2).any(|two| two.iter().all(is_sign));
        if text.len() > 8
            || signs.is_some_and(|ends| has_two_signs() || ends && self.before_end(plan, text, seen, goes_on))
        {
            return None;
        }
        let (apart, word) = Block::read(text).last_run();
        let length = text.len() - apart;
        let mut tail = match apart == 0 && goes_on {
            true => *self,
            false => Self { start: seen + apart as u64, word: FirstWord::EMPTY, may: true },
        };
        if !tail.may || length == 0 {
            return Some(tail);
        }
        let (known, room) = (tail.word.len(), tail.word.room());
        tail.word.add(word, length.min(room));
        tail.may = plan.may_slip(&tail.word, known);
        if tail.may && room < length { None } else { Some(tail) }
    }

    /// Whether a word before a space in some more ASCII may be the first one of a street with a slip.
    pub(super) fn ends_as_street(&self, plan: &ScanPlan, text: &[u8], seen: u64, goes_on: bool) -> bool {
        let mut before = (0..text.len()).filter(|at| plan.class(text[*at]) & SPACE != 0);
        before.any(|at| match self.before(plan, &text[..at], seen, goes_on) {
            Some(tail) => tail.start().is_some() && plan.may_slip_whole(&tail.word),
            None => true,
        })
    }

    /// What it is behind some more ASCII, or none.
    fn before(&self, plan: &ScanPlan, text: &[u8], seen: u64, goes_on: bool) -> Option<Self> {
        match text {
            [] if goes_on => Some(*self),
            [] => Some(Self::NONE),
            _ => {
                let has_signs = text.iter().any(|byte| plan.class(*byte) & BARS != 0);
                self.then(plan, text, seen, goes_on, has_signs.then_some(false))
            }
        }
    }

    /// Where the value begins that it may be part of.
    #[inline(always)]
    pub(super) fn start(&self) -> Option<u64> {
        (self.may && self.word.len() > 0).then_some(self.start)
    }

    /// Whether a word that may have a slip ends at the last byte, so that an address may go on behind it.
    fn before_end(&self, plan: &ScanPlan, text: &[u8], seen: u64, goes_on: bool) -> bool {
        let [word @ .., _] = text else { return false };
        self.before(plan, word, seen, goes_on).is_none_or(|tail| tail.start().is_some())
    }

    /// Makes a run that the fast lane has taken what it was.
    pub(super) fn open(&self, run: &mut Run) {
        run.slip.may = self.may;
        if self.may {
            (run.start, run.word, run.word_is_cut) = (self.start, self.word, false);
        }
    }
}

/// What may join the words of an email address.
fn joins_email(symbol: &Symbol) -> bool {
    symbol.class == Class::Run || matches!(symbol.ch, '.' | '-' | '+' | '@')
}

impl Slips {
    /// No walk has just gone on with a slip, and no value ended.
    #[inline]
    pub(super) fn are_settled(&self) -> bool {
        self.fresh.is_empty() && self.forked.is_empty()
    }

    /// Where a word begins that waits for the next symbol.
    pub(super) fn waiting(&self) -> impl Iterator<Item = u64> + use<> {
        self.waiting.map(|(run, _)| run.start).into_iter()
    }

    /// Where a word begins that may be the first of a similar name, `run` being the word at the end: if a fact that has been said so far is
    /// judged only later, names count when the word ends. Of its first letter nobody knows yet whether it is one too many.
    pub(super) fn name(&self, run: &Run) -> impl Iterator<Item = u64> + use<> {
        let begins = run.is_open() && (self.upper || run.word.len() == 1);
        begins.then_some(run.start).into_iter().chain(self.name.map(|run| run.start))
    }

    /// Nothing waits, and not every symbol has to be looked at.
    #[inline]
    pub(super) fn are_idle(&self) -> bool {
        self.waiting.is_none() && !self.names
    }

    /// Whether every symbol has to be looked at.
    #[inline]
    pub(super) fn names(&self) -> bool {
        self.names
    }

    /// Nothing comes behind what there was.
    pub(super) fn break_off(&mut self) {
        (self.waiting, self.name) = (None, None);
    }
}

impl Scanner {
    /// Whether the text of walks is kept. Other readings of the text have no slips of their own.
    #[inline]
    pub(super) fn remembers(&self) -> bool {
        self.depth == 0 && self.plan.remembers()
    }

    /// Keeps a symbol that is about to be taken, behind what the fast lane knows of the word in which it stands.
    pub(super) fn remember(&mut self, symbol: &Symbol) {
        let history = &mut self.slips.history;
        if history.end() != self.symbol_end {
            history.clear(self.symbol_end);
            self.run.slip.from = history.total();
            self.run.word.bytes().for_each(|byte| history.push(byte, self.symbol_end));
        }
        symbol.ch.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| history.push(byte, symbol.raw_end));
    }

    /// A run begins with the symbol that was remembered last.
    pub(super) fn begin_slip(&mut self, symbol: &Symbol, barred: KindMask) -> Slip {
        // Also where nothing has slips: what of a value is missing is looked for behind the same place.
        let from = self.place_of(symbol);
        let Some(similar) = self.plan.similar.as_ref().filter(|_| self.depth == 0) else {
            return Slip { from, ..Slip::NONE };
        };
        self.slips.upper = symbol.upper;
        let may = (similar.emails | similar.streets) & !barred != 0;
        Slip { from, may, long: false }
    }

    /// A word goes on with its second letter: the first may be one too many, or the two exchanged.
    pub(super) fn go_on_slip(&mut self, symbol: &Symbol) {
        self.slips.upper |= symbol.upper && self.run.word.len() == 2;
    }

    /// The place in the history of the symbol that was remembered last.
    pub(super) fn place_of(&self, symbol: &Symbol) -> u64 {
        self.slips.history.total().saturating_sub(symbol.ch.len_utf8() as u64)
    }

    /// The first word of an address may have ended, or is longer than what is kept of it, and this symbol comes behind.
    pub(super) fn wait_for_slips(&mut self, run: &Run, symbol: &Symbol) {
        let may_go_on = || match symbol.class {
            Class::Space => self.plan.may_slip_whole(&run.word),
            _ => joins_email(symbol) && self.plan.may_slip(&run.word, 0),
        };
        if run.slip.may && may_go_on() {
            self.slips.waiting = Some((*run, *symbol));
        }
    }

    /// Opens the walks that are one slip away from the word that waits, if this symbol may go on with it.
    pub(super) fn open_waiting(&mut self, symbol: &Symbol) {
        let Some((run, behind)) = self.slips.waiting.take() else { return };
        let Some(similar) = &self.plan.similar else { return };
        let emails = if joins_email(&behind) && joins_email(symbol) { similar.emails } else { 0 };
        // A gap stands behind a word, and before another one.
        let streets = match (behind.class, symbol.class) {
            (Class::Run, Class::Run | Class::Space) | (Class::Space, Class::Run) => similar.streets,
            _ => 0,
        };
        if emails | streets != 0 {
            self.open_slips(&run, &behind, emails | streets);
        }
    }

    /// Similar names count from here on, or no longer: what is nobody's name is looked at only then.
    pub(crate) fn expect_names(&mut self, names: bool) {
        let weak = self.plan.similar.as_ref().map_or(0, |similar| similar.weak);
        self.slips.names = names && weak != 0;
        if self.slips.names {
            self.leave_lane();
        }
    }

    /// The first word of a similar name may have ended, or a gap goes on behind it, or the second word begins with this symbol.
    pub(super) fn follow_name(&mut self, ended: Option<Run>, symbol: &Symbol) {
        let is_gap = Shape::Name.gaps().allow(symbol.ch);
        let name = ended.filter(|_| self.slips.names && self.slips.upper).or(self.slips.name);
        self.slips.name = name.filter(|_| is_gap);
        if let Some(run) = name
            && !is_gap
            && symbol.upper
            && symbol.class == Class::Run
        {
            self.open_name(&run, symbol);
        }
    }

    #[inline(never)]
    fn open_name(&mut self, run: &Run, symbol: &Symbol) {
        let plan = Arc::clone(&self.plan);
        let Some(similar) = &plan.similar else { return };
        let mut text = std::mem::take(&mut self.slips.text);
        let total = self.slips.history.total();
        if self.slips.history.key(run.slip.from, total, Shape::Name, &mut text).is_some() {
            let is_name = |kind: &u8| plan.kind(*kind).shape == Shape::Name;
            for kind in super::kinds_in(similar.weak).filter(is_name) {
                for start in &plan.kind(kind).starts {
                    let mut walk = Walk::new(kind, *start, run.start, run.start);
                    (walk.from, walk.means) = (run.slip.from, run.means | self.means_of(symbol));
                    self.slip(&walk, &text, symbol);
                }
            }
        }
        self.slips.text = text;
        self.walks.append(&mut self.slips.forked);
    }

    #[inline(never)]
    fn open_slips(&mut self, run: &Run, symbol: &Symbol, kinds: KindMask) {
        let plan = Arc::clone(&self.plan);
        let mut text = std::mem::take(&mut self.slips.text);
        text.clear();
        text.extend(run.word.bytes());
        text.extend(symbol.ch.encode_utf8(&mut [0; 4]).bytes());
        for kind in super::kinds_in(kinds) {
            for start in &plan.kind(kind).starts {
                let mut walk = Walk::new(kind, *start, run.start, run.start);
                (walk.from, walk.means) = (run.slip.from, run.means | self.means_of(symbol));
                self.slip(&walk, &text, symbol);
            }
        }
        self.slips.text = text;
        self.walks.append(&mut self.slips.forked);
    }

    /// Lets walks that a symbol has ended, or the end of the text, go on one slip later, in all segments: as long as a key of any of them goes on, nothing has
    /// ended.
    #[inline(never)]
    pub(super) fn slip_away_everywhere(&mut self, symbol: Option<&Symbol>) {
        let plan = Arc::clone(&self.plan);
        let mut ended = std::mem::take(&mut self.slips.ended);
        let begin = |walk: &Walk| (walk.kind, walk.from);
        ended.retain(|walk| walk.may_slip());
        ended.sort_unstable_by_key(begin);
        ended.dedup_by_key(|walk| begin(walk));
        for walk in ended.drain(..) {
            let goes_on = |other: &Walk| begin(other) == begin(&walk) && other.may_slip();
            if symbol.is_some() && self.walks.iter().any(goes_on) {
                continue;
            }
            for (_, start) in plan.forwards(walk.kind) {
                self.slip_away(&walk.in_segment(start.segment), symbol);
            }
        }
        self.slips.ended = ended;
    }

    /// Lets a walk that a symbol has ended go on one slip later; `None` if the text ends.
    #[inline(never)]
    pub(super) fn slip_away(&mut self, walk: &Walk, symbol: Option<&Symbol>) {
        let plan = Arc::clone(&self.plan);
        let is_similar = plan.similar.as_ref().is_some_and(|similar| similar.kinds & 1 << walk.kind != 0);
        if !is_similar || !walk.may_slip() {
            return;
        }
        let shape = plan.kind(walk.kind).shape;
        let total = self.slips.history.total();
        let before = symbol.map_or(total, |symbol| self.place_of(symbol));
        let mut text = std::mem::take(&mut self.slips.text);
        let end = self.slips.history.key(walk.from, before, shape, &mut text);
        // Where no key has the first word, no walk need have begun.
        let first = text.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte >= b'_').count();
        // A name without its capital is one only if that is the slip, and looked at only where it may complete a picture.
        let is_low = shape == Shape::Name && !self.is_upper(symbol);
        if let Some(end) = end
            && (first < text.len() || first >= 8 || walk.is_in_gap())
            && (!is_low || self.slips.names())
        {
            let mut walk = *walk;
            walk.is_low = is_low;
            let walk = &walk;
            let goes_on = symbol.filter(|symbol| match shape {
                Shape::Email => joins_email(symbol),
                _ => matches!(symbol.class, Class::Run | Class::Solo),
            });
            let may_end = match shape {
                Shape::Email => {
                    text.contains(&b'@') && goes_on.is_none_or(|symbol| matches!(symbol.ch, '.' | '-'))
                }
                _ => goes_on.is_none(),
            };
            if may_end {
                self.slip_at_end(walk, &text, end, symbol);
            }
            if let Some(symbol) = goes_on
                && self.slips.history.key(walk.from, total, shape, &mut text).is_some()
            {
                self.slip(walk, &text, symbol);
            }
        }
        self.slips.text = text;
    }

    /// Whether the last word begins in upper case.
    fn is_upper(&self, symbol: Option<&Symbol>) -> bool {
        match symbol.filter(|symbol| symbol.class == Class::Run && !symbol.joins(self.before.class())) {
            Some(symbol) => symbol.upper,
            None => self.slips.upper,
        }
    }

    /// Walks one slip away behind a text that ends with the symbol.
    fn slip(&mut self, walk: &Walk, text: &[u8], symbol: &Symbol) {
        let plan = Arc::clone(&self.plan);
        let Some(start) = plan.start(walk) else { return };
        slips(
            plan.map(walk.segment(), walk.kind),
            start,
            farthest(plan.forwards(walk.kind), text),
            right(plan.kind(walk.kind).shape),
            text,
            false,
            |slipped| {
                let walk = walk.slipped(&slipped);
                let is_known = self.slips.forked.iter().chain(&self.walks).any(|other| other.is_same(&walk));
                if self.slips.alive >= MOST_SLIPS || is_known {
                    return;
                }
                let stepped = match slipped.late {
                    Some(_) => Stepped { alive: true, found: None },
                    None => walk.here(&plan),
                };
                self.note_slip(&walk, &stepped, symbol.raw_end, symbol.class, text);
                if stepped.alive {
                    self.slips.alive += 1;
                    self.slips.forked.push(walk);
                }
            },
        );
    }

    /// Walks one slip away behind a text that ends before the symbol, or with the whole text.
    fn slip_at_end(&mut self, walk: &Walk, text: &[u8], end: u64, symbol: Option<&Symbol>) {
        let plan = Arc::clone(&self.plan);
        let Some(start) = plan.start(walk) else { return };
        slips(
            plan.map(walk.segment(), walk.kind),
            start,
            farthest(plan.forwards(walk.kind), text),
            right(plan.kind(walk.kind).shape),
            text,
            true,
            |slipped| {
                let mut walk = walk.slipped(&slipped);
                let stepped = walk.here(&plan);
                let found = stepped.found.map(|ordinal| self.as_ending(&walk, ordinal, end, Class::Run));
                if let Some(ending) = found.filter(|ending| self.confirms(&ending.found, text, walk.is_low)) {
                    self.slips.fresh.push(ending);
                }
                if let Some(symbol) = symbol
                    && plan.kind(walk.kind).shape != Shape::Email
                    && self.slips.alive < MOST_SLIPS
                    && walk.step(&plan, symbol, &mut Vec::new()).alive
                {
                    self.slips.alive += 1;
                    self.slips.forked.push(walk);
                }
            },
        );
    }

    /// Notes the values that a walk had nearly come to the end of when a symbol ended it, or the text.
    #[inline(never)]
    pub(super) fn break_short(&mut self, walk: &Walk, symbol: Option<&Symbol>) {
        let plan = Arc::clone(&self.plan);
        // A decimal is no number with a missing end.
        let is_decimal = |symbol: &Symbol| symbol.is_digit() && self.before.near_byte() == Some(b'.');
        let joins = |symbol: &Symbol| !walk.is_in_gap() && symbol.joins(self.before.class());
        let is_head = plan.heads & 1 << walk.kind != 0;
        let shape = plan.kind(walk.kind).shape;
        // Neither is one that goes on in another group.
        let is_group = plan.kind(walk.kind).gaps.between == Between::Characters;
        let goes_on = |symbol: &Symbol| joins(symbol) || is_decimal(symbol) || is_group && symbol.is_digit();
        if symbol.is_some_and(goes_on) || walk.is_day() {
            return;
        }
        let nearly = if is_head { Vec::new() } else { walk.nearly(&plan) };
        if !is_head && nearly.is_empty() {
            return;
        }
        let before = symbol.map_or(self.slips.history.total(), |symbol| self.place_of(symbol));
        let mut text = std::mem::take(&mut self.slips.text);
        let says_enough =
            |text: &[u8]| !is_head || text.contains(&b' ') && text.iter().any(u8::is_ascii_digit);
        if let Some(end) = self.slips.history.key(walk.from, before, shape, &mut text)
            && says_enough(&text)
        {
            // Behind a gap it does not go on, whatever comes.
            let waiting = if walk.is_in_gap() { Waiting::Over } else { Waiting::Next };
            for ordinal in if is_head { walk.begun(&plan) } else { nearly } {
                let mut ending = self.as_ending(walk, ordinal, end, Class::Run);
                ending.found.means |= if is_head { Means::HINT } else { Means::PARTIAL };
                ending.waiting = waiting;
                self.slips.fresh.push(ending);
            }
        }
        self.slips.text = text;
    }

    fn as_ending(&self, walk: &Walk, ordinal: u64, end: u64, last: Class) -> Ending {
        let key = KeyId { segment: walk.segment(), ordinal };
        let found = Match { start: walk.first(), end, kind: walk.kind, key, means: walk.means };
        Ending { found, last, waiting: Waiting::Next }
    }

    /// Notes the end of a value that is one slip away, if it is one.
    fn note_slip(&mut self, walk: &Walk, stepped: &Stepped, end: u64, last: Class, text: &[u8]) {
        let Some(ordinal) = stepped.found else { return };
        let ending = self.as_ending(walk, ordinal, end, last);
        if self.confirms(&ending.found, text, walk.is_low) {
            self.endings.push(ending);
        }
    }

    /// Notes the end of a value that a walk one slip away has come to with the symbol that was remembered last.
    #[inline(never)]
    pub(super) fn end_slip(&mut self, walk: &Walk, stepped: &Stepped, symbol: &Symbol) {
        let mut text = std::mem::take(&mut self.slips.text);
        let (shape, total) = (self.plan.kind(walk.kind).shape, self.slips.history.total());
        if self.slips.history.key(walk.from, total, shape, &mut text).is_some() {
            self.note_slip(walk, stepped, symbol.raw_end, symbol.class, &text);
        }
        self.slips.text = text;
    }

    fn confirms(&self, found: &Match, text: &[u8], is_low: bool) -> bool {
        let Some(similar) = &self.plan.similar else { return false };
        let key = self.plan.map(found.key.segment, found.kind).get_key(found.key.ordinal);
        let key = key.as_deref().and_then(|key| std::str::from_utf8(key.get(1..)?).ok());
        let text = std::str::from_utf8(text).ok();
        text.zip(key).is_some_and(|(text, key)| {
            is_slip(self.plan.kind(found.kind).shape, text, key, similar.min_length)
                && (!is_low || is_at_beginning(text, key))
        })
    }
}
