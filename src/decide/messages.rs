//! Waiting for messages: when to look, when to ask a second time, when to read the job's page, when to stop.

use super::Command;
use super::needs::{SESSIONS_MAX, end_of, look, scenarios};
use crate::history::History;
use crate::model::{Acted, Check, Gap, Lane, PlannedScenario, StepId, StepKind, Window, WindowFrom};

/// While a time is awaited, it is looked again after so many polls what the service's clock says.
pub(super) const CLOCK_LOOK_POLLS: u64 = 30;
/// The job's page is loaded again after so many polls, and less often after a while.
const RELOAD_POLLS: u64 = 5;
const SLOW_RELOAD_POLLS: u64 = 15;
const SLOW_AFTER_POLLS: u64 = 60;

/// What the wait for `step` needs now; whether every scenario of its lane leaves the browser to others.
pub(super) fn next(
    history: &History,
    scenario: &PlannedScenario,
    (step, window): (StepId, &Window),
    browser_is_idle: bool,
    now: u64,
) -> Command {
    let anchor = history.anchor(step);
    if window.from == WindowFrom::Slot && now < anchor {
        let look_again = now + CLOCK_LOOK_POLLS * history.plan.poll_ms;
        return Command::Wait { until: anchor.min(look_again) };
    }
    // What the page says counts for what had not come until then.
    if let Some((told, _)) = history.fate(step)
        && history.step(step).looks.last_good.is_some_and(|since| since >= told.t)
    {
        return Command::Close(step, Gap::CannotCome);
    }
    if let Some(command) = second_try(history, scenario, step, window, now) {
        return command;
    }
    // Messages say themselves when they came, a page does not: it is read when they were looked for and are missing.
    let missed = anchor + window.on_time_ms;
    let looked = history.step(step).looks.last.is_some_and(|(since, _)| since >= missed);
    // Another scenario may be in the middle of its pages.
    if now > missed
        && looked
        && browser_is_idle
        && let Some(command) = page_of_job(history, scenario, step, now)
    {
        return command;
    }
    look(history, step, deadline(history, step, window), history.plan.poll_ms, now)
}

/// The time that a lane waits for with nothing else to do, in milliseconds of the run.
pub(super) fn awaited(history: &History, lane: Lane) -> Option<u64> {
    scenarios(history, lane).filter_map(|scenario| awaits(history, scenario)).min()
}

/// The chosen time of a scenario that has nothing to do before it.
pub(super) fn awaits(history: &History, scenario: &PlannedScenario) -> Option<u64> {
    for step in &scenario.steps {
        let state = history.step(*step);
        let StepKind::Expect { window, trigger, .. } = &history.plan.step(*step).kind else { continue };
        if state.met.is_some() || state.closed.is_some() {
            continue;
        }
        // The first expectation that is open: what is before it has been seen.
        let under_way = window.from == WindowFrom::Slot && history.step(*trigger).acted.is_some();
        return under_way.then(|| history.anchor(*step));
    }
    None
}

/// Asked for once more, where one message is lost now and then; only on the page that offers it.
fn second_try(
    history: &History,
    scenario: &PlannedScenario,
    step: StepId,
    window: &Window,
    now: u64,
) -> Option<Command> {
    let StepKind::Expect { second_try, .. } = &history.plan.step(step).kind else { return None };
    let after_ms = window.second_try_ms?;
    let lane = history.lanes.get(&scenario.lane)?;
    // It is missing when a look has missed it: this program may have been stopped meanwhile.
    let due = history.anchor(step) + after_ms;
    let missed = history.step(step).looks.last_good.is_some_and(|since| since >= due);
    if now < due || !lane.open || !missed {
        return None;
    }
    for again in second_try {
        match (&history.step(*again).started, &history.step(*again).acted) {
            (None, _) => return Some(Command::Act(*again)),
            (Some(_), Some((_, Acted::Done))) => {}
            (Some(_), _) => return None,
        }
    }
    None
}

/// Whether the job's page can be read now, and was not since the messages were looked at last.
pub(super) fn page_can_be_read(history: &History, scenario: &PlannedScenario, step: StepId) -> bool {
    let StepKind::Expect { aside: Some((_, look)), .. } = &history.plan.step(step).kind else { return false };
    let standing = history.step(step).standing.as_ref().map_or(0, |(moment, _)| moment.t);
    let read_since = history.step(*look).looks.last.is_some_and(|(_, ended)| ended.t > standing);
    !read_since && is_readable(history, scenario, *look)
}

/// Only in the session that made the job, which this process knows how to have again.
pub(super) fn is_readable(history: &History, scenario: &PlannedScenario, look: StepId) -> bool {
    let here = history.job_page(scenario).is_some_and(|(_, epoch)| *epoch == history.epoch);
    let lane = history.lanes.get(&scenario.lane);
    let browser = lane.is_some_and(|lane| lane.open || lane.opened_now < SESSIONS_MAX && lane.failed.is_none());
    let refused = matches!(&history.step(look).check, Some((_, Check::Never { .. })));
    here && browser && !refused
}

/// Loads the job's page again and looks at it, every few polls.
pub(super) fn page_of_job(history: &History, scenario: &PlannedScenario, step: StepId, now: u64) -> Option<Command> {
    let StepKind::Expect { aside: Some((visit, look)), .. } = &history.plan.step(step).kind else { return None };
    if !is_readable(history, scenario, *look) {
        return None;
    }
    let looked = history.step(*look).looks.last.map(|(_, ended)| ended.t);
    let visited = history.step(*visit).acted.as_ref().map(|(moment, _)| moment.t);
    if visited > looked {
        return Some(Command::Look { step: *look, standing: false });
    }
    let begun = history.step(*look).looks.first.as_ref().map_or(now, |(moment, _)| moment.t);
    let slow = now.saturating_sub(begun) > SLOW_AFTER_POLLS * history.plan.poll_ms;
    let polls = if slow { SLOW_RELOAD_POLLS } else { RELOAD_POLLS };
    if looked.is_some_and(|looked| now < looked + polls * history.plan.poll_ms) {
        return None;
    }
    let open = history.lanes.get(&scenario.lane).is_some_and(|lane| lane.open);
    Some(if open { Command::Act(*visit) } else { Command::OpenBrowser })
}

/// The end of the window; put off while the job's page shows that something moves.
fn deadline(history: &History, step: StepId, window: &Window) -> u64 {
    let end = end_of(history, step, window);
    let StepKind::Expect { aside: Some((_, look)), .. } = &history.plan.step(step).kind else { return end };
    let (Some(most), Some(standstill)) = (window.while_moving_ms, window.standstill_ms) else { return end };
    let looks = &history.step(*look).looks;
    match &looks.seen {
        Some((moment, _)) if looks.news > 1 => {
            let moving_until = moment.t + standstill;
            end.max(moving_until).min(history.anchor(step) + most)
        }
        Some(_) | None => end,
    }
}
