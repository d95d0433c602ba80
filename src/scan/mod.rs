//! Walks over the index: which known values stand in a text, and from where on one still could.
//!
//! Takes text in pieces, gives [`Match`]es in the order in which they end, and [the oldest place](Scanner::oldest) where a key that a
//! caller cares about may have begun. Promises to look at every symbol once, to keep no text (but for the symbols of open [patterns]), and that neither matches nor that place
//! depend on how the text was cut.

mod block;
mod bounds;
mod cadence;
mod canary;
mod day;
mod history;
mod means;
mod part;
mod patterns;
mod plain;
mod plan;
mod readings;
mod scanner;
mod similar;
mod views;
mod walk;

pub use canary::Canary;
pub(crate) use means::Means;
pub(crate) use patterns::{has_pattern, kinds_with_patterns};
pub(crate) use plain::Mark;
pub(crate) use plan::{ScanPlan, Scope};
pub(crate) use readings::Readings;
pub(crate) use scanner::{Counts, Match, Scanner};
