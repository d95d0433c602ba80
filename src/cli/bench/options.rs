//! `tightlip bench`.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::Args;

use super::budget::Budget;
use super::detection::Detection;
use super::load::Load;
use super::machine::Machine;
use super::measure::measure;
use super::page::page;
use super::report::{Report, StreamsReport};
use super::subject::{Source, Subject};
use crate::cli::{Ending, print};
use crate::error::{Error, Result};

/// Measure.
#[derive(Args)]
pub(in crate::cli) struct Bench {
    #[command(flatten)]
    speed: Speed,
    /// A built-in policy (standard, strict, closed, observe) or the path of a policy file. Not given: standard, or strict with --quality.
    #[arg(long, value_name = "NAME|FILE")]
    policy: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    detection: Detection,
}

/// What is measured of speed.
#[derive(Args)]
struct Speed {
    #[command(flatten)]
    source: Source,
    /// Tokens per second of the model.
    #[arg(long, value_name = "TOKENS", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rate: u32,
    /// Also run so many streams at once, each at the model's rate, and twice as many.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000), conflicts_with = "quality")]
    streams: Option<u32>,
    /// How long to measure, and how long to run each load.
    #[arg(long, value_name = "S", default_value_t = 3.0, value_parser = seconds, conflicts_with = "quality")]
    seconds: f64,
    /// What may not be exceeded (TOML), such as p99_push = "5us", mean_held = "2B", added_ttft = "1 token".
    #[arg(long, value_name = "FILE", conflicts_with = "quality")]
    budget: Option<PathBuf>,
    /// Write the report as a page of its own, with plots; it needs no network.
    #[arg(long, value_name = "FILE", conflicts_with = "quality")]
    html: Option<PathBuf>,
}

fn seconds(text: &str) -> std::result::Result<f64, &'static str> {
    let seconds: f64 = text.parse().map_err(|_| "expected seconds, such as 3")?;
    if (0.01..=3600.0).contains(&seconds) {
        Ok(seconds)
    } else {
        Err("expected seconds between 0.01 and 3600")
    }
}

impl Bench {
    pub(in crate::cli) fn run(&self) -> Result<Ending> {
        let policy = self.policy.as_deref();
        if self.detection.is_asked() {
            return self.detection.run(policy.unwrap_or("strict"), self.json);
        }
        let report = self.speed.measure(policy.unwrap_or("standard"))?;
        if let Some(path) = &self.speed.html {
            std::fs::write(path, page(&report)).map_err(|error| Error::file("write", path, &error))?;
        }
        match self.json {
            true => print(format_args!("{}\n", serde_json::to_string(&report).expect("plain data")))?,
            false => print(format_args!("{report}"))?,
        }
        Ok(if report.over.is_empty() { Ending::Done } else { Ending::Beyond })
    }
}

impl Speed {
    fn measure(&self, policy: &str) -> Result<Report> {
        let budget = self.budget.as_deref().map(read_budget).transpose()?.unwrap_or_default();
        budget.check(self.streams.is_some()).map_err(|error| error.about(place(self.budget.as_deref())))?;
        if let Some(path) = &self.html {
            writable(path)?;
        }
        let subject = Subject::new(&self.source, policy)?;
        if std::io::stderr().is_terminal() {
            let loads = if self.streams.is_some() { 3.0 } else { 0.0 };
            eprintln!("measuring for about {:.0} seconds", self.seconds * (1.0 + loads));
        }
        let machine = Machine::look();
        let measured = measure(&subject, self.rate, self.seconds)?;
        let streams = self.streams.map(|streams| {
            let load = |streams, checks| {
                Load { subject: &subject, streams, rate: self.rate, seconds: self.seconds, checks }.run()
            };
            StreamsReport {
                rate: self.rate,
                seconds: self.seconds,
                idle: load(streams, false),
                once: load(streams, true),
                twice: load(streams.saturating_mul(2), true),
            }
        });
        let mut report = Report::new(&subject, machine, measured, streams);
        report.over = budget.over(&report);
        Ok(report)
    }
}

fn read_budget(path: &Path) -> Result<Budget> {
    let text = std::fs::read_to_string(path).map_err(|error| Error::file("read the budget", path, &error))?;
    Budget::from_toml(&text).map_err(|error| error.about(path.display()))
}

fn place(path: Option<&Path>) -> String {
    path.map(|path| path.display().to_string()).unwrap_or_default()
}

/// Says before a long measurement that its page could not be written.
fn writable(path: &Path) -> Result<()> {
    let opened = std::fs::OpenOptions::new().append(true).create(true).open(path);
    opened.map(|_| ()).map_err(|error| Error::file("write", path, &error))
}
