//! The body of a guarded response.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};

use super::BoxError;
use super::judge::Judge;
use super::watch::Ending;
use crate::wire::{Fault, Progress};

/// A body as it comes.
pub(super) type Inner = Pin<Box<dyn Body<Data = Bytes, Error = BoxError> + Send>>;

/// The body of a guarded response: what is safe of it, as soon as it is.
///
/// Reads on only when what was safe has been taken. When the body that it guards fails, what was not decided is discarded and the error
/// passed on; when the policy stops the response, that body is dropped and the provider's own ending sent. Trailers come last.
pub struct GuardedBody {
    /// What may leave.
    out: Vec<u8>,
    then: Then,
}

/// What comes after what may leave.
enum Then {
    More(Inner, Box<Judge>),
    Trailers(HeaderMap),
    Error(Fault),
    Nothing,
}

impl GuardedBody {
    /// A body that is judged while it streams.
    pub(super) fn streamed(inner: Inner, judge: Judge) -> Self {
        Self { out: Vec::new(), then: Then::More(inner, Box::new(judge)) }
    }

    /// A body that has been judged.
    pub(super) fn whole(bytes: Vec<u8>, trailers: Option<HeaderMap>) -> Self {
        Self { out: bytes, then: trailers.map_or(Then::Nothing, Then::Trailers) }
    }

    /// No body.
    pub(super) fn empty() -> Self {
        Self::whole(Vec::new(), None)
    }

    /// Judges what came of the guarded body; `None` is its end.
    fn take(&mut self, came: Option<Frame<Bytes>>) {
        let Then::More(_, judge) = &mut self.then else { return };
        let (progress, end) = match came.map(Frame::into_data) {
            Some(Ok(bytes)) => {
                // Most of what comes leaves as it is.
                self.out.reserve(bytes.len());
                (judge.push(&bytes, &mut self.out), None)
            }
            Some(Err(frame)) => match frame.into_trailers() {
                Ok(trailers) => (judge.finish(&mut self.out), Some(Then::Trailers(judge.trailers(trailers)))),
                Err(_) => return,
            },
            None => (judge.finish(&mut self.out), Some(Then::Nothing)),
        };
        let (ending, then) = match (progress, end) {
            (Progress::Continue, None) => return,
            (Progress::Continue, Some(then)) => (Ending::Finished, then),
            (Progress::Stopped, _) => (Ending::Stopped, Then::Nothing),
            (Progress::Broken(fault), _) => (Ending::Broken(fault), Then::Error(fault)),
        };
        judge.end(ending);
        self.then = then; // drops the guarded body, which cancels it
    }
}

impl Body for GuardedBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        loop {
            if !this.out.is_empty() {
                let bytes = std::mem::take(&mut this.out);
                return Poll::Ready(Some(Ok(Frame::data(bytes.into()))));
            }
            match &mut this.then {
                Then::More(inner, judge) => match ready!(inner.as_mut().poll_frame(cx)) {
                    Some(Err(error)) => {
                        judge.end(Ending::UpstreamFailed);
                        this.then = Then::Nothing;
                        return Poll::Ready(Some(Err(error)));
                    }
                    Some(Ok(frame)) => this.take(Some(frame)),
                    None => this.take(None),
                },
                _ => {
                    return Poll::Ready(match std::mem::replace(&mut this.then, Then::Nothing) {
                        Then::Trailers(trailers) => Some(Ok(Frame::trailers(trailers))),
                        Then::Error(fault) => Some(Err(Box::new(Cut(fault)))),
                        _ => None,
                    });
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.out.is_empty() && matches!(self.then, Then::Nothing)
    }

    fn size_hint(&self) -> SizeHint {
        match self.then {
            Then::Nothing | Then::Trailers(_) => SizeHint::with_exact(self.out.len() as u64),
            _ => SizeHint::default(),
        }
    }
}

impl fmt::Debug for GuardedBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardedBody").field("is_end_stream", &self.is_end_stream()).finish_non_exhaustive()
    }
}

/// The response ends here because it cannot be checked any further.
#[derive(Debug)]
struct Cut(Fault);

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Cut {}
