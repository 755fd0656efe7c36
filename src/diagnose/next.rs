//! What the run book says to do, with this run in its words.

use jiff::Timestamp;

use super::Cause;
use crate::history::History;
use crate::model::{StepId, StepKind};

/// What the run book says of the cause's component, for a step that went wrong.
pub(super) fn next_step(history: &History, cause: &Cause, step: StepId) -> String {
    let Some(text) = history.plan.runbook.get(cause.component.name()) else {
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
    let minute = |time: Timestamp| time.strftime("%H:%M").to_string();
    let (begun, ended) = (minute(from), minute(until));
    let day = from.strftime("%F");
    if begun == ended { format!("{day} {begun} UTC") } else { format!("{day} {begun} to {ended} UTC") }
}
