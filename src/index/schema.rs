//! Schema files: what the columns of a dictionary are, and kinds of one's own.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::MOST_KINDS;
use crate::error::{Error, Result, clipped, did_you_mean};
use crate::identifier::{Kind, KindSpec, PURPOSE, Shape, Strength};

/// What the columns of a dictionary are, where their names do not say it, and kinds of one's own.
///
/// ```
/// let schema = tightlip::Schema::from_toml(r#"
///     [columns]
///     kundennummer = "owner"
///     mail         = { kind = "email", verified = "mail_confirmed" }
///     notes        = "ignore"
///
///     [kinds.loyalty]
///     shape    = "code"      # code | words | digits
///     strength = "strong"
///     label    = "LOYALTY CARD"
///
///     [kinds.card]           # a built-in kind
///     purpose  = "billing"   # or several, in a list
/// "#)?;
/// let error = tightlip::Schema::from_toml("[colums]").unwrap_err();
/// assert!(error.to_string().contains("did you mean `columns`?"));
/// # Ok::<(), tightlip::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Schema {
    columns: BTreeMap<String, ColumnEntry>,
    kinds: Vec<KindSpec>,
    /// The purposes of built-in kinds.
    purposes: BTreeMap<String, Vec<String>>,
}

/// What a column is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Column {
    Owner,
    Value { kind: Kind, verified: Option<String> },
    FirstName,
    LastName,
    Ignored,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum ColumnEntry {
    Role(String),
    Detailed { kind: String, verified: Option<String> },
}

impl ColumnEntry {
    fn role(&self) -> &str {
        match self {
            Self::Role(role) | Self::Detailed { kind: role, .. } => role,
        }
    }
}

#[derive(Deserialize)]
struct KindEntry {
    #[serde(default = "code")]
    shape: String,
    #[serde(default = "strong")]
    strength: Strength,
    min_length: Option<usize>,
    label: Option<String>,
    #[serde(default)]
    purpose: Purposes,
}

/// One purpose, or several.
#[derive(Deserialize, Default)]
#[serde(untagged)]
enum Purposes {
    #[default]
    All,
    One(String),
    Several(Vec<String>),
}

impl Purposes {
    fn into_vec(self) -> Vec<String> {
        match self {
            Self::All => Vec::new(),
            Self::One(purpose) => vec![purpose],
            Self::Several(purposes) => purposes,
        }
    }
}

fn code() -> String {
    "code".into()
}

fn strong() -> Strength {
    Strength::Strong
}

/// The names of the owner column, the first that is there counts.
pub(crate) const OWNER_COLUMNS: [&str; 4] = ["owner", "customer_id", "customer", "id"];

impl Schema {
    /// Reads a schema file's text.
    ///
    /// # Errors
    /// It is not TOML, or says something that has no meaning; the message names the nearest thing that has.
    pub fn from_toml(text: &str) -> Result<Self> {
        let table: toml::Table = text
            .parse()
            .map_err(|error: toml::de::Error| Error::config(crate::error::toml_reason(&error)))?;
        let mut schema = Self::default();
        for (section, value) in table {
            let invalid =
                |error: toml::de::Error| Error::config(crate::error::toml_reason(&error)).about(&section);
            match section.as_str() {
                "columns" => schema.columns = value.try_into().map_err(invalid)?,
                "kinds" => {
                    let kinds: BTreeMap<String, toml::Table> = value.try_into().map_err(invalid)?;
                    for (name, entry) in kinds {
                        let about = |error: Error| error.about(format_args!("kinds.{name}"));
                        if let Some(kind) = Kind::built_in(&name) {
                            let purposes = purposes(entry).map_err(about)?;
                            schema.purposes.insert(kind.name().to_owned(), purposes);
                            continue;
                        }
                        schema.kinds.push(own_kind(&name, entry).map_err(about)?);
                    }
                }
                unknown => {
                    return Err(Error::config(format!(
                        "unknown section `{unknown}`; expected [columns] or [kinds.NAME]{}",
                        did_you_mean(unknown, ["columns", "kinds"])
                    )));
                }
            }
        }
        if schema.kinds().len() > MOST_KINDS {
            return Err(Error::config(format!(
                "an index can have {MOST_KINDS} kinds, the built-in ones included"
            )));
        }
        for (name, entry) in &schema.columns {
            schema.role(entry).map_err(|error| error.about(format_args!("columns.{name}")))?;
        }
        Ok(schema)
    }

    /// All kinds, strong ones first: the order in which an index places them.
    pub(crate) fn kinds(&self) -> Vec<KindSpec> {
        let built_in = Kind::names().filter_map(|name| KindSpec::built_in(&Kind::named(name)));
        let mut kinds: Vec<KindSpec> = built_in.chain(self.kinds.iter().cloned()).collect();
        for spec in &mut kinds {
            if let Some(purposes) = self.purposes.get(spec.kind.name()) {
                spec.purposes.clone_from(purposes);
            }
        }
        if self.columns.values().any(|entry| entry.role() == PURPOSE) {
            kinds.push(KindSpec::of_purposes());
        }
        kinds.sort_by_key(|spec| spec.strength == Strength::Weak);
        kinds
    }

