//! Words with which a key begins, until what stands behind them says that no key goes on so.
//!
//! Ordinary text is full of them: `will`, `may`, `in`, `one`. A walk over each of them would cost a hundred times what a word costs. So such a word is passed
//! like any other, and kept, while what stands behind it is not known: a gap, and the first three letters of the next word. As soon as something else comes
//! than [`Followers`](crate::index::Follower) know of no key, the scanner reads the word, and what stands behind it, as if it had not been passed.

use super::fast::LONGEST_TOKEN;
use super::lane::{Origin, Word};
use super::{Counts, Scanner};
use crate::index::{FirstWord, Follower, KindMask, NO_KIND, READING, WORD};
use crate::scan::Means;
use crate::scan::plan::{BARS, BREAKS, DIGIT, LETTER, OPAQUE, OPENS, SPACE, ScanPlan, kinds_in};
use crate::scan::walk::{Fork, Walk};
use crate::text::reading::{Meaning, Spoken};
use crate::text::symbols_of;

/// More between two words than this is looked at.
const LONGEST_GAP: u8 = 4;

/// What a word is before the character that ends it.
pub(super) enum Ends {
    /// No value begins with it.
    Plain,
    /// Perhaps one does: what comes next tells.
    Waits(Waits),
    /// It has to be looked at.
    Looks,
}

/// What could begin with a word, behind which there is a gap.
#[derive(Clone, Copy)]
pub(super) struct Waits {
    kinds: KindMask,
    /// Kinds of which it may be the beginning of a word, written in parts or broken by the end of a line.
    codes: KindMask,
    /// The end of a line is what breaks it.
    is_broken: bool,
    /// What the next word would have to be for both to be read otherwise.
    spoken: Option<Spoken>,
    /// The number that it is, or no word.
    number: FirstWord,
    /// A sign may be said.
    sign: bool,
    /// Characters of the gap.
    gap: u8,
    comma: bool,
    /// The first letters of the next word.
    letters: [u8; LETTERS],
    known: u8,
}

/// So many letters of the next word are enough.
const LETTERS: usize = 3;

/// A word that waits.
pub(super) struct Candidate {
    word: Word,
    /// Where it begins.
    pub(super) origin: Origin,
    pub(super) waits: Waits,
    /// The bytes behind it, the first one lowest.
    behind: u64,
    length: u8,
}

/// What the next byte behind a word that waits tells of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    Plain,
    Waits,
    Looks,
}

impl ScanPlan {
    /// What becomes of a word of ASCII letters before a byte of ASCII that is none; whether it begins in upper case.
    #[inline]
    pub(super) fn ends(&self, word: &FirstWord, upper: bool, next: u8) -> Ends {
        let (class, openings) = (self.class(next), self.openings());
        let longer = if class & BREAKS != 0 { self.words } else { self.split(word, next) };
        let longer = if longer != 0 { openings.prefix(word) & longer } else { 0 };
        match openings.word(word) & self.words {
            0 if longer == 0 => Ends::Plain,
            whole => self.ends_as(word, (upper, next), whole, longer),
        }
    }

