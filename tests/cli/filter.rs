//! `filter`: what comes out, when, and how it ends.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::support::{Ended, Place, VALUES};
use serde_json::{Value, json};

/// A filter that runs while its input is being written.
struct Live {
    child: Child,
    out: Receiver<Vec<u8>>,
}

impl Live {
    fn new(place: &Place, options: &[&str]) -> Self {
        let mut child = Command::new(assert_cmd::cargo::cargo_bin!("tightlip"))
            .current_dir(place.path(""))
            .args(["filter", "--index", "index.tlx"])
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let (send, out) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = stdout.read(&mut buffer) {
                if send.send(buffer[..read].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { child, out }
    }

    fn write(&mut self, piece: impl AsRef<[u8]>) {
        let stdin = self.child.stdin.as_mut().unwrap();
        stdin.write_all(piece.as_ref()).and_then(|()| stdin.flush()).unwrap();
    }

    /// Waits until this has come out, and nothing else.
    #[track_caller]
    fn shows(&self, expected: &str) {
        let mut shown = Vec::new();
        while shown.len() < expected.len() {
            shown.extend(self.out.recv_timeout(Duration::from_secs(20)).expect("more comes out"));
        }
        assert_eq!(String::from_utf8_lossy(&shown), expected);
    }

    /// Nothing comes out.
    #[track_caller]
    fn holds(&self) {
        let shown = self.out.recv_timeout(Duration::from_millis(300));
        assert!(shown.is_err(), "{:?}", shown.map(|shown| String::from_utf8_lossy(&shown).into_owned()));
    }

    /// Ends the input.
    fn ended(mut self) -> Ended {
        drop(self.child.stdin.take());
        let out: Vec<u8> = self.out.iter().flatten().collect();
        let mut ended = Ended::from(self.child.wait_with_output().unwrap());
        ended.out = String::from_utf8(out).unwrap();
        ended
    }
}

#[test]
fn what_is_safe_appears_at_once_and_what_is_held_when_it_is_decided() {
    let place = Place::with_index();
    let mut live = Live::new(&place, &["--reader", "C-1001"]);
    for (piece, shown) in [
        ("Dear Ann, ", "Dear Ann, "),
        ("write to ", "write to "),
        ("ann@example.com ", "ann@example.com "),
        ("or bob@exa", "or "),
        ("mple.com ", "[EMAIL] "),
        ("or bob@exa", "or "),
        ("mple.net ", "bob@example.net "),
        ("caf\u{e9} ", "caf\u{e9} "),
    ] {
        live.write(piece);
        live.shows(shown);
    }
    live.write("PP81Z");
    live.holds();
    live.write("D");
    live.holds(); // PP81ZD7 would be another code
    live.write(".");
    live.shows("[REFERENCE].");
    live.write("\nbob@example.com");
    live.shows("\n");
    let ended = live.ended();
    assert_eq!((ended.code, &*ended.out, &*ended.err), (Some(0), "[EMAIL]", ""));
}

#[test]
fn a_character_cut_by_reads_is_one_character() {
    let place = Place::with_index();
    let mut live = Live::new(&place, &[]);
    live.write(b"Of \xe2\x82");
    live.shows("Of ");
    live.write(b"\xac or \xff");
    live.shows("\u{20ac} or \u{fffd}");
    live.write(b" so \xf0\x9f");
    live.shows(" so ");
    let ended = live.ended();
    assert_eq!((ended.code, &*ended.out), (Some(0), "\u{fffd}"));
    assert_eq!(ended.err, "tightlip: stdin is not UTF-8; bytes that are not become U+FFFD\n");
    let bytes = b"caf\xc3\xa9 \xff ann@example.com \xf0\x9f\x98\x80 \xe2\x82";
    for chunk in 1..=bytes.len() {
        let ended = place.fed(&format!("filter --index index.tlx --chunk {chunk}"), &bytes[..]).well();
        assert_eq!(ended.out, "caf\u{e9} \u{fffd} [EMAIL] \u{1f600} \u{fffd}", "in pieces of {chunk}");
        assert_eq!(ended.err.lines().count(), 1);
    }
    for line in [
        &b"{\"text\":\"caf\xe9 ann@example.com\"}\n{\"text\":\"\xff\"}\n"[..],
        b"\xef\xbb\xbf{\"text\":\"caf\xe9 ann@example.com\"}\r\n\r\n{\"text\":\"\xff\"}",
    ] {
        let ended = place.fed("filter --index index.tlx --format jsonl", line).well();
        let texts: Vec<Value> = ended
            .out
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["text"].clone())
            .collect();
        assert_eq!(texts, [json!("caf\u{fffd} [EMAIL]"), json!("\u{fffd}")]);
        assert_eq!(ended.err.lines().count(), 1, "{}", ended.err);
    }
}

#[test]
fn a_stop_ends_the_response_with_its_message() {
    let place = Place::with_index();
    place.write("stop.toml", "stop_message = 'I must not say that.'\n[kinds]\nemail = 'stop'\n");
    let ended =
        place.fed("filter --index index.tlx --policy stop.toml", "Write to ann@example.com now, please.");
    assert_eq!((ended.code, &*ended.out, &*ended.err), (Some(3), "Write to I must not say that.", ""));
    let mut live = Live::new(&place, &["--policy", "stop.toml", "--findings", "found.jsonl"]);
    live.write("Write to ann@example.com ");
    live.shows("Write to I must not say that.");
    assert_eq!(live.child.wait().unwrap().code(), Some(3)); // without waiting for the rest
    let found: Value =
        serde_json::from_str(&std::fs::read_to_string(place.path("found.jsonl")).unwrap()).unwrap();
    assert_eq!((&found["action"], &found["rule"]), (&json!("stop"), &json!("kinds.email")));
    // In a batch it is the line that is stopped.
    let lines = "{\"id\":1,\"chunks\":[\"Write to \",\"ann@example.com now\",\" please\"]}\n{\"id\":2,\"text\":\"Hello\"}\n";
    let ended = place.fed("filter --index index.tlx --policy stop.toml --format jsonl", lines).quietly();
    let answers: Vec<Value> = ended.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers[0]["text"], "Write to I must not say that.");
    assert_eq!((&answers[0]["stopped"], &answers[1]["stopped"]), (&json!(true), &json!(false)));
    assert_eq!(answers[0]["released"], json!(["Write to ", "I must not say that.", "", ""]));
}

