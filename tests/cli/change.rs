//! `tightlip index update | erase | compact`, as users type it.

use crate::support::{Ended, Place, Seeded};

const TEXT: &str = "Ann Lee, ann@example.com, +1 415 555 0104; Bob Ray, bob@example.com, +1 415 555 0177.\n";

fn place() -> Place {
    let place = Place::new();
    place.write(
        "customers.csv",
        "customer_id,email,phone,name\nC-1001,ann@example.com,+1 415 555 0104,Ann Lee\nC-1002,bob@example.com,+1 415 555 0177,Bob Ray\n",
    );
    place.run("index build customers.csv -o index.tlx").well();
    place
}

fn read(place: &Place, arguments: &str) -> String {
    place.fed(&format!("filter --index index.tlx {arguments}"), TEXT).out
}

#[track_caller]
fn receipt(ended: &Ended) -> serde_json::Value {
    assert_eq!(ended.code, Some(0), "{ended:?}");
    serde_json::from_str(&ended.out).expect("a receipt is JSON")
}

#[test]
fn an_update_replaces_and_adds() {
    let place = place();
    place.write("changed.csv", "customer_id,email\nC-1002,bobby@example.com\nC-0001,zoe@example.com\n");
    let said = place.run("index update index.tlx changed.csv").quietly();
    assert!(said.starts_with("index.tlx: generation 2, 5 identifiers of 3 owners"), "{said}");
    let out = read(&place, "--reader C-1001");
    assert_eq!(out, TEXT, "nobody has Bob's old values any more");
    place.run("index verify index.tlx").quietly();
}

#[test]
fn what_cannot_be_read_changes_nothing() {
    let place = place();
    let before = place.file("index.tlx", "manifest.json");
    place.write("bad.csv", "customer_id,emial\nC-1,x@example.com\n");
    place.run("index update index.tlx bad.csv").refused(2, &["emial"]);
    place.run("index update nowhere.tlx customers.csv").refused(1, &["nowhere.tlx"]);
    place.run("index erase index.tlx").refused(2, &["--owner"]);
    place.run("index erase index.tlx --owner C-1001 --suppress --until soon").refused(2, &["2026-12-31"]);
    place.run("index erase index.tlx --owner C-1001 --until 2026-12-31").refused(2, &["--suppress"]);
    place.run("index compact customers.csv").refused(2, &["customers.csv"]);
    assert_eq!(place.file("index.tlx", "manifest.json"), before);
}

#[test]
fn erased_is_forgotten_and_compacted_is_gone() {
    let place = place();
    place.write("gone.txt", "C-1002\nC-9999\n");
    let ended = place.run("index erase index.tlx --owners gone.txt");
    let receipt = receipt(&ended);
    assert_eq!(
        (&receipt["generation"], &receipt["owners"][0]["known"], &receipt["owners"][1]["known"]),
        (&2.into(), &true.into(), &false.into())
    );
    assert!(
        ended.err.contains("1 of the owners are not in the index")
            && ended.err.contains("index compact index.tlx")
    );
    assert_eq!(read(&place, "--reader C-1001"), TEXT);
    assert!(place.run("index info index.tlx").quietly().contains("erased"));
    let said = place.run("index compact index.tlx").quietly();
    assert!(said.starts_with("index.tlx: generation 3, 1 owners are gone from the folder"), "{said}");
    for path in place.files("index.tlx") {
        let bytes = std::fs::read(&path).unwrap().to_ascii_lowercase();
        for value in ["bob", "ray bob", "5550177", "c-1002"] {
            assert!(
                !bytes.windows(value.len()).any(|window| window == value.as_bytes()),
                "{value} is in {path:?}"
            );
        }
    }
    assert_eq!(read(&place, "--reader C-1001"), TEXT);
    assert_eq!(
        read(&place, ""),
        TEXT.replace("ann@example.com", "[EMAIL]").replace("+1 415 555 0104", "[PHONE]")
    );
}

