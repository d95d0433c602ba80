//! `index build`: from dictionaries to an index and what `filter` makes of it.

use crate::support::{Ended, PEOPLE, Place};
use serde_json::{Value, json};

/// What a stranger is shown of a text.
fn filtered(place: &Place, text: &str) -> String {
    place.fed("filter --index index.tlx", text).quietly()
}

#[test]
fn csv_and_json_lines_make_the_same_index() {
    let place = Place::with_index();
    let lines = r#"{"customer_id":"C-1002","name":"Bob Ray","email":["bob@example.com","bob.ray@example.org"],"phone":"+1 415 555 0177","username":"bobray_08","booking":"PP81ZD","date_of_birth":"1985-11-30","postcode":10001}
{"customer_id":"C-1001","name":"Ann Lee","email":"ann@example.com","phone":"+1 415 555 0104","username":"ann_lee_77","booking":"XK42TQ","date_of_birth":"1990-04-05","postcode":"94105"}
"#;
    place.write("people.jsonl", lines);
    let said = place.run("index build people.jsonl -o lines.tlx").quietly();
    assert!(said.starts_with("lines.tlx: 15 identifiers of 2 owners, "), "{said}");
    for file in [".strong", ".weak", ".postings", ".owners", ".openings"] {
        assert_eq!(place.file("index.tlx", file), place.file("lines.tlx", file), "{file}");
    }
    place.run("index verify lines.tlx").quietly();
    let answer = "Ann: ann@example.com, (415) 555-0104, XK42TQ. Bob: bob.ray@example.org, BOBRAY_08.";
    let safe = "Ann: [EMAIL], [PHONE], [REFERENCE]. Bob: [EMAIL], [USERNAME].";
    assert_eq!(place.fed("filter --index lines.tlx", answer).quietly(), safe);
    assert_eq!(
        place.fed("filter --index lines.tlx --reader C-1001", answer).quietly(),
        "Ann: ann@example.com, (415) 555-0104, XK42TQ. Bob: [EMAIL], [USERNAME]."
    );
}

#[test]
fn info_says_what_is_in_an_index() {
    let place = Place::with_index();
    let json: serde_json::Value =
        serde_json::from_str(&place.run("index info index.tlx --json").quietly()).unwrap();
    let kinds = r#"{"email":3,"phone":2,"username":2,"reference":2,"name":2,"date_of_birth":2,"postcode":2}"#;
    assert_eq!(json["owners"], 2);
    assert_eq!(json["identifiers"], serde_json::from_str::<serde_json::Value>(kinds).unwrap());
    assert_eq!(json["generation"], 1);
    assert!(json["folding"].is_string());
    assert_eq!(json["segments"].as_array().unwrap().len(), 1);
    let bytes = |name: &str| json["bytes"][name].as_u64().unwrap();
    assert_eq!(
        bytes("total"),
        bytes("keys") + bytes("owners") + bytes("owner_names") + bytes("accelerators")
    );
    let on_disk = |end: &str| place.file("index.tlx", end).len() as u64;
    assert_eq!(bytes("keys"), on_disk(".strong") + on_disk(".weak"));
    assert_eq!(bytes("owner_names"), on_disk(".owners"));
    let names: Vec<&String> = json.as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        ["bytes", "folding", "generation", "identifiers", "noisy", "observed", "owners", "segments"]
    );

    let text = place.run("index info index.tlx").quietly();
    for (name, value) in [("owners", "2"), ("email", "3"), ("date_of_birth", "2")] {
        let line = text.lines().find(|line| line.trim_start().starts_with(name)).unwrap();
        assert!(line.ends_with(&format!(" {value}")), "{text}");
    }
    let verified = place.run("index verify index.tlx").quietly();
    assert_eq!(verified, "index.tlx: every file and every key is whole (2 owners)\n");
}

