//! Reading one part: a table in Parquet, or lines.

use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};

#[cfg(feature = "parquet")]
use super::columns::ColumnLines;
use crate::error::{Error, Result};

/// One line of a part.
#[derive(Default, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// As it stands in the part, in hexadecimal digits.
    pub(super) digits: Vec<u8>,
    pub(super) kind: Vec<u8>,
    /// As it stands in the part.
    pub(super) owner: Vec<u8>,
}

/// The lines of one part, in order.
pub(super) struct PartReader {
    path: PathBuf,
    lines: Lines,
}

enum Lines {
    Text(BufReader<File>),
    #[cfg(feature = "parquet")]
    Columns(Box<ColumnLines>),
}

impl PartReader {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let unreadable = |error: std::io::Error| Error::file("read", path, &error);
        let mut file = File::open(path).map_err(unreadable)?;
        let mut start = Vec::new();
        std::io::Read::read_to_end(&mut std::io::Read::take(&mut file, 4), &mut start).map_err(unreadable)?;
        file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
        let lines = if start == b"PAR1" {
            #[cfg(feature = "parquet")]
            let lines = Lines::Columns(Box::new(ColumnLines::open(file, path)?));
            #[cfg(not(feature = "parquet"))]
            return Err(Error::data(format!(
                "{} is a Parquet file; build tightlip with the feature `parquet` to read it",
                path.display()
            )));
            #[cfg(feature = "parquet")]
            lines
        } else {
            Lines::Text(BufReader::with_capacity(256 << 10, file))
        };
        Ok(Self { path: path.to_owned(), lines })
    }

    /// Reads the next line; `false` at the end.
    pub(super) fn next(&mut self, line: &mut Line) -> Result<bool> {
        match &mut self.lines {
            #[cfg(feature = "parquet")]
            Lines::Columns(columns) => columns.next(line),
            Lines::Text(reader) => next_line(reader, &self.path, line),
        }
    }

    /// The part has something that no [`KeyWriter`](super::KeyWriter) has written.
    pub(super) fn damaged(&self) -> Error {
        damaged(&self.path)
    }
}

fn next_line(reader: &mut BufReader<File>, path: &Path, line: &mut Line) -> Result<bool> {
    line.owner.clear();
    let read = reader.read_until(b'\n', &mut line.owner);
    if read.map_err(|error| Error::file("read", path, &error))? == 0 {
        return Ok(false);
    }
    let text = line.owner.strip_suffix(b"\n").unwrap_or(&line.owner);
    let mut columns = text.splitn(3, |byte| *byte == b'\t');
    let (Some(digits), Some(kind), Some(owner)) = (columns.next(), columns.next(), columns.next()) else {
        return Err(damaged(path));
    };
    (line.digits, line.kind) = (digits.to_vec(), kind.to_vec());
    line.owner = owner.to_vec();
    Ok(true)
}

pub(super) fn damaged(path: &Path) -> Error {
    Error::data(format!(
        "{} is no part of an index: expected the lines of `tightlip index keys`, or Parquet with their columns `key`, `kind` and `owner` as text",
        path.display()
    ))
}

/// The bytes under hexadecimal digits.
pub(super) fn bytes(digits: &[u8]) -> Option<Vec<u8>> {
    let digit = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty()
        .then(|| pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect())?
}

/// The name of an owner as it stands in a part.
pub(super) fn owner(written: &[u8]) -> Option<Vec<u8>> {
    if !written.contains(&b'\\') {
        return Some(written.to_vec());
    }
    let (mut owner, mut bytes) = (Vec::new(), written.iter());
    while let Some(byte) = bytes.next() {
        owner.push(match (byte, *byte == b'\\') {
            (byte, false) => *byte,
            _ => match bytes.next()? {
                b'\\' => b'\\',
                b't' => b'\t',
                b'n' => b'\n',
                b'r' => b'\r',
                _ => return None,
            },
        });
    }
    Some(owner)
}
