//! The people that a value belongs to.

use std::sync::Arc;

use super::Owner;

/// Live owners of a value, in the order of their numbers and once each. Cheap to clone.
///
/// A long list may have a table in which each person stands about where the first bits of the number say: whoever is looked for is found, or not, by looking at a few places side by side, without
/// a search and without a branch that cannot be foretold. People are looked for one after the other in order: then the table is not read in leaps either, which matters for lists of thousands, which
/// are rarely in the cache, and no look waits for the one before it. What it costs is the memory that has to be fetched, so that the table keeps no more of a number than its place does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct People {
    /// Numbers, each with a last bit that says whether the value confers.
    list: Arc<[u32]>,
    table: Option<Table>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Table {
    /// The lowest number, and how many bits of what a number is more than that do not tell its place.
    first: u32,
    shift: u32,
    /// The last bits of what a number is more than the first one, and as in the list whether the value confers; with gaps.
    slots: Arc<[u16]>,
}

/// Nobody, or one whose last bits are all ones.
const EMPTY: u16 = u16::MAX;

/// So many places are looked at together. Nobody is crowded out farther.
const TOGETHER: usize = 16;

/// Of a number the table has fifteen bits: enough to tell apart all who may stand in the places that are looked at together.
const WIDEST: u32 = 10;
const _: () = assert!((2 * TOGETHER - 1) << WIDEST <= 1 << 15);

impl People {
    /// The same people, to be found at once.
    pub(crate) fn with_table(mut self) -> Self {
        let (Some(first), Some(last)) = (self.list.first(), self.list.last()) else { return self };
        let (first, range) = (first >> 1, (last >> 1) - (first >> 1));
        let places = |shift: u32| (range >> shift) as usize;
        // A place for each at least. Where many numbers are close together they crowd each other out, and more may help.
        let widest = (0..=WIDEST).rev().find(|shift| places(*shift) >= self.list.len()).unwrap_or(0);
        let narrower = (0..=widest).rev().take_while(|shift| places(*shift) <= 16 * self.list.len());
        self.table = narrower.take(3).find_map(|shift| Table::new(&self.list, first, shift));
        self
    }

    /// One of them.
    #[inline]
    pub(crate) fn find(&self, number: u32) -> Option<Owner> {
        let Some(table) = &self.table else { return search(&self.list, number) };
        // Of a lower number this is out of reach.
        let more = number.wrapping_sub(table.first);
        let at = (more >> table.shift) as usize;
        // Of a known length they are compared side by side.
        let near: &[u16; TOGETHER] = table.slots.get(at..)?.first_chunk()?;
        let wanted = (more << 1) as u16 | 1;
        // Most often it is none of them.
        if !near.iter().fold(false, |is_here, slot| is_here | (slot | 1 == wanted)) {
            return None;
        }
        self.found(number, near, wanted)
    }

    /// The one whose slot is among these, if it is no gap. Apart from [`find`](Self::find): in one loop with it, all slots are gone through one by one.
    #[inline(never)]
    fn found(&self, number: u32, near: &[u16; TOGETHER], wanted: u16) -> Option<Owner> {
        if wanted == EMPTY {
            return search(&self.list, number);
        }
        let confers = near.iter().find(|slot| **slot | 1 == wanted).is_some_and(|slot| slot & 1 == 1);
        Some(Owner { number, confers })
    }
}

impl Table {
    /// A table of these people; `None` if they crowd each other out.
    fn new(list: &[u32], first: u32, shift: u32) -> Option<Self> {
        let mut slots = Vec::with_capacity((((list.last()? >> 1) - first) >> shift) as usize + 2 * TOGETHER);
        for owner in list {
            let more = (owner >> 1) - first;
            let place = (more >> shift) as usize;
            if slots.len() >= place + TOGETHER {
                return None;
            }
            slots.resize(slots.len().max(place), EMPTY);
            slots.push((more << 1) as u16 | (owner & 1) as u16);
        }
        slots.resize(slots.len() + TOGETHER, EMPTY);
        Some(Self { first, shift, slots: slots.into() })
    }
}

fn search(list: &[u32], number: u32) -> Option<Owner> {
    list.binary_search_by_key(&number, |owner| owner >> 1).ok().map(|at| unpacked(list[at]))
}

