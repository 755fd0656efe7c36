//! Words of files: texts with holes, and lists of texts.

use crate::model::Template;
use crate::yaml::{Node, Reader, did_you_mean, quoted};

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

/// A list of texts; empty where there is none.
pub(super) fn texts(reader: &mut Reader<'_>, node: Option<&Node>, what: &str) -> Vec<String> {
    let Some(node) = node else { return Vec::new() };
    reader.list(node, what).iter().filter_map(|item| reader.text(item, "an item").map(str::to_owned)).collect()
}
