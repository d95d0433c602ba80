//! Values that are ordinary language: kept, but only observed, or a customer who registers as `refund-policy` would censor everyone.

use std::sync::OnceLock;

use foldhash::HashMap;

use crate::identifier::{KindSpec, Shape, Strength};
use crate::{Kind, index::alternatives::lines};

/// Whether a word is ordinary whatever stands beside it, or alone only since people are called so too. `None`: it is not.
fn is_ordinary_beside_others(word: &str) -> Option<bool> {
    static WORDS: OnceLock<HashMap<&str, bool>> = OnceLock::new();
    let words = WORDS.get_or_init(|| {
        let text = include_str!("../../dictionaries/common_words.txt");
        let (words, names) = text.split_once("\n[names]\n").expect("common words have a part `[names]`");
        let marked = |part, mark| lines(part).flat_map(str::split_whitespace).map(move |word| (word, mark));
        marked(words, true).chain(marked(names, false)).collect()
    });
    words.get(word).copied()
}

/// Whether a folded value of a kind is ordinary language: common words, or a number that any text may have.
pub(super) fn is_ordinary(spec: &KindSpec, folded: &str) -> bool {
    let parts = || folded.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty());
    match spec.shape {
        Shape::Handle | Shape::Code => {
            let is_plain = parts().all(|part| is_small_number(part) || is_word_or_two(part));
            is_plain && parts().next().is_some() && !names_somebody(&parts)
        }
        Shape::Name | Shape::Words if spec.kind != Kind::Address && spec.strength == Strength::Weak => {
            let alone = parts().count() == 1;
            // Common words in this order are a city all the same: Salt Lake City, Green Bay.
            let may_be = alone || spec.kind != Kind::City;
            may_be
                && parts().all(|part| is_ordinary_beside_others(part).is_some_and(|always| always || alone))
        }
        _ => false,
    }
}

/// Whether a login of several words says who somebody is: words that people are called too, and nothing else (`mark_young`) or a number
/// (`the_jean_31`).
fn names_somebody<'a, Parts: Iterator<Item = &'a str>>(parts: &impl Fn() -> Parts) -> bool {
    let is_name = |part: &str| is_ordinary_beside_others(part) == Some(false);
    parts().count() > 1 && parts().any(is_name) && (parts().all(is_name) || parts().any(is_small_number))
}

/// A word, or two of at least four letters: of shorter ones too much consists (`hatice` of `hat` and `ice`).
fn is_word_or_two(part: &str) -> bool {
    let is_word = |word: &str| is_ordinary_beside_others(word).is_some();
    let mut halves = (4..part.len().saturating_sub(3)).filter_map(|at| part.split_at_checked(at));
    is_word(part) || halves.any(|(first, second)| is_word(first) && is_word(second))
}

/// A year, or a small amount.
fn is_small_number(part: &str) -> bool {
    let is_year = part.len() == 4 && (part.starts_with("19") || part.starts_with("20"));
    (part.len() <= 3 || is_year) && part.bytes().all(|byte| byte.is_ascii_digit())
}

/// Why a value that is acted on may be found where it is not meant.
pub(super) fn is_noisy(spec: &KindSpec, folded: &str) -> bool {
    let digits = folded.bytes().filter(u8::is_ascii_digit).count();
    let is_number = digits == folded.len();
    match spec.shape {
        Shape::Handle | Shape::Code | Shape::Groups | Shape::Exact if spec.strength == Strength::Strong => {
            folded.len() < 5 || (is_number && (folded.len() < 6 || is_date(folded)))
        }
        Shape::Name => !folded.contains(' ') && folded.len() < 4,
        _ => false,
    }
}

/// `20240131`, `31012024`.
fn is_date(digits: &str) -> bool {
    let number = |range: std::ops::Range<usize>| digits.get(range).and_then(|part| part.parse::<u32>().ok());
    let fits =
        |year, month, day| matches!((year, month, day), (Some(1900..=2099), Some(1..=12), Some(1..=31)));
    digits.len() == 8
        && (fits(number(0..4), number(4..6), number(6..8))
            || fits(number(4..8), number(2..4), number(0..2))
            || fits(number(4..8), number(0..2), number(2..4)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(kind: Kind) -> KindSpec {
        KindSpec::built_in(&kind).unwrap()
    }

    #[test]
    fn words_of_every_day_are_ordinary() {
        for (kind, value, ordinary) in [
            (Kind::Username, "refund-policy", true),
            (Kind::Username, "refundpolicy", true),
            (Kind::Username, "refund_policy_2024", true),
            (Kind::Username, "2024", true),
            (Kind::Username, "ann_lee", false),
            (Kind::Username, "refund-zx81", false),
            (Kind::Username, "will", true),
            (Kind::Username, "the_hatice_3573", false),
            (Kind::Username, "the_jean_31", false),
            (Kind::Username, "mark_young", false),
            (Kind::Username, "black-friday", true),
            (Kind::Username, "the_best_500", true),
            (Kind::Username, "order_5306", false),
            (Kind::Reference, "order", true),
            (Kind::Reference, "orders7", false),
            (Kind::Reference, "no6jo3", false),
            (Kind::Name, "test user", true),
            (Kind::Name, "hope", true),
            (Kind::Name, "mark young", false),
            (Kind::Name, "will young", false),
            (Kind::Name, "ann lee", false),
            (Kind::City, "reading", true),
            (Kind::City, "oslo", false),
            (Kind::City, "salt lake city", false),
            (Kind::Address, "the long road home", false),
            (Kind::Email, "info@example.com", false),
        ] {
            assert_eq!(is_ordinary(&spec(kind.clone()), value), ordinary, "{kind} {value}");
        }
    }

    #[test]
    fn short_codes_numbers_and_dates_are_noisy() {
        for (kind, value, noisy) in [
            (Kind::Account, "12345", true),
            (Kind::Account, "20240131", true),
            (Kind::Account, "31012024", true),
            (Kind::Account, "20241331", false),
            (Kind::Account, "7712345", false),
            (Kind::Reference, "no6jo3", false),
            (Kind::Username, "annx", true),
            (Kind::Name, "ann", true),
            (Kind::Name, "ann lee", false),
            (Kind::Phone, "4155550104", false),
        ] {
            assert_eq!(is_noisy(&spec(kind.clone()), value), noisy, "{kind} {value}");
        }
    }
}
