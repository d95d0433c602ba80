//! What has to be held: from where on something may still become a match.

use super::{Counts, Scanner};
use crate::index::{FirstWord, HIDING, KindMask, NO_KIND, READING};
use crate::scan::Means;
use crate::scan::plan::{ScanPlan, Start, kinds_in};
use crate::scan::walk::Walk;

impl ScanPlan {
    /// Of some kinds, those before the first of which a key begins with a word; all of them if none does.
    #[inline(never)]
    pub(super) fn none_begins(&self, word: &FirstWord, kinds: KindMask) -> KindMask {
        if word.is_short() {
            return 0;
        }
        let begins = |kind: u8, start: &Start| {
            let (_, stepped) = Walk::behind(self, kind, start, 0, word);
            stepped.alive || stepped.found.is_some()
        };
        let has_none = |kind: &u8| match 1 << kind {
            // All kinds share few bits, so that it may be another one's.
            READING => {
                !self.openings().first_letters(word) & READING != 0 || !self.may_open(word.text(&mut [0; 8]))
            }
            HIDING => true,
            _ => {
                !self.kind(*kind).starts.iter().any(|start| begins(*kind, start))
                    && !self.first_alternatives().begin_with(*kind, word)
            }
        };
        kinds_in(kinds).take_while(has_none).fold(0, |none, kind| none | 1 << kind)
    }
}

impl Scanner {
    /// The oldest raw byte from which on some continuation of the text would make a match that [counts](Counts). Runs that have opened no walk
    /// are asked only if `unopened`.
    #[inline(always)]
    pub(crate) fn oldest(&mut self, counts: &Counts, unopened: bool) -> Option<u64> {
        let mut oldest = None;
        self.leave_lane();
        let run = self.run;
        if unopened && run.is_open() && !run.full {
            let kinds = self.opens(self.plan.openings().prefix(&run.word), &run);
            // What no key begins with stays so: nobody needs to ask about this run again.
            self.run.full = kinds == 0 && !self.plan.may_announce(&run.word);
            let possible = kinds & counts.from(run.start);
            if possible != 0 {
                if self.goes_on(possible) {
                    oldest = Some(run.start);
                } else {
                    self.run.full |= possible == kinds && !self.plan.may_announce(&run.word);
                }
            }
        }
        if unopened && run.may_stand && counts.from(run.start) & READING != 0 {
            oldest = Some(run.start);
        }
        if unopened && run.is_open() && run.slip.may && !run.slip.long {
            self.run.slip.may = self.plan.may_slip(&run.word, 0);
            let counts = counts.from(run.start) & self.plan.slip_first() != 0;
            oldest = oldest.or((self.run.slip.may && counts).then_some(run.start));
        }
        if self.is_idle() && self.spelled.state.length() == 0 {
            return oldest;
        }
        self.oldest_open(counts).into_iter().chain(oldest).chain(self.oldest_read(counts)).min()
    }

    /// As [`Self::oldest`], of what only other readings of the text see.
    #[inline(never)]
    pub(crate) fn oldest_read(&mut self, counts: &Counts) -> Option<u64> {
        if !counts.anything() {
            return None;
        }
        let mut letters = self.spelled.start().into_iter().chain(self.spelled.second());
        let spelled = letters.find(|(letter, start)| self.plan.begins(*letter) & counts.from(*start) != 0);
        let encoded = self.encoded.start(&self.plan, counts, self.depth > 0);
        let read = self.views.as_mut().and_then(|views| views.oldest(counts));
        encoded.into_iter().chain(spelled.map(|(_, start)| start)).chain(read).min()
    }

    /// Whether a key of one of these kinds begins with the run so far. Those with none are not asked again.
    #[inline(never)]
    pub(super) fn goes_on(&mut self, kinds: KindMask) -> bool {
        let (plan, word) = (&*self.plan, &self.run.word);
        let none = plan.none_begins(word, kinds);
        // What announces is no key, and nothing of it is held.
        self.run.opened |= if plan.may_announce(word) { none & !NO_KIND } else { none };
        none != kinds
    }

    #[inline(never)]
    pub(super) fn oldest_open(&self, counts: &Counts) -> Option<u64> {
        let weak_names = self.plan.similar.as_ref().map_or(0, |similar| similar.weak);
        let weak = |means: Means| match means {
            _ if means.contains(Means::SIMILAR) => weak_names,
            _ if means.contains(Means::HINT) => self.plan.strong,
            _ if means.contains(Means::VARIANT) => self.plan.weak_variants,
            _ => 0,
        };
        let walks = self.walks.iter().map(|walk| (walk.kind, weak(walk.means), walk.first(), walk.oldest()));
        let endings = self.endings.iter().map(|ending| &ending.found).chain(&self.late);
        let endings = endings.map(|found| (found.kind, weak(found.means), found.start, found.start));
        let sign = self.sign.zip(self.plan.phone).map(|(sign, phone)| (phone, 0, sign.start, sign.start));
        let slips = self
            .slips
            .waiting()
            .flat_map(|start| kinds_in(self.plan.slip_first()).map(move |kind| (kind, 0, start, start)));
        let names = self
            .slips
            .name(&self.run)
            .filter(|_| self.remembers())
            .flat_map(|start| kinds_in(weak_names).map(move |kind| (kind, weak_names, start, start)));
        let open = walks.chain(endings).chain(sign).chain(slips).chain(names);
        let known = open
            .filter(|(kind, weak, first, _)| counts.weakly(*weak).from(*first) & 1 << kind != 0)
            .map(|(_, _, _, oldest)| oldest);
        let patterns = self.patterns.oldest(&self.plan.patterns, counts.patterns);
        known.chain(patterns).min()
    }
}
