//! `tightlip filter`.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use clap::Args;

use super::conversation::ConversationFile;
use super::opening::LoadOption;
use super::{Ending, PolicyOption, jsonl, wire};
use crate::error::{Error, Result, did_you_mean};
use crate::policy::Across;
use crate::wire::Format;
use crate::{Finding, Grants, Index, Policy, Reader, Session};

/// Read a response on stdin, write the safe one on stdout as it goes.
#[derive(Args)]
pub(super) struct Filter {
    /// The folder of the index.
    #[arg(long, value_name = "DIR")]
    index: PathBuf,
    #[command(flatten)]
    opening: LoadOption,
    /// Who reads: an owner of the dictionary. Given several times, all of them must be allowed. Not given, or unknown to the index: a stranger,
    /// who owns nothing.
    #[arg(long = "reader", value_name = "ID")]
    readers: Vec<String>,
    /// An owner whose data every reader may also see.
    #[arg(long, value_name = "ID", requires = "readers")]
    acting_for: Vec<String>,
    /// What the response is for: grants that are limited to this purpose count too; data that are limited to others, if the policy says so, do not pass.
    #[arg(long, value_name = "NAME", requires = "readers")]
    purpose: Option<String>,
    /// A table of grants (CSV: owner, reader, kinds, until): which owners let which readers see what.
    #[arg(long, value_name = "FILE")]
    grants: Option<PathBuf>,
    #[command(flatten)]
    policy: PolicyOption,
    /// What stdin is: text, jsonl (one response per line: {"id", "reader", "text"} or {"id", "reader", "chunks"}), a provider's format
    /// (openai-chat, openai-completions, openai-responses, openai-assistants, anthropic, gemini, cohere, ollama, tgi, llamacpp,
    /// bedrock-converse, bedrock-invoke, ai-sdk-ui, ai-sdk-data), json, or auto, which tells it by its first bytes.
    #[arg(long, value_name = "FORMAT", value_parser = Input::parse, default_value = "text", hide_possible_values = true)]
    format: Input,
    /// Cut the input into pieces of N bytes first; for tests.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    chunk: Option<u32>,
    /// Write findings as JSON lines to a file; `-` is stderr.
    #[arg(long, value_name = "FILE")]
    findings: Option<PathBuf>,
    /// Append a disclosure report, one JSON line for each response, to a file; `-` is stderr.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// What earlier turns of the conversation have said; is read, if it is there, and updated.
    #[arg(long, value_name = "FILE")]
    conversation: Option<PathBuf>,
}

/// What stdin can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Input {
    /// One response in a wire format.
    Wire(Format),
    /// One response, told by its bytes.
    Auto,
    /// One response per line.
    Jsonl,
}

impl Input {
    fn parse(name: &str) -> std::result::Result<Self, String> {
        match name {
            "auto" => Ok(Self::Auto),
            "jsonl" => Ok(Self::Jsonl),
            name => name.parse().map(Self::Wire).map_err(|_| {
                let names: Vec<&str> =
                    ["text", "jsonl", "auto"].into_iter().chain(Format::ALL.map(Format::name)).collect();
                format!("there are text, jsonl, auto and the providers' formats{}", did_you_mean(name, names))
            }),
        }
    }
}

/// What the formats share.
pub(super) struct Filtering {
    index: Followed,
    pub(super) policy: Policy,
    pub(super) chunk: Option<usize>,
    acting_for: Vec<String>,
    purpose: Option<String>,
    grants: Grants,
    findings: Option<Box<dyn Write>>,
    report: Option<Box<dyn Write>>,
    conversation: Option<ConversationFile>,
    noted_unknown: bool,
    noted_encoding: bool,
}

impl Filter {
    pub(super) fn run(&self) -> Result<Ending> {
        let mut filtering = self.filtering()?;
        let ending = match self.format {
            Input::Wire(format) => wire::filter(&mut filtering, &self.readers, Some(format))?,
            Input::Auto => wire::filter(&mut filtering, &self.readers, None)?,
            Input::Jsonl => jsonl::filter(&mut filtering, &self.readers)?,
        };
        filtering.flush()?;
        Ok(ending)
    }

    /// A session as the options say, and the format if it is said; for what is replayed.
    pub(super) fn replay(&self) -> Result<(Session, Option<Format>)> {
        let format = match self.format {
            Input::Wire(format) => Some(format),
            Input::Auto => None,
            Input::Jsonl => {
                return Err(Error::config("--format: expected one response; jsonl has one in every line"));
            }
        };
        Ok((self.filtering()?.session(&self.readers), format))
    }

