//! What the contract says about a whole text, said again and naively: every spelling of every value is tried at every character.
//!
//! Slow, and good for the characters that the generator of `laws.rs` uses only.

mod hidden;

use std::collections::{BTreeMap, BTreeSet};

use hidden::{Said, hinted, hints};
use tightlip::Kind;

/// A value and whose it is, as a test writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) owner: String,
    pub(crate) kind: Kind,
    pub(crate) text: &'static str,
}

/// A known value that stands in a text, at its raw bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Found {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) kind: Kind,
    /// The folded spelling.
    pub(crate) form: String,
}

pub(crate) struct Oracle {
    spellings: Vec<Spelling>,
}

struct Spelling {
    kind: Kind,
    form: String,
    owners: BTreeSet<String>,
    parts: Vec<Vec<Part>>,
    /// What of the value is said, if not all.
    said: Said,
    written: Vec<String>,
}

#[derive(Clone)]
enum Part {
    Char(char),
    /// One that is written as a capital.
    Capital(char),
    Gap {
        of: &'static str,
        least: usize,
        most: usize,
    },
    /// Between words of a name, where a middle name may stand if there is no comma.
    NameGap {
        comma: bool,
    },
    /// Behind the initial of a first name.
    InitialGap,
    /// The zero of a trunk prefix behind a calling code, or nothing.
    Trunk,
}

/// A folded character.
#[derive(Clone, Copy)]
struct Symbol {
    ch: char,
    upper: bool,
    start: usize,
    end: usize,
}

impl Oracle {
    /// `weak`: with what is a weak fact of a strong value.
    pub(crate) fn new(known: &[Known], weak: bool) -> Self {
        let codes: BTreeSet<&str> =
            known.iter().filter(|k| k.kind == Kind::Phone).map(|k| number(k.text).0).collect();
        let mut spellings: BTreeMap<(Kind, String), Spelling> = BTreeMap::new();
        for value in known {
            for form in forms(&value.kind, value.text) {
                let new = || Spelling {
                    kind: value.kind.clone(),
                    owners: BTreeSet::new(),
                    parts: parts(&value.kind, &form, &codes),
                    said: Said::All,
                    written: written(&value.kind, &form, &codes),
                    form: form.clone(),
                };
                let spelling = spellings.entry((value.kind.clone(), form.clone())).or_insert_with(new);
                spelling.owners.insert(value.owner.clone());
            }
            for (kind, form, said, written) in hints(value).into_iter().filter(|_| weak) {
                let new = || Spelling {
                    kind: kind.clone(),
                    owners: BTreeSet::new(),
                    parts: parts(&kind, form.trim_end_matches('.'), &codes),
                    said,
                    written: vec![written],
                    form: form.clone(),
                };
                let spelling = spellings.entry((kind.clone(), format!("hint {form}"))).or_insert_with(new);
                spelling.owners.insert(value.owner.clone());
            }
        }
        Self { spellings: spellings.into_values().collect() }
    }

    /// Every way to write the values that the generator and the continuations use.
    pub(crate) fn written(&self) -> impl Iterator<Item = &str> {
        self.spellings.iter().flat_map(|spelling| spelling.written.iter().map(String::as_str))
    }

    /// The values in a text that the reader does not own, and that are no parts of longer ones that the reader owns.
    pub(crate) fn find(&self, text: &str, reader: &str) -> BTreeSet<Found> {
        let is_own = |spelling: &&Spelling| spelling.owners.contains(reader);
        let own = self.find_where(text, |spelling| is_own(&spelling) && spelling.said == Said::All);
        let mut found = self.find_where(text, |spelling| !is_own(&spelling));
        found.retain(|found| !own.iter().any(|own| is_part(found, own)));
        found
    }