    /// What a column of this name is.
    pub(crate) fn column(&self, name: &str) -> Result<Column> {
        if let Some(entry) = self.columns.get(name) {
            return self.role(entry);
        }
        let is_verified_column = |entry: &ColumnEntry| matches!(entry, ColumnEntry::Detailed { verified: Some(column), .. } if column == name);
        if self.columns.values().any(is_verified_column) {
            return Ok(Column::Ignored);
        }
        self.role(&ColumnEntry::Role(name.to_lowercase().replace([' ', '-'], "_"))).map_err(|_| {
            let kinds = self.kind_names();
            Error::config(format!(
                "the column `{0}` is no kind{1}; kinds are {2}; map it in a schema file or ignore it there ([columns] \"{0}\" = \"ignore\")",
                clipped(name),
                did_you_mean(name, Kind::names_and_aliases()),
                kinds.join(", ")
            ))
        })
    }

    /// Whether the schema says which column names the owner.
    pub(crate) fn names_owner(&self, name: &str) -> bool {
        matches!(self.columns.get(name), Some(ColumnEntry::Role(role)) if role == "owner")
    }

    fn kind_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Kind::names().collect();
        names.extend(self.kinds.iter().map(|spec| spec.kind.name()));
        names
    }

    /// The columns that say whether another one is verified.
    pub(crate) fn verified_columns(&self) -> impl Iterator<Item = &str> {
        self.columns.values().filter_map(|entry| match entry {
            ColumnEntry::Detailed { verified, .. } => verified.as_deref(),
            ColumnEntry::Role(_) => None,
        })
    }

    /// What a column's entry makes of it.
    fn role(&self, entry: &ColumnEntry) -> Result<Column> {
        let (role, verified) = match entry {
            ColumnEntry::Role(role) => (role, &None),
            ColumnEntry::Detailed { kind, verified } => (kind, verified),
        };
        Ok(match role.as_str() {
            "ignore" => Column::Ignored,
            "owner" => Column::Owner,
            "first_name" => Column::FirstName,
            "last_name" => Column::LastName,
            PURPOSE => Column::Value { kind: Kind::named(PURPOSE), verified: verified.clone() },
            name => {
                let own =
                    self.kinds.iter().find(|spec| spec.kind.name() == name).map(|spec| spec.kind.clone());
                let kind = own.or_else(|| Kind::built_in(name)).ok_or_else(|| {
                    let known = self.kind_names().into_iter().chain([
                        "ignore",
                        "owner",
                        "first_name",
                        "last_name",
                        PURPOSE,
                    ]);
                    Error::config(format!("`{name}` is no kind{}", did_you_mean(name, known)))
                })?;
                Column::Value { kind, verified: verified.clone() }
            }
        })
    }
}

/// What a schema says of a built-in kind.
fn purposes(mut entry: toml::Table) -> Result<Vec<String>> {
    let purposes = entry.remove(PURPOSE);
    if !entry.is_empty() || purposes.is_none() {
        return Err(Error::config(
            "this kind is built in, of which only `purpose` may be said; choose another name",
        ));
    }
    let purposes: Option<Purposes> = purposes.and_then(|purposes| purposes.try_into().ok());
    checked(purposes.unwrap_or_default())
}

/// # Errors
/// There is none, or an empty one.
fn checked(purposes: Purposes) -> Result<Vec<String>> {
    let purposes = purposes.into_vec();
    if purposes.is_empty() || purposes.iter().any(|purpose| purpose.trim().is_empty()) {
        return Err(Error::config("purpose: expected the name of a purpose, or a list of names"));
    }
    Ok(purposes)
}

fn own_kind(name: &str, entry: toml::Table) -> Result<KindSpec> {
    const KEYS: [&str; 5] = ["shape", "strength", "min_length", "label", PURPOSE];
    if name == PURPOSE {
        return Err(Error::config("this name says what data are for; choose another"));
    }
    if let Some(unknown) = entry.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(Error::config(format!("unknown key `{unknown}`{}", did_you_mean(unknown, KEYS))));
    }
    let is_limited = entry.contains_key(PURPOSE);
    let entry: KindEntry =
        entry.try_into().map_err(|error| Error::config(crate::error::toml_reason(&error)))?;
    let (shape, shortest) = match entry.shape.as_str() {
        "code" => (Shape::Code, 5),
        "words" => (Shape::Words, 4),
        "digits" => (Shape::Digits, 5),
        other => {
            let near = did_you_mean(other, ["code", "words", "digits"]);
            return Err(Error::config(format!(
                "unknown shape `{other}`; expected code, words or digits{near}"
            )));
        }
    };
    Ok(KindSpec {
        kind: Kind::named(name),
        shape,
        strength: entry.strength,
        min_length: entry.min_length.unwrap_or(shortest).max(1),
        label: entry.label.unwrap_or_else(|| name.to_uppercase().replace('_', " ")),
        purposes: if is_limited { checked(entry.purpose)? } else { Vec::new() },
    })
}
