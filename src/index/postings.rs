//! Whose a value is: for every key of a segment, its owners and the values it spells.
//!
//! One record per ordinal, all of the same width in bits, side by side from the lowest bit on. The two upper bits say what the rest is:
//!
//! | bits | rest |
//! |---|---|
//! | `00` | one owner: its number twice, plus one if the value confers |
//! | `01` | a spelling: the ordinal of the value |
//! | `10` | where a list of owners begins in the part behind the records, in pairs of bytes |
//! | `11` | where a list of owners, and behind it a list of values spelled, begins |
//!
//! A list is its length and then the differences of neighbours, as LEB128. The file begins with the number of records as little-endian `u64`, whose last byte is
//! the width; behind the records are as many bytes as it takes to read the last one like any other.

use super::Bytes;
use crate::error::{Error, Result};

/// A record in memory: two bits that say what the rest is.
const TAG: u32 = 30;
const REST: u32 = (1 << TAG) - 1;

const HEADER: usize = 8;
const WIDTH: u32 = 56;

/// So many bytes are read at once.
const READ: usize = size_of::<u64>();

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
    /// Bits of a record.
    width: u32,
    /// Where the lists begin.
    lists: usize,
}

/// The bytes of so many records.
fn length(records: usize, width: u32) -> Option<usize> {
    records.checked_mul(width as usize)?.div_ceil(8).checked_add(READ)
}

impl Postings {
    pub(crate) fn new(bytes: Bytes) -> Result<Self> {
        let damaged = || Error::index("the postings are damaged; build the index again");
        let content = bytes.as_ref();
        let header =
            content.first_chunk::<HEADER>().map(|header| u64::from_le_bytes(*header)).ok_or_else(damaged)?;
        let records = usize::try_from(header & ((1 << WIDTH) - 1)).map_err(|_| damaged())?;
        let width = (header >> WIDTH) as u32;
        let lists = length(records, width).and_then(|length| length.checked_add(HEADER));
        match lists.filter(|lists| *lists <= content.len() && (2..=u32::BITS).contains(&width)) {
            Some(lists) => Ok(Self { bytes, records, width, lists }),
            None => Err(damaged()),
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
        match record >> TAG {
            0 => each(Owner::unpack(rest)),
            1 if follow => self.visit(u64::from(rest), false, each),
            1 => {}
            tag => {
                let mut list = self.list(rest);
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
        if record >> TAG == 1 { u64::from(record & REST) } else { ordinal }
    }

    /// Calls `each` with the ordinals of the values that a key spells.
    pub(crate) fn values(&self, ordinal: u64, mut each: impl FnMut(u64)) {
        let record = self.record(ordinal);
        match record >> TAG {
            1 => each(u64::from(record & REST)),
            3 => {
                let mut list = self.list(record & REST);
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
        let (bit, rest) = (ordinal as usize * self.width as usize, self.width - 2);
        let bytes =
            self.bytes.as_ref()[HEADER + bit / 8..].first_chunk().expect("more follows the last record");
        let packed = (u64::from_le_bytes(*bytes) >> (bit % 8)) as u32;
        (packed >> rest & 3) << TAG | packed & ((1 << rest) - 1)
    }

    fn list(&self, at: u32) -> List<'_> {
        List { bytes: &self.bytes.as_ref()[self.lists + 2 * at as usize..] }
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
            _ if spells => 3 << TAG, // filled in by `spelling`
            _ => {
                let at = self.place()?;
                self.list(owners.iter().map(|owner| owner.packed()));
                2 << TAG | at
            }
        };
        self.records.push(record);
        Ok(())
    }

    /// Says which values the key `ordinal` spells, beside being the value of `owners` itself.
    pub(crate) fn spelling(&mut self, ordinal: u64, owners: &[Owner], values: &[u64]) -> Result<()> {
        let values = values.iter().map(|value| *value as u32);
        self.records[ordinal as usize] = match (owners, values.len()) {
            ([], 1) => 1 << TAG | values.sum::<u32>(),
            _ => {
                let at = self.place()?;
                self.list(owners.iter().map(|owner| owner.packed()));
                self.list(values);
                3 << TAG | at
            }
        };
        Ok(())
    }

    /// Where the next list begins.
    fn place(&mut self) -> Result<u32> {
        if self.lists.len() >= REST as usize || self.records.len() >= REST as usize {
            return Err(Error::data("too many identifiers for one segment; build several indexes"));
        }
        self.lists.resize(self.lists.len().next_multiple_of(2), 0);
        Ok((self.lists.len() / 2) as u32)
    }

    fn list(&mut self, numbers: impl ExactSizeIterator<Item = u32>) {
        self.number(numbers.len() as u32);
        let mut before = 0;
        for number in numbers {
            self.number(number - before);
            before = number;
        }
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
        let rest = u32::BITS - self.records.iter().fold(0, |all, record| all | record & REST).leading_zeros();
        let width = rest + 2;
        out.write_all(&(self.records.len() as u64 | u64::from(width) << WIDTH).to_le_bytes())?;
        let (mut packed, mut bits, mut written) = (0_u64, 0, 0);
        for record in &self.records {
            packed |= u64::from((record >> TAG) << rest | record & REST) << bits;
            bits += width;
            // Up to seven bits wait for the next record.
            out.write_all(&packed.to_le_bytes()[..(bits / 8) as usize])?;
            written += (bits / 8) as usize;
            packed >>= bits / 8 * 8;
            bits %= 8;
        }
        let length = length(self.records.len(), width).expect("they are in memory");
        out.write_all(&[&packed.to_le_bytes()[..1], &[0; READ]].concat()[..length - written])?;
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

    #[test]
    fn records_of_every_width_and_number() {
        for most in [0, 1, 2, 500, 1 << 20, (1 << 29) - 1] {
            for count in 0..40 {
                let owner =
                    |n: u32| Owner { number: most - most.min(n * 7919), confers: n.is_multiple_of(3) };
                let mut builder = PostingsBuilder::default();
                (0..count).for_each(|n| builder.owners(&[owner(n)], false).unwrap());
                let mut bytes = Vec::new();
                builder.write(&mut bytes).unwrap();
                let postings = Postings::new(Bytes::Heap(bytes.clone())).unwrap();
                for n in 0..count {
                    let mut owners = Vec::new();
                    postings.owners(u64::from(n), |owner| owners.push(owner));
                    assert_eq!(owners, [owner(n)], "{most} {count}");
                }
                assert!(!postings.holds(u64::from(count)));
                bytes.pop();
                assert!(Postings::new(Bytes::Heap(bytes)).is_err());
            }
        }
    }
}
