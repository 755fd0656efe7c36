//! Printing. A reader that went away is no reason to stop a run.

use std::io::Write as _;

/// A line, or several, on standard output.
pub(super) fn say(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// A line, or several, on standard error.
pub(super) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
