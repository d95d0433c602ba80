//! What is told by the looks of a text: patterns, held as exactly as known values, and the blind cadence, which shows nothing of the index.
//!
//! `TIGHTLIP_SEED` and `TIGHTLIP_TIMES` are those of `laws.rs`.

mod response;

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestCaseError, TestRng, TestRunner};
use regex::Regex;
use response::{check, cut, edits};
use tightlip::{Identifier, Index, IndexBuilder, Kind, Policy, Reader, Session, Verdict};

const NO_READINGS: &str = "
    [readings]
    escapes = false
    markup = false
    words = false
    letters = false
    encodings = false
    ciphers = false";

const PATTERNS: &str = "
    [together]
    kinds = []
    [patterns]
    email = 'redact'
    card = 'redact'";

const EVERY_PATTERN: &str = "
    email = 'redact'
    phone = 'redact'
    iban = 'redact'
    card = 'redact'
    national_id = 'redact'
    ip = 'redact'
    secret = 'redact'";

/// What values that look like some are made of, whole and in parts.
const FRAGMENTS: &[&str] = &[
    "ann@ex.com",
    "ann@ex.co",
    "x.y+z@a-b.org",
    "ann",
    "@",
    ".",
    "-",
    "ex.com",
    ".co",
    " ",
    " ",
    ", ",
    "4242",
    " 4242",
    "4242424242424242",
    "4242 4242 4242 4242",
    "-4242",
    "5555",
    "4444",
    "37",
    "8282",
    "246310005",
    "1",
    "the",
    "Order",
    "(",
    ")",
    "+",
    "+49 30 12",
    "202-555-0187",
    "020 79",
    "GB29 NWBK 6016 1331 9268 19",
    "DE89",
    "370400440532013000",
    "078-05-1120",
    "192.0.2.17",
    ":",
    "::1",
    "sk-a1b2c3d4e5f6g7h8",
    "i9",
    "é",
    "\u{200b}",
    "４２",
    "李",
    "ж",
    "\n",
    "x",
    "_",
];

fn text(most: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(FRAGMENTS), 0..=most).prop_map(|fragments| fragments.concat())
}

#[test]
fn patterns_do_not_depend_on_cuts() {
    let policies = [
        format!("[patterns]{EVERY_PATTERN}"),
        format!("extends = 'observe'\n[patterns]{}", EVERY_PATTERN.replace("redact", "observe")),
        "[patterns]\ncard = 'stop'\nemail = 'observe'\nphone = 'redact'".to_owned(),
        "[kinds]\nemail = 'stop'\n[patterns]\nsecret = 'stop'\nemail = 'stop'\nphone = 'observe'".to_owned(),
        "extends = 'closed'\n[redact]\nstyle = 'pseudonym'".to_owned(),
        "[hold]\ncadence = 'blind'".to_owned(),
    ];
    let index = index(&[
        ("C-0", Kind::Email, "ann@ex.com"),
        ("C-1", Kind::Phone, "+49 30 12555"),
        ("C-1", Kind::Card, "4242424242424242"),
        ("C-1", Kind::Name, "Ann Ex"),
        ("C-1", Kind::City, "Order"),
    ]);
    run(800, (text(9), 0..policies.len()), |(text, policy)| {
        let policy = Policy::from_toml(&policies[policy]).unwrap();
        for reader in [Reader::customer("C-0"), Reader::customer("C-1"), Reader::stranger()] {
            let whole = check(&index, &policy, &reader, [text.as_str()]);
            let (edits, decided) = edits(&index, &policy, &reader, &text);
            prop_assert!(decided == text.len() as u64 || whole.ending == Verdict::Stop);
            prop_assert!(edits.windows(2).all(|two| two[0].span.end <= two[1].span.start));
            let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            let pieces = check(&index, &policy, &reader, cut(&text, &places));
            prop_assert_eq!(&whole, &pieces, "{:?}", text);
            let halves: Vec<usize> = places.into_iter().filter(|at| at % 5 == 3).collect();
            let pieces = check(&index, &policy, &reader, cut(&text, &halves));
            prop_assert_eq!(&whole, &pieces, "{:?} cut at {:?}", text, halves);
        }
        Ok(())
    });
}

