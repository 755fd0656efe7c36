//! Text messages: ours is one to this number, from this environment's sender, that was not there before we pressed. A
//! code tells neither who asked for it nor when, so an earlier request of ours that is still open makes it ambiguous.

use std::collections::BTreeSet;

use super::pattern::fits;
use super::{Context, Judgement};
use crate::model::{Blemish, Check, Message, MessageKind, TextExpectation};

pub(super) fn judge(expected: &TextExpectation, messages: &[Message], context: &Context<'_>) -> Judgement {
    let to = expected.to.to_string();
    let fitting: Vec<&Message> = messages
        .iter()
        .filter(|message| message.kind == MessageKind::Sms && message.to.contains(&to))
        .filter(|message| fits(&expected.text, message.body.trim()))
        .collect();
    let ours: Vec<&Message> = fitting.iter().filter(|text| text.from == context.plan.sms_sender).copied().collect();
    let Some(first) = ours.first() else {
        let why = match fitting.first() {
            Some(other) => format!("such a text came from {}, not from {}", other.from, context.plan.sms_sender),
            None => format!("none of {} new text(s) reads like it", messages.len()),
        };
        return Judgement { check: Check::NotYet { why, in_doubt: false }, captured: None };
    };
    let copies: BTreeSet<&str> = ours.iter().map(|message| message.provider_id.as_str()).collect();
    let count = u32::try_from(copies.len()).unwrap_or(u32::MAX);
    if count < expected.exactly {
        let why = format!("{count} of {} texts are here", expected.exactly);
        return Judgement { check: Check::NotYet { why, in_doubt: false }, captured: None };
    }
    let blemish = if count > expected.exactly {
        Some(Blemish::Duplicate { count })
    } else if context.open_codes > 0 {
        Some(Blemish::Ambiguous { requests: context.open_codes })
    } else {
        None
    };
    let seen = format!("“{}” from {}", first.body.trim(), first.from);
    Judgement {
        check: Check::Met { arrived_at: first.arrived_at, blemish, seen },
        captured: first.codes.first().cloned(),
    }
}
