//! One slip of the keyboard.

use super::{Given, Written};
use crate::cli::quality::census::folded;
use crate::cli::quality::random::Random;

/// Values with fewer letters and digits are too short to be told from others.
const LEAST: usize = 8;

/// One letter is another one, missing, doubled by another, or has changed places with the next. Digits stay: another house number or year is
/// another value.
pub(super) fn slip(given: &Given, random: &mut Random) -> Option<Written> {
    let mut letters: Vec<char> = given.text.chars().collect();
    if folded(given.text).chars().count() < LEAST {
        return None;
    }
    let places: Vec<usize> = (0..letters.len()).filter(|at| letters[*at].is_alphabetic()).collect();
    if places.is_empty() {
        return None;
    }
    let at = *random.pick(&places);
    let other = char::from(b'a' + random.below(26) as u8);
    match random.below(4) {
        0 => letters[at] = other,
        1 => drop(letters.remove(at)),
        2 => letters.insert(at, other),
        _ if letters.get(at + 1).is_some_and(|next| next.is_alphabetic()) => letters.swap(at, at + 1),
        _ => return None,
    }
    let text: String = letters.into_iter().collect();
    (folded(&text) != folded(given.text)).then(|| Written::whole(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::quality::people::People;

    #[test]
    fn a_slip_is_one() {
        let people = People { seed: 13, owners: 300 };
        let mut slips = 0;
        for (number, person) in people.all().enumerate() {
            for (kind, text) in &person.values {
                let given = Given { person: &person, kind, text };
                let Some(written) = slip(&given, &mut Random::of(13, "slip", number as u64)) else {
                    continue;
                };
                assert_eq!(strsim::osa_distance(&written.text, text), 1, "{text} {}", written.text);
                slips += 1;
            }
        }
        assert!(slips > 500, "{slips}");
    }
}
