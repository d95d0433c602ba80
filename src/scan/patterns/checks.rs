//! What no automaton tells: check digits, ranges, and how random a key looks.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The letters and digits of a value in lower case; `None` if there are more than fit.
struct Compact {
    bytes: [u8; 40],
    len: usize,
}

impl Compact {
    fn new(value: &[u8]) -> Option<Self> {
        let mut compact = Self { bytes: [0; 40], len: 0 };
        for byte in value.iter().filter(|byte| byte.is_ascii_alphanumeric()) {
            *compact.bytes.get_mut(compact.len)? = byte.to_ascii_lowercase();
            compact.len += 1;
        }
        Some(compact)
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

fn digit(byte: u8) -> u32 {
    u32::from(byte - b'0')
}

fn number(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |number, byte| number * 10 + u64::from(digit(*byte)))
}

fn all_digits(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_digit)
}

/// The check digit of ISO/IEC 7812-1, annex B.
fn luhn(digits: &[u8]) -> bool {
    let doubled = |(at, byte): (usize, &u8)| {
        let value = digit(*byte) * if at % 2 == 1 { 2 } else { 1 };
        value / 10 + value % 10
    };
    digits.iter().rev().enumerate().map(doubled).sum::<u32>().is_multiple_of(10)
}

pub(super) fn card(value: &[u8]) -> bool {
    Compact::new(value).is_some_and(|compact| (12..=19).contains(&compact.len) && luhn(compact.as_bytes()))
}

/// Mod 97 and the length of the country, by the crate that checks them for the index too.
pub(super) fn iban(value: &[u8]) -> bool {
    let Some(mut compact) = Compact::new(value) else { return false };
    compact.bytes.make_ascii_uppercase();
    let text = std::str::from_utf8(compact.as_bytes()).unwrap_or_default();
    matches!(text.parse::<iban::Iban>(), Ok(_) | Err(iban::ParseIbanError::InvalidBban(_)))
}

/// No date with what follows it, and no number of a person that is written in a way of its own.
pub(super) fn phone(value: &[u8]) -> bool {
    /// Whether a value begins so, `0` being any digit.
    fn looks_like(value: &[u8], form: &str) -> bool {
        let same = |(byte, of): (&u8, u8)| if of == b'0' { byte.is_ascii_digit() } else { *byte == of };
        value.len() >= form.len() && value.iter().zip(form.bytes()).all(same)
    }
    let is_date = ["00.00.0000", "00/00/0000", "00-00-0000"].into_iter().any(|form| looks_like(value, form))
        && number(&value[..2]) <= 31
        && number(&value[3..5]) <= 31
        && matches!(&value[6..8], b"19" | b"20");
    let of_person = ["000-00-0000", "000 00 0000", "000000-0000"];
    let is_of_person = of_person.into_iter().any(|form| value.len() == form.len() && looks_like(value, form));
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    !is_date && !is_of_person && (7..=18).contains(&digits)
}

/// Not `a::b`, which is code.
pub(super) fn ip(value: &[u8]) -> bool {
    let text = std::str::from_utf8(value).unwrap_or_default();
    let has_digit = value.iter().any(u8::is_ascii_digit);
    has_digit && (text.parse::<Ipv4Addr>().is_ok() || text.parse::<Ipv6Addr>().is_ok())
}

pub(super) fn national_id(value: &[u8]) -> bool {
    let Some(compact) = Compact::new(value) else { return false };
    let id = compact.as_bytes();
    let separated = value.len() > id.len();
    match id.len() {
        9 if all_digits(id) => separated && social_security(id),
        9 if all_digits(&id[1..8]) => dni(id),
        9 => insurance(id),
        10 if all_digits(id) => separated && born(&id[..6]) && luhn(id),
        10 if all_digits(&id[..9]) => born(&id[..6]) && finland(id),
        // The sign of the century may be a letter.
        11 if !id[6].is_ascii_digit() => {
            let without: [u8; 10] = std::array::from_fn(|at| id[at + usize::from(at >= 6)]);
            born(&without[..6]) && finland(&without)
        }
        11 if value.contains(&b'.') => belgium(id),
        11 => germany(id) || poland(id),
        12 => separated && born(&id[2..8]) && luhn(&id[2..]),
        15 => france(id),
        16 => italy(id),
        _ => false,
    }
}

