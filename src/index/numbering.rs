//! Who is who: the rows of each owner are joined, and owners get their numbers.

use super::crew::Crew;
use super::folding::Row;
use super::owner_names::OwnerNamesBuilder;
use super::past::Past;
use super::segment::Segment;
use super::sort::{Sorted, Sorter};
use crate::error::Result;

/// Joins the rows of each owner, numbers the owners in the order of their names, and passes the keys on to sorters, each in its own thread: kind, key,
/// 0, owner, confers.
pub(super) fn number_owners<'a>(
    mut rows: Sorted,
    past: Option<&'a Past>,
    first_folded: usize,
    sorters: Vec<Sorter>,
) -> Result<(Numbering<'a>, Vec<Sorter>)> {
    let (mut numbering, mut number) = (Numbering::new(past, first_folded), 0);
    let mut crew = Crew::new(sorters, |keys: &mut Sorter, rows: Numbered| rows.pass_on(keys));
    let (mut record, mut owner, mut numbered) = (Vec::new(), Vec::new(), Numbered::default());
    while rows.next(&mut record)? {
        let row = Row::new(&record);
        if owner != row.owner {
            row.owner.clone_into(&mut owner);
            number = numbering.number(&owner);
        }
        numbered.push(number, &record);
        if numbered.records.len() >= BATCH {
            crew.give(std::mem::take(&mut numbered))?;
        }
    }
    crew.give(numbered)?;
    numbering.keep_before(None);
    Ok((numbering, crew.end()?))
}

/// About so many bytes of rows are passed on at once.
const BATCH: usize = 256 << 10;

/// Rows of owners who have a number.
#[derive(Default)]
struct Numbered {
    records: Vec<u8>,
    /// Whose each record is, and where it ends.
    ends: Vec<(u32, usize)>,
}

impl Numbered {
    fn push(&mut self, number: u32, record: &[u8]) {
        self.records.extend_from_slice(record);
        self.ends.push((number, self.records.len()));
    }

    fn pass_on(&self, keys: &mut Sorter) -> Result<()> {
        let mut start = 0;
        for (number, end) in &self.ends {
            Row::new(&self.records[start..*end]).keys(|kind, key, confers| {
                keys.push(&[&[kind], key, &[0], &number.to_be_bytes(), &[u8::from(confers)]])
            })?;
            start = *end;
        }
        Ok(())
    }
}

/// Gives owners their numbers: the one that they have, or the next.
pub(super) struct Numbering<'a> {
    kept: &'a [Segment],
    folded: &'a [Segment],
    /// For each folded segment, the place of its next name.
    places: Vec<u32>,
    pub(super) names: OwnerNamesBuilder,
    pub(super) next: u32,
    /// Owners of folded segments who come anew, in the order of their numbers once all have come.
    pub(super) replaced: Vec<u32>,
    /// The same of each segment that is kept.
    pub(super) dead: Vec<Vec<u32>>,
}

impl<'a> Numbering<'a> {
    pub(super) fn new(past: Option<&'a Past>, first_folded: usize) -> Self {
        let (kept, folded) = past.map_or((&[][..], &[][..]), |past| past.segments().split_at(first_folded));
        let mut numbering = Self {
            kept,
            folded,
            places: vec![0; folded.len()],
            names: OwnerNamesBuilder::default(),
            next: past.map_or(0, |past| past.manifest().next_owner),
            replaced: Vec::new(),
            dead: vec![Vec::new(); kept.len()],
        };
        // Of those who are suppressed the names are forgotten. No name of an owner begins so, and these come first.
        let has = |segment: &Segment, number: u32| {
            segment.owner_name(number).is_some() && segment.dead.binary_search(&number).is_err()
        };
        let suppressed = folded.first().map_or(&[][..], |segment| &segment.suppressed);
        for number in suppressed.iter().filter(|number| folded.iter().any(|segment| has(segment, **number))) {
            numbering.names.push(&[&[0], &number.to_be_bytes()[..]].concat(), *number);
        }
        numbering
    }

    /// Keeps the owners of the folded segments whose names come before this one, or all that are left.
    pub(super) fn keep_before(&mut self, name: Option<&[u8]>) {
        while let Some((at, known, number)) =
            self.next_known().filter(|(_, known, _)| name.is_none_or(|name| *known < name))
        {
            self.names.push(known, number);
            self.places[at] += 1;
        }
        self.replaced.sort_unstable();
    }

    /// The first of the names that come next in the folded segments, of owners who count: nobody does in two.
    fn next_known(&mut self) -> Option<(usize, &'a [u8], u32)> {
        let mut first: Option<(usize, &'a [u8], u32)> = None;
        for (at, (segment, place)) in self.folded.iter().zip(&mut self.places).enumerate() {
            while *place < segment.names.len() && segment.is_gone(segment.names.number(*place)) {
                *place += 1;
            }
            if *place == segment.names.len() {
                continue;
            }
            let name = segment.names.name(*place);
            if first.is_none_or(|(_, other, _)| name < other) {
                first = Some((at, name, segment.names.number(*place)));
            }
        }
        first
    }

    /// The number of the next owner, whose name comes behind all others so far.
    pub(super) fn number(&mut self, name: &[u8]) -> u32 {
        self.keep_before(Some(name));
        let number = if let Some((at, _, number)) = self.next_known().filter(|(_, known, _)| *known == name) {
            self.places[at] += 1;
            self.replaced.push(number);
            number
        } else if let Some((at, number)) = self.find_kept(name) {
            self.dead[at].push(number);
            number
        } else {
            self.next += 1;
            self.next - 1
        };
        self.names.push(name, number);
        number
    }

    fn find_kept(&self, name: &[u8]) -> Option<(usize, u32)> {
        let mut kept = self.kept.iter().enumerate();
        kept.find_map(|(at, segment)| Some((at, segment.owner_number(name)?)))
    }
}
