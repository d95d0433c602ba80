//! What a word with which a key begins waits for, and what the next bytes say of it.
//!
//! All answers are on the safe side: a word is plain only if no key of any kind goes on so, however its words are written, said or broken by the end of a line.

use super::Counts;
use crate::index::{FirstWord, Follower, KindMask, NO_KIND, READING, WORD};
use crate::scan::Means;
use crate::scan::plan::{BREAKS, DIGIT, LETTER, OPAQUE, OPENS, SPACE, ScanPlan, kinds_in};
use crate::scan::walk::{Fork, Walk};
use crate::text::reading::{Meaning, Signs, Spoken};
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
    /// These signs may be said.
    signs: Signs,
    /// It may say that what comes is hidden: with which letters the next word would begin.
    hints: &'static [u8],
    /// Characters of the gap.
    gap: u8,
    comma: bool,
    /// The first letters of the next word.
    letters: [u8; LETTERS],
    known: u8,
}

/// So many letters of the next word are enough.
const LETTERS: usize = 3;

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
        let mut announces = whole & NO_KIND != 0 && self.announces(word);
        let hints =
            if announces && class & SPACE != 0 { hint_letters(word.text(&mut [0; WORD])) } else { b"" };
        announces &= hints.is_empty();
        let is_broken = is_break(next);
        let parted = if is_broken { longer & self.groups } else { longer };
        let is_apart = class & (SPACE | BREAKS) != 0 && parted != 0;
        // Of what may have a slip, or lack its end, more is known than keys say. A name in lower case has a slip only where every symbol is looked at.
        let slips =
            (whole | longer) & self.inexact != 0 || upper && whole & self.names & self.inexact_names != 0;
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
        // Any white space is a space of a key.
        let sign = Follower::Sign(if class & SPACE != 0 { b' ' } else { next });
        let is_key =
            |word: &FirstWord| followers.may_follow(word, Follower::End) || followers.may_follow(word, sign);
        if is_key(word) || number.len() > 0 && (is_key(&number) || self.is_number(&number)) {
            return Ends::Looks;
        }
        if kinds == 0 && codes == 0 && spoken.is_none() && hints.is_empty() {
            return Ends::Plain;
        }
        let may_be_said = class & SPACE != 0 || b"[({<".contains(&next);
        let is_said = may_be_said && self.readings.words && followers.may_follow(word, Follower::Said);
        if is_said && spoken.is_some() {
            return Ends::Looks;
        }
        // An underscore belongs to the first word of a key.
        let goes_on = |sign| sign == b'_' || followers.may_follow(word, Follower::Sign(sign));
        let signs = if is_said { Signs::which(goes_on) } else { Signs::NONE };
        Ends::Waits(Waits {
            kinds,
            codes,
            is_broken,
            spoken,
            number,
            signs,
            hints,
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

    /// Whether no name goes on with a space behind a word, however it is written.
    fn no_name_goes_on(&self, word: &FirstWord) -> bool {
        !self.openings().followers().may_follow(word, Follower::Space) && !self.first_alternatives().has(word)
    }

    /// Whether only names begin with a word, which is all that openings know of it, and none goes on with a space and a letter behind it, both of which stand there: for
    /// most words that are last names too this is all that has to be known.
    pub(super) fn is_name_alone(&self, word: &FirstWord, upper: bool, whole: KindMask) -> bool {
        let (openings, followers) = (self.openings(), self.openings().followers());
        let slips = whole & self.inexact != 0 || upper && whole & self.names & self.inexact_names != 0;
        let longer = self.split(word, b' ');
        let is_one = [Follower::End, Follower::Sign(b' '), Follower::Said];
        self.waits
            && whole & !self.names == 0
            && !slips
            && (longer == 0 || openings.prefix(word) & longer == 0)
            && !is_one.iter().any(|follower| followers.may_follow(word, *follower))
            && self.no_name_goes_on(word)
    }

    /// Whether a key of one of these kinds begins so: exactly.
    fn may_begin_with(&self, word: &FirstWord, kinds: KindMask) -> bool {
        let possible = self.openings().prefix(word) & kinds;
        possible != 0 && self.none_begins(word, possible) != possible
    }

    /// Whether a key of one of these kinds goes on with one of these signs behind a word: exactly.
    fn goes_on_with_sign(&self, word: &FirstWord, kinds: KindMask, signs: Signs) -> bool {
        kinds_in(kinds).any(|kind| {
            self.kind(kind).starts.iter().any(|start| {
                let (walk, stepped) = Walk::behind(self, kind, start, 0, word);
                stepped.alive && !walk.awaited_signs(self).and(signs).is_empty()
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
            starts.any(|start| Walk::behind(self, kind, start, 0, digits).1.found.is_some())
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
                let (_, stepped) = Walk::behind(self, kind, start, 0, bytes);
                stepped.alive || stepped.found.is_some()
            })
        })
    }
}

/// With which letters the word behind one begins that says that a value is hidden: `last four`, `ending in`, `ends with x4242`.
fn hint_letters(word: &str) -> &'static [u8] {
    match word {
        "last" => b"f",
        "ending" | "ends" => b"iwx",
        _ => b"",
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
        let is_read = self.number.len() > 0 || self.spoken.is_some() || !self.signs.is_empty();
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
        if !self.signs.is_empty() && counted & plan.signed == 0 {
            return None;
        }
        if counted & !plan.signed != 0 && plan.goes_on_with_word(word, counted & !plan.signed) {
            return None;
        }
        // Another word may stand for the next one of a key.
        let numbered = from & plan.words & !plan.signed & !NO_KIND;
        let is_number = self.number.len() > 0 && self.spoken.is_none();
        let begins_words = match is_number {
            true => self.may_begin_words(plan, numbered)?,
            false => false,
        };
        let holds = begins_words
            || !self.signs.is_empty() && plan.goes_on_with_sign(word, counted & plan.signed, self.signs)
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

    /// Whether a key of one of these kinds begins with the number as its first word, and goes on with the letters of the next one; `None` if another word may
    /// stand for that.
    fn may_begin_words(&self, plan: &ScanPlan, kinds: KindMask) -> Option<bool> {
        let kinds = kinds_in(kinds).filter(|kind| plan.goes_on_with_word(&self.number, 1 << kind));
        let kinds = kinds.fold(0, |all, kind| all | 1 << kind);
        let letters = &self.letters[..usize::from(self.known)];
        if kinds != 0 && (letters.is_empty() || self.comma || self.gap > 1) {
            return None;
        }
        let behind = |next: &[u8]| {
            let mut words = self.number.then(' ').unwrap_or(self.number);
            next.iter().all(|byte| words.then(char::from(*byte)).map(|more| words = more).is_some());
            words
        };
        let mut begins = false;
        for kind in kinds_in(kinds) {
            let alternatives = plan.kind(kind).alternatives?;
            if alternatives.may_begin(letters).any(|key| plan.is_begun(&behind(key), 1 << kind)) {
                return None;
            }
            begins |= plan.is_begun(&behind(letters), 1 << kind);
        }
        Some(begins)
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
                if is_upper_name && (plan.inexact_names != 0 || may_stand_between()) {
                    return Told::Looks;
                }
                if known == 0 && self.is_name_alone(plan, word) {
                    return Told::Plain;
                }
                self.letters[known] = byte.to_ascii_lowercase();
                self.known += 1;
                if !self.hints.is_empty() {
                    if self.hints.contains(&self.letters[0]) {
                        return Told::Looks;
                    }
                    self.hints = b"";
                    if self.is_ruled_out() {
                        return Told::Plain;
                    }
                }
                if self.codes != 0 || self.spoken.is_some() || !self.signs.is_empty() {
                    self.rule_out(plan, word);
                    if self.is_ruled_out() {
                        return Told::Plain;
                    }
                }
                if known + 1 == LETTERS { self.tell(plan, word) } else { Told::Waits }
            }
        }
    }

    /// Whether only names begin with the word, and those of them that go on behind it have a comma there, which the text has not.
    #[inline]
    fn is_name_alone(&self, plan: &ScanPlan, word: &FirstWord) -> bool {
        let is_name =
            self.kinds & !(plan.names | plan.signed) == 0 && self.codes == 0 && self.signs.is_empty();
        let is_read = self.spoken.is_some() || self.number.len() > 0 || !self.hints.is_empty();
        is_name && !is_read && !self.comma && plan.no_name_goes_on(word)
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
            || !self.signs.is_empty()
            || !self.hints.is_empty()
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
        self.signs = self.signs.and(Signs::said(letters));
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
        self.kinds == 0
            && self.codes == 0
            && self.spoken.is_none()
            && self.number.len() == 0
            && self.signs.is_empty()
            && self.hints.is_empty()
    }

    /// The next word is known as far as it has to be.
    #[inline]
    fn tell(&self, plan: &ScanPlan, word: &FirstWord) -> Told {
        let follows = Follower::Word(self.letters);
        let followers = plan.openings().followers();
        let is_more = self.codes != 0 || self.spoken.is_some() || !self.signs.is_empty();
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
