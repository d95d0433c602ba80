//! No identifier and no text of a response in any output: `Debug`, errors, findings, logs.

use std::fmt::Debug;
use std::io;
use std::sync::{Arc, Mutex};

use tightlip::{Identifier, Index, IndexBuilder, Kind, Policy, Reader, Schema, Session};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;

/// Values of every kind, as they are written. Each is found by its parts too.
const VALUES: &[(Kind, &str)] = &[
    (Kind::Email, "zelda.quux@example.com"),
    (Kind::Phone, "+1 415 555 0187"),
    (Kind::Address, "7719 Wyvern Crescent"),
    (Kind::Account, "QX-8841-73"),
    (Kind::Iban, "DE89 3704 0044 0532 0130 00"),
    (Kind::Card, "4111 1111 1111 1111"),
    (Kind::NationalId, "078-05-1120"),
    (Kind::Username, "zquux77"),
    (Kind::Reference, "ZZ9-PLU"),
    (Kind::Ip, "192.0.2.217"),
    (Kind::Secret, "tk-Zx81qqYY"),
    (Kind::Name, "Zelda Quux"),
    (Kind::DateOfBirth, "1971-12-29"),
    (Kind::Postcode, "SW1A 1AA"),
    (Kind::City, "Wyvernham"),
    (Kind::CardLast4, "8724"),
];

/// What must not be in any output: the parts of the values, the names of owners, and words of the answer.
const SECRETS: &[&str] = &[
    "zelda",
    "quux",
    "example.com",
    "5550187",
    "555 0187",
    "7719",
    "wyvern",
    "8841",
    "3704",
    "04053201",
    "1111",
    "05-1120",
    "051120",
    "zz9",
    "2.217",
    "zx81",
    "1971",
    "december",
    "sw1a",
    "8724",
    "c-90017",
    "grapefruit",
    "marmalade",
];

const ANSWER: &str = "Grapefruit for zelda.quux@example.com, 415-555-0187; Zelda Quux of Wyvernham: 4111 1111 1111 1111, ZZ9-PLU. Marmalade";

const OWNER: &str = "C-90017";

#[test]
fn debug_says_no_value() {
    let index = index();
    let policy = Policy::from_toml(
        "stop_message = 'Grapefruit.'\n[allow]\nvalues = ['zelda.quux@example.com']\n[redact.labels]\nname = 'x'",
    )
    .unwrap();
    let reader = Reader::customer(OWNER).also_read_by(OWNER).acting_for(OWNER);
    for (kind, text) in VALUES {
        silent(&Identifier { owner: OWNER, kind: kind.clone(), text });
    }
    silent(&index);
    silent(&index.info());
    silent(&policy);
    silent(&reader);
    let session = Session::new(&index, &Policy::observe(), Reader::customer("nobody"));
    silent(&session);
    for policy in [Policy::standard(), Policy::strict(), Policy::observe(), policy] {
        let mut checker = Session::new(&index, &policy, Reader::stranger()).checker();
        let mut out = String::new();
        for end in 1..=ANSWER.len() {
            let _ = checker.push(&ANSWER[end - 1..end], &mut out);
            silent(&checker);
        }
        let _ = checker.finish(&mut out);
        silent(&checker);
        assert!(!checker.findings().is_empty());
        silent(&checker.findings());
    }
    silent(&tightlip::stream::guarded(Nothing, session.checker()));
}

#[test]
fn an_advance_says_places_and_replacements() {
    let index = index();
    let mut checker = Session::new(&index, &Policy::strict(), Reader::stranger()).checker();
    let advance = checker.advance(ANSWER);
    assert!(!advance.edits.is_empty());
    silent(&advance);
    silent(&advance.edits[0]);
    silent(&checker.advance_to_end());
}

#[test]
fn findings_say_no_value() {
    let index = index();
    for policy in [Policy::standard(), Policy::strict(), Policy::observe()] {
        let mut checker = Session::new(&index, &policy, Reader::stranger()).checker();
        let _ = checker.push(ANSWER, &mut String::new());
        let _ = checker.finish(&mut String::new());
        for finding in checker.findings() {
            assert_silent(&serde_json::to_string(finding).unwrap());
        }
    }
}