    fn find_where(&self, text: &str, is_sought: impl Fn(&Spelling) -> bool) -> BTreeSet<Found> {
        let symbols = fold(text);
        let (hinted, mut found) = (hinted(&symbols), BTreeSet::new());
        for spelling in self.spellings.iter().filter(|spelling| is_sought(spelling)) {
            let begins = |at: &usize| match spelling.said {
                Said::End => is_digit(symbols.get(*at)) && hinted[*at],
                _ => may_begin(&spelling.kind, &symbols, *at),
            };
            for at in (0..symbols.len()).filter(begins) {
                let mut ends = Vec::new();
                spelling.parts.iter().for_each(|parts| follow(parts, &symbols, at, false, &mut ends));
                let ends_so = |end: &usize| match spelling.said {
                    Said::Initial => symbols.get(*end).is_some_and(|symbol| symbol.ch == '.'),
                    _ => may_end(&spelling.kind, &symbols, *end),
                };
                let is_day = |end: &usize| is_number(&spelling.kind) && is_day(&symbols[at..*end]);
                for end in ends.into_iter().filter(|end| ends_so(end) && !is_day(end)) {
                    let first = if spelling.kind == Kind::Phone { with_sign(&symbols, at, end) } else { at };
                    let (kind, form) = (spelling.kind.clone(), spelling.form.clone());
                    found.insert(Found {
                        start: symbols[first].start,
                        end: symbols[end - 1].end,
                        kind,
                        form,
                    });
                }
            }
        }
        found
    }
}

/// Whether the values of a kind are digits, or letters and digits, grouped in any way.
fn is_number(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::Phone
            | Kind::Card
            | Kind::Account
            | Kind::Reference
            | Kind::NationalId
            | Kind::Iban
            | Kind::Postcode
    )
}

/// Whether this is written as a day is.
fn is_day(symbols: &[Symbol]) -> bool {
    let text: String = symbols.iter().map(|symbol| symbol.ch).collect();
    let Some(sign) = text.chars().find(|ch| !ch.is_ascii_digit()).filter(|sign| "-/.".contains(*sign)) else {
        return false;
    };
    let parts: Vec<Option<(usize, u32)>> =
        text.split(sign).map(|part| Some((part.len(), part.parse().ok()?))).collect();
    let fits = |part: usize, length: &[usize], least: u32, most: u32| {
        parts[part]
            .is_some_and(|(digits, number)| length.contains(&digits) && (least..=most).contains(&number))
    };
    let year = |part| fits(part, &[4], 1900, 2099);
    let month = |part| fits(part, &[1, 2], 1, 12);
    let day = |part| fits(part, &[1, 2], 1, 31);
    parts.len() == 3
        && (year(0) && month(1) && day(2) || year(2) && (day(0) && month(1) || month(0) && day(1)))
}

/// Whether a number, a code or an address is a part of a longer one.
fn is_part(found: &Found, longer: &Found) -> bool {
    let is_code = |kind: &Kind| is_number(kind) || matches!(kind, Kind::Ip | Kind::CardLast4);
    let is_address = |kind: &Kind| matches!(kind, Kind::Email | Kind::Username);
    let is_alike = match (&found.kind, &longer.kind) {
        (_, Kind::CardLast4) => false,
        (Kind::Email, Kind::Username) => false,
        (one, other) => is_code(one) && is_code(other) || is_address(one) && is_address(other),
    };
    let is_inside = longer.start <= found.start && found.end <= longer.end;
    // Of two telephone numbers with the same digits one has the code of its country.
    let is_phone = [found, longer].iter().all(|of| of.kind == Kind::Phone);
    is_alike && is_inside && (is_phone || (longer.start, longer.end) != (found.start, found.end))
}

/// The spans that do not leave: those of the values, merged where they overlap.
pub(crate) fn merged<'a>(found: impl IntoIterator<Item = &'a Found>) -> Vec<(usize, usize)> {
    let mut spans: Vec<(usize, usize)> = found.into_iter().map(|found| (found.start, found.end)).collect();
    spans.sort_unstable();
    let mut merged: Vec<(usize, usize)> = Vec::new();
    for (start, end) in spans {
        match merged.last_mut() {
            Some(last) if start < last.1 => last.1 = last.1.max(end),
            _ => merged.push((start, end)),
        }
    }
    merged
}

