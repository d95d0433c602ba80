//! From a value as a dictionary writes it to the keys that an index stores.
//!
//! Every value has one key, and names and dates have further spellings that no walk could reach by an edge:
//!
//! | kind | further keys |
//! |---|---|
//! | name | with an initial and a full stop, `m. lopez` and `maria l` · every `Last, First` split · first and last of three or more · middle names as initials · `O'Brien` as `OBrien` · the first of two last names with a hyphen · particles of a last name before a comma, also glued · other ways to write letters (`Mueller`, `Maria` for `Мария`) |
//! | words, address | other ways to write letters · without the country at the end · `…strasse` and `…str` |
//! | code | with the spaces that it has after letters |
//! | date of birth | year, month and day in the three usual orders, padded or not · month names, whole or short, before or after the day · ordinals · two digits for the year · eight digits |
//!
//! Keys are folded text ([`crate::text`]) behind one byte for the kind. In a key of words a gap is one space; a comma stands for a gap
//! that must contain one (`lee,ann`).

use super::spellings;
use crate::identifier::{Between, KindSpec, Shape, Strength};
use crate::text::{Class, ascii_class, symbols};

/// The longest folded value, in bytes. Bounds walks, and with them memory per stream.
pub(crate) const LONGEST: usize = 256;

/// Stands before keys that are written backwards. No folded text contains it.
pub(crate) const BACKWARDS: u8 = 2;

/// Shorter values of strong kinds are not looked for backwards.
const SHORTEST_BACKWARDS: usize = 7;

/// Why a value cannot be used. Never says the value.
pub(crate) type Rejection = &'static str;

/// The folded forms of one value.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Keys {
    /// The form that stands for the value.
    pub(crate) main: Vec<u8>,
    /// Other spellings of it.
    pub(crate) spellings: Vec<Vec<u8>>,
    /// The calling code of a telephone number.
    pub(crate) calling_code: Option<u16>,
}

/// Folds a value of a kind, without the byte for the kind.
pub(crate) fn keys(spec: &KindSpec, text: &str, region: Region) -> Result<Keys, Rejection> {
    if text.len() > 16 * LONGEST {
        return Err("too long (at most 256 characters)");
    }
    let keys = match spec.shape {
        Shape::Email => email(text)?,
        Shape::Phone => phone(text, region)?,
        Shape::Digits | Shape::FewDigits => digits(spec, text)?,
        Shape::Groups if spec.kind == crate::Kind::Iban => iban(text)?,
        Shape::Ip => ip(text)?,
        Shape::Name => name(text),
        Shape::Date => date(text, region)?,
        Shape::Code => code(text),
        Shape::Words => words(spec, text),
        shape => Keys { main: fold(shape, text), ..Keys::default() },
    };
    let has_letter =
        |key: &[u8]| std::str::from_utf8(key).is_ok_and(|key| key.contains(char::is_alphanumeric));
    if !has_letter(&keys.main) {
        return Err("nothing of it can be compared");
    }
    if keys.main.len() < spec.min_length {
        return Err("too short to be safe");
    }
    if keys.main.len() > LONGEST {
        return Err("too long (at most 256 characters)");
    }
    Ok(keys)
}

/// A key as it stands in a text that is written backwards, if values of the kind are looked for so: long ones of strong kinds, and names.
pub(crate) fn backwards(spec: &KindSpec, key: &[u8]) -> Option<Vec<u8>> {
    let is_looked_for = match spec.strength {
        Strength::Strong => key.len() >= SHORTEST_BACKWARDS,
        Strength::Weak => spec.shape == Shape::Name && key.contains(&b' '),
    };
    let key = std::str::from_utf8(key).ok().filter(|key| is_looked_for && key.len() < LONGEST)?;
    let letters: String = key.chars().rev().collect();
    Some([&[BACKWARDS], letters.as_bytes()].concat())
}

