//! One lane: where it stands in its scenarios, and what that place needs.

use super::Command;
use crate::history::{History, LaneState};
use crate::model::{Act, Acted, Check, Expectation, Gap, Lane, PlannedScenario, StepId, StepKind, Template, Window};
use crate::policy;

/// Looks at a page come this soon after one another.
const PAGE_LOOK_MS: u64 = 100;
/// Sessions that one process opens in a lane: one to work in, and two for what may break.
const SESSIONS_MAX: u32 = 3;
/// Looks at a mailbox before the trigger; if all fail, nothing is pressed.
const MARKS_MAX: usize = 3;
/// Looks for a captured link after a resume.
const RECALLS_MAX: usize = 3;
/// Failed looks that the standing expectation is given.
const STANDING_FAILURES_MAX: u32 = 5;

/// Where a scenario stands.
enum Place {
    At(StepId),
    Standing(StepId, u64),
    Over,
}

/// Whether nothing is left to do in the lane, its browser closed.
pub(super) fn is_over(history: &History, lane: Lane) -> bool {
    let open = history.lanes.get(&lane).is_some_and(|lane| lane.open);
    !open
        && (gave_up(history, lane)
            || scenarios(history, lane).all(|scenario| matches!(place(history, scenario), Place::Over)))
}

pub(super) fn next(history: &History, lane: Lane, now: u64) -> Option<Command> {
    let state = history.lanes.get(&lane)?;
    if !gave_up(history, lane) {
        for scenario in scenarios(history, lane) {
            match place(history, scenario) {
                Place::Over => {
                    if let Some(step) = unpictured(history, scenario).filter(|_| state.open) {
                        return Some(Command::Picture(step));
                    }
                }
                Place::At(step) => return Some(at(history, scenario, step, now)),
                Place::Standing(_, due) if now < due => return Some(Command::Wait { until: due }),
                Place::Standing(step, _) => {
                    let last = history.step(step).looks.last.map_or(0, |(_, ended)| ended.t);
                    let due = last + history.plan.poll_ms;
                    let failed_before = history.step(step).standing_failures > 0;
                    return Some(if failed_before && now < due {
                        Command::Wait { until: due }
                    } else {
                        Command::Look { step, standing: true }
                    });
                }
            }
        }
    }
    state.open.then_some(Command::CloseBrowser)
}

/// The step whose failure the browser still shows, if no picture of it was asked for.
fn unpictured(history: &History, scenario: &PlannedScenario) -> Option<StepId> {
    let shows = |step: &&StepId| {
        let state = history.step(**step);
        let failed = match &history.plan.step(**step).kind {
            StepKind::Act { .. } => matches!(&state.acted, Some((_, Acted::NotDone { .. }))),
            StepKind::Expect { expect: Expectation::Page(_), .. } => {
                matches!(&state.check, Some((_, Check::Never { .. })))
                    || matches!(state.closed, Some((_, Gap::WindowClosed)))
            }
            StepKind::Expect { .. } => false,
        };
        failed && state.evidence.is_none()
    };
    scenario.steps.iter().find(shows).copied()
}

fn scenarios(history: &History, lane: Lane) -> impl Iterator<Item = &PlannedScenario> {
    history.plan.scenarios.iter().filter(move |scenario| scenario.lane == lane)
}

fn gave_up(history: &History, lane: Lane) -> bool {
    history.refused_at_door() || history.lanes.get(&lane).is_none_or(|lane| lane.failed.is_some())
}

fn place(history: &History, scenario: &PlannedScenario) -> Place {
    for step in &scenario.steps {
        match progress(history, *step) {
            Progress::Settled => {}
            Progress::Open => return Place::At(*step),
            Progress::Blocked => return Place::Over,
        }
    }
    for step in &scenario.steps {
        let state = history.step(*step);
        let StepKind::Expect { expect, window, .. } = &history.plan.step(*step).kind else { continue };
        if !expect.is_message() {
            continue;
        }
        let Some(met) = state.met.filter(|_| state.standing.is_none()) else { continue };
        if state.standing_failures < STANDING_FAILURES_MAX {
            return Place::Standing(*step, met.moment.t + window.settle_ms);
        }
    }
    Place::Over
}

enum Progress {
    Open,
    Settled,
    /// What comes after it in its scenario cannot be done any more.
    Blocked,
}

