//! The store that several proxies share: Valkey, or Redis from version 6.2 on.
//!
//! One string for each conversation, under the configured prefix and the keyed hash of its reader and name: a version of 16 hexadecimal digits that is drawn anew with every
//! change, then the [`Conversation`] as JSON. It expires when nothing was heard of the conversation for as long as the configuration says. A script compares the version and sets the string.
//! The server should not evict what has not expired (`maxmemory-policy noeviction`, or `volatile-ttl` with memory to spare): a conversation that is gone begins anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Cmd, FromRedisValue, TlsCertificates};
use tokio::runtime::{Handle, RuntimeFlavor};

use super::{Name, Offer, Unreachable};
use crate::Conversation;
use crate::error::{Error, Result};
use crate::serve::config::ConversationsConfig;
use crate::serve::metrics::Metrics;

/// What the store calls a state of a conversation; nothing if it has none.
pub(super) type Version = String;

const VERSION_BYTES: usize = 16;

/// Replaces the string if its version is the expected one, and says what it is otherwise.
const COMPARE_AND_SET: &str = "
local now = redis.call('GET', KEYS[1])
if (now and string.sub(now, 1, 16) or '') == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  return false
end
return now or ''";

/// Longer strings are none of ours.
const MOST_BYTES: usize = 64 << 10;

/// How often a store that was lost is asked whether it is there again, and how long it may take to say so.
const ASK_EVERY: Duration = Duration::from_millis(500);
const ASK_FOR: Duration = Duration::from_secs(2);

/// The shared store.
pub(super) struct Valkey {
    connection: ConnectionManager,
    runtime: Handle,
    prefix: String,
    keep: Duration,
    patience: Duration,
    is_up: Arc<AtomicBool>,
    metrics: Arc<Metrics>,
}

