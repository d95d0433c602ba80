//! `filter --format jsonl`: one response per line, for batches and audits of old transcripts.

use std::borrow::Cow;
use std::io::{self, BufRead, Write};

use serde::{Deserialize, Serialize};

use super::Ending;
use super::filter::Filtering;
use crate::error::{Error, Result};
use crate::{Finding, Session, Verdict};

#[derive(Deserialize)]
struct Question {
    #[serde(default)]
    id: serde_json::Value,
    /// Missing: the readers of the command line; null: a stranger.
    #[serde(default, deserialize_with = "given")]
    reader: Option<Readers>,
    text: Option<String>,
    chunks: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Readers {
    Nobody(()),
    One(String),
    Several(Vec<String>),
}

/// Tells a field that is null from one that is not there.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Readers>, D::Error> {
    Readers::deserialize(deserializer).map(Some)
}

#[derive(Serialize)]
struct Answer {
    id: serde_json::Value,
    text: String,
    stopped: bool,
    findings: Vec<Finding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    released: Option<Vec<String>>,
}

pub(super) fn filter(filtering: &mut Filtering, readers: &[String]) -> Result<Ending> {
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        let read =
            input.read_until(b'\n', &mut line).map_err(|error| Error::io("cannot read stdin", &error))?;
        if read == 0 {
            break;
        }
        let text = String::from_utf8_lossy(&line);
        if matches!(text, Cow::Owned(_)) {
            filtering.note_encoding();
        }
        let text = if number == 1 { text.trim_start_matches('\u{feff}') } else { &text };
        if text.trim().is_empty() {
            continue;
        }
        let malformed = |what: &str| Error::data(format!("stdin:{number}: {what}"));
        let question: Question = serde_json::from_str(text).map_err(|_| {
            malformed("expected a JSON object with \"id\", \"reader\" (a name, several or null) and \"text\" or \"chunks\"")
        })?;
        let (pieces, chunked) = match (question.text, question.chunks) {
            (Some(text), None) => (pieces(text, filtering.chunk), false),
            (None, Some(chunks)) => (chunks, true),
            _ => return Err(malformed("expected either \"text\" or \"chunks\"")),
        };
        let readers = match question.reader {
            None => readers.to_vec(),
            Some(Readers::Nobody(())) => Vec::new(),
            Some(Readers::One(reader)) => vec![reader],
            Some(Readers::Several(readers)) => readers,
        };
        filtering.look();
        let session = filtering.session(&readers);
        let answer = check(&session, question.id, &pieces, chunked);
        filtering.report(&answer.findings)?;
        filtering.disclose(&session)?;
        let mut answer = serde_json::to_vec(&answer).expect("plain data");
        answer.push(b'\n');
        output
            .write_all(&answer)
            .and_then(|()| output.flush())
            .map_err(|error| Error::io("cannot write to stdout", &error))?;
    }
    Ok(Ending::Done)
}

/// The text in pieces of about this many bytes, none inside a character.
fn pieces(text: String, chunk: Option<usize>) -> Vec<String> {
    let Some(chunk) = chunk else { return vec![text] };
    let (mut pieces, mut start) = (Vec::new(), 0);
    while start < text.len() {
        let end = (start + chunk..text.len()).find(|end| text.is_char_boundary(*end)).unwrap_or(text.len());
        pieces.push(text[start..end].to_owned());
        start = end;
    }
    pieces
}

fn check(session: &Session, id: serde_json::Value, pieces: &[String], chunked: bool) -> Answer {
    let mut checker = session.checker();
    let mut released: Vec<String> = pieces
        .iter()
        .map(|piece| {
            let mut safe = String::new();
            let _ = checker.push(piece, &mut safe);
            safe
        })
        .collect();
    let mut rest = String::new();
    let stopped = checker.finish(&mut rest) == Verdict::Stop;
    released.push(rest);
    let text = released.concat();
    Answer { id, text, stopped, findings: checker.take_findings(), released: chunked.then_some(released) }
}
