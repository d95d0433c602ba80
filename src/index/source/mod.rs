//! Dictionaries: where known identifiers come from.
//!
//! Takes a CSV or JSON lines file, gives its values to an [`IndexBuilder`], and reports every value that cannot be
//! used with its place and the reason, never with the value.

mod columns;
mod csv;
mod jsonl;
mod zstd;

use std::fmt;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use columns::Row;
use zstd::Frames;

use super::keys::Rejection;
use super::{IndexBuilder, Schema};
use crate::error::{Error, OneLine, Result, clipped};

/// A value or a row of a dictionary that cannot be used. Displays as one line: file, line, column and reason.
///
/// ```
/// let mut bad = Vec::new();
/// let mut builder = tightlip::IndexBuilder::new();
/// let dictionary = "customer_id,email\nC-1001,ann at home\n";
/// builder.add_dictionary("customers.csv", dictionary.as_bytes(), &Default::default(), &mut |b| bad.push(b.to_string()))?;
/// assert_eq!(bad, ["customers.csv:2: email: not an email address (expected name@domain.example)"]);
/// # Ok::<(), tightlip::Error>(())
/// ```
#[derive(Debug)]
pub struct BadValue<'a> {
    /// The name of the dictionary.
    pub source: &'a str,
    /// The line, from 1.
    pub line: u64,
    /// The column, if the row can be read at all.
    pub column: Option<&'a str>,
    /// What is wrong.
    pub reason: &'a str,
}

impl fmt::Display for BadValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", OneLine(self.source), self.line)?;
        if let Some(column) = self.column {
            write!(f, "{}: ", OneLine(&clipped(column)))?;
        }
        f.write_str(self.reason)
    }
}

/// How many rows a dictionary has, and how many of them hold something that cannot be used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rows {
    /// All rows.
    pub read: u64,
    /// Rows with at least one bad value. Their other values are used.
    pub bad: u64,
    /// Rows with at least one value that is used.
    pub used: u64,
}

impl std::ops::AddAssign for Rows {
    fn add_assign(&mut self, other: Self) {
        self.read += other.read;
        self.bad += other.bad;
        self.used += other.used;
    }
}

impl IndexBuilder {
    /// Adds all values of a dictionary file: CSV with a header row, or JSON lines, told apart by the first character.
    ///
    /// # Errors
    /// As [`add_dictionary`](Self::add_dictionary), or the file cannot be opened.
    pub fn add_file(&mut self, path: &Path, schema: &Schema, bad: &mut dyn FnMut(&BadValue)) -> Result<Rows> {
        let file = File::open(path).map_err(|error| Error::file("open", path, &error))?;
        self.add_dictionary(&path.display().to_string(), file, schema, bad)
    }

    /// Adds all values of a dictionary, which may be packed with gzip or zstd, and whose `name` appears in messages. Values that cannot be used are reported to `bad`.
    ///
    /// # Errors
    /// It cannot be read as a table at all: it is empty, not UTF-8, has no header, no owner column or a column that is no kind.
    pub fn add_dictionary(
        &mut self,
        name: &str,
        content: impl Read,
        schema: &Schema,
        bad: &mut dyn FnMut(&BadValue),
    ) -> Result<Rows> {
        let mut content = BufReader::with_capacity(256 << 10, content);
        let start = beginning(name, &mut content, MAGIC)?;
        match start[..] {
            [0x1f, 0x8b, ..] => {
                let plain = flate2::read::MultiGzDecoder::new(start.as_slice().chain(content));
                return self.add_plain(name, plain, schema, bad);
            }
            [0x28, 0xb5, 0x2f, 0xfd, ..] => {
                let packed = BufReader::new(start.as_slice().chain(content));
                return self.add_plain(name, Frames::new(packed), schema, bad);
            }
            _ => {}
        }
        self.add_plain(name, start.as_slice().chain(content), schema, bad)
    }

