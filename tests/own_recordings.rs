//! Every row of `tests/recordings/cases.toml`: small recordings of our own making, for every format and every row of its tables.
//!
//! A row runs whole, in pieces of one to nine bytes and of a few random lengths; the texts that a client puts together, what can no
//! longer be read and what still can must be the same every time. Rows with a value in an answer run once more with a policy that stops.

mod decode;
mod support;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use decode::frames::{Framing, chunk, message};
use decode::json::Json;
use decode::judge::{Fault, Original, shown};
use decode::leaves::{What, channels};
use decode::phrases::Phrase;
use decode::search::Seen;
use serde::Deserialize;
use support::Seeded;
use tightlip::wire::{self, Guard, Progress};
use tightlip::{Finding, Identifier, Index, IndexBuilder, Kind, Policy, Reader, Session};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    withheld: Vec<String>,
    own: BTreeMap<String, String>,
    other: BTreeMap<String, String>,
    rows: BTreeMap<String, Vec<String>>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    format: String,
    framing: String,
    file: String,
    #[serde(default)]
    shows: BTreeMap<String, String>,
    #[serde(default)]
    keeps: Vec<String>,
    #[serde(default)]
    gone: Vec<String>,
    #[serde(default = "yes")]
    is_answer: bool,
    #[serde(default)]
    is_broken: bool,
}

fn yes() -> bool {
    true
}

/// Who is known, what is decided, who reads: a session is one response's.
struct Guarded {
    index: Index,
    policy: Policy,
    reader: Reader,
}

impl Guarded {
    fn session(&self) -> Session {
        Session::new(&self.index, &self.policy, self.reader.clone())
    }
}

const MESSAGE: &str = "That must not be said here.";
const STOP: &str = "stop_message = 'That must not be said here.'\n[kinds]\nemail = 'stop'\n";

impl Table {
    fn new() -> Self {
        toml::from_str(include_str!("recordings/cases.toml")).unwrap()
    }

    fn index(&self) -> Index {
        let mut builder = IndexBuilder::new();
        for (owner, values) in [("C-1001", &self.own), ("C-1002", &self.other)] {
            for (kind, text) in values {
                builder.add(Identifier { owner, kind: kind.parse().unwrap(), text }).unwrap();
            }
        }
        builder.finish_in_memory().unwrap()
    }
}

