//! What a policy file says, section by section, and whether it means something.

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;

use super::policy::Action;
use crate::error::{Error, Result, did_you_mean, toml_reason};
use crate::identifier::{Kind, KindSpec, Shape, Strength};
use crate::index::{Generation, KeyId};
use crate::scan::{Readings, has_pattern, kinds_with_patterns};

/// Everything a policy says.
#[derive(Clone, Deserialize)]
pub(super) struct Settings {
    pub(super) stop_message: String,
    pub(super) notice: String,
    pub(super) kinds: BTreeMap<String, Action>,
    pub(super) redact: Redact,
    pub(super) together: Together,
    pub(super) names: Names,
    pub(super) echo: Echo,
    pub(super) allow: Allow,
    pub(super) patterns: BTreeMap<String, Action>,
    pub(super) hold: Hold,
    pub(super) uniform: Uniform,
    pub(super) similar: Similar,
    pub(super) partial: Partial,
    pub(super) channels: Channels,
    pub(super) purpose: Purpose,
    pub(super) readings: Readings,
    /// What is done with kinds that are not named: strong ones, weak ones.
    #[serde(skip, default = "redact_strong")]
    pub(super) unnamed: (Action, Action),
}

fn redact_strong() -> (Action, Action) {
    (Action::Redact, Action::Allow)
}

#[derive(Clone, Deserialize)]
pub(super) struct Redact {
    pub(super) style: Style,
    pub(super) labels: BTreeMap<String, String>,
}

/// How a value is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Style {
    Label,
    Mask,
    Pseudonym,
}

#[derive(Clone, Deserialize)]
pub(super) struct Together {
    pub(super) kinds: Vec<String>,
    pub(super) action: Action,
    pub(super) facts: u32,
    pub(super) people: u32,
    pub(super) across: Across,
}

/// How far facts add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Across {
    /// Over one response.
    Response,
    /// Over the turns of a conversation.
    Conversation,
    /// Over all conversations of a reader.
    Reader,
}

#[derive(Clone, Deserialize)]
pub(super) struct Names {
    pub(super) alone_if_shared_by_fewer_than: u32,
}

/// What readers have said themselves.
#[derive(Clone, Deserialize)]
pub(super) struct Echo {
    pub(super) values: usize,
    #[cfg_attr(not(feature = "serve"), expect(dead_code, reason = "only the proxy sees requests"))]
    pub(super) from_requests: bool,
}

/// More values of others than this are not repeated in a turn.
const MOST_ECHOES: usize = 8;

#[derive(Clone, Deserialize)]
pub(super) struct Allow {
    pub(super) values: Vec<String>,
    pub(super) files: Vec<String>,
}

/// How long text is held.
#[derive(Clone, Deserialize)]
pub(super) struct Hold {
    /// None: whoever uses the policy decides.
    pub(super) cadence: Option<Cadence>,
    pub(super) look_ahead: LookAhead,
}

/// What decides how long text is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Cadence {
    /// What is known.
    Exact,
    /// For strong kinds, the shape of the text.
    Blind,
}

/// How far text waits for what comes behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LookAhead {
    /// It leaves as soon as it can be no leak itself.
    None,
    /// To the end of its sentence.
    Sentence,
    /// To the end of its channel.
    Response,
}

/// Kinds of which known values are not told from others.
#[derive(Clone, Deserialize)]
pub(super) struct Uniform {
    pub(super) kinds: Vec<String>,
}

#[derive(Clone, Deserialize)]
pub(super) struct Similar {
    pub(super) kinds: Vec<String>,
    pub(super) min_length: usize,
}

#[derive(Clone, Deserialize)]
pub(super) struct Partial {
    pub(super) kinds: Vec<String>,
    pub(super) hints: Vec<String>,
}

/// What data are for.
#[derive(Clone, Deserialize)]
pub(super) struct Purpose {
    pub(super) outside: Outside,
}

/// Who may see data that are meant for other purposes than a response has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outside {
    /// Whoever may see them otherwise.
    Own,
    /// Nobody, not even those whose they are.
    Nobody,
}

/// Who reads what of a response.
#[derive(Clone, Deserialize)]
pub(super) struct Channels {
    pub(super) tool_arguments: Audience,
    /// By the name of the tool.
    pub(super) tools: BTreeMap<String, Audience>,
}

/// Who sees a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Audience {
    /// The reader: it is judged.
    Reader,
    /// Only the company's own systems: it is observed.
    Internal,
}

/// Allowed values are customers' or staff's data.
impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("kinds", &self.kinds).finish_non_exhaustive()
    }
}

