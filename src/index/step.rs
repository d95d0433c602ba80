//! One step over a map of keys, from the bytes of the `fst` crate's format (version 3) themselves.
//!
//! The crate decodes a whole node, with everything one might ask, before it follows one transition, and once more to ask whether a key ends
//! there; measured, a quarter of the time of a check on text full of names and numbers. The format is described in the crate's
//! `raw::Node`; the tests hold every answer against the crate's own.

use std::sync::OnceLock;

use super::KeyMap;

/// Nodes with more transitions than this have an index of them.
const INDEXED: usize = 32;
/// The address of the node that is final and has no transitions.
const EMPTY: usize = 0;

/// Where the transition for a byte leads, and what it adds to the output.
#[inline]
pub(crate) fn step(map: &KeyMap, node: usize, byte: u8) -> Option<(usize, u64)> {
    if node == EMPTY {
        return None;
    }
    let data = map.as_bytes();
    let state = data[node];
    if state & 0x80 != 0 {
        return step_single(data, node, state, byte);
    }
    let Several { sizes, inputs, count, .. } = Several::read(data, node, state);
    let place = if count > INDEXED {
        Some(usize::from(data[inputs + count + usize::from(byte)])).filter(|place| *place < count)
    } else {
        // Inputs stand in reverse.
        position(data, inputs, count, byte).map(|at| count - 1 - at)
    }?;
    let addresses = inputs - count * sizes.address;
    let address = number(data, inputs - (place + 1) * sizes.address, sizes.address);
    let output = number(data, addresses - (place + 1) * sizes.output, sizes.output);
    let is_final = state & 0x40 != 0;
    let first = addresses - (count + usize::from(is_final)) * sizes.output;
    Some((target(first, address), output))
}

/// What a key that ends at this node adds to its output, if one does; and whether longer keys go on.
#[inline]
pub(crate) fn ending(map: &KeyMap, node: usize) -> (Option<u64>, bool) {
    if node == EMPTY {
        return (Some(0), false);
    }
    let data = map.as_bytes();
    let state = data[node];
    if state & 0xc0 != 0x40 {
        return (None, true); // one transition, or not final: such a node is only there for what follows
    }
    let Several { sizes, inputs, count, .. } = Several::read(data, node, state);
    let outputs = inputs - count * sizes.address - count * sizes.output;
    (Some(number(data, outputs - sizes.output, sizes.output)), count > 0)
}

/// A set of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ways([u128; 2]);

impl Ways {
    #[inline]
    fn add(&mut self, byte: u8) {
        self.0[usize::from(byte >> 7)] |= 1 << (byte & 127);
    }

    #[inline]
    pub(crate) fn contains(self, byte: u8) -> bool {
        self.0[usize::from(byte >> 7)] >> (byte & 127) & 1 != 0
    }

    pub(crate) fn intersects(self, other: Self) -> bool {
        (self.0[0] & other.0[0]) | (self.0[1] & other.0[1]) != 0
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self([self.0[0] & other.0[0], self.0[1] & other.0[1]])
    }

    pub(crate) fn bytes(self) -> impl Iterator<Item = u8> {
        (0..=u8::MAX).filter(move |byte| self.contains(*byte))
    }

    pub(crate) const fn of(bytes: std::ops::RangeInclusive<u8>) -> Self {
        let (mut ways, mut byte) = ([0; 2], *bytes.start() as usize);
        while byte <= *bytes.end() as usize {
            ways[byte >> 7] |= 1 << (byte & 127);
            byte += 1;
        }
        Self(ways)
    }

    pub(crate) const fn or(self, other: Self) -> Self {
        Self([self.0[0] | other.0[0], self.0[1] | other.0[1]])
    }
}

/// With which bytes a key goes on behind a node: where many are asked for, at once.
pub(crate) fn ways(map: &KeyMap, node: usize) -> Ways {
    let mut ways = Ways::default();
    if node == EMPTY {
        return ways;
    }
    let data = map.as_bytes();
    let state = data[node];
    if state & 0x80 != 0 {
        ways.add(common_input(state & 0x3f).unwrap_or_else(|| data[node - 1]));
        return ways;
    }
    let Several { count, inputs, .. } = Several::read(data, node, state);
    data[inputs..inputs + count].iter().for_each(|byte| ways.add(*byte));
    ways
}

#[inline]
fn step_single(data: &[u8], node: usize, state: u8, byte: u8) -> Option<(usize, u64)> {
    let common = common_input(state & 0x3f);
    if common.unwrap_or_else(|| data[node - 1]) != byte {
        return None;
    }
    let end = node - usize::from(common.is_none());
    if state & 0x40 != 0 {
        return Some((end - 1, 0)); // the node just before
    }
    let sizes = Sizes::read(data[end - 1]);
    let address = end - 1 - sizes.address;
    let first = address - sizes.output;
    Some((target(first, number(data, address, sizes.address)), number(data, first, sizes.output)))
}

/// An address is written as its distance from the first byte of the node.
#[inline]
fn target(first: usize, distance: u64) -> usize {
    if distance == 0 { EMPTY } else { first - distance as usize }
}

