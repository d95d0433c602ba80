//! What the proxy passes on, what it refuses, and what it says of either.

use std::io::Write;
use std::thread::sleep;
use std::time::Duration;

use crate::proxy::{Proxy, Upstream, connect, read};
use crate::support::Place;
use crate::{CHAT, EVENT, saying, silent, started, streaming};

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
