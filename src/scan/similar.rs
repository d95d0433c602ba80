//! One slip of the keyboard: what counts as a known value with one letter changed, left out, put in, or two letters exchanged.
//!
//! A slip is looked for where the keys do not go on: at the symbol with which no key begins so, or in the word in which that symbol stands. What is written
//! right as far as the next word, or is itself the beginning of a known value, is another value and no slip (`anna.lee` is not `anne.lee` while there is an `anna.l…`).
//! The first character is right, but in names. Numbers are right too: another house number is another house, and `ann12@…` another person than `ann13@…`.

use super::plan::Start;
use crate::identifier::Shape;
use crate::index::{KeyMap, KindMask, RIGHT, ending, is_particle, step};

/// Which kinds are compared so, and how.
pub(super) struct Similar {
    pub(super) kinds: KindMask,
    /// Those whose first word may have the slip: email addresses,
    pub(super) emails: KindMask,
    /// and addresses of streets.
    pub(super) streets: KindMask,
    /// Those that say nothing alone, whatever the policy says of the kind.
    pub(super) weak: KindMask,
    /// Shorter keys have no slips.
    pub(super) min_length: usize,
}

/// A slip is at most this many bytes before the one at which the keys end.
const WINDOW: usize = 8;

/// More slips than this are never alive at once; further ones do not count.
pub(super) const MOST_SLIPS: usize = 256;

/// A place among the keys that a text leads to by one slip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slipped {
    pub(super) node: usize,
    pub(super) output: u64,
    /// The last byte of the text comes behind the next one.
    pub(super) late: Option<u8>,
}

/// How many characters at the beginning are right.
pub(super) fn right(shape: Shape) -> usize {
    if shape == Shape::Name { 0 } else { RIGHT }
}

/// How far a text is the beginning of a key, in bytes, and whether it is one.
#[derive(Clone, Copy)]
pub(super) struct Reach {
    pub(super) bytes: usize,
    pub(super) is_key: bool,
}

/// How far a text leads from `start`, and to where.
fn reach(map: &KeyMap, start: Start, text: &[u8]) -> (Reach, (usize, u64)) {
    let mut place = (start.node, start.output);
    let dies = text.iter().position(|byte| match step(map, place.0, *byte) {
        Some((node, more)) => {
            place = (node, place.1 + more);
            false
        }
        None => true,
    });
    let is_key = dies.is_none() && ending(map, place.0).0.is_some();
    (Reach { bytes: dies.unwrap_or(text.len()), is_key }, place)
}

/// How far a text leads in the map of any segment.
pub(super) fn farthest<'a>(starts: impl Iterator<Item = (&'a KeyMap, Start)>, text: &[u8]) -> Reach {
    let none = Reach { bytes: 0, is_key: false };
    starts
        .map(|(map, start)| reach(map, start, text).0)
        .fold(none, |all, one| Reach { bytes: all.bytes.max(one.bytes), is_key: all.is_key || one.is_key })
}

/// Calls `each` with where the text leads from `start` by one slip, if it leads nowhere without one; `ends` if what comes next ends it. `farthest` says how
/// far it leads in all segments.
pub(super) fn slips(
    map: &KeyMap,
    start: Start,
    farthest: Reach,
    right: usize,
    text: &[u8],
    ends: bool,
    mut each: impl FnMut(Slipped),
) {
    let follow = |place: (usize, u64), text: &[u8]| {
        text.iter().try_fold(place, |(node, output), byte| {
            step(map, node, *byte).map(|(node, more)| (node, output + more))
        })
    };
    let root = (start.node, start.output);
    let dies = farthest.bytes;
    if dies == text.len() && (!ends || farthest.is_key) {
        return;
    }
    let first = first_place(text, dies).max(right);
    let Some(mut place) = text.get(..first).and_then(|before| follow(root, before)) else { return };
    let mut lead = |place: Option<(usize, u64)>, rest: &[u8]| {
        if let Some((node, output)) = place.and_then(|place| follow(place, rest)) {
            each(Slipped { node, output, late: None });
        }
    };
    let mut followed = first;
    for at in first..=dies {
        followed = at;
        let rest = &text[at..];
        for transition in
            map.node(place.0).transitions().filter(|transition| (b' '..0x80).contains(&transition.inp))
        {
            let next = Some((transition.addr, place.1 + transition.out.value()));
            lead(next, rest); // the text has left it out
            if let [written, behind @ ..] = rest
                && *written != transition.inp
            {
                lead(next, behind); // the text has another one
            }
        }
        match rest {
            [one, other, behind @ ..] if one != other => lead(follow(place, &[*other, *one]), behind),
            _ => {}
        }
        if let [_, behind @ ..] = rest {
            lead(Some(place), behind); // the text has one more
        }
        let next = rest.first().and_then(|byte| follow(place, &[*byte]));
        match next {
            Some(next) => place = next,
            None => break,
        }
    }
    if !ends && followed == dies && dies + 1 == text.len() {
        each(Slipped { node: place.0, output: place.1, late: Some(text[dies]) });
    }
}

/// Where a slip may be, at the earliest, if no key goes on with the byte at `dies`.
fn first_place(text: &[u8], dies: usize) -> usize {
    let class = |at: usize| text.get(at).map(|byte| class(*byte));
    let mut word = dies;
    while word > 0 && class(word) != Some(Class::Apart) && class(word) == class(word - 1) {
        word -= 1;
    }
    word.min(dies.saturating_sub(2)).max(dies.saturating_sub(WINDOW))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    Digit,
    Apart,
}

