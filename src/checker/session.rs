//! A session: who reads, under which policy, and what has been said so far.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::SystemTime;

use super::Checker;
use super::channel::UNSURE;
use super::continued::keep;
use super::report::Tally;
use crate::index::{Generation, Index, KeyId};
use crate::policy::{
    Across, Action, Audience, Conversation, Evidence, Grants, Judgement, Policy, Pseudonyms, Reader, Rule,
    Rules,
};
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
    pub(super) reader: Reader,
    /// When the response began; the only clock that is looked at.
    pub(super) begun: SystemTime,
    id: OnceLock<String>,
    /// Is told what the conversation has said, before that is released.
    remember: Option<Remember>,
    shared: Mutex<Shared>,
    /// Counts the changes of `shared` that other channels have to know of.
    pub(super) version: AtomicU64,
    pub(super) span: tracing::Span,
}

/// Keeps what a conversation has said, if no other turn has said more since this one has heard of it.
pub(crate) type Remember = Arc<dyn Fn(&Conversation) -> Kept + Send + Sync>;

/// What became of what is about to be released.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "serve"),
    expect(dead_code, reason = "only the proxy keeps conversations while they run")
)]
pub(crate) enum Kept {
    /// It is kept, and may be released.
    Here,
    /// Another turn has said more: with that it is to be judged again.
    Lost(Conversation),
    /// Other turns cannot be heard of any more: it is to be judged again, and strictly, as everything from here on.
    CutOff,
    /// Other turns cannot be heard of any more: the response ends.
    Stop,
}

/// What the channels of a session have in common.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) evidence: Evidence,
    pub(super) tally: Tally,
    /// Values that the readers have said themselves.
    pub(super) echoes: Vec<KeyId>,
    pub(super) pseudonyms: Pseudonyms,
    /// Beginnings of values that the last turn has left, and those that this one leaves.
    pub(super) begun: Vec<String>,
    pub(super) left: Vec<String>,
    /// A text has ended.
    pub(super) has_ended: bool,
    /// Which model writes.
    pub(super) model: Option<String>,
    /// The notice was given.
    pub(super) noticed: bool,
    /// One channel has stopped, and with it all.
    pub(super) stopped: bool,
}

impl Session {
    /// Resolves a policy for one reader of one index.
    pub fn new(index: &Index, policy: &Policy, reader: Reader) -> Self {
        let (generation, begun) = (Arc::clone(index.generation()), SystemTime::now());
        let rules = Rules::new(&generation, policy, &reader, &Grants::default(), begun);
        let unknown_readers = rules.unknown_readers();
        let span = tracing::debug_span!(
            "response",
            generation = generation.number(),
            policy = policy.name(),
            unknown_readers
        );
        // How an index is scanned does not depend on the reader.
        let scope = rules.scope();
        let plan = index
            .remembered(|plan: &ScanPlan| plan.is_for(&scope), |generation| ScanPlan::new(generation, scope));
        let inner = Inner {
            plan,
            rules,
            generation,
            policy: policy.clone(),
            reader,
            begun,
            id: OnceLock::new(),
            remember: None,
            shared: Mutex::default(),
            version: AtomicU64::new(0),
            span,
        };
        Self { inner: Arc::new(inner) }
    }

    /// Counts what owners let the readers see, of the grants that hold today. To be called before the first checker is made; later it does nothing.
    pub fn with_grants(self, grants: &Grants) -> Self {
        let now = self.inner.begun;
        self.with_grants_at(grants, now)
    }

