//! Where a link's secret says when it was made.

use crate::model::IssuedAt;
use crate::model::link::{BYTES_MAX, NAMED};
use crate::yaml::{Kind, Node, Reader, quoted};

/// A library's name, or which bytes of which piece.
pub(super) fn issued_at(reader: &mut Reader<'_>, node: &Node) -> Option<IssuedAt> {
    if let Kind::Scalar(name) = &node.kind {
        let way = IssuedAt::named(name);
        if way.is_none() {
            let known: Vec<&str> = NAMED.iter().map(|(name, _)| *name).collect();
            reader.problem(
                node.mark,
                "an unknown way to tell when a link was made",
                format!("Known are {}; or say which bytes: {{ cut-at: \".\", from-end: 2 }} or {{ first-byte: 1, bytes: 8 }}.", quoted(&known)),
            );
        }
        return way;
    }
    let mut fields = reader.fields(node, "`issued-at`");
    let cut = fields.take("cut-at").and_then(|node| reader.text(node, "`cut-at`").map(str::to_owned));
    let mut number = |reader: &mut Reader<'_>, key: &'static str| {
        fields
            .take(key)
            .and_then(|node| reader.number(node, "a number of `issued-at`"))
            .and_then(|number| usize::try_from(number).ok())
    };
    let (from_end, first, count) = (number(reader, "from-end"), number(reader, "first-byte"), number(reader, "bytes"));
    fields.finish(reader);
    let mut cut = cut.iter().flat_map(|cut| cut.chars());
    let piece = match (cut.next(), cut.next(), from_end) {
        (None, _, None) => Some(None),
        (Some(cut), None, Some(from_end)) if from_end > 0 => Some(Some((cut, from_end))),
        _ => None,
    };
    let bytes = match (first, count) {
        (None, None) => Some(None),
        (Some(first), Some(count)) if (1..=BYTES_MAX).contains(&count) => Some(Some((first, count))),
        _ => None,
    };
    let (Some(piece), Some(bytes)) = (piece, bytes) else {
        reader.problem(
            node.mark,
            "`issued-at` does not say which bytes are meant",
            "Write one character and a piece, { cut-at: \".\", from-end: 2 }, or bytes, { first-byte: 1, bytes: 8 }, or both.",
        );
        return None;
    };
    if piece.is_none() && bytes.is_none() {
        reader.problem(
            node.mark,
            "`issued-at` says nothing",
            "Write `itsdangerous`, `fernet`, or which bytes are meant.",
        );
        return None;
    }
    Some(IssuedAt { piece, bytes })
}