#[test]
fn findings_say_what_and_where_but_not_the_value() {
    let place = Place::with_index();
    let text = "caf\u{e9}: Bob Ray, bob@example.com, born November 30, 1985, PP81ZD";
    place.fed("filter --index index.tlx --findings found.jsonl", text).quietly();
    let found = std::fs::read_to_string(place.path("found.jsonl")).unwrap();
    let ended = place.fed("filter --index index.tlx --findings -", text).well();
    assert_eq!(ended.err, found);
    let findings: Vec<Value> = found.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let spans: Vec<(&str, &str)> = findings
        .iter()
        .map(|finding| {
            let at = |key: &str| finding[key].as_u64().unwrap() as usize;
            (finding["kind"].as_str().unwrap(), &text[at("start")..at("end")])
        })
        .collect();
    assert!(
        spans.contains(&("email", "bob@example.com")) && spans.contains(&("reference", "PP81ZD")),
        "{spans:?}"
    );
    assert!(VALUES.iter().all(|value| !found.contains(value)), "{found}");
    for key in [
        "id",
        "rule",
        "generation",
        "kind",
        "action",
        "start",
        "end",
        "channel",
        "how",
        "owners",
        "owner",
        "facts",
    ] {
        assert!(findings.iter().all(|finding| !finding[key].is_null()), "{key}");
    }
    assert!(findings.iter().all(|finding| finding["owner"].as_str().unwrap().starts_with("k:")));
    place.fed("filter --index index.tlx --findings no/such/file", text).refused_at_once(1, &["no/such/file"]);
    // What cannot start leaves the findings of an earlier run.
    place.fed("filter --index none.tlx --findings found.jsonl", text).refused_at_once(1, &["none.tlx"]);
    assert_eq!(std::fs::read_to_string(place.path("found.jsonl")).unwrap(), found);
}

