//! Dictionaries in Parquet: the same index as from CSV, whatever they are packed in.

use std::io::Write;

use crate::support::{Place, Seeded, VALUES};
use crate::tables::{Column, parquet};

const SCHEMA: &str = "message people {
    optional binary customer_id (UTF8); optional binary name (UTF8); optional binary email (UTF8); optional binary phone (UTF8);
    optional binary username; optional binary booking (UTF8); optional int32 date_of_birth (DATE); optional int64 postcode;
}";

/// The people of the CSV.
fn people() -> Vec<u8> {
    let columns = [
        Column::Texts(&[Some("C-1001"), Some("C-1002")]),
        Column::Texts(&[Some("Ann Lee"), Some("Bob Ray")]),
        Column::Texts(&[Some("ann@example.com"), Some("bob@example.com;bob.ray@example.org")]),
        Column::Texts(&[Some("+1 415 555 0104"), Some("+1 415 555 0177")]),
        Column::Texts(&[Some("ann_lee_77"), Some("bobray_08")]),
        Column::Texts(&[Some("XK42TQ"), Some("PP81ZD")]),
        Column::Days(&[Some(7_399), Some(5_812)]),
        Column::Numbers(&[Some(94_105), Some(10_001)]),
    ];
    parquet(SCHEMA, &columns, 1)
}

#[test]
fn parquet_makes_the_index_of_the_csv() {
    let place = Place::with_index();
    let table = people();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&table).unwrap();
    place.write("people.parquet", &table).write("people.gz", gzip.finish().unwrap());
    place.write(
        "people.zst",
        ruzstd::encoding::compress_to_vec(table.as_slice(), ruzstd::encoding::CompressionLevel::Fastest),
    );
    for source in ["people.parquet", "people.gz", "people.zst", "-"] {
        let said = place.fed(&format!("index build {source} -o table.tlx"), table.clone()).quietly();
        assert!(said.starts_with("table.tlx: 15 identifiers of 2 owners, "), "{said}");
        for file in [".strong", ".weak", ".postings", ".owners", ".openings"] {
            assert_eq!(place.file("index.tlx", file), place.file("table.tlx", file), "{file} of {source}");
        }
    }
}

#[test]
fn lists_are_several_values() {
    let place = Place::new();
    let schema = "message people { optional binary id (UTF8); optional group email (LIST) { repeated group list { required binary element (UTF8); } } }";
    let emails: [&[&str]; 3] = [&["ann@example.com", "ann.lee@example.org"], &[], &["bob@example.com"]];
    let ids = [Some("C-1001"), Some("C-1003"), Some("C-1002")];
    place.write("people.parquet", parquet(schema, &[Column::Texts(&ids), Column::Lists(&emails)], 10));
    let said = place.run("index build people.parquet -o index.tlx").quietly();
    assert!(said.starts_with("index.tlx: 3 identifiers of 2 owners"), "{said}");
    let said = place
        .fed("filter --index index.tlx", "ann@example.com ann.lee@example.org bob@example.com")
        .quietly();
    assert_eq!(said, "[EMAIL] [EMAIL] [EMAIL]");
}

#[test]
fn bad_rows_are_told_by_their_number() {
    let place = Place::new();
    let schema = "message people { optional binary id (UTF8); optional binary email; }";
    let ids = [Some("C-1001"), None, Some("C-1003"), Some("C-1004")];
    let emails = [Some("ann at home"), Some("eve@example.com"), Some("bob@example.com"), None];
    place.write("people.parquet", parquet(schema, &[Column::Texts(&ids), Column::Texts(&emails)], 2));
    let ended = place.run("index build people.parquet -o index.tlx --max-bad 2").well();
    let lines: Vec<&str> = ended.err.lines().collect();
    assert_eq!(lines[0], "people.parquet:1: email: not an email address (expected name@domain.example)");
    assert_eq!(lines[1], "people.parquet:2: id: the owner is missing, or there are several");
    assert_eq!(lines[2], "tightlip: 2 of 4 rows had values that cannot be used; their other values are in");
    assert!(!ended.err.contains("ann at home") && !ended.err.contains("eve@"));
}

