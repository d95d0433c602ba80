//! Which other ways to write a value are read.

/// Which readings of a text are scanned beside the text itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
pub(crate) struct Readings {
    /// Entities, percent signs, backslashes.
    pub(crate) escapes: bool,
    /// Emphasis, links, tags, line breaks inside of a value.
    pub(crate) markup: bool,
    /// Words for digits and signs.
    pub(crate) words: bool,
    /// Values that are spelled letter by letter.
    pub(crate) letters: bool,
    /// Base64, base32 and codes of characters.
    pub(crate) encodings: bool,
    /// ROT13 and Atbash behind their names, digits that look like letters.
    pub(crate) ciphers: bool,
}

impl Readings {
    /// None: only what is written.
    pub(crate) const NONE: Self = Self {
        escapes: false,
        markup: false,
        words: false,
        letters: false,
        encodings: false,
        ciphers: false,
    };
}
