//! `tightlip serve`, as a user runs it, between an upstream that does what a test says and a client that sees every byte.

mod changes;
mod disclosure;
mod hostile;
#[path = "../proxy/mod.rs"]
mod proxy;
mod readers;
mod replicas;
mod requests;
#[path = "../store/mod.rs"]
mod store;
mod streams;
#[path = "../support/mod.rs"]
mod support;

use proxy::{Proxy, Upstream};
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

/// Neither its log nor its figures say anything of anybody.
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