/// Disguises that the generator uses, and what is under them.
pub(crate) const DISGUISES: [(char, char); 11] = [
    ('é', 'e'),
    ('а', 'a'),
    ('О', 'O'),
    ('４', '4'),
    ('０', '0'),
    ('\u{a0}', ' '),
    ('’', '\''),
    ('–', '-'),
    ('⒩', 'n'),
    ('⒜', 'a'),
    ('\u{212a}', 'k'),
];

pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}' | '\u{ad}')
}

fn fold(text: &str) -> Vec<Symbol> {
    let visible = text.char_indices().filter(|(_, c)| !is_invisible(*c));
    visible
        .map(|(start, c)| {
            let plain = DISGUISES.iter().find(|(disguise, _)| *disguise == c).map_or(c, |(_, plain)| *plain);
            let ch = if plain.is_whitespace() { ' ' } else { plain.to_ascii_lowercase() };
            Symbol { ch, upper: c.is_uppercase(), start, end: start + c.len_utf8() }
        })
        .collect()
}

fn is_word(symbol: Option<&Symbol>) -> bool {
    symbol.is_some_and(|symbol| symbol.ch.is_ascii_alphanumeric() || symbol.ch == '_')
}

fn is_digit(symbol: Option<&Symbol>) -> bool {
    symbol.is_some_and(|symbol| symbol.ch.is_ascii_digit())
}

fn may_begin(kind: &Kind, symbols: &[Symbol], at: usize) -> bool {
    let before = |n: usize| at.checked_sub(n).and_then(|at| symbols.get(at));
    if is_word(symbols.get(at)) && is_word(before(1)) {
        return false;
    }
    let Some(near) = before(1).map(|near| near.ch) else { return true };
    match kind {
        Kind::Email => !(is_word(before(2)) && ".-+%".contains(near)),
        Kind::Username => !(is_word(before(2)) && ".@".contains(near)),
        Kind::Phone | Kind::Card | Kind::Ip => !(is_digit(before(2)) && near == '.'),
        Kind::CardLast4 => !(is_digit(before(2)) && ".,".contains(near)) && near != '$',
        Kind::Postcode => {
            !is_digit(symbols.get(at)) || !(is_digit(before(2)) && ".,-".contains(near)) && near != '$'
        }
        _ => true,
    }
}

fn may_end(kind: &Kind, symbols: &[Symbol], end: usize) -> bool {
    let behind = symbols.get(end + 1);
    let Some(next) = symbols.get(end) else { return true };
    if is_word(Some(next)) {
        return *kind == Kind::Phone && next.ch == 'x' && (behind.is_none() || is_digit(behind));
    }
    match (kind, next.ch) {
        (Kind::Email, '-') => {
            let label =
                symbols[end + 1..].iter().take(63).take_while(|s| is_word(Some(s)) || s.ch == '-').count();
            let goes_on = label > 0 && symbols.get(end + 1 + label).is_some_and(|dot| dot.ch == '.');
            !(goes_on && is_word(symbols.get(end + 2 + label)))
        }
        (Kind::Email, '.') | (Kind::Username, '.' | '@') => !is_word(behind),
        (Kind::Phone | Kind::Card | Kind::Ip, '.') | (Kind::CardLast4, '.' | ',') => !is_digit(behind),
        (Kind::CardLast4, '%') => false,
        _ => true,
    }
}

/// A `+` belongs to the number behind it, a parenthesis if it closes inside.
fn with_sign(symbols: &[Symbol], at: usize, end: usize) -> usize {
    let is = |at: usize, ch: char| at > 0 && symbols[at - 1].ch == ch;
    let first = at - usize::from(is(at, '+'));
    let closes = symbols[at..end].iter().any(|symbol| symbol.ch == ')');
    first - usize::from(is(first, '(') && closes)
}

