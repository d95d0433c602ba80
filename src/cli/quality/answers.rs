//! Plain answers of customer service: invented sentences of several trades, put together at random.
//!
//! They are full of what looks like somebody's data and is nobody's: dates, amounts, order numbers, versions, codes, tables and links. Names
//! of persons do not stand in them.

use super::places;
use super::random::Random;
use crate::Kind;

const TRADES: [&str; 8] = [
    include_str!("texts/airline.txt"),
    include_str!("texts/bank.txt"),
    include_str!("texts/shop.txt"),
    include_str!("texts/telecom.txt"),
    include_str!("texts/clinic.txt"),
    include_str!("texts/software.txt"),
    include_str!("texts/travel.txt"),
    include_str!("texts/utility.txt"),
];

/// Sentences of every trade.
const PLAIN: &str = include_str!("texts/plain.txt");

/// Sentences in which a value stands, by its kind.
const VALUES: &str = include_str!("texts/values.txt");

/// The parts of an answer: sentences, lists, tables, code.
pub(super) fn answer(random: &mut Random) -> Vec<String> {
    let sentences: Vec<&str> = random.pick(&TRADES).lines().collect();
    let plain: Vec<&str> = PLAIN.lines().collect();
    let (most, mut words, mut parts) = (random.between(60, 280), 0, Vec::new());
    while words < most {
        let sentence =
            if parts.is_empty() || random.once_in(5) { random.pick(&plain) } else { random.pick(&sentences) };
        let part = filled(sentence, random);
        words += part.split_whitespace().count();
        parts.push(part);
    }
    parts
}

/// The text of an answer, and where each part begins in it.
pub(super) fn joined(parts: &[String], random: &mut Random) -> (String, Vec<usize>) {
    let (mut text, mut starts) = (String::new(), Vec::new());
    for part in parts {
        let ends_line = text.contains('\n')
            && text.rsplit('\n').next().is_some_and(|line| line.starts_with(['|', '-', '`', '1']));
        if !text.is_empty() {
            text += if part.contains('\n') || ends_line || random.once_in(5) { "\n\n" } else { " " };
        }
        starts.push(text.len());
        text += part;
    }
    (text, starts)
}

/// A sentence for a value of this kind, before and behind it.
pub(super) fn sentence(kind: &Kind, random: &mut Random) -> (&'static str, &'static str) {
    let own = |line: &&'static str| line.split_once('|').is_some_and(|(of, _)| of == kind.name());
    let lines: Vec<&str> = VALUES.lines().filter(own).collect();
    let (_, sentence) = random.pick(&lines).split_once('|').expect("a kind and a sentence");
    sentence.split_once("{}").expect("a place for the value")
}

fn filled(sentence: &str, random: &mut Random) -> String {
    let (mut text, mut rest) = (String::new(), sentence);
    while let Some(open) = rest.find('{') {
        let slot = &rest[open + 1..];
        let Some(close) = slot.find('}') else { break };
        text += &rest[..open];
        match slot_value(&slot[..close], random) {
            Some(value) => text += &value,
            None => text += &rest[open..open + close + 2], // braces of code
        }
        rest = &slot[close + 1..];
    }
    (text + rest).replace("\\n", "\n")
}

const LETTERS: &str = "ABCDEFGHJKLMNPQRSTUVWXYZ";
const MONTHS: &str = "January February March April May June July August September October November December";

