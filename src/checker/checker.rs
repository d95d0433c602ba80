//! The public face of a channel: text or offsets out.

use std::ops::Range;
use std::sync::Arc;

use super::Session;
use super::channel::{Channel, State};
use super::finding::Finding;
use crate::policy::Audience;

/// Checks one text channel of a response.
///
/// Text goes in in any pieces; what is safe comes out as soon as no continuation could make it a leak. What is held when a checker is
/// dropped without [`finish`](Self::finish) is gone: text that nobody judged does not leave.
///
/// ```
/// # use tightlip::{Identifier, IndexBuilder, Kind, Policy, Reader, Session, Verdict};
/// # let mut builder = IndexBuilder::new();
/// # builder.add(Identifier { owner: "C-1001", kind: Kind::Email, text: "ann@example.com" })?;
/// # let index = builder.finish_in_memory()?;
/// let session = Session::new(&index, &Policy::standard(), Reader::customer("C-2002"));
/// let mut checker = session.checker();
/// let mut out = String::new();
/// for token in ["It is ", "ann", "@exa", "mple.com", "."] {
///     if checker.push(token, &mut out) == Verdict::Stop {
///         break;
///     }
/// }
/// assert_eq!(checker.held(), 16, "it may still become ann@example.com.au");
/// let _ = checker.finish(&mut out);
/// assert_eq!(out, "It is [EMAIL].");
/// # Ok::<(), tightlip::Error>(())
/// ```
pub struct Checker {
    session: Session,
    channel: Channel,
}

/// Whether a response goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a stopped response must end"]
pub enum Verdict {
    /// More text may follow.
    Continue,
    /// The response has ended: nothing more leaves, whatever is pushed.
    Stop,
}

/// What one step decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advance<'a> {
    /// Everything before this byte of the channel's text is decided: it may leave, with the edits made.
    pub decided: u64,
    /// What is to be replaced between the last step's `decided` and this one's, in order and apart.
    pub edits: &'a [Edit],
    /// Whether the response goes on.
    pub verdict: Verdict,
}

/// A span of the channel's text that does not leave, and what stands in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Bytes of the channel's original text.
    pub span: Range<u64>,
    /// What stands in its place.
    pub replacement: String,
}

impl Checker {
    pub(super) fn new(session: Session, name: Arc<str>, audience: Audience) -> Self {
        let channel = Channel::new(&session.inner, name, audience);
        Self { session, channel }
    }

    /// Takes text and appends what is safe now to `out`. Allocates nothing on text without findings, once its buffers have grown.
    ///
    /// When the policy stops the response, [`Verdict::Stop`] is returned, now and ever after, by every channel of the session; the one
    /// whose text it was appends the stop message, once.
    pub fn push(&mut self, text: &str, out: &mut String) -> Verdict {
        if self.channel.pass(&self.session.inner, text, Some(out)) {
            return Verdict::Continue;
        }
        self.write(text, out, false)
    }

    /// The text ends: decides and appends the rest, and the policy's notice if something of the text was replaced; of several texts the first says it.
    pub fn finish(&mut self, out: &mut String) -> Verdict {
        self.write("", out, true)
    }

    fn write(&mut self, text: &str, out: &mut String, ends: bool) -> Verdict {
        if self.channel.state == State::Open {
            self.channel.decide(&self.session.inner, text, ends);
            self.channel.release(text, Some(out));
            if self.channel.stopped_itself() {
                out.push_str(self.session.inner.policy.stop_message());
            } else if ends {
                self.give_notice(out);
            }
        }
        self.verdict()
    }

    /// Says once, behind the first text that ends of those from which something was withheld, that it was, if the policy wants that.
    fn give_notice(&self, out: &mut String) {
        let notice = self.session.inner.policy.notice();
        if !notice.is_empty()
            && self.channel.has_replaced
            && !std::mem::replace(&mut self.session.inner.shared().noticed, true)
        {
            out.push_str("\n\n");
            out.push_str(notice);
        }
    }

    /// Takes text and says how far the channel is decided and what is to be replaced up to there. The caller keeps the text.
    ///
    /// ```
    /// # use tightlip::{Identifier, IndexBuilder, Kind, Policy, Reader, Session};
    /// # let mut builder = IndexBuilder::new();
    /// # builder.add(Identifier { owner: "C-1001", kind: Kind::Email, text: "ann@example.com" })?;
    /// # let index = builder.finish_in_memory()?;
    /// let mut checker = Session::new(&index, &Policy::standard(), Reader::stranger()).checker();
    /// assert_eq!(checker.advance("Ask ann@ex").decided, 4);
    /// let advance = checker.advance("ample.com today");
    /// assert_eq!((advance.decided, advance.edits[0].span.clone()), (25, 4..19));
    /// # Ok::<(), tightlip::Error>(())
    /// ```
    pub fn advance(&mut self, text: &str) -> Advance<'_> {
        self.step(text, false)
    }

    /// The text ends: decides the rest. It is to [`advance`](Self::advance) what [`finish`](Self::finish) is to [`push`](Self::push).
    pub fn advance_to_end(&mut self) -> Advance<'_> {
        self.step("", true)
    }

    /// Takes a text that is there whole: what of it is to be replaced, up to where it is decided, and whether the response goes on. One that was read
    /// before, and in which nothing was found, is not read again.
    pub(crate) fn whole(mut self, text: &str) -> (Vec<Edit>, u64, Verdict, Vec<Finding>) {
        let inner = Arc::clone(&self.session.inner);
        let mark = self.channel.mark(&inner, text);
        if mark.is_some_and(|mark| self.channel.pass_whole(&inner, text, mark)) {
            return (Vec::new(), text.len() as u64, Verdict::Continue, Vec::new());
        }
        let mut edits = self.advance(text).edits.to_vec();
        let end = self.advance_to_end();
        edits.extend_from_slice(end.edits);
        let (decided, verdict) = (end.decided, end.verdict);
        if let Some(mark) = mark.filter(|_| self.channel.is_plain && verdict == Verdict::Continue) {
            inner.plan.plain.add(mark, self.channel.left);
        }
        (edits, decided, verdict, self.take_findings())
    }

    fn step(&mut self, text: &str, ends: bool) -> Advance<'_> {
        self.channel.edits.clear();
        let passed = !ends && self.channel.pass(&self.session.inner, text, None);
        if !passed && self.channel.state == State::Open {
            self.channel.decide(&self.session.inner, text, ends);
            self.channel.release(text, None);
        }
        Advance { decided: self.channel.decided, edits: &self.channel.edits, verdict: self.verdict() }
    }

    /// The findings so far, in the order in which they end. More than 1,000 are only counted.
    pub fn findings(&self) -> &[Finding] {
        &self.channel.findings
    }

    /// Takes the findings out.
    pub fn take_findings(&mut self) -> Vec<Finding> {
        std::mem::take(&mut self.channel.findings)
    }

    /// How many findings there were, also those not kept.
    pub fn found(&self) -> u64 {
        self.channel.found
    }

    /// Bytes not yet released.
    pub fn held(&self) -> usize {
        self.channel.hold.len()
    }

    fn verdict(&self) -> Verdict {
        if self.channel.state == State::Stopped { Verdict::Stop } else { Verdict::Continue }
    }
}

