//! Sealed indexes, as users type it: nothing can be read without the key, nothing can be altered, and everything that can be done to an index can be
//! done to one that is sealed.

use std::path::Path;

use crate::support::{Ended, PEOPLE, Place, Seeded, VALUES};

const TEXT: &str = "Ann Lee, ann@example.com, +1 415 555 0104; Bob Ray, bob@example.com, +1 415 555 0177.\n";

/// A place with the same two people, sealed, and two keys.
fn place() -> Place {
    let place = Place::new();
    place.write("people.csv", PEOPLE).write("one.key", [1; 32]).write("two.key", "02".repeat(32));
    place.run("index build people.csv -o index.tlx --encrypt --key-file one.key").well();
    place
}

fn read(place: &Place, key: &str) -> Ended {
    place.fed(&format!("filter --index index.tlx --reader C-1001 --key-file {key}"), TEXT)
}

/// No form of these values is in a file of the index.
#[track_caller]
fn says_nothing(place: &Place, values: &[&str]) {
    for path in place.files("index.tlx") {
        let bytes = std::fs::read(&path).unwrap().to_ascii_lowercase();
        for value in values {
            let value = value.to_ascii_lowercase();
            let digits: String = value.chars().filter(char::is_ascii_digit).collect();
            let turned: String = value.chars().rev().collect();
            let forms = [value.as_str(), &value.replace(' ', ""), &turned, &digits];
            for form in forms.into_iter().filter(|form| form.len() > 3) {
                assert!(
                    !bytes.windows(form.len()).any(|window| window == form.as_bytes()),
                    "{form} is in {path:?}"
                );
            }
        }
    }
}

#[test]
fn nothing_can_be_read_without_the_key() {
    let place = place();
    says_nothing(&place, &VALUES);
    says_nothing(&place, &["C-1001", "customer", "email", "lee", "ray"]);
    let plain = Place::with_index();
    let expected = plain.fed("filter --index index.tlx --reader C-1001", TEXT);
    let swaps = |ended: &Ended| ended.err.is_empty() || ended.err.contains("may be swapped");
    let sealed = read(&place, "one.key");
    assert_eq!((sealed.code, &sealed.out), (Some(0), &expected.out));
    assert!(swaps(&sealed), "{sealed:?}");
    read(&place, "two.key").refused_at_once(2, &["index.tlx/manifest.json", "sealed under another key"]);
    place.fed("filter --index index.tlx", TEXT).refused_at_once(2, &["index.tlx is sealed", "--key-file"]);
    place.write("short.key", "secret");
    read(&place, "short.key").refused_at_once(2, &["short.key holds no key", "32 random bytes"]);
    read(&place, "none.key").refused_at_once(1, &["none.key"]);
    place.run("index build people.csv -o other.tlx --encrypt").refused_at_once(2, &["--encrypt needs a key"]);
    assert!(!place.path("other.tlx").exists());
    let info = place.run("index info index.tlx --key-file one.key").quietly();
    assert!(info.contains("sealed") && info.contains("memory when open"), "{info}");
}

#[test]
fn the_environment_names_the_key() {
    let place = place();
    let with = |name: &str, value: &str| -> Ended {
        place.command("index verify index.tlx").env(name, value).output().unwrap().into()
    };
    with("TIGHTLIP_INDEX_KEY_FILE", "one.key").quietly();
    with("TIGHTLIP_INDEX_KEY", &"01".repeat(32)).quietly();
    with("TIGHTLIP_INDEX_KEY", &"03".repeat(32)).refused_at_once(2, &["another key"]);
    with("TIGHTLIP_INDEX_KEY", "nonsense").refused_at_once(2, &["TIGHTLIP_INDEX_KEY holds no key"]);
    // What is not sealed needs none, and is not taken for one that is.
    place.run("index build people.csv -o plain.tlx").quietly();
    place.run("index info plain.tlx --key-file one.key").refused_at_once(2, &["plain.tlx is not sealed"]);
    place.run("index build people.csv -o other.tlx --key-file one.key").refused_at_once(2, &["--encrypt"]);
    place.command("index verify plain.tlx").env("TIGHTLIP_INDEX_KEY", "nonsense").assert().success();
}

