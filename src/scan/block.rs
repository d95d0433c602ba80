//! Eight bytes of text at a time, side by side in one number.

/// Up to eight bytes of text. Where words begin and end is found for all of them at once, without a branch: where they do in a small
/// piece of text is what no processor can guess.
#[derive(Clone, Copy)]
pub(super) struct Block {
    /// The bytes, upper case folded.
    folded: u64,
    /// The highest bit of each byte that is no ASCII letter or digit nor `_`.
    others: u64,
    len: usize,
}

const EACH: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x80 * EACH;

impl Block {
    /// The first bytes of a text.
    #[inline(always)]
    pub(super) fn read(text: &[u8]) -> Self {
        let (bytes, len) = match text.first_chunk() {
            Some(bytes) => (u64::from_le_bytes(*bytes), 8),
            None => (tail(text), text.len()),
        };
        // No sum leaves its byte: the highest bits are cleared first, and bytes that have one are no letters.
        let (low, cased) = (bytes & !HIGH, (bytes & !HIGH) | (0x20 * EACH));
        let from = |bytes: u64, first: u8| bytes + u64::from(0x80 - first) * EACH;
        let letters = from(cased, b'a') & !from(cased, b'z' + 1) & !bytes & HIGH;
        let digits = from(low, b'0') & !from(low, b'9' + 1);
        let underscores = !from(low ^ (u64::from(b'_') * EACH), 1);
        let others = !((letters | digits | underscores) & !bytes) & HIGH;
        Self { folded: bytes | (letters >> 2), others, len }
    }

    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// How many letters and digits follow from a place inside on.
    #[inline(always)]
    pub(super) fn run_at(&self, place: usize) -> usize {
        let others = self.others >> (8 * place);
        ((others.trailing_zeros() / 8) as usize).min(self.len - place)
    }

    /// So many letters and digits from a place inside on, at least one, the first one lowest.
    #[inline(always)]
    pub(super) fn word_at(&self, place: usize, length: usize) -> u64 {
        (self.folded >> (8 * place)) & (u64::MAX >> (64 - 8 * length))
    }
}

/// A block that has no more than the end of one word and the beginning of another.
#[derive(Clone, Copy)]
pub(super) struct Ends {
    /// The letters and digits before the first other byte; all if there is none.
    pub(super) head: u64,
    pub(super) head_length: usize,
    /// Those behind the last other byte.
    pub(super) tail: u64,
    /// Where they begin; 0 if there is no other byte.
    pub(super) tail_place: usize,
    /// Only spaces are between the two.
    pub(super) is_plain: bool,
}

impl Block {
    /// Its ends, unless there is a word between them.
    #[inline(always)]
    pub(super) fn ends(&self) -> Option<Ends> {
        let below = |place: usize| u64::MAX.checked_shr(64 - 8 * place as u32).unwrap_or(0);
        let others = self.others & below(self.len);
        let head_length = self.run_at(0);
        let tail_place = (64 - others.leading_zeros() as usize) / 8;
        let between = below(tail_place) & !below(head_length);
        if !others & HIGH & between != 0 {
            return None;
        }
        Some(Ends {
            head: self.folded & below(head_length),
            head_length,
            tail: self.folded.checked_shr(8 * tail_place as u32).unwrap_or(0),
            tail_place,
            is_plain: (self.folded ^ (u64::from(b' ') * EACH)) & between == 0,
        })
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
    fn every_byte_at_every_place() {
        for byte in 0..=u8::MAX {
            for len in 1..=8 {
                for place in 0..len {
                    let mut text = *b"Az09_xYZ";
                    text[place] = byte;
                    let block = Block::read(&text[..len]);
                    let is_run = ascii_class(byte) == Some(Class::Run);
                    assert_eq!(
                        block.run_at(0),
                        if is_run { len } else { place },
                        "{byte} at {place} of {len}"
                    );
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

    #[test]
    fn ends_of_words() {
        let ends = |text: &str| {
            let ends = Block::read(text.as_bytes()).ends()?;
            let shown = |word: u64| {
                word.to_le_bytes().into_iter().filter(|byte| *byte != 0).map(char::from).collect()
            };
            let (head, tail): (String, String) = (shown(ends.head), shown(ends.tail));
            Some((head, ends.head_length, tail, ends.tail_place, ends.is_plain))
        };
        let some =
            |head: &str, tail: &str, place, plain| Some((head.into(), head.len(), tail.into(), place, plain));
        assert_eq!(ends("Anna"), some("anna", "anna", 0, true));
        assert_eq!(ends("An  Lee1"), some("an", "lee1", 4, true));
        assert_eq!(ends("n, "), some("n", "", 3, false));
        assert_eq!(ends("        "), some("", "", 8, true));
        assert_eq!(ends("é x"), some("", "x", 3, false));
        assert_eq!(ends(" of "), None);
    }
}
