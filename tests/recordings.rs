//! What real providers sent, through `tightlip filter --format …`: whole, in pieces of seven bytes, and with the format left to be found.
//!
//! The recordings are not part of the crate. Where `../shared/streams` is not there (or `streams` in the folder `TIGHTLIP_SHARED`), these
//! tests say so and pass; small recordings of our
//! own making are in `tests/recordings` and always run. What is right is said by `tests/decode`, which shares nothing with `src/wire`.

mod decode;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use decode::frames::Framing;
use decode::json::Json;
use decode::judge::{Fault, Faults, Original};
use decode::leaves::{Leaf, What, channels};
use decode::phrases::{Phrase, index, phrases};
use decode::tables::{format, table};
use tempfile::TempDir;
use tightlip::Policy;

const MESSAGE: &str = "That must not be said here.";
const STOP: &str = "stop_message = 'That must not be said here.'\n[kinds]\nwording = 'stop'\nfigure = 'stop'\nemail = 'stop'\n";

/// How the filter is asked.
const WAYS: [Way; 3] = [
    Way { chunk: None, is_auto: false },
    Way { chunk: Some(7), is_auto: false },
    Way { chunk: None, is_auto: true },
];

#[derive(Clone, Copy, Debug)]
struct Way {
    chunk: Option<usize>,
    is_auto: bool,
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self { is_auto: true, .. } => "auto",
            Self { chunk: Some(_), .. } => "chunk 7",
            _ => "whole",
        }
    }
}

fn folder() -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let folder = std::env::var_os("TIGHTLIP_SHARED").map_or_else(beside, PathBuf::from).join("streams");
    if folder.join("MANIFEST.jsonl").exists() {
        return Some(folder);
    }
    println!("skipped: ../shared/streams is not there");
    None
}

fn lines(path: PathBuf) -> Vec<Json> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| Json::parse(line).unwrap()).collect()
}

fn field(line: &Json, name: &str) -> String {
    line.get(name).and_then(Json::scalar).unwrap_or_default()
}

/// The name of a recording in a table is a path.
fn file_name(line: &Json) -> String {
    field(line, "file").rsplit('/').next().unwrap().to_owned()
}

/// All recordings, or those whose name contains what `TIGHTLIP_RECORDINGS` says.
fn recordings(folder: &Path) -> Vec<Original> {
    let wanted = std::env::var("TIGHTLIP_RECORDINGS").unwrap_or_default();
    let mut recordings = Vec::new();
    for line in lines(folder.join("MANIFEST.jsonl")) {
        let name = file_name(&line);
        if !name.contains(&wanted) {
            continue;
        }
        let (provider, api) = (field(&line, "provider"), field(&line, "api"));
        let framing = Framing::named(&field(&line, "framing")).unwrap();
        let body = std::fs::read(folder.join(&name)).unwrap();
        match Original::new(&name, format(&provider, &api), framing, body) {
            Ok(original) => recordings.push(Original { is_answer: api != "error", ..original }),
            Err(error) => panic!("{name}: {error}"),
        }
    }
    recordings
}

