//! Markup: what a text looks like when it is shown.
//!
//! Emphasis, code ticks, links, tags and comments inside of a value are left out, as are the numbers of footnotes behind it and the signs of a
//! quotation in its lines; cells and blocks stand apart. What a target of a link or an attribute of a tag says is another text, which the other readings see.

use super::{Emphasis, Piece};

/// A tag or the target of a link that is longer than this is no longer part of a value.
const LONGEST: u32 = 120;
/// Emphasis over more raw bytes than this is none.
const LONGEST_EMPHASIS: u64 = 120;

/// Reads markup. What is none comes out as it is.
#[derive(Clone, Default)]
pub(crate) struct Markup {
    state: State,
    /// Pieces whose meaning the next one decides.
    kept: Vec<Piece>,
    /// The last character that came out is no space.
    in_word: bool,
    /// It is a letter or a digit.
    in_letters: bool,
    /// Nothing but spaces and signs of a quotation has come in this line.
    in_margin: bool,
    /// Emphasis has begun with `_`, and may go on up to this raw byte: known also where nobody has read on since.
    emphasis: u64,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    /// Behind `]`.
    Closed,
    /// In the target of a link.
    Target { length: u32 },
    /// Behind `<`, perhaps `/`.
    Opened,
    /// In the name of a tag, of which so much is known.
    Name { hash: u32, length: u32 },
    /// Behind the name.
    Tag { is_block: bool, length: u32 },
    /// In a comment, behind so many of its last hyphens.
    Comment { hyphens: u32, length: u32 },
    /// Behind `_` that may be emphasis.
    Under,
}

/// Tags that stand between blocks.
const BLOCKS: [&str; 18] = [
    "br", "p", "div", "td", "th", "tr", "li", "ul", "ol", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "dd",
    "dt",
];

fn hash(hash: u32, ch: char) -> u32 {
    hash.wrapping_mul(31).wrapping_add(ch.to_ascii_lowercase() as u32)
}

/// Whether this may be the number of a footnote, or another sign above the line.
fn is_note(ch: char) -> bool {
    matches!(ch, '¹' | '²' | '³' | '⁰' | '⁴'..='⁹' | 'ª' | 'º' | '™' | '℠' | '①'..='⑳')
}

impl Markup {
    /// Whether markup may begin with this character.
    pub(crate) fn begins(ch: char) -> bool {
        matches!(ch, '*' | '`' | '~' | '[' | ']' | '<' | '|' | '_' | '\u{e0020}'..='\u{e007e}') || is_note(ch)
    }

    /// Forgets emphasis too, of another text.
    pub(crate) fn forget(&mut self) {
        self.emphasis = 0;
    }

    /// Forgets everything but emphasis; whether there is text right before what comes, and whether that ends in a letter or a digit.
    pub(crate) fn begin_anew(&mut self, behind_text: bool, behind_letters: bool) {
        self.kept.clear();
        self.state = State::Text;
        (self.in_word, self.in_letters, self.in_margin) = (behind_text, behind_letters, false);
    }

    /// What comes begins a line, but for spaces.
    pub(crate) fn begin_line(&mut self) {
        self.in_margin = true;
    }

    pub(crate) fn take(&mut self, piece: Piece, out: &mut Vec<Piece>) {
        let Some(ch) = piece.ch else {
            return self.push(piece, out);
        };
        match self.state {
            State::Text => self.text(piece, ch, out),
            State::Closed if ch == '(' => self.state = State::Target { length: 0 },
            State::Closed => self.text(piece, ch, out),
            State::Target { length } => {
                self.state = match ch {
                    ')' | '\n' => State::Text,
                    _ if length == LONGEST => State::Text,
                    _ => State::Target { length: length + 1 },
                };
            }
            State::Opened => match ch {
                '/' if self.kept.len() == 1 => self.kept.push(piece),
                '!' if self.kept.len() == 1 => self.leave_out(State::Comment { hyphens: 0, length: 0 }, out),
                _ if ch.is_ascii_alphabetic() => {
                    self.leave_out(State::Name { hash: hash(0, ch), length: 1 }, out);
                }
                _ => self.give_back(piece, ch, out),
            },
            State::Name { hash: so_far, length } => {
                self.state = match ch {
                    _ if ch.is_ascii_alphanumeric() && length < LONGEST => {
                        State::Name { hash: hash(so_far, ch), length: length + 1 }
                    }
                    _ => {
                        let is_block = BLOCKS.iter().any(|name| name.chars().fold(0, hash) == so_far);
                        return self.tag(piece, ch, is_block, length, out);
                    }
                };
            }
            State::Tag { is_block, length } => self.tag(piece, ch, is_block, length, out),
            State::Comment { hyphens, length } => {
                self.state = match ch {
                    '>' if hyphens >= 2 => State::Text,
                    _ if length == LONGEST => State::Text,
                    '-' => State::Comment { hyphens: hyphens + 1, length: length + 1 },
                    _ => State::Comment { hyphens: 0, length: length + 1 },
                };
            }
            State::Under if ch == '_' && self.kept.len() < 3 => self.kept.push(piece),
            State::Under if self.in_letters && (ch.is_alphanumeric() || self.emphasis <= piece.start) => {
                self.give_back(piece, ch, out);
            }
            State::Under => {
                let ends = self.in_word && self.emphasis > piece.start;
                self.emphasis = if ends { 0 } else { piece.start + LONGEST_EMPHASIS };
                let emphasis = Some(if ends { Emphasis::Ends } else { Emphasis::Begins });
                self.kept.iter_mut().for_each(|piece| piece.emphasis = emphasis);
                self.leave_out(State::Text, out);
                self.text(piece, ch, out);
            }
        }
    }

