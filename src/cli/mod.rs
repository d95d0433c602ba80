//! The command line: one file per command.

mod bench;
mod build;
mod canary;
mod change;
mod conversation;
mod demo;
mod explain;
mod filter;
#[cfg(feature = "postgres")]
mod follow;
mod interrupt;
mod jsonl;
mod keys;
mod opening;
mod quality;
mod report;
mod serve;
mod sources;
#[cfg(feature = "store")]
mod store;
mod wire;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand};

use crate::Policy;
use crate::error::{Error, OneLine, Result};
use opening::KeyOption;

/// Keeps one customer's data out of another customer's LLM answer.
#[derive(Parser)]
#[command(name = "tightlip", version, max_term_width = 100, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    demo: demo::Demo,
}

#[derive(Subcommand)]
enum Command {
    /// Stream a sample answer through an embedded dictionary, showing what is held, released and withheld.
    #[command(after_help = "Example:\n  tightlip demo --reader C-1002")]
    Demo(demo::Demo),
    /// Build and look at indexes of known identifiers.
    #[command(subcommand)]
    Index(IndexCommand),
    /// Read a response on stdin, write the safe one on stdout as it goes.
    #[command(
        after_help = "Examples:\n  tightlip filter --index customers.tlx --reader C-1001 < answer.txt\n  \
        tightlip filter --index customers.tlx --format jsonl --findings - < answers.jsonl\n\n\
        Exit status: 0 done, with or without findings; 3 the response was stopped; 1 I/O failed; 2 bad usage, configuration or data."
    )]
    Filter(filter::Filter),
    /// Stand between clients and a provider, and check every answer.
    #[command(
        after_help = "Example:\n  tightlip serve --index customers.tlx --upstream https://api.example.com --listen 127.0.0.1:8080"
    )]
    Serve(serve::Serve),
    /// Measure what a check costs on this machine, or how good detection is.
    #[command(
        after_help = "Examples:\n  tightlip bench --index customers.tlx --text answers.txt --html bench.html\n  \
        tightlip bench --index customers.tlx --streams 1000 --rate 50 --budget budget.toml\n  \
        tightlip bench --quality --owners 100000 --only phone-formats --json\n\n\
        Exit status: 0 done; 4 a figure is beyond the --budget or the --floors; 1 I/O failed; 2 bad usage, configuration or data."
    )]
    Bench(bench::Bench),
    /// Replay a transcript from stdin and say what led to a finding, without the value.
    #[command(
        after_help = "Example:\n  tightlip explain --index customers.tlx --reader C-1001 --id 7be2e3ae44a14cf5 < answer.txt\n\n\
        Reader, policy, grants, format and conversation must be those that the response was checked with."
    )]
    Explain(explain::Explain),
    /// Say who was shown what of a person, from disclosure reports.
    #[command(
        after_help = "Example:\n  tightlip filter --index customers.tlx --reader C-1001 --report shown.jsonl < answer.txt\n  \
        tightlip report --index customers.tlx --owner C-1002 shown.jsonl"
    )]
    Report(report::Report),
    /// Show built-in policies.
    #[command(subcommand)]
    Policy(PolicyCommand),
}

#[derive(Subcommand)]
enum IndexCommand {
    /// Build an index from dictionaries: CSV with a header row, JSON lines, Parquet, or the rows of a query.
    #[command(after_help = "Examples:\n  tightlip index build customers.csv -o customers.tlx\n  \
        tightlip index build postgres://reader@db.example.com/shop --query 'SELECT id, email, phone FROM customers' -o customers.tlx")]
    Build(build::Build),
    /// Write the keys of dictionaries as lines key, kind, owner: what a cluster sorts for `index build --part`.
    #[command(
        after_help = "Example:\n  tightlip index keys customers.csv | LC_ALL=C sort > part\n  tightlip index build --part part -o customers.tlx"
    )]
    Keys(keys::Keys),
    /// Add owners to an index, and replace those that are already there. All others stay.
    #[command(after_help = "Example:\n  tightlip index update customers.tlx changed.csv")]
    Update(change::Update),
    /// Keep an index within seconds of a table in a database.
    #[cfg(feature = "postgres")]
    #[command(
        after_help = "Example:\n  tightlip index follow customers.tlx --source postgres://reader@db.example.com/shop --key updated_at --deleted deleted_at \\\n    \
        --query 'SELECT id, email, phone, updated_at, deleted_at FROM customers'"
    )]
    Follow(follow::Follow),
    /// Forget owners: answers that begin afterwards do not know them. Prints a receipt (JSON).
    #[command(
        after_help = "Examples:\n  tightlip index erase customers.tlx --owner C-1001\n  tightlip index erase customers.tlx --owners left.txt --suppress --until 2027-06-30"
    )]
    Erase(change::Erase),
    /// Write an index anew without what was erased, so that its bytes are gone from the folder.
    #[command(after_help = "Example:\n  tightlip index compact customers.tlx")]
    Compact(change::Compact),
    /// Publish an index to an object store: Amazon S3, Google Cloud Storage, Azure, or a folder.
    #[cfg(feature = "store")]
    #[command(after_help = "Example:\n  tightlip index push customers.tlx s3://example-bucket/customers")]
    Push(store::Push),
    /// Fetch the index that was published last.
    #[cfg(feature = "store")]
    #[command(after_help = "Example:\n  tightlip index pull s3://example-bucket/customers customers.tlx")]
    Pull(store::Pull),
    /// Seal an index anew under another key, or for the first time. What is in it stays as it is.
    #[command(
        after_help = "Example:\n  head -c 32 /dev/urandom > new.key\n  tightlip index rekey customers.tlx --key-file old.key --new-key-file new.key"
    )]
    Rekey(change::Rekey),
    /// Say what is in an index.
    #[command(after_help = "Example:\n  tightlip index info customers.tlx --json")]
    Info {
        /// The folder of the index.
        index: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        key: KeyOption,
    },
    /// Check an index from end to end.
    #[command(after_help = "Example:\n  tightlip index verify customers.tlx")]
    Verify {
        /// The folder of the index.
        index: PathBuf,
        #[command(flatten)]
        key: KeyOption,
    },
}

