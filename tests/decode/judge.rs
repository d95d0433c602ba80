//! What a response must and must not be when it has gone through the filter.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use tightlip::{Index, Policy};

use super::ending;
use super::frames::{Event, Framing};
use super::json::Json;
use super::leaves::{Channel, Leaf, What, Where, argument_values, channels, leaves, readings};
use super::phrases::{Phrase, filtered};
use super::search::{Seen, plain, stands_in};
use super::tables::{Table, table};

/// A response as it came.
pub struct Original {
    pub name: String,
    pub format: &'static str,
    pub framing: Framing,
    pub body: Vec<u8>,
    pub events: Vec<Event>,
    pub leaves: Vec<Leaf>,
    /// It is an answer, not the refusal of one.
    pub is_answer: bool,
}

/// Something that is wrong with what left.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The same for all recordings with this fault.
    pub what: String,
    pub at: String,
    pub detail: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {:?}: {}", self.what, self.at, self.detail)
    }
}

pub type Faults = Vec<Fault>;

fn fault(what: &str, at: impl Into<String>, detail: impl Into<String>) -> Fault {
    Fault { what: what.to_owned(), at: at.into(), detail: detail.into() }
}

impl Original {
    /// What clients forgive, they are spared by the filter: a byte order mark, an unfinished end.
    pub fn new(name: &str, format: &'static str, framing: Framing, body: Vec<u8>) -> Result<Self, String> {
        let strict = framing.events(&body);
        let events = strict.or_else(|_| {
            let repaired = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&body).to_vec();
            let end = if framing == Framing::Sse { &b"\n\n"[..] } else { b"\n" };
            framing.events(&[&repaired, end].concat())
        })?;
        let leaves = leaves(&events, framing, table(format));
        Ok(Self { name: name.to_owned(), format, framing, body, events, leaves, is_answer: true })
    }

    pub fn table(&self) -> &'static Table {
        table(self.format)
    }

    pub fn is_stream(&self) -> bool {
        self.framing != Framing::Json
    }

    /// The texts that a client puts together from pieces.
    pub fn texts(&self) -> BTreeMap<Where, Channel> {
        self.texts_of(&self.leaves)
    }

    pub fn texts_of(&self, leaves: &[Leaf]) -> BTreeMap<Where, Channel> {
        let mut texts = channels(leaves);
        texts.retain(|(kind, path, _), _| self.table().is_pieces(kind, path));
        texts
    }

    pub fn open(&self, out: &[u8]) -> Result<Opened, Fault> {
        let events =
            self.framing.events(out).map_err(|error| fault("what left cannot be parsed", "", error))?;
        let leaves = leaves(&events, self.framing, self.table());
        Ok(Opened { events, leaves })
    }

    /// What every response keeps, whatever was withheld.
    pub fn keeps_its_form(&self, opened: &Opened, faults: &mut Faults) {
        let names = |events: &[Event]| {
            let mut names = BTreeMap::<String, BTreeSet<Option<String>>>::new();
            for event in events.iter().filter(|_| self.framing == Framing::Sse) {
                let said = event.json().and_then(|json| json.get("type").or_else(|| json.get("event_type")));
                let said = said.and_then(Json::text).unwrap_or_default().to_owned();
                names.entry(said).or_default().insert(event.name.clone());
            }
            names
        };
        let known = names(&self.events);
        for (said, names) in names(&opened.events) {
            // What says nothing of itself has no name to keep.
            let known = known.get(&said).filter(|_| !said.is_empty());
            if let Some(known) = known.filter(|known| !names.is_subset(known)) {
                faults.push(fault(
                    "an event has another name",
                    said,
                    format!("{names:?} instead of {known:?}"),
                ));
            }
        }
        let numbers = |events: &[Event]| -> Vec<i64> {
            events
                .iter()
                .filter_map(|event| event.json()?.get("sequence_number")?.scalar()?.parse().ok())
                .collect()
        };
        let has_gap = |numbers: &[i64]| numbers.windows(2).any(|pair| pair[1] != pair[0] + 1);
        let (came, left) = (numbers(&self.events), numbers(&opened.events));
        if !has_gap(&came) && (has_gap(&left) || came.first() != left.first()) {
            faults.push(fault(
                "sequence numbers have a gap",
                "sequence_number",
                format!("{left:?}").chars().take(80).collect::<String>(),
            ));
        }
    }

    /// What begins a message, a block or a call comes as often as it came.
    pub fn begins_once(&self, opened: &Opened, faults: &mut Faults) {
        let begin = |events: &[Event]| {
            let is_begin = |kind: &String| {
                ["start", "Start", "created", "added"]
                    .iter()
                    .any(|word| kind.ends_with(word) || kind.contains("-input-start"))
            };
            let mut counts = BTreeMap::<String, usize>::new();
            events
                .iter()
                .map(Event::kind)
                .filter(is_begin)
                .for_each(|kind| *counts.entry(kind).or_default() += 1);
            counts
        };
        let came = begin(&self.events);
        for (kind, count) in begin(&opened.events) {
            if count > came.get(&kind).copied().unwrap_or(usize::MAX) {
                faults.push(fault("something begins twice", kind, format!("{count} times")));
            }
        }
    }

    /// Nothing was withheld: what a client sees is the same.
    pub fn left_as_it_came(&self, out: &[u8]) -> Faults {
        if out == self.body {
            return Vec::new();
        }
        let opened = match self.open(out) {
            Ok(opened) => opened,
            Err(fault) => return vec![fault],
        };
        let mut faults = Vec::new();
        self.keeps_its_form(&opened, &mut faults);
        self.begins_once(&opened, &mut faults);
        let (came, left) = (self.texts(), self.texts_of(&opened.leaves));
        compare(&came, &left, |channel| channel.text(), "a text is another", &mut faults);
        let others = |leaves: &[Leaf]| {
            let mut others = BTreeMap::<(String, String, String, What), Vec<String>>::new();
            let is_other =
                |leaf: &&Leaf| !self.table().is_pieces(&leaf.kind, &leaf.path) || leaf.what != What::Text;
            // An event more moves the numbers of those behind it; that they have no gap is looked at above.
            for leaf in leaves.iter().filter(is_other).filter(|leaf| leaf.path != "sequence_number") {
                let at = (leaf.kind.clone(), leaf.path.clone(), leaf.place.clone(), leaf.what);
                others.entry(at).or_default().push(leaf.text.clone());
            }
            others
        };
        let (mut came, mut left) = (others(&self.leaves), others(&opened.leaves));
        // A field that nobody knows may be one of pieces.
        let is_same_text =
            |at: &(String, String, String, What), values: &Vec<String>, others: &BTreeMap<_, Vec<String>>| {
                at.3 == What::Text && others.get(at).is_some_and(|others| others.concat() == values.concat())
            };
        let same: Vec<_> = came
            .iter()
            .filter(|(at, values)| is_same_text(at, values, &left))
            .map(|(at, _)| at.clone())
            .collect();
        for side in [&mut came, &mut left] {
            side.retain(|at, values| {
                values.sort();
                values.dedup();
                !same.contains(at)
            });
        }
        compare(&came, &left, |values| format!("{values:?}"), "a value is another", &mut faults);
        faults
    }

    /// Phrases were withheld: they can be read nowhere, and the rest is what plain text would have become.
    pub fn withheld(&self, phrases: &[Phrase], index: &Index, out: &[u8]) -> Faults {
        let opened = match self.open(out) {
            Ok(opened) => opened,
            Err(fault) => return vec![fault],
        };
        let mut faults = self.nowhere(phrases, &opened);
        self.keeps_its_form(&opened, &mut faults);
        self.begins_once(&opened, &mut faults);
        if !phrases.is_empty() && out == self.body {
            faults.push(fault("nothing was withheld", "", ""));
        }
        let expected = |text: &str| filtered(index, &Policy::standard(), text);
        let left = self.texts_of(&opened.leaves);
        for (at, channel) in self.texts() {
            let (text, now) = (channel.text(), left.get(&at).map(Channel::text).unwrap_or_default());
            if self.table().is_arguments(&at.0, &at.1)
                && let Some(values) = argument_values(&text)
            {
                match argument_values(&now) {
                    None => faults.push(fault("arguments are no longer JSON", shown(&at), excerpt(&now, 0))),
                    Some(now) => same_values(&values, &now, &expected, &shown(&at), &mut faults),
                }
                continue;
            }
            let safe = expected(&text);
            if safe != now {
                let differ = safe.bytes().zip(now.bytes()).take_while(|(one, other)| one == other).count();
                let detail =
                    format!("expected {:?}, found {:?}", excerpt(&safe, differ), excerpt(&now, differ));
                faults.push(fault("a text is not what plain text becomes", shown(&at), detail));
            }
        }
        if self.framing == Framing::Json {
            self.whole_values(&opened, &expected, &mut faults);
        }
        faults
    }

    /// In a body that is one value each string stands where it stood.
    fn whole_values(&self, opened: &Opened, expected: &impl Fn(&str) -> String, faults: &mut Faults) {
        let left = channels(&opened.leaves);
        for (at, channel) in channels(&self.leaves) {
            let (Some(now), text) = (left.get(&at).map(Channel::text), channel.text()) else { continue };
            if let (true, Some(values)) = (text.starts_with('{'), argument_values(&text)) {
                match argument_values(&now) {
                    None => faults.push(fault(
                        "JSON inside of a string is no longer JSON",
                        shown(&at),
                        excerpt(&now, 0),
                    )),
                    Some(_) if now == expected(&text) => {}
                    Some(now) => same_values(&values, &now, expected, &shown(&at), faults),
                }
            } else if !text.starts_with('{') && now != text && now != expected(&text) && !now.is_empty() {
                // A signature of what was rewritten is emptied.
                faults.push(fault(
                    "a string is neither as it came nor what plain text becomes",
                    shown(&at),
                    excerpt(&now, 0),
                ));
            }
        }
    }

    fn nowhere(&self, phrases: &[Phrase], opened: &Opened) -> Faults {
        let seen = Seen::of(&opened.leaves);
        let mut faults = Faults::new();
        for phrase in phrases {
            for place in seen.places_of(&phrase.text) {
                let detail = format!(
                    "{:?} of {}{}",
                    phrase.text,
                    phrase.at,
                    if phrase.spans { ", in pieces" } else { "" }
                );
                faults.push(fault("a phrase can be read", place, detail));
            }
        }
        let changed: Vec<Where> = self
            .texts()
            .into_iter()
            .filter(|(_, channel)| {
                phrases.iter().any(|phrase| stands_in(&plain(&phrase.text), &plain(&channel.text())))
            })
            .map(|(at, _)| at)
            .collect();
        let ids = |leaves: &[Leaf]| -> BTreeSet<(String, String)> {
            let is_ids = |leaf: &&Leaf| {
                let last = leaf.path.trim_end_matches("[]").rsplit('.').next().unwrap_or_default();
                leaf.what == What::Numbers
                    && matches!(last, "context" | "tokens" | "token_ids")
                    && leaf.text.contains(',')
            };
            leaves.iter().filter(is_ids).map(|leaf| (leaf.path.clone(), leaf.text.clone())).collect()
        };
        if changed.iter().any(|(kind, path, place)| self.table().is_visible(kind, path, place))
            && self.format == "ollama"
        {
            for (path, _) in ids(&self.leaves).intersection(&ids(&opened.leaves)) {
                faults.push(fault("token ids still spell the text", path.clone(), ""));
            }
        }
        faults
    }

    /// The phrase stops the response: it ends as the provider would end it, the message stands in the visible text once, and nothing
    /// that came after the phrase leaves.
    pub fn stopped(
        &self,
        phrase: &Phrase,
        index: &Index,
        policy: &Policy,
        message: &str,
        out: &[u8],
    ) -> Faults {
        let opened = match self.open(out) {
            Ok(opened) => opened,
            Err(fault) => return vec![fault],
        };
        let mut faults = self.nowhere(std::slice::from_ref(phrase), &opened);
        self.keeps_its_form(&opened, &mut faults);
        if !self.is_answer {
            return faults;
        }
        if let Err(error) = ending::stopped(self.format, &opened.events, self.framing) {
            faults.push(fault("another ending than the provider's", "", error));
        }
        let all = self.texts_of(&opened.leaves);
        // A copy of the whole text says it once more.
        let is_copy =
            |path: &str| self.is_stream() && matches!(path, "generated_text" | "content[].text.value");
        let visible = all
            .iter()
            .filter(|((kind, path, place), _)| self.table().is_visible(kind, path, place) && !is_copy(path));
        let said: usize = visible.map(|(_, channel)| channel.text().matches(message).count()).sum();
        if said != 1 {
            faults.push(fault("the message is not in the visible text once", "", format!("{said} times")));
        }
        let first = self.first_place(&phrase.text);
        for (at, channel) in self.texts() {
            let text = channel.text();
            let now = all.get(&at).map(Channel::text).unwrap_or_default();
            let is_arguments = self.table().is_arguments(&at.0, &at.1);
            if first.as_ref().is_some_and(|(_, first)| *first == at) && !is_arguments {
                let safe = filtered(index, policy, &text);
                let before = safe.strip_suffix(message).unwrap_or(&safe);
                // The message may stand in another visible text; that it does was counted.
                let is_right = [&safe[..], before].iter().any(|right| right.trim_end() == now.trim_end());
                let is_emptied = !self.is_stream() && (now == message || now.is_empty());
                if !is_right && !is_emptied {
                    let detail = format!("expected {:?}, found {:?}", tail(&safe), tail(&now));
                    faults.push(fault("a stopped text is not what plain text becomes", shown(&at), detail));
                }
            }
            let (kept, safe) = (now.replace(message, ""), filtered(index, policy, &text));
            let is_beginning = safe.starts_with(kept.trim_end()) || text.starts_with(kept.trim_end());
            if self.is_stream() && !is_arguments && !is_beginning {
                faults.push(fault("a text is not the beginning of what came", shown(&at), tail(&now)));
            }
        }
        if let Some((event, at)) = first.filter(|_| self.is_stream()) {
            self.nothing_follows(phrase, event, &at, &opened, &mut faults);
        }
        faults
    }

    /// Where a phrase can be read first, as the response comes.
    fn first_place(&self, phrase: &str) -> Option<(usize, Where)> {
        let wanted = plain(phrase);
        let mut texts = BTreeMap::<(Where, What), String>::new();
        for leaf in &self.leaves {
            let at = (leaf.kind.clone(), leaf.path.clone(), leaf.place.clone());
            let is_piece =
                self.is_stream() && leaf.what == What::Text && self.table().is_pieces(&leaf.kind, &leaf.path);
            let text = texts.entry((at.clone(), leaf.what)).or_default();
            if !is_piece {
                text.clear();
            }
            text.push_str(&plain(&leaf.text));
            let is_there = stands_in(&wanted, &plain(text))
                || readings(text).iter().any(|text| stands_in(&wanted, &plain(text)));
            if is_there {
                return Some((leaf.event, at));
            }
        }
        None
    }

    fn nothing_follows(
        &self,
        phrase: &Phrase,
        event: usize,
        at: &Where,
        opened: &Opened,
        faults: &mut Faults,
    ) {
        let of_place = |leaf: &Leaf| {
            leaf.what == What::Text && (&leaf.kind, &leaf.path, &leaf.place) == (&at.0, &at.1, &at.2)
        };
        let wanted = plain(&phrase.text);
        let text: String =
            self.leaves.iter().filter(|leaf| of_place(leaf)).map(|leaf| leaf.text.as_str()).collect();
        let text = plain(&text);
        let Some(start) = text.find(&wanted) else { return };
        let after = &text[start + wanted.len()..];
        let earlier: Vec<Leaf> =
            self.leaves.iter().filter(|leaf| leaf.event <= event && !of_place(leaf)).cloned().collect();
        let (earlier, seen) = (Seen::of(&earlier), Seen::of(&opened.leaves));
        let words: Vec<&str> =
            after.split(' ').filter(|word| word.chars().all(char::is_alphabetic)).collect();
        let later = words.windows(3).step_by(7).map(|words| words.join(" ")).filter(|later| {
            later.len() >= 10
                && after.contains(later)
                && !text[..start].contains(later)
                && earlier.places_of(later).is_empty()
        });
        for later in later.take(12) {
            if let Some(place) = seen.places_of(&later).first() {
                faults.push(fault("what came after the stop can be read", place.clone(), later));
                return;
            }
        }
    }
}

