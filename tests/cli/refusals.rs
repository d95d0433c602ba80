//! Bad input: one clear line, the right exit code, no value of a customer, and soon.

use std::time::{Duration, Instant};

use crate::support::{Ended, PEOPLE, Place, VALUES};

/// What is built from a dictionary of this content.
fn build(place: &Place, content: impl AsRef<[u8]>, options: &str) -> Ended {
    place.write("d.csv", content).run(&format!("index build d.csv -o index.tlx {options}"))
}

fn utf16(text: &str, little: bool) -> Vec<u8> {
    text.encode_utf16()
        .flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() })
        .collect()
}

#[test]
fn what_is_no_dictionary_is_named() {
    let place = Place::new();
    std::fs::create_dir(place.path("folder")).unwrap();
    place
        .run("index build none.csv -o index.tlx")
        .refused_at_once(1, &["cannot open none.csv", "no such file"]);
    place
        .run("index build folder -o index.tlx")
        .refused_at_once(2, &["folder is a folder", "expected a dictionary file"]);
    let table = "customer_id,email\nC-1,ann@example.com\n";
    let expected = "expected CSV with a header row, or JSON lines";
    let marked = |little| [utf16("\u{feff}", little), utf16(table, little)].concat();
    let cases: [(&[u8], &str, &str); 17] = [
        (b"", "the file is empty", expected),
        (b" \n\t \r\n", "nothing but white space", expected),
        (b"customer_id,email\n", "no rows", "at least one value of one owner"),
        (b"customer_id,email\nC-1,\nC-2, ;\n", "no row has a value", "nothing was written"),
        (
            b"C-1,ann@example.com\n",
            "none of its columns (2) is the owner",
            "owner, customer_id, customer, id",
        ),
        (b"email,phone\nann@example.com,\n", "none of its columns (2) is the owner", "schema"),
        (b"id,email,email\nC-1,,\n", "`email` comes twice", "rename"),
        (b"id,pr\xe9nom\nC-1,Ann\n", "the header is not UTF-8", "convert"),
        (&marked(true), "UTF-16", expected),
        (&marked(false), "UTF-16", expected),
        (&utf16(table, true), "UTF-16", expected),
        (&utf16(table, false), "UTF-16", expected),
        (
            b"PAR1\x15\x04",
            "a Parquet file",
            if cfg!(feature = "parquet") { "copy it again" } else { "with the feature `parquet`" },
        ),
        (b"PK\x03\x04\x14", "a ZIP archive or a spreadsheet", expected),
        (b"[{\"id\":\"C-1\",\"email\":\"ann@example.com\"}]", "a JSON array", expected),
        (b"customer_id;email\nC-1;ann@example.com\n", "semicolons", "expected commas"),
        (b"customer_id\temail\nC-1\tann@example.com\n", "tabs", "expected commas"),
    ];
    for (content, came, wanted) in cases {
        let ended = build(&place, content, "--max-bad 100%");
        ended.refused_at_once(2, &[came, wanted]);
        assert!(!ended.err.contains("ann@"), "{ended:?}");
        assert!(!place.path("index.tlx").exists(), "{came}");
        let ended = place.fed("index build - -o index.tlx", content);
        ended.refused_at_once(2, &[came]);
    }
}

#[test]
fn a_column_that_is_no_kind_is_answered_with_the_kinds() {
    let place = Place::new();
    for content in ["id,emial\nC-1,ann@example.com\n", "{\"id\":\"C-1\",\"emial\":\"ann@example.com\"}"] {
        let ended = build(&place, content, "");
        ended.refused_at_once(
            2,
            &[
                "`emial` is no kind",
                "did you mean `email`?",
                "kinds are email, phone, ",
                "card_last4",
                "\"ignore\"",
            ],
        );
    }
    let ended = build(&place, "id,\"two\nlines\x1b[31m\"\nC-1,a\n", "");
    ended.refused_at_once(2, &[r"`two\nlines\u{1b}[31m` is no kind"]);
}

