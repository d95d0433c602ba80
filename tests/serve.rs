//! The proxy: what it passes on, whom it believes, what it refuses, and how it bears what peers do to it.

mod proxy;
mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::{Duration, Instant};

use proxy::{Asked, Proxy, Upstream, connect, read, send, until};
use support::{Place, VALUES};

const CHAT: &str = "POST /v1/chat/completions";
const EVENT: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Good evening \"}}]}\n\n";

/// An upstream that streams a few events.
fn streaming() -> Upstream {
    Upstream::start(|asked| {
        asked.begin("text/event-stream");
        for _ in 0..3 {
            asked.chunk(EVENT);
        }
        asked.chunk("data: [DONE]\n\n");
        asked.end();
    })
}

/// An upstream that answers with this text.
fn saying(text: &'static str) -> Upstream {
    Upstream::start(move |asked| asked.answer("content-type: text/plain", text))
}

fn started(upstream: &Upstream, more: &str) -> (Place, Proxy) {
    let place = Place::with_index();
    let proxy = Proxy::start(&place, &upstream.url, more);
    (place, proxy)
}

#[test]
fn requests_and_responses_pass_as_they_are() {
    let upstream = streaming();
    let place = Place::with_index();
    let proxy = Proxy::start(&place, &format!("{}/base/", upstream.url), "");
    let head = "POST /v1/chat/completions?x=1%202\nauthorization: Bearer key\nx-customer-id: C-1001\nx-conversation-id: 7\n\
        traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\ntracestate: a=b\nkeep-alive: 5\nx-hop: 1\nte: trailers\nrange: bytes=3-";
    let answer = proxy.ask(&format!("{head}\nconnection: x-hop"), "{\"stream\":true}");
    assert_eq!((answer.status, answer.is_cut), (200, false));
    assert_eq!(answer.text(), format!("{}data: [DONE]\n\n", EVENT.repeat(3)));
    let seen = upstream.heads().remove(0).to_ascii_lowercase();
    assert!(seen.starts_with("post /base/v1/chat/completions?x=1%202 http/1.1\r\n"), "{seen}");
    for header in [
        "authorization: bearer key",
        "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "tracestate: a=b",
        "accept-encoding: identity",
        "te: trailers",
    ] {
        assert!(seen.contains(&format!("\r\n{header}\r\n")), "no {header} in {seen}");
    }
    assert!(seen.contains(&format!("\r\nhost: {}\r\n", &upstream.url[7..])), "{seen}");
    for header in ["x-customer-id", "x-conversation-id", "keep-alive", "x-hop", "range", "connection"] {
        assert!(!seen.contains(&format!("\r\n{header}:")), "{header} in {seen}");
    }
    assert_eq!(upstream.bodies(), ["{\"stream\":true}"]);
    // A response is logged once its last byte has left.
    let is_logged = |proxy: &Proxy| proxy.log().contains("trace=\"4bf92f3577b34da6a3ce929d0e0e4736\"");
    let waited = (0..100).any(|_| {
        is_logged(&proxy) || {
            sleep(Duration::from_millis(20));
            false
        }
    });
    assert!(waited, "{}", proxy.log());
}

#[test]
fn a_reader_is_believed_from_trusted_peers_only() {
    let upstream = saying("Good evening ");
    let (_place, proxy) = started(&upstream, "");
    proxy.ask(&format!("{CHAT}\nx-customer-id: C-1001"), "{}");
    proxy.ask(&format!("{CHAT}\nx-customer-id: nobody"), "{}");
    proxy.ask(CHAT, "{}");
    assert_eq!(proxy.metric("tightlip_readers_total{proof=\"header\"}"), 2.0);
    assert_eq!(proxy.metric("tightlip_unknown_readers_total"), 1.0);
    assert_eq!(proxy.metric("tightlip_readers_total{proof=\"none\"}"), 1.0);

    let (_place, proxy) = started(&upstream, "[reader]\nheader = 'x-user'\ntrusted = ['10.0.0.0/8']");
    proxy.ask(&format!("{CHAT}\nx-user: C-1001\nx-conversation-id: a\nx-conversation-id: b"), "{}");
    proxy.ask(&format!("{CHAT}\nx-user: C-1001\nx-user: C-1002"), "{}");
    assert_eq!(
        proxy.metric("tightlip_readers_total{proof=\"none\"}"),
        2.0,
        "what strangers say is not heard"
    );
    assert!(
        upstream.heads().iter().all(|head| !head.contains("x-user") && !head.contains("x-conversation-id"))
    );
}

#[test]
fn two_readers_are_one_too_many() {
    let upstream = saying("Good evening ");
    let (_place, proxy) = started(&upstream, "");
    for headers in [
        "x-customer-id: C-1001\nx-customer-id: C-1002",
        "X-Customer-Id: C-1001\nx-customer-id: C-1001",
        "x-customer-id: C-1001\nx-conversation-id: 1\nx-conversation-id: 2",
    ] {
        proxy.ask(&format!("{CHAT}\n{headers}"), "{}").is_refused(400, "one reader");
    }
    assert!(upstream.heads().is_empty());
    assert_eq!(proxy.metric("tightlip_refused_total{reason=\"two_readers\"}"), 3.0);
}

