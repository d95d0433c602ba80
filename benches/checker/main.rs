//! What a check costs, beside the engines one would otherwise take, on the same keys and the same text in the same run.
//!
//! `cargo bench --bench checker` · The peers find exact bytes. *Raw*, they compare what is written and miss every value that is written
//! otherwise; *folded*, keys and text are in lower case before the clock starts, which is a part of what a check does for itself; *folding*,
//! ASCII is folded byte by byte while the clock runs. In no form do they know whose a value is, or what has to be held back.
//!
//! *words* are those of *prose* in random order, so that no engine learns sentences by heart.

mod sample;

use std::hint::black_box;
use std::time::Duration;

use aho_corasick::Anchored;
use aho_corasick::automaton::Automaton;
use aho_corasick::nfa::contiguous;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sample::{Random, Sample};
use tightlip::{Checker, Policy, Reader, Session};

const OWNERS: usize = 100_000;
/// About one token.
const PUSH: usize = 4;

fn pieces(text: &str) -> Vec<&str> {
    (0..text.len()).step_by(PUSH).map(|at| &text[at..(at + PUSH).min(text.len())]).collect()
}

/// The parts of a text that end so, in random order until there are `bytes` of them, so that no engine learns it by heart.
fn shuffled(text: &str, end: &str, bytes: usize) -> String {
    let parts: Vec<&str> = text.split_inclusive(end).collect();
    let (mut random, mut shuffled) = (Random(3), String::new());
    while shuffled.len() < bytes {
        shuffled.push_str(parts[random.below(parts.len())]);
    }
    shuffled
}

/// Streams the pieces; calls `held` with what is held after each of them.
fn stream(mut checker: Checker, pieces: &[&str], out: &mut String, mut held: impl FnMut(usize)) {
    for piece in pieces {
        let _ = checker.push(piece, out);
        held(checker.held());
        out.clear();
    }
    let _ = checker.finish(out);
    out.clear();
}

/// Mean and 99th percentile of what is held.
fn held_back(checker: Checker, pieces: &[&str]) -> (f64, usize) {
    let mut all = Vec::with_capacity(pieces.len());
    stream(checker, pieces, &mut String::new(), |held| all.push(held));
    all.sort_unstable();
    (all.iter().sum::<usize>() as f64 / all.len() as f64, all[all.len() * 99 / 100])
}

fn checks(criterion: &mut Criterion) {
    let sample = Sample::new(OWNERS);
    let index = sample.index();
    let prose = &*shuffled(sample::prose(), ". ", 200_000);
    let words = &*shuffled(sample::prose(), " ", 200_000);
    let dense = sample.dense_text(prose);
    println!("index: {:?}", index.info().bytes);
    let raw = Peers::new(sample.values().map(str::to_owned));
    let folded = Peers::new(sample.values().map(str::to_lowercase));

    for (name, text) in [("prose", prose), ("words", words), ("dense", &*dense)] {
        let pieces = pieces(text);
        let mut group = criterion.benchmark_group(format!("push-{PUSH}-bytes/{name}"));
        group.throughput(Throughput::Elements(pieces.len() as u64)).measurement_time(Duration::from_secs(3));
        for policy in [Policy::standard(), Policy::strict(), Policy::closed(), Policy::observe()] {
            let session = || Session::new(&index, &policy, Reader::stranger()).checker();
            let mut out = String::new();
            // The answer first: a check that finds nothing is fast.
            let mut safe = String::new();
            let mut checker = session();
            let _ = checker.push(text, &mut safe);
            let _ = checker.finish(&mut safe);
            assert_eq!(checker.found() == 0, name != "dense", "{name} under {}", policy.name());
            let (mean, p99) = held_back(session(), &pieces);
            println!("{name} under {}: {mean:.2} bytes held after a push, p99 {p99}", policy.name());
            group.bench_function(format!("tightlip {}", policy.name()), |bencher| {
                bencher.iter(|| {
                    stream(session(), &pieces, &mut out, |held| {
                        black_box(held);
                    })
                });
            });
        }
        let lower = text.to_lowercase();
        let lower_pieces = self::pieces(&lower);
        for (form, peers, pieces, folds) in [
            ("raw", &raw, &pieces, false),
            ("folding", &folded, &pieces, true),
            ("folded", &folded, &lower_pieces, false),
        ] {
            group.bench_function(format!("aho-corasick {form}"), |bencher| {
                bencher.iter(|| match folds {
                    true => peers.step_aho(pieces, fold),
                    false => peers.step_aho(pieces, keep),
                })
            });
            group.bench_function(format!("daachorse {form}"), |bencher| {
                bencher.iter(|| match folds {
                    true => peers.step_daachorse(pieces, fold),
                    false => peers.step_daachorse(pieces, keep),
                })
            });
        }
        group.finish();

        let mut group = criterion.benchmark_group(format!("bulk/{name}"));
        group.throughput(Throughput::Bytes(text.len() as u64)).measurement_time(Duration::from_secs(3));
        let policy = Policy::standard();
        group.bench_function("tightlip standard", |bencher| {
            let mut out = String::new();
            bencher.iter(|| {
                let mut checker = Session::new(&index, &policy, Reader::stranger()).checker();
                let _ = checker.push(text, &mut out);
                let _ = checker.finish(&mut out);
                out.clear();
            });
        });
        for (form, peers, text) in [("raw", &raw, text), ("folded", &folded, &*lower)] {
            group.bench_function(format!("aho-corasick {form}"), |bencher| {
                bencher.iter(|| peers.step_aho(&[text], keep))
            });
            group.bench_function(format!("daachorse {form}"), |bencher| {
                bencher.iter(|| peers.step_daachorse(&[text], keep))
            });
        }
        group.finish();
    }
}

fn keep(byte: u8) -> u8 {
    byte
}

fn fold(byte: u8) -> u8 {
    byte.to_ascii_lowercase()
}

/// The engines one would otherwise take.
struct Peers {
    contiguous: contiguous::NFA,
    double: daachorse::DoubleArrayAhoCorasick<u32>,
}

impl Peers {
    fn new(values: impl Iterator<Item = String>) -> Self {
        let mut values: Vec<String> = values.collect();
        values.sort_unstable();
        values.dedup();
        let contiguous = contiguous::NFA::builder().build(&values).expect("the keys fit");
        Self { contiguous, double: daachorse::DoubleArrayAhoCorasick::new(values).expect("the keys differ") }
    }

    /// Feeds the automaton piece by piece, its state kept, as a stream would.
    fn step_aho(&self, pieces: &[&str], folding: impl Fn(u8) -> u8) -> usize {
        let automaton = &self.contiguous;
        let mut state = automaton.start_state(Anchored::No).expect("the automaton is unanchored");
        let mut found = 0;
        for piece in pieces {
            for byte in piece.bytes() {
                state = automaton.next_state(Anchored::No, state, folding(byte));
                if automaton.is_special(state) && automaton.is_match(state) {
                    found += automaton.match_len(state);
                }
            }
            black_box(state);
        }
        found
    }

    fn step_daachorse(&self, pieces: &[&str], folding: impl Fn(u8) -> u8) -> usize {
        let bytes = pieces.iter().flat_map(|piece| piece.bytes()).map(folding);
        self.double.find_overlapping_iter_from_iter(bytes).count()
    }
}

criterion_group!(benches, checks);
criterion_main!(benches);