#[test]
fn a_row_that_cannot_be_used_is_placed_and_not_repeated() {
    let place = Place::new();
    for (column, value, reason) in [
        ("email", "ann at home", "not an email address (expected name@domain.example)"),
        ("iban", "GB82 WEST 1234 5698 7654 33", "not an IBAN"),
        ("card", "4111111111111112", "not a card number"),
        ("card", "411111111111111x", "not a number"),
        ("dob", "1990-13-05", "not a date (expected year-month-day"),
        ("dob", "1990-02-30", "not a date"),
        ("dob", "soonish", "not a date"),
        ("phone", "call me", "not a telephone number"),
        ("ip", "999.0.0.1", "not an IP address"),
        ("last4", "12345", "expected four digits"),
        ("username", "abc", "too short to be safe"),
        ("secret", "sesame", "too short to be safe"),
        ("reference", "-- .. --", "nothing of it can be compared"),
    ] {
        let row = format!("id,{column},city\nC-1,{value},\nC-2,,Springfield\n");
        let ended = build(&place, row, "--max-bad 50%").well();
        let line = format!("d.csv:2: {column}: ");
        let bad = ended.err.lines().next().unwrap_or_else(|| panic!("{column} {value} was taken"));
        assert!(bad.starts_with(&line) && bad.contains(reason), "{column}: {}", ended.err);
        assert_eq!(
            ended.err.lines().nth(1),
            Some("tightlip: 1 of 2 rows had values that cannot be used; their other values are in")
        );
        assert_eq!(ended.err.lines().count(), 2);
        assert!(!ended.err.contains(value), "{column}: {}", ended.err);
        let value = if value.starts_with('4') && column != "card" {
            value.to_owned()
        } else {
            format!("\"{value}\"")
        };
        let ended = build(
            &place,
            format!("{{\"id\":\"C-1\",\"{column}\":{value}}}\n{{\"id\":\"C-2\",\"city\":\"Springfield\"}}"),
            "--max-bad 1",
        );
        assert!(ended.well().err.starts_with(&format!("d.csv:1: {column}: ")));
    }
    for (row, said) in [
        ("C-1,Ann Lee,extra", "d.csv:2: the row has more or fewer cells than the header\n"),
        ("C-1", "d.csv:2: the row has more or fewer cells than the header\n"),
        (",Ann Lee", "d.csv:2: id: the owner is missing, or there are several\n"),
        ("C-1;C-3,Ann Lee", "d.csv:2: id: the owner is missing, or there are several\n"),
        ("C\0-1,Ann Lee", "d.csv:2: id: the owner is longer than 1,024 bytes or contains a NUL\n"),
    ] {
        for end in ["\n", "\r\n"] {
            let ended =
                build(&place, format!("id,name{end}{row}{end}C-2,Bob Ray{end}"), "--max-bad 1").well();
            assert!(ended.err.starts_with(said) && ended.err.lines().count() == 2, "{row}: {}", ended.err);
            build(&place, format!("id,name{end}{row}{end}C-2,Bob Ray{end}"), "")
                .refused(2, &["1 of 2 rows", "--max-bad 5%", "nothing was written"]);
        }
    }
    let ended = build(&place, b"id,name\nC-1,Ren\xe9 Lee\nC-2,Bob Ray\n", "--max-bad 1").well();
    assert!(
        ended.err.starts_with("d.csv:2: the row is not UTF-8; convert the file to UTF-8\n"),
        "{}",
        ended.err
    );
    for (line, reason) in [
        ("{\"id\":\"C-1\",\"name\":\n", "not a JSON object"),
        (
            "{\"id\":\"C-1\",\"name\":{\"first\":\"Ann\"}}\n",
            "not a JSON object of strings, whole numbers and arrays of them",
        ),
        ("{\"id\":\"C-1\",\"name\":[[\"Ann Lee\"]]}\n", "not a JSON object"),
        ("{\"id\":\"C-1\",\"account\":12345678901234567890123}\n", "not a JSON object"),
        (
            "{\"id\":[\"C-1\",\"C-3\"],\"name\":\"Ann Lee\"}\n",
            "id: the owner is missing, or there are several",
        ),
        ("{\"name\":\"Ann Lee\",\"id\":null}\n", "id: the owner is missing, or there are several"),
    ] {
        let ended =
            build(&place, format!("{line}{{\"id\":\"C-2\",\"name\":\"Bob Ray\"}}\n"), "--max-bad 1").well();
        assert!(ended.err.starts_with(&format!("d.csv:1: {reason}")), "{line}: {}", ended.err);
        assert!(!ended.err.contains("Ann") && ended.err.lines().count() == 2, "{}", ended.err);
    }
}

