//! One step: exactly one verb, and beside `expect` its modifiers.

use super::verbs::{EXPECTATIONS, MODIFIERS, VERBS, names};
use crate::model::{
    Act, Capture, Captured, EmailExpectation, Expect, Expectation, PageExpectation, Service, Step, Template,
    TextExpectation,
};
use crate::yaml::Fields;
use crate::yaml::{Entry, Kind, Node, Reader, did_you_mean, quoted};

/// In `capture`: the code of a text message.
const DIGITS: &str = "digits";

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
        return read_expect(reader, verb, entries, service, holes).map(Step::Expect);
    }
    for entry in entries.iter().filter(|entry| modifiers.contains(&entry.key.as_str())) {
        let mend = format!("`{}` goes with `expect`; move it there.", entry.key);
        reader.problem(entry.key_mark, format!("`{}` does not go with `{}`", entry.key, verb.key), mend);
    }
    read_act(reader, verb, holes).map(Step::Act)
}

fn read_act(reader: &mut Reader<'_>, verb: &Entry, holes: &[String]) -> Option<Act> {
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
        _ => Some(Act::Press(reader.text(&verb.value, "a button's text")?.to_owned())),
    }
}

fn read_expect(
    reader: &mut Reader<'_>,
    verb: &Entry,
    entries: &[Entry],
    service: &Service,
    holes: &mut Vec<String>,
) -> Option<Expect> {
    let modifier = |name: &str| entries.iter().find(|entry| entry.key == name);
    let within = modifier("within").and_then(|entry| {
        let known: Vec<&str> = service.windows.keys().map(String::as_str).collect();
        reader.known(&entry.value, "window", &known, "service.yaml knows")
    });
    let capture = modifier("capture").and_then(|entry| read_capture(reader, entry, service));
    let proves = match modifier("proves") {
        Some(entry) => super::components(reader, &entry.value),
        None => Vec::new(),
    };
    let misspelt =
        entries.iter().any(|entry| entry.key != "expect" && !names(&MODIFIERS).contains(&entry.key.as_str()));
    let empty =
        modifier("proves").is_some_and(|entry| matches!(&entry.value.kind, Kind::List(items) if items.is_empty()));
    if empty || (modifier("proves").is_none() && !misspelt) {
        reader.problem(
            verb.key_mark,
            "an expectation that proves nothing",
            "Add `proves: [component, …]`: a failure here has to name a part.",
        );
    }
    let what = read_expectation(reader, &verb.value, holes)?;
    if let (Some(_), Expectation::Page(_)) = (&capture, &what) {
        reader.problem(
            verb.key_mark,
            "only a message can be captured from",
            "Move `capture` to the step that expects the mail.",
        );
    }
    if let Some(capture) = &capture {
        holes.push(capture.name.clone());
    }
    Some(Expect { what, within, capture, proves })
}

fn read_capture(reader: &mut Reader<'_>, entry: &Entry, service: &Service) -> Option<Capture> {
    let wrong = "a capture is a name and the path that its link begins with";
    let Kind::Map(entries) = &entry.value.kind else {
        reader.problem(entry.value.mark, wrong, "Write `capture: { link: /new-password/ }`.");
        return None;
    };
    let [only] = entries.as_slice() else {
        reader.problem(entry.value.mark, wrong, "Capture one thing in a step.");
        return None;
    };
    let mut known: Vec<&str> = service.links.iter().map(|link| link.path.as_str()).collect();
    known.push(DIGITS);
    let word = reader.known(&only.value, "link or code", &known, "service.yaml knows")?;
    let of = if word == DIGITS { Captured::Digits(service.code_length) } else { Captured::Path(word) };
    Some(Capture { name: only.key.clone(), of })
}

fn read_expectation(reader: &mut Reader<'_>, node: &Node, holes: &[String]) -> Option<Expectation> {
    let known = names(&EXPECTATIONS);
    let mut fields = reader.fields(node, "an expectation");
    let mut page = PageExpectation::default();
    let mut word = |reader: &mut Reader<'_>, key| {
        fields.take(key).and_then(|node| reader.text(node, "a word of the page").map(str::to_owned))
    };
    page.heading = word(reader, "heading");
    page.field = word(reader, "field");
    page.button = word(reader, "button");
    page.text = word(reader, "text");
    let (email, sms) = (fields.take("email"), fields.take("sms"));
    fields.finish(reader);
    let is_page = page != PageExpectation::default();
    if let (Some(_), Some(second)) = (email, sms) {
        reader.problem(second.mark, "one expectation looks at a mailbox and at a number", "Make two steps of it.");
        return None;
    }
    match (email.or(sms), is_page) {
        (Some(node), false) if sms.is_some() => read_sms(reader, node, holes).map(Expectation::Text),
        (Some(node), false) => read_email(reader, node, holes).map(Expectation::Email),
        (None, true) => Some(Expectation::Page(page)),
        (Some(node), true) => {
            reader.problem(node.mark, "one expectation looks at a page and at a mailbox", "Make two steps of it.");
            None
        }
        (None, false) => {
            if matches!(&node.kind, Kind::Map(entries) if entries.is_empty()) {
                reader.problem(
                    node.mark,
                    "an empty expectation is always met",
                    format!("Expect one of {}.", quoted(&known)),
                );
            }
            None
        }
    }
}

fn read_email(reader: &mut Reader<'_>, node: &Node, holes: &[String]) -> Option<EmailExpectation> {
    let mut fields = reader.fields(node, "a mail");
    let to = fields.need(reader, "to").and_then(|node| template(reader, node, "an address", holes));
    let subject = fields.need(reader, "subject").and_then(|node| template(reader, node, "a subject", holes));
    let exactly = read_exactly(reader, &mut fields);
    fields.finish(reader);
    Some(EmailExpectation { to: to?, subject: subject?, exactly })
}

fn read_sms(reader: &mut Reader<'_>, node: &Node, holes: &[String]) -> Option<TextExpectation> {
    let mut fields = reader.fields(node, "a text message");
    let to = fields.need(reader, "to").and_then(|node| template(reader, node, "a number", holes));
    let text = fields.need(reader, "text").and_then(|node| reader.text(node, "its text").map(str::to_owned));
    let exactly = read_exactly(reader, &mut fields);
    fields.finish(reader);
    Some(TextExpectation { to: to?, text: text?, exactly })
}

fn read_exactly(reader: &mut Reader<'_>, fields: &mut Fields<'_>) -> u32 {
    let exactly = fields.take("exactly").and_then(|node| reader.number(node, "`exactly`")).unwrap_or(1);
    if exactly == 0 {
        let mend = "Expect at least one; a second one is watched for anyway.";
        reader.problem(fields.mark(), "no message at all cannot be expected here", mend);
    }
    exactly
}

/// A text whose holes must be known by now.
fn template(reader: &mut Reader<'_>, node: &Node, what: &str, holes: &[String]) -> Option<Template> {
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
