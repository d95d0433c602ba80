//! Dictionaries on the command line: which ones, what is wrong in them, and when that is too much.

use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};

use super::grouped;
use crate::error::{Error, Result};
#[cfg(feature = "postgres")]
use crate::index::source::postgres::Database;
use crate::index::source::{Into, Take, read, read_file};
use crate::{BadValue, IndexBuilder, IndexInfo, Rows, Schema};

/// The options of every command that reads dictionaries.
#[derive(Args)]
pub(super) struct Sources {
    /// Dictionaries: CSV with a header row, JSON lines or Parquet, as they are or packed with gzip or zstd; `-` is stdin, and a pattern such as
    /// 'customers-*.csv.gz' stands for all files that fit. Or a database, postgres://user@host/name, whose password may stand in PGPASSWORD.
    #[arg(required = true, value_name = "SOURCE")]
    sources: Vec<PathBuf>,
    /// What is read of a database: a SELECT of the owner and of identifiers, columns named as in a dictionary.
    #[arg(long, value_name = "SQL")]
    query: Option<String>,
    /// What the columns are where their names do not say it, and kinds of one's own (TOML).
    #[arg(long, value_name = "FILE")]
    schema: Option<PathBuf>,
    /// How many rows may have a value that cannot be used: a share such as 5% or a number. Beyond it nothing is written.
    #[arg(long, default_value = "5%", value_name = "SHARE|NUMBER", allow_negative_numbers = true)]
    max_bad: MaxBad,
}

/// More bad values than this are counted, not printed.
const MOST_PRINTED: u64 = 20;

impl Sources {
    pub(super) fn schema(&self) -> Result<Schema> {
        schema(self.schema.as_deref())
    }

    /// Passes all values on, and says on stderr which ones cannot be used.
    ///
    /// # Errors
    /// A dictionary cannot be read, or too many rows have values that cannot be used.
    pub(super) fn read(&self, taker: &mut dyn Take, schema: &Schema) -> Result<Rows> {
        let rows = self.read_some(taker, schema, false)?;
        if rows.read == 0 {
            return Err(Error::data(
                "the dictionaries have no rows; an index needs at least one value of one owner",
            ));
        }
        if rows.used == 0 {
            return Err(Error::data("no row has a value that can be used; nothing was written"));
        }
        Ok(rows)
    }

    /// The same, and there need not be any.
    pub(super) fn read_any(&self, taker: &mut dyn Take, schema: &Schema) -> Result<Rows> {
        self.read_some(taker, schema, true)
    }

    fn read_some(&self, taker: &mut dyn Take, schema: &Schema, may_be_empty: bool) -> Result<Rows> {
        let sources = self.files()?;
        if self.query.is_some() && !self.sources.iter().any(|source| is_database(source)) {
            return Err(Error::config(
                "--query is for databases; expected a source such as postgres://user@host/name",
            ));
        }
        let progress = progress(&sources);
        let mut printed = 0;
        let mut bad = |bad: &BadValue| {
            printed += 1;
            if printed <= MOST_PRINTED {
                progress.suspend(|| eprintln!("{bad}"));
            }
        };
        let mut rows = Rows::default();
        for source in &sources {
            let mut into = Into { schema, taker, bad: &mut bad };
            rows += if is_database(source) {
                self.read_query(source, &mut into)?
            } else if source == Path::new("-") {
                let mut stdin = std::io::stdin().lock();
                let is_empty = stdin.fill_buf().is_ok_and(<[u8]>::is_empty);
                if is_empty && may_be_empty {
                    Rows::default()
                } else {
                    read("stdin", progress.wrap_read(stdin), &mut into)?
                }
            } else {
                read_file(source, |file| progress.wrap_read(file), &mut into)?
            };
        }
        progress.finish_and_clear();
        if printed > MOST_PRINTED {
            eprintln!("tightlip: and {} more values that cannot be used", grouped(printed - MOST_PRINTED));
        }
        if self.max_bad.is_exceeded(rows) {
            return Err(Error::data(format!(
                "{} of {} rows have values that cannot be used, more than --max-bad {}; nothing was written",
                grouped(rows.bad),
                grouped(rows.read),
                self.max_bad.text
            )));
        }
        Ok(rows)
    }

    #[cfg(feature = "postgres")]
    fn read_query(&self, source: &Path, into: &mut Into) -> Result<Rows> {
        let query = self.query.as_deref().ok_or_else(|| {
            Error::config("a database needs --query; expected a SELECT of the owner and of identifiers")
        })?;
        let database = Database::new(source.to_str().unwrap_or_default())?;
        crate::index::source::postgres::read(&database, query, into)
    }

