//! Words that stand for other words: nicknames, particles, abbreviations, states.
//!
//! Edges, not keys: a walk that stands before a word of a key may take another word of the text for it, and a walk may begin over another word
//! than the key's first. The tables are the files in `dictionaries/`, each with its licence and sources.

use std::sync::OnceLock;

use foldhash::HashMap;

use super::openings::FirstWord;
use super::{KeyMap, Openings, Ways, ending, step, ways};
use crate::identifier::Shape;

/// One word that stands for another.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Alternative {
    /// What stands in the text, words with a space between them. One that ends in a space goes on with the rest of the key's word: `de la Cruz`
    /// for `delacruz`.
    pub(crate) text: Box<[u8]>,
    /// What it stands for in the key; empty: for nothing. One that ends in a space goes on with the next word of the key: `Delacruz` for
    /// `de la cruz`.
    pub(crate) key: Box<[u8]>,
    pub(crate) sort: Sort,
}

/// What a word is to the one that it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    /// Another name of a person, who is less certain to be meant.
    Nickname,
    /// Another way to write the same, in the middle of a value.
    Inside,
    /// Another way to write the same, also at the start of a value.
    Anywhere,
    /// Nothing, before a number.
    BeforeNumber,
}

/// Where a word of the text stands that may be another word of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Behind a comma of the key: a nickname stands first, or first behind the comma.
    BehindComma,
    BehindSpace,
    /// Behind a space, in lower case, in a name: in prose most words behind what may be a first name are none.
    InProse,
}

const DIGITS: Ways = Ways::of(b'0'..=b'9');
/// Bytes of letters.
const LETTERS: Ways = Ways::of(b'a'..=b'z').or(Ways::of(0x80..=0xf4));

/// What is left of a word behind a part of it that the text has apart has at least so many letters: `de la Cruz` is `Delacruz`, `le e` is no `Lee`.
pub(crate) const SHORTEST_REST: usize = 3;

/// The alternatives for values of one shape.
pub(crate) struct Alternatives {
    /// In the order of their texts, those with none first.
    entries: Vec<Alternative>,
    /// With which bytes the keys begin of those with no text.
    missing: Ways,
    /// For each [`Standing`], the places of those that may stand there: most texts never meet the others.
    standing: [Places; 3],
    /// The places of those that stand for whole words, by the first of these.
    whole: HashMap<Box<[u8]>, Vec<u16>>,
    /// The places of those that stand for the beginning of a word, by its first byte.
    parts: HashMap<u8, Vec<u16>>,
}

/// Places of entries, by the first bytes of their texts.
#[derive(Default)]
struct Places {
    places: Vec<u16>,
    /// With which byte the key begins of each; zero if it is empty.
    keys: Vec<u8>,
    /// Where those begin whose texts begin with a byte or a later one.
    from: Vec<u16>,
}

