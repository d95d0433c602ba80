//! A session: who reads, under which policy, and what has been said so far.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Checker;
use crate::index::{Generation, Index};
use crate::policy::{Audience, Evidence, Policy, Pseudonyms, Reader, Rules};
use crate::scan::{Match, ScanPlan};

/// One response to one reader: hands out a [`Checker`] for each of its text channels, which share evidence.
///
/// Cheap to clone; clones are the same session. Sessions do not affect each other, so that any number may run at once:
///
/// ```
/// # use tightlip::{Identifier, IndexBuilder, Kind, Policy, Reader, Session};
/// # let mut builder = IndexBuilder::new();
/// # builder.add(Identifier { owner: "C-1001", kind: Kind::Email, text: "ann@example.com" })?;
/// # builder.add(Identifier { owner: "C-1002", kind: Kind::Email, text: "bob@example.com" })?;
/// # let index = builder.finish_in_memory()?;
/// let policy = Policy::standard();
/// let answer = "ann@example.com and bob@example.com";
/// std::thread::scope(|scope| {
///     for (reader, safe) in [("C-1001", "ann@example.com and [EMAIL]"), ("C-1002", "[EMAIL] and bob@example.com")] {
///         let session = Session::new(&index, &policy, Reader::customer(reader));
///         scope.spawn(move || {
///             let (mut checker, mut out) = (session.checker(), String::new());
///             for token in answer.split_inclusive(' ') {
///                 checker.push(token, &mut out);
///             }
///             checker.finish(&mut out);
///             assert_eq!(out, safe);
///         });
///     }
/// });
/// # Ok::<(), tightlip::Error>(())
/// ```
#[derive(Clone)]
pub struct Session {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) generation: Arc<Generation>,
    pub(super) plan: Arc<ScanPlan>,
    pub(super) rules: Rules,
    pub(super) policy: Policy,
    unknown_readers: usize,
    shared: Mutex<Shared>,
    /// Counts the changes of `shared` that other channels have to know of.
    pub(super) version: AtomicU64,
    pub(super) span: tracing::Span,
}

/// What the channels of a session have in common.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) evidence: Evidence,
    pub(super) pseudonyms: Pseudonyms,
    /// One channel has stopped, and with it all.
    pub(super) stopped: bool,
}

impl Session {
    /// Resolves a policy for one reader of one index.
    pub fn new(index: &Index, policy: &Policy, reader: Reader) -> Self {
        let generation = Arc::clone(index.generation());
        let rules = Rules::new(&generation, policy, &reader);
        let unknown_readers = reader.unknown(&generation).count();
        let span = tracing::debug_span!(
            "response",
            generation = generation.number(),
            policy = policy.name(),
            unknown_readers
        );
        let plan = ScanPlan::new(&generation, rules.wanted, rules.readings)
            .with_patterns(rules.patterned)
            .with_blind(rules.blind)
            .with_similar(rules.similar, rules.similar_length)
            .with_partial(rules.partial)
            .with_weak_variants(rules.weak_variants)
            .with_hints(rules.hints);
        let inner = Inner {
            plan: Arc::new(plan),
            rules,
            generation,
            policy: policy.clone(),
            unknown_readers,
            shared: Mutex::default(),
            version: AtomicU64::new(0),
            span,
        };
        Self { inner: Arc::new(inner) }
    }

    /// A checker for the response's text.
    pub fn checker(&self) -> Checker {
        self.channel("text")
    }

    /// A checker for one of several text channels, whose name stands in findings.
    pub fn channel(&self, name: &str) -> Checker {
        Checker::new(self.clone(), name.into(), Audience::Reader)
    }

    /// A checker for text that only the company's own systems see, such as the arguments of an agent's look-ups: other people's values in it
    /// are reported as observed, and pass.
    pub fn internal_channel(&self, name: &str) -> Checker {
        Checker::new(self.clone(), name.into(), Audience::Internal)
    }

    /// The policy.
    pub(crate) fn policy(&self) -> &Policy {
        &self.inner.policy
    }

    /// How many of the named readers the index does not know. They own nothing.
    pub fn unknown_readers(&self) -> usize {
        self.inner.unknown_readers
    }
}

impl Inner {
    /// Whether the same text is, or is as similar to, a value that the reader may see.
    pub(super) fn is_readers_too(&self, found: &Match, matches: &[Match]) -> bool {
        let place = |of: &Match| (of.start, of.end, of.kind);
        let mut same = matches.iter().filter(|other| place(other) == place(found));
        same.any(|other| self.rules.alone(other.kind, other.key, other.means).is_none())
    }

    pub(super) fn shared(&self) -> MutexGuard<'_, Shared> {
        // A panic elsewhere leaves evidence that is at worst too strict.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("generation", &self.inner.generation.number())
            .field("policy", &self.inner.policy.name())
            .finish_non_exhaustive()
    }
}
