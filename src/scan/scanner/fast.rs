//! The fast lane: ordinary text, in which no walk is open and none opens.
//!
//! It says the same as the scanner's own way, symbol by symbol, and leaves to it whatever is not plain: digits, signs, other scripts, words
//! with which a key begins.

use super::super::block::Block;
use super::super::plan::{BARS, OPAQUE, OPENS, SPACE, SPLITS};
use super::{Counts, Run, Scanner};
use crate::index::FirstWord;

impl Scanner {
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

    /// The fast lane for most tokens: at most eight bytes, the end of a word, what separates words, the beginning of another. Takes them all,
    /// or does nothing and returns `None`. Takes more than four of five four-byte pieces of prose.
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
        Some(if possible != 0 && self.goes_on(possible) { Some(next.start) } else { None })
    }

    /// The fast lane: takes ASCII while no walk is open and none opens; returns the bytes taken. The next byte is for [`Self::take`].
    #[inline(always)]
    pub(super) fn skip(&mut self, bytes: &[u8], base: u64) -> usize {
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
}
