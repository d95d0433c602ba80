//! `index keys` and `index build --part`: what many machines derive and sort is the index that one would have built.

use std::fmt::Write;

use crate::support::{Place, Seeded, VALUES};
use crate::tables::{Column, parquet};

const SCHEMA: &str =
    "message part { optional binary key (UTF8); optional binary kind (UTF8); optional binary owner (UTF8); }";

/// Files that do not depend on random ids.
const FILES: [&str; 6] = [".strong", ".weak", ".postings", ".owners", ".openings", ".observed"];

/// Many people who share some values, one of them with a name that has to be escaped.
fn people(count: usize) -> String {
    println!("seed 3");
    let (mut random, mut csv) =
        (Seeded(3), "customer_id,name,email,phone,card,booking,date_of_birth,city,iban_ok\n".to_owned());
    for n in 0..count {
        let (first, last) = (
            ["Ann", "María", "Jürgen", "Bob", "Юлия"][random.below(5)],
            ["Lee", "de la Cruz", "Müller-Weiß", "Ray"][random.below(4)],
        );
        let (year, month, day) = (1950 + random.below(50), 1 + random.below(12), 1 + random.below(28));
        let owner = if n == 7 { r"C-a\b".to_owned() } else { format!("C-{}", random.below(count)) };
        let email = format!("p{}@example.com;q{n}@example.org", random.below(count));
        let phone = ["+1 415 555 ", "+44 20 7946 "][random.below(2)];
        writeln!(csv, "{owner},{first} {last},{email},{phone}{:04},4111 1111 1111 1111,BK{n:04}X,{year}-{month:02}-{day:02},Oslo,{}", random.below(10_000), random.below(2)).unwrap();
    }
    csv
}

const COLUMNS: &str = "[columns]\nemail = { kind = 'email', verified = 'iban_ok' }\niban_ok = 'ignore'\n[kinds.loyalty]\nshape = 'digits'\n";

/// A dictionary in three pieces, the index of all, and the sorted lines of the keys.
fn pieces(place: &Place) -> Vec<String> {
    let csv = people(3_000);
    place.write("all.csv", &csv).write("schema.toml", COLUMNS);
    place.run("index build all.csv --schema schema.toml --reversed --region GB -o index.tlx").well();
    let (header, rows) = csv.split_once('\n').unwrap();
    let rows: Vec<&str> = rows.lines().collect();
    let mut lines = Vec::new();
    for piece in rows.chunks(1_100) {
        let said = place.fed(
            "index keys - --schema schema.toml --reversed --region GB",
            format!("{header}\n{}\n", piece.join("\n")),
        );
        lines.extend(said.quietly().lines().map(str::to_owned));
    }
    // A machine that was given nothing.
    lines.extend(
        place
            .fed("index keys - --schema schema.toml --reversed --region GB", "")
            .quietly()
            .lines()
            .map(str::to_owned),
    );
    lines.sort();
    lines
}

fn part(lines: &[String]) -> Vec<u8> {
    let column =
        |at: usize| -> Vec<Option<&str>> { lines.iter().map(|line| line.split('\t').nth(at)).collect() };
    parquet(SCHEMA, &[Column::Texts(&column(0)), Column::Texts(&column(1)), Column::Texts(&column(2))], 5_000)
}

#[test]
fn parts_make_the_same_index() {
    let place = Place::new();
    let lines = pieces(&place);
    std::fs::create_dir(place.path("parts")).unwrap();
    for (number, range) in lines.chunks(lines.len() / 4 + 1).enumerate() {
        place.write(&format!("parts/part-{number:05}.parquet"), part(range));
    }
    place.write("parts/_SUCCESS", "").write("lines", lines.join("\n"));
    // In any order, as lines too, and with so little memory that names are sorted on disk.
    for sources in ["parts --memory 4KiB", "parts/part-00003.parquet parts/part-0000[012].parquet", "lines"] {
        let said = place.run(&format!("index build --part {sources} -o parts.tlx")).well();
        assert!(said.out.starts_with("parts.tlx: "), "{said:?}");
        for file in FILES {
            assert_eq!(place.file("index.tlx", file), place.file("parts.tlx", file), "{file} of {sources}");
        }
    }
    place.run("index verify parts.tlx").quietly();
    let info = |index: &str| place.run(&format!("index info {index} --json")).quietly();
    assert_eq!(info("index.tlx"), info("parts.tlx"));
    // It lives on as any other.
    place
        .write("more.csv", "id,email\nC-new,new@example.com\n")
        .run("index update parts.tlx more.csv")
        .well();
}