    /// The same, where a key may begin with the word as a whole, or with a longer one.
    #[inline(never)]
    fn ends_as(
        &self,
        word: &FirstWord,
        (upper, next): (bool, u8),
        whole: KindMask,
        longer: KindMask,
    ) -> Ends {
        let (class, followers) = (self.class(next), self.openings().followers());
        let announces = whole & NO_KIND != 0 && self.announces(word);
        let is_broken = is_break(next);
        let parted = if is_broken { longer & self.groups } else { longer };
        let is_apart = class & (SPACE | BREAKS) != 0 && parted != 0;
        // Of what may have a slip, or lack its end, more is known than keys say. A name in lower case has a slip only where every symbol is looked at.
        let slips = (whole | longer) & self.kept != 0 || upper && whole & self.names & self.kept_names != 0;
        if !self.waits || announces || slips || is_apart || parted & !self.codes != 0 {
            return Ends::Looks;
        }
        let codes = if longer != 0 && self.may_begin_with(word, longer) { longer } else { 0 };
        let is_read = |meaning: &Meaning| match meaning {
            Meaning::Letter(letter) => self.readings.letters && self.begins(*letter) != 0,
            _ => self.readings.words,
        };
        let opener = if whole & READING != 0 { self.opener(word.text(&mut [0; WORD])) } else { None };
        let opener = opener.filter(is_read);
        let spoken = match opener {
            None => None,
            Some(_) if next != b' ' => return Ends::Looks,
            Some(Meaning::Digits(..)) => Some(Spoken::Number),
            Some(Meaning::Letter(_)) => Some(Spoken::Letter),
            Some(_) => return Ends::Looks,
        };
        let number = match opener {
            Some(Meaning::Digits(digits, count)) => FirstWord::of(&digits[..usize::from(count)]),
            _ => FirstWord::EMPTY,
        };
        let mut kinds = whole & !NO_KIND;
        let spaced = kinds & self.codes;
        if spaced != 0 {
            // Its next digit may be said.
            if self.goes_on_with(word, ' ', spaced) {
                return Ends::Looks;
            }
            kinds &= !spaced;
        }
        let is_key = |word: &FirstWord| {
            followers.may_follow(word, Follower::End) || followers.may_follow(word, Follower::Sign(next))
        };
        if is_key(word) || number.len() > 0 && (is_key(&number) || self.is_number(&number)) {
            return Ends::Looks;
        }
        if kinds == 0 && codes == 0 && spoken.is_none() {
            return Ends::Plain;
        }
        let may_be_said = class & SPACE != 0 || b"[({<".contains(&next);
        let sign = may_be_said && self.readings.words && followers.may_follow(word, Follower::Said);
        if sign && spoken.is_some() {
            return Ends::Looks;
        }
        Ends::Waits(Waits {
            kinds,
            codes,
            is_broken,
            spoken,
            number,
            sign,
            gap: 1,
            comma: next == b',',
            letters: [0; LETTERS],
            known: 0,
        })
    }

    /// Whether no value begins with a word of ASCII before a byte, `behind` being what stands behind that.
    #[inline]
    pub(super) fn ends_plainly(&self, word: &FirstWord, upper: bool, next: u8, behind: &[u8]) -> bool {
        match self.ends(word, upper, next) {
            Ends::Plain => true,
            Ends::Looks => false,
            Ends::Waits(mut waits) => {
                let told =
                    |byte: &u8| Some(waits.then(self, word, *byte)).filter(|told| *told != Told::Waits);
                behind.iter().find_map(told) == Some(Told::Plain)
            }
        }
    }

    /// Whether a key of one of these kinds begins so: exactly.
    fn may_begin_with(&self, word: &FirstWord, kinds: KindMask) -> bool {
        let possible = self.openings().prefix(word) & kinds;
        possible != 0 && self.none_begins(word, possible) != possible
    }

    /// Whether a key of one of these kinds goes on with a sign behind a word: exactly.
    fn goes_on_with_sign(&self, word: &FirstWord, kinds: KindMask) -> bool {
        kinds_in(kinds).any(|kind| {
            self.kind(kind).starts.iter().any(|start| {
                let mut walk = Walk::new(kind, *start, 0, 0);
                walk.take_word(self, word).alive && walk.awaits_sign(self)
            })
        })
    }

    /// Whether a key of one of these kinds goes on with another word: exactly; or may, where the word stands for another.
    fn goes_on_with_word(&self, word: &FirstWord, kinds: KindMask) -> bool {
        let alternatives = self.first_alternatives().over(word);
        let stands_for_another = alternatives.iter().any(|first| kinds & 1 << first.kind != 0);
        stands_for_another || [' ', ','].into_iter().any(|gap| self.goes_on_with(word, gap, kinds))
    }

    /// Whether a key of one of these kinds goes on with this character; or may, behind a long word.
    fn goes_on_with(&self, word: &FirstWord, next: char, kinds: KindMask) -> bool {
        word.then(next).is_none_or(|word| self.is_begun(&word, kinds))
    }

