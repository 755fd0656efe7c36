//! Text messages: ours is one to this number, from this environment's sender, that was not there before we pressed. A
//! code tells neither who asked for it nor when, so an earlier request of ours that is still open makes it ambiguous, and
//! one code more than we have asked for is somebody else's.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;

use super::pattern::fits;
use super::{Context, Judgement};
use crate::model::{Blemish, Check, Message, MessageKind, TextExpectation};

/// How far clocks that were compared once may be apart: headers and gateways tell whole seconds.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_secs(5);

pub(super) fn judge(expected: &TextExpectation, messages: &[Message], context: &Context<'_>) -> Judgement {
    let to = context.word(&expected.to);
    let fitting: Vec<&Message> = messages
        .iter()
        .filter(|message| message.kind == MessageKind::Sms && message.to.contains(&to))
        .filter(|message| fits(&expected.text, message.body.trim()))
        .collect();
    let ours: Vec<&Message> = fitting.iter().filter(|text| text.from == context.plan.sms_sender).copied().collect();
    let (refused, ours): (Vec<&Message>, Vec<&Message>) =
        ours.into_iter().partition(|text| context.refused_texts.contains(&text.id));
    if ours.is_empty() && !refused.is_empty() {
        return Check::not_yet("a code came whose page refused it, and no other one").into();
    }
    let (ours, earlier): (Vec<&Message>, Vec<&Message>) =
        ours.into_iter().partition(|text| !is_from_before(text, context));
    if let (true, Some(text)) = (ours.is_empty(), earlier.first()) {
        let at = text.arrived_at.map(|at| at.strftime("%H:%M:%S UTC").to_string()).unwrap_or_default();
        return Check::not_yet(format!("a code that came at {at}, before the press, is here, and ours is not")).into();
    }
    let Some(newest) = ours.iter().max_by_key(|message| message.arrived_at) else {
        return Check::not_yet(match fitting.first() {
            Some(other) => {
                let theirs = context.plan.other_senders.iter().find(|(_, number)| **number == other.from);
                let whose = theirs.map_or_else(|| ",".to_owned(), |(name, _)| format!(", which is {name}'s number,"));
                format!("such a text came from {}{whose} not from {}", other.from, context.plan.sms_sender)
            }
            None => format!("none of {} new text(s) reads like it", messages.len()),
        })
        .into();
    };
    let copies: BTreeSet<&str> = ours.iter().map(|message| message.provider_id.as_str()).collect();
    if number(copies.len()) < expected.exactly {
        return Check::not_yet(format!("{} of {} texts are here", copies.len(), expected.exactly)).into();
    }
    let before = if refused.is_empty() { "" } else { "; the code that came before it was refused" };
    let seen = format!("“{}” from {}{before}", newest.body.trim(), newest.from);
    let blemish = blemish(&ours, expected, context);
    Judgement {
        check: Check::Met { arrived_at: newest.arrived_at, blemish, slot: None, seen },
        captured: newest.codes.first().cloned(),
    }
}

/// Whether a text came before it was asked for, by its number's own clock: it was listed late, and is the code of somebody
/// else's sign-in, which would be taken all the same.
fn is_from_before(text: &Message, context: &Context<'_>) -> bool {
    let (Some(at), Some((began, _)), Some(ahead)) = (text.arrived_at, context.acted, context.eye_ahead_ms) else {
        return false;
    };
    at.saturating_sub(SignedDuration::from_millis(ahead))
        .is_ok_and(|at| at.saturating_add(CLOCK_TOLERANCE).is_ok_and(|at| at < began))
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
    let came = number(sendings.len());
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
