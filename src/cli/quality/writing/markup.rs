//! Markdown and HTML inside of a value.

use super::{Given, Written};
use crate::Kind;
use crate::cli::quality::random::Random;

/// Emphasis, code, a link or a tag around a part of the value, at the ends of words or inside of one.
pub(super) fn markdown(given: &Given, random: &mut Random) -> Option<Written> {
    const WORDS: [(&str, &str); 8] = [
        ("**", "**"),
        ("*", "*"),
        ("__", "__"),
        ("_", "_"),
        ("`", "`"),
        ("~~", "~~"),
        ("<b>", "</b>"),
        ("[", "](https://www.example.com/help)"),
    ];
    const INSIDE: [(&str, &str); 7] = [
        ("**", "**"),
        ("*", "*"),
        ("<b>", "</b>"),
        ("<i>", "</i>"),
        ("`", "`"),
        ("<!-- -->", ""),
        ("<wbr>", ""),
    ];
    let text = given.text;
    let is_word = |c: char| c.is_alphanumeric();
    let mut edges: Vec<usize> = vec![0];
    edges.extend(
        text.char_indices()
            .zip(text.chars().skip(1))
            .filter_map(|((at, a), b)| (is_word(a) != is_word(b)).then_some(at + a.len_utf8())),
    );
    edges.push(text.len());
    let letters = text.chars().count();
    // Underscores are part of addresses and logins.
    let has_underscores = matches!(given.kind, Kind::Email | Kind::Username);
    let (start, end, (open, close)) = if edges.len() > 3 && random.once_in(2) {
        let words: Vec<(usize, usize)> = edges
            .windows(2)
            .map(|edge| (edge[0], edge[1]))
            .filter(|(start, _)| text[*start..].chars().next().is_some_and(is_word))
            .collect();
        let (start, end) = *random.pick(&words);
        let known =
            WORDS.iter().filter(|(open, _)| !has_underscores || !open.starts_with('_')).collect::<Vec<_>>();
        (start, end, **random.pick(&known))
    } else {
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let start = random.below(letters - 1);
        let end = random.between(start + 1, letters);
        let part = &text[places[start]..places[end]];
        if !part.starts_with(is_word) || !part.ends_with(is_word) {
            return None; // marks around a gap mark nothing
        }
        (places[start], places[end], *random.pick(&INSIDE))
    };
    if start == 0 && end == text.len() || start == 0 && close.is_empty() {
        return None;
    }
    let mut written = Written::default();
    written.value(&text[..start]);
    written.around(open);
    written.value(&text[start..end]);
    written.around(close);
    written.value(&text[end..]);
    Some(written)
}
