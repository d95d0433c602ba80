//! Many streams at once, each at the model's rate: what they need and how late tokens are.
//!
//! Every token is due at a time of its own, whatever became of those before it, and is late by the time from then until it was judged. A halt
//! therefore counts for every token that waits meanwhile (otherwise a measurement omits what it should show: "coordinated omission"). The same
//! schedule with nothing to check says how late this machine's timer wakes. Tokens that wait when the time is over count with what they have
//! waited.

use std::time::{Duration, Instant};

use cpu_time::ProcessTime;
use serde::Serialize;

use super::machine::{cores, memory};
use super::measure::nanoseconds;
use super::response::{Check, Step};
use super::spread::Spread;
use super::subject::Subject;

/// What is run.
pub(super) struct Load<'a> {
    pub(super) subject: &'a Subject,
    pub(super) streams: u32,
    pub(super) rate: u32,
    pub(super) seconds: f64,
    /// Whether tokens are checked, or only waited for.
    pub(super) checks: bool,
}

/// What came of it.
#[derive(Serialize)]
pub(super) struct Loaded {
    pub(super) streams: u32,
    /// Processors in use on average, waking included.
    pub(super) cores: f64,
    /// How late tokens were judged.
    pub(super) added_ns: Spread,
    pub(super) due: u64,
    pub(super) checked: u64,
    /// Tokens that were due and not judged when the run was given up, at twice its time.
    pub(super) waiting: u64,
    /// Memory of the process while all streams stood.
    pub(super) process_bytes: Option<u64>,
}

/// One stream: where in the response it is, and its check.
struct Stream {
    number: u32,
    at: usize,
    check: Check,
}

struct Tally {
    added: Spread,
    due: u64,
    judged: u64,
}

impl Load<'_> {
    pub(super) fn run(&self) -> Loaded {
        let workers = cores().min(self.streams as usize).max(1);
        let mut shares: Vec<Vec<Stream>> = (0..workers).map(|_| Vec::new()).collect();
        for number in 0..self.streams {
            let check = self.subject.check();
            shares[number as usize % workers].push(Stream { number, at: 0, check });
        }
        let (begin, processor) = (Instant::now(), ProcessTime::now());
        let tallies: Vec<Tally> = std::thread::scope(|scope| {
            let running: Vec<_> =
                shares.iter_mut().map(|streams| scope.spawn(move || self.work(streams, begin))).collect();
            running.into_iter().map(|worker| worker.join().expect("a check does not panic")).collect()
        });
        let (took, used) = (begin.elapsed().as_secs_f64(), processor.elapsed().as_secs_f64());
        let process_bytes = memory();
        let mut all = Tally::new();
        for tally in &tallies {
            all.added.add(&tally.added);
            all.due += tally.due;
            all.judged += tally.judged;
        }
        Loaded {
            streams: self.streams,
            cores: used / took,
            added_ns: all.added,
            due: all.due,
            checked: if self.checks { all.judged } else { 0 },
            waiting: all.due - all.judged,
            process_bytes,
        }
    }

    /// Judges the tokens of some streams in the order in which they are due.
    fn work(&self, streams: &mut [Stream], begin: Instant) -> Tally {
        let interval = Duration::from_secs(1) / self.rate;
        let (end, given_up) = (begin + self.duration(), begin + 2 * self.duration());
        let mut tally = Tally::new();
        for round in 0.. {
            for stream in &mut *streams {
                // Streams begin evenly spread over the time of one token.
                let phase = interval.mul_f64(f64::from(stream.number) / f64::from(self.streams));
                let due = begin + interval * round + phase;
                if due >= end {
                    return tally;
                }
                tally.due += 1;
                let now = Instant::now();
                if now > given_up {
                    tally.added.record(nanoseconds(now - due));
                    continue;
                }
                if now < due {
                    std::thread::sleep(due - now);
                }
                if self.checks {
                    stream.step(self.subject);
                }
                tally.judged += 1;
                tally.added.record(nanoseconds(due.elapsed()));
            }
        }
        tally
    }

    fn duration(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }
}

impl Stream {
    /// Judges the next token; behind the last one a new response begins.
    fn step(&mut self, subject: &Subject) {
        let step = subject.response.judge(self.at, &mut self.check);
        self.at += 1;
        if step != Step::On || self.at == subject.response.pieces() {
            (self.at, self.check) = (0, subject.check());
        }
    }
}

impl Tally {
    fn new() -> Self {
        Self { added: Spread::new(), due: 0, judged: 0 }
    }
}
