//! Every hop of a scenario, and what a later run or an interrupt has left to say of it.

use std::fmt::Write as _;

use super::{seconds, words};
use crate::diagnose::Explained;
use crate::history::{History, Judged};
use crate::model::{PlannedScenario, StepId, StepKind, Verdict};

/// The hops of the scenarios that did not pass, or of all.
pub(super) fn hops(out: &mut String, explained: &Explained<'_>, history: &History, all: bool) {
    for scenario in history.plan.judged() {
        let verdict = history.scenario_verdict(scenario);
        let is_well = verdict.verdict == Verdict::Passed || explained.is_known(scenario);
        let not_due = verdict.verdict == Verdict::NotVerified && history.waits();
        if !all && (is_well || not_due || verdict.blocked_by.is_some()) {
            continue;
        }
        let _ = writeln!(out, "\n{}, hop by hop:", scenario.name);
        for (step, judged) in &verdict.steps {
            hop(out, history, *step, judged);
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
            let parts: Vec<String> = proves.iter().map(|component| history.plan.parts.word(*component)).collect();
            let word = if judged.verdict == Verdict::Passed { "ok" } else { word(history, judged.verdict) };
            let parts = assumes.map_or_else(|| parts.join(" "), |part| format!("needs {part}"));
            let _ = writeln!(out, "  {word:<12} {time:>6}  {planned}  [{parts}]");
        }
    }
}

/// The verdict's word; what is not due yet in a run that waits is no lack.
pub(super) fn word(history: &History, verdict: Verdict) -> &'static str {
    if verdict == Verdict::NotVerified && history.waits() { "waiting" } else { words(verdict) }
}

/// What a later run found at a scenario's job.
pub(super) fn later(out: &mut String, history: &History, scenario: &PlannedScenario) {
    if let Some((_, untold, all)) = history.untold(scenario) {
        let _ = writeln!(out, "  receipts   {} of {all}, seen by a later run", all - untold);
    }
    if let Some((_, more)) = history.made_later(scenario) {
        let _ = writeln!(out, "  note       {more} message(s) more than rows, seen by a later run");
    }
}

/// What has to be said of what was seen, though nothing is wrong with it.
pub(super) fn notes(history: &History, scenario: &PlannedScenario) -> Vec<String> {
    let mut notes = Vec::new();
    for note in scenario.all_steps().flat_map(|step| history.step(step).notes()) {
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    notes
}

/// What has become of a job that was scheduled and not waited for.
pub(super) fn job_note(out: &mut String, history: &History, scenario: &PlannedScenario) {
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

/// The pictures that were taken.
pub(super) fn pictures(history: &History) -> Vec<String> {
    let steps = history.plan.judged().flat_map(|scenario| &scenario.steps);
    steps.filter_map(|step| history.step(*step).evidence.clone().flatten()).collect()
}
