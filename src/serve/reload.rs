//! What is judged by, and how it is replaced while responses run.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwapOption;
use tokio::sync::Mutex;
use xxhash_rust::xxh3::xxh3_64;

use super::config::{Config, is_policy_file};
use super::metrics::Metrics;
use crate::error::{Error, Result};
use crate::index::follow::State;
use crate::{Grants, Index, Opening, Policy};

/// How often the manifest is looked at. It may lie behind links that are replaced, which no watcher of files sees.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// An index, policies and grants that belong together.
pub(super) struct Rulebook {
    pub(super) index: Index,
    pub(super) policy: Policy,
    /// The same, no laxer than `strict`: for when other turns of a conversation cannot be heard of.
    pub(super) strictly: Policy,
    pub(super) shadow: Option<Policy>,
    pub(super) grants: Grants,
}

/// The rulebook of now. Responses keep the one that they began with.
pub(super) struct Current {
    rulebook: ArcSwapOption<Rulebook>,
    index: PathBuf,
    opening: Opening,
    policy: String,
    shadow: Option<String>,
    grants: Option<PathBuf>,
    metrics: Arc<Metrics>,
    /// Reloads come one by one; what the last one saw of the manifest and of the grants.
    seen: Mutex<Seen>,
}

impl Current {
    pub(super) fn new(config: &Config, metrics: Arc<Metrics>) -> Self {
        Self {
            rulebook: ArcSwapOption::empty(),
            index: config.index.clone(),
            opening: config
                .key_file
                .iter()
                .fold(Opening::new().load(config.load), |opening, path| opening.key_file(path)),
            policy: config.policy.clone(),
            shadow: config.shadow_policy.clone(),
            grants: config.grants.clone(),
            metrics,
            seen: Mutex::default(),
        }
    }

    /// `None` until there is one.
    pub(super) fn rulebook(&self) -> Option<Arc<Rulebook>> {
        self.rulebook.load_full()
    }

    /// How far the index is behind the database that it follows.
    pub(super) fn lag(&self) -> Option<Duration> {
        State::read(&self.index).map(|state| state.lag())
    }

    /// Reads index, policies and grants anew. Says the generation of the index.
    ///
    /// # Errors
    /// One of them cannot be used; the old ones stay.
    pub(super) async fn reload(&self) -> Result<u64> {
        let mut seen = self.seen.lock().await;
        *seen = self.look();
        self.load().await
    }

    /// What the files look like now.
    fn look(&self) -> Seen {
        Seen {
            manifest: fingerprint(&manifest(&self.index)),
            grants: self.grants.as_deref().and_then(fingerprint),
        }
    }

    async fn load(&self) -> Result<u64> {
        let (index, policy, shadow) = (self.index.clone(), self.policy.clone(), self.shadow.clone());
        let (grants, opening) = (self.grants.clone(), self.opening.clone());
        let before = self.rulebook();
        let reading = tokio::task::spawn_blocking(move || -> Result<Rulebook> {
            let shadow = shadow.as_deref().map(read_policy).transpose();
            let policy = read_policy(&policy)?;
            Ok(Rulebook {
                // Responses that go on with the old one learn whom the new one has forgotten.
                index: match before {
                    Some(before) => before.index.reopen(&index)?,
                    None => opening.open(&index)?,
                },
                strictly: policy.no_laxer_than_strict(),
                policy,
                shadow: shadow.map_err(|error| error.about("shadow_policy"))?,
                grants: grants.map(Grants::open).transpose()?.unwrap_or_default(),
            })
        });
        let read = reading.await.unwrap_or_else(|_| Err(Error::index("the index could not be read")));
        self.metrics.reloaded(read.is_ok());
        let rulebook = read?;
        let generation = rulebook.index.info().generation;
        if self.rulebook().is_none() {
            note_seal(&rulebook.index);
        }
        self.metrics.index(generation, changed(&self.index));
        self.rulebook.store(Some(Arc::new(rulebook)));
        tracing::info!(generation, "index and policies are loaded");
        Ok(generation)
    }

    /// Reloads whenever the manifest of the index or the table of grants changes. Never ends.
    pub(super) async fn follow(&self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let mut seen = self.seen.lock().await;
            let now = self.look();
            let is_there = now.manifest.is_some() && now.grants.is_some() == self.grants.is_some();
            if is_there && now != *seen {
                *seen = now;
                let _ = self.load().await.inspect_err(note);
            }
        }
    }
}

/// What was seen of the files, as hashes.
#[derive(Default, PartialEq, Eq)]
struct Seen {
    manifest: Option<u64>,
    grants: Option<u64>,
}

/// Says that the old ones stay.
pub(super) fn note(error: &Error) {
    tracing::warn!(%error, "nothing was reloaded");
}

/// Says who can read the index besides this process.
fn note_seal(index: &Index) {
    let memory = index.memory();
    let bytes = memory.bytes;
    match (memory.sealed, memory.locked) {
        (false, _) => {
            tracing::warn!(
                "the index is not sealed: whoever can read its folder can read the identifiers in it"
            );
        }
        (true, true) => {
            tracing::info!(bytes, "the index is sealed, and decrypted to memory that is not swapped")
        }
        (true, false) => tracing::warn!(
            bytes,
            "the index is sealed, but decrypted to memory that may be swapped: the system does not let so much be locked (ulimit -l, LimitMEMLOCK)"
        ),
    }
}

fn read_policy(name: &str) -> Result<Policy> {
    let policy = if is_policy_file(name) { Policy::from_file(name) } else { Policy::built_in(name) };
    policy.map(Policy::blind_by_default)
}

fn manifest(index: &Path) -> PathBuf {
    index.join("manifest.json")
}

/// What a file looks like.
fn fingerprint(path: &Path) -> Option<u64> {
    std::fs::read(path).ok().map(|bytes| xxh3_64(&bytes))
}

fn changed(index: &Path) -> SystemTime {
    let metadata = std::fs::metadata(manifest(index));
    metadata.and_then(|metadata| metadata.modified()).unwrap_or_else(|_| SystemTime::now())
}
