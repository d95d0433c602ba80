//! Reads JSON that comes in pieces: which bytes are text, and what they say.
//!
//! A pushdown automaton over the grammar of RFC 8259 that can pause after any character, inside an escape too. Values may follow each
//! other. What is not JSON turns it to [`Token::Broken`], once; the rest is the caller's to read as it likes.

use std::ops::Range;

use memchr::memchr2;

/// A piece of JSON. Ranges are bytes of the text at hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::wire) enum Token {
    /// `{` or `[`, at this byte.
    Open { array: bool, at: usize },
    /// `}` or `]`, at this byte.
    Close { at: usize },
    /// The quote before a string, at this byte.
    Quote { key: bool, at: usize },
    /// Characters of a string that say themselves.
    Text(Range<usize>),
    /// An escape that says this character. It is so many bytes long, perhaps begun in earlier text, and so many bytes before what was read ends.
    Escape { says: char, behind: usize, width: usize },
    /// The quote behind a string.
    Unquote { at: usize },
    /// A part of a number or of `true`, `false`, `null`.
    Scalar(Range<usize>),
    /// It has ended, before this byte.
    ScalarEnd { at: usize },
    /// This byte cannot stand here.
    Broken { at: usize },
}

/// Deeper nesting than this is not read.
const DEEPEST: usize = 128;

#[derive(Default)]
pub(in crate::wire) struct Lexer {
    /// Which of the open containers are arrays.
    open: Vec<bool>,
    state: State,
    /// The escape at hand.
    escape: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Value,
    FirstElement,
    Key,
    FirstKey,
    Colon,
    After,
    Text {
        key: bool,
    },
    Scalar,
    Broken,
}

impl Lexer {
    /// How many bytes of an escape have come whose end has not.
    pub(in crate::wire) fn partial(&self) -> usize {
        self.escape.len()
    }

    /// A value has just ended, and nothing but white space has come behind it.
    pub(in crate::wire) fn is_behind_value(&self) -> bool {
        self.state == State::After
    }

    /// No array or object is open.
    pub(in crate::wire) fn is_outside(&self) -> bool {
        self.open.is_empty()
    }

    /// The string that has just ended was the name of a member.
    pub(in crate::wire) fn is_behind_key(&self) -> bool {
        self.state == State::Colon
    }

    /// The next token of `text` from `at` on, which it moves. `None`: more text is needed.
    pub(in crate::wire) fn next(&mut self, text: &str, at: &mut usize) -> Option<Token> {
        let bytes = text.as_bytes();
        while let Some(byte) = bytes.get(*at).copied() {
            match self.state {
                State::Text { key } => {
                    if !self.escape.is_empty() {
                        match self.unescape(byte, at) {
                            Some(token) => return Some(token),
                            None => continue,
                        }
                    }
                    match byte {
                        b'"' => {
                            self.state = if key { State::Colon } else { State::After };
                            *at += 1;
                            return Some(Token::Unquote { at: *at - 1 });
                        }
                        b'\\' => {
                            self.escape.push(byte);
                            *at += 1;
                        }
                        _ => {
                            let length = memchr2(b'"', b'\\', &bytes[*at..]).unwrap_or(bytes.len() - *at);
                            *at += length;
                            return Some(Token::Text(*at - length..*at));
                        }
                    }
                }
                State::Scalar => {
                    let is_part =
                        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
                    let length = bytes[*at..].iter().take_while(|byte| is_part(byte)).count();
                    if length == 0 {
                        self.state = State::After;
                        return Some(Token::ScalarEnd { at: *at });
                    }
                    *at += length;
                    return Some(Token::Scalar(*at - length..*at));
                }
                State::Broken => return None,
                _ if matches!(byte, b' ' | b'\t' | b'\r' | b'\n') => *at += 1,
                _ => {
                    if let Some(token) = self.structure(byte, at) {
                        return Some(token);
                    }
                }
            }
        }
        None
    }

