//! Conversations over several proxies that share a store, with a real server: Valkey, or Redis.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::proxy::{Proxy, Upstream, until};
use crate::store::Store;
use crate::support::{Place, VALUES};

/// An upstream that answers with what a header asks it to say, when it is told to.
fn parrot(stage: &Arc<AtomicUsize>) -> Upstream {
    let stage = Arc::clone(stage);
    Upstream::start(move |asked| {
        let header = |name: &str| {
            asked.head.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned()
        };
        let (said, at) = (header("x-say: "), header("x-stage: ").parse().unwrap_or(0));
        until("its stage comes", || (stage.load(Ordering::SeqCst) >= at).then_some(()));
        asked.begin("text/plain");
        said.split_inclusive(' ').for_each(|word| {
            let _ = asked.chunk(word); // who stops listens no more
        });
        asked.end();
    })
}

struct Setting {
    store: Store,
    upstream: Upstream,
    place: Place,
    stage: Arc<AtomicUsize>,
}

impl Setting {
    fn new() -> Option<Self> {
        let (store, stage) = (Store::start()?, Arc::default());
        Some(Self { store, upstream: parrot(&stage), place: Place::with_index(), stage })
    }

    /// A replica. Machines of tests may be slow: it is patient unless `more` says otherwise.
    fn proxy(&self, name: &str, more: &str) -> Proxy {
        let patience = if more.contains("patience") { "" } else { "patience = '10s'" };
        let config = format!("[conversations]\nstore = '{}'\n{patience}\n{more}", self.store.url());
        Proxy::start_as(&self.place, &format!("{name}.toml"), &self.upstream.url, &config)
    }

    fn reaches(&self, stage: usize) {
        self.stage.store(stage, Ordering::SeqCst);
    }
}

fn turn(proxy: &Proxy, conversation: &str, text: &str) -> String {
    turn_at(proxy, conversation, text, 0)
}

/// A turn in which the model says nothing before the stage is reached.
fn turn_at(proxy: &Proxy, conversation: &str, text: &str, stage: usize) -> String {
    let head = format!(
        "POST /answer\nx-say: {text}\nx-stage: {stage}\nx-customer-id: C-1001\nx-conversation-id: {conversation}"
    );
    proxy.ask(&head, "{}").text()
}

#[test]
fn a_conversation_goes_over_three_replicas() {
    let Some(setting) = Setting::new() else { return };
    let replicas = ["one", "two", "three"].map(|name| setting.proxy(name, ""));
    assert_eq!(turn(&replicas[0], "7", "It is Bob Ray."), "It is Bob Ray.");
    assert_eq!(turn(&replicas[1], "8", "Born 1985-11-30."), "Born 1985-11-30.", "another conversation");
    assert_eq!(turn(&replicas[1], "7", "Born 1985-11-30."), "Born [DATE OF BIRTH].");
    assert_eq!(turn(&replicas[2], "7", "Of 10001."), "Of [POSTCODE].");
    assert_eq!(turn(&replicas[2], "7", "It is Bob Ray."), "It is Bob Ray.", "it was said before");
    let keys = setting.store.ask(&["KEYS", "*"]);
    assert_eq!(keys.len(), 2, "{keys:?}");
    for key in &keys {
        assert!(key.starts_with("tightlip:") && key.len() == "tightlip:".len() + 64, "{key}");
        let (kept, bytes) = (setting.store.ask(&["GET", key]), setting.store.ask(&["STRLEN", key]));
        let left: u64 = setting.store.ask(&["PTTL", key])[0].parse().unwrap();
        println!("a state of {} bytes, which expires in {left} ms: {}", bytes[0], kept[0]);
        assert!((86_000_000..=86_400_000).contains(&left), "24 hours after the last turn");
        assert!(kept[0].len() < 512);
        let names = ["C-1001", "C-1002", "conversation", "answer"];
        assert!(VALUES.iter().chain(&names).all(|value| !kept[0].contains(value)), "{}", kept[0]);
    }
    assert_eq!(replicas[0].metric("tightlip_conversation_store_total{result=\"kept\"}"), 1.0);
    assert_eq!(replicas[0].metric("tightlip_conversation_store_up"), 1.0);
}

