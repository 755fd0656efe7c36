//! Printing. A reader that went away is no reason to stop a run.

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::exit::Exit;
use crate::reading::no_command;
use crate::render::public::hide_shapes;
use crate::run::NotStarted;

/// Whether everybody can read what is printed.
static IN_PUBLIC: AtomicBool = AtomicBool::new(false);
/// For the runner alone, which shows nothing of it.
const MASK: &str = "::add-mask::";

/// From now on everybody can read what is printed: addresses, numbers, buckets and accounts are hidden by their look, whatever names them.
pub(super) fn in_public() {
    IN_PUBLIC.store(true, Ordering::Relaxed);
}

/// A text as it may be printed here.
pub(super) fn shown(text: &str) -> String {
    if IN_PUBLIC.load(Ordering::Relaxed) && !text.starts_with(MASK) { hide_shapes(text) } else { text.to_owned() }
}

/// A line, or several, on standard output.
pub(super) fn say(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{}", shown(text));
}

/// A line, or several, on standard error; none of them is a command of a build machine.
pub(super) fn complain(text: &str) {
    let lines: Vec<String> = shown(text).split('\n').map(no_command).collect();
    let _ = writeln!(std::io::stderr().lock(), "{}", lines.join("\n"));
}

/// Why nothing was begun, and the exit code that says so.
pub(super) fn refuse(not_started: &NotStarted) -> Exit {
    not_started.said.iter().for_each(|line| complain(line));
    not_started.exit
}
