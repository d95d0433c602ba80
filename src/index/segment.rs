//! One segment: keys, whose they are, and what their owners are called. Never changes once written; who of them counts does.

use std::ops::Deref;
use std::sync::Arc;

use super::observed::{Observed, ObservedKeys};
use super::openings::Openings;
use super::owner_names::OwnerNames;
use super::postings::{Owner, Postings};
use super::{Bytes, KeyMap};
use crate::error::{Error, Result};

/// A segment as one generation sees it. Generations that follow one another share what does not change.
pub(crate) struct Segment {
    pub(super) data: Arc<SegmentData>,
    /// Owners that no longer count, and those whose strong values alone do, in order.
    pub(super) dead: Vec<u32>,
    pub(super) suppressed: Vec<u32>,
}

/// What is in the files of a segment.
pub(crate) struct SegmentData {
    pub(crate) strong: KeyMap,
    pub(crate) weak: KeyMap,
    pub(super) postings: Postings,
    pub(super) names: OwnerNames,
    openings: Bytes,
    pub(super) observed: ObservedKeys,
    /// Bytes that were decrypted, and whether they all stay in memory. `None`: the segment is not sealed.
    pub(super) secret: Option<(usize, bool)>,
    /// Bytes that are on the heap.
    pub(super) heap: usize,
}

/// The files of a segment.
pub(crate) struct SegmentBytes {
    pub(crate) strong: Bytes,
    pub(crate) weak: Bytes,
    pub(crate) postings: Bytes,
    pub(crate) owner_names: Bytes,
    pub(crate) openings: Bytes,
    pub(crate) observed: Bytes,
}

impl SegmentData {
    pub(crate) fn new(bytes: SegmentBytes) -> Result<Self> {
        let keys = |bytes| {
            KeyMap::new(bytes).map_err(|_| Error::index("the keys are damaged; build the index again"))
        };
        let files = [
            &bytes.strong,
            &bytes.weak,
            &bytes.postings,
            &bytes.owner_names,
            &bytes.openings,
            &bytes.observed,
        ];
        let heap = files.into_iter().map(Bytes::on_heap).sum();
        let secret = files.into_iter().filter_map(Bytes::secret);
        let secret = secret.reduce(|all, file| (all.0 + file.0, all.1 && file.1));
        Ok(Self {
            observed: ObservedKeys::new(bytes.observed)?,
            strong: keys(bytes.strong)?,
            weak: keys(bytes.weak)?,
            postings: Postings::new(bytes.postings)?,
            names: OwnerNames::new(bytes.owner_names)?,
            openings: bytes.openings,
            secret,
            heap,
        })
    }

    /// The tables that say where no key begins.
    pub(super) fn openings(&self) -> Result<Openings> {
        Openings::read(&self.openings)
    }

    /// The map that holds the key of an ordinal.
    pub(super) fn map_of(&self, ordinal: u64) -> &KeyMap {
        if self.is_weak(ordinal) { &self.weak } else { &self.strong }
    }

    /// Strong keys come before weak ones.
    pub(super) fn is_weak(&self, ordinal: u64) -> bool {
        ordinal >= self.strong.len() as u64
    }

    /// Calls `each` with a key and those of the values that it spells.
    pub(crate) fn with_values(&self, ordinal: u64, mut each: impl FnMut(u64)) {
        each(ordinal);
        self.postings.values(ordinal, each);
    }

    /// Whether a key is a value, not only a spelling of others.
    pub(crate) fn is_value(&self, ordinal: u64) -> bool {
        self.postings.is_value(ordinal)
    }

    /// Whether there is a key of this ordinal.
    pub(crate) fn holds(&self, ordinal: u64) -> bool {
        self.postings.holds(ordinal)
    }

    /// Whether values of a key are only observed, and why.
    pub(crate) fn observed(&self, ordinal: u64) -> Option<Observed> {
        self.observed.why(ordinal).or_else(|| self.observed.why(self.postings.value(ordinal)))
    }

    pub(crate) fn owner_name(&self, number: u32) -> Option<&[u8]> {
        self.names.name_of(number)
    }

    /// Bytes of keys, postings, owner names and openings.
    pub(crate) fn sizes(&self) -> [usize; 4] {
        let keys = self.strong.size() + self.weak.size();
        [keys, self.postings.size() + self.observed.size(), self.names.size(), self.openings.as_ref().len()]
    }

    /// How many keys there are.
    pub(super) fn keys(&self) -> usize {
        self.strong.len() + self.weak.len()
    }
}

impl Segment {
    pub(super) fn new(data: Arc<SegmentData>, (dead, suppressed): (Vec<u32>, Vec<u32>)) -> Self {
        Self { data, dead, suppressed }
    }

    /// Calls `each` with the live owners of a key. One may come more than once.
    pub(crate) fn owners(&self, ordinal: u64, mut each: impl FnMut(Owner)) {
        self.postings.owners(ordinal, |owner| {
            if self.counts(owner.number, ordinal) {
                each(owner);
            }
        });
    }

    /// Calls `each` with the live owners of the value that a key is itself.
    pub(super) fn own_owners(&self, ordinal: u64, mut each: impl FnMut(Owner)) {
        self.postings.own_owners(ordinal, |owner| {
            if self.counts(owner.number, ordinal) {
                each(owner);
            }
        });
    }

    /// Whether anybody who counts has the value that a key is itself.
    pub(super) fn is_live_value(&self, ordinal: u64) -> bool {
        let mut is_live = false;
        self.own_owners(ordinal, |_| is_live = true);
        is_live
    }

    /// Whether a key of an owner counts.
    pub(super) fn counts(&self, owner: u32, ordinal: u64) -> bool {
        self.dead.binary_search(&owner).is_err()
            && !(self.suppressed.binary_search(&owner).is_ok() && self.is_weak(ordinal))
    }

    /// The number of an owner who was not erased, and may be suppressed.
    pub(super) fn number_of(&self, name: &str) -> Option<u32> {
        let number = self.names.number(self.names.find(name.as_bytes())?);
        self.dead.binary_search(&number).is_err().then_some(number)
    }

    pub(crate) fn owner_number(&self, name: &[u8]) -> Option<u32> {
        let number = self.names.number(self.names.find(name)?);
        (!self.is_gone(number)).then_some(number)
    }

    /// Whether an owner does not count here, or is suppressed.
    pub(super) fn is_gone(&self, number: u32) -> bool {
        self.dead.binary_search(&number).is_ok() || self.suppressed.binary_search(&number).is_ok()
    }

    /// Whether this is the segment of an owner who is known.
    pub(super) fn has(&self, number: u32) -> bool {
        !self.is_gone(number) && self.owner_name(number).is_some()
    }

    /// The numbers of all owners who are known.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.names.len()).map(|place| self.names.number(place)).filter(|number| !self.is_gone(*number))
    }
}

impl Deref for Segment {
    type Target = SegmentData;

    fn deref(&self) -> &SegmentData {
        &self.data
    }
}
