//! The people that values belong to, and names for values that outlive a generation.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::{Generation, KeyId, Owner};

/// Lists that are at least this long are decoded once per generation…
const LONG: usize = 256;
/// …as long as they hold no more people than this together: 16 MB.
const MOST_PEOPLE: usize = 2_000_000;

/// Long lists that were asked for.
#[derive(Default)]
pub(super) struct LongLists(RwLock<Kept>);

#[derive(Default)]
struct Kept {
    lists: HashMap<KeyId, Arc<[Owner]>>,
    people: usize,
}

impl Generation {
    /// The live owners of a value, in the order of their numbers and once each. One confers if any spelling of the key says so.
    pub(crate) fn people(&self, key: KeyId) -> Arc<[Owner]> {
        let kept = self.long_lists.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(list) = kept.lists.get(&key) {
            return Arc::clone(list);
        }
        drop(kept);
        let mut people = Vec::new();
        self.owners(key, |owner| people.push(owner));
        // Of one who comes twice the verified value is kept.
        people.sort_unstable_by_key(|owner| (owner.number, !owner.confers));
        people.dedup_by_key(|owner| owner.number);
        let people: Arc<[Owner]> = people.into();
        if people.len() >= LONG {
            let mut kept = self.long_lists.0.write().unwrap_or_else(PoisonError::into_inner);
            if kept.people + people.len() <= MOST_PEOPLE && !kept.lists.contains_key(&key) {
                kept.people += people.len();
                kept.lists.insert(key, Arc::clone(&people));
            }
        }
        people
    }

    /// A name for a value that says nothing without the key of the index: an authenticated hash, and the value's place, encrypted under it (the
    /// construction of RFC 5297, with keyed BLAKE3 for both parts). It can be [resolved](Self::named) for as long as the value's segment lives.
    pub(crate) fn name(&self, kind: &str, key: KeyId) -> String {
        let mut place = [0; 12];
        place[..4].copy_from_slice(&self.segment_id(usize::from(key.segment)).to_le_bytes());
        place[4..].copy_from_slice(&key.ordinal.to_le_bytes());
        let hash = self.keyed_hash(&[b"fact", kind.as_bytes(), &place]);
        let hidden = self.veil(&hash, place);
        hidden.iter().fold(hash, |name, byte| name + &format!("{byte:02x}"))
    }

    /// The value of a [name](Self::name), if it is one of this index and its segment still lives.
    pub(crate) fn named(&self, kind: &str, name: &str) -> Option<KeyId> {
        let (hash, hidden) = name.split_at_checked(16)?;
        let mut place = [0; 12];
        if hidden.len() != 2 * place.len() || !hidden.is_ascii() {
            return None;
        }
        for (at, byte) in place.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&hidden[2 * at..2 * at + 2], 16).ok()?;
        }
        let place = self.veil(hash, place);
        if self.keyed_hash(&[b"fact", kind.as_bytes(), &place]) != hash {
            return None;
        }
        let id = u32::from_le_bytes(place[..4].try_into().expect("four bytes"));
        let ordinal = u64::from_le_bytes(place[4..].try_into().expect("eight bytes"));
        let segment = (0..self.segments.len()).find(|segment| self.segment_id(*segment) == id)?;
        let holds = self.segments[segment].holds(ordinal);
        holds.then_some(KeyId { segment: segment as u16, ordinal })
    }

    fn veil(&self, hash: &str, mut place: [u8; 12]) -> [u8; 12] {
        let mut veil = [0; 12];
        blake3::Hasher::new_keyed(&self.hash_key)
            .update(b"veil")
            .update(hash.as_bytes())
            .finalize_xof()
            .fill(&mut veil);
        place.iter_mut().zip(veil).for_each(|(byte, veil)| *byte ^= veil);
        place
    }

    /// What a segment is called in every generation that has it: the random prefix of its files.
    fn segment_id(&self, segment: usize) -> u32 {
        let name = &self.manifest.segments[segment].postings.name;
        let prefix = name.split('.').next().unwrap_or_default();
        u32::from_str_radix(prefix, 16).unwrap_or(segment as u32)
    }
}
