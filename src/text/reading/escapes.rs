//! Escapes: characters that are written by their number or name.
//!
//! `&#64;` `&#x40;` `&commat;` (HTML) · `%40` (URLs, RFC 3986) · `\u0040` `\u{40}` `\U00000040` `\x40` `\100` `\@` (programs, JSON,
//! Markdown) · `=40` (quoted-printable, RFC 2045; a reading of its own). Bytes above 127 are taken together as UTF-8, halves of surrogate pairs too.

use super::{Piece, Utf8, span, utf8};
use crate::text::fold::capital_look;

/// The longest name of an HTML entity has 31 letters.
const LONGEST: usize = 34;

/// Reads escapes. What is no escape comes out as it is.
#[derive(Clone, Default)]
pub(crate) struct Escapes {
    /// What may be an escape.
    kept: Vec<Piece>,
    /// So many of the first of these are known not to decide it.
    tried: usize,
    /// It reads quoted-printable, and nothing else.
    quoted: bool,
}

/// What the beginning of a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parsed {
    More,
    /// This character, or nothing.
    Is(Option<char>),
    /// This character, without the last one of the text.
    Before(char),
    Not,
}

impl Escapes {
    /// Whether an escape may begin with this character.
    pub(crate) fn begins(ch: char) -> bool {
        matches!(ch, '&' | '%' | '\\') || !ch.is_ascii() && capital_look(ch).is_some()
    }

    /// Whether an escape of quoted-printable may begin with this character.
    pub(crate) fn begins_quoted(ch: char) -> bool {
        ch == '='
    }

    /// Reads quoted-printable, which stands apart: in the `q=35%20Mill%20Hill` of a link the equals sign is none.
    pub(crate) fn quoted() -> Self {
        Self { quoted: true, ..Self::default() }
    }

    /// Forgets everything.
    pub(crate) fn begin_anew(&mut self) {
        self.kept.clear();
        self.tried = 0;
    }

    pub(crate) fn take(&mut self, piece: Piece, out: &mut Vec<Piece>) {
        self.kept.push(piece);
        while let Some(first) = self.kept.first() {
            if let Some(letter) = first.ch.and_then(capital_look).filter(|_| !self.quoted) {
                out.push(first.as_char(letter));
                self.kept.remove(0);
                self.tried = 0;
                continue;
            }
            let begins = if self.quoted { Self::begins_quoted } else { Self::begins };
            if !first.ch.is_some_and(begins) {
                out.push(self.kept.remove(0));
                self.tried = 0;
                continue;
            }
            let undecided = |n: &usize| parse(&self.kept[..*n]) == Parsed::More;
            let Some(n) = (self.tried + 1..=self.kept.len()).find(|n| !undecided(n)) else {
                self.tried = self.kept.len();
                return;
            };
            let (start, end) = span(&self.kept[..n]);
            let used = match parse(&self.kept[..n]) {
                Parsed::Is(Some(ch)) => {
                    out.push(Piece::read(ch, start, end));
                    n
                }
                Parsed::Is(None) => {
                    out.push(Piece::left_out(start, end));
                    n
                }
                Parsed::Before(ch) => {
                    out.push(Piece::read(ch, start, self.kept[n - 2].end));
                    n - 1
                }
                Parsed::More | Parsed::Not => {
                    out.push(self.kept[0]);
                    1
                }
            };
            self.kept.drain(..used);
            self.tried = 0;
        }
    }

    /// The text ends.
    pub(crate) fn finish(&mut self, out: &mut Vec<Piece>) {
        out.append(&mut self.kept);
        self.tried = 0;
    }

    /// Where what it keeps begins.
    pub(crate) fn pending(&self) -> Option<u64> {
        self.kept.first().map(|piece| piece.start)
    }
}