impl Case {
    fn body(&self) -> Vec<u8> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings/own").join(&self.file);
        let body = std::fs::read(path).unwrap();
        if Framing::named(&self.framing) != Some(Framing::EventStream) {
            return body;
        }
        let text = String::from_utf8(body).unwrap();
        let messages = text.lines().map(|line| {
            let (name, payload) = line.split_once(' ').unwrap();
            payload.strip_prefix('@').map_or_else(|| message(name, payload), chunk)
        });
        messages.collect::<Vec<_>>().concat()
    }

    fn original(&self) -> Original {
        let format = decode::tables::table(&self.format).format;
        let original = Original::new(&self.name, format, Framing::named(&self.framing).unwrap(), self.body());
        let original = original.unwrap_or_else(|error| panic!("{}: {error}", self.file));
        Original { is_answer: self.is_answer, ..original }
    }

    fn framing(&self) -> wire::Framing {
        match Framing::named(&self.framing).unwrap() {
            Framing::Text => wire::Framing::Text,
            Framing::Sse => wire::Framing::Sse,
            Framing::Ndjson => wire::Framing::Ndjson,
            Framing::JsonArray => wire::Framing::JsonArray,
            Framing::Json => wire::Framing::Json,
            Framing::EventStream => wire::Framing::EventStream,
            Framing::DataStream => wire::Framing::DataStream,
        }
    }

    /// What leaves, how it ended, and what was found.
    fn guarded<'a>(
        &self,
        guarded: &Guarded,
        pieces: impl Iterator<Item = &'a [u8]>,
    ) -> (Vec<u8>, Progress, Vec<Finding>) {
        let session = guarded.session();
        let mut guard = Guard::new(&session, self.format.parse().unwrap(), self.framing());
        let mut out = Vec::new();
        for piece in pieces {
            let progress = guard.push(piece, &mut out);
            if progress != Progress::Continue {
                return (out, progress, guard.take_findings());
            }
        }
        let progress = guard.finish(&mut out);
        (out, progress, guard.take_findings())
    }

    /// What is wrong with what left.
    fn wrong(&self, table: &Table, original: &Original, out: &[u8]) -> Vec<String> {
        let opened = match original.open(out) {
            Ok(opened) => opened,
            Err(fault) => return vec![fault.to_string()],
        };
        let mut faults = Vec::new();
        original.keeps_its_form(&opened, &mut faults);
        original.begins_once(&opened, &mut faults);
        let mut wrong: Vec<String> = faults.iter().map(Fault::to_string).collect();
        let seen = Seen::of(&opened.leaves);
        for value in &table.withheld {
            wrong.extend(seen.places_of(value).iter().map(|place| format!("{value} can be read at {place}")));
        }
        for value in &self.keeps {
            if seen.places_of(value).is_empty() {
                wrong.push(format!("{value} can no longer be read"));
            }
        }
        let mut texts: BTreeMap<String, String> = channels(&opened.leaves)
            .iter()
            .map(|(at, channel)| (shown(at).trim().to_owned(), channel.text()))
            .collect();
        for leaf in opened.leaves.iter().filter(|leaf| leaf.what == What::Numbers) {
            texts.insert(leaf.path.clone(), leaf.text.clone());
        }
        for (at, expected) in &self.shows {
            let (is_json, at) = at.strip_prefix("json ").map_or((false, at.as_str()), |at| (true, at));
            let text = texts.get(at.trim()).map(String::as_str).unwrap_or_default();
            let is_same = if is_json { Json::parse(text) == Json::parse(expected) } else { text == expected };
            if !is_same {
                wrong.push(format!("{at}: expected {expected:?}, found {text:?}"));
            }
        }
        for path in &self.gone {
            if opened
                .leaves
                .iter()
                .any(|leaf| leaf.path == *path && leaf.what != What::Key && !leaf.text.is_empty())
            {
                wrong.push(format!("something still stands at {path}"));
            }
        }
        wrong
    }

    /// Where one of the values can be read before anything is done.
    fn places(&self, table: &Table) -> Vec<String> {
        let seen = Seen::of(&self.original().leaves);
        table.withheld.iter().flat_map(|value| seen.places_of(value)).collect()
    }
}

/// The pieces of a body: whole, of one to nine bytes, and of random lengths.
fn cuts(body: &[u8]) -> Vec<(String, Vec<&[u8]>)> {
    let mut cuts = vec![("whole".to_owned(), vec![body])];
    cuts.extend((1..=9).map(|length| (format!("by {length}"), body.chunks(length).collect())));
    for seed in 1..=4 {
        let (mut random, mut rest, mut pieces) = (Seeded(seed), body, Vec::new());
        while !rest.is_empty() {
            let (piece, tail) = rest.split_at((1 + random.below(60)).min(rest.len()));
            pieces.push(piece);
            rest = tail;
        }
        cuts.push((format!("at random, seed {seed}"), pieces));
    }
    cuts
}

#[test]
fn every_row_under_every_cut() {
    let table = Table::new();
    let guarded =
        Guarded { index: table.index(), policy: Policy::standard(), reader: Reader::customer("C-1001") };
    let mut failures = Failures::default();
    for case in &table.cases {
        let body = case.body();
        let mut first = None;
        for (cut, pieces) in cuts(&body) {
            let (out, progress, findings) = case.guarded(&guarded, pieces.into_iter());
            if case.is_broken {
                let text = String::from_utf8_lossy(&out).into_owned();
                let is_closed = matches!(progress, Progress::Broken(_));
                if !is_closed || table.withheld.iter().any(|value| text.contains(value)) {
                    failures.add(case, &cut, [format!("{progress:?}, with {text:?}")]);
                    break;
                }
                continue;
            }
            let said = format!("{findings:?} {}", serde_json::to_string(&findings).unwrap());
            let named = table.withheld.iter().filter(|value| said.contains(value.as_str()));
            failures.add(
                case,
                &cut,
                named.map(|value| format!("a finding says {value}")).take(usize::from(first.is_none())),
            );
            if progress != Progress::Continue {
                failures.add(case, &cut, [format!("it ended {progress:?}")]);
                break;
            }
            if first.as_ref() != Some(&out) {
                let wrong = case.wrong(&table, &case.original(), &out);
                let is_wrong = !wrong.is_empty();
                failures.add(case, &cut, wrong);
                if is_wrong {
                    break;
                }
            }
            first = first.or(Some(out));
        }
    }
    failures.must_be_none();
}

