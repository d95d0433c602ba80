//! One segment: keys, whose they are, and what their owners are called. Never changes once written.

use super::manifest::SegmentEntry;
use super::observed::{Observed, ObservedKeys};
use super::openings::Openings;
use super::owner_names::OwnerNames;
use super::postings::{Owner, Postings};
use super::{Bytes, KeyMap};
use crate::error::{Error, Result};

pub(crate) struct Segment {
    pub(crate) strong: KeyMap,
    pub(crate) weak: KeyMap,
    postings: Postings,
    names: OwnerNames,
    first_owner: u32,
    dead: Vec<u32>,
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
    pub(crate) fn new(entry: &SegmentEntry, bytes: SegmentBytes) -> Result<Self> {
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
            first_owner: entry.first_owner,
            dead: entry.dead.clone(),
        })
    }

    /// Calls `each` with the live owners of a key. One may come more than once.
    pub(crate) fn owners(&self, ordinal: u64, mut each: impl FnMut(Owner)) {
        self.postings.owners(ordinal, |owner| {
            if self.dead.binary_search(&owner.number).is_err() {
                each(owner);
            }
        });
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

    pub(crate) fn owner_number(&self, name: &str) -> Option<u32> {
        self.names.find(name).map(|place| self.first_owner + place)
    }

    pub(crate) fn owner_name(&self, number: u32) -> Option<&[u8]> {
        let place = number.checked_sub(self.first_owner)?;
        (place < self.names.len()).then(|| self.names.name(place))
    }

    /// Bytes of keys, postings, owner names and openings.
    pub(crate) fn sizes(&self) -> [usize; 4] {
        let keys = self.strong.size() + self.weak.size();
        [keys, self.postings.size() + self.observed.size(), self.names.size(), self.openings.size()]
    }
}
