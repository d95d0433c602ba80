//! Patterns: what looks like personal data, whoever's it is.
//!
//! Takes symbols, gives [`Match`](super::Match)es that have a kind and no owner. Promises one step of an automaton per symbol and open run, a bound on how much text a run
//! may take, and to say from where on the text seen so far may still become a match: a run is dropped at the symbol with which no value goes on.

mod automaton;
mod checks;
mod runs;
mod table;

pub(super) use runs::{Around, PatternPlan, Runs};
pub(crate) use table::{has_pattern, kinds_with_patterns};
