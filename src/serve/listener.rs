//! Connections of clients: HTTP/1.1 and HTTP/2, with or without TLS.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

use super::config::Config;
use super::proxy::Proxy;
use super::socket::Socket;
use super::tls;
use crate::error::Result;

/// After an error of the system, such as too many open files, nobody new is let in for a moment.
const PAUSE: Duration = Duration::from_millis(50);

/// Lets clients in.
pub(super) struct Listener {
    proxy: Arc<Proxy>,
    http: Builder<TokioExecutor>,
    tls: Option<TlsAcceptor>,
    connections: Arc<Semaphore>,
    patience: Duration,
    running: GracefulShutdown,
}

impl Listener {
    /// # Errors
    /// The certificate cannot be read.
    pub(super) fn new(config: &Config, proxy: Proxy) -> Result<Self> {
        let patience = config.timeouts.client.0;
        let header_bytes = config.limits.header_bytes.0.max(8 << 10); // hyper's least
        let mut http = Builder::new(TokioExecutor::new());
        http.http1().timer(TokioTimer::new()).header_read_timeout(patience).max_buf_size(header_bytes);
        http.http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(patience)
            .keep_alive_timeout(patience)
            .max_header_list_size(u32::try_from(header_bytes).unwrap_or(u32::MAX));
        Ok(Self {
            proxy: Arc::new(proxy),
            http,
            tls: config.tls.as_ref().map(tls::acceptor).transpose()?,
            connections: Arc::new(Semaphore::new(config.limits.connections.min(Semaphore::MAX_PERMITS))),
            patience,
            running: GracefulShutdown::new(),
        })
    }

    /// Lets clients in until `end`.
    pub(super) async fn accept(&self, listener: TcpListener, end: impl Future<Output = ()>) {
        let mut end = std::pin::pin!(end);
        loop {
            let permit = Arc::clone(&self.connections).acquire_owned();
            let next = async { (permit.await, listener.accept().await) };
            let (permit, accepted) = tokio::select! {
                next = next => next,
                () = &mut end => return,
            };
            match accepted {
                Ok((stream, _)) => self.spawn(stream, permit),
                Err(error) => {
                    tracing::warn!(kind = ?error.kind(), "a connection could not be accepted");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    fn spawn(&self, stream: TcpStream, permit: impl Send + 'static) {
        let Ok(peer) = stream.peer_addr() else { return };
        let _ = stream.set_nodelay(true);
        let (proxy, http, tls) = (Arc::clone(&self.proxy), self.http.clone(), self.tls.clone());
        let (watcher, patience) = (self.running.watcher(), self.patience);
        let socket = Socket::new(stream, patience);
        tokio::spawn(async move {
            let _permit = permit;
            let answer = service_fn(|request| {
                let proxy = Arc::clone(&proxy);
                async move { Ok::<_, Infallible>(proxy.answer(peer.ip(), request).await) }
            });
            let socket: Pinned = match tls {
                None => Box::new(socket),
                Some(tls) => match tokio::time::timeout(patience, tls.accept(socket)).await {
                    Ok(Ok(socket)) => Box::new(socket),
                    _ => return tracing::debug!("no TLS was agreed upon"),
                },
            };
            let serving = http.serve_connection(TokioIo::new(socket), answer);
            if watcher.watch(serving.into_owned()).await.is_err() {
                tracing::debug!("a connection was cut"); // the error may quote headers
            }
        });
    }

    /// Waits until the last response has ended.
    pub(super) async fn drained(self) {
        self.running.shutdown().await;
    }
}

/// A connection, with TLS or without.
type Pinned = Box<dyn Connection>;

trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Connection for S {}
