//! What belongs to no scenario: known issues, the door, clocks, the run's own end, what nothing has proven.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::seconds;
use crate::diagnose::Explained;
use crate::history::History;
use crate::model::{Because, Component, Expectation, MessageKind, StepKind};

/// What is known and waited for, whether or not it was seen; never hidden.
pub(super) fn known(out: &mut String, explained: &Explained<'_>) {
    for (index, known) in explained.known().iter().enumerate() {
        let issue = known.issue;
        let state = match (known.expired, known.seen) {
            (true, true) => format!("was seen, and is known no longer: its time was over on {}", issue.until),
            (true, false) => format!("its time was over on {}: take it out of the environment file", issue.until),
            (false, true) => format!("was seen; known until {}", issue.until),
            (false, false) => format!("was not seen in this run; known until {}", issue.until),
        };
        let begin = if index == 0 { "\n" } else { "" };
        let _ = writeln!(out, "{begin}Known: {} {state}. {} ({})", issue.cause, issue.reason, issue.reference);
    }
}

/// What belongs to no scenario.
pub(super) fn frame(out: &mut String, history: &History) {
    if history.refused_at_door() {
        let _ = writeln!(
            out,
            "\nThe service refused our HTTP Basic auth (401). Look at `basic-auth` in the environment file and its variables."
        );
    }
    let held = history.held_since(0);
    if held > 0 {
        let _ = writeln!(
            out,
            "\nThis program was held up for {} in all; what it waited for had so much longer.",
            seconds(held)
        );
    }
    for (whose, ms) in history.clocks_apart() {
        let (gap, way) = (seconds(ms.unsigned_abs()), if ms > 0 { "behind" } else { "ahead of" });
        let _ = writeln!(out, "\nThis machine's clock is {gap} {way} the {whose}'s: set it.");
    }
    deployed(out, history);
    left(out, history);
    for (lane, state) in &history.lanes {
        if let Some((_, why)) = &state.failed {
            let _ = writeln!(out, "\nNo browser for {}: {}", history.plan.lane_name(*lane), why.text);
        }
    }
    if let Some(failure) = history.after.as_ref().and_then(|probe| probe.failure.as_ref()) {
        let _ = writeln!(out, "\nAfter the run: {}.", failure.text);
    }
    if let Some(due) = history.detached.filter(|_| !history.ended) {
        let due = due.strftime("%F %H:%M:%S UTC");
        let _ = writeln!(out, "\nSo far all is well; the next thing is due at {due}. {}", go_on(history));
    } else if let Some(signal) = &history.interrupted {
        // A job that was cancelled cannot be waited for any more.
        let cancelled = history.plan.judged().any(|scenario| history.cancelled(scenario) == Some(true));
        let next = if cancelled {
            "Its job was cancelled: run it again.".to_owned()
        } else if history.ended {
            "It is over: run it again.".to_owned()
        } else {
            go_on(history)
        };
        let _ = writeln!(out, "\nStopped by {signal}. {next}");
    } else if !history.ended {
        let _ = writeln!(out, "\nThe run did not come to its end. {}", go_on(history));
    }
    let unwell = history.after.as_ref().and_then(|probe| probe.health.as_ref());
    if let Some(health) = unwell.filter(|health| !health.api.ok || !health.admin.ok) {
        let _ = writeln!(out, "\n/_status: admin {}, api {}", health.admin.version, health.api.version);
    }
    let unproven = unproven(history);
    let mut names: Vec<String> = unproven.iter().map(|component| component.name().to_owned()).collect();
    if rows_go_to_one(history) {
        names.push("that rows go to the right recipient (`user.second-email` is not set)".to_owned());
    }
    // A run sees no copy that comes after its end.
    let looked = history.plan.steps.iter().filter_map(|step| history.step(step.id).standing.as_ref());
    if let Some(until) = looked.map(|(moment, _)| moment.at).max() {
        names.push(format!("that no second copy comes after {} UTC", until.strftime("%H:%M:%S")));
    }
    names.extend(not_told(history));
    if !names.is_empty() {
        let _ = writeln!(out, "\nNot proven: {}", names.join(", "));
    }
}

