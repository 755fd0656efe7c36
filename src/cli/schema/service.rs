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
    let mut properties = Map::new();
    let mut impacts = Map::new();
    for component in Component::PROVABLE.into_iter().chain(Component::AROUND) {
        let doc = format!("What does not work while {component} is broken.");
        impacts.insert(component.name().to_owned(), json!({ "type": "string", "description": doc }));
    }
    for cause in CAUSES {
        let doc = format!("What does not work when {}.", cause.title);
        impacts.insert(cause.id.to_owned(), json!({ "type": "string", "description": doc }));
    }
    let mut impact = mapping(&impacts, &[]);
    impact["description"] = json!("What does not work for the service's users while a component is broken.");
    properties.insert("impact".to_owned(), impact);
    for component in Component::PROVABLE.into_iter().chain(Component::AROUND) {
        let doc = format!("What to do when it is {component} that is broken.");
        properties.insert(component.name().to_owned(), json!({ "type": "string", "description": doc }));
    }
    for cause in CAUSES {
        let doc = format!("What to do instead when {}.", cause.title);
        properties.insert(cause.id.to_owned(), json!({ "type": "string", "description": doc }));
    }
    titled("A run book of notify-smoke", mapping(&properties, &[]))
}
