//! What an index was before it is changed: what is kept of it is written anew, under the same numbers.

use std::path::{Path, PathBuf};

use fst::Streamer;

use super::folder::Lock;
use super::manifest::Manifest;
use super::observed::Observed;
use super::owner_names::OwnerNamesBuilder;
use super::segment::Segment;
use super::sort::Sorter;
use super::{Index, KeyMap};
use crate::error::Result;

/// An index that is about to be replaced by one that goes on with it.
pub(super) struct Past {
    folder: PathBuf,
    index: Index,
    _lock: Lock,
}

impl Past {
    pub(super) fn open(folder: &Path) -> Result<Self> {
        let lock = Lock::of(folder)?;
        Ok(Self { folder: folder.to_owned(), index: Index::open(folder)?, _lock: lock })
    }

    pub(super) fn is_in(&self, folder: &Path) -> bool {
        let place = |folder: &Path| folder.canonicalize().ok();
        place(folder).is_some_and(|folder| Some(folder) == place(&self.folder))
    }

    pub(super) fn manifest(&self) -> &Manifest {
        &self.index.generation.manifest
    }

    fn segments(&self) -> &[Segment] {
        &self.index.generation.segments
    }

    /// How many keys it has.
    pub(super) fn keys(&self) -> usize {
        self.segments().iter().map(|segment| segment.strong.len() + segment.weak.len()).sum()
    }

    /// Makes a manifest that of the next generation of the same index.
    pub(super) fn go_on(&self, manifest: &mut Manifest) {
        let past = self.manifest();
        manifest.lineage.clone_from(&past.lineage);
        manifest.hash_key.clone_from(&past.hash_key);
        manifest.generation = past.generation + 1;
        let alive = |suppressed: &&super::manifest::Suppressed| {
            self.segments().iter().any(|segment| segment.suppressed.contains(&suppressed.owner))
        };
        manifest.suppressed = past.suppressed.iter().filter(alive).cloned().collect();
    }

    /// Passes on the keys of owners who stay and were not replaced: records as [`IndexBuilder`](super::IndexBuilder) sorts them. Gives the keys that are
    /// canaries.
    pub(super) fn pass_on(
        &self,
        replaced: &[u32],
        keys: &mut Sorter,
        spellings: &mut Sorter,
    ) -> Result<Vec<Vec<u8>>> {
        let mut canaries = Vec::new();
        for segment in self.segments() {
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

/// The owners of the value that a key is itself, as far as they stay.
fn kept(segment: &Segment, replaced: &[u32], ordinal: u64) -> Vec<super::Owner> {
    let mut owners = Vec::new();
    segment.postings.own_owners(ordinal, |owner| owners.push(owner));
    owners.retain(|owner| {
        segment.counts(owner.number, ordinal) && replaced.binary_search(&owner.number).is_err()
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

/// Gives owners their numbers: the one that they have, or the next.
pub(super) struct Numbering<'a> {
    past: Option<&'a Segment>,
    /// The place of the next name of the past.
    place: u32,
    pub(super) names: OwnerNamesBuilder,
    pub(super) next: u32,
    /// Owners of the past who come anew, in the order of their numbers once all have come.
    pub(super) replaced: Vec<u32>,
}

impl<'a> Numbering<'a> {
    pub(super) fn new(past: Option<&'a Past>) -> Self {
        let next = past.map_or(0, |past| past.manifest().next_owner);
        let past = past.and_then(|past| past.segments().first());
        let mut numbering =
            Self { past, place: 0, names: OwnerNamesBuilder::default(), next, replaced: Vec::new() };
        // Of those who are suppressed the names are forgotten. No name of an owner begins so, and these come first.
        for number in past.iter().flat_map(|past| &past.suppressed) {
            numbering.names.push(&[&[0], &number.to_be_bytes()[..]].concat(), *number);
        }
        numbering
    }

    /// Keeps the owners of the past whose names come before this one, or all that are left.
    pub(super) fn keep_before(&mut self, name: Option<&[u8]>) {
        let Some(past) = self.past else { return };
        while self.place < past.names.len() {
            let known = past.names.name(self.place);
            if name.is_some_and(|name| known >= name) {
                return;
            }
            let number = past.names.number(self.place);
            if !past.is_gone(number) {
                self.names.push(known, number);
            }
            self.place += 1;
        }
        self.replaced.sort_unstable();
    }

    /// The number of the next owner, whose name comes behind all others so far.
    pub(super) fn number(&mut self, name: &[u8]) -> u32 {
        self.keep_before(Some(name));
        let known =
            self.past.filter(|past| self.place < past.names.len() && past.names.name(self.place) == name);
        let known = known.map(|past| (past.names.number(self.place), past));
        self.place += u32::from(known.is_some());
        let number = match known.filter(|(number, past)| !past.is_gone(*number)) {
            Some((number, _)) => {
                self.replaced.push(number);
                number
            }
            None => {
                self.next += 1;
                self.next - 1
            }
        };
        self.names.push(name, number);
        number
    }
}