    fn add_plain(
        &mut self,
        name: &str,
        content: impl Read,
        schema: &Schema,
        bad: &mut dyn FnMut(&BadValue),
    ) -> Result<Rows> {
        let mut content = BufReader::with_capacity(256 << 10, content);
        let start = beginning(name, &mut content, SNIFFED)?;
        let (format, mark) = sniff(&start).map_err(|error| error.about(name))?;
        let content = (&start[mark..]).chain(content);
        let mut sink = Sink { builder: self, source: name, bad, rows: Rows::default() };
        match format {
            Format::Csv => csv::read(content, schema, &mut sink),
            Format::JsonLines => jsonl::read(content, schema, &mut sink),
        }
        .map_err(|error| if error.is_io() { error } else { error.about(name) })?;
        Ok(sink.rows)
    }
}

/// The first bytes of a dictionary. A pipe may give less at once than what tells the formats apart.
fn beginning(name: &str, content: &mut impl Read, bytes: u64) -> Result<Vec<u8>> {
    let mut start = Vec::new();
    let read = content.take(bytes).read_to_end(&mut start);
    read.map_err(|error| Error::io(format_args!("cannot read {name}"), &error))?;
    Ok(start)
}

enum Format {
    Csv,
    JsonLines,
}

/// The bytes at the beginning of a dictionary that say what it is.
const SNIFFED: u64 = 64 << 10;

/// Those that say how it is packed.
const MAGIC: u64 = 4;

/// What a dictionary is, by its beginning, and the length of its byte order mark.
fn sniff(start: &[u8]) -> Result<(Format, usize)> {
    let unsupported = |what: &str| {
        Err(Error::data(format!(
            "this is {what}; expected CSV with a header row, or JSON lines, as UTF-8 text"
        )))
    };
    match start {
        [] => return Err(Error::data("the file is empty; expected CSV with a header row, or JSON lines")),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [_, 0, _, 0, ..] | [0, _, 0, _, ..] => {
            return unsupported("UTF-16 text");
        }
        [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd, ..] => return unsupported("packed twice"),
        [b'P', b'A', b'R', b'1', ..] => return unsupported("a Parquet file"),
        [b'P', b'K', 3, 4, ..] => return unsupported("a ZIP archive or a spreadsheet"),
        _ => {}
    }
    let mark = if start.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    match start[mark..].iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => Ok((Format::JsonLines, mark)),
        Some(b'[') => unsupported("a JSON array"),
        Some(_) => Ok((Format::Csv, mark)),
        None => Err(Error::data(
            "there is nothing but white space; expected CSV with a header row, or JSON lines",
        )),
    }
}

/// Where the rows of one dictionary go.
struct Sink<'a> {
    builder: &'a mut IndexBuilder,
    source: &'a str,
    bad: &'a mut dyn FnMut(&BadValue),
    rows: Rows,
}

impl Sink<'_> {
    /// Takes a row; reports what of it cannot be used.
    fn row(&mut self, line: u64, row: &Row) -> Result<()> {
        self.rows.read += 1;
        let (builder, source) = (&mut *self.builder, self.source);
        let (mut bad, mut used) = (false, false);
        row.values(&mut |column, value| {
            let rejection = match value {
                Ok(value) => builder.add_value(value.owner, value.place, value.text, value.confers)?,
                Err(rejection) => Some(rejection),
            };
            if let Some(reason) = rejection {
                bad = true;
                (self.bad)(&BadValue { source, line, column, reason });
            } else {
                used = true;
            }
            Ok(())
        })?;
        self.rows.bad += u64::from(bad);
        self.rows.used += u64::from(used);
        Ok(())
    }

    /// A row that cannot be read at all, on as many lines as it goes over.
    fn unreadable(&mut self, line: u64, lines: u64, reason: Rejection) {
        self.rows.read += lines;
        self.rows.bad += lines;
        (self.bad)(&BadValue { source: self.source, line, column: None, reason });
    }
}