/// Where the parts may end that begin here.
fn follow(parts: &[Part], symbols: &[Symbol], at: usize, skipped: bool, ends: &mut Vec<usize>) {
    let Some((part, rest)) = parts.split_first() else { return ends.push(at) };
    let is = |at: usize, of: &str| symbols.get(at).is_some_and(|symbol| of.contains(symbol.ch));
    match part {
        Part::Char(c) => {
            if symbols.get(at).is_some_and(|symbol| symbol.ch == *c) {
                follow(rest, symbols, at + 1, skipped, ends);
            }
        }
        Part::Capital(c) => {
            if symbols.get(at).is_some_and(|symbol| symbol.upper) {
                follow(&[&[Part::Char(*c)], rest].concat(), symbols, at, skipped, ends);
            }
        }
        Part::Gap { of, least, most } => {
            let longest = (0..).take_while(|n| is(at + n, of)).count();
            if (*least..=*most).contains(&longest) {
                follow(rest, symbols, at + longest, skipped, ends);
            }
        }
        Part::Trunk => {
            follow(rest, symbols, at, skipped, ends);
            if is(at, "0") {
                follow(&[&[TRUNK_GAP], rest].concat(), symbols, at + 1, skipped, ends);
            }
        }
        Part::InitialGap => {
            let gap = (1..).take_while(|n| is(at + n, " -',")).count();
            let has_comma = symbols.iter().skip(at).take(gap + 1).any(|symbol| symbol.ch == ',');
            if is(at, ".") && !has_comma && gap < 64 {
                let parts = [&[Part::NameGap { comma: false }], rest].concat();
                follow(rest, symbols, at + 1 + gap, skipped, ends);
                middle(&parts, symbols, at + 1 + gap, skipped, ends);
            }
        }
        Part::NameGap { comma } => {
            let letters = symbols[..at].iter().rev().take_while(|s| is_word(Some(s))).count();
            let dot = usize::from(letters <= 3 && is(at, "."));
            let behind = at + dot + (0..).take_while(|n| is(at + dot + n, " -',+")).count();
            let gap = &symbols[at..behind];
            let has_comma = gap.iter().any(|symbol| symbol.ch == ',');
            if gap.is_empty() || gap.len() > 64 || has_comma != *comma {
                return;
            }
            follow(rest, symbols, behind, skipped, ends);
            if !comma {
                middle(parts, symbols, behind, skipped, ends);
            }
        }
    }
}

/// Leaves out a middle name that begins here.
fn middle(parts: &[Part], symbols: &[Symbol], at: usize, skipped: bool, ends: &mut Vec<usize>) {
    if !skipped && symbols.get(at).is_some_and(|symbol| symbol.upper) {
        let is_letter = |s: &&Symbol| is_word(Some(s)) && !is_digit(Some(s));
        let middle = symbols[at..].iter().take_while(is_letter).count();
        if middle <= 24 {
            follow(parts, symbols, at + middle, true, ends);
        }
    }
}

const PHONE_GAP: Part = Part::Gap { of: " -./()", least: 0, most: 4 };
/// A decimal is no trunk prefix and a number.
const TRUNK_GAP: Part = Part::Gap { of: " -/()", least: 0, most: 4 };

/// The folded spellings of a value: the table in the contract, and for names and dates what "usual" means.
fn forms(kind: &Kind, text: &str) -> BTreeSet<String> {
    let lower = text.to_ascii_lowercase();
    let without = |gaps: &str| lower.chars().filter(|c| !gaps.contains(*c)).collect::<String>();
    let words = |gaps: &str| {
        let words: Vec<&str> = lower.split(|c| gaps.contains(c)).filter(|word| !word.is_empty()).collect();
        words.join(" ")
    };
    match kind {
        Kind::Phone => BTreeSet::from([number(text).1.to_owned()]),
        Kind::Card | Kind::NationalId | Kind::Postcode => BTreeSet::from([without(" -./")]),
        // With the spaces that follow letters, and without any.
        Kind::Reference => {
            let mut written = String::new();
            for c in without("-./").chars() {
                if c != ' ' || written.ends_with(|c: char| c.is_ascii_alphabetic()) {
                    written.push(c);
                }
            }
            BTreeSet::from([without(" -./"), written])
        }
        Kind::Address | Kind::City => {
            let streets = [("drive", &["dr", "drv"][..]), ("lane", &["ln", "la"])];
            let streets =
                streets.into_iter().flat_map(|(key, texts)| texts.iter().map(move |text| (key, *text)));
            with_other_words(BTreeSet::from([words(" -'.,#/:;()\"+")]), &streets.collect::<Vec<_>>(), |_| {
                true
            })
        }
        Kind::Name => {
            let names: BTreeSet<String> =
                names(&words(" -'.,")).into_iter().chain([words(" .,").replace(['-', '\''], "")]).collect();
            // `O'Lee` may be glued wherever it stands behind another word, with a capital, and `OLee` be apart.
            let glued = |name: &String| [name.replace(" o lee", " Olee"), name.replace(" olee", " o lee")];
            let glued: Vec<String> = names.iter().flat_map(glued).collect();
            let is_first = |before: &str| before.is_empty() || before.ends_with(',');
            with_other_words(names.into_iter().chain(glued).collect(), &nicknames(), is_first)
        }
        Kind::DateOfBirth => dates(text),
        _ => BTreeSet::from([lower]),
    }
}