/// What the filter wrote, and its exit status.
fn filtered(
    original: &Original,
    place: &TempDir,
    index: &str,
    policy: Option<&str>,
    way: Way,
) -> (Vec<u8>, Option<i32>, String) {
    let mut command = assert_cmd::Command::new(assert_cmd::cargo::cargo_bin!("tightlip"));
    let format = if way.is_auto { "auto" } else { original.format };
    command
        .current_dir(place.path())
        .args(["filter", "--index", index, "--format", format])
        .env_remove("TIGHTLIP_LOG");
    if let Some(chunk) = way.chunk {
        command.args(["--chunk", &chunk.to_string()]);
    }
    if let Some(policy) = policy {
        command.args(["--policy", policy]);
    }
    command.args(["--findings", "-"]);
    let output =
        command.timeout(Duration::from_secs(60)).write_stdin(original.body.clone()).output().unwrap();
    (output.stdout, output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// The exit status, and one line of what was said where it is another than expected.
fn ended(expected: i32, code: Option<i32>, err: &str) -> Option<Fault> {
    let detail = err.lines().next_back().unwrap_or_default().to_owned();
    (code != Some(expected)).then(|| Fault {
        what: format!("exit status {code:?}, not {expected}"),
        at: String::new(),
        detail,
    })
}

/// Findings and messages name nobody.
fn silent(phrases: &[Phrase], err: &str) -> Faults {
    let said = phrases.iter().filter(|phrase| err.contains(&phrase.text));
    said.map(|phrase| Fault {
        what: "a finding or a message says a phrase".to_owned(),
        at: String::new(),
        detail: err.lines().find(|line| line.contains(&phrase.text)).unwrap_or_default().to_owned(),
    })
    .collect()
}

/// Faults of many recordings, the most frequent first.
#[derive(Default)]
struct Report(Mutex<Vec<(String, &'static str, &'static str, Fault)>>);

impl Report {
    fn add(&self, original: &Original, way: &'static str, faults: impl IntoIterator<Item = Fault>) {
        let row = |fault| (original.name.clone(), original.format, way, fault);
        self.0.lock().unwrap().extend(faults.into_iter().map(row));
    }

    fn text(&self) -> String {
        type Rows<'a> = Vec<&'a (String, &'static str, &'static str, Fault)>;
        let rows = self.0.lock().unwrap();
        let mut by_kind = BTreeMap::<(String, &str, String), Rows>::new();
        for row in rows.iter() {
            let place: String = row.3.at.chars().filter(|c| !c.is_ascii_digit()).collect();
            by_kind.entry((row.3.what.clone(), row.1, place)).or_default().push(row);
        }
        let names = |rows: &Rows| -> Vec<String> {
            let mut names: Vec<String> = rows.iter().map(|row| row.0.clone()).collect();
            names.sort();
            names.dedup();
            names
        };
        let mut by_kind: Vec<_> =
            by_kind.into_iter().map(|(kind, rows)| (names(&rows), kind, rows)).collect();
        by_kind.sort_by_key(|(names, ..)| std::cmp::Reverse(names.len()));
        let mut text = String::new();
        for (names, (what, format, place), rows) in by_kind {
            let mut ways: Vec<&str> = rows.iter().map(|row| row.2).collect();
            ways.sort_unstable();
            ways.dedup();
            writeln!(
                text,
                "- {} recordings, {format}, {}: **{what}** at `{}`",
                names.len(),
                ways.join("/"),
                place.trim()
            )
            .unwrap();
            for name in names.iter().take(3) {
                let row = rows.iter().find(|row| row.0 == *name).unwrap();
                writeln!(text, "    - {name} ({}): {}", row.2, row.3.detail).unwrap();
            }
        }
        text
    }

    #[track_caller]
    fn must_be_empty(self, what: &str) {
        let count =
            self.0.lock().unwrap().iter().map(|row| &row.0).collect::<std::collections::BTreeSet<_>>().len();
        assert!(count == 0, "{what}: {count} recordings\n{}", self.text());
    }
}

/// Runs for every recording, on all cores.
fn each(recordings: &[Original], run: impl Fn(&Original) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(original) = recordings.get(next.fetch_add(1, Ordering::Relaxed)) {
                    run(original);
                }
            });
        }
    });
}

/// The same bytes, or another cut of the same texts.
fn whole_and_cut(original: &Original, whole: &[u8], out: &[u8], way: Way) -> Faults {
    if way.chunk.is_none() || whole == out {
        return Vec::new();
    }
    let as_came = Original::new(&original.name, original.format, original.framing, whole.to_vec());
    let faults = as_came.map(|came| came.left_as_it_came(out)).unwrap_or_default();
    faults
        .into_iter()
        .map(|fault| Fault { what: format!("in pieces of seven bytes: {}", fault.what), ..fault })
        .collect()
}

