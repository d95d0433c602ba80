//! A checker around an asynchronous stream. Needs no runtime of its own.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::checker::{Checker, Verdict};

/// Wraps a stream of text pieces: yields what is safe of them as soon as it is, and the rest at the end.
///
/// Pieces of which nothing is safe yet yield nothing. When the policy stops the response, the stop message is the last item and the
/// inner stream is dropped. An error of the inner stream is passed on after text that was already safe; text held at that moment is
/// discarded, and the stream ends.
///
/// ```
/// use futures_util::{StreamExt, stream};
/// # use tightlip::{Identifier, IndexBuilder, Kind, Policy, Reader, Session};
/// # let mut builder = IndexBuilder::new();
/// # builder.add(Identifier { owner: "C-1001", kind: Kind::Email, text: "ann@example.com" })?;
/// # let index = builder.finish_in_memory()?;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let session = Session::new(&index, &Policy::standard(), Reader::stranger());
/// let tokens = stream::iter(["Ask ann", "@example", ".com", " today"].map(Ok::<_, std::io::Error>));
/// let safe = tightlip::stream::guarded(tokens, session.checker());
/// let safe: Vec<String> = safe.map(Result::unwrap).collect().await;
/// assert_eq!(safe, ["Ask ", "[EMAIL] today"]);
/// # });
/// # Ok::<(), tightlip::Error>(())
/// ```
pub fn guarded<S, T, E>(stream: S, checker: Checker) -> Guarded<S>
where
    S: Stream<Item = Result<T, E>>,
    T: AsRef<str>,
{
    Guarded { stream: Some(Box::pin(stream)), checker }
}

/// The stream of [`guarded`].
#[must_use = "streams do nothing unless polled"]
pub struct Guarded<S> {
    /// `None` once it has ended, failed or been stopped.
    stream: Option<Pin<Box<S>>>,
    checker: Checker,
}

impl<S> Guarded<S> {
    /// The checker, for its findings.
    pub fn checker(&self) -> &Checker {
        &self.checker
    }
}

impl<S> std::fmt::Debug for Guarded<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guarded").field("checker", &self.checker).finish_non_exhaustive()
    }
}

impl<S, T, E> Stream for Guarded<S>
where
    S: Stream<Item = Result<T, E>>,
    T: AsRef<str>,
{
    type Item = Result<String, E>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let mut out = String::new();
        while let Some(stream) = &mut this.stream {
            match std::task::ready!(stream.as_mut().poll_next(cx)) {
                Some(Ok(text)) => {
                    if this.checker.push(text.as_ref(), &mut out) == Verdict::Stop {
                        this.stream = None;
                    }
                }
                Some(Err(error)) => {
                    this.stream = None;
                    return Poll::Ready(Some(Err(error)));
                }
                None => {
                    this.stream = None;
                    let _ = this.checker.finish(&mut out);
                }
            }
            if !out.is_empty() {
                return Poll::Ready(Some(Ok(out)));
            }
        }
        Poll::Ready(None)
    }
}
