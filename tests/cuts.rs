//! What leaves of a response does not depend on how its bytes come: an event at a time, some at a time, or byte by byte.

mod support;

use support::Seeded;
use tightlip::wire::{Format, Framing, Guard, Progress};
use tightlip::{Identifier, Index, IndexBuilder, Kind, Policy, Reader, Session};

const WORDS: &[&str] = &[
    "Greta",
    " Lind",
    "qvist",
    " Lindqvist",
    " and",
    " the",
    "ann",
    "@example",
    ".com",
    " ann@example.com",
    " +1 415",
    " 555",
    "-0134",
    "5",
    ".",
    ",\\n",
    "é",
    " ",
    "",
    " Gre",
    "ta",
    " you\\\"",
    "\\u00e9",
    "\\ud83d",
    "\\ude00",
    " ok",
    " ok",
];

/// What some providers send for a token, and what they send between.
const STREAMS: &[(Format, Framing, &[&str], &[&str])] = &[
    (
        Format::OpenAiChat,
        Framing::Sse,
        &[
            r#"{"id":"x","choices":[{"index":0,"delta":{"content":"WORD"},"finish_reason":null}]}"#,
            r#"{"id":"x","choices":[{"index":PLACE,"delta":{"content":"WORD"}}],"usage":{"n":NUMBER}}"#,
        ],
        &[r#"{"id":"x","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#, "[DONE]"],
    ),
    (
        Format::OpenAiResponses,
        Framing::Sse,
        &[
            r#"{"type":"response.output_text.delta","sequence_number":NUMBER,"item_id":"a","output_index":0,"content_index":0,"delta":"WORD"}"#,
        ],
        &[
            r#"{"type":"response.content_part.done","sequence_number":NUMBER,"item_id":"a","output_index":0,"content_index":0}"#,
        ],
    ),
    (
        Format::Anthropic,
        Framing::Sse,
        &[r#"{"type":"content_block_delta","index":PLACE,"delta":{"type":"text_delta","text":"WORD"}}"#],
        &[r#"{"type":"content_block_stop","index":0}"#, r#"{"type":"ping"}"#],
    ),
    (
        Format::OpenAiAssistants,
        Framing::Sse,
        &[
            r#"{"id":"msg_1","object":"thread.message.delta","delta":{"content":[{"index":0,"type":"text","text":{"value":"WORD","annotations":[]}}]}}"#,
        ],
        &[],
    ),
    (
        Format::Ollama,
        Framing::Ndjson,
        &[r#"{"model":"m","created_at":"t","message":{"role":"assistant","content":"WORD"},"done":false}"#],
        &[r#"{"model":"m","created_at":"t","message":{"role":"assistant","content":""},"done":true}"#],
    ),
    (
        Format::AiSdkData,
        Framing::DataStream,
        &["0:\"WORD\"", "g:\"WORD\""],
        &["e:{\"finishReason\":\"stop\"}"],
    ),
];

fn index() -> Index {
    let mut builder = IndexBuilder::new();
    for (kind, text) in
        [(Kind::Name, "Greta Lindqvist"), (Kind::Email, "ann@example.com"), (Kind::Phone, "+1 415 555 0134")]
    {
        builder.add(Identifier { owner: "C-1", kind, text }).unwrap();
    }
    builder.finish_in_memory().unwrap()
}

fn policies() -> Vec<Policy> {
    [
        "",
        "[kinds]\nemail = 'stop'",
        "[kinds]\nname = 'redact'",
        "notice = 'Some details were left out.'",
        "[kinds]\nemail = 'observe'",
        "[hold]\ncadence = 'blind'",
    ]
    .into_iter()
    .map(|text| Policy::from_toml(text).unwrap())
    .collect()
}

/// What left of a response in these pieces, how it ended, and how much was found.
fn checked(
    session: &Session,
    format: Format,
    framing: Framing,
    pieces: &[Vec<u8>],
) -> (String, Progress, usize) {
    let (mut guard, mut out) = (Guard::new(session, format, framing), Vec::new());
    let mut progress = Progress::Continue;
    for piece in pieces {
        if progress == Progress::Continue {
            progress = guard.push(piece, &mut out);
        }
    }
    if progress == Progress::Continue {
        progress = guard.finish(&mut out);
    }
    (String::from_utf8(out).unwrap(), progress, guard.take_findings().len())
}

/// The events of a stream, each in its bytes.
fn events(random: &mut Seeded, framing: Framing, tokens: &[&str], others: &[&str]) -> Vec<Vec<u8>> {
    let pick = |random: &mut Seeded, of: &[&'static str]| of[random.below(of.len())];
    let end = pick(random, &["\n", "\n", "\r\n", "\r"]);
    let notes = pick(random, &["", "", "", "event: chunk", ": note", ": ann@example.com", "id: 7|: note"]);
    let token = tokens[random.below(tokens.len())];
    let (is_calm, is_mixed) = (random.below(2) == 0, random.below(4) == 0);
    let mut event = |at: usize| {
        let word = if is_calm && at < 12 { " ok" } else { pick(random, WORDS) };
        let token = if is_mixed && random.below(3) == 0 { tokens[random.below(tokens.len())] } else { token };
        let is_other = at > 10 && random.below(12) == 0;
        let payload = if is_other && !others.is_empty() { others[random.below(others.len())] } else { token };
        let payload = payload.replace("WORD", word).replace("NUMBER", &at.to_string());
        let payload = payload.replace("PLACE", &random.below(2).to_string());
        if framing != Framing::Sse {
            let end = if end == "\r" { "\n" } else { end };
            return format!("{payload}{end}");
        }
        if at > 10 && random.below(12) == 0 {
            return pick(random, &[": ping", "event: ping", "data: ", "id: 3"]).to_owned() + end + end;
        }
        let notes: String =
            notes.split('|').filter(|note| !note.is_empty()).map(|note| format!("{note}{end}")).collect();
        format!("{notes}data: {payload}{end}{end}")
    };
    (0..40).map(|at| event(at).into_bytes()).collect()
}

#[test]
fn what_leaves_does_not_depend_on_how_the_bytes_come() {
    let (index, policies) = (index(), policies());
    let mut random = Seeded(11);
    println!("seed 11");
    for round in 0..600 {
        let (format, framing, tokens, others) = STREAMS[round % STREAMS.len()];
        let policy = &policies[round / STREAMS.len() % policies.len()];
        let events = events(&mut random, framing, tokens, others);
        let some: Vec<Vec<u8>> = events.chunks(1 + random.below(6)).map(<[_]>::concat).collect();
        let bytes: Vec<Vec<u8>> = events.concat().iter().map(|byte| vec![*byte]).collect();
        let [one, some, bytes] = [&events, &some, &bytes].map(|pieces| {
            checked(&Session::new(&index, policy, Reader::stranger()), format, framing, pieces)
        });
        assert_eq!(one, bytes, "{format:?}, round {round}");
        assert_eq!(some, bytes, "{format:?}, round {round}, some events at a time");
    }
}

/// Events of nine tokens, after which these come, each in a piece of its own.
fn behind_tokens(format: Format, policy: &str, token: &str, more: &[&str]) -> (String, Progress, usize) {
    let mut pieces = vec![token.replace("WORD", " ok").into_bytes(); 9];
    pieces.extend(more.iter().map(|piece| piece.as_bytes().to_vec()));
    let policy = Policy::from_toml(policy).unwrap();
    checked(&Session::new(&index(), &policy, Reader::stranger()), format, Framing::Sse, &pieces)
}

const CHAT: &str =
    "event: chunk\ndata: {\"id\":\"x\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"WORD\"}}]}\n\n";
const STOP: &str = "[kinds]\nemail = 'stop'";

#[test]
fn a_stopped_response_ends_as_its_events_are_framed_and_says_what_they_said_of_themselves() {
    let email = CHAT.replace("WORD", " ann@example.com so");
    let (out, progress, _) = behind_tokens(Format::OpenAiChat, STOP, CHAT, &[": ping\n\n", &email]);
    assert_eq!(progress, Progress::Stopped);
    let ends: Vec<&str> = out.split("\n\n").filter(|event| event.contains("content_filter")).collect();
    assert!(!ends.is_empty() && ends.iter().all(|end| end.starts_with("event: chunk\ndata: {")), "{out}");

    // Half a character in the event before.
    let half = CHAT.replace("WORD", "\\ude00");
    let (out, _, _) =
        behind_tokens(Format::OpenAiChat, STOP, CHAT, &[&half, &CHAT.replace("WORD", " ok. "), &email]);
    assert!(
        out.rsplit("data: ").any(|event| event.contains("content_filter") && event.contains("\"id\":\"x\"")),
        "{out}"
    );
}

#[test]
fn what_was_found_is_told_although_the_response_breaks() {
    let pieces = [
        &*CHAT.replace("WORD", " ann@example.com"),
        "data: [DONE]\n\n",
        &CHAT.replace("WORD", " ok"),
        "data: {\n\n",
    ];
    let (out, progress, findings) = behind_tokens(Format::OpenAiChat, "", CHAT, &pieces);
    assert!(matches!(progress, Progress::Broken(_)) && out.contains("[EMAIL]"), "{out}");
    assert_eq!(findings, 1);
}

#[test]
fn an_event_stays_one_without_a_note_between_two_ends_of_lines() {
    let token = CHAT.replace("event: chunk\n", "");
    let noted = token.replace("}\n\n", "}\r: ann@example.com\n\n").replace("WORD", " and");
    let (out, _, findings) = behind_tokens(Format::OpenAiChat, "", &token, &[&noted]);
    assert!(findings == 1 && out.ends_with("}\r\n\n"), "{out:?}");
}

/// A text and what was thought, which say the same.
#[test]
fn what_is_left_of_two_texts_that_say_the_same_is_not_one() {
    let policy = Policy::from_toml("[kinds]\nname = 'redact'").unwrap();
    let session = Session::new(&index(), &policy, Reader::stranger());
    let pieces = [b"0:\" Greta\"\n".to_vec(), b"g:\" Greta\"\n".to_vec()];
    let (out, _, _) = checked(&session, Format::AiSdkData, Framing::DataStream, &pieces);
    assert_eq!(out.matches("Greta").count(), 2, "{out}");
}
