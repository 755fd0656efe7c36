//! Mails: ours is the one that carries the run's token and was made between our press and its answer. "Arrived after
//! the request" is not enough: a late mail of an earlier request looks just like it (seen on the real service).

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::part::{Fault, parts, unfilled, without_marks};
use super::pattern::fits;
use super::{Context, Judgement, carries, notes_of};
use crate::model::{
    Alteration, Blemish, Check, EmailExpectation, Instead, Link, MailPart, Message, MessageKind, Wrong,
};
use crate::reading::{is_placeholder, plain};

/// How far the service's clocks may be apart.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_secs(5);

pub(super) fn judge(expected: &EmailExpectation, messages: &[Message], context: &Context<'_>) -> Judgement {
    let (to, subject) = (context.word(&expected.to), context.word(&expected.subject));
    let mails: Vec<&Message> = messages.iter().filter(|message| message.kind == MessageKind::Email).collect();
    // Whoever stands in To: nobody else knows the token.
    let with_token: Vec<&Message> = mails.iter().filter(|mail| belongs(mail, context)).copied().collect();
    // Where ours came from its own sender, what somebody else has sent with it is an answer, or handed on.
    let (own, others): (Vec<&Message>, Vec<&Message>) =
        with_token.into_iter().partition(|mail| mail.from.eq_ignore_ascii_case(&context.plan.email_sender));
    let (ours, handed_on) = if own.is_empty() { (others, Vec::new()) } else { (own, others) };
    let Some(first) = ours.first() else {
        return nothing_of_ours(&to, &mails, context);
    };
    if let Some((wrong, why)) = ours.iter().find_map(|mail| wrong(mail, &to, &subject, context)) {
        return Check::never(wrong, why).into();
    }
    let copies: BTreeSet<&str> = ours.iter().map(|message| message.provider_id.as_str()).collect();
    let count = u32::try_from(copies.len()).unwrap_or(u32::MAX);
    if count < expected.exactly {
        return Check::not_yet(format!("{count} of {} mails are here", expected.exactly)).into();
    }
    let duplicate = (count > expected.exactly).then_some(Blemish::Duplicate { count });
    let blemish = duplicate.or_else(|| super::distrusted(&ours));
    let link = our_link(first, context);
    let issued =
        link.and_then(|link| link.issued_at).map(|at| format!(", its link made at {}", at.strftime("%H:%M:%S")));
    let seen = format!("“{}” from {}{}", first.subject, first.from, issued.unwrap_or_default());
    let own = ours.iter().flat_map(|mail| own_notes(mail, &subject, context));
    let more = (!handed_on.is_empty()).then(|| "somebody else has sent its link too".to_owned());
    let note = notes_of(&ours, own.chain(more));
    Judgement {
        check: Check::Met { arrived_at: first.arrived_at, blemish, slot: None, seen, note },
        captured: link.map(|link| link.handle.clone()),
    }
}

/// Whether the message is this run's: by its link, or, where none is to be captured, by the token in its text.
fn belongs(message: &Message, context: &Context<'_>) -> bool {
    match context.link() {
        Some(_) => our_link(message, context).is_some(),
        None => carries(message, context.token),
    }
}

