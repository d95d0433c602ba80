//! What a check costs on this machine, and how good detection is: the measures behind `tightlip bench`.
//!
//! Takes an index, a policy, a reader and a response, bare text or a recorded stream; gives the time of a push, the bytes held, the delay of
//! tokens at the model's rate, memory, and what many streams at once need. Promises that every piece is judged as it would be in a filter or
//! proxy, that nothing is subtracted from what was measured, and that no text and no identifier stands in a report.

mod budget;
mod delay;
mod detection;
mod load;
mod machine;
mod measure;
mod options;
mod page;
mod plot;
mod quantity;
mod report;
mod response;
mod sections;
mod spread;
mod subject;

pub(super) use options::Bench;
