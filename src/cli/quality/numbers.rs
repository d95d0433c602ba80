//! Invented numbers with right check digits: cards, IBANs, telephones, identity numbers.
//!
//! Telephone numbers are 555 numbers in North America, and elsewhere in the ranges that regulators keep for fiction (Ofcom, ARCEP, BNetzA,
//! ACMA). American identity numbers begin with 9 and have a group that is never issued, British ones begin with QQ, which is never used.

use super::random::Random;

/// A telephone number: the digits, and how its country groups them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Phone {
    /// The calling code.
    pub(super) code: &'static str,
    /// What stands before national numbers at home.
    pub(super) trunk: &'static str,
    /// National digits, without the trunk prefix, in groups.
    pub(super) groups: Vec<String>,
}

impl Phone {
    pub(super) fn new(random: &mut Random) -> Self {
        let (code, trunk, groups): (_, _, Vec<String>) = match random.below(20) {
            0 => {
                let (area, begins) = *random.pick(&[
                    ("20 7946", "0"),
                    ("113 496", "0"),
                    ("121 496", "0"),
                    ("161 496", "0"),
                    ("1632 960", ""),
                    ("7700 900", ""),
                ]);
                let last = format!("{begins}{}", random.digits(3));
                ("44", "0", area.split(' ').map(str::to_owned).chain([last]).collect())
            }
            1 => {
                let area = *random.pick(&["1 99 00", "2 61 91", "3 53 01", "4 65 71", "5 36 49", "6 39 98"]);
                let rest = [random.digits(2), random.digits(2)];
                ("33", "0", area.split(' ').map(str::to_owned).chain(rest).collect())
            }
            2 => {
                let area = *random.pick(&["30 23125", "69 90009", "40 66969", "89 99998"]);
                ("49", "0", area.split(' ').map(str::to_owned).chain([random.digits(3)]).collect())
            }
            3 => {
                let area = *random.pick(&["2 5550", "3 5550", "7 5550", "8 5550"]);
                ("61", "0", area.split(' ').map(str::to_owned).chain([random.digits(4)]).collect())
            }
            _ => {
                let area = format!("{}{}{}", random.between(2, 9), random.below(9), random.between(0, 9));
                ("1", "", vec![area, "555".to_owned(), random.digits(4)])
            }
        };
        Self { code, trunk, groups }
    }

    pub(super) fn digits(&self) -> String {
        self.groups.concat()
    }

    /// With its country, as a dictionary writes it; American numbers often without.
    pub(super) fn written(&self, random: &mut Random) -> String {
        match (self.code, random.below(3)) {
            ("1", 0) => format!("({}) {}-{}", self.groups[0], self.groups[1], self.groups[2]),
            ("1", 1) => format!("+1 {}", self.groups.join("-")),
            (code, _) => format!("+{code} {}", self.groups.join(" ")),
        }
    }
}

/// The digit that makes the sum of ISO/IEC 7812-1, annex B, come out.
pub(super) fn luhn(digits: &str) -> char {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, digit)| {
            let value = u32::from(digit - b'0') * if at % 2 == 0 { 2 } else { 1 };
            value / 10 + value % 10
        })
        .sum();
    char::from(b'0' + ((10 - sum % 10) % 10) as u8)
}

/// A card number in its groups: four and four, or four, six and five.
pub(super) fn card(random: &mut Random) -> String {
    let (issuer, length) = match random.below(8) {
        0 => ("37", 15),
        1 | 2 => ("5", 16),
        3 => ("6011", 16),
        _ => ("4", 16),
    };
    let mut digits = match issuer {
        "5" => format!("5{}", random.between(1, 5)),
        issuer => issuer.to_owned(),
    };
    digits += &random.digits(length - 1 - digits.len());
    digits.push(luhn(&digits));
    if length == 15 {
        format!("{} {} {}", &digits[..4], &digits[4..10], &digits[10..])
    } else {
        in_fours(&digits)
    }
}

