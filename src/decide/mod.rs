//! What to do next. Pure: history and time in, at most one command for each idle lane out.

mod lane;

use crate::history::History;
use crate::model::{Gap, Lane, ProbeWhen, StepId};

/// Something for the engine to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    Probe(ProbeWhen),
    OpenBrowser,
    CloseBrowser,
    /// Look which messages are there before the trigger of this expectation.
    Mark(StepId),
    Act(StepId),
    Refuse(StepId, String),
    Look {
        step: StepId,
        standing: bool,
    },
    /// Fetch again what this expectation captured.
    Recall(StepId),
    Close(StepId, Gap),
    /// Take a picture of what this step failed on.
    Picture(StepId),
    /// Nothing to do before this time, in milliseconds since the run started.
    Wait {
        until: u64,
    },
    End,
}

/// Decides for each idle lane. `now` is in milliseconds since the run started.
pub fn decide(history: &History, now: u64, idle: &[Lane]) -> Vec<(Lane, Command)> {
    if history.ended {
        return Vec::new();
    }
    let commands = idle.iter().filter_map(|lane| {
        let command = match lane {
            Lane::Run => run(history),
            Lane::Browser(_) if history.before.is_none() => None,
            Lane::Browser(_) => lane::next(history, *lane, now),
        };
        command.map(|command| (*lane, command))
    });
    commands.collect()
}

fn run(history: &History) -> Option<Command> {
    if history.before.is_none() {
        return Some(Command::Probe(ProbeWhen::Before));
    }
    if !history.lanes.keys().all(|lane| lane::is_over(history, *lane)) {
        return None;
    }
    Some(if history.after.is_none() { Command::Probe(ProbeWhen::After) } else { Command::End })
}
