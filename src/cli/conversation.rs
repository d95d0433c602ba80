//! The file that keeps what the turns of a conversation have said.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::{Conversation, Session};

/// The file of a conversation. Turns that are given the same file wait for each other, so that each knows what the others have said.
pub(super) struct ConversationFile {
    path: PathBuf,
    kept: Conversation,
    /// Is locked as long as this lives.
    _lock: File,
}

impl ConversationFile {
    /// Waits for other turns, and reads what they have kept; nothing if there is no such file yet.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let lock = lock(path).map_err(|error| Error::file("lock the conversation", path, &error))?;
        let kept = match std::fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Conversation::default(),
            Err(error) => return Err(Error::file("read the conversation", path, &error)),
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|_| {
                let reason = "not a conversation that this tightlip has kept; remove it to begin anew";
                Error::config(format!("{}: {reason}", path.display()))
            })?,
        };
        Ok(Self { path: path.to_owned(), kept, _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Goes on with the conversation, if it is that of the session's readers; whether it is.
    pub(super) fn resume(&self, session: &Session) -> bool {
        let is_theirs = session.is_theirs(&self.kept);
        if is_theirs {
            session.resume(&self.kept);
        }
        is_theirs
    }

    /// Keeps what the session has said, if that is more than before.
    pub(super) fn keep(&mut self, session: &Session) -> Result<()> {
        let now = session.state();
        if now != self.kept {
            write(&self.path, &serde_json::to_vec(&now).expect("plain data"))
                .map_err(|error| Error::file("write the conversation", &self.path, &error))?;
            self.kept = now;
        }
        Ok(())
    }
}

/// A lock beside the file, which is replaced as a whole each time it is written.
fn lock(path: &Path) -> io::Result<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(name)?;
    file.lock()?;
    Ok(file)
}

/// Replaces a file as a whole, for its owner only.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".conversation-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map(drop).map_err(|error| error.error)
}
