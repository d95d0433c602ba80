//! Batches: rows on their way from a dictionary to whoever takes their values, who may take many at a time and tell later what they could not use.

use std::ops::Range;

use super::columns::Value;
use crate::error::Result;
use crate::index::keys::Rejection;

/// Values of some rows, and what is wrong with them.
#[derive(Default)]
pub(crate) struct Batch {
    /// Owners, columns and values.
    text: String,
    rows: Vec<RowEnd>,
    entries: Vec<Entry>,
}

/// Where a row stands in its dictionary, and how many entries there are up to its end.
struct RowEnd {
    line: u64,
    lines: u64,
    entries: usize,
}

/// A value of a row, or what cannot even be read as one.
struct Entry {
    column: Option<Range<usize>>,
    value: Option<Written>,
    rejection: Option<Rejection>,
}

/// A [`Value`], with its texts in the batch.
struct Written {
    owner: Range<usize>,
    place: usize,
    text: Range<usize>,
    confers: bool,
}

/// What has become of a row.
pub(super) struct Judged<'a> {
    pub(super) line: u64,
    /// How many lines it goes over, if it could not be read at all; otherwise one.
    pub(super) lines: u64,
    /// Whether a value of it is used.
    pub(super) is_used: bool,
    batch: &'a Batch,
    entries: &'a [Entry],
}

impl Batch {
    /// How many bytes there are, with the bookkeeping.
    pub(super) fn size(&self) -> usize {
        self.text.len() + size_of_val(&*self.rows) + size_of_val(&*self.entries)
    }

    /// Adds what a column of the row holds that is [ended](Self::end_row) next.
    pub(super) fn push(&mut self, column: Option<&str>, value: Result<Value, Rejection>) {
        let column = column.map(|column| self.write(column));
        let (value, rejection) = match value {
            Ok(Value { owner, place, text, confers }) => {
                let (owner, text) = (self.write_owner(owner), self.write(text));
                (Some(Written { owner, place, text, confers }), None)
            }
            Err(rejection) => (None, Some(rejection)),
        };
        self.entries.push(Entry { column, value, rejection });
    }

    pub(super) fn end_row(&mut self, line: u64, lines: u64) {
        self.rows.push(RowEnd { line, lines, entries: self.entries.len() });
    }

    fn write(&mut self, text: &str) -> Range<usize> {
        let start = self.text.len();
        self.text.push_str(text);
        start..self.text.len()
    }

    /// The owner, once for values that follow one another.
    fn write_owner(&mut self, owner: &str) -> Range<usize> {
        let before = self.entries.last().and_then(|entry| Some(entry.value.as_ref()?.owner.clone()));
        before.filter(|before| self.text[before.clone()] == *owner).unwrap_or_else(|| self.write(owner))
    }

    /// Has every value taken, and notes why it cannot be used.
    pub(crate) fn judge(&mut self, mut take: impl FnMut(&Value) -> Result<Option<Rejection>>) -> Result<()> {
        for entry in &mut self.entries {
            let Some(Written { owner, place, text, confers }) = &entry.value else { continue };
            let (owner, text) = (&self.text[owner.clone()], &self.text[text.clone()]);
            entry.rejection = take(&Value { owner, place: *place, text, confers: *confers })?;
        }
        Ok(())
    }

    /// The rows, in order.
    pub(super) fn rows(&self) -> impl Iterator<Item = Judged<'_>> {
        let mut start = 0;
        self.rows.iter().map(move |RowEnd { line, lines, entries: end }| {
            let entries = &self.entries[std::mem::replace(&mut start, *end)..*end];
            let is_used = entries.iter().any(|entry| entry.rejection.is_none());
            Judged { line: *line, lines: *lines, is_used, batch: self, entries }
        })
    }
}

impl<'a> Judged<'a> {
    /// What of it cannot be used: the column, and the reason.
    pub(super) fn bad(&self) -> impl Iterator<Item = (Option<&'a str>, Rejection)> {
        let column = |range: &Range<usize>| &self.batch.text[range.clone()];
        self.entries
            .iter()
            .filter_map(move |entry| Some((entry.column.as_ref().map(column), entry.rejection?)))
    }
}
