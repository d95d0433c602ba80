//! Publishing the index of a folder.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::{ObjectStoreExt, WriteMultipart};

use super::super::folder::{Lock, is_ours};
use super::super::manifest::{self, Manifest};
use super::{FORMAT, Place, Published, PublishedFile, said};
use crate::error::{Error, Result};

/// A file that no manifest names stays for this long: somebody may be about to name it.
const GRACE: Duration = Duration::from_secs(24 * 3_600);

/// Larger files go in pieces of this size.
const PIECE: usize = 8 << 20;

/// So many pieces are under way at once.
const AT_ONCE: usize = 4;

/// What was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pushed {
    /// The number it has.
    pub(crate) number: u64,
    /// Whether it was published already.
    pub(crate) is_old: bool,
    /// What went over the network.
    pub(crate) files: usize,
    pub(crate) bytes: u64,
    /// What was removed.
    pub(crate) removed: usize,
}

/// Publishes the index of a folder, and keeps the last `keep` that were.
///
/// # Errors
/// There is no index, the store refuses, somebody else publishes at the same time, or a later generation of the same index is published already.
pub(crate) async fn push(folder: &Path, place: &Place, keep: usize) -> Result<Pushed> {
    let _lock = Lock::of(folder)?;
    let published = publishable(folder)?;
    let numbers = place.numbers().await?;
    let last = match numbers.last() {
        Some(number) => place.published(*number).await?,
        None => None,
    };
    let number = numbers.last().copied().unwrap_or_default();
    if let Some(last) = &last {
        if last.files == published.files {
            let (files, bytes) = upload_missing(folder, &published, place).await?;
            return Ok(Pushed { number, is_old: true, files, bytes, removed: 0 });
        }
        if last.lineage == published.lineage
            && last.generation > published.generation
            && published.generation.is_some()
        {
            return Err(Error::config(format!(
                "{} has generation {} of this index, later than {} in {}; pull it, or push from where it was changed",
                place.name,
                last.generation.unwrap_or_default(),
                published.generation.unwrap_or_default(),
                folder.display()
            )));
        }
    }
    let (files, bytes) = upload_missing(folder, &published, place).await?;
    if !place.publish(number + 1, &published).await? {
        return Err(Error::config(format!(
            "somebody else has published to {} in between; look at it, and push again",
            place.name
        )));
    }
    let removed = clean(place, keep.max(1)).await?;
    // Somebody else may have cleaned up between the upload and the manifest.
    upload_missing(folder, &published, place).await?;
    Ok(Pushed { number: number + 1, is_old: false, files, bytes, removed })
}

/// Uploads what the store does not have. Says how many files and bytes.
async fn upload_missing(folder: &Path, published: &Published, place: &Place) -> Result<(usize, u64)> {
    let (mut files, mut bytes) = (0, 0);
    for file in &published.files {
        if !is_there(place, file).await? {
            upload(folder, file, place).await?;
            files += 1;
            bytes += file.bytes;
        }
    }
    Ok((files, bytes))
}

/// The files of the index in a folder. Which they are is told by their names, so that no key is needed.
fn publishable(folder: &Path) -> Result<Published> {
    let unreadable = |error: &std::io::Error| Error::file("read", folder, error);
    let path = folder.join(manifest::NAME);
    let text = std::fs::read(&path)
        .map_err(|_| Error::config(format!("{} holds no index; build one first", folder.display())))?;
    Manifest::check(&text).map_err(|error| error.about(path.display()))?;
    let (lineage, generation) = said(&text);
    let mut names = vec![manifest::NAME.to_owned()];
    for entry in std::fs::read_dir(folder).map_err(|error| unreadable(&error))? {
        let entry = entry.map_err(|error| unreadable(&error))?;
        names.extend(
            entry.file_name().into_string().ok().filter(|name| is_ours(name) && !name.starts_with('.')),
        );
    }
    names.sort_unstable();
    let file = |name: String| {
        let (bytes, blake3) = hash(&folder.join(&name))?;
        Ok(PublishedFile { name, bytes, blake3 })
    };
    let files = names.into_iter().map(file).collect::<Result<_>>()?;
    let at = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs());
    Ok(Published { format: FORMAT, lineage, generation, at, files })
}

