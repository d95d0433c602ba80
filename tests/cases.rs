//! Every row of `tests/cases/*.toml`, under every cut.
//!
//! A row says who is known, who reads, what the model wrote and what leaves. A file may say `owners` and `policy` once for all its rows.
//! A row runs as a whole, a character at a time, cut in two at every place and (up to 60 characters) in three at every two places, and with
//! tables that let every walk begin; safe text, findings and ending must be the same every time.

mod response;

use std::collections::BTreeMap;
use std::fmt::Write;

use response::{Response, check, cut, edits};
use serde::Deserialize;
use tightlip::{
    Action, Canary, Identifier, Index, IndexBuilder, Kind, Policy, Reader, Region, Schema, Verdict,
};

macro_rules! themes {
    ($($theme:ident),*) => {
        $(#[test]
        fn $theme() {
            run(stringify!($theme), include_str!(concat!("cases/", stringify!($theme), ".toml")));
        })*

        const THEMES: &[&str] = &[$(stringify!($theme)),*];
    };
}

themes!(
    addresses,
    blind,
    codes,
    dates,
    emails,
    evasion,
    folding,
    hints,
    names,
    names_spellings,
    numbers,
    ordinary,
    overlaps,
    partial,
    patterns,
    phones,
    readers,
    readings,
    redact,
    reversed,
    scripts,
    similar,
    stop,
    together,
    uniform
);

#[test]
fn every_file_is_run() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let theme = path.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(THEMES.contains(&theme.as_str()), "{theme}.toml is in no test");
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Theme {
    #[serde(default)]
    owners: Owners,
    policy: Option<String>,
    #[serde(default)]
    reversed: bool,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    owners: Option<Owners>,
    /// None: a stranger; several: all of them read.
    #[serde(default)]
    reader: OneOrMore<String>,
    /// Owners whose data the last reader may also see.
    #[serde(default)]
    acting_for: Vec<String>,
    /// The name of a built-in policy, or the text of one.
    policy: Option<String>,
    region: Option<String>,
    /// The company's own texts.
    #[serde(default)]
    canaries: Vec<String>,
    /// Built to find values that are written backwards.
    #[serde(default)]
    reversed: bool,
    /// The text of a schema.
    schema: Option<String>,
    text: String,
    safe: String,
    /// The kinds of the findings, where the safe text does not show them.
    findings: Option<Vec<String>>,
    /// Words of the findings format that every finding has.
    #[serde(default)]
    how: Vec<String>,
    /// The line of the policy that decided the last finding.
    rule: Option<String>,
}

type Owners = BTreeMap<String, BTreeMap<String, OneOrMore<Value>>>;

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum OneOrMore<T> {
    One(T),
    More(Vec<T>),
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Value {
    Verified(String),
    Unverified { unverified: String },
}

impl<T> Default for OneOrMore<T> {
    fn default() -> Self {
        Self::More(Vec::new())
    }
}

impl<T> OneOrMore<T> {
    fn as_slice(&self) -> &[T] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::More(more) => more,
        }
    }
}

/// Longer texts are not cut in three: the cuts grow with the square.
const LONGEST_CUT_IN_THREE: usize = 60;

fn run(theme: &str, rows: &str) {
    let theme_rows: Theme = toml::from_str(rows).unwrap_or_else(|error| panic!("{theme}.toml: {error}"));
    let mut failures = String::new();
    for case in &theme_rows.cases {
        println!("{}", case.name);
        if let Err(failure) = case.run(&theme_rows) {
            writeln!(failures, "\n{}\n  text     {:?}\n  {failure}", case.name, case.text).unwrap();
        }
    }
    assert!(failures.is_empty(), "{theme}.toml:{failures}");
}

impl Case {
    fn run(&self, theme: &Theme) -> Result<(), String> {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("customers.tlx");
        let index = self.index(
            self.owners.as_ref().unwrap_or(&theme.owners),
            theme.reversed || self.reversed,
            &folder,
        );
        let policy = match self.policy.as_deref().or(theme.policy.as_deref()) {
            None => Policy::standard(),
            Some(text) if text.contains('=') => Policy::from_toml(text).unwrap(),
            Some(name) => Policy::built_in(name).unwrap(),
        };
        let reader = self.reader();
        let whole = check(&index, &policy, &reader, [self.text.as_str()]);
        self.expect(&whole)?;
        self.only_findings_are_replaced(&whole, &index, &policy, &reader)?;

        let slow = Index::without_openings(&folder).unwrap();
        same("without openings", &whole, &check(&slow, &policy, &reader, [self.text.as_str()]))?;

        let places: Vec<usize> = self.text.char_indices().map(|(at, _)| at).collect();
        same("a character at a time", &whole, &check(&index, &policy, &reader, cut(&self.text, &places)))?;
        for (n, first) in places.iter().enumerate() {
            let (before, behind) = self.text.split_at(*first);
            for pieces in [vec![before, behind], vec![before, "", behind]] {
                let how = format!("{pieces:?}");
                same(&how, &whole, &check(&index, &policy, &reader, pieces))?;
            }
            let more = if places.len() <= LONGEST_CUT_IN_THREE { &places[n + 1..] } else { &[] };
            for second in more {
                let pieces = cut(&self.text, &[*first, *second]);
                same(
                    &format!("cut at {first} and {second}"),
                    &whole,
                    &check(&index, &policy, &reader, pieces),
                )?;
            }
        }
        Ok(())
    }

