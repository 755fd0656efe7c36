//! What was left behind by programs of ours that are gone, as after a crash of the machine's session: private folders, and
//! processes that have them as their `TMPDIR`.

use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, kill_process};

use super::owner::{Owner, is_gone};
use super::{FOLDER_PREFIX, GRACE};

/// The file in a private folder that says whose it is.
const OWNER: &str = "owner";
/// More folders than these are looked at next time.
const FOLDERS_MAX: usize = 1_000;
const OWNER_BYTES_MAX: u64 = 64;
const TICK: Duration = Duration::from_millis(50);

/// A folder whose owner is gone, and who still works in it.
#[derive(Debug)]
pub struct Leftover {
    pub folder: PathBuf,
    processes: Vec<Pid>,
}

impl Leftover {
    /// How many processes still work in it.
    pub fn processes(&self) -> usize {
        self.processes.len()
    }
}

/// Writes into a private folder that this process owns it.
pub(super) fn sign(folder: &Path) -> std::io::Result<()> {
    let Owner { pid, started, namespace, .. } = Owner::this();
    std::fs::write(folder.join(OWNER), format!("notify-smoke 1 {pid} {started} {namespace}"))
}

/// What is left behind under the folder for temporary files. A keeper that is still at work has a moment to end.
pub fn leftovers() -> Vec<Leftover> {
    let begun = Instant::now();
    loop {
        let found = folders_without_owner(&std::env::temp_dir());
        if found.is_empty() || begun.elapsed() > GRACE * 3 {
            return found.into_iter().map(|folder| Leftover { processes: in_folder(&folder), folder }).collect();
        }
        std::thread::sleep(TICK);
    }
}

/// Ends and removes what is left behind, and gives it back.
pub fn sweep() -> Vec<Leftover> {
    let found = leftovers();
    for leftover in &found {
        let begun = Instant::now();
        while leftover.folder.exists() && begun.elapsed() < GRACE * 3 {
            for process in in_folder(&leftover.folder) {
                // It may have ended by itself in this moment.
                let _ = kill_process(process, Signal::KILL);
            }
            // Somebody may write while he dies; then once more.
            let _ = std::fs::remove_dir_all(&leftover.folder);
            std::thread::sleep(TICK);
        }
    }
    found
}

fn folders_without_owner(temporary: &Path) -> Vec<PathBuf> {
    let own = rustix::process::getuid().as_raw();
    let is_ours = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_own = || std::fs::symlink_metadata(path).is_ok_and(|data| data.is_dir() && data.uid() == own);
        name.starts_with(FOLDER_PREFIX) && is_own()
    };
    let is_alone = |path: &PathBuf| {
        let Some([pid, time, world]) = owner(&path.join(OWNER)) else { return false };
        pid.parse().is_ok_and(|pid| is_gone(pid, &time, &world))
    };
    let all = std::fs::read_dir(temporary).into_iter().flatten().flatten().map(|entry| entry.path());
    all.filter(is_ours).take(FOLDERS_MAX).filter(is_alone).collect()
}

/// Number, start and namespace of the process that a file names, where it is one that we have written.
fn owner(file: &Path) -> Option<[String; 3]> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = std::fs::File::from(rustix::fs::open(file, flags, Mode::empty()).ok()?);
    file.metadata().ok().filter(std::fs::Metadata::is_file)?;
    let mut text = String::new();
    file.take(OWNER_BYTES_MAX).read_to_string(&mut text).ok()?;
    let words: Vec<String> = text.strip_prefix("notify-smoke 1 ")?.split(' ').map(str::to_owned).collect();
    let digits = |word: &String| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    words.try_into().ok().filter(|words: &[String; 3]| words.iter().all(digits))
}

/// Processes that have this folder as their `TMPDIR`.
fn in_folder(folder: &Path) -> Vec<Pid> {
    let wanted = format!("TMPDIR={}", folder.display());
    let numbers = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = numbers.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let works = |pid: &i32| {
        let environ = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environ.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes())
    };
    numbers.filter(works).filter_map(Pid::from_raw).collect()
}
