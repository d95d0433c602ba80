//! A check beside the engines one would otherwise take: the same keys, text and pieces, in one process, in turns.
//!
//! `cargo bench --bench peers` · `-- --keys 1000000` for more identifiers · `-- --test` for a run that only asserts the answers
//!
//! Rounds are interleaved and the median of each engine is told: what slows the machine down for a while slows all of them, so that ratios can be
//! compared where times cannot. Every engine has to find all values that were put into the dense text before it is timed.
//!
//! Peers find exact bytes. *Raw*, they compare what is written and miss every value that is written otherwise; *folded*, keys and text are in lower case
//! before the clock starts; *folding*, the text is put in lower case while the clock runs. In no form do they know whose a value is, who reads, or what
//! has to be held back. The last two are the strongest simple rivals: a filter of first words, as this crate has one, before a table of windows of words,
//! and before an automaton.

mod rivals;
#[path = "../checker/sample.rs"]
mod sample;
mod table;

use std::hint::black_box;

use aho_corasick::Anchored;
use aho_corasick::automaton::Automaton;
use aho_corasick::nfa::contiguous;
use regex::RegexSet;
use rivals::{FirstWords, Windows};
use sample::{Sample, prose, shuffled};
use table::{Row, Table};
use tightlip::{Policy, Reader, Session};

/// About one token.
const PUSH: usize = 4;
/// More patterns than this no set of regular expressions takes in a minute.
const MOST_REGEXES: usize = 2_000;

const NO_READINGS: &str = "[readings]\nescapes = false\nmarkup = false\nwords = false\nletters = false\nencodings = false\nciphers = false\n";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let small = arguments.iter().any(|argument| argument == "--test");
    let keys =
        arguments.iter().position(|argument| argument == "--keys").and_then(|at| arguments.get(at + 1));
    let keys: usize = keys.map_or(100_000, |keys| keys.parse().expect("--keys takes a number"));
    let (keys, rounds, bytes) = if small { (6_000, 1, 4_000) } else { (keys, 15, 200_000) };

    let sample = Sample::new(keys.div_ceil(6));
    let engines = Engines::new(&sample);
    let prose = shuffled(prose(), ". ", bytes);
    let (dense, planted) = sample.dense_text(&prose);
    engines.assert_found(&dense, &planted);
    println!("{keys} keys; {bytes} bytes of each text; median of {rounds} rounds in turns, one core");
    for (name, text) in [("prose", &prose), ("service", &sample.service_text(bytes)), ("dense", &dense)] {
        let mut pushes =
            Table::new(format!("{name}, pushes of {PUSH} bytes"), text.len().div_ceil(PUSH), "ns/push");
        let mut bulk = Table::new(format!("{name}, in one piece"), text.len(), "ns/byte");
        for row in engines.pushes(text) {
            pushes.add(row);
        }
        for row in engines.bulk(text) {
            bulk.add(row);
        }
        pushes.measure(rounds);
        bulk.measure(rounds);
    }
    for (name, text) in sample.worst_texts(bytes) {
        let mut pushes = Table::new(format!("worst: {name}"), text.len().div_ceil(PUSH), "ns/push");
        for row in engines.pushes(&text) {
            pushes.add(row);
        }
        pushes.measure(rounds.min(5));
    }
}

