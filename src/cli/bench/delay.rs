//! How long tokens are held: one pass over the response without a clock.
//!
//! A token has left when all text up to its end is decided. One that leaves with a later token waits as long as the model takes for the tokens
//! between; what the end of the response decides leaves one token later. Where a stream has several texts the oldest held one is taken for
//! all, so that delays are at most overstated.

use std::collections::VecDeque;

use super::response::Step;
use super::spread::Spread;
use super::subject::Subject;
use crate::error::{Error, Result};

/// What holding does to a response.
pub(super) struct Held {
    /// Bytes held after each push.
    pub(super) after: Vec<u32>,
    pub(super) bytes: Spread,
    /// How many tokens later each token leaves.
    pub(super) delay: Spread,
    /// The same of those that do not leave at once.
    pub(super) delayed: Spread,
    /// How many tokens later the first token leaves.
    pub(super) first: u64,
    pub(super) findings: usize,
    /// The policy stopped the response: what comes behind is not measured.
    pub(super) stopped: bool,
}

impl Held {
    pub(super) fn trace(subject: &Subject) -> Result<Self> {
        let response = &subject.response;
        let mut check = subject.check();
        let mut held = Self {
            after: Vec::with_capacity(response.pieces()),
            bytes: Spread::new(),
            delay: Spread::new(),
            delayed: Spread::new(),
            first: 0,
            findings: 0,
            stopped: false,
        };
        let (mut waiting, mut last_seen) = (VecDeque::new(), 0);
        for at in 0..response.pieces() {
            let step = response.push(at, &mut check);
            if step == Step::Broken {
                return Err(Error::data("the response is not what its format says; see --format"));
            }
            let (seen, now) = (check.seen(), check.held());
            held.after.push(u32::try_from(now).unwrap_or(u32::MAX));
            held.bytes.record(now as u64);
            if seen > last_seen {
                waiting.push_back((at, seen));
                last_seen = seen;
            }
            let decided = seen - now.min(seen);
            while let Some((begun, _)) = waiting.front().copied().filter(|(_, end)| *end <= decided) {
                waiting.pop_front();
                held.left(at - begun);
            }
            if step == Step::Stopped {
                held.stopped = true;
                break;
            }
        }
        let _ = check.finish();
        let end = held.after.len();
        waiting.into_iter().for_each(|(begun, _)| held.left(end - begun));
        held.findings = check.take_findings();
        Ok(held)
    }

    fn left(&mut self, tokens: usize) {
        let tokens = tokens as u64;
        if self.delay.n() == 0 {
            self.first = tokens;
        }
        self.delay.record(tokens);
        if tokens > 0 {
            self.delayed.record(tokens);
        }
    }

    /// How many pieces were judged.
    pub(super) fn pushes(&self) -> usize {
        self.after.len()
    }
}
