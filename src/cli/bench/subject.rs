//! What is measured: an index, a policy, a reader and a response.

use std::path::{Path, PathBuf};

use clap::Args;

use super::super::opening::LoadOption;
use super::response::{Check, Response};
use crate::cli::{demo, policy};
use crate::error::{Error, Result, did_you_mean};
use crate::wire::Format;
use crate::{Index, Policy, Reader, Session};

/// Where they come from.
#[derive(Args)]
pub(super) struct Source {
    /// The folder of the index. Not given: the dictionary of the demo.
    #[arg(long, value_name = "DIR", conflicts_with = "quality")]
    index: Option<PathBuf>,
    #[command(flatten)]
    opening: LoadOption,
    /// Who reads: an owner of the dictionary. Given several times, all of them must be allowed. Not given, or unknown to the index: a stranger.
    #[arg(long = "reader", value_name = "ID", conflicts_with = "quality")]
    readers: Vec<String>,
    /// The text of a response. Not given: the sample answer of the demo.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["quality", "stream"])]
    text: Option<PathBuf>,
    /// A recorded response in a provider's format; it is pushed event by event, and an event counts as a token.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["quality", "chunk"])]
    stream: Option<PathBuf>,
    /// The format of the recorded response, such as openai-chat; auto tells it by its first bytes.
    #[arg(long, value_name = "FORMAT", value_parser = Recorded::parse, default_value = "auto", requires = "stream", hide_possible_values = true)]
    format: Recorded,
    /// How many bytes of text are pushed at a time; four are about a token.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..))]
    chunk: u32,
}

/// A format, or none: it is told by the first bytes.
#[derive(Clone, Copy)]
struct Recorded(Option<Format>);

impl Recorded {
    fn parse(name: &str) -> std::result::Result<Self, String> {
        if name == "auto" {
            return Ok(Self(None));
        }
        match name.parse() {
            Ok(Format::Text) => Err("bare text is measured with --text".to_owned()),
            Ok(format) => Ok(Self(Some(format))),
            Err(_) => {
                let names = ["auto"].into_iter().chain(Format::ALL.map(Format::name));
                Err(format!("there are auto and the providers' formats{}", did_you_mean(name, names)))
            }
        }
    }
}

/// What is measured.
pub(super) struct Subject {
    pub(super) index: Index,
    pub(super) policy: Policy,
    pub(super) response: Response,
    /// Whether the index and the response are those of the demo.
    pub(super) is_demo: (bool, bool),
    reader: Reader,
}

impl Subject {
    pub(super) fn new(source: &Source, policy_name: &str) -> Result<Self> {
        let policy = policy(policy_name)?;
        let index = match &source.index {
            Some(folder) => source.opening.open(folder)?,
            None => demo::index()?,
        };
        let mut names: Vec<&str> = source.readers.iter().map(String::as_str).collect();
        if names.is_empty() && source.index.is_none() {
            names.push(demo::READER);
        }
        let mut names = names.into_iter();
        let first = names.next().map_or_else(Reader::stranger, Reader::customer);
        let reader = names.fold(first, |reader, name| reader.also_read_by(name));
        let response = match (&source.stream, &source.text) {
            (Some(path), _) => Response::recorded(read(path)?, source.format.0),
            (None, Some(path)) => Response::text(&text(path)?, source.chunk as usize),
            (None, None) => Response::text(demo::ANSWER, source.chunk as usize),
        };
        let from = source.stream.as_ref().or(source.text.as_ref());
        let about = |error: Error| match from {
            Some(path) => error.about(path.display()),
            None => error,
        };
        let is_demo = (source.index.is_none(), from.is_none());
        let subject = Self { index, policy, response: response.map_err(about)?, is_demo, reader };
        if subject.session().unknown_readers() > 0 {
            eprintln!("tightlip: the index does not know a reader; whoever it does not know owns nothing");
        }
        Ok(subject)
    }

    pub(super) fn session(&self) -> Session {
        Session::new(&self.index, &self.policy, self.reader.clone())
    }

    /// The check of a new response.
    pub(super) fn check(&self) -> Check {
        self.response.check(&self.session())
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| Error::file("read", path, &error))
}

fn text(path: &Path) -> Result<String> {
    let bytes = read(path)?;
    Ok(String::from_utf8(bytes).unwrap_or_else(|error| {
        eprintln!("tightlip: {} is not UTF-8; bytes that are not become U+FFFD", path.display());
        String::from_utf8_lossy(error.as_bytes()).into_owned()
    }))
}
