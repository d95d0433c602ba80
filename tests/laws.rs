//! The laws, on random dictionaries and random texts.
//!
//! Every run tries the same cases, so that a change is judged by what it changed. `TIGHTLIP_SEED=random cargo test --test laws` tries others and
//! prints their seed, `TIGHTLIP_SEED=…` repeats them, and `TIGHTLIP_TIMES=50` tries fifty times as many. Where the library has debug
//! assertions, text that has left and would be held again ends a test too.

mod oracle;
mod response;

use std::collections::BTreeSet;

use oracle::{DISGUISES, Found, Known, Oracle, is_invisible, merged};
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestCaseError, TestRng, TestRunner};
use response::{Response, check, cut, edits};
use tightlip::{Checker, Identifier, Index, IndexBuilder, Kind, Policy, Reader, Session, Verdict};

const READER: &str = "C-0";
const STRANGER: &str = "nobody";

/// Strong kinds alone.
const STRONG: &str = "[together]\nkinds = []";
/// Every kind alone.
const ALL: &str = "
    [kinds]
    name = 'redact'
    date_of_birth = 'redact'
    postcode = 'redact'
    city = 'redact'
    card_last4 = 'redact'
    [together]
    kinds = []";

/// What is written and nothing else.
const PLAIN: &str = "
    [readings]
    escapes = false
    markup = false
    words = false
    letters = false
    encodings = false
    ciphers = false";

#[test]
fn what_is_withheld_is_what_the_oracle_says() {
    run(1_500, (known(8), text(9), any::<bool>()), |(known, text, weak)| {
        let policy = Policy::from_toml(&format!("{}{PLAIN}", if weak { ALL } else { STRONG })).unwrap();
        let text = text.written(&known);
        let oracle = Oracle::new(&only(&known, weak), weak);
        let folder = tempfile::tempdir().unwrap();
        let fast = builder(&known).finish(folder.path().join("index")).unwrap();
        let slow = Index::without_openings(folder.path().join("index")).unwrap();
        for (index, reader) in [(&fast, READER), (&fast, STRANGER), (&slow, READER)] {
            let expected = merged(&oracle.find(&text, reader));
            let (edits, decided) = edits(index, &policy, &Reader::customer(reader), &text);
            let spans: Vec<_> =
                edits.iter().map(|edit| visible(&text, edit.span.start, edit.span.end)).collect();
            prop_assert_eq!(&spans, &expected, "{:?} read by {}", text, reader);
            prop_assert_eq!(decided, text.len() as u64);
            if spans.is_empty() {
                let whole = check(index, &policy, &Reader::customer(reader), [text.as_str()]);
                prop_assert_eq!(&whole.safe, &text, "clean text leaves as it came");
                prop_assert!(whole.findings.is_empty());
            }
        }
        Ok(())
    });
}

/// Other readings of a text find more than what is written, and nothing less.
#[test]
fn readings_only_add() {
    run(1_000, (known(8), text(9), any::<bool>()), |(known, text, weak)| {
        let policy = Policy::from_toml(if weak { ALL } else { STRONG }).unwrap();
        let text = text.written(&known);
        let index = builder(&known).finish_in_memory().unwrap();
        let oracle = Oracle::new(&only(&known, weak), weak);
        let (edits, _) = edits(&index, &policy, &Reader::customer(READER), &text);
        for (start, end) in merged(&oracle.find(&text, READER)) {
            let covers =
                |edit: &&tightlip::Edit| edit.span.start <= start as u64 && end as u64 <= edit.span.end;
            prop_assert!(edits.iter().any(|edit| covers(&edit)), "{:?} from {} to {}", text, start, end);
        }
        Ok(())
    });
}

#[test]
fn cuts_do_not_matter() {
    let policies = prop::sample::select(POLICIES);
    run(3_000, (known(8), text(12), policies, cuts(), cuts()), |(known, text, policy, some, others)| {
        let policy = Policy::from_toml(policy).unwrap();
        let text = text.written(&known);
        let index = builder(&known).finish_in_memory().unwrap();
        for reader in [Reader::customer(READER), Reader::stranger()] {
            let whole = check(&index, &policy, &reader, [text.as_str()]);
            for cuts in [&some, &others, &(0..text.len()).collect()] {
                let pieces = check(&index, &policy, &reader, cut(&text, &places(cuts, &text)));
                prop_assert_eq!(&whole, &pieces, "{:?} cut at {:?}", text, places(cuts, &text));
            }
        }
        Ok(())
    });
}