    /// One byte between values.
    fn structure(&mut self, byte: u8, at: &mut usize) -> Option<Token> {
        let here = *at;
        let token = match (self.state, byte) {
            (State::Colon, b':') => {
                self.state = State::Value;
                None
            }
            (State::After, b',') if !self.open.is_empty() => {
                self.state = if self.open.last() == Some(&true) { State::Value } else { State::Key };
                None
            }
            (State::After | State::FirstKey, b'}') if self.open.last() == Some(&false) => {
                Some(self.close(here))
            }
            (State::After | State::FirstElement, b']') if self.open.last() == Some(&true) => {
                Some(self.close(here))
            }
            (State::Key | State::FirstKey, b'"') => {
                self.state = State::Text { key: true };
                Some(Token::Quote { key: true, at: here })
            }
            (State::After, _) if self.open.is_empty() => {
                self.state = State::Value;
                return None;
            }
            (State::Value | State::FirstElement, b'{' | b'[') if self.open.len() < DEEPEST => {
                let array = byte == b'[';
                self.open.push(array);
                self.state = if array { State::FirstElement } else { State::FirstKey };
                Some(Token::Open { array, at: here })
            }
            (State::Value | State::FirstElement, b'"') => {
                self.state = State::Text { key: false };
                Some(Token::Quote { key: false, at: here })
            }
            (State::Value | State::FirstElement, b'-' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z') => {
                self.state = State::Scalar;
                return None;
            }
            _ => {
                self.state = State::Broken;
                return Some(Token::Broken { at: here });
            }
        };
        *at += 1;
        token
    }

    fn close(&mut self, at: usize) -> Token {
        self.open.pop();
        self.state = State::After;
        Token::Close { at }
    }

    /// One byte of an escape, or the one that shows that a half of a pair stands alone.
    fn unescape(&mut self, byte: u8, at: &mut usize) -> Option<Token> {
        let length = self.escape.len();
        match length {
            // A second escape that turned out to be no second half.
            6 if !is_first_half(self.unit(2)) => return Some(self.escaped(one(self.unit(2)), 0)),
            // The first half of a pair has come: only `\u` goes on with it.
            6 if byte != b'\\' => return Some(self.escaped(char::REPLACEMENT_CHARACTER, 0)),
            7 if byte != b'u' => {
                self.escape.pop();
                let token = self.escaped(char::REPLACEMENT_CHARACTER, 1);
                self.escape.push(b'\\');
                return Some(token);
            }
            // No escape at all: what there is stands for one character that nobody can tell.
            2..=5 | 8..=11 if !byte.is_ascii_hexdigit() => {
                return Some(self.escaped(char::REPLACEMENT_CHARACTER, 0));
            }
            // The backslash before a character that is not ASCII says itself.
            1 if !byte.is_ascii() => return Some(self.escaped('\\', 0)),
            _ => {}
        }
        self.escape.push(byte);
        *at += 1;
        let says = match (length + 1, byte) {
            (2, b'u') => return None,
            (2, b'n') => '\n',
            (2, b't') => '\t',
            (2, b'r') => '\r',
            (2, b'b') => '\u{8}',
            (2, b'f') => '\u{c}',
            (2, byte) => char::from(byte),
            (6, _) if !is_first_half(self.unit(2)) => one(self.unit(2)),
            (12, _) => {
                let (high, low) = (self.unit(2), self.unit(8));
                if !(0xdc00..=0xdfff).contains(&low) {
                    let second = self.escape.split_off(6);
                    let token = self.escaped(char::REPLACEMENT_CHARACTER, 6);
                    self.escape = second;
                    return Some(token);
                }
                one(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00))
            }
            _ => return None,
        };
        Some(self.escaped(says, 0))
    }

    /// The escape at hand says this; so many bytes of what was read come behind it.
    fn escaped(&mut self, says: char, behind: usize) -> Token {
        let width = self.escape.len();
        self.escape.clear();
        Token::Escape { says, behind, width }
    }

    /// The four hexadecimal digits from `from` on.
    fn unit(&self, from: usize) -> u32 {
        let digits = std::str::from_utf8(&self.escape[from..from + 4]).unwrap_or_default();
        u32::from_str_radix(digits, 16).unwrap_or_default()
    }
}

