//! What is written beside the keys of a segment: whose they are, where none can begin, and which are only observed.

use super::hints::{INITIAL, is_hint};
use super::keys::written;
use super::merge::{Merged, MergedKey};
use super::openings::Openings;
use super::ordinary::{is_noisy, is_ordinary};
use super::postings::PostingsBuilder;
use super::sort::Sorter;
use crate::error::Result;
use crate::identifier::KindSpec;

pub(super) struct Tables<'a> {
    kinds: &'a [KindSpec],
    pub(super) openings: Openings,
    pub(super) postings: PostingsBuilder,
    /// Keys that spell values: ordinal, kind, owners, values.
    pub(super) spelled: Sorter,
    /// Counts for each kind.
    pub(super) identifiers: Vec<u64>,
    pub(super) ordinary: Vec<u64>,
    pub(super) noisy: Vec<u64>,
    /// The ordinals of keys that are ordinary language.
    pub(super) ordinary_keys: Vec<u32>,
}

impl<'a> Tables<'a> {
    /// Tables for about this many keys.
    pub(super) fn new(kinds: &'a [KindSpec], keys: usize, spelled: Sorter) -> Self {
        let none = vec![0; kinds.len()];
        Self {
            kinds,
            openings: Openings::for_keys(keys),
            postings: PostingsBuilder::default(),
            spelled,
            identifiers: none.clone(),
            ordinary: none.clone(),
            noisy: none,
            ordinary_keys: Vec::new(),
        }
    }

    /// Adds the next keys.
    pub(super) fn add(&mut self, merged: &Merged) -> Result<()> {
        merged.keys().try_for_each(|key| self.add_key(&key))
    }

    fn add_key(&mut self, MergedKey { ordinal, key, owners, values }: &MergedKey) -> Result<()> {
        let kind = usize::from(key[0]);
        let (spec, folded) = (&self.kinds[kind], written(key));
        if let [INITIAL, name @ ..] = folded {
            self.openings.add_followers(spec.shape, name);
        }
        if is_hint(key) {
            return self.postings.owners(owners, false);
        }
        if !spec.shape.is_digits() {
            self.openings.add(key[0], folded);
            self.openings.add_followers(spec.shape, folded);
        }
        let is_value = u64::from(!owners.is_empty());
        let text = std::str::from_utf8(folded).unwrap_or_default();
        if is_ordinary(spec, text) {
            self.ordinary_keys.push(*ordinal as u32);
            self.ordinary[kind] += is_value;
        } else if is_noisy(spec, text) {
            self.noisy[kind] += is_value;
        }
        self.identifiers[kind] += owners.len() as u64;
        if !values.is_empty() {
            let (ordinal, count) = (ordinal.to_be_bytes(), (owners.len() as u32).to_be_bytes());
            let owners: Vec<u8> = owners
                .iter()
                .flat_map(|o| [&o.number.to_be_bytes()[..], &[u8::from(o.confers)]].concat())
                .collect();
            self.spelled.push(&[&ordinal, &key[..1], &count, &owners, values])?;
        }
        self.postings.owners(owners, !values.is_empty())
    }
}
