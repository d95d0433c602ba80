//! Cases: an answer, its reader, and the value in it.

use std::ops::Range;

use super::answers;
use super::census::{Census, WEAK, is_shared};
use super::people::{People, Person};
use super::random::Random;
use super::writing::{Class, Given, Written};
use crate::{Kind, Policy};

/// An answer with one value in it.
pub(super) struct Case {
    pub(super) text: String,
    /// The owner who reads; none is a stranger.
    pub(super) reader: Option<String>,
    pub(super) kind: Kind,
    /// Bytes of `text` that say the value, in order and apart.
    pub(super) places: Vec<Range<usize>>,
    /// Bytes of the fact that stands before it, if it does not count alone.
    pub(super) fact: Option<Range<usize>>,
}

/// Whose the value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// Another customer's.
    Others,
    /// The reader's own.
    Readers,
    /// Nobody's whom the index knows: the same spelling, and the same facts around it.
    Nobodys,
}

/// Everything that cases are made of.
pub(super) struct Material {
    pub(super) people: People,
    pub(super) census: Census,
    /// A name that fewer people share is withheld alone.
    names_alone: usize,
    /// Two facts that fewer people have are withheld together.
    people_together: usize,
}

/// So many people are asked for one case before there is none.
const MOST_ASKED: usize = 2_000;
/// So many answers are made for one of them.
const MOST_ANSWERS: usize = 40;

impl Material {
    pub(super) fn new(people: People, census: Census, policy: &Policy) -> Self {
        let (names_alone, people_together) = policy.limits_of_weak_values();
        Self { people, census, names_alone: names_alone as usize, people_together: people_together as usize }
    }

    /// The case of this number. None, if nobody's value can be written like this, or the policy does not withhold any.
    pub(super) fn case(&self, class: &Class, whose: Whose, number: usize) -> Option<Case> {
        let mut random = Random::of(self.people.seed, class.name, (number * 3 + whose as usize) as u64);
        let kinds: Vec<&Kind> =
            class.kinds.iter().filter(|kind| whose != Whose::Nobodys || is_told_apart(kind)).collect();
        let kind = *kinds.get(number % kinds.len().max(1))?;
        for _ in 0..MOST_ASKED {
            let person = match whose {
                Whose::Nobodys => self.people.stranger(&mut random),
                _ => self.people.anybody(&mut random),
            };
            let Some(text) = person.value(kind) else { continue };
            let Some(written) = (class.write)(&Given { person: &person, kind, text }, &mut random) else {
                continue;
            };
            let fact = match whose {
                Whose::Others => match self.withheld(&person, kind, class.behind_a_fact) {
                    Some(fact) => fact,
                    None => continue,
                },
                Whose::Readers => None,
                Whose::Nobodys if self.is_known(&person, kind) => continue,
                Whose::Nobodys => self.fact(&person, kind).filter(|_| class.behind_a_fact),
            };
            let reader = match whose {
                Whose::Readers => Some(person.owner.clone()),
                _ => match self.reader(&person, kind, fact.as_ref(), &mut random) {
                    Some(reader) => reader,
                    None => continue,
                },
            };
            if let Some(case) = self.answer(&person, kind, &written, fact, reader, &mut random) {
                return Some(case);
            }
        }
        None
    }

    /// An answer in which nobody's data stand, and its reader.
    pub(super) fn clean(&self, number: usize) -> (String, Option<String>) {
        let mut random = Random::of(self.people.seed, "clean", number as u64);
        let reader = (!random.once_in(4)).then(|| self.people.anybody(&mut random).owner);
        (answers::joined(&answers::answer(&mut random), &mut random).0, reader)
    }

    /// Whether the policy has to withhold this value of another person: the fact that has to stand before it, or none if it stands alone.
    fn withheld(&self, person: &Person, kind: &Kind, behind_a_fact: bool) -> Option<Option<Kind>> {
        if !WEAK.contains(kind) {
            return Some(None);
        }
        if *kind == Kind::Name && !behind_a_fact && self.census.namesakes(person) < self.names_alone {
            return Some(None);
        }
        self.fact(person, kind).map(Some)
    }

    /// A second fact that is not withheld itself, if few enough people have both.
    fn fact(&self, person: &Person, kind: &Kind) -> Option<Kind> {
        let value = person.value(kind)?;
        let completes = |other: &&Kind| {
            let Some(text) = person.value(other) else { return false };
            let is_released = match other {
                // Nobody may be called so with a particle more or less, which would be somebody's rare name.
                Kind::Name => {
                    let owners = self.census.owners(person, &Kind::Name);
                    person.name.middle.is_none()
                        && owners >= self.names_alone
                        && owners == self.census.namesakes(person)
                }
                // Eight digits may be a telephone number too.
                Kind::DateOfBirth => !self.census.is_phone(text),
                _ => true,
            };
            *other != kind
                && is_released
                && self.census.fitting((other, text), (kind, value)) < self.people_together
        };
        WEAK.iter().rev().find(completes).cloned()
    }

