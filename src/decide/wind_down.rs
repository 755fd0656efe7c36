//! What is left to do when somebody stops the run: a job whose time has not come is cancelled on its page. Nothing else is
//! begun.

use super::messages::awaits;
use super::needs::scenarios;
use super::{Command, cancel};
use crate::history::History;
use crate::model::{Lane, PlannedScenario};

/// A job whose time is nearer than this is left alone: pressing too late ends on an error page.
const MARGIN_MS: u64 = 2_000;

/// The next command of a lane, until nothing is left.
pub(super) fn next(history: &History, lane: Lane, now: u64) -> Option<Command> {
    scenarios(history, lane).find_map(|scenario| {
        let stopped = history.stopped_at?.t;
        let begun = scenario.cancel.is_some_and(|press| history.step(press).started.is_some());
        if !begun && !may_be_cancelled(history, scenario, now) {
            return None;
        }
        cancel::next(history, scenario, stopped, now)
    })
}

fn may_be_cancelled(history: &History, scenario: &PlannedScenario, now: u64) -> bool {
    awaits(history, scenario).is_some_and(|slot| slot > now + MARGIN_MS)
}
