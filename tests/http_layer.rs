//! The tower layer: what is asked of the inner service, what becomes of its headers, and how bodies end.

use std::convert::Infallible;
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full, StreamBody};
use tightlip::http::{Ending, GuardLayer, GuardedBody, Outcome, Watch};
use tightlip::wire::{Format, Limits};
use tightlip::{Identifier, Index, IndexBuilder, Kind, Policy, Reader};
use tower::{Layer, ServiceExt, service_fn};

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Frames = Vec<Result<Frame<Bytes>, BoxError>>;

fn index() -> Index {
    let mut builder = IndexBuilder::new();
    for (owner, text) in [("C-1001", "ann@example.com"), ("C-1002", "bob@example.com")] {
        builder.add(Identifier { owner, kind: Kind::Email, text }).unwrap();
    }
    builder.finish_in_memory().unwrap()
}

fn layer() -> GuardLayer {
    GuardLayer::new(&index(), &Policy::standard())
}

fn text(pieces: &[&str]) -> Frames {
    pieces.iter().map(|piece| Ok(Frame::data(Bytes::copy_from_slice(piece.as_bytes())))).collect()
}

/// A response of these headers and frames.
fn response(headers: &[(&str, &str)], frames: Frames) -> Response<StreamedBody> {
    let mut response = Response::builder();
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(streamed(frames)).unwrap()
}

type StreamedBody = http_body_util::combinators::UnsyncBoxBody<Bytes, BoxError>;

fn streamed(frames: Frames) -> StreamedBody {
    StreamBody::new(stream::iter(frames)).boxed_unsync()
}

async fn answered<B>(layer: GuardLayer, request: Request<()>, answer: Response<B>) -> Response<GuardedBody>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError> + Send,
{
    let answer = Arc::new(Mutex::new(Some(answer)));
    let inner = service_fn(move |_: Request<()>| {
        let answer = answer.lock().unwrap().take().unwrap();
        async move { Ok::<_, Infallible>(answer) }
    });
    layer.layer(inner).oneshot(request).await.unwrap()
}

fn ask(path: &str) -> Request<()> {
    Request::post(path).body(()).unwrap()
}

async fn collected(response: Response<GuardedBody>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

/// It was refused, in the words of a provider's error.
async fn refused(response: Response<GuardedBody>, why: &str) {
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(response.headers()["x-should-retry"], "false");
    assert_eq!(response.headers()["content-type"], "application/json");
    let length = response.headers()["content-length"].to_str().unwrap().to_owned();
    let body = collected(response).await;
    assert_eq!(length, body.len().to_string());
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["error"]["type"], "tightlip_refused");
    let message = body["error"]["message"].as_str().unwrap();
    assert!(message.contains(why), "{message}");
}

const SSE: &[(&str, &str)] = &[("content-type", "text/event-stream")];
const EVENTS: &[&str] =
    &["data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Good ", "day\"}}]}\n\n", "data: [DONE]\n\n"];

/// Remembers how responses ended.
#[derive(Default)]
struct Endings(Mutex<Vec<Ending>>);

impl Watch for Endings {
    fn ended(&self, outcome: &Outcome) {
        self.0.lock().unwrap().push(outcome.ending);
    }
}

#[tokio::test]
async fn what_is_clean_leaves_as_it_came() {
    let answer = answered(layer(), ask("/v1/chat/completions"), response(SSE, text(EVENTS))).await;
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    assert_eq!(collected(answer).await, EVENTS.concat());
}

#[tokio::test]
async fn headers_that_no_longer_hold_are_gone() {
    let headers = [
        ("content-type", "text/event-stream"),
        ("content-length", "9999"),
        ("etag", "\"x\""),
        ("content-md5", "x"),
        ("digest", "x"),
        ("content-digest", "x"),
        ("repr-digest", "x"),
        ("accept-ranges", "bytes"),
        ("x-request-id", "kept"),
    ];
    let answer = answered(layer(), ask("/v1/chat/completions"), response(&headers, text(EVENTS))).await;
    let names: Vec<_> = answer.headers().keys().map(|name| name.as_str()).collect();
    assert_eq!(names, ["content-type", "x-request-id"]);
}

