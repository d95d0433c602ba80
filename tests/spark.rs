//! The Spark job in `examples/spark`: two workers fold and sort what one machine would, and the index is the same to the byte.
//!
//! `TIGHTLIP_SPARK_ROWS` says of how many rows.

mod support;

use std::fmt::Write;
use std::process::Command;

use support::{Place, Seeded};

/// Python that has pyspark: `TIGHTLIP_PYSPARK`, or `python3`. `None`, with a sentence: there is none, and TIGHTLIP_REQUIRE_SPARK is not set.
fn python() -> Option<String> {
    let python = std::env::var("TIGHTLIP_PYSPARK").unwrap_or_else(|_| "python3".into());
    let has = |program: &str, arguments: &[&str]| {
        Command::new(program).args(arguments).output().is_ok_and(|ended| ended.status.success())
    };
    if has(&python, &["-c", "import pyspark"]) && has("java", &["-version"]) {
        return Some(python);
    }
    let why =
        "pyspark and Java are not installed (pip install pyspark, apt-get install openjdk-17-jre-headless)";
    assert!(std::env::var_os("TIGHTLIP_REQUIRE_SPARK").is_none(), "{why}");
    eprintln!("skipped: {why}");
    None
}

#[test]
fn two_workers_make_the_index_of_one_machine() {
    let Some(python) = python() else { return };
    let place = Place::new();
    let rows: usize = std::env::var("TIGHTLIP_SPARK_ROWS").map_or(3_000, |rows| rows.parse().unwrap());
    println!("seed 9");
    let mut random = Seeded(9);
    // Two files, owners in several rows of both, values of several owners, quotes, semicolons, letters of other alphabets.
    for file in ["a.csv", "b.csv"] {
        let mut csv = "customer_id,name,email,phone,booking,date_of_birth,city\n".to_owned();
        for n in 0..rows / 2 {
            let first = ["Ann", "José", "Юлия", "Jürgen \"\"J\"\""][random.below(4)];
            let last = ["Lee", "García-López", "de la Cruz", "Müller"][random.below(4)];
            let (owner, shared) = (random.below(rows * 2 / 5 + 1), random.below(rows + 1));
            let (area, number) = (200 + random.below(700), random.below(10_000));
            let (year, month, day) = (1940 + random.below(60), 1 + random.below(12), 1 + random.below(28));
            writeln!(csv, "C-{owner},\"{first} {last}\",{file}{n}@example.com; p{shared}@example.org,+1 415 {area} {number:04},B{shared:06}X,{year}-{month}-{day},\"New York\"").unwrap();
        }
        place.write(file, csv);
    }
    let options = "--reversed --region DE";
    // However many rows there are.
    let well = |arguments: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tightlip"));
        let ended = command.current_dir(place.path("")).args(arguments.split(' ')).output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    };
    well(&format!("index build a.csv b.csv -o index.tlx --max-bad 100% {options}"));

    let job = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/spark/keys.py");
    let run = |parts: &str, options: &str| {
        // The workers are processes of their own, on the loopback interface.
        let local = "--master local-cluster[2,1,1024] --conf spark.ui.enabled=false --conf spark.driver.host=127.0.0.1 \
            --conf spark.driver.bindAddress=127.0.0.1 --conf spark.sql.shuffle.partitions=4 pyspark-shell";
        let mut command = Command::new(&python);
        command.current_dir(place.path("")).env("PYSPARK_SUBMIT_ARGS", local).env("PYSPARK_PYTHON", &python);
        command.args([
            job,
            "--tightlip",
            env!("CARGO_BIN_EXE_tightlip"),
            "--number",
            "5",
            "--options",
            options,
            "a.csv",
            "b.csv",
            parts,
        ]);
        command.output().expect("python runs")
    };
    let ended = run("parts", &format!("{options} --max-bad 100%"));
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    well("index build --part parts -o spark.tlx");
    well("index verify spark.tlx");
    for file in [".strong", ".weak", ".postings", ".owners", ".openings", ".observed"] {
        assert_eq!(place.file("index.tlx", file), place.file("spark.tlx", file), "{file}");
    }
    // What a worker refuses fails the job.
    let ended = run("none", "--region Atlantis");
    assert!(!ended.status.success());
    assert!(!place.path("none/_SUCCESS").exists());
}
