//! Eight bytes of text at a time, side by side in one number.

/// Up to eight bytes of text. Where words begin and end is found for all of them at once, without a branch: where they do in a small
/// piece of text is what no processor can guess.
#[derive(Clone, Copy)]
pub(super) struct Block {
    /// The bytes, upper case folded.
    folded: u64,
    /// The highest bit of each byte that is no ASCII letter or digit.
    others: u64,
    /// The highest bit of each byte that is no ASCII letter.
    no_letters: u64,
    len: usize,
}

const EACH: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x80 * EACH;

impl Block {
    /// The first bytes of a text.
    #[inline(always)]
    pub(super) fn read(text: &[u8]) -> Self {
        match text.first_chunk() {
            Some(bytes) => Self::of(u64::from_le_bytes(*bytes), 8),
            None => Self::of(tail(text), text.len()),
        }
    }

    /// So many bytes, at most eight, the first one lowest.
    #[inline(always)]
    pub(super) fn of(bytes: u64, len: usize) -> Self {
        // No sum leaves its byte: the highest bits are cleared first, and bytes that have one are no letters.
        let (low, cased) = (bytes & !HIGH, (bytes & !HIGH) | (0x20 * EACH));
        let from = |bytes: u64, first: u8| bytes + u64::from(0x80 - first) * EACH;
        let letters = from(cased, b'a') & !from(cased, b'z' + 1) & !bytes & HIGH;
        let digits = from(low, b'0') & !from(low, b'9' + 1);
        let no_letters = !letters & HIGH;
        let others = no_letters & !(digits & !bytes);
        Self { folded: bytes | (letters >> 2), others, no_letters, len }
    }

    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The highest bit of each byte that is no letter; there is at least one byte.
    #[inline(always)]
    pub(super) fn no_letters(&self) -> u64 {
        self.no_letters & (u64::MAX >> (64 - 8 * self.len))
    }

    /// How many letters and digits follow from a place inside on.
    #[inline(always)]
    pub(super) fn run_at(&self, place: usize) -> usize {
        let others = self.others >> (8 * place);
        ((others.trailing_zeros() / 8) as usize).min(self.len - place)
    }

    /// Where the letters and digits at its end begin, and they themselves, the first one lowest.
    #[inline(always)]
    pub(super) fn last_run(&self) -> (usize, u64) {
        let others = self.others & (u64::MAX >> (64 - 8 * self.len));
        let start = (64 - others.leading_zeros() as usize) / 8;
        (start, if start < self.len { self.word_at(start, self.len - start) } else { 0 })
    }

    /// How many letters follow from a place inside on.
    #[inline(always)]
    pub(super) fn letters_at(&self, place: usize) -> usize {
        let others = self.no_letters >> (8 * place);
        ((others.trailing_zeros() / 8) as usize).min(self.len - place)
    }

    /// So many letters and digits from a place inside on, at least one, the first one lowest.
    #[inline(always)]
    pub(super) fn word_at(&self, place: usize, length: usize) -> u64 {
        (self.folded >> (8 * place)) & (u64::MAX >> (64 - 8 * length))
    }
}

/// The last eight bytes behind some more text, the first one lowest, given those before it.
#[inline(always)]
pub(super) fn last_bytes(before: u64, text: &[u8]) -> u64 {
    match text.last_chunk() {
        Some(last) => u64::from_le_bytes(*last),
        None => behind(before, tail(text), text.len()),
    }
}

/// At most eight bytes, the first one lowest.
#[inline(always)]
pub(super) fn first_bytes(text: &[u8]) -> u64 {
    text.first_chunk().map_or_else(|| tail(text), |first| u64::from_le_bytes(*first))
}

/// The last eight bytes behind at most eight more.
#[inline(always)]
pub(super) fn behind(before: u64, bytes: u64, length: usize) -> u64 {
    match length {
        0 => before,
        8.. => bytes,
        _ => before >> (8 * length) | bytes << (64 - 8 * length),
    }
}

/// Fewer than eight bytes.
#[inline(always)]
fn tail(text: &[u8]) -> u64 {
    match (text.first_chunk(), text.last_chunk()) {
        (Some(first), Some(last)) => {
            // Where they overlap they agree.
            let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
            u64::from(first) | (u64::from(last) << (8 * (text.len() - 4)))
        }
        _ => text.iter().rev().fold(0, |bytes, byte| (bytes << 8) | u64::from(*byte)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Class, ascii_class};

    #[test]
    fn the_last_bytes_of_any_text() {
        let text = b"0123456789abcdefghij";
        for (from, to) in (0..=20).flat_map(|to| (0..=to).map(move |from| (from, to))) {
            let one_by_one =
                text[..to].iter().fold(0, |bytes: u64, byte| bytes >> 8 | u64::from(*byte) << 56);
            let before = text[..from].iter().fold(0, |bytes, byte| bytes >> 8 | u64::from(*byte) << 56);
            assert_eq!(last_bytes(before, &text[from..to]), one_by_one);
        }
    }

    #[test]
    fn every_byte_at_every_place() {
        for byte in 0..=u8::MAX {
            for len in 1..=8 {
                for place in 0..len {
                    let mut text = *b"Az09qxYZ";
                    text[place] = byte;
                    let block = Block::read(&text[..len]);
                    let is_run = ascii_class(byte) == Some(Class::Run) && byte != b'_';
                    assert_eq!(
                        block.run_at(0),
                        if is_run { len } else { place },
                        "{byte} at {place} of {len}"
                    );
                    let last = (0..len)
                        .rev()
                        .take_while(|at| ascii_class(text[*at]) == Some(Class::Run) && text[*at] != b'_')
                        .count();
                    assert_eq!(block.last_run().0, len - last, "{byte} at {place} of {len}");
                    for from in 0..len {
                        let length = block.run_at(from);
                        if length > 0 {
                            let word = text[from..from + length].to_ascii_lowercase();
                            let mut bytes = [0; 8];
                            bytes[..length].copy_from_slice(&word);
                            assert_eq!(
                                block.word_at(from, length),
                                u64::from_le_bytes(bytes),
                                "{byte} at {place} of {len}, from {from}"
                            );
                        }
                    }
                }
            }
        }
    }
}
