//! Rows since the cursor, by owner.

use std::collections::HashMap;
use std::io::Read;

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::super::source::Columns;
use super::super::source::columns::Row;
use crate::error::{Error, Result};

/// More rows than this are not held; then everything is read as a stream.
const MOST_ROWS: usize = 500_000;

/// One row as it comes: when it was changed, whether it is a tombstone, and its cells.
pub(super) struct Record(csv::StringRecord);

impl Record {
    /// Microseconds, or the number of a transaction.
    pub(super) fn key(&self) -> Option<i64> {
        self.0.get(0)?.parse().ok()
    }

    pub(super) fn is_gone(&self) -> bool {
        self.0.get(1) == Some("t")
    }

    pub(super) fn cell(&self, at: usize) -> &str {
        self.0.get(at).unwrap_or_default()
    }

    /// The values of a cell, as in a dictionary.
    fn values(&self, at: usize) -> Vec<&str> {
        let cell = self.0.get(at + 2).unwrap_or_default();
        cell.split(';').map(str::trim).filter(|value| !value.is_empty()).collect()
    }

    /// The owner, if there is one.
    pub(super) fn owner(&self, columns: &Columns) -> Option<&str> {
        match self.values(columns.owner())[..] {
            [owner] => Some(owner),
            _ => None,
        }
    }

    /// Calls `with` with the row.
    pub(super) fn row<T>(&self, columns: &Columns, with: impl FnOnce(&Row) -> T) -> T {
        with(&Row { columns, cells: &|at| self.values(at) })
    }
}

/// Calls `each` with every row of a COPY. Gives whether it went on to the end.
pub(super) fn each(rows: impl Read, mut each: impl FnMut(Record) -> Result<bool>) -> Result<bool> {
    let reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(rows);
    for record in reader.into_records() {
        let record = record.map_err(|error| match error.into_kind() {
            csv::ErrorKind::Io(error) => Error::io("cannot read the database", &error),
            _ => Error::io("cannot read the database", &std::io::Error::other("a row is not UTF-8 text")),
        })?;
        if !each(Record(record))? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What stands for an owner and for what their rows say.
pub(super) type Seen = HashMap<u64, u128>;

/// The rows of owners of whom at least one changed.
#[derive(Default)]
pub(super) struct Window {
    pub(super) owners: HashMap<String, Vec<Record>>,
    pub(super) rows: usize,
    /// The latest time of change that is not in the future.
    pub(super) latest: i64,
}

impl Window {
    /// Reads the rows. `None`: they are more than can be held.
    pub(super) fn read(rows: impl Read, columns: &Columns, latest: i64, future: i64) -> Result<Option<Self>> {
        let mut window = Self { latest, ..Self::default() };
        let is_whole = each(rows, |record| {
            window.rows += 1;
            if let Some(key) = record.key().filter(|key| *key < future) {
                window.latest = window.latest.max(key);
            }
            if let Some(owner) = record.owner(columns) {
                window.owners.entry(owner.to_owned()).or_default().push(record);
            }
            Ok(window.rows <= MOST_ROWS)
        })?;
        Ok(is_whole.then_some(window))
    }

    /// What was seen, and the owners of whom something else was seen before.
    pub(super) fn changed(&self, before: &Seen) -> (Seen, Vec<&str>) {
        let (mut seen, mut changed) = (Seen::with_capacity(self.owners.len()), Vec::new());
        for (owner, rows) in &self.owners {
            let name = xxh3_64(owner.as_bytes());
            // Rows come in any order.
            let says = rows.iter().fold(0_u128, |sum, row| {
                let mut text = Vec::new();
                // When a row was changed says nothing about its values.
                for cell in row.0.iter().skip(1) {
                    text.extend_from_slice(&(cell.len() as u64).to_le_bytes());
                    text.extend_from_slice(cell.as_bytes());
                }
                sum.wrapping_add(xxh3_128(&text))
            });
            if before.get(&name) != Some(&says) {
                changed.push(owner.as_str());
            }
            seen.insert(name, says);
        }
        changed.sort_unstable();
        (seen, changed)
    }
}
