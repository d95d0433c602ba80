//! Phrases of a response that are made another customer's identifiers, the same in every run, and what plain text becomes then.

use std::collections::BTreeSet;
use std::path::Path;

use tightlip::{Identifier, Index, IndexBuilder, Kind, Policy, Reader, Schema, Session};

use super::leaves::{Leaf, What, argument_values, channels};
use super::search::{Seen, plain, stands_in};
use super::tables::{Table, is_in_reach};

/// Kinds of the tests' own, so that no rule of a built-in kind says what is a phrase.
pub const SCHEMA: &str = "\
[kinds.wording]
shape = 'words'
strength = 'strong'
min_length = 3
[kinds.figure]
shape = 'digits'
strength = 'strong'
min_length = 6
";

/// How many phrases one recording registers.
const MOST: usize = 14;

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Phrase {
    pub kind: &'static str,
    pub text: String,
    /// The text it was taken from.
    pub context: String,
    /// Where that is.
    pub at: String,
    pub is_visible: bool,
    /// It stands in more than one piece.
    pub spans: bool,
}

/// An index in which the phrases are C-OTHER's.
pub fn index(phrases: &[Phrase], folder: &Path) -> Index {
    let mut builder = builder();
    for phrase in phrases {
        let kind = Kind::named(phrase.kind);
        builder.add(Identifier { owner: "C-OTHER", kind, text: &phrase.text }).expect("it was tried");
    }
    builder
        .add(Identifier { owner: "C-READER", kind: Kind::Email, text: "qzx.nobody.writes.this@example.com" })
        .unwrap();
    builder.finish(folder).expect("an index")
}

fn builder() -> IndexBuilder {
    let schema = format!("[columns]\n{SCHEMA}");
    IndexBuilder::new().schema(&Schema::from_toml(&schema).expect("a schema"))
}

/// What becomes of a text that comes as text.
pub fn filtered(index: &Index, policy: &Policy, text: &str) -> String {
    let mut checker = Session::new(index, policy, Reader::stranger()).checker();
    let mut safe = String::new();
    let _ = checker.push(text, &mut safe);
    let _ = checker.finish(&mut safe);
    safe
}

/// Phrases of two to four words from every text of a response, by preference such that stand in several pieces; addresses and long
/// numbers too. What plain text would not withhold is left out: that is not for the wire to mend.
pub fn phrases(leaves: &[Leaf], table: &Table, is_stream: bool) -> Vec<Phrase> {
    let seen = Seen::of(leaves);
    let out_of_reach: Vec<String> = leaves
        .iter()
        .filter(|leaf| matches!(leaf.what, What::Key) || !is_in_reach(&leaf.kind, &leaf.path))
        .map(|leaf| plain(&leaf.text))
        .collect();
    let mut texts = Vec::new();
    for ((kind, path, place), channel) in channels(leaves) {
        if !is_in_reach(&kind, &path) && !table.is_pieces(&kind, &path) {
            continue;
        }
        let at = format!("{kind} {path} {place}");
        let is_visible = table.is_visible(&kind, &path, &place);
        let is_written = is_visible
            || table.is_pieces(&kind, &path)
            || path.ends_with("arguments")
            || path.contains(".args.");
        if table.is_arguments(&kind, &path) {
            let values = argument_values(&channel.text()).unwrap_or_default();
            for (_, _, value) in values.into_iter().filter(|(_, what, _)| *what == What::Text) {
                texts.push(Text { at: at.clone(), is_visible, is_written, text: value, cuts: Vec::new() });
            }
        } else if is_stream && table.is_pieces(&kind, &path) {
            let cuts = channel.pieces.iter().scan(0, |end, piece| {
                *end += piece.len();
                Some(*end)
            });
            texts.push(Text { at, is_visible, is_written, cuts: cuts.collect(), text: channel.text() });
        } else {
            let distinct: BTreeSet<&String> = channel.pieces.iter().collect();
            for text in distinct {
                match argument_values(text).filter(|_| text.starts_with('{')) {
                    Some(values) => {
                        for (_, _, value) in values.into_iter().filter(|(_, what, _)| *what == What::Text) {
                            texts.push(Text {
                                at: at.clone(),
                                is_visible,
                                is_written,
                                text: value,
                                cuts: Vec::new(),
                            });
                        }
                    }
                    None => texts.push(Text {
                        at: at.clone(),
                        is_visible,
                        is_written,
                        text: text.clone(),
                        cuts: Vec::new(),
                    }),
                }
            }
        }
    }
    // One of each place before a second one of any.
    let offers: Vec<Vec<Phrase>> = texts.iter().map(Text::offers).collect();
    let mut chosen = Vec::<Phrase>::new();
    for round in 0..4 {
        let mut places = BTreeSet::new();
        for offer in offers.iter().filter_map(|offers| offers.get(round)) {
            let is_new_place = places.insert(&offer.at) || round == 0 && chosen.len() < MOST / 2;
            let overlaps = chosen.iter().any(|phrase| {
                let (one, other) = (plain(&phrase.text), plain(&offer.text));
                one.split(' ').any(|word| other.split(' ').any(|own| own == word))
            });
            let text = plain(&offer.text);
            let is_bound = out_of_reach.iter().any(|bound| stands_in(&text, bound));
            let is_seen = !seen.places_of(&offer.text).is_empty();
            if is_new_place && !overlaps && !is_bound && is_seen && chosen.len() < MOST {
                chosen.push(offer.clone());
            }
        }
    }
    let mut builder = builder();
    chosen.retain(|phrase| {
        let kind = Kind::named(phrase.kind);
        builder.add(Identifier { owner: "C-OTHER", kind, text: &phrase.text }).is_ok()
    });
    if !chosen.is_empty() {
        let index = builder.finish_in_memory().expect("an index");
        chosen.retain(|phrase| {
            let safe = filtered(&index, &Policy::standard(), &phrase.context);
            !stands_in(&plain(&phrase.text), &plain(&safe))
        });
    }
    chosen
}

