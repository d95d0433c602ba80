//! Where following stands: a small file beside the manifest.

#[cfg(all(feature = "cli", feature = "postgres"))]
use std::io::Write;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

#[cfg(all(feature = "cli", feature = "postgres"))]
use crate::error::{Error, Result};

/// The name of the file in the folder of an index.
const NAME: &str = "follow.json";

/// Where following stands. Holds no values.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    /// The index that is meant.
    pub(super) lineage: String,
    /// A hash of the database's name, the query and the names of its columns: another table begins anew.
    pub(super) table: String,
    /// Rows from here on have not been seen for certain: microseconds since 1970, or the number of a transaction.
    pub(super) cursor: i64,
    /// The latest time that was seen.
    pub(super) latest: i64,
    /// When the database was looked at, in seconds by its clock, and the number of its next transaction then. In order.
    pub(super) looks: Vec<(f64, i64)>,
    /// When owners were last compared, in seconds since 1970.
    pub(super) compared_at: f64,
    /// The index says what the database said at this moment, in seconds since 1970.
    pub(crate) current_at: f64,
}

impl State {
    /// `None`: the index is not followed, or where it stands cannot be told, so that it begins anew.
    pub(crate) fn read(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(folder.join(NAME)).ok()?).ok()
    }

    /// How far the index is behind its database.
    pub(crate) fn lag(&self) -> Duration {
        Duration::from_secs_f64((now() - self.current_at).max(0.0))
    }

    /// Puts this state in the place of the one before, at once.
    #[cfg(all(feature = "cli", feature = "postgres"))]
    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let write = || -> std::io::Result<()> {
            let mut file = tempfile::Builder::new().prefix(".unfinished-").tempfile_in(folder)?;
            file.write_all(&serde_json::to_vec(self).expect("plain data"))?;
            file.as_file().sync_all()?;
            file.persist(folder.join(NAME)).map_err(|error| error.error)?;
            Ok(())
        };
        write().map_err(|error| Error::file("write to", folder, &error))
    }
}

/// Seconds since 1970.
pub(super) fn now() -> f64 {
    SystemTime::UNIX_EPOCH.elapsed().map_or(0.0, |now| now.as_secs_f64())
}
