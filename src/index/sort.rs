//! Sorting more records than fit in memory: sorted runs on disk, merged as they are read.

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
    records: Vec<Record>,
    /// How many records were added.
    count: u64,
    /// Runs, and how often what is in them was merged: never less often than in the run behind.
    runs: Vec<(u32, File)>,
    seal: Option<Seal>,
}

/// Where a record is, and how it begins: most comparisons need no more.
#[derive(Clone, Copy)]
pub(crate) struct Record {
    first: u64,
    start: u32,
    length: u32,
}

impl Record {
    /// A record behind the others.
    fn new(bytes: &[u8], start: usize) -> Self {
        let record = &bytes[start..];
        let mut first = [0; 8];
        let known = record.len().min(first.len());
        first[..known].copy_from_slice(&record[..known]);
        Self { first: u64::from_be_bytes(first), start: start as u32, length: record.len() as u32 }
    }

    fn of(self, bytes: &[u8]) -> &[u8] {
        &bytes[self.start as usize..][..self.length as usize]
    }
}

/// Records are sorted in at most so many parts at once, none of which is worth its thread if it is smaller.
const MOST_PARTS: usize = 8;
const LEAST_OF_A_PART: usize = 1 << 14;

/// Parts of the records, each in order: where what is left of them begins and ends.
pub(crate) struct Parts(Vec<(usize, usize)>);

impl Parts {
    /// The first record of all that are left.
    fn next<'a>(&mut self, bytes: &'a [u8], records: &[Record]) -> Option<&'a [u8]> {
        let left = self.0.iter().enumerate().filter(|(_, (start, end))| start < end);
        let first = left.map(|(at, (start, _))| (at, records[*start]));
        let (at, record) = first
            .min_by(|(_, a), (_, b)| a.first.cmp(&b.first).then_with(|| a.of(bytes).cmp(b.of(bytes))))?;
        self.0[at].0 += 1;
        Some(record.of(bytes))
    }
}

/// So many runs of one level are merged into one, or a large dictionary and little memory would open more files than the system allows.
const MOST_RUNS: usize = 32;

impl Sorter {
    pub(crate) fn new(folder: &Path, memory: usize) -> Self {
        Self {
            folder: folder.to_owned(),
            memory,
            bytes: Vec::new(),
            records: Vec::new(),
            count: 0,
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
        let bookkeeping = (self.records.len() + 1) * size_of::<Record>();
        let is_full = self.bytes.len() + length + bookkeeping > self.memory;
        if !self.records.is_empty() && (is_full || self.bytes.len() + length > u32::MAX as usize) {
            self.spill()?;
        }
        let start = self.bytes.len();
        parts.iter().for_each(|part| self.bytes.extend_from_slice(part));
        self.records.push(Record::new(&self.bytes, start));
        self.count += 1;
        Ok(())
    }

    /// How many records there are.
    pub(crate) fn len(&self) -> u64 {
        self.count
    }

    /// The records in order.
    pub(crate) fn sorted(mut self) -> Result<Sorted> {
        if self.runs.is_empty() {
            let parts = self.sort();
            return Ok(Sorted::Memory { bytes: self.bytes, records: self.records, parts });
        }
        if !self.records.is_empty() {
            self.spill()?;
        }
        // Give back what the merge does not need before it starts.
        drop((std::mem::take(&mut self.bytes), std::mem::take(&mut self.records)));
        Sorted::merge(self.runs, self.memory, self.seal.as_ref())
    }

    /// Sorts the records that are in memory, on all cores.
    fn sort(&mut self) -> Parts {
        let bytes = &self.bytes;
        let sort = |part: &mut [Record]| {
            part.sort_unstable_by(|a, b| a.first.cmp(&b.first).then_with(|| a.of(bytes).cmp(b.of(bytes))));
        };
        let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get().min(MOST_PARTS));
        let size = self.records.len().div_ceil(cores).max(LEAST_OF_A_PART);
        if self.records.len() <= size {
            sort(&mut self.records);
        } else {
            std::thread::scope(|threads| {
                for part in self.records.chunks_mut(size) {
                    threads.spawn(move || sort(part));
                }
            });
        }
        let ends =
            (0..self.records.len()).step_by(size).map(|start| (start, self.records.len().min(start + size)));
        Parts(ends.collect())
    }

