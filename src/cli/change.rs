//! `tightlip index update | erase | compact`.

use std::io::BufRead;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::Args;

use super::build::{Size, beside};
use super::interrupt::interruptible;
use super::opening::KeyOption;
use super::sources::{Sources, note_bad, note_noisy, shows_writing};
use super::{Ending, grouped, print};
use crate::IndexKey;
use crate::error::{Error, Result};
use crate::policy::{Day, written};

/// Add owners to an index, and replace those that are already there.
#[derive(Args)]
pub(super) struct Update {
    /// The folder of the index.
    index: PathBuf,
    #[command(flatten)]
    sources: Sources,
    /// How much memory sorting may use.
    #[arg(long, default_value = "512MiB", value_name = "BYTES")]
    memory: Size,
    #[command(flatten)]
    key: KeyOption,
}

impl Update {
    pub(super) fn run(&self) -> Result<Ending> {
        let schema = self.sources.schema()?;
        let builder = self.key.opening().updating(&self.index)?.memory(self.memory.0);
        let mut builder = interruptible(shows_writing(beside(builder, &self.index)));
        let rows = self.sources.read(&mut builder, &schema)?;
        let info = builder.finish(&self.index)?.info();
        print(format_args!(
            "{}: generation {}, {} identifiers of {} owners, {} bytes\n",
            self.index.display(),
            info.generation,
            grouped(info.identifiers.values().sum()),
            grouped(info.owners),
            grouped(info.bytes.total)
        ))?;
        note_noisy(&info);
        note_bad(rows);
        Ok(Ending::Done)
    }
}

/// Forget owners.
#[derive(Args)]
pub(super) struct Erase {
    /// The folder of the index.
    index: PathBuf,
    /// An owner to forget. May be given more than once.
    #[arg(long = "owner", value_name = "ID", required_unless_present = "owners")]
    owner: Vec<String>,
    /// A file of owners to forget, one per line; `-` is stdin.
    #[arg(long, value_name = "FILE|-")]
    owners: Option<PathBuf>,
    /// Go on withholding their strong values, which are nobody's then, from everyone.
    #[arg(long)]
    suppress: bool,
    /// The last day (UTC) on which they are withheld.
    #[arg(long, value_name = "DATE", requires = "suppress")]
    until: Option<String>,
    #[command(flatten)]
    key: KeyOption,
}

impl Erase {
    pub(super) fn run(&self) -> Result<Ending> {
        let owners = self.named()?;
        let owners = owners.iter().map(String::as_str);
        let opening = self.key.opening();
        let receipt = match self.suppress {
            true => opening.suppress(&self.index, owners, self.until()?)?,
            false => opening.erase(&self.index, owners)?,
        };
        let unknown = receipt.owners.iter().filter(|erased| !erased.known).count() as u64;
        if unknown > 0 {
            eprintln!("tightlip: {} of the owners are not in the index", grouped(unknown));
        }
        if receipt.in_folder {
            eprintln!(
                "tightlip: their bytes are in the folder until `tightlip index compact {}`",
                self.index.display()
            );
        }
        let mut said = serde_json::to_value(&receipt).expect("plain data");
        let moment = |seconds: u64| written(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        said["at"] = moment(receipt.at).into();
        said["until"] = receipt.until.map(moment).into();
        print(format_args!("{said}\n"))?;
        Ok(Ending::Done)
    }

    fn named(&self) -> Result<Vec<String>> {
        let mut owners = self.owner.clone();
        let Some(path) = &self.owners else { return Ok(owners) };
        let unreadable = |error: &std::io::Error| Error::file("read", path, error);
        let lines: Box<dyn BufRead> = if path.as_os_str() == "-" {
            Box::new(std::io::stdin().lock())
        } else {
            Box::new(std::io::BufReader::new(std::fs::File::open(path).map_err(|error| unreadable(&error))?))
        };
        for line in lines.lines() {
            let line = line.map_err(|error| unreadable(&error))?;
            owners.extend(Some(line.trim().to_owned()).filter(|owner| !owner.is_empty()));
        }
        Ok(owners)
    }

    fn until(&self) -> Result<Option<SystemTime>> {
        let Some(until) = &self.until else { return Ok(None) };
        let day =
            Day::parse(until).ok_or_else(|| Error::config("--until: expected a day such as 2026-12-31"))?;
        Ok(Some(day.begin() + Duration::from_secs(24 * 60 * 60)))
    }
}

/// Write an index anew without what was erased.
#[derive(Args)]
pub(super) struct Compact {
    /// The folder of the index.
    index: PathBuf,
    #[command(flatten)]
    key: KeyOption,
}

impl Compact {
    pub(super) fn run(&self) -> Result<Ending> {
        let opening = self.key.opening();
        let before = opening.open(&self.index)?.info();
        let info = opening.compact(&self.index)?.info();
        print(format_args!(
            "{}: generation {}, {} owners are gone from the folder, {} bytes instead of {}\n",
            self.index.display(),
            info.generation,
            grouped(before.erased),
            grouped(info.bytes.total),
            grouped(before.bytes.total)
        ))?;
        Ok(Ending::Done)
    }
}

/// Seal an index anew.
#[derive(Args)]
pub(super) struct Rekey {
    /// The folder of the index.
    index: PathBuf,
    /// The file of the key that the index is to have.
    #[arg(long, value_name = "FILE")]
    new_key_file: PathBuf,
    #[command(flatten)]
    key: KeyOption,
}

impl Rekey {
    pub(super) fn run(&self) -> Result<Ending> {
        let info = self.key.opening().rekey(&self.index, IndexKey::from_file(&self.new_key_file)?)?.info();
        print(format_args!(
            "{}: generation {}, sealed under the new key\n",
            self.index.display(),
            info.generation
        ))?;
        Ok(Ending::Done)
    }
}
