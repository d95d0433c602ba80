//! What the together-check costs: a million customers, names with up to 5,000 owners, all weak kinds.
//!
//! Once everybody shares their name with hundreds or thousands, as nobody's customers do, and once every other one has a name of their own: it is
//! the long lists that cost.

use std::io::Write;
use std::time::{Duration, Instant};

use super::evidence::{Evidence, Fact, Known, Limits};
use crate::index::{KeyId, Owner, People};

const CUSTOMERS: u32 = 1_000_000;

/// Numbers that look random and are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % u64::from(bound)) as u32
    }
}

/// The values of a kind, and for everybody which one is theirs.
struct Values {
    people: Vec<People>,
    of: Vec<u32>,
}

impl Values {
    /// So many values; of `skewed` ones the first has many more owners than the last. `alone`: so many of a hundred people have one of their own.
    fn new(random: &mut Random, count: u32, skewed: bool, alone: u32) -> Self {
        let mut lists = vec![Vec::new(); count as usize];
        let mut of = Vec::new();
        for number in 0..CUSTOMERS {
            if random.below(100) < alone {
                of.push(lists.len() as u32);
                lists.push(vec![Owner { number, confers: true }]);
                continue;
            }
            let even = random.below(count);
            let value = if skewed { even.min(random.below(count)).min(random.below(count)) } else { even };
            lists[value as usize].push(Owner { number, confers: true });
            of.push(value);
        }
        // As an index has them: long ones with a table.
        let list = |list: Vec<Owner>| {
            let people: People = list.into_iter().collect();
            if people.len() >= 256 { people.with_table() } else { people }
        };
        Self { people: lists.into_iter().map(list).collect(), of }
    }
}

#[test]
#[ignore = "measures; run it with --release"]
fn a_weak_fact_costs_at_most_five_microseconds() {
    let slowest = [(600, true, 0), (300, true, 50)].map(measure).into_iter().max();
    assert!(slowest < Some(Duration::from_micros(5)), "p99 {slowest:?}");
}

/// The 99th percentile.
fn measure(names: (u32, bool, u32)) -> Duration {
    let mut random = Random(1);
    // Names with up to 5,000 owners, birth dates, postcodes, cities, ends of cards.
    let kinds = [names, (28_000, false, 0), (10_000, false, 0), (300, true, 0), (10_000, false, 0)];
    let kinds: Vec<Values> =
        kinds.map(|(count, skewed, alone)| Values::new(&mut random, count, skewed, alone)).into();
    let most = kinds[0].people.iter().map(|people| people.len()).max();
    let limits = Limits { facts: 2, people: 5 };
    let mut times = Vec::new();
    for _ in 0..20_000 {
        let (mut evidence, mut known) = (Evidence::default(), Known::default());
        let person = random.below(CUSTOMERS);
        for _ in 0..6 {
            // Some are about one person, some about anybody.
            let about = if random.below(3) > 0 { person } else { random.below(CUSTOMERS) };
            let kind = random.below(5) as u8;
            let value = kinds[usize::from(kind)].of[about as usize];
            let people = &kinds[usize::from(kind)].people[value as usize];
            let fact = Fact { kind, key: KeyId { segment: u16::from(kind), ordinal: u64::from(value) } };
            let begun = Instant::now();
            let picture = evidence.completes(fact, people, &|_| false, &known, 0, limits, &|_| false);
            let told = picture.is_none() && evidence.commit(fact, people);
            times.push(begun.elapsed());
            if told {
                known.learn(&evidence, 0);
            }
        }
    }
    times.sort_unstable();
    let at = |share: f64| times[(times.len() as f64 * share) as usize];
    let (half, most_of_all, nearly_all) = (at(0.5), at(0.99), at(0.999));
    let figures =
        format!("names with up to {most:?} owners; p50 {half:?}, p99 {most_of_all:?}, p99.9 {nearly_all:?}");
    writeln!(std::io::stderr(), "{figures}").unwrap();
    most_of_all
}
