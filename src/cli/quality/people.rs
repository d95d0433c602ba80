//! Invented customers: six identifiers each, of every kind for some of them.

use super::names::FullName;
use super::numbers::{self, Phone};
use super::places::{self, Address};
use super::random::Random;
use crate::Kind;

/// A customer, whole: what a dictionary says of them, and the parts that other spellings need.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) owner: String,
    pub(super) name: FullName,
    pub(super) phone: Phone,
    pub(super) address: Address,
    /// Six values, as the dictionary writes them.
    pub(super) values: Vec<(Kind, String)>,
}

/// Everybody there is. A person is made from the seed and a number whenever they are asked for, so that a million take no memory; those whose
/// number is not below `owners` are strangers whom no index knows.
#[derive(Clone, Debug)]
pub(super) struct People {
    pub(super) seed: u64,
    pub(super) owners: usize,
}

/// How many people in a row share one name. Half of these are fewer than five, half are not.
const NAMESAKES: [usize; 9] = [2, 2, 2, 3, 3, 4, 4, 6, 14];

/// What people have besides a name, an email address and a telephone number.
const PROFILES: [[Kind; 3]; 12] = [
    [Kind::Address, Kind::Account, Kind::DateOfBirth],
    [Kind::Address, Kind::Reference, Kind::DateOfBirth],
    [Kind::Address, Kind::City, Kind::Postcode],
    [Kind::Iban, Kind::Postcode, Kind::DateOfBirth],
    [Kind::Card, Kind::CardLast4, Kind::DateOfBirth],
    [Kind::Address, Kind::NationalId, Kind::DateOfBirth],
    [Kind::Username, Kind::Ip, Kind::City],
    [Kind::Secret, Kind::Account, Kind::Postcode],
    [Kind::Address, Kind::Username, Kind::DateOfBirth],
    [Kind::Reference, Kind::City, Kind::DateOfBirth],
    [Kind::Card, Kind::CardLast4, Kind::Address],
    [Kind::Reference, Kind::NationalId, Kind::City],
];

