//! `tightlip index follow`.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::{Duration, Instant};

use clap::Args;

use super::build::{Size, beside, sealed};
use super::opening::KeyOption;
use super::{Ending, grouped};
use crate::error::{Error, Result};
use crate::index::follow::{Follower, Looked, State, Table};
use crate::index::source::postgres::Database;
use crate::{IndexBuilder, Region, Schema};

/// Keep an index at what a table of a database says.
#[derive(Args)]
pub(super) struct Follow {
    /// The folder of the index; it is made if it is not there.
    index: PathBuf,
    /// The database: postgres://user@host/name. A password may stand in PGPASSWORD.
    #[arg(long, value_name = "URL")]
    source: String,
    /// A SELECT of the owner, of identifiers named as in a dictionary, and of the columns below.
    #[arg(long, value_name = "SQL")]
    query: String,
    /// The column that says when a row was last changed: a timestamp that is set in the transaction, or an xid8. It should have an index.
    #[arg(long, value_name = "COLUMN")]
    key: String,
    /// The column that says that a row is gone: true, or anything but empty, false, no and 0.
    #[arg(long, value_name = "COLUMN")]
    deleted: Option<String>,
    /// How often the database is looked at.
    #[arg(long, value_name = "TIME", default_value = "1s")]
    every: Span,
    /// How often all owners are compared, which finds rows that were deleted; `never` if there is a column that says so.
    #[arg(long, value_name = "TIME", default_value = "10m")]
    compare_every: Often,
    /// How much further back rows are read again than open transactions need.
    #[arg(long, value_name = "TIME", default_value = "10s")]
    overlap: Span,
    /// Look once, and end.
    #[arg(long)]
    once: bool,
    /// What the columns are where their names do not say it, and kinds of one's own (TOML).
    #[arg(long, value_name = "FILE")]
    schema: Option<PathBuf>,
    /// The country of telephone numbers and dates that do not say their own, of an index that is made.
    #[arg(long, default_value = "US")]
    region: Region,
    /// Find values that are written backwards too, in an index that is made.
    #[arg(long)]
    reversed: bool,
    /// Seal an index that is made, with the key of the options below.
    #[arg(long)]
    encrypt: bool,
    #[command(flatten)]
    load: KeyOption,
    /// How much memory sorting may use when an index is made.
    #[arg(long, default_value = "512MiB", value_name = "BYTES")]
    memory: Size,
}

/// More bad values than this are counted, not printed.
const MOST_PRINTED: u64 = 20;

/// After an error the database is asked again after a second, then ever later, up to this.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

impl Follow {
    pub(super) fn run(self) -> Result<Ending> {
        let schema = super::sources::schema(self.schema.as_deref())?;
        let mut follower = self.follower(schema)?;
        let every = self.every.0;
        let (mut printed, mut wait, mut is_first) = (0, Duration::from_secs(1), true);
        loop {
            let begun = Instant::now();
            let looked = {
                let name = follower.name().to_owned();
                let mut bad = |subject: &str, column: Option<&str>, reason: &str| {
                    printed += 1;
                    match printed {
                        1..=MOST_PRINTED => eprintln!(
                            "{name}: {subject}: {}{reason}",
                            column.map_or(String::new(), |c| format!("{c}: "))
                        ),
                        n if n == MOST_PRINTED + 1 => {
                            eprintln!("tightlip: further values that cannot be used are not listed")
                        }
                        _ => {}
                    }
                };
                follower.look(self.once && self.compare_every.0.is_some(), &mut bad)
            };
            match looked {
                Ok(looked) => {
                    if wait > Duration::from_secs(1) {
                        eprintln!("tightlip: {} answers again", follower.name());
                    }
                    wait = Duration::from_secs(1);
                    self.say(looked, is_first);
                    is_first = false;
                    if self.once {
                        return Ok(Ending::Done);
                    }
                    std::thread::sleep(every.saturating_sub(begun.elapsed()));
                }
                // What is wrong with the options or at the very start is for the user to mend.
                Err(error) if self.once || (is_first && !error.is_io()) => return Err(error),
                Err(error) => {
                    let behind = State::read(&self.index)
                        .map_or(String::new(), |state| format!(" ({} s behind)", state.lag().as_secs()));
                    eprintln!("tightlip: {error}; trying again in {} s{behind}", wait.as_secs());
                    std::thread::sleep(wait);
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
            }
        }
    }

    fn follower(&self, schema: Schema) -> Result<Follower> {
        let (region, reversed, memory, index) =
            (self.region, self.reversed, self.memory.0, self.index.clone());
        let kinds = schema.clone();
        let key = if self.encrypt { Some(sealed(&self.load)?) } else { None };
        let fresh = move || {
            let builder = IndexBuilder::new().schema(&kinds).region(region).reversed(reversed).memory(memory);
            beside(key.clone().into_iter().fold(builder, IndexBuilder::sealed), &index)
        };
        let table = Table {
            database: Database::new(&self.source)?,
            query: self.query.clone(),
            key: self.key.clone(),
            gone: self.deleted.clone(),
            schema,
            opening: self.load.opening(),
            overlap: self.overlap.0,
            compare_every: self.compare_every.0,
        };
        if self.deleted.is_none() && self.compare_every.0.is_none() {
            return Err(Error::config(
                "nothing would tell that a row is gone; name a column by --deleted, or compare owners by --compare-every",
            ));
        }
        Follower::new(table, &self.index, Box::new(fresh))
    }

    /// Says what was done, where anything was.
    fn say(&self, looked: Looked, is_first: bool) {
        let applied = looked.applied;
        if is_first {
            eprintln!("tightlip: {} follows {} rows", self.index.display(), grouped(looked.rows as u64));
        } else if applied.changed + applied.gone > 0 {
            tracing::info!(
                changed = applied.changed,
                gone = applied.gone,
                rows = looked.rows,
                "the index was changed"
            );
        }
    }
}

/// A time: `250ms`, `10s`, `5m`, `1h`.
#[derive(Clone, Copy)]
struct Span(Duration);

impl FromStr for Span {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let factor = match &text[digits.len()..] {
            "ms" => 1,
            "s" => 1_000,
            "m" | "min" => 60_000,
            "h" => 3_600_000,
            _ => return Err("expected a time such as 10s"),
        };
        let number: u64 = digits.parse().map_err(|_| "expected a time such as 10s")?;
        number
            .checked_mul(factor)
            .map(|time| Self(Duration::from_millis(time)))
            .ok_or("expected a time such as 10s")
    }
}

/// A time, or `never`.
#[derive(Clone, Copy)]
struct Often(Option<Duration>);

impl FromStr for Often {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "never" { Ok(Self(None)) } else { text.parse().map(|Span(time)| Self(Some(time))) }
    }
}