#[test]
fn it_stays_sealed_whatever_is_done_to_it() {
    let place = place();
    place.write("changed.csv", "customer_id,email\nC-1002,bobby@example.com\nC-1003,zoe@example.com\n");
    place.run("index update index.tlx changed.csv").refused_at_once(2, &["is sealed"]);
    place.run("index update index.tlx changed.csv --key-file two.key").refused(2, &["another key"]);
    place.run("index update index.tlx changed.csv --key-file one.key").well();
    says_nothing(&place, &["bobby@example.com", "zoe@example.com", "C-1003"]);
    place.run("index erase index.tlx --owner C-1003 --key-file one.key").well();
    place.run("index verify index.tlx --key-file one.key").quietly();
    place.run("index compact index.tlx --key-file one.key").quietly();
    says_nothing(&place, &VALUES);
    assert_eq!(read(&place, "one.key").out, TEXT, "nobody has Bob's old values any more");
}

#[test]
fn another_key_seals_everything_anew() {
    let place = place();
    let before = place.files("index.tlx");
    let names = |paths: &[std::path::PathBuf]| {
        paths.iter().map(|path| path.file_name().unwrap().to_owned()).collect::<Vec<_>>()
    };
    place.run("index rekey index.tlx --new-key-file two.key --key-file two.key").refused(2, &["another key"]);
    assert_eq!(place.files("index.tlx"), before);
    let expected = read(&place, "one.key").out;
    let said = place.run("index rekey index.tlx --new-key-file two.key --key-file one.key").quietly();
    assert!(said.starts_with("index.tlx: generation 2"), "{said}");
    read(&place, "one.key").refused_at_once(2, &["another key"]);
    assert_eq!(read(&place, "two.key").out, expected);
    let (old, new) = (names(&before), names(&place.files("index.tlx")));
    assert!(
        old.len() == new.len() && old.iter().filter(|name| new.contains(name)).count() == 1,
        "only the manifest keeps its name"
    );
    // One that was not sealed.
    place.run("index build people.csv -o index.tlx").well();
    place.run("index rekey index.tlx --new-key-file one.key").quietly();
    says_nothing(&place, &VALUES);
    assert_eq!(read(&place, "one.key").out, expected);
}

/// A refusal in one line that names no value, or what the index said before.
#[track_caller]
fn refused_or_whole(place: &Place, key: &str, expected: &[&str], what: &str) {
    let ended = place.fed(&format!("filter --index index.tlx --reader C-1001 {key}"), TEXT);
    assert!(VALUES.iter().all(|value| !ended.err.contains(value)), "{what}: {ended:?}");
    match ended.code {
        Some(0) => assert!(expected.contains(&ended.out.as_str()), "{what}: {ended:?}"),
        Some(1 | 2) => ended.refused_at_once(ended.code.unwrap(), &["index.tlx"]),
        _ => panic!("{what}: {ended:?}"),
    }
}

fn put(path: &Path, content: &[u8]) {
    std::fs::remove_file(path).unwrap();
    std::fs::write(path, content).unwrap();
}

/// Thirty corruptions of an index of several segments, and thirty of one that is sealed.
#[test]
fn sixty_corruptions_are_noticed() {
    for (key, encrypt) in [("", ""), ("--key-file one.key", "--encrypt --key-file one.key")] {
        let place = Place::new();
        let mut rows = PEOPLE.to_owned();
        (0..40).for_each(|n| rows += &format!("X-{n},,x{n}@example.com,,,,,\n"));
        place.write("people.csv", rows).write("one.key", [1; 32]);
        place.run(&format!("index build people.csv -o index.tlx {encrypt}")).well();
        place.write("more.csv", "customer_id,email\nC-7,eve@example.com\nX-3,new@example.com\n");
        place.run(&format!("index update index.tlx more.csv {key}")).well();
        place.run(&format!("index build people.csv -o other.tlx {encrypt}")).well();
        let whole = place.fed(&format!("filter --index index.tlx --reader C-1001 {key}"), TEXT).out;
        let (files, foreign) = (place.files("index.tlx"), place.files("other.tlx"));
        assert_eq!(files.len(), 13, "two segments and a manifest");
        println!("seed 19");
        let mut random = Seeded(19);
        for round in 0..30 {
            let path = &files[random.below(files.len())];
            let content = std::fs::read(path).unwrap();
            let other = match random.below(2) {
                0 => &files[random.below(files.len())],
                _ => &foreign[random.below(foreign.len())],
            };
            let what = match round % 5 {
                0 => {
                    put(path, &content[..random.below(content.len())]);
                    "cut short"
                }
                1 => {
                    let mut flipped = content.clone();
                    flipped[random.below(content.len())] ^= 1 << random.below(8);
                    put(path, &flipped);
                    "flipped"
                }
                2 => {
                    std::fs::remove_file(path).unwrap();
                    "missing"
                }
                3 => {
                    let swapped = std::fs::read(&files[random.below(files.len())]).unwrap();
                    put(path, &swapped);
                    "swapped"
                }
                _ => {
                    put(path, &std::fs::read(other).unwrap());
                    "foreign"
                }
            };
            // Another index's manifest speaks of files that are not there; one and the same file may be taken for itself.
            refused_or_whole(&place, key, &[&whole], &format!("{what} {path:?}, round {round}"));
            let _ = std::fs::remove_file(path);
            std::fs::write(path, &content).unwrap();
        }
        assert_eq!(place.fed(&format!("filter --index index.tlx --reader C-1001 {key}"), TEXT).out, whole);
    }
}

