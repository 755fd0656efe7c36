//! One step: exactly one verb, and beside `expect` its modifiers.

use super::verbs::{MODIFIERS, VERBS};
use crate::model::{Act, Service, Step, Template};
use crate::yaml::{Entry, Kind, Node, Reader, did_you_mean, names, quoted};

/// Reads a step. `holes` are the names that its templates may use; what it captures is added.
pub(super) fn read(reader: &mut Reader<'_>, node: &Node, service: &Service, holes: &mut Vec<String>) -> Option<Step> {
    let Kind::Map(entries) = &node.kind else {
        reader.problem(node.mark, "a step is a verb and what it is about", "Write `- visit: /path` or another verb.");
        return None;
    };
    let verbs = names(&VERBS);
    let modifiers = names(&MODIFIERS);
    let all: Vec<&str> = verbs.iter().chain(&modifiers).copied().collect();
    for entry in entries.iter().filter(|entry| !all.contains(&entry.key.as_str())) {
        let near = did_you_mean(&entry.key, &all);
        let mend = format!("The verbs are {}; beside `expect` stand {}.{near}", quoted(&verbs), quoted(&modifiers));
        reader.problem(entry.key_mark, format!("unknown verb or modifier `{}`", entry.key), mend);
    }
    for (index, entry) in entries.iter().enumerate() {
        let is_verb = verbs.contains(&entry.key.as_str());
        if !is_verb && entries[..index].iter().any(|before| before.key == entry.key) {
            reader.problem(entry.key_mark, format!("`{}` stands here twice", entry.key), "Keep one of them.");
        }
    }
    let mut found = entries.iter().filter(|entry| verbs.contains(&entry.key.as_str()));
    let verb = found.next();
    for second in found {
        reader.problem(
            second.key_mark,
            "this step has two verbs",
            "Give each verb a step of its own: a new line with `- `.",
        );
    }
    let Some(verb) = verb else {
        if entries.iter().all(|entry| all.contains(&entry.key.as_str())) {
            reader.problem(node.mark, "this step has no verb", format!("Add one of {}.", quoted(&verbs)));
        }
        return None;
    };
    if verb.key == "expect" {
        return super::expectation::read(reader, verb, entries, service, holes).map(Step::Expect);
    }
    for entry in entries.iter().filter(|entry| modifiers.contains(&entry.key.as_str())) {
        let mend = format!("`{}` goes with `expect`; move it there.", entry.key);
        reader.problem(entry.key_mark, format!("`{}` does not go with `{}`", entry.key, verb.key), mend);
    }
    read_act(reader, verb, holes).map(Step::Act)
}

pub(super) fn read_act(reader: &mut Reader<'_>, verb: &Entry, holes: &[String]) -> Option<Act> {
    match verb.key.as_str() {
        "visit" => {
            let target = template(reader, &verb.value, "a path", holes)?;
            let starts_right = match target.0.first() {
                Some(crate::model::Part::Text(text)) => text.starts_with('/'),
                Some(crate::model::Part::Hole(_)) => true,
                None => false,
            };
            if !starts_right {
                reader.problem(
                    verb.value.mark,
                    "a visit goes to a path of the service",
                    "Begin it with `/`; the host is the environment's.",
                );
            }
            Some(Act::Visit(target))
        }
        "fill" => {
            let Kind::Map(fields) = &verb.value.kind else {
                reader.problem(
                    verb.value.mark,
                    "`fill` needs labels and values",
                    "Write `fill: { Email address: \"{{ user.email }}\" }`.",
                );
                return None;
            };
            let fill = |field: &Entry, reader: &mut Reader<'_>| {
                Some((field.key.clone(), template(reader, &field.value, "a value", holes)?))
            };
            Some(Act::Fill(fields.iter().filter_map(|field| fill(field, reader)).collect()))
        }
        "follow" => template(reader, &verb.value, "a link's text", holes).map(Act::Follow),
        "attach" => super::attachment::read(reader, &verb.value, holes).map(Act::Attach),
        "schedule" => {
            reader.known(&verb.value, "time", &["soonest"], "The one that can be chosen is")?;
            Some(Act::Schedule)
        }
        _ => Some(Act::Press(reader.text(&verb.value, "a button's text")?.to_owned())),
    }
}

/// A text whose holes must be known by now.
pub(super) fn template(reader: &mut Reader<'_>, node: &Node, what: &str, holes: &[String]) -> Option<Template> {
    let text = reader.text(node, what)?;
    let known: Vec<&str> = holes.iter().map(String::as_str).collect();
    match Template::parse(text) {
        Ok(template) => {
            for hole in template.holes().filter(|hole| !known.contains(hole)) {
                let near = did_you_mean(hole, &known);
                let mend = format!("Known here are {}.{near}", quoted(&known));
                reader.problem(reader.mark_of(node, hole), format!("nothing is called `{hole}` here"), mend);
            }
            Some(template)
        }
        Err(_) => {
            reader.problem(node.mark, "a `{{` without its `}}`", "Close it, or leave the braces out.");
            None
        }
    }
}
