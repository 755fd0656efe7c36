//! `check`: every problem of every file, at once. Resolves no secret and starts nothing.

use super::options::Check;
use super::out::{complain, say};
use crate::config::Files;
use crate::exit::Exit;

pub(super) fn run(_: &Check) -> Exit {
    let loaded = Files::new(".".as_ref()).load();
    if loaded.problems.is_empty() {
        say(&format!("{} files are in order.", loaded.files));
        return Exit::Passed;
    }
    for problem in &loaded.problems {
        complain(&format!("{problem}\n"));
    }
    complain(&format!("{} problem(s) in {} files.", loaded.problems.len(), loaded.files));
    Exit::WrongInput
}
