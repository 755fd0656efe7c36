//! Text messages: ours is one to this number, from this environment's sender, that was not there before we pressed. A
//! code tells neither who asked for it nor when, so an earlier request of ours that is still open makes it ambiguous, and
//! one code more than we have asked for is somebody else's.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::pattern::fits;
use super::pieces::{is_piece_of, pair};
use super::{Context, Judgement, notes_of};
use crate::model::{Blemish, Captured, Check, Instead, Message, MessageKind, TextExpectation};
use crate::reading::{is_addition, is_masked, plain};

/// How far clocks that were compared once may be apart: headers and gateways tell whole seconds.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_secs(5);

pub(super) fn judge(expected: &TextExpectation, messages: &[Message], context: &Context<'_>) -> Judgement {
    let to = context.word(&expected.to);
    let mut new: Vec<&Message> = messages
        .iter()
        .filter(|message| message.kind == MessageKind::Sms && message.to.contains(&to))
        .filter(|message| !context.refused_texts.contains(&message.id) && !is_from_before(message, context))
        .collect();
    let loose: Vec<&Message> = new
        .iter()
        .filter(|text| text.is_from(&context.plan.sms_sender) && !reads_like(expected, text))
        .copied()
        .collect();
    let joined = pair(&loose, &|whole| reads_like(expected, whole)).map(|(whole, _)| whole);
    new.extend(&joined);
    let fitting: Vec<&Message> = new.iter().filter(|text| reads_like(expected, text)).copied().collect();
    let from_us = |text: &&&Message| text.is_from(&context.plan.sms_sender);
    let ours: Vec<&Message> = fitting.iter().filter(from_us).filter(|text| has_code(text, context)).copied().collect();
    let Some(newest) = ours.iter().max_by_key(|message| message.arrived_at) else {
        return nothing_of_ours(expected, messages, &new, &fitting, context).into();
    };
    let copies: BTreeSet<&str> = ours.iter().map(|message| message.provider_id.as_str()).collect();
    if number(copies.len()) < expected.exactly {
        return Check::not_yet(format!("{} of {} texts are here", copies.len(), expected.exactly)).into();
    }
    let before = if context.refused_texts.is_empty() { "" } else { "; the code that came before it was refused" };
    let seen = format!("“{}” from {}{before}", newest.body.trim(), newest.from);
    let blemish = blemish(&ours, expected, context);
    let is_added = |text: &&&Message| {
        let around = around_code(&plain(&expected.text), &plain(&text.body));
        around.is_some_and(|(before, _, after)| !before.is_empty() || !after.is_empty())
    };
    let added = ours.iter().filter(is_added);
    let added = added.map(|_| "something on the way has added words to it".to_owned());
    let in_pieces = joined.iter().map(|_| "it came in 2 pieces, which were put together".to_owned());
    let note = notes_of(&ours, added.chain(in_pieces));
    Judgement {
        check: Check::Met { arrived_at: newest.arrived_at, blemish, slot: None, seen, note },
        captured: code_of(expected, newest),
    }
}

/// Whether a text has the words that are expected, and around them at most what carriers and gateways add.
fn reads_like(expected: &TextExpectation, text: &Message) -> bool {
    let (pattern, body) = (plain(&expected.text), plain(&text.body));
    if !pattern.starts_with('*') || pattern[1..].contains('*') {
        return fits(&pattern, &body);
    }
    around_code(&pattern, &body).is_some_and(|(before, _, after)| {
        [before.as_str(), after.as_str()].into_iter().all(|text| text.is_empty() || is_addition(text))
    })
}

/// What stands before a code, the code's own place, and what stands behind the words that follow it, in small letters.
fn around_code(pattern: &str, body: &str) -> Option<(String, String, String)> {
    let (words, body) = (pattern.trim_start_matches('*').trim().to_lowercase(), body.to_lowercase());
    let (before, after) = body.split_once(words.as_str())?;
    let before = before.trim_end();
    let at = before.rfind(char::is_whitespace).map_or(0, |at| at + 1);
    Some((
        before[..at].trim_end_matches([' ', '-']).trim().to_owned(),
        before[at..].to_owned(),
        after.trim().to_owned(),
    ))
}

/// The handle of the code that stands where it is expected.
fn code_of(expected: &TextExpectation, text: &Message) -> Option<String> {
    let place = around_code(&plain(&expected.text), &plain(&text.body)).map(|(_, place, _)| place);
    let stands = |code: &&String| place.as_ref().is_some_and(|place| place.contains(&format!("⟨{code}⟩")));
    text.codes.iter().find(stands).or(text.codes.first()).cloned()
}

/// Whether the code can be read, where one is to be captured.
fn has_code(text: &Message, context: &Context<'_>) -> bool {
    !matches!(context.capture, Some(Captured::Digits(_))) || !text.codes.is_empty()
}

