//! `tightlip index keys`.

use std::io::BufWriter;

use clap::Args;

use super::Ending;
use super::sources::{Sources, note_bad};
use crate::error::Result;
use crate::{KeyWriter, Region};

/// Write the keys of dictionaries as lines, for a cluster to sort.
#[derive(Args)]
pub(super) struct Keys {
    #[command(flatten)]
    sources: Sources,
    /// The country of telephone numbers and dates that do not say their own.
    #[arg(long, default_value = "US")]
    region: Region,
    /// Find values that are written backwards too.
    #[arg(long)]
    reversed: bool,
}

impl Keys {
    pub(super) fn run(&self) -> Result<Ending> {
        let schema = self.sources.schema()?;
        let out = BufWriter::with_capacity(256 << 10, std::io::stdout().lock());
        let mut writer = KeyWriter::new(out).schema(&schema).region(self.region).reversed(self.reversed);
        // A machine of a cluster may have been given no rows.
        let rows = self.sources.read_any(&mut writer, &schema)?;
        writer.finish()?;
        note_bad(rows);
        Ok(Ending::Done)
    }
}