/// A key as a text writes it: without the byte for its kind, and what says that it is written backwards.
pub(crate) fn written(key: &[u8]) -> &[u8] {
    key[1..].strip_prefix(&[BACKWARDS]).unwrap_or(&key[1..])
}

/// Folds text with the gaps of a shape.
fn fold(shape: Shape, text: &str) -> Vec<u8> {
    let gaps = shape.gaps();
    let mut key = String::new();
    let mut gap = false;
    symbols(text.trim(), |symbol| {
        if gaps.between != Between::Nowhere && gaps.allow(symbol.ch) {
            gap = true;
            return;
        }
        if gap && gaps.between == Between::Words && !key.is_empty() {
            key.push(' ');
        }
        gap = false;
        key.push(symbol.ch);
    });
    key.into_bytes()
}

/// A code as it is compared, and as it is written if it has spaces where prose has them: after a letter. There a space is
/// no gap, or every short word of prose would be held for the code that might follow it.
fn code(text: &str) -> Keys {
    let gaps = Shape::Code.gaps();
    let mut written = String::new();
    symbols(text.trim(), |symbol| {
        let after_digit = written.ends_with(|c: char| c.is_ascii_digit());
        if symbol.ch == ' ' && !after_digit && !written.is_empty() {
            written.push(' ');
        } else if !gaps.allow(symbol.ch) {
            written.push(symbol.ch);
        }
    });
    let main = fold(Shape::Code, text);
    let spellings = if written.as_bytes() == main { vec![] } else { vec![written.into_bytes()] };
    Keys { main, spellings, calling_code: None }
}

fn words(spec: &KindSpec, text: &str) -> Keys {
    let main = fold(Shape::Words, text);
    let is_address = spec.kind == crate::Kind::Address;
    let of_writing = |folded: Vec<u8>| {
        let folded = String::from_utf8(folded).expect("folding gives UTF-8");
        let mut spellings = if is_address { spellings::of_address(&folded) } else { Vec::new() };
        spellings.extend(spellings::without_e(&folded));
        spellings.push(folded);
        spellings
    };
    let mut spellings = of_writing(main.clone());
    for writing in spellings::transliterations(text) {
        spellings.extend(of_writing(fold(Shape::Words, &writing)));
    }
    with_spellings(main, spellings)
}

/// A key and other spellings, once each.
fn with_spellings(main: Vec<u8>, spellings: Vec<String>) -> Keys {
    let mut spellings: Vec<Vec<u8>> = spellings.into_iter().map(String::into_bytes).collect();
    spellings.sort_unstable();
    spellings.dedup();
    spellings.retain(|spelling| *spelling != main && !spelling.is_empty() && spelling.len() <= LONGEST);
    Keys { main, spellings, calling_code: None }
}

fn email(text: &str) -> Result<Keys, Rejection> {
    let main = String::from_utf8(fold(Shape::Email, text)).expect("folding gives UTF-8");
    let expected = "not an email address (expected name@domain.example)";
    let (local, domain) = main.rsplit_once('@').ok_or(expected)?;
    let labels_are_good = domain.split('.').all(|label| !label.is_empty()) && domain.contains('.');
    let ends_in_letter = domain.chars().next_back().is_some_and(char::is_alphanumeric);
    if local.is_empty() || local.contains('@') || !labels_are_good || !ends_in_letter || main.contains(' ') {
        return Err(expected);
    }
    Ok(Keys { main: main.into_bytes(), ..Keys::default() })
}

/// The region whose rules apply to numbers and dates that do not say their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region(phonenumber::country::Id);

impl Region {
    /// Month before day, as in 4/5/1990 for the fifth of April.
    fn writes_month_first(self) -> bool {
        use phonenumber::country::Id;
        matches!(self.0, Id::US | Id::PH | Id::PR | Id::GU | Id::VI | Id::AS | Id::MP)
    }
}

impl serde::Serialize for Region {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_ref())
    }
}