impl People {
    pub(super) fn person(&self, number: usize) -> Person {
        let mut random = Random::of(self.seed, "person", number as u64);
        let name = self.name(number);
        let phone = Phone::new(&mut random);
        let address = Address::new(&mut random);
        let card = numbers::card(&mut random);
        let (city, postcode) = places::city(&mut random);
        let mut values = vec![
            (Kind::Name, name.written()),
            (Kind::Email, email(&name, &mut random)),
            (Kind::Phone, phone.written(&mut random)),
        ];
        let profile = random.pick(&PROFILES).clone();
        values.extend(profile.map(|kind| {
            let text = match kind {
                Kind::Address => address.written(),
                Kind::Account => numbers::account(&mut random),
                Kind::Iban => numbers::iban(&mut random),
                Kind::Card => card.clone(),
                Kind::CardLast4 => {
                    card.chars().filter(char::is_ascii_digit).skip(card.replace(' ', "").len() - 4).collect()
                }
                Kind::NationalId => numbers::national_id(&mut random),
                Kind::Username => username(&name, &mut random),
                Kind::Reference => numbers::reference(&mut random),
                Kind::Ip => numbers::ip(&mut random),
                Kind::Secret => numbers::secret(&mut random),
                Kind::DateOfBirth => date_of_birth(&mut random),
                Kind::Postcode => postcode.clone(),
                Kind::City => city.to_owned(),
                other => unreachable!("no profile has a {other}"),
            };
            (kind, text)
        }));
        Person { owner: format!("C-{number:07}"), name, phone, address, values }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = Person> {
        (0..self.owners).map(|number| self.person(number))
    }

    /// Any customer.
    pub(super) fn anybody(&self, random: &mut Random) -> Person {
        self.person(random.below(self.owners))
    }

    /// Somebody whom no index knows.
    pub(super) fn stranger(&self, random: &mut Random) -> Person {
        self.person(self.owners + random.below(1 << 40))
    }

    /// Every second customer shares a full name with others.
    fn name(&self, number: usize) -> FullName {
        let mut random = if number.is_multiple_of(2) && number < self.owners {
            let together: usize = NAMESAKES.iter().sum();
            let (block, mut place) = (number / 2 / together, number / 2 % together);
            let group = NAMESAKES.iter().position(|size| {
                let within = place < *size;
                place = place.saturating_sub(*size);
                within
            });
            let group = block * NAMESAKES.len() + group.expect("the place is in one of the groups");
            Random::of(self.seed, "namesakes", group as u64)
        } else {
            Random::of(self.seed, "name", number as u64)
        };
        FullName::new(&mut random)
    }
}

impl Person {
    pub(super) fn value(&self, kind: &Kind) -> Option<&str> {
        self.values.iter().find(|(own, _)| own == kind).map(|(_, text)| text.as_str())
    }
}

/// Names in ASCII letters, as people write them in addresses.
fn ascii(text: &str) -> String {
    super::census::folded(text).chars().filter(char::is_ascii_alphanumeric).collect()
}

const DOMAINS: &str = "example.com example.org example.net mail.example.com post.example.org inbox.example.net home.example.com brightmail.example \
    posthaus.example northwind.example fjordpost.example correo.example courrier.example lettera.example mymail.example quickpost.example \
    bluebox.example hillside-clinic.example oakridge-law.example kobo.example redkite.example uni.example studio-nine.example wren.example";

fn email(name: &FullName, random: &mut Random) -> String {
    let (first, last) = (ascii(&name.first), ascii(&name.last));
    let initial = &first[..1.min(first.len())];
    let local = match random.below(10) {
        0..=2 => format!("{first}.{last}"),
        3 => format!("{first}_{last}"),
        4 => format!("{initial}{last}{}", random.between(50, 99)),
        5 => format!("{initial}.{last}"),
        6 => format!("{last}.{first}"),
        7 => format!("{first}{last}{}", random.between(1, 999)),
        8 => format!("{first}-{last}"),
        _ => format!("{first}.{last}+{}", random.word("news shop bank travel post family work bills")),
    };
    format!("{local}@{}", random.word(DOMAINS))
}

fn username(name: &FullName, random: &mut Random) -> String {
    let (first, last) = (ascii(&name.first), ascii(&name.last));
    let number = random.between(10, 9999);
    match random.below(3) {
        0 => format!("{first}_{last}{number}"),
        1 => format!("{first}{number}{}", random.word("sky moon fox red blue fit run cat")),
        _ => format!("{}_{first}_{number}", random.word("the mr ms real dj coach chef its")),
    }
}

fn date_of_birth(random: &mut Random) -> String {
    format!("{}-{:02}-{:02}", random.between(1938, 2006), random.between(1, 12), random.between(1, 28))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    const PEOPLE: People = People { seed: 5, owners: 4_000 };

    #[test]
    fn everybody_has_six_identifiers_and_every_kind_occurs() {
        let mut kinds = BTreeSet::new();
        for person in PEOPLE.all() {
            let own: BTreeSet<Kind> = person.values.iter().map(|(kind, _)| kind.clone()).collect();
            assert_eq!(own.len(), 6);
            kinds.extend(own);
        }
        assert_eq!(kinds.len(), Kind::names().count());
    }

    #[test]
    fn a_dictionary_takes_every_value() {
        let mut builder = crate::IndexBuilder::new();
        for person in PEOPLE.all() {
            for (kind, text) in &person.values {
                let identifier = crate::Identifier { owner: &person.owner, kind: kind.clone(), text };
                builder.add(identifier).unwrap_or_else(|error| panic!("{error}: {text}"));
            }
        }
    }

    #[test]
    fn half_of_them_share_a_name() {
        let mut shared: BTreeMap<String, usize> = BTreeMap::new();
        for person in PEOPLE.all() {
            *shared.entry(person.name.written()).or_default() += 1;
        }
        let sharing: usize = shared.values().filter(|count| **count > 1).sum();
        assert!((PEOPLE.owners / 2..PEOPLE.owners * 6 / 10).contains(&sharing), "{sharing}");
        assert!(shared.values().any(|count| *count >= 14));
    }

    #[test]
    fn a_person_is_the_same_whenever_they_are_asked_for() {
        let text = |number| format!("{:?}", PEOPLE.person(number));
        assert_eq!(text(17), text(17));
        assert_ne!(text(17), text(18));
    }
}
