//! Whose a value is: for every key of a segment, its owners and the values it spells.
//!
//! One little-endian `u32` per ordinal, the two upper bits saying what the rest is:
//!
//! | bits | rest |
//! |---|---|
//! | `00` | one owner: its number twice, plus one if the value confers |
//! | `01` | a spelling: the ordinal of the value |
//! | `10` | where a list of owners begins in the part behind the records |
//! | `11` | where a list of owners, and behind it a list of values spelled, begins |
//!
//! A list is its length and then the differences of neighbours, as LEB128. The file begins with the number of records as `u64`.

use super::Bytes;
use crate::error::{Error, Result};

const REST: u32 = (1 << 30) - 1;
const HEADER: usize = 8;

/// An owner of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Owner {
    pub(crate) number: u32,
    /// The value lets its owner read; one that nobody verified only protects.
    pub(crate) confers: bool,
}

impl Owner {
    fn packed(self) -> u32 {
        self.number << 1 | u32::from(self.confers)
    }

    fn unpack(packed: u32) -> Self {
        Self { number: packed >> 1, confers: packed & 1 == 1 }
    }
}

/// The postings of one segment.
pub(crate) struct Postings {
    bytes: Bytes,
    records: usize,
}

impl Postings {
    pub(crate) fn new(bytes: Bytes) -> Result<Self> {
        let content = bytes.as_ref();
        let count = content.first_chunk::<HEADER>().map(|count| u64::from_le_bytes(*count));
        match count.and_then(|count| usize::try_from(count).ok()) {
            Some(records) if records.checked_mul(4).is_some_and(|n| n <= content.len() - HEADER) => {
                Ok(Self { bytes, records })
            }
            _ => Err(Error::index("the postings are damaged; build the index again")),
        }
    }

    pub(crate) fn size(&self) -> usize {
        self.bytes.as_ref().len()
    }

    /// Whether there is a record of this ordinal.
    pub(crate) fn holds(&self, ordinal: u64) -> bool {
        ordinal < self.records as u64
    }

    /// Calls `each` with the owners of what a key says: those of its own value and of all values it spells. An owner may come more than once.
    pub(crate) fn owners(&self, ordinal: u64, mut each: impl FnMut(Owner)) {
        self.visit(ordinal, true, &mut each);
    }

    /// Calls `each` with the owners of the value that a key is itself.
    pub(crate) fn own_owners(&self, ordinal: u64, mut each: impl FnMut(Owner)) {
        self.visit(ordinal, false, &mut each);
    }

    fn visit(&self, ordinal: u64, follow: bool, each: &mut impl FnMut(Owner)) {
        let record = self.record(ordinal);
        let rest = record & REST;
        match record >> 30 {
            0 => each(Owner::unpack(rest)),
            1 if follow => self.visit(u64::from(rest), false, each),
            1 => {}
            tag => {
                let mut list = List { bytes: &self.lists()[rest as usize..] };
                list.read(|packed| each(Owner::unpack(packed)));
                if tag == 3 && follow {
                    list.read(|ordinal| self.visit(u64::from(ordinal), false, each));
                }
            }
        }
    }

    /// The ordinal that stands for what a key says: that of the value, if the key is one spelling of one value.
    pub(crate) fn value(&self, ordinal: u64) -> u64 {
        let record = self.record(ordinal);
        if record >> 30 == 1 { u64::from(record & REST) } else { ordinal }
    }

    /// Calls `each` with the ordinals of the values that a key spells.
    pub(crate) fn values(&self, ordinal: u64, mut each: impl FnMut(u64)) {
        let record = self.record(ordinal);
        match record >> 30 {
            1 => each(u64::from(record & REST)),
            3 => {
                let mut list = List { bytes: &self.lists()[(record & REST) as usize..] };
                list.read(|_| {});
                list.read(|ordinal| each(u64::from(ordinal)));
            }
            _ => {}
        }
    }

    /// Whether a key is a value, not only a spelling of others.
    pub(crate) fn is_value(&self, ordinal: u64) -> bool {
        let mut has_owners = false;
        self.visit(ordinal, false, &mut |_| has_owners = true);
        has_owners
    }

    fn record(&self, ordinal: u64) -> u32 {
        let at = HEADER + 4 * ordinal as usize;
        let bytes = self.bytes.as_ref()[at..at + 4].try_into().expect("four bytes");
        u32::from_le_bytes(bytes)
    }