/// Law 4 for patterns: what is held is what some continuation would make part of a value.
#[test]
fn only_what_could_still_look_like_a_value_is_held() {
    let index = index(&[("C-1", Kind::Username, "nobody_at_all")]);
    let policy = Policy::from_toml(&format!("{PATTERNS}{NO_READINGS}")).unwrap();
    let oracle = Oracle::new();
    run(20, text(5), |text| {
        let text: String =
            text.chars().filter(|c| !matches!(c, '\u{200b}' | 'é' | '４' | '２')).take(30).collect();
        let mut checker = Session::new(&index, &policy, Reader::stranger()).checker();
        let mut safe = String::new();
        for (at, c) in text.char_indices() {
            let prefix = &text[..at + c.len_utf8()];
            let _ = checker.push(c.encode_utf8(&mut [0; 4]), &mut safe);
            prop_assert_eq!(checker.held(), oracle.undecided(prefix), "held of {:?}", prefix);
        }
        Ok(())
    });
}

/// What looks like an email address or a card, by another engine that reads whole texts.
struct Oracle {
    email: Regex,
    card: Regex,
    continuations: Vec<String>,
}

impl Oracle {
    fn new() -> Self {
        let mut continuations: BTreeSet<String> =
            ["", " ", "x", "1", ".x", ".1", "-x.x", "x.x", "a@b.co", "@b.co"].map(String::from).into();
        let tails = |text: &str| (0..text.len()).map(|at| text[at..].to_owned()).collect::<Vec<_>>();
        continuations.extend(tails("a@bb.com"));
        for check in '0'..='9' {
            for start in ["", "4", "5", "2221", "3700", "6", "3000", "3528"] {
                for zeros in 0..16 {
                    continuations
                        .extend(tails(&format!("{start}{}{check}", "0".repeat(zeros))).into_iter().take(4));
                }
            }
        }
        Self {
            email: Regex::new(
                r"^[a-z0-9_ж][a-z0-9._%+'\-ж]{0,63}@([a-z0-9ж]([a-z0-9ж-]{0,61}[a-z0-9ж])?\.){1,8}[a-zж]{2,24}$",
            )
            .unwrap(),
            card: Regex::new(
                r"^((4\d{3}|5[0-8]\d{2}|6\d{3}|222[1-9]|22[3-9]\d|2[3-6]\d{2}|27[01]\d|2720|35\d{2})([ .-]{0,3}\d{4}){2,3}([ .-]{0,3}\d{1,3})?|3[47]\d{2}[ .-]{0,3}\d{6}[ .-]{0,3}\d{5}|3[0689]\d{2}[ .-]{0,3}\d{6}[ .-]{0,3}\d{4})$",
            )
            .unwrap(),
            continuations: continuations.into_iter().collect(),
        }
    }

    /// The longest value of either kind from every place on.
    fn find(&self, text: &str) -> BTreeSet<(usize, usize, bool)> {
        let symbols: Vec<char> = text.chars().map(fold).collect();
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let mut found = BTreeSet::new();
        for start in
            (0..symbols.len()).filter(|at| !is_word(symbols[*at]) || *at == 0 || !is_word(symbols[at - 1]))
        {
            let before = |n: usize| start.checked_sub(n).map(|at| symbols[at]);
            for is_email in [true, false] {
                let barred = match before(1) {
                    Some(near) if is_email => ".-+%".contains(near) && before(2).is_some_and(is_word),
                    Some(near) => near == '.' && before(2).is_some_and(|far| far.is_ascii_digit()),
                    None => false,
                };
                let longest = (start + 1..=symbols.len()).rev().find(|end| {
                    let value: String = symbols[start..*end].iter().collect();
                    ends(&symbols, *end, is_email)
                        && if is_email {
                            self.email.is_match(&value)
                        } else {
                            self.card.is_match(&value) && luhn(&value)
                        }
                });
                if let Some(end) = longest.filter(|_| !barred) {
                    found.insert((places[start], places[end], is_email));
                }
            }
        }
        found
    }