#[test]
fn of_two_turns_at_once_only_one_tells() {
    let Some(setting) = Setting::new() else { return };
    let (one, two) = (setting.proxy("one", ""), setting.proxy("two", ""));
    // One after the other, though both began before anything was said.
    thread::scope(|scope| {
        let first = scope.spawn(|| turn_at(&one, "7", "It is Bob Ray.", 1));
        let second = scope.spawn(|| turn_at(&two, "7", "Born 1985-11-30.", 2));
        until("both have begun", || (setting.upstream.heads().len() == 2).then_some(()));
        setting.reaches(1);
        assert_eq!(first.join().unwrap(), "It is Bob Ray.");
        setting.reaches(2);
        assert_eq!(second.join().unwrap(), "Born [DATE OF BIRTH].");
    });
    assert_eq!(two.metric("tightlip_conversation_store_total{result=\"lost\"}"), 1.0);
    // At the same moment, whoever is faster.
    for round in 0..20 {
        let (begun, conversation) = (setting.upstream.heads().len(), format!("race {round}"));
        setting.reaches(2);
        let told = thread::scope(|scope| {
            let first = scope.spawn(|| turn_at(&one, &conversation, "It is Bob Ray.", 3));
            let second = scope.spawn(|| turn_at(&two, &conversation, "Born 1985-11-30.", 3));
            until("both have begun", || (setting.upstream.heads().len() == begun + 2).then_some(()));
            setting.reaches(3);
            [first.join().unwrap(), second.join().unwrap()]
        });
        let told = [told[0] == "It is Bob Ray.", told[1] == "Born 1985-11-30."];
        assert!(told == [true, false] || told == [false, true], "round {round}: {told:?}");
    }
}

#[test]
fn without_the_store_it_is_strict() {
    let Some(mut setting) = Setting::new() else { return };
    let proxy = setting.proxy("one", "");
    assert_eq!(turn(&proxy, "7", "It is Bob Ray."), "It is Bob Ray.");
    // Lost between the beginning of a turn and what it says.
    let kept = thread::scope(|scope| {
        let running = scope.spawn(|| turn_at(&proxy, "8", "It is Bob Ray, 1985-11-30, of 10001.", 1));
        until("it has begun", || (setting.upstream.heads().len() == 2).then_some(()));
        let (stage, store) = (&setting.stage, &mut setting.store);
        store.stop();
        stage.store(1, Ordering::SeqCst);
        running.join().unwrap()
    });
    assert_eq!(
        kept, "It is [NAME], 1985-11-30, of [POSTCODE].",
        "a rare name alone, and what completes a picture"
    );
    proxy.waits_for_metric("tightlip_conversation_store_up", 0.0);
    // New turns: by the strict policy, with what this proxy knows itself.
    assert_eq!(turn(&proxy, "9", "It is Bob Ray."), "It is [NAME].");
    assert_eq!(turn(&proxy, "7", "Born 1985-11-30."), "Born [DATE OF BIRTH].");
    assert_eq!(turn(&proxy, "9", "Born 1985-11-30."), "Born 1985-11-30.");
    assert!(proxy.metric("tightlip_conversation_store_total{result=\"down\"}") >= 3.0);
    // It is there again, empty; what was said meanwhile is brought there by the next turn.
    setting.store.start_again();
    proxy.waits_for_metric("tightlip_conversation_store_up", 1.0);
    assert_eq!(turn(&proxy, "9", "Nothing new."), "Nothing new.");
    let other = setting.proxy("two", "");
    assert_eq!(turn(&other, "9", "It is Bob Ray."), "It is [NAME].");
    let log = proxy.log();
    assert!(log.contains("is lost") && log.contains("is there again"));
    assert!(VALUES.iter().all(|value| !log.contains(value)) && !log.contains(&setting.store.url()));
}

#[test]
fn without_the_store_it_stops_if_that_is_wanted() {
    let Some(mut setting) = Setting::new() else { return };
    let proxy = setting.proxy("one", "when_lost = 'stop'");
    let kept = thread::scope(|scope| {
        let running = scope.spawn(|| turn_at(&proxy, "8", "Hello. It is Bob Ray, of 10001.", 1));
        until("it has begun", || (setting.upstream.heads().len() == 1).then_some(()));
        let (stage, store) = (&setting.stage, &mut setting.store);
        store.stop();
        stage.store(1, Ordering::SeqCst);
        running.join().unwrap()
    });
    assert_eq!(kept, "Hello. It is I can't share that.");
    let head = "POST /answer\nx-say: Hello.\nx-customer-id: C-1001\nx-conversation-id: 7";
    let refused = proxy.ask(head, "{}");
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")), "{refused:?}");
    let alone = proxy.ask("POST /answer\nx-say: It is Bob Ray.\nx-customer-id: C-1001", "{}");
    assert_eq!(alone.text(), "It is Bob Ray.", "of no conversation");
}

