//! Characters written as numbers: `61 6e 6e`, `616e6e`, `0x61, 0x6e`, `97 110 110`, `01100001 01101110`.

use super::{Piece, Utf8, utf8};

/// How the numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Base {
    /// Two digits each, one behind the other or apart, perhaps with `0x`.
    Hex,
    /// Two or three digits each, apart.
    Decimal,
    /// Eight digits each, one behind the other or apart.
    Binary,
}

impl Base {
    fn radix(self) -> u8 {
        match self {
            Self::Hex => 16,
            Self::Decimal => 10,
            Self::Binary => 2,
        }
    }
}

/// More between two numbers, and they do not belong together.
const LONGEST_GAP: u8 = 3;

/// Decodes numbers, until something comes that is none, or what they stand for is no text.
#[derive(Clone)]
pub(crate) struct Codes {
    base: Base,
    value: u32,
    digits: u8,
    /// Characters between the last number and the next one.
    gap: u8,
    /// Where the number begins.
    start: u64,
    /// Where the `0x` before it begins.
    sign: Option<u64>,
    /// It stands apart from the one before.
    is_apart: bool,
    bytes: [u8; 4],
    count: usize,
    char_start: u64,
    /// Characters so far.
    decoded: u32,
    is_over: bool,
}

impl Codes {
    pub(crate) fn new(base: Base) -> Self {
        Self {
            base,
            value: 0,
            digits: 0,
            gap: 0,
            start: 0,
            sign: None,
            is_apart: true,
            bytes: [0; 4],
            count: 0,
            char_start: 0,
            decoded: 0,
            is_over: false,
        }
    }

    pub(crate) fn base(&self) -> Base {
        self.base
    }

    /// Nothing more will come out.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over
    }

    pub(crate) fn take(&mut self, piece: Piece, out: &mut Vec<Piece>) {
        let Some(ch) = piece.ch else { return };
        let radix = u32::from(self.base.radix());
        let size = match self.base {
            Base::Hex => 2,
            Base::Decimal => 3,
            Base::Binary => 8,
        };
        if let Some(digit) = ch.to_digit(radix) {
            if self.digits == 0 {
                if self.base == Base::Decimal && self.gap == 0 && self.decoded > 0 {
                    self.is_over = true;
                    return;
                }
                self.start = self.sign.take().unwrap_or(piece.start);
                self.is_apart = self.gap > 0 || self.decoded == 0;
            }
            (self.value, self.digits, self.gap) = (self.value * radix + digit, self.digits + 1, 0);
            match self.base {
                Base::Decimal if self.digits > size => self.is_over = true,
                Base::Decimal => {}
                _ if self.digits == size => self.number(piece.end, out),
                _ => {}
            }
            return;
        }
        if self.base == Base::Decimal && self.digits >= 2 {
            self.number(piece.start, out);
        }
        let is_zero = self.is_apart && (self.digits, self.value) == (1, 0);
        let is_sign = ch == 'x' && self.base == Base::Hex && is_zero;
        if is_sign {
            (self.digits, self.value, self.sign) = (0, 0, Some(self.start));
            return;
        }
        self.gap += 1;
        let may_stand_between = ch.is_whitespace() || matches!(ch, ',' | ':' | '-' | '.' | ';');
        self.is_over |= self.digits > 0 || !may_stand_between || self.gap > LONGEST_GAP;
    }

    fn number(&mut self, end: u64, out: &mut Vec<Piece>) {
        let value = std::mem::take(&mut self.value);
        self.digits = 0;
        let Ok(byte) = u8::try_from(value) else {
            self.is_over = true;
            return;
        };
        if self.count == 0 {
            self.char_start = self.start;
        }
        self.bytes[self.count] = byte;
        self.count += 1;
        match utf8(&self.bytes[..self.count]) {
            Utf8::More => {}
            Utf8::Char(ch) if ch.is_control() && !ch.is_whitespace() => self.is_over = true,
            Utf8::Char(ch) => {
                out.push(Piece::read(ch, self.char_start, end));
                (self.count, self.decoded) = (0, self.decoded + 1);
            }
            Utf8::Not => self.is_over = true,
        }
    }

    /// The text ends.
    pub(crate) fn finish(&mut self, end: u64, out: &mut Vec<Piece>) {
        if self.base == Base::Decimal && self.digits >= 2 && !self.is_over {
            self.number(end, out);
        }
        self.is_over = true;
    }

    /// Whether one of these is what the number may be that is not complete.
    pub(crate) fn may_be(&self, is: impl Fn(u8) -> bool) -> bool {
        let more = |digits: u8| {
            let radix = u32::from(self.base.radix()).pow(u32::from(digits - self.digits));
            let least = self.value * radix;
            (least..(least + radix).min(256)).any(|byte| is(byte as u8))
        };
        match self.base {
            _ if self.count > 0 => true,
            // A `0x` may follow, or has been read.
            Base::Hex if self.sign.is_some() || self.is_apart && (self.digits, self.value) == (1, 0) => {
                (0..=u8::MAX).any(is)
            }
            Base::Hex => more(2),
            Base::Binary => more(8),
            // Two digits or three.
            Base::Decimal => (self.digits.max(2)..=3).any(more),
        }
    }

    /// Where a character that is not complete begins.
    pub(crate) fn pending(&self) -> Option<u64> {
        match (self.count, self.digits) {
            _ if self.is_over => None,
            (0, 0) => self.sign,
            (0, _) => Some(self.start),
            _ => Some(self.char_start),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{read_all, text_of};
    use super::*;

    fn read(base: Base, text: &str) -> String {
        let mut codes = Codes::new(base);
        let mut out = read_all(text, |piece, out| {
            if !codes.is_over() {
                codes.take(piece, out);
            }
        });
        if !codes.is_over() {
            codes.finish(text.len() as u64, &mut out);
        }
        text_of(&out)
    }

    #[test]
    fn numbers_of_characters() {
        for (base, text, expected) in [
            (Base::Hex, "616e6e40", "ann@"),
            (Base::Hex, "61 6E 6e:40 x", "ann@"),
            (Base::Hex, "0x61, 0x6e, 0x6e", "ann"),
            (Base::Hex, "0x616e6e", "ann"),
            (Base::Hex, "4a6f73c3a9", "José"),
            (Base::Hex, "30 days", "0"),
            (Base::Decimal, "97 110 110", "ann"),
            (Base::Decimal, "53, 53, 53.", "555"),
            (Base::Decimal, "5353", ""),
            (Base::Binary, "01100001 01101110", "an"),
            (Base::Binary, "0110000101101110", "an"),
            (Base::Binary, "10 or 100", ""),
        ] {
            assert_eq!(read(base, text), expected, "{text}");
        }
    }
}
