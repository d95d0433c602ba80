//! Views: scanners that are fed another reading of the same text.
//!
//! A view opens where a reading begins. One that may go on with a value that began before ([`Kind::is_fork`]) begins as a copy of the scanner it
//! belongs to; one that decodes a run of text begins with nothing. Both live as long as something that only they see may still become a
//! value. Whatever goes through a changed place is *marked* with the means of the reading, and only what is marked is reported: the rest is
//! the other scanner's. Since views are scanners they have views, to a depth of three: `%2540` is `%40` is `@`.

use std::ops::Range;

use super::Means;
use super::plan::ScanPlan;
use super::scanner::{Counts, Match, Scanner, folded};
use crate::text::reading::{
    Alphabet, Base, Base64, Breaks, Cipher, Codes, Escapes, Letters, Markup, Meaning, Piece, Signs,
    Substitution, Words,
};

/// A view of a view of a view has none.
pub(super) const DEEPEST: u8 = 3;
/// How far behind the word `rot13` text is read so.
const ROTATED: u32 = 1024;

/// How far behind a word such as `ascii` numbers are read as characters.
const ANNOUNCED: u64 = 512;

/// The readings, by what they read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Escapes,
    Quoted,
    Markup,
    Breaks,
    Words,
    Letters,
    Encoded(Alphabet),
    Codes(Base),
    Cipher(Substitution),
}

impl Kind {
    fn means(self) -> Means {
        match self {
            Self::Escapes | Self::Quoted => Means::ESCAPE,
            Self::Markup | Self::Breaks => Means::MARKUP,
            Self::Words => Means::WORD,
            Self::Letters => Means::LETTERS,
            Self::Encoded(_) => Means::BASE64,
            Self::Codes(_) => Means::HEX,
            Self::Cipher(_) => Means::CIPHER,
        }
    }

    /// Whether a scanner that reads so may have a view of this kind: escapes may hide anything, base64 holds text or base64, and what is said or
    /// spelled is neither.
    fn may_have(self, other: Self) -> bool {
        match self {
            Self::Escapes => other != Self::Quoted,
            Self::Quoted => other == Self::Escapes,
            Self::Encoded(Alphabet::Base64) => {
                matches!(other, Self::Escapes | Self::Quoted | Self::Encoded(Alphabet::Base64))
            }
            Self::Markup => {
                matches!(other, Self::Escapes | Self::Quoted | Self::Breaks | Self::Words | Self::Letters)
            }
            Self::Breaks => {
                matches!(other, Self::Escapes | Self::Quoted | Self::Markup | Self::Words | Self::Letters)
            }
            _ => false,
        }
    }
}

enum Reading {
    Escapes(Escapes),
    Markup(Markup),
    Breaks(Breaks),
    Words(Words),
    Letters(Letters),
    Encoded(Base64),
    Codes(Codes),
    Cipher { cipher: Cipher, left: u32 },
}

/// A reading of a text, and the scanner that is fed it.
struct View {
    kind: Kind,
    reading: Reading,
    scanner: Scanner,
    /// What begins here has not been held.
    unheld: Range<u64>,
    /// It reads a word for one of these signs next, or nothing; if there are any.
    awaited: Signs,
    /// Those that are not are kept for their buffers.
    is_awake: bool,
}

/// The views of a scanner.
#[derive(Default)]
pub(super) struct Views {
    views: Vec<View>,
    pieces: Vec<Piece>,
}

impl Views {
    pub(super) fn is_awake(&self, kind: Kind) -> bool {
        self.views.iter().any(|view| view.is_awake && view.kind == kind)
    }

    /// Another text begins.
    pub(super) fn sleep(&mut self) {
        for view in &mut self.views {
            view.is_awake = false;
            if let Reading::Markup(markup) = &mut view.reading {
                markup.forget();
            }
        }
    }

    pub(super) fn awake(&self) -> usize {
        self.views.iter().filter(|view| view.is_awake).count()
    }

    /// A view of this kind with nothing in its scanner.
    fn fresh(&mut self, parent: &Scanner, kind: Kind) -> &mut View {
        let place = self.views.iter().position(|view| view.kind == kind).unwrap_or_else(|| {
            let (reading, scanner) = (Reading::new(kind), parent.below(kind, kind.means()));
            self.views.push(View {
                kind,
                reading,
                scanner,
                unheld: 0..0,
                awaited: Signs::NONE,
                is_awake: false,
            });
            self.views.len() - 1
        });
        let view = &mut self.views[place];
        (view.is_awake, view.awaited, view.unheld) = (true, Signs::NONE, 0..0);
        view.reading.begin_anew(parent.is_behind_text(), parent.is_in_word());
        if let Reading::Markup(markup) = &mut view.reading
            && parent.is_in_margin()
        {
            markup.begin_line();
        }
        view.scanner.begin_anew();
        view
    }

