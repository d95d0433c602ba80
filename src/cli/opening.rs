//! How commands open an index.

use std::path::{Path, PathBuf};

use clap::Args;

use super::grouped;
use crate::error::Result;
use crate::{Index, Load, Opening};

/// The options of every command that opens an index.
#[derive(Args, Clone, Default)]
pub(super) struct KeyOption {
    /// The file of the key of a sealed index: 32 random bytes, as they are, as hexadecimal digits or as base64. Not given: TIGHTLIP_INDEX_KEY_FILE names
    /// it, or TIGHTLIP_INDEX_KEY is the key.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

/// The options of commands that keep an index open.
#[derive(Args, Clone, Default)]
pub(super) struct LoadOption {
    #[command(flatten)]
    key: KeyOption,
    /// Where the bytes of an index that is not sealed are: mmap (files are mapped) or heap (files are read into memory).
    #[arg(long, value_name = "mmap|heap", default_value = "mmap", hide_default_value = true)]
    load: Load,
}

impl KeyOption {
    pub(super) fn opening(&self) -> Opening {
        self.key_file.iter().fold(Opening::new(), |opening, path| opening.key_file(path))
    }
}

impl KeyOption {
    pub(super) fn is_given(&self) -> bool {
        self.key_file.is_some()
    }
}

impl LoadOption {
    pub(super) fn opening(&self) -> Opening {
        self.key.opening().load(self.load)
    }

    /// Opens an index; says on stderr if what is secret in it may be swapped.
    pub(super) fn open(&self, folder: &Path) -> Result<Index> {
        let index = self.opening().open(folder)?;
        let memory = index.memory();
        if memory.sealed && !memory.locked {
            eprintln!(
                "tightlip: the {} bytes that the index takes may be swapped, since the system does not let them be locked in memory; raise `ulimit -l`",
                grouped(memory.bytes)
            );
        }
        Ok(index)
    }
}