/// How many bytes an address and an output take.
#[derive(Clone, Copy)]
struct Sizes {
    address: usize,
    output: usize,
}

impl Sizes {
    #[inline]
    fn read(byte: u8) -> Self {
        Self { address: usize::from(byte >> 4), output: usize::from(byte & 15) }
    }
}

/// Where a byte is among `count` others that begin at `from`: eight at a time, of which the first that is zero once all are compared is the one
/// (Mycroft's test; a borrow only ever spoils what is behind it).
#[inline]
fn position(data: &[u8], from: usize, count: usize, byte: u8) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let wanted = ONES * u64::from(byte);
    let mut at = 0;
    while at < count {
        let eight = number(data, from + at, 8) ^ wanted;
        let zeros = eight.wrapping_sub(ONES) & !eight & (ONES << 7);
        if zeros != 0 {
            return Some(at + zeros.trailing_zeros() as usize / 8).filter(|at| *at < count);
        }
        at += 8;
    }
    None
}

/// A node that is final or has not just one transition.
struct Several {
    sizes: Sizes,
    count: usize,
    /// Where its inputs begin.
    inputs: usize,
}

impl Several {
    #[inline]
    fn read(data: &[u8], node: usize, state: u8) -> Self {
        let (count, end) = match (usize::from(state & 0x3f), data[node - 1]) {
            (0, 1) => (256, node - 1),
            (0, count) => (usize::from(count), node - 1),
            (count, _) => (count, node),
        };
        let index = if count > INDEXED { 256 } else { 0 };
        Self { sizes: Sizes::read(data[end - 1]), count, inputs: end - 1 - index - count }
    }
}

#[inline]
fn number(data: &[u8], at: usize, size: usize) -> u64 {
    match data[at..].first_chunk() {
        Some(bytes) if size > 0 => u64::from_le_bytes(*bytes) & (u64::MAX >> (64 - 8 * size)),
        _ => data[at..at + size].iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)),
    }
}

/// The byte that a node with one transition names by a number instead of writing it.
#[inline]
fn common_input(number: u8) -> Option<u8> {
    (number != 0).then(|| common_inputs()[usize::from(number)])
}

/// The crate's table of common inputs, which it does not show: a map in which every byte is the only way on from some node names them all.
/// Made when an index is opened.
pub(super) fn common_inputs() -> &'static [u8; 64] {
    static INPUTS: OnceLock<[u8; 64]> = OnceLock::new();
    INPUTS.get_or_init(|| {
        let map = fst::raw::Fst::from_iter_map((0..=u8::MAX).map(|byte| ([byte, byte], 0)))
            .expect("keys are in order");
        let mut inputs = [0; 64];
        for transition in map.root().transitions() {
            inputs[usize::from(map.as_bytes()[transition.addr] & 0x3f)] = transition.inp;
        }
        inputs
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::Bytes;

    /// Walks every node of a map and asks both ways for every byte.
    fn compare(keys: impl IntoIterator<Item = (Vec<u8>, u64)>) {
        let keys: std::collections::BTreeMap<Vec<u8>, u64> = keys.into_iter().collect();
        let bytes = fst::raw::Fst::from_iter_map(keys).unwrap().as_bytes().to_vec();
        let map = KeyMap::new(Bytes::Heap(bytes)).unwrap();
        let (mut left, mut seen) = (vec![map.root().addr()], std::collections::HashSet::new());
        while let Some(address) = left.pop().filter(|_| seen.len() < 5_000) {
            let node = map.node(address);
            let last = node.is_final().then(|| node.final_output().value());
            assert_eq!(ending(&map, address), (last, !node.is_empty()));
            let ways = ways(&map, address);
            for byte in 0..=u8::MAX {
                let crates = node.find_input(byte).map(|at| node.transition(at));
                assert_eq!(ways.contains(byte), crates.is_some(), "{byte} at {address}");
                assert_eq!(
                    step(&map, address, byte),
                    crates.map(|t| (t.addr, t.out.value())),
                    "{byte} at {address}"
                );
            }
            left.extend(node.transitions().map(|t| t.addr).filter(|address| seen.insert(*address)));
        }
    }

    #[test]
    fn every_step_is_the_crates() {
        compare([(vec![], 7)]);
        compare([(b"a".to_vec(), 0), (b"ab".to_vec(), 300), (b"abc".to_vec(), 1 << 40)]);
        compare((0..=255).map(|byte| (vec![byte], u64::from(byte) * 1000)));
        compare((0..=255).map(|byte| (vec![b'x', byte, byte], 5)));
        let mut random = 1_u64;
        for size in [3, 30, 40, 70, 3000] {
            compare((0..size).map(|at| {
                random =
                    random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let length = 1 + (random >> 60) as usize % 9;
                let spread = if at % 2 == 0 { 40 } else { 3 };
                let key = (0..length).map(|n| b'!' + ((random >> (5 * n)) as u8 % spread)).collect();
                (key, if at % 3 == 0 { at as u64 } else { random >> (at % 60) })
            }));
        }
    }
}
