//! An index that was changed says the same as one that was built anew from what it holds; its owners keep their numbers, and what was erased is gone.

use std::collections::BTreeMap;

use tightlip::{Identifier, Index, IndexBuilder, Kind, Policy, Reader, Session, Verdict};

/// Numbers that look random and are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// Who is known, by name, and their values.
type People = BTreeMap<String, Vec<(Kind, String)>>;

fn person(random: &mut Random) -> Vec<(Kind, String)> {
    const FIRST: [&str; 4] = ["Ann", "Bob", "Elizabeth", "José"];
    const LAST: [&str; 4] = ["Lee", "de la Cruz", "Smith-Jones", "Ray"];
    let number = random.below(30);
    let name = format!("{} {}", FIRST[random.below(4) as usize], LAST[random.below(4) as usize]);
    vec![
        (Kind::Email, format!("person{number}@example.com")),
        (Kind::Phone, format!("+1 415 555 01{number:02}")),
        (Kind::Name, name),
        (Kind::Address, format!("{} Oak Street, Springfield", 1 + random.below(9))),
    ]
}

fn add(builder: &mut IndexBuilder, people: &People) {
    for (owner, values) in people {
        for (kind, text) in values {
            builder.add(Identifier { owner, kind: kind.clone(), text }).unwrap();
        }
    }
}

/// What everybody reads of a text that says everything, and what was found.
fn read(index: &Index, people: &People, text: &str) -> Vec<(String, Vec<String>)> {
    let readers = people.keys().step_by(7).map(Reader::customer).chain([Reader::stranger()]);
    readers
        .map(|reader| {
            let mut checker = Session::new(index, &Policy::strict(), reader).checker();
            let mut out = String::new();
            assert_eq!(checker.push(text, &mut out), Verdict::Continue);
            let _ = checker.finish(&mut out);
            let found = checker.findings().iter();
            (out, found.map(|f| format!("{} {:?} {}", f.kind, f.span, f.owners)).collect())
        })
        .collect()
}

#[test]
fn a_changed_index_is_one_that_was_built_of_what_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let mut most_segments = 0;
    for (seed, reversed) in [(1, false), (2, true)] {
        let (path, mut random) = (folder.path().join(format!("{seed}.tlx")), Random(seed));
        let mut people: People = (0..120).map(|n| (format!("C-{:03}", 2 * n), person(&mut random))).collect();
        let mut builder = IndexBuilder::new().reversed(reversed);
        add(&mut builder, &people);
        let first = builder.finish(&path).unwrap().info();
        let mut texts: Vec<String> = people.values().flatten().map(|(_, text)| text.clone()).collect();
        for generation in 2..6 {
            // A small segment stays behind a larger one.
            let changes = if generation == 2 { 12 } else { 1 };
            let changed: People =
                (0..changes).map(|_| (format!("C-{:03}", random.below(240)), person(&mut random))).collect();
            texts.extend(changed.values().flatten().map(|(_, text)| text.clone()));
            let mut builder = IndexBuilder::updating(&path).unwrap();
            add(&mut builder, &changed);
            people.extend(changed);
            let mut index = builder.finish(&path).unwrap();
            assert_eq!(index.info().generation, 2 * generation - 2);
            let gone = people.keys().nth(random.below(people.len() as u64) as usize).unwrap().clone();
            people.remove(&gone);
            let receipt = Index::erase(&path, [&*gone]).unwrap();
            assert!(receipt.owners[0].known && receipt.generation == 2 * generation - 1);
            let mut fresh = IndexBuilder::new().reversed(reversed);
            add(&mut fresh, &people);
            let fresh = fresh.finish_in_memory().unwrap();
            let text =
                texts.iter().map(|text| format!("{text}. {}. ", text.chars().rev().collect::<String>()));
            let text: String = text.collect();
            let expected = read(&fresh, &people, &text);
            index = index.reopen(&path).unwrap();
            assert!(!index.knows(&gone));
            most_segments = most_segments.max(index.info().segments.len());
            for (read, expected) in read(&index, &people, &text).iter().zip(&expected) {
                assert_eq!(
                    read,
                    expected,
                    "seed {seed}, generation {generation}, {} segments",
                    index.info().segments.len()
                );
            }
            let (info, new) = (index.info(), fresh.info());
            assert_eq!((info.owners, &info.identifiers), (new.owners, &new.identifiers), "seed {seed}");
            Index::verify(&path).unwrap();
            if generation == 5 {
                index = Index::compact(&path).unwrap();
                Index::verify(&path).unwrap();
                assert!(read(&index, &people, &text) == expected, "seed {seed}, compacted");
                let (info, new) = (index.info(), fresh.info());
                assert_eq!((info.owners, info.erased), (new.owners, 0));
                assert_eq!(info.identifiers, new.identifiers);
                assert!(first.generation == 1 && info.generation == 10);
                assert_eq!(info.segments.len(), 1);
            }
        }
    }
    assert!(most_segments > 2, "{most_segments}");
}

