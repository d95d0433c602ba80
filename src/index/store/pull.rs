//! Fetching what was published last.

use std::io::Write;
use std::path::Path;

use futures_util::StreamExt;
use object_store::ObjectStoreExt;
use tempfile::NamedTempFile;

use super::super::folder::{Lock, Target, UNFINISHED, is_ours};
use super::super::manifest::{self, Manifest};
use super::push::hash;
use super::{Place, Published, PublishedFile, said};
use crate::error::{Error, Result};

/// While files are fetched their manifest may be cleaned up; then there is a later one, which is fetched instead.
const TRIES: usize = 3;

/// What was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pulled {
    /// The number that it was published under.
    pub(crate) number: u64,
    /// Of the index, if it can be told without a key.
    pub(crate) generation: Option<u64>,
    /// What came over the network: nothing, if the folder had it already.
    pub(crate) files: usize,
    pub(crate) bytes: u64,
}

/// Fetches what was published last into a folder, in which it takes the place of what is there as a whole.
///
/// # Errors
/// Nothing is published, the store refuses, what came is not what was published, or the folder holds something else or a later generation.
pub(crate) async fn pull(place: &Place, folder: &Path) -> Result<Pulled> {
    // Makes the folder for its owner only, and removes what an earlier pull has left.
    let lock = Lock::of(folder)?;
    drop(Target::folder(folder, None)?);
    let _lock = lock.or_of(folder)?;
    for _ in 0..TRIES {
        let nothing =
            || Error::config(format!("nothing is published in {}; push an index first", place.name));
        let number = *place.numbers().await?.last().ok_or_else(nothing)?;
        let Some(published) = place.published(number).await? else { continue };
        if let Some(pulled) = fetch(place, number, &published, folder).await? {
            return Ok(pulled);
        }
    }
    Err(Error::index(format!("{}: files of what was published last are missing; push it again", place.name)))
}

/// `None`: a file is not there.
async fn fetch(place: &Place, number: u64, published: &Published, folder: &Path) -> Result<Option<Pulled>> {
    let foreign = || Error::index(format!("{}: what is published under {number} is no index", place.name));
    let is_manifest = |file: &&PublishedFile| file.name == manifest::NAME;
    let Some(last) = published.files.iter().find(is_manifest) else { return Err(foreign()) };
    // Names come from outside, and become paths.
    if !published
        .files
        .iter()
        .all(|file| is_manifest(&file) || (is_ours(&file.name) && !file.name.starts_with('.')))
    {
        return Err(foreign());
    }
    let here = std::fs::read(folder.join(manifest::NAME)).unwrap_or_default();
    let (lineage, generation) = said(&here);
    if lineage.is_some()
        && lineage == published.lineage
        && generation > published.generation
        && published.generation.is_some()
    {
        return Err(Error::config(format!(
            "{} has generation {}, later than {} in {}; push it, or pull into another folder",
            folder.display(),
            generation.unwrap_or_default(),
            published.generation.unwrap_or_default(),
            place.name
        )));
    }
    let (mut fetched, mut bytes) = (Vec::new(), 0);
    for file in &published.files {
        let path = folder.join(&file.name);
        let is_here = path.is_file() && hash(&path)? == (file.bytes, file.blake3.clone());
        if is_here {
            continue;
        }
        let Some(content) = download(place, file, folder).await? else { return Ok(None) };
        bytes += file.bytes;
        fetched.push((file, content));
    }
    let files = fetched.len();
    let text =
        fetched.iter().find(|(file, _)| is_manifest(file)).map(|(_, content)| std::fs::read(content.path()));
    if let Some(text) = text {
        let text = text.map_err(|error| Error::file("read", folder, &error))?;
        let is_sealed =
            serde_json::from_slice::<serde_json::Value>(&text).is_ok_and(|said| said.get("sealed").is_some());
        if !is_sealed {
            // One that this version cannot read must not take the place of one that it can.
            Manifest::parse(&text).map_err(|error| error.about(&place.name))?;
        }
    }
    // The manifest last: from then on the index is what it says.
    fetched.sort_by_key(|(file, _)| file.name == last.name);
    for (file, content) in fetched {
        let unwritable = |error: std::io::Error| Error::file("write to", folder, &error);
        if file.name != manifest::NAME {
            let mut permissions = content.as_file().metadata().map_err(unwritable)?.permissions();
            permissions.set_readonly(true);
            content.as_file().set_permissions(permissions).map_err(unwritable)?;
        }
        content.persist(folder.join(&file.name)).map_err(|error| unwritable(error.error))?;
    }
    std::fs::File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| Error::file("write to", folder, &error))?;
    let is_kept = |name: &str| published.files.iter().any(|file| file.name == name);
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_str().is_some_and(|name| is_ours(name) && !is_kept(name)) {
            // Whoever has it open keeps it.
            let _ = std::fs::remove_file(entry.path());
        }
    }
    Ok(Some(Pulled { number, generation: published.generation, files, bytes }))
}

