//! Other ways to write digits: groups, prefixes of telephone numbers, number words.

use super::characters::changed;
use super::{Given, Written};
use crate::Kind;
use crate::cli::quality::random::Random;

/// As people write telephone numbers at home and abroad.
pub(super) fn phone_formats(given: &Given, random: &mut Random) -> Option<Written> {
    let phone = &given.person.phone;
    let (code, trunk, groups) = (phone.code, phone.trunk, &phone.groups);
    let (area, rest) = groups.split_first()?;
    let between = *random.pick(&["-", ".", " "]);
    let rest = rest.join(between);
    let pairs: Vec<String> =
        phone.digits().as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair).into_owned()).collect();
    let abroad = *random.pick(&["00", "011"]);
    let text = match random.below(11) {
        0 => format!("{trunk}{area}{between}{rest}"),
        1 => format!("({trunk}{area}) {rest}"),
        2 => format!("({trunk}{area}){rest}"),
        3 => format!("{trunk}{}", phone.digits()),
        4 => format!("+{code}{}", phone.digits()),
        5 => format!("+{code}{between}{area}{between}{rest}"),
        6 => format!("{abroad} {code} {area} {rest}"),
        7 => format!("{abroad}{code}{}", phone.digits()),
        8 if code == "1" => format!("1{between}{area}{between}{rest}"),
        8 => format!("+{code} ({trunk}){area} {rest}"),
        9 if code == "1" => format!("+1 ({area}) {rest}"),
        9 => format!("({trunk}{area}) {rest}"),
        _ => format!("{trunk}{}", pairs.join(" ")),
    };
    changed(given, text)
}

/// Compact, or in groups of another size with another character between them.
pub(super) fn grouped_digits(given: &Given, random: &mut Random) -> Option<Written> {
    let compact: Vec<char> = given.text.chars().filter(|c| c.is_alphanumeric()).collect();
    let between = *random.pick(&["", " ", "-", ".", " ", "-"]);
    // An IP address or an account is not written with spaces behind letters, as ordinary words are.
    let spaced_letters = matches!(given.kind, Kind::Iban | Kind::NationalId);
    let size = *random.pick(&[3, 4, 4, 4, 5]);
    let mut text = String::new();
    for (at, c) in compact.iter().enumerate() {
        if at > 0 && at % size == 0 {
            let after_digit = compact[at - 1].is_ascii_digit();
            text += if between == " " && !after_digit && !spaced_letters { "-" } else { between };
        }
        text.push(*c);
    }
    changed(given, text)
}

const DIGITS: [&str; 10] = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
const TEENS: [&str; 10] = [
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] =
    ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

/// `five five five oh one`; now and then `double five`, or two digits as one number.
pub(super) fn spelled_digits(given: &Given, random: &mut Random) -> Option<Written> {
    let digits: Vec<u8> = given.text.bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0').collect();
    if given.text.chars().any(char::is_alphabetic) {
        return None;
    }
    let (doubles, pairs) = (random.once_in(4), random.once_in(10));
    let zero = *random.pick(&["oh", "zero", "zero"]);
    let between = *random.pick(&[" ", " ", " ", ", ", "-"]);
    let (mut words, mut at): (Vec<String>, usize) = (Vec::new(), 0);
    while at < digits.len() {
        let (digit, next) = (digits[at], digits.get(at + 1).copied());
        let word = |digit: u8| if digit == 0 { zero } else { DIGITS[usize::from(digit)] };
        match next {
            Some(next) if doubles && next == digit && digits.get(at + 2) == Some(&digit) => {
                words.push(format!("triple {}", word(digit)));
                at += 3;
            }
            Some(next) if doubles && next == digit => {
                words.push(format!("double {}", word(digit)));
                at += 2;
            }
            Some(next) if pairs && digit == 1 => {
                words.push(TEENS[usize::from(next)].to_owned());
                at += 2;
            }
            Some(next) if pairs && digit >= 2 && next > 0 => {
                words.push(format!("{}-{}", TENS[usize::from(digit)], DIGITS[usize::from(next)]));
                at += 2;
            }
            _ => {
                words.push(word(digit).to_owned());
                at += 1;
            }
        }
    }
    let text = words.join(if pairs && between == "-" { " " } else { between });
    let text = if random.once_in(8) { text.to_uppercase() } else { text };
    Some(Written::whole(text))
}