#[test]
fn a_schema_maps_ignores_verifies_and_adds_kinds() {
    let place = Place::new();
    place
        .write(
            "schema.toml",
            r#"
            [columns]
            kundennummer = "owner"
            Mail         = { kind = "email", verified = "mail_ok" }
            notes        = "ignore"
            club         = "loyalty"
            "pet name"   = "pet"
            pin          = "meter"
            [kinds.loyalty]
            shape = "code"
            label = "LOYALTY CARD"
            [kinds.pet]
            shape = "words"
            strength = "strong"
            min_length = 3
            [kinds.meter]
            shape = "digits"
            "#,
        )
        .write(
            "kunden.csv",
            "kundennummer,Mail,mail_ok,notes,club,pet name,pin\n\
             K1,ann@example.com,yes,likes ann@example.net,LC-77-1234,Mr Wuff,123456\n\
             K2,ann@example.com,no,,,Rex,654321\n",
        )
        .write("more.jsonl", r#"{"kundennummer":"K3","Mail":"cat@example.com","club":null,"pin":777888}"#);
    place.run("index build kunden.csv more.jsonl -o index.tlx --schema schema.toml").quietly();
    let json: serde_json::Value =
        serde_json::from_str(&place.run("index info index.tlx --json").quietly()).unwrap();
    let kinds = serde_json::json!({"email": 3, "loyalty": 1, "pet": 2, "meter": 3});
    assert_eq!(json["identifiers"], kinds);
    assert_eq!(
        filtered(&place, "ann@example.com ann@example.net LC771234 mr. wuff, 123-456 and cat@example.com"),
        "[EMAIL] ann@example.net [LOYALTY CARD] [PET], [METER] and [EMAIL]"
    );
    // K2 has not verified the address: it protects K1 from K2.
    for (reader, safe) in [("K1", "ann@example.com Rex"), ("K2", "[EMAIL] Rex"), ("K3", "[EMAIL] [PET]")] {
        let answer = if reader == "K1" { "ann@example.com [PET]" } else { safe };
        let shown = place
            .fed(&format!("filter --index index.tlx --reader {reader}"), "ann@example.com Rex")
            .quietly();
        assert_eq!(shown, answer, "{reader}");
    }
}

#[test]
fn whether_a_value_is_verified_must_be_clear() {
    let place = Place::new();
    place.write("schema.toml", "[columns]\nemail = { kind = 'email', verified = 'ok' }");
    place.write("people.csv", "id,email,ok\nC-1,ann@example.com,maybe\nC-2,bob@example.com,TRUE\n");
    let ended = place.run("index build people.csv -o index.tlx --schema schema.toml --max-bad 1").well();
    assert!(ended.err.starts_with("people.csv:2: email: whether it is verified is unclear"), "{}", ended.err);
    assert!(!ended.err.contains("maybe"));
    let shown = place.fed("filter --index index.tlx --reader C-1", "ann@example.com").quietly();
    assert_eq!(shown, "[EMAIL]"); // unclear protects
    place.write("people.csv", "id,email\nC-1,ann@example.com\n");
    let ended = place.run("index build people.csv -o index.tlx --schema schema.toml");
    ended.refused_at_once(2, &["people.csv", "no column `ok`", "`email` is verified"]);
}

#[test]
fn bad_schemas_are_refused_with_the_nearest_good_word() {
    let place = Place::new();
    place.write("people.csv", PEOPLE);
    for (schema, parts) in [
        ("[colums]\na = 'email'", &["schema.toml", "colums", "did you mean `columns`?"][..]),
        ("[columns]\nmail = 'emial'", &["columns.mail", "`emial` is no kind", "did you mean `email`?"]),
        ("[kinds.loyalty]\nshap = 'code'", &["kinds.loyalty", "`shap`", "did you mean `shape`?"]),
        ("[kinds.loyalty]\nshape = 'cod'", &["kinds.loyalty", "`cod`", "code, words or digits"]),
        ("[kinds.loyalty]\nstrength = 'strongest'", &["kinds.loyalty", "`strong`", "`weak`"]),
        ("[kinds.email]\nshape = 'code'", &["kinds.email", "built in"]),
        ("[kinds.loyalty]\nmin_length = -1", &["kinds.loyalty"]),
        ("[columns]\nmail = 7", &["columns"]),
        ("[columns\n", &["schema.toml", "line 1"]),
    ] {
        place.write("schema.toml", schema);
        place.run("index build people.csv -o index.tlx --schema schema.toml").refused_at_once(2, parts);
    }
    place.write("schema.toml", b"[columns]\n\"pr\xe9nom\" = 'name'");
    place
        .run("index build people.csv -o index.tlx --schema schema.toml")
        .refused_at_once(2, &["schema.toml", "UTF-8"]);
    place
        .run("index build people.csv -o index.tlx --schema none.toml")
        .refused_at_once(1, &["none.toml", "no such file"]);
    assert!(!place.path("index.tlx").exists());
}

#[test]
fn several_values_rows_and_sources_add_up() {
    let place = Place::new();
    place.write("a.csv", "id,email,mobile,telephone\nC-1,a1@example.com; a2@example.com ;;,4155550101,4155550102\nC-1,a3@example.com,,\n");
    place.write("b.jsonl", "{\"customer\":\"C-1\",\"email\":[\"a4@example.com\",null]}\n");
    let ended = place.run("index build a.csv b.jsonl -o index.tlx --max-bad 1");
    assert!(ended.err.contains("b.jsonl:1: "), "{ended:?}"); // null inside an array
    place.write(
        "b.jsonl",
        "{\"customer\":\"C-1\",\"email\":[\"a4@example.com\"],\"email\":\"a5@example.com\"}\n\n",
    );
    let ended =
        place.fed("index build a.csv b.jsonl - -o index.tlx", "owner,full_name\nC-2,Bob Ray\n").well();
    assert_eq!(
        ended.err,
        "tightlip: 2 rows speak of an owner that another row names too; their values add up\n"
    );
    assert!(ended.out.starts_with("index.tlx: 8 identifiers of 2 owners, "), "{}", ended.out);
    let text =
        "a1@example.com a2@example.com a3@example.com a4@example.com a5@example.com 415-555-0101 4155550102";
    assert_eq!(filtered(&place, text), "[EMAIL] [EMAIL] [EMAIL] [EMAIL] [EMAIL] [PHONE] [PHONE]");
    assert_eq!(place.fed("filter --index index.tlx --reader C-1", text).quietly(), text);
    // Rows without a value name nobody twice.
    place.write("a.csv", "id,email\nC-1,a1@example.com\nC-2,\nC-1,a1@example.com\n");
    let ended = place.run("index build a.csv -o index.tlx").well();
    assert_eq!(
        ended.err,
        "tightlip: 1 row speaks of an owner that another row names too; their values add up\n"
    );
}

#[test]
fn every_alias_is_its_kind_and_names_may_come_in_two_columns() {
    let place = Place::new();
    for (alias, kind, value) in [
        ("mobile", "phone", "+1 415 555 0104"),
        ("Street Address", "address", "12 Oak Street Austin"),
        ("account-number", "account", "AC-99-1234"),
        ("PAN", "card", "4111 1111 1111 1111"),
        ("ssn", "national_id", "219-09-9999"),
        ("login", "username", "ann_lee_77"),
        ("order_id", "reference", "OR-123456"),
        ("ip_address", "ip", "192.0.2.44"),
        ("api_key", "secret", "sk_example_0123"),
        ("full_name", "name", "Ann Lee"),
        ("dob", "date_of_birth", "1990-04-05"),
        ("zip", "postcode", "94105"),
        ("last4", "card_last4", "1907"),
        ("iban", "iban", "GB82 WEST 1234 5698 7654 32"),
        ("city", "city", "Springfield"),
    ] {
        place.write("one.csv", format!("Customer ID,{alias}\nC-1,{value}\n"));
        place.run("index build one.csv -o one.tlx").quietly();
        let info = place.run("index info one.tlx --json").quietly();
        assert!(info.contains(&format!("\"identifiers\":{{\"{kind}\":1}}")), "{alias}: {info}");
    }
    place.write(
        "names.csv",
        "id,first_name,last_name,email\nC-1,Ann,Lee,ann@example.com\nC-2,,Okafor,bob@example.com\n",
    );
    place.run("index build names.csv -o index.tlx").quietly();
    place.write("policy.toml", "[kinds]\nname = 'redact'");
    let shown = place
        .fed("filter --index index.tlx --policy policy.toml", "Ann Lee, Lee, Ann; Mrs Okafor; Ann")
        .quietly();
    assert_eq!(shown, "[NAME], [NAME]; Mrs [NAME]; Ann");
}

#[test]
fn ordinary_words_and_canaries_are_counted_and_observed() {
    let place = Place::new();
    place.write("people.csv", "id,username,email,account\nC-1,refund-policy,info@example.com,20240131\nC-2,zoya_k81,zoya@example.com,7712345\n");
    place.write("page.txt", "Write to info@example.com.");
    place.write(
        "answers.jsonl",
        "{\"reader\": \"C-2\", \"text\": \"You are zoya_k81.\"}\n\n{\"text\": \"Account 7712345\"}\n",
    );
    let built =
        place.run("index build people.csv -o index.tlx --canary page.txt --canary answers.jsonl").well();
    for said in [
        "ordinary language, which is only observed: username 1",
        "in the canaries, which is only observed: account 1, email 1",
        "not meant: account 1",
    ] {
        assert!(built.err.contains(said), "{said} in {}", built.err);
    }
    let info: Value = serde_json::from_str(&place.run("index info index.tlx --json").quietly()).unwrap();
    assert_eq!(
        info["observed"],
        json!({"ordinary": {"username": 1}, "canaries": {"account": 1, "email": 1}})
    );
    let text = "refund-policy, info@example.com, 7712345, zoya_k81";
    let shown = place.fed("filter --index index.tlx", text).quietly();
    assert_eq!(shown, "refund-policy, info@example.com, 7712345, [USERNAME]");

    place.write("bad.jsonl", "{\"txt\": \"x\"}\n");
    place
        .run("index build people.csv -o other.tlx --canary bad.jsonl")
        .refused_at_once(2, &["bad.jsonl, line 1", "expected"]);
    place.run("index build people.csv -o other.tlx --canary none.txt").refused_at_once(1, &["none.txt"]);
}

#[test]
fn dictionaries_are_read_as_programs_write_them() {
    let place = Place::new();
    let rows = PEOPLE.replace("C-1001,Ann Lee", "\"C-1001\",\"Ann Lee\"");
    for (name, content) in [
        ("mark", format!("\u{feff}{PEOPLE}")),
        ("crlf", PEOPLE.replace('\n', "\r\n")),
        ("both", format!("\u{feff}{}", PEOPLE.replace('\n', "\r\n"))),
        (
            "quoted",
            rows.replace("bob@example.com;bob.ray@example.org", "\"bob@example.com;\nbob.ray@example.org\""),
        ),
        ("spaced", PEOPLE.replace(',', " , ")),
        ("unended", PEOPLE.trim_end().to_owned()),
        ("blank lines", PEOPLE.replace('\n', "\n\n")),
    ] {
        place.write("one.csv", content);
        let ended = place.run("index build one.csv -o index.tlx");
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{name}");
        assert!(ended.out.starts_with("index.tlx: 15 identifiers of 2 owners"), "{name}: {}", ended.out);
        assert_eq!(
            filtered(&place, "ann@example.com bob@example.com bob.ray@example.org"),
            "[EMAIL] [EMAIL] [EMAIL]",
            "{name}"
        );
    }
    place.write("one.jsonl", "\u{feff}{\"id\":\"C-1\",\"email\":\"ann@example.com\"}\r\n\r\n{\"id\":2,\"email\":\"bob@example.com\"}");
    place.run("index build one.jsonl -o index.tlx").quietly();
    assert_eq!(
        place.fed("filter --index index.tlx --reader 2", "ann@example.com bob@example.com").quietly(),
        "[EMAIL] bob@example.com"
    );
}

#[test]
fn an_index_is_replaced_as_a_whole_or_not_at_all() {
    let place = Place::with_index();
    let before = place.files("index.tlx");
    place.write("bad.csv", "customer_id,email\nC-1,ann at home\n");
    place.run("index build bad.csv -o index.tlx").refused(2, &["1 of 1 rows", "nothing was written"]);
    place.run("index build people.csv none.csv -o index.tlx").refused(1, &["none.csv"]);
    assert_eq!(place.files("index.tlx"), before);
    assert_eq!(filtered(&place, "ann@example.com"), "[EMAIL]");

    place.write("index.tlx/.unfinished-x", "left by a build that was killed");
    place.write("new.csv", "customer_id,email\nC-9,new@example.com\n");
    place.run("index build new.csv -o index.tlx").quietly();
    assert_eq!(filtered(&place, "ann@example.com new@example.com"), "ann@example.com [EMAIL]");
    let after = place.files("index.tlx");
    assert_eq!(after.len(), 7, "{after:?}");
    assert!(after.iter().all(|path| !before.contains(path) || path.ends_with("manifest.json")), "{after:?}");

    // A damaged index can be built again, as its error message says; files of others stay.
    place.write("index.tlx/manifest.json", "{").write("index.tlx/README", "ours");
    place.run("index info index.tlx").refused_at_once(2, &["damaged", "build the index again"]);
    place.run("index build people.csv -o index.tlx").quietly();
    assert_eq!(place.files("index.tlx").len(), 8);
}

#[test]
fn no_file_of_others_is_touched() {
    let place = Place::new();
    place.write("people.csv", PEOPLE);
    for (folder, file) in [("web", "manifest.json"), ("docs", "notes.txt"), ("names", "abcdefgh.owners")] {
        std::fs::create_dir(place.path(folder)).unwrap();
        place
            .write(&format!("{folder}/{file}"), "{\"name\":\"an app\"}")
            .write(&format!("{folder}/precious.txt"), "x");
        let ended = place.run(&format!("index build people.csv -o {folder}"));
        ended.refused_at_once(2, &[folder, "other files", "new or empty folder"]);
        assert_eq!(place.files(folder).len(), 2);
    }
    place
        .run("index build people.csv -o people.csv")
        .refused_at_once(2, &["people.csv is a file", "an index is a folder"]);
    place.run("index build people.csv -o people.csv/x").refused_at_once(2, &["is a file"]);
    if cfg!(target_os = "linux") {
        place
            .run("index build people.csv -o /proc/index.tlx")
            .refused_at_once(1, &["cannot write to /proc/index.tlx"]);
    }
    // Said before anything is read.
    place.run("index build none.csv -o docs").refused_at_once(2, &["docs"]);
}

#[cfg(unix)]
#[test]
fn an_index_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    std::fs::create_dir(place.path("index.tlx")).unwrap();
    std::fs::set_permissions(place.path("index.tlx"), PermissionsExt::from_mode(0o755)).unwrap();
    place.write("people.csv", PEOPLE).run("index build people.csv -o index.tlx").quietly();
    let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(place.path("index.tlx")), 0o700);
    for path in place.files("index.tlx") {
        // What may be mapped may be written to by nobody.
        let expected = if path.ends_with("manifest.json") { 0o600 } else { 0o400 };
        assert_eq!(mode(path.clone()), expected, "{path:?}");
    }
    place.run("index build people.csv -o deep/er/index.tlx").quietly();
    assert_eq!(mode(place.path("deep/er/index.tlx")), 0o700);
}

