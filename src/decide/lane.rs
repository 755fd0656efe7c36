//! One lane: where it stands in its scenarios, and what that place needs.
//!
//! Scenarios of a lane share one browser session, so they follow each other; one that only waits for messages leaves the
//! browser to the next.

use super::messages::{self, awaited};
use super::needs::{capture_needs, end_of, look, page_needs, scenarios, stale_time};
use super::{Command, cancel};
use crate::history::History;
use crate::model::{Act, Acted, Blemish, Check, Expectation, Gap, Lane, PlannedScenario, StepId, StepKind};
use crate::policy;

/// Looks at a mailbox before the trigger; if all fail, nothing is pressed.
const MARKS_MAX: usize = 3;
/// Failed looks that the standing expectation is given.
const STANDING_FAILURES_MAX: u32 = 5;
/// With nothing to do for longer than this, the browser is closed meanwhile.
const KEEP_OPEN_MS: u64 = 30_000;
/// A time that comes too near again and again is not chosen more often than this.
const SCHEDULES_MAX: u32 = 3;

/// Where a scenario stands.
enum Place {
    At(StepId),
    /// What must stay true is looked at once more, not before this time.
    Standing(StepId, u64),
    /// The job's page is looked at once, to tell who sent twice.
    Page(StepId),
    /// Its job waits for a wrong time since then, and is cancelled.
    Cancel(u64),
    Over,
}

/// Whether nothing is left to do in the lane, its browser closed.
pub(super) fn is_over(history: &History, lane: Lane) -> bool {
    let open = history.lanes.get(&lane).is_some_and(|lane| lane.open);
    !open
        && (gave_up(history, lane)
            || unblocked(history, lane).all(|scenario| matches!(place(history, scenario), Place::Over)))
}

pub(super) fn next(history: &History, lane: Lane, now: u64) -> Option<Command> {
    let state = history.lanes.get(&lane)?;
    let mut until: Option<u64> = None;
    if !gave_up(history, lane) {
        let under_way = !browser_is_idle(history, lane);
        for scenario in unblocked(history, lane) {
            match place(history, scenario) {
                // What only must stay true is looked at last, when all else of the run is over: a copy may come late, and a
                // slow mailbox must not be charged to another scenario's pages.
                Place::Standing(..) if under_way || others_work(history) => {
                    let due = now + history.plan.poll_ms;
                    until = Some(until.map_or(due, |known| known.min(due)));
                    continue;
                }
                Place::Page(_) if under_way => continue,
                Place::At(_) | Place::Standing(..) | Place::Page(_) | Place::Cancel(_) | Place::Over => {}
            }
            match work(history, scenario, now) {
                Some(Command::Wait { until: due }) => until = Some(until.map_or(due, |known| known.min(due))),
                Some(command) => return Some(command),
                None => {}
            }
            if !leaves_browser(history, scenario) {
                break;
            }
        }
    }
    let Some(until) = until else { return state.open.then_some(Command::CloseBrowser) };
    let idle_ms = awaited(history, lane).unwrap_or(until).saturating_sub(now);
    let long = idle_ms > KEEP_OPEN_MS && browser_is_idle(history, lane);
    if state.open && (long || needs_no_browser(history, lane)) {
        return Some(Command::CloseBrowser);
    }
    Some(Command::Wait { until })
}

/// Whether anything but what must stay true is left to do, in any lane.
fn others_work(history: &History) -> bool {
    history.lanes.keys().filter(|lane| !gave_up(history, **lane)).any(|lane| {
        unblocked(history, *lane)
            .any(|scenario| matches!(place(history, scenario), Place::At(_) | Place::Page(_) | Place::Cancel(_)))
    })
}

/// Whether every scenario of the lane is over, has only to be looked at last, or waits for the time that was chosen for it.
pub(super) fn only_waits(history: &History, lane: Lane, now: u64) -> bool {
    unblocked(history, lane).all(|scenario| {
        matches!(place(history, scenario), Place::Over | Place::Standing(..))
            || messages::awaits(history, scenario).is_some_and(|until| until > now)
    })
}

/// What one scenario needs now; nothing when it is over.
fn work(history: &History, scenario: &PlannedScenario, now: u64) -> Option<Command> {
    let open = history.lanes.get(&scenario.lane).is_some_and(|lane| lane.open);
    match place(history, scenario) {
        Place::Over => unpictured(history, scenario).filter(|_| open).map(Command::Picture),
        Place::At(step) => Some(at(history, scenario, step, now)),
        Place::Standing(_, due) if now < due => Some(Command::Wait { until: due }),
        Place::Standing(step, _) => {
            let last = history.step(step).looks.last.map_or(0, |(_, ended)| ended.t);
            let due = last + history.plan.poll_ms;
            let failed_before = history.step(step).standing_failures > 0;
            Some(if failed_before && now < due {
                Command::Wait { until: due }
            } else {
                Command::Look { step, standing: true }
            })
        }
        Place::Cancel(since) => unpictured(history, scenario)
            .filter(|_| open)
            .map(Command::Picture)
            .or_else(|| cancel::next(history, scenario, since, now)),
        Place::Page(step) => {
            let due = now + history.plan.poll_ms;
            Some(messages::page_of_job(history, scenario, step, now).unwrap_or(Command::Wait { until: due }))
        }
    }
}

/// Whether a scenario needs no page any more, so that the next one can have the browser.
fn leaves_browser(history: &History, scenario: &PlannedScenario) -> bool {
    match place(history, scenario) {
        Place::Over | Place::Standing(..) | Place::Page(_) => true,
        Place::Cancel(_) => false,
        Place::At(step) => scenario.steps.iter().filter(|left| **left >= step).all(
            |left| matches!(&history.plan.step(*left).kind, StepKind::Expect { expect, .. } if expect.is_message()),
        ),
    }
}

