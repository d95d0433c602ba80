//! `tightlip index build`.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;

use super::interrupt::interruptible;
use super::opening::KeyOption;
use super::sources::{Sources, note_bad, note_noisy, shows_writing};
use super::{Ending, canary, grouped, print};
use crate::error::{Error, Result};
use crate::index::parts::Parts;
use crate::{IndexBuilder, IndexInfo, IndexKey, Region};

/// Build an index from dictionaries.
#[derive(Args)]
pub(super) struct Build {
    #[command(flatten)]
    sources: Sources,
    /// The folder to write. An index that is there is replaced as a whole.
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// The country of telephone numbers and dates that do not say their own.
    #[arg(long, default_value = "US")]
    region: Region,
    /// How much memory sorting may use.
    #[arg(long, default_value = "512MiB", value_name = "BYTES")]
    memory: Size,
    /// How many threads fold, sort and write at the same time, at most eight; one for each core unless given. The index is the same.
    #[arg(long, value_name = "NUMBER")]
    threads: Option<NonZeroUsize>,
    /// Find values that are written backwards too: long ones of strong kinds, and names. The index takes about 40 % more bytes.
    #[arg(long)]
    reversed: bool,
    /// The sources are parts: sorted lines of `index keys`, or Parquet with their columns; a folder stands for all files in it named part-….
    #[arg(long, conflicts_with_all = ["region", "reversed", "schema", "max_bad", "query"])]
    part: bool,
    /// The company's own texts and past answers: values in them, outside what was written to their owner, are kept but only observed. Plain text,
    /// or .jsonl with "text" and, for an answer, "reader". May be given more than once.
    #[arg(long, value_name = "FILE")]
    canary: Vec<PathBuf>,
    /// Seal every file with a key: without it nothing in them can be read, nor in the temporary ones.
    #[arg(long)]
    encrypt: bool,
    #[command(flatten)]
    key: KeyOption,
}

/// With less memory nearly every row would become a file of its own.
const LEAST_MEMORY: usize = 4 << 10;

impl Build {
    pub(super) fn run(&self) -> Result<Ending> {
        IndexBuilder::check_folder(&self.output)?;
        if self.part {
            let parts = self.sources.parts()?;
            let (system, memory) = (std::env::temp_dir(), self.memory.0 / 4);
            let parts = Parts::open(parts, runs(&self.output).unwrap_or(&system), memory, self.encrypt)?;
            let builder = self.sealed(self.builder().parts(parts))?;
            self.finish(self.with_canaries(interruptible(shows_writing(beside(builder, &self.output))))?)?;
            return Ok(Ending::Done);
        }
        let schema = self.sources.schema()?;
        let builder = self.builder().schema(&schema).region(self.region).reversed(self.reversed);
        if !self.encrypt && self.key.is_given() {
            return Err(Error::config("--key-file has no meaning without --encrypt"));
        }
        let builder = self.with_canaries(self.sealed(builder)?)?;
        let mut builder = interruptible(shows_writing(beside(builder, &self.output)));
        let rows = self.sources.read(&mut builder, &schema)?;
        let info = self.finish(builder)?;
        note_bad(rows);
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

    fn builder(&self) -> IndexBuilder {
        let builder = IndexBuilder::new().memory(self.memory.0);
        self.threads.into_iter().fold(builder, IndexBuilder::threads)
    }

    fn sealed(&self, builder: IndexBuilder) -> Result<IndexBuilder> {
        if self.encrypt { Ok(builder.sealed(sealed(&self.key)?)) } else { Ok(builder) }
    }

    fn with_canaries(&self, mut builder: IndexBuilder) -> Result<IndexBuilder> {
        for path in &self.canary {
            builder = builder.canaries(canary::texts(path)?);
        }
        Ok(builder)
    }

    fn finish(&self, builder: IndexBuilder) -> Result<IndexInfo> {
        let info = builder.finish(&self.output)?.info();
        print(format_args!(
            "{}: {} identifiers of {} owners, {} bytes\n",
            self.output.display(),
            grouped(info.identifiers.values().sum()),
            grouped(info.owners),
            grouped(info.bytes.total)
        ))?;
        note_noisy(&info);
        Ok(info)
    }
}

/// The key that `--encrypt` needs.
pub(super) fn sealed(key: &KeyOption) -> Result<IndexKey> {
    key.opening().named_key()?.ok_or_else(|| {
        Error::config("--encrypt needs a key; name its file with --key-file or TIGHTLIP_INDEX_KEY_FILE")
    })
}

/// Sorts beside the folder of the index, where there is room for it.
pub(super) fn beside(builder: IndexBuilder, folder: &Path) -> IndexBuilder {
    runs(folder).into_iter().fold(builder, IndexBuilder::runs_in)
}

fn runs(folder: &Path) -> Option<&Path> {
    // The folder of a bare name is the current one.
    let runs = folder.parent().map(|runs| if runs.as_os_str().is_empty() { Path::new(".") } else { runs });
    runs.filter(|runs| runs.is_dir())
}

/// A number of bytes: `512MiB`, `2G`, `1000000`.
#[derive(Clone, Copy)]
pub(super) struct Size(pub(super) usize);

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