/// The sections of a policy and their keys. The keys of `kinds`, `redact.labels` and `patterns` are kinds, those of `channels.tools` names of tools.
pub(super) const SECTIONS: [(&str, &[&str]); 17] = [
    (
        "",
        &[
            "extends",
            "stop_message",
            "notice",
            "kinds",
            "redact",
            "together",
            "names",
            "echo",
            "readings",
            "allow",
            "patterns",
            "hold",
            "uniform",
            "similar",
            "partial",
            "channels",
            "purpose",
        ],
    ),
    ("readings", &["escapes", "markup", "words", "letters", "encodings", "ciphers"]),
    ("channels", &["tool_arguments", "tools"]),
    ("channels.tools", &[]),
    ("purpose", &["outside"]),
    ("kinds", &[]),
    ("redact", &["style", "labels"]),
    ("redact.labels", &[]),
    ("together", &["kinds", "action", "facts", "people", "across"]),
    ("names", &["alone_if_shared_by_fewer_than"]),
    ("echo", &["values", "from_requests"]),
    ("allow", &["values", "files"]),
    ("patterns", &[]),
    ("hold", &["cadence", "look_ahead"]),
    ("uniform", &["kinds"]),
    ("similar", &["kinds", "min_length"]),
    ("partial", &["kinds", "hints"]),
];

pub(super) fn read(table: toml::Table, unnamed: (Action, Action)) -> Result<Settings> {
    // Section by section, so that a message can say where.
    for (section, value) in &table {
        let check = |result: Result<(), toml::de::Error>| {
            result.map_err(|error| Error::config(toml_reason(&error)).about(section))
        };
        let value = value.clone();
        match section.as_str() {
            "kinds" => check(value.try_into::<BTreeMap<String, Action>>().map(drop))?,
            "redact" => check(value.try_into::<Redact>().map(drop))?,
            "together" => check(value.try_into::<Together>().map(drop))?,
            "names" => check(value.try_into::<Names>().map(drop))?,
            "echo" => check(value.try_into::<Echo>().map(drop))?,
            "allow" => check(value.try_into::<Allow>().map(drop))?,
            "patterns" => check(value.try_into::<BTreeMap<String, Action>>().map(drop))?,
            "hold" => check(value.try_into::<Hold>().map(drop))?,
            "uniform" => check(value.try_into::<Uniform>().map(drop))?,
            "similar" => check(value.try_into::<Similar>().map(drop))?,
            "partial" => check(value.try_into::<Partial>().map(drop))?,
            "readings" => check(value.try_into::<Readings>().map(drop))?,
            "channels" => check(value.try_into::<Channels>().map(drop))?,
            "purpose" => check(value.try_into::<Purpose>().map(drop))?,
            _ => check(value.try_into::<String>().map(drop))?,
        }
    }
    let mut settings: Settings = table.try_into().map_err(|error| Error::config(toml_reason(&error)))?;
    settings.unnamed = unnamed;
    if settings.together.facts == 0 || settings.together.people == 0 {
        return Err(Error::config("together: `facts` and `people` must be at least 1"));
    }
    if settings.echo.values > MOST_ECHOES {
        return Err(Error::config(format!("echo: `values` may be at most {MOST_ECHOES}")));
    }
    Ok(settings)
}

