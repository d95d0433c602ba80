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
use decode::judge::{Original, shown};
use decode::leaves::{What, channels};
use decode::phrases::Phrase;
use decode::search::{Seen, plain, stands_in};
use serde::Deserialize;
use support::Seeded;
use tightlip::wire::{self, Guard, Progress};
use tightlip::{Identifier, Index, IndexBuilder, Kind, Policy, Reader, Session};

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
}

fn yes() -> bool {
    true
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
    fn original(&self) -> Original {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings/own").join(&self.file);
        let mut body = std::fs::read(path).unwrap();
        let framing = Framing::named(&self.framing).unwrap();
        if framing == Framing::EventStream {
            let text = String::from_utf8(body).unwrap();
            let messages = text.lines().map(|line| {
                let (name, payload) = line.split_once(' ').unwrap();
                payload.strip_prefix('@').map_or_else(|| message(name, payload), chunk)
            });
            body = messages.collect::<Vec<_>>().concat();
        }
        let format = decode::tables::table(&self.format).format;
        let original = Original::new(&self.name, format, framing, body);
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

    /// What leaves, and whether it ended as a response that was stopped.
    fn guarded<'a>(
        &self,
        session: &Session,
        pieces: impl Iterator<Item = &'a [u8]>,
    ) -> Result<(Vec<u8>, bool), String> {
        let mut guard = Guard::new(session, self.format.parse().unwrap(), self.framing());
        let mut out = Vec::new();
        for piece in pieces {
            match guard.push(piece, &mut out) {
                Progress::Continue => {}
                Progress::Stopped => return Ok((out, true)),
                Progress::Broken(fault) => return Err(fault.to_string()),
            }
        }
        match guard.finish(&mut out) {
            Progress::Broken(fault) => Err(fault.to_string()),
            progress => Ok((out, progress == Progress::Stopped)),
        }
    }

    /// What is wrong with what left.
    fn wrong(&self, table: &Table, original: &Original, out: &[u8]) -> Vec<String> {
        let opened = match original.open(out) {
            Ok(opened) => opened,
            Err(fault) => return vec![format!("{}: {}", fault.what, fault.detail)],
        };
        let mut faults = Vec::new();
        original.keeps_its_form(&opened, &mut faults);
        let mut wrong: Vec<String> = faults
            .into_iter()
            .map(|fault| format!("{} at {}: {}", fault.what, fault.at, fault.detail))
            .collect();
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

/// The pieces of a body: of one to nine bytes, and of random lengths.
fn cuts(body: &[u8]) -> Vec<(String, Vec<&[u8]>)> {
    let mut cuts: Vec<(String, Vec<&[u8]>)> =
        (1..=9).map(|length| (format!("in pieces of {length}"), body.chunks(length).collect())).collect();
    for seed in 1..=4 {
        let (mut random, mut rest, mut pieces) = (Seeded(seed), body, Vec::new());
        while !rest.is_empty() {
            let (piece, tail) = rest.split_at((1 + random.below(60)).min(rest.len()));
            pieces.push(piece);
            rest = tail;
        }
        cuts.push((format!("in random pieces, seed {seed}"), pieces));
    }
    cuts
}

#[test]
fn every_row_under_every_cut() {
    let table = Table::new();
    let session = Session::new(&table.index(), &Policy::standard(), Reader::customer("C-1001"));
    let mut failures = String::new();
    for case in &table.cases {
        let original = case.original();
        let whole = match case.guarded(&session, std::iter::once(&original.body[..])) {
            Ok((out, false)) => out,
            ended => {
                writeln!(failures, "{} ({}): {ended:?}", case.file, case.name).unwrap();
                continue;
            }
        };
        for wrong in case.wrong(&table, &original, &whole) {
            writeln!(failures, "{} ({}): {wrong}", case.file, case.name).unwrap();
        }
        for (cut, pieces) in cuts(&original.body) {
            match case.guarded(&session, pieces.into_iter()) {
                Ok((out, false)) if out == whole => {}
                Ok((out, false)) => {
                    let wrong = case.wrong(&table, &original, &out);
                    let wrong =
                        wrong.first().map_or("the texts are the same, the bytes are not", String::as_str);
                    writeln!(failures, "{} ({}), {cut}: {wrong}", case.file, case.name).unwrap();
                    break;
                }
                ended => {
                    writeln!(failures, "{} ({}), {cut}: {ended:?}", case.file, case.name).unwrap();
                    break;
                }
            }
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

#[test]
fn every_answer_stops_as_its_provider_stops_it() {
    let table = Table::new();
    let (index, policy) = (table.index(), Policy::from_toml(STOP).unwrap());
    let session = Session::new(&index, &policy, Reader::stranger());
    let mut failures = String::new();
    for case in &table.cases {
        let original = case.original();
        let text = &table.withheld[0];
        if Seen::of(&original.leaves).places_of(text).is_empty() {
            continue;
        }
        let stands = |text: &str, whole: &str| stands_in(&plain(text), &plain(whole));
        let context =
            original.texts().values().map(|channel| channel.text()).find(|whole| stands(text, whole));
        let phrase = Phrase {
            kind: "email",
            text: text.clone(),
            context: context.unwrap_or_default(),
            at: String::new(),
            is_visible: true,
            spans: false,
        };
        for (cut, pieces) in
            [("whole", vec![&original.body[..]]), ("in pieces of 7", original.body.chunks(7).collect())]
        {
            match case.guarded(&session, pieces.into_iter()) {
                Ok((out, true)) => {
                    for fault in original.stopped(&phrase, &index, &policy, MESSAGE, &out) {
                        writeln!(
                            failures,
                            "{} ({}), {cut}: {} at {}: {}",
                            case.file, case.name, fault.what, fault.at, fault.detail
                        )
                        .unwrap();
                    }
                }
                ended => writeln!(
                    failures,
                    "{} ({}), {cut}: not stopped: {}",
                    case.file,
                    case.name,
                    match ended {
                        Ok(_) => "it went on".to_owned(),
                        Err(error) => error,
                    }
                )
                .unwrap(),
            }
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

/// With another index nothing changes, byte for byte, but for what clients would have to forgive.
#[test]
fn every_row_leaves_as_it_came_where_nobody_owns_it() {
    let table = Table::new();
    let mut builder = IndexBuilder::new();
    // They begin alike, so that there is something to hold.
    for (kind, text) in [
        (Kind::Email, "bob.ray@example.community"),
        (Kind::Address, "12 Oak Streetcar Lane"),
        (Kind::Phone, "+1 415 555 0178"),
    ] {
        builder.add(Identifier { owner: "C-1003", kind, text }).unwrap();
    }
    let session = Session::new(&builder.finish_in_memory().unwrap(), &Policy::standard(), Reader::stranger());
    let mut failures = String::new();
    for case in &table.cases {
        let original = case.original();
        for (cut, pieces) in
            std::iter::once(("whole".to_owned(), vec![&original.body[..]])).chain(cuts(&original.body))
        {
            let faults = match case.guarded(&session, pieces.into_iter()) {
                Ok((out, false)) => original
                    .left_as_it_came(&out)
                    .iter()
                    .map(|fault| format!("{} at {}: {}", fault.what, fault.at, fault.detail))
                    .collect(),
                ended => vec![format!("{ended:?}")],
            };
            if let Some(fault) = faults.first() {
                writeln!(failures, "{} ({}), {cut}: {fault}", case.file, case.name).unwrap();
                break;
            }
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

/// A row in which nothing can be read tries nothing.
#[test]
fn every_row_of_the_tables_is_tried() {
    let table = Table::new();
    let mut untried = Vec::new();
    let mut places = BTreeMap::<&str, Vec<String>>::new();
    for case in &table.cases {
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