    /// How many bytes at the end some continuation decides otherwise than another.
    fn undecided(&self, prefix: &str) -> usize {
        let ended = self.find(prefix);
        let (mut certain, mut first) = (ended.clone(), usize::MAX);
        for continuation in &self.continuations {
            let found = self.find(&format!("{prefix}{continuation}"));
            let found: BTreeSet<_> = found.into_iter().filter(|(start, ..)| *start < prefix.len()).collect();
            first = found.symmetric_difference(&ended).map(|(start, ..)| *start).fold(first, usize::min);
            certain = certain.intersection(&found).copied().collect();
        }
        let mut merged: Vec<(usize, usize)> = Vec::new();
        for (start, end, _) in certain {
            match merged.last_mut() {
                Some(last) if start < last.1 => last.1 = last.1.max(end),
                _ => merged.push((start, end)),
            }
        }
        let across = merged.into_iter().find(|(start, end)| *start < first && first < *end);
        prefix.len() - across.map_or(first, |(start, _)| start).min(prefix.len())
    }
}

fn fold(c: char) -> char {
    if c.is_whitespace() { ' ' } else { c.to_ascii_lowercase() }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | 'ж')
}

/// Whether a value ends here, by what stands behind it.
fn ends(symbols: &[char], end: usize, is_email: bool) -> bool {
    let at = |place: usize| symbols.get(place).copied();
    let is_word_at = |place: usize| at(place).is_some_and(is_word);
    if is_word_at(end) && is_word(symbols[end - 1]) {
        return false;
    }
    match (at(end), is_email) {
        (Some('.'), true) => !is_word_at(end + 1),
        (Some('.'), false) => !at(end + 1).is_some_and(|c| c.is_ascii_digit()),
        (Some('-'), true) => {
            let label = symbols[end + 1..].iter().take(63).take_while(|c| is_word(**c) || **c == '-').count();
            !(label > 0 && at(end + 1 + label) == Some('.') && is_word_at(end + 2 + label))
        }
        _ => true,
    }
}

fn luhn(value: &str) -> bool {
    let digits = value.chars().rev().filter_map(|c| c.to_digit(10));
    let sum: u32 = digits
        .enumerate()
        .map(|(at, digit)| if at % 2 == 1 { digit * 2 / 10 + digit * 2 % 10 } else { digit })
        .sum();
    sum.is_multiple_of(10)
}

