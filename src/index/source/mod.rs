//! Dictionaries: where known identifiers come from.
//!
//! Takes CSV, JSON lines, Parquet or the rows of a query, gives their values to an [`IndexBuilder`] or to whatever else [takes](Take) them, and
//! reports every value that cannot be used with its place and the reason, never with the value.

pub(crate) mod batch;
pub(crate) mod columns;
mod csv;
mod jsonl;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;
#[cfg(feature = "parquet")]
mod spool;
mod zstd;

use std::fmt;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

pub(crate) use batch::Batch;
#[cfg(all(feature = "cli", feature = "postgres"))]
pub(crate) use columns::Columns;
use columns::Row;
pub(crate) use columns::Value;
use zstd::Frames;

use super::keys::Rejection;
use super::{IndexBuilder, Schema};
use crate::error::{Error, OneLine, Result, clipped};
use crate::identifier::KindSpec;

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
    /// The line, or the row where there are no lines (Parquet, a query), from 1.
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

/// What takes the values of dictionaries.
pub(crate) trait Take {
    /// The kinds, in the order that places them.
    fn kinds(&self) -> &[KindSpec];

    /// Takes a value, or says why it cannot be used.
    fn take(&mut self, value: &Value) -> Result<Option<Rejection>>;

    /// Takes all values of a batch, perhaps later. Gives back, in order, the batches that are done.
    fn take_batch(&mut self, mut batch: Batch) -> Result<Vec<Batch>> {
        batch.judge(|value| self.take(value))?;
        Ok(vec![batch])
    }

    /// Waits for the batches that are not done.
    fn take_rest(&mut self) -> Result<Vec<Batch>> {
        Ok(Vec::new())
    }
}

impl Take for IndexBuilder {
    fn kinds(&self) -> &[KindSpec] {
        IndexBuilder::kinds(self)
    }

    fn take(&mut self, value: &Value) -> Result<Option<Rejection>> {
        self.add_value(value)
    }

    fn take_batch(&mut self, batch: Batch) -> Result<Vec<Batch>> {
        self.add_batch(batch)
    }

    fn take_rest(&mut self) -> Result<Vec<Batch>> {
        self.rest_of_batches()
    }
}

impl IndexBuilder {
    /// Adds all values of a dictionary file: CSV with a header row, JSON lines or, with the feature `parquet`, Parquet, told apart by the first
    /// characters.
    ///
    /// # Errors
    /// As [`add_dictionary`](Self::add_dictionary), or the file cannot be opened.
    pub fn add_file(&mut self, path: &Path, schema: &Schema, bad: &mut dyn FnMut(&BadValue)) -> Result<Rows> {
        let mut into = Into { schema, taker: self, bad };
        read_file(path, |file| file, &mut into)
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
        read(name, content, &mut Into { schema, taker: self, bad })
    }

    /// Adds all values that a query of a PostgreSQL database gives: the owner and identifiers, with columns named as in a dictionary. The rows come as a
    /// stream, from one snapshot that is only read.
    ///
    /// The URL is `postgres://user@host:port/name`; a password may stand in the environment variable `PGPASSWORD` instead. TLS with a verified
    /// certificate is used with `sslmode=require`, and for hosts other than this machine unless `sslmode=disable`; `sslrootcert` names a file of
    /// authorities. Must not be called within an asynchronous runtime.
    ///
    /// # Errors
    /// As [`add_dictionary`](Self::add_dictionary), or the database refuses. No message has the password or a value.
    ///
    /// ```no_run
    /// let mut builder = tightlip::IndexBuilder::new();
    /// let query = "SELECT id, email, phone FROM customers";
    /// builder.add_query("postgres://reader@localhost/shop", query, &Default::default(), &mut |bad| eprintln!("{bad}"))?;
    /// # Ok::<(), tightlip::Error>(())
    /// ```
    #[cfg(feature = "postgres")]
    pub fn add_query(
        &mut self,
        url: &str,
        query: &str,
        schema: &Schema,
        bad: &mut dyn FnMut(&BadValue),
    ) -> Result<Rows> {
        let database = postgres::Database::new(url)?;
        postgres::read(&database, query, &mut Into { schema, taker: self, bad })
    }
}

/// Where the values of dictionaries go, and what they are.
pub(crate) struct Into<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) taker: &'a mut dyn Take,
    pub(crate) bad: &'a mut dyn FnMut(&BadValue),
}

impl Into<'_> {
    /// Passes on what `read` reads of a dictionary. Places are told by the numbers of lines, or otherwise by those of rows.
    fn sink(
        &mut self,
        source: &str,
        has_lines: bool,
        read: impl FnOnce(&mut Sink) -> Result<()>,
    ) -> Result<Rows> {
        let (batch, rows) = (Batch::default(), Rows::default());
        let mut sink = Sink { taker: self.taker, source, bad: self.bad, batch, rows, has_lines };
        let read = read(&mut sink);
        // What was read before an error is told too.
        sink.finish()?;
        read.map(|()| sink.rows)
    }
}

