//! The one error of the crate.

use std::fmt;
use std::path::Path;

/// What went wrong while building, opening, configuring or doing I/O.
///
/// Opaque on purpose: ask it [what it is about](Error::is_io) and print it. Its text is one sentence that says what was
/// expected, what came and what to do; it never contains an identifier or text of a response. Checking itself
/// cannot fail: [`Checker::push`](crate::Checker::push) returns no error.
///
/// ```
/// let error = tightlip::Index::open("no/such/index.tlx").unwrap_err();
/// assert!(error.is_io());
/// assert!(!error.to_string().contains('\n'));
/// ```
pub struct Error {
    kind: ErrorKind,
    message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ErrorKind {
    Io,
    Index,
    Data,
    Config,
}

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn io(doing: impl fmt::Display, error: &std::io::Error) -> Self {
        Self { kind: ErrorKind::Io, message: format!("{doing}: {}", plain_reason(error)) }
    }

    /// An I/O error about a file, said as "cannot `verb` `path`".
    pub(crate) fn file(verb: &str, path: &Path, error: &std::io::Error) -> Self {
        let doing = format_args!("cannot {verb} {}", path.display());
        match error.kind() {
            // What `read_to_string` says of other encodings: the fault is in the file, not in reading it.
            std::io::ErrorKind::InvalidData => {
                Self::config(format!("{doing}: it is not UTF-8; convert it to UTF-8"))
            }
            _ => Self::io(doing, error),
        }
    }

    pub(crate) fn index(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Index, message: message.into() }
    }

    pub(crate) fn data(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Data, message: message.into() }
    }

    pub(crate) fn config(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Config, message: message.into() }
    }

    /// Puts the name of the file or option that the error is about in front of it.
    pub(crate) fn about(mut self, place: impl fmt::Display) -> Self {
        self.message = format!("{place}: {}", self.message);
        self
    }

    /// A file, a pipe or the disk refused.
    pub fn is_io(&self) -> bool {
        self.kind == ErrorKind::Io
    }

    /// An index is damaged, foreign, or made by another version.
    pub fn is_index(&self) -> bool {
        self.kind == ErrorKind::Index
    }

    /// A dictionary holds something that cannot be used.
    pub fn is_data(&self) -> bool {
        self.kind == ErrorKind::Data
    }

    /// A policy, a schema or an option says something that has no meaning.
    pub fn is_config(&self) -> bool {
        self.kind == ErrorKind::Config
    }
}

/// The reason of an I/O error without the "(os error 2)" that tells a user nothing.
fn plain_reason(error: &std::io::Error) -> String {
    let reason = error.to_string();
    match reason.find(" (os error") {
        Some(end) => reason[..end].to_lowercase(),
        None => reason,
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", OneLine(&self.message))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.kind)
    }
}

impl std::error::Error for Error {}

/// Text on one line: the names of files and columns may hold line breaks, and what a terminal takes for commands.
pub(crate) struct OneLine<'a>(pub(crate) &'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
        self.0
            .chars()
            .try_for_each(|c| if breaks(c) { write!(f, "{}", c.escape_default()) } else { write!(f, "{c}") })
    }
}

/// The longest name that a message repeats whole, in characters.
const LONGEST_NAME: usize = 64;

/// The beginning of a name that may be of any length.
pub(crate) fn clipped(name: &str) -> std::borrow::Cow<'_, str> {
    match name.char_indices().nth(LONGEST_NAME) {
        None => name.into(),
        Some((end, _)) => format!("{}…", &name[..end]).into(),
    }
}

/// "did you mean …", when one of the known words is near enough to be what was meant.
pub(crate) fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    if word.len() > LONGEST_NAME {
        return String::new(); // near to nothing, and comparing takes the square of its length
    }
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| format!("; did you mean `{candidate}`?"))
        .unwrap_or_default()
}

/// The reason of a TOML error in one line, with the place but without the source: a policy may hold customers' values.
pub(crate) fn toml_reason(error: &toml::de::Error) -> String {
    let message = error.message().replace('\n', ", ");
    // serde quotes what it found: `invalid type: string "…", expected a sequence`.
    let reason = match message.rsplit_once(", expected ") {
        Some((found, expected)) if found.starts_with("invalid ") => {
            let found = found.split(['"', '`']).next().unwrap_or_default().trim_end();
            format!("{found}, expected {expected}")
        }
        _ => message,
    };
    let whole = error.to_string();
    let place = whole.lines().next().and_then(|line| line.strip_prefix("TOML parse error at "));
    place.map_or(reason.clone(), |place| format!("{place}: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_line_without_values() {
        assert_eq!(Error::config("a\nb\x1b[0m\u{2028}c é").to_string(), r"a\nb\u{1b}[0m\u{2028}c é");
        let reason = |text: &str| {
            toml_reason(&toml::from_str::<std::collections::BTreeMap<String, u8>>(text).unwrap_err())
        };
        assert_eq!(
            reason("a = 1\nb = 'ann@example.com\", expected x'"),
            "line 2, column 5: invalid type: string, expected u8"
        );
        assert_eq!(reason("a = 4111111111111111"), "line 1, column 5: invalid value: integer, expected u8");
        assert_eq!(reason("a = [\n"), "line 1, column 6: unclosed array, expected `]`");
        assert_eq!(clipped("name"), "name");
        assert_eq!(clipped(&"é".repeat(1_000_000)).chars().count(), LONGEST_NAME + 1);
        assert_eq!(did_you_mean(&"email".repeat(2_000_000), ["email"]), "");
    }
}
