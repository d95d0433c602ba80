//! The people that values belong to, and names for values that outlive a generation.

use std::collections::{BTreeMap, HashMap};
use std::sync::{PoisonError, RwLock};

use fst::{IntoStreamer, Streamer};

use super::{Generation, KeyId, People};
use crate::identifier::{KindSpec, Strength};

/// Lists that are at least this long are decoded once per generation…
const LONG: usize = 256;
/// …as long as they hold no more people than this together: 16 MB with their tables.
const MOST_PEOPLE: usize = 2_000_000;

/// Names of purposes, and who has limited their data to each.
pub(super) type Purposes = Vec<(Box<str>, Vec<u32>)>;

/// Long lists that were asked for.
#[derive(Default)]
pub(super) struct LongLists(RwLock<Kept>);

#[derive(Default)]
struct Kept {
    lists: HashMap<KeyId, People>,
    people: usize,
}

impl Generation {
    /// The live owners of a value, in the order of their numbers and once each. One confers if any spelling of the key says so.
    pub(crate) fn people(&self, key: KeyId) -> People {
        let kept = self.long_lists.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(list) = kept.lists.get(&key) {
            return list.clone();
        }
        drop(kept);
        let mut people = Vec::new();
        self.owners(key, |owner| people.push(owner));
        // Of one who comes twice the verified value is kept.
        people.sort_unstable_by_key(|owner| (owner.number, !owner.confers));
        people.dedup_by_key(|owner| owner.number);
        let mut people = people.into_iter().collect::<People>();
        if people.len() >= LONG {
            let mut kept = self.long_lists.0.write().unwrap_or_else(PoisonError::into_inner);
            if kept.people + people.len() <= MOST_PEOPLE && !kept.lists.contains_key(&key) {
                kept.people += people.len();
                people = people.with_table();
                kept.lists.insert(key, people.clone());
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
        holds.then(|| self.canonical(KeyId { segment: segment as u16, ordinal }))
    }

    /// Whether an owner has limited their data to purposes of which this is none.
    pub(crate) fn is_limited_from(&self, owner: u32, purpose: Option<&str>) -> bool {
        let purposes = self.purposes.get_or_init(|| self.read_purposes());
        let (mut is_limited, mut is_meant) = (false, false);
        for (name, owners) in purposes.iter().filter(|(_, owners)| owners.binary_search(&owner).is_ok()) {
            debug_assert!(!owners.is_empty());
            is_limited = true;
            is_meant |= Some(&**name) == purpose;
        }
        is_limited && !is_meant
    }

    /// The purposes that owners have limited their data to, and these owners in order.
    fn read_purposes(&self) -> Purposes {
        let mut purposes: BTreeMap<Box<str>, Vec<u32>> = BTreeMap::new();
        let Some(kind) = self.kinds().iter().position(KindSpec::is_of_purposes) else { return Vec::new() };
        for (segment, map) in self.maps(Strength::Weak) {
            let mut keys = map.range().ge([kind as u8]).lt([kind as u8 + 1]).into_stream();
            while let Some((key, ordinal)) = keys.next() {
                let Ok(name) = std::str::from_utf8(&key[1..]) else { continue };
                let owners = purposes.entry(name.into()).or_default();
                self.owners(KeyId { segment, ordinal: ordinal.value() }, |owner| owners.push(owner.number));
            }
        }
        for owners in purposes.values_mut() {
            owners.sort_unstable();
            owners.dedup();
        }
        purposes.into_iter().collect()
    }

    /// The same value in every segment that has it, this one first.
    pub(crate) fn everywhere(&self, kind: u8, key: KeyId) -> Vec<KeyId> {
        let mut found = vec![key];
        let Some(text) = self.map(key.segment, kind).get_key(key.ordinal) else { return found };
        for (segment, map) in self.maps(self.kinds()[usize::from(kind)].strength) {
            let other = map.get(&text).filter(|_| segment != key.segment);
            found.extend(other.map(|output| self.value(KeyId { segment, ordinal: output.value() })));
        }
        found
    }

    /// A key for something else, made of the key of the index.
    #[cfg(feature = "serve")]
    pub(crate) fn derived_key(&self, of: &str) -> [u8; 32] {
        blake3::Hasher::new_keyed(&self.hash_key).update(b"derived").update(of.as_bytes()).finalize().into()
    }

    /// A short text, encrypted in the same way as [names](Self::name) are.
    pub(crate) fn seal(&self, text: &str) -> String {
        let hash = self.keyed_hash(&[b"sealed", text.as_bytes()]);
        let mut hidden = text.as_bytes().to_vec();
        self.veil_bytes(&hash, &mut hidden);
        hidden.iter().fold(hash, |sealed, byte| sealed + &format!("{byte:02x}"))
    }

    /// The text that was [sealed](Self::seal), if this index has sealed it.
    pub(crate) fn unseal(&self, sealed: &str) -> Option<String> {
        let (hash, hidden) = sealed.split_at_checked(16)?;
        let pairs = hidden
            .as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        let mut bytes = pairs.collect::<Option<Vec<u8>>>()?;
        self.veil_bytes(hash, &mut bytes);
        let text = String::from_utf8(bytes).ok()?;
        (self.keyed_hash(&[b"sealed", text.as_bytes()]) == hash).then_some(text)
    }

    fn veil(&self, hash: &str, mut place: [u8; 12]) -> [u8; 12] {
        self.veil_bytes(hash, &mut place);
        place
    }

    /// Encrypts, or decrypts, in place.
    fn veil_bytes(&self, hash: &str, bytes: &mut [u8]) {
        let mut veil = vec![0; bytes.len()];
        blake3::Hasher::new_keyed(&self.hash_key)
            .update(b"veil")
            .update(hash.as_bytes())
            .finalize_xof()
            .fill(&mut veil);
        bytes.iter_mut().zip(veil).for_each(|(byte, veil)| *byte ^= veil);
    }

    /// What a segment is called in every generation that has it.
    fn segment_id(&self, segment: usize) -> u32 {
        self.manifest.segments[segment].id
    }
}
