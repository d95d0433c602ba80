//! What the reader has said: read from a copy of the request, while that passes to the upstream as it comes.
//!
//! Only where the policy asks for it (`[echo] from_requests`), and only of requests that are JSON and no longer than a bound. Of the messages in it those count that the
//! user has said since the model spoke last: the turn at hand. A request that is longer, packed, or not what it says is passed on all the same; its reader has said nothing.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http_body::{Body, Frame, SizeHint};
use serde_json::Value;

/// Longer requests are not read.
const MOST_BYTES: usize = 1 << 20;

/// A request's body on its way, of which somebody may keep a copy.
pub(super) struct Passing<B> {
    body: B,
    copy: Option<Arc<Overheard>>,
}

/// The copy of a request's body.
#[derive(Default)]
pub(super) struct Overheard(Mutex<Came>);

#[derive(Default)]
struct Came {
    bytes: Vec<u8>,
    is_whole: bool,
    is_too_long: bool,
}

impl Overheard {
    /// A place for the copy of a request with these headers; `None` if it cannot be read.
    pub(super) fn of(headers: &HeaderMap) -> Option<Arc<Self>> {
        let is_json = |value: &http::HeaderValue| {
            let kind = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
            kind.eq_ignore_ascii_case("application/json") || kind.to_ascii_lowercase().ends_with("+json")
        };
        let is_read =
            headers.get(CONTENT_TYPE).is_some_and(is_json) && !headers.contains_key(CONTENT_ENCODING);
        is_read.then(Arc::default)
    }

    /// What the user has said in it, if it has passed as a whole. The copy is gone then.
    pub(super) fn said(&self) -> Vec<String> {
        let came = std::mem::take(&mut *self.came());
        if !came.is_whole || came.is_too_long {
            return Vec::new();
        }
        serde_json::from_slice(&came.bytes).map_or_else(|_| Vec::new(), |request| said(&request))
    }

    fn came(&self) -> std::sync::MutexGuard<'_, Came> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, frame: Option<&Bytes>) {
        let mut came = self.came();
        match frame {
            None => came.is_whole = true,
            Some(_) if came.is_too_long => {}
            Some(bytes) if came.bytes.len() + bytes.len() > MOST_BYTES => {
                *came = Came { is_too_long: true, ..Came::default() };
            }
            Some(bytes) => came.bytes.extend_from_slice(bytes),
        }
    }
}

