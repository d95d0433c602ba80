//! Words with which a key begins, until what stands behind them says that no key goes on so.
//!
//! Ordinary text is full of them: `will`, `may`, `in`, `one`. A walk over each of them would cost a hundred times what a word costs. So such a word is passed
//! like any other, and kept, while what stands behind it is not known: a gap, and the first three letters of the next word. As soon as something else comes
//! than [`Followers`](crate::index::Follower) know of no key, the scanner reads the word, and what stands behind it, as if it had not been passed.

use super::fast::LONGEST_TOKEN;
use super::lane::{Origin, Word};
use super::waits::{Ends, Told, Waits};
use super::{Counts, Scanner};
use crate::scan::plan::{BARS, DIGIT, LETTER, OPAQUE, OPENS};

/// A word that waits.
pub(super) struct Candidate {
    word: Word,
    /// Where it begins.
    pub(super) origin: Origin,
    pub(super) waits: Waits,
    /// The bytes behind it, the first one lowest.
    behind: u64,
    length: u8,
}

impl Candidate {
    pub(super) fn new(word: Word, origin: Origin, waits: Waits) -> Self {
        Self { word, origin, waits, behind: 0, length: 0 }
    }

    pub(super) fn word(&self) -> &Word {
        &self.word
    }

    /// Keeps bytes that stand behind it; there is room for as many as are needed to tell.
    #[inline]
    pub(super) fn keep(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.behind |= u64::from(*byte) << (8 * self.length);
            self.length += 1;
        }
    }

    /// How many bytes the word has, and what stands behind it.
    pub(super) fn length(&self) -> u64 {
        self.word.length() + u64::from(self.length)
    }

    /// These bytes.
    pub(super) fn bytes(&self) -> impl Iterator<Item = u8> + use<> {
        let behind = self.behind.to_le_bytes().into_iter().take(usize::from(self.length));
        self.word.bytes().chain(behind)
    }
}

impl Scanner {
    /// The fast lane for tokens in which words end with which a value may begin, or behind such a word. Takes them all, or does nothing and returns
    /// `None`.
    #[inline(never)]
    pub(super) fn pass_waiting(&mut self, text: &[u8], counts: &Counts) -> Option<Option<u64>> {
        let lane = &self.lane;
        if !lane.is_open || text.is_empty() || text.len() > LONGEST_TOKEN || !self.plan.waits {
            return None;
        }
        let (plan, openings) = (&*self.plan, self.plan.openings());
        let mut word = lane.word;
        // The word that waits, and what it waits for.
        let (mut waiting, mut waits) = match &lane.candidate {
            Some(candidate) => (*candidate.word(), Some(candidate.waits)),
            None => (Word::NONE, None),
        };
        // Where the last word begins in this text, and the one that waits, and what stands behind that.
        let (mut from, mut waiting_from, mut behind) = (None, None, None);
        for (at, byte) in text.iter().enumerate() {
            let class = plan.class(*byte);
            if class & (OPAQUE | OPENS | DIGIT) != 0 {
                return None;
            }
            if let Some(more) = &mut waits {
                match more.then(plan, &waiting.folded(), *byte) {
                    Told::Looks => return None,
                    Told::Plain => waits = None,
                    Told::Waits => {}
                }
            }
            if class & LETTER != 0 {
                if !word.is_open() {
                    (word, from) = (Word::NONE, Some(at));
                    word.is_barred = match at.checked_sub(1) {
                        Some(before) => plan.class(text[before]) & BARS != 0,
                        None => self.before.may_bar(),
                    };
                }
                word.push(*byte);
                if word.is_just_cut() && openings.word(&word.folded()) & plan.words != 0 {
                    return None;
                }
                continue;
            }
            if word.is_open() && !word.is_cut() {
                match plan.ends(&word.folded(), word.is_upper(), *byte) {
                    Ends::Plain => {}
                    Ends::Waits(more) if !word.is_barred && (from.is_some() || lane.origin.is_some()) => {
                        (waiting, waits) = (word, Some(more));
                        (waiting_from, behind) = (from, Some(at));
                    }
                    _ => return None,
                }
            }
            word = Word::NONE;
        }
        let otherwise = lane.otherwise.then(text);
        if otherwise.is_undecided(plan.readings) {
            return None;
        }
        let seen = self.seen + text.len() as u64;
        let (mut oldest, mut may_begin) = (None, false);
        if word.is_open() && !word.is_cut() {
            let (folded, start) = (word.folded(), seen - word.length());
            let kinds = openings.prefix(&folded) & plan.words;
            may_begin = kinds != 0 || plan.may_announce(&folded);
            let counted = if word.is_free { 0 } else { kinds & counts.from(start) };
            if counted != 0 {
                word.is_free = !folded.is_short() && plan.none_begins(&folded, counted) == counted;
                if word.is_barred && !word.is_free {
                    return None;
                }
                oldest = (!word.is_free).then_some(start);
            }
            if !may_begin {
                word = Word::DEAD;
            }
        }
        if let Some(waits) = &waits {
            let before = lane.candidate.as_ref().filter(|_| behind.is_none()).map_or(0, Candidate::length);
            let behind = text.len() - behind.unwrap_or(0);
            let length = behind as u64 + if before > 0 { before } else { waiting.length() };
            let unheld = waits.unheld(plan, &waiting.folded(), counts, seen - length)?;
            if unheld < length {
                oldest = Some(seen - length + unheld);
            }
        }
        if plan.slip_first() != 0 {
            oldest = self.pass_slips(text, counts, oldest)?;
        }
        match waits {
            None if self.lane.candidate.is_none() => {}
            None => self.lane.candidate = None,
            Some(waits) => self.wait(text, waits, (waiting, waiting_from), behind),
        }
        if may_begin && let Some(from) = from {
            self.lane.origin = Some(Origin::new(self.before, self.lane.otherwise, &text[..from]));
        }
        self.pass_lane(text, counts, word, otherwise, oldest)
    }

    /// Keeps a word that waits, which begins in this text or before it, and what stands behind it.
    #[inline(never)]
    fn wait(
        &mut self,
        text: &[u8],
        waits: Waits,
        (word, from): (Word, Option<usize>),
        behind: Option<usize>,
    ) {
        if let Some(behind) = behind {
            let origin = from
                .map(|from| Origin::new(self.before, self.lane.otherwise, &text[..from]))
                .or(self.lane.origin);
            self.lane.candidate = origin.map(|origin| Candidate::new(word, origin, waits));
            self.lane.candidate.iter_mut().for_each(|candidate| candidate.keep(&text[behind..]));
        } else if let Some(candidate) = &mut self.lane.candidate {
            candidate.waits = waits;
            candidate.keep(text);
        }
    }
}
