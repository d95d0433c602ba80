//! One segment: keys, whose they are, and what their owners are called. Never changes once written.

use super::observed::{Observed, ObservedKeys};
use super::openings::Openings;
use super::owner_names::OwnerNames;
use super::postings::{Owner, Postings};
use super::{Bytes, KeyMap};
use crate::error::{Error, Result};

pub(crate) struct Segment {
    pub(crate) strong: KeyMap,
    pub(crate) weak: KeyMap,
    pub(super) postings: Postings,
    pub(super) names: OwnerNames,
    /// Owners that no longer count, and those whose strong values alone do, in order.
    pub(super) dead: Vec<u32>,
    pub(super) suppressed: Vec<u32>,
    pub(crate) openings: Openings,
    pub(super) observed: ObservedKeys,
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

impl Segment {
    pub(crate) fn new(dead: Vec<u32>, suppressed: Vec<u32>, bytes: SegmentBytes) -> Result<Self> {
        let keys = |bytes| {
            KeyMap::new(bytes).map_err(|_| Error::index("the keys are damaged; build the index again"))
        };
        Ok(Self {
            openings: Openings::read(&bytes.openings)?,
            observed: ObservedKeys::new(bytes.observed)?,
            strong: keys(bytes.strong)?,
            weak: keys(bytes.weak)?,
            postings: Postings::new(bytes.postings)?,
            names: OwnerNames::new(bytes.owner_names)?,
            dead,
            suppressed,
        })
    }

    /// Calls `each` with the live owners of a key. One may come more than once.
    pub(crate) fn owners(&self, ordinal: u64, mut each: impl FnMut(Owner)) {
        self.postings.owners(ordinal, |owner| {
            if self.counts(owner.number, ordinal) {
                each(owner);
            }
        });
    }

    /// Whether a key of an owner counts.
    pub(super) fn counts(&self, owner: u32, ordinal: u64) -> bool {
        let is_weak = || ordinal >= self.strong.len() as u64;
        self.dead.binary_search(&owner).is_err()
            && !(self.suppressed.binary_search(&owner).is_ok() && is_weak())
    }

    /// The ordinal of the value that a key spells.
    pub(crate) fn value(&self, ordinal: u64) -> u64 {
        self.postings.value(ordinal)
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
        self.observed.why(ordinal).or_else(|| self.observed.why(self.value(ordinal)))
    }

    /// The number of an owner who was not erased, and may be suppressed.
    pub(super) fn number_of(&self, name: &str) -> Option<u32> {
        let number = self.names.number(self.names.find(name)?);
        self.dead.binary_search(&number).is_err().then_some(number)
    }

    pub(crate) fn owner_number(&self, name: &str) -> Option<u32> {
        let number = self.names.number(self.names.find(name)?);
        (!self.is_gone(number)).then_some(number)
    }

    /// Whether an owner was erased, or is suppressed.
    pub(super) fn is_gone(&self, number: u32) -> bool {
        self.dead.binary_search(&number).is_ok() || self.suppressed.binary_search(&number).is_ok()
    }

    /// The numbers of all owners who are known.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.names.len()).map(|place| self.names.number(place)).filter(|number| !self.is_gone(*number))
    }

    pub(crate) fn owner_name(&self, number: u32) -> Option<&[u8]> {
        self.names.name_of(number)
    }

    /// Bytes of keys, postings, owner names and openings.
    pub(crate) fn sizes(&self) -> [usize; 4] {
        let keys = self.strong.size() + self.weak.size();
        [keys, self.postings.size() + self.observed.size(), self.names.size(), self.openings.size()]
    }
}
