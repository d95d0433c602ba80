//! Where sentences end: as far as text may leave under `look_ahead = "sentence"`.

/// The ends of sentences of which not everything has left.
#[derive(Default)]
pub(super) struct Sentences {
    ends: Vec<u64>,
    /// The last character could be the end of one, if white space follows.
    may_end: bool,
}

impl Sentences {
    /// Reads text that begins at byte `at`.
    pub(super) fn read(&mut self, text: &str, at: u64) {
        for (place, c) in text.char_indices() {
            let (start, end) = (at + place as u64, at + (place + c.len_utf8()) as u64);
            match c {
                '\n' | '。' | '！' | '？' => self.ends.push(end),
                c if c.is_whitespace() && self.may_end => self.ends.push(start),
                _ => {}
            }
            let closes = matches!(c, '"' | '\'' | ')' | ']' | '*' | '_' | '”' | '’' | '»');
            self.may_end = matches!(c, '.' | '!' | '?' | '…') || self.may_end && closes;
        }
    }

    /// The last end at or before a byte; 0 if everything before it that had one has left.
    pub(super) fn before(&self, at: u64) -> u64 {
        self.ends[..self.ends.partition_point(|end| *end <= at)].last().copied().unwrap_or(0)
    }

    /// Text before `decided` has left.
    pub(super) fn forget(&mut self, decided: u64) {
        self.ends.drain(..self.ends.partition_point(|end| *end <= decided));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_where_they_end_however_they_are_cut() {
        let text = "One. (Two!) Three 3.5 \"four?\" five\nsix。seven... eight";
        let mut whole = Sentences::default();
        whole.read(text, 0);
        let mut pieces = Sentences::default();
        text.char_indices().for_each(|(at, c)| pieces.read(c.encode_utf8(&mut [0; 4]), at as u64));
        assert_eq!(whole.ends, pieces.ends);
        let (mut sentences, mut begin) = (Vec::new(), 0);
        for end in whole.ends.iter().map(|end| *end as usize).chain([text.len()]) {
            sentences.push(text[begin..end].trim());
            begin = end;
        }
        assert_eq!(
            sentences,
            ["One.", "(Two!)", "Three 3.5 \"four?\"", "five", "six。", "seven...", "eight"]
        );
        assert_eq!((whole.before(3), whole.before(4), whole.before(10)), (0, 4, 4));
        whole.forget(4);
        assert_eq!(whole.before(10), 0);
    }
}