#[test]
fn every_answer_stops_as_its_provider_stops_it() {
    let table = Table::new();
    let (index, policy) = (table.index(), Policy::from_toml(STOP).unwrap());
    let guarded = Guarded { index: index.clone(), policy: policy.clone(), reader: Reader::stranger() };
    let mut failures = Failures::default();
    let text = &table.withheld[0];
    for case in table.cases.iter().filter(|case| !case.is_broken) {
        let original = case.original();
        if Seen::of(&original.leaves).places_of(text).is_empty() {
            continue;
        }
        let phrase = Phrase { kind: "email", text: text.clone(), ..Phrase::default() };
        for (cut, pieces) in
            [("whole", vec![&original.body[..]]), ("by 7", original.body.chunks(7).collect())]
        {
            match case.guarded(&guarded, pieces.into_iter()) {
                (out, Progress::Stopped, _) => {
                    let faults = original.stopped(&phrase, &index, &policy, MESSAGE, &out);
                    failures.add(case, cut, faults.iter().map(Fault::to_string));
                }
                (_, progress, _) => failures.add(case, cut, [format!("it ended {progress:?}")]),
            }
        }
    }
    failures.must_be_none();
}

/// With an index of others nothing changes for a client. Their values begin like those in the recordings, so that there is something to
/// hold.
#[test]
fn every_row_leaves_as_it_came_where_nobody_owns_it() {
    let mut builder = IndexBuilder::new();
    for (kind, text) in [
        (Kind::Email, "bob.ray@example.community"),
        (Kind::Address, "12 Oak Streetcar Lane"),
        (Kind::Phone, "+1 415 555 0178"),
    ] {
        builder.add(Identifier { owner: "C-1003", kind, text }).unwrap();
    }
    let index = builder.finish_in_memory().unwrap();
    let guarded = Guarded { index, policy: Policy::standard(), reader: Reader::stranger() };
    let mut failures = Failures::default();
    for case in Table::new().cases.iter().filter(|case| !case.is_broken) {
        let original = case.original();
        for (cut, pieces) in cuts(&original.body) {
            let faults: Vec<String> = match case.guarded(&guarded, pieces.into_iter()) {
                (out, Progress::Continue, _) => {
                    original.left_as_it_came(&out).iter().map(Fault::to_string).collect()
                }
                (_, progress, _) => vec![format!("it ended {progress:?}")],
            };
            let is_wrong = !faults.is_empty();
            failures.add(case, &cut, faults);
            if is_wrong {
                break;
            }
        }
    }
    failures.must_be_none();
}

/// Clients take what stands in one event together: what is left of two texts of one event leaves in one event too.
#[test]
fn what_is_left_of_two_texts_of_an_event_leaves_in_one() {
    let index = Table::new().index();
    let policy = Policy::from_toml("extends = 'standard'\n[hold]\ncadence = 'blind'").unwrap();
    let session = Session::new(&index, &policy, Reader::stranger());
    let event = |text: &str, ends: &str| {
        format!(
            r#"data: {{"choices":[{{"index":0,"message":{{"content":{text}}},"delta":{{"content":{text}}},"finish_reason":{ends}}}]}}"#
        ) + "\n\n"
    };
    let body =
        [event("\"Sure, here\"", "null"), event("\" it is\"", "null"), event("null", "\"stop\"")].concat();
    let mut guard = Guard::new(&session, "openai-chat".parse().unwrap(), wire::Framing::Sse);
    let mut out = Vec::new();
    let _ = guard.push(body.as_bytes(), &mut out);
    let _ = guard.finish(&mut out);
    let out = String::from_utf8(out).unwrap();
    let events: Vec<&str> = out.split_terminator("\n\n").collect();
    let is_both =
        |event: &&str| event.contains("\"message\":{\"content\"") == event.contains("\"delta\":{\"content\"");
    assert!(events.iter().all(is_both), "{out}");
    assert!(out.len() > body.len(), "nothing was left to carry: {out}");
}

const NOTICE: &str = "Something was left out here.";

