//! `tightlip bench`: what it measures, its budget, its page, and many streams.

use crate::support::{Ended, PEOPLE, Place, VALUES};
use serde_json::Value;

const SHORT: &str = "bench --seconds 0.05";
const ANSWER: &str = "Hello Ann Lee, Bob Ray (bob@example.com, +1 415 555 0177) has your parcel.\n";

fn json(ended: Ended) -> Value {
    serde_json::from_str(&ended.quietly()).expect("one JSON object")
}

/// A place with an index, and an answer that is given to one customer and tells of the other.
fn place() -> Place {
    let place = Place::with_index();
    place.write("answer.txt", ANSWER);
    place
}

fn number(report: &Value, pointer: &str) -> f64 {
    report.pointer(pointer).and_then(Value::as_f64).unwrap_or_else(|| panic!("no {pointer} in {report}"))
}

#[test]
fn without_anything_the_demo_is_measured() {
    let table = Place::new().run(SHORT).quietly();
    for part in [
        "72 identifiers of 8 owners, of the demo",
        "policy                  standard",
        "text, 458 B in 114 pushes, of the demo",
        "time of a push",
        "empty loop",
        "p99.9",
        "throughput",
        "held back, at 50 tokens a second",
        "tokens delayed",
        "added to first token",
        "memory",
        "allocations",
        "machine",
        "clock",
    ] {
        assert!(table.contains(part), "no {part:?} in {table}");
    }
    assert!(!table.contains("over budget") && !table.contains("streams at"), "{table}");
}

#[test]
fn json_has_what_is_measured() {
    let report =
        json(place().run(&format!("{SHORT} --index index.tlx --text answer.txt --reader C-1001 --json")));
    for spread in
        ["/push/ns", "/machine/clock/empty_ns", "/held_bytes", "/delay/tokens", "/first_token/start_ns"]
    {
        let [p50, p99, p999, max] =
            ["p50", "p99", "p999", "max"].map(|part| number(&report, &format!("{spread}/{part}")));
        assert!(p50 <= p99 && p99 <= p999 && p999 <= max, "{spread}: {report}");
        assert!(number(&report, &format!("{spread}/n")) >= 2.0);
        assert!(number(&report, &format!("{spread}/mean")) <= max);
    }
    for figure in [
        "/push/mean_ns",
        "/push/bytes_per_second",
        "/machine/cores",
        "/machine/clock/resolution_ns",
        "/memory/process_bytes",
    ] {
        assert!(number(&report, figure) > 0.0, "{figure}: {report}");
    }
    assert_eq!((number(&report, "/index/owners"), &report["policy"]), (2.0, &"standard".into()));
    assert_eq!(number(&report, "/response/bytes"), ANSWER.len() as f64);
    assert_eq!(number(&report, "/response/findings"), 2.0, "an email and a telephone number");
    assert!(
        number(&report, "/delay/delayed") > 0.1
            && number(&report, "/held_bytes/max") >= "bob@example.com".len() as f64
    );
    assert_eq!((&report["streams"], &report["over"]), (&Value::Null, &Value::Array(vec![])));
}

#[test]
fn what_is_not_held_is_not_late() {
    let place = place();
    place.write("answer.txt", "Your parcel is on its way to the shop, and will be there on Monday.");
    let report =
        json(place.run(&format!("{SHORT} --index index.tlx --text answer.txt --policy observe --json")));
    for figure in ["/held_bytes/max", "/delay/delayed", "/delay/tokens/max", "/first_token/held_tokens"] {
        assert_eq!(number(&report, figure), 0.0, "{figure}: {report}");
    }
}

#[test]
fn delays_are_those_of_the_held_tokens() {
    let place = place();
    place.write("answer.txt", "bob@example.com?");
    let at = |arguments: &str| {
        json(place.run(&format!("{SHORT} --index index.tlx --text answer.txt --json {arguments}")))
    };
    // Every byte is a token; all of them wait for the question mark, and that for nothing.
    let report = at("--chunk 1 --rate 10");
    assert_eq!(number(&report, "/first_token/held_tokens"), 15.0);
    assert_eq!((number(&report, "/delay/tokens/n"), number(&report, "/delay/tokens/max")), (16.0, 15.0));
    assert_eq!(number(&report, "/delay/delayed"), 15.0 / 16.0);
    assert_eq!(number(&report, "/delay/mean_of_delayed"), 8.0);
    assert!(number(&report, "/first_token/added_ns") >= 1.5e9, "fifteen tokens at ten a second");
    assert_eq!(number(&at("--chunk 100"), "/delay/delayed"), 0.0);
}

