//! What counts as a known value of which the end is missing: what is nearly complete, or the beginning of an address.

use crate::index::{KeyMap, ending};

/// Fewer symbols than this say too little, however short the value is.
const LEAST: u8 = 8;

/// More values than this that begin so are nobody's in particular.
pub(super) const MOST: usize = 4;

/// How many symbols of a key may be missing behind so many: one that may be its check digit, or a tenth of it.
fn missing(symbols: u8) -> u8 {
    if symbols < LEAST { 0 } else { (symbols / 9).max(1) }
}

/// The ordinals of the keys that go on from a node which is so many symbols deep, if none of them goes on for long and they are few.
pub(super) fn nearly(map: &KeyMap, node: usize, output: u64, symbols: u8) -> Vec<u64> {
    let mut found = Vec::new();
    if missing(symbols) == 0 || !add(map, node, output, missing(symbols), &mut found) {
        found.clear();
    }
    found
}

/// The ordinals of the keys that go on from a node, if they are few.
pub(super) fn begun(map: &KeyMap, node: usize, output: u64) -> Vec<u64> {
    let mut found = Vec::new();
    if !add(map, node, output, u8::MAX, &mut found) {
        found.clear();
    }
    found
}

/// Adds what is below a node; whether that is not too much, and nothing lies deeper.
fn add(map: &KeyMap, node: usize, output: u64, depth: u8, found: &mut Vec<u64>) -> bool {
    let (last, goes_on) = ending(map, node);
    found.extend(last.map(|last| output + last));
    if found.len() > MOST || goes_on && depth == 0 {
        return false;
    }
    !goes_on
        || map
            .node(node)
            .transitions()
            .all(|next| add(map, next.addr, output + next.out.value(), depth - 1, found))
}
