//! Every row of `conversations.toml`: who is known, who lets whom see what, and turn by turn who reads, what the model wrote and what leaves.
//!
//! A row runs with its turns as a whole and a character at a time, and once more under `observe`, which must report whatever is withheld
//! otherwise. Between two turns the conversation is kept as JSON. Neither that nor a report holds a value.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::Deserialize;
use tightlip::{
    Action, Checker, Conversation, Finding, Grants, Identifier, Index, IndexBuilder, Kind, Policy, Reader,
    Report, Session,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rows {
    owners: Owners,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    owners: Option<Owners>,
    #[serde(default)]
    policy: String,
    /// Rows of owner, reader, kinds, until, purpose.
    #[serde(default)]
    grants: String,
    turns: Vec<Turn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Turn {
    #[serde(default)]
    reader: Vec<String>,
    #[serde(default)]
    acting_for: Vec<String>,
    purpose: Option<String>,
    /// What the reader has said.
    said: Option<String>,
    /// The day on which it is said.
    on: Option<String>,
    #[serde(default)]
    text: String,
    /// Several channels: what comes, in order.
    #[serde(default)]
    channels: Vec<(String, String)>,
    /// What leaves, by the names of the channels in order.
    safe: OneOrMore<String>,
}

type Owners = BTreeMap<String, BTreeMap<String, OneOrMore<Value>>>;

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum OneOrMore<T> {
    One(T),
    More(Vec<T>),
}

impl<T> OneOrMore<T> {
    fn as_slice(&self) -> &[T] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::More(more) => more,
        }
    }
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Value {
    Verified(String),
    Unverified { unverified: String },
}

impl Value {
    fn text(&self) -> &str {
        match self {
            Self::Verified(text) | Self::Unverified { unverified: text } => text,
        }
    }
}

/// What became of a turn.
#[derive(Debug, PartialEq)]
struct Said {
    safe: Vec<String>,
    findings: Vec<Finding>,
    report: Report,
}

#[test]
fn every_row() {
    let rows: Rows = toml::from_str(include_str!("conversations.toml")).unwrap();
    let mut failures = String::new();
    for case in &rows.cases {
        println!("{}", case.name);
        if let Err(failure) = case.run(case.owners.as_ref().unwrap_or(&rows.owners)) {
            failures += &format!("\n{}\n  {failure}\n", case.name);
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

impl Case {
    fn run(&self, owners: &Owners) -> Result<(), String> {
        let index = index(owners);
        let policy = |base: &str| Policy::from_toml(&format!("extends = '{base}'\n{}", self.policy)).unwrap();
        let whole = self.turns(&index, &policy("standard"), owners, usize::MAX)?;
        for (number, (turn, said)) in self.turns.iter().zip(&whole).enumerate() {
            if said.safe != turn.safe.as_slice() {
                return Err(format!(
                    "turn {number}: expected {:?}\n  got      {:?}",
                    turn.safe.as_slice(),
                    said.safe
                ));
            }
        }
        let pieces = self.turns(&index, &policy("standard"), owners, 1)?;
        let shape = |said: &Said| (said.safe.clone(), said.findings.clone(), said.report.shown.clone());
        if whole.iter().map(shape).ne(pieces.iter().map(shape)) {
            return Err(format!("whole    {whole:?}\n  pieces   {pieces:?}"));
        }
        let observed = self.turns(&index, &policy("observe"), owners, usize::MAX)?;
        for (number, (turn, (said, observed))) in
            self.turns.iter().zip(whole.iter().zip(&observed)).enumerate()
        {
            if observed.safe != turn.written() {
                return Err(format!("turn {number}: observed, and changed to {:?}", observed.safe));
            }
            let place =
                |finding: &Finding| (finding.channel.clone(), finding.span.clone(), finding.kind.clone());
            let withheld = said.findings.iter().filter(|finding| finding.action >= Action::Redact);
            if let Some(missed) = withheld
                .map(place)
                .find(|withheld| observed.findings.iter().all(|found| place(found) != *withheld))
            {
                return Err(format!("turn {number}: {missed:?} is not observed in {:?}", observed.findings));
            }
        }
        Ok(())
    }

    fn turns(
        &self,
        index: &Index,
        policy: &Policy,
        owners: &Owners,
        piece: usize,
    ) -> Result<Vec<Said>, String> {
        let rows = self
            .grants
            .lines()
            .map(|row| format!("{row}{}\n", if row.matches(',').count() == 3 { "," } else { "" }));
        let grants =
            Grants::from_csv(&format!("owner,reader,kinds,until,purpose\n{}", rows.collect::<String>()))
                .unwrap();
        let mut kept = serde_json::to_string(&Conversation::default()).unwrap();
        let mut said = Vec::new();
        for turn in &self.turns {
            let session = Session::new(index, policy, turn.reader());
            let session = match &turn.on {
                Some(day) => session.with_grants_at(&grants, midnight(day)),
                None => session.with_grants(&grants),
            };
            session.resume(&serde_json::from_str(&kept).unwrap());
            turn.said.iter().for_each(|text| session.said(text));
            said.push(turn.said(&session, piece));
            kept = serde_json::to_string(&session.state()).unwrap();
            let report = serde_json::to_string(&said.last().unwrap().report).unwrap();
            for text in [&kept, &report] {
                let values = owners.values().flat_map(|kinds| kinds.values()).flat_map(OneOrMore::as_slice);
                // What consists of hexadecimal digits may stand in a hash by chance.
                let stands = |value: &&str| match value.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                    true => text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == *value),
                    false => text.contains(*value),
                };
                if let Some(value) = values.map(Value::text).filter(|value| value.len() > 4).find(stands) {
                    return Err(format!("{value} stands in {text}"));
                }
            }
        }
        Ok(said)
    }
}

impl Turn {
    fn reader(&self) -> Reader {
        let mut reader = Reader::stranger();
        for (n, owner) in self.reader.iter().enumerate() {
            reader = if n == 0 { Reader::customer(owner) } else { reader.also_read_by(owner) };
        }
        reader = self.acting_for.iter().fold(reader, |reader, owner| reader.acting_for(owner));
        self.purpose.iter().fold(reader, |reader, purpose| reader.for_purpose(purpose))
    }

    fn events(&self) -> Vec<(String, String)> {
        if self.channels.is_empty() {
            vec![("text".into(), self.text.clone())]
        } else {
            self.channels.clone()
        }
    }

    fn written(&self) -> Vec<String> {
        let mut written = BTreeMap::<String, String>::new();
        self.events().into_iter().for_each(|(channel, text)| *written.entry(channel).or_default() += &text);
        written.into_values().collect()
    }

    fn said(&self, session: &Session, piece: usize) -> Said {
        let mut channels = BTreeMap::<String, (Checker, String)>::new();
        for (name, text) in self.events() {
            let (checker, out) =
                channels.entry(name.clone()).or_insert_with(|| (session.channel(&name), String::new()));
            let characters: Vec<char> = text.chars().collect();
            for piece in characters.chunks(piece.min(characters.len().max(1))) {
                let _ = checker.push(&piece.iter().collect::<String>(), out);
            }
        }
        let (mut safe, mut findings) = (Vec::new(), Vec::new());
        for (mut checker, mut out) in channels.into_values() {
            let _ = checker.finish(&mut out);
            safe.push(out);
            findings.extend(checker.take_findings());
        }
        Said { safe, findings, report: session.report() }
    }
}

fn index(owners: &Owners) -> Index {
    let mut builder = IndexBuilder::new();
    for (owner, kinds) in owners {
        // Everybody is known, also those who have nothing else.
        let username = format!("user_of_{owner}_77");
        builder.add(Identifier { owner, kind: Kind::Username, text: &username }).unwrap();
        for (kind, values) in kinds {
            for value in values.as_slice() {
                let identifier = Identifier { owner, kind: Kind::named(kind), text: value.text() };
                match value {
                    Value::Verified(_) => builder.add(identifier).unwrap(),
                    Value::Unverified { .. } => builder.add_unverified(identifier).unwrap(),
                }
            }
        }
    }
    builder.finish_in_memory().unwrap()
}

/// The last second of a day of 2026.
fn midnight(day: &str) -> SystemTime {
    let days: u64 = match day {
        "2026-03-31" => 20_543,
        "2026-04-01" => 20_544,
        _ => panic!("another day"),
    };
    SystemTime::UNIX_EPOCH + Duration::from_secs(86_400 * (days + 1) - 1)
}

fn two_people() -> Index {
    index(&toml::from_str("[ann]\nname = 'Ann Lee'\ndate_of_birth = '1990-04-05'\nemail = 'ann@example.com'\n[bob]\nemail = 'bob@example.com'").unwrap())
}

fn turn(session: &Session, text: &str) -> String {
    let (mut checker, mut out) = (session.checker(), String::new());
    let _ = checker.push(text, &mut out);
    let _ = checker.finish(&mut out);
    out
}

#[test]
fn what_another_index_knew_counts_as_said_of_anybody() {
    let (before, now) = (two_people(), two_people());
    let (policy, reader) = (Policy::standard(), Reader::customer("bob"));
    let first = Session::new(&before, &policy, reader.clone());
    assert_eq!(turn(&first, "Ann Lee"), "Ann Lee");
    let second = Session::new(&now, &policy, reader);
    second.resume(&first.state());
    assert_eq!(turn(&second, "born 1990-04-05"), "born [DATE OF BIRTH]");
}

#[test]
fn a_conversation_that_was_altered_counts_no_less() {
    let index = two_people();
    let (policy, reader) = (Policy::standard(), Reader::customer("bob"));
    let first = Session::new(&index, &policy, reader.clone());
    turn(&first, "Ann Lee");
    let kept = serde_json::to_value(first.state()).unwrap();
    let name = kept["facts"][0]["fact"].as_str().unwrap().to_owned();
    assert_eq!(name.len(), 40);
    for altered in
        [name.replace(|c: char| c.is_ascii_digit(), "f"), "é".repeat(20), "00".repeat(20), name[1..].into()]
    {
        let mut kept = kept.clone();
        kept["facts"][0]["fact"] = altered.into();
        let second = Session::new(&index, &policy, reader.clone());
        second.resume(&serde_json::from_value(kept).unwrap());
        assert_eq!(turn(&second, "born 1990-04-05"), "born [DATE OF BIRTH]");
    }
}

#[test]
fn what_grants_let_pass_is_reported_with_their_names() {
    let index = two_people();
    let grants =
        Grants::from_csv("owner,reader,kinds,until,id,basis\nann,bob,email;name,,G-7,joint account").unwrap();
    let session = Session::new(&index, &Policy::standard(), Reader::customer("bob")).with_grants(&grants);
    turn(&session, "Ann Lee. By mail: ann@example.com, ann@example.com, bob@example.com, 1990-04-05");
    let report = session.report();
    let shown: Vec<_> = report
        .shown
        .iter()
        .map(|data| (&*data.subject, &*data.kind, &*data.basis, &*data.grant, &*data.grant_basis, data.count))
        .collect();
    let (ann, bob) = (index.subject("ann"), index.subject("bob"));
    let mut expected = vec![
        (&*ann, "email", "grant", "G-7", "joint account", 2),
        (&*ann, "name", "grant", "G-7", "joint account", 1),
        (&*bob, "email", "own", "", "", 1),
    ];
    expected.sort_unstable();
    assert_eq!(shown, expected);
    let withheld: Vec<_> =
        report.withheld.iter().map(|data| (&*data.subject, &*data.kind, &*data.reason)).collect();
    assert_eq!(withheld, [(&*ann, "date_of_birth", "together")]);
    assert_eq!((report.reader, report.subjects.len()), (vec![bob], 2));
    assert_eq!(session.report().id, report.id);
}

#[test]
fn what_is_stopped_before_it_is_shown_is_not_reported_as_shown() {
    let index = two_people();
    let policy = Policy::from_toml("[kinds]\nemail = 'stop'").unwrap();
    let session = Session::new(&index, &policy, Reader::customer("bob"));
    assert_eq!(turn(&session, "ann@example.com and bob@example.com"), "I can't share that.");
    assert!(session.report().shown.is_empty());
}

#[test]
fn more_than_is_kept_makes_everything_further_stricter() {
    let mut builder = IndexBuilder::new();
    let names: Vec<String> = (0..260)
        .map(|n: u16| (b'A' + (n / 26) as u8, b'a' + (n % 26) as u8))
        .map(|(first, second)| format!("Quentin {}{}ndrum", char::from(first), char::from(second)))
        .collect();
    for (n, name) in names.iter().enumerate() {
        builder.add(Identifier { owner: &format!("C-{n}"), kind: Kind::Name, text: name }).unwrap();
    }
    let index = builder.finish_in_memory().unwrap();
    let policy = Policy::standard();
    let first = Session::new(&index, &policy, Reader::stranger());
    let text = names.join(". ");
    let out = turn(&first, &text);
    assert!(out.contains(&names[255]) && !out.contains(&names[259]) && out.contains("[NAME]"), "{out}");
    let second = Session::new(&index, &policy, Reader::stranger());
    second.resume(&serde_json::from_str(&serde_json::to_string(&first.state()).unwrap()).unwrap());
    assert_eq!(turn(&second, &format!("{}, {}", names[0], names[259])), format!("{}, [NAME]", names[0]));
}

/// Two indexes of the same people differ in nothing but their keys: whatever of states and reports is made of values or owners differs between them.
#[test]
fn nothing_that_is_kept_can_be_tested_without_the_key_of_the_index() {
    let grants = Grants::from_csv("owner,reader,kinds,until,id\nann,bob,email,,G-7").unwrap();
    let policy = Policy::from_toml("[allow]\nvalues = ['support@example.com']").unwrap();
    let kept = |index: &Index| {
        let session = Session::new(index, &policy, Reader::customer("bob")).with_grants(&grants);
        let said = "bob@example.com. Ann Lee, born 1990-04-05, ann@example.com. Call 415 555 0";
        assert_eq!(
            turn(&session, said),
            "bob@example.com. Ann Lee, born [DATE OF BIRTH], ann@example.com. Call 415 555 0"
        );
        let (state, report) = (session.state(), session.report());
        (serde_json::to_value(&state).unwrap(), serde_json::to_value(&report).unwrap())
    };
    let people = "[ann]\nname = 'Ann Lee'\ndate_of_birth = '1990-04-05'\nemail = 'ann@example.com'\nphone = '415 555 0104'\n[bob]\nemail = 'bob@example.com'";
    let people: Owners = toml::from_str(people).unwrap();
    let (one, two) = (kept(&index(&people)), kept(&index(&people)));
    println!("{}\n{}", one.0, one.1);
    assert_eq!((one.0["facts"].as_array().unwrap().len(), one.0["begun"].as_array().unwrap().len()), (1, 1));
    let words = ["grant", "own", "G-7", "email", "date_of_birth", "name", "together", "redact", "custom", ""];
    let mut compared = 0;
    for (one, two) in [(&one.0, &two.0), (&one.1, &two.1)] {
        let (mut ones, mut twos) = (Vec::new(), Vec::new());
        strings(one, &mut ones);
        strings(two, &mut twos);
        assert_eq!(ones.len(), twos.len());
        for text in ones.iter().filter(|text| !words.contains(&text.as_str()) && !text.starts_with("20")) {
            assert!(!twos.contains(text), "{text} is the same under another key");
            compared += 1;
        }
    }
    assert!(compared >= 9, "{compared}");
}

fn strings(value: &serde_json::Value, found: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => found.push(text.clone()),
        serde_json::Value::Array(values) => values.iter().for_each(|value| strings(value, found)),
        serde_json::Value::Object(values) => values.values().for_each(|value| strings(value, found)),
        _ => {}
    }
}

#[test]
fn a_state_is_small_whatever_was_said() {
    let mut builder = IndexBuilder::new();
    let date = |n: u32| format!("{}-{:02}-{:02}", 1900 + n / 336, 1 + n / 28 % 12, 1 + n % 28);
    for n in 0..300 {
        builder
            .add(Identifier { owner: &format!("C-{n}"), kind: Kind::DateOfBirth, text: &date(n) })
            .unwrap();
    }
    let index = builder.finish_in_memory().unwrap();
    let session = Session::new(&index, &Policy::standard(), Reader::stranger());
    turn(&session, &(0..300).map(date).collect::<Vec<_>>().join(". "));
    let bytes = serde_json::to_vec(&session.state()).unwrap().len();
    println!("a full state has {bytes} bytes");
    assert!((10_000..32_768).contains(&bytes), "{bytes}");
}

#[test]
fn a_fact_fits_whoever_has_it_in_any_segment() {
    let folder = tempfile::tempdir().unwrap();
    let add = |mut builder: IndexBuilder, owner: &str, values: &[(Kind, &str)]| {
        for (kind, text) in values {
            builder.add(Identifier { owner, kind: kind.clone(), text }).unwrap();
        }
        builder.finish(folder.path()).unwrap()
    };
    let before = add(IndexBuilder::new(), "ann", &[(Kind::Name, "Ann Lee"), (Kind::Username, "user_ann_77")]);
    let policy = Policy::standard();
    let first = Session::new(&before, &policy, Reader::stranger());
    assert_eq!(turn(&first, "Ann Lee"), "Ann Lee");
    let updating = IndexBuilder::updating(folder.path()).unwrap();
    let now = add(updating, "other ann", &[(Kind::Name, "Ann Lee"), (Kind::DateOfBirth, "1990-04-05")]);
    let second = Session::new(&now, &policy, Reader::stranger());
    second.resume(&first.state());
    assert_eq!(turn(&second, "born 1990-04-05"), "born [DATE OF BIRTH]");
}
