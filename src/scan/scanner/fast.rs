//! The fast lane: ordinary text, in which no walk is open and none opens.
//!
//! It says the same as the scanner's own way, symbol by symbol, and leaves to it whatever is not plain: digits, signs, other scripts, words
//! with which a key begins that may go on as it does (see [`candidate`](super::candidate)).

use super::super::block::{Block, behind, first_bytes};
use super::super::plan::{BARS, BREAKS, DIGIT, LETTER, OPAQUE, OPENS, SPACE, SPLITS, ScanPlan};
use super::candidate::Candidate;
use super::encoded::may_be_encoded;
use super::lane::{Lane, Origin, Otherwise, Word};
use super::slips::{Slip, Tail};
use super::waits::Ends;
use super::{Counts, Means, Run, Scanner};
use crate::index::{FirstWord, WORD};
use crate::text::reading::{Piece, Plausible};
use crate::text::{Class, symbols_of};

/// Longer pieces of text are taken word by word.
pub(super) const LONGEST_TOKEN: usize = 16;

/// The fast lane for most tokens takes so many bytes.
const LONGEST_PIECE: usize = 8;

/// Longer words are known to begin no key.
const LONGEST_PLAIN: u64 = (WORD + LONGEST_PIECE) as u64;

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
        if let Some(oldest) = self.pass_waiting(text.as_bytes(), counts) {
            return (text.len(), oldest);
        }
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

    /// The fast lane for most tokens: word by word, as long as no word ends with which a value may begin, and none waits for what stands behind it.
    /// Takes them all, or does nothing and returns `None`.
    ///
    /// Tried and lost: an automaton of the first three letters of keys, which is faster where few keys are known and leaves most words of prose to the
    /// scanner where many are.
    #[inline(always)]
    fn pass_token(&mut self, text: &[u8], counts: &Counts) -> Option<Option<u64>> {
        let lane = &self.lane;
        if !lane.is_open || lane.candidate.is_some() || text.is_empty() || text.len() > LONGEST_PIECE {
            return None;
        }
        let (plan, openings) = (&*self.plan, self.plan.openings());
        let (bytes, was, mut word) = (first_bytes(text), lane.otherwise, lane.word);
        // Where a word goes on or begins, and the bytes that are no letters behind it.
        let (mut at, mut others) = (0, Block::of(bytes, text.len()).no_letters());
        while others != 0 {
            let end = others.trailing_zeros() as usize / 8;
            others &= others - 1;
            let byte = (bytes >> (8 * end)) as u8;
            let class = plan.class(byte);
            if class & (OPAQUE | OPENS | DIGIT) != 0 {
                return None;
            }
            if at < end {
                word.add(bytes >> (8 * at), end - at);
            }
            at = end + 1;
            if word.is_open() && word.length() <= LONGEST_PLAIN {
                // Of a longer word the first bytes are asked for.
                let folded = word.folded();
                let whole = openings.word(&folded) & plan.words;
                let is_alone = || {
                    let is_before_word = byte == b' ' && text.get(at).is_some_and(u8::is_ascii_lowercase);
                    is_before_word && plan.is_name_alone(&folded, word.is_upper(), whole)
                };
                if whole != 0 && (word.is_cut() || !is_alone())
                    || !word.is_cut()
                        && class & plan.splits != 0
                        && !matches!(plan.ends(&folded, word.is_upper(), byte), Ends::Plain)
                {
                    return None;
                }
            }
            word = Word::NONE;
        }
        // Where the last word begins in this text, if it does.
        let from = if word.is_open() { text.len() } else { at };
        if at < text.len() {
            word.add(bytes >> (8 * at), text.len() - at);
        }
        let state = text.iter().fold(was.state, |state, byte| Otherwise::next(state, *byte));
        let otherwise = Otherwise { state, recent: behind(was.recent, bytes, text.len()) };
        if otherwise.is_undecided(plan.readings) {
            return None;
        }
        let (mut oldest, mut may_begin) = (None, false);
        if word.is_open() && word.length() <= LONGEST_PLAIN {
            let (folded, start) = (word.folded(), self.seen + text.len() as u64 - word.length());
            let kinds =
                if word.is_cut() { openings.word(&folded) } else { openings.prefix(&folded) } & plan.words;
            if kinds == 0 && (word.is_cut() || !plan.may_announce(&folded)) {
                word = Word::DEAD;
            } else if word.is_cut() {
                return None;
            } else {
                let counted = if word.is_free { 0 } else { kinds & counts.from(start) };
                if counted != 0 {
                    word.is_free = !folded.is_short() && plan.none_begins(&folded, counted) == counted;
                    oldest = (!word.is_free).then_some(start);
                }
                if from < text.len() {
                    word.is_barred = match from.checked_sub(1) {
                        Some(before) => plan.class(text[before]) & BARS != 0,
                        None => self.before.may_bar(),
                    };
                    may_begin = true;
                }
                if word.is_barred && oldest.is_some() {
                    return None;
                }
            }
        }
        if plan.slip_first() != 0 {
            oldest = self.pass_slips(text, counts, oldest)?;
        }
        if may_begin {
            self.lane.origin = Some(Origin::of(self.before, was, bytes, from));
        }
        self.pass_lane(text, counts, word, otherwise, oldest)
    }

    /// Goes past text, and says the oldest byte that is held.
    #[inline(always)]
    pub(super) fn pass_lane(
        &mut self,
        text: &[u8],
        counts: &Counts,
        word: Word,
        otherwise: Otherwise,
        oldest: Option<u64>,
    ) -> Option<Option<u64>> {
        (self.lane.otherwise, self.lane.word) = (otherwise, word);
        self.go_past(text);
        if !otherwise.holds(self.plan.readings) {
            return Some(oldest);
        }
        // Most words that may be read otherwise are held as they are.
        let first = self.seen - otherwise.most_held();
        if oldest.is_some_and(|oldest| oldest <= first) || !counts.anything() {
            return Some(oldest);
        }
        let read = otherwise.start(self.seen, &self.plan, counts);
        Some(oldest.into_iter().chain(read).min())
    }

    /// Goes past text in which nothing has a slip, and says the oldest byte that is held, given what else is; `None` if more has to be looked at.
    #[inline(never)]
    pub(super) fn pass_slips(
        &mut self,
        text: &[u8],
        counts: &Counts,
        oldest: Option<u64>,
    ) -> Option<Option<u64>> {
        let (plan, goes_on) = (&*self.plan, self.lane.word.is_open());
        let signs = text.iter().fold(0, |signs, byte| signs | plan.class(*byte));
        let is_barred = |two: &[u8]| plan.class(two[0]) & BARS != 0 && plan.class(two[1]) & LETTER != 0;
        let begins_barred = self.before.may_bar() && plan.class(text[0]) & LETTER != 0;
        let has_signs = signs & BARS != 0;
        if begins_barred || has_signs && text.windows(2).any(is_barred) {
            return None;
        }
        let is_word =
            || text.len() <= LONGEST_PIECE && text.iter().all(|byte| plan.class(*byte) & LETTER != 0);
        if goes_on && !self.tail.may && is_word() {
            // Of a word with which nothing begins nothing begins behind more letters.
            return Some(oldest);
        }
        if signs & SPACE != 0
            && plan.slips_streets()
            && self.tail.ends_as_street(plan, text, self.seen, goes_on)
        {
            return None;
        }
        let ends = has_signs && text.last().is_some_and(|last| plan.class(*last) & BARS != 0);
        self.tail = self.tail.then(plan, text, self.seen, goes_on, has_signs.then_some(ends))?;
        let counted = |start: &u64| self.plan.slip_first() & counts.from(*start) != 0;
        Some(oldest.or_else(|| self.tail.start().filter(counted)))
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

    /// Makes the run what the fast lane knows of it, and reads a word that has waited.
    #[inline]
    pub(super) fn leave_lane(&mut self) {
        if self.lane.is_open {
            self.leave();
        }
    }

    #[inline(never)]
    fn leave(&mut self) {
        self.lane.is_open = false;
        // Where this run stands in it is not known, even if the lane took nothing.
        self.slips.history.forget();
        if let Some(waiting) = self.lane.candidate.take() {
            return self.read_again(&waiting);
        }
        let word = &self.lane.word;
        self.run = match word.is_open() {
            false => Run::NONE,
            // Of a word with which no key begins nobody asks more.
            true if word.is_cut() => {
                let dead = FirstWord::of(b"a");
                Run { start: self.seen - 1, word: dead, full: true, word_is_cut: true, ..Run::NONE }
            }
            true => {
                let opened = match &self.lane.origin {
                    Some(origin) if word.is_barred => self.plan.barred(origin.before()),
                    _ => 0,
                };
                Run { start: self.seen - word.length(), word: word.folded(), opened, ..Run::NONE }
            }
        };
        if word.is_open() && self.plan.slip_first() != 0 {
            self.tail.open(&mut self.run);
        }
        self.leave_otherwise(self.lane.otherwise);
    }

    fn leave_otherwise(&mut self, otherwise: Otherwise) {
        if self.plan.readings.encodings {
            self.encoded.leave_lane(otherwise, self.seen);
        }
        if self.plan.readings.letters {
            self.spelled.leave_lane(otherwise.spelled(), otherwise.recent, self.seen);
        }
    }

    /// Goes back to the beginning of a word that has waited, and reads all there is from there on.
    #[inline(never)]
    fn read_again(&mut self, waiting: &Candidate) {
        let start = self.seen - waiting.length();
        (self.run, self.before) = (Run::NONE, waiting.origin.before());
        (self.seen, self.symbol_end) = (start, start);
        self.leave_otherwise(waiting.origin.otherwise());
        let mut late = std::mem::take(&mut self.late);
        for byte in waiting.bytes() {
            self.seen += 1;
            self.read(Piece::raw(char::from(byte), self.seen - 1, self.seen), &mut late);
        }
        // No key is complete where the lane stops: it would not have let such a word wait.
        debug_assert!(late.is_empty());
        self.late = late;
    }

    /// Opens the fast lane, if nothing has begun.
    pub(crate) fn enter_lane(&mut self) {
        let run = &self.run;
        // Behind a sign of its alphabet another word begins, which the lane would take for the same.
        let is_cut_off = self.encoded.is_plausible() && !self.is_in_word();
        if self.lane.is_open || is_cut_off {
            return;
        }
        if !self.is_plain() || self.symbol_end != self.seen || !self.spelled.is_ascii() {
            return;
        }
        let otherwise = Otherwise::of(&self.encoded, &self.spelled, run.is_open());
        let word = if !run.is_open() {
            if self.before.class() == Class::Run {
                return;
            }
            Word::NONE
        } else if run.full && (run.means == Means::EXACT || self.plan.similar.is_none()) {
            Word::DEAD
        } else if !run.full
            && !run.word_is_cut
            && run.opened == 0
            && run.means == Means::EXACT
            // One byte each, as the lane takes them.
            && self.seen - run.start == run.word.len() as u64
            // Behind a digit a space may be a gap.
            && run.word.bytes().all(|byte| byte.is_ascii_alphabetic())
        {
            Word::of(&run.word)
        } else {
            return;
        };
        (self.tail, self.in_margin) = (Tail::of(run), false);
        self.lane = Lane { is_open: true, otherwise, word, origin: None, candidate: None };
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
                Some((sign, ascii))
                    if self.pass_sign(
                        sign,
                        ascii,
                        &rest[plain + sign.len_utf8()..],
                        start + plain as u64,
                    ) =>
                {
                    taken += sign.len_utf8();
                }
                _ => return taken,
            }
        }
    }

    /// Takes a sign of typography, if it does no more than the one of ASCII that stands for it, as that does in the fast lane; whether it did.
    #[inline(never)]
    fn pass_sign(&mut self, sign: char, ascii: u8, behind: &[u8], start: u64) -> bool {
        let is_near = self.encoded.is_plausible() || self.spelled.state.length() > 0;
        let class = self.plan.class(ascii);
        if is_near
            || !self.is_plain()
            || self.symbol_end != start
            || class & (OPAQUE | OPENS) != 0
            || self.plan.openings().other(sign) & self.plan.wanted != 0
            || self.run.is_open() && !ends_plainly(&self.plan, &self.run, class, ascii, behind)
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
        let skips = plan.slip_first() == 0 && plan.class(b' ') & (OPAQUE | OPENS | BREAKS) == 0;
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
                        if skips {
                            let behind = skip_words(plan, bytes, at);
                            if behind > at {
                                at = behind;
                                continue 'text;
                            }
                        }
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
                        let slip = Slip { may: plan.slip_first() & !barred != 0, ..Slip::NONE };
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
                    if !ends_plainly(plan, &run, class, bytes[at], &bytes[at + 1..]) {
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

/// The commonest text by far, for which nothing has to be kept: words of letters with which no key begins, each with a space behind it, or a comma or a point and
/// a space. Where the first word begins, from the one at `at` on, that has to be looked at.
#[inline(always)]
fn skip_words(plan: &ScanPlan, bytes: &[u8], mut at: usize) -> usize {
    let openings = plan.openings();
    // Near the end of the text more is kept of words.
    while let Some(ahead) = bytes[at..].first_chunk::<{ 2 * WORD + 8 }>() {
        let mut letters = Block::read(ahead).letters_at(0);
        if letters == WORD {
            letters += Block::read(&ahead[WORD..]).letters_at(0);
        }
        let behind = match ahead[letters..] {
            [b' ', ..] => 1,
            [sign @ (b',' | b'.'), b' ', ..] if plan.class(sign) & (OPAQUE | OPENS | BREAKS) == 0 => 2,
            _ => break,
        };
        // One letter may be spelled with others.
        if letters < 2 || plan.readings.encodings && may_be_encoded(ahead) {
            break;
        }
        let word = FirstWord::of_letters(first_bytes(ahead), letters.min(WORD));
        let split = plan.split(&word, ahead[letters]);
        let begun = if split == 0 { 0 } else { openings.prefix(&word) & split };
        if (openings.word(&word) | begun) & plan.words != 0 {
            break;
        }
        at += letters + behind;
    }
    at
}

/// Whether a word ends before this byte, of this class, so that no walk opens over it, or none lives with what stands behind that.
#[inline(always)]
fn ends_plainly(plan: &ScanPlan, run: &Run, class: u8, next: u8, behind: &[u8]) -> bool {
    let possible = if class & SPLITS != 0 || plan.groups != 0 || run.word.ends_in_digit() {
        plan.ended(&run.word, if class & SPACE != 0 { ' ' } else { next as char })
    } else {
        plan.openings().word(&run.word)
    };
    if possible & plan.words & !run.opened != 0
        && !run.full
        && !plan.ends_plainly(&run.word, true, next, behind)
    {
        return false;
    }
    let is_begun = |word: &FirstWord| plan.openings().prefix(word) & plan.words != 0;
    if class & BREAKS != 0 && !run.full && is_begun(&run.word) {
        // A line that ends in a word of letters goes on with letters there, or is over: behind a digit it may be a gap.
        let is_line = next == b'\n' && run.word.bytes().all(|byte| byte.is_ascii_lowercase());
        let joined = || joined(&run.word, behind);
        let is_apart = behind.first().is_some_and(u8::is_ascii_whitespace);
        if !is_line || !is_apart && joined().is_none_or(|joined| is_begun(&joined)) {
            return false;
        }
    }
    if !run.slip.may || run.slip.long {
        return true;
    }
    let may_slip = class & BARS != 0 && plan.may_slip(&run.word, 0)
        || class & SPACE != 0 && plan.may_slip_whole(&run.word);
    !may_slip
}

/// A word and the letters with which a text goes on behind it, as far as there is room; `None` if it does not.
fn joined(word: &FirstWord, behind: &[u8]) -> Option<FirstWord> {
    let letters = behind.iter().take_while(|byte| byte.is_ascii_alphabetic()).take(word.room());
    let mut joined = *word;
    letters
        .for_each(|letter| joined = joined.then(char::from(letter.to_ascii_lowercase())).unwrap_or(joined));
    (joined.len() > word.len()).then_some(joined)
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