impl Drop for Checker {
    fn drop(&mut self) {
        self.channel.end(&self.session.inner);
    }
}

/// Held text and findings' places in it are customer text.
impl std::fmt::Debug for Checker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Checker")
            .field("channel", &self.channel.name)
            .field("hold", &self.channel.hold)
            .field("found", &self.channel.found)
            .field("state", &self.channel.state)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Identifier, Index, IndexBuilder, Kind, Policy, Reader};

    fn index() -> Index {
        let mut builder = IndexBuilder::new();
        for (kind, text) in [
            (Kind::Email, "ann@example.com"),
            (Kind::Name, "Annabel Grantham"),
            (Kind::DateOfBirth, "1986-10-17"),
            (Kind::Phone, "+1 415 555 0104"),
        ] {
            builder.add(Identifier { owner: "C-1", kind, text }).unwrap();
        }
        builder.finish_in_memory().unwrap()
    }

    /// What a text says behind another one of the response.
    fn judged(index: &Index, policy: &Policy, reader: &Reader, before: &str, text: &str) -> String {
        let session = Session::new(index, policy, reader.clone());
        let mut first = session.checker();
        let _ = first.push(before, &mut String::new());
        let _ = first.finish(&mut String::new());
        let (edits, decided, verdict, findings) = session.channel("whole").whole(text);
        let kinds = findings.iter().map(|finding| format!("{:?} {:?}", finding.kind, finding.span));
        format!("{edits:?} {decided} {verdict:?} {:?}", kinds.collect::<Vec<_>>())
    }

    #[test]
    fn a_whole_text_that_was_read_before_is_judged_as_the_first_time() {
        let kept = index();
        let texts = [
            "",
            "model-1",
            "ann@example.com",
            "Annabel Grantam",
            "1986-10-17",
            "ann@exam",
            "415 555",
            "long ",
        ];
        for policy in [Policy::standard(), Policy::strict(), Policy::observe()] {
            for reader in [Reader::stranger(), Reader::customer("C-1")] {
                for before in ["", "Born on 17 October 1986.", "Write to ann@example.com."] {
                    for text in texts {
                        let first = judged(&index(), &policy, &reader, before, text);
                        for _ in 0..2 {
                            assert_eq!(
                                judged(&kept, &policy, &reader, before, text),
                                first,
                                "{before} {text}"
                            );
                        }
                    }
                }
            }
        }
        let session = Session::new(&kept, &Policy::standard(), Reader::stranger());
        let known = |text: &str| {
            let mark = session.channel("whole").channel.mark(&session.inner, text);
            mark.and_then(|mark| session.inner.plan.plain.known(mark))
        };
        for (text, begun) in [
            ("model-1", Some(0)),
            ("long ", Some(0)),
            ("ann@example.com", None),
            ("ann@exam", Some(8)),
            ("1986-10-17", None),
        ] {
            // Another one may have taken its place.
            let _ = session.channel("whole").whole(text);
            assert_eq!(known(text), begun, "{text}");
        }
    }

    /// What is plain by itself is read again where the turn before has begun a value, and what is plain in one response is not in a conversation.
    #[test]
    fn a_whole_text_that_was_read_before_is_read_again_between_turns() {
        let index = index();
        let alone = Policy::from_toml("[together]\nacross = 'response'").unwrap();
        for text in ["mple.com", "Or ann@exa"] {
            for _ in 0..2 {
                let session = Session::new(&index, &alone, Reader::stranger());
                assert!(session.channel("whole").whole(text).0.is_empty());
            }
        }
        let turn = || Session::new(&index, &Policy::standard(), Reader::stranger());
        assert!(turn().channel("whole").whole("mple.com").0.is_empty());
        for _ in 0..2 {
            let (first, second) = (turn(), turn());
            assert!(first.channel("whole").whole("Or ann@exa").0.is_empty());
            second.resume(&first.state());
            // Also if what it goes on with was not read again.
            assert_eq!(second.channel("whole").whole("mple.com").0.len(), 1);
        }
    }
}
