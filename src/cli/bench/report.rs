//! What was measured, whole: as JSON it is this, the table and the page are made of its [sections](super::sections).

use std::fmt;

use serde::Serialize;

use super::budget::Over;
use super::load::Loaded;
use super::machine::{Machine, memory};
use super::measure::{Allocations, Measured};
use super::sections::sections;
use super::spread::Spread;
use super::subject::Subject;

#[derive(Serialize)]
pub(super) struct Report {
    pub(super) version: &'static str,
    pub(super) machine: Machine,
    pub(super) index: Known,
    pub(super) policy: String,
    pub(super) response: Streamed,
    pub(super) push: Push,
    pub(super) held_bytes: Spread,
    pub(super) delay: Delay,
    pub(super) first_token: FirstToken,
    /// Absent in a build that does not count them.
    pub(super) allocations: Option<Allocations>,
    pub(super) memory: Memory,
    pub(super) streams: Option<StreamsReport>,
    /// What is beyond the budget.
    pub(super) over: Vec<Over>,
}

/// The index.
#[derive(Serialize)]
pub(super) struct Known {
    pub(super) demo: bool,
    pub(super) owners: u64,
    pub(super) identifiers: u64,
    pub(super) bytes: u64,
}

/// The response.
#[derive(Serialize)]
pub(super) struct Streamed {
    pub(super) demo: bool,
    pub(super) format: &'static str,
    pub(super) bytes: usize,
    pub(super) pushes: usize,
    /// Bytes held after each push.
    #[serde(skip)]
    pub(super) held: Vec<u32>,
    pub(super) findings: usize,
    pub(super) stopped: bool,
    /// How often it was streamed.
    pub(super) repeated: u64,
}

#[derive(Serialize)]
pub(super) struct Push {
    /// Of the processor, without a clock between pushes.
    pub(super) mean_ns: f64,
    /// Of the wall, each push by itself.
    pub(super) ns: Spread,
    pub(super) bytes_per_second: f64,
}

/// How late tokens leave because they are held, at the model's rate.
#[derive(Serialize)]
pub(super) struct Delay {
    pub(super) tokens_per_second: u32,
    /// The share of tokens that do not leave at once.
    pub(super) delayed: f64,
    /// In tokens; of those that do not leave at once.
    pub(super) mean_of_delayed: f64,
    /// Of all tokens.
    pub(super) tokens: Spread,
}

#[derive(Serialize)]
pub(super) struct FirstToken {
    /// How many tokens later it leaves.
    pub(super) held_tokens: u64,
    /// Until a new response is checked.
    pub(super) start_ns: Spread,
    /// All that is added to its time.
    pub(super) added_ns: f64,
}

#[derive(Serialize)]
pub(super) struct Memory {
    pub(super) stream_bytes: Option<u64>,
    pub(super) process_bytes: Option<u64>,
}

/// Many streams at once.
#[derive(Serialize)]
pub(super) struct StreamsReport {
    pub(super) rate: u32,
    pub(super) seconds: f64,
    /// The same schedule with nothing to check.
    pub(super) idle: Loaded,
    pub(super) once: Loaded,
    pub(super) twice: Loaded,
}

impl Report {
    pub(super) fn new(
        subject: &Subject,
        machine: Machine,
        measured: Measured,
        streams: Option<StreamsReport>,
    ) -> Self {
        let (info, held) = (subject.index.info(), measured.held);
        let interval = 1e9 / f64::from(measured.rate);
        Self {
            version: env!("CARGO_PKG_VERSION"),
            machine,
            index: Known {
                demo: subject.is_demo.0,
                owners: info.owners,
                identifiers: info.identifiers.values().sum(),
                bytes: info.bytes.total,
            },
            policy: subject.policy.name().to_owned(),
            response: Streamed {
                demo: subject.is_demo.1,
                format: subject.response.format(),
                bytes: subject.response.bytes(),
                pushes: held.pushes(),
                findings: held.findings,
                stopped: held.stopped,
                repeated: measured.responses,
                held: held.after,
            },
            first_token: FirstToken {
                held_tokens: held.first,
                added_ns: held.first as f64 * interval + measured.start.p50() + measured.mean_push,
                start_ns: measured.start,
            },
            push: Push {
                mean_ns: measured.mean_push,
                ns: measured.push,
                bytes_per_second: measured.bytes_per_second,
            },
            held_bytes: held.bytes,
            delay: Delay {
                tokens_per_second: measured.rate,
                delayed: held.delayed.n() as f64 / held.delay.n().max(1) as f64,
                mean_of_delayed: held.delayed.mean(),
                tokens: held.delay,
            },
            allocations: measured.allocations,
            memory: Memory { stream_bytes: measured.stream_bytes, process_bytes: memory() },
            streams,
            over: Vec::new(),
        }
    }

    /// Nanoseconds between two tokens of the model.
    pub(super) fn interval(&self) -> f64 {
        1e9 / f64::from(self.delay.tokens_per_second)
    }
}

/// The table.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        for (at, section) in sections(self).iter().enumerate() {
            writeln!(f, "{}{}", if at == 0 { "" } else { "\n" }, section.title)?;
            for row in &section.rows {
                write!(f, "  {:<22}", row.name)?;
                for cell in &row.cells {
                    write!(f, "{cell:>14}")?;
                }
                writeln!(f, "{}{}", if row.note.is_empty() { "" } else { "  " }, row.note)?;
            }
            for sentence in &section.below {
                writeln!(f, "  {sentence}")?;
            }
        }
        Ok(())
    }
}