impl<B> Passing<B> {
    pub(super) fn new(body: B, copy: Option<Arc<Overheard>>) -> Self {
        Self { body, copy }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Passing<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = &mut *self;
        let polled = Pin::new(&mut this.body).poll_frame(cx);
        if let (Some(copy), Poll::Ready(frame)) = (&this.copy, &polled) {
            match frame {
                None => copy.take(None),
                Some(Ok(frame)) => {
                    frame
                        .data_ref()
                        .filter(|bytes| bytes.has_remaining())
                        .into_iter()
                        .for_each(|bytes| copy.take(Some(bytes)));
                    // Whoever sends it on does not ask again.
                    if this.body.is_end_stream() {
                        copy.take(None);
                    }
                }
                Some(Err(_)) => {}
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// What the user has said since the model spoke last, in the words of any provider: `messages`, `contents` or a list of `input`, or a text in their place.
fn said(request: &Value) -> Vec<String> {
    let mut said = Vec::new();
    for name in ["messages", "contents", "input"] {
        let Some(Value::Array(messages)) = request.get(name) else { continue };
        let is_users = |message: &&Value| match message.get("role") {
            None => message.get("type").is_none_or(|kind| kind == "message"), // Gemini leaves it out
            Some(role) => matches!(role.as_str(), Some("user" | "system" | "developer" | "tool")),
        };
        let turn = messages.iter().rev().take_while(is_users);
        let by_user = |message: &&Value| message.get("role").is_none_or(|role| role == "user");
        turn.filter(by_user).for_each(|message| texts(message, &mut said));
    }
    for name in ["prompt", "input", "inputs", "message", "inputText"] {
        if let Some(Value::String(text)) = request.get(name) {
            said.push(text.clone());
        }
    }
    said
}

/// The texts of a message; what tools have said stands in others.
fn texts(message: &Value, said: &mut Vec<String>) {
    for name in ["content", "parts"] {
        match message.get(name) {
            Some(Value::String(text)) => said.push(text.clone()),
            Some(Value::Array(parts)) => {
                let is_text = |part: &&Value| {
                    part.get("type").is_none_or(|kind| matches!(kind.as_str(), Some("text" | "input_text")))
                };
                let texts = parts.iter().filter(is_text).filter_map(|part| part.get("text")?.as_str());
                said.extend(texts.map(str::to_owned));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt, StreamBody};
    use serde_json::json;

    use super::*;

    #[test]
    fn the_turn_at_hand_is_read_in_every_providers_words() {
        let text =
            |kind| json!([{"type": kind, "text": "b"}, {"type": "image_url", "image_url": {"url": "x"}}]);
        for request in [
            json!({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "c"}, {"role": "user", "content": "b"}]}),
            json!({"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": text("text")}]}),
            json!({"messages": [{"role": "user", "content": [{"text": "b"}]}]}),
            json!({"messages": [{"role": "user", "parts": text("text")}], "id": "chat"}),
            json!({"messages": [{"role": "user", "content": [{"type": "tool_result", "content": "t"}, {"type": "text", "text": "b"}]}]}),
            json!({"input": "b"}),
            json!({"input": [{"role": "user", "content": text("input_text")}]}),
            json!({"input": [{"role": "user", "content": "a"}, {"type": "function_call_output", "output": "t"}, {"role": "user", "content": "b"}]}),
            json!({"contents": [{"parts": [{"text": "b"}]}]}),
            json!({"contents": [{"role": "user", "parts": [{"text": "a"}]}, {"role": "model", "parts": []}, {"role": "user", "parts": [{"text": "b"}]}]}),
            json!({"prompt": "b"}),
            json!({"message": "b", "chat_history": [{"role": "USER", "message": "a"}]}),
            json!({"inputs": "b"}),
            json!({"inputText": "b"}),
        ] {
            assert_eq!(said(&request), ["b"], "{request}");
        }
        for request in [
            json!({"messages": [{"role": "assistant", "content": "a"}]}),
            json!([]),
            json!({"input": 7}),
            json!({"messages": "b"}),
        ] {
            assert!(said(&request).is_empty(), "{request}");
        }
    }

    #[tokio::test]
    async fn a_copy_is_bounded_and_changes_nothing() {
        let body = |bytes: &[u8]| {
            let pieces: Vec<_> = bytes
                .chunks(1_000)
                .map(|piece| Ok::<_, std::io::Error>(Frame::data(Bytes::copy_from_slice(piece))))
                .collect();
            StreamBody::new(futures_util::stream::iter(pieces))
        };
        for (length, expected) in [(1_000, 1), (MOST_BYTES, 1), (MOST_BYTES + 1, 0)] {
            let prompt = "x".repeat(length - r#"{"prompt":""}"#.len());
            let request = format!(r#"{{"prompt":"{prompt}"}}"#);
            let copy: Arc<Overheard> = Arc::default();
            let passed = Passing::new(body(request.as_bytes()), Some(Arc::clone(&copy)))
                .collect()
                .await
                .unwrap()
                .to_bytes();
            assert!(passed == request.as_bytes());
            assert_eq!(copy.said().len(), expected, "{length}");
            assert!(copy.said().is_empty(), "it is gone");
        }
        let copy: Arc<Overheard> = Arc::default();
        let mut begun = Passing::new(body(br#"{"prompt":"b"}"#), Some(Arc::clone(&copy)));
        drop(begun.frame().await);
        assert!(copy.said().is_empty(), "its end has not passed");
    }
}