    /// Whether anybody in the index has this value, or a name with the same first and last word, which stands in email addresses too.
    fn is_known(&self, person: &Person, kind: &Kind) -> bool {
        self.census.namesakes(person) > 0 || self.census.owners(person, kind) > 0
    }

    /// Somebody who has neither the value nor the fact: to them it would be their own.
    fn reader(
        &self,
        person: &Person,
        kind: &Kind,
        fact: Option<&Kind>,
        random: &mut Random,
    ) -> Option<Option<String>> {
        if random.once_in(5) {
            return Some(None);
        }
        let reader = self.people.anybody(random);
        let mut kinds = std::iter::once(kind).chain(fact);
        (!kinds.any(|kind| is_shared(person, &reader, kind))).then_some(Some(reader.owner))
    }

    fn answer(
        &self,
        person: &Person,
        kind: &Kind,
        written: &Written,
        fact: Option<Kind>,
        reader: Option<String>,
        random: &mut Random,
    ) -> Option<Case> {
        let fact = fact.as_ref().and_then(|kind| Some((kind, person.value(kind)?)));
        let mut parts = self.parts(fact, random)?;
        let mut place = random.below(parts.len() + 1);
        let fact = fact.map(|(kind, value)| {
            let (before, behind) = answers::sentence(kind, random);
            let at = random.below(place + 1);
            parts.insert(at, format!("{before}{value}{behind}"));
            place += 1;
            (at, before.len()..before.len() + value.len())
        });
        let (before, behind) = answers::sentence(kind, random);
        parts.insert(place, format!("{before}{}{behind}", written.text));
        let (text, starts) = answers::joined(&parts, random);
        let start = starts[place] + before.len();
        let places = written.places.iter().map(|place| place.start + start..place.end + start);
        let fact = fact.map(|(at, bytes)| starts[at] + bytes.start..starts[at] + bytes.end);
        Some(Case { text, reader, kind: kind.clone(), places: places.collect(), fact })
    }

    /// The parts of an answer that say nothing more of anybody who has the fact: it has to be released for the value to be withheld.
    fn parts(&self, fact: Option<(&Kind, &str)>, random: &mut Random) -> Option<Vec<String>> {
        let is_quiet = |part: &String| fact.is_none_or(|fact| !self.census.says_more(part, fact));
        (0..MOST_ANSWERS).map(|_| answers::answer(random)).find(|parts| parts.iter().all(is_quiet))
    }
}

/// Whether a stranger's value of this kind can be one that nobody has. Cities, dates and four digits are always somebody's.
fn is_told_apart(kind: &Kind) -> bool {
    !WEAK.contains(kind) || *kind == Kind::Name
}

#[cfg(test)]
mod tests {
    use super::super::writing::CLASSES;
    use super::*;

    fn material() -> Material {
        let people = People { seed: 21, owners: 1_000 };
        let census = Census::of(&people);
        Material::new(people, census, &Policy::strict())
    }

    #[test]
    fn the_places_of_a_case_are_where_the_value_stands() {
        let material = material();
        let plain = &CLASSES[0];
        for number in 0..200 {
            let case = material.case(plain, Whose::Readers, number).unwrap();
            let owner: usize = case.reader.as_deref().unwrap()[2..].parse().unwrap();
            let [place] = &case.places[..] else { panic!("plain values are in one piece") };
            assert_eq!(material.people.person(owner).value(&case.kind), Some(&case.text[place.clone()]));
        }
    }

    #[test]
    fn others_values_are_not_the_readers_and_nobodys_are_unknown() {
        let material = material();
        let everybody: Vec<Person> = material.people.all().collect();
        for number in 0..200 {
            let case = material.case(&CLASSES[0], Whose::Others, number).unwrap();
            if let Some(reader) = &case.reader {
                let reader = material.people.person(reader[2..].parse().unwrap());
                assert_ne!(reader.value(&case.kind), Some(&case.text[case.places[0].clone()]));
            }
            let decoy = material.case(&CLASSES[0], Whose::Nobodys, number).unwrap();
            let value = &decoy.text[decoy.places[0].clone()];
            assert!(everybody.iter().all(|person| person.value(&decoy.kind) != Some(value)), "{value}");
        }
    }
}
