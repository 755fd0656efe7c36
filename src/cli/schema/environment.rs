//! The schema of an environment file.

use serde_json::{Value, json};

use super::{described, duration, mapping, number, text, texts, titled};
use crate::environment::keys::{
    ANNOUNCE, BASIC_AUTH, ENVIRONMENT, KEEP, KNOWN, MAILBOX, NUMBER, PINNED, SANDBOX, SLACK, STORE, TEMPLATE, USER,
    WINDOW,
};
use crate::yaml::Key;

/// A secret is a reference and nothing else.
fn secret() -> Value {
    json!({ "type": "string", "pattern": "^(\\{\\{ *(env|sandbox)\\.[A-Za-z0-9_]+ *\\}\\})+$" })
}

/// The keys of one kind of mailbox or number.
fn kind(keys: &[Key], kind: &str, of_kind: &[&str], required: &[&str]) -> Value {
    let keys: Vec<Key> = keys.iter().filter(|key| key.name == "kind" || of_kind.contains(&key.name)).copied().collect();
    let properties = described(&keys, &|name| match name {
        "kind" => json!({ "const": kind }),
        "command" => json!({ "type": "array", "items": text(), "minItems": 1 }),
        "token" | "access-key-id" | "secret-access-key" => secret(),
        _ => text(),
    });
    mapping(&properties, &[&["kind"], required].concat())
}

/// The schema of an environment file.
pub(super) fn environment() -> Value {
    let bucket = ["bucket", "prefix", "region", "endpoint", "access-key-id", "secret-access-key"];
    let mailbox = json!({ "oneOf": [
        kind(&MAILBOX, "ses_s3", &bucket, &["bucket", "region"]),
        kind(&MAILBOX, "exec", &["command", "env"], &["command"]),
    ] });
    let test_number = json!({ "oneOf": [
        kind(&NUMBER, "twilio", &["account", "token", "endpoint"], &["account", "token"]),
        kind(&NUMBER, "exec", &["command", "env"], &["command"]),
    ] });
    let store = json!({ "oneOf": [{ "const": "file" }, kind(&STORE, "s3", &bucket, &["bucket", "region"])] });
    let slack = mapping(&described(&SLACK, &|_| secret()), &[]);
    let announce = mapping(
        &described(&ANNOUNCE, &|name| {
            if name == "slack" { slack.clone() } else { json!({ "enum": ["always", "never"] }) }
        }),
        &[],
    );
    let keep = mapping(&described(&KEEP, &|_| number()), &[]);
    let door = mapping(
        &described(&BASIC_AUTH, &|name| if name == "password" { secret() } else { text() }),
        &["username", "password"],
    );
    let user = mapping(&described(&USER, &|name| if name == "password" { secret() } else { text() }), &["email"]);
    let window = mapping(&described(&WINDOW, &|_| duration()), &[]);
    let template = |required| mapping(&described(&TEMPLATE, &|_| text()), required);
    let templates = json!({
        "type": "object",
        "properties": { "email": template(&["name", "sender", "subject", "text"]), "sms": template(&["name", "text"]) },
        "additionalProperties": false,
    });
    let sandbox =
        mapping(&described(&SANDBOX, &|name| if name == "slots" { duration() } else { number() }), &["time-scale"]);
    let pinned = mapping(&described(&PINNED, &|_| text()), &[]);
    let known = mapping(
        &described(&KNOWN, &|name| match name {
            "until" => json!({ "type": "string", "format": "date" }),
            _ => text(),
        }),
        &["cause", "reference", "reason", "until"],
    );
    let properties = described(&ENVIRONMENT, &|name| match name {
        "known" => json!({ "type": "array", "items": known.clone() }),
        "basic-auth" => door.clone(),
        "user" => user.clone(),
        "mailbox" => mailbox.clone(),
        "number" => test_number.clone(),
        "store" => store.clone(),
        "keep" => keep.clone(),
        "announce" => announce.clone(),
        "hosts" | "recipients" => texts(),
        "windows" => json!({ "type": "object", "additionalProperties": window.clone() }),
        "templates" => templates.clone(),
        "lead" | "poll" => duration(),
        "sandbox" => sandbox.clone(),
        "pinned" => pinned.clone(),
        _ => text(),
    });
    let required = ["service", "base-url", "user", "email-sender", "mailbox"];
    titled("An environment of notify-smoke", mapping(&properties, &required))
}
