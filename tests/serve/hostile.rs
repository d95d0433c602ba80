//! What an upstream may do to the proxy: each is closed, and logged without text.

use std::io::Write;

use crate::proxy::{Asked, Proxy, Upstream};
use crate::support::{Place, VALUES};

const CHAT: &str = "POST /v1/chat/completions";
const SECRET: &str = "grapefruit for bob@example.com";

/// Its name, what the upstream does, what the client sees.
type Trial = (&'static str, fn(&mut Asked), Seen);

/// What the client of a hostile upstream sees.
enum Seen {
    /// A body that breaks off.
    Cut,
    /// A refusal, for this reason.
    Refused(&'static str),
    /// An error that may be over when it asks again.
    Failed,
}

fn sse(asked: &mut Asked, text: &str) {
    asked.begin("text/event-stream");
    asked.chunk(text);
    asked.end();
}

fn whole(asked: &mut Asked, text: &str) {
    asked.answer("content-type: application/json", text);
}

fn malformed_event(asked: &mut Asked) {
    sse(asked, &format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{SECRET}\n\n"));
}

fn key_twice(asked: &mut Asked) {
    sse(
        asked,
        &format!("data: {{\"choices\":[],\"choices\":[{{\"delta\":{{\"content\":\"{SECRET}\"}}}}]}}\n\n"),
    );
}

fn key_twice_in_other_words(asked: &mut Asked) {
    whole(asked, &format!("{{\"\\u0063hoices\":[],\"choices\":\"{SECRET}\"}}"));
}

fn two_names(asked: &mut Asked) {
    sse(
        asked,
        &format!(
            "event: response.refusal.delta\ndata: {{\"type\":\"response.output_text.delta\",\"delta\":\"{SECRET}\"}}\n\n"
        ),
    );
}

fn not_utf8(asked: &mut Asked) {
    asked.begin("text/event-stream");
    asked.chunk(b"data: {\"x\":\"grapefruit \xff\"}\n\n");
    asked.end();
}

fn gone_in_a_character(asked: &mut Asked) {
    asked.begin("text/event-stream");
    asked.chunk(b"data: {\"choices\":[{\"delta\":{\"content\":\"grapefruit \xc3");
}

fn no_json(asked: &mut Asked) {
    whole(asked, SECRET);
}

fn deep(asked: &mut Asked) {
    whole(asked, &"[".repeat(100_000));
}

/// 64 MiB in 64 KiB.
fn bomb(asked: &mut Asked) {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..64 {
        gzip.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    asked.answer("content-type: application/json\r\ncontent-encoding: gzip", gzip.finish().unwrap());
}

fn bomb_of_an_event(asked: &mut Asked) {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(b"data: ").unwrap();
    for _ in 0..64 {
        gzip.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    asked.answer("content-type: text/event-stream\r\ncontent-encoding: gzip", gzip.finish().unwrap());
}

fn not_compressed(asked: &mut Asked) {
    asked.answer("content-type: application/json\r\ncontent-encoding: br", SECRET);
}

fn many_headers(asked: &mut Asked) {
    let headers: String = (0..5_000).map(|number| format!("x-{number}: {SECRET}\r\n")).collect();
    asked.write(format!(
        "HTTP/1.1 200 OK\r\n{headers}content-type: application/json\r\ncontent-length: 2\r\n\r\n{{}}"
    ));
}

fn long_header(asked: &mut Asked) {
    asked.write(format!(
        "HTTP/1.1 200 OK\r\nx-long: {}\r\ncontent-length: 2\r\n\r\n{{}}",
        SECRET.repeat(100_000)
    ));
}

fn no_http(asked: &mut Asked) {
    asked.write(format!("{SECRET}\r\n\r\n"));
}

#[test]
fn what_no_client_should_see_is_closed() {
    let trials: [Trial; 15] = [
        ("malformed JSON in an event", malformed_event, Seen::Cut),
        ("a key twice", key_twice, Seen::Cut),
        ("a key twice, once escaped", key_twice_in_other_words, Seen::Refused("not what its format says")),
        ("an event of two names", two_names, Seen::Cut),
        ("an event that is not UTF-8", not_utf8, Seen::Cut),
        ("gone within a character", gone_in_a_character, Seen::Cut),
        ("no JSON", no_json, Seen::Refused("not what its format says")),
        ("a deep one", deep, Seen::Refused("not what its format says")),
        ("a bomb", bomb, Seen::Refused("larger than the limit")),
        ("an event that is a bomb", bomb_of_an_event, Seen::Cut),
        ("not compressed as it says", not_compressed, Seen::Failed),
        ("many headers", many_headers, Seen::Failed),
        ("a long header", long_header, Seen::Failed),
        ("no HTTP", no_http, Seen::Failed),
        ("nothing", |_| {}, Seen::Failed),
    ];
    for (name, serve, expected) in trials {
        let upstream = Upstream::start(serve);
        let place = Place::with_index();
        let proxy = Proxy::start(&place, &upstream.url, "[limits]\nevent_bytes = '1MiB'");
        let path = if name.contains("two names") { "POST /v1/responses" } else { CHAT };
        let answer = proxy.ask(path, "{}");
        match expected {
            // Before anything has left, the head has not either.
            Seen::Cut => {
                assert!(answer.is_cut && matches!(answer.status, 0 | 200), "{name}: {answer:?}");
            }
            Seen::Refused(why) => answer.is_refused(502, why),
            Seen::Failed => {
                let kind = "tightlip_upstream_failed";
                assert_eq!(answer.status, 502, "{name}: {answer:?}");
                assert!(answer.text().contains(kind), "{name}: {answer:?}");
            }
        }
        let seen = format!("{} {}", answer.head, String::from_utf8_lossy(&answer.body));
        let said = format!("{}{}", proxy.log(), proxy.metrics());
        for secret in VALUES.iter().chain(&["grapefruit"]) {
            assert!(!seen.contains(secret), "{name}: {secret} in {seen}");
            // Four digits stand in a time or a port by chance.
            assert!(secret.len() < 5 || !said.contains(secret), "{name}: {secret} in {said}");
        }
    }
}

#[test]
fn what_stands_beside_the_body_is_checked() {
    let upstream = Upstream::start(|asked| {
        asked.write(
            "HTTP/1.1 200 ask bob@example.com\r\ncontent-type: application/json\r\nx-echo: bob@example.com\r\nx-cost: 12\r\n\
            transfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n2\r\n{}\r\n0\r\nx-sum: bob@example.com\r\n\r\n",
        );
    });
    let place = Place::with_index();
    let proxy = Proxy::start(&place, &upstream.url, "");
    let answer = proxy.ask(&format!("{CHAT}\nte: trailers"), "{}");
    let seen = format!("{} {}", answer.head, String::from_utf8_lossy(&answer.body));
    assert_eq!((answer.status, answer.header("x-cost")), (200, Some("12")), "{seen}");
    assert!(!seen.contains("bob@"), "{seen}");
}