impl<'de> serde::Deserialize<'de> for Region {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <String as serde::Deserialize>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Default for Region {
    fn default() -> Self {
        Self(phonenumber::country::Id::US)
    }
}

impl std::str::FromStr for Region {
    type Err = crate::Error;

    /// A two-letter country code (ISO 3166-1), such as `US` or `DE`.
    ///
    /// # Errors
    /// Anything else.
    fn from_str(code: &str) -> Result<Self, crate::Error> {
        code.to_uppercase().parse().map(Self).map_err(|_| {
            crate::Error::config(format!(
                "`{code}` is not a region; expected a two-letter country code such as `US`"
            ))
        })
    }
}

fn phone(text: &str, region: Region) -> Result<Keys, Rejection> {
    let mut folded = String::new();
    symbols(text.trim(), |symbol| folded.push(symbol.ch));
    if let Some(national) = north_american(&folded, region) {
        return Ok(Keys { main: national.into_bytes(), calling_code: Some(1), ..Keys::default() });
    }
    // A number that says its country has no trunk prefix of another one: with a region, `+44 1632 …` would lose its 1.
    let region = (!folded.starts_with('+')).then_some(region.0);
    let number = international(&folded).map_or_else(|| phonenumber::parse(region, &folded), Ok).map_err(
        |_| "not a telephone number (write it with its country code, +1 …, or name its region with --region)",
    )?;
    let national = number.national();
    let main = format!("{}{}", "0".repeat(usize::from(national.zeros())), national.value());
    Ok(Keys { main: main.into_bytes(), calling_code: Some(number.code().value()), ..Keys::default() })
}

/// A number that names its country behind `00`, which is how most of the world dials abroad, wherever the dictionary is from.
fn international(folded: &str) -> Option<phonenumber::PhoneNumber> {
    let code = folded.strip_prefix("00").filter(|rest| !rest.starts_with('0'))?;
    phonenumber::parse(None, format!("+{code}")).ok().filter(phonenumber::is_valid)
}

/// The ten digits of a number of North America, if it is plainly one: what the crate says of it takes twenty times as long.
fn north_american(folded: &str, region: Region) -> Option<String> {
    let digits = match folded.strip_prefix("+1") {
        Some(digits) => digits,
        None if region == Region::default() => folded,
        None => return None,
    };
    let is_apart = |byte: &u8| matches!(byte, b' ' | b'-' | b'.' | b'(' | b')');
    let digits: Vec<u8> = digits.bytes().filter(|byte| !is_apart(byte)).collect();
    let is_one =
        digits.len() == 10 && digits.iter().all(u8::is_ascii_digit) && digits[0] > b'1' && digits[3] > b'1';
    is_one.then(|| String::from_utf8(digits).expect("ASCII digits"))
}

fn digits(spec: &KindSpec, text: &str) -> Result<Keys, Rejection> {
    let main = fold(spec.shape, text);
    if !main.iter().all(u8::is_ascii_digit) {
        return Err("not a number (expected digits)");
    }
    if spec.kind == crate::Kind::Card && (!(12..=19).contains(&main.len()) || !passes_luhn(&main)) {
        return Err("not a card number (its check digit does not fit)");
    }
    if spec.kind == crate::Kind::CardLast4 && main.len() != 4 {
        return Err("not the end of a card number (expected four digits)");
    }
    Ok(Keys { main, ..Keys::default() })
}

/// The check digit of ISO/IEC 7812-1, annex B.
fn passes_luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| {
            let value = u32::from(digit - b'0') * if at % 2 == 1 { 2 } else { 1 };
            value / 10 + value % 10
        })
        .sum();
    sum.is_multiple_of(10)
}

fn iban(text: &str) -> Result<Keys, Rejection> {
    let main = fold(Shape::Groups, text);
    let compact = String::from_utf8_lossy(&main).to_uppercase();
    match compact.parse::<iban::Iban>() {
        Ok(_) | Err(iban::ParseIbanError::InvalidBban(_)) => Ok(Keys { main, ..Keys::default() }),
        Err(_) => Err("not an IBAN (its checksum does not fit)"),
    }
}

