//! What tells the texts of a response apart.

use xxhash_rust::xxh3::xxh3_64;

use crate::wire::json::Node;

/// What tells elements of arrays and blocks apart, from the outermost on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Ids {
    length: u8,
    ids: [u32; 6],
}

impl Ids {
    pub(super) fn push(&mut self, id: u32) {
        match self.ids.get_mut(usize::from(self.length)) {
            Some(place) => {
                *place = id;
                self.length += 1;
            }
            // Deeper than any format goes: the last ones are one.
            None => self.ids[5] = self.ids[5].wrapping_mul(31).wrapping_add(id),
        }
    }

    pub(super) fn as_slice(&self) -> &[u32] {
        &self.ids[..usize::from(self.length)]
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Group(u16, Ids),
    Path(u16, Node, Ids),
}

impl Key {
    pub(super) fn ids(&self) -> &Ids {
        match self {
            Self::Group(_, ids) | Self::Path(_, _, ids) => ids,
        }
    }
}

/// A number that stands for what tells a value from others: itself, if it is a small number. Clients count in texts as they do in numbers.
pub(super) fn identity(written: &str) -> u32 {
    written.trim_matches('"').parse().unwrap_or_else(|_| xxh3_64(written.as_bytes()) as u32)
}
