//! Many parts as one: checked first, then read in the order of their keys.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::numbering::Numbering;
use super::super::sort::{Sorted, Sorter};
use super::super::{Bytes, OwnerNames, Seal};
use super::read::{Line, PartReader, bytes, owner};
use super::{Closing, Made, Tally};
use crate::error::{Error, Result};

/// Parts that fit together and are whole.
pub(crate) struct Parts {
    /// In the order of their keys.
    paths: Vec<PathBuf>,
    made: Made,
    lines: u64,
    keys: usize,
    calling_codes: BTreeSet<u16>,
    owners: Sorter,
}

/// What a line says.
enum Says {
    Closing(Closing),
    Value { confers: bool, calling_code: Option<u16> },
    Beside { confers: bool },
    Spelling { of: Vec<u8> },
}

impl Parts {
    /// Reads all parts once. Names of owners are sorted in `runs`, with at most `memory` bytes and sealed if they should be.
    ///
    /// # Errors
    /// One of them cannot be read or is no part; they overlap or are not sorted; a line is missing or came twice; or they were made in different ways.
    pub(crate) fn open(paths: Vec<PathBuf>, runs: &Path, memory: usize, is_sealed: bool) -> Result<Self> {
        let seal = is_sealed.then(Seal::of_the_moment).transpose()?;
        let mut owners = Sorter::new(runs, memory).sealed(seal.as_ref());
        let (mut found, mut said) = (Tally::default(), Tally::default());
        let mut made: Option<Made> = None;
        let (mut keys, mut calling_codes, mut kinds) = (0, BTreeSet::new(), BTreeMap::new());
        let mut ranges = Vec::new();
        let (mut line, mut before, mut last_owner) = (Line::default(), Vec::new(), Vec::new());
        for path in paths {
            let mut part = PartReader::open(&path)?;
            let mut first = None;
            before.clear();
            while part.next(&mut line)? {
                if line.digits < before {
                    return Err(Error::data(format!(
                        "{} is not sorted by its keys (as bytes)",
                        path.display()
                    )));
                }
                if line.digits != before {
                    before.clone_from(&line.digits);
                }
                first.get_or_insert_with(|| before.clone());
                let (kind, _, says) = read(&line.digits).ok_or_else(|| part.damaged())?;
                if let Says::Closing(closing) = says {
                    let sum = u64::from_str_radix(&closing.sum, 16).map_err(|_| part.damaged())?;
                    said.lines += closing.lines;
                    said.sum = said.sum.wrapping_add(sum);
                    if made.get_or_insert_with(|| closing.made.clone()) != &closing.made {
                        return Err(Error::data(
                            "the parts were made in different ways; make all of them with the same tightlip, schema, region and --reversed",
                        ));
                    }
                    continue;
                }
                found.line(&line.digits, &line.kind, &line.owner);
                match says {
                    Says::Value { calling_code, .. } => {
                        keys += 1;
                        calling_codes.extend(calling_code);
                    }
                    Says::Spelling { .. } => keys += 1,
                    _ => {}
                }
                if kinds.entry(kind).or_insert_with(|| line.kind.clone()) != &line.kind {
                    return Err(part.damaged());
                }
                if line.owner != last_owner {
                    last_owner.clone_from(&line.owner);
                    owners.push(&[&owner(&line.owner).ok_or_else(|| part.damaged())?])?;
                }
            }
            ranges.extend(first.map(|first| (first, before.clone(), path)));
        }
        let made = made.ok_or_else(|| {
            Error::data("the parts do not say how they were made: the closing lines of `tightlip index keys` are missing")
        })?;
        if made.folding != crate::text::version() {
            return Err(Error::data(format!(
                "the parts were folded by {}, this tightlip folds by {}; make them again",
                made.folding,
                crate::text::version()
            )));
        }
        if found != said {
            return Err(Error::data(format!(
                "the parts hold {} keys, of {} that were written; some are missing, came twice or were changed",
                found.lines, said.lines
            )));
        }
        let is_named = |(place, name): (usize, Vec<u8>)| {
            made.kinds.get(place).is_some_and(|spec| spec.kind.name().as_bytes() == name)
        };
        if !kinds.into_iter().all(is_named) {
            return Err(Error::data(
                "the kinds of the parts are not those that they say they were made with",
            ));
        }
        ranges.sort_unstable();
        for pair in ranges.windows(2) {
            if pair[0].1 > pair[1].0 {
                return Err(Error::data(format!(
                    "{} and {} overlap; parts have to be ranges of keys",
                    pair[0].2.display(),
                    pair[1].2.display()
                )));
            }
        }
        let paths = ranges.into_iter().map(|(.., path)| path).collect();
        Ok(Self { paths, made, lines: found.lines, keys, calling_codes, owners })
    }

    pub(in super::super) fn made(&self) -> &Made {
        &self.made
    }

    /// How many lines there are.
    pub(in super::super) fn lines(&self) -> u64 {
        self.lines
    }

    /// As many keys as a builder would have counted.
    pub(in super::super) fn keys(&self) -> usize {
        self.keys
    }

