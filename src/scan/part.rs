//! What counts as a known value of which the end is missing: what is nearly complete, or the beginning of an address.

use crate::index::{KeyMap, ending};

/// Fewer symbols than this say too little, however short the value is.
const LEAST: u8 = 8;

/// More values than this that begin so are nobody's in particular.
pub(super) const MOST: usize = 4;

/// So many keys of whom nobody knows any more are looked at on the way to those that count.
const MOST_DEAD: usize = 64;

/// How many symbols of a key may be missing behind so many: one that may be its check digit, or a tenth of it.
fn missing(symbols: u8) -> u8 {
    if symbols < LEAST { 0 } else { (symbols / 9).max(1) }
}

/// The ordinals of the keys that go on from a node which is so many symbols deep, if none of them goes on for long and they are few.
pub(super) fn nearly(
    map: &KeyMap,
    node: usize,
    output: u64,
    symbols: u8,
    is_live: &dyn Fn(u64) -> bool,
) -> Vec<u64> {
    let mut below = Below { map, is_live, found: Vec::new(), dead: 0 };
    if missing(symbols) == 0 || !below.add(node, output, missing(symbols)) {
        below.found.clear();
    }
    below.found
}

/// The ordinals of the keys that go on from a node, if they are few.
pub(super) fn begun(map: &KeyMap, node: usize, output: u64, is_live: &dyn Fn(u64) -> bool) -> Vec<u64> {
    let mut below = Below { map, is_live, found: Vec::new(), dead: 0 };
    if !below.add(node, output, u8::MAX) {
        below.found.clear();
    }
    below.found
}

/// What is below a node.
struct Below<'a> {
    map: &'a KeyMap,
    is_live: &'a dyn Fn(u64) -> bool,
    found: Vec<u64>,
    dead: usize,
}

impl Below<'_> {
    /// Adds it; whether that is not too much, and nothing lies deeper.
    fn add(&mut self, node: usize, output: u64, depth: u8) -> bool {
        let (last, goes_on) = ending(self.map, node);
        if let Some(ordinal) = last.map(|last| output + last) {
            let is_live = (self.is_live)(ordinal);
            self.found.extend(is_live.then_some(ordinal));
            self.dead += usize::from(!is_live);
        }
        if self.found.len() > MOST || self.dead > MOST_DEAD || goes_on && depth == 0 {
            return false;
        }
        !goes_on
            || self
                .map
                .node(node)
                .transitions()
                .all(|next| self.add(next.addr, output + next.out.value(), depth - 1))
    }
}
