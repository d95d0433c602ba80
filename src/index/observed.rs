//! Keys that are known, but only observed: ordinary language, and what the company's own texts say.
//!
//! The file is two lists of ordinals in order, each with its length before it, as `u32` and `u64`, little-endian: ordinary ones, canaries.

use super::Bytes;
use crate::error::{Error, Result};

/// Why values of a key are only observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Observed {
    /// They are ordinary language.
    Ordinary,
    /// They stand in the company's own texts.
    Canary,
}

/// The keys of one segment that are only observed.
pub(crate) struct ObservedKeys {
    bytes: Bytes,
    ordinary: usize,
    canaries: usize,
}

const LENGTH: usize = 8;
const ORDINAL: usize = 4;

impl ObservedKeys {
    pub(crate) fn new(bytes: Bytes) -> Result<Self> {
        let damaged = || Error::index("the keys that are only observed are damaged; build the index again");
        let count = |at: usize| {
            let count = bytes.as_ref().get(at..)?.first_chunk().map(|count| u64::from_le_bytes(*count))?;
            usize::try_from(count).ok().filter(|count| *count <= bytes.as_ref().len() / ORDINAL)
        };
        let ordinary = count(0).ok_or_else(damaged)?;
        let canaries = count(LENGTH + ORDINAL * ordinary).ok_or_else(damaged)?;
        if bytes.as_ref().len() != 2 * LENGTH + ORDINAL * (ordinary + canaries) {
            return Err(damaged());
        }
        Ok(Self { ordinary, canaries, bytes })
    }

    /// Writes the file.
    pub(crate) fn write(
        ordinary: &[u32],
        canaries: &[u32],
        out: &mut impl std::io::Write,
    ) -> std::io::Result<()> {
        for list in [ordinary, canaries] {
            out.write_all(&(list.len() as u64).to_le_bytes())?;
            for ordinal in list {
                out.write_all(&ordinal.to_le_bytes())?;
            }
        }
        Ok(())
    }

    /// Whether a key is only observed, and why.
    pub(crate) fn why(&self, ordinal: u64) -> Option<Observed> {
        let has = |from, count| u32::try_from(ordinal).is_ok_and(|ordinal| self.has(from, count, ordinal));
        if has(2 * LENGTH + ORDINAL * self.ordinary, self.canaries) {
            Some(Observed::Canary)
        } else {
            has(LENGTH, self.ordinary).then_some(Observed::Ordinary)
        }
    }

    fn has(&self, from: usize, count: usize, ordinal: u32) -> bool {
        let (ordinals, _) = self.bytes.as_ref()[from..from + ORDINAL * count].as_chunks::<ORDINAL>();
        ordinals.binary_search_by_key(&ordinal, |bytes| u32::from_le_bytes(*bytes)).is_ok()
    }

    pub(crate) fn size(&self) -> usize {
        self.bytes.as_ref().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_found_again() {
        let read = |ordinary: &[u32], canaries: &[u32]| {
            let mut bytes = Vec::new();
            ObservedKeys::write(ordinary, canaries, &mut bytes).unwrap();
            ObservedKeys::new(Bytes::Heap(bytes)).unwrap()
        };
        let keys = read(&[1, 5, 9], &[5, 700_000]);
        assert_eq!(
            [1, 5, 9].map(|at| keys.why(at)),
            [Observed::Ordinary, Observed::Canary, Observed::Ordinary].map(Some)
        );
        assert_eq!([0, 2, 10, u64::MAX].map(|at| keys.why(at)), [None; 4]);
        assert_eq!(keys.why(700_000), Some(Observed::Canary));
        assert_eq!(read(&[], &[]).why(0), None);
        for damaged in [&[][..], &[1, 0, 0, 0, 0, 0, 0, 0], &[0; 15], &[0; 17], &[0xff; 16]] {
            assert!(ObservedKeys::new(Bytes::Heap(damaged.to_vec())).is_err());
        }
    }
}
