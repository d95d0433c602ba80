//! The fast lane: ordinary text, in which no walk is open and none opens.
//!
//! It says the same as the scanner's own way, symbol by symbol, and leaves to it whatever is not plain: digits, signs, other scripts, words
//! with which a key begins.

use super::super::block::Block;
use super::super::plan::{BARS, BREAKS, OPAQUE, OPENS, SPACE, SPLITS, ScanPlan};
use super::encoded::may_be_encoded;
use super::lane::Lane;
use super::slips::{Slip, Tail};
use super::{Counts, Means, Run, Scanner};
use crate::index::{BARRED, CHARACTERS, DEAD, FirstWord, OFF};
use crate::text::reading::{Piece, Plausible};
use crate::text::symbols_of;

/// Longer pieces of text are taken word by word.
const LONGEST_TOKEN: usize = 16;

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
        self.leave_lane();
        let taken = self.pass_plain(text.as_bytes(), self.seen);
        self.seen += taken as u64;
        if taken < text.len() {
            return (taken, None);
        }
        let oldest = self.oldest(counts, true);
        self.enter_lane();
        (taken, oldest)
    }

    /// The fast lane for most tokens: a step of an automaton for each byte, as long as no word ends with which a key begins and none goes on
    /// so beyond three characters. Takes them all, or does nothing and returns `None`. Takes more than nine of ten four-byte pieces of prose,
    /// of what it replaced (blocks of eight bytes, hashed words) in half the instructions.
    ///
    /// Tried and lost: a step without a branch costs a sixth more on text whose words repeat, and wins next to nothing on text whose words do not.
    #[inline(always)]
    fn pass_token(&mut self, text: &[u8], counts: &Counts) -> Option<Option<u64>> {
        if text.is_empty() || text.len() > LONGEST_TOKEN {
            return None;
        }
        let (plan, openings) = (&*self.plan, self.plan.openings());
        let paths = openings.paths();
        let (mut place, mut lane) = (self.place, self.lane);
        let readings = plan.readings;
        for byte in text {
            let step = plan.step(*byte);
            let goes_on = paths.get(place as usize)? >> (step.adds % 64) & 1 != 0;
            place = if goes_on { place * CHARACTERS + step.adds } else { step.leads };
        }
        paths.get(place as usize)?;
        let emails = plan.slip_emails();
        let mut tail = self.tail;
        if emails != 0 {
            let goes_on = self.place != 0 && self.place != BARRED;
            tail = tail.then(plan, text, self.seen, goes_on, place == BARRED)?;
        }
        if readings.encodings || readings.letters {
            lane.pass(text);
            if lane.is_undecided(readings) {
                return None;
            }
            self.lane = lane;
        }
        (self.place, self.tail) = (place, tail);
        self.go_past(text);
        let (plan, openings) = (&*self.plan, self.plan.openings());
        let length = u64::from(place > 0)
            + u64::from(place >= CHARACTERS)
            + u64::from(place >= CHARACTERS * CHARACTERS);
        // In a dead word this is nonsense, and nobody looks.
        let start = self.seen.wrapping_sub(length);
        let possible = openings.short_prefix(place) & plan.words & counts.from(start);
        let mut start = if possible != 0 { Some(start) } else { None };
        if emails != 0 && start.is_none() {
            start = tail.start().filter(|start| emails & counts.from(*start) != 0);
        }
        let holds = readings.encodings && lane.length() > 0 || readings.letters && lane.spelled().holds();
        if holds && counts.anything() {
            return Some(start.into_iter().chain(lane.start(self.seen, plan, counts)).min());
        }
        Some(start)
    }

    #[inline(always)]
    fn go_past(&mut self, text: &[u8]) {
        self.before.pass(text);
        if self.plan.blind {
            self.cadence.pass(text, self.seen);
        }
        self.seen += text.len() as u64;
        self.symbol_end = self.seen;
    }

    /// Makes the run what the fast lane knows of it.
    #[inline]
    pub(super) fn leave_lane(&mut self) {
        let place = std::mem::replace(&mut self.place, OFF);
        if place == OFF {
            return;
        }
        let full = place == DEAD;
        let word = match place {
            // Of a word with which no key begins nobody asks more.
            DEAD => FirstWord::at_place(1),
            BARRED => FirstWord::EMPTY,
            _ => FirstWord::at_place(place),
        };
        self.run = Run { start: self.seen - word.len() as u64, word, full, word_is_cut: full, ..Run::NONE };
        if place != 0 && place != BARRED && self.plan.slip_emails() != 0 {
            self.tail.open(&mut self.run);
        }
        // Where this run stands in it is not known, even if the lane took nothing.
        self.slips.history.forget();
        let lane = std::mem::take(&mut self.lane);
        if self.plan.readings.encodings {
            self.encoded.leave_lane(lane, self.seen);
        }
        if self.plan.readings.letters {
            self.spelled.leave_lane(lane.spelled(), lane.recent, self.seen);
        }
    }

    fn enter_lane(&mut self) {
        let run = &self.run;
        if !self.is_plain() || self.symbol_end != self.seen || !self.spelled.is_ascii() {
            return;
        }
        self.tail = Tail::of(run);
        self.lane = Lane::of(&self.encoded, &self.spelled, run.is_open());
        self.place = if !run.is_open() {
            self.before.near_byte().map_or(OFF, |byte| self.plan.step(byte).leads)
        } else if run.full && (run.means == Means::EXACT || self.plan.similar.is_none()) {
            DEAD
        } else if run.word.is_short()
            && run.opened == 0
            && run.means == Means::EXACT
            // One byte each, as the lane takes them.
            && self.seen - run.start == run.word.len() as u64
        {
            // Behind a digit a space may be a gap, of which the paths know nothing.
            if run.word.ends_in_digit() { OFF } else { run.word.place() }
        } else {
            OFF
        };
    }

    /// Takes what the fast lane can; returns the bytes taken.
    #[inline(always)]
    pub(super) fn pass_plain(&mut self, bytes: &[u8], base: u64) -> usize {
        let mut taken = 0;
        loop {
            let (rest, start) = (&bytes[taken..], base + taken as u64);
            let plain = self.skip(rest, start);
            if self.plan.blind {
                self.cadence.pass(&rest[..plain], start);
            }
            taken += plain;
            match sign_at(&rest[plain..]) {
                Some((sign, ascii)) if self.pass_sign(sign, ascii, start + plain as u64) => {
                    taken += sign.len_utf8();
                }
                _ => return taken,
            }
        }
    }

    /// Takes a sign of typography, if it does no more than the one of ASCII that stands for it, as that does in the fast lane; whether it did.
    #[inline(never)]
    fn pass_sign(&mut self, sign: char, ascii: u8, start: u64) -> bool {
        let is_near = self.encoded.is_plausible() || self.spelled.state.length() > 0;
        let class = self.plan.class(ascii);
        if is_near
            || !self.is_plain()
            || self.symbol_end != start
            || class & (OPAQUE | OPENS) != 0
            || self.plan.openings().other(sign) & self.plan.wanted != 0
            || self.run.is_open() && !ends_plainly(&self.plan, &self.run, class, ascii)
        {
            return false;
        }
        self.run = Run::NONE;
        let end = start + sign.len_utf8() as u64;
        symbols_of(sign, start, end, |symbol| {
            self.before.push(&symbol);
            if self.plan.blind {
                self.cadence.take(&symbol);
            }
        });
        if self.plan.readings.letters {
            self.spelled.go_on(Piece::raw(sign, start, end), sign);
        }
        self.symbol_end = end;
        true
    }

    /// The fast lane: takes ASCII while no walk is open and none opens; returns the bytes taken. The next byte is for [`Self::take`].
    #[inline(always)]
    fn skip(&mut self, bytes: &[u8], base: u64) -> usize {
        if !self.is_plain() || self.symbol_end != base || self.spelled.state.is_near() {
            return 0;
        }
        let encoded_until = match self.encoded.is_plausible() {
            true => match self.encoded.ends_in(bytes) {
                Some(until) => until,
                None => return 0,
            },
            false => 0,
        };
        let plan = &*self.plan;
        let (encodes, looks) = (plan.readings.encodings, plan.readings.ciphers || plan.has_hints());
        let letters = plan.readings.letters;
        // Where the last word of one letter ended.
        let mut letter_end = if self.spelled.state.length() > 0 { 0 } else { usize::MAX };
        // Where the last word begins, if it is short and may be encoded.
        let mut last_word = bytes.len();
        let mut run = self.run;
        let mut at = 0;
        'text: while at < bytes.len() {
            let block = Block::read(&bytes[at..]);
            let mut place = 0;
            while place < block.len() {
                let mut length = block.run_at(place);
                if length > 0 {
                    if looks {
                        // Digits in a word may look like letters, or be the end of a number.
                        let letters = block.letters_at(place);
                        if letters == 0 {
                            break 'text;
                        }
                        length = length.min(letters);
                    }
                    if !run.is_open() {
                        if bytes[at].is_ascii_digit() {
                            break 'text;
                        }
                        if encodes && may_be_encoded(&bytes[at..]) {
                            if bytes.len() - at >= usize::from(Plausible::ENOUGH) {
                                break 'text;
                            }
                            last_word = at;
                        }
                        // Two letters, each a word, may be the beginning of something that is spelled.
                        let is_letter = bytes.get(at + 1).is_none_or(|byte| !byte.is_ascii_alphanumeric());
                        if is_letter && letters && letter_end <= at && at - letter_end <= 3 {
                            break 'text;
                        }
                        let barred = match at.checked_sub(1) {
                            Some(before) if plan.class(bytes[before]) & BARS == 0 => 0,
                            None if !self.before.may_bar() => 0,
                            _ => plan.barred(self.before.then(&bytes[..at])),
                        };
                        let slip = Slip { may: plan.slip_emails() & !barred != 0, ..Slip::NONE };
                        run = Run { start: base + at as u64, opened: barred, slip, ..Run::NONE };
                    }
                    let room = run.word.room();
                    run.word.add(block.word_at(place, length), length);
                    run.word_is_cut |= length > room;
                    if length > room && !run.full {
                        if plan.openings().word(&run.word) & plan.words & !run.opened != 0 {
                            // Its walks open before the first byte that the word has no room for.
                            at += room;
                            break 'text;
                        }
                        run.full = true;
                    }
                    if length > room && !run.slip.long {
                        if run.slip.may && plan.may_slip(&run.word, 0) {
                            at += room;
                            break 'text;
                        }
                        run.slip.long = true;
                    }
                    (at, place) = (at + length, place + length);
                    if place == block.len() {
                        break;
                    }
                    if block.run_at(place) > 0 {
                        continue;
                    }
                }
                let class = plan.class(bytes[at]);
                if class & OPAQUE != 0 {
                    break 'text;
                }
                if run.is_open() {
                    if !ends_plainly(plan, &run, class, bytes[at]) {
                        break 'text;
                    }
                    if run.word.len() == 1 {
                        letter_end = at;
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
        if letters {
            self.spelled.pass(&bytes[..at], base);
        }
        if encoded_until > 0 {
            self.encoded.go_on(bytes[..at.min(encoded_until)].iter().copied(), base);
        }
        if last_word < at {
            self.encoded.begin_with(&bytes[last_word..at], base + last_word as u64);
        }
        at
    }
}

/// Whether a word ends before this byte, of this class, so that no walk opens over it.
#[inline(always)]
fn ends_plainly(plan: &ScanPlan, run: &Run, class: u8, next: u8) -> bool {
    let possible = if class & SPLITS != 0 || plan.groups != 0 || run.word.ends_in_digit() {
        plan.ended(&run.word, if class & SPACE != 0 { ' ' } else { next as char })
    } else {
        plan.openings().word(&run.word)
    };
    if possible & plan.words & !run.opened != 0 && !run.full {
        return false;
    }
    if class & BREAKS != 0 && !run.full && plan.openings().prefix(&run.word) & plan.words != 0 {
        return false;
    }
    let may_slip = class & BARS != 0 && run.slip.may && !run.slip.long && plan.may_slip(&run.word, 0);
    !may_slip
}

/// The sign of typography with which a text begins, those with which prose is set, and the one of ASCII that bounds words as it does.
#[inline(always)]
fn sign_at(text: &[u8]) -> Option<(char, u8)> {
    match text {
        [0xe2, 0x80, third, ..] => match third {
            0x93 => Some(('–', b'-')),
            0x94 => Some(('—', b'-')),
            0x98 => Some(('‘', b'\'')),
            0x99 => Some(('’', b'\'')),
            0x9c => Some(('“', b'"')),
            0x9d => Some(('”', b'"')),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::ascii_class;
    use crate::text::reading::{Breaks, Escapes, Markup, Substitution, hides};

    #[test]
    fn signs_of_typography_are_what_stands_for_them() {
        for sign in "–—‘’“”".chars() {
            let (found, ascii) = sign_at(sign.to_string().as_bytes()).unwrap();
            assert_eq!(found, sign);
            let mut symbols = Vec::new();
            symbols_of(sign, 0, 3, |symbol| symbols.push((symbol.ch, Some(symbol.class))));
            // Double quotes fold to themselves.
            let folded = if ascii == b'"' { sign } else { char::from(ascii) };
            assert_eq!(symbols, [(folded, ascii_class(ascii))], "{sign}");
            let is_read = Escapes::begins(sign)
                || Markup::begins(sign)
                || Breaks::begins(sign)
                || Substitution::Looks.of(sign).is_some();
            assert!(!is_read && !hides(sign) && !sign.is_whitespace(), "{sign}");
        }
    }
}