/// An IBAN in groups of four, whose remainder is right (ISO 13616).
pub(super) fn iban(random: &mut Random) -> String {
    let (country, account) = match random.below(6) {
        0 => ("DE", random.digits(18)),
        1 => ("ES", random.digits(20)),
        2 => ("FR", random.digits(23)),
        3 => ("NL", format!("{}{}", random.word("ABNA INGB RABO TRIO"), random.digits(10))),
        4 => ("GB", format!("{}{}", random.word("NWBK BARC LOYD MIDL"), random.digits(14))),
        _ => ("IT", format!("{}{}", random.code(1, "ABCDEFGHJKLMNPQRSTUVWXYZ"), random.digits(22))),
    };
    let check = 98 - remainder(&format!("{account}{country}00"));
    in_fours(&format!("{country}{check:02}{account}"))
}

/// The remainder by 97 of digits and letters, where A is 10 and Z is 35.
fn remainder(text: &str) -> u32 {
    text.chars().fold(0, |sum, c| {
        let value = c.to_digit(36).expect("digits and letters");
        (sum * if value < 10 { 10 } else { 100 } + value) % 97
    })
}

fn in_fours(text: &str) -> String {
    let groups: Vec<&str> =
        (0..text.len()).step_by(4).map(|at| &text[at..(at + 4).min(text.len())]).collect();
    groups.join(" ")
}

pub(super) fn national_id(random: &mut Random) -> String {
    if random.once_in(5) {
        let (a, b, c) = (random.digits(2), random.digits(2), random.digits(2));
        return format!("QQ {a} {b} {c} {}", random.word("A B C D"));
    }
    format!("9{}-{:02}-{}", random.digits(2), random.between(1, 49), random.digits(4))
}

/// Addresses for benchmarks (RFC 2544) and for documentation (RFC 3849).
pub(super) fn ip(random: &mut Random) -> String {
    if random.once_in(2) {
        return format!("198.{}.{}.{}", random.between(18, 19), random.below(256), random.between(1, 254));
    }
    let group = |random: &mut Random| format!("{:x}", random.between(1, 0xffff));
    let groups: Vec<String> = (0..3).map(|_| group(random)).collect();
    format!("2001:db8:{}::{}", groups[..2].join(":"), groups[2])
}

pub(super) fn account(random: &mut Random) -> String {
    match random.below(4) {
        0 => format!("{}-{}", random.digits(4), random.digits(6)),
        1 => format!("AC-{}-{}", random.digits(4), random.digits(5)),
        _ => random.digits(11),
    }
}

/// A booking or order code in which neither only letters nor only digits stand.
pub(super) fn reference(random: &mut Random) -> String {
    const LETTERS: &str = "ABCDEFGHJKLMNPQRSTUVWXYZ";
    match random.below(4) {
        0 => format!("{}-{}", random.code(2, LETTERS), random.digits(7)),
        1 => format!("{}{}-{}", random.code(3, LETTERS), random.digits(3), random.digits(4)),
        2 => format!("R{}{}{}", random.digits(3), random.code(2, LETTERS), random.digits(2)),
        _ => {
            let (a, b) = (random.code(2, LETTERS), random.code(2, LETTERS));
            format!("{a}{}{b}{}", random.below(10), random.below(10))
        }
    }
}

pub(super) fn secret(random: &mut Random) -> String {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let prefix = *random.pick(&["tk_live_", "key-", "pat_", "sess."]);
    format!("{prefix}{}", random.code(24, ALPHABET))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_are_right() {
        assert_eq!(luhn("411111111111111"), '1');
        assert_eq!(luhn("37828224631000"), '5');
        assert_eq!(98 - remainder("370400440532013000DE00"), 89);
        assert_eq!(98 - remainder("NWBK60161331926819GB00"), 29);
        let mut random = Random::of(1, "numbers", 0);
        for _ in 0..500 {
            let iban: String = iban(&mut random).split(' ').collect();
            assert_eq!(remainder(&format!("{}{}", &iban[4..], &iban[..4])), 1);
            let card: String = card(&mut random).split(' ').collect();
            let (digits, last) = card.split_at(card.len() - 1);
            assert_eq!(luhn(digits).to_string(), last);
        }
    }

    #[test]
    fn telephone_numbers_say_their_groups() {
        let mut random = Random::of(1, "numbers", 1);
        for _ in 0..500 {
            let phone = Phone::new(&mut random);
            let written: String = phone.written(&mut random).chars().filter(char::is_ascii_digit).collect();
            assert!(written.ends_with(&phone.digits()));
            assert!((8..=11).contains(&phone.digits().len()), "{phone:?}");
        }
    }
}
