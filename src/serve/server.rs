//! The proxy from start to end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::admin::Admin;
use super::config::Config;
use super::listener::Listener;
use super::metrics::Metrics;
use super::proxy::Proxy;
use super::reload::{Current, note};
use super::reports::Reports;
use crate::error::{Error, Result};

/// A proxy that listens.
pub struct Server {
    clients: TcpListener,
    listener: Listener,
    admin: Arc<Admin>,
    addresses: (SocketAddr, SocketAddr),
    drain: std::time::Duration,
    _serving: Serving,
}

/// Ends with the server.
struct Serving(Vec<JoinHandle<()>>);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

impl Server {
    /// Listens, and loads index and policies. Until they are loaded, clients wait and the operator is told so.
    ///
    /// # Errors
    /// Something of the configuration has no meaning, a file cannot be read, or an address is taken.
    pub async fn start(config: &Config) -> Result<Self> {
        for (value, name) in [(config.index.as_os_str().len(), "index"), (config.upstream.len(), "upstream")]
        {
            if value == 0 {
                return Err(Error::config(format!(
                    "serve needs an {name}; give --{name}, or `{name}` in the configuration"
                )));
            }
        }
        let metrics = Arc::new(Metrics::new());
        let current = Arc::new(Current::new(config, Arc::clone(&metrics)));
        let reports = Arc::new(Reports::new(&config.reports)?);
        let proxy =
            Proxy::new(config, Arc::clone(&current), Arc::clone(&reports), Arc::clone(&metrics)).await?;
        let listener = Listener::new(config, proxy)?;
        let (clients, operator) = (bind(config.listen).await?, bind(config.admin).await?);
        let local = |listener: &TcpListener| {
            listener.local_addr().map_err(|error| Error::io("cannot listen", &error))
        };
        let addresses = (local(&clients)?, local(&operator)?);
        let admin = Arc::new(Admin {
            current: Arc::clone(&current),
            reports,
            metrics,
            max_lag: config.max_lag.map(|lag| lag.0),
            draining: AtomicBool::new(false),
        });
        let mut serving = Serving(vec![tokio::spawn(Arc::clone(&admin).serve(operator))]);
        current.reload().await?;
        serving.0.push(tokio::spawn(async move { current.follow().await }));
        Ok(Self { clients, listener, admin, addresses, drain: config.timeouts.drain.0, _serving: serving })
    }

    /// Where clients connect, and where the operator does.
    pub fn addresses(&self) -> (SocketAddr, SocketAddr) {
        self.addresses
    }

    /// Reads index and policies anew. If one of them cannot be used, the old ones stay.
    ///
    /// # Errors
    /// One of them cannot be used.
    pub async fn reload(&self) -> Result<()> {
        self.admin.current.reload().await.map(drop)
    }

    /// Answers until `end`; then lets nobody in any more and waits for the responses that run. `reload` gives an item when index and
    /// policies are to be read anew.
    pub async fn run(self, end: impl Future<Output = ()>, mut reload: tokio::sync::mpsc::Receiver<()>) {
        let current = Arc::clone(&self.admin.current);
        let reloading = tokio::spawn(async move {
            while reload.recv().await.is_some() {
                let _ = current.reload().await.inspect_err(note);
            }
        });
        self.listener.accept(self.clients, end).await;
        self.admin.draining.store(true, Ordering::Relaxed);
        tracing::info!("draining");
        if tokio::time::timeout(self.drain, self.listener.drained()).await.is_err() {
            tracing::warn!("responses were cut: they did not end in time");
        }
        reloading.abort();
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .map_err(|error| Error::io(format_args!("cannot listen on {address}"), &error))
}
