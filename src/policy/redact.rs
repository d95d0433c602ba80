//! What stands in the place of a value.

use std::collections::HashMap;

use super::rules::Rules;
use super::settings::Style;
use crate::index::KeyId;

/// The numbers of pseudonyms: by kind, in the order of appearance.
#[derive(Default)]
pub(crate) struct Pseudonyms {
    numbers: HashMap<(u8, KeyId), u32>,
    used: HashMap<u8, u32>,
}

impl Pseudonyms {
    fn number(&mut self, kind: u8, value: KeyId) -> u32 {
        *self.numbers.entry((kind, value)).or_insert_with(|| {
            let used = self.used.entry(kind).or_default();
            *used += 1;
            *used
        })
    }
}

/// Writes what replaces `raw`, a value of a kind, to `out`.
pub(crate) fn replacement(
    rules: &Rules,
    names: &mut Pseudonyms,
    kind: u8,
    value: KeyId,
    raw: &str,
    out: &mut String,
) {
    match rules.style {
        Style::Label => out.push_str(rules.label(kind)),
        Style::Mask => out.extend(raw.chars().filter_map(masked)),
        Style::Pseudonym => {
            let label = rules.label(kind);
            let (inside, end) = label.strip_suffix(']').map_or((label, ""), |inside| (inside, "]"));
            out.push_str(&format!("{inside} {}{end}", names.number(kind, value)));
        }
    }
}

/// Letters and digits become dots; punctuation and white space stay; what cannot be seen goes.
fn masked(c: char) -> Option<char> {
    match c {
        c if c.is_alphanumeric() => Some('•'),
        c if c.is_whitespace() || c.is_ascii_punctuation() => Some(c),
        // Anything else might be a letter in disguise, and a mark would hang on the dot before it.
        _ if crate::text::folds_to_nothing(c) => None,
        _ => Some('•'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_keeps_no_letter_and_no_digit() {
        let mask = |raw: &str| raw.chars().filter_map(masked).collect::<String>();
        assert_eq!(mask("ann@example.com"), "•••@•••••••.•••");
        assert_eq!(mask("José\u{301}\u{200b} ①"), "•••• •");
    }
}
