//! Bringing an index to what rows say.

use std::path::Path;

use super::super::source::{Columns, Take};
use super::super::{Index, IndexBuilder, Opening};
use super::window::Record;
use crate::error::Result;

/// A value that cannot be used: whose it is, by a keyed hash, the column and the reason.
pub(super) type Bad<'a> = dyn FnMut(&str, Option<&str>, &str) + 'a;

/// Adds what a row says. Gives whether any value of it could be used.
pub(super) fn add(
    taker: &mut dyn Take,
    columns: &Columns,
    record: &Record,
    subject: &dyn Fn(&str) -> String,
    bad: &mut Bad,
) -> Result<bool> {
    let mut used = false;
    if record.is_gone() {
        return Ok(false);
    }
    record.row(columns, |row| {
        row.values(&mut |column, value| {
            let rejection = match value {
                Ok(value) => taker.take(&value)?,
                Err(rejection) => Some(rejection),
            };
            used |= rejection.is_none();
            if let Some(reason) = rejection {
                bad(&record.owner(columns).map(subject).unwrap_or_default(), column, reason);
            }
            Ok(())
        })
    })?;
    Ok(used)
}

/// How many owners were changed, and how many are gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Applied {
    pub(crate) changed: u64,
    pub(crate) gone: u64,
}

impl std::ops::AddAssign for Applied {
    fn add_assign(&mut self, other: Self) {
        self.changed += other.changed;
        self.gone += other.gone;
    }
}

/// Gives owners the values of their rows; those who have none left are forgotten.
pub(super) fn apply<'a>(
    folder: &Path,
    (index, opening): (&Index, &Opening),
    columns: &Columns,
    owners: impl Iterator<Item = (&'a str, &'a [Record])>,
    bad: &mut Bad,
) -> Result<Applied> {
    let mut builder: Option<IndexBuilder> = None;
    let (mut changed, mut empty) = (0, Vec::new());
    for (owner, rows) in owners {
        let mut used = false;
        // Who is only gone needs no update.
        for row in rows.iter().filter(|row| !row.is_gone()) {
            let builder = match &mut builder {
                Some(builder) => builder,
                none => none.insert(updating(folder, opening)?),
            };
            used |= add(builder, columns, row, &|owner| index.subject(owner), bad)?;
        }
        if used {
            changed += 1;
        } else if index.knows(owner) {
            empty.push(owner);
        }
    }
    if let Some(builder) = builder.filter(|_| changed > 0) {
        builder.finish(folder)?;
    }
    let gone = empty.len() as u64;
    if gone > 0 {
        opening.erase(folder, empty)?;
    }
    Ok(Applied { changed, gone })
}

/// A builder that changes the index in a folder, and sorts beside it.
pub(super) fn updating(folder: &Path, opening: &Opening) -> Result<IndexBuilder> {
    let runs = folder.parent().filter(|runs| runs.is_dir());
    let builder = opening.updating(folder)?;
    Ok(runs.into_iter().fold(builder, IndexBuilder::runs_in))
}