#[test]
fn a_recorded_stream_is_pushed_event_by_event() {
    let place = place();
    let words = ["Ask ", "bob@exa", "mple.com", " today", "."];
    let event =
        |word| format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{word}\"}}}}]}}\n\n");
    place.write("answer.sse", words.map(event).concat() + "data: [DONE]\n\n");
    for format in ["", "--format openai-chat"] {
        let report =
            json(place.run(&format!("{SHORT} --index index.tlx --stream answer.sse {format} --json")));
        assert_eq!((number(&report, "/response/pushes"), number(&report, "/response/findings")), (6.0, 1.0));
        assert!(number(&report, "/delay/tokens/max") >= 2.0, "{report}");
    }
    let stopping = place.write("stop.toml", "[kinds]\nemail = 'stop'\n");
    let report = json(
        stopping.run(&format!("{SHORT} --index index.tlx --stream answer.sse --policy stop.toml --json")),
    );
    assert_eq!((&report["response"]["stopped"], number(&report, "/response/pushes")), (&true.into(), 4.0));
}

#[test]
fn a_budget_that_is_kept_ends_with_0_and_one_that_is_not_with_4() {
    let place = place();
    let arguments = format!("{SHORT} --index index.tlx --text answer.txt --budget budget.toml");
    place.write(
        "budget.toml",
        "p99_push = '10s'\nmean_held = '1kB'\nadded_ttft = '1 token'\ndelayed = '100%'\nthroughput = '1B/s'\nmax_delay = '10s'\nmemory = '100GB'\n",
    );
    place.run(&arguments).quietly();

    place.write(
        "budget.toml",
        "p50_push = '1ns'\nmean_held = '0B'\nmax_held = '1kB'\nthroughput = '1000GB/s'\n",
    );
    let ended = place.run(&arguments);
    assert_eq!((ended.code, ended.err.as_str()), (Some(4), ""));
    let over = ended.out.split("over budget").nth(1).expect("a table of what is over");
    for (name, is_over) in
        [("p50_push", true), ("mean_held", true), ("max_held", false), ("throughput", true)]
    {
        assert_eq!(over.contains(name), is_over, "{name}: {over}");
    }
    let ended = place.run(&format!("{arguments} --json"));
    assert_eq!(ended.code, Some(4));
    let report: Value = serde_json::from_str(&ended.out).unwrap();
    let limits: Vec<&str> =
        report["over"].as_array().unwrap().iter().map(|over| over["limit"].as_str().unwrap()).collect();
    assert_eq!(limits, ["p50_push", "throughput", "mean_held"]);
    assert_eq!(report["over"][0]["budget"], "1ns");
}

#[test]
fn many_streams_are_all_checked() {
    let place = place();
    let arguments = "bench --index index.tlx --text answer.txt --streams 6 --rate 40 --seconds 0.5";
    let report = json(place.run(&format!("{arguments} --json")));
    for (load, streams, tokens) in [("idle", 6.0, 120.0), ("once", 6.0, 120.0), ("twice", 12.0, 240.0)] {
        let figure = |name: &str| number(&report, &format!("/streams/{load}/{name}"));
        assert_eq!((figure("streams"), figure("due")), (streams, tokens), "{load}");
        assert_eq!(figure("added_ns/n"), tokens, "every token that was due counts");
        let checked = if load == "idle" { 0.0 } else { tokens - figure("waiting") };
        assert_eq!(figure("checked"), checked, "{load}");
        assert!(figure("process_bytes") > 0.0 && figure("cores") >= 0.0);
    }
    place.write("budget.toml", "p99_added = '1ns'\ncores = 100\n");
    let ended = place.run(&format!("{arguments} --budget budget.toml"));
    assert_eq!(ended.code, Some(4));
    for part in ["6 streams at 40 tokens a second", "no checks", "12 streams", "503", "p99_added"] {
        assert!(ended.out.contains(part), "no {part:?} in {}", ended.out);
    }
}