fn ip(text: &str) -> Result<Keys, Rejection> {
    let folded = String::from_utf8(fold(Shape::Ip, text)).expect("folding gives UTF-8");
    let address: std::net::IpAddr =
        folded.parse().map_err(|_| "not an IP address (expected 192.0.2.1 or 2001:db8::1)")?;
    Ok(Keys { main: address.to_string().into_bytes(), ..Keys::default() })
}

fn name(text: &str) -> Keys {
    // A dictionary may itself write `Last, First`.
    let in_order = match text.split_once(',') {
        Some((last, first)) if !first.contains(',') => format!("{} {}", first.trim(), last.trim()),
        _ => text.to_owned(),
    };
    let folded = |text: &str| String::from_utf8(fold(Shape::Name, text)).expect("folding gives UTF-8");
    let whole = folded(&in_order);
    let mut spellings = name_spellings(&whole);
    const JOINS: [char; 4] = ['\'', '’', '‘', '-'];
    if in_order.contains(JOINS) {
        spellings.push(folded(&in_order.replace(JOINS, "")));
    }
    // Of `Maria Lopez-Garcia` people say the first last name.
    if let Some((first, (last, _))) =
        in_order.split_once(' ').and_then(|(first, last)| Some((first, last.rsplit_once('-')?)))
    {
        spellings.push(folded(&format!("{first} {last}")));
    }
    let mut writings: Vec<String> =
        spellings::transliterations(&in_order).iter().map(|w| folded(w)).collect();
    writings.extend(spellings::without_e(&whole));
    for writing in writings {
        spellings.extend(name_spellings(&writing));
        spellings.push(writing);
    }
    with_spellings(whole.into_bytes(), spellings)
}

/// A folded name in other orders, and without some of its words.
fn name_spellings(whole: &str) -> Vec<String> {
    let words: Vec<&str> = whole.split(' ').collect();
    let mut spellings = Vec::new();
    if words.len() > 6 {
        return spellings;
    }
    let backwards = |words: &[&str], spellings: &mut Vec<String>| {
        for split in 1..words.len() {
            spellings.push(format!("{},{}", words[split..].join(" "), words[..split].join(" ")));
        }
    };
    backwards(&words, &mut spellings);
    if let [first, middle @ .., last] = words.as_slice()
        && !middle.is_empty()
    {
        spellings.push(format!("{first} {last}"));
        backwards(&[*first, *last], &mut spellings);
        let initials: Vec<String> =
            middle.iter().filter_map(|m| m.chars().next()).map(String::from).collect();
        spellings.push(format!("{first} {} {last}", initials.join(" ")));
    }
    spellings.extend(spellings::with_particles(&words));
    spellings
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

fn date(text: &str, region: Region) -> Result<Keys, Rejection> {
    let expected = "not a date (expected year-month-day, as in 1990-04-05)";
    let (year, month, day) = parse_date(text, region).ok_or(expected)?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        _ => return Err(expected),
    };
    if !(1..=days).contains(&day) || !(1800..=2199).contains(&year) {
        return Err(expected);
    }
    let whole = MONTHS[month as usize - 1];
    let short = &whole[..3];
    let ordinal = match day {
        1 | 21 | 31 => "st",
        2 | 22 => "nd",
        3 | 23 => "rd",
        _ => "th",
    };
    let mut spellings = Vec::new();
    for (m, d) in [(format!("{month:02}"), format!("{day:02}")), (month.to_string(), day.to_string())] {
        spellings.extend([format!("{year} {m} {d}"), format!("{m} {d} {year}"), format!("{d} {m} {year}")]);
        for name in [whole, short, if month == 9 { "sept" } else { short }] {
            spellings.extend([format!("{name} {d} {year}"), format!("{d} {name} {year}")]);
        }
    }
    for name in [whole, short] {
        spellings.extend([
            format!("{name} {day}{ordinal} {year}"),
            format!("{day}{ordinal} {name} {year}"),
            format!("{day}{ordinal} of {name} {year}"),
            format!("{day} of {name} {year}"),
        ]);
    }
    let short_year = format!("{:02}", year % 100);
    for (m, d) in [(format!("{month:02}"), format!("{day:02}")), (month.to_string(), day.to_string())] {
        spellings.extend([format!("{m} {d} {short_year}"), format!("{d} {m} {short_year}")]);
        spellings.extend([format!("{short} {d} {short_year}"), format!("{d} {short} {short_year}")]);
    }
    spellings.push(format!("{year}{month:02}{day:02}"));
    Ok(with_spellings(format!("{year} {month:02} {day:02}").into_bytes(), spellings))
}