/// The texts that readers see end with the notice if something of them was withheld, whole copies of them too, and nothing else changes.
#[test]
fn every_answer_ends_with_the_notice_if_something_was_withheld() {
    let table = Table::new();
    let reader = Reader::customer("C-1001");
    let without = Guarded { index: table.index(), policy: Policy::standard(), reader: reader.clone() };
    let policy = Policy::from_toml(&format!("notice = '{NOTICE}'")).unwrap();
    let with = Guarded { index: table.index(), policy, reader };
    let (mut failures, mut told) = (Failures::default(), BTreeMap::<&str, usize>::new());
    for case in table.cases.iter().filter(|case| !case.is_broken) {
        let original = case.original();
        let texts = |out: &[u8]| -> BTreeMap<String, String> {
            let opened = original.open(out).unwrap_or_else(|fault| panic!("{}: {fault}", case.file));
            let channels = channels(&opened.leaves);
            channels.iter().map(|(at, channel)| (shown(at).trim().to_owned(), channel.text())).collect()
        };
        let plain = texts(&case.guarded(&without, std::iter::once(&original.body[..])).0);
        for (cut, pieces) in cuts(&original.body) {
            let (out, progress, _) = case.guarded(&with, pieces.into_iter());
            let mut wrong = match original.open(&out) {
                Err(fault) => vec![fault.to_string()],
                Ok(opened) => {
                    let mut faults = Vec::new();
                    original.begins_once(&opened, &mut faults);
                    faults.iter().map(Fault::to_string).collect()
                }
            };
            if progress != Progress::Continue {
                wrong.push(format!("it ended {progress:?}"));
            }
            if wrong.is_empty() {
                for (at, text) in texts(&out) {
                    let before = plain.get(&at).map(String::as_str).unwrap_or_default();
                    let said = text.replace(&format!("\n\n{NOTICE}"), "");
                    match (said.len() < text.len(), said == before) {
                        (true, true) => *told.entry(&case.format).or_default() += 1,
                        (true, false) => wrong.push(format!("{at}: {text:?} was {before:?}")),
                        // Words of the protocol stand in one event more, probabilities go with the text.
                        (false, is_same) if !is_same && before.contains("[EMAIL]") => {
                            wrong.push(format!("{at}: {text:?} was {before:?}"));
                        }
                        _ => {}
                    }
                }
            }
            let is_wrong = !wrong.is_empty();
            failures.add(case, &cut, wrong);
            if is_wrong {
                break;
            }
        }
    }
    failures.must_be_none();
    println!("told, by format: {told:?}");
    for format in wire::Format::ALL.map(wire::Format::name) {
        assert!(format == "json" || told.contains_key(format), "{format}: no notice in {told:?}");
    }
}

#[derive(Default)]
struct Failures(String);

impl Failures {
    fn add(&mut self, case: &Case, cut: &str, wrong: impl IntoIterator<Item = String>) {
        for wrong in wrong {
            writeln!(self.0, "{} ({}), {cut}: {wrong}", case.file, case.name).unwrap();
        }
    }

    #[track_caller]
    fn must_be_none(self) {
        assert!(self.0.is_empty(), "\n{}", self.0);
    }
}

/// A row in which nothing can be read tries nothing.
#[test]
fn every_row_of_the_tables_is_tried() {
    let table = Table::new();
    let mut untried = Vec::new();
    let mut places = BTreeMap::<&str, Vec<String>>::new();
    for case in table.cases.iter().filter(|case| !case.is_broken) {
        let seen = case.places(&table);
        let is_clean = ["whole-filtered", "generate-clean"].iter().any(|name| case.file.contains(name));
        assert!(is_clean || !seen.is_empty(), "{}: nothing to withhold", case.file);
        places.entry(&case.format).or_default().extend(seen);
    }
    for (format, rows) in &table.rows {
        let seen = &places[format.as_str()];
        for row in rows {
            let (kind, path) = row.rsplit_once(' ').unwrap_or(("", row));
            let is_tried = seen.iter().any(|place| {
                let (at, rest) = place.split_once(' ').unwrap_or((place, ""));
                (kind.is_empty() || at == kind) && (rest.contains(path) || path.is_empty())
            });
            if !is_tried {
                untried.push(format!("{format}: {row}"));
            }
        }
    }
    assert!(untried.is_empty(), "{untried:#?}");
    for format in wire::Format::ALL.map(wire::Format::name) {
        assert!(format == "json" || places.contains_key(format), "no recording for {format}");
    }
}