#[test]
fn each_reader_sees_their_own() {
    let upstream = saying("Ann: ann@example.com, Bob: bob@example.com");
    let (_place, proxy) = started(&upstream, "");
    let said = |header: &str| proxy.ask(&format!("POST /answer{header}"), "{}").text();
    assert_eq!(said("\nx-customer-id: C-1001"), "Ann: ann@example.com, Bob: [EMAIL]");
    assert_eq!(said("\nx-customer-id: C-1002"), "Ann: [EMAIL], Bob: bob@example.com");
    assert_eq!(said(""), "Ann: [EMAIL], Bob: [EMAIL]");
    assert_eq!(proxy.metric("tightlip_findings_total{kind=\"email\",action=\"redact\",by=\"policy\"}"), 4.0);
    assert!(proxy.metric("tightlip_checked_bytes_total") > 100.0);
    silent(&proxy);
}

mod token {
    use jsonwebtoken::jwk::{Jwk, JwkSet};
    use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
    use serde_json::{Value, json};

    /// An Ed25519 key made of a number.
    pub(super) fn key(seed: u8) -> EncodingKey {
        let prefix = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
        EncodingKey::from_ed_der(&[&prefix[..], &[seed; 32]].concat())
    }

    /// The set of its public key.
    pub(super) fn set(key: &EncodingKey) -> String {
        let jwk = Jwk::from_encoding_key(key, Algorithm::EdDSA).unwrap();
        serde_json::to_string(&JwkSet { keys: vec![jwk] }).unwrap()
    }

    pub(super) fn signed(key: &EncodingKey, change: impl FnOnce(&mut Value)) -> String {
        let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
        let mut claims = json!({ "iss": "issuer", "aud": "tightlip", "sub": "C-1002", "exp": now + 600 });
        change(&mut claims);
        encode(&Header::new(Algorithm::EdDSA), &claims, key).unwrap()
    }
}

#[test]
fn a_token_proves_a_reader_or_is_refused() {
    let upstream = saying("Good evening ");
    let place = Place::with_index();
    let key = token::key(7);
    place.write("keys.json", token::set(&key));
    let jwt = "[reader.jwt]\nissuer = 'issuer'\naudience = 'tightlip'\nkeys = 'keys.json'";
    let proxy = Proxy::start(&place, &upstream.url, jwt);
    let with = |token: &str| proxy.ask(&format!("{CHAT}\nauthorization: Bearer {token}"), "{}");

    assert_eq!(with(&token::signed(&key, |_| {})).status, 200);
    assert_eq!(proxy.metric("tightlip_readers_total{proof=\"token\"}"), 1.0);
    assert_eq!(proxy.metric("tightlip_unknown_readers_total"), 0.0);
    assert!(upstream.heads()[0].contains("authorization: Bearer"), "it is for the upstream too");
    assert_eq!(proxy.ask(&format!("{CHAT}\nauthorization: Basic eDp5"), "{}").status, 200);
    assert_eq!(proxy.metric("tightlip_readers_total{proof=\"none\"}"), 1.0);

    let good = token::signed(&key, |_| {});
    let (head, rest) = good.split_once('.').unwrap();
    let unsigned = format!("eyJhbGciOiJub25lIn0.{}.", rest.split('.').next().unwrap());
    let bad = [
        token::signed(&key, |claims| claims["exp"] = 1_000_000_000.into()),
        token::signed(&key, |claims| claims["nbf"] = 9_000_000_000_u64.into()),
        token::signed(&key, |claims| claims["aud"] = "others".into()),
        token::signed(&key, |claims| claims["iss"] = "others".into()),
        token::signed(&key, |claims| claims["sub"] = true.into()),
        token::signed(&key, |claims| drop(claims.as_object_mut().unwrap().remove("exp"))),
        token::signed(&token::key(8), |_| {}),
        format!("{head}.{rest}x"),
        unsigned,
        "sk-0123456789".into(),
    ];
    for token in &bad {
        with(token).is_refused(401, "token");
        assert!(!proxy.log().contains(token.as_str()));
    }
    let twice = format!("{CHAT}\nauthorization: Bearer {good}\nauthorization: Bearer {good}");
    proxy.ask(&twice, "{}").is_refused(400, "one reader");
    let other = format!("{CHAT}\nauthorization: Bearer {good}\nx-customer-id: C-1001");
    proxy.ask(&other, "{}").is_refused(400, "one reader");
    assert_eq!(upstream.heads().len(), 2);
    assert_eq!(proxy.metric("tightlip_refused_total{reason=\"token\"}"), bad.len() as f64);
}

