//! Hints: what of a value is said when most of it is hidden, `4242` behind `ending in`, `j***@example.com`, `M. Lopez`.
//!
//! Keys behind a byte of their own, which a walk enters only where the text says that something is hidden. A hint belongs to everybody who has such a
//! value, and its key to all of them. Measured with 100,000 customers: three bytes for each number and each email address, ten for each name.

use std::collections::BTreeSet;

use super::keys::Keys;
use crate::Kind;
use crate::identifier::{KindSpec, Shape, Strength};

/// Stands before the keys of hints. No folded text contains it.
pub(crate) const HINT: u8 = 3;

/// Stands before the keys of names with an initial: `m. lopez`, and `maria l`, behind which there must be a full stop.
pub(crate) const INITIAL: u8 = 4;

/// So many digits of the end of a number are shown.
const SHOWN: usize = 4;

/// The place of the kind that the hints of a kind have: the end of a card has its own.
pub(crate) fn hint_kind(kinds: &[KindSpec], place: usize) -> usize {
    let is_end = |spec: &KindSpec| spec.kind == Kind::CardLast4;
    match kinds[place].kind {
        Kind::Card => kinds.iter().position(is_end).unwrap_or(place),
        _ => place,
    }
}

/// What of a folded value is shown, if there are hints of it: the last digits of a number, the first letter and the domain of an email address.
pub(super) fn hint(spec: &KindSpec, main: &[u8]) -> Option<Vec<u8>> {
    let main = std::str::from_utf8(main).ok().filter(|_| spec.strength == Strength::Strong)?;
    let shown = match spec.shape {
        Shape::Phone | Shape::Digits | Shape::Code | Shape::Groups if spec.kind != Kind::Reference => {
            let shown = main.get(main.len().checked_sub(SHOWN)?..)?;
            shown.bytes().all(|byte| byte.is_ascii_digit()).then(|| shown.to_owned())
        }
        Shape::Email => {
            let (local, domain) = main.split_once('@')?;
            let first = local.chars().next().filter(char::is_ascii_alphanumeric)?;
            Some(format!("{first}@{domain}"))
        }
        _ => None,
    };
    shown.map(|shown| [&[HINT], shown.as_bytes()].concat())
}

/// A name with its first or its last word as an initial, in all its spellings in order.
pub(super) fn initials(spec: &KindSpec, keys: &Keys) -> BTreeSet<Vec<u8>> {
    let mut initials = BTreeSet::new();
    let spellings = keys.spellings.iter().chain([&keys.main]).filter(|_| spec.shape == Shape::Name);
    for spelling in spellings.filter_map(|spelling| std::str::from_utf8(spelling).ok()) {
        let words: Vec<&str> = spelling.split(' ').collect();
        let [first, .., last] = words[..] else { continue };
        let [Some(first_letter), Some(last_letter)] = [first, last].map(|word| word.chars().next()) else {
            continue;
        };
        if spelling.contains(',') || !first_letter.is_alphabetic() || !last_letter.is_alphabetic() {
            continue;
        }
        let last = super::spellings::last_name(&words);
        let is_initial = first.len() == first_letter.len_utf8();
        let behind = (!is_initial).then(|| format!("{first} {last_letter}"));
        for initial in behind.into_iter().chain([format!("{first_letter}. {last}")]) {
            initials.insert([&[INITIAL], initial.as_bytes()].concat());
        }
    }
    initials
}

/// Whether a key, behind the byte of its kind, is a hint or has an initial: the walks over it open in ways of their own.
pub(super) fn is_hint(key: &[u8]) -> bool {
    matches!(key.get(1), Some(&(HINT | INITIAL)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_is_shown() {
        for (kind, value, shown) in [
            (Kind::Card, "4111111111111111", Some("\u{3}1111")),
            (Kind::Phone, "4155550104", Some("\u{3}0104")),
            (Kind::Account, "ac4711081522", Some("\u{3}1522")),
            (Kind::Account, "4711ac", None),
            (Kind::Reference, "no67777", None),
            (Kind::Email, "jane.doe@example.com", Some("\u{3}j@example.com")),
            (Kind::Email, "_jane@example.com", None),
            (Kind::Username, "jane7777", None),
            (Kind::CardLast4, "4242", None),
        ] {
            let spec = KindSpec::built_in(&kind).unwrap();
            assert_eq!(hint(&spec, value.as_bytes()).as_deref(), shown.map(str::as_bytes), "{kind} {value}");
        }
    }
}