    /// Whether these digits are a key of a kind that has digits only.
    fn is_number(&self, digits: &FirstWord) -> bool {
        kinds_in(self.digits).any(|kind| {
            let mut starts = self.kind(kind).starts.iter();
            starts.any(|start| Walk::new(kind, *start, 0, 0).take_word(self, digits).found.is_some())
        })
    }

    /// Whether a number of one of these kinds begins with these digits: exactly.
    fn begins_number(&self, digits: &FirstWord, kinds: KindMask) -> bool {
        kinds_in(kinds & self.digits).any(|kind| {
            let mut starts = self.kind(kind).starts.iter();
            starts.any(|start| {
                let mut walks: Vec<Walk> = Vec::new();
                let mut forks = Vec::new();
                for (at, digit) in digits.bytes().enumerate() {
                    symbols_of(char::from(digit), 0, 1, |symbol| {
                        let first = Walk::new(kind, *start, 0, 0);
                        match at {
                            0 if self.phone == Some(kind) && start.means == Means::EXACT => {
                                first.phone(self, &symbol, |walk, stepped| {
                                    walks.extend(stepped.alive.then_some(walk));
                                });
                            }
                            0 => {
                                let mut walk = first;
                                walks.extend(walk.follow(self, &symbol).alive.then_some(walk));
                            }
                            _ => {
                                walks.retain_mut(|walk| walk.step(self, &symbol, &mut forks).alive);
                                let forked = forks.drain(..).filter(|(_, stepped): &Fork| stepped.alive);
                                walks.extend(forked.map(|(walk, _)| walk));
                            }
                        }
                    });
                }
                !walks.is_empty()
            })
        })
    }

    /// Whether a key of one of these kinds begins with these bytes, of which some may be spaces.
    fn is_begun(&self, bytes: &FirstWord, kinds: KindMask) -> bool {
        kinds_in(kinds).any(|kind| {
            let mut starts = self.kind(kind).starts.iter();
            starts.any(|start| {
                let stepped = Walk::new(kind, *start, 0, 0).take_word(self, bytes);
                stepped.alive || stepped.found.is_some()
            })
        })
    }
}

/// Whether a line ends with this byte alone.
fn is_break(byte: u8) -> bool {
    byte == b'\n'
}

impl Waits {
    /// How many of the bytes from the beginning of the word on are not held, if it begins at `start`: all of them if it is not. `None` if that is not known
    /// without a look.
    #[inline]
    pub(super) fn unheld(
        &self,
        plan: &ScanPlan,
        word: &FirstWord,
        counts: &Counts,
        start: u64,
    ) -> Option<u64> {
        let from = counts.from(start);
        let is_read = self.number.len() > 0 || self.spoken.is_some() || self.sign;
        if from & self.kinds == 0 && self.codes == 0 && !is_read {
            return Some(u64::MAX);
        }
        self.unheld_of(plan, word, from)
    }

    #[inline(never)]
    fn unheld_of(&self, plan: &ScanPlan, word: &FirstWord, from: KindMask) -> Option<u64> {
        // What may be read otherwise is held for any kind.
        if self.spoken.is_some() && from & READING == 0 {
            return None;
        }
        let is_long = word.len() + usize::from(self.known) > WORD;
        if self.codes != 0 && (is_long || !self.is_broken && self.may_be_digit(plan)) {
            return None;
        }
        let counted = self.kinds & from;
        // A gap before a sign that may be said is kept for whatever kind it is.
        if self.sign && counted & plan.signed == 0 {
            return None;
        }
        if counted & !plan.signed != 0 && plan.goes_on_with_word(word, counted & !plan.signed) {
            return None;
        }
        // Another word may stand for the next one of a key.
        let numbered = from & plan.words & !plan.signed & !NO_KIND;
        let is_number = self.number.len() > 0 && self.spoken.is_none();
        if is_number && plan.goes_on_with_word(&self.number, numbered) {
            return None;
        }
        let holds = self.sign && plan.goes_on_with_sign(word, counted & plan.signed)
            || self.codes & from != 0 && self.may_be_code(plan, word, self.codes & from)
            || self.number.len() > 0 && self.may_be_number(plan, from);
        match self.spoken {
            _ if holds => Some(0),
            None => Some(u64::MAX),
            // What stands behind it is kept until it is known whether a number goes on.
            Some(Spoken::Number) => Some(word.len() as u64),
            Some(_) => {
                let letter = plan.opener(word.text(&mut [0; WORD]));
                let counts = |letter| plan.begins(letter) & from != 0;
                match letter {
                    Some(Meaning::Letter(letter)) if counts(letter) => Some(0),
                    _ if self.known == 0 => Some(u64::MAX),
                    // It may be the first one of a value.
                    _ => None,
                }
            }
        }
    }