#[tokio::test]
async fn the_inner_service_is_asked_for_what_can_be_read() {
    let seen = Arc::new(Mutex::new(HeaderMap::new()));
    let sees = seen.clone();
    let inner = service_fn(move |request: Request<()>| {
        *sees.lock().unwrap() = request.headers().clone();
        async { Ok::<_, Infallible>(response(SSE, text(EVENTS))) }
    });
    let mut request = ask("/v1/chat/completions");
    for (name, value) in
        [("accept-encoding", "gzip, lzma"), ("range", "bytes=5-"), ("if-range", "x"), ("x", "y")]
    {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    layer().layer(inner).oneshot(request).await.unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!(
        (seen.len(), &seen["accept-encoding"], &seen["x"]),
        (2, &"identity".parse().unwrap(), &"y".parse().unwrap())
    );
}

#[tokio::test]
async fn trailers_come_after_the_text() {
    let mut trailers = HeaderMap::new();
    trailers.insert("x-checksum", "1".parse().unwrap());
    let frames = text(EVENTS).into_iter().chain([Ok(Frame::trailers(trailers))]).collect();
    let answer = answered(layer(), ask("/v1/chat/completions"), response(SSE, frames)).await;
    let collected = answer.into_body().collect().await.unwrap();
    assert_eq!(collected.trailers().unwrap()["x-checksum"], "1");
    assert_eq!(collected.to_bytes(), EVENTS.concat());
}

#[tokio::test]
async fn no_value_spans_two_headers() {
    let headers =
        [("content-type", "text/plain"), ("x-one", "bob@example"), ("x-two", ".com for ann@example.com")];
    let answer = answered(layer(), ask("/"), response(&headers, text(&["Good day"]))).await;
    let names: Vec<_> = answer.headers().keys().map(|name| name.as_str()).collect();
    assert_eq!(names, ["content-type", "x-one"]);
}

#[tokio::test]
async fn headers_and_trailers_hold_no_values() {
    for (headers, body) in [
        ([("content-type", "text/plain"), ("x-note", "for bob@example.com")], "Good day"),
        ([("content-type", "application/json"), ("location", "/bob@example.com")], "{}"),
        ([("content-type", "text/plain"), ("x-note", "bob@example.com")], ""),
    ] {
        let mut frames = if body.is_empty() { Frames::new() } else { text(&[body]) };
        let mut trailers = HeaderMap::new();
        trailers.insert("x-sum", "of bob@example.com".parse().unwrap());
        trailers.insert("x-cost", "12".parse().unwrap());
        frames.push(Ok(Frame::trailers(trailers)));
        let answer = answered(layer(), ask("/"), response(&headers, frames)).await;
        let (parts, body) = answer.into_parts();
        assert!(!format!("{:?}", parts.headers).contains("bob@"));
        assert!(parts.headers.contains_key("content-type"));
        let trailers = body.collect().await.unwrap().trailers().cloned().unwrap_or_default();
        assert_eq!((trailers.get("x-sum"), trailers.len()), (None, 1));
    }
}

#[tokio::test]
async fn events_that_call_themselves_text_are_events() {
    let event = |text: &str| {
        format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n")
    };
    let events = [event("Write to bob@"), event("example.com.")].concat();
    let lines = "{\"message\":{\"content\":\"bob@\"}}\n{\"message\":{\"content\":\"example.com\"}}\n";
    for (path, body) in [("/v1/chat/completions", events.as_str()), ("/api/chat", lines)] {
        for size in [1, 7, 1000] {
            let pieces: Vec<&str> =
                body.as_bytes().chunks(size).map(|piece| std::str::from_utf8(piece).unwrap()).collect();
            let answer = response(&[("content-type", "text/plain")], text(&pieces));
            let answer = collected(answered(layer(), ask(path), answer).await).await;
            assert!(!answer.contains("bob@") && answer.contains("[EMAIL]"), "{answer}");
        }
    }
    let answer = response(&[("content-type", "text/plain")], text(&["do not ask bob@", "example.com"]));
    assert_eq!(
        collected(answered(layer(), ask("/v1/chat/completions"), answer).await).await,
        "do not ask [EMAIL]"
    );
}

#[tokio::test]
async fn a_body_does_not_say_that_it_is_over_before_it_is() {
    let mut trailers = HeaderMap::new();
    trailers.insert("x", "y".parse().unwrap());
    let frames = text(EVENTS).into_iter().chain([Ok(Frame::trailers(trailers))]).collect();
    let mut body = answered(layer(), ask("/v1/chat/completions"), response(SSE, frames)).await.into_body();
    while !body.is_end_stream() {
        body.frame().await.expect("there is more").unwrap();
    }
    assert!(body.frame().await.is_none());

    // A body whose inner end is known, while its text has not left yet.
    let full = Response::builder().header("content-type", "text/plain").body(Full::from("Good day")).unwrap();
    let mut body = answered(layer(), ask("/"), full).await.into_body();
    assert!(!body.is_end_stream());
    let mut text = Vec::new();
    while let Some(frame) = body.frame().await {
        text.extend(frame.unwrap().into_data().unwrap());
    }
    assert_eq!(text, b"Good day");
    assert!(body.is_end_stream());
}

#[tokio::test]
async fn an_error_is_passed_on_and_the_undecided_tail_is_not() {
    let endings = Arc::new(Endings::default());
    let frames =
        text(&["Write to bob@exam"]).into_iter().chain([Err("gone".into())]).chain(text(&["ple.com"]));
    let answer = response(&[("content-type", "text/plain")], frames.collect());
    let mut body = answered(layer().watch(endings.clone()), ask("/"), answer).await.into_body();
    let (mut text, mut error) = (Vec::new(), None);
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => text.extend(frame.into_data().unwrap()),
            Err(failed) => error = Some(failed.to_string()),
        }
    }
    assert_eq!(error.as_deref(), Some("gone"));
    assert_eq!(String::from_utf8_lossy(&text), "Write to ");
    assert!(body.is_end_stream());
    assert_eq!(*endings.0.lock().unwrap(), [Ending::UpstreamFailed]);
}

