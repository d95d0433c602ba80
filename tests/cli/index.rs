//! A damaged index is refused in one line, or the damage is where nobody reads; never a panic, never another answer.

use std::path::{Path, PathBuf};

use crate::support::{Ended, Place, Seeded, VALUES};

const TEXT: &str = "Ann Lee, ann@example.com, 415-555-0104, XK42TQ; Bob Ray, bob.ray@example.org, bobray_08, born 11/30/1985. Bye";

fn filtered(place: &Place) -> Ended {
    place.fed("filter --index index.tlx --reader C-1001 --policy strict", TEXT)
}

/// What became of damage: a refusal in one line that names no value.
#[track_caller]
fn assert_refused(place: &Place, what: &str) {
    for ended in [filtered(place), place.run("index info index.tlx"), place.run("index verify index.tlx")] {
        assert_eq!(ended.code, Some(2), "{what}: {ended:?}");
        ended.refused_at_once(2, &["index.tlx"]);
        assert!(VALUES.iter().all(|value| !ended.err.contains(value)), "{what}: {ended:?}");
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// Puts other content in place of a file for a while, as another file: nobody may write to those of an index.
fn with_content(path: &PathBuf, content: &[u8], test: impl FnOnce()) {
    std::fs::rename(path, path.with_extension("kept")).unwrap();
    std::fs::write(path, content).unwrap();
    test();
    std::fs::rename(path.with_extension("kept"), path).unwrap();
}

#[test]
fn a_flipped_byte_is_noticed() {
    let place = Place::with_index();
    let whole = filtered(&place);
    assert_eq!(whole.code, Some(0));
    println!("seed 7");
    let mut random = Seeded(7);
    for path in place.files("index.tlx") {
        let content = std::fs::read(&path).unwrap();
        // Few files are longer than 40 bytes; then ends and the middle count most.
        let ends = [0, 1, 7, 8, content.len() / 2, content.len().saturating_sub(9), content.len() - 1];
        let mut places = ends.to_vec();
        places.extend((0..33).map(|_| random.below(content.len())));
        for at in places {
            let mut damaged = content.clone();
            damaged[at] ^= 1 << random.below(8);
            with_content(&path, &damaged, || {
                let what = format!("{} at {at}", name(&path));
                assert_eq!(filtered(&place).code, Some(2), "{what}");
                assert_refused(&place, &what);
            });
        }
    }
    assert_eq!(filtered(&place), whole);
}

#[test]
fn a_file_cut_short_or_grown_is_noticed() {
    let place = Place::with_index();
    for path in place.files("index.tlx") {
        let content = std::fs::read(&path).unwrap();
        for length in [0, 1, 8, content.len() / 2, content.len() - 1] {
            with_content(&path, &content[..length], || {
                assert_refused(&place, &format!("{length} bytes of {}", name(&path)))
            });
        }
        let grown = [&content[..], b"\0"].concat();
        with_content(&path, &grown, || assert_refused(&place, &format!("{} and a byte", name(&path))));
    }
    filtered(&place).quietly();
}

#[test]
fn a_missing_file_is_named() {
    let place = Place::with_index();
    for path in place.files("index.tlx") {
        std::fs::rename(&path, place.path("kept")).unwrap();
        let code = if path.ends_with("manifest.json") { 2 } else { 1 };
        filtered(&place).refused_at_once(code, &["index.tlx", &name(&path)]);
        std::fs::create_dir(&path).unwrap();
        let ended = filtered(&place);
        assert!(matches!(ended.code, Some(1 | 2)), "{ended:?}");
        ended.refused_at_once(ended.code.unwrap(), &["index.tlx"]);
        std::fs::remove_dir(&path).unwrap();
        std::fs::rename(place.path("kept"), &path).unwrap();
    }
    filtered(&place).quietly();
}

#[test]
fn files_of_another_place_or_index_are_noticed() {
    let place = Place::with_index();
    place
        .write("other.csv", "customer_id,email\nC-7,eve@example.com\n")
        .run("index build other.csv -o other.tlx")
        .quietly();
    let (own, other) = (place.files("index.tlx"), place.files("other.tlx"));
    for a in &own {
        for b in own
            .iter()
            .chain(&other)
            .filter(|b| *b != a && !(a.ends_with("manifest.json") && b.ends_with("manifest.json")))
        {
            let content = std::fs::read(b).unwrap();
            if content == std::fs::read(a).unwrap() {
                continue; // neither has keys that are only observed
            }
            with_content(a, &content, || {
                assert_refused(&place, &format!("{} instead of {}", name(b), name(a)))
            });
        }
    }
    // Its manifest speaks of files that are not there.
    let foreign = std::fs::read(place.path("other.tlx/manifest.json")).unwrap();
    with_content(&place.path("index.tlx/manifest.json"), &foreign, || {
        filtered(&place).refused_at_once(1, &["no such file"])
    });
    filtered(&place).quietly();
}

#[test]
fn what_is_no_index_is_named() {
    let place = Place::with_index();
    std::fs::create_dir(place.path("empty")).unwrap();
    for command in ["filter --index", "index info", "index verify", "index info --json"] {
        place.run(&format!("{command} none.tlx")).refused_at_once(1, &["none.tlx", "no such file"]);
        place
            .run(&format!("{command} people.csv"))
            .refused_at_once(2, &["people.csv is not an index", "expected a folder"]);
        place
            .run(&format!("{command} empty"))
            .refused_at_once(2, &["empty is not an index", "no manifest.json"]);
    }
    // A manifest from elsewhere, of any form.
    std::fs::create_dir(place.path("web")).unwrap();
    for content in [
        "",
        "{}",
        "[]",
        "null",
        "{\"name\":\"app\"}",
        "{\"checksum\":\"\",\"manifest\":{}}",
        "\u{feff}{}",
        "\n\n",
    ] {
        place
            .write("web/manifest.json", content)
            .run("index info web")
            .refused_at_once(2, &["web/manifest.json", "damaged"]);
    }
}

#[test]
fn an_index_of_another_version_says_so() {
    let place = Place::with_index();
    let path = place.path("index.tlx/manifest.json");
    let sealed: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    for (key, value, said) in [
        ("format", serde_json::json!(99), "format 99"),
        ("folding", serde_json::json!("9/99.0"), "folded by 9/99.0"),
    ] {
        let mut manifest = sealed["manifest"].clone();
        manifest[key] = value;
        let text = manifest.to_string();
        let checksum = format!("{:032x}", xxhash_rust::xxh3::xxh3_128(text.as_bytes()));
        let content = format!("{{\"checksum\":\"{checksum}\",\"manifest\":{text}}}");
        with_content(&path, content.as_bytes(), || {
            filtered(&place).refused_at_once(2, &[said, "build the index again"]);
        });
    }
}
