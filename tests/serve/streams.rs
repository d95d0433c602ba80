//! Responses under way: many at once, slow or gone on either side, stopped, drained.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::proxy::{Asked, Proxy, Upstream, ask, connect, read, send, until};
use crate::support::Place;
use crate::{CHAT, EVENT, started};

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
    assert_eq!(ask(admin, "GET /readyz", "").status, 200);
    assert_eq!(ask(admin, "GET /livez", "").text(), "alive\n");
    let mut stream = connect(clients);
    send(&mut stream, CHAT, "{}");
    proxy.waits_for_metric("tightlip_active_streams", 1.0);
    proxy.signal("-TERM");
    until("it is not ready", || (ask(admin, "GET /readyz", "").status == 503).then_some(()));
    assert_eq!(ask(admin, "GET /livez", "").status, 200);
    assert!(TcpStream::connect(clients).is_err(), "nobody new is let in");
    let answer = read(&mut stream);
    assert_eq!((answer.text(), answer.is_cut), (EVENT.repeat(10), false));
    assert_eq!(proxy.ended(), Some(0));
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
