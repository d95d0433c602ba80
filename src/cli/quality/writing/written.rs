//! A value as an answer writes it.

use std::ops::Range;

use crate::Kind;
use crate::cli::quality::people::Person;

/// A value, and whose it is.
#[derive(Clone, Copy)]
pub(in crate::cli::quality) struct Given<'a> {
    pub(in crate::cli::quality) person: &'a Person,
    pub(in crate::cli::quality) kind: &'a Kind,
    /// As the dictionary writes it.
    pub(in crate::cli::quality) text: &'a str,
}

/// Text that says a value: the places of it that say the value, and those around them that only decorate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::cli::quality) struct Written {
    pub(in crate::cli::quality) text: String,
    /// In order and apart, never empty. Every letter and digit in them says something of the value.
    pub(in crate::cli::quality) places: Vec<Range<usize>>,
}

impl Written {
    /// Text that is the value from its first byte to its last.
    pub(super) fn whole(text: impl Into<String>) -> Self {
        let mut written = Self::default();
        written.value(&text.into());
        written
    }

    /// Adds a part of the value.
    pub(super) fn value(&mut self, text: &str) {
        let start = self.text.len();
        self.text += text;
        match self.places.last_mut() {
            _ if text.is_empty() => {}
            Some(last) if last.end == start => last.end = self.text.len(),
            _ => self.places.push(start..self.text.len()),
        }
    }

    /// Adds text that is not the value.
    pub(super) fn around(&mut self, text: &str) {
        self.text += text;
    }

    /// From the first to the last place.
    #[cfg(test)]
    pub(in crate::cli::quality) fn span(&self) -> Range<usize> {
        let (first, last) = (self.places.first(), self.places.last());
        first.map_or(0, |place| place.start)..last.map_or(0, |place| place.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_of_the_value() {
        let mut written = Written::default();
        for (text, is_value) in
            [("<b>", false), ("Ann", true), (" L", true), ("</b>", false), ("ee", true), ("!", false)]
        {
            if is_value { written.value(text) } else { written.around(text) }
        }
        assert_eq!(written.text, "<b>Ann L</b>ee!");
        assert_eq!((written.places.clone(), written.span()), (vec![3..8, 12..14], 3..14));
        assert_eq!(Written::whole("Ann").span(), 0..3);
    }
}
