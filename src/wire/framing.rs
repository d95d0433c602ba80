//! How the bytes of a body are cut into events.

use super::format::Format;

/// How the bytes of a body are cut into events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Framing {
    /// Bare UTF-8 text: no events.
    Text,
    /// Server-sent events.
    Sse,
    /// One JSON value per line.
    Ndjson,
    /// A JSON array whose elements come one by one.
    JsonArray,
    /// One JSON value: judged whole.
    Json,
    /// `application/vnd.amazon.eventstream`: binary, with checksums.
    EventStream,
    /// The AI SDK's data stream: lines of a code, a colon and a JSON value.
    DataStream,
}

impl Framing {
    /// The framing that a content type announces; `None` for a type that cannot be checked.
    ///
    /// ```
    /// use tightlip::wire::{Format, Framing};
    ///
    /// assert_eq!(Framing::of("text/event-stream; charset=utf-8", Format::OpenAiChat), Some(Framing::Sse));
    /// assert_eq!(Framing::of("image/png", Format::OpenAiChat), None);
    /// ```
    pub fn of(content_type: &str, format: Format) -> Option<Self> {
        let (kind, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
        let kind = kind.trim().to_ascii_lowercase();
        let charset = parameters.split(';').find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            let is_charset = name.trim().eq_ignore_ascii_case("charset");
            is_charset.then(|| value.trim().trim_matches('"').to_ascii_lowercase())
        });
        if charset.is_some_and(|charset| !matches!(charset.as_str(), "utf-8" | "utf8" | "us-ascii")) {
            return None;
        }
        match kind.as_str() {
            "text/event-stream" => Some(Self::Sse),
            "application/x-ndjson"
            | "application/ndjson"
            | "application/jsonl"
            | "application/x-jsonlines"
            | "application/jsonlines"
            | "application/json-lines"
            | "application/stream+json"
            | "application/x-json-stream" => Some(Self::Ndjson),
            "application/json" | "text/json" => Some(Self::Json),
            "application/vnd.amazon.eventstream" => Some(Self::EventStream),
            "text/plain" if format == Format::AiSdkData => Some(Self::DataStream),
            "text/plain" | "text/markdown" => Some(Self::Text),
            _ if kind.starts_with("application/") && kind.ends_with("+json") => Some(Self::Json),
            _ => None,
        }
    }
}