    /// Opens a view that goes on with whatever is alive.
    pub(super) fn fork(&mut self, parent: &Scanner, kind: Kind) {
        self.fresh(parent, kind).scanner.copy(parent);
    }

    /// Opens a view for what stands behind a value if its next word is one for one of these signs, such as `at`.
    fn fork_for_signs(&mut self, parent: &Scanner, signs: Signs) {
        let view = self.fresh(parent, Kind::Words);
        view.scanner.copy(parent);
        view.awaited = signs;
    }

    /// Closes it before a letter with which no such word goes on: most words are none.
    pub(super) fn expect_sign(&mut self, letter: u8) {
        for view in self.views.iter_mut().filter(|view| view.is_awake && !view.awaited.is_empty()) {
            let Reading::Words(words) = &view.reading else { continue };
            match words.may_be_sign(view.awaited, letter) {
                Some(may_be) => view.is_awake = may_be,
                None => view.awaited = Signs::NONE,
            }
        }
    }

    /// Opens a view that decodes from the next character on.
    pub(super) fn decode(&mut self, parent: &Scanner, kind: Kind) {
        self.fresh(parent, kind);
    }

    /// Lets nothing count in a view that begins in these raw bytes, since nobody has held it.
    fn ignore(&mut self, kind: Kind, unheld: Range<u64>) {
        for view in self.views.iter_mut().filter(|view| view.kind == kind) {
            view.unheld = unheld.clone();
        }
    }

    /// Opens a view behind a word that stands for something.
    pub(super) fn behind(
        &mut self,
        parent: &Scanner,
        meaning: Meaning,
        (start, end): (u64, u64),
        matches: &mut Vec<Match>,
    ) {
        let mut pieces = std::mem::take(&mut self.pieces);
        let is_letter = matches!(meaning, Meaning::Letter(_));
        let view = self.fresh(parent, if is_letter { Kind::Letters } else { Kind::Words });
        match (&mut view.reading, meaning) {
            (Reading::Letters(letters), Meaning::Letter(letter)) => {
                letters.begin_with(letter, start, end, &mut pieces);
            }
            (Reading::Words(words), meaning) => words.begin_with(meaning, start, end, &mut pieces),
            _ => {}
        }
        pieces.drain(..).for_each(|piece| view.scanner.read(piece, matches));
        self.pieces = pieces;
    }

    /// Lets every view read a piece of the text.
    pub(super) fn read(&mut self, piece: Piece, matches: &mut Vec<Match>) {
        for view in self.views.iter_mut().filter(|view| view.is_awake) {
            view.read(piece, &mut self.pieces, matches);
        }
    }

    /// Lets one view read pieces that went by.
    pub(super) fn catch_up(&mut self, kind: Kind, pieces: &[Piece], matches: &mut Vec<Match>) {
        for view in self.views.iter_mut().filter(|view| view.is_awake && view.kind == kind) {
            pieces.iter().for_each(|piece| view.read(*piece, &mut self.pieces, matches));
        }
    }

    /// The text ends.
    pub(super) fn finish(&mut self, end: u64, matches: &mut Vec<Match>) {
        for view in self.views.iter_mut().filter(|view| view.is_awake) {
            view.finish(end, &mut self.pieces, matches);
        }
    }

    /// Calls `each` with the end and the kind of the values that are complete in what is read and may still turn out to go on.
    pub(super) fn complete(&self, each: &mut dyn FnMut(u64, u8)) {
        self.views.iter().filter(|view| view.is_awake).for_each(|view| view.scanner.complete(each));
    }

    /// The oldest raw byte from which on something that counts may stand in what is read.
    pub(super) fn oldest(&mut self, counts: &Counts) -> Option<u64> {
        self.views.iter_mut().filter(|view| view.is_awake).filter_map(|view| view.oldest(counts)).min()
    }
}

