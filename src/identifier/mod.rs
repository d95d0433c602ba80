//! What is looked for: values that belong to somebody, and the table of their kinds.

mod kind;
mod shape;

use std::fmt;

pub(crate) use kind::PURPOSE;
pub use kind::{Kind, KindSpec, Named, Strength};
pub use shape::Shape;
pub(crate) use shape::{Between, Gaps};

/// A value that belongs to somebody.
///
/// ```
/// use tightlip::{Identifier, Kind};
/// let known = Identifier { owner: "C-1001", kind: Kind::Email, text: "ann@example.com" };
/// assert_eq!(format!("{known:?}"), "Identifier { kind: email, .. }"); // no value in any output
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Identifier<'a> {
    /// Whose it is: the company's own number for the person, as it stands in the dictionary.
    pub owner: &'a str,
    /// What it is.
    pub kind: Kind,
    /// The value, as the dictionary writes it.
    pub text: &'a str,
}

impl fmt::Debug for Identifier<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identifier").field("kind", &self.kind).finish_non_exhaustive()
    }
}