    /// As [`with_grants`](Self::with_grants), of the grants that held at another time: for audits of old responses.
    pub fn with_grants_at(mut self, grants: &Grants, time: SystemTime) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            inner.rules.grant(&inner.reader, grants, time);
        }
        self
    }

    /// Goes on where an earlier turn of the conversation ended: what it said counts. A conversation of other readers is another one and
    /// counts for nothing, nor does any if the policy adds up over responses only.
    pub fn resume(&self, conversation: &Conversation) {
        let inner = &*self.inner;
        let is_theirs = conversation.is_of(&inner.rules.reader_hashes(), &inner.generation);
        if inner.policy.across() != Across::Response && is_theirs {
            let mut shared = inner.shared();
            conversation.tell(&mut shared.evidence, &inner.generation);
            conversation.beginnings(&inner.generation).for_each(|begun| keep(&mut shared.begun, begun));
            drop(shared);
            inner.version.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Whether a conversation is one of these readers, as far as that can be known.
    #[cfg(feature = "cli")]
    pub(crate) fn is_theirs(&self, conversation: &Conversation) -> bool {
        conversation.is_of(&self.inner.rules.reader_hashes(), &self.inner.generation)
    }

    /// What the conversation has said up to now, for its next turn.
    pub fn state(&self) -> Conversation {
        self.inner.conversation(&self.inner.shared())
    }

    /// Tells somebody what the conversation has said whenever it has said more, before that is released. To be called before the first checker is made.
    #[cfg(feature = "serve")]
    pub(crate) fn remembered_by(mut self, remember: Remember) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            inner.remember = Some(remember);
        }
        self
    }

    /// A key that all who have the index can make, and nobody else.
    #[cfg(feature = "serve")]
    pub(crate) fn derived_key(&self, of: &str) -> [u8; 32] {
        self.inner.generation.derived_key(of)
    }

    /// Whether what the reader says in the request is to be heard.
    #[cfg(feature = "serve")]
    pub(crate) fn hears_requests(&self) -> bool {
        self.inner.policy.hears_requests() && !self.inner.rules.reader_hashes().is_empty()
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
        self.inner.rules.unknown_readers()
    }
}

impl Inner {
    /// Whether the same text is, or is as similar to, a value that the reader may see.
    pub(super) fn is_readers_too(&self, found: &Match, matches: &[Match]) -> bool {
        let place = |of: &Match| (of.start, of.end, of.kind);
        let mut same = matches.iter().filter(|other| place(other) == place(found));
        same.any(|other| self.rules.alone(other.kind, other.key, other.means).is_none())
    }

    /// What was said, for another turn.
    pub(super) fn conversation(&self, shared: &Shared) -> Conversation {
        // Where nothing was said yet the last turn's beginnings may still go on.
        let left = if shared.has_ended { &shared.left } else { &shared.begun };
        Conversation::of(&shared.evidence, &self.generation, self.rules.reader_hashes(), left)
    }

    /// More was said, and is about to be released: only if it is kept it may be.
    pub(super) fn remember(&self, shared: &Shared) -> Kept {
        self.remember.as_ref().map_or(Kept::Here, |remember| remember(&self.conversation(shared)))
    }

    /// What another turn has said meanwhile.
    pub(super) fn hear(&self, other: &Conversation, evidence: &mut Evidence) {
        evidence.hear(|evidence| other.tell(evidence, &self.generation));
    }

    /// Whether other turns may speak while this one does: then every fact waits until it is judged, for it may complete what they have said.
    pub(super) fn is_kept(&self) -> bool {
        self.remember.is_some() && self.rules.withheld_together != 0
    }

    /// Names the response in its report.
    pub(super) fn id(&self) -> &str {
        self.id.get_or_init(|| {
            let mut bytes = [0; 8];
            // Without random numbers the moment has to do.
            if getrandom::fill(&mut bytes).is_err() {
                let since = self.begun.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
                bytes = (since.as_nanos() as u64).to_le_bytes();
            }
            format!("{:016x}", u64::from_le_bytes(bytes))
        })
    }

    /// Whether a value that would be replaced is one that the reader has said.
    pub(super) fn is_echo(&self, found: &Match, judgement: &Judgement) -> bool {
        judgement.rule == Rule::Kind
            && judgement.action == Action::Redact
            && !found.means.intersects(UNSURE)
            && self.shared().echoes.contains(&self.generation.value(found.key))
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
