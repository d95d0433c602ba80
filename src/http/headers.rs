//! Headers that would no longer be true, or would make an answer that cannot be checked.

use std::ops::Range;

use http::HeaderMap;
use http::header::{self, HeaderName, HeaderValue};

use crate::{Session, Verdict};

/// Digests of the bytes as they came.
const DIGESTS: [HeaderName; 4] = [
    HeaderName::from_static("content-md5"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("repr-digest"),
];

/// Asks for a whole body as it is.
pub(super) fn ask_plainly(request: &mut HeaderMap) {
    request.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    for name in [header::RANGE, header::IF_RANGE] {
        request.remove(name);
    }
}

/// Removes what is said of the bytes as they came.
pub(super) fn forget_bytes(response: &mut HeaderMap) {
    for name in [header::CONTENT_LENGTH, header::CONTENT_ENCODING, header::ETAG, header::ACCEPT_RANGES] {
        response.remove(name);
    }
    for name in DIGESTS {
        response.remove(name);
    }
}

/// Content types that say nothing else.
const PLAIN_TYPES: [&str; 6] = [
    "text/event-stream",
    "text/event-stream; charset=utf-8",
    "application/json",
    "application/json; charset=utf-8",
    "application/x-ndjson",
    "text/plain; charset=utf-8",
];

/// Whether a header says how the body is written, in words that are nobody's.
fn is_plain_type(name: &HeaderName, value: &HeaderValue) -> bool {
    name == header::CONTENT_TYPE && PLAIN_TYPES.iter().any(|plain| value == plain)
}

/// Stands between the values of two headers, so that no value of anybody spans both.
const APART: &str = "\n;;;;;;;;;;;;;;;;\n";

/// Removes headers, or trailers, in which somebody's values stand. No provider says text there: what does is an echo or an accident.
pub(super) fn forget_values(session: &Session, headers: &mut HeaderMap) {
    let (mut text, mut places) = (String::new(), Vec::new());
    for (name, value) in headers.iter() {
        if value.len() < 4 || is_plain_type(name, value) {
            continue;
        }
        let start = text.len() as u64;
        text.push_str(&String::from_utf8_lossy(value.as_bytes()));
        places.push((name.clone(), start..text.len() as u64));
        text.push_str(APART);
    }
    if places.is_empty() {
        return;
    }
    let mut checker = session.channel("header");
    let mut withheld: Vec<Range<u64>> =
        checker.advance(&text).edits.iter().map(|edit| edit.span.clone()).collect();
    let end = checker.advance_to_end();
    withheld.extend(end.edits.iter().map(|edit| edit.span.clone()));
    if end.verdict == Verdict::Stop {
        // Nobody has judged the rest.
        withheld.push(end.decided..u64::MAX);
    }
    let is_withheld =
        |place: &Range<u64>| withheld.iter().any(|span| span.start < place.end && place.start < span.end);
    let telling: Vec<HeaderName> =
        places.into_iter().filter(|(_, place)| is_withheld(place)).map(|(name, _)| name).collect();
    if !telling.is_empty() {
        tracing::warn!(headers = telling.len(), "headers were removed: they hold a value"); // their names may too
    }
    telling.into_iter().for_each(|name| drop(headers.remove(name)));
}

/// The only value of a header; `None` if there is none, or more than one.
pub(super) fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}