    fn spill(&mut self) -> Result<()> {
        let mut parts = self.sort();
        let mut run = self.run()?;
        let mut sorted = std::iter::from_fn(|| parts.next(&self.bytes, &self.records));
        let written = sorted.try_for_each(|record| run.push(record));
        let file = written.and_then(|()| run.finish()).map_err(|e| self.unwritable(&e))?;
        self.runs.push((0, file));
        self.bytes.clear();
        self.records.clear();
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

/// Puts the next record into what it is given; `false` at the end.
type Next = Box<dyn FnMut(&mut Vec<u8>) -> Result<bool> + Send>;

/// The records of a [`Sorter`], in order. Equal records come one after the other.
pub(crate) enum Sorted {
    Memory {
        bytes: Vec<u8>,
        records: Vec<Record>,
        parts: Parts,
    },
    Runs(Runs),
    /// What was sorted elsewhere.
    Elsewhere(Next),
}

/// Runs that are merged.
pub(crate) struct Runs {
    runs: Vec<Run>,
    /// A heap of those that have a record still: on top that whose record comes first.
    heap: Vec<usize>,
}

impl Sorted {
    fn merge(files: Vec<(u32, File)>, memory: usize, seal: Option<&Seal>) -> Result<Self> {
        let buffer = (memory / files.len()).clamp(4 << 10, 256 << 10);
        let mut runs = Runs { runs: Vec::with_capacity(files.len()), heap: Vec::new() };
        for (_, file) in files {
            let mut run = Run::new(file, buffer, seal).map_err(unreadable)?;
            if run.next().map_err(unreadable)? {
                runs.heap.push(runs.runs.len());
            }
            runs.runs.push(run);
        }
        (0..runs.heap.len() / 2).rev().for_each(|at| runs.sink(at));
        Ok(Self::Runs(runs))
    }

    /// Puts the next record into `record`; `false` at the end.
    pub(crate) fn next(&mut self, record: &mut Vec<u8>) -> Result<bool> {
        record.clear();
        match self {
            Self::Memory { bytes, records, parts } => {
                let Some(next) = parts.next(bytes, records) else { return Ok(false) };
                record.extend_from_slice(next);
                Ok(true)
            }
            Self::Runs(runs) => runs.next(record),
            Self::Elsewhere(next) => next(record),
        }
    }
}

impl Runs {
    fn next(&mut self, record: &mut Vec<u8>) -> Result<bool> {
        let Some(&first) = self.heap.first() else { return Ok(false) };
        let run = &mut self.runs[first];
        std::mem::swap(record, &mut run.record);
        if !run.next().map_err(unreadable)? {
            self.heap.swap_remove(0);
        }
        self.sink(0);
        Ok(true)
    }

    /// Lets a run sink to its place in the heap.
    fn sink(&mut self, mut at: usize) {
        let comes_before = |a: usize, b: usize| self.runs[a].record < self.runs[b].record;
        loop {
            let child = 2 * at + 1;
            let Some(&left) = self.heap.get(child) else { return };
            let right = self.heap.get(child + 1).is_some_and(|right| comes_before(*right, left));
            let child = child + usize::from(right);
            if !comes_before(self.heap[child], self.heap[at]) {
                return;
            }
            self.heap.swap(at, child);
            at = child;
        }
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
struct Run {
    file: RunFile,
    /// The record that was read last.
    record: Vec<u8>,
}

enum RunFile {
    Open(BufReader<File>),
    Sealed(Box<Opened<BufReader<File>>>),
}

impl Run {
    fn new(file: File, buffer: usize, seal: Option<&Seal>) -> std::io::Result<Self> {
        let length = file.metadata()?.len();
        let file = BufReader::with_capacity(buffer, file);
        let file = match seal {
            None => RunFile::Open(file),
            Some(seal) => RunFile::Sealed(Box::new(Opened::new(seal, RUN, file, length)?)),
        };
        Ok(Self { file, record: Vec::new() })
    }

    /// Reads the next record, if there is one.
    fn next(&mut self) -> std::io::Result<bool> {
        match &mut self.file {
            RunFile::Open(file) => next_record(file, &mut self.record),
            RunFile::Sealed(file) => next_record(file, &mut self.record),
        }
    }
}

fn next_record(file: &mut impl Read, record: &mut Vec<u8>) -> std::io::Result<bool> {
    let mut length = [0; 4];
    match file.read_exact(&mut length) {
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(false),
        other => other?,
    }
    record.resize(u32::from_le_bytes(length) as usize, 0);
    file.read_exact(record)?;
    Ok(true)
}

fn unreadable(error: std::io::Error) -> Error {
    Error::io("cannot read a sorted run", &error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_runs_say_nothing() {
        let seal = Seal::of_the_moment().unwrap();
        for (seal, says) in [(None, true), (Some(&seal), false)] {
            let mut sorter = Sorter::new(&std::env::temp_dir(), 1).sealed(seal);
            sorter.push(&[b"ann@example.com"]).unwrap();
            sorter.push(&[b"bob@example.com"]).unwrap();
            let (mut file, mut content) = (&sorter.runs[0].1, Vec::new());
            file.read_to_end(&mut content).unwrap();
            assert_eq!(content.windows(15).any(|window| window == b"ann@example.com"), says);
        }
    }

    #[test]
    fn runs_and_memory_agree() {
        let records = |count: u32| -> Vec<Vec<u8>> {
            (0..count).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[..3].to_vec()).collect()
        };
        let seal = Seal::of_the_moment().unwrap();
        for (memory, seal) in
            [(1, None), (100, None), (4_000, None), (1 << 22, None), (100, Some(&seal)), (4_000, Some(&seal))]
        {
            // In memory they are sorted in several parts.
            let records = records(if memory < 1_000 { 2_000 } else { 40_000 });
            let mut expected = records.clone();
            expected.sort();
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
