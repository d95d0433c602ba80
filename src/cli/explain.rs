//! `tightlip explain`: what led to a finding, without the value.

use std::io::{self, Read};

use clap::Args;

use super::filter::Filter;
use super::{Ending, print};
use crate::Finding;
use crate::error::{Error, Result};
use crate::wire::{Guard, Progress};

/// Replay a transcript from stdin and say what led to a finding, without the value.
#[derive(Args)]
pub(super) struct Explain {
    /// The id of the finding, as `filter --findings` writes it.
    #[arg(long, value_name = "FINDING")]
    id: String,
    #[command(flatten)]
    replayed: Filter,
}

impl Explain {
    pub(super) fn run(&self) -> Result<Ending> {
        let (session, format) = self.replayed.replay()?;
        let mut guard = Guard::detecting(&session, format, None);
        let (mut buffer, mut safe) = (vec![0; 64 << 10], Vec::new());
        let mut others = 0;
        loop {
            let read = io::stdin().lock().read(&mut buffer);
            let read = read.map_err(|error| Error::io("cannot read stdin", &error))?;
            let progress =
                if read == 0 { guard.finish(&mut safe) } else { guard.push(&buffer[..read], &mut safe) };
            safe.clear();
            for finding in guard.take_findings() {
                if finding.id == self.id {
                    print(format_args!("{}", explained(&finding)))?;
                    return Ok(Ending::Done);
                }
                others += 1;
            }
            if read == 0 || progress != Progress::Continue {
                break;
            }
        }
        Err(Error::data(format!(
            "stdin: no finding has this id, {others} have others; transcript, reader, policy, grants and conversation must be those of the response"
        )))
    }
}

fn explained(finding: &Finding) -> String {
    let mut text = format!(
        "finding {}: {} at bytes {} to {} of {}\n",
        finding.id, finding.kind, finding.span.start, finding.span.end, finding.channel
    );
    let mut line = |name: &str, value: String| text += &format!("  {name:<10}{value}\n");
    line("action", format!("{:?}", finding.action).to_lowercase());
    line("rule", finding.rule.clone());
    line("written", finding.how.words().collect::<Vec<_>>().join(", "));
    line(
        "people",
        match finding.owners {
            0 => "nobody known: it only looks like such a value".into(),
            1 => format!("one other person has it, {}", finding.owner),
            owners => format!("{owners} people have it, {} among them", finding.owner),
        },
    );
    if finding.rule == "together" {
        let beside: Vec<&str> = finding.beside.iter().map(|kind| kind.name()).collect();
        line(
            "facts",
            match &beside[..] {
                [] => "more was said than is kept, so that every further fact counts".into(),
                kinds => {
                    format!("{} of them, with what was said before: {}", finding.facts, kinds.join(", "))
                }
            },
        );
    }
    line("index", format!("generation {}", finding.generation));
    text
}