impl Reading {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::Escapes => Self::Escapes(Escapes::default()),
            Kind::Quoted => Self::Escapes(Escapes::quoted()),
            Kind::Markup => Self::Markup(Markup::default()),
            Kind::Breaks => Self::Breaks(Breaks::default()),
            Kind::Words => Self::Words(Words::default()),
            Kind::Letters => Self::Letters(Letters::default()),
            Kind::Encoded(alphabet) => Self::Encoded(Base64::new(alphabet)),
            Kind::Codes(base) => Self::Codes(Codes::new(base)),
            Kind::Cipher(substitution) => Self::Cipher { cipher: Cipher(substitution), left: ROTATED },
        }
    }

    /// Begins anew, with the buffers that it has; whether there is text right before.
    fn begin_anew(&mut self, behind_text: bool, behind_letters: bool) {
        match self {
            Self::Escapes(reading) => reading.begin_anew(),
            Self::Markup(reading) => reading.begin_anew(behind_text, behind_letters),
            Self::Breaks(reading) => reading.begin_anew(behind_text),
            Self::Words(reading) => reading.begin_anew(),
            Self::Letters(_) => {}
            Self::Encoded(reading) => *reading = Base64::new(reading.alphabet()),
            Self::Codes(reading) => *reading = Codes::new(reading.base()),
            Self::Cipher { left, .. } => *left = ROTATED,
        }
    }

    fn take(&mut self, piece: Piece, out: &mut Vec<Piece>) {
        match self {
            Self::Escapes(reading) => reading.take(piece, out),
            Self::Markup(reading) => reading.take(piece, out),
            Self::Breaks(reading) => reading.take(piece, out),
            Self::Words(reading) => reading.take(piece, out),
            Self::Letters(reading) => reading.take(piece, out),
            Self::Encoded(reading) => reading.take(piece, out),
            Self::Codes(reading) => reading.take(piece, out),
            Self::Cipher { cipher, left } => {
                *left = left.saturating_sub(1);
                cipher.take(piece, out);
            }
        }
    }

    fn finish(&mut self, end: u64, out: &mut Vec<Piece>) {
        match self {
            Self::Escapes(reading) => reading.finish(out),
            Self::Markup(reading) => reading.finish(out),
            Self::Breaks(reading) => reading.finish(out),
            Self::Words(reading) => reading.finish(out),
            Self::Letters(reading) => reading.finish(out),
            Self::Codes(reading) => reading.finish(end, out),
            Self::Encoded(_) | Self::Cipher { .. } => {}
        }
    }

    fn pending(&self) -> Option<u64> {
        match self {
            Self::Escapes(reading) => reading.pending(),
            Self::Markup(reading) => reading.pending(),
            Self::Breaks(reading) => reading.pending(),
            Self::Words(reading) => reading.pending(),
            Self::Letters(reading) => reading.pending(),
            Self::Encoded(reading) => reading.pending(),
            Self::Codes(reading) => reading.pending(),
            Self::Cipher { .. } => None,
        }
    }

    /// Where something may begin that counts and that it has not read yet. What is left out begins nothing, it only goes on with what is alive.
    fn undecided(&self, plan: &ScanPlan, counts: &Counts) -> Option<u64> {
        let start = match self {
            // A token may be the first of a value, what stands before it may not.
            Self::Letters(reading) => reading.token(),
            _ => self.pending(),
        }?;
        let may_begin = |byte: u8| plan.may_count(plan.may_begin(char::from(byte)), counts, start);
        let counts = match self {
            Self::Markup(_) | Self::Breaks(_) => false,
            Self::Encoded(reading) => reading.possible().any(may_begin),
            // What is not ASCII may fold to the first letter of any key; what they are is read as nothing else.
            Self::Codes(reading) => {
                let begins = |byte: u8| plan.may_count(plan.begins(char::from(byte)), counts, start);
                reading.may_be(|byte| matches!(byte, 0xc2..=0xf4) || begins(byte))
            }
            _ => true,
        };
        counts.then_some(start)
    }

    /// Nothing more will be decoded: what stands behind is another text.
    fn is_over(&self) -> bool {
        match self {
            Self::Encoded(reading) => reading.is_over(),
            Self::Codes(reading) => reading.is_over(),
            Self::Letters(reading) => reading.is_nothing(),
            _ => false,
        }
    }

    /// It goes on although nothing is alive. Where nothing is, what stands behind a tag or the target of a link begins in the text itself too.
    fn goes_on(&self) -> bool {
        match self {
            Self::Encoded(_) | Self::Codes(_) => !self.is_over(),
            Self::Cipher { cipher: Cipher(Substitution::Looks), .. } => false,
            Self::Cipher { left, .. } => *left > 0,
            _ => false,
        }
    }
}

