//! What to do next. Pure: history and time in, at most one command for each idle lane out.

mod cancel;
mod lane;
mod messages;
mod needs;
mod wind_down;

use crate::history::{History, ProbeState};
use crate::model::{Gap, Lane, ProbeWhen, StepId};

/// Looks at the service's health that are tried until one succeeds.
const PROBES_MAX: u32 = 3;
/// Looks at what was deployed follow each other so soon, in milliseconds.
const BUILD_LOOK_MS: u64 = 200;
/// So many looks at the service's clock follow each other closely.
const CLOSE_CLOCK_LOOKS: u32 = 8;
/// Afterwards so many in a whole wait, and no more than one in so many milliseconds: in an hour they are sixty.
const CLOCK_LOOKS: u64 = 50;
const CLOCK_LOOK_MS: u64 = 60_000;

/// Something for the engine to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    Probe(ProbeWhen),
    /// Read what those who deploy have marked.
    Deploys,
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
            Lane::Run => run(history, now),
            Lane::Browser(_) if !probed(history) => None,
            Lane::Browser(_) => lane::next(history, *lane, now),
        };
        command.map(|command| (*lane, command))
    });
    commands.collect()
}

fn run(history: &History, now: u64) -> Option<Command> {
    if let Some(command) = probe(history.before.as_ref(), ProbeWhen::Before, history, now) {
        return Some(command);
    }
    if let Some(command) = expected_builds(history, false, now) {
        return Some(command);
    }
    if !history.lanes.keys().all(|lane| lane::is_over(history, *lane)) {
        // Whoever is told of a failure now is told of no deploy's.
        let asks = history.deploys.read_at.is_none() && history.looks_failed();
        return if asks { Some(Command::Deploys) } else { look_at_clock(history, now) };
    }
    if let Some(command) = probe(history.after.as_ref(), ProbeWhen::After, history, now) {
        return Some(command);
    }
    if let Some(command) = expected_builds(history, true, now) {
        return Some(command);
    }
    // What cannot be read is not tried again: it takes nothing from a run that passed, and is told.
    let over = history.after.as_ref().map_or(0, |after| after.moment.t);
    Some(if history.deploys.read_at.is_none_or(|read| read < over) { Command::Deploys } else { Command::End })
}

/// While a time of the service's is awaited, its clock is looked at now and then: ours may be set meanwhile, or its own.
fn look_at_clock(history: &History, now: u64) -> Option<Command> {
    let awaited = awaits_until(history)?;
    // A few looks tell how far apart the clocks are; after that one a minute is enough to see that one was set, and in a short
    // wait some dozens.
    let looks = history.during.as_ref().map_or(0, |state| state.tries);
    let closely_ms = messages::CLOCK_LOOK_POLLS * history.plan.poll_ms;
    let every_ms = if looks < CLOSE_CLOCK_LOOKS {
        closely_ms
    } else {
        (awaited / CLOCK_LOOKS).clamp((2 * closely_ms).min(CLOCK_LOOK_MS), CLOCK_LOOK_MS)
    };
    let last = [&history.before, &history.during].into_iter().flatten().map(|state| state.moment.t).max().unwrap_or(0);
    let due = if history.knows_clock() { last + every_ms } else { last + history.plan.poll_ms };
    // A wait is not broken off when the lanes get done, so it is a short one.
    let until = due.min(now + history.plan.poll_ms);
    Some(if now < due { Command::Wait { until } } else { Command::Probe(ProbeWhen::During) })
}

/// What is left to do when somebody stops the run. Nothing new is begun.
pub fn wind_down(history: &History, now: u64, idle: &[Lane]) -> Vec<(Lane, Command)> {
    idle.iter().filter_map(|lane| Some((*lane, wind_down::next(history, *lane, now)?))).collect()
}

/// The next time that is awaited by the service's clock, in milliseconds of the run.
pub fn awaits_until(history: &History) -> Option<u64> {
    history.plan.scenarios.iter().filter_map(|scenario| messages::awaits(history, scenario)).min()
}

/// Whether there is nothing to do but to wait for a time of the service's, and a while yet.
pub fn only_waits(history: &History, now: u64) -> Option<u64> {
    let until = awaits_until(history).filter(|until| *until > now + 2 * history.plan.poll_ms)?;
    let idle = history.lanes.iter().all(|(lane, state)| {
        let awaits = messages::awaited(history, *lane).is_some();
        (awaits || !state.open) && lane::only_waits(history, *lane, now)
    });
    idle.then_some(until)
}

/// Looks whether what was deployed is what answers, beside the lanes: they test what is there all the same.
fn expected_builds(history: &History, after: bool, now: u64) -> Option<Command> {
    let last = history.looks_for_builds(after)?;
    let due = last + BUILD_LOOK_MS;
    Some(if last > 0 && now < due { Command::Wait { until: due } } else { Command::Probe(ProbeWhen::Expecting) })
}

/// One look at the service's health, and a few more while it cannot be had: one lost packet must not count.
fn probe(state: Option<&ProbeState>, when: ProbeWhen, history: &History, now: u64) -> Option<Command> {
    let Some(state) = state else { return Some(Command::Probe(when)) };
    if state.health.is_some() || state.tries >= PROBES_MAX {
        return None;
    }
    let due = state.moment.t + history.plan.poll_ms;
    Some(if now < due { Command::Wait { until: due } } else { Command::Probe(when) })
}

/// Whether the look before everything else is over.
fn probed(history: &History) -> bool {
    history.before.as_ref().is_some_and(|state| state.health.is_some() || state.tries >= PROBES_MAX)
}
