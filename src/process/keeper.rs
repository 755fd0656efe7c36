//! The keeper itself: a small synchronous program inside this one, without a runtime and without a clock of its own.

use std::io::{Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, kill_process_group, set_child_subreaper, wait};

use super::second::SecondLine;
use super::{GRACE, KEEPER_NAME};

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
    // A name is a help, no more: without it everything is as it was.
    let _ = std::ffi::CString::new(KEEPER_NAME).map(|name| rustix::thread::set_name(&name));
    let owner = watch_owner();
    let mut second = None;
    let code = match start(arguments) {
        _ if arguments.command.is_empty() => {
            // Only a lease to watch: an error means that the owner is gone, which is what is waited for.
            let _ = owner.recv();
            0
        }
        Ok(leader) => {
            let shell = SecondLine::behind(leader, arguments.folder.as_deref());
            let code = tend(leader, shell.pid(), &owner);
            second = Some(shell);
            code
        }
        Err(error) => {
            let program = arguments.command.first().map_or_else(String::new, |name| name.display().to_string());
            // Nobody may be listening; the exit code says the same.
            let _ = writeln!(std::io::stderr(), "The keeper cannot start {program}: {error}.");
            127
        }
    };
    if let Some(folder) = &arguments.folder {
        remove(folder);
    }
    // Until here somebody may still kill this keeper.
    if let Some(second) = second {
        second.dismiss();
    }
    if let Some(lease) = &arguments.lease {
        // An owner that lives still holds the lock; one that is gone has lost it.
        free(lease);
    }
    ExitCode::from(code)
}

fn start(arguments: &KeeperArguments) -> std::io::Result<Pid> {
    // Whoever outlives its parent in there becomes our child, so that nobody is lost, and nobody stays a zombie.
    set_child_subreaper(Some(rustix::process::getpid()))?;
    let (program, rest) = arguments.command.split_first().ok_or(std::io::ErrorKind::InvalidInput)?;
    let mut command = Command::new(program);
    command.args(rest).stdin(Stdio::null()).process_group(0);
    if let Some((uid, gid)) = arguments.user {
        command.gid(gid).uid(uid);
    }
    // Waited for by `reap`, together with everybody else.
    let child = command.spawn()?;
    i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or_else(|| std::io::ErrorKind::InvalidData.into())
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

/// Waits for the child or for the owner's end, then ends everything that the child has started.
fn tend(leader: Pid, second: Option<Pid>, owner: &Receiver<()>) -> u8 {
    let mut code = None;
    while code.is_none() {
        code = reap(leader).1;
        match owner.recv_timeout(TICK) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    end_all(leader, second);
    code.unwrap_or(0)
}

/// Takes in whoever has died. Says whether somebody still lives, and how the leader ended, if it was among them.
fn reap(leader: Pid) -> (bool, Option<u8>) {
    let mut code = None;
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some((pid, status))) if pid == leader => {
                let number = status.exit_status().or_else(|| status.terminating_signal().map(|signal| 128 + signal));
                code = Some(number.and_then(|number| u8::try_from(number).ok()).unwrap_or(1));
            }
            Ok(Some(_)) | Err(rustix::io::Errno::INTR) => {}
            Ok(None) => return (true, code),
            Err(_) => return (false, code),
        }
    }
}

/// Asks everybody to end, then kills who is left. Orphans of the group are this process's own children by now.
/// The second line stays: somebody may kill this keeper meanwhile.
fn end_all(leader: Pid, second: Option<Pid>) {
    let begun = Instant::now();
    let mut asked = 0;
    loop {
        if !reap(leader).0 || children().all(|child| Some(child) == second) {
            return;
        }
        let elapsed = begun.elapsed();
        // PostgreSQL takes INT as "now"; a TERM would let it wait for its clients.
        let due = [(Duration::ZERO, Signal::INT), (GRACE / 3, Signal::TERM), (GRACE, Signal::KILL)];
        if let Some((_, signal)) = due.get(asked).filter(|(after, _)| elapsed >= *after) {
            asked += 1;
            signal_all(leader, second, *signal);
        } else if elapsed > GRACE {
            // Whoever appeared after the first KILL gets one of its own.
            signal_all(leader, second, Signal::KILL);
        }
        if elapsed > GRACE * 3 {
            return;
        }
        std::thread::sleep(TICK);
    }
}

/// Signals the leader's group, and every child of ours that has left it.
fn signal_all(leader: Pid, second: Option<Pid>, signal: Signal) {
    // A group that is gone already cannot be signalled; that is what we want.
    let _ = kill_process_group(leader, signal);
    for child in children().filter(|child| Some(*child) != second) {
        let _ = kill_process(child, signal);
    }
}

/// Whoever is this process's child.
fn children() -> impl Iterator<Item = Pid> {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", std::process::id())).into_iter().flatten().flatten();
    let of_task = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
    let all: Vec<String> = tasks.map(of_task).collect();
    let pids =
        |text: String| text.split_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)).collect::<Vec<_>>();
    all.into_iter().flat_map(pids)
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
