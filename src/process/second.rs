//! The second line: a shell that waits for the keeper's end. Whoever kills all processes of this program by its name kills
//! the keepers too; the shell has another name, and ends what they held.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::Pid;

const SCRIPT: &str = include_str!("second_line.sh");

/// The shell; it does nothing where it is told that all is done.
pub(super) struct SecondLine(Option<Child>);

impl SecondLine {
    /// Watches over this process for a child that leads a group, and its private folder.
    ///
    /// Without a shell there is no second line, and everything else is as it was.
    pub(super) fn behind(leader: Pid, folder: Option<&Path>) -> Self {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", SCRIPT, "second-line"]).arg(leader.as_raw_nonzero().to_string());
        // Two lines would be two patterns, and one of them may be somebody else's folder.
        let folder = folder.filter(|folder| !folder.display().to_string().contains(char::is_control));
        command.arg(folder.unwrap_or(Path::new("")));
        // Its own TMPDIR must not be that of what it ends.
        command.env_clear().env("PATH", "/usr/bin:/bin");
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        Self(command.spawn().ok())
    }

    /// The shell's number.
    pub(super) fn pid(&self) -> Option<Pid> {
        Pid::from_raw(i32::try_from(self.0.as_ref()?.id()).ok()?)
    }

    /// Nothing is left to be ended.
    pub(super) fn dismiss(self) {
        let Some(mut shell) = self.0 else { return };
        if let Some(mut pipe) = shell.stdin.take() {
            // One that is gone already needs no word.
            let _ = pipe.write_all(b"done\n");
        }
        let _ = shell.wait();
    }
}
