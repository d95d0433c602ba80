//! Dictionaries on the command line: which ones, what is wrong in them, and when that is too much.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};

use super::grouped;
use crate::error::{Error, Result};
use crate::{BadValue, IndexBuilder, IndexInfo, Rows, Schema};

/// The options of every command that reads dictionaries.
#[derive(Args)]
pub(super) struct Sources {
    /// Dictionaries: CSV with a header row, or JSON lines, as they are or packed with gzip or zstd; `-` is stdin, and a pattern such as
    /// 'customers-*.csv.gz' stands for all files that fit.
    #[arg(required = true, value_name = "SOURCE")]
    sources: Vec<PathBuf>,
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
        let Some(path) = &self.schema else { return Ok(Schema::default()) };
        std::fs::read_to_string(path)
            .map_err(|error| Error::file("read the schema", path, &error))
            .and_then(|text| Schema::from_toml(&text).map_err(|error| error.about(path.display())))
    }

    /// Adds all values, and says on stderr which ones cannot be used.
    ///
    /// # Errors
    /// A dictionary cannot be read, or too many rows have values that cannot be used.
    pub(super) fn read(&self, builder: &mut IndexBuilder, schema: &Schema) -> Result<Rows> {
        let sources = self.files()?;
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
            rows += if source == Path::new("-") {
                let stdin = progress.wrap_read(std::io::stdin().lock());
                builder.add_dictionary("stdin", stdin, schema, &mut bad)?
            } else {
                let file =
                    std::fs::File::open(source).map_err(|error| Error::file("open", source, &error))?;
                if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
                    return Err(Error::data(format!(
                        "{} is a folder; expected a dictionary file",
                        source.display()
                    )));
                }
                let name = source.display().to_string();
                builder.add_dictionary(&name, progress.wrap_read(file), schema, &mut bad)?
            };
        }
        progress.finish_and_clear();
        if printed > MOST_PRINTED {
            eprintln!("tightlip: and {} more values that cannot be used", grouped(printed - MOST_PRINTED));
        }
        if rows.read == 0 {
            return Err(Error::data(
                "the dictionaries have no rows; an index needs at least one value of one owner",
            ));
        }
        if self.max_bad.is_exceeded(rows) {
            return Err(Error::data(format!(
                "{} of {} rows have values that cannot be used, more than --max-bad {}; nothing was written",
                grouped(rows.bad),
                grouped(rows.read),
                self.max_bad.text
            )));
        }
        if rows.used == 0 {
            return Err(Error::data("no row has a value that can be used; nothing was written"));
        }
        Ok(rows)
    }

    /// The files that are named, patterns resolved.
    fn files(&self) -> Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for source in &self.sources {
            let pattern = source.to_str().filter(|name| name.contains(['*', '?', '[']) && !source.exists());
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
