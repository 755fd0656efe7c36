//! One step: exactly one verb, and beside `expect` its modifiers.

use super::verbs::{MODIFIERS, VERBS};
use crate::model::{Service, Step};
use crate::yaml::{Kind, Node, Reader, did_you_mean, names, quoted};

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
    super::act::read(reader, verb, holes).map(Step::Act)
}
