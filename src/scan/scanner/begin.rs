//! Opens walks where keys may begin.

use super::{Run, Scanner, Sign, note_ending, symbol_means};
use crate::index::{FirstWord, KindMask, NO_KIND};
use crate::scan::Means;
use crate::scan::plan::kinds_in;
use crate::scan::walk::{Stepped, Walk};
use crate::text::{Class, Symbol};

impl Scanner {
    /// Lets the kinds of a mask that have not done so yet open their walks over the run.
    #[inline(never)]
    pub(super) fn open_run(&mut self, possible: KindMask) {
        let run = self.run;
        let kinds = self.opens(possible, &run);
        self.run.opened |= kinds;
        let plan = &*self.plan;
        for kind in kinds_in(kinds & !NO_KIND) {
            for start in &plan.kind(kind).starts {
                let (mut walk, stepped) = Walk::behind(plan, kind, start, run.start, &run.word);
                walk.means |= run.means;
                walk.from = run.slip.from;
                note_ending(&mut self.endings, &walk, &stepped, self.symbol_end, Class::Run);
                self.walks.extend(stepped.alive.then_some(walk));
            }
        }
        for first in plan.first_alternatives().over(&run.word) {
            if kinds & 1 << first.kind != 0 {
                let (mut walk, stepped) = Walk::over(first, plan, run.word.len(), run.start);
                walk.means |= run.means;
                walk.from = run.slip.from;
                note_ending(&mut self.endings, &walk, &stepped, self.symbol_end, Class::Run);
                self.walks.extend(stepped.alive.then_some(walk));
            }
        }
    }

    /// The means of a value that begins at this symbol.
    pub(super) fn means_of(&self, symbol: &Symbol) -> Means {
        symbol_means(symbol) | self.mark | self.mark_before
    }

    /// Opens what begins at this symbol.
    pub(super) fn begin(&mut self, symbol: &Symbol) {
        match symbol.class {
            Class::Run => {
                let mut barred = if self.before.may_bar() { self.plan.barred(self.before) } else { 0 };
                if symbol.is_digit() && self.before.is_in_number() {
                    barred |= self.plan.weak_groups;
                }
                if symbol.is_digit() {
                    self.begin_number(symbol, self.plan.digits & !barred);
                }
                if self.is_glued() {
                    // Nor where its first word ends.
                    let mut word = FirstWord::EMPTY;
                    word.push(symbol.ch);
                    return self.begin_at(symbol, self.plan.openings().prefix(&word) & !NO_KIND);
                }
                let slip = self.begin_slip(symbol, barred);
                self.run = Run::new(symbol.raw_start, symbol.ch, barred, slip, self.means_of(symbol));
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
    pub(super) fn begin_at(&mut self, symbol: &Symbol, possible: KindMask) {
        let (plan, before, from) = (&*self.plan, self.before, self.place_of(symbol));
        for kind in kinds_in(possible & plan.wanted).filter(|kind| before.lets_begin(plan.kind(*kind).shape))
        {
            for start in &plan.kind(kind).starts {
                let mut walk = Walk::new(kind, *start, symbol.raw_start, symbol.raw_start);
                let stepped = walk.follow(plan, symbol);
                walk.means |= self.means_of(symbol);
                walk.from = from;
                note_ending(&mut self.endings, &walk, &stepped, symbol.raw_end, symbol.class);
                self.walks.extend(stepped.alive.then_some(walk));
            }
        }
    }

    /// Opens the walks of kinds that begin at a digit.
    pub(super) fn begin_number(&mut self, symbol: &Symbol, kinds: KindMask) {
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

    pub(super) fn begin_digits(&mut self, symbol: &Symbol, kinds: KindMask, first: u64, lead: u64) {
        let (plan, from) = (&*self.plan, self.place_of(symbol));
        // What is written backwards ends with the plus that a number begins with.
        let is_behind_plus = first < symbol.raw_start;
        for kind in kinds_in(kinds) {
            for start in &plan.kind(kind).starts {
                if is_behind_plus && start.means.contains(Means::REVERSED) {
                    continue;
                }
                let mut walk = Walk::new(kind, *start, first, lead);
                walk.means |= self.means_of(symbol);
                walk.from = from;
                let mut keep = |walk: Walk, stepped: Stepped| {
                    note_ending(&mut self.endings, &walk, &stepped, symbol.raw_end, Class::Run);
                    self.walks.extend(stepped.alive.then_some(walk));
                };
                if plan.phone == Some(kind) && start.means == Means::EXACT {
                    walk.phone(plan, symbol, keep);
                } else {
                    let stepped = walk.begin(plan, symbol);
                    keep(walk, stepped);
                }
            }
        }
    }

    pub(super) fn sign_after(&self, symbol: &Symbol) -> Option<Sign> {
        self.plan.phone?;
        let (start, end) = (symbol.raw_start, symbol.raw_end);
        match (symbol.ch, self.sign) {
            ('+', Some(sign)) if sign.parenthesis == Some(sign.end) => Some(Sign { end, ..sign }),
            ('+', _) => Some(Sign { start, end, parenthesis: None }),
            ('(', _) => Some(Sign { start, end, parenthesis: Some(end) }),
            _ => None,
        }
    }
}