    #[cfg(not(feature = "postgres"))]
    fn read_query(&self, _: &Path, _: &mut Into) -> Result<Rows> {
        Err(Error::config("this tightlip reads no databases; build it with the feature `postgres`"))
    }

    /// The parts that are named, those in folders too.
    pub(super) fn parts(&self) -> Result<Vec<PathBuf>> {
        let mut parts = Vec::new();
        for source in self.files()? {
            let Ok(entries) = std::fs::read_dir(&source) else {
                parts.push(source);
                continue;
            };
            let before = parts.len();
            let is_part = |path: &PathBuf| {
                path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("part-"))
            };
            parts.extend(entries.flatten().map(|entry| entry.path()).filter(is_part));
            if parts.len() == before {
                return Err(Error::data(format!("{} has no parts (files named part-…)", source.display())));
            }
            parts[before..].sort_unstable();
        }
        Ok(parts)
    }

    /// The files that are named, patterns resolved.
    fn files(&self) -> Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for source in &self.sources {
            let is_pattern =
                |name: &&str| name.contains(['*', '?', '[']) && !source.exists() && !is_database(source);
            let pattern = source.to_str().filter(is_pattern);
            let Some(pattern) = pattern else {
                files.push(source.clone());
                continue;
            };
            let fit = glob::glob(pattern)
                .map_err(|error| Error::config(format!("{pattern} is not a pattern: {}", error.msg)))?;
            let before = files.len();
            files.extend(fit.flatten());
            if files.len() == before {
                return Err(Error::data(format!("no file fits {pattern}")));
            }
        }
        Ok(files)
    }
}

/// The schema of a file, or the one that holds where there is none.
pub(super) fn schema(path: Option<&Path>) -> Result<Schema> {
    let Some(path) = path else { return Ok(Schema::default()) };
    std::fs::read_to_string(path)
        .map_err(|error| Error::file("read the schema", path, &error))
        .and_then(|text| Schema::from_toml(&text).map_err(|error| error.about(path.display())))
}

/// Whether a source is named by the URL of a database.
fn is_database(source: &Path) -> bool {
    source
        .to_str()
        .is_some_and(|name| ["postgres://", "postgresql://"].iter().any(|scheme| name.starts_with(scheme)))
}

/// Says on stderr how many rows are only partly in.
pub(super) fn note_bad(rows: Rows) {
    if rows.bad > 0 {
        eprintln!(
            "tightlip: {} of {} rows had values that cannot be used; their other values are in",
            grouped(rows.bad),
            grouped(rows.read)
        );
    }
}

/// Says on stderr which values will not be withheld, or too often.
pub(super) fn note_noisy(info: &IndexInfo) {
    for (counts, what) in [
        (&info.observed.ordinary, "ordinary language, which is only observed"),
        (&info.observed.canaries, "in the canaries, which is only observed"),
        (
            &info.noisy,
            "so short, plain a number or so much like a date that it may be found where it is not meant",
        ),
    ] {
        if !counts.is_empty() {
            eprintln!("tightlip: values that are {what}: {}", super::by_kind(counts));
        }
    }
}

fn progress(sources: &[PathBuf]) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let lengths = sources.iter().map(|path| std::fs::metadata(path).map_or(0, |file| file.len()));
    let style =
        ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left");
    ProgressBar::new(lengths.sum()).with_style(style.expect("the template is valid"))
}

/// Shows how far writing is, on a terminal.
pub(super) fn shows_writing(builder: IndexBuilder) -> IndexBuilder {
    if !std::io::stderr().is_terminal() {
        return builder;
    }
    let style = ProgressStyle::with_template(
        "{bar:40} {human_pos} of {human_len} keys written, {per_sec}, {eta} left",
    );
    let bar = ProgressBar::new(0)
        .with_style(style.expect("the template is valid"))
        .with_finish(ProgressFinish::AndClear);
    builder.on_progress(move |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    })
}

#[derive(Clone)]
struct MaxBad {
    text: String,
    share: Option<f64>,
    number: u64,
}

impl FromStr for MaxBad {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = "expected a share such as 5% or a number of rows";
        let (share, number) = match text.strip_suffix('%') {
            Some(percent) => {
                let percent: f64 = percent.trim().parse().map_err(|_| expected)?;
                if !(0.0..=100.0).contains(&percent) {
                    return Err("expected a share between 0% and 100%");
                }
                (Some(percent / 100.0), 0)
            }
            None => (None, text.parse().map_err(|_| expected)?),
        };
        Ok(Self { text: text.to_owned(), share, number })
    }
}

impl MaxBad {
    fn is_exceeded(&self, rows: Rows) -> bool {
        match self.share {
            Some(share) => rows.bad as f64 > share * rows.read as f64,
            None => rows.bad > self.number,
        }
    }
}
