//! Cancelling a job on its page: it is visited and looked at, its button is pressed where it still waits, and it is looked
//! whether it is gone.

use super::Command;
use super::messages::is_readable;
use crate::history::History;
use crate::model::{Acted, Check, Observation, PlannedScenario, StepId, StepKind, Wrong};

/// Looks at a page come this soon after one another.
pub(super) const PAGE_LOOK_MS: u64 = 100;

/// How long the answer to the press is waited for before the job's page is asked for again.
const LEAVE_LONGEST_MS: u64 = 2_000;

/// How far it has got.
enum Stage {
    Visit(StepId),
    Look(StepId),
    Press(StepId),
    /// The press was done at this time; its answer is waited for.
    Leave {
        pressed: u64,
        visit: StepId,
        look: StepId,
    },
    Over,
}

/// When it was seen that a scenario's job waits for a wrong time, while something is left to do about it: it would be sent
/// then.
pub(super) fn of_wrong_time(history: &History, scenario: &PlannedScenario) -> Option<u64> {
    let seen =
        scenario.steps.iter().find_map(|step| match (&history.plan.step(*step).kind, &history.step(*step).check) {
            (StepKind::Expect { .. }, Some((moment, Check::Never { wrong: Wrong::OtherTime, .. }))) => Some(moment.t),
            _ => None,
        })?;
    (!matches!(stage(history, scenario, seen), Stage::Over)).then_some(seen)
}

/// The next command for a job that is to be cancelled since then, until nothing is left.
pub(super) fn next(history: &History, scenario: &PlannedScenario, since: u64, now: u64) -> Option<Command> {
    let open = history.lanes.get(&scenario.lane).is_some_and(|lane| lane.open);
    let act = |step| if open { Command::Act(step) } else { Command::OpenBrowser };
    match stage(history, scenario, since) {
        Stage::Visit(step) | Stage::Press(step) => Some(act(step)),
        Stage::Look(step) => Some(Command::Look { step, standing: false }),
        Stage::Leave { pressed, visit, look } => {
            if now > pressed + LEAVE_LONGEST_MS || has_left(history, visit, look, pressed) {
                return Some(Command::Act(visit));
            }
            let due = history.step(look).looks.last.map_or(0, |(_, ended)| ended.t + PAGE_LOOK_MS);
            Some(if now < due { Command::Wait { until: due } } else { Command::Look { step: look, standing: false } })
        }
        Stage::Over => None,
    }
}

fn stage(history: &History, scenario: &PlannedScenario, since: u64) -> Stage {
    let open = history.lanes.get(&scenario.lane).is_some_and(|lane| lane.open);
    match whichever_browser(history, scenario, since) {
        // The page that was to be looked at is gone with its browser.
        Stage::Look(_) | Stage::Leave { .. } if !open => Stage::Over,
        stage => stage,
    }
}

fn whichever_browser(history: &History, scenario: &PlannedScenario, since: u64) -> Stage {
    let (Some(press), Some((visit, look))) = (scenario.cancel, history.plan.job_look(scenario)) else {
        return Stage::Over;
    };
    let visited = match &history.step(visit).acted {
        Some((at, Acted::Done)) => Some(at.t),
        Some((at, _)) if at.t >= since => return Stage::Over,
        Some(_) | None => None,
    };
    let looked = |after: u64| history.step(look).looks.last.is_some_and(|(begun, _)| begun >= after);
    match &history.step(press).acted {
        None if history.step(press).started.is_some() || !is_readable(history, scenario, look) => Stage::Over,
        None => match visited.filter(|at| *at >= since) {
            None => Stage::Visit(visit),
            Some(at) if !looked(at) => Stage::Look(look),
            Some(_) if waits(history, look) => Stage::Press(press),
            Some(_) => Stage::Over,
        },
        Some((pressed, Acted::Done)) => match visited.filter(|at| *at > pressed.t) {
            None => Stage::Leave { pressed: pressed.t, visit, look },
            Some(at) if looked(at) => Stage::Over,
            Some(_) => Stage::Look(look),
        },
        Some((_, Acted::NotDone { .. } | Acted::Unknown { .. })) => Stage::Over,
    }
}

/// Whether the page is that of this run's job, and offers to cancel it: its address comes from a journal, and a list is named
/// by its file, which has the run's token in its name.
fn waits(history: &History, look: StepId) -> bool {
    match &history.step(look).looks.seen {
        Some((_, Observation::Page(page))) => {
            let is_ours = page.headings.iter().any(|heading| heading.contains(&history.token));
            is_ours && page.job(&history.plan.sentences).waits
        }
        Some((_, Observation::Messages { .. })) | None => false,
    }
}

/// Whether the press has led away from the job's page. A visit before that could overtake its request.
fn has_left(history: &History, visit: StepId, look: StepId, pressed: u64) -> bool {
    let looks = &history.step(look).looks;
    let looked = looks.last.is_some_and(|(since, _)| since >= pressed);
    match &looks.seen {
        Some((_, Observation::Page(page))) => looked && history.address(visit).is_some_and(|job| job != page.address()),
        Some((_, Observation::Messages { .. })) | None => false,
    }
}
