//! `tightlip bench`.

use std::path::PathBuf;

use clap::Args;

use super::quality::{Floors, Quality, Selection};
use super::{Ending, policy, print};
use crate::error::{Error, Result};

/// Measure.
#[derive(Args)]
pub(super) struct Bench {
    /// Measure detection: invented customers, answers in which their data stand in every spelling, and answers without.
    #[arg(long)]
    quality: bool,
    /// How many customers the index knows, with six identifiers each.
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(10..=10_000_000))]
    owners: u32,
    /// How many cases each class has.
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    cases: u32,
    /// Other customers, answers and spellings.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// A built-in policy (standard, strict, observe) or the path of a policy file.
    #[arg(long, value_name = "NAME|FILE", default_value = "strict")]
    policy: String,
    /// Build the index as `index build --reversed` does, so that values written backwards are found.
    #[arg(long)]
    reversed: bool,
    /// Only this class; may be given several times. `clean` is the class of answers without anybody's data.
    #[arg(long, value_name = "CLASS", value_parser = Selection::parse)]
    only: Vec<Selection>,
    /// Print JSON: every class by kind, with n and a 95 % interval for every rate.
    #[arg(long)]
    json: bool,
    /// Show so many examples of each way in which a class goes wrong.
    #[arg(long, value_name = "N", default_value_t = 0)]
    examples: usize,
    /// What has to be reached (TOML): by class the least share caught and covered, the most share wrongly withheld.
    #[arg(long, value_name = "FILE")]
    floors: Option<PathBuf>,
}

impl Bench {
    pub(super) fn run(&self) -> Result<Ending> {
        if !self.quality {
            return Err(Error::config(
                "bench measures detection: say `tightlip bench --quality`; try --help",
            ));
        }
        let floors = match &self.floors {
            None => Floors::default(),
            Some(path) => std::fs::read_to_string(path)
                .map_err(|error| Error::file("read the floors", path, &error))
                .and_then(|text| Floors::from_toml(&text).map_err(|error| error.about(path.display())))?,
        };
        let quality = Quality {
            owners: self.owners as usize,
            cases: self.cases as usize,
            seed: self.seed,
            policy: policy(&self.policy)?,
            reversed: self.reversed,
            only: self.only.clone(),
            examples: self.examples,
        };
        let mut report = quality.measure()?;
        report.beyond = floors.beyond(&report);
        match self.json {
            true => print(format_args!("{}\n", serde_json::to_string(&report).expect("plain data")))?,
            false => print(format_args!("{report}"))?,
        }
        Ok(if report.beyond.is_empty() { Ending::Done } else { Ending::BeyondFloors })
    }
}