/// What left, read.
pub struct Opened {
    pub events: Vec<Event>,
    pub leaves: Vec<Leaf>,
}

fn compare<K: Ord + Clone + std::fmt::Debug, V>(
    came: &BTreeMap<K, V>,
    left: &BTreeMap<K, V>,
    text: impl Fn(&V) -> String,
    what: &str,
    faults: &mut Faults,
) {
    let places: BTreeSet<&K> = came.keys().chain(left.keys()).collect();
    for at in places {
        let [came, left] = [came, left].map(|side| side.get(at).map(&text).unwrap_or_default());
        if came != left {
            let differ = came.bytes().zip(left.bytes()).take_while(|(one, other)| one == other).count();
            faults.push(fault(
                what,
                format!("{at:?}"),
                format!("came {:?}, left {:?}", excerpt(&came, differ), excerpt(&left, differ)),
            ));
        }
    }
}

/// Arguments keep their structure; strings and keys become what plain text becomes, a number may become a string.
fn same_values(
    came: &[(String, What, String)],
    left: &[(String, What, String)],
    expected: &impl Fn(&str) -> String,
    at: &str,
    faults: &mut Faults,
) {
    if came.len() != left.len() {
        faults.push(fault(
            "arguments have other members",
            at,
            format!("{} instead of {}", left.len(), came.len()),
        ));
        return;
    }
    for ((path, what, text), (_, _, now)) in came.iter().zip(left) {
        let safe = expected(text);
        if *now != safe && !(*what == What::Number && safe != *text) {
            faults.push(fault(
                "an argument is not what plain text becomes",
                format!("{at} {path}"),
                format!("expected {:?}, found {:?}", excerpt(&safe, 0), excerpt(now, 0)),
            ));
        }
    }
}

/// As recordings and reports name a place.
pub fn shown((kind, path, place): &Where) -> String {
    format!("{kind} {path} {place}")
}

/// What stands around a byte of a text.
fn excerpt(text: &str, at: usize) -> String {
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    let place = chars.iter().position(|(place, _)| *place >= at).unwrap_or(chars.len());
    chars[place.saturating_sub(20).min(chars.len())..].iter().take(60).map(|(_, c)| c).collect()
}

fn tail(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    chars[chars.len().saturating_sub(60)..].iter().collect()
}