/// Year, month and day of a date as a dictionary writes it; a time of day behind it is left out.
fn parse_date(text: &str, region: Region) -> Option<(u32, u32, u32)> {
    let folded = String::from_utf8(fold(Shape::Date, text)).ok()?;
    let mut parts = folded.split([' ', 't']).filter(|part| !part.is_empty());
    let number = |part: &str| part.parse::<u32>().ok();
    if !folded.bytes().any(|b| b.is_ascii_alphabetic() && b != b't') {
        let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
        return match (first.len(), third.len()) {
            (4, _) => Some((number(first)?, number(second)?, number(third)?)),
            (_, 4) => {
                let (a, b) = (number(first)?, number(second)?);
                let month_first = b > 12 || (a <= 12 && region.writes_month_first());
                let (month, day) = if month_first { (a, b) } else { (b, a) };
                Some((number(third)?, month, day))
            }
            _ => None,
        };
    }
    let words: Vec<&str> = folded.split(' ').collect();
    let [first, second, year] = words[..] else { return None };
    let month_of = |word: &str| {
        let position = MONTHS.iter().position(|month| word.len() >= 3 && month.starts_with(word));
        position.map(|at| at as u32 + 1)
    };
    match month_of(first) {
        Some(month) => Some((number(year)?, month, number(second)?)),
        None => Some((number(year)?, month_of(second)?, number(first)?)),
    }
}