/// The same values of other people, in a segment behind the first.
#[test]
fn a_value_in_several_segments_is_one_value() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.tlx");
    let add = |builder: &mut IndexBuilder, owner: &str, kind: Kind, text: &str| {
        builder.add(Identifier { owner, kind, text }).unwrap();
    };
    let mut builder = IndexBuilder::new();
    for n in 0..60 {
        add(&mut builder, &format!("X-{n}"), Kind::Email, &format!("nobody{n}@example.com"));
    }
    add(&mut builder, "C-1", Kind::Email, "joint@example.com");
    add(&mut builder, "C-1", Kind::Name, "Zoltan Kovacs");
    builder.finish(&path).unwrap();
    let mut builder = IndexBuilder::updating(&path).unwrap();
    add(&mut builder, "C-2", Kind::Email, "joint@example.com");
    for n in 2..7 {
        add(&mut builder, &format!("C-{n}"), Kind::Name, "Zoltán Kovács");
    }
    let index = builder.finish(&path).unwrap();
    assert_eq!(index.info().segments.len(), 2);
    let says = |index: &Index, policy: &Policy, reader: &str, text: &str| {
        let mut checker = Session::new(index, policy, Reader::customer(reader)).checker();
        let mut out = String::new();
        let _ = checker.push(text, &mut out);
        let _ = checker.finish(&mut out);
        let owners: Vec<u32> = checker.findings().iter().map(|finding| finding.owners).collect();
        (out, owners)
    };
    // Each of its owners may read it, nobody else, and it is found once.
    for (index, which) in [(&index, "as written"), (&Index::open(&path).unwrap(), "as opened")] {
        for reader in ["C-1", "C-2"] {
            assert_eq!(
                says(index, &Policy::standard(), reader, "joint@example.com"),
                ("joint@example.com".into(), vec![]),
                "{which}"
            );
        }
        assert_eq!(
            says(index, &Policy::standard(), "C-3", "joint@example.com"),
            ("[EMAIL]".into(), vec![2]),
            "{which}"
        );
        // Six people share the name: that is not few.
        assert_eq!(says(index, &Policy::strict(), "X-1", "Zoltan Kovacs").0, "Zoltan Kovacs", "{which}");
    }
    Index::erase(&path, ["C-1", "C-6"]).unwrap();
    let index = index.reopen(&path).unwrap();
    assert_eq!(says(&index, &Policy::strict(), "X-1", "Zoltan Kovacs").0, "[NAME]", "four are few");
    assert_eq!(says(&index, &Policy::standard(), "C-3", "joint@example.com").1, [1]);
}

#[test]
fn an_owner_keeps_their_hash() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.tlx");
    let add = |builder: &mut IndexBuilder, owner: &str, text: &str| {
        builder.add(Identifier { owner, kind: Kind::Email, text }).unwrap();
    };
    let hash = |index: &Index, text: &str| {
        let mut checker = Session::new(index, &Policy::standard(), Reader::stranger()).checker();
        let _ = checker.push(text, &mut String::new());
        let _ = checker.finish(&mut String::new());
        checker.findings()[0].owner.clone()
    };
    let mut builder = IndexBuilder::new();
    add(&mut builder, "C-5", "ann@example.com");
    let before = hash(&builder.finish(&path).unwrap(), "ann@example.com");
    let mut builder = IndexBuilder::updating(&path).unwrap();
    add(&mut builder, "C-1", "bob@example.com");
    add(&mut builder, "C-5", "ann.lee@example.com");
    let index = builder.finish(&path).unwrap();
    assert_eq!(hash(&index, "ann.lee@example.com"), before);
    assert_ne!(hash(&index, "bob@example.com"), before);
}

#[test]
fn streams_that_run_withhold_what_was_erased_from_everyone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.tlx");
    let mut builder = IndexBuilder::new();
    builder.add(Identifier { owner: "C-1", kind: Kind::Email, text: "ann@example.com" }).unwrap();
    builder.add(Identifier { owner: "C-2", kind: Kind::Email, text: "bob@example.com" }).unwrap();
    let index = builder.finish(&path).unwrap();
    let mut checker = Session::new(&index, &Policy::standard(), Reader::customer("C-1")).checker();
    let mut out = String::new();
    let _ = checker.push("It is ann@example.com, ", &mut out);
    Index::erase(&path, ["C-1"]).unwrap();
    let newer = index.reopen(&path).unwrap();
    let _ = checker.push("yes, ann@example.com and bob@example.com. ", &mut out);
    let _ = checker.finish(&mut out);
    assert_eq!(out, "It is ann@example.com, yes, [EMAIL] and [EMAIL]. ");
    let mut out = String::new();
    let mut later = Session::new(&newer, &Policy::standard(), Reader::customer("C-1")).checker();
    let _ = later.push("ann@example.com ", &mut out);
    let _ = later.finish(&mut out);
    assert_eq!(out, "ann@example.com ");
}

#[test]
fn one_writer_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.tlx");
    let mut builder = IndexBuilder::new();
    builder.add(Identifier { owner: "C-1", kind: Kind::Email, text: "ann@example.com" }).unwrap();
    builder.finish(&path).unwrap();
    let updating = IndexBuilder::updating(&path).unwrap();
    let error = Index::erase(&path, ["C-1"]).unwrap_err().to_string();
    assert!(error.ends_with("is being changed by another process; try again when it has ended"), "{error}");
    assert!(IndexBuilder::updating(&path).is_err());
    drop(updating);
    assert_eq!(Index::erase(&path, ["C-1"]).unwrap().generation, 2);
}
