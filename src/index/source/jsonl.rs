//! JSON lines: one object per line; several values of one column are an array.

use std::fmt;
use std::io::BufRead;

use serde::Deserialize;

use super::Sink;
use super::columns::{Columns, Row};
use crate::error::{Error, Result};
use crate::index::Schema;

/// What a column may hold.
#[derive(Deserialize)]
#[serde(untagged)]
enum Cell {
    Null(()),
    One(Scalar),
    Many(Vec<Scalar>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Integer(i64),
    Large(u64),
    Truth(bool),
}

impl Scalar {
    fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Integer(number) => number.to_string(),
            Self::Large(number) => number.to_string(),
            Self::Truth(truth) => truth.to_string(),
        }
    }
}

/// The columns of a row as they come. One that comes twice adds up: a map would keep the last and leave the others unprotected.
struct Cells(Vec<(String, Cell)>);

impl<'de> Deserialize<'de> for Cells {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Cells;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Cells, A::Error> {
                let mut cells = Vec::new();
                while let Some(cell) = map.next_entry()? {
                    cells.push(cell);
                }
                Ok(Cells(cells))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

pub(super) fn read(mut content: impl BufRead, schema: &Schema, sink: &mut Sink) -> Result<()> {
    let (mut buffer, mut number) = (Vec::new(), 0);
    let mut columns: Option<Columns> = None;
    loop {
        buffer.clear();
        number += 1;
        let read = content.read_until(b'\n', &mut buffer);
        if read.map_err(|error| Error::io("cannot read the dictionary", &error))? == 0 {
            return Ok(());
        }
        let Ok(line) = std::str::from_utf8(&buffer) else {
            sink.unreadable(number, 1, "the line is not UTF-8; convert the file to UTF-8")?;
            continue;
        };
        if line.trim().is_empty() {
            continue;
        }
        let Ok(Cells(row)) = serde_json::from_str(line) else {
            sink.unreadable(number, 1, "not a JSON object of strings, whole numbers and arrays of them")?;
            continue;
        };
        // Rows may have different columns: take in the new ones as they come.
        let is_new = |columns: &Columns| row.iter().any(|(name, _)| columns.position(name).is_none());
        if columns.as_ref().is_none_or(is_new) {
            let named =
                columns.iter().flat_map(Columns::names).chain(row.iter().map(|(name, _)| name.as_str()));
            let mut names: Vec<String> = named.chain(schema.verified_columns()).map(str::to_owned).collect();
            names.sort_unstable();
            names.dedup();
            columns = Some(
                Columns::new(names, schema, sink.taker.kinds())
                    .map_err(|e| e.about(format_args!("line {number}")))?,
            );
        }
        let columns = columns.as_ref().expect("just made");
        let mut cells: Vec<Vec<String>> = Vec::new();
        for (name, cell) in row {
            let at = columns.position(&name).expect("every column has a place");
            if cells.len() <= at {
                cells.resize_with(at + 1, Vec::new);
            }
            match cell {
                Cell::Null(()) => {}
                Cell::One(scalar) => cells[at].push(scalar.text()),
                Cell::Many(scalars) => cells[at].extend(scalars.into_iter().map(Scalar::text)),
            }
        }
        let values = |at: usize| {
            let values = cells.get(at).into_iter().flatten();
            values.map(|value| value.trim()).filter(|value| !value.is_empty()).collect()
        };
        sink.row(number, &Row { columns, cells: &values })?;
    }
}
