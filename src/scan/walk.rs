//! One walk over the keys: a small value that takes one step per symbol and dies where no key goes on.

mod alternative;

use super::Means;
use super::day::Day;
use super::part::{begun, nearly};
use super::plan::{ScanPlan, Start};
use super::similar::Slipped;
use crate::identifier::{Between, Shape};
use crate::index::{FirstWord, KeyId, SHORTEST_REST, ending, step};
use crate::text::reading::{Signs, hides};
use crate::text::{Class, Symbol};

/// Where a walk stands. Copying it forks it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Walk {
    /// Raw offset of its first symbol, or of the sign before it (`+`).
    pub(super) start: u64,
    /// Raw offset of a parenthesis before that, which belongs to the value if it is closed inside; else `start`.
    lead: u64,
    node: usize,
    output: u64,
    /// Where it began, in the [history](super::history::History).
    pub(super) from: u64,
    segment: u16,
    pub(super) kind: u8,
    /// Symbols of the gap it stands in.
    gap: u8,
    /// Letters of the word it stands in.
    letters: u8,
    /// What it does with the next symbol.
    phase: Phase,
    after_digit: bool,
    comma: bool,
    /// The text has a word of the key in two: the second one has to be long enough to be told from another (`le e` is no `lee`).
    is_glued: bool,
    closed: bool,
    skipped: bool,
    /// The word with its slip has no capital.
    pub(super) is_low: bool,
    /// Its key has an initial.
    has_initial: bool,
    /// Words of the text that an alternative left out.
    left_out: u8,
    /// Of the digits of a number.
    day: Day,
    pub(super) means: Means,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Follows the key.
    Key,
    /// Leaves out a middle name.
    Middle,
    /// Stands in the gap behind a middle name, in which there is no comma.
    BehindMiddle,
    /// Reads the text of an alternative, see [`Walk::read_alternative`].
    Alternative { place: u16, at: u8 },
    /// Stands behind the text of an alternative, whose word must end here.
    BehindAlternative { left_out: bool },
    /// Reads a calling code.
    Code { digits: u16 },
    /// Stands behind a calling code, before the first national digit or a trunk prefix.
    National,
    /// Stands behind a trunk prefix (`0`), before the first national digit.
    Trunk,
    /// Reads an international prefix (`00`, `011`).
    Dial { digits: u8 },
    /// Reads what hides the rest of a local part.
    Hidden,
    /// Follows the key with the next character, and then with this one, which came before it.
    Late { byte: u8 },
}

/// The longest word that counts as a middle name.
const LONGEST_MIDDLE: u8 = 24;

/// More characters than this do not stand for the rest of a local part.
const LONGEST_HIDDEN: u8 = 64;

/// A walk that went another way, and what became of it.
pub(super) type Fork = (Walk, Stepped);

/// What became of a walk.
#[derive(Clone, Copy)]
pub(super) struct Stepped {
    pub(super) alive: bool,
    /// It stands at the end of a key; the ordinal.
    pub(super) found: Option<u64>,
}

const DEAD: Stepped = Stepped { alive: false, found: None };
const ALIVE: Stepped = Stepped { alive: true, found: None };

impl Walk {
    pub(super) fn new(kind: u8, from: Start, start: u64, lead: u64) -> Self {
        Self {
            start,
            lead,
            node: from.node,
            output: from.output,
            from: 0,
            segment: from.segment,
            kind,
            gap: 0,
            letters: 0,
            phase: Phase::Key,
            after_digit: false,
            comma: false,
            is_glued: false,
            closed: false,
            skipped: false,
            is_low: false,
            has_initial: from.means == Means::VARIANT,
            left_out: 0,
            day: Day::default(),
            means: from.means,
        }
    }

    /// The same walk, one slip later.
    pub(super) fn slipped(&self, to: &Slipped) -> Self {
        let phase = to.late.map_or(Phase::Key, |byte| Phase::Late { byte });
        let means = self.means | Means::SIMILAR;
        Self { node: to.node, output: to.output, phase, skipped: true, gap: 0, comma: false, means, ..*self }
    }

    /// The ordinals of the keys that it has nearly come to the end of.
    pub(super) fn nearly(&self, plan: &ScanPlan) -> Vec<u64> {
        match self.phase {
            Phase::Key if !self.means.intersects(Means::SIMILAR | Means::HINT) => nearly(
                plan.map(self.segment, self.kind),
                self.node,
                self.output,
                self.letters,
                &self.is_live(plan),
            ),
            _ => Vec::new(),
        }
    }