/// Twenty writers that are killed while they update and compact a sealed index.
#[test]
fn a_writer_that_is_killed_leaves_a_sealed_index() {
    let place = Place::new();
    let rows = |from: usize, domain: &str| -> String {
        let row = |n| format!("C-{n:05},person{n}@{domain},Givenname{n} Family{n}\n");
        "customer_id,email,name\n".to_owned() + &(from..from + 1_500).map(row).collect::<String>()
    };
    place.write("one.key", [1; 32]).write("customers.csv", rows(0, "example.com"));
    place.run("index build customers.csv -o index.tlx --encrypt --key-file one.key").well();
    let mut random = Seeded(23);
    for round in 0..20 {
        place.write(
            "changed.csv",
            rows(1_400, "example.org").lines().take(102).collect::<Vec<_>>().join("\n"),
        );
        let change: &[&str] = match round % 2 {
            0 => &["index", "update", "index.tlx", "changed.csv", "--key-file", "one.key"],
            _ => &["index", "compact", "index.tlx", "--key-file", "one.key"],
        };
        place.kill(change, std::time::Duration::from_millis(random.below(300) as u64));
        let said = place.run("index verify index.tlx --key-file one.key").quietly();
        assert!(said.contains("(1500 owners)") || said.contains("(1501 owners)"), "round {round}: {said}");
        let (old, new) = ("person1450@example.com", "person1450@example.org");
        let out = place.fed("filter --index index.tlx --key-file one.key", format!("{old} {new}")).out;
        assert!(out == format!("[EMAIL] {new}") || out == format!("{old} [EMAIL]"), "round {round}: {out}");
        says_nothing(&place, &["example.com", "Givenname7", "C-00007"]);
    }
    place.run("index update index.tlx changed.csv --key-file one.key").well();
    place.run("index compact index.tlx --key-file one.key").well();
    assert_eq!(place.files("index.tlx").len(), 7);
    says_nothing(&place, &["example.org", "example.com"]);
}

#[test]
fn what_may_be_written_to_is_not_mapped() {
    let place = Place::with_index();
    let said = |load: &str| {
        place.fed(&format!("filter --index index.tlx --reader C-1001 --load {load}"), TEXT).quietly()
    };
    let expected = said("mmap");
    assert_eq!(said("heap"), expected);
    let bytes = |info: String| -> u64 {
        let line = info.lines().find(|line| line.contains("memory when open")).unwrap().to_owned();
        line.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap()
    };
    let mapped = bytes(place.run("index info index.tlx").quietly());
    for path in place.files("index.tlx") {
        let mut permissions = std::fs::metadata(&path).unwrap().permissions();
        #[expect(clippy::permissions_set_readonly_false, reason = "that is what is tested")]
        permissions.set_readonly(false);
        std::fs::set_permissions(&path, permissions).unwrap();
    }
    assert!(bytes(place.run("index info index.tlx").quietly()) > mapped);
    assert_eq!(said("mmap"), expected);
    place.run("filter --index index.tlx --load disk").refused(2, &["mmap or heap"]);
}