#[test]
fn a_token_says_for_whom_its_reader_acts() {
    let upstream = saying("Ann: ann@example.com, Bob: bob@example.com");
    let place = Place::with_index();
    let key = token::key(7);
    place.write("keys.json", token::set(&key));
    let jwt =
        "[reader.jwt]\nissuer = 'issuer'\naudience = 'tightlip'\nkeys = 'keys.json'\nacting_for = 'wards'";
    let proxy = Proxy::start(&place, &upstream.url, jwt);
    let with = |wards: serde_json::Value| {
        let token = token::signed(&key, |claims| claims["wards"] = wards);
        proxy.ask(&format!("POST /answer\nauthorization: Bearer {token}"), "{}")
    };
    let (own, both) = ("Ann: [EMAIL], Bob: bob@example.com", "Ann: ann@example.com, Bob: bob@example.com");
    assert_eq!(with("C-1001".into()).text(), both);
    assert_eq!(with(serde_json::json!(["nobody", "C-1001"])).text(), both);
    assert_eq!(with(serde_json::json!([])).text(), own);
    assert_eq!(with(serde_json::Value::Null).text(), own);
    with(serde_json::json!([["C-1001"]])).is_refused(401, "token");
    with(true.into()).is_refused(401, "token");
}

#[test]
fn keys_come_from_a_url_and_tokens_in_a_header_of_their_own() {
    let key = token::key(9);
    let set = token::set(&key);
    let keys = Upstream::start(move |asked| asked.answer("content-type: application/json", &set));
    let upstream = saying("Good evening ");
    let jwt = format!(
        "[reader.jwt]\nheader = 'x-reader-token'\nissuer = 'issuer'\naudience = 'tightlip'\nkeys = '{}/keys'",
        keys.url
    );
    let (_place, proxy) = started(&upstream, &jwt);
    let head = format!("{CHAT}\nauthorization: Bearer sk-1\nx-reader-token: {}", token::signed(&key, |_| {}));
    assert_eq!(proxy.ask(&head, "{}").status, 200);
    assert_eq!(proxy.metric("tightlip_readers_total{proof=\"token\"}"), 1.0);
    assert!(upstream.heads()[0].contains("authorization: Bearer sk-1"));
    assert!(!upstream.heads()[0].contains("x-reader-token"));
}

#[test]
fn what_cannot_be_checked_is_refused_and_asked_for_once() {
    for (headers, why) in [
        ("content-type: image/png", "content type"),
        ("x-no: type", "content type"),
        ("content-type: text/plain\r\ncontent-encoding: lzma", "compressed"),
        ("content-type: text/plain\r\ncontent-range: bytes 0-1/2", "part of a body"),
    ] {
        let upstream = Upstream::start(move |asked| asked.answer(headers, "SECRET"));
        let (_place, proxy) = started(&upstream, "");
        proxy.ask(CHAT, "{}").is_refused(502, why);
        assert_eq!(upstream.heads().len(), 1);
        assert_eq!(proxy.metric("tightlip_responses_total{ending=\"refused\",enforced=\"yes\"}"), 1.0);
    }
}

#[test]
fn endpoints_that_cannot_be_checked_are_refused_unasked() {
    let upstream = saying("Good evening ");
    let (_place, proxy) = started(&upstream, "");
    proxy.ask("POST /v1/audio/speech", "{}").is_refused(403, "sound");
    proxy.ask("POST /v1/images/generations", "{}").is_refused(403, "pictures");
    proxy.ask("GET /v1/realtime\nupgrade: websocket\nconnection: upgrade", "").is_refused(403, "WebSockets");
    proxy.ask("GET /v1/realtime", "").is_refused(403, "protocol");
    assert!(upstream.heads().is_empty());
    assert_eq!(proxy.ask(&format!("{CHAT}\nupgrade: h2c"), "{}").status, 200, "an offer need not be taken");
}

#[test]
fn exempt_and_harmless_endpoints_pass_and_are_counted_apart() {
    let upstream = Upstream::start(|asked| asked.answer("content-type: image/png\r\netag: x", b"\x89PNG"));
    let (_place, proxy) = started(&upstream, "[[routes]]\npath = '/pictures/*'\nformat = 'exempt'");
    for head in ["GET /pictures/1", "GET /v1/models"] {
        let answer = proxy.ask(head, "");
        assert_eq!(
            (answer.status, &answer.body[..], answer.header("etag")),
            (200, &b"\x89PNG"[..], Some("x"))
        );
    }
    proxy.ask("GET /pictures/../v1/files", "").is_refused(502, "content type");
    for (checked, count) in [("exempt", 1.0), ("harmless", 1.0), ("scanned", 1.0)] {
        assert_eq!(proxy.metric(&format!("tightlip_requests_total{{checked=\"{checked}\"}}")), count);
    }
}

#[test]
fn whole_bodies_are_limited() {
    let upstream = Upstream::start(|asked| {
        asked.begin("application/json");
        while asked.chunk("[1,2,3,4,5,6,7,8,9,0],") {}
    });
    let (_place, proxy) = started(&upstream, "[limits]\nevent_bytes = '64KiB'");
    proxy.ask(CHAT, "{}").is_refused(502, "larger than the limit");
    assert_eq!(proxy.metric("tightlip_refused_total{reason=\"too_large\"}"), 1.0);
}