#[test]
fn what_has_left_is_never_taken_back() {
    run(
        1_500,
        (known(8), text(12), prop::sample::select(POLICIES), cuts()),
        |(known, text, policy, cuts)| {
            let policy = Policy::from_toml(policy).unwrap();
            let text = text.written(&known);
            let index = builder(&known).finish_in_memory().unwrap();
            let reader = Reader::customer(READER);
            let whole = check(&index, &policy, &reader, [text.as_str()]);
            let (edits, decided) = edits(&index, &policy, &reader, &text);
            let mut checker = Session::new(&index, &policy, reader).checker();
            let (mut safe, mut pushed) = (String::new(), 0);
            for piece in cut(&text, &places(&cuts, &text)) {
                let verdict = checker.push(piece, &mut safe);
                pushed += piece.len();
                prop_assert!(
                    whole.safe.starts_with(&safe),
                    "{:?} released {:?} of {:?}",
                    text,
                    safe,
                    whole.safe
                );
                if verdict == Verdict::Stop {
                    prop_assert_eq!(&safe, &whole.safe);
                    let rest = nothing_more_leaves(&mut checker, &text);
                    prop_assert_eq!(rest, "");
                    return Ok(());
                }
                // Of a withheld value nothing has left; of text behind what was released neither.
                let released = pushed - checker.held();
                prop_assert!(
                    edits
                        .iter()
                        .all(|edit| edit.span.end <= released as u64 || released as u64 <= edit.span.start)
                );
                prop_assert!(released as u64 <= decided);
                let mut expected = String::new();
                let mut at = 0;
                for edit in edits.iter().filter(|edit| edit.span.end <= released as u64) {
                    expected.push_str(&text[at..edit.span.start as usize]);
                    expected.push_str(&edit.replacement);
                    at = edit.span.end as usize;
                }
                expected.push_str(&text[at..released]);
                prop_assert_eq!(&safe, &expected);
            }
            // Dropped without `finish`, what is held is gone; finished, nothing more leaves.
            if pushed % 2 == 0 {
                let before = safe.clone();
                drop(checker);
                prop_assert_eq!(safe, before);
            } else {
                let _ = checker.finish(&mut safe);
                prop_assert_eq!(&safe, &whole.safe);
                let rest = nothing_more_leaves(&mut checker, &text);
                let message = if whole.ending == Verdict::Stop { policy.stop_message() } else { "" };
                prop_assert!(rest.is_empty(), "{rest:?} behind {message:?}");
            }
            Ok(())
        },
    );
}

/// Law 4. What is held is the shortest tail that some continuation would make part of a withheld value: every continuation that could matter
/// is tried, and what differs between them is undecided.
///
/// With the two slacks that the law states. A tail may turn out to be the reader's, so the reader here is a stranger. And a span that is
/// withheld already is held while a value that began inside it may still widen it.
#[test]
fn only_what_could_still_be_a_leak_is_held() {
    run(150, (known(3), text(4), any::<bool>()), |(known, text, weak)| {
        let policy = Policy::from_toml(&format!("{}{PLAIN}", if weak { ALL } else { STRONG })).unwrap();
        let text: String = text.written(&known).chars().take(28).collect();
        let index = builder(&known).finish_in_memory().unwrap();
        let oracle = Oracle::new(&only(&known, weak), weak);
        let continuations = continuations(&oracle);
        let (mut strangers, mut own) = (checker(&index, &policy, STRANGER), checker(&index, &policy, READER));
        let mut safe = String::new();
        for (at, c) in text.char_indices() {
            let prefix = &text[..at + c.len_utf8()];
            let piece = c.encode_utf8(&mut [0; 4]).to_owned();
            let _ = strangers.push(&piece, &mut safe);
            let _ = own.push(&piece, &mut safe);
            let expected = undecided(&oracle, prefix, &continuations, STRANGER);
            prop_assert_eq!(strangers.held(), expected, "held of {:?}", prefix);
            let least = undecided(&oracle, prefix, &continuations, READER);
            prop_assert!((least..=expected).contains(&own.held()), "held of {:?}: {}", prefix, own.held());
        }
        Ok(())
    });
}

