//! Tables in Parquet, written for tests.

#![allow(dead_code, unreachable_pub)] // every test file uses some of it

use std::sync::Arc;

use parquet::data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

/// A column: texts, whole numbers or days.
pub enum Column<'a> {
    Texts(&'a [Option<&'a str>]),
    Numbers(&'a [Option<i64>]),
    Days(&'a [Option<i32>]),
    /// Lists of texts.
    Lists(&'a [&'a [&'a str]]),
}

/// A Parquet file with these columns, in row groups of at most `group` rows.
pub fn parquet(schema: &str, columns: &[Column], group: usize) -> Vec<u8> {
    let schema = Arc::new(parse_message_type(schema).expect("a schema"));
    let mut bytes = Vec::new();
    let mut writer =
        SerializedFileWriter::new(&mut bytes, schema, Arc::new(WriterProperties::default())).unwrap();
    let rows = match &columns[0] {
        Column::Texts(values) => values.len(),
        Column::Numbers(values) => values.len(),
        Column::Days(values) => values.len(),
        Column::Lists(values) => values.len(),
    };
    for from in (0..rows).step_by(group) {
        let range = from..rows.min(from + group);
        let mut written = writer.next_row_group().unwrap();
        for column in columns {
            let mut out = written.next_column().unwrap().expect("a column");
            match column {
                Column::Texts(values) => {
                    let (levels, values) = levels(&values[range.clone()], |text| ByteArray::from(*text));
                    out.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None).unwrap();
                }
                Column::Numbers(values) => {
                    let (levels, values) = levels(&values[range.clone()], |number| *number);
                    out.typed::<Int64Type>().write_batch(&values, Some(&levels), None).unwrap();
                }
                Column::Days(values) => {
                    let (levels, values) = levels(&values[range.clone()], |days| *days);
                    out.typed::<Int32Type>().write_batch(&values, Some(&levels), None).unwrap();
                }
                Column::Lists(values) => {
                    let (mut texts, mut defined, mut repeated) = (Vec::new(), Vec::new(), Vec::new());
                    for list in &values[range.clone()] {
                        if list.is_empty() {
                            defined.push(0);
                            repeated.push(0);
                        }
                        for (at, text) in list.iter().enumerate() {
                            texts.push(ByteArray::from(*text));
                            defined.push(2);
                            repeated.push(i16::from(at > 0));
                        }
                    }
                    out.typed::<ByteArrayType>()
                        .write_batch(&texts, Some(&defined), Some(&repeated))
                        .unwrap();
                }
            }
            out.close().unwrap();
        }
        written.close().unwrap();
    }
    writer.close().unwrap();
    bytes
}

fn levels<T, V>(values: &[Option<T>], value: impl Fn(&T) -> V) -> (Vec<i16>, Vec<V>) {
    let levels = values.iter().map(|value| i16::from(value.is_some())).collect();
    (levels, values.iter().flatten().map(value).collect())
}
