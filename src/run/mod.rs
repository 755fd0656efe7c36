//! The composition root: builds adapters and guards, starts a sandbox where one is wanted, runs the engine, and
//! leaves the reports.

mod announce;
mod budget;
mod clock;
mod copies;
pub mod doctor;
mod due;
mod gate;
mod going;
mod held;
mod ids;
mod keep;
mod known;
mod launch;
mod left;
mod look_back;
mod mark;
mod mirrored;
mod passed;
mod pin;
mod ports;
mod prepare;
mod recorded;
#[cfg(feature = "local")]
mod sandbox;
mod shared;
mod stage;
mod surroundings;

pub use due::{Due, due, left_by_job};
pub use gate::{Answer, Gate, gate};
pub use going::Going;
pub use known::known;
pub use launch::{Company, Finished, go_on, smoke};
pub use mark::mark;
pub use passed::last_passed;
pub use pin::pin;
pub use prepare::{Prepared, Wanted, prepare, show_plan};
pub use recorded::Recorded;

/// A few letters that nobody can guess.
///
/// # Errors
/// [`NotStarted`] where the system gives no random bytes.
pub fn random_word() -> Result<String, NotStarted> {
    ids::random_letters(ids::TOKEN_LENGTH)
}

/// Why a run did not begin, with the exit code that says so.
#[derive(Debug)]
pub struct NotStarted {
    pub exit: crate::exit::Exit,
    /// Lines for the terminal.
    pub said: Vec<String>,
}

impl NotStarted {
    /// With one sentence.
    pub fn new(exit: crate::exit::Exit, said: impl Into<String>) -> Self {
        Self { exit, said: vec![said.into()] }
    }
}