fn progress(history: &History, step: StepId) -> Progress {
    let state = history.step(step);
    match state.closed {
        Some((_, Gap::SessionLost)) => return Progress::Settled,
        Some((_, Gap::WindowClosed | Gap::CaptureLost | Gap::RunTooLong)) => return Progress::Blocked,
        None => {}
    }
    match &history.plan.step(step).kind {
        StepKind::Act { .. } if state.refused.is_some() => Progress::Blocked,
        StepKind::Act { act, watch } => match &state.acted {
            Some((_, Acted::Done)) => Progress::Settled,
            Some((_, Acted::Unknown { .. })) if act.is_once() => Progress::Settled,
            Some((_, Acted::Unknown { .. } | Acted::NotDone { .. })) => Progress::Blocked,
            None if watch.iter().any(|expected| history.step(*expected).mark_failures.len() >= MARKS_MAX) => {
                Progress::Blocked
            }
            None => Progress::Open,
        },
        StepKind::Expect { .. } => match &state.check {
            _ if state.met.is_some() => Progress::Settled,
            Some((_, Check::Never { .. })) => Progress::Blocked,
            _ => Progress::Open,
        },
    }
}

fn at(history: &History, scenario: &PlannedScenario, step: StepId, now: u64) -> Command {
    if now > history.plan.run_longest_ms {
        return Command::Close(step, Gap::RunTooLong);
    }
    match &history.plan.step(step).kind {
        StepKind::Act { act, watch } => at_act(history, scenario, step, act, watch, now),
        StepKind::Expect { expect: Expectation::Page(_), window, .. } => {
            page_needs(history, scenario, step, now).unwrap_or_else(|| look(history, step, window, PAGE_LOOK_MS, now))
        }
        StepKind::Expect { window, .. } => look(history, step, window, history.plan.poll_ms, now),
    }
}

fn at_act(
    history: &History,
    scenario: &PlannedScenario,
    step: StepId,
    act: &Act,
    watch: &[StepId],
    now: u64,
) -> Command {
    if let Act::Visit(target) = act
        && let Some(command) = capture_needs(history, step, target, now)
    {
        return command;
    }
    if let Some(command) = page_needs(history, scenario, step, now) {
        return command;
    }
    if act.is_once()
        && let Err(why) = policy::may_act(&history.plan, step)
    {
        return Command::Refuse(step, why);
    }
    if let Some(expected) = watch.iter().find(|expected| history.step(**expected).mailbox.is_none()) {
        let failures = &history.step(*expected).mark_failures;
        let due = failures.last().map_or(0, |(moment, _)| moment.t + history.plan.poll_ms);
        return if now < due { Command::Wait { until: due } } else { Command::Mark(*expected) };
    }
    Command::Act(step)
}

/// A link that an earlier process captured has to be fetched again (vaults are never written), and one that is older
/// than links live is of no use any more.
fn capture_needs(history: &History, step: StepId, target: &Template, now: u64) -> Option<Command> {
    let holder = target.holes().find_map(|hole| history.plan.capture_step(step, hole))?;
    let state = history.step(holder);
    if now > history.anchor(holder).saturating_add(link_lifetime_ms(history, holder)) {
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

fn link_lifetime_ms(history: &History, holder: StepId) -> u64 {
    let StepKind::Expect { capture: Some(capture), .. } = &history.plan.step(holder).kind else { return u64::MAX };
    let shape = history.plan.links.iter().find(|shape| capture.path() == Some(&shape.path));
    shape.map_or(u64::MAX, |shape| shape.lifetime_ms)
}

/// What has to be done first so that the browser shows the page that `step` needs.
fn page_needs(history: &History, scenario: &PlannedScenario, step: StepId, now: u64) -> Option<Command> {
    let lane = history.lanes.get(&scenario.lane)?;
    let from = history.last_visit(scenario, step)?;
    let behind: Vec<StepId> = scenario
        .steps
        .iter()
        .copied()
        .filter(|id| (from..step).contains(id) && matches!(history.plan.step(*id).kind, StepKind::Act { .. }))
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

/// When to look next, and when to stop looking.
fn look(history: &History, step: StepId, window: &Window, every_ms: u64, now: u64) -> Command {
    let deadline = history.anchor(step).saturating_add(window.late_ms);
    let looks = &history.step(step).looks;
    let Some((since, ended)) = looks.last else { return Command::Look { step, standing: false } };
    // One look is made at the very end, so that nothing that was there in time is missed.
    if since >= deadline {
        return Command::Close(step, Gap::WindowClosed);
    }
    let due = (ended.t + every_ms).min(deadline.max(ended.t));
    if now < due { Command::Wait { until: due } } else { Command::Look { step, standing: false } }
}
