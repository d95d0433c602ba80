//! What is said of a value that is hidden, naively: the end of a card, names with an initial.

use tightlip::Kind;

use super::{Known, Symbol, is_word, names};

/// How much of a value a spelling says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    All,
    /// The last digits: the text says so.
    End,
    /// The last name as an initial: a full stop is behind it.
    Initial,
}

/// Before which symbols the text says that digits there are the end of a number: `ending in`, a mask of three marks, crosses.
pub(super) fn hinted(symbols: &[Symbol]) -> Vec<bool> {
    let text: String = symbols.iter().map(|symbol| symbol.ch).collect();
    let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let (mut said, mut hinted) = (Vec::new(), Vec::new());
    for (at, end) in ends.into_iter().enumerate() {
        let (text, word) = (&text[..end], last_word(&text[..end]));
        let before = &text[..text.len() - word.len()];
        let is_crossed = !word.is_empty() && word.chars().all(|ch| ch == 'x');
        let marks = text.chars().rev().take_while(|ch| "*•●".contains(*ch)).count();
        let is_refreshed = marks > 0 || is_crossed && word.len() >= 2;
        let has_ended = !is_word(symbols.get(at)) && matches!(word, "in" | "with");
        said.push(
            has_ended && is_behind_ending(before)
                || marks >= 3
                || is_crossed && word.len() >= 3
                || is_refreshed && is_near(symbols, &said, at - 1),
        );
        let is_said = is_near(symbols, &said, at) || is_behind_ending(before);
        hinted.push(if word.is_empty() { is_said } else { is_crossed && (word.len() >= 3 || is_said) });
    }
    hinted
}

/// Whether it was said here or a few characters before.
fn is_near(symbols: &[Symbol], said: &[bool], at: usize) -> bool {
    let goes_on = |gap: &usize| !symbols[at - gap..at].iter().any(|symbol| ".!?".contains(symbol.ch));
    (0..=at.min(4)).filter(goes_on).any(|gap| said[at - gap])
}

fn is_behind_ending(text: &str) -> bool {
    let before = text.trim_end_matches(' ');
    before.len() < text.len() && matches!(last_word(before), "ending" | "ends")
}

fn last_word(text: &str) -> &str {
    text.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default()
}

/// What of a value may be said, and how.
pub(super) fn hints(value: &Known) -> Vec<(Kind, String, Said, String)> {
    let mut hints = Vec::new();
    if value.kind == Kind::Card {
        let shown = value.text[value.text.len() - 4..].to_owned();
        hints.push((Kind::CardLast4, shown.clone(), Said::End, format!("ending in {shown}")));
    }
    if value.kind == Kind::Name {
        let lower = value.text.to_ascii_lowercase();
        let words: Vec<&str> = lower.split([' ', '-', '\'']).collect();
        let mut spellings = names(&words.join(" "));
        spellings.insert(lower.replace(['-', '\''], ""));
        for spelling in spellings.iter().filter(|spelling| !spelling.contains(',')) {
            let words: Vec<&str> = spelling.split(' ').collect();
            let (first, last) = (words[0], words[words.len() - 1]);
            let has_o = words.len() > 2 && words[words.len() - 2] == "o";
            let whole = if has_o { format!("o {last}") } else { last.to_owned() };
            let olee = has_o.then(|| format!("{}. o{last}", &first[..1]));
            for form in [format!("{}. {whole}", &first[..1])].into_iter().chain(olee) {
                hints.push((Kind::Name, form.clone(), Said::All, form));
            }
            let form = format!("{first} {}.", &last[..1]);
            hints.push((Kind::Name, form.clone(), Said::Initial, form));
        }
    }
    hints
}
