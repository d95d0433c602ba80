//! What an index was before it is changed: which of its segments stay, and what is written anew of the others, under the same numbers.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fst::Streamer;

use super::count::identifiers_of;
use super::folder::Lock;
use super::manifest::{Manifest, SegmentEntry};
use super::observed::Observed;
use super::opening::Opening;
use super::seal::Seal;
use super::segment::{Segment, SegmentData};
use super::sort::Sorter;
use super::{Index, KeyMap};
use crate::error::Result;

/// An index that is about to be replaced by one that goes on with it.
pub(super) struct Past {
    folder: PathBuf,
    index: Index,
    _lock: Lock,
}

/// A segment of more than a fourth of the keys of all those behind it stays beside them: so there are few segments, and a key is written
/// anew few times.
const MUCH_LARGER: usize = 4;
/// More segments than this are never beside one another: every one is walked.
const MOST_SEGMENTS: usize = 8;
/// The first segment is written anew when those behind it hold a fourth of all keys, or a fourth of all owners no longer count.
const FOURTH: usize = 4;

impl Past {
    pub(super) fn open(folder: &Path, opening: &Opening) -> Result<Self> {
        let lock = Lock::of(folder)?;
        Ok(Self { folder: folder.to_owned(), index: opening.open(folder)?, _lock: lock })
    }

    pub(super) fn is_in(&self, folder: &Path) -> bool {
        let place = |folder: &Path| folder.canonicalize().ok();
        place(folder).is_some_and(|folder| Some(folder) == place(&self.folder))
    }

    pub(super) fn manifest(&self) -> &Manifest {
        &self.index.generation.manifest
    }

    pub(super) fn seal(&self) -> Option<&Seal> {
        self.index.generation.seal.as_ref()
    }

    pub(super) fn opening(&self) -> &Opening {
        &self.index.generation.opening
    }

    pub(super) fn segments(&self) -> &[Segment] {
        &self.index.generation.segments
    }

    /// From which segment on all are written anew, together with so many new keys.
    pub(super) fn first_folded(&self, new: usize) -> usize {
        let segments = self.segments();
        let keys: Vec<usize> = segments.iter().map(|segment| segment.keys()).collect();
        let owners: usize = segments.iter().map(|segment| segment.names.len() as usize).sum();
        let gone: usize = segments.iter().map(|segment| segment.dead.len()).sum();
        first_folded(&keys, new, gone > owners / FOURTH)
    }

    /// How many keys there are in the segments that are written anew.
    pub(super) fn keys(&self, first_folded: usize) -> usize {
        self.segments()[first_folded..].iter().map(|segment| segment.keys()).sum()
    }

    /// The content of the segments that stay.
    pub(super) fn kept(&self, first_folded: usize) -> impl Iterator<Item = Arc<SegmentData>> {
        self.segments()[..first_folded].iter().map(|segment| Arc::clone(&segment.data))
    }

    /// The manifest of the next generation: a segment in the place of those that were folded into it, and these owners dead in those that stay.
    pub(super) fn go_on(&self, dead: Vec<Vec<u32>>, entry: SegmentEntry) -> Manifest {
        let mut manifest = self.manifest().clone();
        manifest.generation += 1;
        manifest.segments.truncate(dead.len());
        for ((segment, entry), replaced) in self.segments().iter().zip(&mut manifest.segments).zip(dead) {
            // Whose suppression is over counts no more, and is soon mentioned no more.
            let over = segment.dead.iter().copied().filter(|owner| segment.owner_name(*owner).is_some());
            entry.bury(segment, self.manifest(), over.chain(replaced));
        }
        let counts = |owner: u32| {
            let is_here = |segment: &Segment| segment.owner_name(owner).is_some();
            self.segments()
                .iter()
                .any(|segment| segment.dead.binary_search(&owner).is_err() && is_here(segment))
        };
        manifest.suppressed.retain(|suppressed| counts(suppressed.owner));
        manifest.segments.push(entry);
        manifest
    }

