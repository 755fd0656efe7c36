//! The messages of a list's rows. Ours carry the run's token; each must read like one of the rows, and each row must be
//! here once. "The job is finished" on a page says only that the rows were queued.

use std::collections::BTreeSet;

use super::Context;
use super::page::plain;
use crate::model::{Blemish, Check, Message, MessageKind, RowsExpectation, RowsNeeded, Wrong};

pub(super) fn judge(expected: &RowsExpectation, messages: &[Message], context: &Context<'_>) -> Check {
    let to: Vec<String> = match expected.each.as_slice() {
        [] => vec![context.word(&expected.to)],
        each => each.iter().map(|to| context.word(to)).collect(),
    };
    let is_to = |message: &Message, to: &str| message.to.iter().any(|address| address.eq_ignore_ascii_case(to));
    let ours: Vec<&Message> = messages
        .iter()
        .filter(|message| message.kind == expected.kind)
        .filter(|message| to.iter().any(|to| is_to(message, to)))
        .filter(|message| !context.token.is_empty() && message.body.contains(context.token))
        .filter(|message| !is_reset(message))
        .collect();
    let rows: Vec<String> = expected.texts.iter().map(|text| plain(&context.word(text))).collect();
    let row_of = |message: &Message| {
        let body = plain(&message.body);
        // A mail may have a footer; a text has nothing more.
        rows.iter().position(|row| match message.kind {
            MessageKind::Email => body.starts_with(row.as_str()),
            MessageKind::Sms => body == *row,
        })
    };
    for message in &ours {
        let Some(row) = row_of(message) else {
            let said: String = plain(&message.body).chars().take(120).collect();
            return Check::never(Wrong::Message, format!("a message of this run reads like no row: “{said}”"));
        };
        if let Some(own) = expected.each.get(row).map(|_| &to[row]).filter(|own| !is_to(message, own)) {
            let other = message.to.join(", ");
            return Check::never(Wrong::Message, format!("the row for {own} went to {other}"));
        }
        if let Some(why) = wrong(expected, message, row, context) {
            return Check::never(Wrong::Message, why);
        }
    }
    let copies = |row: usize| -> BTreeSet<&str> {
        ours.iter().filter(|message| row_of(message) == Some(row)).map(|message| message.provider_id.as_str()).collect()
    };
    let counts: Vec<usize> = (0..rows.len()).map(|row| copies(row).len()).collect();
    let here = counts.iter().filter(|count| **count > 0).count();
    let needed = match expected.need {
        RowsNeeded::First => 1,
        RowsNeeded::All => rows.len(),
    };
    if here < needed {
        return Check::not_yet(format!("{here} of {} rows are here", rows.len()));
    }
    let most = counts.iter().copied().max().unwrap_or(0);
    let twice = most > 1 && expected.need == RowsNeeded::All;
    let blemish = twice.then(|| Blemish::Duplicate { count: u32::try_from(most).unwrap_or(u32::MAX) });
    let arrivals = ours.iter().map(|message| message.arrived_at);
    let arrived_at = match expected.need {
        RowsNeeded::First => arrivals.min().flatten(),
        RowsNeeded::All => arrivals.max().flatten(),
    };
    Check::Met {
        arrived_at,
        blemish,
        slot: None,
        seen: format!("{here} of {} rows, from {}", rows.len(), ours[0].from),
    }
}

/// Reset mails carry the token in their link.
fn is_reset(message: &Message) -> bool {
    message.kind == MessageKind::Email && !message.links.is_empty()
}

/// What is wrong with the message of a row.
fn wrong(expected: &RowsExpectation, message: &Message, row: usize, context: &Context<'_>) -> Option<String> {
    if !message.from.eq_ignore_ascii_case(&expected.from) {
        return Some(format!("a row came from {}, not from {}", message.from, expected.from));
    }
    let subject = expected.subjects.get(row).map(|subject| plain(&context.word(subject)))?;
    (plain(&message.subject) != subject)
        .then(|| format!("a row has the subject “{}”, not “{subject}”", message.subject))
}
