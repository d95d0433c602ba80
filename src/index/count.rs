//! Counting what is no longer whose it was.

use fst::{IntoStreamer, Streamer};

use super::KeyMap;
use super::hints::{HINT, INITIAL};
use super::manifest::Manifest;
use super::segment::SegmentData;
use crate::identifier::Strength;

/// How many identifiers of each kind these owners have in a segment.
pub(super) fn identifiers_of(segment: &SegmentData, manifest: &Manifest, owners: &[u32]) -> Vec<u64> {
    // One bit for every number: it is asked for every owner of every key.
    let mut wanted = vec![0_u64; owners.iter().max().map_or(0, |most| *most as usize / 64 + 1)];
    owners.iter().for_each(|owner| wanted[*owner as usize / 64] |= 1 << (owner % 64));
    let is_wanted =
        |owner: u32| wanted.get(owner as usize / 64).is_some_and(|bits| bits >> (owner % 64) & 1 != 0);
    let of_kind = |(place, strength): (u8, Strength)| {
        let (map, end) = match strength {
            Strength::Strong => (&segment.strong, segment.strong.len()),
            Strength::Weak => (&segment.weak, segment.keys()),
        };
        let from = |key: &[u8]| first_from(map, key).unwrap_or(end as u64);
        // Hints are no identifiers of anybody.
        let ranges = [from(&[place])..from(&[place, HINT]), from(&[place, INITIAL + 1])..from(&[place + 1])];
        let mut count = 0;
        for ordinal in ranges.into_iter().flatten() {
            segment.postings.own_owners(ordinal, |owner| count += u64::from(is_wanted(owner.number)));
        }
        count
    };
    (0..).zip(manifest.kinds.iter().map(|spec| spec.strength)).map(of_kind).collect()
}

/// The ordinal of the first key that is not before this one.
fn first_from(map: &KeyMap, key: &[u8]) -> Option<u64> {
    map.range().ge(key).into_stream().next().map(|(_, ordinal)| ordinal.value())
}
