//! A verdict is there as soon as it can be: one look after the deadline that the plan printed, and at once where what was
//! seen can never become right.

use notify_smoke::history::History;
use notify_smoke::model::{Check, Gap, PlannedScenario, StepId, StepKind};

/// Allowed after a look.
const MARGIN_MS: u64 = 1_000;
/// Pictures, browsers that are closed, the last look at `/_status`.
const ENDING_MS: u64 = 6_000;

/// Checks every wait of a run, its controls, and its end.
pub fn verdicts_are_prompt(told: &str, history: &History) {
    for scenario in &history.plan.scenarios {
        for step in &scenario.steps {
            wait_is_prompt(told, history, *step);
        }
        let nevers = scenario.steps.iter().filter_map(|step| never(history, *step));
        if let Some(never) = nevers.min() {
            let begun = scenario.steps.iter().filter_map(|step| history.step(*step).started).map(|at| at.t).max();
            assert!(begun <= Some(never), "{told}: {} goes on after it cannot pass any more", scenario.id);
        }
    }
    let known = |scenario: &PlannedScenario| scenario.steps.iter().filter_map(|step| known_at(history, *step)).max();
    let judged = history.plan.judged().filter_map(known).max().unwrap_or(0);
    let controls = history.plan.scenarios.iter().filter(|scenario| scenario.control.is_some());
    let of_controls = controls.clone().filter_map(known).max().unwrap_or(0);
    let end = judged.max(of_controls);
    let ended = history.last.t;
    assert!(ended <= end + ENDING_MS, "{told}: it ended {} ms after all was known", ended - end);
    let printed: u64 = controls.map(|scenario| longest(history, scenario)).sum();
    let took = of_controls.saturating_sub(judged);
    assert!(took <= printed, "{told}: controls took {took} ms of {printed} ms");
}

/// The sum of the limits of a scenario: the time that the plan prints for it.
fn longest(history: &History, scenario: &PlannedScenario) -> u64 {
    let late = |step: &StepId| match &history.plan.step(*step).kind {
        StepKind::Expect { window, .. } => window.late_ms,
        StepKind::Act { .. } => 0,
    };
    scenario.steps.iter().map(late).sum()
}

fn never(history: &History, step: StepId) -> Option<u64> {
    match &history.step(step).check {
        Some((moment, Check::Never { .. })) => Some(moment.t),
        Some(_) | None => None,
    }
}

/// When the last thing became known of a step.
fn known_at(history: &History, step: StepId) -> Option<u64> {
    let state = history.step(step);
    let moments = [
        state.closed.as_ref().map(|(moment, _)| moment.t),
        state.acted.as_ref().map(|(moment, _)| moment.t),
        state.check.as_ref().map(|(moment, _)| moment.t),
        state.standing.as_ref().map(|(moment, _)| moment.t),
        state.met.map(|met| met.moment.t),
    ];
    moments.into_iter().flatten().max()
}

fn wait_is_prompt(told: &str, history: &History, step: StepId) {
    let state = history.step(step);
    let StepKind::Expect { window, aside, .. } = &history.plan.step(step).kind else { return };
    if let (Some((closed, Gap::CannotCome)), Some((told_at, _))) = (state.closed, history.fate(step)) {
        let look_ms = state.looks.last.map_or(0, |(since, ended)| ended.t - since) + history.plan.poll_ms;
        let after = closed.t.saturating_sub(told_at.t);
        let name = history.name(step);
        assert!(
            after <= look_ms + MARGIN_MS,
            "{told}: {name}: closed {after} ms after its page said that it cannot come"
        );
    }
    let Some((closed, Gap::WindowClosed)) = state.closed else { return };
    let Some((since, ended)) = state.looks.last else { panic!("{told}: closed without a look") };
    let moves = aside.is_some_and(|(_, look)| history.step(look).looks.news > 1);
    let most = window.while_moving_ms.filter(|_| moves).map_or(window.late_ms, |most| most.max(window.late_ms));
    let deadline = history.end_of(step, most);
    let look_ms = ended.t - since + history.plan.poll_ms;
    let limit = deadline + look_ms + MARGIN_MS;
    let name = history.name(step);
    assert!(closed.t <= limit, "{told}: {name}: closed at {} ms, the deadline was {deadline} ms", closed.t);
    assert!(closed.t <= ended.t + MARGIN_MS, "{told}: {name}: closed {} ms after its look", closed.t - ended.t);
    // The service's clock becomes known better while a run goes on.
    let not_before = history.anchor(step) + window.late_ms;
    assert!(
        since + MARGIN_MS >= not_before,
        "{told}: {name}: the last look began at {since} ms, its window ends at {not_before} ms"
    );
}