#[test]
fn columns_that_lose_digits_are_refused_unless_ignored() {
    let place = Place::new();
    let schema =
        "message people { optional binary id (UTF8); optional binary email (UTF8); optional double phone; }";
    let schema = parquet::schema::parser::parse_message_type(schema).unwrap();
    let mut bytes = Vec::new();
    let mut writer =
        parquet::file::writer::SerializedFileWriter::new(&mut bytes, schema.into(), Default::default())
            .unwrap();
    let mut group = writer.next_row_group().unwrap();
    for text in ["C-1001", "ann@example.com"] {
        let mut column = group.next_column().unwrap().unwrap();
        column
            .typed::<parquet::data_type::ByteArrayType>()
            .write_batch(&[text.into()], Some(&[1]), None)
            .unwrap();
        column.close().unwrap();
    }
    let mut column = group.next_column().unwrap().unwrap();
    column
        .typed::<parquet::data_type::DoubleType>()
        .write_batch(&[4_155_550_104.0], Some(&[1]), None)
        .unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
    place.write("people.parquet", bytes).write("schema.toml", "[columns]\nphone = 'ignore'");
    let refused = place.run("index build people.parquet -o index.tlx");
    refused.refused_at_once(2, &["people.parquet", "`phone`", "a number with fractions", "schema"]);
    place.run("index build people.parquet -o index.tlx --schema schema.toml").quietly();
}

#[test]
fn damage_is_one_sentence_without_values() {
    let place = Place::new();
    let whole = people();
    println!("seed 11");
    let mut random = Seeded(11);
    for turn in 0..60 {
        let mut damaged = whole.clone();
        if turn % 3 == 0 {
            damaged.truncate(random.below(whole.len() - 5) + 4);
        } else {
            let at = random.below(whole.len());
            damaged[at] ^= 1 << random.below(8);
        }
        let ended = place.write("people.parquet", damaged).run("index build people.parquet -o index.tlx");
        assert!(matches!(ended.code, Some(0 | 2)), "turn {turn}: {ended:?}");
        assert!(!ended.err.contains("panicked"), "turn {turn}: {ended:?}");
        assert!(VALUES.iter().all(|value| !ended.err.contains(value)), "turn {turn}: {ended:?}");
    }
}

/// What comes through a pipe and is larger than what is kept in memory lies in a file, sealed; it is read from any place all the same.
#[test]
fn a_large_table_may_be_piped() {
    let place = Place::new();
    println!("seed 13");
    let mut random = Seeded(13);
    let notes: Vec<String> =
        (0..70).map(|_| (0..1 << 17).map(|_| format!("{:08x}", random.below(1 << 31))).collect()).collect();
    let notes: Vec<Option<&str>> = notes.iter().map(|note| Some(&**note)).collect();
    let ids: Vec<String> = (0..70).map(|number| format!("C-{number}")).collect();
    let ids: Vec<Option<&str>> = ids.iter().map(|id| Some(&**id)).collect();
    let emails: Vec<String> = (0..70).map(|number| format!("person{number}@example.com")).collect();
    let emails: Vec<Option<&str>> = emails.iter().map(|email| Some(&**email)).collect();
    let schema = "message people { optional binary customer_id (UTF8); optional binary note (UTF8); optional binary email (UTF8); }";
    let table = parquet(schema, &[Column::Texts(&ids), Column::Texts(&notes), Column::Texts(&emails)], 10);
    assert!(table.len() > 64 << 20, "{}", table.len());
    place.write("schema.toml", "[columns]\nnote = 'ignore'").write("people.parquet", &table);
    place.run("index build people.parquet -o index.tlx --schema schema.toml").quietly();
    place.fed("index build - -o piped.tlx --schema schema.toml", table).quietly();
    for file in [".strong", ".weak", ".postings", ".owners"] {
        assert_eq!(place.file("index.tlx", file), place.file("piped.tlx", file), "{file}");
    }
}