/// What earlier runs have left behind.
fn left(out: &mut String, history: &History) {
    for left in &history.since.left {
        let job = left.job_due.map(|due| {
            let tense = if due > history.started_at { "is" } else { "was" };
            format!("; its job {tense} due at {}", due.strftime("%F %H:%M:%S UTC"))
        });
        let job = job.unwrap_or_default();
        let next = if left.ended {
            "nobody went on with it for hours, so it was ended".to_owned()
        } else {
            format!("go on with it: notify-smoke resume {}", left.run)
        };
        let _ = writeln!(out, "\nRun {} was left behind{job}; {next}.", left.run);
    }
}

/// Which versions a run met, where they are not the same all the time; a pass names both.
fn deployed(out: &mut String, history: &History) {
    if let Some(run) = &history.occasion.again_for {
        let _ = writeln!(out, "\nMade again for run {run}, which a deploy had crossed.");
    }
    for said in history.deployed() {
        let _ = writeln!(out, "\nA deploy crossed this run: {said}.");
    }
    if let Some(why) = &history.deploys.unasked {
        let _ = writeln!(out, "\nWhether a deploy was marked is not known: {why}");
    }
}

/// How to go on with a run that was stopped. A sandbox that a run has started ends with it.
fn go_on(history: &History) -> String {
    let command = format!("Go on with: notify-smoke resume {}", history.run);
    if history.plan.sandbox { format!("{command} --sandbox URL (if its sandbox still runs)") } else { command }
}

/// Components that no met expectation has proven; never hidden. What came has passed its whole road. A part that lies on no
/// road of the service, and that nothing says to prove, is none of it.
fn unproven(history: &History) -> Vec<Component> {
    let plan = &history.plan;
    let met = plan.steps.iter().filter_map(|step| history.proven(step.id).map(|(_, proves)| (step.id, proves)));
    let proven: BTreeSet<Component> = met
        .flat_map(|(step, proves)| {
            let road = plan.road(step);
            let passed = road.shown().map(|stage| stage.part);
            passed.chain(proves.iter().copied()).collect::<Vec<_>>()
        })
        .collect();
    let on_roads: BTreeSet<Component> =
        plan.roads.all.iter().flat_map(|road| &road.stages).map(|stage| stage.part).collect();
    let told = plan_told(history);
    Component::PROVABLE
        .into_iter()
        .filter(|component| *component != Component::Deploy && !proven.contains(component))
        .filter(|component| !matches!(component, Component::Broker | Component::Cache) || on_roads.contains(component))
        .filter(|component| *component != Component::Receipts || !told)
        .collect()
}

/// What no look from outside tells of what was deployed.
fn not_told(history: &History) -> Vec<String> {
    let mut names = Vec::new();
    if history.occasion.because == Because::Restage {
        names.push("that the restage happened (the commit is the same before and after)".to_owned());
    }
    if !history.occasion.expected.is_empty() {
        names.push("which version worker and scheduler are (`/_status` tells of web alone)".to_owned());
    }
    names
}

/// Whether lists went by mail to one address only, so that rows which were swapped would look right.
fn rows_go_to_one(history: &History) -> bool {
    history.plan.steps.iter().any(|step| {
        matches!(&step.kind, StepKind::Expect { expect: Expectation::Rows(rows), .. }
            if rows.kind == MessageKind::Email && rows.texts.len() > 1 && rows.each.is_empty())
    })
}

/// Whether a later run found every message of a job with its receipt.
fn plan_told(history: &History) -> bool {
    history
        .plan
        .judged()
        .any(|scenario| history.untold(scenario).is_some_and(|(_, untold, all)| untold == 0 && all > 0))
}