/// Social Security Administration: what is never issued.
fn social_security(id: &[u8]) -> bool {
    !matches!(number(&id[..3]), 0 | 666 | 900..) && number(&id[3..5]) > 0 && number(&id[5..]) > 0
}

/// HM Revenue & Customs, NIM39110: prefixes that are not allocated.
fn insurance(id: &[u8]) -> bool {
    all_digits(&id[2..8])
        && !matches!(&id[..2], b"bg" | b"gb" | b"kn" | b"nk" | b"nt" | b"tn" | b"zz")
        && matches!(id[8], b'a'..=b'd')
}

/// Spain: the letter is the number modulo 23; X, Y and Z stand for 0, 1 and 2.
fn dni(id: &[u8]) -> bool {
    let mut digits = [0; 8];
    digits.copy_from_slice(&id[..8]);
    digits[0] = match digits[0] {
        x @ b'x'..=b'z' => x - b'x' + b'0',
        other => other,
    };
    all_digits(&digits) && b"trwagmyfpdxbnjzsqvhlcke"[(number(&digits) % 23) as usize] == id[8]
}

/// Finland: the number without its sign, modulo 31.
fn finland(id: &[u8]) -> bool {
    all_digits(&id[..9]) && b"0123456789abcdefhjklmnprstuvwxy"[(number(&id[..9]) % 31) as usize] == id[9]
}

/// Belgium: 97 less the number modulo 97, with a 2 before it for those born since 2000.
fn belgium(id: &[u8]) -> bool {
    let (body, check) = (number(&id[..9]), number(&id[9..]));
    all_digits(id) && (97 - body % 97 == check || 97 - (2_000_000_000 + body) % 97 == check)
}

