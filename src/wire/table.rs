//! A provider's words as a table: which paths are text, which repeat it, which are none, and how a stream ends.
//!
//! The tables are the files of `formats/`. A path is written `choices[].delta.content`, `$` for the whole payload, with the type of event before
//! it if that matters: `<content_block_delta> delta.text`. What a path says holds for everything below it that says nothing itself.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use foldhash::fast::RandomState;
use serde::Deserialize;

use super::format::Format;
use super::json::{ELEMENT, Node, Paths};

/// What a value is to its response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Nothing is known: judged whole, and joined with what follows once it stands there with another value.
    Unnamed,
    /// A fragment of this group's text.
    Text(u16),
    /// A fragment of JSON text.
    Arguments(u16),
    /// The arguments of a call, written by the model as JSON: every text, key and number of it is judged whole.
    Object,
    /// Other JSON that may hold anything: judged as an object is, whoever reads arguments.
    Data,
    /// Judged whole, never joined.
    Whole,
    /// Judged whole; its numbers are counts.
    Plain,
    /// No text.
    Opaque,
    /// The event's text again, in other words: goes when that text is changed.
    Spells,
    /// No text, but made from it: goes once anything has been withheld.
    Tied,
    /// Vouches for text as it was: goes when that is changed.
    Signature,
    /// A place in the text, in characters or in bytes.
    Offset(Unit),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Characters,
    Bytes,
}

/// What ends with an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Ends {
    #[default]
    Nothing,
    /// The channels of the same element or block.
    Block,
    All,
}

/// All that a table says of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Meaning {
    pub(super) role: Role,
    pub(super) ends: Ends,
    /// The name of the tool whose arguments stand beside it.
    pub(super) is_tool_name: bool,
    /// Tells the element of an array that it is in from the others.
    pub(super) is_identity: bool,
    /// An array whose elements are one, but for their identity.
    pub(super) is_merged: bool,
    /// The how manieth of the values that tell channels apart.
    pub(super) join: Option<u8>,
    /// The text that offsets are of.
    pub(super) has_offsets: bool,
}

impl Meaning {
    const NONE: Self = Self {
        role: Role::Unnamed,
        ends: Ends::Nothing,
        is_tool_name: false,
        is_identity: false,
        is_merged: false,
        join: None,
        has_offsets: false,
    };
}

pub(super) struct Table {
    rows: Vec<Row>,
    /// The rows by the last name of their path.
    by_name: HashMap<Box<str>, Vec<usize>, RandomState>,
    /// Names of members of the protocol.
    words: HashSet<Box<str>, RandomState>,
    /// Types of events that end something.
    types: HashMap<Box<str>, Ends>,
    /// Types of events that begin a text, which cannot be said twice.
    starts: Vec<Box<str>>,
    /// The group that readers see.
    pub(super) visible: u16,
    /// The member that holds another payload in base64.
    pub(super) inside: Option<Box<str>>,
    /// The member that numbers events.
    pub(super) sequence: Option<Box<str>>,
    /// Members that an event of the same kind has too.
    pub(super) envelope: Vec<Box<str>>,
}

struct Row {
    of: Option<Box<str>>,
    names: Vec<Box<str>>,
    says: Says,
    group: u16,
}

/// What a row adds to its column: the number of its group.
type Place = u16;

/// What a column of the table adds to the meaning of its rows.
type Says = fn(&mut Meaning, Place);

/// A table's file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    #[serde(default)]
    join: Vec<String>,
    inside: Option<String>,
    #[serde(default)]
    text: Vec<Group>,
    #[serde(default)]
    arguments: Vec<Group>,
    #[serde(default)]
    objects: Vec<String>,
    #[serde(default)]
    data: Vec<String>,
    #[serde(default)]
    tool_name: Vec<String>,
    #[serde(default)]
    merged: Vec<String>,
    #[serde(default)]
    identity: Vec<String>,
    #[serde(default)]
    whole: Vec<String>,
    #[serde(default)]
    opaque: Vec<String>,
    #[serde(default)]
    tied: Vec<String>,
    #[serde(default)]
    starts: Vec<String>,
    #[serde(default)]
    plain: Vec<String>,
    #[serde(default)]
    spells: Vec<String>,
    #[serde(default)]
    signature: Vec<String>,
    #[serde(default)]
    chars: Vec<String>,
    #[serde(default)]
    bytes: Vec<String>,
    #[serde(default)]
    offsets_of: Vec<String>,
    #[serde(default)]
    ends: Vec<String>,
    #[serde(default)]
    ends_all: Vec<String>,
    sequence: Option<String>,
    #[serde(default)]
    envelope: Vec<String>,
}

