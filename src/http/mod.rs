//! A tower layer: takes a service whose responses are answers of a language model, gives one whose answers are safe, promises that nothing
//! leaves that was not judged, at any of a body's endings: finished, failed upstream, dropped.

mod body;
mod decode;
mod headers;
mod judge;
mod layer;
mod refuse;
mod service;
mod watch;
mod whole;

pub use body::GuardedBody;
pub use layer::GuardLayer;
#[cfg(feature = "serve")]
pub(crate) use layer::{OnBegin, OnEnd, Ruling};
pub use refuse::Reason;
#[cfg(feature = "serve")]
pub(crate) use refuse::{error, refusal};
pub use service::Guarded;
pub use watch::{Ending, Judged, Moment, Outcome, Watch};

/// What goes wrong in other people's bodies.
type BoxError = Box<dyn std::error::Error + Send + Sync>;
