//! Symbols: folded characters with their place in the raw text.

use super::fold::fold;

/// What a folded character is to a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// A letter, a digit or `_`: neighbours of this class belong to one word.
    Run,
    /// A character of a script without spaces: a word boundary lies on both sides of it.
    Solo,
    /// White space.
    Space,
    /// Everything else.
    Other,
}

/// One folded character and the raw bytes it came from.
///
/// A raw character that folds to several (`ﬁ`, `㎏`, a Hangul syllable) gives several symbols with the same raw bytes.
/// Between two neighbours there may be raw bytes of neither: characters that fold to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Symbol {
    pub(crate) ch: char,
    pub(crate) class: Class,
    /// A key may start here although the neighbour before is of the same script.
    pub(crate) opens: bool,
    /// The raw character is upper case.
    pub(crate) upper: bool,
    /// More than ASCII case was folded.
    pub(crate) altered: bool,
    pub(crate) raw_start: u64,
    pub(crate) raw_end: u64,
}

impl Symbol {
    pub(crate) fn is_digit(&self) -> bool {
        self.ch.is_ascii_digit()
    }

    /// Whether a word goes on from `before` to this symbol.
    pub(crate) fn joins(&self, before: Class) -> bool {
        match (before, self.class) {
            (Class::Run, Class::Run) => true,
            (_, Class::Solo) => !self.opens,
            _ => false,
        }
    }
}

/// The class of an ASCII byte; `None` for controls, which fold to nothing, and for bytes that are not ASCII.
#[inline]
pub(crate) fn ascii_class(byte: u8) -> Option<Class> {
    const CLASSES: [Option<Class>; 256] = {
        let mut classes = [None; 256];
        let mut byte = 0;
        while byte < 128 {
            classes[byte] = match byte as u8 {
                b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'_' => Some(Class::Run),
                b' ' | b'\t'..=b'\r' => Some(Class::Space),
                b'!'..=b'~' => Some(Class::Other),
                _ => None,
            };
            byte += 1;
        }
        classes
    };
    CLASSES[usize::from(byte)]
}

/// Folds an ASCII byte; `None` for controls, which fold to nothing.
#[inline]
fn ascii_symbol(byte: u8, raw_start: u64) -> Option<Symbol> {
    let class = ascii_class(byte)?;
    let ch = if class == Class::Space { ' ' } else { byte.to_ascii_lowercase() as char };
    Some(Symbol {
        ch,
        class,
        opens: true,
        upper: byte.is_ascii_uppercase(),
        altered: false,
        raw_start,
        raw_end: raw_start + 1,
    })
}

/// Calls `each` with the symbols of the character at byte `at` of `text`, whose first byte has the raw offset `base`; returns the length of the
/// character. One that folds to nothing has none.
fn symbol_at(text: &str, at: usize, base: u64, each: impl FnMut(Symbol)) -> usize {
    let raw_start = base + at as u64;
    let byte = text.as_bytes()[at];
    if byte.is_ascii() {
        ascii_symbol(byte, raw_start).map(each);
        return 1;
    }
    let c = text[at..].chars().next().expect("`at` is inside the text");
    symbols_of(c, raw_start, raw_start + c.len_utf8() as u64, each);
    c.len_utf8()
}

/// Calls `each` with the symbols of a character that stands for these raw bytes.
pub(crate) fn symbols_of(c: char, raw_start: u64, raw_end: u64, mut each: impl FnMut(Symbol)) {
    if let Ok(byte @ 0..0x80) = u8::try_from(c) {
        if let Some(symbol) = ascii_symbol(byte, raw_start) {
            each(Symbol { raw_end, ..symbol });
        }
        return;
    }
    let folding = fold(c);
    for folded in folding.folded {
        each(Symbol {
            ch: folded.ch,
            class: folded.class,
            opens: folded.opens,
            upper: c.is_uppercase(),
            altered: folding.altered,
            raw_start,
            raw_end,
        });
    }
}

/// Calls `each` with every symbol of `text`.
pub(crate) fn symbols(text: &str, mut each: impl FnMut(Symbol)) {
    let mut at = 0;
    while at < text.len() {
        at += symbol_at(text, at, 0, &mut each);
    }
}

/// Whether a character leaves nothing when it is folded.
pub(crate) fn folds_to_nothing(c: char) -> bool {
    let mut nothing = true;
    symbol_at(c.encode_utf8(&mut [0; 4]), 0, 0, |_| nothing = false);
    nothing
}
