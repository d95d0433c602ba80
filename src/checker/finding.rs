//! Findings: what was withheld or observed, without what it was.

use std::ops::Range;

use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::identifier::Kind;
use crate::index::KeyId;
use crate::policy::Action;
use crate::scan::Means;

/// A known value of another person in a response. Says what, where and why, never the value; serialises to the findings format.
///
/// ```
/// # use tightlip::{Identifier, IndexBuilder, Kind, Policy, Reader, Session};
/// # let mut builder = IndexBuilder::new();
/// # builder.add(Identifier { owner: "C-1001", kind: Kind::Email, text: "ann@example.com" })?;
/// # let index = builder.finish_in_memory()?;
/// let mut checker = Session::new(&index, &Policy::standard(), Reader::stranger()).checker();
/// let mut out = String::new();
/// checker.push("Write to ann@example.com.", &mut out);
/// checker.finish(&mut out);
/// assert_eq!(out, "Write to [EMAIL].");
/// let finding = &checker.findings()[0];
/// assert_eq!((finding.kind.clone(), finding.span.clone()), (Kind::Email, 9..24));
/// # Ok::<(), tightlip::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The same for the same finding in a replay of the same text: 16 hexadecimal digits.
    pub id: String,
    /// The line of the policy that decided: `kinds.email`, `together`, `names.alone_if_shared_by_fewer_than`, `patterns.card`, `uniform.email`.
    pub rule: String,
    /// The generation of the index.
    pub generation: u64,
    /// What it is.
    pub kind: Kind,
    /// What was done.
    pub action: Action,
    /// Where it stands: bytes of the channel's original text.
    pub span: Range<u64>,
    /// The channel.
    pub channel: std::sync::Arc<str>,
    /// How the value was written.
    pub how: How,
    /// How many people the value belongs to; 0 if it only looks like one.
    pub owners: u32,
    /// A keyed hash that stands for one of them; empty if there is none.
    pub owner: String,
    /// How many kinds of facts about one person there are with this one.
    pub facts: u32,
    /// The other kinds, told before. Not part of the findings format.
    pub beside: Vec<Kind>,
    /// Names the value within its index: its owners stand in the disclosure report.
    pub(super) value: Value,
}

/// What a finding is about, if it is known; its place in the index is nobody's business.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Value(pub(super) Option<KeyId>);

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "known" } else { "unknown" })
    }
}

/// How a value was written, and what made it count.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct How {
    pub(super) means: Means,
    /// It counts together with other facts.
    pub(super) together: bool,
}

impl How {
    /// The words of the findings format: `exact`, or what had to be done to the text to see the value (`folded`, `reading:base64`, `similar` …), and
    /// `together` if it counts only with other facts.
    pub fn words(&self) -> impl Iterator<Item = &'static str> {
        let exact = (self.means == Means::EXACT).then_some("exact");
        exact.into_iter().chain(self.means.words()).chain(self.together.then_some("together"))
    }
}

impl std::fmt::Debug for How {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.words()).finish()
    }
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("rule", &self.rule)?;
        map.serialize_entry("generation", &self.generation)?;
        map.serialize_entry("kind", &self.kind)?;
        map.serialize_entry("action", &self.action)?;
        map.serialize_entry("start", &self.span.start)?;
        map.serialize_entry("end", &self.span.end)?;
        map.serialize_entry("channel", &*self.channel)?;
        map.serialize_entry("how", &self.how.words().collect::<Vec<_>>())?;
        map.serialize_entry("owners", &self.owners)?;
        if !self.owner.is_empty() {
            map.serialize_entry("owner", &self.owner)?;
        }
        map.serialize_entry("facts", &self.facts)?;
        map.end()
    }
}
