//! Single letters one behind the other, which may be something that is spelled: two of them, each a word, open a view.

use super::{Match, Scanner};
use crate::scan::views::Kind;
use crate::text::reading::Piece;
use crate::text::{Class, symbols_of};

/// Where the text stands: one step of an automaton for each byte.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct State(u8);

impl Default for State {
    fn default() -> Self {
        Self(BOUNDARY)
    }
}

/// Where a word may begin.
const BOUNDARY: u8 = 0;
/// In a word, or behind an apostrophe.
const WORD: u8 = 1;
/// Behind a word of one letter, and so many characters behind it.
const ONE: u8 = 2;
const SEPARATED: u8 = 3;
/// Behind a second one.
const SECOND: u8 = 6;
/// Behind that there is a separator.
const SPELLED: u8 = 9;

/// More between two letters, and they do not belong together.
const LONGEST_GAP: u8 = 3;

/// The next state, by state and byte.
pub(super) const NEXT: [[u8; 256]; 10] = {
    let mut next = [[BOUNDARY; 256]; 10];
    let mut byte = 0;
    while byte < 256 {
        let is_word = (byte as u8).is_ascii_alphanumeric();
        // Behind a word it belongs to it; before one it is a quote, or emphasis.
        let is_apostrophe = matches!(byte as u8, b'\'' | b'_');
        let is_separator = matches!(byte as u8, b' ' | b'.' | b'-' | b'/' | b'_' | b',' | b'|' | b':');
        let other = if is_word || is_apostrophe { WORD } else { BOUNDARY };
        next[BOUNDARY as usize][byte] = if is_word { ONE } else { BOUNDARY };
        next[WORD as usize][byte] = other;
        next[ONE as usize][byte] = if is_separator { SEPARATED } else { other };
        let mut gap = 0;
        while gap < LONGEST_GAP {
            let longer = if gap + 1 < LONGEST_GAP { SEPARATED + gap + 1 } else { BOUNDARY };
            next[(SEPARATED + gap) as usize][byte] = if is_word {
                SECOND + gap
            } else if is_separator {
                longer
            } else {
                BOUNDARY
            };
            next[(SECOND + gap) as usize][byte] = if is_separator { SPELLED } else { other };
            gap += 1;
        }
        next[SPELLED as usize][byte] = SPELLED;
        byte += 1;
    }
    next
};

impl State {
    pub(super) fn number(self) -> u8 {
        self.0
    }

    #[inline(always)]
    pub(super) fn of_number(number: u8) -> Self {
        Self(number)
    }

    #[inline(always)]
    fn pass(&mut self, byte: u8) {
        self.0 = NEXT[usize::from(self.0)][usize::from(byte)];
    }

    /// What comes is another word.
    fn end_word(&mut self) {
        if matches!(self.0, WORD | ONE | SECOND..SPELLED) {
            self.0 = BOUNDARY;
        }
    }

    #[inline(always)]
    pub(super) fn is_spelled(self) -> bool {
        self.0 == SPELLED
    }

    /// The next character may show that something is spelled.
    #[inline(always)]
    pub(super) fn is_near(self) -> bool {
        (SECOND..=SPELLED).contains(&self.0)
    }

    /// How many characters there are since the first letter, if what comes may spell something with it.
    #[inline(always)]
    pub(super) fn length(self) -> u8 {
        match self.0 {
            ONE..SECOND => self.0 - ONE + 1,
            SECOND..SPELLED => self.0 - SECOND + 3,
            _ => 0,
        }
    }

    /// Behind a letter and what separates it, so that nothing else holds it. In the fast lane a letter alone is held as the beginning of a key.
    #[inline(always)]
    pub(super) fn holds(self) -> bool {
        (SEPARATED..SPELLED).contains(&self.0)
    }
}

/// The characters since the first letter.
#[derive(Clone, Copy, Default)]
pub(super) struct Spelled {
    pub(super) state: State,
    /// The last character is a word of its own, as those of scripts without spaces are.
    behind_solo: bool,
    pieces: [Option<Piece>; 5],
}

impl Spelled {
    pub(super) fn forget(&mut self) {
        (self.state, self.behind_solo) = (State::default(), false);
    }

