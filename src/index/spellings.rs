//! Other spellings of names and addresses that no edge of a walk reaches: keys of their own, made for those values only that have them.

use std::borrow::Cow;
use std::sync::OnceLock;

use foldhash::{HashMap, HashSet};

use super::alternatives::lines;

/// The ways to write a text in Latin letters without marks: `Müller` as `Mueller`, `Мария` as `Maria`. Without what folding makes of it.
pub(super) fn transliterations(text: &str) -> Vec<String> {
    // The table has other letters only (see its test).
    if text.is_ascii() {
        return Vec::new();
    }
    static LETTERS: OnceLock<HashMap<&str, Vec<&str>>> = OnceLock::new();
    let letters = LETTERS.get_or_init(|| {
        let table = lines(include_str!("../../dictionaries/transliterations.txt"));
        let row = |line: &'static str| {
            let mut words = line.split_whitespace();
            words.next().map(|letter| (letter, words.map(|word| word.trim_matches('-')).collect()))
        };
        table.filter_map(row).collect()
    });
    let text: String =
        unicode_normalization::UnicodeNormalization::nfc(text.chars()).flat_map(char::to_lowercase).collect();
    let mut writings: Vec<String> = Vec::new();
    for way in 0..4 {
        let (mut written, mut rest, mut changed) = (String::new(), &*text, false);
        while let Some(first) = rest.chars().next() {
            let one = first.len_utf8();
            let two = one + rest[one..].chars().next().map_or(0, char::len_utf8);
            let found =
                [two, one].into_iter().find_map(|length| Some((length, letters.get(&rest[..length])?)));
            let (length, letter) = match found {
                Some((length, ways)) => (length, ways[way.min(ways.len() - 1)]),
                None => (one, &rest[..one]),
            };
            changed |= found.is_some();
            written.push_str(letter);
            rest = &rest[length..];
        }
        if changed && !writings.contains(&written) {
            writings.push(written);
        }
    }
    writings
}

/// A folded text that writes umlauts with an `e`, without it: `mueller` as `muller`. Not where the `e` is a vowel of its own: `samuel`, `joe`,
/// `guerra`.
pub(super) fn without_e(folded: &str) -> Option<String> {
    let bytes = folded.as_bytes();
    let is_umlaut = |at: usize| {
        let before = at.checked_sub(2).map_or(b' ', |at| bytes[at]);
        let behind = bytes.get(at + 1).copied().unwrap_or(b' ');
        bytes[at] == b'e'
            && at > 0
            && matches!(bytes[at - 1], b'a' | b'o' | b'u')
            && !matches!(before, b'a' | b'e' | b'i' | b'o' | b'u' | b'q' | b'g')
            && behind.is_ascii_lowercase()
            && !matches!(behind, b'a' | b'e' | b'i' | b'o' | b'u' | b'y' | b'z')
            && !(behind == b'l' && bytes.get(at + 2).is_none_or(|b| !b.is_ascii_lowercase() || *b == b'a'))
    };
    (0..bytes.len()).find(|at| is_umlaut(*at))?;
    let kept = (0..bytes.len()).filter(|at| !is_umlaut(*at)).map(|at| bytes[at]).collect();
    Some(String::from_utf8(kept).expect("ASCII letters were left out"))
}

/// Further spellings of an address, folded: without the country that it ends with, and with what its street's name ends with abbreviated or in full.
pub(super) fn of_address(folded: &str) -> Vec<String> {
    let mut spellings = vec![folded.to_owned()];
    static COUNTRIES: OnceLock<HashSet<String>> = OnceLock::new();
    let countries = COUNTRIES.get_or_init(|| {
        lines(include_str!("../../dictionaries/countries.txt")).map(|line| line.replace('-', " ")).collect()
    });
    // The longest country that it ends with.
    let mut spaces = folded.match_indices(' ').map(|(at, _)| at);
    let country = spaces.find(|at| countries.contains(&folded[at + 1..]));
    let shorter = country.map(|at| &folded[..at]).filter(|rest| rest.contains(' '));
    spellings.extend(shorter.map(str::to_owned));
    let street = |word: &str| {
        let short = word.strip_suffix("strasse").map(|name| format!("{name}str"));
        let long = word.strip_suffix("str").map(|name| format!("{name}strasse"));
        short.or(long).filter(|other| word.len().min(other.len()) > "str".len())
    };
    for at in 0..spellings.len() {
        if spellings[at].split(' ').any(|word| street(word).is_some()) {
            let words: Vec<Cow<str>> =
                spellings[at].split(' ').map(|word| street(word).map_or(word.into(), Cow::from)).collect();
            spellings.push(words.join(" "));
        }
    }
    spellings.retain(|spelling| spelling != folded);
    spellings
}

