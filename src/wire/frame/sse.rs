//! Server-sent events, as the HTML standard has them: lines end with LF, CR LF or CR, an event ends with an empty line.

use std::ops::Range;

use memchr::memchr2;

use super::{Frame, Payload, Style};

/// Where the scan for the end of an event stands; offsets are of the framer's bytes.
#[derive(Default)]
pub(super) struct Sse {
    begun: bool,
    line: usize,
    scanned: usize,
    /// The last line ended with a CR at the very end of what had come: a LF that follows belongs to it.
    after_cr: bool,
    data: Vec<Range<usize>>,
    notes: Vec<Range<usize>>,
    name: Option<Range<usize>>,
    end_of_line: Option<&'static str>,
}

impl Sse {
    pub(super) fn shift(&mut self, by: usize) {
        self.line -= by;
        self.scanned -= by;
        let ranges = self.data.iter_mut().chain(&mut self.notes).chain(&mut self.name);
        ranges.for_each(|range| *range = range.start - by..range.end - by);
    }

    /// Whether the next byte is the first one of a line, of which nothing can belong to the one before.
    pub(super) fn is_between(&self) -> bool {
        self.begun && !self.after_cr
    }

    pub(super) fn next<'a>(&mut self, bytes: &'a [u8], start: &mut usize, ends: bool) -> Option<Frame<'a>> {
        if !self.begun {
            // Clients trip over a byte order mark; no event needs it.
            const MARK: &[u8] = b"\xef\xbb\xbf";
            if bytes.len() < MARK.len() && MARK.starts_with(bytes) && !ends {
                return None;
            }
            let skipped = if bytes.starts_with(MARK) { MARK.len() } else { 0 };
            (self.begun, *start, self.line, self.scanned) = (true, skipped, skipped, skipped);
        }
        if let Some(frame) = self.single_line(bytes, start) {
            return Some(frame);
        }
        loop {
            if self.after_cr && self.line < bytes.len() {
                self.after_cr = false;
                if bytes[self.line] == b'\n' {
                    (self.line, self.scanned) = (self.line + 1, self.line + 1);
                    self.end_of_line.get_or_insert("\r\n");
                }
                self.end_of_line.get_or_insert("\r");
            }
            let Some(found) = memchr2(b'\n', b'\r', &bytes[self.scanned..]) else {
                self.scanned = bytes.len();
                return if ends && *start < bytes.len() { Some(self.last(bytes, start)) } else { None };
            };
            let (line, end) = (self.line..self.scanned + found, self.scanned + found);
            let (next, style) = match bytes[end..] {
                [b'\r', b'\n', ..] => (end + 2, "\r\n"),
                // An event must not leave without the LF that ends it.
                [b'\r'] if !ends && line.is_empty() && self.end_of_line != Some("\r") => return None,
                [b'\r'] if !ends => {
                    self.after_cr = true;
                    (end + 1, "")
                }
                [b'\r', ..] => (end + 1, "\r"),
                _ => (end + 1, "\n"),
            };
            if !style.is_empty() {
                self.end_of_line.get_or_insert(style);
            }
            (self.line, self.scanned) = (next, next);
            if line.is_empty() {
                return Some(self.event(bytes, start));
            }
            self.field(bytes, line);
        }
    }

    /// Most events are one line of data: such a one, if it is whole, and nothing of it has been read.
    fn single_line<'a>(&mut self, bytes: &'a [u8], start: &mut usize) -> Option<Frame<'a>> {
        const FIELD: &[u8] = b"data: ";
        if self.scanned != *start || self.end_of_line != Some("\n") || self.after_cr {
            return None;
        }
        let event = &bytes[*start..];
        let end = FIELD.len() + memchr2(b'\n', b'\r', event.strip_prefix(FIELD)?)?;
        if !event[end..].starts_with(b"\n\n") {
            return None;
        }
        (self.line, self.scanned) = (*start + end + 2, *start + end + 2);
        let payload = Payload::Whole(FIELD.len()..end);
        Some(Frame { payload, ..self.leave(bytes, start, Style::Sse("\n")) })
    }

    fn field(&mut self, bytes: &[u8], line: Range<usize>) {
        let text = &bytes[line.clone()];
        let colon = text.iter().position(|byte| *byte == b':').unwrap_or(text.len());
        let mut value = line.start + (colon + 1).min(text.len());
        value += usize::from(bytes[..line.end].get(value) == Some(&b' '));
        match &text[..colon] {
            b"data" => self.data.push(value..line.end),
            b"event" => {
                self.name = Some(value..line.end);
                self.notes.push(line);
            }
            _ => self.notes.push(line),
        }
    }

    /// The last event, whose end is missing: clients would lose it.
    fn last<'a>(&mut self, bytes: &'a [u8], start: &mut usize) -> Frame<'a> {
        let line = self.line..bytes.len();
        (self.line, self.scanned) = (bytes.len(), bytes.len());
        let is_cut = !line.is_empty();
        if is_cut {
            self.field(bytes, line);
        }
        let has_data = !self.data.is_empty();
        let mut frame = self.event(bytes, start);
        if has_data {
            let Style::Sse(end) = frame.style else { unreachable!("it is an event of this framing") };
            for _ in 0..1 + usize::from(is_cut) {
                frame.raw.to_mut().extend_from_slice(end.as_bytes());
            }
        }
        frame
    }

    fn event<'a>(&mut self, bytes: &'a [u8], start: &mut usize) -> Frame<'a> {
        let base = *start;
        let own = |range: Range<usize>| range.start - base..range.end - base;
        let name = self.name.take().map(|name| String::from_utf8_lossy(&bytes[name]));
        let notes = self.notes.drain(..).map(own).collect();
        let payload = match self.data.len() {
            0 => Payload::Nothing,
            1 => Payload::Whole(own(self.data[0].clone())),
            _ => Payload::Lines(self.data.iter().cloned().map(own).collect()),
        };
        self.data.clear();
        let style = Style::Sse(self.end_of_line.unwrap_or("\n"));
        Frame { name, payload, notes, ..self.leave(bytes, start, style) }
    }

    fn leave<'a>(&mut self, bytes: &'a [u8], start: &mut usize, style: Style) -> Frame<'a> {
        Frame::new(&bytes[std::mem::replace(start, self.line)..self.line], style)
    }
}