/// What is held at any moment depends on the text so far, and not on its cuts: where another channel stops the response, the same has left.
#[test]
fn what_is_held_does_not_depend_on_cuts() {
    run(500, (known(8), text(6), prop::sample::select(POLICIES), cuts()), |(known, text, policy, cuts)| {
        let policy = Policy::from_toml(policy).unwrap();
        let text = text.written(&known);
        let index = builder(&known).finish_in_memory().unwrap();
        let (mut letters, mut safe) = (checker(&index, &policy, READER), String::new());
        for (at, c) in text.char_indices() {
            let _ = letters.push(c.encode_utf8(&mut [0; 4]), &mut safe);
            let prefix = &text[..at + c.len_utf8()];
            for pieces in [vec![prefix], cut(prefix, &places(&cuts, prefix))] {
                let (mut checker, mut other) = (checker(&index, &policy, READER), String::new());
                for piece in &pieces {
                    let _ = checker.push(piece, &mut other);
                }
                prop_assert_eq!(&safe, &other, "{:?} in {:?}", prefix, pieces);
            }
        }
        Ok(())
    });
}

#[test]
fn channels_share_evidence_whatever_the_cuts() {
    let turns = prop::collection::vec((0..2_usize, text(3), cuts()), 1..7);
    run(2_000, (known(8), turns, prop::sample::select(POLICIES)), |(known, turns, policy)| {
        let policy = Policy::from_toml(policy).unwrap();
        let index = builder(&known).finish_in_memory().unwrap();
        let turns: Vec<(usize, String, Vec<usize>)> =
            turns.into_iter().map(|(channel, text, cuts)| (channel, text.written(&known), cuts)).collect();
        let whole = converse(&index, &policy, &turns, |text, _| vec![text]);
        let pieces = converse(&index, &policy, &turns, |text, cuts| cut(text, &places(cuts, text)));
        prop_assert_eq!(&whole, &pieces, "{:?}", turns);
        let letters =
            converse(&index, &policy, &turns, |text, _| cut(text, &(0..text.len()).collect::<Vec<_>>()));
        prop_assert_eq!(&whole, &letters, "{:?}", turns);
        Ok(())
    });
}

/// Policies that withhold alone, together, observe and stop.
const POLICIES: &[&str] = &[
    STRONG,
    ALL,
    "",
    "extends = 'strict'",
    "extends = 'observe'",
    "extends = 'strict'\n[kinds]\nemail = 'stop'\n[together]\npeople = 9\n[similar]\nkinds = ['name', 'email', 'address', 'city']\nmin_length = 4",
    "[together]\npeople = 2",
    "[together]\nfacts = 3\npeople = 9",
    "[together]\nfacts = 1",
    "[hold]\nlook_ahead = 'sentence'",
    "[together]\naction = 'stop'",
    "[kinds]\nname = 'observe'\nphone = 'stop'\n[redact]\nstyle = 'pseudonym'",
    "[kinds]\ncity = 'stop'\nname = 'redact'\n[redact]\nstyle = 'mask'",
    "[together]\nkinds = ['name', 'city', 'email']\n[kinds]\nemail = 'observe'",
    "extends = 'closed'",
    EVERYTHING,
    "extends = 'closed'\n[kinds]\nphone = 'stop'\ncity = 'observe'\n[together]\nfacts = 3\npeople = 9\n[redact]\nstyle = 'pseudonym'",
];

/// Everything that a policy can turn on, as far as it goes.
const EVERYTHING: &str = "
    extends = 'closed'
    [kinds]
    name = 'redact'
    city = 'redact'
    card_last4 = 'redact'
    [similar]
    kinds = ['name', 'email', 'address', 'city']
    min_length = 4
    [partial]
    kinds = ['email', 'phone', 'account', 'iban', 'card', 'national_id', 'reference', 'postcode']
    [patterns]
    email = 'redact'
    phone = 'observe'
    card = 'stop'
    secret = 'redact'
    [uniform]
    kinds = ['email', 'phone', 'iban', 'card', 'national_id', 'ip', 'secret']";

