//! What belongs to no scenario: known issues, the door, clocks, the run's own end, what nothing has proven.

use std::fmt::Write as _;

use super::seconds;
use crate::diagnose::Explained;
use crate::history::History;
use crate::render::beside::beside;
use crate::render::unproven::not_proven;

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
    for said in beside(history) {
        let _ = writeln!(out, "\n{said}.");
    }
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
        // A failure that is known already stands.
        let so_far =
            if history.waits() { "So far all is well; the next thing" } else { "The rest is still to come; it" };
        let _ = writeln!(out, "\n{so_far} is due at {due}. {}", go_on(history));
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
    let names = not_proven(history);
    if !names.is_empty() {
        let _ = writeln!(out, "\nNot proven: {}", names.join(", "));
    }
}

/// How to go on with a run that was stopped. A sandbox that a run has started ends with it.
fn go_on(history: &History) -> String {
    let command = format!("Go on with: notify-smoke resume {}", history.run);
    if history.plan.sandbox { format!("{command} --sandbox URL (if its sandbox still runs)") } else { command }
}
