//! The names of the owners: a mapped table that is searched without being read.
//!
//! The file: the number of names as `u64`, where each name ends as `u64` (little-endian, counted from the first name), the names in order, and the
//! owners' numbers as `u32`. These are left out where they are the places, as in an index that was never changed: an owner keeps their
//! number for as long as the index lives.

use std::sync::OnceLock;

use super::Bytes;
use crate::error::{Error, Result};

pub(crate) struct OwnerNames {
    bytes: Bytes,
    count: usize,
    /// Where the numbers begin, if they are not the places.
    numbers: Option<usize>,
    /// Numbers and their places, by number; made when somebody asks first.
    places: OnceLock<Vec<(u32, u32)>>,
}

impl OwnerNames {
    pub(crate) fn new(bytes: Bytes) -> Result<Self> {
        let damaged = || Error::index("the owner names are damaged; build the index again");
        let content = bytes.as_ref();
        let count = content.first_chunk::<8>().map(|count| u64::from_le_bytes(*count)).ok_or_else(damaged)?;
        let count = usize::try_from(count).map_err(|_| damaged())?;
        let mut names = Self { count, bytes, numbers: None, places: OnceLock::new() };
        let table = count.checked_mul(8).and_then(|n| n.checked_add(8)).ok_or_else(damaged)?;
        let length = names.bytes.as_ref().len();
        if table > length {
            return Err(damaged());
        }
        let end = table.checked_add(names.end(count)).ok_or_else(damaged)?;
        match length.checked_sub(end) {
            Some(0) => {}
            Some(rest) if rest == 4 * count => names.numbers = Some(end),
            _ => return Err(damaged()),
        }
        Ok(names)
    }

    pub(crate) fn size(&self) -> usize {
        self.bytes.as_ref().len()
    }

    pub(crate) fn len(&self) -> u32 {
        self.count as u32
    }

    /// The name at a place.
    pub(crate) fn name(&self, place: u32) -> &[u8] {
        let (start, end) = (self.end(place as usize), self.end(place as usize + 1));
        &self.bytes.as_ref()[8 + 8 * self.count..][start..end]
    }

    /// The number of the owner at a place.
    pub(crate) fn number(&self, place: u32) -> u32 {
        let Some(numbers) = self.numbers else { return place };
        let bytes = self.bytes.as_ref()[numbers + 4 * place as usize..].first_chunk().expect("four bytes");
        u32::from_le_bytes(*bytes)
    }

    /// The name of an owner.
    pub(crate) fn name_of(&self, number: u32) -> Option<&[u8]> {
        if self.numbers.is_none() {
            return (number < self.len()).then(|| self.name(number));
        }
        let places = self.places.get_or_init(|| {
            let mut places: Vec<_> = (0..self.len()).map(|place| (self.number(place), place)).collect();
            places.sort_unstable();
            places
        });
        let at = places.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        Some(self.name(places[at].1))
    }

    /// The place of a name.
    pub(crate) fn find(&self, name: &[u8]) -> Option<u32> {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.name(middle as u32).cmp(name) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Some(middle as u32),
            }
        }
        None
    }

    /// Where the name before `place` ends.
    fn end(&self, place: usize) -> usize {
        let Some(before) = place.checked_sub(1) else { return 0 };
        let at = 8 + 8 * before;
        let bytes = self.bytes.as_ref()[at..at + 8].try_into().expect("eight bytes");
        usize::try_from(u64::from_le_bytes(bytes)).unwrap_or(usize::MAX >> 1)
    }
}

/// Writes the table, given its names in order. Holds them in memory.
#[derive(Default)]
pub(crate) struct OwnerNamesBuilder {
    ends: Vec<u64>,
    names: Vec<u8>,
    numbers: Vec<u32>,
}

impl OwnerNamesBuilder {
    pub(crate) fn push(&mut self, name: &[u8], number: u32) {
        self.names.extend_from_slice(name);
        self.numbers.push(number);
        self.ends.push(self.names.len() as u64);
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn write(&self, out: &mut impl std::io::Write) -> std::io::Result<()> {
        out.write_all(&(self.ends.len() as u64).to_le_bytes())?;
        for end in &self.ends {
            out.write_all(&end.to_le_bytes())?;
        }
        out.write_all(&self.names)?;
        if (0..).zip(&self.numbers).all(|(place, number)| place == *number) {
            return Ok(());
        }
        self.numbers.iter().try_for_each(|number| out.write_all(&number.to_le_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_and_no_other() {
        let mut builder = OwnerNamesBuilder::default();
        let names: Vec<String> = (0..1000).map(|n| format!("C-{:04}", n * 2)).collect();
        (0..).zip(&names).for_each(|(place, name)| builder.push(name.as_bytes(), place));
        let mut bytes = Vec::new();
        builder.write(&mut bytes).unwrap();
        let table = OwnerNames::new(Bytes::Heap(bytes.clone())).unwrap();
        for (place, name) in names.iter().enumerate() {
            assert_eq!(table.find(name.as_bytes()), Some(place as u32));
            assert_eq!(table.name(place as u32), name.as_bytes());
        }
        for absent in ["", "C-", "C-0001", "C-9999", "D"] {
            assert_eq!(table.find(absent.as_bytes()), None);
        }
        assert_eq!(table.name_of(3), Some(&b"C-0006"[..]));
        let mut builder = OwnerNamesBuilder::default();
        (0..).zip(&names).for_each(|(place, name)| builder.push(name.as_bytes(), 2 * place + 1));
        let mut numbered = Vec::new();
        builder.write(&mut numbered).unwrap();
        let table = OwnerNames::new(Bytes::Heap(numbered)).unwrap();
        let place = table.find(b"C-0006").unwrap();
        assert_eq!((table.number(place), table.name_of(7)), (7, Some(&b"C-0006"[..])));
        assert_eq!(table.name_of(6), None);
        bytes.pop();
        assert!(OwnerNames::new(Bytes::Heap(bytes)).is_err());
    }
}
