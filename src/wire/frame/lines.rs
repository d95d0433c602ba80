//! One event per line: bare JSON, or a code, a colon and JSON.

use memchr::memchr;

use super::{Frame, Payload, Style};

pub(super) struct Lines {
    style: Style,
    scanned: usize,
}

impl Lines {
    pub(super) fn new(style: Style) -> Self {
        Self { style, scanned: 0 }
    }

    pub(super) fn shift(&mut self, by: usize) {
        self.scanned -= by;
    }

    pub(super) fn next<'a>(&mut self, bytes: &'a [u8], start: &mut usize, ends: bool) -> Option<Frame<'a>> {
        let end = match memchr(b'\n', &bytes[self.scanned..]) {
            Some(found) => self.scanned + found + 1,
            None if ends && *start < bytes.len() => bytes.len(),
            None => {
                self.scanned = bytes.len();
                return None;
            }
        };
        let line = &bytes[std::mem::replace(start, end)..end];
        self.scanned = end;
        let mut frame = Frame::new(line, self.style);
        let is_coded = matches!(self.style, Style::Coded);
        // A code is short: what is longer is none, and the line no event.
        let is_code =
            |code: &[u8]| (1..=2).contains(&code.len()) && code.iter().all(u8::is_ascii_alphanumeric);
        let colon = if is_coded {
            memchr(b':', line).filter(|colon| is_code(&line[..*colon])).map(|colon| colon + 1)
        } else {
            Some(0)
        };
        let body = line.trim_ascii_end().len();
        if let Some(from) = colon.filter(|from| *from < body) {
            if is_coded {
                frame.name = Some(String::from_utf8_lossy(&line[..from - 1]));
            }
            frame.payload = Payload::Whole(from..body);
        } else if body > 0 {
            frame.payload = Payload::Whole(0..body);
        }
        Some(frame)
    }
}
