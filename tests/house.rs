//! The house: what a file may know of, what may cross threads, where `unsafe` and printing live.

use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;
use tightlip::{Checker, Index, IndexBuilder, Policy, Reader, Session};

/// From left to right; a file imports from its own layer and from those before it. One line may hold several that know each other.
const LAYERS: &[&[&str]] = &[
    &["error", "identifier"],
    &["text"],
    &["index"],
    &["scan"],
    &["policy"],
    &["checker"],
    &["stream"],
    &["wire"],
    &["http"],
    &["serve"],
    &["cli"],
];

#[test]
fn a_file_imports_from_layers_to_its_left() {
    let exported = exported();
    let path = Regex::new(r"\bcrate::(\w+|\{)").unwrap();
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let Some(own) = layer(first_component(&file)) else { continue };
        for found in path.captures_iter(&text) {
            let after = &text[found.get(0).unwrap().start() + "crate::".len()..];
            for name in names(after) {
                let place = layer(&name).or_else(|| {
                    exported.iter().find(|(item, _)| *item == name).and_then(|(_, from)| layer(from))
                });
                match place {
                    Some(place) if place <= own => {}
                    Some(_) => wrong.push(format!("{} imports {name}", file.display())),
                    None => wrong.push(format!("{} imports {name}, which is in no layer", file.display())),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_module_is_in_a_layer() {
    for (file, _) in sources() {
        let module = first_component(&file);
        assert!(
            matches!(module, "lib" | "main") || layer(module).is_some(),
            "{} is in no layer",
            file.display()
        );
    }
}

#[test]
fn what_is_shared_may_be_shared() {
    fn send<T: Send>() {}
    fn sync<T: Sync>() {}
    fn cloned<T: Clone>() {}
    send::<Checker>();
    send::<Session>();
    send::<Index>();
    send::<Policy>();
    send::<Reader>();
    send::<IndexBuilder>();
    sync::<Index>();
    sync::<Policy>();
    sync::<Session>();
    cloned::<Index>();
    cloned::<Policy>();
    cloned::<Session>();
}

#[test]
fn unsafe_lives_in_one_file() {
    let keyword = Regex::new(r"\bunsafe\b").unwrap();
    for (file, text) in sources() {
        assert!(
            !keyword.is_match(&text) || file.ends_with("index/bytes.rs"),
            "{} has unsafe code",
            file.display()
        );
    }
}

#[test]
fn only_the_command_line_prints() {
    let print = Regex::new(r"\b(?:e?println?|dbg)!").unwrap();
    for (file, text) in sources() {
        let may = matches!(first_component(&file), "cli" | "main");
        assert!(may || !print.is_match(&text), "{} prints", file.display());
    }
}

/// The files below `src`, by their path in it, without comments, text in quotes and test modules.
fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut folders, mut sources) = (vec![root.clone()], Vec::new());
    let comment = Regex::new(r"(?m)//.*$").unwrap();
    let quoted = Regex::new(r#""(?:[^"\\]|\\.)*""#).unwrap();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
                let text = quoted.replace_all(&comment.replace_all(text, ""), "\"\"").into_owned();
                sources.push((path.strip_prefix(&root).unwrap().to_owned(), text));
            }
        }
    }
    assert!(sources.len() > 20, "the sources are here");
    sources
}

/// The layer's folder, or its file.
fn first_component(file: &Path) -> &str {
    let first = file.components().next().unwrap().as_os_str().to_str().unwrap();
    first.strip_suffix(".rs").unwrap_or(first)
}

fn layer(name: &str) -> Option<usize> {
    LAYERS.iter().position(|names| names.contains(&name))
}

/// What `lib.rs` exports, and the layer it comes from.
fn exported() -> Vec<(String, String)> {
    let (_, text) = sources().into_iter().find(|(file, _)| file.as_os_str() == "lib.rs").unwrap();
    let export = Regex::new(r"(?s)pub use (\w+)::(.*?);").unwrap();
    let item = Regex::new(r"\w+").unwrap();
    let exports = export.captures_iter(&text).map(|found| (found[1].to_owned(), found[2].to_owned()));
    exports
        .flat_map(|(from, items)| {
            let items: Vec<String> = item.find_iter(&items).map(|item| item.as_str().to_owned()).collect();
            items.into_iter().map(move |item| (item, from.clone()))
        })
        .collect()
}

/// The names behind `crate::`: one, or the first of each path in braces.
fn names(after: &str) -> Vec<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let Some(list) = after.strip_prefix('{') else { return vec![word(after)] };
    let (mut depth, mut names, mut begins) = (0, Vec::new(), true);
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => begins = true,
            c if c.is_whitespace() => {}
            _ if begins => {
                names.push(word(&list[at..]));
                begins = false;
            }
            _ => {}
        }
    }
    names
}