    fn filtering(&self) -> Result<Filtering> {
        let (index, policy) = (Followed::new(&self.opening, &self.index)?, self.policy.read()?);
        let findings: Option<Box<dyn Write>> = match &self.findings {
            None => None,
            Some(path) if path.as_os_str() == "-" => Some(Box::new(io::stderr())),
            Some(path) => {
                let file = File::create(path).map_err(|error| Error::file("write", path, &error))?;
                Some(Box::new(BufWriter::new(file)))
            }
        };
        let report: Option<Box<dyn Write>> = match &self.report {
            None => None,
            Some(path) if path.as_os_str() == "-" => Some(Box::new(io::stderr())),
            Some(path) => Some(Box::new(appending(path)?)),
        };
        if self.conversation.is_some() && self.format == Input::Jsonl {
            return Err(Error::config("--conversation: expected one response; jsonl has one in every line"));
        }
        let grants = self.grants.as_ref().map(Grants::open).transpose()?;
        let conversation = self.conversation.as_ref().map(|path| ConversationFile::open(path));
        Ok(Filtering {
            index,
            policy,
            chunk: self.chunk.map(|chunk| chunk as usize),
            acting_for: self.acting_for.clone(),
            purpose: self.purpose.clone(),
            grants: grants.unwrap_or_default(),
            findings,
            report,
            conversation: conversation.transpose()?,
            noted_unknown: false,
            noted_encoding: false,
        })
    }
}

impl Filtering {
    /// A session for these readers; says once if one of them is unknown.
    pub(super) fn session(&mut self, readers: &[String]) -> Session {
        let mut reader = Reader::stranger();
        for (at, name) in readers.iter().enumerate() {
            reader = if at == 0 { Reader::customer(name) } else { reader.also_read_by(name) };
            reader = self.acting_for.iter().fold(reader, |reader, owner| reader.acting_for(owner));
        }
        if let Some(purpose) = &self.purpose {
            reader = reader.for_purpose(purpose);
        }
        let session = Session::new(&self.index.index, &self.policy, reader).with_grants(&self.grants);
        if let Some(conversation) = self.conversation.take_if(|conversation| !conversation.resume(&session)) {
            let path = conversation.path().display();
            eprintln!(
                "tightlip: {path} is another reader's conversation; it is left alone, and this response is not kept"
            );
        }
        if session.policy().across() == Across::Response {
            self.conversation = None; // what the file says is for another policy
        }
        if session.unknown_readers() > 0 && !std::mem::replace(&mut self.noted_unknown, true) {
            eprintln!("tightlip: the index does not know a reader; whoever it does not know owns nothing");
        }
        session
    }

    /// Learns who was erased since: to be called before text is judged.
    pub(super) fn look(&mut self) {
        self.index.look();
    }

    /// Says once that stdin is not UTF-8.
    pub(super) fn note_encoding(&mut self) {
        if !std::mem::replace(&mut self.noted_encoding, true) {
            eprintln!("tightlip: stdin is not UTF-8; bytes that are not become U+FFFD");
        }
    }

    pub(super) fn report(&mut self, findings: &[Finding]) -> Result<()> {
        let Some(out) = &mut self.findings else { return Ok(()) };
        for finding in findings {
            let line = serde_json::to_string(finding).expect("plain data");
            writeln!(out, "{line}").map_err(|error| Error::io("cannot write the findings", &error))?;
        }
        Ok(())
    }

    /// Keeps what the conversation has said, if that is more than before: to be called before it is written.
    pub(super) fn remember(&mut self, session: &Session) -> Result<()> {
        self.conversation.as_mut().map_or(Ok(()), |conversation| conversation.keep(session))
    }

    /// Reports what a response has disclosed.
    pub(super) fn disclose(&mut self, session: &Session) -> Result<()> {
        let Some(out) = &mut self.report else { return Ok(()) };
        let line = serde_json::to_string(&session.report()).expect("plain data") + "\n";
        out.write_all(line.as_bytes()).map_err(|error| Error::io("cannot write the report", &error))
    }

    fn flush(&mut self) -> Result<()> {
        let flushed = self.findings.as_mut().map_or(Ok(()), Write::flush);
        flushed.map_err(|error| Error::io("cannot write the findings", &error))
    }
}

/// An index that may change while responses are read.
struct Followed {
    index: Index,
    folder: PathBuf,
    looked: Instant,
    seen: Option<Seen>,
    noted: bool,
}

/// What the manifest looks like; it is replaced as a whole.
type Seen = (SystemTime, u64);

/// How often is looked for changes.
const LOOK_EVERY: Duration = Duration::from_millis(200);

impl Followed {
    fn new(opening: &LoadOption, folder: &Path) -> Result<Self> {
        let seen = seen(folder);
        let index = opening.open(folder)?;
        Ok(Self { index, folder: folder.to_owned(), looked: Instant::now(), seen, noted: false })
    }

    /// Responses that go on learn whom the index has forgotten. What cannot be read leaves it as it is.
    fn look(&mut self) {
        if self.looked.elapsed() < LOOK_EVERY {
            return;
        }
        self.looked = Instant::now();
        let now = seen(&self.folder);
        if now == self.seen {
            return;
        }
        match self.index.reopen(&self.folder) {
            Ok(newer) => (self.index, self.seen) = (newer, now),
            Err(error) if !std::mem::replace(&mut self.noted, true) => {
                eprintln!(
                    "tightlip: the index has changed and cannot be read again, so that the old one is used: {error}"
                );
            }
            Err(_) => {}
        }
    }
}

fn seen(folder: &Path) -> Option<Seen> {
    let metadata = std::fs::metadata(folder.join("manifest.json")).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

/// A file of which only the end is written, for its owner only.
fn appending(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| Error::file("write", path, &error))
}