/// What stands in a key, and what may stand for it: first in a name, or first behind the comma.
fn nicknames() -> Vec<(&'static str, &'static str)> {
    let lines =
        include_str!("../../dictionaries/nicknames.txt").lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.flat_map(|line| {
        let (name, short) = line.split_once(": ").expect("a line is `name: short short`");
        short.split(' ').flat_map(move |short| [(name, short), (short, name)])
    });
    pairs.collect()
}

/// With each word as it is, or another one that may stand for it behind what there is before it.
fn with_other_words(
    forms: BTreeSet<String>,
    others: &[(&str, &str)],
    may_stand: impl Fn(&str) -> bool,
) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for form in forms {
        let mut written = vec![String::new()];
        for word in form.split_inclusive([' ', ',']) {
            let end = word.trim_end_matches([' ', ',']).len();
            let words = others.iter().filter(|(key, _)| *key == &word[..end]).map(|(_, text)| *text);
            let words: Vec<&str> = words.filter(|_| may_stand(&written[0])).chain([&word[..end]]).collect();
            written = written
                .iter()
                .flat_map(|before| words.iter().map(move |other| format!("{before}{other}{}", &word[end..])))
                .collect();
        }
        all.extend(written);
    }
    all
}

fn names(name: &str) -> BTreeSet<String> {
    let words: Vec<&str> = name.split(' ').collect();
    let mut names = BTreeSet::from([name.to_owned()]);
    let backwards = |words: &[&str], names: &mut BTreeSet<String>| {
        names.extend((1..words.len()).map(|n| format!("{},{}", words[n..].join(" "), words[..n].join(" "))));
    };
    backwards(&words, &mut names);
    if let [first, middle @ .., last] = &words[..]
        && !middle.is_empty()
    {
        let initials: Vec<&str> = middle.iter().map(|word| &word[..1]).collect();
        names.extend([format!("{first} {last}"), format!("{first} {} {last}", initials.join(" "))]);
        backwards(&[first, last], &mut names);
    }
    // `O` belongs to the last name.
    if let Some(o) = words.iter().position(|word| *word == "o").filter(|o| (1..words.len() - 1).contains(o)) {
        let (given, last) = (words[..o].join(" "), words[o + 1..].join(" "));
        names.insert(format!("o{last},{given}"));
        if o > 1 {
            let first = words[0];
            names.extend([
                format!("{first} o {last}"),
                format!("o {last},{first}"),
                format!("o{last},{first}"),
            ]);
        }
    }
    names
}

fn dates(text: &str) -> BTreeSet<String> {
    let (y, m, d) = (&text[..4], &text[5..7], &text[8..]);
    let (month, ordinal) = match m {
        "04" => ("april", "5th"),
        _ => ("december", "31st"),
    };
    let mut dates = BTreeSet::from([format!("{y}{m}{d}")]);
    for (m, d) in [(m, d), (m.trim_start_matches('0'), d.trim_start_matches('0'))] {
        dates.extend([format!("{y} {m} {d}"), format!("{m} {d} {y}"), format!("{d} {m} {y}")]);
        dates.extend([format!("{m} {d} {}", &y[2..]), format!("{d} {m} {}", &y[2..])]);
        dates
            .extend([format!("{} {d} {}", &month[..3], &y[2..]), format!("{d} {} {}", &month[..3], &y[2..])]);
        for month in [month, &month[..3]] {
            dates.extend([format!("{month} {d} {y}"), format!("{d} {month} {y}")]);
        }
    }
    let d = d.trim_start_matches('0');
    for month in [month, &month[..3]] {
        dates.extend([format!("{month} {ordinal} {y}"), format!("{ordinal} {month} {y}")]);
        dates.extend([format!("{ordinal} of {month} {y}"), format!("{d} of {month} {y}")]);
    }
    dates
}

