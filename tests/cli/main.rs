//! The `tightlip` command, as a user runs it: one file for each of its commands, or of what they have in common.

mod bench;
mod build;
mod change;
mod disclosure;
mod filter;
mod index;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(feature = "parquet")]
mod parts;
mod quality;
mod refusals;
mod seal;
#[cfg(feature = "store")]
mod store;
#[path = "../support/mod.rs"]
mod support;
#[cfg(feature = "parquet")]
#[path = "../support/tables.rs"]
mod tables;