#[test]
fn without_a_finding_a_response_leaves_as_it_came() {
    let Some(folder) = folder() else { return };
    let recordings = recordings(&folder);
    let place = tempfile::tempdir().unwrap();
    index(&[], &place.path().join("index.tlx"));
    let (report, same, others) = (Report::default(), AtomicUsize::new(0), Mutex::new(Vec::new()));
    each(&recordings, |original| {
        for way in WAYS {
            let (out, code, err) = filtered(original, &place, "index.tlx", None, way);
            report.add(original, way.name(), ended(0, code, &err));
            report.add(original, way.name(), original.left_as_it_came(&out));
            if out == original.body {
                same.fetch_add(1, Ordering::Relaxed);
            } else {
                others.lock().unwrap().push(format!("{} ({})", original.name, way.name()));
            }
        }
    });
    let (same, all) = (same.into_inner(), recordings.len() * WAYS.len());
    println!("{same} of {all} left byte for byte; the others: {:#?}", others.lock().unwrap());
    report.must_be_empty("nothing was withheld, but something changed");
    assert!(same * 100 >= all * 95, "only {same} of {all} left byte for byte");
}

#[test]
fn what_only_begins_like_a_phrase_leaves_as_it_came() {
    let Some(folder) = folder() else { return };
    let report = Report::default();
    each(&recordings(&folder), |original| {
        let mut phrases = phrases(&original.leaves, original.table(), original.is_stream());
        for phrase in &mut phrases {
            phrase.text.push_str(if phrase.kind == "figure" { "77" } else { "qx" });
        }
        let place = tempfile::tempdir().unwrap();
        index(&phrases, &place.path().join("index.tlx"));
        for way in &WAYS[..2] {
            let (out, code, err) = filtered(original, &place, "index.tlx", None, *way);
            report.add(original, way.name(), ended(0, code, &err));
            report.add(original, way.name(), original.left_as_it_came(&out));
        }
    });
    report.must_be_empty("nothing was withheld, but something changed");
}

#[test]
fn another_customers_phrase_is_nowhere_in_what_leaves() {
    let Some(folder) = folder() else { return };
    let (report, registered, spanning) = (Report::default(), AtomicUsize::new(0), AtomicUsize::new(0));
    let recordings = recordings(&folder);
    each(&recordings, |original| {
        let phrases = phrases(&original.leaves, original.table(), original.is_stream());
        registered.fetch_add(phrases.len(), Ordering::Relaxed);
        spanning.fetch_add(phrases.iter().filter(|phrase| phrase.spans).count(), Ordering::Relaxed);
        let place = tempfile::tempdir().unwrap();
        let index = index(&phrases, &place.path().join("index.tlx"));
        let mut whole = Vec::new();
        for way in WAYS {
            let (out, code, err) = filtered(original, &place, "index.tlx", None, way);
            report.add(original, way.name(), ended(0, code, &err));
            report.add(original, way.name(), original.withheld(&phrases, &index, &out));
            report.add(original, way.name(), silent(&phrases, &err));
            report.add(original, way.name(), whole_and_cut(original, &whole, &out, way));
            whole = if way.chunk.is_none() && !way.is_auto { out } else { whole };
        }
    });
    let (registered, spanning) = (registered.into_inner(), spanning.into_inner());
    println!("{registered} phrases of {} recordings, {spanning} of them in pieces", recordings.len());
    report.must_be_empty("something another customer owns can be read");
}

#[test]
fn a_stop_ends_as_the_provider_does() {
    let Some(folder) = folder() else { return };
    let (report, policy) = (Report::default(), Policy::from_toml(STOP).unwrap());
    each(&recordings(&folder), |original| {
        let phrases = phrases(&original.leaves, original.table(), original.is_stream());
        let visible = phrases.iter().find(|phrase| phrase.is_visible);
        let is_joined = |phrase: &&Phrase| {
            !phrase.is_visible
                && original
                    .texts()
                    .keys()
                    .any(|(kind, path, place)| format!("{kind} {path} {place}") == phrase.at)
        };
        let hidden = phrases.iter().find(is_joined);
        for (phrase, way) in visible.into_iter().zip([WAYS[0]]).chain(hidden.into_iter().zip([WAYS[1]])) {
            let place = tempfile::tempdir().unwrap();
            let index = index(std::slice::from_ref(phrase), &place.path().join("index.tlx"));
            std::fs::write(place.path().join("stop.toml"), STOP).unwrap();
            let way_name =
                if phrase.is_visible { "stop in the visible text" } else { "stop in another text" };
            let (out, code, err) = filtered(original, &place, "index.tlx", Some("stop.toml"), way);
            report.add(original, way_name, ended(3, code, &err));
            report.add(original, way_name, original.stopped(phrase, &index, &policy, MESSAGE, &out));
        }
    });
    report.must_be_empty("a stop is not one");
}