impl View {
    fn read(&mut self, piece: Piece, pieces: &mut Vec<Piece>, matches: &mut Vec<Match>) {
        let first = matches.len();
        let mut read = std::mem::take(pieces);
        self.reading.take(piece, &mut read);
        let is_raw = !self.reading.is_over() && read.iter().all(|piece| !piece.changed);
        if is_raw && !self.is_kept_awake() && !self.scanner.has_marks() {
            // It reads what its parent does, and nothing before it was read otherwise.
            read.clear();
            (*pieces, self.is_awake) = (read, false);
            return;
        }
        read.drain(..).for_each(|piece| self.scanner.read(piece, matches));
        *pieces = read;
        if self.reading.is_over() {
            self.scanner.finish(matches);
            self.is_awake = false;
        } else {
            self.is_awake = self.is_kept_awake() || self.scanner.has_marks();
        }
        self.keep_marked(first, matches);
    }

    /// What comes may be read otherwise, whatever its scanner says.
    fn is_kept_awake(&self) -> bool {
        self.reading.pending().is_some() || self.reading.goes_on()
    }

    /// The oldest raw byte from which on something that counts may stand in what it reads.
    fn oldest(&mut self, counts: &Counts) -> Option<u64> {
        let pending = self.reading.undecided(self.scanner.plan(), counts);
        // A value may begin inside of a character that is not complete, if that is decoded once more.
        let is_twice = matches!(self.reading, Reading::Encoded(_)) && self.scanner.may_decode();
        let pending = pending.or_else(|| self.reading.pending().filter(|_| is_twice && counts.anything()));
        let oldest = pending.into_iter().chain(self.scanner.oldest(counts, true)).min()?;
        // What begins in bytes that nobody has held does not count; what else is alive begins before them or behind.
        Some(if self.unheld.contains(&oldest) { self.unheld.end } else { oldest })
    }

    fn finish(&mut self, end: u64, pieces: &mut Vec<Piece>, matches: &mut Vec<Match>) {
        let first = matches.len();
        let mut read = std::mem::take(pieces);
        self.reading.finish(end, &mut read);
        read.drain(..).for_each(|piece| self.scanner.read(piece, matches));
        *pieces = read;
        self.scanner.finish(matches);
        self.is_awake = false;
        self.keep_marked(first, matches);
    }

    /// Leaves of the matches from `first` on those that are this view's alone.
    fn keep_marked(&self, first: usize, matches: &mut Vec<Match>) {
        let means = self.scanner.means();
        let counts = !matches!(&self.reading, Reading::Letters(letters) if !letters.is_something());
        let is_name = self.kind == Kind::Cipher(Substitution::Looks);
        let mut at = 0;
        matches.retain(|found| {
            at += 1;
            let is_marked = found.means.contains(means) && counts && !self.unheld.contains(&found.start);
            at <= first || is_marked && (!is_name || self.scanner.is_name(found.kind))
        });
    }
}

impl Scanner {
    /// Whether this scanner may open a view of this kind.
    fn may_view(&self, kind: Kind) -> bool {
        let readings = self.plan().readings;
        let is_on = match kind {
            Kind::Escapes | Kind::Quoted => readings.escapes,
            Kind::Markup | Kind::Breaks => readings.markup,
            Kind::Words => readings.words,
            Kind::Letters => readings.letters,
            Kind::Encoded(_) | Kind::Codes(_) => readings.encodings,
            Kind::Cipher(_) => readings.ciphers,
        };
        is_on && self.may_ever_view(kind) && !self.views.as_ref().is_some_and(|views| views.is_awake(kind))
    }

    /// Whether this scanner may ever have a view of this kind.
    pub(super) fn may_ever_view(&self, kind: Kind) -> bool {
        // What is decoded twice is text.
        let is_deep = matches!(self.reads, Some(Kind::Encoded(_))) && self.depth > 1;
        self.depth < DEEPEST && !is_deep && self.reads.is_none_or(|own| own.may_have(kind))
    }

    /// Whether it has a view that decodes base64, or may have one soon.
    fn may_decode(&self) -> bool {
        let decodes = |views: &Views| views.is_awake(Kind::Encoded(Alphabet::Base64));
        self.is_in_encoded() || self.views.as_deref().is_some_and(decodes)
    }

    /// Opens the view of a word with which a number may go on, before its first letter is taken.
    pub(super) fn open_said(&mut self, ch: char) {
        if self.awaits_digit() && Words::begins(ch) {
            self.fork(Kind::Words);
        }
    }