/// One channel: a path, or several whose fragments follow each other.
#[derive(Deserialize)]
#[serde(untagged)]
enum Group {
    One(String),
    Several(Vec<String>),
}

impl Group {
    fn paths(&self) -> &[String] {
        match self {
            Self::One(path) => std::slice::from_ref(path),
            Self::Several(paths) => paths,
        }
    }
}

/// Names that say the same everywhere: labels that are never text in pieces, and numbers that are never a person's.
const LABELS: [&str; 12] = [
    "id",
    "type",
    "event_type",
    "object",
    "model",
    "role",
    "status",
    "version",
    "format",
    "mime_type",
    "mimeType",
    "finish_reason",
];
const COUNTS: [&str; 7] = ["index", "created", "created_at", "created_on", "logprob", "score", "seed"];

impl Table {
    pub(super) fn of(format: Format) -> Arc<Self> {
        static TABLES: OnceLock<HashMap<Format, Arc<Table>>> = OnceLock::new();
        let tables = TABLES.get_or_init(|| {
            let read = |format: Format| {
                (format, Arc::new(Table::read(source(format)).expect("the tables are well formed")))
            };
            Format::ALL.into_iter().map(read).collect()
        });
        Arc::clone(&tables[&format])
    }

    fn read(source: &str) -> Result<Self, toml::de::Error> {
        let source: Source = toml::from_str(source)?;
        let mut table = Self {
            rows: Vec::new(),
            by_name: HashMap::default(),
            words: LABELS.iter().chain(&COUNTS).map(|name| (*name).into()).collect(),
            types: HashMap::new(),
            starts: source.starts.into_iter().map(Into::into).collect(),
            visible: 0,
            inside: source.inside.map(Into::into),
            sequence: source.sequence.map(Into::into),
            envelope: source.envelope.into_iter().map(Into::into).collect(),
        };
        let mut group = 0;
        for (groups, says) in [
            (&source.text, (|meaning, group| meaning.role = Role::Text(group)) as Says),
            (&source.arguments, |meaning, group| meaning.role = Role::Arguments(group)),
        ] {
            for paths in groups {
                paths.paths().iter().for_each(|path| table.add(path, group, says));
                group += 1;
            }
        }
        let columns: [(&[String], Says); 15] = [
            (&source.objects, |meaning, _| meaning.role = Role::Object),
            (&source.data, |meaning, _| meaning.role = Role::Data),
            (&source.whole, |meaning, _| meaning.role = Role::Whole),
            (&source.plain, |meaning, _| meaning.role = Role::Plain),
            (&source.opaque, |meaning, _| meaning.role = Role::Opaque),
            (&source.tied, |meaning, _| meaning.role = Role::Tied),
            (&source.spells, |meaning, _| meaning.role = Role::Spells),
            (&source.signature, |meaning, _| meaning.role = Role::Signature),
            (&source.chars, |meaning, _| meaning.role = Role::Offset(Unit::Characters)),
            (&source.bytes, |meaning, _| meaning.role = Role::Offset(Unit::Bytes)),
            (&source.offsets_of, |meaning, _| meaning.has_offsets = true),
            (&source.tool_name, |meaning, _| meaning.is_tool_name = true),
            (&source.merged, |meaning, _| meaning.is_merged = true),
            (&source.identity, |meaning, _| meaning.is_identity = true),
            (&source.join, |meaning, place| meaning.join = Some(place as u8)),
        ];
        for (paths, says) in columns {
            paths.iter().enumerate().for_each(|(place, path)| table.add(path, place as u16, says));
        }
        for (paths, ends) in [(&source.ends, Ends::Block), (&source.ends_all, Ends::All)] {
            for path in paths {
                match path.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')) {
                    Some(of) => {
                        table.types.insert(of.into(), ends);
                    }
                    None if ends == Ends::All => table.add(path, 0, |meaning, _| meaning.ends = Ends::All),
                    None => table.add(path, 0, |meaning, _| meaning.ends = Ends::Block),
                }
            }
        }
        Ok(table)
    }

    fn add(&mut self, path: &str, group: u16, says: Says) {
        let (of, path) = match path.strip_prefix('<').and_then(|rest| rest.split_once("> ")) {
            Some((of, path)) => (Some(of.into()), path),
            None => (None, path),
        };
        let names: Vec<Box<str>> = match path {
            "$" => Vec::new(),
            path => path
                .split('.')
                .flat_map(|name| {
                    let (name, element) = match name.strip_suffix(ELEMENT) {
                        Some(name) => (name, Some(ELEMENT)),
                        None => (name, None),
                    };
                    Some(name).filter(|name| !name.is_empty()).into_iter().chain(element).map(Into::into)
                })
                .collect(),
        };
        self.words.extend(names.iter().cloned());
        let last = names.last().cloned().unwrap_or_default();
        self.by_name.entry(last).or_default().push(self.rows.len());
        self.rows.push(Row { of, names, says, group });
    }

    /// A member of the protocol is called so.
    pub(super) fn is_word(&self, name: &str) -> bool {
        self.words.contains(name)
    }

    /// A row speaks of events of this type.
    pub(super) fn knows(&self, of: &str) -> bool {
        self.types.contains_key(of) || self.rows.iter().any(|row| row.of.as_deref() == Some(of))
    }

    /// An event of this type begins a text.
    pub(super) fn is_start(&self, of: &str) -> bool {
        self.starts.iter().any(|start| **start == *of)
    }

    /// What ends with an event of this type.
    pub(super) fn type_ends(&self, of: &str) -> Ends {
        self.types.get(of).copied().unwrap_or_default()
    }

    /// What a path is in an event of this type, given what the path above it is.
    pub(super) fn meaning(&self, of: &str, node: Node, paths: &Paths, above: Role) -> Meaning {
        let name = paths.name(node);
        let inherited = match above {
            Role::Unnamed | Role::Text(_) | Role::Offset(_) => None,
            // The same path may hold JSON as text, and as an object.
            Role::Arguments(_) => Some(Role::Object),
            role => Some(role),
        };
        let mut meaning = Meaning { role: inherited.unwrap_or(Role::Unnamed), ..Meaning::NONE };
        let is_count = || COUNTS.contains(&name) || name.ends_with("_tokens") || name.ends_with("_count");
        let is_label = || LABELS.contains(&name) || name.ends_with("_id") || name.ends_with("Id");
        if inherited.is_none_or(|role| role == Role::Whole) && is_count() {
            meaning.role = Role::Plain;
        } else if inherited.is_none() && is_label() {
            meaning.role = Role::Whole;
        }
        let rows = self.by_name.get(name).into_iter().flatten().map(|row| &self.rows[*row]);
        let fits = |row: &&Row| row.names.iter().rev().map(|name| &**name).eq(paths.names_upwards(node));
        let rows = rows.filter(fits);
        let everywhere = rows.clone().filter(|row| row.of.is_none());
        // What is said of one type of event is said last.
        let here = rows.filter(|row| row.of.as_deref() == Some(of));
        everywhere.chain(here).for_each(|row| (row.says)(&mut meaning, row.group));
        meaning
    }
}