fn slot_value(slot: &str, random: &mut Random) -> Option<String> {
    Some(match slot {
        "amount" => amount(random),
        "date" => date(random),
        "time" => match random.below(3) {
            0 => format!("{}:{:02} {}", random.between(1, 12), random.below(12) * 5, random.word("am pm")),
            _ => format!("{:02}:{:02}", random.below(24), random.below(12) * 5),
        },
        "iso" => format!(
            "{}-{:02}-{:02}T{:02}:{:02}:00Z",
            year(random),
            random.between(1, 12),
            random.between(1, 28),
            random.below(24),
            random.below(60)
        ),
        "month" => random.word(MONTHS).to_owned(),
        "year" => year(random).to_string(),
        "day" => random.between(4, 20).to_string(),
        "days" => random.between(2, 30).to_string(),
        "hours" => random.word("2 3 4 6 8 12 24 36 48 72").to_owned(),
        "minutes" => (random.between(2, 24) * 5).to_string(),
        "number" => match random.below(4) {
            0 => random.between(100, 999).to_string(),
            1 => random.between(1000, 6000).to_string(),
            _ => random.between(2, 99).to_string(),
        },
        "miles" => format!("{},{}00", random.between(5, 60), random.between(1, 9)),
        "percent" => match random.below(3) {
            0 => format!("{}.{}%", random.between(0, 19), random.below(10)),
            1 => format!("{} percent", random.between(2, 60)),
            _ => format!("{} %", random.between(1, 95)),
        },
        "decimal" => format!("{}.{}", random.between(1, 40), random.below(10)),
        "rate" => format!("1.{}", random.digits(4)),
        "weight" => format!("{}.{}", random.between(1, 25), random.below(10)),
        "city" => places::city(random).0.to_owned(),
        "gate" => format!("{}{}", random.word("A B C D E F"), random.between(1, 60)),
        "terminal" => random.between(1, 9).to_string(),
        "row" => random.between(1, 48).to_string(),
        "seat" => random.word("A B C D E F").to_owned(),
        "three" => random.digits(3),
        "two" => random.between(21, 69).to_string(),
        "flight" => format!("{} {}", random.word("LX QW ZB XJ EV TG"), random.between(12, 4990)),
        "version" => match random.below(3) {
            0 => format!("v{}.{}.{}", random.below(9), random.below(30), random.below(20)),
            1 => format!("{}.{}", random.between(1, 14), random.below(20)),
            _ => format!("{}.{}.{}", random.between(1, 12), random.below(20), random.below(10)),
        },
        "order" => match random.below(4) {
            0 => format!("#{}-{}", random.digits(4), random.digits(5)),
            1 => format!("{}-{}", random.code(2, LETTERS), random.digits(7)),
            2 => format!("{}/{}", year(random), random.digits(6)),
            _ => format!("{}{}-{}", random.code(3, LETTERS), random.digits(3), random.digits(4)),
        },
        "ticket" => format!("{}-{}", random.word("CASE INC REQ TKT HD"), random.digits(6)),
        "invoice" => format!("{}-{}-{}", random.word("INV RE FA"), year(random), random.digits(5)),
        "tracking" => format!("{}{}{}", random.code(2, LETTERS), random.digits(9), random.code(2, LETTERS)),
        "coupon" => {
            format!("{}{}", random.word("SPRING HELLO SAVE AUTUMN THANKS FRIENDS"), random.between(5, 30))
        }
        "part" => format!("{}.{}.{}", random.digits(3), random.digits(3), random.digits(2)),
        "model" => {
            format!("{}{}{}", random.code(2, LETTERS), random.between(100, 990), random.word("A B S X"))
        }
        "policy" => random.code(4, LETTERS),
        "code" => match random.below(3) {
            0 => format!("E{}", random.digits(3)),
            1 => format!("{}-{}", random.word("ERR LOG NET APP"), random.digits(4)),
            _ => format!("0x{}", random.code(8, "0123456789ABCDEF")),
        },
        "icd" => format!("Z{}.{}", random.digits(2), random.below(10)),
        "short" => random.between(1200, 9990).to_string(),
        "file" => format!("app-{:02}-{:02}", random.between(1, 12), random.between(1, 28)),
        "hash" => {
            let length = *random.pick(&[7, 40]);
            random.code(length, "0123456789abcdef")
        }
        "build" => random.between(1000, 99999).to_string(),
        "port" => random.between(1024, 49151).to_string(),
        "uuid" => {
            let group = |random: &mut Random, count| random.code(count, "0123456789abcdef");
            let groups = [8, 4, 4, 4, 12].map(|count| group(random, count));
            groups.join("-")
        }
        _ => return None,
    })
}

fn year(random: &mut Random) -> usize {
    random.between(2023, 2027)
}

/// Dates of our days: nobody's date of birth.
fn date(random: &mut Random) -> String {
    let (year, month, day) = (year(random), random.between(1, 12), random.between(1, 28));
    let name = MONTHS.split(' ').nth(month - 1).expect("a month");
    match random.below(6) {
        0 => format!("{year}-{month:02}-{day:02}"),
        1 => format!("{month}/{day}/{year}"),
        2 => format!("{day}.{month}.{year}"),
        3 => format!("{name} {day}, {year}"),
        4 => format!("{day} {name} {year}"),
        _ => format!("{name} {day}"),
    }
}

fn amount(random: &mut Random) -> String {
    let most = *random.pick(&[400, 400, 400, 9_999]);
    let (whole, cents) = (random.between(1, most), random.below(100));
    let grouped =
        if whole >= 1000 { format!("{},{:03}", whole / 1000, whole % 1000) } else { whole.to_string() };
    match random.below(5) {
        0 => format!("€{grouped}.{cents:02}"),
        1 => format!("{grouped} USD"),
        2 => format!("£{grouped}"),
        _ => format!("${grouped}.{cents:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_plain_and_vary() {
        let mut texts = std::collections::BTreeSet::new();
        for number in 0..500 {
            let mut random = Random::of(2, "answer", number);
            let parts = answer(&mut random);
            let (text, starts) = joined(&parts, &mut random);
            let words = text.split_whitespace().count();
            assert!((60..=340).contains(&words), "{words} words");
            for (part, start) in parts.iter().zip(starts) {
                assert!(text[start..].starts_with(part.as_str()));
            }
            texts.insert(text);
        }
        assert_eq!(texts.len(), 500);
        let sentences: std::collections::BTreeSet<&str> =
            TRADES.iter().flat_map(|trade| trade.lines()).chain(PLAIN.lines()).collect();
        assert!(sentences.len() > 300, "{} sentences", sentences.len());
    }

    #[test]
    fn every_slot_is_known() {
        let mut random = Random::of(1, "slots", 0);
        let code = ["\\d{4}", "\\d{2}"];
        for line in TRADES.iter().flat_map(|trade| trade.lines()).chain(PLAIN.lines()) {
            let line = code.iter().fold(line.to_owned(), |line, braces| line.replace(braces, ""));
            assert!(!filled(&line, &mut random).contains(['{', '}']), "{line}");
        }
    }

    #[test]
    fn every_kind_has_sentences() {
        for kind in Kind::names() {
            let mut random = Random::of(1, "sentences", 0);
            let found: std::collections::BTreeSet<_> =
                (0..50).map(|_| sentence(&Kind::named(kind), &mut random)).collect();
            assert!(found.len() >= 2, "{kind}");
        }
    }
}