/// The tests above are worth what their readers are: these agree with the official clients.
#[test]
fn the_readers_read_what_the_official_clients_read() {
    let Some(folder) = folder() else { return };
    let recordings: BTreeMap<String, Original> =
        recordings(&folder).into_iter().map(|original| (original.name.clone(), original)).collect();
    let (mut agreed, mut differ) = (0, Vec::new());
    for line in lines(folder.join("EXPECTED.jsonl")) {
        let Some(original) = recordings.get(&file_name(&line)) else { continue };
        let mut texts: Vec<String> =
            channels(&original.leaves).values().map(|channel| channel.text()).collect();
        let table = table(original.format);
        let is_visible =
            |leaf: &&Leaf| leaf.what == What::Text && table.is_visible(&leaf.kind, &leaf.path, &leaf.place);
        texts.push(original.leaves.iter().filter(is_visible).map(|leaf| leaf.text.as_str()).collect());
        texts.extend(original.leaves.iter().map(|leaf| leaf.text.clone()));
        let Some(Json::Object(expected)) = line.get("text") else { continue };
        for (key, value) in expected {
            // Not what was read, but what a script printed of it.
            let is_printed = |text: &&str| {
                !text.is_empty()
                    && !["\"", "{", "[{", "FinishReason"].iter().any(|start| text.starts_with(start))
            };
            let Some(text) = value.text().filter(is_printed).filter(|_| key != "bytes") else { continue };
            if texts.iter().any(|known| known == text) {
                agreed += 1;
            } else {
                differ.push(format!(
                    "{} {key}: {}",
                    original.name,
                    text.chars().take(80).collect::<String>()
                ));
            }
        }
    }
    println!("{agreed} texts agree");
    assert!(differ.is_empty(), "{differ:#?}");
}

/// A check that cannot fail says nothing: fed with the responses as they came, it finds every phrase.
#[test]
fn a_filter_that_does_nothing_is_seen() {
    let Some(folder) = folder() else { return };
    let policy = Policy::from_toml(STOP).unwrap();
    let (seen, without) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    each(&recordings(&folder), |original| {
        assert_eq!(original.left_as_it_came(&original.body), []);
        if original.framing.events(&original.body).is_err() {
            return; // what clients forgive would be seen too
        }
        let phrases = phrases(&original.leaves, original.table(), original.is_stream());
        if phrases.is_empty() {
            without.lock().unwrap().push(original.name.clone());
        }
        let place = tempfile::tempdir().unwrap();
        let index = index(&phrases, &place.path().join("index.tlx"));
        let faults = original.withheld(&phrases, &index, &original.body);
        for phrase in &phrases {
            let named = format!("{:?}", phrase.text);
            assert!(
                faults
                    .iter()
                    .any(|fault| fault.what == "a phrase can be read" && fault.detail.starts_with(&named)),
                "{}: {phrase:?}",
                original.name
            );
            let faults = original.stopped(phrase, &index, &policy, MESSAGE, &original.body);
            assert!(!faults.is_empty(), "{}: {phrase:?}", original.name);
            seen.fetch_add(1, Ordering::Relaxed);
        }
    });
    let without = without.into_inner().unwrap();
    println!(
        "{} phrases seen; {} recordings without a phrase: {without:#?}",
        seen.into_inner(),
        without.len()
    );
}
