//! From the columns of a row to values of owners.

use crate::error::{Error, Result, clipped};
use crate::identifier::KindSpec;
use crate::index::Schema;
use crate::index::builder::LONGEST_OWNER;
use crate::index::keys::Rejection;
use crate::index::schema::{Column, OWNER_COLUMNS};

/// A header with more columns is none.
const MOST_COLUMNS: usize = 4096;

/// What each column of a dictionary is, decided once.
pub(crate) struct Columns {
    names: Vec<String>,
    roles: Vec<Role>,
    owner: usize,
    /// The place of the kind `name`, for first and last names.
    name: usize,
}

enum Role {
    Value { place: usize, verified: Option<usize> },
    FirstName,
    LastName,
    Ignored,
}

/// One value of a row.
pub(crate) struct Value<'a> {
    pub(crate) owner: &'a str,
    pub(crate) place: usize,
    pub(crate) text: &'a str,
    pub(crate) confers: bool,
}

/// What is done with a value of a row or with what is wrong with it, and the name of the column.
pub(crate) type Each<'e> = dyn FnMut(Option<&str>, Result<Value, Rejection>) -> Result<()> + 'e;

/// A row: its columns and the cells in them, each of which may hold several values.
pub(crate) struct Row<'a> {
    pub(crate) columns: &'a Columns,
    pub(crate) cells: &'a dyn Fn(usize) -> Vec<&'a str>,
}

impl Columns {
    pub(crate) fn new(names: Vec<String>, schema: &Schema, kinds: &[KindSpec]) -> Result<Self> {
        if names.len() > MOST_COLUMNS {
            return Err(Error::data(format!(
                "there are more than {MOST_COLUMNS} columns; expected CSV with a header row"
            )));
        }
        let simple = |name: &str| name.to_lowercase().replace([' ', '-'], "_");
        let find = |wanted: &str| names.iter().position(|name| simple(name) == wanted);
        let owner = names.iter().position(|name| schema.names_owner(name));
        let owner = owner.or_else(|| OWNER_COLUMNS.iter().find_map(|wanted| find(wanted))).ok_or_else(|| {
            let separator = [(';', "semicolons"), ('\t', "tabs")].iter().find(|(c, _)| names.len() == 1 && names[0].contains(*c));
            match separator {
                Some((_, what)) => Error::data(format!("the columns seem to be separated by {what}; expected commas")),
                None => Error::data(format!(
                    "none of its columns ({}) is the owner; expected one named {}, or name it in a schema file ([columns] NAME = \"owner\")",
                    names.len(),
                    OWNER_COLUMNS.join(", ")
                )),
            }
        })?;
        let place = |kind| kinds.iter().position(|spec| spec.kind == kind);
        let mut roles = Vec::with_capacity(names.len());
        for (at, name) in names.iter().enumerate() {
            if names[..at].contains(name) {
                return Err(Error::data(format!(
                    "the column `{}` comes twice; rename one of them",
                    clipped(name)
                )));
            }
            if at == owner {
                roles.push(Role::Ignored);
                continue;
            }
            roles.push(match schema.column(name)? {
                Column::Owner => {
                    return Err(Error::config(format!(
                        "`{}` is a second owner column; ignore one of them in the schema",
                        clipped(name)
                    )));
                }
                Column::FirstName => Role::FirstName,
                Column::LastName => Role::LastName,
                Column::Ignored => Role::Ignored,
                Column::Value { kind, verified } => {
                    let verified = verified.map(|column| {
                        let position = names.iter().position(|name| *name == column);
                        position.ok_or_else(|| {
                            Error::config(format!(
                                "there is no column `{column}` that says whether `{name}` is verified"
                            ))
                        })
                    });
                    let place = place(kind)
                        .ok_or_else(|| Error::config(format!("the kind of `{name}` is not in the schema")))?;
                    Role::Value { place, verified: verified.transpose()? }
                }
            });
        }
        let name = place(crate::Kind::Name).expect("a built-in kind");
        Ok(Self { names, roles, owner, name })
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// The place of the owner column.
    #[cfg(all(feature = "cli", feature = "postgres"))]
    pub(crate) fn owner(&self) -> usize {
        self.owner
    }

    /// Whether a column is not read.
    #[cfg(feature = "parquet")]
    pub(super) fn is_ignored(&self, at: usize) -> bool {
        let is_read =
            |role: &Role| matches!(role, Role::Value { verified: Some(column), .. } if *column == at);
        at != self.owner && matches!(self.roles[at], Role::Ignored) && !self.roles.iter().any(is_read)
    }

    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }
}

impl<'a> Row<'a> {
    /// Calls `each` with every value of the row and the name of its column.
    pub(crate) fn values(&self, each: &mut Each) -> Result<()> {
        let columns = self.columns;
        let owner = (self.cells)(columns.owner);
        let [owner] = owner[..] else {
            return each(
                Some(&columns.names[columns.owner]),
                Err("the owner is missing, or there are several"),
            );
        };
        if owner.len() > LONGEST_OWNER || owner.contains('\0') {
            return each(
                Some(&columns.names[columns.owner]),
                Err("the owner is longer than 1,024 bytes or contains a NUL"),
            );
        }
        let (mut first, mut last) = (None, None);
        for (at, role) in columns.roles.iter().enumerate() {
            let cells = (self.cells)(at);
            match role {
                Role::Ignored => {}
                Role::FirstName => first = cells.first().copied(),
                Role::LastName => last = cells.first().copied(),
                Role::Value { place, verified } => {
                    let confers = match verified.map(|column| truth(&(self.cells)(column))) {
                        None => true,
                        Some(Some(verified)) => verified,
                        Some(None) => {
                            let reason =
                                "whether it is verified is unclear (expected true or false); taken as false";
                            each(Some(&columns.names[at]), Err(reason))?;
                            false
                        }
                    };
                    for text in cells {
                        each(Some(&columns.names[at]), Ok(Value { owner, place: *place, text, confers }))?;
                    }
                }
            }
        }
        if first.is_some() || last.is_some() {
            let text = [first, last].into_iter().flatten().collect::<Vec<_>>().join(" ");
            each(
                Some("first_name, last_name"),
                Ok(Value { owner, place: columns.name, text: &text, confers: true }),
            )?;
        }
        Ok(())
    }
}

/// What a cell says of being verified.
fn truth(cells: &[&str]) -> Option<bool> {
    match cells.first().map_or_else(String::new, |cell| cell.to_lowercase()).as_str() {
        "true" | "t" | "yes" | "y" | "1" => Some(true),
        "" | "false" | "f" | "no" | "n" | "0" => Some(false),
        _ => None,
    }
}