/// Reads a dictionary file. `watched` may count what is read of it.
pub(crate) fn read_file<R: Read>(
    path: &Path,
    watched: impl FnOnce(File) -> R,
    into: &mut Into,
) -> Result<Rows> {
    let unreadable = |error| Error::file("open", path, &error);
    let file = File::open(path).map_err(unreadable)?;
    if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Err(Error::data(format!("{} is a folder; expected a dictionary file", path.display())));
    }
    let name = path.display().to_string();
    // A table of columns is read from its end: not through a pipe, if it is a file already.
    #[cfg(feature = "parquet")]
    if parquet::is_parquet(&file) {
        return parquet::read(file, &name, into);
    }
    read(&name, watched(file), into)
}

/// Reads a dictionary as it comes.
pub(crate) fn read(name: &str, content: impl Read, into: &mut Into) -> Result<Rows> {
    let mut content = BufReader::with_capacity(256 << 10, content);
    let start = beginning(name, &mut content, MAGIC)?;
    match start[..] {
        [0x1f, 0x8b, ..] => {
            let plain = flate2::read::MultiGzDecoder::new(start.as_slice().chain(content));
            return read_plain(name, plain, into);
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            let packed = BufReader::new(start.as_slice().chain(content));
            return read_plain(name, Frames::new(packed), into);
        }
        _ => {}
    }
    read_plain(name, start.as_slice().chain(content), into)
}

fn read_plain(name: &str, content: impl Read, into: &mut Into) -> Result<Rows> {
    let mut content = BufReader::with_capacity(256 << 10, content);
    let start = beginning(name, &mut content, SNIFFED)?;
    #[cfg(feature = "parquet")]
    if start.starts_with(parquet::MAGIC) {
        return parquet::read_stream(start.as_slice().chain(content), name, into);
    }
    let (format, mark) = sniff(&start).map_err(|error| error.about(name))?;
    let content = (&start[mark..]).chain(content);
    let schema = into.schema;
    into.sink(name, true, |sink| {
        match format {
            Format::Csv => csv::read(content, schema, sink),
            Format::JsonLines => jsonl::read(content, schema, sink),
        }
        .map_err(|error| if error.is_io() { error } else { error.about(name) })
    })
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
            "this is {what}; expected CSV with a header row, or JSON lines, as UTF-8 text, or Parquet"
        )))
    };
    match start {
        [] => return Err(Error::data("the file is empty; expected CSV with a header row, or JSON lines")),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [_, 0, _, 0, ..] | [0, _, 0, _, ..] => {
            return unsupported("UTF-16 text");
        }
        [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd, ..] => return unsupported("packed twice"),
        [b'P', b'A', b'R', b'1', ..] => {
            return Err(Error::data(
                "this is a Parquet file; build tightlip with the feature `parquet` to read it",
            ));
        }
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
    taker: &'a mut dyn Take,
    source: &'a str,
    bad: &'a mut dyn FnMut(&BadValue),
    /// Rows that are still to be passed on.
    batch: Batch,
    rows: Rows,
    /// Otherwise places are told by the number of the row.
    has_lines: bool,
}

/// So many bytes of rows are passed on at once.
const BATCH: usize = 256 << 10;

impl Sink<'_> {
    /// Takes a row; what of it cannot be used is reported then or later.
    fn row(&mut self, line: u64, row: &Row) -> Result<()> {
        row.values(&mut |column, value| {
            self.batch.push(column, value);
            Ok(())
        })?;
        self.end_row(line, 1)
    }

    /// A row that cannot be read at all, on as many lines as it goes over.
    fn unreadable(&mut self, line: u64, lines: u64, reason: Rejection) -> Result<()> {
        self.batch.push(None, Err(reason));
        self.end_row(line, if self.has_lines { lines } else { 1 })
    }

    fn end_row(&mut self, line: u64, lines: u64) -> Result<()> {
        self.rows.read += lines;
        self.batch.end_row(if self.has_lines { line } else { self.rows.read }, lines);
        if self.batch.size() < BATCH {
            return Ok(());
        }
        let done = self.taker.take_batch(std::mem::take(&mut self.batch))?;
        self.report(&done);
        Ok(())
    }

    /// Passes on the last rows, and waits until all are taken.
    fn finish(&mut self) -> Result<()> {
        let mut done = self.taker.take_batch(std::mem::take(&mut self.batch))?;
        done.append(&mut self.taker.take_rest()?);
        self.report(&done);
        Ok(())
    }

    /// Reports what cannot be used of rows that were taken.
    fn report(&mut self, done: &[Batch]) {
        for row in done.iter().flat_map(Batch::rows) {
            self.rows.used += u64::from(row.is_used);
            let mut is_bad = false;
            for (column, reason) in row.bad() {
                is_bad = true;
                (self.bad)(&BadValue { source: self.source, line: row.line, column, reason });
            }
            self.rows.bad += if is_bad { row.lines } else { 0 };
        }
    }
}
