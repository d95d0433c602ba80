//! The policy file: what a company decided.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::settings::{Across, Audience, Settings, check_keys, merge, read};
use super::terms::Terms;
use crate::error::{Error, Result, did_you_mean, toml_reason};
use crate::index::Generation;

/// What is done with a value of another person. The strictest of several is the greatest.
///
/// ```
/// use tightlip::Action;
/// assert_eq!(Action::Redact.max(Action::Stop), Action::Stop);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Action {
    /// Nothing: it is not even looked for.
    Allow,
    /// It is reported and passes.
    Observe,
    /// It is replaced.
    Redact,
    /// The response ends before it.
    Stop,
}

/// What to do with which kinds of values. Cheap to clone.
///
/// ```
/// use tightlip::Policy;
/// let policy = Policy::from_toml(r#"
///     extends = "strict"
///     [kinds]
///     card = "stop"
///     [allow]
///     values = ["support@example.com"]
/// "#)?;
/// let error = Policy::from_toml("[kinds]\nemial = 'redact'").unwrap_err();
/// assert_eq!(error.to_string(), "kinds: unknown kind `emial`; did you mean `email`?");
/// # Ok::<(), tightlip::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Policy {
    pub(super) settings: Arc<Settings>,
    name: Arc<str>,
    /// The same for the same settings: 16 hexadecimal digits.
    hash: Arc<str>,
    /// What it says of the index that was asked last.
    terms: Arc<Mutex<Option<Arc<Terms>>>>,
}

/// The built-in policies, by name: their definition is what `tightlip policy show` prints.
const BUILT_IN: [(&str, &str, (Action, Action)); 4] = [
    ("standard", include_str!("built_in/standard.toml"), (Action::Redact, Action::Allow)),
    ("strict", include_str!("built_in/strict.toml"), (Action::Redact, Action::Allow)),
    ("closed", include_str!("built_in/closed.toml"), (Action::Redact, Action::Allow)),
    ("observe", include_str!("built_in/observe.toml"), (Action::Observe, Action::Observe)),
];

impl Policy {
    /// Strong kinds are redacted; weak kinds only when together they point to one person.
    pub fn standard() -> Self {
        Self::built_in("standard").expect("standard is built in")
    }

    /// As `standard`, and names alone if few people share them.
    pub fn strict() -> Self {
        Self::built_in("strict").expect("strict is built in")
    }

    /// As `strict`, and what a reader sees says no more about the index than it has to: well-formed values are treated alike, known or not, and
    /// what is held depends on the shape of the text.
    pub fn closed() -> Self {
        Self::built_in("closed").expect("closed is built in")
    }

    /// Nothing is changed; every match is reported, weak ones alone too.
    pub fn observe() -> Self {
        Self::built_in("observe").expect("observe is built in")
    }

    /// The built-in policy of this name.
    ///
    /// # Errors
    /// There is none; the message names the nearest.
    pub fn built_in(name: &str) -> Result<Self> {
        Self::source(name)?.parse_as(name)
    }

