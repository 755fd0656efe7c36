//! `pin`: an environment's host and senders go from its variables into its file.

use std::path::Path;

use super::options::Pin;
use super::out::{refuse, say};
use crate::exit::Exit;
use crate::run::pin;

pub(super) fn run(options: &Pin, root: &Path) -> Exit {
    match pin(root, &options.environment) {
        Ok(done) if done.lines.is_empty() => {
            say(&format!("{} names its host and senders already.", done.path.display()));
            Exit::Passed
        }
        Ok(done) => {
            let lines = done.lines.join("\n");
            say(&format!("{} is pinned now; look at it, and commit it:\n{lines}", done.path.display()));
            Exit::Passed
        }
        Err(not_started) => refuse(&not_started),
    }
}