    /// Whether a key of one of these kinds begins with the number, or goes on with the next letters directly behind it.
    fn may_be_number(&self, plan: &ScanPlan, kinds: KindMask) -> bool {
        let kinds = kinds & !NO_KIND;
        if self.spoken.is_some() {
            // What stands behind it is kept, and has not been read.
            let begun = plan.openings().prefix(&self.number) & plan.words & kinds;
            return begun != 0 || plan.begins_number(&self.number, kinds);
        }
        plan.may_begin_with(&self.code(&self.number), kinds & plan.codes)
    }

    /// The word and the letters behind it, as one word.
    fn code(&self, word: &FirstWord) -> FirstWord {
        let letters = &self.letters[..usize::from(self.known)];
        letters.iter().fold(*word, |code, letter| code.then(char::from(*letter)).unwrap_or(code))
    }

    /// What the next byte tells.
    #[inline]
    pub(super) fn then(&mut self, plan: &ScanPlan, word: &FirstWord, byte: u8) -> Told {
        let class = plan.class(byte);
        // A line may end inside of the next word.
        let breaks = class & BREAKS != 0 && (!is_break(byte) || self.known > 0);
        if class & (OPAQUE | OPENS | DIGIT) != 0 || breaks {
            return Told::Looks;
        }
        let is_letter = class & LETTER != 0;
        match (is_letter, usize::from(self.known)) {
            (false, 0) => self.widen(plan, word, byte),
            (false, _) => self.tell(plan, word),
            (true, known) => {
                // It may be a middle name.
                let followers = plan.openings().followers();
                let is_upper_name = known == 0 && byte.is_ascii_uppercase() && self.kinds & plan.names != 0;
                let may_stand_between = || !self.comma && followers.may_follow(word, Follower::Space);
                if is_upper_name && (plan.kept_names != 0 || may_stand_between()) {
                    return Told::Looks;
                }
                self.letters[known] = byte.to_ascii_lowercase();
                self.known += 1;
                if self.codes != 0 || self.spoken.is_some() || self.sign {
                    self.rule_out(plan, word);
                    if self.is_ruled_out() {
                        return Told::Plain;
                    }
                }
                if known + 1 == LETTERS { self.tell(plan, word) } else { Told::Waits }
            }
        }
    }

    /// There is one more character before the next word.
    #[inline(never)]
    fn widen(&mut self, plan: &ScanPlan, word: &FirstWord, byte: u8) -> Told {
        self.gap += 1;
        self.comma |= byte == b',';
        if self.is_broken && plan.class(byte) & SPACE != 0 {
            // Between two words.
            self.codes = 0;
        } else if byte == b' ' && self.codes & !plan.groups != 0 && !plan.goes_on_with(word, ' ', self.codes)
        {
            // In most codes a space is no gap behind a letter.
            self.codes &= plan.groups;
        }
        if self.is_ruled_out() {
            return Told::Plain;
        }
        let follower = Follower::Word([byte, 0, 0]);
        let is_more = self.codes != 0
            || self.spoken.is_some()
            || self.sign
            || self.gap > LONGEST_GAP
            || plan.openings().followers().may_follow(word, follower);
        if is_more { Told::Looks } else { Told::Waits }
    }

