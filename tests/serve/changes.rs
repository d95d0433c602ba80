//! What changes while the proxy runs: the index, its key, the policy.

use std::io::Read;
use std::time::{Duration, Instant};

use crate::proxy::{Proxy, Upstream, ask, connect, send, until};
use crate::support::Place;
use crate::{CHAT, saying, started};

#[test]
fn a_new_index_is_loaded_and_a_bad_one_is_not() {
    let upstream = saying("Good evening ");
    let (place, proxy) = started(&upstream, "");
    let reload = || ask(proxy.admin, "POST /reload", "");
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
    assert_eq!(ask(proxy.admin, "GET /readyz", "").status, 200);
    assert_eq!(ask(proxy.admin, "GET /reload", "").status, 405);
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