/// The class of the first character of a key of text, as a walk would meet it.
pub(crate) fn first_class(key: &[u8]) -> Option<(char, Class)> {
    let byte = *key.first()?;
    if let Some(class) = ascii_class(byte) {
        let ch = if class == Class::Space { ' ' } else { byte.to_ascii_lowercase().into() };
        return Some((ch, class));
    }
    let end = key.len().min(4);
    let start = (1..=end).rev().find_map(|end| std::str::from_utf8(&key[..end]).ok())?;
    let mut first = None;
    symbols(start, |symbol| {
        first.get_or_insert((symbol.ch, symbol.class));
    });
    first
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    #[test]
    fn numbers_of_north_america_are_what_the_crate_says() {
        let (mut random, mut plain) = (7_u64, 0);
        for round in 0..2_000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let digits = format!("{:010}", (random >> 20) % 10_000_000_000);
            let (area, rest) = digits.split_at(3);
            let (exchange, line) = rest.split_at(3);
            let text = match round % 4 {
                0 => format!("+1 {area} {exchange} {line}"),
                1 => format!("+1-{digits}"),
                2 => format!("({area}) {exchange}-{line}"),
                _ => digits.clone(),
            };
            let Some(national) = north_american(&text, Region::default()) else { continue };
            let region = (!text.starts_with('+')).then_some(Region::default().0);
            let number = phonenumber::parse(region, &text).expect("a number");
            assert_eq!(
                (number.national().value().to_string(), number.code().value()),
                (national, 1),
                "{text}"
            );
            plain += 1;
        }
        assert!(plain > 1_000, "{plain}");
        for text in ["+44 20 7946 0018", "+1 415 555 01", "415 555 0104 x7", "+1 115 555 0104"] {
            assert_eq!(north_american(text, Region::default()), None, "{text}");
        }
        assert_eq!(north_american("415 555 0104", "DE".parse().unwrap()), None);
    }

    fn made(kind: Kind, text: &str) -> Result<Keys, Rejection> {
        keys(&KindSpec::built_in(&kind).unwrap(), text, Region::default())
    }

    fn main(kind: Kind, text: &str) -> String {
        String::from_utf8(made(kind, text).unwrap().main).unwrap()
    }

    fn spellings(kind: Kind, text: &str) -> Vec<String> {
        made(kind, text).unwrap().spellings.into_iter().map(|s| String::from_utf8(s).unwrap()).collect()
    }

    #[test]
    fn one_key_per_value() {
        for (kind, text, key) in [
            (Kind::Email, " Ann.Lee@Example.com ", "ann.lee@example.com"),
            (Kind::Phone, "+1 (415) 555-0104", "4155550104"),
            (Kind::Phone, "1-415-555-0104", "4155550104"),
            (Kind::Phone, "415.555.0104", "4155550104"),
            (Kind::Phone, "+44 20 7946 0018", "2079460018"),
            (Kind::Phone, "+44 1632 960049", "1632960049"),
            (Kind::Phone, "+39 06 5550 0104", "0655500104"),
            (Kind::Card, "4111 1111 1111 1111", "4111111111111111"),
            (Kind::Iban, "DE89 3704 0044 0532 0130 00", "de89370400440532013000"),
            (Kind::NationalId, "078-05-1120", "078051120"),
            (Kind::Reference, "no6-jo3", "no6jo3"),
            (Kind::Name, "Lee,  Ann-Marie", "ann marie lee"),
            (Kind::Name, "José García", "jose garcia"),
            (Kind::Name, "李明", "李明"),
            (Kind::Address, "975 Sunset Drive, Suite 217", "975 sunset drive suite 217"),
            (Kind::DateOfBirth, "1990-04-05", "1990 04 05"),
            (Kind::DateOfBirth, "4/5/1990", "1990 04 05"),
            (Kind::DateOfBirth, "25.4.1990", "1990 04 25"),
            (Kind::DateOfBirth, "5 April 1990", "1990 04 05"),
            (Kind::DateOfBirth, "1990-04-05T00:00:00", "1990 04 05"),
            (Kind::Ip, "2001:DB8:0::1", "2001:db8::1"),
        ] {
            assert_eq!(main(kind.clone(), text), key, "{kind}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_refused() {
        for (kind, text) in [
            (Kind::Email, "ann@example"),
            (Kind::Email, "ann example.com"),
            (Kind::Phone, "none"),
            (Kind::Card, "4111 1111 1111 1112"),
            (Kind::Iban, "DE89 3704 0044 0532 0130 01"),
            (Kind::Username, "ann"),
            (Kind::CardLast4, "424"),
            (Kind::DateOfBirth, "1990-02-30"),
            (Kind::Ip, "256.0.0.1"),
            (Kind::Name, "…"),
        ] {
            assert!(made(kind.clone(), text).is_err(), "{kind} {text}");
        }
        assert!(made(Kind::Address, &"a b ".repeat(100)).is_err());
        assert!(made(Kind::Address, &"a".repeat(10_000_000)).is_err());
    }

    #[test]
    fn names_and_dates_have_spellings() {
        assert_eq!(spellings(Kind::Name, "Ann Lee"), ["lee,ann"]);
        let three = spellings(Kind::Name, "Ann Marie O'Lee");
        for spelling in ["ann lee", "ann m o lee", "o lee,ann marie", "ann marie olee"] {
            assert!(three.iter().any(|s| s == spelling), "{spelling} in {three:?}");
        }
        let dates = spellings(Kind::DateOfBirth, "1990-04-05");
        for spelling in ["4 5 1990", "05 04 1990", "april 5 1990", "5th of april 1990", "apr 05 1990"] {
            assert!(dates.iter().any(|s| s == spelling), "{spelling} in {dates:?}");
        }
    }
}
