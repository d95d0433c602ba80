//! The classes of spellings that are measured.

use super::characters::{
    accents, case, dots_between, full_width, line_break, look_alikes, plain, reversed, transliterated,
    zero_width,
};
use super::digits::{grouped_digits, phone_formats, spelled_digits};
use super::encodings::{at_dot, base64, hex, html_entities, percent, unicode_escapes};
use super::markup::markdown;
use super::people::{abbreviations, initials, last_first, middle_names, nicknames};
use super::slips::slip;
use super::{Given, Written};
use crate::Kind::{self, *};
use crate::cli::quality::random::Random;

/// A way to write values.
///
/// In every class a *weak* value is only counted where the policy has to withhold it: a name alone if fewer people than the policy says share its
/// first and last word; any other weak value, and a name that more people share, behind a second weak fact about the same person that
/// stands before it in the answer and is not withheld itself, if fewer people than the policy says have both.
pub(in crate::cli::quality) struct Class {
    pub(in crate::cli::quality) name: &'static str,
    /// What it means, in one line.
    pub(in crate::cli::quality) about: &'static str,
    pub(in crate::cli::quality) kinds: &'static [Kind],
    /// Names are always behind a second fact: written like this they are too often somebody else's.
    pub(in crate::cli::quality) behind_a_fact: bool,
    /// Nothing, if the value cannot be written like this or would be as it was.
    pub(in crate::cli::quality) write: fn(&Given, &mut Random) -> Option<Written>,
}

const ALL: &[Kind] = &[
    Email,
    Phone,
    Address,
    Account,
    Iban,
    Card,
    NationalId,
    Username,
    Reference,
    Ip,
    Secret,
    Name,
    DateOfBirth,
    Postcode,
    City,
    CardLast4,
];
const STRONG_AND_NAMES: &[Kind] =
    &[Email, Phone, Address, Account, Iban, Card, NationalId, Username, Reference, Ip, Secret, Name];
const LETTERS: &[Kind] = &[Email, Address, Iban, Username, Reference, Name, City];
const MARKED: &[Kind] = &[Email, Phone, Address, Account, Iban, Card, NationalId, Username, Reference, Name];
const NAMES: &[Kind] = &[Name];

const fn class(
    name: &'static str,
    about: &'static str,
    kinds: &'static [Kind],
    write: fn(&Given, &mut Random) -> Option<Written>,
) -> Class {
    Class { name, about, kinds, behind_a_fact: false, write }
}

const fn behind_a_fact(class: Class) -> Class {
    Class { behind_a_fact: true, ..class }
}

#[rustfmt::skip]
pub(in crate::cli::quality) const CLASSES: &[Class] = &[
    class("plain", "as the dictionary writes it", ALL, plain),
    class("case", "capitals, small letters, both at random", LETTERS, case),
    class("phone-formats", "dots, dashes, parentheses, +1, 00 and 011, trunk zero, pairs", &[Phone], phone_formats),
    class("grouped-digits", "compact, or in other groups", &[Account, Iban, Card, NationalId], grouped_digits),
    class("last-first", "Lopez, Maria", NAMES, last_first),
    class("accents", "added, dropped, or apart from their letters", &[Name, Address, City], accents),
    class("transliterated", "ae for ä, ss for ß, oe for ø", &[Name, Address], transliterated),
    class("zero-width", "zero-width characters and soft hyphens inside", ALL, zero_width),
    class("full-width", "full-width forms", ALL, full_width),
    class("look-alikes", "Cyrillic and Greek letters", &[Email, Address, Username, Reference, Iban, Secret, Name], look_alikes),
    class("markdown", "emphasis, code, links and tags inside", MARKED, markdown),
    class("html-entities", "named, decimal, hexadecimal", ALL, html_entities),
    class("spelled-digits", "five five five oh one; double five; fifty-five", &[Phone, Account, Card, NationalId], spelled_digits),
    class("at-dot", "at, [at], (at); dot", &[Email], at_dot),
    class("base64", "standard, URL-safe, unpadded; of the value or a sentence", ALL, base64),
    class("hex", "in one run, apart, 0x, \\x; of the value or a sentence", ALL, hex),
    class("unicode-escapes", "\\u0040", ALL, unicode_escapes),
    class("percent", "%40; %2540", ALL, percent),
    class("dots-between", "M.a.r.i.a, 5 5 5", MARKED, dots_between),
    class("line-break", "at a gap, or inside a word", STRONG_AND_NAMES, line_break),
    class("reversed", "written backwards (needs --reversed)", MARKED, reversed),
    class("slip-email", "one slip of the keyboard", &[Email], slip),
    class("slip-address", "one slip of the keyboard, not in a number", &[Address], slip),
    behind_a_fact(class("slip-name", "one slip, behind a second fact", NAMES, slip)),
    class("abbreviations", "St for Street, # for Apartment", &[Address], abbreviations),
    class("middle-names", "a middle name or initial more or less", NAMES, middle_names),
    behind_a_fact(class("initials", "M. Lopez, behind a second fact", NAMES, initials)),
    behind_a_fact(class("nicknames", "Liz for Elizabeth, behind a second fact", NAMES, nicknames)),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::quality::people::People;

    #[test]
    fn every_class_writes_every_kind_it_names() {
        let people = People { seed: 7, owners: 2_000 };
        let everybody: Vec<_> = people.all().collect();
        for class in CLASSES {
            for kind in class.kinds {
                let mut random = Random::of(7, class.name, 0);
                let mut written = 0;
                for person in &everybody {
                    let Some(text) = person.value(kind) else { continue };
                    let Some(made) = (class.write)(&Given { person, kind, text }, &mut random) else {
                        continue;
                    };
                    written += 1;
                    let span = made.span();
                    assert!(!span.is_empty() && made.text.get(span).is_some(), "{} of {kind}", class.name);
                    assert!(
                        class.name == "plain" || made.text != *text,
                        "{} of {kind} changes something",
                        class.name
                    );
                }
                assert!(written >= 15, "{} of {kind}: {written}", class.name);
            }
        }
    }
}