/// Whether a word of a name belongs to the last name that follows it.
fn is_particle(word: &str) -> bool {
    static PARTICLES: OnceLock<HashSet<&str>> = OnceLock::new();
    let particles =
        PARTICLES.get_or_init(|| lines(include_str!("../../dictionaries/particles.txt")).collect());
    particles.contains(word)
}

/// The last word of a name in order, with the particles before it.
pub(super) fn last_name(words: &[&str]) -> String {
    let last = words.len() - 1;
    let before = words[1..last].iter().rev().take_while(|word| is_particle(word)).count();
    words[last - before..].join(" ")
}

/// Further spellings of a name that has particles before its last name, folded: `de la cruz,maria` for `maria elena de la cruz`, `delacruz,maria`.
pub(super) fn with_particles(words: &[&str]) -> Vec<String> {
    let Some(first) = (1..words.len().max(1) - 1).find(|at| is_particle(words[*at])) else {
        return Vec::new();
    };
    let behind = first + words[first..].iter().take_while(|word| is_particle(word)).count();
    let (given, particles, last) = (&words[..first], &words[first..behind], &words[behind..]);
    if last.is_empty() {
        return Vec::new();
    }
    let last = last.join(" ");
    let (spaced, glued) =
        (format!("{} {last}", particles.join(" ")), format!("{}{last}", particles.concat()));
    let given_words = given.join(" ");
    let mut spellings = vec![format!("{glued},{given_words}")];
    if given.len() > 1 {
        spellings.extend([
            format!("{} {spaced}", given[0]),
            format!("{spaced},{}", given[0]),
            format!("{glued},{}", given[0]),
        ]);
    }
    spellings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_written_in_the_usual_ways() {
        for (text, way) in [
            ("Jürgen Müller", "juergen mueller"),
            ("Weiß", "weiss"),
            ("Ødegård", "oedegaard"),
            ("Núñez", "núnyez"),
            ("Мария Щукина", "maria shchukina"),
            ("Юлия", "yulia"),
            ("Юлия", "iuliia"),
            ("Χρήστος", "chrήstos"),
        ] {
            let ways = transliterations(text);
            assert!(ways.iter().any(|written| written == way), "{way} in {ways:?}");
        }
        assert!(transliterations("Ann Lee").is_empty());
        let table = lines(include_str!("../../dictionaries/transliterations.txt"));
        let mut letters = table.filter_map(|line| line.split_whitespace().next());
        assert!(letters.all(|letter| !letter.is_ascii()), "ASCII is not looked up");
    }

    #[test]
    fn an_e_behind_a_vowel_may_be_an_umlaut() {
        for (with, without) in
            [("hans mueller", "hans muller"), ("joerg boehm", "jorg bohm"), ("baer", "bar")]
        {
            assert_eq!(without_e(with).as_deref(), Some(without));
        }
        for name in ["samuel", "michael ray", "joe", "sue", "guerra", "rafaela", "rodriguez", "bauer", "joey"]
        {
            assert_eq!(without_e(name), None, "{name}");
        }
    }

    #[test]
    fn particles_belong_to_the_last_name() {
        let spellings = with_particles(&["maria", "elena", "de", "la", "cruz"]);
        for spelling in ["delacruz,maria elena", "maria de la cruz", "de la cruz,maria", "delacruz,maria"] {
            assert!(spellings.iter().any(|s| s == spelling), "{spelling} in {spellings:?}");
        }
        assert!(with_particles(&["ann", "lee"]).is_empty());
        assert!(with_particles(&["van", "lee"]).is_empty());
        assert!(with_particles(&["ann", "lee", "van"]).is_empty());
        assert!(with_particles(&["zoya"]).is_empty());
    }
}
