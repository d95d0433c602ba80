//! Refusals: what is said instead of an answer that cannot be checked.

use std::fmt;

use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, StatusCode};

use super::body::GuardedBody;
use crate::wire::Fault;

/// Clients of the providers' own making do not ask again when they see this.
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// Why a response is not passed on. Its text names nothing of the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The content type is none that can be checked.
    ContentType,
    /// It is compressed in an unknown way.
    Encoding,
    /// It is a part of a body.
    Partial,
    /// The upstream switched to another protocol.
    Protocol,
    /// It is not what its format says, or too large.
    Fault(Fault),
}

impl Reason {
    /// One word.
    pub fn name(self) -> &'static str {
        match self {
            Self::ContentType => "content_type",
            Self::Encoding => "encoding",
            Self::Partial => "partial",
            Self::Protocol => "protocol",
            Self::Fault(Fault::TooLarge) => "too_large",
            Self::Fault(_) => "malformed",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ContentType => f.write_str("the response has a content type that cannot be checked"),
            Self::Encoding => f.write_str("the response is compressed in a way that cannot be read"),
            Self::Partial => f.write_str("the response is a part of a body, which cannot be checked"),
            Self::Protocol => f.write_str("the upstream switched to a protocol that cannot be checked"),
            Self::Fault(fault) => fault.fmt(f),
        }
    }
}

/// A refusal as a response: JSON in the shape that providers give their errors.
pub(crate) fn refusal(status: StatusCode, message: impl fmt::Display) -> Response<GuardedBody> {
    let mut response = error(status, "tightlip_refused", message);
    response.headers_mut().insert(SHOULD_RETRY, HeaderValue::from_static("false"));
    response
}

/// An error that may be over when the client asks again.
pub(crate) fn error(status: StatusCode, kind: &str, message: impl fmt::Display) -> Response<GuardedBody> {
    let text = serde_json::json!({ "error": { "type": kind, "message": message.to_string() } }).to_string();
    let length = text.len();
    let mut response = Response::new(GuardedBody::whole(text.into_bytes(), None));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CONTENT_LENGTH, length.into());
    response
}