    pub(in super::super) fn calling_codes(&self) -> impl Iterator<Item = u16> + '_ {
        self.calling_codes.iter().copied()
    }

    /// Numbers the owners in the order of their names; gives keys and spellings as a builder sorts them.
    pub(in super::super) fn sorted(self) -> Result<(Numbering<'static>, Sorted, Sorted)> {
        let mut numbering = Numbering::new(None, 0);
        let mut owners = self.owners.sorted()?;
        let (mut name, mut before) = (Vec::new(), Vec::new());
        while owners.next(&mut name)? {
            if name != before {
                numbering.number(&name);
                std::mem::swap(&mut name, &mut before);
            }
        }
        let mut table = Vec::new();
        numbering.names.write(&mut table).map_err(|error| Error::io("cannot write the index", &error))?;
        let names = OwnerNames::new(Bytes::Heap(table))?;
        let paths: Arc<[PathBuf]> = self.paths.into();
        let mut keys = Keys {
            lines: Joined::new(Arc::clone(&paths)),
            names,
            next: None,
            owners: Vec::new(),
            key: Vec::new(),
        };
        let mut spellings = Joined::new(paths);
        Ok((
            numbering,
            Sorted::Elsewhere(Box::new(move |record| keys.next(record))),
            Sorted::Elsewhere(Box::new(move |record| spelling(&mut spellings, record))),
        ))
    }
}

/// The place of the kind, the key with it as an index has it, and what a line says.
fn read(digits: &[u8]) -> Option<(usize, Vec<u8>, Says)> {
    let mut key = bytes(digits)?;
    let place = *key.first()?;
    if place == 0 {
        return Some((0, Vec::new(), Says::Closing(serde_json::from_slice(&key[1..]).ok()?)));
    }
    key[0] = place - 1;
    let end = key.iter().skip(1).position(|byte| *byte == 0)? + 1;
    let says = key.split_off(end);
    let confers = |flag: &u8| match flag {
        b'0' => Some(false),
        b'1' => Some(true),
        _ => None,
    };
    let says = match &says[1..] {
        [b'v', flag, code @ ..] => {
            let code = Some(code).filter(|code| !code.is_empty());
            let code = code.map(|code| std::str::from_utf8(code).ok()?.parse().ok());
            Says::Value {
                confers: confers(flag)?,
                calling_code: code.map_or(Some(None), |code: Option<u16>| code.map(Some))?,
            }
        }
        [b'b', flag] => Says::Beside { confers: confers(flag)? },
        [b's', of @ ..] if !of.is_empty() => Says::Spelling { of: of.to_vec() },
        _ => return None,
    };
    Some((usize::from(key[0]), key, says))
}

/// The lines of all parts, one part after the other.
struct Joined {
    paths: Arc<[PathBuf]>,
    at: usize,
    part: Option<PartReader>,
    line: Line,
}

impl Joined {
    fn new(paths: Arc<[PathBuf]>) -> Self {
        Self { paths, at: 0, part: None, line: Line::default() }
    }

    /// The key of the next line and what it says; its owner is in `line`.
    fn next(&mut self) -> Result<Option<(Vec<u8>, Says)>> {
        loop {
            let Some(part) = &mut self.part else {
                let Some(path) = self.paths.get(self.at) else { return Ok(None) };
                self.part = Some(PartReader::open(path)?);
                self.at += 1;
                continue;
            };
            if part.next(&mut self.line)? {
                let (_, key, says) = read(&self.line.digits).ok_or_else(|| part.damaged())?;
                return Ok(Some((key, says)));
            }
            self.part = None;
        }
    }

    fn damaged(&self) -> Error {
        self.part
            .as_ref()
            .map_or_else(|| Error::data("the parts were changed while they were read"), PartReader::damaged)
    }
}

/// kind, spelling, 0, key
fn spelling(lines: &mut Joined, record: &mut Vec<u8>) -> Result<bool> {
    record.clear();
    while let Some((key, says)) = lines.next()? {
        if let Says::Spelling { of } = says {
            record.extend([&key[..], &[0], &of].concat());
            return Ok(true);
        }
    }
    Ok(false)
}

/// Keys of owners, each once, by key and number.
struct Keys {
    lines: Joined,
    names: OwnerNames,
    /// The next key and one of its owners.
    next: Option<(Vec<u8>, u32, bool)>,
    /// The key that is being told, and its owners that are still to be told, the last one first.
    key: Vec<u8>,
    owners: Vec<(u32, bool)>,
}

impl Keys {
    /// kind, key, 0, owner, confers
    fn next(&mut self, record: &mut Vec<u8>) -> Result<bool> {
        record.clear();
        if self.owners.is_empty() {
            if self.next.is_none() {
                self.next = self.owner()?;
            }
            let Some((key, number, confers)) = self.next.take() else { return Ok(false) };
            self.key = key;
            self.owners.push((number, confers));
            while let Some((key, number, confers)) = self.owner()? {
                if key != self.key {
                    self.next = Some((key, number, confers));
                    break;
                }
                self.owners.push((number, confers));
            }
            // Of two that differ only in whether they confer, the one that does stands for both.
            self.owners.sort_unstable_by_key(|(number, confers)| (std::cmp::Reverse(*number), !confers));
            self.owners.dedup_by_key(|(number, _)| *number);
        }
        let (number, confers) = self.owners.pop().expect("every key has an owner");
        record.extend_from_slice(&self.key);
        record.push(0);
        record.extend_from_slice(&number.to_be_bytes());
        record.push(u8::from(confers));
        Ok(true)
    }

    /// The next key that is an owner's, and the owner.
    fn owner(&mut self) -> Result<Option<(Vec<u8>, u32, bool)>> {
        while let Some((key, says)) = self.lines.next()? {
            let (Says::Value { confers, .. } | Says::Beside { confers }) = says else { continue };
            let name = owner(&self.lines.line.owner);
            let place = name.and_then(|name| self.names.find(&name)).ok_or_else(|| self.lines.damaged())?;
            return Ok(Some((key, self.names.number(place), confers)));
        }
        Ok(None)
    }
}
