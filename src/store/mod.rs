//! A run's folder: `runs/<environment>/<run id>/` with journal, reports and evidence; `latest` links to the newest. And what runs
//! of every machine share: objects, in a folder or a bucket.

mod deploys;
mod file;
mod lines;
mod mirror;
mod s3;
mod walk;

pub use deploys::DeployBook;
pub use file::FolderObjects;
pub use lines::{EVER, Lines};
pub use mirror::{Mirror, Stored, pull, stored};
pub use s3::BucketObjects;

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::port::Store;

/// A time as the ids of runs begin, and names in the store: they sort by it.
pub fn second(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

const JOURNAL: &str = "journal.jsonl";
const EVIDENCE: &str = "evidence";
/// What tells one folder of runs from all others.
const PLACE: &str = "place";
/// Objects lie here, beside the runs of a folder.
const OBJECTS: &str = ".store";

/// A journal of more bytes is not read: no run writes that much.
const JOURNAL_BYTES_MAX: u64 = 256 << 20;
/// Evidence of a run is not kept beyond this.
const EVIDENCE_BYTES_MAX: u64 = 100 << 20;

/// One run's folder.
pub struct RunFolder {
    pub path: PathBuf,
    journal: File,
    evidence_bytes: u64,
}

impl RunFolder {
    /// Makes the folder of a new run, and its journal.
    ///
    /// # Errors
    /// When something cannot be made.
    pub fn create(runs: &Path, environment: &str, run: &str) -> std::io::Result<Self> {
        let path = runs.join(environment).join(run);
        std::fs::create_dir_all(path.join(EVIDENCE))?;
        let journal = OpenOptions::new().append(true).create_new(true).open(path.join(JOURNAL))?;
        sync_folder(&path)?;
        link_latest(&runs.join(environment), run)?;
        Ok(Self { path, journal, evidence_bytes: 0 })
    }

    /// Opens the folder of a run that goes on; the journal keeps its first `whole_bytes`.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub fn reopen(path: &Path, whole_bytes: u64) -> std::io::Result<Self> {
        let journal = OpenOptions::new().append(true).open(path.join(JOURNAL))?;
        journal.set_len(whole_bytes)?;
        std::fs::create_dir_all(path.join(EVIDENCE))?;
        Ok(Self { path: path.to_owned(), journal, evidence_bytes: 0 })
    }
}

impl RunFolder {
    /// Puts a journal from elsewhere into a run's folder, whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn bring(path: &Path, journal: &[u8]) -> std::io::Result<()> {
        std::fs::create_dir_all(path.join(EVIDENCE))?;
        let mut file = tempfile::NamedTempFile::new_in(path)?;
        file.write_all(journal)?;
        file.as_file().sync_data()?;
        file.persist(path.join(JOURNAL)).map_err(|error| error.error)?;
        let (Some(environment), Some(run)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
            return Ok(());
        };
        // Run ids begin with their time.
        let has_newer = std::fs::read_link(environment.join("latest")).is_ok_and(|latest| latest.as_os_str() > run);
        if has_newer { Ok(()) } else { link_latest(environment, run) }
    }
}

impl Store for RunFolder {
    fn append(&mut self, line: &[u8], sync: bool) -> std::io::Result<()> {
        let mut whole = Vec::with_capacity(line.len() + 1);
        whole.extend_from_slice(line);
        whole.push(b'\n');
        self.journal.write_all(&whole)?;
        if sync { self.journal.sync_data() } else { Ok(()) }
    }

    fn keep(&mut self, name: &str, bytes: &[u8]) -> std::io::Result<()> {
        self.evidence_bytes += bytes.len() as u64;
        if self.evidence_bytes > EVIDENCE_BYTES_MAX {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        std::fs::write(self.path.join(EVIDENCE).join(name), bytes)
    }
}

/// Where an environment's runs lie, with their leases, as a number: another place has another one. The number of the folder tells
/// it from a copy beside it, and what stands in a file once from a folder of another machine that has the same number.
///
/// # Errors
/// When there is no such folder, or it cannot be written.
pub fn place(runs: &Path, environment: &str) -> std::io::Result<u64> {
    let file = runs.join(OBJECTS).join(PLACE);
    std::fs::create_dir_all(file.parent().unwrap_or(runs))?;
    if let Ok(mut new) = OpenOptions::new().write(true).create_new(true).open(&file) {
        let mut id = [0_u8; 16];
        getrandom::fill(&mut id).map_err(std::io::Error::other)?;
        new.write_all(format!("{:x}", Sha256::digest(id)).as_bytes())?;
    }
    let mut digest = Sha256::new();
    digest.update(std::fs::read(&file)?);
    digest.update(std::fs::metadata(runs.join(environment))?.ino().to_be_bytes());
    let bytes: [u8; 8] = digest.finalize()[..8].try_into().map_err(std::io::Error::other)?;
    Ok(u64::from_be_bytes(bytes))
}

/// Reads a run's journal.
///
/// # Errors
/// When there is none, or it is larger than any run writes.
pub fn read_journal(run: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(run.join(JOURNAL))?.take(JOURNAL_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > JOURNAL_BYTES_MAX { Err(std::io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}

/// The folders that a run's name may mean: its path, its id, or `latest` of one environment (`local/latest`) or of each.
pub fn find_runs(runs: &Path, name: &str) -> Vec<PathBuf> {
    let has_journal = |path: &PathBuf| path.join(JOURNAL).is_file();
    if let Some(path) = [PathBuf::from(name), runs.join(name)].into_iter().find(has_journal) {
        return vec![path];
    }
    let environments = std::fs::read_dir(runs).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> =
        environments.map(|environment| environment.path().join(name)).filter(has_journal).collect();
    found.sort();
    found
}

/// Writes a report beside the journal, whole or not at all.
///
/// # Errors
/// When it cannot be written.
pub fn write_report(run: &Path, name: &str, text: &str) -> std::io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(run)?;
    file.write_all(text.as_bytes())?;
    file.persist(run.join(name)).map(|_| ()).map_err(|error| error.error)
}

/// The journals of an environment's runs, newest first, as far back as `count`.
pub fn newest_runs(runs: &Path, environment: &str, count: usize) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(runs.join(environment)).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries
        .filter(|entry| entry.file_name() != "latest")
        .map(|entry| entry.path())
        .filter(|path| path.join(JOURNAL).is_file())
        .collect();
    // Run ids begin with their time.
    folders.sort();
    folders.reverse();
    folders.truncate(count);
    folders
}

/// The environments that have runs.
pub fn environments(runs: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(runs).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.path().is_dir());
    let names = folders.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| !name.starts_with('.')).collect();
    names.sort();
    names
}

fn link_latest(folder: &Path, run: &str) -> std::io::Result<()> {
    let next = folder.join(format!(".latest-{run}"));
    std::os::unix::fs::symlink(run, &next)?;
    std::fs::rename(next, folder.join("latest"))
}

fn sync_folder(path: &Path) -> std::io::Result<()> {
    File::open(path)?.sync_all()
}