    /// What else there might be goes on with the letters of the next word, or is ruled out.
    #[inline(never)]
    fn rule_out(&mut self, plan: &ScanPlan, word: &FirstWord) {
        let letters = &self.letters[..usize::from(self.known)];
        // A letter alone may be a token.
        let goes_on = |spoken: &Spoken| {
            spoken.may_begin(letters) || matches!(spoken, Spoken::Letter) && letters.len() == 1
        };
        self.spoken = self.spoken.filter(goes_on);
        self.sign &= Spoken::Sign.may_begin(letters);
        if self.codes != 0 && !self.may_be_code(plan, word, self.codes) {
            self.codes = 0;
        }
    }

    /// Whether the next word may be one for a digit.
    fn may_be_digit(&self, plan: &ScanPlan) -> bool {
        let letters = &self.letters[..usize::from(self.known)];
        plan.readings.words && !letters.is_empty() && Spoken::Number.may_begin(letters)
    }

    /// Whether a key of one of these kinds goes on so, its next digit said if need be.
    fn may_be_code(&self, plan: &ScanPlan, word: &FirstWord, kinds: KindMask) -> bool {
        !self.is_broken && self.may_be_digit(plan) || plan.may_begin_with(&self.code(word), kinds)
    }

    fn is_ruled_out(&self) -> bool {
        self.kinds == 0 && self.codes == 0 && self.spoken.is_none() && self.number.len() == 0 && !self.sign
    }

    /// The next word is known as far as it has to be.
    #[inline]
    fn tell(&self, plan: &ScanPlan, word: &FirstWord) -> Told {
        let follows = Follower::Word(self.letters);
        let followers = plan.openings().followers();
        let is_more = self.codes != 0 || self.spoken.is_some() || self.sign;
        let has_number = || {
            // The number may go on as a code, or with another word.
            followers.may_follow(&self.number, follows) || self.may_be_number(plan, plan.codes)
        };
        match is_more || followers.may_follow(word, follows) || self.number.len() > 0 && has_number() {
            true => Told::Looks,
            false => Told::Plain,
        }
    }
}

impl Candidate {
    pub(super) fn new(word: Word, origin: Origin, waits: Waits) -> Self {
        Self { word, origin, waits, behind: 0, length: 0 }
    }

    pub(super) fn word(&self) -> &Word {
        &self.word
    }

    /// Keeps bytes that stand behind it; there is room for as many as are needed to tell.
    #[inline]
    pub(super) fn keep(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.behind |= u64::from(*byte) << (8 * self.length);
            self.length += 1;
        }
    }

    /// How many bytes the word has, and what stands behind it.
    pub(super) fn length(&self) -> u64 {
        self.word.length() + u64::from(self.length)
    }

    /// These bytes.
    pub(super) fn bytes(&self) -> impl Iterator<Item = u8> + use<> {
        let behind = self.behind.to_le_bytes().into_iter().take(usize::from(self.length));
        self.word.bytes().chain(behind)
    }
}

