//! The verdict screen: read at three in the morning, so the first line says it all and the rest is in order of use.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::{seconds, words};
use crate::diagnose::{Diagnosis, Explained, diagnose};
use crate::history::{History, Judged};
use crate::model::{Check, Component, PlannedScenario, StepId, StepKind, Verdict};

/// The whole screen. `folder` is where the run lies.
pub fn text(history: &History, folder: &str) -> String {
    let mut out = String::new();
    let verdict = crate::diagnose::verdict(history);
    let plan = &history.plan;
    let word = if history.waits() { "waiting" } else { words(verdict) };
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "{}  {} ({})  {}  run {}{}",
        word.to_uppercase(),
        plan.environment,
        plan.service_name,
        seconds(history.last.t),
        history.run,
        if verdict == history.verdict() { "" } else { "  (but for what is known)" }
    );
    lead(&mut out, history, verdict);
    let mut shown = Shown::new();
    for scenario in plan.judged() {
        out.push('\n');
        one_scenario(&mut out, history, scenario, folder, &mut shown);
    }
    known(&mut out, history);
    frame(&mut out, history);
    let since = super::since::lines(history);
    if !since.is_empty() {
        let _ = writeln!(out, "\n{}", since.join("\n"));
    }
    let _ = writeln!(out, "\nJournal and evidence: {folder}");
    out
}

