//! CSV with a header row (RFC 4180). Several values of one cell are separated by `;`.

use std::io::Read;

use super::Sink;
use super::columns::{Columns, Row};
use crate::error::{Error, Result};
use crate::index::Schema;

pub(super) fn read(content: impl Read, schema: &Schema, sink: &mut Sink) -> Result<()> {
    let content = Lines { content, quotes: 0, returned: false };
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(content);
    let unreadable = |error: csv::Error| match error.into_kind() {
        csv::ErrorKind::Io(error) => Error::io("cannot read the dictionary", &error),
        _ => Error::data("not a CSV file"),
    };
    let header = reader.byte_headers().map_err(unreadable)?;
    let names =
        header.iter().map(|name| std::str::from_utf8(name).map(str::to_owned)).collect::<Result<Vec<_>, _>>();
    let names = names.map_err(|_| Error::data("the header is not UTF-8; convert the file to UTF-8"))?;
    let columns = Columns::new(names, schema, sink.taker.kinds())?;

    let width = reader.byte_headers().map_err(unreadable)?.len();
    let mut record = csv::ByteRecord::new();
    let (mut line, mut lines) = (1, 1);
    while reader.read_byte_record(&mut record).map_err(unreadable)? {
        line = record.position().map_or(0, csv::Position::line);
        lines = reader.position().line().saturating_sub(line).max(1);
        if record.len() != width {
            let reason = match lines {
                1 => "the row has more or fewer cells than the header",
                _ => {
                    "the row has more or fewer cells than the header and goes over several lines; is a quote not closed?"
                }
            };
            sink.unreadable(line, lines, reason)?;
            continue;
        }
        let cells: Result<Vec<&str>, _> = record.iter().map(std::str::from_utf8).collect();
        // A cell of several lines is an address; with a quote in it, it is what an open quote has swallowed up to the next one.
        if lines > 1 && record.iter().any(|cell| cell.contains(&b'"') && cell.contains(&b'\n')) {
            sink.unreadable(
                line,
                lines,
                "a cell of several lines has a quote in it; is a quote not closed?",
            )?;
            continue;
        }
        let Ok(cells) = cells else {
            sink.unreadable(line, 1, "the row is not UTF-8; convert the file to UTF-8")?;
            continue;
        };
        let values =
            |at: usize| cells[at].split(';').map(str::trim).filter(|value| !value.is_empty()).collect();
        sink.row(line, &Row { columns: &columns, cells: &values })?;
    }
    // The reader takes the end of the file for the end of a quoted cell, and with it every row that the cell has swallowed.
    if lines > 1 && reader.get_ref().quotes % 2 == 1 {
        return Err(Error::data(format!(
            "a quote in the row at line {line} is never closed; the rows after it would be lost"
        )));
    }
    Ok(())
}

/// Ends every line with a line feed alone, as the reader counts CRLF lines too late, and counts quotes.
struct Lines<R> {
    content: R,
    quotes: u64,
    /// A carriage return is read, and what follows is not.
    returned: bool,
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        loop {
            let kept = usize::from(std::mem::take(&mut self.returned));
            if kept > 0 {
                let Some(first) = buffer.first_mut() else { return Ok(0) };
                *first = b'\r';
            }
            let read = self.content.read(&mut buffer[kept..])?;
            let end = kept + read;
            if read == 0 {
                return Ok(end);
            }
            let mut written = 0;
            for at in 0..end {
                match (buffer[at], buffer.get(at + 1).filter(|_| at + 1 < end)) {
                    (b'\r', Some(b'\n')) => continue,
                    (b'\r', None) => {
                        self.returned = true;
                        continue;
                    }
                    (b'"', _) => self.quotes += 1,
                    _ => {}
                }
                buffer[written] = buffer[at];
                written += 1;
            }
            if written > 0 {
                return Ok(written);
            }
        }
    }
}