impl Scanner {
    /// The fast lane for tokens in which words end with which a value may begin, or behind such a word. Takes them all, or does nothing and returns
    /// `None`.
    #[inline(never)]
    pub(super) fn pass_waiting(&mut self, text: &[u8], counts: &Counts) -> Option<Option<u64>> {
        let lane = &self.lane;
        if !lane.is_open || text.is_empty() || text.len() > LONGEST_TOKEN || !self.plan.waits {
            return None;
        }
        let (plan, openings) = (&*self.plan, self.plan.openings());
        let mut word = lane.word;
        // The word that waits, and what it waits for.
        let (mut waiting, mut waits) = match &lane.candidate {
            Some(candidate) => (*candidate.word(), Some(candidate.waits)),
            None => (Word::NONE, None),
        };
        // Where the last word begins in this text, and the one that waits, and what stands behind that.
        let (mut from, mut waiting_from, mut behind) = (None, None, None);
        for (at, byte) in text.iter().enumerate() {
            let class = plan.class(*byte);
            if class & (OPAQUE | OPENS | DIGIT) != 0 {
                return None;
            }
            if let Some(more) = &mut waits {
                match more.then(plan, &waiting.folded(), *byte) {
                    Told::Looks => return None,
                    Told::Plain => waits = None,
                    Told::Waits => {}
                }
            }
            if class & LETTER != 0 {
                if !word.is_open() {
                    (word, from) = (Word::NONE, Some(at));
                    word.is_barred = match at.checked_sub(1) {
                        Some(before) => plan.class(text[before]) & BARS != 0,
                        None => self.before.may_bar(),
                    };
                }
                word.push(*byte);
                if word.is_just_cut() && openings.word(&word.folded()) & plan.words != 0 {
                    return None;
                }
                continue;
            }
            if word.is_open() && !word.is_cut() {
                match plan.ends(&word.folded(), word.is_upper(), *byte) {
                    Ends::Plain => {}
                    Ends::Waits(more) if !word.is_barred && (from.is_some() || lane.origin.is_some()) => {
                        (waiting, waits) = (word, Some(more));
                        (waiting_from, behind) = (from, Some(at));
                    }
                    _ => return None,
                }
            }
            word = Word::NONE;
        }
        let otherwise = lane.otherwise.then(text);
        if otherwise.is_undecided(plan.readings) {
            return None;
        }
        let seen = self.seen + text.len() as u64;
        let (mut oldest, mut may_begin) = (None, false);
        if word.is_open() && !word.is_cut() {
            let (folded, start) = (word.folded(), seen - word.length());
            let kinds = openings.prefix(&folded) & plan.words;
            may_begin = kinds != 0 || plan.may_announce(&folded);
            let counted = if word.is_free { 0 } else { kinds & counts.from(start) };
            if counted != 0 {
                word.is_free = !folded.is_short() && plan.none_begins(&folded, counted) == counted;
                if word.is_barred && !word.is_free {
                    return None;
                }
                oldest = (!word.is_free).then_some(start);
            }
            if !may_begin {
                word = Word::DEAD;
            }
        }
        if let Some(waits) = &waits {
            let before = lane.candidate.as_ref().filter(|_| behind.is_none()).map_or(0, Candidate::length);
            let behind = text.len() - behind.unwrap_or(0);
            let length = behind as u64 + if before > 0 { before } else { waiting.length() };
            let unheld = waits.unheld(plan, &waiting.folded(), counts, seen - length)?;
            if unheld < length {
                oldest = Some(seen - length + unheld);
            }
        }
        let emails = plan.slip_emails();
        if emails != 0 {
            let tail = self.tail_behind(text)?;
            if oldest.is_none() {
                oldest = tail.start().filter(|start| emails & counts.from(*start) != 0);
            }
            self.tail = tail;
        }
        match waits {
            None if self.lane.candidate.is_none() => {}
            None => self.lane.candidate = None,
            Some(waits) => self.wait(text, waits, (waiting, waiting_from), behind),
        }
        if may_begin && let Some(from) = from {
            self.lane.origin = Some(Origin::new(self.before, self.lane.otherwise, &text[..from]));
        }
        self.pass_lane(text, counts, word, otherwise, oldest)
    }

    /// Keeps a word that waits, which begins in this text or before it, and what stands behind it.
    #[inline(never)]
    fn wait(
        &mut self,
        text: &[u8],
        waits: Waits,
        (word, from): (Word, Option<usize>),
        behind: Option<usize>,
    ) {
        if let Some(behind) = behind {
            let origin = from
                .map(|from| Origin::new(self.before, self.lane.otherwise, &text[..from]))
                .or(self.lane.origin);
            self.lane.candidate = origin.map(|origin| Candidate::new(word, origin, waits));
            self.lane.candidate.iter_mut().for_each(|candidate| candidate.keep(&text[behind..]));
        } else if let Some(candidate) = &mut self.lane.candidate {
            candidate.waits = waits;
            candidate.keep(text);
        }
    }
}
