//! `completions`: what a shell needs to complete our words.

use clap::CommandFactory as _;

use super::options::{Completions, Options};
use super::out::say;
use crate::exit::Exit;

pub(super) fn run(options: &Completions) -> Exit {
    let mut text = Vec::new();
    clap_complete::generate(options.shell, &mut Options::command(), "notify-smoke", &mut text);
    say(String::from_utf8_lossy(&text).trim_end());
    Exit::Passed
}
