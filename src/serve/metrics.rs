//! What is counted, for Prometheus: kinds, counts, sizes and times, never a value.

use std::fmt::Write;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, SystemTime};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use super::identity::Proof;
use crate::http::{Ending, Judged, Moment, Outcome, Watch};

/// Everything that is counted.
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<Checked, Counter>,
    readers: Family<Proven, Counter>,
    unknown_readers: Counter,
    refused: Family<Refused, Counter>,
    pub(super) active: Gauge,
    responses: Family<Ended, Counter>,
    events: Counter,
    checked_bytes: Counter,
    findings: Family<Found, Counter>,
    findings_not_listed: Counter,
    stopped: Family<By, Counter>,
    held_bytes: Histogram,
    delay: Histogram,
    generation: Gauge,
    index_time: Gauge<f64, AtomicU64>,
    index_age: Gauge<f64, AtomicU64>,
    /// Not a number for an index that is not followed, so that no alarm compares it.
    index_lag: Gauge<f64, AtomicU64>,
    reloads: Family<Reloaded, Counter>,
    stored: Family<Stored, Counter>,
    store_up: Gauge,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Checked {
    checked: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Proven {
    proof: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Refused {
    reason: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Ended {
    ending: &'static str,
    enforced: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Found {
    kind: String,
    action: String,
    by: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct By {
    by: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Reloaded {
    result: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Stored {
    result: &'static str,
}

impl Metrics {
    pub(super) fn new() -> Self {
        let new = Self {
            registry: Registry::with_prefix("tightlip"),
            requests: Family::default(),
            readers: Family::default(),
            unknown_readers: Counter::default(),
            refused: Family::default(),
            active: Gauge::default(),
            responses: Family::default(),
            events: Counter::default(),
            checked_bytes: Counter::default(),
            findings: Family::default(),
            findings_not_listed: Counter::default(),
            stopped: Family::default(),
            held_bytes: Histogram::new(std::iter::once(0.0).chain(exponential_buckets(1.0, 4.0, 10))),
            delay: Histogram::new(exponential_buckets(0.001, 4.0, 9)),
            generation: Gauge::default(),
            index_time: Gauge::default(),
            index_age: Gauge::default(),
            index_lag: Gauge::default(),
            reloads: Family::default(),
            stored: Family::default(),
            store_up: Gauge::default(),
        };
        new.registered()
    }

    fn registered(mut self) -> Self {
        let r = &mut self.registry;
        r.register(
            "requests",
            "Requests, by what happens to the response: scanned; harmless or exempt pass unchecked",
            self.requests.clone(),
        );
        r.register(
            "readers",
            "Requests, by what proves the reader; none is a stranger",
            self.readers.clone(),
        );
        r.register(
            "unknown_readers",
            "Requests whose reader is proven but not in the index",
            self.unknown_readers.clone(),
        );
        r.register(
            "refused",
            "Requests and responses that were refused, by the reason",
            self.refused.clone(),
        );
        r.register("active_streams", "Responses that are under way", self.active.clone());
        r.register(
            "responses",
            "Checked responses, by how they ended and whether the policy was enforced",
            self.responses.clone(),
        );
        r.register("events", "Events of checked responses", self.events.clone());
        r.register("checked_bytes", "Bytes of text that were checked", self.checked_bytes.clone());
        r.register(
            "findings",
            "Findings by kind and action, of the policy, of the policy where it is not enforced, of the shadow policy",
            self.findings.clone(),
        );
        r.register(
            "findings_not_listed",
            "Findings beyond those that a response lists",
            self.findings_not_listed.clone(),
        );
        r.register("stopped", "Responses that the policy stops", self.stopped.clone());
        r.register(
            "held_bytes",
            "Bytes of text held back, after each piece of a response",
            self.held_bytes.clone(),
        );
        r.register("added_delay_seconds", "How long text was held back that was held", self.delay.clone());
        r.register("index_generation", "The generation of the index", self.generation.clone());
        r.register("index_time_seconds", "When the index was last changed", self.index_time.clone());
        r.register("index_age_seconds", "How long ago that was", self.index_age.clone());
        r.register(
            "index_lag_seconds",
            "How far the index is behind the database that it follows",
            self.index_lag.clone(),
        );
        r.register("reloads", "Attempts to reload index and policies", self.reloads.clone());
        r.register(
            "conversation_store",
            "What became of what was asked of the shared store of conversations: kept; lost, another turn was faster; slow, failed, unreadable; down, it was not asked",
            self.stored.clone(),
        );
        r.register(
            "conversation_store_up",
            "Whether the shared store of conversations answers; 0 if there is none",
            self.store_up.clone(),
        );
        self
    }

    /// The text that Prometheus reads.
    pub(super) fn text(&self, lag: Option<Duration>) -> String {
        let now = SystemTime::UNIX_EPOCH.elapsed().map_or(0.0, |now| now.as_secs_f64());
        self.index_age.set((now - self.index_time.get()).max(0.0));
        self.index_lag.set(lag.map_or(f64::NAN, |lag| lag.as_secs_f64()));
        let mut text = String::new();
        if prometheus_client::encoding::text::encode(&mut text, &self.registry).is_err() {
            text.clear();
            let _ = writeln!(text, "# the metrics cannot be written");
        }
        text
    }

    pub(super) fn request(&self, checked: &'static str) {
        self.requests.get_or_create(&Checked { checked }).inc();
    }

    pub(super) fn reader(&self, proof: Proof, is_unknown: bool) {
        self.readers.get_or_create(&Proven { proof: proof.name() }).inc();
        if is_unknown {
            self.unknown_readers.inc();
        }
    }

    pub(super) fn refused(&self, reason: &'static str) {
        self.refused.get_or_create(&Refused { reason }).inc();
    }

    pub(super) fn index(&self, generation: u64, changed: SystemTime) {
        self.generation.set(i64::try_from(generation).unwrap_or(i64::MAX));
        let changed = changed.duration_since(SystemTime::UNIX_EPOCH);
        self.index_time.set(changed.map_or(0.0, |changed| changed.as_secs_f64()));
    }

    pub(super) fn reloaded(&self, well: bool) {
        let result = if well { "ok" } else { "failed" };
        self.reloads.get_or_create(&Reloaded { result }).inc();
    }

    #[cfg(feature = "valkey")]
    pub(super) fn stored(&self, result: &'static str) {
        self.stored.get_or_create(&Stored { result }).inc();
    }

    #[cfg(feature = "valkey")]
    pub(super) fn store_up(&self, is_up: bool) {
        self.store_up.set(i64::from(is_up));
    }

    fn found(&self, judged: &Judged, by: &'static str) {
        for ((kind, action), count) in &judged.findings {
            let action = format!("{action:?}").to_lowercase();
            let found = Found { kind: kind.name().to_owned(), action, by };
            self.findings.get_or_create(&found).inc_by(*count);
        }
        if judged.stopped {
            self.stopped.get_or_create(&By { by }).inc();
        }
    }
}

impl Watch for Metrics {
    fn judged(&self, moment: Moment) {
        self.held_bytes.observe(moment.held_bytes as f64);
        if let Some(delay) = moment.delay {
            self.delay.observe(delay.as_secs_f64());
        }
    }

    fn ended(&self, outcome: &Outcome) {
        let enforced = if outcome.enforced { "yes" } else { "no" };
        self.responses.get_or_create(&Ended { ending: outcome.ending.name(), enforced }).inc();
        if let Ending::Refused(reason) = outcome.ending {
            self.refused(reason.name());
        }
        let judged = &outcome.judged;
        self.events.inc_by(judged.counts.events);
        self.checked_bytes.inc_by(judged.counts.checked_bytes);
        self.findings_not_listed.inc_by(judged.counts.findings);
        self.found(judged, if outcome.enforced { "policy" } else { "policy_not_enforced" });
        if let Some(shadow) = &outcome.shadow {
            self.found(shadow, "shadow_policy");
        }
    }
}
