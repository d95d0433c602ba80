//! Folding: from values to sorted records, in as many threads as there are shares.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Region;
use super::builder::bad_owner;
use super::derived::derive;
use super::keys::Rejection;
use super::sort::Sorter;
use super::source::Value;
use crate::error::Result;
use crate::identifier::KindSpec;

/// How keys are made.
pub(super) struct Recipe {
    pub(super) kinds: Vec<KindSpec>,
    pub(super) region: Region,
    pub(super) reversed: bool,
}

/// The values that one thread has folded.
pub(super) struct Folding {
    recipe: Arc<Recipe>,
    /// [Rows](Row) of owners.
    pub(super) rows: Sorter,
    /// kind, spelling, 0, key
    pub(super) spellings: Sorter,
    pub(super) calling_codes: BTreeSet<u16>,
    /// How many keys there are, those that came twice too.
    pub(super) keys: usize,
    /// The row that is being made, and the length of its owner's name.
    row: Vec<u8>,
    owner: usize,
}

/// Keys of one owner: the owner, 0, then for each key its kind, whether it confers, its length as `u16`, itself.
pub(super) struct Row<'a> {
    pub(super) owner: &'a [u8],
    keys: &'a [u8],
}

/// No row is longer, unless it has a single key.
const LONGEST_ROW: usize = 4 << 10;

impl Folding {
    pub(super) fn new(recipe: Arc<Recipe>, rows: Sorter, spellings: Sorter) -> Self {
        let (calling_codes, row) = (BTreeSet::new(), Vec::new());
        Self { recipe, rows, spellings, calling_codes, keys: 0, row, owner: 0 }
    }

    /// Makes do with less memory from now on.
    pub(super) fn shrink(&mut self, rows: usize, spellings: usize) {
        self.rows.shrink(rows);
        self.spellings.shrink(spellings);
    }

    /// Adds a value, unless it is rejected.
    pub(super) fn add(&mut self, value: &Value) -> Result<Option<Rejection>> {
        if let Some(rejection) = bad_owner(value.owner) {
            return Ok(Some(rejection));
        }
        let recipe = &*self.recipe;
        let derived = match derive(&recipe.kinds, value.place, value.text, recipe.region, recipe.reversed) {
            Ok(derived) => derived,
            Err(rejection) => return Ok(Some(rejection)),
        };
        let kind = value.place as u8;
        self.calling_codes.extend(derived.calling_code);
        self.keys += 1 + derived.spellings.len();
        self.add_key(value, kind, &derived.main)?;
        for (kind, key) in &derived.beside {
            self.add_key(value, *kind, key)?;
        }
        for spelling in &derived.spellings {
            self.spellings.push(&[&[kind], spelling, &[0], &derived.main])?;
        }
        Ok(None)
    }

    /// Adds a key to the row of its owner.
    fn add_key(&mut self, value: &Value, kind: u8, key: &[u8]) -> Result<()> {
        let is_same = self.row.get(..self.owner) == Some(value.owner.as_bytes());
        if !is_same || self.row.len() + key.len() > LONGEST_ROW {
            self.end_row()?;
            self.row.extend_from_slice(value.owner.as_bytes());
            self.row.push(0);
            self.owner = value.owner.len();
        }
        self.row.extend([kind, u8::from(value.confers)]);
        self.row.extend((key.len() as u16).to_be_bytes());
        self.row.extend_from_slice(key);
        Ok(())
    }

    fn end_row(&mut self) -> Result<()> {
        if !self.row.is_empty() {
            self.rows.push(&[&self.row])?;
            self.row.clear();
        }
        Ok(())
    }

    /// Sorts what is left: no more is added.
    pub(super) fn close(mut self) -> Result<Self> {
        self.end_row()?;
        let (rows, spellings) = (self.rows.close()?, self.spellings.close()?);
        Ok(Self { rows, spellings, ..self })
    }
}

impl<'a> Row<'a> {
    pub(super) fn new(record: &'a [u8]) -> Self {
        let end = record.iter().position(|byte| *byte == 0).expect("a name of an owner ends with a zero");
        Self { owner: &record[..end], keys: &record[end + 1..] }
    }

    /// Calls `each` with the kind, the key, and whether it confers.
    pub(super) fn keys(&self, mut each: impl FnMut(u8, &[u8], bool) -> Result<()>) -> Result<()> {
        let mut rest = self.keys;
        while let Some(([kind, confers, long, short], more)) = rest.split_first_chunk() {
            let (key, more) = more.split_at(usize::from(u16::from_be_bytes([*long, *short])));
            each(*kind, key, *confers == 1)?;
            rest = more;
        }
        Ok(())
    }
}
