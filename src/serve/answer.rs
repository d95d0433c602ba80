//! The body of an answer.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Sleep;

use super::BoxError;
use super::idle::{Idle, Late};
use super::metrics::Metrics;
use crate::http::GuardedBody;

/// The body of an answer. Counts as a stream until it is dropped.
pub(super) struct Answer {
    text: Text,
    deadline: Option<Pin<Box<Sleep>>>,
    under_way: Option<UnderWay>,
}

/// A body that is checked, or not.
pub(super) enum Text {
    Guarded(GuardedBody),
    Exempt(Idle<Incoming>),
}

struct UnderWay {
    metrics: Arc<Metrics>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.metrics.active.dec();
    }
}

impl Answer {
    /// An answer that is under way, for as long as it may be.
    pub(super) fn new(
        text: Text,
        permit: OwnedSemaphorePermit,
        metrics: &Arc<Metrics>,
        patience: Option<Duration>,
    ) -> Self {
        metrics.active.inc();
        let under_way = UnderWay { metrics: Arc::clone(metrics), _permit: permit };
        let deadline = patience.map(|patience| Box::pin(tokio::time::sleep(patience)));
        Self { text, deadline, under_way: Some(under_way) }
    }

    /// An answer of the proxy itself.
    pub(super) fn of(body: GuardedBody) -> Self {
        Self { text: Text::Guarded(body), deadline: None, under_way: None }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.deadline.as_mut().is_some_and(|deadline| deadline.as_mut().poll(cx).is_ready()) {
            self.under_way = None;
            return Poll::Ready(Some(Err(Box::new(Late))));
        }
        match &mut self.text {
            Text::Guarded(body) => Pin::new(body).poll_frame(cx),
            Text::Exempt(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.text {
            Text::Guarded(body) => body.is_end_stream(),
            Text::Exempt(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.text {
            Text::Guarded(body) => body.size_hint(),
            Text::Exempt(body) => body.size_hint(),
        }
    }
}