/// What is known and waited for, whether or not it was seen; never hidden.
fn known(out: &mut String, history: &History) {
    for (index, known) in Explained::of(history).known().iter().enumerate() {
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

/// What is broken, in one line, before everything that is well.
fn lead(out: &mut String, history: &History, worst: Verdict) {
    let is_worst = |scenario: &&PlannedScenario| {
        history.scenario_verdict(scenario).verdict == worst && !Explained::of(history).is_known(scenario)
    };
    let Some(scenario) = history.plan.judged().find(is_worst) else { return };
    let diagnoses = diagnose(history, scenario);
    let Some(first) = diagnoses.first() else { return };
    let others: BTreeSet<&str> = diagnoses[1..]
        .iter()
        .map(|other| other.component.name())
        .filter(|name| *name != first.component.name())
        .collect();
    let or = if others.is_empty() {
        String::new()
    } else {
        format!("; or it is {}", others.into_iter().collect::<Vec<_>>().join(", "))
    };
    let _ = writeln!(out, "{}: {}{or}", first.component, first.cause.title);
}

/// Causes whose next step was told already, with the scenario where that was.
type Shown = BTreeMap<&'static str, String>;

fn one_scenario(out: &mut String, history: &History, scenario: &PlannedScenario, folder: &str, shown: &mut Shown) {
    let verdict = history.scenario_verdict(scenario);
    let known = if Explained::of(history).is_known(scenario) { ", known" } else { "" };
    let _ = writeln!(out, "{}: {}{known}", scenario.name, word(history, verdict.verdict));
    for (step, judged) in verdict.steps.iter().filter(|_| verdict.blocked_by.is_none()) {
        hop(out, history, *step, judged);
    }
    if let Some(before) = &verdict.blocked_by {
        let _ = writeln!(out, "  note       {before} did not get so far, so this was not tried");
    }
    if let Some((_, untold, all)) = history.untold(scenario) {
        let word = if untold == 0 { "ok" } else { "degraded" };
        let _ = writeln!(
            out,
            "  {word:<12} {:>6}  {} of {all} receipts, seen by a later run  [receipts]",
            "",
            all - untold
        );
    }
    if let Some((_, more)) = history.made_later(scenario) {
        let _ = writeln!(
            out,
            "  {:<12} {:>6}  {more} message(s) more than rows, seen by a later run  [worker]",
            "degraded", ""
        );
    }
    job_note(out, history, scenario);
    if let Some(softened) = &verdict.softened {
        let _ = writeln!(out, "  note       {softened}");
    }
    let diagnoses = diagnose(history, scenario);
    if diagnoses.is_empty() {
        return;
    }
    if let Some((step, judged)) = verdict.worst() {
        let _ = writeln!(out, "\n  Expected   {}", history.name(step));
        let _ = writeln!(out, "  Last seen  {}", last_seen(history, step, judged));
    }
    let mut told = BTreeSet::new();
    for (index, diagnosis) in diagnoses.iter().enumerate() {
        candidate(out, index, diagnosis, &mut told);
        match shown.get(diagnosis.cause.id) {
            Some(before) => {
                let _ = writeln!(out, "             next:  as for {before}");
            }
            None => next(out, diagnosis),
        }
    }
    for diagnosis in &diagnoses {
        shown.entry(diagnosis.cause.id).or_insert_with(|| scenario.name.clone());
    }
    let evidence = verdict.steps.iter().filter_map(|(step, _)| history.step(*step).evidence.clone().flatten());
    for file in evidence {
        let _ = writeln!(out, "  Picture    {folder}/evidence/{file}");
    }
}

/// The verdict's word; what is not due yet in a run that waits is no lack.
fn word(history: &History, verdict: Verdict) -> &'static str {
    if verdict == Verdict::NotVerified && history.waits() { "waiting" } else { words(verdict) }
}

/// What has become of a job that was scheduled and not waited for.
fn job_note(out: &mut String, history: &History, scenario: &PlannedScenario) {
    match history.cancelled(scenario) {
        Some(true) => {
            let _ = writeln!(out, "  note       its job was cancelled before its time, and its page is gone");
        }
        Some(false) => {
            let _ = writeln!(out, "  note       cancelling its job was tried; that it is gone was not seen");
        }
        None => {
            if let Some(slot) = history.left_behind(scenario) {
                let slot = slot.strftime("%F %H:%M:%S UTC");
                let _ = writeln!(
                    out,
                    "  note       its job is still scheduled for {slot}; it sends to the smoke user only"
                );
            }
        }
    }
}

/// One line for each expectation; actions only where something is to be said of them.
fn hop(out: &mut String, history: &History, step: StepId, judged: &Judged) {
    let planned = history.name(step);
    let state = history.step(step);
    match &history.plan.step(step).kind {
        StepKind::Act { .. } if judged.verdict == Verdict::Passed => {}
        StepKind::Act { .. } => {
            let _ = writeln!(out, "  {:<12} {:>6}  {planned}: {}", words(judged.verdict), "", judged.why);
        }
        StepKind::Expect { proves, assumes, .. } => {
            let time = state.met.map_or_else(|| "-".to_owned(), |met| seconds(met.after_ms));
            let parts: Vec<&str> = proves.iter().map(|component| component.name()).collect();
            let word = if judged.verdict == Verdict::Passed { "ok" } else { word(history, judged.verdict) };
            let parts = assumes.map_or_else(|| parts.join(" "), |part| format!("needs {part}"));
            let _ = writeln!(out, "  {word:<12} {time:>6}  {planned}  [{parts}]");
        }
    }
}

fn last_seen(history: &History, step: StepId, judged: &Judged) -> String {
    let state = history.step(step);
    let at = state.looks.last.map(|(_, moment)| {
        format!(" (last look at {} UTC, {} after the start)", moment.at.strftime("%H:%M:%S"), seconds(moment.t))
    });
    let said = match &state.check {
        Some((_, Check::Met { seen, .. })) if judged.why.is_empty() => seen.clone(),
        _ => judged.why.clone(),
    };
    format!("{said}{}", at.unwrap_or_default())
}

/// A fact that speaks for several candidates is told once, and cited by its number after that.
fn candidate(out: &mut String, index: usize, diagnosis: &Diagnosis, told: &mut BTreeSet<u64>) {
    let label = if index == 0 { "Component" } else { "or" };
    let _ = writeln!(out, "  {label:<10} {}: {}", diagnosis.component, diagnosis.cause.title);
    let (new, known): (Vec<_>, Vec<_>) = diagnosis.because.iter().partition(|because| told.insert(because.seq));
    for because in new {
        let _ = writeln!(
            out,
            "             because {} ({}, event {})",
            because.text,
            because.at.strftime("%H:%M:%S"),
            because.seq
        );
    }
    if !known.is_empty() {
        let numbers: Vec<String> = known.iter().map(|because| because.seq.to_string()).collect();
        let _ = writeln!(out, "             because of event {}", numbers.join(", "));
    }
}

/// The look that would decide, and what to do.
fn next(out: &mut String, diagnosis: &Diagnosis) {
    let _ = writeln!(out, "             to decide: {}", diagnosis.cause.decides);
    for (number, step) in numbered(&diagnosis.next_step).into_iter().enumerate() {
        let label = if number == 0 { "next:" } else { "" };
        let _ = writeln!(out, "             {label:<6} {step}");
    }
}

/// A text in its parts that begin with "2. ", "3. " and so on.
fn numbered(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    for number in 2.. {
        let Some(at) = rest.find(&format!(" {number}. ")) else { break };
        let (part, after) = rest.split_at(at);
        parts.push(part);
        rest = after.trim_start();
    }
    parts.push(rest);
    parts
}

/// What belongs to no scenario.
fn frame(out: &mut String, history: &History) {
    if history.refused_at_door() {
        let _ = writeln!(
            out,
            "\nThe service refused our HTTP Basic auth (401). Look at `basic-auth` in the environment file and its variables."
        );
    }
    for (whose, ms) in history.clocks_apart() {
        let (gap, way) = (seconds(ms.unsigned_abs()), if ms > 0 { "behind" } else { "ahead of" });
        let _ = writeln!(out, "\nThis machine's clock is {gap} {way} the {whose}'s: set it.");
    }
    for (lane, state) in &history.lanes {
        if let Some((_, why)) = &state.failed {
            let _ = writeln!(out, "\nNo browser for {}: {}", history.plan.lane_name(*lane), why.text);
        }
    }
    if let Some(failure) = history.after.as_ref().and_then(|probe| probe.failure.as_ref()) {
        let _ = writeln!(out, "\nAfter the run: {}.", failure.text);
    }
    if let Some(due) = history.detached {
        let due = due.strftime("%F %H:%M:%S UTC");
        let _ = writeln!(out, "\nSo far all is well; the next thing is due at {due}. {}", go_on(history));
    } else if let Some(signal) = &history.interrupted {
        // A job that was cancelled cannot be waited for any more.
        let cancelled = history.plan.judged().any(|scenario| history.cancelled(scenario) == Some(true));
        let next = if cancelled { "Its job was cancelled: run it again.".to_owned() } else { go_on(history) };
        let _ = writeln!(out, "\nStopped by {signal}. {next}");
    } else if !history.ended {
        let _ = writeln!(out, "\nThe run did not come to its end. {}", go_on(history));
    }
    let unwell = history.after.as_ref().and_then(|probe| probe.health.as_ref());
    if let Some(health) = unwell.filter(|health| !health.api.ok || !health.admin.ok) {
        let _ = writeln!(out, "\n/_status: admin {}, api {}", health.admin.version, health.api.version);
    }
    let unproven = unproven(history);
    if !unproven.is_empty() {
        let names: Vec<&str> = unproven.iter().map(|component| component.name()).collect();
        let _ = writeln!(out, "\nNot proven: {}", names.join(", "));
    }
}

/// How to go on with a run that was stopped. A sandbox that a run has started ends with it.
fn go_on(history: &History) -> String {
    let command = format!("Go on with: notify-smoke resume {}", history.run);
    if history.plan.is_local() { format!("{command} --sandbox URL (if its sandbox still runs)") } else { command }
}

/// Components that no met expectation has proven; never hidden. What came has passed its whole road. A part that lies on no
/// road of the service, and that nothing says to prove, is none of it.
fn unproven(history: &History) -> Vec<Component> {
    let plan = &history.plan;
    let met = plan.steps.iter().filter_map(|step| history.proven(step.id).map(|(_, proves)| (step.id, proves)));
    let proven: BTreeSet<Component> = met
        .flat_map(|(step, proves)| {
            let passed = plan.road(step).stages.into_iter().map(|stage| stage.part);
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

/// Whether a later run found every message of a job with its receipt.
fn plan_told(history: &History) -> bool {
    history
        .plan
        .judged()
        .any(|scenario| history.untold(scenario).is_some_and(|(_, untold, all)| untold == 0 && all > 0))
}
