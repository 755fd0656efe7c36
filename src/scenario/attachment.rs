//! `attach`: a list of recipients that is made for the run.

use super::words::template;
use crate::model::{Attachment, MessageKind, Template};
use crate::yaml::{Kind, Node, Reader};

/// Reads what is attached.
pub(super) fn read(reader: &mut Reader<'_>, node: &Node, holes: &[String]) -> Option<Attachment> {
    let mut fields = reader.fields(node, "what is attached");
    let field = fields.need(reader, "field").and_then(|node| reader.text(node, "a label").map(str::to_owned));
    let file = fields.need(reader, "file").and_then(|node| template(reader, node, "a file's name", holes));
    let kind = fields.need(reader, "template").and_then(|node| {
        let known = reader.known(node, "template", &["email", "sms"], "The templates are")?;
        Some(if known == "sms" { MessageKind::Sms } else { MessageKind::Email })
    });
    let rows = fields.need(reader, "rows");
    fields.finish(reader);
    let (columns, rows) = read_rows(reader, rows?, holes);
    Some(Attachment { field: field?, file: file?, template: kind?, columns, rows })
}

/// All rows have the columns of the first.
fn read_rows(reader: &mut Reader<'_>, node: &Node, holes: &[String]) -> (Vec<String>, Vec<Vec<Template>>) {
    let mut columns: Vec<String> = Vec::new();
    let mut rows = Vec::new();
    let items = reader.list(node, "`rows`");
    if items.is_empty() {
        reader.problem(node.mark, "a list without rows sends nothing", "Add at least one row.");
    }
    for item in items {
        let Kind::Map(cells) = &item.kind else {
            reader.problem(item.mark, "a row is columns and values", "Write `{ email address: \"…\", name: \"…\" }`.");
            continue;
        };
        let names: Vec<String> = cells.iter().map(|cell| cell.key.clone()).collect();
        if columns.is_empty() {
            columns.clone_from(&names);
        } else if columns != names {
            reader.problem(
                item.mark,
                "this row has other columns than the first",
                "Give all rows the same ones, in order.",
            );
        }
        rows.push(cells.iter().filter_map(|cell| template(reader, &cell.value, "a value", holes)).collect());
    }
    (columns, rows)
}
