//! What a whole text says when it is read otherwise: out of its base64, or as a page would show it.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

/// Another reading of a whole text.
pub(super) struct Reading {
    pub(super) says: String,
    kind: Kind,
}

enum Kind {
    /// Base64, behind so many bytes of a `data:` address.
    Base64 { behind: usize },
    /// HTML.
    Page,
}

/// Shorter texts hold nothing in base64 that would be a value.
const SHORTEST: usize = 8;

/// The other reading of a text, if it has one.
pub(super) fn reading(text: &str) -> Option<Reading> {
    encoded(text).or_else(|| page(text))
}

impl Reading {
    /// The text, with what it says replaced by this.
    pub(super) fn written(&self, text: &str, says: &str) -> String {
        match self.kind {
            Kind::Base64 { behind } => format!("{}{}", &text[..behind], STANDARD.encode(says)),
            // Which tags belonged to what is gone nobody can tell: the page goes.
            Kind::Page => String::new(),
        }
    }
}

fn encoded(text: &str) -> Option<Reading> {
    let behind = match text.strip_prefix("data:") {
        Some(rest) => {
            let comma = rest.find(',')?;
            rest[..comma].ends_with(";base64").then_some(5 + comma + 1)?
        }
        None => 0,
    };
    let code = text[behind..].trim_end();
    let is_code = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=');
    if code.len() < SHORTEST || !code.bytes().all(is_code) {
        return None;
    }
    let engine = match (code.contains(['-', '_']), code.len() % 4) {
        (false, 0) => &STANDARD,
        (false, _) => &STANDARD_NO_PAD,
        (true, 0) => &URL_SAFE,
        (true, _) => &URL_SAFE_NO_PAD,
    };
    let bytes = engine.decode(code).ok()?;
    let says = String::from_utf8(bytes).ok()?;
    Some(Reading { says, kind: Kind::Base64 { behind } })
}

fn page(text: &str) -> Option<Reading> {
    let (has_tags, has_entities) =
        (text.contains('<') && text.contains('>'), text.contains('&') && text.contains(';'));
    if !has_tags && !has_entities {
        return None;
    }
    let mut shown = String::with_capacity(text.len());
    let mut is_tag = false;
    for c in text.chars() {
        match c {
            '<' => is_tag = true,
            '>' if is_tag => is_tag = false,
            c if !is_tag => shown.push(c),
            _ => {}
        }
    }
    let says = html_escape::decode_html_entities(&shown).into_owned();
    (says != text).then_some(Reading { says, kind: Kind::Page })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_outright_is_read() {
        let says = |text: &str| reading(text).map(|reading| reading.says);
        assert_eq!(says("data:text/plain;base64,YW5uQGV4YW1wbGUuY29t").unwrap(), "ann@example.com");
        assert_eq!(says("YW5uQGV4YW1wbGUuY29t").unwrap(), "ann@example.com");
        assert_eq!(says("12 <b class='x'>Oak</b> Street&#33;").unwrap(), "12 Oak Street!");
        assert_eq!(says("data:image/png;base64,iVBORw0KGgo="), None, "no text");
        assert_eq!(says("plain words, a < b"), None);
        let data = reading("data:text/plain;base64,YW5uQGV4YW1wbGUuY29t").unwrap();
        assert_eq!(
            data.written("data:text/plain;base64,YW5uQGV4YW1wbGUuY29t", "x"),
            "data:text/plain;base64,eA=="
        );
    }
}