/// Whether every scenario of the lane leaves the browser to others.
fn browser_is_idle(history: &History, lane: Lane) -> bool {
    unblocked(history, lane).all(|scenario| leaves_browser(history, scenario))
}

/// Whether only what must stay true is left to be looked at.
fn needs_no_browser(history: &History, lane: Lane) -> bool {
    unblocked(history, lane).all(|scenario| matches!(place(history, scenario), Place::Over | Place::Standing(..)))
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

/// Those that the scenario before them does not keep from going on.
fn unblocked(history: &History, lane: Lane) -> impl Iterator<Item = &PlannedScenario> {
    scenarios(history, lane).filter(|scenario| !blocked_by_another(history, scenario))
}

fn gave_up(history: &History, lane: Lane) -> bool {
    history.refused_at_door() || history.lanes.get(&lane).is_none_or(|lane| lane.failed.is_some())
}

/// Whether the scenario that this one goes on from did not get through.
fn blocked_by_another(history: &History, scenario: &PlannedScenario) -> bool {
    history.predecessor(scenario).is_some_and(|before| {
        blocked_by_another(history, before)
            || before.steps.iter().any(|step| matches!(progress(history, *step), Progress::Blocked))
            || before.steps.iter().any(|step| matches!(history.step(*step).closed, Some((_, Gap::SessionLost))))
    })
}

fn place(history: &History, scenario: &PlannedScenario) -> Place {
    for step in &scenario.steps {
        match progress(history, *step) {
            Progress::Settled => {}
            Progress::Open => return Place::At(*step),
            Progress::Blocked => return cancel::of_wrong_time(history, scenario).map_or(Place::Over, Place::Cancel),
        }
    }
    for step in &scenario.steps {
        let state = history.step(*step);
        let StepKind::Expect { expect, window, .. } = &history.plan.step(*step).kind else { continue };
        let Some(met) = state.met.filter(|_| expect.must_stay()) else { continue };
        if state.standing.is_none() && state.standing_failures < STANDING_FAILURES_MAX {
            let settled = met.moment.t + window.settle_ms;
            // Whether the first one is lost or only late is seen when its own time is up.
            let second = history.requests(*step) > 1;
            return Place::Standing(*step, if second { settled.max(end_of(history, *step, window)) } else { settled });
        }
        let twice = matches!(&state.standing, Some((_, Check::Met { blemish: Some(Blemish::Duplicate { .. }), .. })));
        if twice && messages::page_can_be_read(history, scenario, *step) {
            return Place::Page(*step);
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
        // A page that cannot be seen again leaves its messages to be looked for; an action that was not done causes none.
        Some((_, Gap::SessionLost)) => {
            let is_act = matches!(&history.plan.step(step).kind, StepKind::Act { .. });
            return if is_act { Progress::Blocked } else { Progress::Settled };
        }
        Some((_, Gap::WindowClosed | Gap::CannotCome | Gap::CaptureLost | Gap::RunTooLong)) => {
            return Progress::Blocked;
        }
        None => {}
    }
    match &history.plan.step(step).kind {
        StepKind::Expect { expect: Expectation::Rows(_), .. } if was_cancelled(history, step) => Progress::Blocked,
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

/// Whether the job whose rows these are was cancelled, or may have been.
fn was_cancelled(history: &History, step: StepId) -> bool {
    let cancel = history.plan.scenario_of(step).cancel;
    cancel.is_some_and(|cancel| {
        let state = history.step(cancel);
        state.started.is_some() && !matches!(&state.acted, Some((_, Acted::NotDone { .. })))
    })
}

fn at(history: &History, scenario: &PlannedScenario, step: StepId, now: u64) -> Command {
    // A process that comes late looks once all the same: messages say themselves when they came.
    let may_look = matches!(&history.plan.step(step).kind, StepKind::Expect { expect, .. } if expect.is_message())
        && history.step(step).looks.last.is_none();
    if now > history.plan.run_longest_ms && !may_look {
        return Command::Close(step, Gap::RunTooLong);
    }
    match &history.plan.step(step).kind {
        StepKind::Act { act, watch } => at_act(history, scenario, step, act, watch, now),
        // Something has held this program up since it was chosen.
        StepKind::Expect { trigger, .. }
            if matches!(&history.step(step).check, Some((_, Check::NotYet { too_near: true, .. })))
                && history.step(*trigger).times_started < SCHEDULES_MAX =>
        {
            page_needs(history, scenario, step, now).unwrap_or(Command::Act(*trigger))
        }
        StepKind::Expect { expect: Expectation::Page(_) | Expectation::Job, window, .. } => {
            page_needs(history, scenario, step, now).unwrap_or_else(|| {
                let deadline = history.end_of(step, window.late_ms);
                look(history, step, deadline, cancel::PAGE_LOOK_MS, now)
            })
        }
        StepKind::Expect { window, .. } => {
            let is_idle = browser_is_idle(history, scenario.lane);
            messages::next(history, scenario, (step, window), is_idle, now)
        }
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
    // The preview may have stood here for a while: a time that has passed would end on the error page.
    match stale_time(history, scenario, step, now) {
        Some(schedule) if history.step(schedule).times_started < SCHEDULES_MAX => Command::Act(schedule),
        Some(_) => Command::Refuse(step, "the chosen time comes too near before the button can be pressed".to_owned()),
        None => Command::Act(step),
    }
}
