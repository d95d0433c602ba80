//! What may not be exceeded.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::load::Loaded;
use super::quantity::Unit;
use super::report::Report;
use crate::error::{Error, Result, clipped, did_you_mean, toml_reason};

/// Limits by name, as they are written.
#[derive(Debug, Default)]
pub(super) struct Budget(BTreeMap<&'static str, String>);

/// A figure that is beyond its limit.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Over {
    pub(super) limit: &'static str,
    pub(super) budget: String,
    pub(super) measured: String,
}

/// What can be limited.
struct Limit {
    name: &'static str,
    unit: Unit,
    figure: Figure,
}

enum Figure {
    OneStream(fn(&Report) -> Option<f64>),
    ManyStreams(fn(&Loaded) -> Option<f64>),
}

use Figure::{ManyStreams, OneStream};

const fn limit(name: &'static str, unit: Unit, figure: Figure) -> Limit {
    Limit { name, unit, figure }
}

const LIMITS: [Limit; 23] = [
    limit("mean_push", Unit::Time, OneStream(|report| Some(report.push.mean_ns))),
    limit("p50_push", Unit::Time, OneStream(|report| Some(report.push.ns.p50()))),
    limit("p99_push", Unit::Time, OneStream(|report| Some(report.push.ns.p99()))),
    limit("p999_push", Unit::Time, OneStream(|report| Some(report.push.ns.p999()))),
    limit("max_push", Unit::Time, OneStream(|report| Some(report.push.ns.max()))),
    limit(THROUGHPUT, Unit::Speed, OneStream(|report| Some(report.push.bytes_per_second))),
    limit("mean_held", Unit::Bytes, OneStream(|report| Some(report.held_bytes.mean()))),
    limit("p99_held", Unit::Bytes, OneStream(|report| Some(report.held_bytes.p99()))),
    limit("max_held", Unit::Bytes, OneStream(|report| Some(report.held_bytes.max()))),
    limit("delayed", Unit::Share, OneStream(|report| Some(report.delay.delayed))),
    limit("mean_delay", Unit::Tokens, OneStream(|report| Some(report.delay.tokens.mean()))),
    limit("p99_delay", Unit::Tokens, OneStream(|report| Some(report.delay.tokens.p99()))),
    limit("max_delay", Unit::Tokens, OneStream(|report| Some(report.delay.tokens.max()))),
    limit("added_ttft", Unit::Tokens, OneStream(|report| Some(report.first_token.held_tokens as f64))),
    limit("start", Unit::Time, OneStream(|report| Some(report.first_token.start_ns.p50()))),
    limit("allocations", Unit::Count, OneStream(|report| Some(report.allocations?.per_push))),
    limit("stream_memory", Unit::Bytes, OneStream(|report| Some(report.memory.stream_bytes? as f64))),
    limit("memory", Unit::Bytes, OneStream(|report| Some(report.memory.process_bytes? as f64))),
    limit("cores", Unit::Count, ManyStreams(|load| Some(load.cores))),
    limit("p50_added", Unit::Time, ManyStreams(|load| Some(load.added_ns.p50()))),
    limit("p99_added", Unit::Time, ManyStreams(|load| Some(load.added_ns.p99()))),
    limit("p999_added", Unit::Time, ManyStreams(|load| Some(load.added_ns.p999()))),
    limit("max_added", Unit::Time, ManyStreams(|load| Some(load.added_ns.max()))),
];

/// The only figure of which more is better.
const THROUGHPUT: &str = "throughput";

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    Number(f64),
}

impl Budget {
    pub(super) fn from_toml(text: &str) -> Result<Self> {
        let written: BTreeMap<String, Written> =
            toml::from_str(text).map_err(|error| Error::config(toml_reason(&error)))?;
        let mut budget = Self::default();
        for (name, written) in written {
            let Some(limit) = LIMITS.iter().find(|limit| limit.name == name) else {
                let names = LIMITS.iter().map(|limit| limit.name);
                return Err(Error::config(format!(
                    "unknown limit `{}`{}",
                    clipped(&name),
                    did_you_mean(&name, names)
                )));
            };
            let text = match written {
                Written::Text(text) => text,
                Written::Number(number) => number.to_string(),
            };
            if limit.unit.read(&text, 1.0).is_none() {
                return Err(Error::config(format!("{name}: expected {}", limit.unit.example())));
            }
            budget.0.insert(limit.name, text);
        }
        Ok(budget)
    }

    /// Whether everything that is limited will be measured.
    pub(super) fn check(&self, with_streams: bool) -> Result<()> {
        for limit in self.limits() {
            let name = limit.name;
            if name == "allocations" && !cfg!(feature = "allocations") {
                return Err(Error::config(
                    "allocations: expected a build with `--features allocations`, which counts them",
                ));
            }
            if matches!(limit.figure, ManyStreams(_)) && !with_streams {
                return Err(Error::config(format!(
                    "{name}: expected --streams N, without which it is not measured"
                )));
            }
        }
        Ok(())
    }

    fn limits(&self) -> impl Iterator<Item = &'static Limit> {
        LIMITS.iter().filter(|limit| self.0.contains_key(limit.name))
    }

    /// What of a report is beyond its limit. What this system cannot measure is beyond any.
    pub(super) fn over(&self, report: &Report) -> Vec<Over> {
        let mut over = Vec::new();
        for limit in self.limits() {
            let text = &self.0[limit.name];
            let most = limit.unit.read(text, report.interval()).expect("read before");
            let measured = match limit.figure {
                OneStream(figure) => figure(report),
                ManyStreams(figure) => report.streams.as_ref().and_then(|streams| figure(&streams.once)),
            };
            let is_kept = measured.is_some_and(|measured| match limit.name {
                THROUGHPUT => measured >= most,
                _ => measured <= most,
            });
            if !is_kept {
                let measured =
                    measured.map_or_else(|| "not measured".to_owned(), |value| limit.unit.say(value));
                over.push(Over { limit: limit.name, budget: text.clone(), measured });
            }
        }
        over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_named() {
        let reason = |text| Budget::from_toml(text).unwrap_err().to_string();
        assert_eq!(reason("p99_psuh = '5us'"), "unknown limit `p99_psuh`; did you mean `p99_push`?");
        assert_eq!(reason("p99_push = 5"), "p99_push: expected a time such as \"5us\"");
        assert_eq!(reason("mean_held = '2'"), "mean_held: expected bytes such as \"2B\" or \"64KiB\"");
        assert!(reason("p99_push =").contains("line 1"));
        let budget = Budget::from_toml("p99_added = '1ms'\ncores = 1").unwrap();
        assert!(budget.check(true).is_ok());
        assert!(budget.check(false).unwrap_err().to_string().starts_with("cores: expected --streams"));
    }
}