/// Fetches a file and checks it on the way. `None`: it is not there.
async fn download(place: &Place, file: &PublishedFile, folder: &Path) -> Result<Option<NamedTempFile>> {
    let unwritable = |error: std::io::Error| Error::file("write to", folder, &error);
    let mut content = match place.store.get(&place.file(&file.blake3)).await {
        Ok(found) => found.into_stream(),
        Err(object_store::Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(place.failed(&error)),
    };
    let mut written = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder).map_err(unwritable)?;
    let (mut hasher, mut bytes) = (blake3::Hasher::new(), 0);
    while let Some(piece) = content.next().await {
        let piece = piece.map_err(|error| place.failed(&error))?;
        hasher.update(&piece);
        bytes += piece.len() as u64;
        if bytes > file.bytes {
            break;
        }
        written.write_all(&piece).map_err(unwritable)?;
    }
    if bytes != file.bytes || hasher.finalize().to_hex().as_str() != file.blake3 {
        return Err(Error::index(format!("{}: {} arrived damaged; push it again", place.name, file.name)));
    }
    written.as_file().sync_all().map_err(unwritable)?;
    Ok(Some(written))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use object_store::memory::InMemory;
    use object_store::path::Path as Location;
    use object_store::{ObjectStore, ObjectStoreExt};

    use super::super::push;
    use super::*;
    use crate::{Identifier, Index, IndexBuilder, Kind};

    fn build(folder: &Path, people: std::ops::Range<u32>) {
        let mut builder = if folder.join("manifest.json").exists() {
            IndexBuilder::updating(folder).unwrap()
        } else {
            IndexBuilder::new()
        };
        for n in people {
            let (owner, email) = (format!("C-{n}"), format!("p{n}@example.com"));
            builder.add(Identifier { owner: &owner, kind: Kind::Email, text: &email }).unwrap();
        }
        builder.finish(folder).unwrap();
    }

    async fn names(store: &InMemory, folder: &str) -> Vec<String> {
        let listed: Vec<_> = store.list(Some(&Location::from(folder))).collect().await;
        let mut names: Vec<String> =
            listed.into_iter().map(|object| object.unwrap().location.to_string()).collect();
        names.sort();
        names
    }

    #[tokio::test]
    async fn what_was_pushed_is_pulled() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (from, to) = (from.path().join("a.tlx"), to.path().join("b.tlx"));
        let store = Arc::new(InMemory::new());
        let place = Place::of(store.clone());
        let nothing = pull(&place, &to).await.unwrap_err();
        assert!(nothing.to_string().contains("nothing is published"), "{nothing}");
        build(&from, 0..100);
        let pushed = push(&from, &place, 2).await.unwrap();
        assert_eq!((pushed.number, pushed.is_old, pushed.files), (1, false, 7));
        assert!(push(&from, &place, 2).await.unwrap().is_old);
        let pulled = pull(&place, &to).await.unwrap();
        assert_eq!((pulled.number, pulled.generation, pulled.files), (1, Some(1), 7));
        assert_eq!(Index::verify(&to).unwrap().info(), Index::open(&from).unwrap().info());
        assert_eq!(pull(&place, &to).await.unwrap().files, 0);

        // Old generations go, with the files that nobody names any more.
        for round in 1..=3 {
            build(&from, 100 * round..100 * round + 100);
            push(&from, &place, 2).await.unwrap();
        }
        assert_eq!(
            names(&store, "manifests").await,
            ["manifests/000000000003.json", "manifests/000000000004.json"]
        );
        let files = names(&store, "files").await.len();
        assert!(files <= 14 + 7, "{files}");
        pull(&place, &to).await.unwrap();
        assert_eq!(Index::verify(&to).unwrap().info().owners, 400);
        let here = std::fs::read_dir(&to).unwrap().count();
        assert_eq!(here, std::fs::read_dir(&from).unwrap().count(), "what was there before is gone");
    }

    #[tokio::test]
    async fn nothing_takes_the_place_of_what_is_later() {
        let folder = tempfile::tempdir().unwrap();
        let [a, b] = ["a.tlx", "b.tlx"].map(|name| folder.path().join(name));
        let place = Place::of(Arc::new(InMemory::new()));
        build(&a, 0..10);
        push(&a, &place, 3).await.unwrap();
        pull(&place, &b).await.unwrap();
        build(&b, 10..20);
        push(&b, &place, 3).await.unwrap();
        let error = push(&a, &place, 3).await.unwrap_err();
        assert!(error.is_config() && error.to_string().contains("later than 1"), "{error}");
        build(&b, 20..30);
        let error = pull(&place, &b).await.unwrap_err();
        assert!(error.is_config() && error.to_string().contains("generation 3"), "{error}");
        // Two at once: one of them is told.
        let number = place.numbers().await.unwrap().len() as u64;
        let published = place.published(number).await.unwrap().unwrap();
        assert!(place.publish(number + 1, &published).await.unwrap());
        assert!(!place.publish(number + 1, &published).await.unwrap());
    }

    #[tokio::test]
    async fn what_nobody_could_open_is_not_pushed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tlx");
        let store = Arc::new(InMemory::new());
        let place = Place::of(store.clone());
        build(&path, 0..10);
        let manifest = path.join("manifest.json");
        let written = std::fs::read_to_string(&manifest).unwrap();
        for (damaged, says) in [
            (written[..written.len() / 2].to_owned(), "damaged"),
            (written.replacen("email", "phone", 1), "damaged"),
            (String::from(r#"{"format":1,"lineage":"x","key":"k","sealed":""}"#), "format 1"),
        ] {
            std::fs::remove_file(&manifest).unwrap();
            std::fs::write(&manifest, damaged).unwrap();
            let error = push(&path, &place, 3).await.unwrap_err();
            assert!(error.is_index() && error.to_string().contains(says), "{error}");
        }
        assert!(names(&store, "files").await.is_empty());
    }

    #[tokio::test]
    async fn damage_on_the_way_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let [a, b] = ["a.tlx", "b.tlx"].map(|name| folder.path().join(name));
        let store = Arc::new(InMemory::new());
        let place = Place::of(store.clone());
        build(&a, 0..10);
        push(&a, &place, 3).await.unwrap();
        pull(&place, &b).await.unwrap();
        let before = Index::open(&b).unwrap().info();
        build(&a, 10..20);
        push(&a, &place, 3).await.unwrap();
        let published = place.published(2).await.unwrap().unwrap();
        for file in &published.files {
            let location = place.file(&file.blake3);
            let whole = store.get(&location).await.unwrap().bytes().await.unwrap();
            let mut flipped = whole.to_vec();
            flipped[0] ^= 1;
            let longer = [whole.as_ref(), b"x"].concat();
            for damaged in [flipped, longer, whole[..whole.len() - 1].to_vec()] {
                store.put(&location, damaged.into()).await.unwrap();
                let Err(error) = pull(&place, &b).await else {
                    assert_eq!(before.generation, 1);
                    panic!("{} was damaged", file.name)
                };
                assert!(error.is_index(), "{error}");
                assert_eq!(Index::open(&b).unwrap().info(), before);
            }
            store.delete(&location).await.unwrap();
            let error = pull(&place, &b).await.unwrap_err();
            assert!(error.to_string().contains("missing"), "{error}");
            // Pushing again mends it.
            assert_eq!(push(&a, &place, 3).await.unwrap().files, 1);
        }
        pull(&place, &b).await.unwrap();
        assert_eq!(Index::verify(&b).unwrap().info().owners, 20);
        // A name that leads elsewhere.
        let mut foreign = published.clone();
        foreign.files[0].name = "../outside".into();
        place.publish(3, &foreign).await.unwrap();
        assert!(pull(&place, &b).await.unwrap_err().to_string().contains("no index"));
    }
}
