//! What to do with a known value: whose it is, who is reading, what the company decided.
//!
//! Takes matches, gives [`Action`]s and what stands in the place of what is withheld. Promises that everything a policy says is resolved to plain tables before the first
//! byte of a response, and that evidence only ever makes a decision stricter.

mod conversation;
mod day;
mod evidence;
mod grants;
mod policy;
mod reader;
mod redact;
mod rules;
mod settings;
mod terms;

pub use conversation::Conversation;
#[cfg(feature = "cli")]
pub(crate) use day::Day;
pub(crate) use day::written;
pub(crate) use evidence::{Evidence, Fact, Known, Limits};
pub use grants::Grants;
pub use policy::{Action, Policy};
pub use reader::Reader;
pub(crate) use redact::{Pseudonyms, replacement};
pub(crate) use rules::{Excuse, Judgement, Rule, Rules};
pub(crate) use settings::{Across, Audience, LookAhead};

#[cfg(test)]
mod measured;