#[test]
fn an_endless_event_is_cut_off_on_both_sides() {
    let upstream = Upstream::start(|asked| {
        asked.begin("text/event-stream");
        asked.chunk(EVENT);
        for _ in 0..1_000_000 {
            if !asked.chunk("data: 1234567890\n") {
                return;
            }
        }
        panic!("nobody stopped it");
    });
    let (_place, proxy) = started(&upstream, "[limits]\nevent_bytes = '64KiB'");
    let answer = proxy.ask(CHAT, "{}");
    assert_eq!((answer.status, answer.is_cut), (200, true));
    assert_eq!(answer.text(), EVENT);
    assert_eq!(proxy.metric("tightlip_responses_total{ending=\"broken\",enforced=\"yes\"}"), 1.0);
}

#[test]
fn too_many_headers_are_not_read() {
    let upstream = saying("Good evening ");
    let (_place, proxy) = started(&upstream, "[limits]\nheader_bytes = '16KiB'");
    let long = format!("{CHAT}\nx-long: {}", "x".repeat(20_000));
    assert_eq!(proxy.ask(&long, "{}").status, 431);
    let many: String = (0..1_000).map(|number| format!("\nx-{number}: y")).collect();
    assert_eq!(proxy.ask(&format!("{CHAT}{many}"), "{}").status, 431);
    assert!(upstream.heads().is_empty());
}

#[test]
fn a_path_that_is_none_is_refused() {
    let upstream = saying("Good evening ");
    let place = Place::with_index();
    let proxy = Proxy::start(&place, &format!("{}/base", upstream.url), "[limits]\nheader_bytes = '256KiB'");
    proxy.ask("OPTIONS *", "").is_refused(400, "path");
    proxy.ask(&format!("GET /{}", "x".repeat(65_530)), "").is_refused(400, "path");
    assert_eq!(proxy.ask("GET http://elsewhere.test/answer?x", "").status, 200, "it asks its upstream only");
    assert!(upstream.heads()[0].starts_with("GET /base/answer?x HTTP/1.1\r\n"));
}

#[test]
fn many_streams_are_not_mixed_up() {
    let upstream = Upstream::start(|asked| {
        let own = asked.head.split(['/', ' ']).nth(2).unwrap().to_owned();
        asked.begin("text/plain");
        for piece in [&own, ": ann@exam", "ple.com, bob@", "example.com, ", &own] {
            asked.chunk(piece);
            sleep(Duration::from_millis(20));
        }
        asked.end();
    });
    let (_place, proxy) = started(&upstream, "");
    std::thread::scope(|scope| {
        for number in 0..60 {
            let (name, safe) = match number % 3 {
                0 => ("C-1001", "ann@example.com, [EMAIL]"),
                1 => ("C-1002", "[EMAIL], bob@example.com"),
                _ => ("", "[EMAIL], [EMAIL]"),
            };
            let proxy = &proxy;
            scope.spawn(move || {
                let answer = proxy.ask(&format!("POST /{number}\nx-customer-id: {name}"), "{}");
                assert_eq!(answer.text(), format!("{number}: {safe}, {number}"));
            });
        }
    });
    assert_eq!(proxy.metric("tightlip_responses_total{ending=\"finished\",enforced=\"yes\"}"), 60.0);
    assert!(proxy.metric("tightlip_added_delay_seconds_count") >= 60.0, "an address is held to its end");
    assert!(proxy.metric("tightlip_added_delay_seconds_sum") > 0.5);
    assert!(proxy.metric("tightlip_held_bytes_sum") > 60.0 * 8.0);
}

