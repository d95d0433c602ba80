//! `tightlip report`: who was shown what of a person.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::opening::KeyOption;
use super::{Ending, print};
use crate::Report as Disclosures;
use crate::error::{Error, Result};

/// Say who was shown what of a person, from disclosure reports.
#[derive(Args)]
pub(super) struct Report {
    /// The folder of the index that the responses were checked with: reports name people by hashes under its key.
    #[arg(long, value_name = "DIR")]
    index: PathBuf,
    #[command(flatten)]
    key: KeyOption,
    /// The person: an owner of the dictionary.
    #[arg(long, value_name = "ID")]
    owner: String,
    /// Print JSON lines.
    #[arg(long)]
    json: bool,
    /// Files of disclosure reports (JSON lines).
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

/// To whom, what, on which ground.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct What {
    /// Hashes; nobody if the reader was not known.
    reader: Vec<String>,
    kind: String,
    /// `own`, `acting_for`, `grant` and its id, `observed`, or `withheld`.
    basis: String,
}

/// How often, and from when to when.
#[derive(Clone, Serialize)]
struct When {
    count: u64,
    first: String,
    last: String,
}

impl Report {
    pub(super) fn run(&self) -> Result<Ending> {
        let subject = self.key.opening().open(&self.index)?.subject(&self.owner);
        let mut found = BTreeMap::new();
        for path in &self.files {
            read(path, &subject, &mut found)?;
        }
        for (what, when) in &found {
            let line = if self.json { as_json(what, when) } else { in_words(what, when, &subject) };
            print(format_args!("{line}\n"))?;
        }
        if found.is_empty() && !self.json {
            print(format_args!("nothing of this person was shown or withheld\n"))?;
        }
        Ok(Ending::Done)
    }
}

fn read(path: &Path, subject: &str, found: &mut BTreeMap<What, When>) -> Result<()> {
    let unreadable = |error: std::io::Error| Error::file("read the reports", path, &error);
    let file = BufReader::new(File::open(path).map_err(unreadable)?);
    for (number, line) in (1..).zip(file.lines()) {
        let line = line.map_err(unreadable)?;
        if line.trim().is_empty() {
            continue;
        }
        let report: Disclosures = serde_json::from_str(&line)
            .map_err(|_| Error::data(format!("{}:{number}: expected a disclosure report", path.display())))?;
        let mut add = |kind: &str, basis: String, count: u64| {
            let what = What { reader: report.reader.clone(), kind: kind.into(), basis };
            let (first, last) = (report.time.clone(), report.time.clone());
            let when = found.entry(what).or_insert(When { count: 0, first, last });
            when.count += count;
            when.first = when.first.clone().min(report.time.clone());
            when.last = when.last.clone().max(report.time.clone());
        };
        for shown in report.shown.iter().filter(|shown| shown.subject == subject) {
            let grant = if shown.grant.is_empty() { String::new() } else { format!(" {}", shown.grant) };
            add(&shown.kind, format!("{}{grant}", shown.basis), shown.count);
        }
        for (list, basis) in [(&report.observed, "observed"), (&report.withheld, "withheld")] {
            for judged in list.iter().filter(|judged| judged.subject == subject) {
                add(&judged.kind, basis.into(), judged.count);
            }
        }
    }
    Ok(())
}

fn as_json(what: &What, when: &When) -> String {
    #[derive(Serialize)]
    struct Line<'a> {
        #[serde(flatten)]
        what: &'a What,
        #[serde(flatten)]
        when: &'a When,
    }
    serde_json::to_string(&Line { what, when }).expect("plain data")
}

fn in_words(what: &What, when: &When, subject: &str) -> String {
    let reader = match &what.reader[..] {
        [] => "a stranger".to_owned(),
        [reader] if reader == subject => "themselves".to_owned(),
        readers => readers.join(" and "),
    };
    let times = if when.count == 1 { "once".to_owned() } else { format!("{} times", when.count) };
    let time = if when.first == when.last {
        format!("at {}", when.first)
    } else {
        format!("from {} to {}", when.first, when.last)
    };
    let (done, basis) = match &*what.basis {
        "withheld" => ("withheld from", String::new()),
        basis => ("shown to", format!(" ({basis})")),
    };
    format!("{} {done} {reader}{basis} {times}, {time}", what.kind)
}
