//! The disclosure report of a response: what was shown and what was withheld, without what it was.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Session;
use super::finding::Finding;
use crate::index::Generation;
use crate::policy::{Action, Excuse, written};

/// What a response disclosed: whose data of which kinds were shown on which ground, and what was withheld and why. Holds no values; people are keyed
/// hashes, the same as in findings. Serialises to one JSON object.
///
/// ```
/// # use tightlip::{Identifier, IndexBuilder, Kind, Policy, Reader, Session};
/// # let mut builder = IndexBuilder::new();
/// # builder.add(Identifier { owner: "C-1001", kind: Kind::Email, text: "ann@example.com" })?;
/// # builder.add(Identifier { owner: "C-1002", kind: Kind::Email, text: "bob@example.com" })?;
/// # let index = builder.finish_in_memory()?;
/// let session = Session::new(&index, &Policy::standard(), Reader::customer("C-1001"));
/// let (mut checker, mut out) = (session.checker(), String::new());
/// checker.push("From ann@example.com to bob@example.com.", &mut out);
/// checker.finish(&mut out);
/// let report = session.report();
/// assert_eq!((report.shown[0].kind.as_str(), report.shown[0].basis.as_str()), ("email", "own"));
/// assert_eq!((report.withheld[0].reason.as_str(), report.withheld[0].count), ("kinds.email", 1));
/// # Ok::<(), tightlip::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// Names the response: 16 hexadecimal digits.
    pub id: String,
    /// When it began (RFC 3339, UTC).
    pub time: String,
    /// Which model wrote it, if [somebody said so](Session::written_by); wire formats say it themselves.
    pub model: Option<String>,
    /// Who read it, as hashes; nobody whom the index does not know.
    pub reader: Vec<String>,
    /// What it was for.
    pub purpose: Option<String>,
    /// Everybody whose data were shown, withheld or observed, as hashes.
    pub subjects: Vec<String>,
    /// What was shown because it is the reader's own, or because of a grant.
    pub shown: Vec<ShownData>,
    /// What was withheld.
    pub withheld: Vec<JudgedData>,
    /// Data of others that passed because the policy only observes them.
    pub observed: Vec<JudgedData>,
    /// Values that were counted in none of these lists, or not for all whose they are: a report has 1,000 different lines at most, 64 for one value.
    #[serde(default)]
    pub more: u64,
    /// What was not checked, and why.
    pub unchecked: Vec<String>,
    /// The generation of the index.
    pub generation: u64,
    /// The policy.
    pub policy: PolicyUsed,
}

/// Data that were shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ShownData {
    /// Whose they are.
    pub subject: String,
    /// Of which kind.
    pub kind: String,
    /// `own`, `acting_for` or `grant`.
    pub basis: String,
    /// The id of the grant, if the file has one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub grant: String,
    /// The basis of the grant, if the file has one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub grant_basis: String,
    /// How often.
    pub count: u64,
}

/// Data of others that were found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct JudgedData {
    /// Whose they are, one of those whose they are; empty if they only looked like somebody's.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// Of which kind.
    pub kind: String,
    /// The line of the policy that decided.
    pub reason: String,
    /// What was done.
    pub action: Action,
    /// How often.
    pub count: u64,
}

/// The policy that a response was judged by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PolicyUsed {
    /// Its name.
    pub name: String,
    /// The same for the same settings under the same index: 16 hexadecimal digits.
    pub hash: String,
}

/// More different lines are only counted.
const MOST_LINES: usize = 1_000;

/// A value that more people share says little of each of them; the others are only counted.
const MOST_SUBJECTS: usize = 64;

/// What was shown and found so far.
#[derive(Default)]
pub(super) struct Tally {
    /// subject, kind, basis, grant, its basis
    shown: BTreeMap<[String; 5], u64>,
    /// subject, kind, reason
    found: BTreeMap<(Action, [String; 3]), u64>,
    more: u64,
}

