//! `tightlip serve`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use tokio::sync::mpsc;

use super::{Ending, log};
use crate::Load;
use crate::error::{Error, Result};
use crate::serve::{Config, Log, Server};

/// Stand between clients and a provider, and check every answer.
#[derive(Args)]
pub(super) struct Serve {
    /// The folder of the index.
    #[arg(long, value_name = "DIR")]
    index: Option<PathBuf>,
    /// The file of the key of a sealed index. Not given: TIGHTLIP_INDEX_KEY_FILE names it, or TIGHTLIP_INDEX_KEY is the key.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Where the bytes of an index that is not sealed are: mmap (files are mapped) or heap (files are read into memory). [default: mmap]
    #[arg(long, value_name = "mmap|heap")]
    load: Option<Load>,
    /// The provider: its URL, to which the path of each request is added.
    #[arg(long, value_name = "URL")]
    upstream: Option<String>,
    /// Where clients connect. [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Where the operator connects: /livez, /readyz, /metrics, POST /reload. [default: 127.0.0.1:9090]
    #[arg(long, value_name = "ADDRESS")]
    admin: Option<SocketAddr>,
    /// A built-in policy (standard, strict, closed, observe) or the path of a policy file. [default: standard]
    #[arg(long, value_name = "NAME|FILE")]
    policy: Option<String>,
    /// A configuration file (TOML); options say it over.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// How logs are written: text or json. [default: text]
    #[arg(long, value_name = "HOW")]
    log: Option<String>,
}

impl Serve {
    pub(super) fn run(self) -> Result<Ending> {
        let config = self.config()?;
        log(Some("info"), config.log == Log::Json);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| Error::io("cannot start", &error))?;
        runtime.block_on(serve(&config))?;
        Ok(Ending::Done)
    }

    /// The configuration file with the options over it.
    fn config(self) -> Result<Config> {
        let mut config = match &self.config {
            Some(path) => Config::from_file(path)?,
            None => Config::default(),
        };
        config.index = self.index.unwrap_or(config.index);
        config.key_file = self.key_file.or(config.key_file);
        config.load = self.load.unwrap_or(config.load);
        config.upstream = self.upstream.unwrap_or(config.upstream);
        config.listen = self.listen.unwrap_or(config.listen);
        config.admin = self.admin.unwrap_or(config.admin);
        config.policy = self.policy.unwrap_or(config.policy);
        config.log = match self.log.as_deref() {
            None => config.log,
            Some("text") => Log::Text,
            Some("json") => Log::Json,
            Some(_) => return Err(Error::config("--log: expected text or json")),
        };
        Ok(config)
    }
}

async fn serve(config: &Config) -> Result<()> {
    let server = Server::start(config).await?;
    let (clients, operator) = server.addresses();
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    eprintln!("tightlip: listening on {scheme}://{clients}, admin on http://{operator}");
    let (reload, reloads) = mpsc::channel(1);
    let end = signals(reload)?;
    server.run(end, reloads).await;
    Ok(())
}

/// Ends when the process is told to end; passes on when it is told to reload.
#[cfg(unix)]
fn signals(reload: mpsc::Sender<()>) -> Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| signal(kind).map_err(|error| Error::io("cannot listen to signals", &error));
    let mut hang_up = listen(SignalKind::hangup())?;
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    Ok(async move {
        loop {
            tokio::select! {
                _ = hang_up.recv() => drop(reload.try_send(())),
                _ = terminate.recv() => return,
                _ = interrupt.recv() => return,
            }
        }
    })
}

/// Ends when the process is told to end.
#[cfg(not(unix))]
fn signals(reload: mpsc::Sender<()>) -> Result<impl Future<Output = ()>> {
    Ok(async move {
        let _ = tokio::signal::ctrl_c().await;
        drop(reload);
    })
}
