//! This machine: room for journals, and whether they can be written.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::{Finding, Look};

const ROOM: &str = "disk";
/// A run writes a few megabytes, a browser's profile some tens more.
const ROOM_WARN_BYTES: u64 = 1 << 30;
const ROOM_FAIL_BYTES: u64 = 200 << 20;

/// Where runs are written, and where children have their folders.
pub(super) fn looks(runs: &Path) -> Vec<Look> {
    let temporary = std::env::temp_dir();
    let here = runs.ancestors().find(|path| path.is_dir()).unwrap_or_else(|| Path::new("."));
    let mut looks = vec![room(here)];
    looks.push(left_behind());
    looks.extend(others());
    if !is_writable(here) {
        let mend = "Look at its owner and permissions; nothing is done without a journal.";
        looks.push(Look::new("runs", Finding::Fail, format!("{} cannot be written to", here.display()), mend));
    }
    if !is_writable(&temporary) {
        let mend = "Set TMPDIR to a folder that can be written to.";
        let said = format!("{} cannot be written to", temporary.display());
        looks.push(Look::new("temporary folder", Finding::Fail, said, mend));
    }
    looks
}

/// What killed runs have left on this machine.
fn left_behind() -> Look {
    const NAME: &str = "leftovers";
    let found = crate::process::leftovers();
    let processes: usize = found.iter().map(crate::process::Leftover::processes).sum();
    match found.len() {
        0 => Look::ok(NAME, "none"),
        folders => {
            let said = format!("{folders} folder(s) of runs that were killed, with {processes} process(es)");
            Look::new(NAME, Finding::Warn, said, "Run `notify-smoke sweep`; the next run does it too.")
        }
    }
}

/// Who else is at work here: the port of a driver has no lock of its own.
fn others() -> Option<Look> {
    // Numbers of people; those below are the system's, the last one is nobody.
    let people = 1_000..65_534;
    let own = rustix::process::getuid().as_raw();
    let users: BTreeSet<u32> = std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name().to_str().is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_digit())))
        .filter_map(|entry| Some(entry.metadata().ok()?.uid()))
        .filter(|user| *user != own && people.contains(user))
        .collect();
    let said = format!("{} other user(s) are at work on this machine", users.len());
    let mend = "Run where nobody else is: another user of the same machine can reach the driver's port during a run.";
    (!users.is_empty()).then(|| Look::new("other users", Finding::Warn, said, mend))
}

fn room(folder: &Path) -> Look {
    let Ok(found) = rustix::fs::statvfs(folder) else {
        return Look::new(ROOM, Finding::Unknown, "nobody tells how much room there is", "");
    };
    let bytes = found.f_bavail.saturating_mul(found.f_frsize);
    let said = format!("{} MB left", bytes >> 20);
    match bytes {
        bytes if bytes < ROOM_FAIL_BYTES => {
            Look::new(ROOM, Finding::Fail, said, "Make room: a run stops when its journal cannot be written.")
        }
        bytes if bytes < ROOM_WARN_BYTES => Look::new(ROOM, Finding::Warn, said, "Make room before long."),
        _ => Look::ok(ROOM, said),
    }
}

fn is_writable(folder: &Path) -> bool {
    rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_ok()
}
