//! What a step expects: of a page, of a mailbox, of a number.

use super::verbs::{EXPECTATIONS, MODIFIERS};
use super::words::template;
use crate::model::{
    Act, Capture, Captured, Component, EmailExpectation, Expect, Expectation, MessageKind, PageExpectation,
    RowsExpectation, RowsNeeded, Service, SlotShown, Template, TextExpectation,
};
use crate::yaml::{Entry, Fields, Kind, Node, Reader, names, quoted};

/// In `capture`: the code of a text message.
const DIGITS: &str = "digits";
/// In `capture`: the page's own address.
const PAGE: &str = "page";

/// Reads an `expect` with what stands beside it.
pub(super) fn read(
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
    let road = modifier("road").and_then(|entry| road(reader, &entry.value, service, &proves));
    let assumes = modifier("assumes").and_then(|entry| assumption(reader, &entry.value));
    let second_try = modifier("second-try").map(|entry| second_try(reader, entry, holes)).unwrap_or_default();
    let misspelt =
        entries.iter().any(|entry| entry.key != "expect" && !names(&MODIFIERS).contains(&entry.key.as_str()));
    let empty =
        modifier("proves").is_some_and(|entry| matches!(&entry.value.kind, Kind::List(items) if items.is_empty()));
    let says_nothing = modifier("proves").is_none() && modifier("assumes").is_none();
    if empty || (says_nothing && !misspelt) {
        reader.problem(
            verb.key_mark,
            "an expectation that proves nothing",
            "Add `proves: [component, …]`: a failure here has to name a part.",
        );
    }
    let what = read_expectation(reader, &verb.value, holes)?;
    if let (Some(Capture { of: Captured::Path(_) | Captured::Digits(_), .. }), Expectation::Page(_)) = (&capture, &what)
    {
        reader.problem(
            verb.key_mark,
            "of a page only its own address can be captured",
            "Write `page`, or move `capture` to the step that expects the mail.",
        );
    }
    if let Some(capture) = &capture {
        holes.push(capture.name.clone());
    }
    Some(Expect { what, within, capture, proves, road, assumes, second_try })
}

/// A road of the service on which everything lies that the step proves.
fn road(reader: &mut Reader<'_>, node: &Node, service: &Service, proves: &[Component]) -> Option<String> {
    let known: Vec<&str> = service.roads.all.iter().map(|road| road.id.as_str()).collect();
    // A service that tells of no roads has them made from what its steps prove.
    if known.is_empty() {
        return None;
    }
    let name = reader.known(node, "road", &known, "service.yaml knows")?;
    let road = service.roads.road(&name)?;
    for part in proves.iter().filter(|part| !road.passes(**part)) {
        let stages: Vec<String> = road.stages.iter().map(ToString::to_string).collect();
        reader.problem(
            node.mark,
            format!("the step proves {part}, which does not lie on the road `{name}`"),
            format!("It passes {}. Take {part} out of `proves`, or name another road.", stages.join(", ")),
        );
    }
    Some(name)
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
    known.extend([DIGITS, PAGE]);
    let word = reader.known(&only.value, "link or code", &known, "service.yaml knows")?;
    let of = match word.as_str() {
        DIGITS => Captured::Digits(service.code_length),
        PAGE => Captured::Page,
        _ => Captured::Path(word),
    };
    Some(Capture { name: only.key.clone(), of })
}

fn assumption(reader: &mut Reader<'_>, node: &Node) -> Option<Component> {
    match reader.known(node, "assumption", &["template", "account"], "What can be assumed is")?.as_str() {
        "template" => Some(Component::Template),
        _ => Some(Component::Account),
    }
}

/// Links to follow, one after another.
fn second_try(reader: &mut Reader<'_>, entry: &Entry, holes: &[String]) -> Vec<Act> {
    let mut acts = Vec::new();
    for item in reader.list(&entry.value, "`second-try`") {
        match &item.kind {
            Kind::Map(entries) if entries.len() == 1 && entries[0].key == "follow" => {
                acts.extend(super::act::read(reader, &entries[0], holes));
            }
            _ => reader.problem(item.mark, "a second try follows links", "Write `- follow: TEXT OF THE LINK`."),
        }
    }
    acts
}

fn read_expectation(reader: &mut Reader<'_>, node: &Node, holes: &[String]) -> Option<Expectation> {
    let known = names(&EXPECTATIONS);
    let mut fields = reader.fields(node, "an expectation");
    let page = read_page(reader, &mut fields, holes);
    let messages = ["email", "sms", "rows"].map(|name| fields.take(name).map(|node| (name, node)));
    fields.finish(reader);
    let is_page = page != PageExpectation::default();
    let mut messages = messages.into_iter().flatten();
    let message = messages.next();
    if let Some((_, second)) = messages.next() {
        reader.problem(second.mark, "one expectation looks for two kinds of messages", "Make two steps of it.");
        return None;
    }
    match (message, is_page) {
        (Some(("email", node)), false) => read_email(reader, node, holes).map(Expectation::Email),
        (Some(("sms", node)), false) => read_sms(reader, node, holes).map(Expectation::Text),
        (Some((_, node)), false) => read_rows(reader, node).map(Expectation::Rows),
        (None, true) => Some(Expectation::Page(page)),
        (Some((_, node)), true) => {
            reader.problem(node.mark, "one expectation looks at a page and at messages", "Make two steps of it.");
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

fn read_page(reader: &mut Reader<'_>, fields: &mut Fields<'_>, holes: &[String]) -> PageExpectation {
    let mut word = |reader: &mut Reader<'_>, key| {
        fields.take(key).and_then(|node| template(reader, node, "a word of the page", holes))
    };
    let (heading, field) = (word(reader, "heading"), word(reader, "field"));
    let (button, link, text) = (word(reader, "button"), word(reader, "link"), word(reader, "text"));
    let has_table =
        fields.take("table").and_then(|node| reader.known(node, "table", &["file"], "The one that is known is"));
    let time = fields.take("time").and_then(|node| {
        let known = reader.known(node, "time", &["checked", "named"], "It can be")?;
        Some(if known == "checked" { SlotShown::Checked } else { SlotShown::Named })
    });
    // The rows are filled in by the plan, which knows the list.
    let table = if has_table.is_some() { vec![Vec::new()] } else { Vec::new() };
    PageExpectation { heading, field, button, link, text, table, time }
}

/// What the rows are is filled in by the plan, which knows the list and the template.
fn read_rows(reader: &mut Reader<'_>, node: &Node) -> Option<RowsExpectation> {
    let known = reader.known(node, "number of rows", &["first", "all"], "It can be")?;
    Some(RowsExpectation {
        need: if known == "first" { RowsNeeded::First } else { RowsNeeded::All },
        kind: MessageKind::Email,
        to: Template::default(),
        each: Vec::new(),
        from: String::new(),
        subjects: Vec::new(),
        texts: Vec::new(),
        brand: None,
        footer: None,
    })
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