fn class(byte: u8) -> Class {
    match byte {
        b'0'..=b'9' => Class::Digit,
        b'a'..=b'z' | 0x80.. => Class::Letter,
        _ => Class::Apart,
    }
}

/// Whether a text is a key with one slip, and not another value that looks alike.
pub(super) fn is_slip(shape: Shape, text: &str, key: &str, min_length: usize) -> bool {
    if strsim::osa_distance(text, key) != 1 || key.chars().count() < min_length {
        return false;
    }
    // A full stop behind a value is no letter of it.
    if !text.ends_with(char::is_alphanumeric) {
        return false;
    }
    let [text, key] = [text, key].map(|of| of.chars().collect::<Vec<char>>());
    let same = text.iter().zip(&key).take_while(|(text, key)| text == key).count();
    if same < right(shape) {
        return false;
    }
    let is_digit = |of: &[char], at: usize| of.get(at).is_some_and(char::is_ascii_digit);
    let is_letter = |of: &[char], at: usize| of.get(at).is_some_and(|c| c.is_alphabetic());
    // A digit that a letter follows and no digit comes before is no number.
    let is_stray = |of: &[char], at: usize| is_letter(of, at + 1) && !(at > 0 && is_digit(of, at - 1));
    let numbers_agree = if text.len() > key.len() {
        !is_digit(&text, same) || is_stray(&text, same)
    } else if text.len() < key.len() {
        !is_digit(&key, same)
    } else if text[same + 1..] == key[same + 1..] {
        match (is_digit(&text, same), is_digit(&key, same)) {
            (true, true) => false,
            (true, false) => is_stray(&text, same),
            (false, _) => true,
        }
    } else {
        !(is_digit(&key, same) && is_digit(&key, same + 1))
    };
    numbers_agree && (!is_short_word(&key, same) || shape == Shape::Words && is_inner_particle(&key, same))
}

/// Whether a text departs from a key at the first letter of a word of it.
pub(super) fn is_at_beginning(text: &str, key: &str) -> bool {
    let same = text.chars().zip(key.chars()).take_while(|(text, key)| text == key).count();
    same == 0 || key.chars().nth(same - 1).is_some_and(|before| matches!(before, ' ' | ','))
}

/// Whether the word at a place is an article or a preposition before another word: `de la Paz`, not `LA` for Louisiana.
fn is_inner_particle(of: &[char], at: usize) -> bool {
    let before = of[..at].iter().rev().take_while(|c| c.is_alphabetic()).count();
    let behind = of[at..].iter().take_while(|c| c.is_alphabetic()).count();
    let is_inner = matches!(of[at + behind..], [' ', next, ..] if next.is_alphabetic());
    is_inner && is_particle(&of[at - before..at + behind].iter().collect::<String>())
}

/// Whether the letters at a place are an initial, a unit or the abbreviation of a state: with another letter, another value.
fn is_short_word(of: &[char], at: usize) -> bool {
    let is_letter = |c: &&char| c.is_alphabetic();
    let before = of[..at].iter().rev().take_while(is_letter).count();
    let behind = of[at..].iter().take_while(is_letter).count();
    let is_apart = |c: Option<&char>| c.is_none_or(|c| !c.is_ascii_digit() && *c != '.' && *c != '@');
    let begins = at - before;
    (1..=2).contains(&(before + behind))
        && behind > 0
        && is_apart(begins.checked_sub(1).and_then(|at| of.get(at)))
        && is_apart(of.get(at + behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slip_and_no_other_value() {
        let key = "anna.lee12@example.com";
        for text in [
            "annna.lee12@example.com",
            "anna.le12@example.com",
            "anna.lee1x@example.com",
            "anna.lee12@exmaple.com",
            "anna.lee12@example.co",
            "annalee12@example.com",
        ] {
            assert!(is_slip(Shape::Email, text, key, 8), "{text}");
        }
        for text in [
            key,
            "anna.lee13@example.com",
            "anna.lee1@example.com",
            "anna.lee123@example.com",
            "anna.lee21@example.com",
            "nna.lee12@example.com",
            "bnna.lee12@example.com",
            "ana.lee12@example.co",
        ] {
            assert!(!is_slip(Shape::Email, text, key, 8), "{text}");
        }
        assert!(!is_slip(Shape::Words, "12 oak street ga", "12 oak street ca", 8));
        assert!(is_slip(Shape::Words, "12 oak streat ca", "12 oak street ca", 8));
        assert!(is_slip(Shape::Words, "paseo de al paz 2", "paseo de la paz 2", 8));
        assert!(!is_slip(Shape::Words, "12 oak street ga 70112", "12 oak street la 70112", 8));
        assert!(!is_slip(Shape::Words, "13 oak street ca", "12 oak street ca", 8));
        assert!(is_slip(Shape::Name, "banna lea", "anna lea", 8));
        for text in ["anna mlea", "anna ea", "anna mea", "anna ela"] {
            assert!(is_at_beginning(text, "anna lea"), "{text}");
        }
        assert!(!is_at_beginning("anna led", "anna lea"));
        assert!(
            !is_slip(Shape::Name, "ann m lea", "ann n lea", 8)
                && !is_slip(Shape::Name, "ann leo", "ann lea", 8)
        );
    }
}
