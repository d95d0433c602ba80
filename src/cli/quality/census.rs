//! Whose values there are: what of an answer should be withheld is counted here, not guessed.

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};
use xxhash_rust::xxh3::xxh3_64;

#[cfg(test)]
use super::people::People;
use super::people::Person;
use crate::Kind;

/// Hashes of everything that is known, in order; as often as there are owners.
#[derive(Debug, Default)]
pub(super) struct Census {
    values: Vec<u64>,
    /// First and last words of names.
    ends: Vec<u64>,
    /// Two weak values of one person.
    pairs: Vec<u64>,
}

/// The weak kinds.
pub(super) const WEAK: [Kind; 5] =
    [Kind::Name, Kind::DateOfBirth, Kind::Postcode, Kind::City, Kind::CardLast4];

impl Census {
    pub(super) fn add(&mut self, person: &Person) {
        self.values.extend(person.values.iter().map(|(kind, _)| value(kind, &known(person, kind))));
        self.ends.push(value(&Kind::Name, &person.name.ends()));
        let weak: Vec<&(Kind, String)> =
            person.values.iter().filter(|(kind, _)| WEAK.contains(kind)).collect();
        for (at, a) in weak.iter().enumerate() {
            self.pairs.extend(weak[at + 1..].iter().map(|b| pair((&a.0, &a.1), (&b.0, &b.1))));
        }
    }

    pub(super) fn counted(mut self) -> Self {
        for list in [&mut self.values, &mut self.ends, &mut self.pairs] {
            list.sort_unstable();
        }
        self
    }

    #[cfg(test)]
    pub(super) fn of(people: &People) -> Self {
        let mut census = Self::default();
        people.all().for_each(|person| census.add(&person));
        census.counted()
    }

    /// How many people have this person's value.
    pub(super) fn owners(&self, person: &Person, kind: &Kind) -> usize {
        count(&self.values, value(kind, &known(person, kind)))
    }

    /// How many people have a name with the same first and last word.
    pub(super) fn namesakes(&self, person: &Person) -> usize {
        count(&self.ends, value(&Kind::Name, &person.name.ends()))
    }

    /// Whether a text says another weak value of somebody who has this one: beside it, this one would be withheld itself.
    pub(super) fn says_more(&self, text: &str, of: (&Kind, &str)) -> bool {
        let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
        let runs = (1..=LONGEST_WEAK).flat_map(|length| words.windows(length)).map(|run| run.concat());
        let others: Vec<&Kind> = WEAK.iter().filter(|kind| *kind != of.0).collect();
        runs.into_iter().any(|run| others.iter().any(|kind| self.fitting((kind, &run), of) > 0))
    }

    /// Whether a text has the digits of somebody's telephone number.
    pub(super) fn is_phone(&self, text: &str) -> bool {
        count(&self.values, value(&Kind::Phone, text)) > 0
    }

    /// How many people have both of these weak values.
    pub(super) fn fitting(&self, a: (&Kind, &str), b: (&Kind, &str)) -> usize {
        count(&self.pairs, pair(a, b))
    }
}

/// More words than this are no weak value of one of the generated people.
const LONGEST_WEAK: usize = 4;

/// Whether two people have the same value; of names, the same first and last word.
pub(super) fn is_shared(a: &Person, b: &Person, kind: &Kind) -> bool {
    let known = |person: &Person| match kind {
        Kind::Name => folded(&person.name.ends()),
        kind => folded(&known(person, kind)),
    };
    a.value(kind).is_some() && b.value(kind).is_some() && known(a) == known(b)
}

/// What of a value says which it is: telephone numbers may have their country or not.
fn known(person: &Person, kind: &Kind) -> String {
    match kind {
        Kind::Phone => person.phone.digits(),
        kind => person.value(kind).unwrap_or_default().to_owned(),
    }
}

fn count(list: &[u64], hash: u64) -> usize {
    list.partition_point(|other| *other <= hash) - list.partition_point(|other| *other < hash)
}

fn value(kind: &Kind, text: &str) -> u64 {
    xxh3_64(format!("{kind} {}", folded(text)).as_bytes())
}

fn pair(a: (&Kind, &str), b: (&Kind, &str)) -> u64 {
    let mut both = [value(a.0, a.1), value(b.0, b.1)];
    both.sort_unstable();
    xxh3_64(&both.map(u64::to_le_bytes).concat())
}

/// Letters and digits, without case and accents.
pub(super) fn folded(text: &str) -> String {
    let letters = text
        .nfkd()
        .filter(|c| c.general_category_group() != GeneralCategoryGroup::Mark && c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).map(|c| if c == 'ł' { 'l' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_namesakes_and_pairs_are_counted() {
        let people = People { seed: 11, owners: 200 };
        let census = Census::of(&people);
        let (first, stranger) = (people.person(0), people.person(200));
        assert!(census.namesakes(&first) >= 2, "half of all share a name");
        assert_eq!(census.owners(&first, &Kind::Email), 1);
        assert_eq!(census.owners(&stranger, &Kind::Email), 0);
        assert!(is_shared(&first, &people.person(2), &Kind::Name));
        assert!(!is_shared(&first, &stranger, &Kind::Name));
        let person = people.all().find(|person| person.value(&Kind::DateOfBirth).is_some()).unwrap();
        let (name, born) = (person.value(&Kind::Name).unwrap(), person.value(&Kind::DateOfBirth).unwrap());
        assert_eq!(census.fitting((&Kind::DateOfBirth, born), (&Kind::Name, name)), 1);
        assert_eq!(census.fitting((&Kind::DateOfBirth, "1900-01-01"), (&Kind::Name, name)), 0);
        let text = format!("The form says ({born}), as ever.");
        assert!(census.says_more(&text, (&Kind::Name, name)));
        assert!(!census.says_more(&text, (&Kind::DateOfBirth, born)), "the value itself");
        assert!(!census.says_more("The form is empty.", (&Kind::Name, name)));
    }

    #[test]
    fn folding_leaves_letters_and_digits() {
        assert_eq!(folded("José Łódź-O'Brien, +1 (4)"), "joselodzobrien14");
    }
}
