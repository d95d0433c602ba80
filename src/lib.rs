//! tightlip compares the tokens of an LLM answer with an index of a company's known customer identifiers, and withholds what would
//! tell one customer another's data. The reader's own data pass.
//!
//! ```
//! use tightlip::{Identifier, IndexBuilder, Kind, Policy, Reader, Session, Verdict};
//!
//! // Who is known: usually built once, with `tightlip index build`, and opened with `Index::open`.
//! let mut builder = IndexBuilder::new();
//! builder.add(Identifier { owner: "C-1001", kind: Kind::Email, text: "ann@example.com" })?;
//! builder.add(Identifier { owner: "C-1002", kind: Kind::Email, text: "bob@example.com" })?;
//! let index = builder.finish_in_memory()?;
//!
//! // One response, to one reader.
//! let session = Session::new(&index, &Policy::standard(), Reader::customer("C-1001"));
//! let mut checker = session.checker();
//! let mut out = String::new();
//! for token in ["Sent to ann@", "example.com, ", "copy to b", "ob@example.com", "."] {
//!     if checker.push(token, &mut out) == Verdict::Stop {
//!         break;
//!     }
//!     // send `out` to the reader, then `out.clear()`
//! }
//! let _ = checker.finish(&mut out);
//! assert_eq!(out, "Sent to ann@example.com, copy to [EMAIL].");
//! # Ok::<(), tightlip::Error>(())
//! ```
//!
//! What happens in between: text is folded to one comparable form, walks through finite-state maps of known values, every match is asked
//! whose it is and who is reading, and only what is decided leaves. [`Checker`] states what it promises; the README says what is caught and what is not.
//!
//! - [`IndexBuilder`] and [`Index`]: which values are known, and whose they are.
//! - [`Policy`] and [`Reader`]: what the company decided, and who reads.
//! - [`Session`] and [`Checker`]: one response, and one text channel of it.
//! - [`stream::guarded`]: a checker around any `Stream` of text.
//! - `http::GuardLayer` (feature `http`) and `serve` (feature `serve`): a tower layer, and the reverse proxy made of it.
//!
//! Without default features the crate has no command line, no server and no runtime.

mod checker;
#[cfg(feature = "cli")]
pub mod cli;
mod error;
#[cfg(feature = "http")]
pub mod http;
mod identifier;
mod index;
mod policy;
mod scan;
#[cfg(feature = "serve")]
pub mod serve;
pub mod stream;
mod text;
pub mod wire;

pub use checker::{
    Advance, Checker, Edit, Finding, How, JudgedData, PolicyUsed, Report, Session, ShownData, Verdict,
};
pub use error::{Error, Result};
pub use identifier::{Identifier, Kind, KindSpec, Named, Shape, Strength};
pub use index::source::{BadValue, Rows};
pub use index::{
    Erased, Index, IndexBuilder, IndexBytes, IndexInfo, IndexKey, IndexMemory, KeyWriter, Load, ObservedInfo,
    Opening, Receipt, Region, Schema, SegmentInfo,
};
pub use policy::{Action, Conversation, Grants, Policy, Reader};
pub use scan::Canary;

/// The examples of the README run as tests.
#[cfg(all(doctest, feature = "http"))]
#[doc = include_str!("../README.md")]
struct ReadmeExamples;
