//! A stream that is read from any place: kept in an unnamed file, sealed with a key that nobody has but this process.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

use crate::error::{Error, Result};
use crate::index::seal::{Opened, Seal, Sealing, opened_bytes};

/// What it is sealed as.
const NAME: &str = "spool";

pub(super) struct Spool {
    seal: Seal,
    file: Arc<File>,
    /// Bytes of the file.
    sealed: u64,
}

impl Spool {
    /// Takes a stream to its end; `name` is what it is read from.
    ///
    /// # Errors
    /// It cannot be read, or the folder for temporary files cannot be written.
    pub(super) fn of(mut content: impl Read, name: &str) -> Result<Self> {
        let seal = Seal::of_the_moment()?;
        let spooled = |error| Error::io(format_args!("cannot read {name} into a temporary file"), &error);
        let mut sealing = Sealing::new(&seal, NAME, tempfile::tempfile().map_err(spooled)?)?;
        io::copy(&mut content, &mut sealing).map_err(spooled)?;
        let file = sealing.finish().map_err(spooled)?;
        let sealed = file.metadata().map_err(spooled)?.len();
        Ok(Self { seal, file: Arc::new(file), sealed })
    }
}

impl Length for Spool {
    fn len(&self) -> u64 {
        opened_bytes(self.sealed).unwrap_or(0)
    }
}

impl ChunkReader for Spool {
    type T = Opened<BufReader<Place>>;

    fn get_read(&self, start: u64) -> std::result::Result<Self::T, ParquetError> {
        let place = BufReader::new(Place { file: Arc::clone(&self.file), at: 0 });
        Ok(Opened::at(&self.seal, NAME, place, self.sealed, start)?)
    }

    fn get_bytes(&self, start: u64, length: usize) -> std::result::Result<Bytes, ParquetError> {
        let mut bytes = Vec::new();
        self.get_read(start)?.take(length as u64).read_to_end(&mut bytes)?;
        match bytes.len() == length {
            true => Ok(bytes.into()),
            false => Err(ParquetError::EOF("the file ends before its table of contents says so".into())),
        }
    }
}

/// A place in a file that others read too, at places of their own.
pub(super) struct Place {
    file: Arc<File>,
    at: u64,
}

impl Read for Place {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        (&*self.file).seek(SeekFrom::Start(self.at))?;
        let read = (&*self.file).read(into)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for Place {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = match to {
            SeekFrom::Current(by) => self.at.saturating_add_signed(by),
            other => (&*self.file).seek(other)?,
        };
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_from_any_place_and_lies_sealed() {
        let content: Vec<u8> = (0..300_000_u32).flat_map(|number| number.to_le_bytes()).collect();
        let spool = Spool::of(&content[..], "stdin").unwrap();
        assert_eq!(spool.len(), content.len() as u64);
        for (start, length) in [(0, 10), (65_535, 3), (65_536, 65_536), (1_000_000, 200_000), (1_199_999, 1)]
        {
            assert_eq!(spool.get_bytes(start as u64, length).unwrap(), content[start..start + length]);
        }
        assert!(spool.get_bytes(1_199_999, 2).is_err(), "behind the end");
        // Two readers side by side.
        let (mut one, mut two) = (spool.get_read(8).unwrap(), spool.get_read(600_000).unwrap());
        for at in 0..100_000 {
            for (reader, start) in [(&mut one, 8), (&mut two, 600_000)] {
                let mut number = [0; 4];
                reader.read_exact(&mut number).unwrap();
                assert_eq!(u32::from_le_bytes(number), start / 4 + at);
            }
        }
        let mut lies = Vec::new();
        Place { file: Arc::clone(&spool.file), at: 0 }.read_to_end(&mut lies).unwrap();
        assert!(lies.len() > content.len() && !lies.windows(16).any(|bytes| bytes == &content[400..416]));
    }
}
