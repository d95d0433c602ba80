//! What each layer costs, by itself: `cargo bench --bench checker`, or `-- text`, `-- index`, `-- scan`, `-- push`, `-- bulk`.
//!
//! Beside other engines: `cargo bench --bench peers`. *words* are those of *prose* in random order, so that nothing learns sentences by heart.

mod sample;

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sample::{Sample, prose, shuffled};
use tightlip::{Checker, Identifier, Index, IndexBuilder, Kind, Policy, Reader, Session};

const OWNERS: usize = 100_000;
/// About one token.
const PUSH: usize = 4;
const BYTES: usize = 200_000;

/// About so many bytes each, without a cut within a character.
fn pieces(text: &str, size: usize) -> Vec<&str> {
    let mut rest = text;
    std::iter::from_fn(|| {
        let end = (size.min(rest.len())..=rest.len()).find(|end| rest.is_char_boundary(*end))?;
        let (piece, behind) = rest.split_at(end);
        rest = behind;
        (!piece.is_empty()).then_some(piece)
    })
    .collect()
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

fn checker(index: &Index, policy: &Policy) -> Checker {
    Session::new(index, policy, Reader::stranger()).checker()
}

/// Folding: text of several scripts against an index that knows one person, so that nothing else is done.
fn text(criterion: &mut Criterion) {
    let mut builder = IndexBuilder::new();
    builder
        .add(Identifier { owner: "C-1", kind: Kind::Email, text: "qqq@example.com" })
        .expect("a value that can be used");
    let index = builder.finish_in_memory().expect("an index");
    let policy = Policy::standard();
    let mut group = criterion.benchmark_group("text");
    let repeated = |part: &str| part.repeat(BYTES / part.len());
    for (name, text) in [
        ("ASCII", shuffled(prose(), ". ", BYTES)),
        (
            "accents",
            repeated(
                "Où est passée la réservation numéro trois, déjà confirmée à l’agence de Zürich\u{a0}? ",
            ),
        ),
        ("Cyrillic", repeated("Ваш заказ уже отправлен, он будет у вас через два дня. ")),
        ("Chinese", repeated("您的订单已经发出，预计两天内送达。")),
        ("full width", repeated("Ｙｏｕｒ ｏｒｄｅｒ ｈａｓ ｌｅｆｔ. ")),
        ("emoji", repeated("Thank you 🙏🏽 and have a nice day ☀️👩‍👩‍👧! ")),
    ] {
        let pieces = pieces(&text, PUSH);
        group.throughput(Throughput::Bytes(text.len() as u64));
        let mut out = String::new();
        group.bench_function(name, |bencher| {
            bencher.iter(|| stream(checker(&index, &policy), &pieces, &mut out, |held| _ = black_box(held)));
        });
    }
    group.finish();
}

/// Building and opening.
fn index(criterion: &mut Criterion) {
    let sample = Sample::new(2_000);
    let mut group = criterion.benchmark_group("index");
    group.throughput(Throughput::Elements(2_000 * 6)).sample_size(10);
    group.bench_function("build", |bencher| bencher.iter(|| sample.index()));
    let folder = std::env::temp_dir().join(format!("tightlip-bench-{}", std::process::id()));
    sample.builder().finish(&folder).expect("a folder for the index");
    group.bench_function("open", |bencher| bencher.iter(|| Index::open(&folder).expect("the index")));
    group.finish();
    std::fs::remove_dir_all(&folder).expect("the index can be removed");
}

/// Texts that keep the scan as busy as can be.
fn scan(criterion: &mut Criterion) {
    let sample = Sample::new(OWNERS);
    let index = sample.index();
    let mut group = criterion.benchmark_group("scan");
    group.measurement_time(Duration::from_secs(2)).sample_size(10);
    for (name, text) in sample.worst_texts(BYTES / 4) {
        let pieces = pieces(&text, PUSH);
        group.throughput(Throughput::Elements(pieces.len() as u64));
        for policy in [Policy::standard(), Policy::strict()] {
            let mut out = String::new();
            group.bench_function(format!("{name}, {}", policy.name()), |bencher| {
                bencher
                    .iter(|| stream(checker(&index, &policy), &pieces, &mut out, |held| _ = black_box(held)));
            });
        }
    }
    group.finish();
}

/// Whole checks: folding, ownership and holding included.
fn checks(criterion: &mut Criterion) {
    let sample = Sample::new(OWNERS);
    let index = sample.index();
    let prose_text = &*shuffled(prose(), ". ", BYTES);
    let words = &*shuffled(prose(), " ", BYTES);
    let (dense, _) = sample.dense_text(prose_text);
    println!("index: {:?}", index.info().bytes);
    for (name, text) in [("prose", prose_text), ("words", words), ("dense", &*dense)] {
        let pieces = pieces(text, PUSH);
        let mut group = criterion.benchmark_group(format!("push-{PUSH}-bytes/{name}"));
        group.throughput(Throughput::Elements(pieces.len() as u64)).measurement_time(Duration::from_secs(3));
        for policy in [Policy::standard(), Policy::strict(), Policy::closed(), Policy::observe()] {
            let mut out = String::new();
            // The answer first: a check that finds nothing is fast.
            let mut safe = String::new();
            let mut first = checker(&index, &policy);
            let _ = first.push(text, &mut safe);
            let _ = first.finish(&mut safe);
            assert_eq!(first.found() == 0, name != "dense", "{name} under {}", policy.name());
            let (mean, p99) = held_back(checker(&index, &policy), &pieces);
            println!("{name} under {}: {mean:.2} bytes held after a push, p99 {p99}", policy.name());
            group.bench_function(policy.name(), |bencher| {
                bencher
                    .iter(|| stream(checker(&index, &policy), &pieces, &mut out, |held| _ = black_box(held)));
            });
        }
        group.finish();

        let mut group = criterion.benchmark_group(format!("bulk/{name}"));
        group.throughput(Throughput::Bytes(text.len() as u64)).measurement_time(Duration::from_secs(3));
        let (policy, mut out) = (Policy::standard(), String::new());
        group.bench_function("standard", |bencher| {
            bencher.iter(|| stream(checker(&index, &policy), &[text], &mut out, |held| _ = black_box(held)));
        });
        group.finish();
    }
}

criterion_group!(benches, text, index, scan, checks);
criterion_main!(benches);
