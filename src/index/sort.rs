//! Sorting more records than fit in memory: sorted runs on disk, merged as they are read.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use super::seal::{Opened, Seal, Sealing};
use crate::error::{Error, Result};

/// Collects records of bytes and gives them back in order.
///
/// Holds at most `memory` bytes of records and their bookkeeping; beyond that it writes sorted runs to unnamed files in the folder,
/// which the system removes when they are closed, however the process ends. What is [sealed](Self::sealed) says nothing there.
pub(crate) struct Sorter {
    folder: PathBuf,
    memory: usize,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// Runs, and how often what is in them was merged: never less often than in the run behind.
    runs: Vec<(u32, File)>,
    seal: Option<Seal>,
}

/// So many runs of one level are merged into one, or a large dictionary and little memory would open more files than the system allows.
const MOST_RUNS: usize = 32;

impl Sorter {
    pub(crate) fn new(folder: &Path, memory: usize) -> Self {
        Self {
            folder: folder.to_owned(),
            memory,
            bytes: Vec::new(),
            ends: Vec::new(),
            runs: Vec::new(),
            seal: None,
        }
    }

    /// The same, with runs that nobody else can read.
    pub(crate) fn sealed(mut self, seal: Option<&Seal>) -> Self {
        self.seal = seal.cloned();
        self
    }

    /// Adds the record that is the concatenation of `parts`.
    pub(crate) fn push(&mut self, parts: &[&[u8]]) -> Result<()> {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let bookkeeping = (self.ends.len() + 1) * 2 * size_of::<usize>();
        if !self.ends.is_empty() && self.bytes.len() + length + bookkeeping > self.memory {
            self.spill()?;
        }
        parts.iter().for_each(|part| self.bytes.extend_from_slice(part));
        self.ends.push(self.bytes.len());
        Ok(())
    }

    /// The records in order.
    pub(crate) fn sorted(mut self) -> Result<Sorted> {
        if self.runs.is_empty() {
            let order = self.order();
            return Ok(Sorted::Memory { bytes: self.bytes, order: order.into_iter() });
        }
        if !self.ends.is_empty() {
            self.spill()?;
        }
        // Give back what the merge does not need before it starts.
        drop((std::mem::take(&mut self.bytes), std::mem::take(&mut self.ends)));
        Sorted::merge(self.runs, self.memory, self.seal.as_ref())
    }

    fn order(&mut self) -> Vec<(usize, usize)> {
        let ends = std::mem::take(&mut self.ends);
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let mut order: Vec<(usize, usize)> = starts.zip(ends.iter().copied()).collect();
        order.sort_unstable_by(|a, b| self.bytes[a.0..a.1].cmp(&self.bytes[b.0..b.1]));
        order
    }

    fn spill(&mut self) -> Result<()> {
        let order = self.order();
        let mut run = self.run()?;
        order
            .into_iter()
            .try_for_each(|(start, end)| run.push(&self.bytes[start..end]))
            .map_err(|e| self.unwritable(&e))?;
        self.runs.push((0, run.finish().map_err(|e| self.unwritable(&e))?));
        self.bytes.clear();
        while let Some(first) = self.runs.len().checked_sub(MOST_RUNS)
            && self.runs[first].0 == self.runs[self.runs.len() - 1].0
        {
            let level = self.runs[first].0 + 1;
            let mut sorted = Sorted::merge(self.runs.split_off(first), self.memory, self.seal.as_ref())?;
            let (mut run, mut record) = (self.run()?, Vec::new());
            while sorted.next(&mut record)? {
                run.push(&record).map_err(|e| self.unwritable(&e))?;
            }
            self.runs.push((level, run.finish().map_err(|e| self.unwritable(&e))?));
        }
        Ok(())
    }

    fn run(&self) -> Result<RunBuilder> {
        let file = tempfile::tempfile_in(&self.folder).map_err(|error| self.unwritable(&error))?;
        let file = BufWriter::with_capacity(256 << 10, file);
        Ok(match &self.seal {
            None => RunBuilder::Open(file),
            Some(seal) => RunBuilder::Sealed(Box::new(Sealing::new(seal, RUN, file)?)),
        })
    }

    fn unwritable(&self, error: &std::io::Error) -> Error {
        Error::file("write a sorted run in", &self.folder, error)
    }
}