fn parse(pieces: &[Piece]) -> Parsed {
    let mut text = [0; LONGEST + 1];
    if pieces.len() > text.len() {
        return Parsed::Not;
    }
    for (byte, piece) in text.iter_mut().zip(pieces) {
        match piece.ch {
            Some(ch) if ch.is_ascii() => *byte = ch as u8,
            // Only the last may be something else, and ends what does not end itself.
            _ => *byte = 0,
        }
    }
    let text = &text[..pieces.len()];
    match text {
        [b'&', rest @ ..] => entity(text, rest),
        [b'%', ..] => bytes(text, b"%", |digit| digit.is_ascii_hexdigit()),
        [b'=', b'\n'] | [b'=', b'\r', b'\n'] => Parsed::Is(None),
        [b'=', b'\r'] => Parsed::More,
        [b'=', ..] => bytes(text, b"=", |digit| digit.is_ascii_digit() || (b'A'..=b'F').contains(&digit)),
        [b'\\', rest @ ..] => backslash(text, rest),
        _ => Parsed::Not,
    }
}

fn entity(text: &[u8], rest: &[u8]) -> Parsed {
    let number = |digits: &[u8], radix, is_digit: fn(&u8) -> bool| {
        let (last, number) = match digits {
            [] => return Parsed::More,
            [number @ .., last] => (last, number),
        };
        if is_digit(last) {
            return if digits.len() <= 8 { Parsed::More } else { Parsed::Not };
        }
        let code = std::str::from_utf8(number).ok().and_then(|n| u32::from_str_radix(n, radix).ok());
        match code.and_then(char::from_u32) {
            Some(ch) if *last == b';' => Parsed::Is(Some(ch)),
            Some(ch) => Parsed::Before(ch),
            None => Parsed::Not,
        }
    };
    match rest {
        [] | [b'#'] => Parsed::More,
        [b'#', b'x' | b'X', digits @ ..] => number(digits, 16, u8::is_ascii_hexdigit),
        [b'#', digits @ ..] => number(digits, 10, u8::is_ascii_digit),
        [name @ .., b';'] if !name.is_empty() => {
            let text = std::str::from_utf8(text).unwrap_or_default();
            let decoded = html_escape::decode_html_entities(text);
            let mut chars = decoded.chars();
            match (chars.next(), chars.next()) {
                (Some(ch), None) => Parsed::Is(Some(ch)),
                _ => Parsed::Not,
            }
        }
        [.., last] if last.is_ascii_alphanumeric() && text.len() < LONGEST => Parsed::More,
        _ => Parsed::Not,
    }
}

/// One character, each byte of it written as two digits behind a sign.
fn bytes(text: &[u8], sign: &[u8], is_digit: impl Fn(u8) -> bool) -> Parsed {
    let group = sign.len() + 2;
    let mut decoded = [0; 4];
    for (count, part) in text.chunks(group).enumerate() {
        if count == decoded.len() {
            return Parsed::Not;
        }
        let in_sign = part.len().min(sign.len());
        if part[..in_sign] != sign[..in_sign] || !part[in_sign..].iter().all(|digit| is_digit(*digit)) {
            return Parsed::Not;
        }
        if part.len() < group {
            return Parsed::More;
        }
        decoded[count] = hex(&part[sign.len()..]) as u8;
        match utf8(&decoded[..=count]) {
            Utf8::More => {}
            Utf8::Char(ch) => return Parsed::Is(Some(ch)),
            Utf8::Not => return Parsed::Not,
        }
    }
    Parsed::More
}

fn backslash(text: &[u8], rest: &[u8]) -> Parsed {
    let scalar = |code: u32| char::from_u32(code).map_or(Parsed::Not, |ch| Parsed::Is(Some(ch)));
    let hex_digits = |digits: &[u8]| digits.iter().all(u8::is_ascii_hexdigit);
    match rest {
        [] => Parsed::More,
        [b'x', ..] => bytes(text, b"\\x", |digit| digit.is_ascii_hexdigit()),
        [b'u', b'{', digits @ .., b'}'] if !digits.is_empty() && hex_digits(digits) => scalar(hex(digits)),
        [b'u', b'{', digits @ ..] if digits.len() <= 6 && hex_digits(digits) => Parsed::More,
        [b'u', first @ ..] if first.len() < 4 && hex_digits(first) => Parsed::More,
        [b'u', first @ ..] if first.len() >= 4 && hex_digits(&first[..4]) => {
            let (high, second) = (hex(&first[..4]), &first[4..]);
            match (high, second) {
                (0xd800..=0xdbff, [] | [b'\\'] | [b'\\', b'u']) => Parsed::More,
                (0xd800..=0xdbff, [b'\\', b'u', low @ ..]) if hex_digits(low) => match low.len() {
                    4 => scalar(0x10000 + ((high - 0xd800) << 10) + (hex(low).wrapping_sub(0xdc00) & 0x3ff)),
                    _ => Parsed::More,
                },
                (_, []) => scalar(high),
                _ => Parsed::Not,
            }
        }
        [b'U', digits @ ..] if hex_digits(digits) => match digits.len() {
            8 => scalar(hex(digits)),
            _ => Parsed::More,
        },
        [first @ b'0'..=b'3', digits @ ..] if digits.iter().all(|digit| (b'0'..=b'7').contains(digit)) => {
            match digits {
                [a, b] => {
                    scalar(u32::from(first - b'0') * 64 + u32::from(a - b'0') * 8 + u32::from(b - b'0'))
                }
                _ => Parsed::More,
            }
        }
        // The last one is how Markdown breaks a line.
        [b'n'] | [b'\n'] | [b'\r', b'\n'] => Parsed::Is(Some('\n')),
        [b'\r'] => Parsed::More,
        [b'r' | b't'] => Parsed::Is(Some(' ')),
        [sign] if sign.is_ascii_punctuation() => Parsed::Is(Some(char::from(*sign))),
        _ => Parsed::Not,
    }
}