    fn lists(&self) -> &[u8] {
        &self.bytes.as_ref()[HEADER + 4 * self.records..]
    }
}

struct List<'a> {
    bytes: &'a [u8],
}

impl List<'_> {
    fn read(&mut self, mut each: impl FnMut(u32)) {
        let mut value = 0;
        for _ in 0..self.number() {
            value += self.number();
            each(value);
        }
    }

    fn number(&mut self) -> u32 {
        let mut number = 0;
        for shift in (0..35).step_by(7) {
            let (&byte, rest) = self.bytes.split_first().expect("a list says its own length");
            self.bytes = rest;
            number |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        number
    }
}

/// Makes postings, record by record in the order of the ordinals.
///
/// Holds four bytes per key and the lists of shared values in memory.
#[derive(Default)]
pub(crate) struct PostingsBuilder {
    records: Vec<u32>,
    lists: Vec<u8>,
}

impl PostingsBuilder {
    /// Records the owners of the next ordinal, in order and once each. `spells` says that [`Self::spelling`] will add to it.
    pub(crate) fn owners(&mut self, owners: &[Owner], spells: bool) -> Result<()> {
        let record = match owners {
            [owner] if !spells => owner.packed(),
            _ if spells => 3 << 30, // filled in by `spelling`
            _ => 2 << 30 | self.list(owners.iter().map(|owner| owner.packed()))?,
        };
        self.records.push(record);
        Ok(())
    }

    /// Says which values the key `ordinal` spells, beside being the value of `owners` itself.
    pub(crate) fn spelling(&mut self, ordinal: u64, owners: &[Owner], values: &[u64]) -> Result<()> {
        let values = values.iter().map(|value| *value as u32);
        self.records[ordinal as usize] = match (owners, values.len()) {
            ([], 1) => 1 << 30 | values.sum::<u32>(),
            _ => {
                let at = self.list(owners.iter().map(|owner| owner.packed()))?;
                self.list(values)?;
                3 << 30 | at
            }
        };
        Ok(())
    }

    fn list(&mut self, numbers: impl ExactSizeIterator<Item = u32>) -> Result<u32> {
        let at = self.lists.len() as u32;
        if self.lists.len() >= REST as usize || self.records.len() >= REST as usize {
            return Err(Error::data("too many identifiers for one segment; build several indexes"));
        }
        self.number(numbers.len() as u32);
        let mut before = 0;
        for number in numbers {
            self.number(number - before);
            before = number;
        }
        Ok(at)
    }

    fn number(&mut self, mut number: u32) {
        while number >= 0x80 {
            self.lists.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.lists.push(number as u8);
    }

    /// Writes the file.
    pub(crate) fn write(&self, out: &mut impl std::io::Write) -> std::io::Result<()> {
        out.write_all(&(self.records.len() as u64).to_le_bytes())?;
        for record in &self.records {
            out.write_all(&record.to_le_bytes())?;
        }
        out.write_all(&self.lists)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_every_form() {
        let owner = |number, confers| Owner { number, confers };
        let many: Vec<Owner> = (0..1_000).map(|n| owner(n * 300_000, n % 2 == 0)).collect();
        let mut builder = PostingsBuilder::default();
        builder.owners(&[owner(7, true)], false).unwrap();
        builder.owners(&many, false).unwrap();
        builder.owners(&[], true).unwrap();
        builder.owners(&[owner(9, false)], true).unwrap();
        builder.spelling(2, &[], &[0]).unwrap();
        builder.spelling(3, &[owner(9, false)], &[0, 1]).unwrap();
        let mut bytes = Vec::new();
        builder.write(&mut bytes).unwrap();
        let postings = Postings::new(Bytes::Heap(bytes)).unwrap();
        let of = |ordinal| {
            let mut owners = Vec::new();
            postings.owners(ordinal, |owner| owners.push(owner));
            owners
        };
        assert_eq!(of(0), [owner(7, true)]);
        assert_eq!(of(1), many);
        assert_eq!(of(2), [owner(7, true)]);
        assert_eq!(of(3), [vec![owner(9, false), owner(7, true)], many].concat());
        assert_eq!([0, 1, 2, 3].map(|ordinal| postings.value(ordinal)), [0, 1, 0, 3]);
        assert!(Postings::new(Bytes::Heap(vec![1, 0, 0, 0, 0, 0, 0, 0])).is_err());
    }
}