/// The records of a [`Sorter`], in order. Equal records come one after the other.
pub(crate) enum Sorted {
    Memory { bytes: Vec<u8>, order: std::vec::IntoIter<(usize, usize)> },
    Runs { runs: Vec<Run>, heap: BinaryHeap<Reverse<(Vec<u8>, usize)>> },
}

impl Sorted {
    fn merge(files: Vec<(u32, File)>, memory: usize, seal: Option<&Seal>) -> Result<Self> {
        let mut runs = Vec::with_capacity(files.len());
        let mut heap = BinaryHeap::with_capacity(files.len());
        let buffer = (memory / files.len()).clamp(4 << 10, 256 << 10);
        for (at, (_, file)) in files.into_iter().enumerate() {
            let mut run = Run::new(file, buffer, seal).map_err(unreadable)?;
            if let Some(record) = run.next().map_err(unreadable)? {
                heap.push(Reverse((record, at)));
            }
            runs.push(run);
        }
        Ok(Self::Runs { runs, heap })
    }

    /// Puts the next record into `record`; `false` at the end.
    pub(crate) fn next(&mut self, record: &mut Vec<u8>) -> Result<bool> {
        record.clear();
        match self {
            Self::Memory { bytes, order } => {
                let Some((start, end)) = order.next() else { return Ok(false) };
                record.extend_from_slice(&bytes[start..end]);
            }
            Self::Runs { runs, heap } => {
                let Some(Reverse((next, at))) = heap.pop() else { return Ok(false) };
                if let Some(following) = runs[at].next().map_err(unreadable)? {
                    heap.push(Reverse((following, at)));
                }
                *record = next;
            }
        }
        Ok(true)
    }
}

/// What runs are sealed as: each has random bytes of its own.
const RUN: &str = "run";

/// A sorted run being written: every record behind its length.
enum RunBuilder {
    Open(BufWriter<File>),
    Sealed(Box<Sealing<BufWriter<File>>>),
}

impl RunBuilder {
    fn push(&mut self, record: &[u8]) -> std::io::Result<()> {
        let file: &mut dyn Write = match self {
            Self::Open(file) => file,
            Self::Sealed(file) => file,
        };
        file.write_all(&(record.len() as u32).to_le_bytes())?;
        file.write_all(record)
    }

    fn finish(self) -> std::io::Result<File> {
        let file = match self {
            Self::Open(file) => file,
            Self::Sealed(file) => file.finish()?,
        };
        let mut file = file.into_inner()?;
        std::io::Seek::rewind(&mut file)?;
        Ok(file)
    }
}

/// A sorted run on disk.
pub(crate) enum Run {
    Open(BufReader<File>),
    Sealed(Box<Opened<BufReader<File>>>),
}

impl Run {
    fn new(file: File, buffer: usize, seal: Option<&Seal>) -> std::io::Result<Self> {
        let Some(seal) = seal else { return Ok(Self::Open(BufReader::with_capacity(buffer, file))) };
        let length = file.metadata()?.len();
        Ok(Self::Sealed(Box::new(Opened::new(seal, RUN, BufReader::with_capacity(buffer, file), length)?)))
    }

    fn next(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        match self {
            Self::Open(file) => next_record(file),
            Self::Sealed(file) => next_record(file),
        }
    }
}

fn next_record(file: &mut impl Read) -> std::io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match file.read_exact(&mut length) {
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let mut record = vec![0; u32::from_le_bytes(length) as usize];
    file.read_exact(&mut record)?;
    Ok(Some(record))
}

fn unreadable(error: std::io::Error) -> Error {
    Error::io("cannot read a sorted run", &error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_and_memory_agree() {
        let records: Vec<Vec<u8>> =
            (0..2_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[..3].to_vec()).collect();
        let mut expected = records.clone();
        expected.sort();
        let seal = Seal::of_the_moment().unwrap();
        for (memory, seal) in
            [(1, None), (100, None), (4_000, None), (1 << 20, None), (100, Some(&seal)), (4_000, Some(&seal))]
        {
            let mut sorter = Sorter::new(&std::env::temp_dir(), memory).sealed(seal);
            for record in &records {
                sorter.push(&[&record[..1], &record[1..]]).unwrap();
            }
            let (mut sorted, mut record, mut found) = (sorter.sorted().unwrap(), Vec::new(), Vec::new());
            while sorted.next(&mut record).unwrap() {
                found.push(record.clone());
            }
            assert_eq!(found, expected, "with {memory} bytes");
        }
    }
}
