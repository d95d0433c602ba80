//! Sorted records put together: for each key the owners of the value it is, and the values that it spells.

use super::KeyMap;
use super::crew;
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
    /// How many keys there were.
    keys_done: u64,
}

/// Some keys that follow one another.
#[derive(Default)]
pub(super) struct Merged {
    first: u64,
    bytes: Vec<u8>,
    owners: Vec<Owner>,
    /// Where what belongs to each key ends: the key and its values, and the owners.
    ends: Vec<Ends>,
}

struct Ends {
    key: usize,
    values: usize,
    owners: usize,
}

/// A key, the owners of the value it is, and the values it spells.
pub(super) struct MergedKey<'a> {
    pub(super) ordinal: u64,
    pub(super) key: &'a [u8],
    pub(super) owners: &'a [Owner],
    /// Their keys, without the kind: each behind its length as `u16`.
    pub(super) values: &'a [u8],
}

/// About so many bytes of keys are merged at once.
const BATCH: usize = 64 << 10;

impl Merge {
    pub(super) fn new(keys: Sorted, spellings: Sorted) -> Result<Self> {
        let (key, spelling) = (Vec::new(), Vec::new());
        let mut merge = Self { keys, spellings, key, spelling, done: 0, keys_done: 0 };
        merge.keys.next(&mut merge.key)?;
        merge.spellings.next(&mut merge.spelling)?;
        Ok(merge)
    }

    /// The next keys of kinds before this one, if there are any.
    pub(super) fn next(&mut self, until: usize) -> Result<Option<Merged>> {
        let mut merged = Merged { first: self.keys_done, ..Merged::default() };
        while merged.bytes.len() < BATCH && self.next_key(until, &mut merged)? {}
        self.keys_done += merged.ends.len() as u64;
        Ok(Some(merged).filter(|merged| !merged.ends.is_empty()))
    }

    fn next_key(&mut self, until: usize, merged: &mut Merged) -> Result<bool> {
        let next = [key_of(&self.key), spelling_of(&self.spelling).map(|(spelling, _)| spelling)];
        let Some(next) = next.into_iter().flatten().min().filter(|key| usize::from(key[0]) < until) else {
            return Ok(false);
        };
        let start = merged.bytes.len();
        merged.bytes.extend_from_slice(next);
        let (key_end, first_owner) = (merged.bytes.len(), merged.owners.len());
        while key_of(&self.key).is_some_and(|key| *key == merged.bytes[start..key_end]) {
            let (number, confers) = self.key[key_end - start + 1..].split_first_chunk().expect("five bytes");
            let owner = Owner { number: u32::from_be_bytes(*number), confers: confers[0] == 1 };
            // Of two records that differ in the last byte only, the later one confers and stands for both.
            match merged.owners[first_owner..].last_mut().filter(|last| last.number == owner.number) {
                Some(last) => *last = owner,
                None => merged.owners.push(owner),
            }
            self.keys.next(&mut self.key)?;
            self.done += 1;
        }
        let mut last = key_end..key_end;
        while let Some((_, value)) =
            spelling_of(&self.spelling).filter(|(spelling, _)| *spelling == &merged.bytes[start..key_end])
        {
            if last.is_empty() || merged.bytes[last.clone()] != *value {
                merged.bytes.extend((value.len() as u16).to_be_bytes());
                last = merged.bytes.len()..merged.bytes.len() + value.len();
                merged.bytes.extend_from_slice(value);
            }
            self.spellings.next(&mut self.spelling)?;
            self.done += 1;
        }
        let (values, owners) = (merged.bytes.len(), merged.owners.len());
        merged.ends.push(Ends { key: key_end, values, owners });
        Ok(true)
    }
}

impl Merged {
    pub(super) fn keys(&self) -> impl Iterator<Item = MergedKey<'_>> {
        let (mut start, mut first_owner) = (0, 0);
        (self.first..).zip(&self.ends).map(move |(ordinal, ends)| {
            let key = &self.bytes[start..ends.key];
            let (owners, values) =
                (&self.owners[first_owner..ends.owners], &self.bytes[ends.key..ends.values]);
            (start, first_owner) = (ends.values, ends.owners);
            MergedKey { ordinal, key, owners, values }
        })
    }
}

/// The key of a record: kind, key, 0, owner, confers.
fn key_of(record: &[u8]) -> Option<&[u8]> {
    record.len().checked_sub(6).map(|end| &record[..end])
}

/// The spelling and the key of a record: kind, spelling, 0, key.
fn spelling_of(record: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memchr(0, record.get(1..)?)? + 1;
    Some((&record[..end], &record[end + 1..]))
}
/// So many keys are looked at between two times that threads are waited for.
const AT_ONCE: usize = 1 << 14;

/// Says of every spelling which values it spells, now that values have ordinals.
pub(super) fn resolve_spellings(
    mut spelled: Sorted,
    maps: &[KeyMap; 2],
    first_weak: usize,
    threads: usize,
    postings: &mut PostingsBuilder,
) -> Result<()> {
    let (mut records, mut record) = (Vec::new(), Vec::new());
    loop {
        records.clear();
        while records.len() < AT_ONCE && spelled.next(&mut record)? {
            records.push(std::mem::take(&mut record));
        }
        if records.is_empty() {
            return Ok(());
        }
        let shares = records.chunks(records.len().div_ceil(threads)).collect();
        let resolve = |share: &[Vec<u8>]| {
            Ok(share.iter().map(|record| Resolved::of(record, maps, first_weak)).collect::<Vec<_>>())
        };
        for resolved in crew::all(shares, resolve)?.iter().flatten() {
            postings.spelling(resolved.ordinal, &resolved.owners, &resolved.values)?;
        }
    }
}

/// A key that spells values, and their ordinals.
struct Resolved {
    ordinal: u64,
    owners: Vec<Owner>,
    values: Vec<u64>,
}

impl Resolved {
    fn of(record: &[u8], maps: &[KeyMap; 2], first_weak: usize) -> Self {
        let (ordinal, rest) = record.split_first_chunk().expect("an ordinal");
        let (&[kind], rest) = rest.split_first_chunk().expect("a kind");
        let (count, rest) = rest.split_first_chunk().expect("a count");
        let (owners, mut rest) = rest.split_at(5 * u32::from_be_bytes(*count) as usize);
        let owners = owners
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
        Self { ordinal: u64::from_be_bytes(*ordinal), owners, values }
    }
}
