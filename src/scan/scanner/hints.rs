//! Hints: where the text says that most of a value is hidden, walks open over the keys of what is shown.

use super::{Means, Scanner, Start, Walk, note_ending};
use crate::identifier::Shape;
use crate::scan::plan::KindPlan;
use crate::text::Symbol;
use crate::text::reading::{hides, may_hint};

/// An email address shows at most so many letters before those that are hidden.
const SHOWN: usize = 2;

impl Scanner {
    /// Follows what the text says of hidden characters, before a symbol is taken; whether digits begin here that are the end of a number.
    #[inline]
    pub(super) fn follow_hidden(&mut self, symbol: &Symbol, goes_on: bool) -> bool {
        let run = self.run;
        if self.hidden.is_no() && !self.may_hide(symbol, goes_on) {
            return false;
        }
        let mut buffer = [0; 8];
        let word = match run.word.text(&mut buffer) {
            // Of a word that is cut only its beginning is known.
            word if run.word_is_cut && word.contains(|letter| letter != 'x') => " ",
            word => word,
        };
        if run.is_open() && !goes_on {
            self.hidden.end_word(word);
            if hides(symbol.ch) && !run.word_is_cut && run.word.len() <= SHOWN {
                self.open_hidden_emails(symbol);
            }
        }
        let glued = goes_on.then_some(word);
        let shows = symbol.is_digit() && self.hidden.shows(glued) && !self.is_glued();
        self.hidden.take(symbol, glued);
        shows
    }

    /// Whether a symbol may say that something is hidden, or the word that it ends, if nothing did before.
    #[inline]
    fn may_hide(&self, symbol: &Symbol, goes_on: bool) -> bool {
        match goes_on {
            true => symbol.ch == 'x' || symbol.is_digit(),
            false => hides(symbol.ch) || self.run.is_open() && may_hint(self.run.word.first(1) as u8),
        }
    }

    /// Opens the walks over the ends of numbers.
    #[inline(never)]
    pub(super) fn open_ends(&mut self, symbol: &Symbol) {
        let (plan, before, from) = (&*self.plan, self.before, self.place_of(symbol));
        for (kind, start) in &plan.hints {
            let shape = plan.kind(*kind).shape;
            if shape == Shape::Email || !before.lets_begin(shape) {
                continue;
            }
            let mut walk = Walk::new(*kind, *start, symbol.raw_start, symbol.raw_start);
            let stepped = walk.follow(plan, symbol);
            walk.means |= self.means_of(symbol);
            walk.from = from;
            note_ending(&mut self.endings, &walk, &stepped, symbol.raw_end, symbol.class);
            self.walks.extend(stepped.alive.then_some(walk));
        }
    }

    /// Opens the walks over email addresses that begin with the word that ends before this symbol, the rest of which it hides.
    #[inline(never)]
    fn open_hidden_emails(&mut self, symbol: &Symbol) {
        let (plan, run) = (&*self.plan, self.run);
        // Of other words the fast lane has not kept where they begin, and nobody has held them.
        let begins = |kind: u8, from: &Start| Walk::behind(plan, kind, from, 0, &run.word).1.alive;
        for (kind, start) in &plan.hints {
            let KindPlan { shape, starts, .. } = plan.kind(*kind);
            if *shape != Shape::Email
                || run.opened & 1 << kind != 0
                || !starts.iter().any(|from| from.means == Means::EXACT && begins(*kind, from))
            {
                continue;
            }
            let mut walk = Walk::new(*kind, *start, run.start, run.start);
            if run.word.bytes().next().is_some_and(|first| walk.take(plan, first)) {
                walk.hide();
                walk.means |= run.means | self.means_of(symbol);
                self.walks.push(walk);
            }
        }
    }
}