/// What the two channels of one response say, the second one opened first.
fn converse<'a>(
    index: &Index,
    policy: &Policy,
    turns: &'a [(usize, String, Vec<usize>)],
    pieces: impl Fn(&'a str, &'a [usize]) -> Vec<&'a str>,
) -> [Response; 2] {
    let session = Session::new(index, policy, Reader::customer(READER));
    let mut channels = ["second", "first"].map(|name| session.channel(name));
    let mut responses =
        [(); 2].map(|()| Response { safe: String::new(), findings: vec![], ending: Verdict::Continue });
    for (channel, text, cuts) in turns {
        for piece in pieces(text, cuts) {
            if !piece.is_empty() {
                let _ = channels[*channel].push(piece, &mut responses[*channel].safe);
            }
        }
    }
    for (checker, response) in channels.iter_mut().zip(&mut responses) {
        response.ending = checker.finish(&mut response.safe);
        response.findings = checker.take_findings();
    }
    responses
}

fn nothing_more_leaves(checker: &mut Checker, text: &str) -> String {
    let mut rest = String::new();
    for piece in [text, " more"] {
        let _ = checker.push(piece, &mut rest);
    }
    let _ = checker.finish(&mut rest);
    rest
}

fn checker(index: &Index, policy: &Policy, reader: &str) -> Checker {
    Session::new(index, policy, Reader::customer(reader)).checker()
}

/// How many bytes at the end of `prefix` some continuation decides otherwise than another.
fn undecided(oracle: &Oracle, prefix: &str, continuations: &BTreeSet<String>, reader: &str) -> usize {
    let ended = oracle.find(prefix, reader);
    let mut certain = ended.clone();
    let mut first = usize::MAX;
    for continuation in continuations {
        let found = oracle.find(&format!("{prefix}{continuation}"), reader);
        let found: BTreeSet<Found> = found.into_iter().filter(|found| found.start < prefix.len()).collect();
        first = found.symmetric_difference(&ended).map(|found| found.start).fold(first, usize::min);
        certain = certain.intersection(&found).cloned().collect();
    }
    let across = merged(&certain).into_iter().find(|(start, end)| *start < first && first < *end);
    prefix.len() - across.map_or(first, |(start, _)| start).min(prefix.len())
}

/// Every end of every spelling, and what defeats a value that looks complete.
fn continuations(oracle: &Oracle) -> BTreeSet<String> {
    let defeats = ["", " ", "x", "1", ".x", ".1", "-x.x", "@x", ",1", "%", "x.x"];
    let ends =
        oracle.written().flat_map(|written| written.char_indices().map(|(at, _)| written[at..].to_owned()));
    defeats.iter().map(|defeat| (*defeat).to_owned()).chain(ends).collect()
}

/// The values that a policy acts on: without weak ones if they are not listed.
fn only(known: &[Known], weak: bool) -> Vec<Known> {
    let is_weak = |kind: &Kind| {
        matches!(kind, Kind::Name | Kind::DateOfBirth | Kind::Postcode | Kind::City | Kind::CardLast4)
    };
    known.iter().filter(|known| weak || !is_weak(&known.kind)).cloned().collect()
}

fn builder(known: &[Known]) -> IndexBuilder {
    let mut builder = IndexBuilder::new();
    for Known { owner, kind, text } in known {
        builder.add(Identifier { owner, kind: kind.clone(), text }).unwrap();
    }
    builder
}

/// A span without the invisible characters at its end, which may stay or go.
fn visible(text: &str, start: u64, end: u64) -> (usize, usize) {
    let span = &text[start as usize..end as usize];
    (start as usize, start as usize + span.trim_end_matches(is_invisible).len())
}

