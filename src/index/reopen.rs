//! Opening an index again that has changed: what did not change is shared, and streams that go on learn who was forgotten.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use super::manifest::{Manifest, SegmentEntry};
use super::segment::{Segment, SegmentData};
use super::{Generation, Index};
use crate::error::Result;

/// Owners who were erased while streams run. All generations of an index that follow one another share it.
#[derive(Default)]
pub(crate) struct Forgotten {
    is_anybody: AtomicBool,
    owners: RwLock<Vec<u32>>,
}

impl Forgotten {
    /// Whether an owner was erased since the stream began.
    #[inline]
    pub(crate) fn has(&self, owner: u32) -> bool {
        // A panic elsewhere leaves the list whole.
        let owners = || self.owners.read().unwrap_or_else(PoisonError::into_inner);
        self.is_anybody.load(Ordering::Acquire) && owners().binary_search(&owner).is_ok()
    }

    fn add(&self, owners: impl IntoIterator<Item = u32>) {
        let mut known = self.owners.write().unwrap_or_else(PoisonError::into_inner);
        known.extend(owners);
        known.sort_unstable();
        known.dedup();
        self.is_anybody.store(!known.is_empty(), Ordering::Release);
    }
}

impl Index {
    /// Opens the index that this one has become in its folder, in the same way. Streams that go on with this one learn whom it has forgotten: from
    /// then on these people's values are withheld from everyone, themselves included. What did not change is not read again.
    ///
    /// # Errors
    /// As [`open`](Self::open); this index stays as it is.
    pub fn reopen(&self, folder: impl AsRef<Path>) -> Result<Self> {
        let before = &*self.generation;
        let mut newer = Self::open_after(folder.as_ref(), &before.opening, Some(before))?;
        let generation = Arc::get_mut(&mut newer.generation).expect("just opened");
        if generation.lineage() == before.lineage() {
            before.forgotten.add(before.missing_in(generation));
            generation.forgotten = Arc::clone(&before.forgotten);
            generation.take_over_slips(before);
        }
        Ok(newer)
    }
}

impl Generation {
    /// The content of a segment of another generation, if this one has it too.
    pub(super) fn shared(&self, manifest: &Manifest, entry: &SegmentEntry) -> Option<Arc<SegmentData>> {
        let is_same = |own: &&SegmentEntry| {
            own.id == entry.id
                && own.postings.name == entry.postings.name
                && own.postings.checksum == entry.postings.checksum
        };
        let place = self.manifest.segments.iter().position(|own| is_same(&own))?;
        (self.lineage() == manifest.lineage).then(|| Arc::clone(&self.segments[place].data))
    }

    /// Takes over what was found of the keys of another generation, if little came to them: what is there too much does no harm.
    fn take_over_slips(&mut self, before: &Self) {
        let Some(slips) = before.slips.get() else { return };
        let is_new =
            |segment: &&Segment| !before.segments.iter().any(|own| Arc::ptr_eq(&own.data, &segment.data));
        let new: Vec<&Segment> = self.segments.iter().filter(is_new).collect();
        let (all, more): (usize, usize) = (
            self.segments.iter().map(|segment| segment.keys()).sum(),
            new.iter().map(|segment| segment.keys()).sum(),
        );
        if more <= all / 4 {
            let slips = slips.with(self, new.iter().map(|segment| &segment.strong));
            self.slips = OnceLock::from(slips);
        }
    }

    /// The owners that this generation knows and another does not.
    fn missing_in(&self, newer: &Self) -> Vec<u32> {
        let mut missing = Vec::new();
        for segment in &self.segments {
            let same = newer.segments.iter().find(|other| Arc::ptr_eq(&other.data, &segment.data));
            match same {
                // Only those count who are gone since then.
                Some(same) => missing.extend(
                    [&same.dead, &same.suppressed].into_iter().flatten().filter(|owner| segment.has(**owner)),
                ),
                None => missing.extend(segment.numbers()),
            }
        }
        missing.retain(|owner| !newer.segments.iter().any(|segment| segment.has(*owner)));
        missing
    }
}
