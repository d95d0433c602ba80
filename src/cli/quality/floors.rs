//! What has to be reached.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::rate::Rate;
use super::report::{Beyond, Report};
use super::run::CLEAN;
use super::writing::CLASSES;
use crate::error::{Error, Result, did_you_mean, toml_reason};

/// Floors by class, `all` classes together, and `clean` answers. What was not measured is not asked.
#[derive(Debug, Default)]
pub(in crate::cli) struct Floors(BTreeMap<String, Floor>);

/// Shares between 0 and 1.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Floor {
    /// At least.
    caught: Option<f64>,
    /// At least.
    covered: Option<f64>,
    /// At most.
    own: Option<f64>,
    /// At most.
    decoys: Option<f64>,
    /// At most; of clean answers.
    withheld: Option<f64>,
    /// At most, in bytes; on clean answers.
    mean_held: Option<f64>,
}

const ALL: &str = "all";

impl Floors {
    pub(in crate::cli) fn from_toml(text: &str) -> Result<Self> {
        let floors: BTreeMap<String, Floor> =
            toml::from_str(text).map_err(|error| Error::config(toml_reason(&error)))?;
        let names: Vec<&str> = CLASSES.iter().map(|class| class.name).chain([ALL, CLEAN]).collect();
        for (name, floor) in &floors {
            if !names.contains(&name.as_str()) {
                return Err(Error::config(format!("unknown class `{name}`{}", did_you_mean(name, names))));
            }
            let (of_class, of_clean) =
                ([floor.caught, floor.covered, floor.own, floor.decoys], [floor.withheld, floor.mean_held]);
            let misplaced = match name.as_str() {
                CLEAN => &of_class[..],
                ALL => &[floor.caught, floor.covered, floor.withheld, floor.mean_held],
                _ => &of_clean,
            };
            if misplaced.iter().any(Option::is_some) {
                return Err(Error::config(format!(
                    "{name}: expected withheld and mean_held for `clean`, own and decoys for `all`, caught, covered, own and decoys for a class"
                )));
            }
            if of_class
                .into_iter()
                .chain([floor.withheld])
                .flatten()
                .any(|share| !(0.0..=1.0).contains(&share))
            {
                return Err(Error::config(format!("{name}: expected shares between 0 and 1")));
            }
        }
        Ok(Self(floors))
    }

    /// What of a report is beyond its floor. A rate of no cases is beyond any.
    pub(in crate::cli) fn beyond(&self, report: &Report) -> Vec<Beyond> {
        let mut beyond = Vec::new();
        let mut check =
            |class: &str, measure, floor: Option<f64>, measured: f64, is_reached: &dyn Fn(f64) -> bool| {
                if let Some(floor) = floor.filter(|floor| !is_reached(*floor)) {
                    beyond.push(Beyond { class: class.to_owned(), measure, floor, measured });
                }
            };
        let all = report.all();
        let classes = report.classes.iter().map(|class| (class.class, &class.rates));
        let together = (!report.classes.is_empty()).then_some((ALL, &all));
        for (class, rates) in classes.chain(together) {
            let Some(floor) = self.0.get(class) else { continue };
            for (measure, floor, rate) in
                [("caught", floor.caught, rates.caught), ("covered", floor.covered, rates.covered)]
            {
                check(class, measure, floor, rate.share(), &|floor| is_least(rate, floor));
            }
            for (measure, floor, rate) in
                [("own", floor.own, rates.own), ("decoys", floor.decoys, rates.decoys)]
            {
                check(class, measure, floor, rate.share(), &|floor| is_most(rate, floor));
            }
        }
        if let (Some(floor), Some(clean)) = (self.0.get(CLEAN), &report.clean) {
            let (withheld, mean) = (clean.withheld, clean.held.mean);
            check(CLEAN, "withheld", floor.withheld, withheld.share(), &|floor| is_most(withheld, floor));
            check(CLEAN, "mean_held", floor.mean_held, mean, &|floor| mean <= floor);
        }
        beyond
    }
}

fn is_least(rate: Rate, floor: f64) -> bool {
    rate.n > 0 && rate.share() >= floor
}

fn is_most(rate: Rate, floor: f64) -> bool {
    rate.n > 0 && rate.share() <= floor
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_named() {
        let reason = |text| Floors::from_toml(text).unwrap_err().to_string();
        assert_eq!(reason("[plian]\ncaught = 1.0"), "unknown class `plian`; did you mean `plain`?");
        assert_eq!(reason("[plain]\ncaught = 98"), "plain: expected shares between 0 and 1");
        assert!(reason("[clean]\ncaught = 0.9").starts_with("clean: expected withheld and mean_held"));
        assert!(reason("[all]\ncovered = 0.9").starts_with("all: expected"));
        assert!(reason("[plain]\nmean_held = 2").starts_with("plain: expected"));
        assert!(reason("[plain]\ncovred = 0.9").contains("unknown field `covred`"));
        assert!(
            Floors::from_toml("[plain]\ncovered = 1.0\n[clean]\nwithheld = 0.002\nmean_held = 2.5").is_ok()
        );
    }

    #[test]
    fn a_rate_reaches_its_floor_or_does_not() {
        let rate = Rate { hits: 98, n: 100 };
        assert!(is_least(rate, 0.98) && !is_least(rate, 0.981));
        assert!(is_most(rate, 0.98) && !is_most(rate, 0.979));
        assert!(!is_least(Rate::default(), 0.0) && !is_most(Rate::default(), 1.0), "no cases");
    }
}