#[test]
fn slow_clients_are_let_go() {
    let upstream = Upstream::start(|asked| {
        asked.begin("text/plain");
        while asked.chunk("Good evening . ".repeat(1_000)) {}
    });
    let (_place, proxy) = started(&upstream, "[timeouts]\nclient = '300ms'");
    let begin = Instant::now();
    let ends = |stream: &mut TcpStream| {
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        assert!(begin.elapsed() < Duration::from_secs(10));
        rest
    };
    // One that says nothing, one that says half, one that says half of its body.
    assert_eq!(ends(&mut connect(proxy.clients)), b"");
    for half in ["PRI * HT", "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-half"] {
        let mut stream = connect(proxy.clients);
        stream.write_all(half.as_bytes()).unwrap();
        assert!(!String::from_utf8_lossy(&ends(&mut stream)).contains(" 200 "));
    }
    let mut stream = connect(proxy.clients);
    stream
        .write_all(b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf")
        .unwrap();
    assert!(!String::from_utf8_lossy(&ends(&mut stream)).contains(" 200 "));
    // One that does not take what it is sent.
    let mut stream = connect(proxy.clients);
    send(&mut stream, CHAT, "{}");
    proxy.waits_for_metric("tightlip_active_streams", 1.0);
    proxy.waits_for_metric("tightlip_active_streams", 0.0);
    assert_eq!(proxy.metric("tightlip_responses_total{ending=\"dropped\",enforced=\"yes\"}"), 1.0);
}

#[test]
fn when_the_client_is_gone_the_upstream_is_told() {
    let (told, tells) = std::sync::mpsc::channel();
    let told = std::sync::Mutex::new(told);
    let upstream = Upstream::start(move |asked| {
        if asked.head.contains("/whole") {
            asked.write("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{");
        } else if !asked.head.contains("/late") {
            asked.begin("text/event-stream");
            asked.chunk(EVENT);
        }
        asked.waits_for_the_end();
        told.lock().unwrap().send(()).unwrap();
    });
    let (_place, proxy) = started(&upstream, "");
    for path in ["/v1/chat/completions", "/whole", "/late"] {
        let before = upstream.heads().len();
        let mut stream = connect(proxy.clients);
        send(&mut stream, &format!("POST {path}"), "{}");
        until("it is asked", || (upstream.heads().len() > before).then_some(()));
        if path == "/v1/chat/completions" {
            stream.read_exact(&mut [0; 100]).unwrap();
        }
        drop(stream);
        tells.recv_timeout(Duration::from_secs(10)).expect("the upstream is told");
    }
    proxy.waits_for_metric("tightlip_active_streams", 0.0);
}

#[test]
fn when_the_upstream_is_gone_the_client_is_told() {
    let upstream = Upstream::start(|asked| {
        asked.begin("text/plain");
        let text = "Good evening , Ren\u{e9}".as_bytes();
        asked.chunk(&text[..text.len() - 1]); // half of a character
    });
    let (_place, proxy) = started(&upstream, "");
    let answer = proxy.ask("POST /answer", "{}");
    assert_eq!((answer.status, answer.is_cut), (200, true));
    assert!(answer.body.starts_with(b"Good evening "));
    assert_eq!(proxy.metric("tightlip_responses_total{ending=\"upstream_failed\",enforced=\"yes\"}"), 1.0);

    let whole = Upstream::start(|asked| {
        asked.write("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{");
    });
    let (_place, proxy) = started(&whole, "");
    let answer = proxy.ask(CHAT, "{}");
    assert_eq!((answer.status, answer.header("x-should-retry")), (502, None), "asking again may help");

    let proxy = Proxy::start(&Place::with_index(), "http://127.0.0.1:9", "");
    let answer = proxy.ask(CHAT, "{}");
    assert_eq!((answer.status, answer.header("x-should-retry")), (502, None));
    assert!(answer.text().contains("tightlip_upstream_failed"));
}

#[test]
fn an_upstream_may_not_fall_silent() {
    let upstream = Upstream::start(|asked| {
        if asked.head.contains("/never") {
            return asked.waits_for_the_end();
        }
        asked.begin("text/event-stream");
        for _ in 0..6 {
            asked.chunk(EVENT); // slowly, but it comes: longer than the limit in all
            sleep(Duration::from_millis(200));
        }
        asked.waits_for_the_end();
    });
    let (_place, proxy) = started(&upstream, "[timeouts]\nidle = '800ms'\nanswer = '800ms'");
    let answer = proxy.ask(CHAT, "{}");
    assert_eq!((answer.text(), answer.is_cut), (EVENT.repeat(6), true));
    let answer = proxy.ask("POST /never", "{}");
    assert_eq!((answer.status, answer.header("x-should-retry")), (504, None));

    let (_place, proxy) = started(&upstream, "[timeouts]\nresponse = '500ms'");
    assert!(proxy.ask(CHAT, "{}").is_cut);
}

#[test]
fn more_streams_than_may_be_are_asked_to_come_again() {
    let upstream = Upstream::start(|asked| {
        asked.begin("text/event-stream");
        asked.chunk(EVENT);
        asked.waits_for_the_end();
    });
    let (_place, proxy) = started(&upstream, "[limits]\nstreams = 1");
    let mut first = connect(proxy.clients);
    send(&mut first, CHAT, "{}");
    proxy.waits_for_metric("tightlip_active_streams", 1.0);
    let answer = proxy.ask(CHAT, "{}");
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
    assert_eq!(answer.header("x-should-retry"), None);
    drop(first);
    proxy.waits_for_metric("tightlip_active_streams", 0.0);
}

#[test]
fn a_compressed_answer_is_read() {
    let upstream = Upstream::start(|asked| {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(EVENT.as_bytes()).unwrap();
        asked.answer("content-type: text/event-stream\r\ncontent-encoding: gzip", gzip.finish().unwrap());
    });
    let (_place, proxy) = started(&upstream, "");
    let answer = proxy.ask(&format!("{CHAT}\naccept-encoding: gzip"), "{}");
    assert_eq!((answer.text().as_str(), answer.header("content-encoding")), (EVENT, None));
}

#[test]
fn a_new_index_is_loaded_and_a_bad_one_is_not() {
    let upstream = saying("Good evening ");
    let (place, proxy) = started(&upstream, "");
    let reload = || proxy::ask(proxy.admin, "POST /reload", "");
    assert_eq!(proxy.metric("tightlip_index_generation"), 1.0);
    assert_eq!(reload().text(), "generation 1\n");

    // By itself, when the manifest changes.
    let loads = proxy.metric("tightlip_reloads_total{result=\"ok\"}");
    place.write("more.csv", "customer_id,email\nC-7,eve@example.com\n");
    place.run("index build more.csv -o index.tlx").well();
    until("it is loaded", || (proxy.metric("tightlip_reloads_total{result=\"ok\"}") > loads).then_some(()));
    proxy.ask(&format!("{CHAT}\nx-customer-id: C-7"), "{}");
    assert_eq!(proxy.metric("tightlip_unknown_readers_total"), 0.0, "the new one is used");

    // By a signal.
    let loads = proxy.metric("tightlip_reloads_total{result=\"ok\"}");
    proxy.signal("-HUP");
    proxy.waits_for_metric("tightlip_reloads_total{result=\"ok\"}", loads + 1.0);

    // A damaged one.
    place.write("index.tlx/manifest.json", "{}");
    let answer = reload();
    assert_eq!(answer.status, 422);
    assert!(answer.text().starts_with("nothing was reloaded: ") && answer.text().lines().count() == 1);
    assert!(proxy.metric("tightlip_reloads_total{result=\"failed\"}") >= 1.0);
    proxy.ask(&format!("{CHAT}\nx-customer-id: C-7"), "{}");
    assert_eq!(proxy.metric("tightlip_unknown_readers_total"), 0.0, "the old one stays");
    assert_eq!(proxy::ask(proxy.admin, "GET /readyz", "").status, 200);
    assert_eq!(proxy::ask(proxy.admin, "GET /reload", "").status, 405);
}

#[test]
fn who_is_erased_is_withheld_from_everyone_in_streams_that_run() {
    let (goes_on, waits) = std::sync::mpsc::channel::<()>();
    let waits = std::sync::Mutex::new(waits);
    let says = |text: &str| {
        format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n")
    };
    let upstream = Upstream::start(move |asked| {
        asked.begin("text/event-stream");
        asked.chunk(says("I wrote to ann@example.com today. "));
        if asked.head.contains("/early/") {
            waits.lock().unwrap().recv().unwrap();
        }
        asked.chunk(says("Yes, to ann@example.com today. "));
        asked.chunk("data: [DONE]\n\n");
        asked.end();
    });
    let (place, proxy) = started(&upstream, "");
    assert!(proxy.log().contains("the index is not sealed"), "{}", proxy.log());
    let mut early = connect(proxy.clients);
    send(&mut early, "POST /early/chat/completions\nx-customer-id: C-1001", "{}");
    // It has begun, and the first sentence has left.
    let mut begun = Vec::new();
    while !String::from_utf8_lossy(&begun).contains("today") {
        let mut piece = [0; 256];
        let read = early.read(&mut piece).unwrap();
        assert!(read > 0, "{}", String::from_utf8_lossy(&begun));
        begun.extend_from_slice(&piece[..read]);
    }
    let erased = Instant::now();
    place.run("index erase index.tlx --owner C-1001").well();
    proxy.waits_for_metric("tightlip_index_generation", 2.0);
    assert!(erased.elapsed() < Duration::from_secs(5), "{:?}", erased.elapsed());
    goes_on.send(()).unwrap();
    early.read_to_end(&mut begun).unwrap();
    let text = String::from_utf8_lossy(&begun).into_owned();
    let (before, behind) = text.split_once("Yes").unwrap_or_else(|| panic!("{text}"));
    assert!(before.contains("ann@example.com") && !behind.contains("ann@"), "{text}");
    assert!(behind.contains("[EMAIL]"), "{text}");
    // Who comes later does not know them.
    let late = proxy.ask(&format!("{CHAT}\nx-customer-id: C-1002"), "{}").text();
    assert_eq!(late.matches("ann@example.com").count(), 2, "{late}");
}

#[test]
fn a_sealed_index_is_served_and_its_key_may_change() {
    let upstream = saying("To bob@example.com ");
    let place = Place::with_index();
    place.write("index.key", [7; 32]);
    place.run("index build people.csv -o index.tlx --encrypt --key-file index.key").well();
    let proxy = Proxy::start(&place, &upstream.url, "key_file = 'index.key'");
    assert!(proxy.log().contains("the index is sealed"), "{}", proxy.log());
    assert_eq!(proxy.ask(CHAT, "{}").text(), "To [EMAIL] ");
    place.write("old.key", [7; 32]).write("index.key", [8; 32]);
    place.run("index rekey index.tlx --key-file old.key --new-key-file index.key").well();
    proxy.waits_for_metric("tightlip_index_generation", 2.0);
    assert_eq!(proxy.ask(CHAT, "{}").text(), "To [EMAIL] ");
    let refused = place.run("serve --index index.tlx --upstream http://127.0.0.1:9 --admin 127.0.0.1:0 --listen 127.0.0.1:0 --key-file old.key");
    assert_eq!(refused.code, Some(2));
    assert!(refused.err.contains("sealed under another key"), "{refused:?}");
}

#[test]
fn it_drains() {
    let upstream = Upstream::start(|asked| {
        asked.begin("text/event-stream");
        for _ in 0..10 {
            asked.chunk(EVENT);
            sleep(Duration::from_millis(100));
        }
        asked.end();
    });
    let (_place, mut proxy) = started(&upstream, "");
    let (clients, admin) = (proxy.clients, proxy.admin);
    assert_eq!(proxy::ask(admin, "GET /readyz", "").status, 200);
    assert_eq!(proxy::ask(admin, "GET /livez", "").text(), "alive\n");
    let mut stream = connect(clients);
    send(&mut stream, CHAT, "{}");
    proxy.waits_for_metric("tightlip_active_streams", 1.0);
    proxy.signal("-TERM");
    until("it is not ready", || (proxy::ask(admin, "GET /readyz", "").status == 503).then_some(()));
    assert_eq!(proxy::ask(admin, "GET /livez", "").status, 200);
    assert!(TcpStream::connect(clients).is_err(), "nobody new is let in");
    let answer = read(&mut stream);
    assert_eq!((answer.text(), answer.is_cut), (EVENT.repeat(10), false));
    assert_eq!(proxy.ended(), Some(0));
}

#[test]
fn a_policy_is_rolled_out_by_shares_and_another_one_tried() {
    let upstream = saying("Write to bob@example.com. Bob Ray.");
    let (_place, proxy) = started(&upstream, "enforce_share = 0.0\nshadow_policy = 'observe'");
    for _ in 0..4 {
        assert_eq!(proxy.ask("POST /answer", "{}").text(), "Write to bob@example.com. Bob Ray.");
    }
    assert_eq!(proxy.metric("tightlip_responses_total{ending=\"finished\",enforced=\"no\"}"), 4.0);
    let found = |kind, action, by| {
        proxy.metric(&format!("tightlip_findings_total{{kind=\"{kind}\",action=\"{action}\",by=\"{by}\"}}"))
    };
    assert_eq!(found("email", "redact", "policy_not_enforced"), 4.0);
    assert_eq!(found("name", "observe", "shadow_policy"), 4.0);

    let (_place, proxy) = started(&upstream, "enforce_share = 0.5");
    let said = |conversation: usize| {
        let head = format!("POST /answer\nx-customer-id: C-1001\nx-conversation-id: {conversation}");
        proxy.ask(&head, "{}").text().contains("[EMAIL]")
    };
    let first: Vec<bool> = (0..40).map(said).collect();
    assert_eq!(first, (0..40).map(said).collect::<Vec<_>>(), "a conversation stays where it is");
    assert!((10..30).contains(&first.iter().filter(|enforced| **enforced).count()));
}

#[test]
fn a_stopped_response_ends_and_the_upstream_is_told() {
    let upstream = Upstream::start(|asked: &mut Asked| {
        asked.begin("text/plain");
        asked.chunk("Write to bob@example.com. And so on. ");
        asked.waits_for_the_end();
    });
    let place = Place::with_index();
    place.write("stop.toml", "stop_message = 'No.'\n[kinds]\nemail = 'stop'");
    let proxy = Proxy::start(&place, &upstream.url, "policy = 'stop.toml'");
    let answer = proxy.ask("POST /answer", "{}");
    assert_eq!((answer.text().as_str(), answer.is_cut), ("Write to No.", false));
    assert_eq!(proxy.metric("tightlip_stopped_total{by=\"policy\"}"), 1.0);
}

#[tokio::test]
async fn http_2_and_tls_on_both_sides() {
    use http_body_util::{BodyExt, Full};
    use hyper_util::client::legacy::Client;
    use hyper_util::rt::TokioExecutor;

    let upstream = streaming();
    let place = Place::with_index();
    let certificate = rcgen::generate_simple_self_signed(vec!["127.0.0.1".into()]).unwrap();
    place.write("cert.pem", certificate.cert.pem()).write("key.pem", certificate.signing_key.serialize_pem());
    // One proxy with a certificate, and one before it that trusts it: HTTP/2 with TLS between them.
    let inner = Proxy::start(&place, &upstream.url, "[tls]\ncert = 'cert.pem'\nkey = 'key.pem'");
    let url = format!("https://{}", inner.clients);
    let outer = Proxy::start_as(&place, "outer.toml", &url, "upstream_ca = 'cert.pem'");
    let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
    for _ in 0..3 {
        let request = http::Request::post(format!("http://{}/v1/chat/completions", outer.clients))
            .header("x-customer-id", "C-1001")
            .body(Full::<bytes::Bytes>::from("{}"))
            .unwrap();
        let answer = client.request(request).await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.version()), (200, http::Version::HTTP_2));
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, format!("{}data: [DONE]\n\n", EVENT.repeat(3)));
    }
    // Without TLS, HTTP/2 is agreed upon beforehand.
    let inner = Proxy::start(&place, &upstream.url, "");
    let url_without_tls = format!("http://{}", inner.clients);
    let outer = Proxy::start_as(&place, "outer.toml", &url_without_tls, "upstream_http2 = true");
    assert_eq!(outer.ask(CHAT, "{}").text(), format!("{}data: [DONE]\n\n", EVENT.repeat(3)));
    let untrusting = Proxy::start_as(&place, "untrusting.toml", &url, "");
    assert_eq!(untrusting.ask(CHAT, "{}").status, 502);
}

