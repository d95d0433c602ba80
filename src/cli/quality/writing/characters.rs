//! The same characters in another form: case, accents, width, look-alikes, invisible characters, something between them.

use unicode_normalization::UnicodeNormalization;

use super::{Given, Written};
use crate::cli::quality::census::folded;
use crate::cli::quality::random::Random;

/// Nothing if the value is as it was.
pub(super) fn changed(given: &Given, text: String) -> Option<Written> {
    (text != given.text).then(|| Written::whole(text))
}

pub(super) fn plain(given: &Given, _: &mut Random) -> Option<Written> {
    Some(Written::whole(given.text))
}

pub(super) fn case(given: &Given, random: &mut Random) -> Option<Written> {
    let text = given.text;
    let changed_text = match random.below(4) {
        0 | 1 => text.to_uppercase(),
        2 => text.to_lowercase(),
        _ => {
            text.chars()
                .map(|c| {
                    if random.once_in(2) {
                        c.to_uppercase().to_string()
                    } else {
                        c.to_lowercase().to_string()
                    }
                })
                .collect()
        }
    };
    changed(given, changed_text)
}

/// Accents where there are none, none where there are some, or written apart from their letters.
pub(super) fn accents(given: &Given, random: &mut Random) -> Option<Written> {
    const ADDED: [(char, &str); 12] = [
        ('a', "áàâäã"),
        ('e', "éèêë"),
        ('i', "íìîï"),
        ('o', "óòôöõ"),
        ('u', "úùûü"),
        ('n', "ñń"),
        ('c', "çćč"),
        ('s', "śš"),
        ('z', "źžż"),
        ('y', "ýÿ"),
        ('A', "ÁÀÂÄ"),
        ('E', "ÉÈÊË"),
    ];
    let dropped: String = given.text.nfd().filter(|c| !('\u{300}'..='\u{36f}').contains(c)).collect();
    if dropped != given.text && !random.once_in(4) {
        return changed(given, if random.once_in(4) { given.text.nfd().collect() } else { dropped });
    }
    let often = random.between(1, 4);
    let added = dropped.chars().map(|c| match ADDED.iter().find(|(plain, _)| *plain == c) {
        Some((_, accented)) if random.once_in(often) => *random.pick(&accented.chars().collect::<Vec<_>>()),
        _ => c,
    });
    changed(given, added.collect())
}

/// Accents and special letters as other languages and passports write them.
pub(super) fn transliterated(given: &Given, _: &mut Random) -> Option<Written> {
    const TABLE: [(char, &str); 12] = [
        ('ä', "ae"),
        ('ö', "oe"),
        ('ü', "ue"),
        ('Ä', "Ae"),
        ('Ö', "Oe"),
        ('Ü', "Ue"),
        ('ß', "ss"),
        ('ø', "oe"),
        ('Ø', "Oe"),
        ('å', "aa"),
        ('Å', "Aa"),
        ('æ', "ae"),
    ];
    let letter = |c: char| match TABLE.iter().find(|(special, _)| *special == c) {
        Some((_, plain)) => (*plain).to_owned(),
        None => c.to_string(),
    };
    changed(given, given.text.chars().map(letter).collect())
}

/// Zero-width spaces and joiners, soft hyphens, byte order marks.
pub(super) fn zero_width(given: &Given, random: &mut Random) -> Option<Written> {
    const INVISIBLE: [&str; 6] = ["\u{200b}", "\u{200c}", "\u{200d}", "\u{2060}", "\u{feff}", "\u{ad}"];
    let (often, one) = (random.between(1, 4), *random.pick(&INVISIBLE));
    let mut text = String::new();
    for (at, c) in given.text.chars().enumerate() {
        if at > 0 && random.once_in(often) {
            text += if random.once_in(3) { *random.pick(&INVISIBLE) } else { one };
        }
        text.push(c);
    }
    changed(given, text)
}

pub(super) fn full_width(given: &Given, random: &mut Random) -> Option<Written> {
    let wide_spaces = random.once_in(2);
    let wide = |c: char| match c {
        ' ' if wide_spaces => '\u{3000}',
        '!'..='~' => char::from_u32(c as u32 + 0xfee0).expect("the wide forms of ASCII"),
        c => c,
    };
    changed(given, given.text.chars().map(wide).collect())
}

/// Cyrillic and Greek letters that look like Latin ones.
pub(super) fn look_alikes(given: &Given, random: &mut Random) -> Option<Written> {
    const TABLE: [(char, &str); 24] = [
        ('a', "а"),
        ('c', "с"),
        ('e', "е"),
        ('i', "і"),
        ('j', "ј"),
        ('o', "оο"),
        ('p', "р"),
        ('s', "ѕ"),
        ('x', "х"),
        ('y', "у"),
        ('A', "АΑ"),
        ('B', "ВΒ"),
        ('C', "С"),
        ('E', "ЕΕ"),
        ('H', "НΗ"),
        ('I', "ІΙ"),
        ('K', "КΚ"),
        ('M', "МΜ"),
        ('N', "Ν"),
        ('O', "ОΟ"),
        ('P', "РΡ"),
        ('T', "ТΤ"),
        ('X', "ХΧ"),
        ('Z', "Ζ"),
    ];
    let often = random.between(1, 3);
    let letters = given.text.chars().map(|c| match TABLE.iter().find(|(latin, _)| *latin == c) {
        Some((_, alike)) if random.once_in(often) => *random.pick(&alike.chars().collect::<Vec<_>>()),
        _ => c,
    });
    changed(given, letters.collect())
}

/// Every letter or digit for itself: `M.a.r.i.a`, `5 5 5 0 1 0 4`.
pub(super) fn dots_between(given: &Given, random: &mut Random) -> Option<Written> {
    let between = *random.pick(&[".", " ", "-", "."]);
    let gap = match between {
        " " => *random.pick(&["   ", "  "]),
        "." => *random.pick(&[" ", "  ", ". ."]),
        _ => *random.pick(&[" ", "  ", "- -"]),
    };
    let digits_only = given.text.chars().filter(|c| c.is_alphanumeric()).all(|c| c.is_ascii_digit());
    let mut text = String::new();
    for word in given.text.split(' ') {
        let letters = word.chars().filter(|c| !digits_only || c.is_ascii_digit()).map(String::from);
        let spaced = letters.collect::<Vec<_>>().join(between);
        if !text.is_empty() {
            text += if digits_only { between } else { gap };
        }
        text += &spaced;
    }
    (folded(&text) == folded(given.text)).then(|| Written::whole(text))
}

/// A line break where there is a gap, or inside a word.
pub(super) fn line_break(given: &Given, random: &mut Random) -> Option<Written> {
    let line_end = *random.pick(&["\n", "\n", "\r\n", "  \n"]);
    let gaps: Vec<usize> = given.text.match_indices(' ').map(|(at, _)| at).collect();
    if !gaps.is_empty() && !random.once_in(3) {
        let at = *random.pick(&gaps);
        return changed(given, format!("{}{line_end}{}", &given.text[..at], &given.text[at + 1..]));
    }
    let inner: Vec<usize> = given.text.char_indices().skip(1).map(|(at, _)| at).collect();
    let at = *random.pick(&inner);
    changed(given, format!("{}\n{}", &given.text[..at], &given.text[at..]))
}

pub(super) fn reversed(given: &Given, _: &mut Random) -> Option<Written> {
    changed(given, given.text.chars().rev().collect())
}
