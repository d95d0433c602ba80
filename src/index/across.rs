//! One value in several segments: its key is looked up in all of them, and it is named by the first that has it.

use super::observed::Observed;
use super::postings::Owner;
use super::segment::Segment;
use super::{Generation, KeyId, UNLISTED};

impl Generation {
    /// The place that names a key in this generation, wherever it was found.
    #[inline]
    pub(crate) fn canonical(&self, key: KeyId) -> KeyId {
        if self.segments.len() == 1 || key.segment == 0 || key.segment == UNLISTED {
            return key;
        }
        self.places(key).next().unwrap_or(key)
    }

    /// Everywhere the same key is.
    fn places(&self, key: KeyId) -> impl Iterator<Item = KeyId> {
        let bytes = self.key_of(key);
        let is_weak = self.segments[usize::from(key.segment)].is_weak(key.ordinal);
        (0..).zip(&self.segments).filter_map(move |(segment, content)| {
            let map = if is_weak { &content.weak } else { &content.strong };
            Some(KeyId { segment, ordinal: map.get(bytes.as_ref()?)?.value() })
        })
    }

    fn key_of(&self, key: KeyId) -> Option<Vec<u8>> {
        self.segments[usize::from(key.segment)].map_of(key.ordinal).get_key(key.ordinal)
    }

    fn segment_of(&self, key: KeyId) -> &Segment {
        &self.segments[usize::from(key.segment)]
    }

    /// Calls `each` with the live owners of a key: those of its own value and of all values it spells. One may come more than once.
    pub(crate) fn owners(&self, key: KeyId, mut each: impl FnMut(Owner)) {
        if let [segment] = &self.segments[..] {
            return segment.owners(key.ordinal, each);
        }
        self.places(key).for_each(|place| self.segment_of(place).own_owners(place.ordinal, &mut each));
        for value in self.values(key) {
            self.places(value).for_each(|place| self.segment_of(place).own_owners(place.ordinal, &mut each));
        }
    }

    /// Whether a key of a segment says anything of somebody who counts.
    pub(crate) fn is_live(&self, key: KeyId) -> bool {
        let segment = self.segment_of(key);
        if segment.dead.is_empty() && segment.suppressed.is_empty() {
            return true;
        }
        let mut is_live = false;
        segment.owners(key.ordinal, |_| is_live = true);
        is_live
    }

    /// The values that a key spells in any segment, each once, as far as anybody has them there.
    fn values(&self, key: KeyId) -> Vec<KeyId> {
        let mut values = Vec::new();
        for place in self.places(key) {
            let segment = self.segment_of(place);
            segment.postings.values(place.ordinal, |ordinal| {
                if segment.is_live_value(ordinal) {
                    values.push(self.canonical(KeyId { ordinal, ..place }));
                }
            });
        }
        values.sort_unstable();
        values.dedup();
        values
    }

    /// What stands for the value that a key spells.
    pub(crate) fn value(&self, key: KeyId) -> KeyId {
        if key.segment == UNLISTED {
            return key;
        }
        if let [segment] = &self.segments[..] {
            return KeyId { ordinal: segment.postings.value(key.ordinal), ..key };
        }
        let is_live = |place: KeyId| self.segment_of(place).is_live_value(place.ordinal);
        match self.values(key)[..] {
            [value] if !self.places(key).any(is_live) => value,
            _ => self.canonical(key),
        }
    }

    /// Whether values of a key are only observed, and why.
    pub(crate) fn observed(&self, key: KeyId) -> Option<Observed> {
        if key.segment == UNLISTED {
            return None;
        }
        if let [segment] = &self.segments[..] {
            return segment.observed(key.ordinal);
        }
        let (mut ordinary, mut canary) = (None, None);
        for place in self.places(key).chain(self.places(self.value(key))) {
            match self.segment_of(place).observed.why(place.ordinal) {
                Some(Observed::Canary) => canary = Some(Observed::Canary),
                Some(Observed::Ordinary) => ordinary = Some(Observed::Ordinary),
                None => {}
            }
        }
        canary.or(ordinary)
    }
}