impl Valkey {
    /// Connects; a store that is down is waited for in the background.
    ///
    /// # Errors
    /// The address is none, or the runtime has only one thread, which may not wait.
    pub(super) async fn connect(config: &ConversationsConfig, metrics: Arc<Metrics>) -> Result<Self> {
        let none = || {
            Error::config(
                "conversations.store: expected the address of a Valkey or Redis server, such as redis://127.0.0.1:6379",
            )
        };
        let url = config.store.as_ref().map(|store| store.0.as_str()).unwrap_or_default();
        let client = match &config.store_ca {
            None => Client::open(url).map_err(|_| none())?,
            Some(path) => {
                let root = std::fs::read(path)
                    .map_err(|error| Error::file("read the certificates", path, &error))?;
                let certificates = TlsCertificates { client_tls: None, root_cert: Some(root) };
                Client::build_with_tls(url, certificates).map_err(|_| {
                    Error::config("conversations.store_ca: expected certificates (PEM), and a store whose address begins with rediss://")
                })?
            }
        };
        let runtime = Handle::current();
        if runtime.runtime_flavor() == RuntimeFlavor::CurrentThread {
            return Err(Error::config("conversations.store: expected a runtime with several threads"));
        }
        let settings = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(ASK_FOR))
            .set_response_timeout(Some(ASK_FOR));
        let connection = ConnectionManager::new_lazy_with_config(client, settings).map_err(|_| none())?;
        let new = Self {
            connection,
            runtime,
            prefix: config.prefix.clone(),
            keep: config.keep.0,
            patience: config.patience.0,
            is_up: Arc::new(AtomicBool::new(true)),
            metrics,
        };
        if answers(&mut new.connection.clone()).await {
            new.metrics.store_up(true);
        } else {
            new.lose("down");
        }
        Ok(new)
    }

    /// What a conversation has said; it is wanted for as long again.
    pub(super) async fn load(&self, name: &Name) -> Result<(Version, Conversation), Unreachable> {
        let mut command = redis::cmd("GETEX");
        command.arg(self.place(name)).arg("PX").arg(self.keep_ms());
        let found: Option<Vec<u8>> = self.ask(&command).await?;
        self.read(&found.unwrap_or_default())
    }

    /// Keeps what a conversation has said, if it is still at the version that was seen last.
    pub(super) async fn offer(
        &self,
        name: &Name,
        seen: &Version,
        said: &Conversation,
    ) -> Result<Offer<Version>, Unreachable> {
        let mut bytes = [0; VERSION_BYTES / 2];
        getrandom::fill(&mut bytes).map_err(|_| Unreachable)?;
        let version = format!("{:016x}", u64::from_le_bytes(bytes));
        let text = version.clone() + &serde_json::to_string(said).expect("plain data");
        let mut command = redis::cmd("EVAL");
        command.arg(COMPARE_AND_SET).arg(1).arg(self.place(name)).arg(seen).arg(text).arg(self.keep_ms());
        let found: Option<Vec<u8>> = self.ask(&command).await?;
        let Some(found) = found else {
            self.metrics.stored("kept");
            return Ok(Offer::Kept(version));
        };
        self.metrics.stored("lost");
        let (version, other) = self.read(&found)?;
        Ok(Offer::Lost(version, other))
    }

    /// The same, while the caller waits. The runtime goes on elsewhere.
    pub(super) fn offer_now(
        &self,
        name: &Name,
        seen: &Version,
        said: &Conversation,
    ) -> Result<Offer<Version>, Unreachable> {
        if !self.is_up.load(Ordering::Acquire) {
            self.metrics.stored("down");
            return Err(Unreachable);
        }
        tokio::task::block_in_place(|| self.runtime.block_on(self.offer(name, seen, said)))
    }

    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, Unreachable> {
        if !self.is_up.load(Ordering::Acquire) {
            self.metrics.stored("down");
            return Err(Unreachable);
        }
        let mut connection = self.connection.clone();
        let why = match tokio::time::timeout(self.patience, command.query_async(&mut connection)).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(_)) => "failed",
            Err(_) => "slow",
        };
        self.lose(why);
        Err(Unreachable)
    }

    /// The store is not asked again until it answers.
    fn lose(&self, why: &'static str) {
        self.metrics.stored(why);
        if !self.is_up.swap(false, Ordering::AcqRel) {
            return;
        }
        self.metrics.store_up(false);
        tracing::warn!(why, "the store of conversations is lost");
        let (mut connection, is_up, metrics) =
            (self.connection.clone(), Arc::clone(&self.is_up), Arc::clone(&self.metrics));
        self.runtime.spawn(async move {
            loop {
                tokio::time::sleep(ASK_EVERY).await;
                if answers(&mut connection).await {
                    break;
                }
            }
            is_up.store(true, Ordering::Release);
            metrics.store_up(true);
            tracing::info!("the store of conversations is there again");
        });
    }

    /// What stands in the store. What is none of ours tells nothing of what was said: as if it were lost.
    fn read(&self, found: &[u8]) -> Result<(Version, Conversation), Unreachable> {
        if found.is_empty() {
            return Ok((Version::new(), Conversation::default()));
        }
        let read = || {
            let (version, said) =
                found.split_at_checked(VERSION_BYTES).filter(|_| found.len() <= MOST_BYTES)?;
            Some((std::str::from_utf8(version).ok()?.to_owned(), serde_json::from_slice(said).ok()?))
        };
        read().ok_or_else(|| {
            self.metrics.stored("unreadable");
            Unreachable
        })
    }

    fn place(&self, name: &Name) -> String {
        name.iter().fold(self.prefix.clone(), |place, byte| place + &format!("{byte:02x}"))
    }

    fn keep_ms(&self) -> u64 {
        u64::try_from(self.keep.as_millis()).unwrap_or(u64::MAX).clamp(1, 1 << 48)
    }
}

/// Whether a store is there.
async fn answers(connection: &mut ConnectionManager) -> bool {
    let ping = redis::cmd("PING");
    let asked = tokio::time::timeout(ASK_FOR, ping.query_async::<redis::Value>(connection));
    matches!(asked.await, Ok(Ok(_)))
}
