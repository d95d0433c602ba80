//! `tightlip bench --quality`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::quality::{Floors, Quality, Selection};
use crate::cli::{Ending, policy, print};
use crate::error::{Error, Result};

/// What is measured of detection.
#[derive(Args)]
#[command(next_help_heading = "Detection")]
pub(super) struct Detection {
    /// Measure detection instead: invented customers, answers in which their data stand in every spelling, and answers without.
    #[arg(long)]
    quality: bool,
    /// How many customers the index knows, with six identifiers each.
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(10..=10_000_000), requires = "quality")]
    owners: u32,
    /// How many cases each class has.
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000), requires = "quality")]
    cases: u32,
    /// Other customers, answers and spellings.
    #[arg(long, value_name = "S", default_value_t = 1, requires = "quality")]
    seed: u64,
    /// Build the index as `index build --reversed` does, so that values written backwards are found.
    #[arg(long, requires = "quality")]
    reversed: bool,
    /// Only this class; may be given several times. `clean` is the class of answers without anybody's data.
    #[arg(long, value_name = "CLASS", value_parser = Selection::parse, requires = "quality")]
    only: Vec<Selection>,
    /// Show so many examples of each way in which a class goes wrong.
    #[arg(long, value_name = "N", default_value_t = 0, requires = "quality")]
    examples: usize,
    /// What has to be reached (TOML): by class the least share caught and covered, the most share wrongly withheld.
    #[arg(long, value_name = "FILE", requires = "quality")]
    floors: Option<PathBuf>,
}

impl Detection {
    pub(super) fn is_asked(&self) -> bool {
        self.quality
    }

    pub(super) fn run(&self, policy_name: &str, json: bool) -> Result<Ending> {
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
            policy: policy(policy_name)?,
            reversed: self.reversed,
            only: self.only.clone(),
            examples: self.examples,
        };
        let mut report = quality.measure()?;
        report.beyond = floors.beyond(&report);
        match json {
            true => print(format_args!("{}\n", serde_json::to_string(&report).expect("plain data")))?,
            false => print(format_args!("{report}"))?,
        }
        Ok(if report.beyond.is_empty() { Ending::Done } else { Ending::Beyond })
    }
}
