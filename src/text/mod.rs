//! Text made comparable.
//!
//! Takes raw characters, gives [`Symbol`]s: folded characters with the raw bytes they came from and what they are to
//! a walk. Keys are folded by the same code when an index is built, so both sides always agree; [`version`] stands in the
//! index. Promises that folding a character never depends on its neighbours, so that cuts do not matter.

mod fold;
pub(crate) mod reading;
mod symbol;

pub(crate) use fold::version;
pub(crate) use symbol::{Class, Symbol, ascii_class, folds_to_nothing, symbols, symbols_of};
