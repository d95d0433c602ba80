//! Text seen but not yet released.

use std::borrow::Cow;
use std::ops::Range;

use super::Edit;

/// Text seen but not yet released.
///
/// Invariant: `released <= seen`. Bytes before `released` have left and cannot be called back; bytes after it have left
/// nowhere, whatever happens next: they are only ever dropped or taken by [`Hold::release`].
#[derive(Default)]
pub(super) struct Hold {
    text: String,
    /// The first bytes of `text` that were released already, until they are worth moving.
    gone: usize,
    released: u64,
}

impl Hold {
    pub(super) fn seen(&self) -> u64 {
        self.released + self.len() as u64
    }

    pub(super) fn len(&self) -> usize {
        self.text.len() - self.gone
    }

    /// The bytes of a span that has not left, `new` being what follows the held text.
    pub(super) fn text<'a>(&'a self, new: &'a str, span: Range<u64>) -> Cow<'a, str> {
        match self.parts(new, span) {
            (held, "") => held.into(),
            ("", new) => new.into(),
            (held, new) => [held, new].concat().into(),
        }
    }

    /// Everything before `end` leaves as it is; the rest of the held text and of `new` stays.
    #[inline(always)]
    pub(super) fn pass(&mut self, new: &str, end: u64, out: Option<&mut String>) {
        let (held, gone) = (self.len(), (end - self.released) as usize);
        if gone < held {
            return self.release(new, end, &[], out);
        }
        // Most text is decided as it comes.
        let (safe, rest) = new.split_at(gone - held);
        if let Some(out) = out {
            if held > 0 {
                out.push_str(&self.text[self.gone..]);
            }
            out.push_str(safe);
        }
        self.text.clear();
        if !rest.is_empty() {
            self.text.push_str(rest);
        }
        (self.gone, self.released) = (0, end);
    }

    /// Everything before `end` leaves, with the edits made; the rest of the held text and of `new` stays.
    #[inline(never)]
    pub(super) fn release(&mut self, new: &str, end: u64, edits: &[Edit], out: Option<&mut String>) {
        debug_assert!(self.released <= end && end <= self.seen() + new.len() as u64);
        let (held, gone) = (self.len(), (end - self.released) as usize);
        if let Some(out) = out {
            let mut at = self.released;
            for edit in edits {
                self.append(new, at..edit.span.start, out);
                out.push_str(&edit.replacement);
                at = edit.span.end;
            }
            self.append(new, at..end, out);
        }
        if gone >= held {
            self.text.clear();
            self.gone = 0;
            self.text.push_str(&new[gone - held..]);
        } else {
            self.gone += gone;
            self.text.push_str(new);
            if self.gone > 4096 && self.gone > self.text.len() / 2 {
                self.text.drain(..self.gone);
                self.gone = 0;
            }
        }
        self.released = end;
    }

    /// Nothing of what is held will ever leave.
    pub(super) fn discard(&mut self) {
        self.text.clear();
        self.gone = 0;
    }

    fn append(&self, new: &str, span: Range<u64>, out: &mut String) {
        let (held, new) = self.parts(new, span);
        out.push_str(held);
        out.push_str(new);
    }

    /// What of a span is held, and what of it is new.
    fn parts<'a>(&'a self, new: &'a str, span: Range<u64>) -> (&'a str, &'a str) {
        let (start, end, held) =
            ((span.start - self.released) as usize, (span.end - self.released) as usize, self.len());
        let in_held = &self.text[self.gone + start.min(held)..self.gone + end.min(held)];
        (in_held, &new[start.max(held) - held..end.max(held) - held])
    }
}

/// Held text is customer text.
impl std::fmt::Debug for Hold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hold").field("released", &self.released).field("held", &self.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_released_is_not_kept() {
        let (mut hold, mut out) = (Hold::default(), String::new());
        for n in 0..10_000_u64 {
            assert_eq!(hold.text("abc", 3 * n..3 * n + 3), "abc");
            hold.release("abc", 3 * n + 2, &[], Some(&mut out));
            assert_eq!((hold.seen(), hold.len()), (3 * n + 3, 1));
            hold.release("", 3 * n + 3, &[], Some(&mut out));
        }
        assert_eq!((out, hold.text.len()), ("abc".repeat(10_000), 0));
    }

    #[test]
    fn edits_may_lie_in_held_and_in_new_text() {
        let edit = |span, replacement: &str| Edit { span, replacement: replacement.into() };
        let (mut hold, mut out) = (Hold::default(), String::new());
        hold.release("0123456789", 0, &[], Some(&mut out));
        assert_eq!((out.as_str(), &*hold.text("abcdef", 8..12)), ("", "89ab"));
        let edits = [edit(1..3, "x"), edit(8..12, "y"), edit(13..14, "")];
        hold.release("abcdef", 15, &edits, Some(&mut out));
        assert_eq!((out.as_str(), hold.len()), ("0x34567yce", 1));
    }

    #[test]
    fn a_long_hold_is_moved_now_and_then() {
        let mut hold = Hold::default();
        for n in 0..100_000_u64 {
            hold.release("abc", (3 * n).saturating_sub(50), &[], None);
            assert!(hold.text.len() <= 2 * 4096 + 100);
        }
    }
}