    /// Passes on the keys of owners who stay and were not replaced: records as [`IndexBuilder`](super::IndexBuilder) sorts them. Gives the keys that are
    /// canaries.
    pub(super) fn pass_on(
        &self,
        first_folded: usize,
        replaced: &[u32],
        keys: &mut Sorter,
        spellings: &mut Sorter,
    ) -> Result<Vec<Vec<u8>>> {
        let mut canaries = Vec::new();
        for segment in &self.segments()[first_folded..] {
            for map in [&segment.strong, &segment.weak] {
                let mut stream = map.stream();
                while let Some((key, ordinal)) = stream.next() {
                    let ordinal = ordinal.value();
                    for owner in kept(segment, replaced, ordinal) {
                        keys.push(&[key, &[0], &owner.number.to_be_bytes(), &[u8::from(owner.confers)]])?;
                    }
                    for value in values(segment, map, replaced, ordinal) {
                        spellings.push(&[key, &[0], &value[1..]])?;
                    }
                    if segment.observed.why(ordinal) == Some(Observed::Canary) {
                        canaries.push(key.to_vec());
                    }
                }
            }
        }
        Ok(canaries)
    }
}

impl SegmentEntry {
    /// Notes owners of a segment who no longer count.
    pub(super) fn bury(
        &mut self,
        segment: &SegmentData,
        manifest: &Manifest,
        owners: impl Iterator<Item = u32>,
    ) {
        let mut owners: Vec<u32> = owners.filter(|owner| self.dead.binary_search(owner).is_err()).collect();
        owners.sort_unstable();
        owners.dedup();
        if owners.is_empty() {
            return;
        }
        let identifiers = identifiers_of(segment, manifest, &owners);
        self.gone.iter_mut().zip(identifiers).for_each(|(gone, more)| *gone += more);
        self.dead.append(&mut owners);
        self.dead.sort_unstable();
    }
}

/// From which segment on all are written anew, given how many keys they hold, in their order.
fn first_folded(keys: &[usize], new: usize, many_are_gone: bool) -> usize {
    let Some((first, deltas)) = keys.split_first() else { return 0 };
    if many_are_gone || (deltas.iter().sum::<usize>() + new) > first / (FOURTH - 1) {
        return 0;
    }
    let (mut from, mut behind) = (keys.len(), new);
    while from > 1 && (from >= MOST_SEGMENTS || keys[from - 1] <= behind.saturating_mul(MUCH_LARGER)) {
        from -= 1;
        behind += keys[from];
    }
    from
}

/// The owners of the value that a key is itself, as far as they stay.
fn kept(segment: &Segment, replaced: &[u32], ordinal: u64) -> Vec<super::Owner> {
    let mut owners = Vec::new();
    segment.own_owners(ordinal, |owner| {
        if replaced.binary_search(&owner.number).is_err() {
            owners.push(owner);
        }
    });
    owners
}

/// The keys of the values that a key spells, as far as anybody has them still.
fn values(segment: &Segment, map: &KeyMap, replaced: &[u32], ordinal: u64) -> Vec<Vec<u8>> {
    let mut ordinals = Vec::new();
    segment.postings.values(ordinal, |value| ordinals.push(value));
    ordinals.retain(|value| !kept(segment, replaced, *value).is_empty());
    ordinals.into_iter().filter_map(|value| map.get_key(value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_segments_are_folded_and_large_ones_stay() {
        for (keys, new, from) in [
            (&[][..], 5, 0),
            (&[1_000_000], 10_000, 1),
            (&[1_000_000], 400_000, 0),
            (&[1_000_000, 10_000], 10_000, 1),
            (&[1_000_000, 100_000, 10_000], 100, 3),
            (&[1_000_000, 100_000, 10_000, 100], 100, 3),
            (&[1_000_000, 100_000, 30_000], 10_000, 1),
            (&[1_000_000, 300_000, 30_000], 10_000, 0),
            (&[9_000_000, 500_000, 60_000, 9_000, 1_000, 200, 40, 8], 1, 7),
            (&[0], 1, 0),
        ] {
            assert_eq!(first_folded(keys, new, false), from, "{keys:?} and {new}");
        }
        assert_eq!(first_folded(&[1_000_000], 1, true), 0);
    }

    #[test]
    fn a_key_is_written_anew_few_times() {
        let (mut keys, mut written, mut most) = (vec![4_000_000], 0, 0);
        for _ in 0..1_000 {
            let from = first_folded(&keys, 1_000, false);
            let folded: usize = keys.drain(from..).sum();
            keys.push(folded + 1_000);
            written += folded + 1_000;
            most = most.max(keys.len());
        }
        assert!(most <= MOST_SEGMENTS && written < 30 * 1_000_000, "{most} segments, {written} keys written");
    }
}