#[derive(Subcommand)]
enum PolicyCommand {
    /// Print a built-in policy as TOML, to start one's own from.
    #[command(after_help = "Example:\n  tightlip policy show standard > policy.toml")]
    Show {
        /// standard, strict or observe.
        name: String,
    },
}

/// The options of every command that judges.
#[derive(Args)]
struct PolicyOption {
    /// A built-in policy (standard, strict, closed, observe) or the path of a policy file.
    #[arg(long, value_name = "NAME|FILE", default_value = "standard")]
    policy: String,
}

impl PolicyOption {
    fn read(&self) -> Result<Policy> {
        policy(&self.policy)
    }
}

/// A built-in policy, or that of a file.
fn policy(name: &str) -> Result<Policy> {
    let is_path = name.contains(['/', '\\', '.']) || std::path::Path::new(name).exists();
    match Policy::built_in(name) {
        Err(_) if is_path => Policy::from_file(name),
        built_in => built_in,
    }
}

/// How a command ended well.
enum Ending {
    Done,
    /// The policy stopped the response.
    Stopped,
    /// A measured figure is beyond its floor or budget.
    Beyond,
}

/// Runs the command line and says how it ended: 0 done, 1 I/O failed, 2 bad usage, configuration or data, 3 the response was stopped, 4 a
/// measured figure is beyond its floor or budget.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    if !matches!(arguments.command, Some(Command::Serve(_))) {
        log(None, false);
    }
    let ended = match arguments.command {
        None => arguments.demo.run(),
        Some(Command::Demo(demo)) => demo.run(),
        Some(Command::Index(IndexCommand::Build(build))) => build.run(),
        Some(Command::Index(IndexCommand::Keys(keys))) => keys.run(),
        Some(Command::Index(IndexCommand::Update(update))) => update.run(),
        #[cfg(feature = "postgres")]
        Some(Command::Index(IndexCommand::Follow(follow))) => follow.run(),
        Some(Command::Index(IndexCommand::Erase(erase))) => erase.run(),
        Some(Command::Index(IndexCommand::Compact(compact))) => compact.run(),
        #[cfg(feature = "store")]
        Some(Command::Index(IndexCommand::Push(push))) => push.run(),
        #[cfg(feature = "store")]
        Some(Command::Index(IndexCommand::Pull(pull))) => pull.run(),
        Some(Command::Index(IndexCommand::Rekey(rekey))) => rekey.run(),
        Some(Command::Index(IndexCommand::Info { index, json, key })) => info(&key, &index, json),
        Some(Command::Index(IndexCommand::Verify { index, key })) => verify(&key, &index),
        Some(Command::Filter(filter)) => filter.run(),
        Some(Command::Bench(bench)) => bench.run(),
        Some(Command::Explain(explain)) => explain.run(),
        Some(Command::Report(report)) => report.run(),
        Some(Command::Serve(serve)) => serve.run(),
        Some(Command::Policy(PolicyCommand::Show { name })) => show(&name),
    };
    match ended {
        Ok(Ending::Done) => ExitCode::SUCCESS,
        Ok(Ending::Stopped) => ExitCode::from(3),
        Ok(Ending::Beyond) => ExitCode::from(4),
        Err(error) => {
            eprintln!("tightlip: {error}");
            ExitCode::from(if error.is_io() { 1 } else { 2 })
        }
    }
}

