//! The people that a value belongs to.

use std::sync::Arc;

use super::Owner;

/// Live owners of a value, in the order of their numbers and once each. Cheap to clone.
///
/// A long list may have a table in which each person stands about where the first bits of the number say: whoever is looked for is found, or not, by looking at a few places side by side, without
/// a search and without a branch that cannot be foretold. People are looked for one after the other in order: then the table is not read in leaps either, which matters for lists of thousands, which
/// are rarely in the cache, and no look waits for the one before it.
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
    /// As in the list, with gaps.
    slots: Arc<[u32]>,
}

/// Nobody: no number is so high.
const EMPTY: u32 = u32::MAX;

/// So many places are looked at together…
const TOGETHER: usize = 8;
/// …and so many at most. Where many numbers are close together they crowd each other out; then there is no table.
const MOST: usize = 32;

impl People {
    /// The same people, to be found at once.
    pub(crate) fn with_table(mut self) -> Self {
        let (Some(first), Some(last)) = (self.list.first(), self.list.last()) else { return self };
        let (first, range) = (first >> 1, (last >> 1) - (first >> 1));
        // Three places for each at most.
        let shift = (0..31).find(|shift| (range >> shift) as usize <= 3 * self.list.len()).unwrap_or(31);
        let mut slots = Vec::with_capacity((range >> shift) as usize + MOST + TOGETHER);
        for owner in self.list.iter() {
            let place = (((owner >> 1) - first) >> shift) as usize;
            if slots.len() > place + MOST {
                return self;
            }
            slots.resize(slots.len().max(place), EMPTY);
            slots.push(*owner);
        }
        slots.resize(slots.len() + MOST + TOGETHER, EMPTY);
        self.table = Some(Table { first, shift, slots: slots.into() });
        self
    }

    /// One of them.
    #[inline]
    pub(crate) fn find(&self, number: u32) -> Option<Owner> {
        let Some(table) = &self.table else { return search(&self.list, number) };
        // Of a lower number this is out of reach.
        let mut at = (number.wrapping_sub(table.first) >> table.shift) as usize;
        loop {
            let near = table.slots.get(at..at + TOGETHER)?;
            // Most often it is none of them.
            if near.iter().fold(false, |is_here, owner| is_here | (owner >> 1 == number)) {
                let found = near.iter().find(|owner| **owner >> 1 == number && **owner != EMPTY);
                return found.map(|owner| unpacked(*owner));
            }
            // Whoever stands behind a gap, or behind a higher number, is not crowded out by those before it.
            if near[TOGETHER - 1] >> 1 >= number {
                return None;
            }
            at += TOGETHER;
        }
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
        for (count, step) in [(0, 1), (1, 7), (2, 1), (100, 64), (5_000, 1), (5_000, 199), (3, 1 << 29)] {
            let list: People = (0..count).map(|n| Owner { number: n * step, confers: n % 3 > 0 }).collect();
            let table = list.clone().with_table();
            for number in (0..count).flat_map(|n| [n * step, n * step + 1]).chain([u32::MAX >> 1]) {
                assert_eq!(table.find(number), list.find(number), "{count} {step} {number}");
            }
        }
        // Crowds: a few close together, and so many that there is no table.
        for crowd in [10, 10_000] {
            let far = (0..1_000).map(|n| 1_000_000 + n * 50_000);
            let list: People =
                (500..500 + crowd).chain(far).map(|number| Owner { number, confers: true }).collect();
            let table = list.clone().with_table();
            assert_eq!(table.table.is_some(), crowd == 10);
            for number in (400..12_000).chain((0..60_000_000).step_by(25_000)) {
                assert_eq!(table.find(number), list.find(number), "{crowd} {number}");
            }
        }
    }
}