    fn text(&mut self, piece: Piece, ch: char, out: &mut Vec<Piece>) {
        self.state = State::Text;
        match ch {
            '*' | '`' | '~' | '[' => self.push(piece.out(), out),
            ']' => {
                self.push(piece.out(), out);
                self.state = State::Closed;
            }
            '|' => self.push(piece.as_char(' '), out),
            '>' if self.in_margin => out.push(piece.out()),
            _ if is_note(ch) && self.in_letters => out.push(piece.out()),
            '<' => self.keep(piece, State::Opened),
            '_' => self.keep(piece, State::Under),
            '\u{e0020}'..='\u{e007e}' => {
                let shown = char::from_u32(ch as u32 - 0xe0000).unwrap_or(' ');
                self.push(piece.as_char(shown), out);
            }
            _ => self.push(piece, out),
        }
    }

    fn tag(&mut self, piece: Piece, ch: char, is_block: bool, length: u32, out: &mut Vec<Piece>) {
        self.state = match ch {
            '>' => {
                if is_block {
                    self.push(piece.as_char(' '), out);
                }
                State::Text
            }
            '\n' => State::Text,
            _ if length == LONGEST => State::Text,
            _ => State::Tag { is_block, length: length + 1 },
        };
    }

    fn keep(&mut self, piece: Piece, state: State) {
        self.kept.push(piece);
        self.state = state;
    }

    /// What was kept is markup.
    fn leave_out(&mut self, state: State, out: &mut Vec<Piece>) {
        out.extend(self.kept.drain(..).map(|piece| Piece { emphasis: piece.emphasis, ..piece.out() }));
        self.state = state;
    }

    /// What was kept is none of it.
    fn give_back(&mut self, piece: Piece, ch: char, out: &mut Vec<Piece>) {
        self.finish(out);
        self.text(piece, ch, out);
    }

    fn push(&mut self, piece: Piece, out: &mut Vec<Piece>) {
        if let Some(ch) = piece.ch {
            (self.in_word, self.in_letters) = (!ch.is_whitespace(), ch.is_alphanumeric());
            self.in_margin = ch == '\n' || self.in_margin && ch.is_whitespace();
        }
        out.push(piece);
    }

    /// The text ends.
    pub(crate) fn finish(&mut self, out: &mut Vec<Piece>) {
        for at in 0..self.kept.len() {
            self.push(self.kept[at], out);
        }
        self.kept.clear();
        self.state = State::Text;
    }

    /// Where what it keeps begins.
    pub(crate) fn pending(&self) -> Option<u64> {
        self.kept.first().map(|piece| piece.start)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{read_all, text_of};
    use super::*;

    fn read(text: &str) -> String {
        let mut markup = Markup::default();
        let mut out = read_all(text, |piece, out| markup.take(piece, out));
        markup.finish(&mut out);
        text_of(&out)
    }

    #[test]
    fn what_is_shown() {
        for (text, expected) in [
            ("555-**010**-4477", "555-010-4477"),
            ("Ma**ri**a `Lopez`", "Maria Lopez"),
            ("_Maria Lopez_ is", "Maria Lopez is"),
            ("__Maria__ ann_lee", "Maria ann_lee"),
            ("[Maria](https://example.com/x) Lopez", "Maria Lopez"),
            ("[ma](x)ria", "maria"),
            ("555<b>010</b>4477", "5550104477"),
            ("ann<!-- x -- y -->@example.com", "ann@example.com"),
            ("Maria<br/>Lopez<td>x", "Maria Lopez x"),
            ("ann@exam\nple.com", "ann@exam\nple.com"),
            ("one.\n\ntwo", "one.\n\ntwo"),
            ("| Maria | Lopez |", "  Maria   Lopez  "),
            ("1 < 2 <3", "1 < 2 <3"),
            ("x\u{e0061}\u{e006e}", "xan"),
            ("[1] (see)", "1 (see)"),
            ("_", "_"),
            ("Maria Lopez², 555-0104™ ² m²", "Maria Lopez, 555-0104 ² m"),
            ("Maria\n> Lopez > x\n > > y", "Maria\n Lopez > x\n   y"),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn what_never_ends_is_given_up() {
        let long = format!("<a {} end", "x".repeat(500));
        assert!(read(&long).ends_with(" end"));
    }
}
