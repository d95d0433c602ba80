//! JSON as bytes: takes text, says where its strings stand and what they say, promises to change nothing else.

mod document;
mod lexer;
mod number;
mod path;

pub(super) use document::{Compared, Document, Value, ValueKind};
pub(super) use lexer::{Lexer, Token, quoted, unescaped, write_quoted};
pub(super) use number::plain_number;
pub(super) use path::{ANY, ELEMENT, Node, Paths, ROOT};
