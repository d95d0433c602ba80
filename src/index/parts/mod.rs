//! Parts: an index whose keys were derived and sorted by many machines.
//!
//! Takes lines of keys that a [`KeyWriter`] has written and a cluster has sorted, gives what a builder would have sorted itself; promises that it is
//! all of it, and the same index.
//!
//! A line has three columns, separated by tabs (in Parquet: three columns of text):
//!
//! | column | what it is |
//! |---|---|
//! | `key` | hexadecimal digits, to be compared as bytes or text and otherwise opaque |
//! | `kind` | the name of a kind |
//! | `owner` | whose it is; backslashes, tabs and line breaks as `\\`, `\t`, `\n`, `\r` |
//!
//! In each part lines are sorted by `key`; no two parts overlap. Every line comes exactly once, the last one that a writer wrote too: its kind and owner
//! are empty, and it says how the keys were derived, how many lines there are, and a sum of their hashes. So a line that was lost on the way is
//! noticed, and an index is never built without it.
//!
//! Under the hexadecimal digits there are the place of the kind plus one, a key, a zero, and what the line says:
//!
//! | after the zero | |
//! |---|---|
//! | `v`, `0` or `1`, digits | the key of a value; whether it confers; the calling code of a telephone number |
//! | `b`, `0` or `1` | a key beside it, of what is said of hidden values |
//! | `s`, a key | a spelling of the value that has this key |

#[cfg(feature = "parquet")]
mod columns;
mod read;
mod sorted;
mod write;

use serde::{Deserialize, Serialize};

pub(crate) use sorted::Parts;
pub use write::KeyWriter;

use super::Region;
use crate::identifier::KindSpec;

/// How keys were derived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Made {
    pub(super) folding: String,
    pub(super) region: Region,
    pub(super) reversed: bool,
    pub(super) kinds: Vec<KindSpec>,
}

/// What a writer says at its end.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Closing {
    made: Made,
    lines: u64,
    /// The hashes of the lines, added up, in hexadecimal: numbers of this size are not safe in JSON.
    sum: String,
}

/// Adds lines up, in any order.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
struct Tally {
    lines: u64,
    sum: u64,
}

impl Tally {
    fn line(&mut self, key: &[u8], kind: &[u8], owner: &[u8]) {
        let mut hash = xxhash_rust::xxh3::Xxh3::new();
        for (part, end) in [(key, b"\t"), (kind, b"\t"), (owner, b"\n")] {
            hash.update(part);
            hash.update(end);
        }
        self.lines += 1;
        self.sum = self.sum.wrapping_add(hash.digest());
    }
}
