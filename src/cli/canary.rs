//! Files of the company's own texts, for `index build --canary`.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use serde::Deserialize;

use crate::Canary;
use crate::error::{Error, Result};

/// A line of past answers, as `filter --format jsonl` reads them.
#[derive(Deserialize)]
struct Line {
    text: Option<String>,
    chunks: Option<Vec<String>>,
    #[serde(default)]
    reader: Readers,
}

#[derive(Default, Deserialize)]
#[serde(untagged)]
enum Readers {
    #[default]
    None,
    One(String),
    More(Vec<String>),
}

type Texts = Box<dyn Iterator<Item = Result<Canary>> + Send>;

/// The texts of a file: the lines of `.jsonl`, any other file as a whole. Opens the file at once and reads it when it is asked for.
pub(super) fn texts(path: &Path) -> Result<Texts> {
    let mut file = File::open(path).map_err(|error| Error::file("open", path, &error))?;
    let has_lines = path.extension().is_some_and(|extension| extension == "jsonl");
    let path = path.to_owned();
    if !has_lines {
        return Ok(Box::new(std::iter::once_with(move || {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).map_err(|error| Error::file("read", &path, &error))?;
            Ok(Canary::from(String::from_utf8_lossy(&bytes).into_owned()))
        })));
    }
    let lines = BufReader::new(file).lines().enumerate();
    Ok(Box::new(lines.filter_map(move |(number, line)| match line {
        Err(error) => Some(Err(Error::file("read", &path, &error))),
        Ok(line) if line.trim().is_empty() => None,
        Ok(line) => Some(canary(&line).ok_or_else(|| {
            let place = format!("{}, line {}", path.display(), number + 1);
            Error::data("expected {\"text\": \"…\"} and, for an answer, \"reader\"").about(place)
        })),
    })))
}

fn canary(line: &str) -> Option<Canary> {
    let line: Line = serde_json::from_str(line).ok()?;
    let mut canary = Canary::from(line.text.or_else(|| line.chunks.map(|chunks| chunks.concat()))?);
    canary.readers = match line.reader {
        Readers::None => Vec::new(),
        Readers::One(reader) => vec![reader],
        Readers::More(readers) => readers,
    };
    Some(canary)
}
