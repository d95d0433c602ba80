//! Parquet: tables of columns, read row by row. Several values of one cell are a list, or separated by `;`.

use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};

use bytes::Bytes;
use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type as Physical};
use parquet::file::reader::{ChunkReader, FileReader, SerializedFileReader};
use parquet::record::Field;
use parquet::schema::types::Type;

use super::columns::{Columns, Row};
use super::spool::Spool;
use super::{Into, Rows};
use crate::error::{Error, Result, clipped};

/// How a Parquet file begins, and ends.
pub(super) const MAGIC: &[u8] = b"PAR1";

/// What is unpacked or comes through a pipe is kept in memory up to this, and beyond it in a [`Spool`].
const IN_MEMORY: u64 = 64 << 20;

/// Whether a file is a Parquet file; leaves it at its beginning.
pub(super) fn is_parquet(mut file: &File) -> bool {
    let mut start = [0; MAGIC.len()];
    // What cannot be wound back is a pipe, and is read as it comes.
    let is_file = file.metadata().is_ok_and(|metadata| metadata.is_file());
    let begins = is_file && file.read_exact(&mut start).is_ok() && start == *MAGIC;
    is_file && file.seek(SeekFrom::Start(0)).is_ok() && begins
}

/// Reads what comes as a stream: its table of contents stands at the end.
pub(super) fn read_stream(mut content: impl Read, name: &str, into: &mut Into) -> Result<Rows> {
    let unreadable = |error| Error::io(format_args!("cannot read {name}"), &error);
    let mut start = Vec::new();
    content.by_ref().take(IN_MEMORY).read_to_end(&mut start).map_err(unreadable)?;
    if (start.len() as u64) < IN_MEMORY {
        return read(Bytes::from(start), name, into);
    }
    read(Spool::of(Cursor::new(start).chain(content), name)?, name, into)
}

/// Reads the rows of a file.
pub(super) fn read(content: impl ChunkReader + 'static, name: &str, into: &mut Into) -> Result<Rows> {
    // What the library says of a value that it cannot read may hold the value.
    let damaged = || {
        Error::data("this is a Parquet file whose table of contents cannot be read; it was cut short or damaged, copy it again")
            .about(name)
    };
    let reader = SerializedFileReader::new(content).map_err(|_| damaged())?;
    let schema = reader.metadata().file_metadata().schema();
    let names = schema.get_fields().iter().map(|field| field.name().to_owned()).collect();
    let columns = Columns::new(names, into.schema, into.taker.kinds())
        .map_err(|error| if error.is_io() { error } else { error.about(name) })?;
    let mut places = Vec::new();
    let mut fields = Vec::new();
    for (place, field) in
        schema.get_fields().iter().enumerate().filter(|(place, _)| !columns.is_ignored(*place))
    {
        if let Some(what) = unsupported(field) {
            return Err(Error::data(format!(
                "the column `{}` is {what}; expected text, whole numbers, days, true or false, or lists of them; convert it, or ignore it in a schema file",
                clipped(field.name())
            ))
            .about(name));
        }
        places.push(place);
        fields.push(field.clone());
    }
    let projection = Type::group_type_builder(schema.name()).with_fields(fields).build();
    let rows =
        projection.and_then(|projection| reader.get_row_iter(Some(projection))).map_err(|_| damaged())?;

    let width = schema.get_fields().len();
    into.sink(name, false, |sink| {
        for row in rows {
            let row = row.map_err(|_| {
                let row = sink.rows.read + 1;
                Error::data(format!(
                    "row {row} cannot be read: the file is damaged, or text in it is not UTF-8"
                ))
                .about(name)
            })?;
            let mut cells: Vec<Vec<String>> = vec![Vec::new(); width];
            let mut is_text = true;
            for (place, (_, field)) in places.iter().zip(row.get_column_iter()) {
                is_text &= texts(field, &mut cells[*place]);
            }
            if !is_text {
                sink.unreadable(0, 1, "a cell holds bytes that are not UTF-8 text")?;
                continue;
            }
            let values = |at: usize| {
                let values = cells[at].iter().flat_map(|cell| cell.split(';'));
                values.map(str::trim).filter(|value| !value.is_empty()).collect()
            };
            sink.row(0, &Row { columns: &columns, cells: &values })?;
        }
        Ok(())
    })
}

/// What a column is that cannot be used, by its type. What passes here the library turns into a [`Field`] without fail.
fn unsupported(field: &Type) -> Option<&'static str> {
    let info = field.get_basic_info();
    if let Type::GroupType { fields, .. } = field {
        // A list is a repeated group of its elements.
        return match (info.converted_type(), fields.as_slice()) {
            (ConvertedType::LIST, [repeated]) => match &**repeated {
                Type::GroupType { fields, .. } if fields.len() == 1 && !fields[0].is_group() => {
                    unsupported(&fields[0])
                }
                element if !element.is_group() => unsupported(element),
                _ => Some("a list of groups"),
            },
            _ => Some("a group of columns"),
        };
    }
    let time = |logical: Option<LogicalType>| match logical {
        Some(LogicalType::Timestamp(time)) if time.unit == TimeUnit::NANOS => Some("a time in nanoseconds"),
        Some(LogicalType::Time(_)) => Some("a time of day"),
        _ => None,
    };
    match (field.get_physical_type(), info.converted_type()) {
        (Physical::FLOAT | Physical::DOUBLE, _) => {
            Some("a number with fractions, which does not keep every digit")
        }
        (Physical::BOOLEAN, _) => None,
        (
            Physical::BYTE_ARRAY,
            ConvertedType::UTF8 | ConvertedType::ENUM | ConvertedType::JSON | ConvertedType::NONE,
        ) => None,
        (Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY, ConvertedType::DECIMAL) => None,
        (Physical::INT32 | Physical::INT64, ConvertedType::TIME_MILLIS | ConvertedType::TIME_MICROS) => {
            Some("a time of day")
        }
        (Physical::INT32 | Physical::INT64, ConvertedType::INTERVAL) => Some("an interval"),
        (Physical::INT32 | Physical::INT64, _) => time(info.logical_type_ref().cloned()),
        (Physical::INT96, _) => None,
        _ => Some("of bytes"),
    }
}

/// Adds the texts of a cell. `false`: it has none, but bytes.
fn texts(field: &Field, texts: &mut Vec<String>) -> bool {
    match field {
        Field::Null => {}
        Field::Str(text) => texts.push(text.clone()),
        Field::Bytes(bytes) => match std::str::from_utf8(bytes.data()) {
            Ok(text) => texts.push(text.to_owned()),
            Err(_) => return false,
        },
        Field::ListInternal(list) => {
            return list.elements().iter().all(|element| self::texts(element, texts));
        }
        Field::Date(days) => texts.push(day(i64::from(*days))),
        // A day of birth that stands in a column for moments.
        Field::TimestampMillis(moment) => texts.push(day(moment.div_euclid(86_400_000))),
        Field::TimestampMicros(moment) => texts.push(day(moment.div_euclid(86_400_000_000))),
        number => texts.push(number.to_string()),
    }
    true
}

/// A day by its number since 1970-01-01, as year-month-day.
///
/// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
fn day(since: i64) -> String {
    let days = since + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let (day, month) = (of_year - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    format!("{:04}-{month:02}-{day:02}", year + era * 400 + i64::from(month <= 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_their_names() {
        for (since, name) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (7_399, "1990-04-05"),
            (11_016, "2000-02-29"),
            (-25_509, "1900-02-28"),
        ] {
            assert_eq!(day(since), name);
        }
    }
}
