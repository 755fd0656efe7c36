//! Objects in a folder, for the runs of one machine, or of those that mount it.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use async_trait::async_trait;
use sha2::{Digest as _, Sha256};

use super::OBJECTS;
use crate::port::{Away, LIST_MAX, OBJECT_BYTES_MAX, Object, Objects, Only, Put, is_key};

/// Whose lock stands for all objects; a key cannot begin so.
const LOCK: &str = ".lock";

/// A folder of objects.
#[derive(Debug, Clone)]
pub struct FolderObjects {
    root: PathBuf,
}

impl FolderObjects {
    /// Objects under `root`, which is made when something is written.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Those beside the runs of a folder.
    pub fn beside(runs: &Path) -> Self {
        Self::new(&runs.join(OBJECTS))
    }

    fn path(&self, key: &str) -> std::io::Result<PathBuf> {
        if is_key(key) { Ok(self.root.join(key)) } else { Err(ErrorKind::InvalidInput.into()) }
    }

    fn read(&self, key: &str) -> std::io::Result<Option<Object>> {
        let file = match File::open(self.path(key)?) {
            Ok(file) => file,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
            Err(error) => return Err(error),
        };
        let written = file.metadata()?.modified()?;
        let mut bytes = Vec::new();
        file.take(OBJECT_BYTES_MAX + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > OBJECT_BYTES_MAX {
            return Err(ErrorKind::FileTooLarge.into());
        }
        // Written by this kernel, so its clock is the store's; one that was set back makes it just written.
        let age = SystemTime::now().duration_since(written).unwrap_or_default();
        let age_ms = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
        Ok(Some(Object { tag: tag(&bytes), bytes, age_ms }))
    }

    fn write(&self, key: &str, bytes: &[u8], only: Only<'_>) -> std::io::Result<Put> {
        let path = self.path(key)?;
        let folder = path.parent().unwrap_or(&self.root);
        std::fs::create_dir_all(folder)?;
        let lock = OpenOptions::new().write(true).create(true).truncate(false).open(self.root.join(LOCK))?;
        // Held for as long as it takes to write one small file; freed with its file.
        lock.lock()?;
        let holds = match only {
            Only::Always => true,
            Only::IfNew => !path.exists(),
            Only::IfTag(tag) => self.read(key)?.is_some_and(|object| object.tag == tag),
        };
        if !holds {
            return Ok(Put::Changed);
        }
        let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_data()?;
        file.persist(&path).map_err(|error| error.error)?;
        Ok(Put::Done(tag(bytes)))
    }

    fn keys(&self, prefix: &str, after: &str) -> std::io::Result<Vec<String>> {
        let mut found = Vec::new();
        // What lies beside the folder of the prefix is not walked through.
        let folder = prefix.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        let mut folders = vec![folder];
        while let Some(folder) = folders.pop() {
            let entries = match std::fs::read_dir(self.root.join(&folder)) {
                Ok(entries) => entries,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            for entry in entries {
                let entry = entry?;
                let Ok(name) = entry.file_name().into_string() else { continue };
                let key = format!("{folder}{name}");
                if !is_key(&key) {
                    continue;
                }
                if entry.file_type()?.is_dir() {
                    let folder = format!("{key}/");
                    // All that lies in it comes before what is asked for.
                    if folder.as_str() > after || after.starts_with(&folder) {
                        folders.push(folder);
                    }
                } else if key.starts_with(prefix) && key.as_str() > after {
                    found.push(key);
                }
            }
        }
        found.sort();
        found.truncate(LIST_MAX);
        Ok(found)
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> std::io::Result<T> + Send + 'static,
    ) -> Result<T, Away> {
        let store = self.clone();
        let root = self.root.display().to_string();
        let done = tokio::task::spawn_blocking(move || work(&store)).await;
        let done = done.map_err(|error| Away(error.to_string()))?;
        done.map_err(|error| Away(format!("{root}: {error}")))
    }
}

fn tag(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

#[async_trait]
impl Objects for FolderObjects {
    async fn get(&self, key: &str) -> Result<Option<Object>, Away> {
        let key = key.to_owned();
        self.blocking(move |store| store.read(&key)).await
    }

    async fn put(&self, key: &str, bytes: Vec<u8>, only: Only<'_>) -> Result<Put, Away> {
        let (key, if_new) = (key.to_owned(), only == Only::IfNew);
        let tag = if let Only::IfTag(tag) = only { Some(tag.to_owned()) } else { None };
        let work = move |store: &Self| {
            let only = match &tag {
                Some(tag) => Only::IfTag(tag),
                None if if_new => Only::IfNew,
                None => Only::Always,
            };
            store.write(&key, &bytes, only)
        };
        self.blocking(work).await
    }

    async fn list(&self, prefix: &str, after: &str) -> Result<Vec<String>, Away> {
        let (prefix, after) = (prefix.to_owned(), after.to_owned());
        self.blocking(move |store| store.keys(&prefix, &after)).await
    }

    async fn delete(&self, key: &str) -> Result<(), Away> {
        let key = key.to_owned();
        let work = move |store: &Self| match std::fs::remove_file(store.path(&key)?) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
        self.blocking(work).await
    }
}
