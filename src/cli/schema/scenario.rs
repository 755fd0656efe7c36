//! The schema of a scenario file.

use serde_json::{Map, Value, json};

use super::described;
use crate::model::Component;
use crate::scenario::verbs::{ATTACHMENT, EMAIL, EXPECTATIONS, MODIFIERS, SMS, VERBS};
use crate::yaml::Key;

/// What stands beside `expect`.
fn modifiers(text: &Value) -> Map<String, Value> {
    let components: Vec<&str> = Component::PROVABLE.iter().map(|component| component.name()).collect();
    described(&MODIFIERS, &|name| match name {
        "proves" => json!({ "type": "array", "items": { "enum": components }, "minItems": 1 }),
        "assumes" => json!({ "enum": ["template", "account"] }),
        "second-try" => {
            let follow = json!({ "type": "object", "properties": { "follow": text }, "required": ["follow"], "additionalProperties": false });
            json!({ "type": "array", "items": follow, "minItems": 1 })
        }
        "capture" => {
            json!({ "type": "object", "additionalProperties": { "type": "string" }, "minProperties": 1, "maxProperties": 1 })
        }
        _ => text.clone(),
    })
}

/// A list of recipients.
fn attachment() -> Value {
    let row = json!({ "type": "object", "additionalProperties": { "type": "string" }, "minProperties": 1 });
    let properties = described(&ATTACHMENT, &|name| match name {
        "template" => json!({ "enum": ["email", "sms"] }),
        "rows" => json!({ "type": "array", "items": row, "minItems": 1 }),
        _ => json!({ "type": "string" }),
    });
    let required: Vec<&str> = ATTACHMENT.iter().map(|key| key.name).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

/// The schema of a scenario file.
pub(super) fn scenario() -> Value {
    let text = json!({ "type": "string" });
    let message = |keys: &[Key], required: [&str; 2]| {
        let number = json!({ "type": "integer", "minimum": 1 });
        let properties = described(keys, &|name| if name == "exactly" { number.clone() } else { text.clone() });
        json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
    };
    let (email, sms) = (message(&EMAIL, ["to", "subject"]), message(&SMS, ["to", "text"]));
    let expectation = described(&EXPECTATIONS, &|name| match name {
        "email" => email.clone(),
        "sms" => sms.clone(),
        "table" => json!({ "const": "file" }),
        "time" => json!({ "enum": ["checked", "named"] }),
        "rows" => json!({ "enum": ["first", "all"] }),
        _ => text.clone(),
    });
    let verbs = described(&VERBS, &|name| match name {
        "fill" => json!({ "type": "object", "additionalProperties": { "type": "string" } }),
        "schedule" => json!({ "const": "soonest" }),
        "attach" => attachment(),
        "expect" => {
            json!({ "type": "object", "properties": expectation, "additionalProperties": false, "minProperties": 1 })
        }
        _ => text.clone(),
    });
    let modifiers = modifiers(&text);
    let alone = |verb: &Key| json!({ "properties": { verb.name: verbs[verb.name] }, "required": [verb.name], "additionalProperties": false });
    let mut expecting = modifiers.clone();
    expecting.insert("expect".to_owned(), verbs["expect"].clone());
    let steps: Vec<Value> = VERBS
        .iter()
        .map(|verb| match verb.name {
            "expect" => {
                let says = json!([{ "required": ["proves"] }, { "required": ["assumes"] }]);
                json!({ "properties": expecting, "required": ["expect"], "anyOf": says, "additionalProperties": false })
            }
            _ => alone(verb),
        })
        .collect();
    let schema = json!({
        "type": "object",
        "properties": {
            "name": { "type": "string", "description": "What a user would call this behaviour." },
            "runbook": { "type": "string", "description": "What the run book says, word for word." },
            "after": { "type": "string", "description": "The scenario whose browser session this one goes on in." },
            "control": {
                "enum": ["missed-schedule"],
                "description": "Run it only to tell what is broken, when this has happened; it has no verdict of its own.",
            },
            "steps": { "type": "array", "minItems": 1, "items": { "type": "object", "oneOf": steps } },
        },
        "required": ["name", "runbook", "steps"],
        "additionalProperties": false,
    });
    super::titled("A scenario of notify-smoke", schema)
}
