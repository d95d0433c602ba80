//! The proxy: consent, conversations over several requests, and disclosure reports.

mod proxy;
mod support;

use std::fs;

use proxy::{Proxy, Upstream, ask, until};
use serde_json::Value;
use support::{Place, VALUES};

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