#[test]
fn the_page_needs_no_network_and_says_nothing_of_the_response() {
    let place = place();
    let arguments = "bench --index index.tlx --text answer.txt --reader C-1002 --streams 2 --seconds 0.1 --html bench.html";
    place.run(arguments).quietly();
    let page = std::fs::read_to_string(place.path("bench.html")).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
    for foreign in ["http", "src=", "href=", "url(", "@import", "<script", "<link", "<img"] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    for part in [
        "How long a push takes",
        "What is held over the response",
        "How late tokens leave at 50 a second",
        "How late tokens are under load",
    ] {
        assert!(page.contains(part), "no {part:?}");
    }
    assert_eq!(page.matches("role=\"img\"").count(), 4);
    let no_text = ANSWER.split(' ').filter(|word| word.len() > 5);
    for silent in VALUES.into_iter().chain(no_text).chain(["C-1001", "C-1002", "answer.txt", "index.tlx"]) {
        assert!(!says(&page, silent), "{silent}");
    }
}

/// Whether this is said, and is not how a measured number ends: that may end in any four digits.
fn says(out: &str, silent: &str) -> bool {
    let is_end = |at: usize| out[..at].ends_with(|c: char| c.is_ascii_digit() || c == '.');
    out.match_indices(silent).any(|(at, _)| !is_end(at))
}

#[test]
fn nothing_printed_says_anything_of_the_response() {
    let place = place();
    let arguments = format!("{SHORT} --index index.tlx --text answer.txt --reader C-1002");
    for out in [place.run(&arguments).quietly(), place.run(&format!("{arguments} --json")).quietly()] {
        for silent in VALUES.into_iter().chain(["parcel", "C-1001", "C-1002"]) {
            assert!(!says(&out, silent), "{silent} in {out}");
        }
    }
    let ended = place.run(&format!("{SHORT} --index index.tlx --reader C-9")).well();
    assert_eq!(
        ended.err,
        "tightlip: the index does not know a reader; whoever it does not know owns nothing\n"
    );
}

#[test]
fn mistakes_are_said_in_one_line() {
    let place = place();
    place.write("empty.txt", "").write("people.txt", PEOPLE).write("bad.sse", "data: {\"choices\":[\n\n");
    for (arguments, code, parts) in [
        ("--index no.tlx", 1, &["no.tlx"][..]),
        ("--text no.txt", 1, &["no.txt"]),
        ("--text empty.txt", 2, &["empty.txt", "empty"]),
        ("--stream empty.txt", 2, &["empty.txt", "empty"]),
        ("--stream bad.sse --format openai-chat", 2, &["bad.sse", "--format"]),
        ("--stream bad.sse --format openai-chatt", 2, &["did you mean `openai-chat`?"]),
        ("--stream people.txt --format text", 2, &["--text"]),
        ("--text people.txt --stream bad.sse", 2, &["--text", "--stream"]),
        ("--stream bad.sse --chunk 8", 2, &["--stream", "--chunk"]),
        ("--format anthropic", 2, &["--stream"]),
        ("--policy standart", 2, &["did you mean `standard`?"]),
        ("--rate 0", 2, &["--rate"]),
        ("--chunk 0", 2, &["--chunk"]),
        ("--streams 0", 2, &["--streams"]),
        ("--seconds 0", 2, &["--seconds", "between 0.01 and 3600"]),
        ("--quality --streams 5", 2, &["--quality", "--streams"]),
        ("--owners 100", 2, &["--quality"]),
        ("--budget no.toml", 1, &["no.toml"]),
        ("--html no/such/folder.html", 1, &["folder.html"]),
    ] {
        place.run(&format!("bench {arguments}")).refused_at_once(code, parts);
    }
    for (budget, reason) in [
        ("p99_psuh = '5us'", "did you mean `p99_push`?"),
        ("p99_push = '5 parsecs'", "p99_push: expected a time such as \"5us\""),
        ("p99_push = 5", "expected a time"),
        ("mean_held = '2 tokens'", "expected bytes"),
        ("added_ttft = '1B'", "expected tokens"),
        ("p99_added = '1ms'", "--streams"),
        ("p99_push = ", "budget.toml"),
        ("p99_push = [1]", "budget.toml"),
    ] {
        let ended = place.write("budget.toml", budget).run("bench --budget budget.toml");
        ended.refused_at_once(2, &["budget.toml", reason]);
    }
}
