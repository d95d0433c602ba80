//! Where indexes are published: a store, and a folder in it.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions};
use url::Url;

use super::{FORMAT, Published};
use crate::error::{Error, Result};

/// A store, and a folder in it.
#[derive(Clone)]
pub(crate) struct Place {
    pub(super) store: Arc<dyn ObjectStore>,
    root: Path,
    /// What messages say.
    pub(super) name: String,
}

impl Place {
    /// Opens what a URL names: `s3://bucket/folder`, `gs://…`, `az://…`, or a folder of this machine. Who is asking comes from the variables of the
    /// environment that the providers' own tools read.
    ///
    /// # Errors
    /// It names no store that is known, or something that the store needs is missing.
    pub(crate) fn new(name: &str) -> Result<Self> {
        let shown = name.split(['?', '#']).next().unwrap_or_default();
        let url = match Url::parse(name) {
            Ok(url) if url.scheme().len() > 1 => url,
            // A path, also one that begins with the letter of a drive.
            _ => {
                std::fs::create_dir_all(name)
                    .map_err(|error| Error::file("write to", name.as_ref(), &error))?;
                let path =
                    std::path::absolute(name).map_err(|error| Error::file("open", name.as_ref(), &error))?;
                Url::from_directory_path(path)
                    .map_err(|()| Error::config(format!("{name} is not a folder")))?
            }
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Error::config(
                "the URL of a store has no user and password; set the variables of the environment that the provider's tools read",
            ));
        }
        let options = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?.to_ascii_lowercase(), value.into_string().ok()?))
        });
        let (store, root) = object_store::parse_url_opts(&url, options).map_err(|error| match error {
            object_store::Error::Generic { source, .. } => {
                Error::config(format!("{shown}: {source}; expected s3://, gs://, az:// or a folder"))
            }
            error => Error::config(format!("{shown}: {error}")),
        })?;
        Ok(Self { store: store.into(), root, name: shown.to_owned() })
    }

    /// A place in a store that is open already.
    #[cfg(test)]
    pub(super) fn of(store: Arc<dyn ObjectStore>) -> Self {
        Self { store, root: Path::default(), name: "memory".into() }
    }

    pub(super) fn file(&self, hash: &str) -> Path {
        self.root.clone().join("files").join(hash)
    }

    pub(super) fn files(&self) -> Path {
        self.root.clone().join("files")
    }

    fn manifests(&self) -> Path {
        self.root.clone().join("manifests")
    }

    fn manifest(&self, number: u64) -> Path {
        self.manifests().join(format!("{number:012}.json"))
    }

    pub(super) fn failed(&self, error: &object_store::Error) -> Error {
        let mut message = error.to_string();
        // Messages repeat themselves, and may hold whole pages.
        message.truncate(message.char_indices().nth(300).map_or(message.len(), |(at, _)| at));
        Error::io(&self.name, &std::io::Error::other(message))
    }

    /// The numbers of the manifests, in order.
    pub(super) async fn numbers(&self) -> Result<Vec<u64>> {
        let listed: Vec<_> = self
            .store
            .list(Some(&self.manifests()))
            .try_collect()
            .await
            .map_err(|error| self.failed(&error))?;
        let number = |path: &Path| path.filename()?.strip_suffix(".json")?.parse().ok();
        let mut numbers: Vec<u64> = listed.iter().filter_map(|object| number(&object.location)).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    pub(super) async fn published(&self, number: u64) -> Result<Option<Published>> {
        let read = async { self.store.get(&self.manifest(number)).await?.bytes().await };
        let bytes = match read.await {
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            read => read.map_err(|error| self.failed(&error))?,
        };
        let damaged = || Error::index(format!("{}: what is published under {number} is damaged", self.name));
        let published: Published = serde_json::from_slice(&bytes).map_err(|_| damaged())?;
        if published.format != FORMAT {
            return Err(Error::index(format!(
                "{}: what is published has format {}, this tightlip reads format {FORMAT}",
                self.name, published.format
            )));
        }
        Ok(Some(published))
    }

    /// Publishes under a number. `false`: somebody else has it.
    pub(super) async fn publish(&self, number: u64, published: &Published) -> Result<bool> {
        let bytes = Bytes::from(serde_json::to_vec(published).expect("plain data"));
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.store.put_opts(&self.manifest(number), bytes.into(), options).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => {
                Ok(false)
            }
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Removes objects. Those that are gone already do no harm.
    pub(super) async fn remove(&self, paths: Vec<Path>) -> Result<()> {
        let paths = futures_util::stream::iter(paths.into_iter().map(Ok)).boxed();
        let mut removed = self.store.delete_stream(paths);
        while let Some(removed) = removed.next().await {
            match removed {
                Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(self.failed(&error)),
            }
        }
        Ok(())
    }

    pub(super) async fn remove_manifests(&self, numbers: &[u64]) -> Result<()> {
        self.remove(numbers.iter().map(|number| self.manifest(*number)).collect()).await
    }
}