#[cfg(unix)]
#[test]
fn a_disk_that_is_full_leaves_the_old_index() {
    let place = Place::with_index();
    let before = place.files("index.tlx");
    let binary = assert_cmd::cargo::cargo_bin!("tightlip").display().to_string();
    // No file may grow past 8 KiB; without the signal, writing on is an error.
    let script = format!("trap '' XFSZ; ulimit -f 16; exec '{binary}' index build people.csv -o index.tlx");
    let output =
        std::process::Command::new("sh").args(["-c", &script]).current_dir(place.path("")).output().unwrap();
    Ended::from(output).refused_at_once(1, &["cannot write", "file too large"]);
    assert_eq!(place.files("index.tlx"), before);
    assert_eq!(filtered(&place, "ann@example.com"), "[EMAIL]");
}

#[cfg(unix)]
#[test]
fn an_interrupted_build_leaves_nothing() {
    use std::io::Write;
    let place = Place::with_index();
    let before = place.file("index.tlx", "manifest.json");
    let mut build = std::process::Command::new(assert_cmd::cargo::cargo_bin!("tightlip"))
        .current_dir(place.path(""))
        .args(["index", "build", "-", "-o", "index.tlx", "--memory", "4KiB"])
        .stdin(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut stdin = build.stdin.take().unwrap();
    let rows = (0..2_000).map(|n| format!("C-{n},person{n}@example.com\n")).collect::<String>();
    stdin.write_all(format!("customer_id,email\n{rows}").as_bytes()).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(300));
    let told = std::process::Command::new("kill").args(["-INT", &build.id().to_string()]).status().unwrap();
    assert!(told.success());
    // It waits for more, which does not come.
    let ended = Ended::from(build.wait_with_output().unwrap());
    ended.refused(1, &["interrupted", "nothing was written"]);
    assert_eq!(place.file("index.tlx", "manifest.json"), before);
    assert_eq!(place.files("index.tlx").len(), 7);
    drop(stdin);
}