struct Engines {
    index: tightlip::Index,
    policies: [(&'static str, Policy); 3],
    raw: contiguous::NFA,
    folded: contiguous::NFA,
    double_raw: daachorse::DoubleArrayAhoCorasick<u32>,
    double_folded: daachorse::DoubleArrayAhoCorasick<u32>,
    regexes: RegexSet,
    first_words: FirstWords,
    windows: Windows,
}

impl Engines {
    fn new(sample: &Sample) -> Self {
        let unique = |fold: bool| {
            let values =
                sample.values().map(|value| if fold { value.to_lowercase() } else { value.to_owned() });
            let mut values: Vec<String> = values.collect();
            values.sort_unstable();
            values.dedup();
            values
        };
        let (raw, folded) = (unique(false), unique(true));
        let automaton = |keys: &[String]| contiguous::NFA::builder().build(keys).expect("the keys fit");
        let double = |keys: &[String]| daachorse::DoubleArrayAhoCorasick::new(keys).expect("the keys differ");
        let literals = folded.iter().take(MOST_REGEXES).map(|key| regex::escape(key));
        let bare = Policy::from_toml(NO_READINGS).expect("a policy");
        Self {
            index: sample.index(),
            policies: [
                ("standard", Policy::standard()),
                ("standard, no readings", bare),
                ("strict", Policy::strict()),
            ],
            raw: automaton(&raw),
            double_raw: double(&raw),
            double_folded: double(&folded),
            regexes: regex::RegexSetBuilder::new(literals).size_limit(1 << 30).build().expect("the set fits"),
            first_words: FirstWords::new(&folded),
            windows: Windows::new(&folded),
            folded: automaton(&folded),
        }
    }

    /// Every engine finds all that was put into a text.
    fn assert_found(&self, text: &str, planted: &[std::ops::Range<usize>]) {
        let lower = text.to_lowercase();
        let covers = |found: &mut dyn Iterator<Item = std::ops::Range<usize>>, name: &str| {
            let found: Vec<_> = found.collect();
            for value in planted {
                let is_found = found.iter().any(|span| span.start <= value.start && value.end <= span.end);
                assert!(is_found, "{name} misses a value");
            }
        };
        let mut checker = Session::new(&self.index, &Policy::observe(), Reader::stranger()).checker();
        let _ = checker.push(text, &mut String::new());
        let _ = checker.finish(&mut String::new());
        let findings = checker.findings().iter();
        // More findings than are kept are only counted.
        let last = checker.findings().last().map_or(0, |finding| finding.span.end as usize);
        let kept: Vec<_> = planted.iter().filter(|value| value.end < last).cloned().collect();
        let mut spans = findings
            .map(|finding| finding.span.start as usize..finding.span.end as usize)
            .collect::<Vec<_>>();
        spans.sort_by_key(|span| span.start);
        for value in &kept {
            let is_found = spans.iter().any(|span| span.start <= value.start && value.end <= span.end);
            assert!(is_found, "tightlip misses a value");
        }
        for (name, automaton, text) in
            [("aho-corasick raw", &self.raw, text), ("aho-corasick folded", &self.folded, &*lower)]
        {
            covers(&mut spans_of(automaton, text), name);
        }
        for (name, double, text) in
            [("daachorse raw", &self.double_raw, text), ("daachorse folded", &self.double_folded, &*lower)]
        {
            covers(&mut double.find_overlapping_iter(text).map(|found| found.start()..found.end()), name);
        }
        let mut spans = Vec::new();
        self.first_words.candidates(&lower, |at| self.windows.find(&lower, at, |end| spans.push(at..end)));
        covers(&mut spans.into_iter(), "first words and windows");
        let mut spans = Vec::new();
        self.first_words
            .candidates(&lower, |at| rivals::anchored(&self.folded, &lower, at, |end| spans.push(at..end)));
        covers(&mut spans.into_iter(), "first words and aho-corasick");
    }

    fn checks<'a>(&'a self, text: &'a str, size: usize) -> impl Iterator<Item = Row<'a>> {
        self.policies.iter().map(move |(name, policy)| {
            let session = Session::new(&self.index, policy, Reader::stranger());
            let pieces = pieces(text, size);
            let mut out = String::with_capacity(text.len());
            Row::new(format!("tightlip {name}"), move || {
                let mut checker = session.checker();
                for piece in &pieces {
                    let _ = checker.push(piece, &mut out);
                    black_box(checker.held());
                    out.clear();
                }
                let _ = checker.finish(&mut out);
                out.clear();
            })
        })
    }

    fn pushes<'a>(&'a self, text: &'a str) -> Vec<Row<'a>> {
        let mut rows: Vec<Row> = self.checks(text, PUSH).collect();
        let lower = text.to_lowercase();
        rows.push(Row::new("aho-corasick folded", step(&self.folded, lower.clone(), keep)).that_measures());
        rows.push(Row::new("aho-corasick folding", step(&self.folded, text.to_owned(), fold)));
        rows.push(Row::new("aho-corasick raw", step(&self.raw, text.to_owned(), keep)));
        rows.push(Row::new("daachorse folded", double(&self.double_folded, lower)));
        rows.push(Row::new("daachorse raw", double(&self.double_raw, text.to_owned())));
        rows
    }

    fn bulk<'a>(&'a self, text: &'a str) -> Vec<Row<'a>> {
        let mut rows: Vec<Row> = self.checks(text, text.len()).collect();
        let lower = text.to_lowercase();
        rows.push(Row::new("folding alone", || {
            black_box(text.to_ascii_lowercase());
        }));
        rows.push(Row::new("aho-corasick folded", step(&self.folded, lower.clone(), keep)).that_measures());
        rows.push(Row::new("aho-corasick raw", step(&self.raw, text.to_owned(), keep)));
        rows.push(Row::new("daachorse folded", double(&self.double_folded, lower.clone())));
        rows.push(Row::new("daachorse raw", double(&self.double_raw, text.to_owned())));
        let haystack = lower.clone();
        rows.push(Row::new(format!("regex set of {}, is there any", self.regexes.len()), move || {
            black_box(self.regexes.is_match(&haystack));
        }));
        let haystack = lower.clone();
        rows.push(Row::new("first words + windows", move || {
            let mut found = 0;
            self.first_words.candidates(&haystack, |at| self.windows.find(&haystack, at, |_| found += 1));
            black_box(found);
        }));
        rows.push(Row::new("first words + aho-corasick", move || {
            let mut found = 0;
            self.first_words
                .candidates(&lower, |at| rivals::anchored(&self.folded, &lower, at, |_| found += 1));
            black_box(found);
        }));
        rows
    }
}

fn pieces(text: &str, size: usize) -> Vec<&str> {
    (0..text.len()).step_by(size).map(|at| &text[at..(at + size).min(text.len())]).collect()
}

fn keep(byte: u8) -> u8 {
    byte
}

fn fold(byte: u8) -> u8 {
    byte.to_ascii_lowercase()
}

/// Feeds the automaton piece by piece, its state kept, as a stream would.
fn step<'a>(
    automaton: &'a contiguous::NFA,
    text: String,
    folding: impl Fn(u8) -> u8 + 'a,
) -> impl FnMut() + 'a {
    move || {
        let mut state = automaton.start_state(Anchored::No).expect("the automaton is unanchored");
        let mut found = 0;
        for piece in text.as_bytes().chunks(PUSH) {
            for byte in piece {
                state = automaton.next_state(Anchored::No, state, folding(*byte));
                if automaton.is_special(state) && automaton.is_match(state) {
                    found += automaton.match_len(state);
                }
            }
            black_box(state);
        }
        black_box(found);
    }
}

fn double<'a>(automaton: &'a daachorse::DoubleArrayAhoCorasick<u32>, text: String) -> impl FnMut() + 'a {
    move || {
        black_box(automaton.find_overlapping_iter_from_iter(text.bytes()).count());
    }
}

/// All matches, also those inside of others.
fn spans_of<'a>(
    automaton: &'a contiguous::NFA,
    text: &'a str,
) -> impl Iterator<Item = std::ops::Range<usize>> + 'a {
    let mut state = automaton.start_state(Anchored::No).expect("the automaton is unanchored");
    text.bytes().enumerate().flat_map(move |(at, byte)| {
        state = automaton.next_state(Anchored::No, state, byte);
        let matches = if automaton.is_match(state) { automaton.match_len(state) } else { 0 };
        (0..matches).map(move |n| at + 1 - automaton.pattern_len(automaton.match_pattern(state, n))..at + 1)
    })
}