#[test]
fn a_writer_that_is_killed_leaves_the_old_index_or_the_new_one() {
    let place = Place::new();
    let rows = |from: usize| -> String {
        let row = |n| format!("C-{n:05},person{n}@example.com,Givenname{n} Family{n}\n");
        "customer_id,email,name\n".to_owned() + &(from..from + 3_000).map(row).collect::<String>()
    };
    place.write("customers.csv", rows(0)).write("changed.csv", rows(1_500));
    place.run("index build customers.csv -o index.tlx").well();
    let mut random = Seeded(11);
    for round in 0..20 {
        let change: &[&str] = match round % 2 {
            0 => &["index", "update", "index.tlx", "changed.csv"],
            _ => &["index", "compact", "index.tlx"],
        };
        place.kill(change, std::time::Duration::from_millis(random.below(400) as u64));
        let said = place.run("index verify index.tlx").quietly();
        assert!(said.contains("(3000 owners)") || said.contains("(4500 owners)"), "round {round}: {said}");
    }
    // What was left behind is in nobody's way.
    place.run("index update index.tlx changed.csv").well();
    place.run("index compact index.tlx").well();
    assert_eq!(place.files("index.tlx").len(), 7);
}

#[test]
fn suppressed_is_withheld_from_everyone_until_it_is_over() {
    let place = place();
    let withheld = TEXT.replace("bob@example.com", "[EMAIL]").replace("+1 415 555 0177", "[PHONE]");
    place.run("index erase index.tlx --owner C-1002 --suppress");
    let strangers = withheld.replace("ann@example.com", "[EMAIL]").replace("+1 415 555 0104", "[PHONE]");
    assert_eq!(read(&place, "--reader C-1001"), withheld);
    assert_eq!(read(&place, "--reader C-1002"), strangers, "not even they read it");
    place.run("index compact index.tlx").quietly();
    assert_eq!(read(&place, "--reader C-1001"), withheld);
    let place = self::place();
    place.run("index erase index.tlx --owner C-1002 --suppress --until 2001-01-01");
    assert_eq!(read(&place, "--reader C-1001"), TEXT);
}

#[test]
fn dictionaries_may_be_packed_and_named_by_a_pattern() {
    use std::io::Write;
    let place = place();
    for (name, row) in [("part-1.csv.gz", "C-1,ann@example.com"), ("part-2.csv.gz", "C-2,bob@example.com")] {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        write!(packed, "customer_id,email\n{row}\n").unwrap();
        place.write(name, packed.finish().unwrap());
    }
    let said = place.run("index build part-*.csv.gz -o packed.tlx").quietly();
    assert!(said.contains("2 identifiers of 2 owners"), "{said}");
    place.run("index build none-*.csv -o other.tlx").refused(2, &["no file fits none-*.csv"]);
    // One frame of zstd, its content stored as it is (RFC 8878).
    let content = b"customer_id,email\nC-1,ann@example.com\n";
    let header = (content.len() as u32) << 3 | 1;
    let mut packed = vec![0x28, 0xb5, 0x2f, 0xfd, 0x20, content.len() as u8];
    packed.extend_from_slice(&header.to_le_bytes()[..3]);
    packed.extend_from_slice(content);
    place.write("one.csv.zst", &packed);
    let said = place.run("index build one.csv.zst -o zstd.tlx").quietly();
    assert!(said.contains("1 identifiers of 1 owners"), "{said}");
    packed.truncate(20);
    place.write("cut.csv.zst", &packed);
    place.run("index build cut.csv.zst -o cut.tlx").refused(1, &["cut.csv.zst"]);
}

#[test]
fn a_response_that_is_read_learns_who_was_erased() {
    use std::io::{Read, Write};
    let place = place();
    let mut filter = std::process::Command::new(assert_cmd::cargo::cargo_bin!("tightlip"))
        .current_dir(place.path(""))
        .args(["filter", "--index", "index.tlx", "--reader", "C-1001"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let (mut stdin, mut stdout) = (filter.stdin.take().unwrap(), filter.stdout.take().unwrap());
    let mut said = String::new();
    stdin.write_all(b"I wrote to ann@example.com today. ").unwrap();
    while !said.contains("today") {
        let mut piece = [0; 256];
        let read = stdout.read(&mut piece).unwrap();
        assert!(read > 0, "{said}");
        said += std::str::from_utf8(&piece[..read]).unwrap();
    }
    place.run("index erase index.tlx --owner C-1001").well();
    // It looks for changes more often than once a second.
    std::thread::sleep(std::time::Duration::from_millis(500));
    stdin.write_all(b"Yes, to ann@example.com today. ").unwrap();
    drop(stdin);
    stdout.read_to_string(&mut said).unwrap();
    assert!(filter.wait().unwrap().success());
    assert_eq!(said, "I wrote to ann@example.com today. Yes, to [EMAIL] today. ");
}
