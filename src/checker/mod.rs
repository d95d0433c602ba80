//! The checker: text in, safe text out.
//!
//! Takes text in pieces, gives what is safe of it as soon as it is: [`Checker::push`] in text, [`Checker::advance`] in offsets and edits. Promises
//! the laws of the README: nothing withheld is ever released, cuts do not matter, clean text leaves as it came, and only what could
//! still be a leak is held.

mod channel;
mod checker;
mod continued;
mod echo;
mod finding;
mod hold;
mod report;
mod sentences;
mod session;
mod withheld;

pub use checker::{Advance, Checker, Edit, Verdict};
pub use finding::{Finding, How};
pub use report::{JudgedData, PolicyUsed, Report, ShownData};
#[cfg(feature = "serve")]
pub(crate) use session::Kept;
pub use session::Session;