/// Puts what `own` says over what `base` says.
pub(super) fn merge(base: &mut toml::Table, own: toml::Table) {
    for (key, value) in own {
        match (base.get_mut(&key), value) {
            (Some(toml::Value::Table(base)), toml::Value::Table(own)) => merge(base, own),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

/// Every key must have a meaning.
pub(super) fn check_keys(section: &str, table: &toml::Table) -> Result<()> {
    let keys = SECTIONS.iter().find(|(name, _)| *name == section).map_or(&[][..], |(_, keys)| keys);
    for (key, value) in table {
        let path = if section.is_empty() { key.clone() } else { format!("{section}.{key}") };
        let at = if section.is_empty() { "policy" } else { section };
        if section == "patterns" {
            check_pattern(key).map_err(|error| error.about(at))?;
        } else if matches!(section, "kinds" | "redact.labels") {
            check_kind(key).map_err(|error| error.about(at))?;
        } else if section != "channels.tools" && !keys.contains(&key.as_str()) {
            return Err(Error::config(format!(
                "unknown key `{key}`{}",
                did_you_mean(key, keys.iter().copied())
            ))
            .about(at));
        }
        if let toml::Value::Table(table) = value {
            check_keys(&path, table)?;
        }
    }
    let check: fn(&str) -> Result<()> = match section {
        "together" => check_kind,
        "uniform" => check_pattern,
        "similar" => |name| check_kind(name).and_then(|()| check_shape("similar", name)),
        "partial" => |name| check_kind(name).and_then(|()| check_shape("partial", name)),
        _ => return Ok(()),
    };
    for list in ["kinds", "hints"] {
        let Some(toml::Value::Array(kinds)) = table.get(list) else { continue };
        for kind in kinds.iter().filter_map(toml::Value::as_str) {
            let check = if list == "hints" { check_hint } else { check };
            check(kind).map_err(|error| error.about(format_args!("{section}.{list}")))?;
        }
    }
    Ok(())
}

/// Only some kinds can be told by their looks.
fn check_pattern(name: &str) -> Result<()> {
    check_kind(name)?;
    if has_pattern(&Kind::named(name)) {
        return Ok(());
    }
    let kinds: Vec<&str> = kinds_with_patterns().collect();
    Err(Error::config(format!(
        "values of the kind `{name}` cannot be told by their looks; expected one of {}",
        kinds.join(", ")
    )))
}

/// Only what is written in words has slips, for a number with another digit is another number; and only what has one length, nearly, is told by most of it.
fn check_shape(section: &str, name: &str) -> Result<()> {
    let spec = Kind::built_in(name).and_then(|kind| KindSpec::built_in(&kind));
    let Some(spec) = spec else { return Ok(()) };
    let words = matches!(spec.shape, Shape::Name | Shape::Words);
    let parts = matches!(spec.shape, Shape::Phone | Shape::Digits | Shape::Code | Shape::Groups);
    let message = match section {
        "similar" if !words && spec.shape != Shape::Email => {
            "has no slips; expected names, emails or addresses"
        }
        "partial" if !parts && spec.shape != Shape::Email => {
            "has no parts; expected emails, phones, numbers or codes"
        }
        _ => return Ok(()),
    };
    Err(Error::config(format!("the kind `{name}` {message}")))
}

/// Of what is hinted at: what has parts, and addresses.
fn check_hint(name: &str) -> Result<()> {
    let is_address = Kind::built_in(name) == Some(Kind::Address);
    check_kind(name).and_then(|()| if is_address { Ok(()) } else { check_shape("partial", name) })
}

/// A kind that is not built in may be one of the company's own; one that looks like a slip of the keyboard is not.
pub(super) fn check_kind(name: &str) -> Result<()> {
    let near = did_you_mean(name, Kind::names());
    if Kind::built_in(name).is_none() && !near.is_empty() {
        return Err(Error::config(format!("unknown kind `{name}`{near}")));
    }
    Ok(())
}

impl Settings {
    /// What is done with a value of a kind that stands alone.
    pub(super) fn alone(&self, spec: &KindSpec) -> Action {
        let named = self.kinds.iter().find(|(name, _)| spec.kind.is_named(name)).map(|(_, action)| *action);
        named.unwrap_or(match spec.strength {
            Strength::Strong => self.unnamed.0,
            Strength::Weak => self.unnamed.1,
        })
    }

    /// Whether a kind is named, and with it acted on alone.
    pub(super) fn names_kind(&self, spec: &KindSpec) -> bool {
        self.kinds.keys().any(|name| spec.kind.is_named(name))
    }

    /// What is done with what looks like a value of a kind, because it does, and because known values are not told from others.
    pub(super) fn patterns(&self, spec: &KindSpec) -> (Action, Action) {
        let named = self.patterns.iter().filter(|(name, _)| spec.kind.is_named(name));
        let listed = named.map(|(_, action)| *action).max().unwrap_or(Action::Allow);
        let is_uniform = self.uniform.kinds.iter().any(|name| spec.kind.is_named(name));
        (listed, if is_uniform { self.alone(spec) } else { Action::Allow })
    }

    /// Whether anything is done with what only looks like a value of a kind.
    pub(super) fn looks_for(&self, spec: &KindSpec) -> bool {
        let (listed, uniform) = self.patterns(spec);
        has_pattern(&spec.kind) && listed.max(uniform) > Action::Allow
    }

    /// Whether values of a kind count together.
    pub(super) fn counts_together(&self, spec: &KindSpec) -> bool {
        let allowed =
            self.kinds.iter().any(|(name, action)| *action == Action::Allow && spec.kind.is_named(name));
        !allowed
            && self.together.action != Action::Allow
            && self.together.kinds.iter().any(|name| spec.kind.is_named(name))
    }

    /// The values that are nobody's secret, as an index knows them.
    pub(super) fn allowed(&self, generation: &Generation) -> HashSet<KeyId> {
        let patterns: Vec<u8> = (0..)
            .zip(generation.kinds())
            .filter(|(_, spec)| self.looks_for(spec))
            .map(|(place, _)| place)
            .collect();
        let unlisted = |value: &str| patterns.iter().map(|kind| generation.unlisted(*kind, value)).collect();
        let forms = self.allow.values.iter().flat_map(|value| [generation.find(value), unlisted(value)]);
        forms.flatten().collect()
    }
}
