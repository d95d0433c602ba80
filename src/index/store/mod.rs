//! Publishing an index to an object store, and fetching it from there.
//!
//! Takes the folder of an index, gives it to everybody who may read the store; promises that what is fetched is a whole generation, the same to the byte.
//!
//! | object | content |
//! |---|---|
//! | `files/HASH` | a file of an index, under the BLAKE3 of its content: written once, the same in every generation that has it |
//! | `manifests/NUMBER.json` | what was published: the files by name, size and hash. Written last, and only if no such object is there |
//!
//! The highest number counts. Two who publish at once take the same number, and the store lets one of them have it (`If-None-Match`, or a hard
//! link in a folder); no object is ever replaced. After a push, manifests but the last few are removed, and files that none of them names; files
//! younger than a day stay, since somebody may be about to name them.

mod place;
mod pull;
mod push;

use serde::{Deserialize, Serialize};

pub(crate) use place::Place;
pub(crate) use pull::pull;
pub(crate) use push::push;

/// The version of the format of what is published.
const FORMAT: u32 = 1;

/// What was published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Published {
    format: u32,
    /// Of the index, if its manifest can be read without a key.
    lineage: Option<String>,
    generation: Option<u64>,
    /// Seconds since 1970.
    at: u64,
    files: Vec<PublishedFile>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PublishedFile {
    name: String,
    bytes: u64,
    blake3: String,
}

/// What the file of a manifest says in the clear: the lineage and the generation.
fn said(manifest: &[u8]) -> (Option<String>, Option<u64>) {
    let Ok(said) = serde_json::from_slice::<serde_json::Value>(manifest) else { return (None, None) };
    let lineage = said["manifest"]["lineage"].as_str().or_else(|| said["lineage"].as_str());
    (lineage.map(str::to_owned), said["manifest"]["generation"].as_u64())
}
