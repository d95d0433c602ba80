//! Letters exchanged one by one: ROT13, Atbash, and digits and signs that look like letters (`m4r1a`).

use super::Piece;

/// What is exchanged for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Substitution {
    /// Each letter for the one thirteen places on.
    Rot13,
    /// Each letter for the one as far from the other end.
    Atbash,
    /// Digits and signs for the letters that they look like.
    Looks,
}

/// Words that say how what stands behind them is to be read.
pub(crate) const ANNOUNCING: [&str; 6] = ["rot13", "atbash", "ascii", "binary", "decimal", "bytes"];

/// Reads a substitution.
#[derive(Clone, Copy)]
pub(crate) struct Cipher(pub(crate) Substitution);

impl Cipher {
    pub(crate) fn take(self, piece: Piece, out: &mut Vec<Piece>) {
        let read = piece.ch.and_then(|ch| self.0.of(ch));
        out.push(read.map_or(piece, |ch| piece.as_char(ch)));
    }
}

impl Substitution {
    /// What stands for this character, if another one does.
    pub(crate) fn of(self, ch: char) -> Option<char> {
        let letter = |first: u8, of: fn(u8) -> u8| {
            let place = u8::try_from(ch).ok()?.checked_sub(first).filter(|place| *place < 26)?;
            Some(char::from(first + of(place)))
        };
        let rotated: fn(u8) -> u8 = match self {
            Self::Rot13 => |place| (place + 13) % 26,
            Self::Atbash => |place| 25 - place,
            Self::Looks => {
                return match ch {
                    '0' => Some('o'),
                    '1' | '!' => Some('i'),
                    '3' => Some('e'),
                    '4' => Some('a'),
                    '5' | '$' => Some('s'),
                    '7' => Some('t'),
                    '8' => Some('b'),
                    '9' => Some('g'),
                    _ => None,
                };
            }
        };
        letter(b'a', rotated).or_else(|| letter(b'A', rotated))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{read_all, text_of};
    use super::*;

    #[test]
    fn letters_for_letters() {
        for (substitution, text, expected) in [
            (Substitution::Rot13, "naa@rknzcyr.pbz", "ann@example.com"),
            (Substitution::Atbash, "Zmm Ovv", "Ann Lee"),
            (Substitution::Looks, "m4r14 l0p3z", "maria lopez"),
        ] {
            let cipher = Cipher(substitution);
            assert_eq!(text_of(&read_all(text, |piece, out| cipher.take(piece, out))), expected);
        }
    }
}
