//! Wire formats: takes the bytes of a provider's response, gives safe ones, promises that what does not change leaves as it came.
//!
//! A [`Guard`] cuts the bytes into events (`frame`), finds the values of each (`json`), looks up what they are (`table`, one file per provider in
//! `formats/`), has every text judged (`channel`, `arguments`), and lets go what may leave (`events`); a response that is stopped ends the
//! provider's way (`ending`).

mod arguments;
mod channel;
mod detect;
mod ending;
mod events;
mod format;
mod frame;
mod framing;
mod guard;
mod json;
mod reading;
mod skeleton;
mod table;
mod utf8;

pub use format::Format;
pub use framing::Framing;
pub use guard::{Counts, Fault, Guard, Limits, Progress};
