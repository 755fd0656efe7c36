//! Something to do: one verb with what it is about.

use super::attachment;
use super::words::template;
use crate::model::Act;
use crate::yaml::{Entry, Kind, Reader};

/// Reads the verb of an action.
pub(super) fn read(reader: &mut Reader<'_>, verb: &Entry, holes: &[String]) -> Option<Act> {
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
        "attach" => attachment::read(reader, &verb.value, holes).map(Act::Attach),
        "schedule" => {
            reader.known(&verb.value, "time", &["soonest"], "The one that can be chosen is")?;
            Some(Act::Schedule)
        }
        _ => Some(Act::Press(reader.text(&verb.value, "a button's text")?.to_owned())),
    }
}
