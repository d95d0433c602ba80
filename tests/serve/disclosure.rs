//! The proxy: consent, conversations over several requests, and disclosure reports.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use crate::proxy::{Proxy, Upstream, ask, until};
use crate::support::{Place, VALUES};
use serde_json::Value;

/// An upstream that answers with what a header asks it to say.
fn parrot() -> Upstream {
    Upstream::start(|asked| {
        let said =
            asked.head.lines().find_map(|line| line.strip_prefix("x-say: ")).unwrap_or_default().to_owned();
        asked.answer("content-type: text/plain", said);
    })
}

fn say(proxy: &Proxy, who: &str, text: &str) -> String {
    proxy.ask(&format!("POST /answer\nx-say: {text}{who}"), "{}").text()
}

fn turn(proxy: &Proxy, reader: &str, conversation: &str, text: &str) -> String {
    say(proxy, &format!("\nx-customer-id: {reader}\nx-conversation-id: {conversation}"), text)
}

#[test]
fn turns_of_a_conversation_add_up() {
    let (upstream, place) = (parrot(), Place::with_index());
    let proxy = Proxy::start(&place, &upstream.url, "");
    assert_eq!(turn(&proxy, "C-1001", "7", "It is Bob Ray."), "It is Bob Ray.");
    assert_eq!(turn(&proxy, "C-1001", "8", "Born 1985-11-30."), "Born 1985-11-30.", "another conversation");
    assert_eq!(turn(&proxy, "nobody", "7", "Born 1985-11-30."), "Born 1985-11-30.", "another reader's");
    assert_eq!(turn(&proxy, "C-1001", "7", "Born 1985-11-30."), "Born [DATE OF BIRTH].");
    assert_eq!(turn(&proxy, "C-1001", "7", "Of 10001."), "Of [POSTCODE].");
    assert_eq!(say(&proxy, "\nx-customer-id: C-1001", "Of 10001."), "Of 10001.", "no conversation");
    let log = proxy.log();
    assert!(VALUES.iter().all(|value| !log.contains(value)));
}

#[test]
fn of_two_turns_at_once_only_one_tells() {
    // One says what the other has said when it comes to it.
    let heard = Arc::new(AtomicUsize::new(0));
    let stage = Arc::clone(&heard);
    let upstream = Upstream::start(move |asked| {
        let is_second = asked.head.contains("x-second");
        until("its stage comes", || (stage.load(SeqCst) > usize::from(is_second)).then_some(()));
        asked.answer(
            "content-type: text/plain",
            if is_second { "Born 1985-11-30." } else { "It is Bob Ray." },
        );
    });
    let place = Place::with_index();
    let proxy = Proxy::start(&place, &upstream.url, "");
    let ask = |more: &str| {
        let head = format!("POST /answer\nx-customer-id: C-1001\nx-conversation-id: 7{more}");
        proxy.ask(&head, "{}").text()
    };
    std::thread::scope(|scope| {
        let (first, second) = (scope.spawn(|| ask("")), scope.spawn(|| ask("\nx-second: yes")));
        until("both have begun", || (upstream.heads().len() == 2).then_some(()));
        heard.store(1, SeqCst);
        assert_eq!(first.join().unwrap(), "It is Bob Ray.");
        heard.store(2, SeqCst);
        assert_eq!(second.join().unwrap(), "Born [DATE OF BIRTH].");
    });
}

#[test]
fn all_conversations_of_a_reader_add_up_if_the_policy_says_so() {
    let (upstream, place) = (parrot(), Place::with_index());
    place.write("reader.toml", "[together]\nacross = 'reader'");
    let proxy = Proxy::start(&place, &upstream.url, "policy = './reader.toml'");
    assert_eq!(turn(&proxy, "C-1001", "7", "It is Bob Ray."), "It is Bob Ray.");
    assert_eq!(turn(&proxy, "C-1001", "8", "Born 1985-11-30."), "Born [DATE OF BIRTH].");
    assert_eq!(say(&proxy, "\nx-customer-id: C-1001", "Of 10001."), "Of [POSTCODE].");
    assert_eq!(say(&proxy, "", "Bob Ray"), "Bob Ray");
    assert_eq!(say(&proxy, "", "1985-11-30"), "1985-11-30", "of a stranger nothing is known");
}

#[test]
fn a_conversation_is_forgotten_when_its_time_is_over() {
    let (upstream, place) = (parrot(), Place::with_index());
    let proxy = Proxy::start(&place, &upstream.url, "[conversations]\nkeep = '300ms'");
    assert_eq!(turn(&proxy, "C-1001", "7", "It is Bob Ray."), "It is Bob Ray.");
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert_eq!(turn(&proxy, "C-1001", "7", "Born 1985-11-30."), "Born 1985-11-30.");
}

#[test]
fn grants_are_reloaded_and_bad_ones_are_not() {
    let (upstream, place) = (parrot(), Place::with_index());
    let header = "owner,reader,kinds,until\n";
    place.write("grants.csv", format!("{header}C-1002,C-1001,email,\n"));
    let proxy = Proxy::start(&place, &upstream.url, "grants = 'grants.csv'");
    let shown = || say(&proxy, "\nx-customer-id: C-1001", "bob@example.com");
    assert_eq!(shown(), "bob@example.com");
    place.write("grants.csv", format!("{header}C-1002,C-1001,emial,\n"));
    let refused = ask(proxy.admin, "POST /reload", "");
    assert!(refused.status == 422 && refused.text().contains("grants.csv:2"), "{refused:?}");
    assert_eq!(shown(), "bob@example.com", "the old ones stay");
    place.write("grants.csv", header);
    until("the grant is revoked", || (shown() == "[EMAIL]").then_some(()));
}

