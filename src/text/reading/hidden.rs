//! Where a text says that the next digits are the end of a number: `ending in 4242`, `last four digits: 4242`, `**** 4242`, `XXXX-4242`.

use crate::text::{Class, Symbol};

/// Words with which that begins: they end a walk over ordinary text. A word of more crosses is one of these as far as it is kept.
pub(crate) const HINTING: [&str; 9] =
    ["ending", "ends", "last", "xxx", "xxxx", "xxxxx", "xxxxxx", "xxxxxxx", "xxxxxxxx"];

/// Whether one of them begins with this letter.
pub(crate) fn may_hint(letter: u8) -> bool {
    matches!(letter, b'e' | b'l' | b'x')
}

/// Whether a character stands for one that is hidden.
pub(crate) fn hides(ch: char) -> bool {
    matches!(ch, '*' | '•' | '●')
}

/// What a text has said so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Hidden {
    /// Nothing.
    #[default]
    No,
    /// So many marks, one behind the other.
    Marks(u8),
    /// `ending`, and perhaps a part of the next word.
    Ending,
    /// `last`, and perhaps a part of the next word.
    Last,
    /// Digits within so many characters are the end of a number.
    Before(u8),
}

/// Fewer marks than this may be emphasis.
const MARKS: u8 = 3;
/// How far behind `ending in` or a mark the digits may be: quotes, emphasis, another mark.
const NEAR: u8 = 5;
/// How far behind `last four digits`, in the same sentence: `of the card on file are`.
const IN_SENTENCE: u8 = 48;

impl Hidden {
    /// Nothing was said.
    #[inline]
    pub(crate) fn is_no(self) -> bool {
        self == Self::No
    }

    /// Whether digits that begin here, behind a word if they are glued to it, are the end of a number.
    pub(crate) fn shows(self, glued: Option<&str>) -> bool {
        let is_said = matches!(self, Self::Before(_) | Self::Ending);
        glued.map_or(is_said, |word| is_crossed(word) && (is_said || word.len() >= usize::from(MARKS)))
    }

    /// A word has ended.
    pub(crate) fn end_word(&mut self, word: &str) {
        *self = match (*self, word) {
            (_, "ending" | "ends") => Self::Ending,
            (Self::Ending, "in" | "with") => Self::Before(NEAR),
            (Self::Last, "four" | "4") => Self::Before(IN_SENTENCE),
            (_, "last") => Self::Last,
            (Self::Before(left), _) => Self::Before(left),
            _ if is_crossed(word) && word.len() >= usize::from(MARKS) => Self::Before(NEAR),
            _ => Self::No,
        }
    }

    /// The next symbol; `word` is the word that goes on with it, up to it.
    pub(crate) fn take(&mut self, symbol: &Symbol, word: Option<&str>) {
        let crossed = word.filter(|word| symbol.ch == 'x' && is_crossed(word));
        *self = match *self {
            Self::Before(left) if hides(symbol.ch) || crossed.is_some() => Self::Before(left.max(NEAR)),
            _ if crossed.is_some_and(|word| word.len() + 1 >= usize::from(MARKS)) => Self::Before(NEAR),
            Self::Before(left) if left > 1 && !matches!(symbol.ch, '.' | '!' | '?') => Self::Before(left - 1),
            Self::Marks(marks) if hides(symbol.ch) && marks + 1 >= MARKS => Self::Before(NEAR),
            Self::Marks(marks) if hides(symbol.ch) => Self::Marks(marks + 1),
            _ if hides(symbol.ch) => Self::Marks(1),
            Self::Ending | Self::Last if matches!(symbol.class, Class::Run | Class::Space) => *self,
            _ => Self::No,
        }
    }
}

fn is_crossed(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte == b'x')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::symbols;

    /// Whether some digits are shown to be the end of a number.
    fn shows(text: &str) -> bool {
        let (mut hidden, mut word, mut before, mut shows) = (Hidden::No, String::new(), Class::Space, false);
        symbols(text, |symbol| {
            let goes_on = symbol.joins(before);
            if !goes_on && !word.is_empty() {
                hidden.end_word(&std::mem::take(&mut word));
            }
            let glued = goes_on.then_some(&*word);
            shows |= symbol.is_digit() && hidden.shows(glued);
            hidden.take(&symbol, glued);
            if symbol.class == Class::Run {
                word.push(symbol.ch);
            }
            before = symbol.class;
        });
        shows
    }

    #[test]
    fn words_begin_as_they_may() {
        assert!(HINTING.iter().all(|word| may_hint(word.as_bytes()[0])));
    }

    #[test]
    fn what_is_hidden_is_said() {
        for text in [
            "ending in 4242",
            "ends with 4242",
            "card ending 4242",
            "Ending in **4242**",
            "ending in x4242",
            "last four digits of the card on file are 4242",
            "last 4: 4242",
            "**** 4242",
            "•••• •••• 4242",
            "xxxx4242",
            "XXXXXXXXXXXX4242",
            "XXXX-XXXX-4242",
            "***-**-1120",
            "(***) ***-0177",
        ] {
            assert!(shows(text), "{text}");
        }
        for text in [
            "4242",
            "**4242**",
            "x4242",
            "xx 4242",
            "the last 4242",
            "ending in May 4242",
            "last four weeks. In 4242",
            "in 4242 ending",
            "xyxx4242",
        ] {
            assert!(!shows(text), "{text}");
        }
    }
}