impl Alternatives {
    pub(crate) fn of(shape: Shape) -> Option<&'static Self> {
        static NAMES: OnceLock<Alternatives> = OnceLock::new();
        static WORDS: OnceLock<Alternatives> = OnceLock::new();
        match shape {
            Shape::Name => Some(NAMES.get_or_init(Self::for_names)),
            Shape::Words => Some(WORDS.get_or_init(Self::for_addresses)),
            _ => None,
        }
    }

    fn for_names() -> Self {
        let mut entries = Vec::new();
        for line in lines(include_str!("../../dictionaries/nicknames.txt")) {
            let (name, short) = line.split_once(':').expect("a line of nicknames is `name: short short`");
            for short in short.split_whitespace() {
                for (text, key) in [(short, name), (name, short)] {
                    entries.push(Alternative::new(text, key, Sort::Nickname));
                }
            }
        }
        let (particles, glued) = particles();
        for particle in lines(particles) {
            entries.push(Alternative::new("", particle, Sort::Inside));
        }
        for particle in lines(particles).chain(lines(glued)) {
            let together = particle.replace('-', "");
            entries.push(Alternative::new(&together, &format!("{particle}-"), Sort::Inside));
            entries.push(Alternative::new(&format!("{particle}-"), &together, Sort::Anywhere));
        }
        Self::sorted(entries)
    }

    fn for_addresses() -> Self {
        let addresses = include_str!("../../dictionaries/addresses.txt");
        let (inside, anywhere) =
            addresses.split_once("\n[begin]\n").expect("addresses have a part `[begin]`");
        let states = include_str!("../../dictionaries/states.txt");
        let mut entries = Vec::new();
        let parts = [(inside, Sort::Inside), (anywhere, Sort::Anywhere), (states, Sort::Inside)];
        for (part, sort) in parts {
            for line in lines(part) {
                let words: Vec<&str> = line.split_whitespace().collect();
                for (text, key) in words.iter().flat_map(|text| words.iter().map(move |key| (*text, *key))) {
                    let sort = if text == "-" || key == "-" { Sort::BeforeNumber } else { sort };
                    let word = |word| if word == "-" { "" } else { word };
                    if text != key {
                        entries.push(Alternative::new(word(text), word(key), sort));
                    }
                }
            }
        }
        Self::sorted(entries)
    }

    fn sorted(mut entries: Vec<Alternative>) -> Self {
        entries.sort_by(|one, other| (&one.text, &one.key).cmp(&(&other.text, &other.key)));
        entries.dedup_by(|one, other| (&one.text, &one.key) == (&other.text, &other.key));
        assert!(entries.len() < usize::from(u16::MAX), "a walk says its alternative with 16 bits");
        let standing = [Standing::BehindComma, Standing::BehindSpace, Standing::InProse]
            .map(|standing| Places::of(&entries, |entry| entry.may_stand(standing)));
        let without_text = entries.iter().take_while(|entry| entry.text.is_empty());
        let missing = without_text
            .filter_map(|entry| entry.key.first())
            .fold(Ways::default(), |ways, byte| ways.or(Ways::of(*byte..=*byte)));
        let (mut whole, mut parts) = (HashMap::<Box<[u8]>, Vec<u16>>::default(), HashMap::default());
        for (place, entry) in (0..).zip(&entries).filter(|(_, entry)| !entry.key.is_empty()) {
            match entry.text.ends_with(b" ") {
                true => parts.entry(entry.key[0]).or_insert_with(Vec::new).push(place),
                false => whole.entry(first_word(&entry.key).into()).or_default().push(place),
            }
        }
        Self { entries, missing, standing, whole, parts }
    }

    pub(crate) fn get(&self, place: u16) -> &Alternative {
        &self.entries[usize::from(place)]
    }

    /// Those that may stand there whose text begins with a byte, and whose key goes on in one of these ways, with their places.
    pub(crate) fn beginning_with(
        &self,
        byte: u8,
        standing: Standing,
        ways: Ways,
    ) -> impl Iterator<Item = (u16, &Alternative)> {
        let places = self.standing[standing as usize].beginning_with(byte);
        let lead_on = places.filter(move |(_, key)| *key == 0 || ways.contains(*key));
        lead_on.map(|(place, _)| (place, self.get(place)))
    }

    /// Those that stand for something with which a key, or the rest of one behind a space, begins; and what is behind that.
    pub(crate) fn standing_for<'a>(
        &'a self,
        rest: &'a [u8],
    ) -> impl Iterator<Item = (&'a Alternative, &'a [u8])> {
        let whole = self.whole.get(first_word(rest)).into_iter().flatten();
        let parts = rest.first().and_then(|first| self.parts.get(first)).into_iter().flatten();
        whole.chain(parts).map(|place| self.get(*place)).filter_map(move |entry| {
            let behind = rest.strip_prefix(&*entry.key)?;
            let is_part = entry.text.ends_with(b" ") || entry.key.ends_with(b" ");
            (is_part || matches!(behind, [] | [b' ' | b',', ..])).then_some((entry, behind))
        })
    }

    /// Those that stand for nothing.
    pub(crate) fn standing_for_nothing(&self) -> impl Iterator<Item = &Alternative> {
        self.entries.iter().filter(|entry| entry.key.is_empty())
    }

    /// Those that say that a word of the key may be missing in the text, if keys go on so.
    pub(crate) fn missing(&self, ways: Ways) -> impl Iterator<Item = &Alternative> {
        let entries = if self.missing.intersects(ways) { &*self.entries } else { &[] };
        let missing = entries.iter().take_while(|entry| entry.text.is_empty());
        missing.filter(move |entry| entry.key.first().is_some_and(|first| ways.contains(*first)))
    }

    /// The words of keys for which something may stand that begins with these letters, or goes on behind them, or nothing at all; of those that go on with the
    /// next word only the first.
    pub(crate) fn may_begin<'a>(&'a self, letters: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let begins =
            |entry: &&Alternative| entry.text.starts_with(letters) || letters.starts_with(&entry.text);
        let first = self.entries.partition_point(|entry| entry.text.first() < letters.first());
        let alike = self.entries[first..].iter().take_while(|entry| entry.text.first() == letters.first());
        let none = self.entries.iter().take_while(|entry| entry.text.is_empty());
        none.chain(alike.filter(begins)).map(|entry| &*entry.key)
    }
}

