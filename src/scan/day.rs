//! Numbers that are written as days are written: in `2026-10-17` and `17/10/2026` nobody reads a telephone number or an account, whoever has these digits.

use crate::text::Symbol;

/// What is known of the digits that a walk has read, and of what stands between them, while they may be those of a day.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Day {
    /// All digits, as a number.
    number: u32,
    /// Digits of the groups, and of all before the last one that has begun.
    groups: [u8; 3],
    group: u8,
    /// What stands between them; none yet, if it is zero.
    sign: u8,
}

/// What stands between the groups of digits that are no day, or behind one that is over.
const NONE: u8 = b'x';
const OVER: u8 = b' ';

impl Day {
    /// Behind one more letter or digit.
    #[inline]
    pub(super) fn read(&mut self, symbol: &Symbol) {
        // What is no ASCII is no digit.
        self.read_byte(u8::try_from(symbol.ch).unwrap_or_default());
    }

    /// The same, of the byte of a word.
    #[inline]
    pub(super) fn read_byte(&mut self, byte: u8) {
        match byte {
            b'0'..=b'9' if self.sign != NONE && self.sign != OVER => self.digit(u32::from(byte - b'0')),
            _ => self.sign = NONE,
        }
    }

    fn digit(&mut self, digit: u32) {
        let group = &mut self.groups[usize::from(self.group)];
        *group += 1;
        if *group > 4 {
            self.sign = NONE;
        }
        // No day has more than eight.
        self.number = self.number.wrapping_mul(10).wrapping_add(digit);
    }

    /// Behind one more character that stands between digits.
    pub(super) fn part(&mut self, ch: char) {
        let is_group = self.groups[usize::from(self.group)] > 0;
        let sign = match ch {
            '-' | '/' | '.' if is_group => ch as u8,
            _ => NONE,
        };
        self.sign = match (self.group, self.sign) {
            _ if self.is_one() => OVER,
            (0, 0) => sign,
            (1, before) if before == sign => sign,
            _ => NONE,
        };
        self.group = (self.group + 1).min(2);
    }

    /// Whether they are written as a day: with a year of four digits, and the same sign between the groups.
    pub(super) fn is_one(&self) -> bool {
        let is_year = |number: u32, digits: u8| digits == 4 && (1900..2100).contains(&number);
        let is_day = |number: u32, digits: u8| digits <= 2 && (1..=31).contains(&number);
        let is_month = |number: u32, digits: u8| digits <= 2 && (1..=12).contains(&number);
        let [first, second, third] = self.groups;
        if self.sign == OVER {
            return true;
        }
        if matches!(self.sign, 0 | NONE) || third == 0 {
            return false;
        }
        let behind = 10_u32.pow(u32::from(third));
        let both = 10_u32.pow(u32::from(second)) * behind;
        let (one, two, three) = (self.number / both, self.number % both / behind, self.number % behind);
        is_year(one, first) && is_month(two, second) && is_day(three, third)
            || is_year(three, third)
                && (is_day(one, first) && is_month(two, second)
                    || is_month(one, first) && is_day(two, second))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_told_from_other_numbers() {
        let is_day = |text: &str| {
            let mut day = Day::default();
            for byte in text.bytes() {
                match byte.is_ascii_alphanumeric() {
                    true => day.read_byte(byte),
                    false => day.part(char::from(byte)),
                }
            }
            day.is_one()
        };
        for text in [
            "2026-10-17",
            "1999/1/2",
            "2026.10.17",
            "17.10.2026",
            "10/17/2026",
            "7.4.2024",
            "2026-10-17.",
            "2026-10-17) ",
        ] {
            assert!(is_day(text), "{text}");
        }
        for text in [
            "20261017",
            "2026 10 17",
            "2026-1017",
            "2026-10/17",
            "2026-13-17",
            "2026-10-32",
            "2026-10-00",
            "2126-10-17",
            "17-10-26",
            "17-2026-10",
            "2026-10-17-1",
            "2026-10--17",
            "-2026-10-17",
            "a2026-10-17",
            "2026-10-17a",
            "2026-10-17 1",
            "12026-10-17",
            "02026-10-17",
            "17-10-02026",
            "415-555-0104",
            "",
            "1",
            "2026-10-",
        ] {
            assert!(!is_day(text), "{text}");
        }
    }
}
