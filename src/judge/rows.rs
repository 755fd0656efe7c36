//! The messages of a list's rows. Ours carry the run's token; each must read like one of the rows, in every part of it, and
//! each row must be here once. "The job is finished" on a page says only that the rows were queued.

use std::collections::BTreeSet;

use super::part::{Fault, Frame, reading_of, without_marks};
use super::pieces::{Together, together};
use super::{Context, carries, distrusted, notes_of};
use crate::model::{Blemish, Check, Instead, Message, MessageKind, RowsExpectation, RowsNeeded, Template, Wrong};
use crate::reading::{is_masked, plain};

/// A message of ours, the row that it is, and what has to be said of it.
type Read<'m> = (&'m Message, usize, Vec<String>);

pub(super) fn judge(expected: &RowsExpectation, messages: &[Message], context: &Context<'_>) -> Check {
    let to: Vec<String> = match expected.each.as_slice() {
        [] => vec![context.word(&expected.to)],
        each => each.iter().map(|to| context.word(to)).collect(),
    };
    let rows: Vec<String> = expected.texts.iter().map(|text| plain(&context.word(text))).collect();
    let word = |words: &Option<Template>| words.as_ref().map(|words| context.word(words));
    let frame = Frame { brand: word(&expected.brand), footer: word(&expected.footer) };
    let together = together(messages, &expected.from, &rows, &|message| reading_of(message, &rows, &frame).is_ok());
    let in_pieces = together.whole.iter().map(|(message, _)| message);
    // Whoever stands in To: nobody else knows the token.
    let ours: Vec<&Message> = messages
        .iter()
        .filter(|message| !together.holds(message))
        .chain(in_pieces)
        .filter(|message| message.kind == expected.kind && carries(message, context.token) && !is_reset(message))
        .collect();
    let mut read: Vec<Read<'_>> = Vec::new();
    let mut fault: Option<Fault> = None;
    for message in &ours {
        let reading = reading_of(message, &rows, &frame).and_then(|(row, notes)| {
            let pieces = together.note(message);
            right(expected, message, row, &to, context).map(|more| (*message, row, [notes, more, pieces].concat()))
        });
        match reading {
            Ok(reading) => read.push(reading),
            Err(found) => fault = fault.or(Some(found)),
        }
    }
    if let Some((wrong, why)) = fault {
        // What has altered one would have altered the other.
        let wrong = if read.is_empty() { wrong } else { Wrong::Message };
        return Check::never(wrong, format!("a message of this run is wrong: {why}"));
    }
    count(expected, messages, &together, &read, rows.len())
}

/// Each row here once, and as many as are needed.
fn count(
    expected: &RowsExpectation,
    messages: &[Message],
    together: &Together,
    read: &[Read<'_>],
    rows: usize,
) -> Check {
    let copies = |row: usize| -> BTreeSet<&str> {
        read.iter().filter(|(_, of, _)| *of == row).map(|(message, ..)| message.provider_id.as_str()).collect()
    };
    let counts: Vec<usize> = (0..rows).map(|row| copies(row).len()).collect();
    let here = counts.iter().filter(|count| **count > 0).count();
    let needed = match expected.need {
        RowsNeeded::First => 1,
        RowsNeeded::All => rows,
    };
    if here < needed {
        let is_like = |message: &&Message| {
            // Of a mail that is not ours no word is kept.
            let unread = message.is_blank || is_masked(&message.body);
            message.kind == expected.kind && unread && message.from.eq_ignore_ascii_case(&expected.from)
        };
        let blank = messages.iter().filter(is_like).count();
        let why = format!("{here} of {rows} rows are here");
        if together.is_short() {
            let why = format!("{why}, and a text from {} that breaks off", expected.from);
            return Check::in_doubt(why, Some(Instead::Unreadable));
        }
        if blank > 0 {
            let why = format!("{why}, and {blank} from {} in which nothing can be read", expected.from);
            return Check::in_doubt(why, Some(Instead::Unreadable));
        }
        return Check::not_yet(why);
    }
    let most = counts.iter().copied().max().unwrap_or(0);
    let twice = most > 1 && expected.need == RowsNeeded::All;
    let duplicate = twice.then(|| Blemish::Duplicate { count: u32::try_from(most).unwrap_or(u32::MAX) });
    let ours: Vec<&Message> = read.iter().map(|(message, ..)| *message).collect();
    let arrivals = ours.iter().map(|message| message.arrived_at);
    let arrived_at = match expected.need {
        RowsNeeded::First => arrivals.min().flatten(),
        RowsNeeded::All => arrivals.max().flatten(),
    };
    let seen = format!("{here} of {rows} rows, from {}", ours[0].from);
    let note = notes_of(&ours, read.iter().flat_map(|(_, _, notes)| notes.clone()));
    Check::Met { arrived_at, blemish: duplicate.or_else(|| distrusted(&ours)), slot: None, seen, note }
}

/// Reset mails carry the token in their link.
fn is_reset(message: &Message) -> bool {
    message.kind == MessageKind::Email && !message.links.is_empty()
}

/// What is wrong with the message of a row, or what has to be said of it.
fn right(
    expected: &RowsExpectation,
    message: &Message,
    row: usize,
    to: &[String],
    context: &Context<'_>,
) -> Result<Vec<String>, Fault> {
    let wrong = |why: String| Err((Wrong::Message, why));
    if let Some(other) = message.addressed_elsewhere(to) {
        return wrong(format!("it is addressed to {other}, not to {}", to.join(" or ")));
    }
    let own = expected.each.get(row).map(|_| &to[row]);
    if let Some(own) = own.filter(|own| !message.to.is_empty() && !message.is_to(own)) {
        return wrong(format!("the row for {own} went to {}", message.to.join(", ")));
    }
    if !message.from.eq_ignore_ascii_case(&expected.from) {
        return wrong(format!("it came from {}, not from {}", message.from, expected.from));
    }
    let Some(subject) = expected.subjects.get(row).map(|subject| plain(&context.word(subject))) else {
        return Ok(Vec::new());
    };
    if plain(&message.subject) == subject {
        return Ok(Vec::new());
    }
    if plain(without_marks(&message.subject)) == subject {
        return Ok(vec![format!("something on the way has put words before its subject: “{}”", message.subject)]);
    }
    wrong(format!("it has the subject “{}”, not “{subject}”", message.subject))
}
