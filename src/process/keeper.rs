//! The keeper itself: a small synchronous program inside this one, without a runtime and without a clock of its own.

use std::io::Read as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

use super::GRACE;

const TICK: Duration = Duration::from_millis(10);
/// A folder can get new files while its writers die.
const REMOVALS_MAX: u32 = 50;

/// What the keeper is started with.
#[derive(Debug)]
pub struct KeeperArguments {
    /// Removed at the end.
    pub folder: Option<PathBuf>,
    /// Removed at the end, if nobody has locked it.
    pub lease: Option<PathBuf>,
    /// Whose the child is to be, where it must not be root's.
    pub user: Option<(u32, u32)>,
    /// The child's program and arguments.
    pub command: Vec<std::ffi::OsString>,
}

/// Runs the child until it ends or the owner is gone, and leaves nothing behind. Gives the child's exit code.
pub fn keep(arguments: &KeeperArguments) -> ExitCode {
    let owner = watch_owner();
    let code = match start(arguments) {
        _ if arguments.command.is_empty() => {
            // Only a lease to watch: an error means that the owner is gone, which is what is waited for.
            let _ = owner.recv();
            0
        }
        Ok(child) => tend(child, &owner),
        Err(error) => {
            eprintln!(
                "The keeper cannot start {}: {error}.",
                arguments.command.first().map_or_else(String::new, |name| name.display().to_string())
            );
            127
        }
    };
    if let Some(folder) = &arguments.folder {
        remove(folder);
    }
    if let Some(lease) = &arguments.lease {
        // An owner that lives still holds the lock; one that is gone has lost it.
        free(lease);
    }
    ExitCode::from(code)
}

fn start(arguments: &KeeperArguments) -> std::io::Result<Child> {
    let (program, rest) = arguments.command.split_first().ok_or(std::io::ErrorKind::InvalidInput)?;
    let mut command = Command::new(program);
    command.args(rest).stdin(Stdio::null()).process_group(0);
    if let Some((uid, gid)) = arguments.user {
        command.gid(gid).uid(uid);
    }
    command.spawn()
}

/// Tells when the other end of standard input is closed: the owner is gone, or asks for the end.
fn watch_owner() -> Receiver<()> {
    let (gone, owner) = channel();
    std::thread::spawn(move || {
        let mut buffer = [0_u8; 64];
        while matches!(std::io::stdin().read(&mut buffer), Ok(count) if count > 0) {}
        // The receiver may have left already; then nobody needs telling.
        let _ = gone.send(());
    });
    owner
}

fn tend(mut child: Child, owner: &Receiver<()>) -> u8 {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            end_group(group, None);
            let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
            return u8::try_from(code).unwrap_or(1);
        }
        match owner.recv_timeout(TICK) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => {
                end_group(group, Some(&mut child));
                return 0;
            }
        }
    }
}

/// Asks the group to end, then kills what is left of it.
fn end_group(group: Option<Pid>, mut leader: Option<&mut Child>) {
    let Some(group) = group else { return };
    let begun = Instant::now();
    // A group that is gone already cannot be signalled; that is what we want.
    // PostgreSQL takes this as "now", a later TERM would wait for its clients.
    let _ = kill_process_group(group, Signal::INT);
    let mut asked_again = false;
    while begun.elapsed() < GRACE {
        if !asked_again && begun.elapsed() > GRACE / 3 {
            asked_again = true;
            let _ = kill_process_group(group, Signal::TERM);
        }
        if let Some(leader) = &mut leader {
            // Without being waited for, a dead leader would keep its group alive as a zombie.
            let _ = leader.try_wait();
        }
        if test_kill_process_group(group).is_err() {
            return;
        }
        std::thread::sleep(TICK);
    }
    let _ = kill_process_group(group, Signal::KILL);
    if let Some(leader) = leader {
        let _ = leader.wait();
    }
}

fn remove(folder: &Path) {
    for _ in 0..REMOVALS_MAX {
        if std::fs::remove_dir_all(folder).is_ok() || !folder.exists() {
            return;
        }
        std::thread::sleep(TICK);
    }
}

fn free(lease: &Path) {
    let Ok(file) = std::fs::OpenOptions::new().read(true).write(true).open(lease) else { return };
    for _ in 0..REMOVALS_MAX {
        if file.try_lock().is_ok() {
            let _ = std::fs::remove_file(lease);
            return;
        }
        std::thread::sleep(TICK);
    }
}