fn unpacked(owner: u32) -> Owner {
    Owner { number: owner >> 1, confers: owner & 1 == 1 }
}

impl People {
    /// Whether a condition holds for one of those who are in another list too, asked in order, as that has them.
    #[inline]
    pub(crate) fn any_of_both(&self, other: &Self, mut condition: impl FnMut(Owner) -> bool) -> bool {
        let (short, long) = if self.len() < other.len() { (self, other) } else { (other, self) };
        let is_ours = std::ptr::eq(long, self);
        if long.table.is_some() {
            return short.list.iter().any(|owner| {
                long.find(owner >> 1)
                    .is_some_and(|found| condition(if is_ours { unpacked(*owner) } else { found }))
            });
        }
        // Both are short: side by side, without a branch that cannot be foretold.
        let (ours, theirs) = (&self.list[..], &other.list[..]);
        let (mut at, mut beside) = (0, 0);
        while at < ours.len() && beside < theirs.len() {
            let (one, two) = (ours[at] >> 1, theirs[beside] >> 1);
            if one == two && condition(unpacked(theirs[beside])) {
                return true;
            }
            at += usize::from(one <= two);
            beside += usize::from(two <= one);
        }
        false
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = Owner> + Clone + '_ {
        self.list.iter().map(|owner| unpacked(*owner))
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The first of them.
    pub(crate) fn first(&self) -> Option<Owner> {
        self.list.first().map(|owner| unpacked(*owner))
    }
}

impl FromIterator<Owner> for People {
    /// Owners in the order of their numbers, once each.
    fn from_iter<I: IntoIterator<Item = Owner>>(owners: I) -> Self {
        let list: Arc<[u32]> =
            owners.into_iter().map(|owner| owner.number << 1 | u32::from(owner.confers)).collect();
        debug_assert!(list.is_sorted_by(|a, b| a >> 1 < b >> 1));
        Self { list, table: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_in_both_are_those_in_both() {
        let list = |step: u32, count: u32, confers: bool| -> People {
            (0..count).map(|n| Owner { number: n * step, confers }).collect()
        };
        for (count, other) in
            [(0, 9), (9, 0), (50, 70), (70, 50), (300, 60), (60, 300), (300, 400), (400, 300)]
        {
            let (ours, theirs) = (list(3, count, true), list(2, other, false));
            let expected: Vec<Owner> =
                theirs.iter().filter(|owner| ours.find(owner.number).is_some()).collect();
            for (ours, theirs) in [
                (ours.clone(), theirs.clone()),
                (ours.clone().with_table(), theirs.clone()),
                (ours.clone(), theirs.clone().with_table()),
                (ours.with_table(), theirs.with_table()),
            ] {
                let mut both = Vec::new();
                assert!(!ours.any_of_both(&theirs, |owner| {
                    both.push(owner);
                    false
                }));
                assert_eq!(both, expected, "{count} {other}");
                assert_eq!(ours.any_of_both(&theirs, |_| true), !expected.is_empty());
            }
        }
    }

    #[test]
    fn a_table_finds_whom_the_list_holds_and_nobody_else() {
        for (count, step) in
            [(0, 1), (1, 7), (2, 1), (100, 64), (5_000, 1), (5_000, 199), (3, 1 << 29), (40_000, 7)]
        {
            let list: People = (0..count).map(|n| Owner { number: n * step, confers: n % 3 > 0 }).collect();
            let table = list.clone().with_table();
            for number in (0..count).flat_map(|n| [n * step, n * step + 1]).chain([u32::MAX >> 1]) {
                assert_eq!(table.find(number), list.find(number), "{count} {step} {number}");
            }
        }
        // Crowds: a few close together, and so many that there is no table.
        for crowd in [10, 10_000] {
            let far = (0..1_000).map(|n| 1_000_000 + n * 5_000);
            let list: People =
                (500..500 + crowd).chain(far).map(|number| Owner { number, confers: true }).collect();
            let table = list.clone().with_table();
            assert_eq!(table.table.is_some(), crowd == 10);
            for number in (400..12_000).chain((0..7_000_000).step_by(2_500)) {
                assert_eq!(table.find(number), list.find(number), "{crowd} {number}");
            }
        }
    }
}
