//! Text seen but not yet released.

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
    pub(super) fn append(&mut self, text: &str) {
        if self.gone == self.text.len() {
            self.text.clear();
            self.gone = 0;
        }
        self.text.push_str(text);
    }

    /// The offset up to which text has left.
    pub(super) fn released(&self) -> u64 {
        self.released
    }

    pub(super) fn seen(&self) -> u64 {
        self.released + self.len() as u64
    }

    pub(super) fn len(&self) -> usize {
        self.text.len() - self.gone
    }

    /// The text between two offsets that have not left.
    pub(super) fn text(&self, start: u64, end: u64) -> &str {
        debug_assert!(self.released <= start && start <= end && end <= self.seen());
        &self.text[self.place(start)..self.place(end)]
    }

    /// Text before `end` has left.
    pub(super) fn release(&mut self, end: u64) {
        debug_assert!(self.released <= end && end <= self.seen());
        self.gone = self.place(end);
        self.released = end;
        if self.gone > 4096 && self.gone > self.text.len() / 2 {
            self.text.drain(..self.gone);
            self.gone = 0;
        }
    }

    /// Nothing of what is held will ever leave.
    pub(super) fn discard(&mut self) {
        self.text.clear();
        self.gone = 0;
    }

    fn place(&self, offset: u64) -> usize {
        self.gone + (offset - self.released) as usize
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
        let mut hold = Hold::default();
        for n in 0..10_000_u64 {
            hold.append("abc");
            assert_eq!(hold.text(3 * n, 3 * n + 3), "abc");
            hold.release(3 * n + 2);
            assert_eq!((hold.released(), hold.seen(), hold.len()), (3 * n + 2, 3 * n + 3, 1));
            hold.release(3 * n + 3);
            assert!(hold.text.len() <= 2 * 4096 + 3);
        }
    }
}