/// Values that are made of each other's parts.
const VALUES: &[(Kind, &str)] = &[
    (Kind::Email, "ann@ex.com"),
    (Kind::Email, "ann@ex.com.au"),
    (Kind::Email, "x.ann@ex.com"),
    (Kind::Email, "lee@a-b.co"),
    (Kind::Phone, "+1 4155550104"),
    (Kind::Phone, "+1 4155550155"),
    (Kind::Phone, "+44 2079460018"),
    (Kind::Phone, "+39 0655500104"),
    (Kind::Name, "Ann Lee"),
    (Kind::Name, "Lee Ann"),
    (Kind::Name, "Ann Marie Lee"),
    (Kind::Name, "Lee Smith"),
    (Kind::Name, "Ann-Marie O'Lee"),
    (Kind::Username, "annlee"),
    (Kind::Username, "ann_lee"),
    (Kind::Username, "lee.x1"),
    (Kind::Reference, "AB12345"),
    (Kind::Reference, "AB12345-77"),
    (Kind::Reference, "AN 4155 LEE"),
    (Kind::Reference, "415-555"),
    (Kind::Card, "4155550104000004"),
    (Kind::Card, "4111111111111111"),
    (Kind::NationalId, "078-05-1120"),
    (Kind::Address, "4155 Ann Lee Drive"),
    (Kind::Address, "5 Lee Smith Lane, Oslo"),
    (Kind::Ip, "192.0.2.17"),
    (Kind::DateOfBirth, "1990-04-05"),
    (Kind::DateOfBirth, "2004-12-31"),
    (Kind::City, "Oslo"),
    (Kind::City, "Ann Arbor"),
    (Kind::City, "Lee"),
    (Kind::Postcode, "10115"),
    (Kind::Postcode, "SW1A 1AA"),
    (Kind::CardLast4, "0104"),
];

fn known(most: usize) -> impl Strategy<Value = Vec<Known>> {
    let one = (0..4_u8, prop::sample::select(VALUES)).prop_map(|(owner, (kind, text))| Known {
        owner: format!("C-{owner}"),
        kind,
        text,
    });
    prop::collection::vec(one, 1..=most)
}

/// A text, to be written with the values of a dictionary.
#[derive(Clone, Debug)]
struct Text(Vec<Token>);