/// Germany: ISO/IEC 7064, MOD 11,10; of the first ten digits one stands there twice or three times.
fn germany(id: &[u8]) -> bool {
    let times = |digit: u8| id[..10].iter().filter(|other| **other == digit).count();
    let repeated = (b'0'..=b'9').filter(|digit| times(*digit) > 1).count();
    let most = (b'0'..=b'9').map(times).max();
    let product = id[..10].iter().fold(10, |product, byte| {
        let sum = (digit(*byte) + product) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    id[0] != b'0' && repeated == 1 && most <= Some(3) && (11 - product) % 10 == digit(id[10])
}

/// Poland: weights 1, 3, 7, 9; twenty or more on the month for other centuries.
fn poland(id: &[u8]) -> bool {
    let weighed = id[..10].iter().zip([1, 3, 7, 9].into_iter().cycle());
    let sum: u32 = weighed.map(|(byte, weight)| digit(*byte) * weight).sum();
    let month = number(&id[2..4]) % 20;
    (1..=12).contains(&month)
        && (1..=31).contains(&number(&id[4..6]))
        && (10 - sum % 10) % 10 == digit(id[10])
}

/// France: 97 less the number modulo 97; Corsica's A and B stand for 19 and 18.
fn france(id: &[u8]) -> bool {
    let mut digits = [0; 13];
    digits.copy_from_slice(&id[..13]);
    match digits[6] {
        b'a' => digits[5..7].copy_from_slice(b"19"),
        b'b' => digits[5..7].copy_from_slice(b"18"),
        _ => {}
    }
    all_digits(&digits) && all_digits(&id[13..]) && 97 - number(&digits) % 97 == number(&id[13..])
}

/// Italy: Agenzia delle Entrate, DM 23/12/1976: letters and digits at odd places have values of their own.
fn italy(id: &[u8]) -> bool {
    const ODD: [u32; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let place = |byte: u8| if byte.is_ascii_digit() { byte - b'0' } else { byte - b'a' };
    let value = |(at, byte): (usize, &u8)| match at % 2 {
        0 => ODD[usize::from(place(*byte))],
        _ => u32::from(place(*byte)),
    };
    let sum: u32 = id[..15].iter().enumerate().map(value).sum();
    id[15] == b'a' + (sum % 26) as u8
}

/// Whether six digits may be a year, a month and a day, or a day, a month and a year; Sweden adds sixty to the day of those who have no other number.
fn born(digits: &[u8]) -> bool {
    let (first, month, last) = (number(&digits[..2]), number(&digits[2..4]), number(&digits[4..]));
    let is_day = |day: u64| (1..=31).contains(&day);
    (1..=12).contains(&month) && (is_day(first) || is_day(last % 60))
}

/// A vendor's prefix is enough. Hexadecimal has to have letters and digits; other long runs have to look drawn by lot: all three sorts of characters, which change at every third place
/// at least, as they do in six of ten places of a random key, and hardly ever in words.
pub(super) fn secret(value: &[u8]) -> bool {
    let lower = |at: usize| value.get(at).map(u8::to_ascii_lowercase);
    let begins = |prefix: &[u8]| (0..prefix.len()).all(|at| lower(at) == Some(prefix[at]));
    const MARKS: [&[u8]; 18] = [
        b"sk-",
        b"sk_",
        b"pk_",
        b"rk_",
        b"gho_",
        b"ghp_",
        b"ghr_",
        b"ghs_",
        b"ghu_",
        b"github_pat_",
        b"glpat-",
        b"xox",
        b"xapp-",
        b"ya29.",
        b"npm_",
        b"pypi-",
        b"hf_",
        b"sg.",
    ];
    let is_web_token = || begins(b"eyj") && value.iter().filter(|byte| **byte == b'.').count() == 2;
    if begins(b"-----begin")
        || is_web_token()
        || begins(b"dop_v1_")
        || begins(b"shp") && value.get(5) == Some(&b'_')
    {
        return true;
    }
    let count = |is: fn(&u8) -> bool| value.iter().filter(|byte| is(byte)).count();
    let (digits, uppers, lowers) =
        (count(u8::is_ascii_digit), count(u8::is_ascii_uppercase), count(u8::is_ascii_lowercase));
    if MARKS.iter().any(|mark| begins(mark)) {
        // `sk-` and the like begin words too; a key has digits in it.
        return digits > 0;
    }
    let is_aws = value.len() == 20 && lowers == 0 && begins(b"a");
    let is_google = value.len() == 39 && begins(b"aiza") && uppers > 1;
    if is_aws || is_google {
        return true;
    }
    if value.iter().all(u8::is_ascii_hexdigit) {
        return digits > 3 && uppers + lowers > 3 && (uppers == 0 || lowers == 0);
    }
    let sort = |byte: u8| match byte {
        b'0'..=b'9' => 0,
        b'A'..=b'Z' => 1,
        b'a'..=b'z' => 2,
        _ => 3,
    };
    let changes = value.windows(2).filter(|two| sort(two[0]) != sort(two[1])).count();
    value.len() >= 32 && digits > 0 && uppers > 2 && lowers > 2 && changes * 3 >= value.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_of_published_examples() {
        for id in [
            "078-05-1120",
            "AB 12 34 56 C",
            "12345678Z",
            "X1234567L",
            "RSSMRA85T10A562S",
            "2 55 08 14 168 025 38",
            "86 095 742 719",
            "44051401359",
            "811228-9874",
            "131052-308T",
            "010594A9021",
            "85.07.30-033.28",
        ] {
            assert!(national_id(id.as_bytes()), "{id}");
        }
        for id in [
            "666-05-1120",
            "078-00-1120",
            "078051120",
            "GB 12 34 56 C",
            "12345678A",
            "RSSMRA85T10A562T",
            "2 55 08 14 168 025 39",
            "86 095 742 718",
            "44051401358",
            "811228-9875",
            "131052-308U",
            "85.07.30-033.29",
            "11111111111",
        ] {
            assert!(!national_id(id.as_bytes()), "{id}");
        }
    }

    #[test]
    fn what_looks_drawn_by_lot() {
        for (key, is_key) in [
            ("sk-a1b2c3d4e5f6g7h8i9j0", true),
            ("sk-learn-is-a-library-name", false),
            ("AKIAIOSFODNN7EXAMPLE", true),
            ("9f86d081884c7d659a2feaa0c55ad015", true),
            ("00000000000000000000000000000000", false),
            ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", true),
            ("src/components/Customer/OrderHistory2/Table", false),
            ("a-very-long-name-of-a-file-with-words-in-it", false),
        ] {
            assert_eq!(secret(key.as_bytes()), is_key, "{key}");
        }
    }
}