/// A body without end, near enough. Says when it is dropped, and how often it was read.
struct Endless {
    dropped: Arc<AtomicBool>,
    read: Arc<AtomicUsize>,
    piece: &'static str,
}

impl Drop for Endless {
    fn drop(&mut self) {
        self.dropped.store(true, Ordering::SeqCst);
    }
}

impl Body for Endless {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.read.fetch_add(1, Ordering::SeqCst) > 10_000 {
            return std::task::Poll::Ready(None); // so that a test that fails ends
        }
        std::task::Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(self.piece.as_bytes())))))
    }
}

fn endless(
    content_type: &str,
    piece: &'static str,
) -> (Response<Endless>, Arc<AtomicBool>, Arc<AtomicUsize>) {
    let (dropped, read) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let body = Endless { dropped: dropped.clone(), read: read.clone(), piece };
    (Response::builder().header("content-type", content_type).body(body).unwrap(), dropped, read)
}

#[tokio::test]
async fn a_body_reads_on_only_when_what_was_safe_is_taken() {
    let (answer, _, read) = endless("text/plain", "Good day. ");
    let mut body = answered(layer(), ask("/"), answer).await.into_body();
    assert_eq!(read.load(Ordering::SeqCst), 0);
    for _ in 0..10 {
        let before = read.load(Ordering::SeqCst);
        body.frame().await.unwrap().unwrap();
        assert!(read.load(Ordering::SeqCst) <= before + 2);
    }
}

#[tokio::test]
async fn a_dropped_body_drops_what_it_reads_and_says_so() {
    let endings = Arc::new(Endings::default());
    let (answer, dropped, _) = endless("text/plain", "Good day. ");
    let mut body = answered(layer().watch(endings.clone()), ask("/"), answer).await.into_body();
    body.frame().await.unwrap().unwrap();
    assert!(!dropped.load(Ordering::SeqCst));
    drop(body);
    assert!(dropped.load(Ordering::SeqCst));
    assert_eq!(*endings.0.lock().unwrap(), [Ending::Dropped]);
}

#[tokio::test]
async fn what_cannot_be_checked_is_refused_and_dropped() {
    for (headers, status, why) in [
        (&[("content-type", "image/png")][..], 200, "content type"),
        (&[("content-type", "text/html")], 500, "content type"),
        (&[("content-type", "text/plain; charset=utf-16")], 200, "content type"),
        (&[], 200, "content type"),
        (&[("content-type", "text/event-stream"), ("content-type", "text/plain")], 200, "content type"),
        (&[("content-type", "text/plain"), ("content-encoding", "lzma")], 200, "compressed"),
        (&[("content-type", "text/plain"), ("content-encoding", "gzip, br")], 200, "compressed"),
        (&[("content-type", "text/plain"), ("content-range", "bytes 0-9/20")], 200, "part of a body"),
        (&[("content-type", "text/plain")], 206, "part of a body"),
        (&[("content-type", "text/plain")], 101, "protocol"),
    ] {
        let endings = Arc::new(Endings::default());
        let (mut answer, dropped, read) = endless("text/plain", "x");
        answer.headers_mut().clear();
        for (name, value) in headers {
            answer.headers_mut().append(*name, value.parse().unwrap());
        }
        *answer.status_mut() = StatusCode::from_u16(status).unwrap();
        let answer = answered(layer().watch(endings.clone()), ask("/v1/chat/completions"), answer).await;
        refused(answer, why).await;
        assert!(dropped.load(Ordering::SeqCst));
        assert_eq!(read.load(Ordering::SeqCst), 0);
        assert!(matches!(endings.0.lock().unwrap()[..], [Ending::Refused(_)]));
    }
}

