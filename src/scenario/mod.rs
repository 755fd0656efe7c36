//! Trees to scenarios and services: every problem, each with its place.

mod act;
mod attachment;
mod expectation;
pub mod keys;
mod link;
mod roads;
mod service;
mod step;
mod times;
pub mod verbs;
mod words;

pub use service::{runbook, service};

use crate::model::scenario::Control;
use crate::model::{Component, Scenario, Service};
use crate::yaml::{Node, Problem, Reader, Source, parse};

/// Holes that every scenario may use; what it captures itself comes on top.
pub const HOLES: [&str; 9] = [
    "token",
    "user.email",
    "user.second-email",
    "user.mobile",
    "user.password",
    "template.email.name",
    "template.email.text",
    "template.sms.name",
    "template.sms.text",
];

/// Reads one scenario file.
///
/// # Errors
/// All its problems.
pub fn scenario(id: &str, source: &Source, service: &Service) -> Result<Scenario, Vec<Problem>> {
    let tree = parse(source).map_err(|problem| vec![problem])?;
    let mut reader = Reader::new(source);
    let mut fields = reader.fields(&tree, "a scenario");
    let name = fields.need(&mut reader, "name").and_then(|node| reader.text(node, "a name").map(str::to_owned));
    let runbook = fields
        .need(&mut reader, "runbook")
        .and_then(|node| reader.text(node, "the run book's sentence").map(str::to_owned));
    let after = fields.take("after").and_then(|node| reader.text(node, "a scenario's name").map(str::to_owned));
    let control = fields.take("control").and_then(|node| {
        reader.known(node, "reason for a control", &["missed-schedule"], "A control is run after a")?;
        Some(Control::MissedSchedule)
    });
    let steps = fields.need(&mut reader, "steps");
    fields.finish(&mut reader);
    let steps = match steps {
        Some(node) => read_steps(&mut reader, node, service),
        None => Vec::new(),
    };
    match (name, runbook) {
        (Some(name), Some(runbook)) if reader.problems.is_empty() => {
            Ok(Scenario { id: id.to_owned(), name, runbook, after, control, steps })
        }
        _ => Err(reader.problems),
    }
}

fn read_steps(reader: &mut Reader<'_>, node: &Node, service: &Service) -> Vec<crate::model::Step> {
    let items = reader.list(node, "`steps`");
    let mut holes: Vec<String> = HOLES.iter().map(|name| (*name).to_owned()).collect();
    let steps: Vec<_> = items.iter().filter_map(|item| step::read(reader, item, service, &mut holes)).collect();
    let acts_first = matches!(steps.first(), Some(crate::model::Step::Act(_)));
    if !steps.is_empty() && !acts_first {
        reader.problem(
            items[0].mark,
            "the first step expects something before anything was done",
            "Begin with `visit:`.",
        );
    }
    // Where a step could not be read, it may be the one that looks.
    if let (Some(last), Some(crate::model::Step::Act(_)), true) =
        (items.last(), steps.last(), items.len() == steps.len())
    {
        reader.problem(last.mark, "nothing looks at what the last step did", "End with an `expect:`.");
    }
    if items.len() == steps.len() {
        unseen_actions(reader, items, &steps);
    }
    if items.is_empty() {
        reader.problem(
            node.mark,
            "a scenario without steps would pass without a look",
            "Add a `visit:` and an `expect:`.",
        );
    }
    steps
}

/// An action that is done once, and another before anything has looked at what the first one did.
fn unseen_actions(reader: &mut Reader<'_>, items: &[Node], steps: &[crate::model::Step]) {
    use crate::model::Step;
    let mut unseen: Option<usize> = None;
    for (index, step) in steps.iter().enumerate() {
        match step {
            Step::Expect(_) => unseen = None,
            Step::Act(act) if act.is_once() => {
                if let Some(before) = unseen.replace(index) {
                    let mend = "Put an `expect:` between this action and the next.";
                    reader.problem(items[before].mark, "nothing looks at what this step did", mend);
                }
            }
            Step::Act(_) => {}
        }
    }
}

/// Reads a list of components.
fn components(reader: &mut Reader<'_>, node: &Node) -> Vec<Component> {
    let names: Vec<&str> = Component::PROVABLE.iter().map(|component| component.name()).collect();
    let mut found = Vec::new();
    for item in reader.list(node, "`proves`") {
        let Some(word) = reader.text(item, "a component") else { continue };
        match Component::provable(word) {
            Some(component) => found.push(component),
            None => {
                let near = crate::yaml::did_you_mean(word, &names);
                let mend = format!("The components are {}.{near}", crate::yaml::quoted(&names));
                reader.problem(item.mark, format!("unknown component `{word}`"), mend);
            }
        }
    }
    found
}