    fn index(&self, owners: &Owners, reversed: bool, folder: &std::path::Path) -> Index {
        let canaries: Vec<_> = self.canaries.iter().cloned().map(|text| Ok(Canary::from(text))).collect();
        let mut builder = IndexBuilder::new().reversed(reversed).canaries(canaries);
        if let Some(schema) = &self.schema {
            builder = builder.schema(&Schema::from_toml(schema).unwrap());
        }
        if let Some(region) = &self.region {
            builder = builder.region(region.parse::<Region>().unwrap());
        }
        for (owner, kinds) in owners {
            for (kind, values) in kinds {
                for value in values.as_slice() {
                    let identifier = |text| Identifier { owner, kind: Kind::named(kind), text };
                    let added = match value {
                        Value::Verified(text) => builder.add(identifier(text)),
                        Value::Unverified { unverified } => builder.add_unverified(identifier(unverified)),
                    };
                    added.unwrap_or_else(|error| panic!("{}: {owner}: {error}", self.name));
                }
            }
        }
        builder.finish(folder).unwrap()
    }

    fn reader(&self) -> Reader {
        let mut reader = Reader::stranger();
        for (n, owner) in self.reader.as_slice().iter().enumerate() {
            reader = if n == 0 { Reader::customer(owner) } else { reader.also_read_by(owner) };
        }
        self.acting_for.iter().fold(reader, |reader, owner| reader.acting_for(owner))
    }

    fn expect(&self, whole: &Response) -> Result<(), String> {
        if whole.safe != self.safe {
            return Err(format!("expected {:?}\n  got      {:?}", self.safe, whole.safe));
        }
        let kinds: Vec<&str> = whole.findings.iter().map(|finding| finding.kind.name()).collect();
        if self.findings.as_ref().is_some_and(|expected| *expected != kinds) {
            return Err(format!("expected findings {:?}, got {kinds:?}", self.findings.as_ref().unwrap()));
        }
        for finding in &whole.findings {
            let how: Vec<&str> = finding.how.words().collect();
            if let Some(missing) = self.how.iter().find(|word| !how.contains(&word.as_str())) {
                return Err(format!("expected {missing} in {how:?}"));
            }
        }
        let rule = whole.findings.last().map(|finding| finding.rule.clone());
        if self.rule.is_some() && rule != self.rule {
            return Err(format!("expected the rule {:?}, got {rule:?}", self.rule));
        }
        Ok(())
    }

    /// The safe text is the original one, but for the spans that the findings report.
    fn only_findings_are_replaced(
        &self,
        whole: &Response,
        index: &Index,
        policy: &Policy,
        reader: &Reader,
    ) -> Result<(), String> {
        let (edits, decided) = edits(index, policy, reader, &self.text);
        let (mut safe, mut at) = (String::new(), 0);
        for edit in &edits {
            safe.push_str(&self.text[at..edit.span.start as usize]);
            safe.push_str(&edit.replacement);
            at = edit.span.end as usize;
        }
        safe.push_str(&self.text[at..decided as usize]);
        match whole.ending {
            Verdict::Stop => safe.push_str(policy.stop_message()),
            Verdict::Continue if decided != self.text.len() as u64 => {
                return Err("the end is not decided".into());
            }
            Verdict::Continue => {}
        }
        if safe != whole.safe {
            return Err(format!("its edits give {safe:?}"));
        }
        let stops = whole.findings.iter().filter(|finding| finding.action == Action::Stop);
        if stops.clone().any(|finding| finding.span.start < decided) {
            return Err("part of the value that stopped it has left".into());
        }
        let redacted = whole.findings.iter().filter(|finding| finding.action == Action::Redact);
        let spans = merged(redacted.map(|finding| (finding.span.start, finding.span.end)).collect());
        let replaced: Vec<(u64, u64)> = edits.iter().map(|edit| (edit.span.start, edit.span.end)).collect();
        if spans != replaced {
            return Err(format!("findings at {spans:?}, but replaced is {replaced:?}"));
        }
        Ok(())
    }
}

fn merged(mut spans: Vec<(u64, u64)>) -> Vec<(u64, u64)> {
    spans.sort_unstable();
    let mut merged: Vec<(u64, u64)> = Vec::new();
    for (start, end) in spans {
        match merged.last_mut() {
            Some(last) if start < last.1 => last.1 = last.1.max(end),
            _ => merged.push((start, end)),
        }
    }
    merged
}

fn same(cut: &str, whole: &Response, pieces: &Response) -> Result<(), String> {
    if whole == pieces { Ok(()) } else { Err(format!("{cut}:\n  whole    {whole:?}\n  pieces   {pieces:?}")) }
}
