//! Kinds of identifiers: one table row each, used by the builder and by the checker alike.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::Shape;
use crate::error::{Error, did_you_mean};

/// What an identifier is. Parses from its dictionary name or an alias of it.
///
/// ```
/// use tightlip::Kind;
/// assert_eq!("ssn".parse::<Kind>()?, Kind::NationalId);
/// assert_eq!(Kind::DateOfBirth.to_string(), "date_of_birth");
/// assert_eq!(Kind::named("loyalty").to_string(), "loyalty");
/// let error = "emial".parse::<Kind>().unwrap_err();
/// assert!(error.to_string().contains("did you mean `email`?"));
/// # Ok::<(), tightlip::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// An email address. Strong.
    Email,
    /// A telephone number. Strong.
    Phone,
    /// A postal address. Strong.
    Address,
    /// An account number. Strong.
    Account,
    /// An international bank account number. Strong.
    Iban,
    /// A payment card number. Strong.
    Card,
    /// A social security, tax or identity number. Strong.
    NationalId,
    /// A login name. Strong.
    Username,
    /// A booking, order, ticket or policy number. Strong.
    Reference,
    /// An IP address. Strong.
    Ip,
    /// A token or key. Strong.
    Secret,
    /// A person's name. Weak.
    Name,
    /// A birth date. Weak.
    DateOfBirth,
    /// A postal code. Weak.
    Postcode,
    /// A city. Weak.
    City,
    /// The last four digits of a card. Weak.
    CardLast4,
    /// A kind of one's own, described by a [`Schema`](crate::Schema).
    Named(Named),
}

/// The name of a kind of one's own; made by [`Kind::named`].
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Named(Arc<str>);

/// How much a value of a kind says by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// Alone it points to a person.
    Strong,
    /// It points to a person only together with others.
    Weak,
}

/// One row of the table of kinds.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct KindSpec {
    /// The kind.
    pub kind: Kind,
    /// How its values are built.
    pub shape: Shape,
    /// What a value says by itself.
    pub strength: Strength,
    /// A shorter value is not safe to look for: bytes of its folded form.
    pub min_length: usize,
    /// What replaces a value, without the brackets.
    pub label: String,
    /// The only purposes that values are meant for; none: for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub purposes: Vec<String>,
}

