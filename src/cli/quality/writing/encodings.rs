//! The value, or a sentence that holds it, in another code.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

use super::{Given, Written};
use crate::Kind;
use crate::cli::quality::random::Random;

/// `maria [at] example [dot] com`.
pub(super) fn at_dot(given: &Given, random: &mut Random) -> Option<Written> {
    const WAYS: [(&str, &str); 12] = [
        (" at ", " dot "),
        (" at ", " dot "),
        ("[at]", "[dot]"),
        (" [at] ", " [dot] "),
        ("(at)", "(dot)"),
        (" (at) ", " (dot) "),
        (" AT ", " DOT "),
        (" at ", "."),
        ("[at]", "."),
        (" (at) ", "."),
        (" [at] ", "."),
        ("@", " dot "),
    ];
    let (at, dot) = *random.pick(&WAYS);
    Some(Written::whole(given.text.replace('.', dot).replace('@', at)))
}

/// Text around the value in which it is encoded, if it is too short to be told from a word, or now and then.
fn sentence(given: &Given, random: &mut Random) -> (&'static str, &'static str) {
    let is_short =
        matches!(given.kind, Kind::CardLast4 | Kind::Postcode | Kind::City) || given.text.len() < 8;
    match random.below(if is_short { 3 } else { 6 }) {
        0 => ("Please send it to ", " today."),
        1 => ("the customer says: ", ""),
        2 => ("{\"value\": \"", "\", \"open\": true}"),
        _ => ("", ""),
    }
}

/// Standard and URL-safe, with and without padding.
pub(super) fn base64(given: &Given, random: &mut Random) -> Option<Written> {
    let (before, behind) = sentence(given, random);
    let plain = format!("{before}{}{behind}", given.text);
    let (start, end) = (before.len(), before.len() + given.text.len());
    let code = match random.below(4) {
        0 => STANDARD_NO_PAD.encode(&plain),
        1 => URL_SAFE.encode(&plain),
        2 => URL_SAFE_NO_PAD.encode(&plain),
        _ => STANDARD.encode(&plain),
    };
    // Six bits a character: those that hold any bit of the value.
    let (first, last) = (start * 8 / 6, (end * 8).div_ceil(6));
    let mut written = Written::default();
    written.around(&code[..first]);
    written.value(&code[first..last]);
    written.around(&code[last..]);
    Some(written)
}

/// Bytes in hexadecimal digits: in one run, apart, with `0x` or with `\x`.
pub(super) fn hex(given: &Given, random: &mut Random) -> Option<Written> {
    let (before, behind) = sentence(given, random);
    let (upper, way) = (random.once_in(3), random.below(5));
    let code = |text: &str| -> String {
        let bytes = text.bytes().map(|byte| {
            let digits = if upper { format!("{byte:02X}") } else { format!("{byte:02x}") };
            match way {
                0 | 1 => digits,
                2 => format!("{digits} "),
                3 => format!("0x{digits} "),
                _ => format!("\\x{digits}"),
            }
        });
        bytes.collect()
    };
    let mut written = Written::default();
    written.around(&code(before));
    written.value(code(given.text).trim_end());
    let behind = code(behind);
    let gap = if matches!(way, 2 | 3) && !behind.is_empty() { " " } else { "" };
    written.around(&format!("{gap}{}", behind.trim_end()));
    Some(written)
}

/// `\u0040` for some of the characters or for all.
pub(super) fn unicode_escapes(given: &Given, random: &mut Random) -> Option<Written> {
    let (upper, often) = (random.once_in(2), random.between(1, 3));
    escaped(given, random, often, |c| {
        let mut units = [0; 2];
        let units = c.encode_utf16(&mut units).iter();
        units.map(|unit| if upper { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") }).collect()
    })
}

/// Percent signs for what is no letter or digit, or for everything; now and then twice.
pub(super) fn percent(given: &Given, random: &mut Random) -> Option<Written> {
    let (twice, all, lower) = (random.once_in(3), random.once_in(3), random.once_in(4));
    let mut changed = false;
    let mut text = String::new();
    for byte in given.text.bytes() {
        if all || !(byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_')) {
            let sign = if twice { "%25" } else { "%" };
            text += &if lower { format!("{sign}{byte:02x}") } else { format!("{sign}{byte:02X}") };
            changed = true;
        } else {
            text.push(char::from(byte));
        }
    }
    changed.then(|| Written::whole(text))
}

/// Named, decimal and hexadecimal entities.
pub(super) fn html_entities(given: &Given, random: &mut Random) -> Option<Written> {
    const NAMED: [(char, &str); 14] = [
        ('@', "commat"),
        ('.', "period"),
        ('_', "lowbar"),
        ('+', "plus"),
        (' ', "nbsp"),
        ('-', "hyphen"),
        (',', "comma"),
        ('(', "lpar"),
        (')', "rpar"),
        ('#', "num"),
        ('/', "sol"),
        (':', "colon"),
        ('é', "eacute"),
        ('ü', "uuml"),
    ];
    let way = random.below(4);
    let often = if random.once_in(2) { 1 } else { random.between(2, 3) };
    escaped(given, random, often, |c| {
        let named = NAMED.iter().find(|(known, _)| *known == c).map(|(_, name)| format!("&{name};"));
        match way {
            0 => named.unwrap_or_else(|| c.to_string()),
            1 => format!("&#{};", c as u32),
            2 => format!("&#x{:x};", c as u32),
            _ => named.unwrap_or_else(|| format!("&#{:04};", c as u32)),
        }
    })
}

/// Escapes one in so many characters.
fn escaped(
    given: &Given,
    random: &mut Random,
    often: usize,
    escape: impl Fn(char) -> String,
) -> Option<Written> {
    let text: String =
        given.text.chars().map(|c| if random.once_in(often) { escape(c) } else { c.to_string() }).collect();
    super::characters::changed(given, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::quality::people::People;

    /// What is marked in the code is the value, and no bit of it is outside.
    #[test]
    fn the_places_of_codes_hold_the_value() {
        let people = People { seed: 9, owners: 300 };
        for (number, person) in people.all().enumerate() {
            for (kind, text) in &person.values {
                let given = Given { person: &person, kind, text };
                let mut random = Random::of(9, "codes", number as u64);
                let written = base64(&given, &mut random).unwrap();
                let decoded = |code: &str| {
                    let code = code.trim_end_matches('=').replace('-', "+").replace('_', "/");
                    STANDARD_NO_PAD.decode(code).unwrap()
                };
                let mut without = written.text.clone();
                without.replace_range(written.span(), &"A".repeat(written.span().len()));
                let plain = String::from_utf8(decoded(&written.text)).unwrap();
                let (at, without) = (plain.rfind(text.as_str()).unwrap(), decoded(&without));
                assert!(
                    without[at..at + text.len()].iter().all(|byte| *byte == 0),
                    "{text} {}",
                    written.text
                );
                let before = at.saturating_sub(1); // the character before holds bits of both
                assert_eq!(&without[..before], &plain.as_bytes()[..before]);
                let written = hex(&given, &mut random).unwrap();
                let digits: String =
                    written.text[written.span()].replace("0x", "").replace(['\\', 'x', ' '], "");
                let bytes: Vec<u8> = digits
                    .as_bytes()
                    .chunks(2)
                    .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
                    .collect();
                assert_eq!(bytes, text.as_bytes());
            }
        }
    }
}