impl Tally {
    /// Counts a value that was shown for a reason.
    pub(super) fn show(&mut self, generation: &Generation, kind: u8, excuse: &Excuse, is_reader: bool) {
        let (owner, basis, grant) = match excuse {
            Excuse::Allowed => return,
            Excuse::Own(owner) => (*owner, if is_reader { "own" } else { "acting_for" }, None),
            Excuse::Granted(owner, grant) => (*owner, "grant", Some(&**grant)),
        };
        let (id, grant_basis) = grant.cloned().unwrap_or_default();
        let kind = generation.kinds()[usize::from(kind)].kind.name().to_owned();
        let line = [format!("k:{}", generation.owner_hash(owner)), kind, basis.to_owned(), id, grant_basis];
        count(&mut self.shown, line, &mut self.more);
    }

    /// Counts what a finding reports, for everybody whose value it is.
    pub(super) fn find(&mut self, generation: &Generation, finding: &Finding) {
        let people = finding.value.0.map(|value| generation.people(value));
        let people = people.unwrap_or_default();
        let mut find = |subject: String| {
            let line = [subject, finding.kind.name().to_owned(), finding.rule.clone()];
            count(&mut self.found, (finding.action, line), &mut self.more);
        };
        if people.is_empty() {
            find(finding.owner.clone()); // nobody's, or forgotten meanwhile
        }
        people
            .iter()
            .take(MOST_SUBJECTS)
            .for_each(|owner| find(format!("k:{}", generation.owner_hash(owner.number))));
        self.more += u64::from(people.len() > MOST_SUBJECTS);
    }

    /// Counts a finding that is not kept.
    pub(super) fn miss(&mut self) {
        self.more += 1;
    }
}

fn count<L: Ord>(lines: &mut BTreeMap<L, u64>, line: L, more: &mut u64) {
    if lines.len() < MOST_LINES || lines.contains_key(&line) {
        *lines.entry(line).or_default() += 1;
    } else {
        *more += 1;
    }
}

impl Session {
    /// Says which model writes the response, for its report: the first name counts. What is no name of a model (letters, digits and `-_.:/@`, at most
    /// 128) is not taken.
    pub fn written_by(&self, model: &str) {
        let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.:/@".contains(c);
        if !model.is_empty() && model.len() <= 128 && model.chars().all(is_name) {
            self.inner.shared().model.get_or_insert_with(|| model.to_owned());
        }
    }

    /// What the response has disclosed so far.
    pub fn report(&self) -> Report {
        let inner = &*self.inner;
        let shared = inner.shared();
        let tally = &shared.tally;
        let shown = tally.shown.iter().map(|([subject, kind, basis, grant, grant_basis], count)| ShownData {
            subject: subject.clone(),
            kind: kind.clone(),
            basis: basis.clone(),
            grant: grant.clone(),
            grant_basis: grant_basis.clone(),
            count: *count,
        });
        let judged = |withheld: bool| {
            let lines =
                tally.found.iter().filter(move |((action, _), _)| (*action >= Action::Redact) == withheld);
            lines.map(|((action, [subject, kind, reason]), count)| JudgedData {
                subject: subject.clone(),
                kind: kind.clone(),
                reason: reason.clone(),
                action: *action,
                count: *count,
            })
        };
        let (shown, withheld, observed): (Vec<_>, Vec<_>, Vec<_>) =
            (shown.collect(), judged(true).collect(), judged(false).collect());
        let judged_subjects = withheld.iter().chain(&observed).map(|data| &data.subject);
        let subjects = shown.iter().map(|data| &data.subject).chain(judged_subjects);
        let mut subjects: Vec<String> = subjects.filter(|subject| !subject.is_empty()).cloned().collect();
        subjects.sort_unstable();
        subjects.dedup();
        Report {
            id: inner.id().to_owned(),
            time: written(inner.begun),
            model: shared.model.clone(),
            reader: inner.rules.reader_hashes().into_iter().map(|hash| format!("k:{hash}")).collect(),
            purpose: inner.reader.purpose().map(str::to_owned),
            subjects,
            shown,
            withheld,
            observed,
            more: tally.more,
            unchecked: Vec::new(),
            generation: inner.generation.number(),
            policy: PolicyUsed { name: inner.policy.name().into(), hash: inner.rules.hash.clone() },
        }
    }
}