/// Writes logs to stderr: what `TIGHTLIP_LOG` asks for, or else this level. Only our own: those of libraries may hold headers and text.
fn log(level: Option<&str>, json: bool) {
    use tracing_subscriber::filter::{EnvFilter, FilterExt, filter_fn};
    use tracing_subscriber::layer::SubscriberExt;
    use tracing_subscriber::util::SubscriberInitExt;
    use tracing_subscriber::{Layer, fmt, registry};
    let asked = EnvFilter::try_from_env("TIGHTLIP_LOG");
    let asked = asked.unwrap_or_else(|_| level.map(EnvFilter::new).unwrap_or_default());
    let ours = filter_fn(|metadata| metadata.target().starts_with("tightlip"));
    let layer = fmt::layer().with_writer(io::stderr);
    let layer = if json { layer.json().boxed() } else { layer.boxed() };
    registry().with(layer.with_filter(asked.and(ours))).init();
}

/// Answers `--help` and `--version`, and says in one line what of the arguments has no meaning.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        error.exit(); // clap prints help in several lines, which it is
    }
    let message = without_password(&error.to_string());
    let said = message
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"));
    let mut line = String::new();
    for part in said.filter(|part| !part.is_empty()) {
        let part = part.strip_prefix("error: ").unwrap_or(part);
        let separator = match (part.strip_prefix("tip: "), line.ends_with(':')) {
            _ if line.is_empty() => "",
            (Some(_), _) => "; ",
            (None, ends) if ends || part.starts_with('[') => " ",
            (None, _) => ", ",
        };
        line += separator;
        line += part.strip_prefix("tip: ").unwrap_or(part);
    }
    eprintln!("tightlip: {}; try --help", OneLine(&line));
    ExitCode::from(2)
}

/// A message without the password of a URL that it repeats.
fn without_password(message: &str) -> String {
    let mut said = String::new();
    let mut rest = message;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        said += before;
        let end = after.find(|c: char| c.is_whitespace() || matches!(c, '\'' | '"')).unwrap_or(after.len());
        // A password may have an @ in it.
        rest = after[..end].rfind('@').map_or(after, |user| &after[user..]);
    }
    said + rest
}

/// Prints what was asked for. A reader of stdout that has gone away ends the command.
fn print(text: std::fmt::Arguments) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_fmt(text)
        .and_then(|()| out.flush())
        .map_err(|error| Error::io("cannot write to stdout", &error))
}

fn show(name: &str) -> Result<Ending> {
    print(format_args!("{}", Policy::show(name)?))?;
    Ok(Ending::Done)
}

fn verify(key: &KeyOption, index: &std::path::Path) -> Result<Ending> {
    let info = key.opening().verify(index)?.info();
    print(format_args!("{}: every file and every key is whole ({} owners)\n", index.display(), info.owners))?;
    Ok(Ending::Done)
}

/// `name 12, city 3`.
fn by_kind(counts: &std::collections::BTreeMap<String, u64>) -> String {
    let counts: Vec<String> =
        counts.iter().map(|(kind, count)| format!("{kind} {}", grouped(*count))).collect();
    counts.join(", ")
}

fn info(key: &KeyOption, path: &std::path::Path, json: bool) -> Result<Ending> {
    let index = key.opening().open(path)?;
    let (info, memory) = (index.info(), index.memory());
    if json {
        let text = serde_json::to_string(&info).expect("plain data");
        print(format_args!("{text}\n"))?;
        return Ok(Ending::Done);
    }
    let mut text =
        format!("{}: generation {}, folding {}\n\n", path.display(), info.generation, info.folding);
    let mut line = |name: &str, value: String| text.push_str(&format!("  {name:<24}{value:>16}\n"));
    line("owners", grouped(info.owners));
    for (count, what) in [(info.erased, "erased, in the files"), (info.suppressed, "suppressed")] {
        if count > 0 {
            line(what, grouped(count));
        }
    }
    for (kind, count) in &info.identifiers {
        line(kind, grouped(*count));
    }
    for (counts, what) in [
        (&info.observed.ordinary, "observed as ordinary"),
        (&info.observed.canaries, "observed as canaries"),
        (&info.noisy, "likely to be noisy"),
    ] {
        if !counts.is_empty() {
            line(what, by_kind(counts));
        }
    }
    line("segments", grouped(info.segments.len() as u64));
    if info.segments.len() > 1 {
        for (number, segment) in (1..).zip(&info.segments) {
            let gone =
                if segment.gone > 0 { format!(", {} gone", grouped(segment.gone)) } else { String::new() };
            let of = format!(
                "{} identifiers of {} owners{gone}",
                grouped(segment.identifiers),
                grouped(segment.owners)
            );
            line(&format!("  segment {number}"), format!("{of}, {} bytes", grouped(segment.bytes)));
        }
    }
    for (name, bytes) in [
        ("keys", info.bytes.keys),
        ("owners of keys", info.bytes.owners),
        ("owner names", info.bytes.owner_names),
        ("accelerators", info.bytes.accelerators),
        ("total", info.bytes.total),
    ] {
        line(name, format!("{} bytes", grouped(bytes)));
    }
    line("sealed", if memory.sealed { "yes" } else { "no" }.into());
    line("memory when open", format!("{} bytes", grouped(memory.bytes)));
    print(format_args!("{text}"))?;
    Ok(Ending::Done)
}

/// 1234567 as 1,234,567.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