/// Words inside of a name that may be left out, and beginnings of a name that may not.
fn particles() -> (&'static str, &'static str) {
    let particles = include_str!("../../dictionaries/particles.txt");
    particles.split_once("\n[glued]\n").expect("particles have a part `[glued]`")
}

/// Whether a word is an article or a preposition inside of names, those of streets too.
pub(crate) fn is_particle(word: &str) -> bool {
    lines(particles().0).any(|particle| particle == word)
}

/// The lines of a table that say something.
pub(crate) fn lines(table: &str) -> impl Iterator<Item = &str> {
    table.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

impl Places {
    fn of(entries: &[Alternative], is_one: impl Fn(&Alternative) -> bool) -> Self {
        let is_one = |(_, entry): &(u16, &Alternative)| !entry.text.is_empty() && is_one(entry);
        let (mut places, mut keys, mut from) = (Vec::new(), Vec::new(), vec![0]);
        for (place, entry) in (0..).zip(entries).filter(is_one) {
            from.resize(usize::from(entry.text[0]) + 1, places.len() as u16);
            places.push(place);
            keys.push(entry.key.first().copied().unwrap_or(0));
        }
        from.resize(257, places.len() as u16);
        Self { places, keys, from }
    }

    /// Those whose text begins with a byte, and with which one their key does.
    fn beginning_with(&self, byte: u8) -> impl Iterator<Item = (u16, u8)> {
        let byte = usize::from(byte);
        let range = usize::from(self.from[byte])..usize::from(self.from[byte + 1]);
        self.places[range.clone()].iter().copied().zip(self.keys[range].iter().copied())
    }
}

/// The first word of a key or of the rest of one.
fn first_word(rest: &[u8]) -> &[u8] {
    rest.split(|byte| matches!(byte, b' ' | b',')).next().unwrap_or_default()
}

impl Alternative {
    /// Whether a walk may begin over it.
    pub(crate) fn may_begin(&self) -> bool {
        let begins = matches!(self.sort, Sort::Nickname | Sort::Anywhere);
        begins && !self.text.is_empty() && !self.key.is_empty() && !self.key.ends_with(b" ")
    }

    /// Whether it may stand for nothing before the rest of a key.
    pub(crate) fn may_stand_before(&self, rest: &[u8]) -> bool {
        self.sort != Sort::BeforeNumber || rest.first().is_some_and(u8::is_ascii_digit)
    }

    fn may_stand(&self, standing: Standing) -> bool {
        let is_nickname = self.sort == Sort::Nickname;
        match standing {
            Standing::BehindComma => true,
            Standing::BehindSpace => !is_nickname,
            Standing::InProse => !is_nickname && (self.key.is_empty() || self.text.ends_with(b" ")),
        }
    }

    fn new(text: &str, key: &str, sort: Sort) -> Self {
        let bytes = |words: &str| words.replace('-', " ").into_bytes().into();
        Self { text: bytes(text), key: bytes(key), sort }
    }

    /// Whether a walk that has taken its key, and now stands at `node`, can go on as the alternative says.
    pub(crate) fn fits(&self, map: &KeyMap, node: usize) -> bool {
        let goes_on = |byte| step(map, node, byte);
        match self.sort {
            Sort::BeforeNumber if self.key.is_empty() => {
                goes_on(b' ').is_some_and(|(node, _)| ways(map, node).intersects(DIGITS))
            }
            _ if self.text.ends_with(b" ") => has_letters(map, node, SHORTEST_REST),
            _ if self.key.ends_with(b" ") => true,
            _ => goes_on(b' ').is_some() || goes_on(b',').is_some() || ending(map, node).0.is_some(),
        }
    }
}

/// Whether a key goes on behind a node with so many letters, or bytes of them.
fn has_letters(map: &KeyMap, node: usize, count: usize) -> bool {
    let letters = ways(map, node).and(LETTERS);
    let mut next = letters.bytes().filter_map(|byte| step(map, node, byte));
    count == 0 || next.any(|(node, _)| has_letters(map, node, count - 1))
}

/// Where a walk may begin over a word that stands for the first one of a key.
#[derive(Clone, Copy)]
pub(crate) struct FirstAlternative {
    /// The first word of the text of the alternative.
    word: u64,
    pub(crate) kind: u8,
    pub(crate) segment: u16,
    /// Behind the word of the key.
    pub(crate) node: usize,
    pub(crate) output: u64,
    pub(crate) place: u16,
}

/// The first words that stand for those of keys, in order.
#[derive(Default)]
pub(crate) struct FirstAlternatives {
    entries: Vec<FirstAlternative>,
}

impl FirstAlternatives {
    /// Finds those for the keys of a kind in one map, which begin at `node`, and adds them to the openings.
    pub(crate) fn add(
        &mut self,
        openings: &mut Openings,
        alternatives: &Alternatives,
        (kind, segment): (u8, u16),
        map: &KeyMap,
        (node, output): (usize, u64),
    ) {
        for (place, entry) in (0..).zip(&alternatives.entries) {
            if !entry.may_begin() {
                continue;
            }
            let take = |(node, output), byte: &u8| {
                step(map, node, *byte).map(|(node, adds): (usize, u64)| (node, output + adds))
            };
            let Some((node, output)) = entry.key.iter().try_fold((node, output), take) else { continue };
            if entry.fits(map, node) {
                openings.add(kind, &entry.text);
                let first = entry.text.split(|byte| *byte == b' ').next().unwrap_or_default();
                let word = FirstWord::of(first).ordered();
                self.entries.push(FirstAlternative { word, kind, segment, node, output, place });
            }
        }
        self.entries.sort_by_key(|entry| (entry.word, entry.kind, entry.segment, entry.place));
    }

    /// Whether there is one whose first word, or its first eight bytes, is this one.
    pub(crate) fn has(&self, word: &FirstWord) -> bool {
        let from = self.entries.partition_point(|entry| entry.word < word.ordered());
        self.entries.get(from).is_some_and(|entry| entry.word == word.ordered())
    }

    /// Those whose first word, or its first eight bytes, is this one.
    pub(crate) fn over(&self, word: &FirstWord) -> &[FirstAlternative] {
        let from = self.entries.partition_point(|entry| entry.word < word.ordered());
        let length = self.entries[from..].partition_point(|entry| entry.word == word.ordered());
        &self.entries[from..from + length]
    }

    /// Whether one of a kind begins with this word.
    pub(crate) fn begin_with(&self, kind: u8, word: &FirstWord) -> bool {
        let from = self.entries.partition_point(|entry| entry.word < word.ordered());
        let last = word.ordered() | u64::MAX.checked_shr(8 * word.len() as u32).unwrap_or(0);
        self.entries[from..].iter().take_while(|entry| entry.word <= last).any(|entry| entry.kind == kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_read() {
        let names = Alternatives::of(Shape::Name).unwrap();
        let keys = |table: &Alternatives, text: &str| -> Vec<String> {
            let with_text = table.entries.iter().filter(|entry| *entry.text == *text.as_bytes());
            with_text.map(|entry| String::from_utf8(entry.key.to_vec()).unwrap()).collect()
        };
        assert!(keys(names, "liz").contains(&"elizabeth".to_owned()));
        assert!(keys(names, "elizabeth").contains(&"liz".to_owned()));
        assert_eq!(keys(names, "dela"), ["de la "]);
        assert_eq!(keys(names, "de la "), ["dela"]);
        let words = Alternatives::of(Shape::Words).unwrap();
        assert!(keys(words, "st").contains(&"street".to_owned()));
        assert!(keys(words, "st").contains(&"saint".to_owned()));
        assert!(keys(words, "").contains(&"apt".to_owned()));
        assert_eq!(keys(words, "new york"), ["n y", "ny"]);
        for table in [names, words] {
            let first = (b'0'..=b'9').chain(b'a'..=b'z');
            let all: Vec<u8> = first.collect();
            for standing in [Standing::BehindComma, Standing::BehindSpace, Standing::InProse] {
                let found =
                    all.iter().flat_map(|byte| table.beginning_with(*byte, standing, Ways::of(0..=u8::MAX)));
                let found: Vec<u16> = found.map(|(place, _)| place).collect();
                let may_stand = |entry: &&Alternative| !entry.text.is_empty() && entry.may_stand(standing);
                assert_eq!(found.len(), table.entries.iter().filter(may_stand).count());
                assert!(found.is_sorted());
            }
        }
    }
}
