//! Consent, conversations and disclosure reports on the command line.

use std::io::{Read, Write};
use std::process::Stdio;
use std::time::Duration;

use crate::support::{Place, VALUES};
use serde_json::Value;

#[test]
fn who_was_let_sees() {
    let place = Place::with_index();
    place.write("grants.csv", "owner,reader,kinds,until,id\nC-1002,C-1001,email,2999-12-31,G-7\nC-1002,C-1001,phone,2001-01-01,G-8\n");
    let shown = place.fed(
        "filter --index index.tlx --reader C-1001 --grants grants.csv",
        "bob@example.com, +1 415 555 0177",
    );
    assert_eq!(shown.quietly(), "bob@example.com, [PHONE]");
}

#[test]
fn a_grant_for_a_purpose_counts_where_it_is_stated() {
    let place = Place::with_index();
    place.write("grants.csv", "owner,reader,kinds,until,purpose\nC-1002,C-1001,*,,billing\n");
    for (purpose, safe) in
        [("", "[EMAIL]"), ("--purpose travel", "[EMAIL]"), ("--purpose billing", "bob@example.com")]
    {
        let command = format!("filter --index index.tlx --reader C-1001 --grants grants.csv {purpose}");
        assert_eq!(place.fed(&command, "bob@example.com").quietly(), safe);
    }
}

#[test]
fn grants_that_cannot_be_read_are_refused_with_their_line() {
    let place = Place::with_index();
    place.write("bad.csv", "owner,reader,kinds,until\nC-1002,C-1001,*,\nC-1002,C-1001,emial,\n");
    let refused = place.fed("filter --index index.tlx --grants bad.csv", "x");
    refused.refused_at_once(2, &["bad.csv:3", "emial", "did you mean `email`?"]);
    let refused = place.fed("filter --index index.tlx --grants absent.csv", "x");
    refused.refused_at_once(1, &["cannot read the grants absent.csv"]);
}