/// kind, name, aliases, shape, strength, shortest folded form, label
type Row = (Kind, &'static str, &'static [&'static str], Shape, Strength, usize, &'static str);

use Strength::{Strong, Weak};

#[rustfmt::skip]
const TABLE: [Row; 16] = [
    (Kind::Email,       "email",         &[],                                                             Shape::Email,     Strong, 6, "EMAIL"),
    (Kind::Phone,       "phone",         &["mobile", "telephone"],                                        Shape::Phone,     Strong, 6, "PHONE"),
    (Kind::Address,     "address",       &["street_address"],                                             Shape::Words,     Strong, 8, "ADDRESS"),
    (Kind::Account,     "account",       &["account_number"],                                             Shape::Code,      Strong, 5, "ACCOUNT"),
    (Kind::Iban,        "iban",          &[],                                                             Shape::Groups,    Strong, 15, "IBAN"),
    (Kind::Card,        "card",          &["card_number", "pan"],                                         Shape::Digits,    Strong, 12, "CARD"),
    (Kind::NationalId,  "national_id",   &["ssn"],                                                        Shape::Groups,    Strong, 6, "NATIONAL ID"),
    (Kind::Username,    "username",      &["login", "user_id"],                                           Shape::Handle,    Strong, 4, "USERNAME"),
    (Kind::Reference,   "reference",     &["booking", "order", "order_id", "ticket", "policy_number"],    Shape::Code,      Strong, 5, "REFERENCE"),
    (Kind::Ip,          "ip",            &["ip_address"],                                                 Shape::Ip,        Strong, 3, "IP"),
    (Kind::Secret,      "secret",        &["token", "api_key"],                                           Shape::Exact,     Strong, 8, "SECRET"),
    (Kind::Name,        "name",          &["full_name"],                                                  Shape::Name,      Weak,   3, "NAME"),
    (Kind::DateOfBirth, "date_of_birth", &["dob", "birth_date"],                                          Shape::Date,      Weak,   6, "DATE OF BIRTH"),
    (Kind::Postcode,    "postcode",      &["zip", "postal_code"],                                         Shape::Groups,    Weak,   3, "POSTCODE"),
    (Kind::City,        "city",          &[],                                                             Shape::Words,     Weak,   3, "CITY"),
    (Kind::CardLast4,   "card_last4",    &["last4"],                                                      Shape::FewDigits, Weak,   4, "CARD ENDING"),
];

impl Kind {
    /// A kind of one's own. The name of a built-in kind gives that kind.
    pub fn named(name: &str) -> Self {
        Self::built_in(name).unwrap_or_else(|| Self::Named(Named(name.into())))
    }

    /// Whether this is the kind that [`named`](Self::named) gives.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        match self {
            Self::Named(own) => *own.0 == *name,
            built_in => {
                let row = TABLE.iter().find(|row| row.0 == *built_in);
                row.is_some_and(|row| row.1 == name || row.2.contains(&name))
            }
        }
    }

    /// The built-in kind of this name or alias.
    pub(crate) fn built_in(name: &str) -> Option<Self> {
        let is_named = |row: &&Row| row.1 == name || row.2.contains(&name);
        TABLE.iter().find(is_named).map(|row| row.0.clone())
    }

    /// The names of the built-in kinds, and their aliases.
    pub(crate) fn names_and_aliases() -> impl Iterator<Item = &'static str> {
        TABLE.iter().flat_map(|row| std::iter::once(row.1).chain(row.2.iter().copied()))
    }

    /// The names of the built-in kinds.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        TABLE.iter().map(|row| row.1)
    }

    /// The dictionary name of the kind.
    pub fn name(&self) -> &str {
        match self {
            Self::Named(named) => &named.0,
            built_in => TABLE.iter().find(|row| row.0 == *built_in).expect("every built-in kind has a row").1,
        }
    }
}

/// What the column of a dictionary is called that says what purposes its owners' data are for.
pub(crate) const PURPOSE: &str = "purpose";

impl KindSpec {
    /// The purposes that owners limit their data to, kept as if they were values of a kind. Texts are never searched for them.
    pub(crate) fn of_purposes() -> Self {
        Self {
            kind: Kind::named(PURPOSE),
            shape: Shape::Exact,
            strength: Weak,
            min_length: 1,
            label: PURPOSE.to_uppercase(),
            purposes: Vec::new(),
        }
    }

    /// Whether its values are purposes.
    pub(crate) fn is_of_purposes(&self) -> bool {
        self.kind.name() == PURPOSE
    }

    /// Whether its values are meant for a response with this purpose.
    pub(crate) fn is_meant_for(&self, purpose: Option<&str>) -> bool {
        self.purposes.is_empty() || self.purposes.iter().any(|meant| Some(meant.as_str()) == purpose)
    }

    /// The row of a built-in kind; `None` for a kind of one's own, whose row comes from a schema.
    pub fn built_in(kind: &Kind) -> Option<Self> {
        let row = TABLE.iter().find(|row| row.0 == *kind)?;
        Some(Self {
            kind: kind.clone(),
            shape: row.3,
            strength: row.4,
            min_length: row.5,
            label: row.6.to_owned(),
            purposes: Vec::new(),
        })
    }
}

impl FromStr for Kind {
    type Err = Error;

    /// A built-in kind by its name or alias.
    ///
    /// # Errors
    /// Any other name, with the nearest known one; a kind of one's own is made with [`Kind::named`].
    fn from_str(name: &str) -> Result<Self, Error> {
        Self::built_in(name).ok_or_else(|| {
            Error::config(format!("`{name}` is not a kind{}", did_you_mean(name, Self::names_and_aliases())))
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl serde::Serialize for Kind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> serde::Deserialize<'de> for Kind {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::named(&String::deserialize(deserializer)?))
    }
}
