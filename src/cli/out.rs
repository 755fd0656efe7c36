//! Printing. A reader that went away is no reason to stop a run.

use std::io::Write as _;

use crate::exit::Exit;
use crate::run::NotStarted;

/// A line, or several, on standard output.
pub(super) fn say(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// A line, or several, on standard error.
pub(super) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Why nothing was begun, and the exit code that says so.
pub(super) fn refuse(not_started: &NotStarted) -> Exit {
    not_started.said.iter().for_each(|line| complain(line));
    not_started.exit
}
