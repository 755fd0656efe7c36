//! `schema`: JSON Schemas of the files, from the same tables of keys that the files are read with.

mod environment;
mod scenario;
mod service;

use serde_json::{Map, Value, json};

use super::options::Schema;
use super::out::{complain, say};
use crate::exit::Exit;
use crate::yaml::Key;

pub(super) fn run(options: &Schema) -> Exit {
    let schemas = [
        ("environment.schema.json", environment::environment()),
        ("runbook.schema.json", service::runbook()),
        ("scenario.schema.json", scenario::scenario()),
        ("service.schema.json", service::service()),
    ];
    for (name, schema) in schemas {
        let text = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap_or_default());
        match &options.out {
            None => say(text.trim_end()),
            Some(folder) => {
                let path = folder.join(name);
                if let Err(error) = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, text)) {
                    complain(&format!("{} cannot be written: {error}.", path.display()));
                    return Exit::WrongInput;
                }
            }
        }
    }
    Exit::Passed
}

/// Keys with their docs, and the shape of what stands behind each.
fn described(keys: &[Key], shape: &dyn Fn(&str) -> Value) -> Map<String, Value> {
    let entry = |key: &Key| {
        let mut value = shape(key.name);
        value["description"] = json!(key.doc);
        (key.name.to_owned(), value)
    };
    keys.iter().map(entry).collect()
}

/// A mapping with these keys and no others.
fn mapping(properties: &Map<String, Value>, required: &[&str]) -> Value {
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn texts() -> Value {
    json!({ "type": "array", "items": text() })
}

fn number() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

/// `100ms`, `5s`, `7m`, `1h`.
fn duration() -> Value {
    json!({ "type": "string", "pattern": "^[0-9]+(ms|s|m|h|d)$" })
}

/// What every file's schema begins with.
fn titled(title: &str, mut schema: Value) -> Value {
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!(title);
    schema
}
