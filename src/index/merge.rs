//! Sorted records put together: for each key the owners of the value it is, and the values that it spells.

use super::KeyMap;
use super::postings::{Owner, PostingsBuilder};
use super::sort::Sorted;
use crate::error::Result;

/// Values and spellings of values, merged by key.
pub(super) struct Merge {
    keys: Sorted,
    spellings: Sorted,
    /// kind, key, 0, owner, confers; empty at the end
    key: Vec<u8>,
    /// kind, spelling, 0, key; empty at the end
    spelling: Vec<u8>,
    /// How many records were merged.
    pub(super) done: u64,
}

/// A key, the owners of the value it is, and the keys of the values it spells.
pub(super) type Merged = (Vec<u8>, Vec<Owner>, Vec<Vec<u8>>);

impl Merge {
    pub(super) fn new(keys: Sorted, spellings: Sorted) -> Result<Self> {
        let mut merge = Self { keys, spellings, key: Vec::new(), spelling: Vec::new(), done: 0 };
        merge.keys.next(&mut merge.key)?;
        merge.spellings.next(&mut merge.spelling)?;
        Ok(merge)
    }

    /// The kind of the next key.
    pub(super) fn kind(&self) -> Option<usize> {
        [&self.key, &self.spelling]
            .into_iter()
            .filter_map(|record| record.first())
            .min()
            .map(|kind| usize::from(*kind))
    }

    pub(super) fn next(&mut self) -> Result<Merged> {
        let next = [key_of(&self.key), spelling_of(&self.spelling).map(|(spelling, _)| spelling)];
        let next = next.into_iter().flatten().min().expect("called while there is a key").to_vec();
        let (mut owners, mut values) = (Vec::new(), Vec::<Vec<u8>>::new());
        while key_of(&self.key).is_some_and(|key| key == next) {
            let (number, confers) = self.key[next.len() + 1..].split_first_chunk().expect("five bytes");
            owners.push(Owner { number: u32::from_be_bytes(*number), confers: confers[0] == 1 });
            self.keys.next(&mut self.key)?;
            self.done += 1;
        }
        while let Some((_, value)) = spelling_of(&self.spelling).filter(|(spelling, _)| *spelling == next) {
            if values.last().is_none_or(|last| last != value) {
                values.push(value.to_vec());
            }
            self.spellings.next(&mut self.spelling)?;
            self.done += 1;
        }
        Ok((next, owners, values))
    }
}

/// The key of a record: kind, key, 0, owner, confers.
fn key_of(record: &[u8]) -> Option<&[u8]> {
    record.len().checked_sub(6).map(|end| &record[..end])
}

/// The spelling and the key of a record: kind, spelling, 0, key.
fn spelling_of(record: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = record.iter().skip(1).position(|byte| *byte == 0)? + 1;
    Some((&record[..end], &record[end + 1..]))
}

/// Says of every spelling which values it spells, now that values have ordinals.
pub(super) fn resolve_spellings(
    mut spelled: Sorted,
    maps: &[KeyMap; 2],
    first_weak: usize,
    postings: &mut PostingsBuilder,
) -> Result<()> {
    let mut record = Vec::new();
    while spelled.next(&mut record)? {
        let (ordinal, rest) = record.split_first_chunk().expect("an ordinal");
        let (&[kind], rest) = rest.split_first_chunk().expect("a kind");
        let (count, rest) = rest.split_first_chunk().expect("a count");
        let (owners, mut rest) = rest.split_at(u32::from_be_bytes(*count) as usize);
        let owners: Vec<Owner> = owners
            .chunks_exact(5)
            .map(|o| Owner { number: u32::from_be_bytes([o[0], o[1], o[2], o[3]]), confers: o[4] == 1 })
            .collect();
        let map = &maps[usize::from(usize::from(kind) >= first_weak)];
        let mut values = Vec::new();
        while let Some((length, more)) = rest.split_first_chunk() {
            let (value, more) = more.split_at(usize::from(u16::from_be_bytes(*length)));
            values.extend(map.get([&[kind], value].concat()).map(fst::raw::Output::value));
            rest = more;
        }
        values.sort_unstable();
        postings.spelling(u64::from_be_bytes(*ordinal), &owners, &values)?;
    }
    Ok(())
}
