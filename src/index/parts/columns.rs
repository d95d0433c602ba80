//! Parts in Parquet.

use std::fs::File;
use std::path::{Path, PathBuf};

use parquet::basic::Type as Physical;
use parquet::column::reader::ColumnReader;
use parquet::data_type::ByteArray;
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::read::{Line, damaged};
use crate::error::Result;

/// So many lines are decoded at a time.
const BATCH: usize = 4096;

/// The columns of a part.
const COLUMNS: [&str; 3] = ["key", "kind", "owner"];

/// The rows of a Parquet file, as lines.
pub(super) struct ColumnLines {
    path: PathBuf,
    file: SerializedFileReader<File>,
    /// Where the columns stand.
    places: [usize; 3],
    group: usize,
    readers: Vec<ColumnReader>,
    values: [Vec<ByteArray>; 3],
    at: usize,
}

impl ColumnLines {
    pub(super) fn open(file: File, path: &Path) -> Result<Self> {
        let file = SerializedFileReader::new(file).map_err(|_| damaged(path))?;
        let columns = file.metadata().file_metadata().schema_descr().columns();
        let mut places = [0; 3];
        for (place, name) in places.iter_mut().zip(COLUMNS) {
            let fits = |column: &parquet::schema::types::ColumnDescPtr| {
                column.path().parts() == [name]
                    && column.physical_type() == Physical::BYTE_ARRAY
                    && column.max_rep_level() == 0
            };
            *place = columns.iter().position(fits).ok_or_else(|| damaged(path))?;
        }
        Ok(Self {
            path: path.to_owned(),
            file,
            places,
            group: 0,
            readers: Vec::new(),
            values: Default::default(),
            at: 0,
        })
    }

    pub(super) fn next(&mut self, line: &mut Line) -> Result<bool> {
        while self.at == self.values[0].len() {
            if !self.fill()? {
                return Ok(false);
            }
        }
        let [key, kind, owner] = self.values.each_ref().map(|values| values[self.at].data());
        (line.digits, line.kind, line.owner) = (key.to_vec(), kind.to_vec(), owner.to_vec());
        self.at += 1;
        Ok(true)
    }

    /// Decodes further lines. `false`: there are none.
    fn fill(&mut self) -> Result<bool> {
        let damaged = || damaged(&self.path);
        if self.readers.is_empty() {
            if self.group == self.file.num_row_groups() {
                return Ok(false);
            }
            let group = self.file.get_row_group(self.group).map_err(|_| damaged())?;
            let readers =
                self.places.iter().map(|place| group.get_column_reader(*place).map_err(|_| damaged()));
            self.readers = readers.collect::<Result<_>>()?;
            self.group += 1;
        }
        let mut counts = [0; 3];
        for ((reader, values), count) in self.readers.iter_mut().zip(&mut self.values).zip(&mut counts) {
            values.clear();
            let ColumnReader::ByteArrayColumnReader(reader) = reader else { return Err(damaged()) };
            let mut levels = Vec::new();
            (*count, ..) =
                reader.read_records(BATCH, Some(&mut levels), None, values).map_err(|_| damaged())?;
            // No line lacks a column.
            if values.len() != *count {
                return Err(damaged());
            }
        }
        if counts[0] != counts[1] || counts[0] != counts[2] {
            return Err(damaged());
        }
        self.at = 0;
        if counts[0] == 0 {
            self.readers.clear();
        }
        Ok(true)
    }
}
