//! Disclosure reports: the last ones in memory, all of them in a file if one is named.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Mutex, PoisonError};

use super::config::ReportsConfig;
use crate::error::{Error, Result};
use crate::{Report, Session};

/// Reports that wait to be written. If the disk takes none for so long that there are more, whoever brings the next one waits.
const WAITING: usize = 1_024;

/// The reports of a proxy.
pub(super) struct Reports {
    most: usize,
    last: Mutex<VecDeque<Report>>,
    writer: Option<SyncSender<Report>>,
}

impl Reports {
    /// # Errors
    /// The file cannot be written to.
    pub(super) fn new(config: &ReportsConfig) -> Result<Self> {
        let writer = match &config.file {
            None => None,
            Some(path) => {
                let mut lines = Lines::open(path, config.file_bytes.0 as u64, config.files)?;
                let (sender, receiver) = sync_channel(WAITING);
                let writing = move || lines.write_all(&receiver);
                std::thread::Builder::new()
                    .name("reports".into())
                    .spawn(writing)
                    .map_err(|error| Error::io("cannot start", &error))?;
                Some(sender)
            }
        };
        Ok(Self { most: config.last, last: Mutex::default(), writer })
    }

    /// Whether anybody wants reports.
    pub(super) fn are_kept(&self) -> bool {
        self.most > 0 || self.writer.is_some()
    }

    /// Takes in the report of a response that has ended.
    pub(super) fn add(&self, session: &Session) {
        let report = session.report();
        if let Some(writer) = &self.writer {
            // None is lost while the disk is slow.
            match writer.try_send(report.clone()) {
                Ok(()) => {}
                Err(TrySendError::Full(report)) => drop(writer.send(report)),
                Err(TrySendError::Disconnected(_)) => tracing::error!("a disclosure report is not written"),
            }
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.push_back(report);
        while last.len() > self.most {
            last.pop_front();
        }
    }

    /// The last ones, as JSON lines.
    pub(super) fn text(&self) -> String {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.iter().map(line).collect()
    }
}

/// A report as a line of JSON.
fn line(report: &Report) -> String {
    serde_json::to_string(report).expect("plain data") + "\n"
}

/// A file of lines that is only appended to. When it is full it gets the number 1, and each older one the next number.
struct Lines {
    path: PathBuf,
    file: File,
    bytes: u64,
    most_bytes: u64,
    /// So many files are kept, with the one that is written to.
    files: usize,
}

impl Lines {
    fn open(path: &Path, most_bytes: u64, files: usize) -> Result<Self> {
        let failed = |error: io::Error| Error::file("write the reports to", path, &error);
        let file = append(path).map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        Ok(Self { path: path.into(), file, bytes, most_bytes, files: files.max(1) })
    }

    fn write_all(&mut self, reports: &Receiver<Report>) {
        while let Ok(report) = reports.recv() {
            if let Err(error) = self.write(&line(&report)) {
                let error = Error::file("write the reports to", &self.path, &error);
                tracing::error!(%error, "a disclosure report is not written");
            }
        }
    }

    fn write(&mut self, line: &str) -> io::Result<()> {
        if self.bytes > 0 && self.bytes + line.len() as u64 > self.most_bytes {
            self.turn()?;
        }
        self.file.write_all(line.as_bytes())?;
        self.bytes += line.len() as u64;
        Ok(())
    }

    /// Begins a new file.
    fn turn(&mut self) -> io::Result<()> {
        let older = |number: usize| match number {
            0 => self.path.clone(),
            number => {
                let mut name = self.path.clone().into_os_string();
                name.push(format!(".{number}"));
                name.into()
            }
        };
        for number in (1..self.files).rev() {
            match std::fs::rename(older(number - 1), older(number)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        if self.files == 1 {
            std::fs::remove_file(&self.path)?;
        }
        self.file = append(&self.path)?;
        self.bytes = 0;
        Ok(())
    }
}

/// A file of which only the end is written, for its owner only.
fn append(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_files_are_put_aside_and_the_oldest_goes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("reports.jsonl");
        let mut lines = Lines::open(&path, 10, 3).unwrap();
        for line in ["one one\n", "two\n", "three\n", "four four four four\n", "five\n"] {
            lines.write(line).unwrap();
        }
        let content = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap_or_default();
        let names = ["reports.jsonl", "reports.jsonl.1", "reports.jsonl.2", "reports.jsonl.3"];
        assert_eq!(names.map(content), ["five\n", "four four four four\n", "two\nthree\n", ""]);
        drop(lines);
        let mut lines = Lines::open(&path, 10, 3).unwrap();
        lines.write("six\n").unwrap();
        assert_eq!(content("reports.jsonl"), "five\nsix\n");
    }
}