#[derive(Clone, Debug)]
enum Token {
    /// A value in one of its spellings, or a part of it.
    Value {
        which: usize,
        spelling: usize,
        from: usize,
        to: usize,
        gap: &'static str,
        upper: u8,
    },
    Other(&'static str),
}

fn text(most: usize) -> impl Strategy<Value = Text> {
    let gaps = prop::sample::select(
        &[
            " ", " ", "-", ".", "  ", " - ", ", ", "/", "\n", "\n ", "\n> ", "\\\n", "\t", "\u{a0}",
            "\u{200b}", "'", ". ",
        ][..],
    );
    let part = prop_oneof![3 => Just((0, usize::MAX)), 1 => (0..6_usize, 1..20_usize)];
    let value = (any::<usize>(), any::<usize>(), part, gaps, 0..26_u8).prop_map(
        |(which, spelling, (from, to), gap, upper)| Token::Value { which, spelling, from, to, gap, upper },
    );
    let other = prop::sample::select(OTHERS).prop_map(Token::Other);
    let separator = prop::sample::select(
        &[
            " ", ", ", ". ", "-", ".", "\n", " (", "x", "_", "@", "+", ",", "; ", ":", "\"", "qqq\"", "\t",
            "\n  ",
        ][..],
    );
    let token = prop_oneof![4 => value, 2 => other, 3 => separator.prop_map(Token::Other)];
    prop::collection::vec(token, 0..=most).prop_map(Text)
}

const OTHERS: &[&str] = &[
    "the",
    "Ann",
    "ann",
    "Lee",
    "lee",
    "Rose",
    "R.",
    "M",
    "Marie",
    "and",
    "4",
    "15",
    "415",
    "0",
    "00",
    "011",
    "1",
    "+1",
    "(0)",
    "+44",
    "x22",
    "com",
    ".com",
    "@ex.com",
    "-b.co",
    ".au",
    "-x.x",
    "April",
    "5th",
    "of",
    "1990",
    "$",
    "%",
    "(",
    ")",
    "ending in ",
    "**** ",
    "xxx",
    "Oslo",
    "\u{200b}",
    "\u{ad}",
    "é",
    "77",
    "'s",
    "⒜",
    "\u{212a}",
    "’",
    "_",
    "=",
    "\n> ",
];

impl Text {
    fn written(&self, known: &[Known]) -> String {
        let written: Vec<Vec<String>> = known
            .iter()
            .map(|known| {
                Oracle::new(std::slice::from_ref(known), true)
                    .written()
                    .map(str::to_owned)
                    .chain([known.text.to_owned()])
                    .collect()
            })
            .collect();
        let token = |token: &Token| match token {
            Token::Other(text) => (*text).to_owned(),
            Token::Value { which, spelling, from, to, gap, upper } => {
                let spellings = &written[which % written.len()];
                let spelled = &spellings[spelling % spellings.len()];
                let part: String = spelled.chars().skip(*from).take(*to).collect();
                disguise(&part.replace(' ', gap), *upper)
            }
        };
        self.0.iter().map(token).collect()
    }
}

/// The same text in capitals, in title case, with gaps in a number, or in disguise.
fn disguise(text: &str, how: u8) -> String {
    let begins = |at: usize| !text[..at].ends_with(|c: char| c.is_alphanumeric());
    match how {
        0 => text.to_uppercase(),
        1 => text.char_indices().map(|(at, c)| if begins(at) { c.to_ascii_uppercase() } else { c }).collect(),
        2 if text.chars().all(|c| c.is_ascii_digit()) => text
            .char_indices()
            .flat_map(|(at, c)| [c].into_iter().chain((at % 3 == 2).then_some('-')))
            .collect(),
        3 => {
            let swap = |c: char| {
                DISGUISES.iter().find(|(_, plain)| *plain == c).map_or(c, |(disguise, _)| *disguise)
            };
            text.chars().map(swap).collect()
        }
        _ => otherwise(text, how),
    }
}

/// The same text as readings read it.
fn otherwise(text: &str, how: u8) -> String {
    let each = |write: &dyn Fn(char) -> String| text.chars().map(write).collect::<String>();
    let in_middle = |sign: &str| {
        let middle = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
        format!("{}{sign}{}", &text[..middle], &text[middle..])
    };
    match how {
        4 => each(&|c| format!("&#{};", c as u32)),
        5 => text.replace('@', "&commat;").replace('.', "&#x2e;"),
        6 => text.bytes().map(|byte| format!("%{byte:02x}")).collect(),
        7 => text.replace('@', "%2540").replace(' ', "%20"),
        8 => each(&|c| format!("\\u{:04x}", c as u32)),
        9 => in_middle("**"),
        10 => in_middle("<b>"),
        11 => in_middle("\n"),
        12 => text.replace('@', " at ").replace('.', " dot "),
        13 => {
            let digits = ["oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
            each(&|c| c.to_digit(10).map_or(c.to_string(), |digit| format!("{} ", digits[digit as usize])))
        }
        14 => each(&|c| format!("{c} ")),
        15 => each(&|c| format!("{c}.")),
        16 => base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text),
        17 => text.bytes().map(|byte| format!("{byte:02x}")).collect(),
        18 => text.bytes().map(|byte| format!("{byte} ")).collect(),
        19 => base64::Engine::encode(&base64::engine::general_purpose::STANDARD, otherwise(text, 16)),
        20 => text.replace('@', "(@)").replace('.', "[.]"),
        21 => each(&|c| if c.is_alphanumeric() { c.to_string() } else { format!("={:02X}", c as u32) }),
        22.. if text.chars().count() > 4 => slipped(&disguise(text, 1), usize::from(how)),
        _ => text.to_owned(),
    }
}

/// The same text with one slip: a letter left out, put in, or two exchanged.
fn slipped(text: &str, how: usize) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    let at = 2 + (how * 31 + letters.len() * 7) % (letters.len() - 3);
    match how % 3 {
        0 => drop(letters.remove(at)),
        1 => letters.insert(at, 'e'),
        _ => letters.swap(at, at + 1),
    }
    letters.into_iter().collect()
}

fn cuts() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(any::<usize>(), 0..6)
}

fn places(cuts: &[usize], text: &str) -> Vec<usize> {
    cuts.iter().map(|cut| cut % (text.len() + 1)).collect()
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