    /// Opens the views that begin at this character, which is no letter of ASCII, before it is taken.
    pub(super) fn open_views(&mut self, ch: char) {
        if Escapes::begins(ch) {
            self.fork(Kind::Escapes);
        }
        // Every other line of a program has an equals sign: it is one of quoted-printable only inside of something.
        if Escapes::begins_quoted(ch) && self.awaits_rest() {
            self.fork(Kind::Quoted);
        }
        // An underscore belongs to a word, and tags are letters; all other markup stands apart from what begins behind it.
        if Markup::begins(ch) && (ch == '_' || !ch.is_ascii() || self.has_begun()) {
            self.fork(Kind::Markup);
        }
        if ch == '>' && self.is_in_margin() && self.has_begun() {
            self.fork(Kind::Markup);
        }
        if Breaks::begins(ch) && self.has_begun() {
            self.fork(Kind::Breaks);
        }
        let is_announced = self.place() < self.announced;
        if ch.is_ascii_digit() && !self.is_in_word() {
            if matches!(ch, '0' | '2'..='7') && !self.is_in_sum() {
                self.decode(Kind::Codes(Base::Hex));
            }
            // Numbers are nearly always numbers: these are read only where the text says what they are.
            if is_announced && matches!(ch, '1' | '3'..='9') {
                self.decode(Kind::Codes(Base::Decimal));
            }
            if is_announced && matches!(ch, '0' | '1') {
                self.decode(Kind::Codes(Base::Binary));
            }
        }
        let may_stand_before_sign = ch.is_whitespace() || matches!(ch, '[' | '(' | '{' | '<');
        if may_stand_before_sign && self.may_view(Kind::Words) {
            let signs = self.awaited_signs(ch);
            if !signs.is_empty() {
                let mut views = self.views.take().unwrap_or_default();
                views.fork_for_signs(self, signs);
                self.views = Some(views);
            }
        }
        if self.is_behind_letter() && Substitution::Looks.of(ch).is_some() {
            self.fork(Kind::Cipher(Substitution::Looks));
        }
    }

    fn fork(&mut self, kind: Kind) {
        if self.may_view(kind) {
            let mut views = self.views.take().unwrap_or_default();
            views.fork(self, kind);
            self.views = Some(views);
        }
    }

    fn decode(&mut self, kind: Kind) {
        if self.may_view(kind) {
            let mut views = self.views.take().unwrap_or_default();
            views.decode(self, kind);
            self.views = Some(views);
        }
    }

    /// Opens a view of what is spelled, whose first letters these pieces are, if a value may begin with one of them.
    pub(super) fn open_spelled(
        &mut self,
        mut pieces: impl Iterator<Item = Piece> + Clone,
        matches: &mut Vec<Match>,
    ) {
        let mut letters =
            pieces.clone().filter_map(|piece| piece.ch).map(folded).filter(|ch| ch.is_alphanumeric());
        let begins = letters.any(|letter| self.plan().begins(letter) != 0);
        let Some((letter, first)) = pieces.next().and_then(|piece| Some((piece.ch?, piece))) else { return };
        let letter = folded(letter);
        if begins && self.may_view(Kind::Letters) {
            let mut views = self.views.take().unwrap_or_default();
            views.behind(self, Meaning::Letter(letter), (first.start, first.end), matches);
            pieces.for_each(|piece| views.catch_up(Kind::Letters, &[piece], matches));
            self.views = Some(views);
        }
    }

    /// Opens the views that begin with a word that has just ended.
    pub(super) fn open_behind(&mut self, word: &str, span: (u64, u64), matches: &mut Vec<Match>) {
        match word {
            "rot13" => return self.decode(Kind::Cipher(Substitution::Rot13)),
            "atbash" => return self.decode(Kind::Cipher(Substitution::Atbash)),
            "ascii" | "binary" | "decimal" | "bytes" => self.announced = span.1 + ANNOUNCED,
            _ => {}
        }
        let Some(meaning) = self.plan().opener(word) else { return };
        if matches!(meaning, Meaning::Letter(letter) if self.plan().begins(letter) == 0) {
            return;
        }
        let kind = if matches!(meaning, Meaning::Letter(_)) { Kind::Letters } else { Kind::Words };
        if self.may_view(kind) {
            let mut views = self.views.take().unwrap_or_default();
            views.behind(self, meaning, span, matches);
            self.views = Some(views);
        }
    }

    /// Opens a view that decodes a word of which these are the first characters.
    pub(super) fn open_encoded(&mut self, alphabet: Alphabet, pieces: &[Piece], matches: &mut Vec<Match>) {
        let kind = Kind::Encoded(alphabet);
        if self.may_view(kind) {
            let mut views = self.views.take().unwrap_or_default();
            views.decode(self, kind);
            if let [first, .., last] = pieces {
                views.ignore(kind, first.start + 1..last.end);
            }
            views.catch_up(kind, pieces, matches);
            self.views = Some(views);
        }
    }
}
