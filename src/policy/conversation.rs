//! What is kept between the turns of a conversation.

use serde::{Deserialize, Serialize};

use super::evidence::{Evidence, Fact};
use crate::identifier::Kind;
use crate::index::Generation;

/// What the earlier turns of a conversation have said about people: [`Session::state`](crate::Session::state) gives it when a turn has ended, and
/// [`Session::resume`](crate::Session::resume) takes it up in the next.
///
/// It holds no values: kinds of facts, names of facts that say nothing without the key of the index, and the numbers of people of whom a completing fact
/// was withheld; and, encrypted under the key of the index, the beginnings of strong values with which a turn broke off. It is bound to its index (over all its updates) and to its readers; it serialises to a few hundred bytes as a rule, to 32 KB at most.
///
/// ```
/// # use tightlip::{Conversation, Identifier, IndexBuilder, Kind, Policy, Reader, Session};
/// # let mut builder = IndexBuilder::new();
/// # builder.add(Identifier { owner: "C-1001", kind: Kind::Name, text: "Ann Lee" })?;
/// # builder.add(Identifier { owner: "C-1001", kind: Kind::DateOfBirth, text: "1990-04-05" })?;
/// # let index = builder.finish_in_memory()?;
/// let turn = |text: &str, before: &Conversation| {
///     let session = Session::new(&index, &Policy::standard(), Reader::customer("C-2002"));
///     session.resume(before);
///     let (mut checker, mut out) = (session.checker(), String::new());
///     checker.push(text, &mut out);
///     checker.finish(&mut out);
///     (out, session.state())
/// };
/// let (first, state) = turn("It was Ann Lee.", &Conversation::default());
/// let kept = serde_json::to_string(&state).unwrap();
/// let (second, _) = turn("Born 1990-04-05.", &serde_json::from_str(&kept).unwrap());
/// assert_eq!((first.as_str(), second.as_str()), ("It was Ann Lee.", "Born [DATE OF BIRTH]."));
/// # Ok::<(), tightlip::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conversation {
    /// The lineage of the index.
    index: String,
    /// Hashes that stand for the readers; none if nobody is known.
    readers: Vec<String>,
    facts: Vec<Said>,
    /// The numbers of those of whom a completing fact was withheld, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    people: Vec<u32>,
    /// Beginnings of strong values with which texts of the last turn ended, encrypted under the key of the index.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    begun: Vec<String>,
    /// It was more than is kept.
    #[serde(default, skip_serializing_if = "is_false")]
    full: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    kind: String,
    /// Its name in the index; none if it was no longer known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    fact: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_false(value: &bool) -> bool {
    !*value
}

impl Conversation {
    /// Whether nothing was said about anybody.
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty() && self.people.is_empty() && self.begun.is_empty() && !self.full
    }

    /// Puts together what turns have said that did not hear each other.
    #[cfg(feature = "serve")]
    pub(crate) fn join(&mut self, other: Self) {
        if self.index != other.index {
            self.people.clear(); // numbers of another index
        }
        self.index = other.index;
        self.readers = other.readers;
        for said in other.facts {
            if !self.facts.contains(&said) {
                self.facts.push(said);
            }
        }
        self.people.extend(other.people);
        self.people.sort_unstable();
        self.people.dedup();
        self.begun = other.begun;
        self.full |= other.full;
    }

    pub(crate) fn of(
        evidence: &Evidence,
        generation: &Generation,
        readers: Vec<String>,
        begun: &[String],
    ) -> Self {
        let said = evidence.facts().map(|(kind, key)| {
            let kind = generation.kinds()[usize::from(kind)].kind.name();
            Said { kind: kind.into(), fact: key.map_or_else(String::new, |key| generation.name(kind, key)) }
        });
        Self {
            index: generation.lineage().into(),
            readers,
            facts: said.collect(),
            people: evidence.exposed().to_vec(),
            begun: begun.iter().map(|begun| generation.seal(begun)).collect(),
            full: evidence.is_full(),
        }
    }

    /// Whether it is a conversation of one of these readers, as far as that can be known: another's is another.
    pub(crate) fn is_of(&self, readers: &[String], generation: &Generation) -> bool {
        self.index != generation.lineage()
            || self.readers.is_empty() && readers.is_empty()
            || self.readers.iter().any(|reader| readers.contains(reader))
    }

    /// The beginnings of values that the last turn has left. Those of another index cannot be read.
    pub(crate) fn beginnings<'a>(&'a self, generation: &'a Generation) -> impl Iterator<Item = String> + 'a {
        self.begun.iter().filter_map(|begun| generation.unseal(begun))
    }

    /// Puts what was said to what is known to be said. What another index knew counts as said of anybody.
    pub(crate) fn tell(&self, evidence: &mut Evidence, generation: &Generation) {
        let is_same = self.index == generation.lineage();
        for said in &self.facts {
            let kind = Kind::named(&said.kind);
            let Some(place) = generation.kinds().iter().position(|spec| spec.kind == kind) else { continue };
            let kind = place as u8;
            let key = if is_same { generation.named(&said.kind, &said.fact) } else { None };
            let mut is_known = false;
            // Whoever has the value now, whichever segments say so.
            for key in key.into_iter().flat_map(|key| generation.everywhere(kind, key)) {
                let people = generation.people(key);
                if !people.is_empty() {
                    is_known = true;
                    evidence.commit(Fact { kind, key }, &people);
                }
            }
            if !is_known {
                evidence.commit_unknown(kind);
            }
        }
        if is_same {
            evidence.expose(&self.people);
        }
        if self.full {
            evidence.fill();
        }
    }
}
