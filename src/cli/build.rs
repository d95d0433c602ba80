//! `tightlip index build`.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::{Ending, by_kind, canary, grouped, print};
use crate::error::{Error, Result};
use crate::{BadValue, IndexBuilder, Region, Rows, Schema};

/// Build an index from dictionaries.
#[derive(Args)]
pub(super) struct Build {
    /// Dictionaries: CSV with a header row, or JSON lines; `-` is stdin.
    #[arg(required = true, value_name = "SOURCE")]
    sources: Vec<PathBuf>,
    /// The folder to write. An index that is there is replaced as a whole.
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// What the columns are where their names do not say it, and kinds of one's own (TOML).
    #[arg(long, value_name = "FILE")]
    schema: Option<PathBuf>,
    /// The country of telephone numbers and dates that do not say their own.
    #[arg(long, default_value = "US")]
    region: Region,
    /// How much memory sorting may use.
    #[arg(long, default_value = "512MiB", value_name = "BYTES")]
    memory: Size,
    /// Find values that are written backwards too: long ones of strong kinds, and names. The index takes about 40 % more bytes.
    #[arg(long)]
    reversed: bool,
    /// The company's own texts and past answers: values in them, outside what was written to their owner, are kept but only observed. Plain text,
    /// or .jsonl with "text" and, for an answer, "reader". May be given more than once.
    #[arg(long, value_name = "FILE")]
    canary: Vec<PathBuf>,
    /// How many rows may have a value that cannot be used: a share such as 5% or a number. Beyond it nothing is written.
    #[arg(long, default_value = "5%", value_name = "SHARE|NUMBER", allow_negative_numbers = true)]
    max_bad: MaxBad,
}

/// With less memory nearly every row would become a file of its own.
const LEAST_MEMORY: usize = 4 << 10;

/// More bad values than this are counted, not printed.
const MOST_PRINTED: u64 = 20;

impl Build {
    pub(super) fn run(&self) -> Result<Ending> {
        let schema = match &self.schema {
            None => Schema::default(),
            Some(path) => std::fs::read_to_string(path)
                .map_err(|error| Error::file("read the schema", path, &error))
                .and_then(|text| Schema::from_toml(&text).map_err(|error| error.about(path.display())))?,
        };
        IndexBuilder::check_folder(&self.output)?;
        // The folder of a bare name is the current one.
        let runs = self
            .output
            .parent()
            .map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
        let mut builder = IndexBuilder::new()
            .schema(&schema)
            .region(self.region)
            .memory(self.memory.0)
            .reversed(self.reversed);
        for path in &self.canary {
            builder = builder.canaries(canary::texts(path)?);
        }
        builder = runs.filter(|folder| folder.is_dir()).into_iter().fold(builder, IndexBuilder::runs_in);

        let progress = self.progress();
        let mut printed = 0;
        let mut bad = |bad: &BadValue| {
            printed += 1;
            if printed <= MOST_PRINTED {
                progress.suspend(|| eprintln!("{bad}"));
            }
        };
        let mut rows = Rows::default();
        for source in &self.sources {
            rows += if source == Path::new("-") {
                builder.add_dictionary(
                    "stdin",
                    progress.wrap_read(std::io::stdin().lock()),
                    &schema,
                    &mut bad,
                )?
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
                builder.add_dictionary(&name, progress.wrap_read(file), &schema, &mut bad)?
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
        let info = builder.finish(&self.output)?.info();
        let identifiers = info.identifiers.values().sum();
        print(format_args!(
            "{}: {} identifiers of {} owners, {} bytes\n",
            self.output.display(),
            grouped(identifiers),
            grouped(info.owners),
            grouped(info.bytes.total)
        ))?;
        for (counts, what) in [
            (&info.observed.ordinary, "ordinary language, which is only observed"),
            (&info.observed.canaries, "in the canaries, which is only observed"),
            (
                &info.noisy,
                "so short, plain a number or so much like a date that it may be found where it is not meant",
            ),
        ] {
            if !counts.is_empty() {
                eprintln!("tightlip: values that are {what}: {}", by_kind(counts));
            }
        }
        if rows.bad > 0 {
            eprintln!(
                "tightlip: {} of {} rows had values that cannot be used; their other values are in",
                grouped(rows.bad),
                grouped(rows.read)
            );
        }
        match rows.used.saturating_sub(info.owners) {
            0 => {}
            1 => eprintln!(
                "tightlip: 1 row speaks of an owner that another row names too; their values add up"
            ),
            more => eprintln!(
                "tightlip: {} rows speak of an owner that another row names too; their values add up",
                grouped(more)
            ),
        }
        Ok(Ending::Done)
    }

    fn progress(&self) -> ProgressBar {
        if !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let lengths = self.sources.iter().map(|path| std::fs::metadata(path).map_or(0, |file| file.len()));
        let style =
            ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left");
        ProgressBar::new(lengths.sum()).with_style(style.expect("the template is valid"))
    }
}

/// A number of bytes: `512MiB`, `2G`, `1000000`.
#[derive(Clone, Copy)]
struct Size(usize);

impl FromStr for Size {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let factor = match text[digits.len()..].to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "k" | "kb" | "kib" => 1 << 10,
            "m" | "mb" | "mib" => 1 << 20,
            "g" | "gb" | "gib" => 1 << 30,
            _ => return Err("expected a size such as 512MiB"),
        };
        let number: usize = digits.trim().parse().map_err(|_| "expected a size such as 512MiB")?;
        match number.checked_mul(factor) {
            None => Err("larger than this machine can address"),
            Some(bytes) if bytes < LEAST_MEMORY => Err("sorting needs at least 4KiB"),
            Some(bytes) => Ok(Self(bytes)),
        }
    }
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