    /// The ordinals of the keys that go on behind the word that it has come to the end of.
    pub(super) fn begun(&self, plan: &ScanPlan) -> Vec<u64> {
        let map = plan.map(self.segment, self.kind);
        let is_behind_word = matches!(self.phase, Phase::Key | Phase::BehindAlternative { left_out: false });
        match step(map, self.node, b' ') {
            Some(_) if is_behind_word && !self.means.intersects(Means::SIMILAR | Means::REVERSED) => {
                begun(map, self.node, self.output, &self.is_live(plan))
            }
            _ => Vec::new(),
        }
    }

    /// Whether a key of its segment says anything of anybody.
    fn is_live(&self, plan: &ScanPlan) -> impl Fn(u64) -> bool {
        let segment = self.segment;
        move |ordinal| plan.generation().is_live(KeyId { segment, ordinal })
    }

    /// Whether it stands in a gap.
    pub(super) fn is_in_gap(&self) -> bool {
        self.gap > 0
    }

    /// Whether it may have slips: it follows the key and nothing else.
    pub(super) fn may_slip(&self) -> bool {
        let is_value = !self.has_initial && !self.means.intersects(Means::SIMILAR | Means::HINT);
        self.phase == Phase::Key && !self.skipped && is_value
    }

    /// Whether it stands where another one does.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let place = |walk: &Self| {
            (walk.start, walk.node, walk.output, walk.segment, walk.kind, walk.phase, walk.means, walk.is_low)
        };
        place(self) == place(other)
    }

    /// The same in another segment, where it stands nowhere yet.
    pub(super) fn in_segment(&self, segment: u16) -> Self {
        Self { segment, ..*self }
    }

    pub(super) fn segment(&self) -> u16 {
        self.segment
    }

    /// Whether it stands behind an initial that its key ends with.
    pub(super) fn ends_in_initial(&self) -> bool {
        self.has_initial && self.letters == 1
    }

    /// The first raw byte that may belong to the value.
    pub(super) fn oldest(&self) -> u64 {
        self.lead
    }

    /// The first raw byte of the value if it ended here.
    pub(super) fn first(&self) -> u64 {
        if self.closed { self.lead } else { self.start }
    }

    /// The signs that may be said, such as `@`, with which the key goes on here. What is read otherwise has no slips.
    pub(super) fn awaited_signs(&self, plan: &ScanPlan) -> Signs {
        let map = plan.map(self.segment, self.kind);
        let is_read =
            plan.kind(self.kind).gaps.between == Between::Nowhere && !self.means.contains(Means::SIMILAR);
        Signs::which(|sign| is_read && step(map, self.node, sign).is_some())
    }

    /// This walk behind the space between two words that are written as one, if there is one in the key here.
    pub(super) fn behind_space(&self, plan: &ScanPlan) -> Option<Self> {
        let is_in_word =
            plan.kind(self.kind).gaps.between == Between::Words && self.gap == 0 && self.phase == Phase::Key;
        let mut walk = Self { letters: 0, ..*self };
        (is_in_word && walk.take(plan, b' ')).then_some(walk)
    }

    /// A new walk behind the bytes of a word, and whether it lives.
    pub(super) fn behind(plan: &ScanPlan, kind: u8, from: &Start, start: u64, word: &FirstWord) -> Fork {
        let mut walk = Self::new(kind, *from, start, start);
        let mut taken = 0;
        if let (Some(jumps), Some(letters)) = (from.jumps, word.jump()) {
            let map = plan.map(from.segment, kind);
            let Some((node, output)) = plan.jumps[usize::from(jumps)].behind(map, from.node, letters) else {
                return (walk, DEAD);
            };
            (walk.node, walk.output, walk.letters) = (node, from.output + output, letters.len() as u8);
            walk.day.read_byte(letters[0]);
            taken = letters.len();
        }
        for byte in word.bytes().skip(taken) {
            if !walk.take(plan, byte) {
                return (walk, DEAD);
            }
            walk.letters = walk.letters.saturating_add(1);
            walk.after_digit = byte.is_ascii_digit();
            walk.day.read_byte(byte);
        }
        let stepped = walk.here(plan);
        (walk, stepped)
    }

    /// Walks that read a telephone number that begins with this digit: national, behind a trunk prefix, with a calling code, with an international
    /// prefix. Country and trunk prefixes are edges, not keys.
    pub(super) fn phone(self, plan: &ScanPlan, symbol: &Symbol, mut each: impl FnMut(Walk, Stepped)) {
        let digit = symbol.ch as u8 - b'0';
        let mut national = self;
        let stepped = national.begin(plan, symbol);
        each(national, stepped);
        let day = national.day;
        if digit == 0 {
            each(Self { phase: Phase::Trunk, day, ..self }, ALIVE);
            each(Self { phase: Phase::Dial { digits: 1 }, day, ..self }, ALIVE);
        } else {
            let mut code = Self { phase: Phase::Code { digits: 0 }, day, ..self };
            let stepped = code.read_code(plan, digit);
            each(code, stepped);
        }
    }

    /// Takes the first symbol.
    pub(super) fn begin(&mut self, plan: &ScanPlan, symbol: &Symbol) -> Stepped {
        self.day.read(symbol);
        self.follow(plan, symbol)
    }

    /// Whether it has read what is written as a day, and is no number therefore.
    pub(super) fn is_day(&self) -> bool {
        self.day.is_one() && self.means.readings().without(Means::REVERSED) == Means::EXACT
    }

    /// Takes a symbol. A walk that may go on in two ways adds the other one to `forks`.
    pub(super) fn step(&mut self, plan: &ScanPlan, symbol: &Symbol, forks: &mut Vec<Fork>) -> Stepped {
        self.means |= Means::FOLDED.when(symbol.altered);
        let kind = plan.kind(self.kind);
        match kind.gaps.between {
            Between::Nowhere if self.phase == Phase::Hidden => self.read_hidden(plan, symbol),
            Between::Nowhere => self.follow(plan, symbol),
            Between::Characters => {
                let counts = symbol.ch == ' ' && kind.shape == Shape::Code && !self.after_digit;
                if kind.gaps.allow(symbol.ch) && !counts {
                    // `0.4155550104` is a decimal, not a trunk prefix and a number.
                    if symbol.ch == '.' && matches!(self.phase, Phase::Trunk | Phase::Dial { .. }) {
                        return DEAD;
                    }
                    self.closed |= symbol.ch == ')';
                    // Backwards a parenthesis closes before it opens.
                    if self.closed && self.lead < self.start && self.means.contains(Means::REVERSED) {
                        return DEAD;
                    }
                    self.day.part(symbol.ch);
                    return self.widen_gap(kind.gaps.longest);
                }
                self.gap = 0;
                self.day.read(symbol);
                if kind.shape == Shape::Phone {
                    self.dial(plan, symbol, forks)
                } else {
                    self.follow(plan, symbol)
                }
            }
            Between::Words if matches!(self.phase, Phase::Alternative { .. }) => {
                self.read_alternative(plan, symbol)
            }
            Between::Words if kind.gaps.allow(symbol.ch) => self.gap_between_words(plan, symbol),
            Between::Words if matches!(self.phase, Phase::BehindAlternative { .. }) => DEAD,
            Between::Words if self.phase == Phase::Middle => self.middle(symbol),
            Between::Words if self.gap > 0 => self.begin_word(plan, symbol, forks),
            Between::Words => self.follow(plan, symbol),
        }
    }

    /// Hides what comes up to the next `@`.
    pub(super) fn hide(&mut self) {
        self.phase = Phase::Hidden;
    }

    fn read_hidden(&mut self, plan: &ScanPlan, symbol: &Symbol) -> Stepped {
        match symbol.ch {
            '@' => {
                (self.phase, self.gap) = (Phase::Key, 0);
                self.follow(plan, symbol)
            }
            ch if hides(ch) || symbol.class == Class::Run || matches!(ch, '.' | '-') => {
                self.widen_gap(LONGEST_HIDDEN)
            }
            _ => DEAD,
        }
    }

    fn widen_gap(&mut self, longest: u8) -> Stepped {
        self.gap += 1;
        if self.gap <= longest { ALIVE } else { DEAD }
    }

    fn gap_between_words(&mut self, plan: &ScanPlan, symbol: &Symbol) -> Stepped {
        if matches!(self.phase, Phase::Late { .. }) || self.is_half_glued() {
            return DEAD;
        }
        self.is_glued = false;
        let kind = plan.kind(self.kind);
        if symbol.ch == '.' && self.phase == Phase::Key && self.gap == 0 && self.take(plan, b'.') {
            // That of the initial is part of the key, and the gap behind it may be empty.
            self.gap = 1;
            return self.here(plan);
        }
        if kind.shape == Shape::Name {
            // A full stop belongs to a name only behind an initial or a title.
            if symbol.ch == '.' && (self.gap > 0 || self.letters > 3) {
                return DEAD;
            }
            self.comma |= symbol.ch == ',';
        }
        let left_out = Phase::BehindAlternative { left_out: true };
        if matches!(self.phase, Phase::Middle | Phase::BehindMiddle) || self.phase == left_out {
            self.phase = Phase::BehindMiddle;
            if self.comma {
                return DEAD;
            }
        } else {
            self.phase = Phase::Key;
            let has = |byte| step(plan.map(self.segment, self.kind), self.node, byte).is_some();
            let goes_on =
                if self.comma { has(b',') } else { has(b' ') || (kind.shape == Shape::Name && has(b',')) };
            if !goes_on {
                return DEAD;
            }
        }
        self.widen_gap(kind.gaps.longest)
    }

    fn begin_word(&mut self, plan: &ScanPlan, symbol: &Symbol, forks: &mut Vec<Fork>) -> Stepped {
        let before = *self;
        let is_name = plan.kind(self.kind).shape == Shape::Name;
        let between = if std::mem::take(&mut self.comma) { b',' } else { b' ' };
        (self.gap, self.letters, self.phase) = (0, 0, Phase::Key);
        if !self.take(plan, between) {
            return DEAD;
        }
        let word = *self;
        let stepped = self.follow(plan, symbol);
        let may_be_middle =
            is_name && between == b' ' && !before.skipped && symbol.upper && symbol.class == Class::Run;
        if may_be_middle {
            let middle = Self { phase: Phase::Middle, skipped: true, gap: 0, letters: 1, ..before };
            forks.push((middle, ALIVE));
        }
        before.begin_alternatives(word, plan, between, symbol, forks);
        stepped
    }

    fn middle(&mut self, symbol: &Symbol) -> Stepped {
        self.letters += 1;
        let goes_on = symbol.class == Class::Run && !symbol.is_digit() && self.letters <= LONGEST_MIDDLE;
        if goes_on { ALIVE } else { DEAD }
    }

    fn dial(&mut self, plan: &ScanPlan, symbol: &Symbol, forks: &mut Vec<Fork>) -> Stepped {
        if !symbol.is_digit() {
            return DEAD;
        }
        let digit = symbol.ch as u8 - b'0';
        match self.phase {
            Phase::Code { .. } => self.read_code(plan, digit),
            Phase::Dial { digits } => match (digits, digit) {
                (1, 1) => {
                    self.phase = Phase::Dial { digits: 2 };
                    ALIVE
                }
                (1, 0) | (2, 1) => {
                    self.phase = Phase::Code { digits: 0 };
                    ALIVE
                }
                _ => DEAD,
            },
            Phase::National => {
                forks.extend((digit == 0).then_some((Self { phase: Phase::Trunk, ..*self }, ALIVE)));
                self.phase = Phase::Key;
                self.follow(plan, symbol)
            }
            Phase::Trunk => {
                self.phase = Phase::Key;
                self.follow(plan, symbol)
            }
            _ => self.follow(plan, symbol),
        }
    }

    fn read_code(&mut self, plan: &ScanPlan, digit: u8) -> Stepped {
        let Phase::Code { digits } = self.phase else { return DEAD };
        let digits = digits * 10 + u16::from(digit);
        let (begins, is_code) = plan.calling_code(digits);
        // Calling codes are free of prefixes (ITU-T E.164): the first that fits is the one.
        self.phase = if is_code { Phase::National } else { Phase::Code { digits } };
        if begins && digits < 1000 { ALIVE } else { DEAD }
    }

    /// Takes the bytes of a symbol.
    pub(super) fn follow(&mut self, plan: &ScanPlan, symbol: &Symbol) -> Stepped {
        let mut buffer = [0; 4];
        for byte in symbol.ch.encode_utf8(&mut buffer).bytes() {
            if !self.take(plan, byte) {
                return DEAD;
            }
        }
        if let Phase::Late { byte } = self.phase {
            self.phase = Phase::Key;
            if !self.take(plan, byte) {
                return DEAD;
            }
        }
        self.letters = self.letters.saturating_add(1);
        self.after_digit = symbol.is_digit();
        self.here(plan)
    }

    #[inline]
    pub(super) fn take(&mut self, plan: &ScanPlan, byte: u8) -> bool {
        let Some((node, output)) = step(plan.map(self.segment, self.kind), self.node, byte) else {
            return false;
        };
        self.node = node;
        self.output += output;
        true
    }

    /// Whether a key ends here, and whether one goes on.
    pub(super) fn here(&self, plan: &ScanPlan) -> Stepped {
        let (last, goes_on) = ending(plan.map(self.segment, self.kind), self.node);
        let found = last.filter(|_| !self.is_half_glued()).map(|last| self.output + last);
        Stepped { alive: goes_on, found }
    }

    /// Too few letters stand behind the part of a word that the text has apart.
    fn is_half_glued(&self) -> bool {
        self.is_glued && usize::from(self.letters) < SHORTEST_REST
    }
}
