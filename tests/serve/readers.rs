//! Who reads: by a header of a trusted peer, or by a token.

use crate::proxy::{Proxy, Upstream};
use crate::support::Place;
use crate::{CHAT, saying, silent, started};

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