#[test]
fn what_is_not_all_of_it_is_refused() {
    let place = Place::new();
    let lines = pieces(&place);
    let build =
        |lines: &[String]| place.write("part", lines.join("\n")).run("index build --part part -o parts.tlx");
    let without = |drop: &dyn Fn(usize, &str) -> bool| -> Vec<String> {
        lines.iter().enumerate().filter(|(at, line)| !drop(*at, line)).map(|(_, line)| line.clone()).collect()
    };
    let middle = lines.len() / 2;
    build(&without(&|at, _| at == middle)).refused_at_once(2, &["some are missing"]);
    build(&without(&|at, _| at == lines.len() - 1)).refused_at_once(2, &["some are missing"]);
    build(&without(&|_, line| line.ends_with("\t\t"))).refused_at_once(2, &["closing lines"]);
    build(&[&lines[..middle], &lines[middle - 1..]].concat()).refused_at_once(2, &["came twice"]);
    let mut swapped = lines.clone();
    swapped.swap(middle, lines.len() - 1);
    build(&swapped).refused_at_once(2, &["is not sorted"]);
    // The same line of another owner.
    let mut stolen = lines.clone();
    stolen[middle] = stolen[middle].rsplit_once('\t').unwrap().0.to_owned() + "\tC-thief";
    build(&stolen).refused_at_once(2, &["or were changed"]);
    for line in ["", "a\tb\tc", "0161626300\temail\tC-1", "zz\temail\tC-1", "016162630076\temail"] {
        build(&[&lines[..3], &[line.to_owned()]].concat()).refused_at_once(2, &["part"]);
    }
    // Made in another way.
    let other = place.fed("index keys -", "id,email\nC-1,ann@example.com\n").quietly();
    let mut mixed = [lines.clone(), other.lines().map(str::to_owned).collect()].concat();
    mixed.sort();
    build(&mixed).refused_at_once(2, &["made in different ways"]);
    // Two halves that are not ranges.
    let (even, odd): (Vec<_>, Vec<_>) = lines.iter().cloned().enumerate().partition(|(at, _)| at % 2 == 0);
    let text = |half: Vec<(usize, String)>| half.into_iter().map(|(_, line)| line + "\n").collect::<String>();
    place.write("even", text(even)).write("odd", text(odd));
    place.run("index build --part even odd -o parts.tlx").refused_at_once(2, &["overlap"]);
    place.run("index build --part part -o parts.tlx --region DE").refused_at_once(2, &["--region"]);
    assert!(!place.path("parts.tlx").exists());
}

#[test]
fn values_that_cannot_be_used_are_told_and_not_shown() {
    let place = Place::new();
    let people = "customer_id,email\nC-1,ann at home\nC-2,bob@example.com\n";
    let ended = place.fed("index keys - --max-bad 1", people).well();
    assert_eq!(
        ended.err.lines().next(),
        Some("stdin:2: email: not an email address (expected name@domain.example)")
    );
    assert_eq!(ended.out.lines().count(), 3, "a value, its hint, and the closing line");
    assert!(VALUES.iter().all(|value| !ended.err.contains(value)));
    let ended = place.fed("index keys - --max-bad 0", people);
    assert_eq!(ended.code, Some(2));
    assert!(
        !ended.out.lines().any(|line| line.ends_with("\t\t")),
        "without its closing line it is worth nothing"
    );
}
