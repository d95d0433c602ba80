//! Where the keys that begin at a node go on behind three letters.
//!
//! Words of a text share their first letters with keys far more often than they are keys, and the nodes near the root are the ones with the most
//! transitions: these steps are taken once for each three letters, when a text has them first, and kept. What is kept depends on the map alone.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{KeyMap, step};

/// So many letters.
pub(crate) const JUMP: usize = 3;

const LETTERS: usize = 26;

/// What is kept of three letters: nothing yet, or that no key goes on so.
const UNKNOWN: u64 = 0;
const NOWHERE: u64 = u64::MAX;

/// For each three letters the node behind them and what is added to the output; the table is made when somebody asks first.
#[derive(Default)]
pub(crate) struct Jumps(OnceLock<Box<[AtomicU64]>>);

impl Jumps {
    /// Where keys go on behind three small letters, from the node on that this table is for, and what that adds to the output; `None` if none does.
    #[inline]
    pub(crate) fn behind(&self, map: &KeyMap, node: usize, letters: [u8; JUMP]) -> Option<(usize, u64)> {
        let table =
            self.0.get_or_init(|| (0..LETTERS.pow(JUMP as u32)).map(|_| AtomicU64::new(UNKNOWN)).collect());
        let place = letters.iter().fold(0, |place, letter| place * LETTERS + usize::from(letter - b'a'));
        match table[place].load(Ordering::Relaxed) {
            UNKNOWN => find(map, node, letters, &table[place]),
            NOWHERE => None,
            known => Some(((known >> 32) as usize - 1, known & u64::from(u32::MAX))),
        }
    }
}

/// Takes the steps, and keeps where they lead if that fits.
#[cold]
fn find(map: &KeyMap, node: usize, letters: [u8; JUMP], kept: &AtomicU64) -> Option<(usize, u64)> {
    let take =
        |(node, output), letter: &u8| step(map, node, *letter).map(|(node, adds)| (node, output + adds));
    let found = letters.iter().try_fold((node, 0), take);
    let known = match found {
        None => Some(NOWHERE),
        Some((node, output)) => match (u32::try_from(node + 1), u32::try_from(output)) {
            (Ok(node), Ok(output)) => {
                Some(u64::from(node) << 32 | u64::from(output)).filter(|known| *known != NOWHERE)
            }
            _ => None,
        },
    };
    if let Some(known) = known {
        kept.store(known, Ordering::Relaxed);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::Bytes;

    #[test]
    fn jumps_lead_where_steps_do() {
        let keys = ["abc", "abcd", "abd", "b", "zoe", "zoelle", "mia li"];
        let bytes = |outputs: fn(u64) -> u64| {
            let mut keys: Vec<&str> = keys.to_vec();
            keys.sort_unstable();
            let keys = keys.iter().zip(1..).map(|(key, n)| (key, outputs(n)));
            fst::raw::Fst::from_iter_map(keys).unwrap().as_bytes().to_vec()
        };
        // Numbers that the table has no room for are found each time.
        for outputs in [(|n| n) as fn(u64) -> u64, |n| n << 40] {
            let map = KeyMap::new(Bytes::Heap(bytes(outputs))).unwrap();
            let (jumps, root) = (Jumps::default(), map.root().addr());
            for letters in ["abc", "abd", "abe", "zoe", "bcd", "mia", "xyz"] {
                let letters: [u8; JUMP] = letters.as_bytes().try_into().unwrap();
                let stepped = letters.iter().try_fold((root, 0), |(node, output), letter| {
                    step(&map, node, *letter).map(|(node, adds)| (node, output + adds))
                });
                for _ in 0..2 {
                    assert_eq!(jumps.behind(&map, root, letters), stepped);
                }
            }
        }
    }
}
