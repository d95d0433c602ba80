//! Canaries: the company's own texts, whose values are nobody's secret.

use std::sync::Arc;

use super::{Match, Means, ScanPlan, Scanner, Scope};
use crate::IndexBuilder;
use crate::error::Result;
use crate::index::KindMask;

/// A text of the company's own: a web page, a template, a past answer.
///
/// ```
/// use tightlip::{Canary, Identifier, IndexBuilder, Kind};
/// let mut builder = IndexBuilder::new();
/// builder.add(Identifier { owner: "C-1", kind: Kind::Username, text: "acme-plus" })?;
/// let index = builder.canaries([Ok(Canary::from("Our Acme-Plus plan is free."))]).finish_in_memory()?;
/// assert_eq!(index.info().observed.canaries["username"], 1);
/// # Ok::<(), tightlip::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Canary {
    /// The text.
    pub text: String,
    /// Whom it was written to, if it was an answer: what is theirs in it is no canary.
    pub readers: Vec<String>,
}

impl Canary {
    /// A text that was an answer to this reader.
    pub fn to(reader: &str, text: impl Into<String>) -> Self {
        Self { text: text.into(), readers: vec![reader.to_owned()] }
    }
}

impl From<&str> for Canary {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<String> for Canary {
    fn from(text: String) -> Self {
        Self { text, readers: Vec::new() }
    }
}

/// Texts are output.
impl std::fmt::Debug for Canary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Canary").finish_non_exhaustive()
    }
}

impl IndexBuilder {
    /// Looks for the values in the company's own texts when the index is finished: those that stand there outside what was written to their owner are
    /// kept, but only observed. The texts are taken one by one. May be called more than once.
    pub fn canaries<I>(self, texts: I) -> Self
    where
        I: IntoIterator<Item = Result<Canary>> + Send + 'static,
    {
        self.search(Box::new(move |generation| {
            let plan = Arc::new(ScanPlan::new(generation, Scope::known(KindMask::MAX)));
            let mut found = Vec::new();
            for text in texts {
                let text = text?;
                let readers: Vec<u32> =
                    text.readers.iter().filter_map(|reader| generation.owner_number(reader)).collect();
                for value in values(&plan, &text.text) {
                    let mut is_readers = false;
                    generation.owners(value.key, |owner| is_readers |= readers.contains(&owner.number));
                    if !is_readers {
                        found.push((value.kind, value.key));
                    }
                }
                found.sort_unstable();
                found.dedup();
            }
            Ok(found)
        }))
    }
}

/// The values in a text, as they are written: without nicknames, initials and what is backwards.
fn values(plan: &Arc<ScanPlan>, text: &str) -> Vec<Match> {
    let (mut scanner, mut found, mut matches) = (Scanner::new(Arc::clone(plan)), Vec::new(), Vec::new());
    let mut at = 0;
    while at < text.len() {
        at += scanner.advance(&text[at..], &mut matches);
        found.append(&mut matches);
    }
    scanner.finish(&mut matches);
    found.append(&mut matches);
    found.retain(|value| !value.means.contains(Means::VARIANT) && !value.means.contains(Means::REVERSED));
    found
}
