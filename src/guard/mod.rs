//! Guards: who may work on a run now, and with what runs share. The lease on a run is a locked file, so the kernel frees it with
//! its holder; its keeper takes the file itself away. What runs share has leases in a store (`lease.rs`).

mod alone;
mod lease;

pub use alone::Alone;
pub use lease::Leases;

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use crate::process::{Keeper, Kept};

/// The lease on one run, in its folder.
pub struct FileLease {
    path: PathBuf,
    file: File,
    keeper: Option<Kept>,
}

/// Why there is no lease.
#[derive(Debug)]
pub enum NoLease {
    /// Another run has it: what it wrote of itself.
    Held(String),
    /// The file cannot be made.
    Failed(String),
}

/// How often a lease file that was taken away in the same moment is made again.
const TRIES_MAX: u32 = 20;

impl FileLease {
    /// Takes the lease that is the file at `path` for `holder`.
    ///
    /// # Errors
    /// [`NoLease`].
    pub fn take(path: &Path, holder: &str, keeper: &Keeper) -> Result<Self, NoLease> {
        let failed =
            |error: std::io::Error| NoLease::Failed(format!("The lease {} cannot be taken: {error}.", path.display()));
        std::fs::create_dir_all(path.parent().unwrap_or(path)).map_err(failed)?;
        for _ in 0..TRIES_MAX {
            let mut file =
                OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(failed)?;
            if file.try_lock().is_err() {
                let mut said = String::new();
                // An unreadable lease is held all the same.
                let _ = file.read_to_string(&mut said);
                return Err(NoLease::Held(said.trim().to_owned()));
            }
            // The file may have been removed between opening and locking; then the lock is on nothing.
            if !same_file(&file, path) {
                continue;
            }
            file.set_len(0)
                .and_then(|()| file.rewind())
                .and_then(|()| file.write_all(holder.as_bytes()))
                .map_err(failed)?;
            let watching = keeper.watch_lease(path).map_err(failed)?;
            return Ok(Self { path: path.to_owned(), file, keeper: Some(watching) });
        }
        Err(NoLease::Failed(format!("The lease {} is taken away again and again.", path.display())))
    }

    /// Gives it back.
    pub async fn give_back(mut self) {
        // Removed while it is still locked, so that nobody can take a file that is about to go.
        let _ = std::fs::remove_file(&self.path);
        let _ = self.file.unlock();
        if let Some(keeper) = self.keeper.take() {
            keeper.end().await;
        }
    }
}

fn same_file(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let inode = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(open), Ok(named)) => inode(open) == inode(named),
        _ => false,
    }
}