#[test]
fn every_line_of_a_batch_has_its_own_reader() {
    let place = Place::with_index();
    let text = "ann@example.com bob@example.com";
    for (reader, shown) in [
        (json!("C-1001"), "ann@example.com [EMAIL]"),
        (json!("C-1002"), "[EMAIL] bob@example.com"),
        (json!(["C-1002"]), "[EMAIL] bob@example.com"),
        (json!(["C-1001", "C-1002"]), "[EMAIL] [EMAIL]"),
        (json!([]), "[EMAIL] [EMAIL]"),
        (json!(null), "[EMAIL] [EMAIL]"),
    ] {
        let line = json!({"id": {"any": 1}, "reader": reader, "text": text}).to_string();
        let answer: Value = serde_json::from_str(
            &place.fed("filter --index index.tlx --format jsonl --reader C-1001", line).quietly(),
        )
        .unwrap();
        assert_eq!((&answer["text"], &answer["id"]), (&json!(shown), &json!({"any": 1})), "{reader}");
        assert!(answer.get("released").is_none());
    }
    // Without the field it is the reader of the command line.
    let line =
        json!({"id": 1, "chunks": ["ann@exa", "mple.com bob@exam", "ple.com and bob@", "exam"]}).to_string();
    for (options, safe, released) in [
        ("", "[EMAIL] [EMAIL] and bob@exam", json!(["", "[EMAIL] ", "[EMAIL] and ", "", "bob@exam"])),
        (" --reader C-1001", "ann@example.com [EMAIL] and bob@exam", json!(null)),
    ] {
        let ended = place.fed(&format!("filter --index index.tlx --format jsonl{options}"), &*line).quietly();
        let answer: Value = serde_json::from_str(&ended).unwrap();
        assert_eq!(answer["text"], safe);
        let pieces: Vec<&str> =
            answer["released"].as_array().unwrap().iter().map(|piece| piece.as_str().unwrap()).collect();
        assert_eq!((pieces.len(), pieces.concat()), (5, safe.to_owned()));
        assert!(released.is_null() || answer["released"] == released, "{answer}");
    }
    let nobody = json!({"id": 1, "reader": "nobody", "text": text}).to_string() + "\n";
    let ended = place.fed("filter --index index.tlx --format jsonl", nobody.repeat(3)).well();
    assert_eq!(ended.out.matches("[EMAIL] [EMAIL]").count(), 3);
    assert_eq!(
        ended.err,
        "tightlip: the index does not know a reader; whoever it does not know owns nothing\n"
    );
}

#[test]
fn a_batch_line_that_cannot_be_read_is_placed() {
    let place = Place::with_index();
    for line in [
        "ann@example.com",
        "[]",
        "7",
        "{\"id\":1}",
        "{\"text\":7}",
        "{\"text\":\"a\",\"chunks\":[]}",
        "{\"chunks\":[1]}",
        "{\"reader\":7,\"text\":\"ann@example.com\"}",
        "{\"reader\":[null],\"text\":\"a\"}",
        "{\"text\":\"ann@example.com",
        "{\"text\":\"a\"} ann@example.com",
    ] {
        let ended =
            place.fed("filter --index index.tlx --format jsonl", format!("{{\"text\":\"Hi\"}}\n\n{line}\n"));
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert_eq!(ended.out.lines().count(), 1); // what came before stands
        assert!(
            ended.err.starts_with("tightlip: stdin:3: expected ") && ended.err.lines().count() == 1,
            "{ended:?}"
        );
        assert!(!ended.err.contains("ann@"), "{ended:?}");
    }
}