/// In a blind cadence what leaves when is the same for every index with which the same is found. Of strong kinds; of values of several words it shows.
#[test]
fn a_blind_cadence_shows_nothing_of_the_index() {
    let values: &[(Kind, &str)] = &[
        (Kind::Email, "ann@ex.com"),
        (Kind::Email, "ann.lee@ex.com.au"),
        (Kind::Email, "lee@a-b.co"),
        (Kind::Email, "order7@ex.com"),
        (Kind::Phone, "+1 4155550104"),
        (Kind::Phone, "+44 2079460018"),
        (Kind::Username, "ann_lee"),
        (Kind::Username, "lee.x1"),
        (Kind::Reference, "AB12345"),
        (Kind::Reference, "AB12345-77"),
        (Kind::Reference, "AN 4155 LEE"),
        (Kind::Account, "415-555"),
        (Kind::Card, "4242424242424242"),
        (Kind::Iban, "GB29 NWBK 6016 1331 9268 19"),
        (Kind::NationalId, "078-05-1120"),
        (Kind::Ip, "192.0.2.17"),
    ];
    const OTHERS: &[&str] = &[
        " ", " ", ", ", ". ", "-", ".", "\n", " (", "x", "_", "@", "+", "; ", "the", "Ann", "and", "order",
        "4", "415", "$", "é", "\u{200b}", "'s", "李",
    ];
    let part = (prop::sample::select(values), 0..3_usize, 1..30_usize)
        .prop_map(|((_, value), from, most)| value.chars().skip(from).take(most).collect::<String>());
    let token = prop_oneof![2 => part, 3 => prop::sample::select(OTHERS).prop_map(str::to_owned)];
    let text = prop::collection::vec(token, 0..10).prop_map(|tokens| tokens.concat());
    let some = || prop::collection::vec(prop::sample::select(values), 0..6);
    let policy =
        Policy::from_toml(&format!("[together]\nkinds = []\n[hold]\ncadence = 'blind'{NO_READINGS}"))
            .unwrap();
    let compared = std::cell::Cell::new((0, 0));
    run(800, (text, some(), some()), |(text, some, others)| {
        let boundaries = |known: &[(Kind, &'static str)]| {
            let known: Vec<_> = known.iter().map(|(kind, text)| ("C-1", kind.clone(), *text)).collect();
            let mut checker = Session::new(&index(&known), &policy, Reader::stranger()).checker();
            let (mut out, mut released) = (String::new(), Vec::new());
            for (at, c) in text.char_indices() {
                let _ = checker.push(c.encode_utf8(&mut [0; 4]), &mut out);
                released.push(at + c.len_utf8() - checker.held());
            }
            let _ = checker.finish(&mut out);
            let found: Vec<_> = checker.findings().iter().map(|f| (f.kind.clone(), f.span.clone())).collect();
            (found, released)
        };
        let (left, right) = (boundaries(&some), boundaries(&others));
        let (all, same) = compared.get();
        compared.set((all + 1, same + usize::from(left.0 == right.0)));
        if left.0 == right.0 {
            prop_assert_eq!(left.1, right.1, "{:?} beside {:?} and {:?}", text, some, others);
        }
        Ok(())
    });
    let (all, same) = compared.get();
    assert!(same * 2 > all, "most texts are compared");
}

#[test]
fn a_piece_with_nothing_in_it_releases_nothing() {
    let policy = Policy::built_in("closed").unwrap();
    let index = index(&[("C-1", Kind::Email, "ann@ex.com")]);
    for text in [".", "wo", "4155", "It is a"] {
        let (mut checker, mut out) =
            (Session::new(&index, &policy, Reader::stranger()).checker(), String::new());
        let _ = checker.push(text, &mut out);
        let held = checker.held();
        let _ = checker.push("", &mut out);
        assert_eq!((held > 0, checker.held()), (true, held), "{text}");
    }
}

fn index(known: &[(&str, Kind, &str)]) -> Index {
    let mut builder = IndexBuilder::new();
    for (owner, kind, text) in known {
        builder.add(Identifier { owner, kind: kind.clone(), text }).unwrap();
    }
    builder.finish_in_memory().unwrap()
}

fn run<S: Strategy>(cases: u32, strategy: S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let said = |name| std::env::var(name).ok();
    let number = |name| said(name).and_then(|number| number.parse::<u64>().ok());
    let now = || std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_nanos() as u64);
    let is_random = said("TIGHTLIP_SEED").is_some_and(|seed| seed == "random");
    let seed = if is_random { now() } else { number("TIGHTLIP_SEED").unwrap_or(1) };
    let cases = cases * number("TIGHTLIP_TIMES").unwrap_or(1) as u32;
    println!("TIGHTLIP_SEED={seed}");
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, blake3::hash(&seed.to_le_bytes()).as_bytes());
    if let Err(failure) = TestRunner::new_with_rng(config, rng).run(&strategy, test) {
        panic!("{failure}");
    }
}
