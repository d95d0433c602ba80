//! What is similar, said again and naively: every key against the whole text.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use tightlip::{Identifier, Index, IndexBuilder, Kind, Policy, Reader, Session};

const WORDS: &[&str] = &["ann", "anna", "anne", "leo", "lee", "christopher", "o", "an1", "x22"];
const DOMAINS: &[&str] = &["ex.com", "ex.org", "mail.ex.com"];

fn email() -> impl Strategy<Value = String> {
    let words = prop::collection::vec(prop::sample::select(WORDS), 1..4);
    let joint = prop::sample::select(&[".", "", "-", "_"][..]);
    (words, joint, prop::sample::select(DOMAINS))
        .prop_map(|(words, joint, domain)| format!("{}@{domain}", words.join(joint)))
}

/// Where, how and with what a text is changed.
type Edit = (usize, u8, char);

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let letters = prop::sample::select(&['a', 'e', 'n', 'l', '.', '1', '2', 'x', '@', '-'][..]);
    prop::collection::vec((any::<usize>(), 0..4_u8, letters), 0..3)
}

fn edited(text: &str, edits: &[Edit]) -> String {
    let mut text: Vec<char> = text.chars().collect();
    for (at, how, with) in edits {
        let at = at % (text.len() - 1);
        match how {
            0 => text[at] = *with,
            1 => drop(text.remove(at)),
            2 => text.insert(at, *with),
            _ => text.swap(at, at + 1),
        }
    }
    text.into_iter().collect()
}

#[test]
fn what_is_similar_is_what_the_oracle_says() {
    let cases = (prop::collection::vec(email(), 1..7), prop::collection::vec((any::<usize>(), edits()), 10));
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut found = [0; 2];
    for _ in 0..400 {
        let (listed, texts) = cases.new_tree(&mut runner).unwrap().current();
        let keys: BTreeSet<String> = listed.iter().cloned().collect();
        let folder = tempfile::tempdir().unwrap();
        let fast = index(&keys, folder.path());
        let slow = Index::without_openings(folder.path().join("index")).unwrap();
        for (which, edits) in texts {
            let text = edited(&listed[which % listed.len()], &edits);
            let expected = keys.contains(&text) || keys.iter().any(|key| is_similar(&text, key, &keys));
            for index in [&fast, &slow] {
                for size in [1, 4, 1000] {
                    let safe = safe(index, &format!("It is <{text}>."), size);
                    let is_whole = safe == "It is <[EMAIL]>.";
                    // A part of it may be a value of its own.
                    assert!(
                        is_whole == expected || !expected && safe.contains("[EMAIL]"),
                        "{text} of {keys:?}: {safe}"
                    );
                }
            }
            found[usize::from(expected)] += 1;
        }
    }
    assert!(found.iter().all(|found| *found > 500), "{found:?}");
}

/// `c` may begin a letter that is spelled, `com` no address: it is let go as in one piece.
#[test]
fn a_word_that_is_held_for_something_else_is_let_go() {
    let folder = tempfile::tempdir().unwrap();
    let index = index(&["ann@example.com".into()].into(), folder.path());
    let policy = Policy::built_in("strict").unwrap();
    let held = |size: usize| {
        let mut checker = Session::new(&index, &policy, Reader::stranger()).checker();
        let pieces = "It is ex**.com".as_bytes().chunks(size).map(|piece| str::from_utf8(piece).unwrap());
        for piece in pieces {
            let _ = checker.push(piece, &mut String::new());
        }
        checker.held()
    };
    assert_eq!([held(1), held(4), held(1000)], [0, 0, 0]);
}

fn index(keys: &BTreeSet<String>, folder: &std::path::Path) -> Index {
    let mut builder = IndexBuilder::new();
    for key in keys {
        builder.add(Identifier { owner: "C-1", kind: Kind::Email, text: key }).unwrap();
    }
    builder.finish(folder.join("index")).unwrap()
}

fn safe(index: &Index, text: &str, size: usize) -> String {
    let policy = Policy::from_toml("[similar]\nkinds = ['email']").unwrap();
    let (mut checker, mut safe) = (Session::new(index, &policy, Reader::stranger()).checker(), String::new());
    for at in (0..text.len()).step_by(size) {
        let _ = checker.push(&text[at..(at + size).min(text.len())], &mut safe);
    }
    let _ = checker.finish(&mut safe);
    safe
}

/// The rule: one slip, not in the first character, not in a number, and no earlier than the word in which the keys do not go on.
fn is_similar(text: &str, key: &str, keys: &BTreeSet<String>) -> bool {
    let (t, k) = (text.as_bytes(), key.as_bytes());
    let same = t.iter().zip(k).take_while(|(t, k)| t == k).count();
    let ends_well = t.last().is_some_and(u8::is_ascii_alphanumeric);
    k.len() >= 8 && same >= 1 && ends_well && same >= first(text, keys) && kind_of_slip(t, k, same)
}

fn kind_of_slip(t: &[u8], k: &[u8], at: usize) -> bool {
    let digit = |of: &[u8], at: usize| of.get(at).is_some_and(u8::is_ascii_digit);
    let stray =
        |at: usize| t.get(at + 1).is_some_and(u8::is_ascii_alphabetic) && !(at > 0 && digit(t, at - 1));
    let put_in = t.len() == k.len() + 1 && t[at + 1..] == k[at..];
    let left_out = k.len() == t.len() + 1 && k[at + 1..] == t[at..];
    let same_length = t.len() == k.len() && t != k;
    let changed = same_length && t[at + 1..] == k[at + 1..];
    let exchanged =
        same_length && at + 1 < t.len() && t[at..at + 2] == [k[at + 1], k[at]] && t[at + 2..] == k[at + 2..];
    let right = put_in && (!digit(t, at) || stray(at))
        || left_out && !digit(k, at)
        || changed && (!digit(t, at) || !digit(k, at) && stray(at))
        || exchanged && !(digit(k, at) && digit(k, at + 1));
    right && !short(k, at)
}

/// A word of one or two letters, away from digits and the dots and the sign of an address.
fn short(of: &[u8], at: usize) -> bool {
    let begin = of[..at].iter().rposition(|b| !b.is_ascii_alphabetic()).map_or(0, |at| at + 1);
    let end = of[at..].iter().position(|b| !b.is_ascii_alphabetic()).map_or(of.len(), |n| at + n);
    let joins = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_digit() || matches!(b, b'.' | b'@'));
    let before = begin.checked_sub(1).and_then(|at| of.get(at));
    end > at && end - begin <= 2 && !joins(before) && !joins(of.get(end))
}

fn first(text: &str, keys: &BTreeSet<String>) -> usize {
    let text = text.as_bytes();
    let dies = keys
        .iter()
        .map(|key| text.iter().zip(key.as_bytes()).take_while(|(t, k)| t == k).count())
        .max()
        .unwrap();
    let class = |at: usize| text.get(at).map(|b| (b.is_ascii_digit(), b.is_ascii_alphabetic()));
    let mut word = dies;
    while word > 0
        && class(word).is_some_and(|(digit, letter)| digit || letter)
        && class(word) == class(word - 1)
    {
        word -= 1;
    }
    word.min(dies.saturating_sub(2)).max(dies.saturating_sub(8))
}