    /// A built-in policy as TOML, with a comment on every field.
    ///
    /// # Errors
    /// There is none of this name; the message names the nearest.
    pub fn show(name: &str) -> Result<&'static str> {
        Ok(Self::source(name)?.0)
    }

    fn new(settings: Settings, name: &str, text: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in [text].into_iter().chain(settings.allow.values.iter().map(String::as_str)) {
            hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
        }
        let hash = hasher.finalize().to_hex()[..16].into();
        Self { settings: Arc::new(settings), name: name.into(), hash, terms: Arc::default() }
    }

    fn source(name: &str) -> Result<Source> {
        let found = BUILT_IN.iter().find(|(known, ..)| *known == name);
        let (_, text, unnamed) = found.ok_or_else(|| {
            let names = BUILT_IN.map(|(name, ..)| name);
            Error::config(format!(
                "no built-in policy is named `{name}`; there are {}{}",
                names.join(", "),
                did_you_mean(name, names)
            ))
        })?;
        Ok(Source(text, *unnamed))
    }

    /// Reads a policy's text. Files that it names are taken from the current folder.
    ///
    /// # Errors
    /// It is not TOML, says something that has no meaning (the message names the nearest thing that has), or names a file that
    /// cannot be read.
    pub fn from_toml(text: &str) -> Result<Self> {
        Self::parse(text, Path::new(""), "custom")
    }

    /// Reads a policy file. Files that it names are taken from its own folder.
    ///
    /// # Errors
    /// As [`from_toml`](Self::from_toml), or it cannot be read.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text =
            std::fs::read_to_string(path).map_err(|error| Error::file("read the policy", path, &error))?;
        let name = path.file_stem().map_or("custom".into(), |stem| stem.to_string_lossy());
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::parse(&text, folder, &name).map_err(|error| error.about(path.display()))
    }

    fn parse(text: &str, folder: &Path, name: &str) -> Result<Self> {
        let table: toml::Table = text.parse().map_err(|error| Error::config(toml_reason(&error)))?;
        check_keys("", &table)?;
        let base = match table.get("extends") {
            None => "standard",
            Some(toml::Value::String(base)) => base,
            Some(_) => return Err(Error::config("extends: expected the name of a built-in policy")),
        };
        let Source(base, unnamed) = Self::source(base).map_err(|error| error.about("extends"))?;
        let mut merged: toml::Table = base.parse().expect("built-in policies are TOML");
        merge(&mut merged, table);
        let text = merged.to_string();
        let mut settings = read(merged, unnamed)?;
        for file in std::mem::take(&mut settings.allow.files) {
            let path = folder.join(file);
            let lines = std::fs::read_to_string(&path)
                .map_err(|error| Error::file("read the allowed values in", &path, &error))?;
            let values = lines.lines().map(str::trim).filter(|line| !line.is_empty());
            settings.allow.values.extend(values.map(str::to_owned));
        }
        Ok(Self::new(settings, name, &text))
    }

    /// What it says of an index.
    pub(super) fn terms(&self, generation: &Arc<Generation>) -> Arc<Terms> {
        let mut last = self.terms.lock().unwrap_or_else(PoisonError::into_inner);
        let known = last.take_if(|terms| terms.is_of(generation));
        let terms = known.unwrap_or_else(|| Arc::new(Terms::new(generation, &self.settings, &self.hash)));
        *last = Some(Arc::clone(&terms));
        terms
    }

    /// The same policy in a blind cadence, unless it says which one it wants.
    #[cfg(feature = "serve")]
    pub(crate) fn blind_by_default(self) -> Self {
        let mut settings = (*self.settings).clone();
        settings.hold.cadence.get_or_insert(super::settings::Cadence::Blind);
        Self { settings: Arc::new(settings), terms: Arc::default(), ..self }
    }

    /// The same policy, no laxer than `strict` where that withholds more: for turns of a conversation of which nobody knows what the others have said.
    #[cfg(feature = "serve")]
    pub(crate) fn no_laxer_than_strict(&self) -> Self {
        if !self.withholds_together() {
            return self.clone();
        }
        let (strict, mut settings) = (Self::strict(), (*self.settings).clone());
        let strict = &*strict.settings;
        let few = &mut settings.names.alone_if_shared_by_fewer_than;
        *few = strict.names.alone_if_shared_by_fewer_than.max(*few);
        settings.together.facts = strict.together.facts.min(settings.together.facts);
        settings.together.people = strict.together.people.max(settings.together.people);
        settings.echo.values = strict.echo.values.min(settings.echo.values);
        for (own, strict) in [
            (&mut settings.together.kinds, &strict.together.kinds),
            (&mut settings.similar.kinds, &strict.similar.kinds),
            (&mut settings.partial.kinds, &strict.partial.kinds),
            (&mut settings.partial.hints, &strict.partial.hints),
        ] {
            let more: Vec<String> = strict.iter().filter(|kind| !own.contains(kind)).cloned().collect();
            own.extend(more);
        }
        let hash = blake3::hash(format!("{} no laxer than strict", self.hash).as_bytes()).to_hex();
        Self {
            settings: Arc::new(settings),
            name: format!("{}, strictly", self.name).into(),
            hash: hash[..16].into(),
            terms: Arc::default(),
        }
    }

    /// Whether the proxy is to read what readers say from their requests.
    #[cfg(feature = "serve")]
    pub(crate) fn hears_requests(&self) -> bool {
        self.settings.echo.values > 0 && self.settings.echo.from_requests
    }

    /// Whether facts that point to one person together are withheld.
    #[cfg(feature = "serve")]
    pub(crate) fn withholds_together(&self) -> bool {
        self.settings.together.action >= Action::Redact
    }

    /// What the policy is called: its built-in name, or that of its file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Who sees the arguments of a tool.
    pub(crate) fn tool_arguments(&self, tool: Option<&str>) -> Audience {
        let channels = &self.settings.channels;
        let named = tool.and_then(|tool| channels.tools.get(tool));
        named.copied().unwrap_or(channels.tool_arguments)
    }

    /// A name that fewer people share is withheld alone; two weak facts that fewer people have are withheld together. 0: never.
    #[cfg(feature = "cli")]
    pub(crate) fn limits_of_weak_values(&self) -> (u32, u32) {
        let (names, together) = (&self.settings.names, &self.settings.together);
        let pairs_count = together.action >= Action::Redact && together.facts <= 2;
        (names.alone_if_shared_by_fewer_than, if pairs_count { together.people } else { 0 })
    }

    /// How far facts add up.
    pub(crate) fn across(&self) -> Across {
        self.settings.together.across
    }

    /// What a stopped response ends with.
    pub fn stop_message(&self) -> &str {
        &self.settings.stop_message
    }

    /// What a response ends with from which something was withheld; nothing if empty.
    pub fn notice(&self) -> &str {
        &self.settings.notice
    }
}