fn nothing_of_ours(
    expected: &TextExpectation,
    messages: &[Message],
    new: &[&Message],
    fitting: &[&Message],
    context: &Context<'_>,
) -> Check {
    let from_us = |text: &&&Message| text.is_from(&context.plan.sms_sender);
    if let Some(blanked) = new.iter().filter(from_us).find(|text| is_blanked(expected, text, context)) {
        let why = format!("a text from {} is here whose words the gateway has blanked", blanked.from);
        return Check::in_doubt(why, Some(Instead::Unreadable));
    }
    if let Some(piece) = new.iter().filter(from_us).find(|text| is_piece_of(&expected.text, &text.body)) {
        let why = format!("a text from {} is here that is only a piece of one", piece.from);
        return Check::in_doubt(why, Some(Instead::Unreadable));
    }
    if !context.refused_texts.is_empty() {
        return Check::not_yet("a code came whose page refused it, and no other one");
    }
    let earlier = messages.iter().find(|text| {
        text.is_from(&context.plan.sms_sender) && reads_like(expected, text) && is_from_before(text, context)
    });
    if let Some(text) = earlier {
        let at = text.arrived_at.map(|at| at.strftime("%H:%M:%S UTC").to_string()).unwrap_or_default();
        return Check::not_yet(format!("a code that came at {at}, before the press, is here, and ours is not"));
    }
    let Some(other) = fitting.iter().find(|text| !text.is_from(&context.plan.sms_sender)) else {
        return Check::not_yet(format!("none of {} new text(s) reads like it", messages.len()));
    };
    let is_theirs = |from: &String| context.plan.other_senders.iter().find(|(_, number)| *number == from);
    let theirs = is_theirs(&other.from);
    let whose = theirs.map_or_else(|| ",".to_owned(), |(name, _)| format!(", which is {name}'s number,"));
    let why = format!("such a text came from {}{whose} not from {}", other.from, context.plan.sms_sender);
    let any_theirs = fitting.iter().any(|text| is_theirs(&text.from).is_some());
    let instead = if any_theirs { Instead::TheirSender } else { Instead::OtherSender };
    Check::NotYet { why, in_doubt: false, too_near: false, instead: Some(instead) }
}

/// Whether a text of our own sender has lost what was in it: all its words, or the digits among ours.
fn is_blanked(expected: &TextExpectation, text: &Message, context: &Context<'_>) -> bool {
    let body = plain(&text.body).to_lowercase();
    // Its code is gone, and the words around it are here.
    let words = plain(&expected.text).to_lowercase();
    let without_code = words.split('*').all(|piece| body.contains(piece.trim()));
    !has_code(text, context) && (plain(&text.body).is_empty() || is_masked(&text.body) || without_code)
}

/// Whether a text came before it was asked for, by its number's own clock: it was listed late, and is the code of somebody
/// else's sign-in, which would be taken all the same.
fn is_from_before(text: &Message, context: &Context<'_>) -> bool {
    let Some((began, _)) = context.acted else { return false };
    arrived(text, context).is_some_and(|at| at.saturating_add(CLOCK_TOLERANCE).is_ok_and(|at| at < began))
}

/// Whether a text may be the answer to another run of ours, which has worked with this number after this one.
fn is_of_next(text: &Message, context: &Context<'_>) -> bool {
    let Some(since) = context.shared_since else { return false };
    arrived(text, context).is_none_or(|at| at.saturating_add(CLOCK_TOLERANCE).is_ok_and(|at| at >= since))
}

/// When a text came, by the service's clock.
fn arrived(text: &Message, context: &Context<'_>) -> Option<Timestamp> {
    text.arrived_at?.saturating_sub(SignedDuration::from_millis(context.eye_ahead_ms?)).ok()
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The same code by two provider ids was sent twice; another code was asked for by somebody.
fn blemish(ours: &[&Message], expected: &TextExpectation, context: &Context<'_>) -> Option<Blemish> {
    let mut sendings: BTreeMap<&[String], BTreeSet<&str>> = BTreeMap::new();
    for message in ours {
        sendings.entry(&message.codes).or_default().insert(&message.provider_id);
    }
    let most = sendings.values().map(BTreeSet::len).max().unwrap_or(0);
    if number(most) > expected.exactly {
        return Some(Blemish::Duplicate { count: number(most) });
    }
    // Each run asks for its codes under the lease: what came after this one gave it back is the next one's.
    let own: BTreeSet<&[String]> =
        ours.iter().filter(|text| !is_of_next(text, context)).map(|text| text.codes.as_slice()).collect();
    let came = number(own.len());
    // One that was refused is the answer to one of the earlier requests.
    let open_codes = context.open_codes.saturating_sub(number(context.refused_texts.len()));
    if came > context.requests + open_codes {
        Some(Blemish::SomebodyElse)
    } else if open_codes > 0 {
        Some(Blemish::Ambiguous { requests: open_codes })
    } else if context.requests > 1 {
        Some(Blemish::SecondTry { came, asked: context.requests })
    } else {
        None
    }
}