#[test]
fn memory_and_threads_change_nothing_else() {
    let place = Place::new();
    let mut rows = String::from("customer_id,email,name,phone,booking\n");
    for n in 0..8_000_u64 {
        let owner = n.wrapping_mul(2_654_435_761) % 5_000;
        let at = if n % 900 == 7 { " at " } else { "@" };
        rows += &format!(
            "C-{owner},p{n}{at}example.com,Ann{} de la Lee{},+1 415 555 {:04},BK{:06}\n",
            n % 97,
            n % 89,
            n % 3_000,
            n % 4_000
        );
    }
    place.write("many.csv", rows);
    let build = |options: &str| {
        let ended = place.run(&format!("index build many.csv -o index.tlx {options}")).well();
        let files = [".strong", ".weak", ".postings", ".owners", ".openings", ".observed"];
        (ended, files.map(|file| place.file("index.tlx", file)))
    };
    let (ended, files) = build("--memory 1GiB --threads 1");
    let bad: Vec<&str> = ended.err.lines().filter(|line| line.starts_with("many.csv:")).collect();
    assert_eq!(bad.len(), 9, "{}", ended.err);
    assert!(bad[1].starts_with("many.csv:909: email: "), "{bad:?}");
    for (memory, threads) in
        [("4KiB", 1), ("64k", 1), ("1000000", 1), ("64k", 2), ("1000000", 3), ("1GiB", 2), ("512MiB", 8)]
    {
        let (said, written) = build(&format!("--memory {memory} --threads {threads}"));
        assert_eq!(said, ended, "{memory}, {threads} threads");
        assert!(written == files, "{memory}, {threads} threads");
    }
    place.run("index verify index.tlx").quietly();
}
