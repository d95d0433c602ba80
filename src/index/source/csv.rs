//! CSV with a header row (RFC 4180). Several values of one cell are separated by `;`.

use std::io::Read;

use super::Sink;
use super::columns::{Columns, Row};
use crate::error::{Error, Result};
use crate::index::Schema;

pub(super) fn read(content: impl Read, schema: &Schema, sink: &mut Sink) -> Result<()> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(content);
    let unreadable = |error: csv::Error| match error.into_kind() {
        csv::ErrorKind::Io(error) => Error::io("cannot read the dictionary", &error),
        _ => Error::data("not a CSV file"),
    };
    let header = reader.byte_headers().map_err(unreadable)?;
    let names = header.iter().map(|name| std::str::from_utf8(name).map(str::to_owned)).collect::<Result<Vec<_>, _>>();
    let names = names.map_err(|_| Error::data("the header is not UTF-8; convert the file to UTF-8"))?;
    let columns = Columns::new(names, schema, sink.builder.kinds())?;

    let width = reader.byte_headers().map_err(unreadable)?.len();
    let mut record = csv::ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(unreadable)? {
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() != width {
            sink.unreadable(line, "the row has more or fewer cells than the header");
            continue;
        }
        let cells: Result<Vec<&str>, _> = record.iter().map(std::str::from_utf8).collect();
        let Ok(cells) = cells else {
            sink.unreadable(line, "the row is not UTF-8");
            continue;
        };
        let values = |at: usize| cells[at].split(';').map(str::trim).filter(|value| !value.is_empty()).collect();
        sink.row(line, &Row { columns: &columns, cells: &values })?;
    }
    Ok(())
}
