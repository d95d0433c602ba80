//! The folded text since the oldest walk began: what a slip is looked for in.

use crate::identifier::{Between, Shape};

/// More bytes than this are not kept; a value that began before has no slips.
const KEPT: usize = 512;

#[derive(Default)]
pub(super) struct History {
    bytes: Vec<u8>,
    /// For each byte, where its character ends in the raw text.
    ends: Vec<u64>,
    /// How many bytes there have been.
    total: u64,
    /// Where the last of them ends.
    end: u64,
}

impl History {
    /// How many bytes there have been: the place of the next one.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// Where the last one ends in the raw text.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// What comes does not stand behind it.
    pub(super) fn forget(&mut self) {
        self.end = u64::MAX;
    }

    pub(super) fn clear(&mut self, end: u64) {
        self.bytes.clear();
        self.ends.clear();
        self.end = end;
    }

    pub(super) fn push(&mut self, byte: u8, end: u64) {
        if self.bytes.len() == 2 * KEPT {
            self.bytes.drain(..KEPT);
            self.ends.drain(..KEPT);
        }
        self.bytes.push(byte);
        self.ends.push(end);
        (self.total, self.end) = (self.total + 1, end);
    }

    /// The text between two places as a key would have it, in `key`; where it ends in the raw text. `None` if it is not kept or empty.
    pub(super) fn key(&self, from: u64, to: u64, shape: Shape, key: &mut Vec<u8>) -> Option<u64> {
        key.clear();
        let gaps = shape.gaps();
        let base = self.total - self.bytes.len() as u64;
        let (from, to) = (from.checked_sub(base)? as usize, to.checked_sub(base)? as usize);
        let (mut gap, mut end) = (None, None);
        for (byte, at) in self.bytes.get(from..to)?.iter().zip(&self.ends[from..to]) {
            if gaps.between == Between::Words && gaps.allow(*byte as char) {
                gap = if *byte == b',' && shape == Shape::Name { Some(b',') } else { gap.or(Some(b' ')) };
                continue;
            }
            if gaps.between == Between::Characters && gaps.allow(*byte as char) {
                continue;
            }
            key.extend(gap.take().filter(|_| !key.is_empty()));
            key.push(*byte);
            end = Some(*at);
        }
        end
    }
}
