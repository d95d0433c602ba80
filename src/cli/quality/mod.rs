//! How good detection is: the measure behind `tightlip bench --quality`.
//!
//! Takes a seed, a number of customers and a policy; gives, for each way to write a value, how often that of another customer is caught and
//! covered, and how often the reader's own, nobody's, or plain text is withheld. Promises that a seed gives the same customers, answers and
//! figures on every machine, and that what should be withheld is counted from the customers, never taken from what was found.

mod answers;
mod cases;
mod census;
mod example;
mod floors;
mod measure;
mod names;
mod numbers;
mod people;
mod places;
mod random;
mod rate;
mod report;
mod run;
mod writing;

pub(super) use floors::Floors;
pub(super) use run::{Quality, Selection};
