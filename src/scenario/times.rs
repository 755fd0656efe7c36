//! How a job's time is chosen on the service's pages, and how they name one.

use std::collections::BTreeMap;

use super::words::texts;
use crate::model::Times;
use crate::model::times::{Choice, Pattern};
use crate::yaml::{Node, Reader};

pub(super) fn times(reader: &mut Reader<'_>, node: &Node) -> Times {
    let mut fields = reader.fields(node, "`times`");
    let control = fields.need(reader, "control").and_then(|node| reader.text(node, "`control`").map(str::to_owned));
    let opens = texts(reader, fields.take("opens"), "`opens`");
    let confirms = texts(reader, fields.take("confirms"), "`confirms`");
    let back = texts(reader, fields.take("back"), "`back`");
    let zone = fields.take("zone").and_then(|node| {
        let zone = reader.text(node, "`zone`")?;
        if jiff::tz::TimeZone::get(zone).is_err() {
            let mend = "Write one of the IANA database, such as `Europe/London` or `America/New_York`.";
            reader.problem(node.mark, format!("there is no zone `{zone}`"), mend);
        }
        Some(zone.to_owned())
    });
    let named = fields.need(reader, "named").and_then(|node| {
        let pattern = Pattern(reader.text(node, "`named`")?.to_owned());
        if !pattern.is_known() {
            let mend = "Use %H or %I, %M, and perhaps [:%S] and %P, such as \"at %-I:%M%P\".";
            reader.problem(node.mark, format!("`{}` names no time of the day", pattern.0), mend);
        }
        Some(pattern)
    });
    let words = fields.take("words").map(|node| reader.fields(node, "`words`").rest()).unwrap_or_default();
    let words: BTreeMap<String, String> = words
        .iter()
        .filter_map(|entry| Some((entry.key.clone(), reader.text(&entry.value, "a word")?.to_owned())))
        .collect();
    fields.finish(reader);
    Times {
        choice: Choice { control: control.unwrap_or_default(), opens, confirms, back },
        zone: zone.unwrap_or_else(|| "UTC".to_owned()),
        named: named.unwrap_or_default(),
        words,
    }
}
