//! What is left to do when somebody stops the run: a job whose time has not come is cancelled on its page, and it is looked
//! whether it is gone. Nothing else is begun.

use super::Command;
use super::lane::{PAGE_LOOK_MS, scenarios};
use super::messages::{awaits, is_readable};
use crate::history::History;
use crate::model::{Acted, Lane, Observation, PlannedScenario, StepId};

/// A job whose time is nearer than this is left alone: pressing too late ends on an error page.
const MARGIN_MS: u64 = 2_000;

/// How long the answer to the press is waited for before the job's page is asked for again.
const LEAVE_LONGEST_MS: u64 = 2_000;

/// The next command of a lane, until nothing is left.
pub(super) fn next(history: &History, lane: Lane, now: u64) -> Option<Command> {
    scenarios(history, lane).find_map(|scenario| cancel(history, scenario, now))
}

fn cancel(history: &History, scenario: &PlannedScenario, now: u64) -> Option<Command> {
    let press = scenario.cancel?;
    let (visit, look) = history.plan.job_look(scenario)?;
    let pressed = history.step(press).acted.as_ref();
    let failed = history.step(visit).acted.as_ref().is_some_and(|(at, acted)| {
        *acted != Acted::Done && history.stopped_at.is_some_and(|stopped| at.t >= stopped.t)
    });
    if failed {
        return None;
    }
    let visited = history.step(visit).acted.as_ref().filter(|(_, acted)| *acted == Acted::Done).map(|(at, _)| at.t);
    let stopped = history.stopped_at?.t;
    let open = history.lanes.get(&scenario.lane).is_some_and(|lane| lane.open);
    let act = |step| Some(if open { Command::Act(step) } else { Command::OpenBrowser });
    match pressed {
        None => {
            awaits(history, scenario).filter(|slot| *slot > now + MARGIN_MS)?;
            if !is_readable(history, scenario, look) || history.step(press).started.is_some() {
                return None;
            }
            if visited.is_some_and(|at| at >= stopped) { act(press) } else { act(visit) }
        }
        Some((pressed, Acted::Done)) => {
            if !open {
                return None;
            }
            let last = history.step(look).looks.last;
            match visited.filter(|at| *at > pressed.t) {
                Some(visited) if last.is_some_and(|(since, _)| since >= visited) => None,
                Some(_) => Some(Command::Look { step: look, standing: false }),
                None if now > pressed.t + LEAVE_LONGEST_MS || has_left(history, visit, look, pressed.t) => {
                    Some(Command::Act(visit))
                }
                None => {
                    let due = last.map_or(0, |(_, ended)| ended.t + PAGE_LOOK_MS);
                    let ready = now >= due;
                    Some(if ready {
                        Command::Look { step: look, standing: false }
                    } else {
                        Command::Wait { until: due }
                    })
                }
            }
        }
        Some((_, Acted::NotDone { .. } | Acted::Unknown { .. })) => None,
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