#[test]
fn grants_that_cannot_be_read_at_the_start_are_an_error() {
    let place = Place::with_index();
    place.write("serve.toml", "index = 'index.tlx'\nupstream = 'http://127.0.0.1:9'\nlisten = '127.0.0.1:0'\nadmin = '127.0.0.1:0'\ngrants = 'absent.csv'");
    let ended = place.run("serve --config serve.toml");
    assert!(ended.code == Some(1) && ended.err.contains("cannot read the grants"), "{ended:?}");
}

#[test]
fn reports_are_kept_for_the_operator_and_in_a_file() {
    let (upstream, place) = (parrot(), Place::with_index());
    let proxy = Proxy::start(&place, &upstream.url, "[reports]\nlast = 2\nfile = 'shown.jsonl'");
    for text in ["ann@example.com", "ann@example.com, bob@example.com", "hello"] {
        say(&proxy, "\nx-customer-id: C-1001", text);
    }
    let kept = until("two reports", || {
        let answer = ask(proxy.admin, "GET /reports", "");
        let lines: Vec<Value> =
            answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        (lines.len() == 2 && lines[1]["shown"] == Value::Array(vec![])).then_some(lines)
    });
    assert_eq!(kept[0]["shown"][0]["basis"], "own");
    assert_eq!(kept[0]["withheld"][0]["reason"], "kinds.email");
    let written = until("three reports", || {
        let written = fs::read_to_string(place.path("shown.jsonl")).ok()?;
        (written.lines().count() == 3).then_some(written)
    });
    assert!(VALUES.iter().all(|value| !written.contains(value)), "{written}");
    let said = place.run("report --index index.tlx --owner C-1001 shown.jsonl").quietly();
    assert!(said.contains("email shown to themselves (own) 2 times, "), "{said}");
}

#[test]
fn what_the_reader_says_in_the_request_may_be_repeated_if_the_policy_says_so() {
    let (upstream, place) = (parrot(), Place::with_index());
    place.write("echo.toml", "[echo]\nfrom_requests = true");
    let (echoes, other) = (
        Proxy::start(&place, &upstream.url, "policy = './echo.toml'"),
        Proxy::start(&place, &upstream.url, ""),
    );
    let asked = r#"{"messages": [{"role": "user", "content": "Did you write to bob@example.com?"}]}"#;
    let said = |proxy: &Proxy, body: &str, more: &str| {
        let head = format!("POST /answer\nx-say: To bob@example.com. That is Bob Ray.{more}");
        proxy.ask(&head, body).text()
    };
    let known = "\ncontent-type: application/json\nx-customer-id: C-1001";
    assert_eq!(said(&echoes, asked, known), "To bob@example.com. That is [NAME].");
    assert_eq!(upstream.bodies().last().unwrap(), asked, "it passes as it came");
    assert_eq!(
        said(&echoes, asked, "\ncontent-type: application/json"),
        "To [EMAIL]. That is Bob Ray.",
        "a stranger"
    );
    assert_eq!(said(&echoes, "{}", known), "To [EMAIL]. That is Bob Ray.");
    assert_eq!(said(&other, asked, known), "To [EMAIL]. That is Bob Ray.", "the policy does not say so");
}

#[test]
fn a_purpose_is_believed_of_trusted_peers() {
    let (upstream, place) = (parrot(), Place::with_index());
    place.write("grants.csv", "owner,reader,kinds,until,purpose\nC-1002,C-1001,email,,billing\n");
    let proxy = Proxy::start(&place, &upstream.url, "grants = 'grants.csv'");
    let untrusted =
        Proxy::start_as(&place, "none.toml", &upstream.url, "grants = 'grants.csv'\n[reader]\ntrusted = []");
    let say = |proxy: &Proxy, purpose: &str| {
        say(proxy, &format!("\nx-customer-id: C-1001{purpose}"), "bob@example.com")
    };
    assert_eq!(say(&proxy, "\nx-purpose: billing"), "bob@example.com");
    assert_eq!(say(&proxy, "\nx-purpose: travel"), "[EMAIL]");
    assert_eq!(say(&proxy, ""), "[EMAIL]");
    assert_eq!(say(&untrusted, "\nx-purpose: billing"), "[EMAIL]");
    assert!(upstream.heads().iter().all(|head| !head.to_lowercase().contains("x-purpose")));
}

#[test]
fn reports_say_which_model_wrote() {
    let upstream = Upstream::start(|asked| {
        asked.answer("content-type: text/event-stream", "data: {\"model\":\"gpt-x.1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}\n\ndata: [DONE]\n\n");
    });
    let place = Place::with_index();
    let proxy = Proxy::start(&place, &upstream.url, "");
    proxy.ask("POST /v1/chat/completions\nx-customer-id: C-1001", "{}");
    let report = until("a report", || {
        let reports = ask(proxy.admin, "GET /reports", "").text();
        reports.lines().next().map(|line| serde_json::from_str::<Value>(line).unwrap())
    });
    assert_eq!(report["model"], "gpt-x.1");
}