/// Calling code and national number of `+44 2079460018`.
fn number(phone: &str) -> (&str, &str) {
    phone[1..].split_once(' ').expect("written as +code national")
}

fn parts(kind: &Kind, form: &str, codes: &BTreeSet<&str>) -> Vec<Vec<Part>> {
    let spaced = |form: &str, gap: &dyn Fn(char) -> Option<Part>| {
        let mut parts = Vec::new();
        for c in form.chars() {
            parts.push(Part::Char(c));
            parts.extend(gap(c));
        }
        parts
    };
    let gap = |of| Some(Part::Gap { of, least: 0, most: 3 });
    let mut all = match kind {
        Kind::Phone => prefixes(codes)
            .into_iter()
            .map(|(dial, code)| {
                let mut parts = Vec::new();
                // The last digit of an international prefix is no longer told from a calling code.
                for (at, digit) in dial.chars().enumerate() {
                    let ends = dial != "0" && at + 1 == dial.len();
                    parts.extend([Part::Char(digit), if ends { PHONE_GAP } else { TRUNK_GAP }]);
                }
                parts.extend(spaced(&code, &|_| Some(PHONE_GAP)));
                parts.extend((!code.is_empty()).then_some(Part::Trunk));
                parts.extend(spaced(form, &|_| Some(PHONE_GAP)));
                parts
            })
            .collect(),
        Kind::Card => vec![spaced(form, &|_| gap(" -."))],
        Kind::NationalId | Kind::Postcode => vec![spaced(form, &|_| gap(" -./"))],
        Kind::Reference => vec![spaced(form, &|c| gap(if c.is_ascii_digit() { " -./" } else { "-./" }))],
        _ => {
            let part = |c: char| match (kind, c) {
                (Kind::Name, ' ' | ',') => Part::NameGap { comma: c == ',' },
                (Kind::Name, '.') => Part::InitialGap,
                (Kind::Name, 'A'..='Z') => Part::Capital(c.to_ascii_lowercase()),
                (Kind::Address | Kind::City, ' ') => Part::Gap { of: " -'.,#/:;()\"+", least: 1, most: 64 },
                (Kind::DateOfBirth, ' ') => Part::Gap { of: " -./,", least: 1, most: 8 },
                _ => Part::Char(c),
            };
            vec![form.replace(". ", ".").chars().map(part).collect()]
        }
    };
    // A gap is between characters, not behind the last one.
    for parts in &mut all {
        while !matches!(parts.last(), Some(Part::Char(_))) {
            parts.pop();
        }
    }
    all
}

/// What may stand before a national number: a trunk or international prefix, and a calling code.
fn prefixes(codes: &BTreeSet<&str>) -> Vec<(&'static str, String)> {
    let mut prefixes = vec![("", String::new()), ("0", String::new())];
    for code in codes {
        prefixes.extend(["", "00", "011"].map(|dial| (dial, (*code).to_owned())));
    }
    prefixes
}

fn written(kind: &Kind, form: &str, codes: &BTreeSet<&str>) -> Vec<String> {
    match kind {
        Kind::Phone => prefixes(codes)
            .iter()
            .flat_map(|(dial, code)| {
                let (begun, last) = form.split_at(form.len() - 1);
                [format!("{dial}{code}{form}"), format!("({dial}{code}{begun}){last}")]
            })
            .collect(),
        Kind::Name => vec![form.replace(',', ", ")],
        _ => vec![form.to_owned()],
    }
}
