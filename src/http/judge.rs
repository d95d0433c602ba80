//! What judges the bytes of one response.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use http::HeaderMap;

use super::headers::forget_values;
use super::layer::{OnEnd, Ruling, Settings};
use super::watch::{Ending, Judged, Moment, Outcome, Watch};
use crate::wire::{Format, Framing, Guard, Limits, Progress};
use crate::{Action, Kind, Session};

/// The guards of one response. Says how it ended, also when it is dropped.
pub(super) struct Judge {
    guard: Hearing,
    session: Session,
    enforced: bool,
    shadow: Option<Hearing>,
    /// Since when text is held.
    since: Option<Instant>,
    watch: Option<Arc<dyn Watch>>,
    on_end: Option<OnEnd>,
    span: tracing::Span,
    ended: bool,
}

impl Judge {
    pub(super) fn new(ruling: &Ruling, format: Format, framing: Framing, settings: &Settings) -> Self {
        if let Some(watch) = &settings.watch {
            watch.began();
        }
        let hearing = |session| Hearing::new(session, format, framing, settings.limits);
        Self {
            guard: hearing(&ruling.session),
            session: ruling.session.clone(),
            enforced: ruling.enforced,
            shadow: ruling.shadow.as_ref().map(hearing),
            since: None,
            watch: settings.watch.clone(),
            on_end: ruling.ended.clone(),
            span: tracing::Span::current(),
            ended: false,
        }
    }

    /// Whether what leaves depends on the guard.
    pub(super) fn is_enforced(&self) -> bool {
        self.enforced
    }

    /// Takes bytes, and appends what may leave now.
    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Progress {
        if let Some(shadow) = &mut self.shadow {
            shadow.overhear(bytes);
        }
        if !self.enforced {
            self.guard.overhear(bytes);
            out.extend_from_slice(bytes);
            return Progress::Continue;
        }
        let before = out.len();
        let progress = self.guard.push(bytes, out);
        self.watch_moment(out.len() > before);
        progress
    }

    /// What may leave of the trailers.
    pub(super) fn trailers(&self, mut trailers: HeaderMap) -> HeaderMap {
        if self.enforced {
            forget_values(&self.session, &mut trailers);
        }
        trailers
    }

    /// The body ends: appends what remains.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> Progress {
        if let Some(shadow) = &mut self.shadow {
            let _ = shadow.finish(&mut Vec::new());
        }
        if !self.enforced {
            let _ = self.guard.finish(&mut Vec::new());
            return Progress::Continue;
        }
        let before = out.len();
        let progress = self.guard.finish(out);
        self.watch_moment(out.len() > before);
        progress
    }

    fn watch_moment(&mut self, leaves: bool) {
        let Some(watch) = &self.watch else { return };
        let held_bytes = self.guard.guard.held_text();
        let delay = if leaves { self.since.take().map(|since| since.elapsed()) } else { None };
        if held_bytes > 0 && self.since.is_none() {
            self.since = Some(Instant::now());
        }
        watch.judged(Moment { held_bytes, delay });
    }

    /// The response has ended. Only the first ending counts.
    pub(super) fn end(&mut self, ending: Ending) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let outcome = Outcome {
            ending,
            enforced: self.enforced,
            judged: self.guard.judged(),
            shadow: self.shadow.as_ref().map(Hearing::judged),
        };
        self.span.in_scope(|| log(&outcome));
        if let Some(watch) = &self.watch {
            watch.ended(&outcome);
        }
        if let Some(on_end) = &self.on_end {
            on_end(&self.session);
        }
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        self.end(Ending::Dropped);
    }
}

/// Says how a response ended, in numbers.
fn log(outcome: &Outcome) {
    let Outcome { ending, enforced, judged, .. } = outcome;
    let (ending, findings) = (ending.name(), judged.findings.values().sum::<u64>() + judged.counts.findings);
    let (events, checked_bytes) = (judged.counts.events, judged.counts.checked_bytes);
    match outcome.ending {
        Ending::Broken(fault) => {
            tracing::warn!(ending, reason = %fault, enforced, events, checked_bytes, findings, "response ended");
        }
        _ => tracing::info!(ending, enforced, events, checked_bytes, findings, "response ended"),
    }
}

/// One guard and what it found.
struct Hearing {
    guard: Guard,
    findings: BTreeMap<(Kind, Action), u64>,
    /// It has stopped or broken, and is not asked again.
    over: Option<Progress>,
    /// What it writes when nobody reads it.
    thrown_away: Vec<u8>,
}

impl Hearing {
    fn new(session: &Session, format: Format, framing: Framing, limits: Limits) -> Self {
        let guard = Guard::new(session, format, framing).with_limits(limits);
        Self { guard, findings: BTreeMap::new(), over: None, thrown_away: Vec::new() }
    }

    fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Progress {
        if let Some(over) = self.over {
            return over;
        }
        let progress = self.guard.push(bytes, out);
        self.note(progress)
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Progress {
        if let Some(over) = self.over {
            return over;
        }
        let progress = self.guard.finish(out);
        self.note(progress)
    }

    fn overhear(&mut self, bytes: &[u8]) {
        let mut out = std::mem::take(&mut self.thrown_away);
        let _ = self.push(bytes, &mut out);
        out.clear();
        self.thrown_away = out;
    }

    fn note(&mut self, progress: Progress) -> Progress {
        for finding in self.guard.take_findings() {
            *self.findings.entry((finding.kind, finding.action)).or_default() += 1;
        }
        if progress != Progress::Continue {
            self.over = Some(progress);
        }
        progress
    }

    fn judged(&self) -> Judged {
        Judged {
            counts: self.guard.counts(),
            findings: self.findings.clone(),
            stopped: self.over == Some(Progress::Stopped),
        }
    }
}
