//! What is left to do when somebody stops the run: a job whose time has not come is cancelled on its page, and it is looked
//! whether it is gone. Nothing else is begun.

use super::Command;
use super::lane::scenarios;
use super::messages::{awaits, is_readable};
use crate::history::History;
use crate::model::{Acted, Lane, PlannedScenario, StepKind};

/// A job whose time is nearer than this is left alone: pressing too late ends on an error page.
const MARGIN_MS: u64 = 2_000;

/// The next command of a lane, until nothing is left.
pub(super) fn next(history: &History, lane: Lane, now: u64) -> Option<Command> {
    scenarios(history, lane).find_map(|scenario| cancel(history, scenario, now))
}

fn cancel(history: &History, scenario: &PlannedScenario, now: u64) -> Option<Command> {
    let press = scenario.cancel?;
    let (visit, look) = scenario.steps.iter().find_map(|step| match &history.plan.step(*step).kind {
        StepKind::Expect { aside, .. } => *aside,
        StepKind::Act { .. } => None,
    })?;
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
            let looked = history.step(look).looks.last.is_some_and(|(since, _)| since >= pressed.t);
            if looked || !open {
                return None;
            }
            let seen_since = visited.is_some_and(|at| at > pressed.t);
            Some(if seen_since { Command::Look { step: look, standing: false } } else { Command::Act(visit) })
        }
        Some((_, Acted::NotDone { .. } | Acted::Unknown { .. })) => None,
    }
}
