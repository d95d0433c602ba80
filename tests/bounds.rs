//! Everything that grows has an end, and the end is a stop.

use tightlip::{Identifier, Index, IndexBuilder, Kind, Policy, Reader, Session, Verdict};

fn session(values: &[&str], policy: &str) -> Session {
    let mut builder = IndexBuilder::new();
    for text in values {
        builder.add(Identifier { owner: "C-1", kind: Kind::Name, text }).unwrap();
    }
    let index = builder.finish_in_memory().unwrap();
    Session::new(&index, &Policy::from_toml(policy).unwrap(), Reader::stranger())
}

#[test]
fn an_endless_chain_of_values_stops_the_response_at_the_same_byte_however_it_is_cut() {
    let session = || session(&["Ann Lee", "Lee Ann"], "stop_message = 'No.'\n[kinds]\nname = 'redact'");
    let text = format!("so {}", "Ann Lee ".repeat(200_000));
    let ends = [1 << 30, 4096, 1000, 7].map(|piece| {
        let (mut checker, mut out, mut fed, mut most) = (session().checker(), String::new(), 0, 0);
        for start in (0..text.len()).step_by(piece) {
            let end = (start + piece).min(text.len());
            let verdict = checker.push(&text[start..end], &mut out);
            most = most.max(checker.held());
            fed = end;
            if verdict == Verdict::Stop {
                break;
            }
        }
        assert_eq!(checker.push(" more", &mut out), Verdict::Stop);
        assert_eq!(checker.held(), 0);
        assert!(most <= (1 << 20) + 64, "{most} bytes were held");
        assert!(fed == text.len() || fed < (1 << 20) + 5000);
        (out, checker.findings().len())
    });
    assert_eq!(ends[0].0, "so No.");
    assert!(ends.iter().all(|end| *end == ends[0]));
}

#[test]
fn what_cannot_be_seen_does_not_hold_text_for_ever() {
    let session = session(&["Ann Lee"], "[kinds]\nname = 'redact'");
    for (count, held) in [(40, 4 + 40 * 3), (43, 0), (10_000, 0)] {
        let (mut checker, mut out) = (session.checker(), String::new());
        let _ = checker.push("Ann ", &mut out);
        for _ in 0..count {
            let _ = checker.push("\u{200b}", &mut out);
        }
        assert_eq!(checker.held(), held, "after {count} characters that fold to nothing");
        let _ = checker.push("Lee", &mut out);
        let _ = checker.finish(&mut out);
        assert_eq!(out.contains("[NAME]"), held > 0);
    }
}

#[test]
fn what_a_reading_leaves_out_does_not_hold_text_for_ever() {
    let session = session(&["Ann Lee"], "[kinds]\nname = 'redact'");
    for (begun, sign) in [("Ann", "*"), ("Ann", "²"), ("Ann™", "²"), ("Ann ", "`")] {
        let (mut checker, mut out, mut most) = (session.checker(), String::new(), 0);
        let _ = checker.push(begun, &mut out);
        for _ in 0..2_000 {
            let _ = checker.push(sign, &mut out);
            most = most.max(checker.held());
        }
        let _ = checker.finish(&mut out);
        assert_eq!(out, format!("{begun}{}", sign.repeat(2_000)));
        assert!(most <= 256, "{most} bytes were held of {begun} and {sign}");
    }
}

#[test]
fn white_space_does_not_hold_text_for_ever() {
    let session = session(&["Ann Lee"], "[kinds]\nname = 'redact'");
    // A line break may be left out in another reading, which waits for what comes behind it.
    for (count, held) in [(64, 67), (66, 0)] {
        let (mut checker, mut out) = (session.checker(), String::new());
        let _ = checker.push("Ann", &mut out);
        for _ in 0..count {
            let _ = checker.push("\n", &mut out);
        }
        assert_eq!(checker.held(), held);
    }
}

/// `will dot becker12`, `in at example.com`: the next word is waited for only if it may be one for a sign that a key has there.
#[test]
fn a_word_is_held_for_the_signs_that_a_value_goes_on_with() {
    let mut builder = IndexBuilder::new();
    for text in ["will.becker12@example.com", "may_lee@example.com", "in@example.com"] {
        builder.add(Identifier { owner: "C-1", kind: Kind::Email, text }).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let fast = builder.finish(folder.path().join("index")).unwrap();
    let slow = Index::without_openings(folder.path().join("index")).unwrap();
    for (text, waits) in [
        ("so will ", true),
        ("so will d", true),
        ("so will p", true),
        ("so will a", false),
        ("so will h", false),
        ("so may u", true),
        ("so may h", false),
        ("so in a", true),
        ("so in d", false),
        ("so in t", false),
    ] {
        for index in [&fast, &slow] {
            for size in [1, 4, 100] {
                let mut checker = Session::new(index, &Policy::standard(), Reader::stranger()).checker();
                for piece in text.as_bytes().chunks(size) {
                    let _ = checker.push(str::from_utf8(piece).unwrap(), &mut String::new());
                }
                let held = &text[text.len() - checker.held()..];
                assert_eq!(held.contains(' '), waits, "{text} in pieces of {size}: {held}");
            }
        }
    }
}
