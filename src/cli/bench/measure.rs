//! How long pushes take.
//!
//! The response is streamed again and again, each time to a new check. Every second time only the whole is timed, in time of the processor,
//! which gives the mean; every other time each push is, in time of the wall, which gives the percentiles. The end of the response belongs to
//! its last push. A push is timed from its own beginning: the next one begins when the one before has ended, so that a halt of the machine
//! counts once, in one push. What such a halt does to those who wait is measured by [`load`](super::load), where tokens are due at times of
//! their own.

use std::time::{Duration, Instant};

use cpu_time::ThreadTime;

use super::delay::Held;
use super::machine::memory;
use super::response::Step;
use super::spread::Spread;
use super::subject::Subject;
use crate::error::Result;

/// What one stream costs.
pub(super) struct Measured {
    pub(super) rate: u32,
    pub(super) held: Held,
    /// Nanoseconds of a push, the clock's own reading included.
    pub(super) push: Spread,
    /// Nanoseconds of the processor for a push on average, without a clock between.
    pub(super) mean_push: f64,
    /// How often the response was streamed.
    pub(super) responses: u64,
    /// Bytes of the response in a second of the processor.
    pub(super) bytes_per_second: f64,
    /// Nanoseconds until a check of a new response is made.
    pub(super) start: Spread,
    /// Bytes of memory of one stream, if the system says how much the process has.
    pub(super) stream_bytes: Option<u64>,
    pub(super) allocations: Option<Allocations>,
}

/// How often memory is allocated.
#[derive(Clone, Copy, serde::Serialize)]
pub(super) struct Allocations {
    /// To make the check of a new response.
    pub(super) start: u64,
    pub(super) per_push: f64,
}

pub(super) fn measure(subject: &Subject, rate: u32, seconds: f64) -> Result<Measured> {
    let about = if subject.is_demo.1 { "the sample answer" } else { "the response" };
    let held = Held::trace(subject).map_err(|error| error.about(about))?;
    let pushes = held.pushes();
    let mut measured = Measured {
        stream_bytes: stream_bytes(subject, pushes),
        allocations: allocations(subject, pushes),
        rate,
        held,
        push: Spread::new(),
        mean_push: 0.0,
        responses: 0,
        bytes_per_second: 0.0,
        start: Spread::new(),
    };
    let (begin, mut whole) = (Instant::now(), Duration::ZERO);
    while measured.responses < 2 || begin.elapsed().as_secs_f64() < seconds {
        let started = Instant::now();
        let mut check = subject.check();
        measured.start.record(nanoseconds(started.elapsed()));
        if measured.responses.is_multiple_of(2) {
            let started = ThreadTime::now();
            for at in 0..pushes {
                let _ = subject.response.judge(at, &mut check);
            }
            whole += started.elapsed();
        } else {
            for at in 0..pushes {
                let started = Instant::now();
                let _ = subject.response.judge(at, &mut check);
                measured.push.record(nanoseconds(started.elapsed()));
            }
        }
        measured.responses += 1;
    }
    let wholes = measured.responses.div_ceil(2) as f64;
    measured.mean_push = whole.as_nanos() as f64 / wholes / pushes as f64;
    measured.bytes_per_second =
        subject.response.bytes_of(pushes) as f64 * wholes / whole.as_secs_f64().max(1e-9);
    Ok(measured)
}

pub(super) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// How many streams stand at once when their memory is weighed, and how many of their pieces they have seen by then.
const WEIGHED: u64 = 400;
const WEIGHED_PUSHES: usize = 500;

/// What the process grows by when it holds many streams, by each of them.
fn stream_bytes(subject: &Subject, pushes: usize) -> Option<u64> {
    let before = memory()?;
    let mut checks = Vec::new();
    for _ in 0..WEIGHED {
        let mut check = subject.check();
        for at in 0..pushes.min(WEIGHED_PUSHES) {
            if subject.response.push(at, &mut check) != Step::On {
                break;
            }
        }
        checks.push(check);
    }
    let after = memory()?;
    drop(checks);
    Some(after.saturating_sub(before) / WEIGHED)
}

#[cfg(not(feature = "allocations"))]
fn allocations(_: &Subject, _: usize) -> Option<Allocations> {
    None
}

/// Counts them once the first response has let what is shared grow.
#[cfg(feature = "allocations")]
fn allocations(subject: &Subject, pushes: usize) -> Option<Allocations> {
    let count = || {
        let stats = stats_alloc::INSTRUMENTED_SYSTEM.stats();
        (stats.allocations + stats.reallocations) as u64
    };
    let before = count();
    let mut check = subject.check();
    let started = count();
    for at in 0..pushes {
        let _ = subject.response.judge(at, &mut check);
    }
    let per_push = (count() - started) as f64 / pushes as f64;
    (count() > 0).then_some(Allocations { start: started - before, per_push })
}
