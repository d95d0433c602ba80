//! Every scalar of a response, and the texts that their pieces make.

use std::collections::BTreeMap;

use super::codes::from_base64;
use super::frames::{Data, Event, Framing};
use super::json::{Json, mended};
use super::tables::{PLACES, Table};

/// A string, number or key somewhere in an event.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf {
    pub event: usize,
    pub kind: String,
    pub path: String,
    /// Which of several texts at this path: choice, block, call.
    pub place: String,
    pub what: What,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    Text,
    Number,
    Key,
    /// An array of numbers, separated by commas.
    Numbers,
}

/// Where a text is: the kind of its events, its path, its place.
pub type Where = (String, String, String);

/// Values at one place, in order.
#[derive(Clone, Debug, Default)]
pub struct Channel {
    pub pieces: Vec<String>,
}

impl Channel {
    pub fn text(&self) -> String {
        mended(&self.pieces.concat())
    }
}

/// All leaves of a response. In a body that is one JSON value the place in an array tells texts apart.
pub fn leaves(events: &[Event], framing: Framing, table: &Table) -> Vec<Leaf> {
    let mut walk =
        Walk { event: 0, kind: String::new(), is_whole: framing == Framing::Json, table, leaves: Vec::new() };
    for (at, event) in events.iter().enumerate() {
        (walk.event, walk.kind) = (at, event.kind());
        match &event.data {
            Data::Json(json) => walk.value(json, "", String::new()),
            Data::Bare(_) if event.is_done_mark() => {}
            Data::Bare(text) => walk.leaf("", "", What::Text, text),
        }
    }
    walk.leaves
}

/// The strings at each place.
pub fn channels(leaves: &[Leaf]) -> BTreeMap<Where, Channel> {
    let mut channels = BTreeMap::<Where, Channel>::new();
    for leaf in leaves.iter().filter(|leaf| leaf.what == What::Text) {
        let at = (leaf.kind.clone(), leaf.path.clone(), leaf.place.clone());
        channels.entry(at).or_default().pieces.push(leaf.text.clone());
    }
    channels
}

struct Walk<'a> {
    event: usize,
    kind: String,
    is_whole: bool,
    table: &'a Table,
    leaves: Vec<Leaf>,
}

impl Walk<'_> {
    fn leaf(&mut self, path: &str, place: &str, what: What, text: &str) {
        // Nova behind a guardrail numbers every token as a block of its own; clients join them all the same.
        let place = if path == "bytes.contentBlockDelta.delta.text" { "" } else { place };
        let (kind, path, place) = (self.kind.clone(), path.to_owned(), place.to_owned());
        self.leaves.push(Leaf { event: self.event, kind, path, place, what, text: text.to_owned() });
    }

    fn value(&mut self, value: &Json, path: &str, place: String) {
        match value {
            Json::Null | Json::Bool(_) => {}
            Json::Number(text) => self.leaf(path, &place, What::Number, text),
            Json::String(text) => self.leaf(path, &place, What::Text, text),
            Json::Array(items) => {
                let numbers: Vec<String> = items
                    .iter()
                    .filter_map(|item| match item {
                        Json::Number(number) => Some(number.clone()),
                        _ => None,
                    })
                    .collect();
                if !items.is_empty() && numbers.len() == items.len() {
                    self.leaf(&format!("{path}[]"), &place, What::Numbers, &numbers.join(","));
                    return;
                }
                for (at, item) in items.iter().enumerate() {
                    let place = if self.is_whole { format!("{place}[{at}]") } else { place.clone() };
                    self.value(item, &format!("{path}[]"), place);
                }
            }
            Json::Object(members) => {
                // A token's index counts tokens, not texts.
                let is_place = |key: &str| {
                    (PLACES.contains(&key) || self.table.places.contains(&key))
                        && !(self.table.format == "tgi" && path.is_empty())
                };
                let mut place = place;
                for (key, value) in members.iter().filter(|(key, _)| is_place(key)) {
                    if let Some(value) =
                        value.scalar().filter(|value| !matches!(value.as_str(), "0" | "false"))
                    {
                        place.push_str(&format!("{key}={value} "));
                    }
                }
                for (key, value) in members {
                    let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                    self.leaf(&path, &place, What::Key, key);
                    self.value(value, &path, place.clone());
                }
            }
        }
    }
}

/// What else a reader can see in a text: the strings, keys and numbers of the JSON that it is, the text that its base64 says, the text
/// between its markup.
pub fn readings(text: &str) -> Vec<String> {
    let mut readings = Vec::new();
    read(text, 0, &mut readings);
    readings
}

fn read(text: &str, depth: usize, readings: &mut Vec<String>) {
    if depth == 3 {
        return;
    }
    let trimmed = text.trim();
    if trimmed.starts_with(['{', '[', '"'])
        && let Ok(json) = Json::parse(trimmed)
    {
        inside(&json, depth, readings);
    }
    let code = trimmed.split_once("base64,").map_or(trimmed, |(_, code)| code);
    if code.len() >= 12
        && !code.contains(' ')
        && let Some(said) = from_base64(code).and_then(|bytes| String::from_utf8(bytes).ok())
        && !said.contains(|c: char| c.is_control() && !c.is_whitespace())
    {
        read(&said, depth + 1, readings);
        readings.push(said);
    }
    if trimmed.contains('<') && trimmed.contains('>') {
        readings.push(without_markup(trimmed));
    }
}

fn inside(json: &Json, depth: usize, readings: &mut Vec<String>) {
    match json {
        Json::Null | Json::Bool(_) => {}
        Json::Number(text) => readings.push(text.clone()),
        Json::String(text) => {
            let text = mended(text);
            read(&text, depth + 1, readings);
            readings.push(text);
        }
        Json::Array(items) => items.iter().for_each(|item| inside(item, depth, readings)),
        Json::Object(members) => {
            for (key, value) in members {
                readings.push(key.clone());
                inside(value, depth, readings);
            }
        }
    }
}

fn without_markup(text: &str) -> String {
    let mut out = String::new();
    let mut is_tag = false;
    for c in text.chars() {
        match c {
            '<' => is_tag = true,
            '>' if is_tag => {
                is_tag = false;
                out.push(' ');
            }
            c if !is_tag => out.push(c),
            _ => {}
        }
    }
    for (entity, plain) in
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&nbsp;", " "), ("&amp;", "&")]
    {
        out = out.replace(entity, plain);
    }
    out
}

/// The values of the JSON text that a call's arguments are: strings and numbers behind their path, keys as they stand.
pub fn argument_values(text: &str) -> Option<Vec<(String, What, String)>> {
    fn walk(json: &Json, path: &str, values: &mut Vec<(String, What, String)>) {
        match json {
            Json::Null | Json::Bool(_) => {}
            Json::Number(text) => values.push((path.to_owned(), What::Number, text.clone())),
            Json::String(text) => values.push((path.to_owned(), What::Text, mended(text))),
            Json::Array(items) => items.iter().for_each(|item| walk(item, &format!("{path}[]"), values)),
            Json::Object(members) => {
                for (key, value) in members {
                    values.push((path.to_owned(), What::Key, key.clone()));
                    walk(value, &format!("{path}.*"), values);
                }
            }
        }
    }
    let json = Json::parse(text).ok()?;
    let mut values = Vec::new();
    walk(&json, "", &mut values);
    Some(values)
}
