//! A client's connection, which may not stand still.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// Which version of HTTP a client speaks is known after this many bytes; until then nobody else watches the time.
const PREFACE: usize = 24;

/// A connection that fails when its client does not begin to ask, or does not take what was sent.
pub(super) struct Socket<S> {
    inner: S,
    patience: Duration,
    came: usize,
    reading: Option<Pin<Box<Sleep>>>,
    writing: Option<Pin<Box<Sleep>>>,
}

impl<S> Socket<S> {
    pub(super) fn new(inner: S, patience: Duration) -> Self {
        Self { inner, patience, came: 0, reading: None, writing: None }
    }
}

/// Waits no longer than patience allows.
fn wait<T>(
    sleeping: &mut Option<Pin<Box<Sleep>>>,
    patience: Duration,
    cx: &mut Context<'_>,
    polled: Poll<io::Result<T>>,
) -> Poll<io::Result<T>> {
    if polled.is_ready() {
        *sleeping = None;
        return polled;
    }
    let sleeping = sleeping.get_or_insert_with(|| Box::pin(sleep(patience)));
    sleeping.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
}

impl<S: AsyncRead + Unpin> AsyncRead for Socket<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buffer.filled().len();
        let polled = Pin::new(&mut this.inner).poll_read(cx, buffer);
        if this.came >= PREFACE {
            return polled;
        }
        this.came += buffer.filled().len() - before;
        // The time is not set back by each byte: it is for all of them.
        match polled {
            Poll::Ready(_) if this.came >= PREFACE => {
                this.reading = None;
                polled
            }
            Poll::Ready(_) => polled,
            Poll::Pending => wait(&mut this.reading, this.patience, cx, polled),
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Socket<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let polled = Pin::new(&mut this.inner).poll_write(cx, bytes);
        wait(&mut this.writing, this.patience, cx, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let polled = Pin::new(&mut this.inner).poll_write_vectored(cx, slices);
        wait(&mut this.writing, this.patience, cx, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let polled = Pin::new(&mut this.inner).poll_flush(cx);
        wait(&mut this.writing, this.patience, cx, polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let polled = Pin::new(&mut this.inner).poll_shutdown(cx);
        wait(&mut this.writing, this.patience, cx, polled)
    }
}
