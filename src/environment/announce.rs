//! Who is told of runs: the part of an environment file under `announce`.

use super::secret;
use crate::model::environment::Announce;
use crate::yaml::{Node, Reader};

pub(super) fn announce(reader: &mut Reader<'_>, node: &Node) -> Announce {
    let mut fields = reader.fields(node, "`announce`");
    let slack = fields.take("slack").map(|node| {
        let mut fields = reader.fields(node, "`slack`");
        let team = fields.take("team").and_then(|node| secret(reader, node));
        let alerts = fields.take("alerts").and_then(|node| secret(reader, node));
        fields.finish(reader);
        (team, alerts)
    });
    let pages =
        fields.take("pages").and_then(|node| reader.known(node, "time to page", &["always", "never"], "Write one of"));
    fields.finish(reader);
    let (team, alerts) = slack.unwrap_or_default();
    Announce { team, alerts, pages: pages.as_deref() == Some("always") }
}
