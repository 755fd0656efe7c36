//! What has to be done first: a browser that shows the right page, a link that can still be opened, a time that is still
//! far enough away.

use super::Command;
use crate::history::{History, LaneState};
use crate::model::{
    Act, Acted, Captured, Expectation, Gap, Lane, PlannedScenario, SlotShown, StepId, StepKind, Template, Window,
};

/// Sessions that one process opens in a lane: one to work in, and two for what may break.
pub(super) const SESSIONS_MAX: u32 = 3;
/// Looks for a captured link after a resume.
const RECALLS_MAX: usize = 3;

/// A link that an earlier process captured has to be fetched again (vaults are never written), and one that is older
/// than links live is of no use any more.
pub(super) fn capture_needs(history: &History, step: StepId, target: &Template, now: u64) -> Option<Command> {
    let holder = target.holes().find_map(|hole| history.plan.capture_step(step, hole))?;
    let state = history.step(holder);
    let StepKind::Expect { capture: Some(capture), .. } = &history.plan.step(holder).kind else { return None };
    if capture.of == Captured::Page {
        // The address of a page is no secret: the journal has it.
        return state.captured.is_none().then_some(Command::Close(step, Gap::CaptureLost));
    }
    let shape = history.plan.links.iter().find(|shape| capture.path() == Some(&shape.path));
    let lifetime_ms = shape.map_or(u64::MAX, |shape| shape.lifetime_ms);
    if now > history.anchor(holder).saturating_add(lifetime_ms) {
        return Some(Command::Close(step, Gap::CaptureLost));
    }
    match &state.captured {
        Some((_, epoch)) if *epoch == history.epoch => None,
        Some(_) if state.recall_failures.len() < RECALLS_MAX => {
            let last = state.recall_failures.last().map_or(0, |(moment, _)| moment.t + history.plan.poll_ms);
            Some(if now < last { Command::Wait { until: last } } else { Command::Recall(holder) })
        }
        Some(_) | None => Some(Command::Close(step, Gap::CaptureLost)),
    }
}

/// What has to be done first so that the browser shows the page that `step` needs. A scenario that goes on from another
/// one goes on from that one's last page.
pub(super) fn page_needs(history: &History, scenario: &PlannedScenario, step: StepId, now: u64) -> Option<Command> {
    let lane = history.lanes.get(&scenario.lane)?;
    let mut path: Vec<StepId> = Vec::new();
    let mut of = Some(scenario);
    while let Some(scenario) = of {
        let steps = scenario.steps.iter().copied().filter(|id| *id <= step);
        path.splice(0..0, steps);
        of = history.predecessor(scenario);
    }
    let is_visit = |id: &StepId| matches!(history.plan.step(*id).kind, StepKind::Act { act: Act::Visit(_), .. });
    let from = path.iter().rposition(is_visit)?;
    let behind: Vec<StepId> = path[from..]
        .iter()
        .copied()
        .filter(|id| *id < step && matches!(history.plan.step(*id).kind, StepKind::Act { .. }))
        .filter(|id| !done_here(history, lane, *id))
        .collect();
    // An action between here and the last visit that must not be repeated: its page is gone for good.
    let lost = behind.iter().any(|id| history.plan.step(*id).is_once());
    if lost || (!lane.open && lane.opened_now >= SESSIONS_MAX) {
        return Some(Command::Close(step, Gap::SessionLost));
    }
    let first = behind.first().copied();
    let links = first.and_then(|id| match &history.plan.step(id).kind {
        StepKind::Act { act: Act::Visit(target), .. } => capture_needs(history, id, target, now),
        StepKind::Act { .. } | StepKind::Expect { .. } => None,
    });
    if links.is_some() {
        return links;
    }
    if lane.open { first.map(Command::Act) } else { Some(Command::OpenBrowser) }
}

/// Whether the action was done in the session that is open now.
fn done_here(history: &History, lane: &LaneState, step: StepId) -> bool {
    let state = history.step(step);
    lane.open && state.session == Some(lane.session) && matches!(&state.acted, Some((_, Acted::Done)))
}

/// The step that chooses a time, if the time that it has chosen for the action `step` is too near by now.
pub(super) fn stale_time(history: &History, scenario: &PlannedScenario, step: StepId, now: u64) -> Option<StepId> {
    let before = scenario.steps.iter().copied().take_while(|id| *id < step).last()?;
    let StepKind::Expect { expect: Expectation::Page(page), trigger, .. } = &history.plan.step(before).kind else {
        return None;
    };
    if page.time != Some(SlotShown::Checked) {
        return None;
    }
    let slot = history.run_time(history.step(before).slot?);
    (slot < now + history.plan.lead_ms / 2).then_some(*trigger)
}

/// The scenarios of a lane that are wanted, in order.
pub(super) fn scenarios(history: &History, lane: Lane) -> impl Iterator<Item = &PlannedScenario> {
    history.plan.scenarios.iter().filter(move |scenario| scenario.lane == lane && history.is_wanted(scenario))
}

/// When to look next, and when to stop looking.
pub(super) fn look(history: &History, step: StepId, deadline: u64, every_ms: u64, now: u64) -> Command {
    let looks = &history.step(step).looks;
    let Some((since, ended)) = looks.last else { return Command::Look { step, standing: false } };
    // One look is made at the very end, so that nothing that was there in time is missed.
    if since >= deadline {
        return Command::Close(step, Gap::WindowClosed);
    }
    let due = (ended.t + every_ms).min(deadline.max(ended.t));
    if now < due { Command::Wait { until: due } } else { Command::Look { step, standing: false } }
}

/// The end of a window that nothing puts off.
pub(super) fn end_of(history: &History, step: StepId, window: &Window) -> u64 {
    history.end_of(step, window.late_ms)
}