#[test]
fn a_quote_that_is_not_closed_hides_nobody() {
    let place = Place::new();
    let people: String = (0..1_000).map(|n| format!("C-{n},p{n}@example.com,Ann Lee\n")).collect();
    for end in ["\n", "\r\n"] {
        let open = format!("id,email,name\n{people}")
            .replace("p500@example.com", "\"p500@example.com")
            .replace('\n', end);
        build(&place, &open, "")
            .refused(2, &["a quote in the row at line 502 is never closed", "would be lost"]);
        let twice = open.replace("p800@example.com", "\"p800@example.com\"");
        let ended = build(&place, &twice, "");
        ended.refused(2, &["301 of 1,000 rows", "nothing was written"]);
        assert!(
            ended.err.starts_with("d.csv:502: ") && ended.err.contains("is a quote not closed?"),
            "{}",
            ended.err
        );
    }
}

#[test]
fn how_much_may_be_bad_is_counted_in_rows() {
    let place = Place::new();
    let rows = "id,email,dob\nC-1,a,x\nC-2,b,\nC-3,c@example.com,\nC-4,d@example.com,\n";
    for (limit, good) in [
        ("2", true),
        ("1", false),
        ("0", false),
        ("50%", true),
        ("49.9%", false),
        ("100%", true),
        ("0%", false),
        ("7", true),
    ] {
        let ended = build(&place, rows, &format!("--max-bad {limit}"));
        if good {
            assert_eq!(ended.well().err.lines().count(), 4);
        } else {
            ended.refused(2, &["2 of 4 rows", &format!("--max-bad {limit}"), "nothing was written"]);
        }
    }
    for limit in ["x", "101%", "-1", "nan%", "inf%", "%", "1.5", "''"] {
        build(&place, rows, &format!("--max-bad {limit}"))
            .refused_at_once(2, &["--max-bad", "expected a share"]);
    }
    let many: String = (0..1_000).map(|n| format!("C-{n},bad\n")).collect();
    let ended = build(&place, format!("id,email\n{many}"), "");
    assert_eq!(ended.code, Some(2));
    assert!(ended.err.lines().last().unwrap().contains("1,000 of 1,000 rows"), "{}", ended.err);
    assert_eq!(ended.err.lines().nth(20), Some("tightlip: and 980 more values that cannot be used"));
    assert_eq!(ended.err.lines().count(), 22);
}

#[test]
fn cells_headers_and_lines_of_ten_megabytes_are_refused_soon() {
    let place = Place::new();
    let big = "x".repeat(10_000_000);
    let started = Instant::now();
    for (name, content) in [
        ("cell", format!("id,email\nC-1,{big}\nC-2,bob@example.com\n")),
        ("name", format!("id,name\nC-1,{}\nC-2,Bob Ray\n", "ab ".repeat(3_300_000))),
        ("owner", format!("id,email\n{big},ann@example.com\nC-2,bob@example.com\n")),
        (
            "line",
            format!(
                "{{\"id\":\"C-1\",\"email\":\"{big}\"}}\n{{\"id\":\"C-2\",\"email\":\"bob@example.com\"}}"
            ),
        ),
        (
            "deep",
            format!("{{\"id\":{}\n{{\"id\":\"C-2\",\"email\":\"bob@example.com\"}}", "[".repeat(10_000_000)),
        ),
    ] {
        let ended = build(&place, content, "--max-bad 1").well();
        assert!(ended.err.len() < 300 && ended.err.lines().count() == 2, "{name}: {}", ended.err);
        assert!(ended.out.starts_with("index.tlx: 1 identifiers of 1 owners"), "{name}: {}", ended.out);
    }
    for (name, content) in [
        ("header", format!("id,{big}\nC-1,a\n")),
        ("only", big.clone()),
        ("commas", format!("id{}\nC-1,a\n", ",".repeat(10_000_000))),
        ("columns", (0..1_000_000).map(|n| format!("c{n},")).collect()),
        ("key", format!("{{\"id\":\"C-1\",\"{big}\":\"a\"}}\n")),
        ("quote", format!("id,email\nC-1,\"{}", "a@example.com,\n".repeat(700_000))),
    ] {
        let ended = build(&place, content, "--max-bad 100%");
        ended.refused(2, &["d.csv"]);
        assert!(ended.err.len() < 600, "{name}: {}", ended.err);
    }
    // About 4 s without optimisation, on a machine that has nothing else to do; what takes the square of a cell's length takes hours.
    assert!(started.elapsed() < Duration::from_secs(100), "{:?}", started.elapsed());
}

