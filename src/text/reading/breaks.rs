//! Line breaks in the middle of a word, left out.

use super::Piece;

/// Leaves out line breaks between two characters that are no spaces. They may as well stand between two words, which whoever reads the text as it is sees.
#[derive(Clone, Default)]
pub(crate) struct Breaks {
    /// A line break whose meaning the next character decides.
    kept: Vec<Piece>,
    /// The last character that came out is no space.
    in_word: bool,
}

impl Breaks {
    /// Whether this is a line break.
    pub(crate) fn begins(ch: char) -> bool {
        matches!(ch, '\n' | '\r')
    }

    /// Forgets everything; whether there is text right before what comes.
    pub(crate) fn begin_anew(&mut self, behind_text: bool) {
        self.kept.clear();
        self.in_word = behind_text;
    }

    pub(crate) fn take(&mut self, piece: Piece, out: &mut Vec<Piece>) {
        let Some(ch) = piece.ch else {
            return if self.kept.is_empty() { out.push(piece) } else { self.kept.push(piece) };
        };
        let behind_return = matches!(&self.kept[..], [first] if first.is('\r'));
        if Self::begins(ch) && self.in_word && (self.kept.is_empty() || ch == '\n' && behind_return) {
            return self.kept.push(piece);
        }
        if ch.is_whitespace() {
            self.finish(out);
        }
        self.in_word = !ch.is_whitespace();
        out.extend(self.kept.drain(..).map(Piece::out));
        out.push(piece);
    }

    /// The text ends.
    pub(crate) fn finish(&mut self, out: &mut Vec<Piece>) {
        self.in_word &= self.kept.is_empty();
        out.append(&mut self.kept);
    }

    /// Where what it keeps begins.
    pub(crate) fn pending(&self) -> Option<u64> {
        self.kept.first().map(|piece| piece.start)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{read_all, text_of};
    use super::*;

    #[test]
    fn breaks_in_words_are_left_out() {
        for (text, expected) in [
            ("ann@exam\nple.com", "ann@example.com"),
            ("ann@exam\r\nple.com", "ann@example.com"),
            ("a\rb", "ab"),
            ("one.\n\ntwo", "one.\n\ntwo"),
            ("one \ntwo", "one \ntwo"),
            ("one\n two\n", "one\n two\n"),
            ("\none", "\none"),
            ("a\n\rb", "a\n\rb"),
        ] {
            let mut breaks = Breaks::default();
            let mut out = read_all(text, |piece, out| breaks.take(piece, out));
            breaks.finish(&mut out);
            assert_eq!(text_of(&out), expected, "{text:?}");
        }
    }
}
