//! Mails: ours is the one that carries the run's token and was made between our press and its answer. "Arrived after
//! the request" is not enough: a late mail of an earlier request looks just like it (seen on the real service).

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::pattern::fits;
use super::{Context, Judgement};
use crate::model::{Blemish, Check, EmailExpectation, Link, Message, MessageKind, Wrong};

/// How far the service's clocks may be apart.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_secs(5);

pub(super) fn judge(expected: &EmailExpectation, messages: &[Message], context: &Context<'_>) -> Judgement {
    let (to, subject) = (context.word(&expected.to), context.word(&expected.subject));
    let addressed: Vec<&Message> = messages
        .iter()
        .filter(|message| message.kind == MessageKind::Email)
        .filter(|message| message.to.iter().any(|address| address.eq_ignore_ascii_case(&to)))
        .collect();
    let ours: Vec<&Message> = addressed.iter().filter(|mail| belongs(mail, context)).copied().collect();
    let Some(first) = ours.first() else {
        return nothing_of_ours(messages, &addressed, context);
    };
    if let Some(why) = ours.iter().find_map(|mail| wrong(mail, &subject, context)) {
        return Check::never(Wrong::Message, why).into();
    }
    let copies: BTreeSet<&str> = ours.iter().map(|message| message.provider_id.as_str()).collect();
    let count = u32::try_from(copies.len()).unwrap_or(u32::MAX);
    if count < expected.exactly {
        return not_yet(format!("{count} of {} mails are here", expected.exactly));
    }
    let blemish = (count > expected.exactly).then_some(Blemish::Duplicate { count });
    let link = our_link(first, context);
    let issued =
        link.and_then(|link| link.issued_at).map(|at| format!(", its link made at {}", at.strftime("%H:%M:%S")));
    let seen = format!("“{}” from {}{}", first.subject, first.from, issued.unwrap_or_default());
    Judgement {
        check: Check::Met { arrived_at: first.arrived_at, blemish, slot: None, seen },
        captured: link.map(|link| link.handle.clone()),
    }
}

fn not_yet(why: String) -> Judgement {
    Check::not_yet(why).into()
}

/// Whether the message is this run's: by its link, or, where none is to be captured, by the token in its text.
fn belongs(message: &Message, context: &Context<'_>) -> bool {
    match context.link() {
        Some(_) => our_link(message, context).is_some(),
        None => !context.token.is_empty() && message.body.contains(context.token),
    }
}

fn our_link<'m>(message: &'m Message, context: &Context<'_>) -> Option<&'m Link> {
    let path = context.link()?;
    message.links.iter().find(|link| link.path == path && carries_token(link, context) && in_time(link, context))
}

fn carries_token(link: &Link, context: &Context<'_>) -> bool {
    !context.token.is_empty() && link.next.as_deref().is_some_and(|next| next.contains(context.token))
}

fn in_time(link: &Link, context: &Context<'_>) -> bool {
    match (link.issued_at, context.acted) {
        (Some(issued), Some((pressed, answered))) => {
            // The token's time has whole seconds, cut off.
            let earliest = pressed.saturating_sub(CLOCK_TOLERANCE + SignedDuration::from_secs(1));
            let latest = answered.saturating_add(CLOCK_TOLERANCE);
            earliest.is_ok_and(|earliest| issued >= earliest) && latest.is_ok_and(|latest| issued <= latest)
        }
        _ => false,
    }
}

/// What is wrong with a mail that is certainly ours; every link in it that is ours must be right.
fn wrong(message: &Message, subject: &str, context: &Context<'_>) -> Option<String> {
    if !message.from.eq_ignore_ascii_case(&context.plan.email_sender) {
        return Some(format!("our mail came from {}, not from {}", message.from, context.plan.email_sender));
    }
    if !fits(subject, &message.subject) {
        return Some(format!("our mail has the subject “{}”, not “{subject}”", message.subject));
    }
    let mut links = message.links.iter().filter(|link| carries_token(link, context));
    let elsewhere = links.find(|link| link.origin != context.plan.base_url)?;
    Some(format!("the link in our mail leads to {}, not to {}", elsewhere.origin, context.plan.base_url))
}

fn nothing_of_ours(messages: &[Message], addressed: &[&Message], context: &Context<'_>) -> Judgement {
    if addressed.iter().any(|message| message.links.iter().any(|link| carries_token(link, context))) {
        // Nobody else knows the token, so it is the clocks that do not agree: nothing can be said of the service.
        let why = "a mail with our token is here, but by the service's clock its link was not made when we pressed";
        return Judgement {
            check: Check::NotYet { why: why.to_owned(), in_doubt: true, too_near: false },
            captured: None,
        };
    }
    // Rows of this run's own list lie in the same mailbox.
    let is_row = |message: &&Message| !context.token.is_empty() && message.body.contains(context.token);
    let rows = messages.iter().filter(|message| is_row(message)).count();
    let of_others = addressed.iter().filter(|message| !is_row(message)).count();
    let to_others = messages.len() - rows - of_others;
    not_yet(match (of_others, to_others, rows) {
        (0, 0, 0) => "no new mail is in the mailbox".to_owned(),
        (0, 0, rows) => format!("{rows} new mail(s) of this run's list, and none that was asked for here"),
        (0, others, _) => format!("{others} new mail(s) to somebody else, none to us"),
        (count, ..) => format!("{count} new mail(s) of other requests, none of ours (they lack this run's token)"),
    })
}
