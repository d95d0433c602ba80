//! `tightlip demo`: a sample answer, token by token, as the operator sees it.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use clap::Args;

use super::{Ending, PolicyOption, grouped};
use crate::error::{Error, Result};
use crate::{Action, Finding, Index, IndexBuilder, Reader, Schema, Session, Verdict};

const CUSTOMERS: &str = include_str!("../../dictionaries/sample_customers.csv");
pub(super) const ANSWER: &str = include_str!("../../dictionaries/sample_answer.txt");
/// To whom the answer is given.
pub(super) const READER: &str = "C-1001";

/// The index of the embedded dictionary.
pub(super) fn index() -> Result<Index> {
    let mut builder = IndexBuilder::new();
    builder.add_dictionary("sample_customers.csv", CUSTOMERS.as_bytes(), &Schema::default(), &mut |_| ())?;
    builder.finish_in_memory()
}

/// Stream a sample answer through an embedded dictionary.
#[derive(Args)]
pub(super) struct Demo {
    /// Who reads: an owner of the embedded dictionary, C-1001 to C-1008, or somebody it does not know.
    #[arg(long, value_name = "ID", default_value = READER)]
    reader: String,
    #[command(flatten)]
    policy: PolicyOption,
    /// Tokens per second; 0 is as fast as possible. On a terminal 12 unless given, elsewhere 0.
    #[arg(long, value_name = "TOKENS")]
    rate: Option<u32>,
}

impl Demo {
    pub(super) fn run(&self) -> Result<Ending> {
        let policy = self.policy.read()?;
        let index = index()?;
        let session = Session::new(&index, &policy, Reader::customer(&self.reader));

        let out = io::stdout();
        let is_terminal = out.is_terminal();
        let pause = match self.rate.unwrap_or(if is_terminal { 12 } else { 0 }) {
            0 => Duration::ZERO,
            rate => Duration::from_secs(1) / rate,
        };
        let mut screen = Screen { out: out.lock(), column: 0, is_terminal };
        let reader = match index.knows(&self.reader) {
            true => format!("customer {}", self.reader),
            false => "somebody the dictionary does not know".into(),
        };
        let owners = grouped(index.info().owners);
        let opening = format!(
            "The dictionary knows {owners} invented customers; {reader} is reading, under the policy {}.\n\n",
            policy.name()
        );
        let ran = screen.opening(&opening).and_then(|()| stream(&session, &mut screen, pause));
        ran.map_err(|error| Error::io("cannot write to stdout", &error))
    }
}

/// What the demo counts.
#[derive(Default)]
struct Counts {
    tokens: u64,
    delayed: u64,
    held: usize,
    most_held: usize,
}

fn stream(session: &Session, screen: &mut Screen, pause: Duration) -> io::Result<Ending> {
    let mut checker = session.checker();
    let mut safe = String::new();
    let mut counts = Counts::default();
    let mut pending = String::new();
    let mut ending = Ending::Done;
    for token in tokens(ANSWER) {
        let verdict = checker.push(token, &mut safe);
        pending.push_str(token);
        let held = pending[pending.len() - checker.held().min(pending.len())..].to_owned();
        screen.step(token, &safe, &held)?;
        counts.tokens += 1;
        counts.delayed += u64::from(!held.is_empty());
        counts.held += held.len();
        counts.most_held = counts.most_held.max(held.len());
        pending = held;
        safe.clear();
        if verdict == Verdict::Stop {
            ending = Ending::Stopped;
            break;
        }
        std::thread::sleep(pause);
    }
    let _ = checker.finish(&mut safe);
    screen.step("", &safe, "")?;
    screen.closing(checker.findings(), &counts)?;
    Ok(ending)
}

/// Pieces as a model might give them: up to five characters, a new one at every space.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let ends =
            |(at, c): &(usize, char)| *at > 0 && (c.is_whitespace() || rest[..*at].chars().count() == 5);
        let end = rest.char_indices().find(ends).map_or(rest.len(), |(at, _)| at);
        let (token, after) = rest.split_at(end);
        rest = after;
        (!token.is_empty()).then_some(token)
    })
}

/// On a terminal the answer itself, held text dimmed at its end; elsewhere a line per token.
struct Screen<'a> {
    out: io::StdoutLock<'a>,
    column: usize,
    is_terminal: bool,
}

/// Where a line of the answer breaks at the next space.
const WIDTH: usize = 72;

impl Screen<'_> {
    fn opening(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())?;
        if self.is_terminal {
            writeln!(
                self.out,
                "\x1b[2;4mheld\x1b[0m until it is decided, \x1b[1;31m[WITHHELD]\x1b[0m, and the rest as the reader sees it:\n"
            )?;
        } else {
            writeln!(self.out, "{:<10} {:<34} held back", "token", "released")?;
        }
        self.out.flush()
    }

    fn step(&mut self, token: &str, safe: &str, held: &str) -> io::Result<()> {
        if !self.is_terminal {
            if !(token.is_empty() && safe.is_empty()) {
                writeln!(self.out, "{:<10} {:<34} {}", quoted(token), quoted(safe), quoted(held))?;
            }
            return self.out.flush();
        }
        write!(self.out, "\x1b[K")?;
        for c in safe.chars() {
            match c {
                '\n' => self.column = 0,
                ' ' if self.column >= WIDTH => {
                    self.column = 0;
                    writeln!(self.out)?;
                    continue;
                }
                _ => self.column += 1,
            }
            match c {
                '[' => write!(self.out, "\x1b[1;31m[")?,
                ']' => write!(self.out, "]\x1b[0m")?,
                c => write!(self.out, "{c}")?,
            }
        }
        // Held text is shown where it would stand, and overwritten by what becomes of it.
        let shown: String = held.chars().map(|c| if c == '\n' { ' ' } else { c }).collect();
        write!(self.out, "\x1b7\x1b[2;4m{shown}\x1b[0m\x1b8")?;
        self.out.flush()
    }

    fn closing(&mut self, findings: &[Finding], counts: &Counts) -> io::Result<()> {
        let out = &mut self.out;
        writeln!(out)?;
        if findings.is_empty() {
            writeln!(out, "Nothing was withheld.")?;
        }
        for finding in findings {
            let verb = match finding.action {
                Action::Observe => "observed",
                Action::Stop => "stopped",
                _ => "withheld",
            };
            let why = match finding.facts {
                1 => format!("rule {}", finding.rule),
                facts => format!("rule {}, {facts} facts point to one person", finding.rule),
            };
            let owners = match finding.owners {
                1 => "somebody else's".to_owned(),
                owners => format!("shared by {owners} others"),
            };
            let place = format!("bytes {}-{}", finding.span.start, finding.span.end);
            writeln!(out, "{verb} {:<14} {place:<14} {owners}; {why}", finding.kind)?;
        }
        let per_token = |sum: f64| sum / counts.tokens.max(1) as f64;
        writeln!(
            out,
            "{} tokens, {:.0} % of them held for a moment; {:.1} bytes held after a token on average, at most {}.",
            counts.tokens,
            100.0 * per_token(counts.delayed as f64),
            per_token(counts.held as f64),
            counts.most_held
        )?;
        out.flush()
    }
}

/// Text as it would stand in code, so that line breaks do not break the table.
fn quoted(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{text:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_the_text() {
        assert_eq!(tokens(ANSWER).collect::<String>(), ANSWER);
        assert!(tokens(ANSWER).all(|token| token.chars().count() <= 5));
    }
}