fn our_link<'m>(message: &'m Message, context: &Context<'_>) -> Option<&'m Link> {
    let path = context.link()?;
    message.links.iter().find(|link| link.path == path && link.carries(context.token) && in_time(link, context))
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

/// What is wrong with a mail that is certainly ours.
fn wrong(message: &Message, to: &str, subject: &str, context: &Context<'_>) -> Option<Fault> {
    if !message.from.eq_ignore_ascii_case(&context.plan.email_sender) {
        return Some((
            Wrong::Message,
            format!("our mail came from {}, not from {}", message.from, context.plan.email_sender),
        ));
    }
    if let Some(other) = message.addressed_elsewhere(&[to.to_owned()]) {
        return Some((Wrong::Message, format!("our mail is addressed to {other}, not to {to}")));
    }
    if !fits(subject, &plain(without_marks(&message.subject))) {
        return Some((Wrong::Message, format!("our mail has the subject “{}”, not “{subject}”", message.subject)));
    }
    unfilled(message).or_else(|| wrong_link(message, context))
}

/// Every link in it that is ours must be the same one, on the service's own host, in every part.
fn wrong_link(message: &Message, context: &Context<'_>) -> Option<Fault> {
    let is_own = |origin: &str| context.plan.is_own(origin);
    let mut ours = message.links.iter().filter(|link| link.carries(context.token));
    let captured = context.link();
    let mut of_service =
        message.links.iter().filter(|link| link.carries(context.token) || Some(link.path.as_str()) == captured);
    if let Some(elsewhere) = of_service.find(|link| !is_own(&link.origin)) {
        let why = format!("the link in our mail leads to {}, not to {}", elsewhere.origin, context.plan.base_url);
        return Some((Wrong::Message, why));
    }
    let path = context.link()?;
    let own = ours.find(|link| link.path == path)?;
    let others =
        |link: &&Link| link.path == path && link.handle != own.handle && !(link.is_cut && link.part == MailPart::Text);
    if let Some(other) = message.links.iter().find(others) {
        return Some((
            Wrong::Words,
            format!("our mail holds two links that differ, one of them in its {}", other.part),
        ));
    }
    parts(message).into_iter().find_map(|(part, text)| {
        let has_link = message.links.iter().any(|link| link.part == part && link.path == path);
        let html_is_blank = part == MailPart::Html && plain(text).is_empty() && !has_link;
        if html_is_blank {
            return Some((Wrong::Words, "its HTML part is empty: that is what people read".to_owned()));
        }
        let excused = has_link || is_opaque(message, part) || (part == MailPart::Text && is_spare(text));
        (!excused).then(|| (Wrong::Words, format!("its {part} has no link")))
    })
}

/// A link that a broken line has cut off says neither where it goes on nor when it was made.
fn says_nothing(link: &Link) -> bool {
    link.part == MailPart::Text && link.next.is_none()
}

/// Whether it is ours, as it was sent, and its link says nothing of when it was made.
fn says_no_time(message: &Message, context: &Context<'_>) -> bool {
    let path = context.link();
    let mut ours = message.links.iter().filter(|link| Some(link.path.as_str()) == path && link.carries(context.token));
    message.from.eq_ignore_ascii_case(&context.plan.email_sender)
        && message.altered.is_empty()
        && ours.clone().next().is_some()
        && ours.all(|link| link.issued_at.is_none() && !link.is_cut && context.plan.is_own(&link.origin))
}

/// Whether a link in this part has another one in its place that says nothing.
fn is_opaque(message: &Message, of: MailPart) -> bool {
    message.altered.iter().any(|altered| matches!(altered, Alteration::Opaque { part, .. } if *part == of))
}

/// Whether a text part stands only for the HTML part.
fn is_spare(text: &str) -> bool {
    plain(text).is_empty() || is_placeholder(text)
}

/// What has to be said of a mail that is right.
fn own_notes(message: &Message, subject: &str, context: &Context<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    if !fits(subject, &plain(&message.subject)) {
        notes.push(format!("something on the way has put words before its subject: “{}”", message.subject));
    }
    if message.html.is_some() && is_spare(&message.body) {
        notes.push("its text part says nothing".to_owned());
    }
    let path = context.link();
    if message.links.iter().any(|link| Some(link.path.as_str()) == path && link.is_cut) {
        notes.push("a link in its text part is cut off".to_owned());
    }
    notes
}

fn nothing_of_ours(to: &str, mails: &[&Message], context: &Context<'_>) -> Judgement {
    let addressed: Vec<&&Message> = mails.iter().filter(|mail| mail.is_to(to)).collect();
    if mails.iter().any(|message| message.links.iter().any(|link| link.carries(context.token))) {
        if let Some(like) = mails.iter().find(|mail| says_no_time(mail, context)) {
            let path = context.link().unwrap_or_default();
            let why = format!(
                "our mail “{}” is here, and its link at {path} says no time where one is looked for",
                like.subject
            );
            return Check::never(Wrong::NoLinkTime, why).into();
        }
        // Nobody else knows the token, so it is the clocks that do not agree: nothing can be said of the service.
        let why = "a mail with our token is here, but by the service's clock its link was not made when we pressed";
        return Check::in_doubt(why, None).into();
    }
    if let Some(like) = mails.iter().find(|mail| is_like_ours(mail, context)) {
        let what = if like.is_blank { "in which nothing can be read" } else { "whose link cannot be read" };
        let altered: Vec<String> = like.altered.iter().map(ToString::to_string).collect();
        let how = if altered.is_empty() { String::new() } else { format!(": {}", altered.join(", ")) };
        let why = format!("a mail from {} is here {what}{how}", like.from);
        return Check::in_doubt(why, Some(Instead::Unreadable)).into();
    }
    // Rows of this run's own list lie in the same mailbox.
    let is_row = |message: &&Message| carries(message, context.token);
    let rows = mails.iter().filter(|mail| is_row(mail)).count();
    let of_others = addressed.iter().filter(|mail| !is_row(mail)).count();
    let to_others = mails.len() - rows - of_others;
    let why = match (of_others, to_others, rows) {
        (0, 0, 0) => "no new mail is in the mailbox".to_owned(),
        (0, 0, rows) => format!("{rows} new mail(s) of this run's list, and none that was asked for here"),
        (0, others, _) => format!("{others} new mail(s) to somebody else, none to us"),
        (count, ..) => format!("{count} new mail(s) of other requests, none of ours (they lack this run's token)"),
    };
    Check::not_yet(why).into()
}

/// From our own sender, after our press, and without a link that would tell whose it is.
fn is_like_ours(message: &Message, context: &Context<'_>) -> bool {
    let from_us = message.from.eq_ignore_ascii_case(&context.plan.email_sender);
    let path = context.link();
    let tells = message.links.iter().any(|link| Some(link.path.as_str()) == path && !says_nothing(link));
    let is_any_opaque = [MailPart::Text, MailPart::Html].into_iter().any(|part| is_opaque(message, part));
    // A row of our own list has no such links.
    let is_row = carries(message, context.token) && message.links.is_empty() && !is_any_opaque;
    from_us && path.is_some() && !tells && !is_row
}
