//! What a check costs, beside the engines one would otherwise take, on the same keys and the same text in the same run.
//!
//! `cargo bench --bench checker` · the peers search raw bytes and fold nothing, so they do less: they miss every value that is written
//! otherwise, do not know who owns it, and cannot say what has to be held back.

mod sample;

use std::hint::black_box;
use std::time::Duration;

use aho_corasick::automaton::Automaton;
use aho_corasick::nfa::contiguous;
use aho_corasick::Anchored;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sample::Sample;
use tightlip::{Checker, Policy, Reader, Session};

const OWNERS: usize = 100_000;
/// About one token.
const PUSH: usize = 4;

fn pieces(text: &str) -> Vec<&str> {
    (0..text.len()).step_by(PUSH).map(|at| &text[at..(at + PUSH).min(text.len())]).collect()
}

fn stream(mut checker: Checker, pieces: &[&str], out: &mut String) -> usize {
    let mut held = 0;
    for piece in pieces {
        let _ = checker.push(piece, out);
        held += checker.held();
        out.clear();
    }
    let _ = checker.finish(out);
    out.clear();
    held
}

fn checks(criterion: &mut Criterion) {
    let sample = Sample::new(OWNERS);
    let index = sample.index();
    let prose = sample::prose();
    let dense = sample.dense_text(prose);
    println!("index: {:?}", index.info().bytes);
    let contiguous = contiguous::NFA::builder().build(sample.values()).expect("the keys fit");
    let mut values: Vec<&str> = sample.values().collect();
    values.sort_unstable();
    values.dedup();
    let double = daachorse::DoubleArrayAhoCorasick::<u32>::new(values).unwrap();

    for (name, text) in [("prose", prose), ("dense", &*dense)] {
        let pieces = pieces(text);
        let mut group = criterion.benchmark_group(format!("push-{PUSH}-bytes/{name}"));
        group.throughput(Throughput::Elements(pieces.len() as u64)).measurement_time(Duration::from_secs(3));
        for policy in [Policy::standard(), Policy::strict(), Policy::observe()] {
            let session = || Session::new(&index, &policy, Reader::stranger()).checker();
            let mut out = String::new();
            // The answer first: a check that finds nothing is fast.
            let mut safe = String::new();
            let mut checker = session();
            let _ = checker.push(text, &mut safe);
            let _ = checker.finish(&mut safe);
            assert_eq!(checker.found() == 0, name == "prose", "{name} under {}", policy.name());
            let held = stream(session(), &pieces, &mut out);
            println!("{name} under {}: {:.2} bytes held after a push", policy.name(), held as f64 / pieces.len() as f64);
            group.bench_function(format!("tightlip {}", policy.name()), |bencher| {
                bencher.iter(|| stream(session(), &pieces, &mut out));
            });
        }
        group.bench_function("aho-corasick stepping", |bencher| bencher.iter(|| step_aho(&contiguous, &pieces)));
        group.bench_function("daachorse stepping", |bencher| bencher.iter(|| step_daachorse(&double, &pieces)));
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
        group.bench_function("aho-corasick", |bencher| bencher.iter(|| step_aho(&contiguous, &[text])));
        group.bench_function("daachorse", |bencher| bencher.iter(|| double.find_overlapping_iter(text).count()));
        group.finish();
    }
}

/// Feeds an automaton piece by piece, the state kept, as a stream would.
fn step_aho(automaton: &contiguous::NFA, pieces: &[&str]) -> usize {
    let mut state = automaton.start_state(Anchored::No).expect("the automaton is unanchored");
    let mut found = 0;
    for piece in pieces {
        for byte in piece.bytes() {
            state = automaton.next_state(Anchored::No, state, byte);
            if automaton.is_special(state) && automaton.is_match(state) {
                found += automaton.match_len(state);
            }
        }
        black_box(state);
    }
    found
}

fn step_daachorse(automaton: &daachorse::DoubleArrayAhoCorasick<u32>, pieces: &[&str]) -> usize {
    let bytes = pieces.iter().flat_map(|piece| piece.bytes());
    automaton.find_overlapping_iter_from_iter(bytes).count()
}

criterion_group!(benches, checks);
criterion_main!(benches);
