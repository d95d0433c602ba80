//! Other ways to write names and addresses.

use super::characters::changed;
use super::{Given, Written};
use crate::cli::quality::names::FullName;
use crate::cli::quality::random::Random;

/// `Lopez, Maria`.
pub(super) fn last_first(given: &Given, random: &mut Random) -> Option<Written> {
    let name = &given.person.name;
    let last = if random.once_in(4) { name.last.to_uppercase() } else { name.last.clone() };
    let first = match &name.middle {
        Some(middle) => format!("{} {middle}", name.first),
        None => name.first.clone(),
    };
    Some(Written::whole(format!("{last}, {first}")))
}

/// A middle name or initial that the dictionary does not have; none, or an initial, where it has one.
pub(super) fn middle_names(given: &Given, random: &mut Random) -> Option<Written> {
    let FullName { first, middle, last } = &given.person.name;
    let middle = match middle {
        Some(_) if random.once_in(2) => String::new(),
        Some(middle) => format!("{}. ", middle.chars().next()?),
        None if random.once_in(3) => {
            format!("{} ", random.word("Lee Jordan Robin Casey Morgan Quinn Skyler Noor Sasha Kim"))
        }
        None => format!("{}{} ", random.code(1, "ABCDEFGHJKLMNPRSTVW"), *random.pick(&[".", ""])),
    };
    changed(given, format!("{first} {middle}{last}"))
}

/// `M. Lopez`.
pub(super) fn initials(given: &Given, random: &mut Random) -> Option<Written> {
    let name = &given.person.name;
    let initial = name.first.chars().next()?;
    let dot = if random.once_in(4) { "" } else { "." };
    Some(Written::whole(format!("{initial}{dot} {}", name.last)))
}

/// `Liz` for Elizabeth.
pub(super) fn nicknames(given: &Given, _: &mut Random) -> Option<Written> {
    let name = &given.person.name;
    Some(Written::whole(format!("{} {}", name.nickname()?, name.last)))
}

/// `St` for Street, `#` for Apartment.
pub(super) fn abbreviations(given: &Given, random: &mut Random) -> Option<Written> {
    changed(given, given.person.address.abbreviated(random))
}
