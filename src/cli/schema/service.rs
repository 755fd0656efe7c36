//! The schemas of `service.yaml` and `runbook.yaml`.

use serde_json::{Map, Value, json};

use super::{described, duration, mapping, number, text, texts, titled};
use crate::diagnose::CAUSES;
use crate::environment::keys::WINDOW;
use crate::model::Component;
use crate::scenario::keys::{BUDGET, CODE, LINK, SENTENCES, SERVICE, WINDOW_FROM};

/// The schema of a `service.yaml`.
pub(super) fn service() -> Value {
    let mut limits = described(&WINDOW, &|_| duration());
    limits.extend(described(&[WINDOW_FROM], &|_| json!({ "enum": ["press", "slot", "pickup"] })));
    let window = mapping(&limits, &["on-time", "late"]);
    let link = mapping(
        &described(&LINK, &|name| match name {
            "issued-at" => json!({ "const": "itsdangerous" }),
            "lifetime" => duration(),
            _ => text(),
        }),
        &["path", "issued-at", "lifetime"],
    );
    let sentence = |name: &str| if ["set-up", "given-up", "undelivered"].contains(&name) { texts() } else { text() };
    let sentences = mapping(&described(&SENTENCES, &sentence), &[]);
    let budget = mapping(&described(&BUDGET, &|_| number()), &["resets-per-hour", "codes-live", "failed-logins"]);
    let code = mapping(
        &described(&CODE, &|name| if name == "lifetime" { duration() } else { number() }),
        &["length", "lifetime"],
    );
    let properties = described(&SERVICE, &|name| match name {
        "error-headings" | "likely" => texts(),
        "roads" | "processes" => json!({ "type": "object", "additionalProperties": texts() }),
        "windows" => json!({ "type": "object", "additionalProperties": window.clone() }),
        "links" => json!({ "type": "array", "items": link.clone() }),
        "profiles" => json!({ "type": "object", "additionalProperties": texts() }),
        "sentences" => sentences.clone(),
        "budget" => budget.clone(),
        "code" => code.clone(),
        "lead" | "run-longest" | "alive-within" => duration(),
        _ => text(),
    });
    let required = ["name", "error-headings", "windows", "links", "profiles", "budget", "code"];
    titled("A service of notify-smoke", mapping(&properties, &required))
}

/// The schema of a `runbook.yaml`: component or cause to next step.
pub(super) fn runbook() -> Value {
    let mut impact =
        mapping(&by_part_and_cause(["What does not work while ", " is broken."], "What does not work when "), &[]);
    impact["description"] = json!("What does not work for the service's users while a component is broken.");
    let steps = by_part_and_cause(["What to do when it is ", " that is broken."], "What to do instead when ");
    let mut properties = Map::from_iter([("impact".to_owned(), impact)]);
    properties.extend(steps);
    titled("A run book of notify-smoke", mapping(&properties, &[]))
}

/// A text for each component, and for each cause where that is narrower; with what is said around their names.
fn by_part_and_cause([before, after]: [&str; 2], of_cause: &str) -> Map<String, Value> {
    let described = |key: &str, doc: String| (key.to_owned(), json!({ "type": "string", "description": doc }));
    let parts = Component::PROVABLE.into_iter().chain(Component::AROUND);
    let parts = parts.map(|part| described(part.name(), format!("{before}{part}{after}")));
    parts.chain(CAUSES.iter().map(|cause| described(cause.id, format!("{of_cause}{}.", cause.title)))).collect()
}