    /// Knows what the fast lane does, which took these bytes last, the first one lowest.
    pub(super) fn leave_lane(&mut self, state: State, recent: u64, seen: u64) {
        (self.state, self.behind_solo) = (state, false);
        let length = u64::from(state.length());
        for (at, piece) in (0..length).zip(&mut self.pieces) {
            let start = seen - length + at;
            let ch = char::from(recent.to_le_bytes()[(8 - length + at) as usize]);
            *piece = Some(Piece::raw(ch, start, start + 1));
        }
    }

    /// The characters since the first letter.
    pub(super) fn pieces(&self) -> impl Iterator<Item = Piece> {
        self.pieces.into_iter().flatten().take(usize::from(self.state.length()))
    }

    /// Whether the fast lane can keep these characters: as bytes.
    pub(super) fn is_ascii(&self) -> bool {
        self.pieces().all(|piece| piece.ch.is_some_and(|ch| ch.is_ascii()))
    }

    /// Where the first letter stands, if it has to be held.
    pub(super) fn start(&self) -> Option<(char, u64)> {
        let first = self.pieces[0].filter(|_| self.state.length() > 0)?;
        Some((folded(first.ch?), first.start))
    }

    /// The second letter, where it stands at the end: a value may begin with it as well.
    pub(super) fn second(&self) -> Option<(char, u64)> {
        let is_second = (SECOND..SPELLED).contains(&self.state.0);
        let second = self.pieces().last().filter(|_| is_second)?;
        Some((folded(second.ch?), second.start))
    }

    /// Goes past ASCII in which nothing is spelled.
    pub(super) fn pass(&mut self, bytes: &[u8], base: u64) {
        // More than a letter, a gap and a letter, and what stands before them, does not matter.
        let first = bytes.len().saturating_sub(8);
        if first > 0 {
            (self.state, self.behind_solo) = (State(WORD), false);
        }
        for (at, byte) in bytes.iter().enumerate().skip(first) {
            let start = base + at as u64;
            self.go_on(Piece::raw(char::from(*byte), start, start + 1), char::from(*byte));
        }
    }

    /// Goes on with a character.
    pub(super) fn go_on(&mut self, piece: Piece, ch: char) {
        let is_solo = is_solo(ch);
        if std::mem::replace(&mut self.behind_solo, is_solo) || is_solo {
            self.state.end_word();
        }
        self.state.pass(match ch {
            '·' | '•' => b'.',
            '‘' | '’' => b'\'',
            // Spaces, dashes, quotes: no letters, and prose is full of them.
            '\u{2000}'..='\u{2027}' => 0,
            // Letters that are drawn, as those of flags, are letters.
            '\u{80}'.. if ch.is_alphabetic() || folded(ch).is_ascii_alphabetic() => b'a',
            '\u{80}'.. if ch.is_alphanumeric() || folded(ch).is_ascii_digit() => b'0',
            '\u{80}'.. => 0,
            ascii => ascii as u8,
        });
        if let Some(place) = usize::from(self.state.length()).checked_sub(1) {
            self.pieces[place] = Some(piece);
        }
    }
}

/// Whether a character is a word of its own.
fn is_solo(ch: char) -> bool {
    let mut is_solo = false;
    // Spaces, dashes and quotes are common.
    if ch > '\u{ff}' && !('\u{2000}'..='\u{2027}').contains(&ch) {
        symbols_of(ch, 0, 0, |symbol| is_solo |= symbol.class == Class::Solo);
    }
    is_solo
}

/// What a letter is in a key.
pub(in crate::scan) fn folded(letter: char) -> char {
    let mut folded = None;
    symbols_of(letter, 0, 0, |symbol| folded = folded.or(Some(symbol.ch)));
    folded.unwrap_or(letter)
}

impl Scanner {
    /// Looks at a character that has been taken; behind two single letters a view opens.
    pub(super) fn read_spelled(&mut self, piece: Piece, ch: char, matches: &mut Vec<Match>) {
        if !self.plan.readings.letters || !self.may_ever_view(Kind::Letters) {
            return;
        }
        let known = self.spelled.state.length();
        self.spelled.go_on(piece, ch);
        if self.spelled.state.is_spelled() {
            let pieces = self.spelled.pieces;
            self.spelled.state = State::default();
            self.open_spelled(pieces.into_iter().flatten().take(usize::from(known)), matches);
        }
    }
}