#[test]
fn usage_errors_are_one_line() {
    let place = Place::with_index();
    for (arguments, parts) in [
        ("index build -o x.tlx", &["<SOURCE>"][..]),
        ("index build people.csv", &["--output <DIR>"]),
        ("index build people.csv -o x.tlx --region XX", &["XX", "two-letter country code"]),
        ("index build people.csv -o x.tlx --memory x", &["--memory", "512MiB"]),
        ("index build people.csv -o x.tlx --memory 99999999999999999999", &["--memory", "512MiB"]),
        ("index build people.csv -o x.tlx --memory 99999999999G", &["--memory", "larger than"]),
        ("index build people.csv -o x.tlx --memory 0", &["--memory", "at least"]),
        ("index build people.csv -o x.tlx --regoin US", &["--regoin", "--region"]),
        ("index buld people.csv", &["buld", "build"]),
        ("filtr", &["filtr", "filter"]),
        ("filter", &["--index <DIR>"]),
        ("filter --index index.tlx --chunk 0", &["--chunk", "0"]),
        ("filter --index index.tlx --chunk x", &["--chunk", "x"]),
        ("filter --index index.tlx --format texxt", &["texxt", "text, jsonl"]),
        ("policy show standart", &["standart", "did you mean `standard`?"]),
    ] {
        place.run(arguments).refused_at_once(2, parts);
    }
}

#[test]
fn every_command_shows_an_example() {
    let place = Place::new();
    for command in ["demo", "index build", "index info", "index verify", "filter", "bench", "policy show"] {
        let help = place.run(&format!("{command} --help")).quietly();
        let example = help.lines().find(|line| line.starts_with(&format!("  tightlip {command}")));
        assert!(example.is_some(), "{help}");
    }
    assert!(place.run("--version").quietly().starts_with("tightlip "));
}

#[test]
fn no_refusal_repeats_a_value() {
    let place = Place::with_index();
    let mut said = String::new();
    for damaged in [
        PEOPLE.replace(",phone,", ",,"),
        PEOPLE.replace("@example", " example"),
        PEOPLE.replace("+1 415", "+1,415"),
        PEOPLE.replace('\n', "\n\""),
        PEOPLE
            .replace("email", "iban")
            .replace("phone", "card")
            .replace("username", "ip")
            .replace("booking", "dob2"),
        PEOPLE
            .replace("email", "iban")
            .replace("phone", "card")
            .replace("username", "ip")
            .replace("booking", "last4"),
        PEOPLE.lines().skip(1).collect(),
        PEOPLE.replace(',', ";"),
        format!("{{\"id\":{}", PEOPLE),
    ] {
        let ended = build(&place, damaged, "");
        assert_eq!(ended.code, Some(2), "{ended:?}");
        said += &ended.err;
    }
    for policy in [
        "[allow]\nvalues = 'ann@example.com'",
        "[allow]\nvalues = ['ann@example.com",
        "stop_message = ['Bob Ray']",
    ] {
        let ended = place.write("p.toml", policy).run("filter --index index.tlx --policy p.toml");
        ended.refused_at_once(2, &["p.toml"]);
        said += &ended.err;
    }
    for value in VALUES {
        assert!(!said.contains(value), "{value} in {said}");
    }
}
