//! All keys that one value has in an index: what an [`IndexBuilder`](super::IndexBuilder) sorts, and what a cluster sorts for it.

use super::Region;
use super::hints::{hint, hint_kind, initials};
use super::keys::{Rejection, backwards, keys};
use crate::identifier::KindSpec;

/// The keys of one value.
pub(super) struct Derived {
    /// The key that stands for the value.
    pub(super) main: Vec<u8>,
    /// What is said of hidden values and of first names, with the places of their kinds: keys of the owner, too.
    pub(super) beside: Vec<(u8, Vec<u8>)>,
    /// Other spellings of the value, of its own kind.
    pub(super) spellings: Vec<Vec<u8>>,
    /// The calling code of a telephone number.
    pub(super) calling_code: Option<u16>,
}

/// Derives the keys of a value of the kind at `place`.
pub(super) fn derive(
    kinds: &[KindSpec],
    place: usize,
    text: &str,
    region: Region,
    reversed: bool,
) -> Result<Derived, Rejection> {
    // A zero ends a key where keys are sorted.
    if text.contains('\0') {
        return Err("it contains a NUL");
    }
    let spec = &kinds[place];
    let keys = keys(spec, text, region)?;
    let hint = hint(spec, &keys.main).map(|hint| (hint_kind(kinds, place) as u8, hint));
    let initials = initials(spec, &keys).into_iter().map(|initial| (place as u8, initial));
    let beside = hint.into_iter().chain(initials).collect();
    let mut spellings = keys.spellings;
    if reversed {
        // Backwards a calling code stands at the end, where no edge leads.
        let with_code = keys.calling_code.map(|code| [code.to_string().as_bytes(), &keys.main].concat());
        let forwards = std::iter::once(keys.main.clone()).chain(with_code);
        spellings.extend(forwards.filter_map(|key| backwards(spec, &key)));
    }
    Ok(Derived { main: keys.main, beside, spellings, calling_code: keys.calling_code })
}
