//! What the run book says to do, with this run in its words.

use jiff::SignedDuration;

use super::Cause;
use crate::history::History;
use crate::model::{StepId, StepKind};

/// What the run book says of the cause, or else of its component, for a step that went wrong.
pub(super) fn next_step(history: &History, cause: &Cause, step: StepId) -> String {
    let Some(text) = cause.step_in(&history.plan.runbook) else {
        return "The run book does not mention this part.".to_owned();
    };
    text.replace("{{ run }}", &history.run)
        .replace("{{ environment }}", &history.plan.environment)
        .replace("{{ minutes }}", &minutes(history, step))
}

/// From what caused the step to the last thing that is known of it, by the service's clock: whose logs are to be read.
fn minutes(history: &History, step: StepId) -> String {
    let trigger = match &history.plan.step(step).kind {
        StepKind::Expect { trigger, .. } => *trigger,
        StepKind::Act { .. } => step,
    };
    let until = history.step(step).looks.last.map_or(history.last, |(_, looked)| looked);
    let until = history.service_time(until.t, until.at);
    let from = history.anchor_time(step).or(history.step(trigger).began_at).unwrap_or(history.started_at).min(until);
    // A minute more on both sides: logs have clocks of their own.
    let margin = SignedDuration::from_mins(1);
    let (from, until) = (from.checked_sub(margin).unwrap_or(from), until.checked_add(margin).unwrap_or(until));
    format!("{} to {} UTC", from.strftime("%F %H:%M"), until.strftime("%H:%M"))
}
