//! What is in an index, and what it takes to have it open.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::Index;
use super::manifest::{Manifest, SegmentEntry};

/// What is in an index. Serialises to what `tightlip index info --json` prints.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct IndexInfo {
    /// How many owners.
    pub owners: u64,
    /// How many identifiers of each kind, kinds without any left out; the same value of two owners counts twice.
    pub identifiers: BTreeMap<String, u64>,
    /// The segments.
    pub segments: Vec<SegmentInfo>,
    /// Values that are known but only observed.
    pub observed: ObservedInfo,
    /// Values that may be found where they are not meant, by kind: very short codes, plain numbers, dates.
    pub noisy: BTreeMap<String, u64>,
    /// Sizes.
    pub bytes: IndexBytes,
    /// Owners who were erased and whose keys are still in the files, until the index is compacted.
    #[serde(skip_serializing_if = "is_zero")]
    pub erased: u64,
    /// Owners who are unknown, but whose strong values are withheld from everyone.
    #[serde(skip_serializing_if = "is_zero")]
    pub suppressed: u64,
    /// Counts the changes to the index, from 1.
    pub generation: u64,
    /// The folding that its keys were made with.
    pub folding: String,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// How many values are known but only observed, by kind.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct ObservedInfo {
    /// Ordinary language.
    pub ordinary: BTreeMap<String, u64>,
    /// Found in the company's own texts outside what was written to their owner.
    pub canaries: BTreeMap<String, u64>,
}

/// One segment of an index.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct SegmentInfo {
    /// Owners of whom it holds what is known.
    pub owners: u64,
    /// Owners in it who no longer count: they were erased, or a later segment holds what is known of them.
    #[serde(skip_serializing_if = "is_zero")]
    pub gone: u64,
    /// Identifiers in it, without those of owners who no longer count.
    pub identifiers: u64,
    /// The size of its files in bytes.
    pub bytes: u64,
}

/// Sizes of an index in bytes.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct IndexBytes {
    /// Everything.
    pub total: u64,
    /// Keys.
    pub keys: u64,
    /// Whose the keys are.
    pub owners: u64,
    /// The names of the owners.
    pub owner_names: u64,
    /// Tables that say where no key begins.
    pub accelerators: u64,
}

/// What an index takes to be open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct IndexMemory {
    /// Bytes that are held for it, besides files that are mapped.
    pub bytes: u64,
    /// Whether the index is sealed, so that its files were decrypted to memory.
    pub sealed: bool,
    /// Whether all that was decrypted stays in memory and is never swapped. It is not if the system limits what a process may lock (`ulimit -l`,
    /// `LimitMEMLOCK`).
    pub locked: bool,
}

impl Index {
    /// What is in the index.
    pub fn info(&self) -> IndexInfo {
        let manifest = &self.generation.manifest;
        let by_kind = |counts: &dyn Fn(&SegmentEntry) -> Vec<u64>| {
            let mut all = BTreeMap::new();
            for segment in &manifest.segments {
                let counts = manifest.kinds.iter().zip(counts(segment));
                for (spec, count) in counts.filter(|(_, count)| *count > 0) {
                    *all.entry(spec.kind.name().to_owned()).or_default() += count;
                }
            }
            all
        };
        let mut sizes = [0; 4];
        for segment in &self.generation.segments {
            sizes.iter_mut().zip(segment.sizes()).for_each(|(sum, size)| *sum += size as u64);
        }
        let [keys, owners, owner_names, accelerators] = sizes;
        let segments = manifest.segments.iter().map(|segment| SegmentInfo {
            owners: u64::from(segment.owners) - segment.dead.len() as u64,
            gone: segment.dead.len() as u64,
            identifiers: segment.live_identifiers().iter().sum(),
            bytes: segment.files().map(|file| file.bytes).iter().sum(),
        });
        let segments_with = |number: u32| {
            self.generation.segments.iter().any(|segment| {
                segment.dead.binary_search(&number).is_err() && segment.owner_name(number).is_some()
            })
        };
        let dead: BTreeSet<u32> =
            self.generation.segments.iter().flat_map(|segment| segment.dead.iter().copied()).collect();
        let erased = match &self.generation.segments[..] {
            [_] => dead.len(),
            _ => dead.iter().filter(|number| !segments_with(**number)).count(),
        } as u64;
        let suppressed =
            self.generation.segments.first().map_or(0, |segment| segment.suppressed.len()) as u64;
        let named: u64 = manifest.segments.iter().map(|segment| u64::from(segment.owners)).sum();
        let buried: usize = manifest.segments.iter().map(|segment| segment.dead.len()).sum();
        let gone = (buried + manifest.over().len()) as u64;
        IndexInfo {
            owners: named - gone - suppressed,
            erased,
            suppressed,
            identifiers: by_kind(&|segment| segment.live_identifiers()),
            segments: segments.collect(),
            observed: ObservedInfo {
                ordinary: by_kind(&|segment| segment.ordinary.clone()),
                canaries: by_kind(&|segment| segment.canaries.clone()),
            },
            noisy: by_kind(&|segment| segment.noisy.clone()),
            bytes: IndexBytes {
                total: keys + owners + owner_names + accelerators,
                keys,
                owners,
                owner_names,
                accelerators,
            },
            generation: manifest.generation,
            folding: manifest.folding.clone(),
        }
    }

    /// What the index takes to be open.
    pub fn memory(&self) -> IndexMemory {
        let generation = &self.generation;
        let decrypted = generation.segments.iter().filter_map(|segment| segment.secret);
        let (secret, locked) = decrypted.fold((0, true), |all, file| (all.0 + file.0, all.1 && file.1));
        let heap: usize = generation.segments.iter().map(|segment| segment.heap).sum();
        IndexMemory {
            bytes: (secret + heap + generation.openings.size()) as u64,
            sealed: generation.seal.is_some(),
            locked: generation.seal.is_some() && locked,
        }
    }

    /// Whether the index in a folder is sealed. Needs no key, and says nothing of whether it is whole.
    pub fn is_sealed(folder: impl AsRef<Path>) -> bool {
        Manifest::is_sealed(folder.as_ref())
    }
}

impl SegmentEntry {
    fn live_identifiers(&self) -> Vec<u64> {
        self.identifiers.iter().zip(&self.gone).map(|(all, gone)| all - gone).collect()
    }
}