struct Source(&'static str, (Action, Action));

impl Source {
    fn parse_as(self, name: &str) -> Result<Policy> {
        let table: toml::Table = self.0.parse().expect("built-in policies are TOML");
        let text = table.to_string();
        Ok(Policy::new(read(table, self.1)?, name, &text))
    }
}

#[cfg(test)]
mod tests {
    use super::super::settings::SECTIONS;
    use super::*;
    use crate::identifier::{Kind, KindSpec};

    #[test]
    fn what_is_shown_is_what_is_built_in() {
        for (name, text, _) in BUILT_IN {
            let shown = Policy::from_toml(text).unwrap();
            assert_eq!(
                format!("{:?}", shown.settings.kinds),
                format!("{:?}", Policy::built_in(name).unwrap().settings.kinds)
            );
            assert_eq!(shown.settings.unnamed, Policy::built_in(name).unwrap().settings.unnamed);
            for (section, keys) in SECTIONS {
                for key in keys.iter().filter(|key| **key != "kinds") {
                    assert!(text.contains(key), "{name}: {section}.{key}");
                }
            }
        }
    }

    #[test]
    fn what_has_no_meaning_is_refused_with_the_nearest_that_has() {
        for (text, message) in [
            ("stop_mesage = 'x'", "policy: unknown key `stop_mesage`; did you mean `stop_message`?"),
            ("[together]\nfact = 2", "together: unknown key `fact`; did you mean `facts`?"),
            ("[together]\nkinds = ['nmae']", "together.kinds: unknown kind `nmae`; did you mean `name`?"),
            (
                "extends = 'strikt'",
                "extends: no built-in policy is named `strikt`; there are standard, strict, closed, observe; did you mean `strict`?",
            ),
            (
                "[kinds]\nemail = 'block'",
                "kinds: unknown variant `block`, expected one of `allow`, `observe`, `redact`, `stop`",
            ),
            ("[together]\nfacts = 0", "together: `facts` and `people` must be at least 1"),
            ("[echo]\nvalues = 9", "echo: `values` may be at most 8"),
            (
                "[patterns]\nname = 'redact'",
                "patterns: values of the kind `name` cannot be told by their looks; expected one of email, phone, iban, card, national_id, ip, secret",
            ),
            ("[patterns]\nemial = 'redact'", "patterns: unknown kind `emial`; did you mean `email`?"),
            (
                "[uniform]\nkinds = ['address']",
                "uniform.kinds: values of the kind `address` cannot be told by their looks; expected one of email, phone, iban, card, national_id, ip, secret",
            ),
            (
                "[hold]\nlook_ahead = 'page'",
                "hold: unknown variant `page`, expected one of `none`, `sentence`, `response`",
            ),
            ("[hold]\ncadense = 'blind'", "hold: unknown key `cadense`; did you mean `cadence`?"),
            ("[hold]\ncadence = 'slow'", "hold: unknown variant `slow`, expected `exact` or `blind`"),
            (
                "[allow]\nfiles = ['no/such/file']",
                "cannot read the allowed values in no/such/file: no such file or directory",
            ),
        ] {
            assert_eq!(Policy::from_toml(text).unwrap_err().to_string(), message);
        }
        assert!(Policy::from_toml("extends = [").unwrap_err().is_config());
    }

    #[test]
    fn a_policy_says_only_what_differs() {
        let policy =
            Policy::from_toml("[kinds]\nname = 'stop'\nloyalty = 'redact'\nbooking = 'observe'").unwrap();
        let of = |kind| policy.settings.alone(&KindSpec::built_in(&kind).unwrap());
        assert_eq!(
            [of(Kind::Name), of(Kind::Email), of(Kind::City)],
            [Action::Stop, Action::Redact, Action::Allow]
        );
        assert_eq!(of(Kind::Reference), Action::Observe, "by its alias");
    }
}
