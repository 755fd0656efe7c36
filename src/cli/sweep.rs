//! `sweep`: what was left behind by runs that were killed with their keepers.

use super::out::say;
use crate::exit::Exit;
use crate::process::sweep;

pub(super) fn run() -> Exit {
    let found = sweep();
    let processes: usize = found.iter().map(crate::process::Leftover::processes).sum();
    if found.is_empty() {
        say("Nothing was left behind.");
    } else {
        say(&format!(
            "{} folder(s) of runs that are gone are removed, and {processes} process(es) ended.",
            found.len()
        ));
    }
    Exit::Passed
}
