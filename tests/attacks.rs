//! Every row of `tests/recordings/attacks.toml`: ways in which another customer's value might get past a format's table. Whatever the response,
//! and however it is cut, the value can be read nowhere in what leaves.

mod decode;
mod support;

use std::fmt::Write;

use decode::frames::{Framing, chunk, message};
use decode::judge::Original;
use decode::search::{Seen, plain};
use serde::Deserialize;
use support::Seeded;
use tightlip::wire::{self, Guard, Progress};
use tightlip::{Identifier, Index, IndexBuilder, Kind, Policy, Reader, Session};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    attacks: Vec<Attack>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attack {
    name: String,
    #[serde(default = "chat")]
    format: String,
    #[serde(default = "sse")]
    framing: String,
    /// Payloads; in an event stream with the name of the event before them.
    #[serde(default)]
    events: Vec<String>,
    /// Deltas of the first choice of a chat.
    #[serde(default)]
    deltas: Vec<String>,
    /// The bytes, where the framing is what matters.
    #[serde(default)]
    body: String,
    /// Nothing is withheld in it: it is refused or it can be read as it came.
    #[serde(default)]
    is_broken: bool,
    /// What must still be there.
    #[serde(default)]
    keeps: Vec<String>,
    #[serde(default)]
    policy: String,
}

fn chat() -> String {
    "openai-chat".to_owned()
}

fn sse() -> String {
    "sse".to_owned()
}

const WITHHELD: [&str; 4] = ["bob.ray@example.com", "415-555-0177", "4155550177", "12 Oak Street"];

fn index() -> Index {
    let mut builder = IndexBuilder::new();
    for (kind, text) in [
        (Kind::Email, "bob.ray@example.com"),
        (Kind::Phone, "+1 415 555 0177"),
        (Kind::Address, "12 Oak Street"),
    ] {
        builder.add(Identifier { owner: "C-1002", kind, text }).unwrap();
    }
    builder.finish_in_memory().unwrap()
}

impl Attack {
    fn body(&self) -> Vec<u8> {
        let framing = self.in_frames();
        let mut body = self.body.clone().into_bytes();
        let deltas = self.deltas.iter().map(|delta| {
            format!(
                "{{\"object\":\"chat.completion.chunk\",\"choices\":[{{\"index\":0,\"delta\":{delta}}}]}}"
            )
        });
        for event in self.events.iter().cloned().chain(deltas) {
            match framing {
                Framing::Sse => body.extend(format!("data: {event}\n\n").bytes()),
                Framing::EventStream => {
                    let (name, payload) = event.split_once(' ').unwrap();
                    body.extend(payload.strip_prefix('@').map_or_else(|| message(name, payload), chunk));
                }
                _ => body.extend(format!("{event}\n").bytes()),
            }
        }
        body
    }

    fn in_frames(&self) -> Framing {
        Framing::named(&self.framing).unwrap_or_else(|| panic!("{}: no such framing", self.name))
    }

    fn framing(&self) -> wire::Framing {
        match self.in_frames() {
            Framing::Text => wire::Framing::Text,
            Framing::Sse => wire::Framing::Sse,
            Framing::Ndjson => wire::Framing::Ndjson,
            Framing::JsonArray => wire::Framing::JsonArray,
            Framing::Json => wire::Framing::Json,
            Framing::EventStream => wire::Framing::EventStream,
            Framing::DataStream => wire::Framing::DataStream,
        }
    }

    fn guarded(&self, index: &Index, pieces: &[&[u8]]) -> (Vec<u8>, Progress) {
        let policy = Policy::from_toml(&self.policy).unwrap();
        let session = Session::new(index, &policy, Reader::stranger());
        let mut guard = Guard::new(&session, self.format.parse().unwrap(), self.framing());
        let mut out = Vec::new();
        for piece in pieces {
            let progress = guard.push(piece, &mut out);
            if progress != Progress::Continue {
                return (out, progress);
            }
        }
        let progress = guard.finish(&mut out);
        (out, progress)
    }

    /// Where a text can be read.
    fn places_of(&self, text: &str, out: &[u8]) -> Vec<String> {
        let raw = plain(&String::from_utf8_lossy(out));
        let mut places = vec!["the bytes".to_owned()];
        places.retain(|_| raw.contains(&plain(text)));
        let format = if self.format == "json" { "text" } else { &self.format };
        let format = decode::tables::table(format).format;
        if let Ok(original) = Original::new(&self.name, format, self.in_frames(), out.to_vec()) {
            places.extend(Seen::of(&original.leaves).places_of(text));
        }
        places
    }
}

fn cuts(body: &[u8]) -> Vec<Vec<&[u8]>> {
    let mut cuts = vec![vec![body]];
    cuts.extend((1..=9).map(|length| body.chunks(length).collect()));
    for seed in 1..=4 {
        let (mut random, mut rest, mut pieces) = (Seeded(seed), body, Vec::new());
        while !rest.is_empty() {
            let (piece, tail) = rest.split_at((1 + random.below(60)).min(rest.len()));
            pieces.push(piece);
            rest = tail;
        }
        cuts.push(pieces);
    }
    cuts
}

#[test]
fn nothing_gets_past_the_tables() {
    let table: Table = toml::from_str(include_str!("recordings/attacks.toml")).unwrap();
    let index = index();
    let mut wrong = String::new();
    for attack in &table.attacks {
        let body = attack.body();
        let readable = WITHHELD.iter().any(|value| !attack.places_of(value, &body).is_empty());
        if !readable {
            writeln!(wrong, "{}: nothing to withhold", attack.name).unwrap();
        }
        let mut whole = None;
        for (at, pieces) in cuts(&body).iter().enumerate() {
            let (out, progress) = attack.guarded(&index, pieces);
            let mut faults = Vec::new();
            if matches!(progress, Progress::Broken(_)) != attack.is_broken {
                faults.push(format!("it ended {progress:?}"));
            }
            for value in WITHHELD {
                faults.extend(attack.places_of(value, &out).first().map(|at| format!("{value} at {at}")));
            }
            for text in &attack.keeps {
                if attack.places_of(text, &out).is_empty() {
                    faults.push(format!("{text} is gone"));
                }
            }
            if whole.get_or_insert(out.len()) != &out.len() && faults.is_empty() && attack.events.len() < 2 {
                faults.push("another cut gives something else".to_owned());
            }
            if !faults.is_empty() {
                let said = String::from_utf8_lossy(&out).replace('\n', "\\n");
                writeln!(wrong, "{} (cut {at}): {}\n      {said}", attack.name, faults.join("; ")).unwrap();
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}