/// The size and the hash of a file.
pub(super) fn hash(path: &Path) -> Result<(u64, String)> {
    let unreadable = |error: std::io::Error| Error::file("read", path, &error);
    let mut file = File::open(path).map_err(unreadable)?;
    let (mut hasher, mut buffer, mut bytes) = (blake3::Hasher::new(), vec![0; 1 << 20], 0);
    loop {
        let read = file.read(&mut buffer).map_err(unreadable)?;
        if read == 0 {
            return Ok((bytes, hasher.finalize().to_hex().to_string()));
        }
        hasher.update(&buffer[..read]);
        bytes += read as u64;
    }
}

/// Whether a file is in the store, and will be until it is named: one that is old may be about to be removed, and is written again.
async fn is_there(place: &Place, file: &PublishedFile) -> Result<bool> {
    match place.store.head(&place.file(&file.blake3)).await {
        Ok(object) => Ok(object.size == file.bytes && age(&object) < GRACE / 2),
        Err(object_store::Error::NotFound { .. }) => Ok(false),
        Err(error) => Err(place.failed(&error)),
    }
}

fn age(object: &object_store::ObjectMeta) -> Duration {
    let modified = SystemTime::from(object.last_modified);
    modified.elapsed().unwrap_or_default()
}

async fn upload(folder: &Path, file: &PublishedFile, place: &Place) -> Result<()> {
    let path = folder.join(&file.name);
    let unreadable = |error: std::io::Error| Error::file("read", &path, &error);
    let changed = || Error::index(format!("{} was changed while it was pushed; push again", path.display()));
    let location = place.file(&file.blake3);
    let mut content = File::open(&path).map_err(unreadable)?;
    let mut hasher = blake3::Hasher::new();
    if file.bytes <= PIECE as u64 {
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes).map_err(unreadable)?;
        hasher.update(&bytes);
        if hasher.finalize().to_hex().as_str() != file.blake3 {
            return Err(changed());
        }
        place.store.put(&location, Bytes::from(bytes).into()).await.map_err(|error| place.failed(&error))?;
        return Ok(());
    }
    let begun = place.store.put_multipart(&location).await.map_err(|error| place.failed(&error))?;
    let mut upload = WriteMultipart::new_with_chunk_size(begun, PIECE);
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        content.by_ref().take(PIECE as u64).read_to_end(&mut piece).map_err(unreadable)?;
        if piece.is_empty() {
            break;
        }
        hasher.update(&piece);
        upload.wait_for_capacity(AT_ONCE).await.map_err(|error| place.failed(&error))?;
        upload.put(piece.into());
    }
    if hasher.finalize().to_hex().as_str() != file.blake3 {
        let _ = upload.abort().await;
        return Err(changed());
    }
    upload.finish().await.map(drop).map_err(|error| place.failed(&error))
}

/// Removes all manifests but the last ones, and the files that none of these names. Says how many files.
async fn clean(place: &Place, keep: usize) -> Result<usize> {
    let numbers = place.numbers().await?;
    let (old, kept) = numbers.split_at(numbers.len().saturating_sub(keep));
    let mut named = BTreeSet::new();
    for number in kept {
        let published = place.published(*number).await?;
        named.extend(published.into_iter().flat_map(|published| published.files).map(|file| file.blake3));
    }
    let mut fresh = BTreeSet::new();
    for number in old {
        // What goes with a manifest goes at once: it may be of somebody who was erased.
        let published = place.published(*number).await?;
        fresh.extend(published.into_iter().flat_map(|published| published.files).map(|file| file.blake3));
    }
    place.remove_manifests(old).await?;
    let listed: Vec<_> =
        place.store.list(Some(&place.files())).try_collect().await.map_err(|error| place.failed(&error))?;
    let is_left = |object: &object_store::ObjectMeta| {
        let hash = object.location.filename().unwrap_or_default();
        !named.contains(hash) && (fresh.contains(hash) || age(object) >= GRACE)
    };
    let left: Vec<_> = listed.into_iter().filter(is_left).map(|object| object.location).collect();
    let removed = left.len();
    place.remove(left).await?;
    Ok(removed)
}