fn hex(digits: &[u8]) -> u32 {
    digits.iter().fold(0_u32, |number, digit| {
        number.wrapping_shl(4) | char::from(*digit).to_digit(16).unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::super::{read_all, text_of};
    use super::*;

    fn read(text: &str) -> Vec<Piece> {
        read_by(Escapes::default(), text)
    }

    fn read_by(mut escapes: Escapes, text: &str) -> Vec<Piece> {
        let mut out = read_all(text, |piece, out| escapes.take(piece, out));
        escapes.finish(&mut out);
        out
    }

    #[test]
    fn every_way_to_write_a_character() {
        for (text, expected) in [
            ("a&#64;b", "a@b"),
            ("a&#x40;b&#X41;", "a@bA"),
            ("a&commat;b&period;c&nbsp;d", "a@b.c\u{a0}d"),
            ("&#53&#53&#53 x", "555 x"),
            ("maria%40ex.com", "maria@ex.com"),
            ("%C3%A9%c3%a9", "éé"),
            ("\\u0040\\u{40}\\U00000040\\x40\\100", "@@@@@"),
            ("\\ud835\\udc0c", "𝐌"),
            ("ann\\_lee\\@x", "ann_lee@x"),
            ("a\\\nb\\\r\nc", "a\nb\nc"),
            ("%2540", "%40"),
            ("&amp;#64;", "&#64;"),
        ] {
            assert_eq!(text_of(&read(text)), expected, "{text}");
        }
    }

    #[test]
    fn quoted_printable_is_read_alone() {
        for (text, expected) in [
            ("ann=40ex.com, =C3=A9", "ann@ex.com, é"),
            ("exam=\nple", "example"),
            ("q=35%20Mill", "q5%20Mill"),
            ("a=b == =aa", "a=b == =aa"),
            ("=\rx", "=\rx"),
        ] {
            assert_eq!(text_of(&read_by(Escapes::quoted(), text)), expected, "{text}");
        }
        assert_eq!(text_of(&read("q=35%20Mill")), "q=35 Mill");
    }

    #[test]
    fn what_is_none_comes_out_as_it_went_in() {
        for text in [
            "R&D, AT&T; Tom & Jerry &&& 100%",
            "50% of %zz %",
            "a=b == =aa",
            "\\q \\u12 \\",
            "&notanentity; &#; &#xzz;",
            "&#99999999999;",
            "%E2%82",
            "é&é%é=é\\é",
            "&aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa;",
            "\\ud835x",
            "=\rx",
        ] {
            let out = read(text);
            assert_eq!(text_of(&out), text);
            assert!(out.iter().all(|piece| !piece.changed), "{text}");
        }
    }

    #[test]
    fn a_character_has_the_bytes_of_its_escape() {
        let out = read("x&#64;&#53 y");
        assert_eq!((out[1].start, out[1].end, out[1].ch), (1, 6, Some('@')));
        assert_eq!((out[2].start, out[2].end, out[2].ch), (6, 10, Some('5')));
        assert_eq!((out[3].start, out[3].end, out[3].ch), (10, 11, Some(' ')));
    }
}
