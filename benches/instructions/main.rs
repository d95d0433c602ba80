//! Instructions per byte, counted by Valgrind, beside the ceilings in `ceilings.toml`: clocks are noisy, counts are not.
//!
//! `cargo bench --bench instructions` counts, prints and compares. It needs `valgrind`; without it nothing can be said, which is an error.
//!
//! Each row is this program run below Valgrind, which counts only within [`check_texts`]: what it takes to build the index differs from run to run, since
//! hash tables are seeded anew.

#[path = "../checker/sample.rs"]
mod sample;

use std::collections::BTreeMap;
use std::process::{Command, ExitCode};

use sample::{Sample, prose, shuffled};
use tightlip::{Index, Policy, Reader, Session};

const OWNERS: usize = 2_000;
const BYTES: usize = 20_000;
const TIMES: usize = 5;
/// About one token.
const PUSH: usize = 4;

const NO_READINGS: &str = "[readings]\nescapes = false\nmarkup = false\nwords = false\nletters = false\nencodings = false\nciphers = false\n";

const ROWS: [&str; 6] = [
    "pushes, standard, prose",
    "pushes, standard without readings, prose",
    "pushes, strict, prose",
    "pushes, standard, dense",
    "bulk, standard, prose",
    "bulk, standard without readings, prose",
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, mode, row] = &arguments[..]
        && mode == "--row"
    {
        run(row);
        return ExitCode::SUCCESS;
    }
    let ceilings: BTreeMap<String, f64> = toml::from_str(include_str!("ceilings.toml")).expect("ceilings");
    println!("{:44} {:>12} {:>10}", "instructions per byte", "counted", "ceiling");
    let mut is_exceeded = false;
    for row in ROWS {
        let Some(counted) = count(row).filter(|counted| *counted > 0) else {
            eprintln!("valgrind cannot be run, or counts nothing: install it to count instructions");
            return ExitCode::FAILURE;
        };
        let per_byte = counted as f64 / (TIMES * BYTES) as f64;
        let ceiling = ceilings.get(row).copied().expect("every row has a ceiling");
        println!(
            "{row:44} {per_byte:>12.1} {ceiling:>10.1}{}",
            if per_byte > ceiling { "  exceeded" } else { "" }
        );
        is_exceeded |= per_byte > ceiling;
    }
    if is_exceeded { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// The instructions of one run.
fn count(row: &str) -> Option<u64> {
    let program = std::env::current_exe().expect("this program");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--collect-atstart=no"])
        .arg("--toggle-collect=*check_texts*")
        .arg(program)
        .args(["--row", row])
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let count = said.lines().find_map(|line| line.split_once("Collected : "))?.1.trim().parse();
    count.ok()
}

fn run(row: &str) {
    let sample = Sample::new(OWNERS);
    let index = sample.index();
    let prose = shuffled(prose(), ". ", BYTES);
    let text = if row.ends_with("dense") { sample.dense_text(&prose).0 } else { prose };
    let text = &text[..BYTES];
    let policy = match row {
        _ if row.contains("without readings") => Policy::from_toml(NO_READINGS).expect("a policy"),
        _ if row.contains("strict") => Policy::strict(),
        _ => Policy::standard(),
    };
    let size = if row.starts_with("bulk") { BYTES } else { PUSH };
    // Some tables are made when somebody asks first.
    check(&index, &policy, text, size);
    check_texts(&index, &policy, text, size);
}

/// What is counted.
#[inline(never)]
fn check_texts(index: &Index, policy: &Policy, text: &str, size: usize) {
    for _ in 0..TIMES {
        check(index, policy, text, size);
    }
}

#[inline(never)]
fn check(index: &Index, policy: &Policy, text: &str, size: usize) {
    let mut out = String::with_capacity(2 * BYTES);
    let mut checker = Session::new(index, policy, Reader::stranger()).checker();
    for at in (0..BYTES).step_by(size) {
        let _ = checker.push(&text[at..at + size], &mut out);
        out.clear();
    }
    let _ = checker.finish(&mut out);
}
