//! What was measured, as tables and as JSON.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::example::Example;
use super::measure::{ByKind, Clean, Measured, PUSH, Rates};
use super::rate::Rate;
use super::run::CLEAN;
use super::writing::Class;
use crate::Kind;
use crate::cli::grouped;

/// Everything that was measured.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct Report {
    pub(super) seed: u64,
    pub(super) owners: usize,
    pub(super) identifiers: u64,
    pub(super) policy: String,
    pub(super) classes: Vec<ClassRates>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) clean: Option<CleanRates>,
    /// What is beyond its floor.
    pub(in crate::cli) beyond: Vec<Beyond>,
}

/// One class.
#[derive(Debug, Serialize)]
pub(super) struct ClassRates {
    pub(super) class: &'static str,
    about: &'static str,
    #[serde(flatten)]
    pub(super) rates: Rates,
    kinds: ByKind,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    examples: Vec<Example>,
}

/// Answers without anybody's data.
#[derive(Debug, Serialize)]
pub(super) struct CleanRates {
    pub(super) withheld: Rate,
    pub(super) held: Held,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    examples: Vec<Example>,
}

/// Bytes held after a push.
#[derive(Debug, Serialize)]
pub(super) struct Held {
    push_bytes: usize,
    pushes: u64,
    pub(super) mean: f64,
    p99: usize,
    max: usize,
}

/// A rate that is not what the floors ask for.
#[derive(Debug, PartialEq, Serialize)]
pub(in crate::cli) struct Beyond {
    pub(super) class: String,
    pub(super) measure: &'static str,
    pub(super) floor: f64,
    pub(super) measured: f64,
}

impl ClassRates {
    pub(super) fn new(class: &Class, Measured { kinds, examples }: Measured) -> Self {
        Self { class: class.name, about: class.about, rates: sum(kinds.values()), kinds, examples }
    }
}

impl Report {
    /// What is wrongly withheld, over all classes. What is caught has no meaning as one sum.
    pub(super) fn all(&self) -> Rates {
        let sum = sum(self.classes.iter().map(|class| &class.rates));
        Rates { own: sum.own, decoys: sum.decoys, ..Rates::default() }
    }

    fn by_kind(&self) -> ByKind {
        let mut kinds: BTreeMap<Kind, Rates> = BTreeMap::new();
        for (kind, rates) in self.classes.iter().flat_map(|class| &class.kinds) {
            kinds.entry(kind.clone()).or_default().add(rates);
        }
        kinds
    }
}

fn sum<'a>(rates: impl Iterator<Item = &'a Rates>) -> Rates {
    rates.fold(Rates::default(), |mut sum, rates| {
        sum.add(rates);
        sum
    })
}

impl From<Clean> for CleanRates {
    fn from(clean: Clean) -> Self {
        let pushes: u64 = clean.held.values().sum();
        let bytes: u64 = clean.held.iter().map(|(held, times)| *held as u64 * times).sum();
        let mut seen = 0;
        let p99 = clean.held.iter().find(|(_, times)| {
            seen += **times;
            seen * 100 >= pushes * 99
        });
        Self {
            withheld: clean.withheld,
            examples: clean.examples,
            held: Held {
                push_bytes: PUSH,
                pushes,
                mean: (bytes as f64 / pushes.max(1) as f64 * 1000.0).round() / 1000.0,
                p99: p99.map_or(0, |(held, _)| *held),
                max: clean.held.keys().next_back().copied().unwrap_or(0),
            },
        }
    }
}

/// `98.20 % (97.17–98.86, n 1,000)`
fn cell(rate: Rate) -> String {
    if rate.n == 0 {
        return "–".to_owned();
    }
    let (low, high) = rate.interval();
    let [share, low, high] = [rate.share(), low, high].map(|share| share * 100.0);
    format!("{share:.2} % ({low:.2}–{high:.2}, n {})", grouped(rate.n))
}

fn row(f: &mut fmt::Formatter, name: &str, cells: [&str; 4]) -> fmt::Result {
    let line = format!("  {name:<16}{:<34}{:<34}{:<34}{}", cells[0], cells[1], cells[2], cells[3]);
    writeln!(f, "{}", line.trim_end())
}

fn rates(f: &mut fmt::Formatter, name: &str, rates: &Rates) -> fmt::Result {
    let [caught, covered, own, decoys] = [rates.caught, rates.covered, rates.own, rates.decoys].map(cell);
    row(f, name, [&caught, &covered, &own, &decoys])
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        writeln!(
            f,
            "{} customers with {} identifiers, policy {}, seed {}; shares with a 95 % interval\n",
            grouped(self.owners as u64),
            grouped(self.identifiers),
            self.policy,
            self.seed
        )?;
        let head = ["caught", "fully covered", "own withheld", "decoys withheld"];
        if !self.classes.is_empty() {
            row(f, "class", head)?;
            for class in &self.classes {
                rates(f, class.class, &class.rates)?;
            }
            rates(f, "all", &self.all())?;
            writeln!(f)?;
            row(f, "kind", head)?;
            for (kind, of_kind) in self.by_kind() {
                rates(f, kind.name(), &of_kind)?;
            }
            writeln!(f)?;
        }
        if let Some(clean) = &self.clean {
            writeln!(f, "  clean answers with anything withheld: {}", cell(clean.withheld))?;
            writeln!(
                f,
                "  held after a push of {} bytes on them: mean {:.2}, 99 % at most {}, at most {} bytes ({} pushes)",
                clean.held.push_bytes,
                clean.held.mean,
                clean.held.p99,
                clean.held.max,
                grouped(clean.held.pushes)
            )?;
        }
        let of_classes = self.classes.iter().map(|class| (class.class, &class.examples));
        for (class, examples) in of_classes.chain(self.clean.iter().map(|clean| (CLEAN, &clean.examples))) {
            for Example { what, kind, text, rules, .. } in examples {
                let by = if rules.is_empty() { "" } else { " by " };
                let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
                writeln!(f, "  {class}: {kind} {what}{by}{}: {text}", rules.join(", "))?;
            }
        }
        if !self.beyond.is_empty() {
            writeln!(f, "\n  {:<16}{:<10}{:>10}{:>10}", "beyond floors", "", "floor", "measured")?;
            for Beyond { class, measure, floor, measured } in &self.beyond {
                writeln!(f, "  {class:<16}{measure:<10}{floor:>10}{measured:>10.4}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_and_means_of_what_was_held() {
        let clean = Clean { held: [(0, 90), (1, 8), (7, 1), (50, 1)].into(), ..Clean::default() };
        let CleanRates { held, .. } = clean.into();
        assert_eq!((held.mean, held.p99, held.max, held.pushes), (0.65, 7, 50, 100));
    }

    #[test]
    fn a_cell_says_the_share_its_interval_and_n() {
        assert_eq!(cell(Rate { hits: 980, n: 1000 }), "98.00 % (96.93–98.70, n 1,000)");
        assert_eq!(cell(Rate::default()), "–");
    }
}