/// Numbers of this role may have been written by the model.
pub(super) fn is_checked_number(role: Role) -> bool {
    matches!(
        role,
        Role::Unnamed | Role::Object | Role::Data | Role::Whole | Role::Text(_) | Role::Arguments(_)
    )
}

fn source(format: Format) -> &'static str {
    match format {
        Format::OpenAiChat => include_str!("formats/openai-chat.toml"),
        Format::OpenAiCompletions => include_str!("formats/openai-completions.toml"),
        Format::OpenAiResponses => include_str!("formats/openai-responses.toml"),
        Format::OpenAiAssistants => include_str!("formats/openai-assistants.toml"),
        Format::Anthropic => include_str!("formats/anthropic.toml"),
        Format::Gemini => include_str!("formats/gemini.toml"),
        Format::Cohere => include_str!("formats/cohere.toml"),
        Format::Ollama => include_str!("formats/ollama.toml"),
        Format::Tgi => include_str!("formats/tgi.toml"),
        Format::LlamaCpp => include_str!("formats/llamacpp.toml"),
        Format::BedrockConverse => include_str!("formats/bedrock-converse.toml"),
        Format::BedrockInvoke => include_str!("formats/bedrock-invoke.toml"),
        Format::AiSdkUi => include_str!("formats/ai-sdk-ui.toml"),
        Format::AiSdkData => include_str!("formats/ai-sdk-data.toml"),
        Format::Text | Format::Json => include_str!("formats/json.toml"),
    }
}