#[tokio::test]
async fn what_has_no_body_passes() {
    for status in [204, 304] {
        let mut answer = response(&[("etag", "x")], text(&["never sent"]));
        *answer.status_mut() = StatusCode::from_u16(status).unwrap();
        let answer = answered(layer(), ask("/"), answer).await;
        assert_eq!(answer.status().as_u16(), status);
        assert!(answer.body().is_end_stream());
    }
    let mut request = ask("/");
    *request.method_mut() = Method::HEAD;
    let head = response(&[("content-type", "image/png"), ("content-length", "7")], Vec::new());
    let answer = answered(layer(), request, head).await;
    assert_eq!(
        (answer.status(), &answer.headers()["content-length"]),
        (StatusCode::OK, &"7".parse().unwrap())
    );
    let empty = Response::builder().status(401).body(Full::<Bytes>::default()).unwrap();
    assert_eq!(answered(layer(), ask("/"), empty).await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn compressed_bodies_are_read() {
    let plain = EVENTS.concat();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(plain.as_bytes()).unwrap();
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    zlib.write_all(plain.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    for (encoding, body) in [
        ("gzip", gzip.clone()),
        ("X-GZIP", gzip.clone()),
        ("deflate", zlib.finish().unwrap()),
        ("identity", plain.clone().into()),
    ] {
        for cut in [1, 7, body.len()] {
            let mut trailers = HeaderMap::new();
            trailers.insert("x", "y".parse().unwrap());
            let pieces = body.chunks(cut).map(|piece| Ok(Frame::data(Bytes::copy_from_slice(piece))));
            let frames = pieces.chain([Ok(Frame::trailers(trailers))]).collect();
            let headers = [("content-type", "text/event-stream"), ("content-encoding", encoding)];
            let answer = answered(layer(), ask("/v1/chat/completions"), response(&headers, frames)).await;
            assert!(!answer.headers().contains_key("content-encoding"));
            let collected = answer.into_body().collect().await.unwrap();
            assert_eq!(collected.trailers().unwrap()["x"], "y");
            assert_eq!(collected.to_bytes(), plain, "{encoding} in pieces of {cut}");
        }
    }
    // Cut off, and not what it says it is.
    for body in [gzip[..gzip.len() / 2].to_vec(), b"no gzip at all".to_vec()] {
        let headers = [("content-type", "text/event-stream"), ("content-encoding", "gzip")];
        let frames = vec![Ok(Frame::data(Bytes::from(body)))];
        let answer = answered(layer(), ask("/v1/chat/completions"), response(&headers, frames)).await;
        assert!(answer.into_body().collect().await.is_err());
    }
}

const JSON: &[(&str, &str)] = &[("content-type", "application/json"), ("content-length", "1"), ("etag", "x")];
const ANSWER: &[&str] = &["{\"choices\":[{\"index\":0,\"message\":{\"content\":\"Good ", "day\"}}]}"];

#[tokio::test]
async fn a_whole_body_has_its_length() {
    let answer = answered(layer(), ask("/v1/chat/completions"), response(JSON, text(ANSWER))).await;
    assert_eq!(answer.headers()["content-length"], ANSWER.concat().len().to_string().as_str());
    assert!(!answer.headers().contains_key("etag"));
    assert_eq!(answer.body().size_hint().exact(), Some(ANSWER.concat().len() as u64));
    assert_eq!(collected(answer).await, ANSWER.concat());
}

#[tokio::test]
async fn errors_are_checked_like_answers_and_keep_their_status() {
    let said = "{\"error\":{\"message\":\"no such user: bob@example.com\"}}";
    let mut answer = response(&[JSON[0], ("retry-after", "7"), ("x-should-retry", "true")], text(&[said]));
    *answer.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    let answer = answered(layer(), ask("/v1beta/models/x:streamGenerateContent"), answer).await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(
        (&answer.headers()["retry-after"], &answer.headers()["x-should-retry"]),
        (&"7".parse().unwrap(), &"true".parse().unwrap())
    );
    assert_eq!(collected(answer).await, said.replace("bob@example.com", "[EMAIL]"));
}

#[tokio::test]
async fn gemini_streams_an_array_that_calls_itself_json() {
    let part =
        |text: &str| format!("{{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"{text}\"}}]}}}}]}}");
    let pieces =
        ["[".to_owned() + &part("Good day. "), ",\n".to_owned() + &part("Good night."), "]".to_owned()];
    let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
    let answer = response(&[JSON[0]], text(&pieces));
    let mut body = answered(layer(), ask("/v1beta/models/x:streamGenerateContent"), answer).await.into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(String::from_utf8_lossy(&first).contains("Good day"), "before the array has ended");
    let rest = body.collect().await.unwrap().to_bytes();
    assert_eq!([first, rest].concat(), pieces.concat().as_bytes());
}

#[tokio::test]
async fn a_whole_body_is_judged_before_its_status_line() {
    // One that goes on for ever, one that is broken off, one that fails.
    let (answer, dropped, _) = endless("application/json", "[1, ");
    let limited = layer().limits(Limits { event_bytes: 1000 });
    refused(answered(limited, ask("/v1/chat/completions"), answer).await, "larger than the limit").await;
    assert!(dropped.load(Ordering::SeqCst));

    let failing = text(ANSWER).into_iter().chain([Err("gone".into())]).collect();
    let answer = answered(layer(), ask("/v1/chat/completions"), response(JSON, failing)).await;
    assert_eq!(answer.status(), StatusCode::BAD_GATEWAY);
    assert!(!answer.headers().contains_key("x-should-retry"), "it may be over when the client asks again");
    assert!(collected(answer).await.contains("tightlip_upstream_failed"));
}

#[tokio::test]
async fn a_broken_whole_body_is_refused() {
    let answer = response(JSON, text(&ANSWER[..1]));
    refused(answered(layer(), ask("/v1/chat/completions"), answer).await, "not what its format says").await;
}

#[tokio::test]
async fn the_reader_is_who_the_request_says() {
    for (reader, expected) in [
        (Some(Reader::customer("C-1002")), "Write to bob@example.com."),
        (Some(Reader::customer("C-1001")), "Write to [EMAIL]."),
        (None, "Write to [EMAIL]."),
    ] {
        let mut request = ask("/");
        request.extensions_mut().extend(
            reader
                .map(|reader| {
                    let mut extensions = http::Extensions::new();
                    extensions.insert(reader);
                    extensions
                })
                .unwrap_or_default(),
        );
        let answer = response(&[("content-type", "text/plain")], text(&["Write to bob@", "example.com."]));
        let answer = answered(layer().format(Format::Text), request, answer).await;
        assert_eq!(collected(answer).await, expected);
    }
}

#[tokio::test]
async fn a_stopped_response_ends_and_its_upstream_is_cancelled() {
    let policy = Policy::from_toml("stop_message = 'No.'\n[kinds]\nemail = 'stop'").unwrap();
    let endings = Arc::new(Endings::default());
    let (answer, dropped, _) = endless("text/plain", "Write to bob@example.com. ");
    let layer = GuardLayer::new(&index(), &policy).watch(endings.clone());
    let answer = answered(layer, ask("/"), answer).await;
    assert_eq!(collected(answer).await, "Write to No.");
    assert!(dropped.load(Ordering::SeqCst));
    assert_eq!(*endings.0.lock().unwrap(), [Ending::Stopped]);
}

#[tokio::test]
async fn an_endless_event_cuts_the_response() {
    let endings = Arc::new(Endings::default());
    let (answer, dropped, read) = endless("text/event-stream", "data: 12345678\n");
    let layer = layer().limits(Limits { event_bytes: 1000 }).watch(endings.clone());
    let answer = answered(layer, ask("/v1/chat/completions"), answer).await;
    let error = answer.into_body().collect().await.unwrap_err();
    assert_eq!(error.to_string(), "an event of the response is larger than the limit");
    assert!(dropped.load(Ordering::SeqCst) && read.load(Ordering::SeqCst) < 200);
    assert!(matches!(endings.0.lock().unwrap()[..], [Ending::Broken(_)]));
}

#[tokio::test]
async fn the_ai_sdk_says_its_format_in_a_header() {
    let headers = [("content-type", "text/plain"), ("x-vercel-ai-data-stream", "v1")];
    let answer = response(&headers, text(&["0:\"Write to bob@\"\n", "0:\"example.com.\"\n"]));
    let body = collected(answered(layer(), ask("/api/answer"), answer).await).await;
    assert!(body.contains("[EMAIL]") && !body.contains("bob@"), "{body}");
}

#[tokio::test]
async fn what_is_unknown_json_is_checked_string_by_string() {
    let answer = response(JSON, text(&["{\"anything\":{\"at all\":\"Write to bob@example.com.\"}}"]));
    let answer = answered(layer(), ask("/anything"), answer).await;
    assert_eq!(collected(answer).await, "{\"anything\":{\"at all\":\"Write to [EMAIL].\"}}");
}