#[test]
fn a_conversation_goes_on_in_its_file() {
    let place = Place::with_index();
    let turn = |reader: &str, text: &str| {
        place.fed(&format!("filter --index index.tlx {reader} --conversation turns.json"), text).quietly()
    };
    assert_eq!(turn("--reader C-1001", "It is Bob Ray."), "It is Bob Ray.");
    let kept = std::fs::read_to_string(place.path("turns.json")).unwrap();
    assert!(VALUES.iter().all(|value| !kept.contains(value)), "{kept}");
    assert_eq!(turn("--reader C-1001", "Born 1985-11-30."), "Born [DATE OF BIRTH].");
    assert_eq!(turn("--reader C-1001", "Of 10001."), "Of [POSTCODE].");
    let kept = std::fs::read_to_string(place.path("turns.json")).unwrap();
    let others = place.fed("filter --index index.tlx --conversation turns.json", "Of 10001.").well();
    assert_eq!(others.out, "Of 10001.", "a stranger's is another one");
    assert_eq!(
        others.err,
        "tightlip: turns.json is another reader's conversation; it is left alone, and this response is not kept\n"
    );
    assert_eq!(std::fs::read_to_string(place.path("turns.json")).unwrap(), kept);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(place.path("turns.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    assert_eq!(place.files("").len(), 4, "nothing unfinished is left: {:?}", place.files(""));
}

#[test]
fn turns_at_once_wait_for_each_other() {
    let place = Place::with_index();
    let arguments = "filter --index index.tlx --reader C-1001 --conversation turns.json";
    let mut first = std::process::Command::new(assert_cmd::cargo::cargo_bin!("tightlip"))
        .current_dir(place.path("."))
        .args(arguments.split(' '))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = [0; 3];
    first.stdin.as_mut().unwrap().write_all(b"It is Bob Ray. And").unwrap();
    first.stdout.as_mut().unwrap().read_exact(&mut told).unwrap();
    assert_eq!(&told, b"It ", "it has begun");
    std::thread::scope(|scope| {
        let second = scope.spawn(|| place.fed(arguments, "Born 1985-11-30.").quietly());
        std::thread::sleep(Duration::from_millis(300));
        assert!(!second.is_finished());
        drop(first.stdin.take());
        assert_eq!(second.join().unwrap(), "Born [DATE OF BIRTH].");
    });
    assert!(first.wait().unwrap().success());
}

#[test]
fn a_conversation_is_kept_when_the_response_is_stopped() {
    let place = Place::with_index();
    place.write("stop.toml", "[kinds]\nemail = 'stop'\n");
    let command = "filter --index index.tlx --reader C-1001 --policy stop.toml --conversation turns.json";
    assert_eq!(place.fed(command, "Bob Ray, bob@example.com").code, Some(3));
    assert_eq!(place.fed(command, "1985-11-30").quietly(), "[DATE OF BIRTH]");
}

#[test]
fn what_is_no_conversation_is_refused() {
    let place = Place::with_index();
    place.write("turns.json", "{\"index\": 7}");
    let command = "filter --index index.tlx --conversation turns.json";
    place.fed(command, "x").refused_at_once(2, &["turns.json", "remove it to begin anew"]);
    place
        .fed(&format!("{command} --format jsonl"), "x")
        .refused_at_once(2, &["--conversation", "one response"]);
}

#[test]
fn reports_say_who_was_shown_what() {
    let place = Place::with_index();
    place.write("grants.csv", "owner,reader,kinds,until,id\nC-1002,C-1001,email,,G-7\n");
    let command = "filter --index index.tlx --grants grants.csv --report shown.jsonl";
    for (reader, text) in [
        ("--reader C-1001", "ann@example.com, bob@example.com, XK42TQ"),
        ("--reader C-1002", "bob@example.com and ann@example.com"),
        ("--reader C-1001", "bob@example.com, PP81ZD"),
        ("--policy observe", "bob@example.com"),
    ] {
        place.fed(&format!("{command} {reader}"), text).quietly();
    }
    let lines =
        "{\"reader\": \"C-1001\", \"text\": \"bob@example.com\"}\n{\"reader\": null, \"text\": \"hello\"}\n";
    place.fed(&format!("{command} --format jsonl"), lines).quietly();
    let reports = std::fs::read_to_string(place.path("shown.jsonl")).unwrap();
    assert_eq!(reports.lines().count(), 6);
    assert!(VALUES.iter().all(|value| !reports.contains(value)) && !reports.contains("C-100"), "{reports}");
    let first: Value = serde_json::from_str(reports.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&first["policy"]["name"], &first["generation"], &first["unchecked"]),
        (&"standard".into(), &1.into(), &Value::Array(vec![]))
    );
    assert_eq!(first["shown"].as_array().unwrap().len(), 3);

    let said = place.run("report --index index.tlx --owner C-1002 shown.jsonl").quietly();
    for line in [
        "email shown to k:",
        "(grant G-7) 3 times, ",
        "email shown to themselves (own) once, at 2",
        "email shown to a stranger (observed) once, at 2",
        "reference withheld from k:",
    ] {
        assert!(said.contains(line), "no {line:?} in {said}");
    }
    assert_eq!(said.lines().count(), 4, "{said}");
    let json = place.run("report --index index.tlx --owner C-1002 --json shown.jsonl").quietly();
    let line: Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
    assert!(line["first"].is_string() && line["count"].is_u64() && line["reader"].is_array());
    let nothing = place.run("report --index index.tlx --owner C-9999 shown.jsonl").quietly();
    assert_eq!(nothing, "nothing of this person was shown or withheld\n");
    place.write("bad.jsonl", "{}\n");
    place
        .run("report --index index.tlx --owner C-1002 bad.jsonl")
        .refused_at_once(2, &["bad.jsonl:1", "disclosure report"]);
}

#[test]
fn a_finding_is_explained_without_its_value() {
    let place = Place::with_index();
    let (options, text) = ("--index index.tlx --reader C-1001", "Bob Ray, born 1985-11-30; bob@example.com");
    let findings = place.fed(&format!("filter {options} --findings -"), text).well().err;
    let ids: Vec<Value> = findings.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let explained = |finding: &Value, text: &str| {
        place.fed(&format!("explain {options} --id {}", finding["id"].as_str().unwrap()), text)
    };
    let said = explained(&ids[0], text).quietly();
    for part in [
        "date_of_birth at bytes 14 to 24 of text",
        "rule      together",
        "2 of them, with what was said before: name",
    ] {
        assert!(said.contains(part), "no {part:?} in {said}");
    }
    assert!(VALUES.iter().all(|value| !said.contains(value)));
    let said = explained(&ids[1], text).quietly();
    assert!(said.contains("rule      kinds.email") && said.contains("one other person has it, k:"), "{said}");
    explained(&ids[1], "hello").refused_at_once(2, &["no finding has this id"]);
}

#[test]
fn everybody_whose_value_was_observed_finds_it() {
    let place = Place::new();
    place.write(
        "two.csv",
        "owner,name,phone\nC-1,Ann Lee,+1 415 555 0104\nC-2,Bob Ray,+1 415 555 0104\nC-3,Eve Ray,\n",
    );
    place.run("index build two.csv -o index.tlx").well();
    let command = "filter --index index.tlx --reader C-3 --report shown.jsonl";
    place.fed(&format!("{command} --policy observe"), "+1 415 555 0104").quietly();
    place.fed(command, "+1 415 555 0104").quietly();
    for owner in ["C-1", "C-2"] {
        let said = place.run(&format!("report --index index.tlx --owner {owner} shown.jsonl")).quietly();
        assert!(
            said.contains("phone shown to k:") && said.contains("phone withheld from k:"),
            "{owner}: {said}"
        );
    }
    assert!(place.run("report --index index.tlx --owner C-3 shown.jsonl").quietly().starts_with("nothing"));
}

#[test]
fn data_for_other_purposes_are_nobodys_if_the_policy_says_so() {
    let place = Place::new();
    place.write("people.csv", "owner,card,email,used_for\nC-1,4111 1111 1111 1111,ann@example.com,\nC-2,5500 0000 0000 0004,bob@example.com,travel;hotels\n");
    place.write("schema.toml", "[columns]\nused_for = 'purpose'\n[kinds.card]\npurpose = 'billing'\n");
    place.run("index build people.csv --schema schema.toml -o index.tlx").well();
    place.write("nobody.toml", "[purpose]\noutside = 'nobody'\n");
    let shown =
        |options: &str, text: &str| place.fed(&format!("filter --index index.tlx {options}"), text).quietly();
    let (ann, bob) = ("4111 1111 1111 1111, ann@example.com", "5500 0000 0000 0004, bob@example.com, travel");
    for (options, text, safe) in [
        ("--reader C-1", ann, ann),
        ("--reader C-1 --purpose travel", ann, ann),
        ("--reader C-1 --policy nobody.toml", ann, "[CARD], ann@example.com"),
        ("--reader C-1 --policy nobody.toml --purpose travel", ann, "[CARD], ann@example.com"),
        ("--reader C-1 --policy nobody.toml --purpose billing", ann, ann),
        ("--reader C-2", bob, bob),
        ("--reader C-2 --policy nobody.toml", bob, "[CARD], [EMAIL], travel"),
        ("--reader C-2 --policy nobody.toml --purpose billing", bob, "[CARD], [EMAIL], travel"),
        ("--reader C-2 --policy nobody.toml --purpose hotels", bob, "[CARD], bob@example.com, travel"),
        ("--reader C-1 --policy observe", bob, bob),
    ] {
        assert_eq!(shown(options, text), safe, "{options}");
    }
    // Grants, too, are for what the data are meant for.
    place.write("grants.csv", "owner,reader,kinds,until\nC-2,C-1,*,\n");
    for (purpose, safe) in [("hotels", "bob@example.com"), ("billing", "[EMAIL]")] {
        let options = format!("--reader C-1 --policy nobody.toml --grants grants.csv --purpose {purpose}");
        assert_eq!(shown(&options, "bob@example.com"), safe);
    }
    // An update keeps what owners said, and takes what they say now.
    place.write("more.csv", "owner,email,used_for\nC-2,bob@example.com,billing\n");
    place.run("index update index.tlx more.csv --schema schema.toml").well();
    let options = "--reader C-2 --policy nobody.toml --purpose";
    assert_eq!(shown(&format!("{options} billing"), "bob@example.com"), "bob@example.com");
    assert_eq!(shown(&format!("{options} hotels"), "bob@example.com"), "[EMAIL]");
    for (schema, why) in [
        ("[kinds.card]\nlabel = 'X'", "only `purpose` may be said"),
        ("[kinds.card]\npurpose = ''", "expected the name of a purpose"),
        ("[kinds.loyalty]\npurpose = []", "expected the name of a purpose"),
        ("[kinds.purpose]\nshape = 'code'", "choose another"),
    ] {
        place.write("bad.toml", schema);
        place
            .run("index build people.csv --schema bad.toml -o bad.tlx")
            .refused_at_once(2, &["bad.toml", why]);
    }
}

#[test]
fn a_notice_tells_the_reader_that_something_was_left_out() {
    let place = Place::with_index();
    place.write("notice.toml", "notice = 'Some details were left out.'\n");
    let shown = |text: &str| {
        place.fed("filter --index index.tlx --reader C-1001 --policy notice.toml", text).quietly()
    };
    assert_eq!(shown("To bob@example.com."), "To [EMAIL].\n\nSome details were left out.");
    assert_eq!(shown("To ann@example.com."), "To ann@example.com.");
}