#[test]
fn errors_say_no_value() {
    let bad = [
        (Kind::Email, "zelda quux"),
        (Kind::Email, "zelda@quux"),
        (Kind::Phone, "zelda"),
        (Kind::Card, "4111 1111 1111 1112"),
        (Kind::CardLast4, "87240"),
        (Kind::Iban, "DE89 3704 0044 0532 0130 01"),
        (Kind::Ip, "192.0.2.2170"),
        (Kind::DateOfBirth, "1971-13-29"),
        (Kind::Username, "zz9"),
        (Kind::named("marmalade_kind"), "zelda"),
    ];
    for (kind, text) in bad {
        let error =
            IndexBuilder::new().add(Identifier { owner: OWNER, kind: kind.clone(), text }).unwrap_err();
        if kind != Kind::named("marmalade_kind") {
            assert_silent(&format!("{error} {error:?}"));
        }
    }
    let error =
        IndexBuilder::new().add(Identifier { owner: "", kind: Kind::Name, text: "Zelda Quux" }).unwrap_err();
    assert_silent(&format!("{error} {error:?}"));
    for dictionary in [
        "customer_id,email,dob\nC-90017,zelda quux,1971-13-29\nC-90017,zelda@quux\n",
        "{\"id\": \"C-90017\", \"email\": \"zelda quux\", \"dob\": 1971}\n{\"id\": \"zelda\n{\"email\": \"zelda.quux@example.com\"}\n",
    ] {
        let (mut builder, mut reports) = (IndexBuilder::new(), 0);
        let rows =
            builder.add_dictionary("customers", dictionary.as_bytes(), &Schema::default(), &mut |bad| {
                reports += 1;
                assert_silent(&format!("{bad} {bad:?}"));
            });
        silent(&rows);
        assert!(reports > 1);
    }
    for policy in [
        "[allow]\nvalues = ['zelda quux\n",
        "[allow]\nvalues = 'zelda quux'",
        "[allow]\nvalues = [['zelda']]",
        "[allow]\nvalues = [87241111]",
        "stop_message = 'x'\n[redact]\nlabels = 'zelda, expected zelda'",
    ] {
        let error = Policy::from_toml(policy).unwrap_err();
        assert_silent(&format!("{error} {error:?}"));
    }
}

#[test]
fn logs_say_no_value() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(FmtSpan::NEW | FmtSpan::ACTIVE)
        .without_time()
        .with_writer(log.clone())
        .finish();
    // For all threads: one without a subscriber, which meets an event first, would switch it off for this one too.
    tracing::subscriber::set_global_default(subscriber).expect("no other test has one");
    let index = index();
    let stop = Policy::from_toml("[kinds]\ncard = 'stop'\n[allow]\nvalues = ['Zelda Quux']").unwrap();
    for policy in [Policy::standard(), Policy::strict(), Policy::observe(), stop] {
        for reader in [Reader::stranger(), Reader::customer("zelda"), Reader::customer(OWNER)] {
            let mut checker = Session::new(&index, &policy, reader).checker();
            for end in 1..=ANSWER.len() {
                let _ = checker.push(&ANSWER[end - 1..end], &mut String::new());
            }
            drop(checker);
        }
    }
    let written = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(written.contains("finding") && written.contains("stream ended"), "something was logged");
    written.lines().for_each(assert_silent);
}

fn index() -> Index {
    let mut builder = IndexBuilder::new();
    for (kind, text) in VALUES {
        builder.add(Identifier { owner: OWNER, kind: kind.clone(), text }).unwrap();
    }
    builder.finish_in_memory().unwrap()
}

fn silent(value: &impl Debug) {
    assert_silent(&format!("{value:?}"));
    assert_silent(&format!("{value:#?}"));
}

fn assert_silent(output: &str) {
    let lower = output.to_lowercase();
    // Keyed hashes and durations are anything, so that four digits may stand in one by chance.
    let hash = regex::Regex::new(r"\b[0-9a-f]{16,}\b|duration_us=\d+").unwrap();
    let without_hashes = hash.replace_all(&lower, "");
    for secret in SECRETS {
        assert!(!without_hashes.contains(secret), "{secret} in {output}");
    }
}

struct Nothing;

impl futures_core::Stream for Nothing {
    type Item = Result<String, io::Error>;

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(None)
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
