//! The schemas of `service.yaml` and `runbook.yaml`.

use serde_json::{Map, Value, json};

use super::{described, duration, mapping, number, text, texts, titled};
use crate::diagnose::CAUSES;
use crate::environment::keys::WINDOW;
use crate::model::link::NAMED;
use crate::model::{Component, Parts};
use crate::scenario::keys::{BUDGET, CODE, ISSUED_AT, LINK, SENTENCES, SERVICE, TIMES, WINDOW_FROM};

/// The schema of a `service.yaml`.
pub(super) fn service() -> Value {
    let mut limits = described(&WINDOW, &|_| duration());
    limits.extend(described(&[WINDOW_FROM], &|_| json!({ "enum": ["press", "slot", "pickup"] })));
    let window = mapping(&limits, &["on-time", "late"]);
    let link = mapping(
        &described(&LINK, &|name| match name {
            "issued-at" => issued_at(),
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
        "error-headings" | "likely" | "user-domains" => texts(),
        "roads" | "processes" => json!({ "type": "object", "additionalProperties": texts() }),
        "windows" => json!({ "type": "object", "additionalProperties": window.clone() }),
        "links" => json!({ "type": "array", "items": link.clone() }),
        "profiles" => json!({ "type": "object", "additionalProperties": texts() }),
        "sentences" => sentences.clone(),
        "times" => times(),
        "parts" => json!({ "type": "object", "additionalProperties": text() }),
        "text-providers" => number(),
        "budget" => budget.clone(),
        "code" => code.clone(),
        "lead" | "run-longest" | "alive-within" => duration(),
        _ => text(),
    });
    let required = ["name", "error-headings", "windows", "links", "profiles", "budget", "code"];
    titled("A service of notify-smoke", mapping(&properties, &required))
}

/// How a time is chosen, and named.
fn times() -> Value {
    let times = described(&TIMES, &|name| match name {
        "opens" | "confirms" | "back" => texts(),
        "words" => json!({ "type": "object", "additionalProperties": text() }),
        _ => text(),
    });
    mapping(&times, &["control", "named"])
}

/// A library's name, or which bytes.
fn issued_at() -> Value {
    let names: Vec<&str> = NAMED.iter().map(|(name, _)| *name).collect();
    let bytes = described(&ISSUED_AT, &|name| if name == "cut-at" { text() } else { number() });
    json!({ "oneOf": [{ "enum": names }, mapping(&bytes, &[])] })
}

/// The schema of a `runbook.yaml`: component or cause to next step.
pub(super) fn runbook() -> Value {
    let mut impact =
        mapping(&by_part_and_cause(["What does not work while ", " is broken."], "What does not work when "), &[]);
    impact["description"] = json!("What does not work for the service's users while a component is broken.");
    let in_general = Parts::in_general();
    let decides = CAUSES
        .iter()
        .map(|cause| (cause.id.to_owned(), json!({ "type": "string", "description": in_general.said(cause.title) })));
    let mut looks = mapping(&decides.collect(), &[]);
    looks["description"] = json!("The look that tells a cause from its neighbours, in the service's words.");
    let steps = by_part_and_cause(["What to do when it is ", " that is broken."], "What to do instead when ");
    let mut properties = Map::from_iter([("impact".to_owned(), impact), ("decides".to_owned(), looks)]);
    properties.extend(steps);
    titled("A run book of notify-smoke", mapping(&properties, &[]))
}

/// A text for each component, and for each cause where that is narrower; with what is said around their names.
fn by_part_and_cause([before, after]: [&str; 2], of_cause: &str) -> Map<String, Value> {
    let described = |key: &str, doc: String| (key.to_owned(), json!({ "type": "string", "description": doc }));
    let parts = Component::PROVABLE.into_iter().chain(Component::AROUND);
    let parts = parts.map(|part| described(part.name(), format!("{before}{part}{after}")));
    parts
        .chain(
            CAUSES
                .iter()
                .map(|cause| described(cause.id, format!("{of_cause}{}.", Parts::in_general().said(cause.title)))),
        )
        .collect()
}
