//! The ways to write a value.
//!
//! Takes a person and a kind; gives text, and says which of it is the value. A way that does not change the value, or does not fit it, gives
//! nothing, and another person is asked.

mod characters;
mod classes;
mod digits;
mod encodings;
mod markup;
mod people;
mod slips;
mod written;

pub(super) use classes::{CLASSES, Class};
pub(super) use written::{Given, Written};
