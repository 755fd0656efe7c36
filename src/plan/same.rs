//! A journal says what was planned; what may be done is said by the files. Before a run is gone on with, both are held
//! against each other.

use serde_json::Value;

use crate::model::scenario::Control;
use crate::model::{Act, Expectation, Plan, PlannedScenario, StepId, StepKind};

/// What only explains or excuses, and may have been changed since.
const EXPLAINS: [&str; 7] = ["runbook", "impact", "roads", "known", "other_senders", "codes_kept", "places"];
/// As many differences are told.
const TOLD_MAX: usize = 12;
/// A longer value is cut.
const VALUE_MAX: usize = 120;

/// What a recorded plan would do, or hold for right, that is not in the plan of the files, one line each; none where they
/// are the same. Looks at the jobs of earlier runs are no part of the files: of a recorded plan, those are left aside that are
/// nothing but a visit of a job's page of the service itself.
pub fn differences(recorded: &Plan, files: &Plan) -> Vec<String> {
    let mut recorded = recorded.clone();
    let mut told = Vec::new();
    let (looks, scenarios): (Vec<_>, Vec<_>) =
        recorded.scenarios.into_iter().partition(|scenario| matches!(scenario.control, Some(Control::LookBack { .. })));
    recorded.scenarios = scenarios;
    let planned = files.steps.len();
    for look in looks {
        if !is_look_back(&look, &recorded.steps, planned, files) {
            told.push(format!("{}: it is no look at the page of a job of {}", look.id, files.base_url));
        }
    }
    let own: Vec<StepId> = recorded.scenarios.iter().flat_map(PlannedScenario::all_steps).collect();
    recorded.steps.retain(|step| step.id.index() < planned || own.contains(&step.id));
    compare("", &as_json(&recorded), &as_json(files), &mut told);
    if told.len() > TOLD_MAX {
        let more = told.len() - TOLD_MAX;
        told.truncate(TOLD_MAX);
        told.push(format!("and {more} more"));
    }
    told
}

/// Whether a scenario of a journal is a visit of a job's page and a look at it, and nothing else.
fn is_look_back(scenario: &PlannedScenario, steps: &[crate::model::PlannedStep], planned: usize, files: &Plan) -> bool {
    let [visit, look] = scenario.steps.as_slice() else { return false };
    let kind = |step: &StepId| steps.get(step.index()).filter(|_| step.index() >= planned).map(|step| &step.kind);
    let visits = match kind(visit) {
        Some(StepKind::Act { act: Act::Visit(target), watch }) => {
            watch.is_empty() && target.holes().next().is_none() && is_job_page(&target.to_string(), files)
        }
        _ => false,
    };
    let looks = matches!(kind(look), Some(StepKind::Expect { expect: Expectation::Job, trigger, capture: None, second_try, aside: None, .. })
        if trigger == visit && second_try.is_empty());
    visits && looks && scenario.asides.is_empty() && scenario.cancel.is_none()
}

/// Whether an address is the page of a job of the service: nothing is asked of it but its number.
fn is_job_page(address: &str, files: &Plan) -> bool {
    let path = address.strip_prefix(files.base_url.as_str()).unwrap_or_default();
    let pieces: Vec<&str> = path.split('/').collect();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_/".contains(c);
    matches!(pieces.as_slice(), ["", .., "jobs", job] if !job.is_empty()) && path.chars().all(is_plain)
}

fn as_json(plan: &Plan) -> Value {
    let mut value = serde_json::to_value(plan).unwrap_or_default();
    if let Some(object) = value.as_object_mut() {
        object.retain(|key, _| !EXPLAINS.contains(&key.as_str()));
    }
    value
}

/// Both values where they differ, as deep as they can be told apart.
fn compare(place: &str, recorded: &Value, files: &Value, told: &mut Vec<String>) {
    let below = |key: &str| if place.is_empty() { key.to_owned() } else { format!("{place}.{key}") };
    match (recorded, files) {
        (Value::Object(was), Value::Object(is)) => {
            let mut keys: Vec<&String> = was.keys().chain(is.keys()).collect();
            keys.sort();
            keys.dedup();
            for key in keys {
                let of = |object: &serde_json::Map<String, Value>| object.get(key).cloned().unwrap_or_default();
                compare(&below(key), &of(was), &of(is), told);
            }
        }
        (Value::Array(was), Value::Array(is)) if was.len() == is.len() => {
            for (index, (was, is)) in was.iter().zip(is).enumerate() {
                compare(&below(&(index + 1).to_string()), was, is, told);
            }
        }
        _ if recorded == files => {}
        _ => told.push(format!("{place}: the journal says {}, the files say {}", short(recorded), short(files))),
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= VALUE_MAX {
        return text;
    }
    text.chars().take(VALUE_MAX - 1).chain(['…']).collect()
}
