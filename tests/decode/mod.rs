//! A reader of providers' responses that shares nothing with `src/wire`: its own JSON, its own framings, its own idea of which strings
//! belong together and of how a response ends. What the wire layer lets out is judged by it.

#![allow(dead_code, unreachable_pub)] // every test file uses some of it

pub mod codes;
pub mod ending;
pub mod frames;
pub mod json;
pub mod judge;
pub mod leaves;
pub mod phrases;
pub mod search;
pub mod tables;
