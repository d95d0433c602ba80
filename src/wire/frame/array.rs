//! A JSON array whose elements are events.

use super::{Frame, Payload, Style};
use crate::wire::guard::Fault;

/// Where the scan for the end of an element stands; offsets are of the framer's bytes.
#[derive(Default)]
pub(super) struct Array {
    scanned: usize,
    place: Place,
    /// How many arrays and objects of the element are open.
    depth: usize,
    element: usize,
    in_string: bool,
    escaped: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Before,
    /// Between elements, or before the first.
    Between,
    Within,
    Behind,
}

impl Array {
    pub(super) fn shift(&mut self, by: usize) {
        self.scanned -= by;
        self.element = self.element.saturating_sub(by);
    }

    pub(super) fn next<'a>(
        &mut self,
        bytes: &'a [u8],
        start: &mut usize,
        ends: bool,
    ) -> Result<Option<Frame<'a>>, Fault> {
        while let Some(byte) = bytes.get(self.scanned).copied() {
            self.scanned += 1;
            match (self.place, byte) {
                (Place::Within, byte) => {
                    self.step(byte);
                    if self.depth == 0 {
                        self.place = Place::Between;
                        let base = std::mem::replace(start, self.scanned);
                        let mut frame = Frame::new(&bytes[base..self.scanned], Style::Element);
                        frame.payload = Payload::Whole(self.element - base..self.scanned - base);
                        return Ok(Some(frame));
                    }
                }
                (_, b' ' | b'\t' | b'\r' | b'\n') => {}
                (Place::Before, b'[') => self.place = Place::Between,
                (Place::Between, b',') => {}
                (Place::Between, b'{') => {
                    (self.place, self.element, self.depth) = (Place::Within, self.scanned - 1, 1)
                }
                (Place::Between, b']') => self.place = Place::Behind,
                _ => return Err(Fault::Malformed),
            }
        }
        if (ends || self.place == Place::Behind) && self.place != Place::Within && *start < bytes.len() {
            let base = std::mem::replace(start, bytes.len());
            return Ok(Some(Frame::new(&bytes[base..], Style::Element)));
        }
        if ends && self.place == Place::Within { Err(Fault::Malformed) } else { Ok(None) }
    }

    fn step(&mut self, byte: u8) {
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' if self.in_string => self.escaped = true,
            b'"' => self.in_string = !self.in_string,
            b'{' | b'[' if !self.in_string => self.depth += 1,
            b'}' | b']' if !self.in_string => self.depth -= 1,
            _ => {}
        }
    }
}