#[test]
fn logs_say_nothing_of_anybody() {
    let upstream = Upstream::start(|asked| match asked.head.contains("/cut") {
        true => {
            asked.begin("text/event-stream");
            asked.chunk("data: {\"choices\":[{\"delta\":{\"content\":\"grapefruit for bob@example.com\"");
        }
        false => asked.answer(
            "content-type: text/plain\r\nx-note: grapefruit",
            "grapefruit for bob@example.com, Bob Ray, 415 555 0177, PP81ZD",
        ),
    });
    let (_place, proxy) = started(&upstream, "log = 'json'");
    let secret = "x-customer-id: C-1001\nx-conversation-id: conv-8812\nauthorization: Bearer tok-771\ncookie: grapefruit";
    for path in [
        "/answer",
        "/v1/chat/completions",
        "/cut/v1/messages",
        "/v1/threads/bob@example.com/runs?q=grapefruit",
        "/v1/audio/speech",
    ] {
        proxy.ask(&format!("POST {path}\n{secret}"), "{\"prompt\":\"marmalade for ann@example.com\"}");
    }
    proxy.ask(
        &format!("POST /answer\n{secret}\nx-customer-id: C-1002\ntraceparent: 00-bob@example.com-x"),
        "{}",
    );
    let mut stream = connect(proxy.clients);
    stream.write_all(b"bob@example.com grapefruit\r\n\r\n").unwrap();
    read(&mut stream);
    let logged = |proxy: &Proxy| proxy.log().lines().filter(|line| line.starts_with('{')).count() > 5;
    let waited = (0..100).any(|_| {
        logged(&proxy) || {
            sleep(Duration::from_millis(20));
            false
        }
    });
    assert!(waited, "{}", proxy.log());
    silent(&proxy);
}