#[test]
fn readers_are_strangers_unless_all_of_them_are_known_and_allowed() {
    let place = Place::with_index();
    let text = "ann@example.com bob@example.com";
    let note = "tightlip: the index does not know a reader; whoever it does not know owns nothing\n";
    for (options, shown, err) in [
        ("", "[EMAIL] [EMAIL]", ""),
        ("--reader C-1001", "ann@example.com [EMAIL]", ""),
        ("--reader C-1001 --acting-for C-1002", text, ""),
        ("--reader C-1001 --reader C-1002", "[EMAIL] [EMAIL]", ""),
        ("--reader nobody", "[EMAIL] [EMAIL]", note),
        ("--reader nobody --reader nobody2", "[EMAIL] [EMAIL]", note),
        ("--reader C-1001 --reader nobody", "[EMAIL] [EMAIL]", note),
        ("--reader c-1001", "[EMAIL] [EMAIL]", note),
    ] {
        for order in
            [format!("filter --index index.tlx {options}"), format!("filter {options} --index=index.tlx")]
        {
            let ended = place.fed(&order, text).well();
            assert_eq!((&*ended.out, &*ended.err), (shown, err), "{order}");
        }
    }
}

#[test]
fn policies_that_say_nothing_meaningful_are_refused() {
    let place = Place::with_index();
    for (policy, parts) in [
        ("[kidns]\nemail = 'redact'", &["kidns", "did you mean `kinds`?"][..]),
        ("[kinds]\nemial = 'redact'", &["emial", "did you mean `email`?"]),
        ("[kinds]\nemail = 'redcat'", &["kinds", "redcat", "`redact`"]),
        ("stop_mesage = 'x'", &["stop_mesage", "did you mean `stop_message`?"]),
        ("[redact]\nstyle = 'labl'", &["redact", "labl", "`label`"]),
        ("[together]\nfact = 3", &["fact", "did you mean `facts`?"]),
        ("[together]\nkinds = ['nmae']", &["nmae", "did you mean `name`?"]),
        ("extends = 'strikt'", &["strikt", "did you mean `strict`?"]),
        ("[allow]\nfiles = ['none.txt']", &["none.txt"]),
        ("[kinds]\nemail = 'redact'\nemail = 'stop'", &["line 3", "duplicate key"]),
        ("a = [", &["line 1"]),
    ] {
        let ended = place.write("p.toml", policy).run("filter --index index.tlx --policy p.toml");
        ended.refused_at_once(if policy.contains("files") { 1 } else { 2 }, parts);
    }
    place
        .write("p.toml", b"stop_message = 'caf\xe9'")
        .run("filter --index index.tlx --policy p.toml")
        .refused_at_once(2, &["p.toml", "UTF-8"]);
    place
        .run("filter --index index.tlx --policy none.toml")
        .refused_at_once(1, &["none.toml", "no such file"]);
    place
        .run("filter --index index.tlx --policy standart")
        .refused_at_once(2, &["standart", "standard, strict, closed, observe", "did you mean `standard`?"]);
    for name in ["standard", "strict", "closed", "observe"] {
        let shown = place.run(&format!("policy show {name}")).quietly();
        place.write("p.toml", shown);
        let by_file =
            place.fed("filter --index index.tlx --policy p.toml", "Ann Lee, ann@example.com").quietly();
        assert_eq!(
            by_file,
            place
                .fed(&format!("filter --index index.tlx --policy {name}"), "Ann Lee, ann@example.com")
                .quietly()
        );
    }
}

#[cfg(unix)]
#[test]
fn a_reader_of_stdout_that_goes_away_ends_the_filter() {
    let place = Place::with_index();
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("tightlip"))
        .current_dir(place.path(""))
        .args(["filter", "--index", "index.tlx"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0];
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"Write to ann@example.com now. ").unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut first).unwrap();
    drop(stdout);
    // Writing fails as soon as the filter has gone.
    while stdin.write_all(&b"Write to ann@example.com now. ".repeat(1_000)).is_ok() {}
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!((first, output.status.code()), (*b"W", Some(1)));
    assert_eq!(err, "tightlip: cannot write to stdout: broken pipe\n");
}