struct Text {
    at: String,
    is_visible: bool,
    /// The model wrote it: it may be too short for more than a word.
    is_written: bool,
    text: String,
    /// Where its pieces end.
    cuts: Vec<usize>,
}

impl Text {
    /// What may be taken from this text: from its middle, then over a cut, then from its end and its beginning.
    fn offers(&self) -> Vec<Phrase> {
        let candidates = self.candidates();
        let pick = |at: usize| candidates.get(at).cloned();
        let spanning = |from: usize| candidates.iter().skip(from).find(|phrase| phrase.spans).cloned();
        let middle = candidates.len() / 2;
        let mut offers: Vec<Phrase> = [
            spanning(middle).or_else(|| pick(middle)),
            pick(candidates.len().wrapping_sub(1)),
            spanning(0),
            pick(0),
        ]
        .into_iter()
        .flatten()
        .collect();
        let figure = self
            .text
            .split(|c: char| !c.is_alphanumeric())
            .find(|word| (9..=16).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_digit()));
        let email =
            self.text.split(|c: char| c.is_whitespace() || "<>\"'(),;:`*[]".contains(c)).find(|word| {
                word.split_once('@').is_some_and(|(name, domain)| {
                    !name.is_empty() && domain.contains('.') && domain.starts_with(char::is_alphanumeric)
                })
            });
        for (kind, found) in [("figure", figure), ("email", email)] {
            if let Some(text) = found {
                offers.insert(offers.len().min(1), self.phrase(kind, text, false));
            }
        }
        offers
    }

    fn phrase(&self, kind: &'static str, text: &str, spans: bool) -> Phrase {
        let (context, at) = (self.text.clone(), self.at.clone());
        Phrase { kind, text: text.to_owned(), context, at, is_visible: self.is_visible, spans }
    }

    /// Two to four words of letters with one space between them and at least eight characters; of scripts without spaces, eight
    /// characters.
    fn candidates(&self) -> Vec<Phrase> {
        let mut words = Vec::<(usize, usize)>::new();
        let mut start = None;
        for (at, c) in self.text.char_indices().chain([(self.text.len(), ' ')]) {
            match (start, c.is_alphabetic() && (c as u32) < 0x2e80) {
                (None, true) => start = Some(at),
                (Some(from), false) => {
                    words.push((from, at));
                    start = None;
                }
                _ => {}
            }
        }
        let is_free = |at: usize, end: usize| {
            let around = [self.text[..at].chars().next_back(), self.text[end..].chars().next()];
            around.into_iter().flatten().all(|c| c.is_whitespace() || ".,;:!?\"()*".contains(c))
        };
        let mut found = Vec::new();
        for first in 0..words.len() {
            for last in first + 1..words.len().min(first + 4) {
                let (start, end) = (words[first].0, words[last].1);
                let is_run =
                    words[first..=last].windows(2).all(|pair| &self.text[pair[0].1..pair[1].0] == " ");
                if !is_run {
                    break;
                }
                if self.text[start..end].chars().count() >= 8 && is_free(start, end) {
                    let spans = self.cuts.iter().any(|cut| (start + 1..end).contains(cut));
                    found.push(self.phrase("wording", &self.text[start..end], spans));
                    break;
                }
            }
        }
        if found.is_empty() {
            found.extend(self.unspaced());
        }
        if found.is_empty() && self.is_written {
            let longest = words
                .iter()
                .filter(|(start, end)| is_free(*start, *end))
                .max_by_key(|(start, end)| end - start);
            found.extend(longest.filter(|(start, end)| end - start >= 5).map(|(start, end)| {
                let spans = self.cuts.iter().any(|cut| (start + 1..*end).contains(cut));
                self.phrase("wording", &self.text[*start..*end], spans)
            }));
        }
        found
    }

    fn unspaced(&self) -> Option<Phrase> {
        let chars: Vec<(usize, char)> = self.text.char_indices().collect();
        let run =
            chars.windows(8).find(|run| run.iter().all(|(_, c)| c.is_alphabetic() && *c as u32 >= 0x3040))?;
        let (start, (last, c)) = (run[0].0, run[7]);
        Some(self.phrase("wording", &self.text[start..last + c.len_utf8()], false))
    }
}
