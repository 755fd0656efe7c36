//! This machine: room for journals, and whether they can be written.

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
