//! `tightlip index push | pull`.

use std::path::PathBuf;

use clap::Args;

use super::{Ending, grouped, print};
use crate::error::{Error, Result};
use crate::index::store::{Place, pull, push};

/// Publish an index to an object store.
#[derive(Args)]
pub(super) struct Push {
    /// The folder of the index.
    index: PathBuf,
    /// Where to: s3://bucket/folder, gs://bucket/folder, az://container/folder, or a folder. Who is asking comes from the variables of the
    /// environment that the provider's own tools read (`AWS_…`, `GOOGLE_…`, `AZURE_…`).
    store: String,
    /// So many of the last that were published are kept.
    #[arg(long, default_value = "3", value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..))]
    keep: u16,
}

impl Push {
    pub(super) fn run(&self) -> Result<Ending> {
        let pushed =
            block(async { push(&self.index, &Place::new(&self.store)?, usize::from(self.keep)).await })?;
        match pushed.is_old {
            true => print(format_args!(
                "{}: it is published already, as number {}\n",
                self.index.display(),
                pushed.number
            ))?,
            false => print(format_args!(
                "{}: published as number {}, {} new files of {} bytes; {} old files removed\n",
                self.index.display(),
                pushed.number,
                pushed.files,
                grouped(pushed.bytes),
                pushed.removed
            ))?,
        }
        Ok(Ending::Done)
    }
}

/// Fetch the index that was published last.
#[derive(Args)]
pub(super) struct Pull {
    /// Where from, as `index push` takes it.
    store: String,
    /// The folder of the index. What is there is replaced as a whole.
    index: PathBuf,
}

impl Pull {
    pub(super) fn run(&self) -> Result<Ending> {
        let pulled = block(async { pull(&Place::new(&self.store)?, &self.index).await })?;
        let generation =
            pulled.generation.map_or(String::new(), |generation| format!(", generation {generation}"));
        print(format_args!(
            "{}: number {}{generation}, {} files of {} bytes fetched\n",
            self.index.display(),
            pulled.number,
            pulled.files,
            grouped(pulled.bytes)
        ))?;
        Ok(Ending::Done)
    }
}

fn block<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    // The store's client takes the provider of the process; there is one already if somebody was faster.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| Error::io("cannot start", &error))?.block_on(work)
}