#[test]
fn a_slow_store_is_not_waited_for() {
    let Some(setting) = Setting::new() else { return };
    let proxy = setting.proxy("one", "patience = '20ms'");
    proxy.waits_for_metric("tightlip_conversation_store_up", 1.0);
    setting.store.ask(&["CLIENT", "PAUSE", "1500", "ALL"]);
    let begun = Instant::now();
    assert_eq!(turn(&proxy, "7", "It is Bob Ray, born 1985-11-30."), "It is [NAME], born 1985-11-30.");
    println!("the first turn took {:?}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(proxy.metric("tightlip_conversation_store_total{result=\"slow\"}"), 1.0);
    proxy.waits_for_metric("tightlip_conversation_store_up", 1.0);
}

#[test]
fn what_is_old_expires_in_the_store() {
    let Some(setting) = Setting::new() else { return };
    let (one, two) = (setting.proxy("one", "keep = '700ms'"), setting.proxy("two", "keep = '700ms'"));
    assert_eq!(turn(&one, "7", "It is Bob Ray."), "It is Bob Ray.");
    for _ in 0..3 {
        thread::sleep(Duration::from_millis(300));
        assert_eq!(turn(&two, "7", "Hello."), "Hello.", "it is heard of");
    }
    assert_eq!(turn(&two, "7", "Born 1985-11-30."), "Born [DATE OF BIRTH].");
    thread::sleep(Duration::from_millis(1_000));
    assert!(setting.store.ask(&["KEYS", "*"]).is_empty());
    assert_eq!(turn(&two, "7", "Born 1985-11-30."), "Born 1985-11-30.");
}

#[test]
fn what_somebody_else_put_there_is_as_good_as_lost() {
    let Some(setting) = Setting::new() else { return };
    let proxy = setting.proxy("one", "");
    assert_eq!(turn(&proxy, "7", "Born 1985-11-30."), "Born 1985-11-30.");
    let key = setting.store.ask(&["KEYS", "*"]).remove(0);
    setting.store.ask(&["SET", &key, "not ours, and longer than a version"]);
    assert_eq!(turn(&proxy, "7", "It is Bob Ray."), "It is [NAME].");
    assert_eq!(proxy.metric("tightlip_conversation_store_total{result=\"unreadable\"}"), 1.0);
}

#[test]
fn a_store_is_reached_with_tls() {
    let Some(mut setting) = Setting::new() else { return };
    let certificate = rcgen::generate_simple_self_signed(vec!["127.0.0.1".into()]).unwrap();
    setting
        .place
        .write("cert.pem", certificate.cert.pem())
        .write("key.pem", certificate.signing_key.serialize_pem());
    let url = setting.store.with_tls(&setting.place.path(""));
    let proxy = |name: &str, more: &str| {
        let config = format!("[conversations]\nstore = '{url}'\npatience = '10s'\n{more}");
        Proxy::start_as(&setting.place, &format!("{name}.toml"), &setting.upstream.url, &config)
    };
    let (one, two) = (proxy("one", "store_ca = 'cert.pem'"), proxy("two", "store_ca = 'cert.pem'"));
    assert_eq!(one.metric("tightlip_conversation_store_up"), 1.0);
    assert_eq!(turn(&one, "7", "It is Bob Ray."), "It is Bob Ray.");
    assert_eq!(turn(&two, "7", "Born 1985-11-30."), "Born [DATE OF BIRTH].");
    let other = proxy("other", "");
    assert_eq!(other.metric("tightlip_conversation_store_up"), 0.0, "the system does not trust it");
}

#[test]
fn a_store_that_is_none_is_refused_without_its_password() {
    let place = Place::with_index();
    place.write("bad.toml", "index = 'index.tlx'\nupstream = 'http://127.0.0.1:1'\n[conversations]\nstore = 'postgres://me:secret@127.0.0.1'\n");
    let refused = place.run("serve --config bad.toml");
    refused.refused(2, &["conversations.store: expected the address of a Valkey or Redis server"]);
    assert!(!refused.err.contains("secret"));
}