/// The first half of a surrogate pair.
fn is_first_half(unit: u32) -> bool {
    (0xd800..=0xdbff).contains(&unit)
}

fn one(unit: u32) -> char {
    char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// What the inside of a whole string says.
pub(in crate::wire) fn unescaped(inside: &str) -> std::borrow::Cow<'_, str> {
    if memchr::memchr(b'\\', inside.as_bytes()).is_none() {
        return inside.into();
    }
    let (mut lexer, mut at, mut says) =
        (Lexer { state: State::Text { key: false }, ..Lexer::default() }, 0, String::new());
    while let Some(token) = lexer.next(inside, &mut at) {
        match token {
            Token::Text(range) => says.push_str(&inside[range]),
            Token::Escape { says: c, .. } => says.push(c),
            _ => break,
        }
    }
    at = 0;
    while let Some(Token::Escape { says: c, .. }) = lexer.next("\"", &mut at) {
        says.push(c);
    }
    says.into()
}

/// A string of JSON that says `text`, with its quotes.
pub(in crate::wire) fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a string is JSON")
}

/// Writes it.
pub(in crate::wire) fn write_quoted(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(out, text).expect("a string is JSON, and there is room");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Strings and scalars in order, from text in pieces.
    fn read(pieces: &[&str]) -> Vec<String> {
        let (mut lexer, mut read) = (Lexer::default(), Vec::<String>::new());
        let mut inside = false;
        for piece in pieces {
            let mut at = 0;
            while let Some(token) = lexer.next(piece, &mut at) {
                match token {
                    Token::Quote { key, .. } => read.push(if key { "k:" } else { "s:" }.into()),
                    Token::Text(range) => read.last_mut().unwrap().push_str(&piece[range]),
                    Token::Escape { says, .. } => read.last_mut().unwrap().push(says),
                    Token::Scalar(range) if inside => read.last_mut().unwrap().push_str(&piece[range]),
                    Token::Scalar(range) => {
                        inside = true;
                        read.push(format!("n:{}", &piece[range]));
                    }
                    Token::ScalarEnd { .. } => inside = false,
                    Token::Broken { .. } => read.push("broken".into()),
                    _ => {}
                }
            }
        }
        read
    }

    #[test]
    fn any_cut_reads_the_same() {
        let text = r#" {"a\u00e9":[1, -2.5e+3,"x\n\ud83d\ude00y\ud83dz\ud83d\u0041\\\"q"],"b":{},"c":[],"d":true} {"e":null}12 "#;
        let expected = [
            "k:aé",
            "n:1",
            "n:-2.5e+3",
            "s:x\n😀y\u{fffd}z\u{fffd}A\\\"q",
            "k:b",
            "k:c",
            "k:d",
            "n:true",
            "k:e",
            "n:null",
            "n:12",
        ];
        assert_eq!(read(&[text]), expected);
        for one in 1..text.len() {
            for two in one..text.len() {
                assert_eq!(
                    read(&[&text[..one], &text[one..two], &text[two..]]),
                    expected,
                    "cut at {one} and {two}"
                );
            }
        }
    }

    #[test]
    fn what_is_not_json_breaks_once() {
        for text in ["{a:1}", "[1,}", "{\"a\" 1}", "{]", "]", "[,]"] {
            assert_eq!(read(&[text]).iter().filter(|token| *token == "broken").count(), 1, "{text}");
        }
        assert_eq!(read(&["[".repeat(DEEPEST + 1).as_str()]), ["broken"]);
    }

    #[test]
    fn a_whole_string_says_what_it_said_in_pieces() {
        for (inside, says) in [
            ("plain", "plain"),
            (r"a\u0062\n", "ab\n"),
            (r"\ud83d\ude00", "😀"),
            (r"x\ud83d", "x\u{fffd}"),
            (r"\ud83d\u0041", "\u{fffd}A"),
        ] {
            assert_eq!(unescaped(inside), says);
        }
        assert_eq!(quoted("a\"\n"), r#""a\"\n""#);
    }
}
