//! Wire formats: takes the bytes of a provider's response, gives safe ones, promises that what does not change leaves as it came.

mod format;
mod frame;
mod framing;
mod guard;
mod json;
mod table;

pub use format::Format;
pub use framing::Framing;
pub use guard::{Counts, Fault, Guard, Limits, Progress};