/// Neither the log nor the metrics hold a value, a reader, a token or text.
#[track_caller]
fn silent(proxy: &Proxy) {
    let said = format!("{}{}", proxy.log(), proxy.metrics()).to_lowercase();
    // Four digits stand in a time or a port by chance.
    for secret in VALUES.iter().filter(|value| value.len() > 4).chain(&[
        "c-1001",
        "c-1002",
        "conv-8812",
        "tok-771",
        "grapefruit",
        "marmalade",
        "example.com",
    ]) {
        assert!(!said.contains(&secret.to_lowercase()), "{secret} in {said}");
    }
}

#[test]
fn what_has_no_meaning_is_refused_at_once() {
    let place = Place::with_index();
    let upstream = "upstream = 'http://127.0.0.1:1'\nindex = 'index.tlx'\nlisten = '127.0.0.1:0'\nadmin = '127.0.0.1:0'\n";
    for (config, parts) in [
        ("", &["index"][..]),
        ("index = 'index.tlx'", &["upstream"]),
        ("index = 'index.tlx'\nupstream = 'example'", &["upstream: expected a URL"]),
        ("lisen = 'x'", &["configuration: unknown key `lisen`", "did you mean `listen`"]),
        ("[reader.jwt]\nisuer = 'x'", &["reader.jwt: unknown key `isuer`", "`issuer`"]),
        ("[[routes]]\npth = 'x'", &["routes: unknown key `pth`", "`path`"]),
        ("[timeouts]\nidle = '5 apples'", &["expected a duration"]),
        ("[limits]\nevent_bytes = 'much'", &["expected a size"]),
        ("enforce_share = 2.0", &["enforce_share"]),
        (&format!("{upstream}policy = 'strikt'"), &["strikt", "strict"]),
        (&format!("{upstream}shadow_policy = 'no.toml'"), &["no.toml"]),
        (
            &format!("{upstream}[[routes]]\npath = '/x'\nformat = 'opnai-chat'"),
            &["opnai-chat", "openai-chat"],
        ),
        (
            &format!("{upstream}[reader.jwt]\nissuer = 'x'\naudience = 'y'\nkeys = 'serve.toml'"),
            &["reader.jwt.keys"],
        ),
        (&format!("{upstream}[tls]\ncert = 'serve.toml'\nkey = 'serve.toml'"), &["key"]),
    ] {
        let ended = place.write("serve.toml", config).run("serve --config serve.toml");
        assert!(matches!(ended.code, Some(1 | 2)), "{ended:?}");
        ended.refused(ended.code.unwrap(), parts);
    }
}
