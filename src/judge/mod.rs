//! Does one look meet one expectation? Pure: the same journal gives the same answers. One file for each kind.

mod email;
mod job;
mod page;
mod part;
mod pattern;
mod pieces;
mod rows;
mod text;

use std::collections::BTreeSet;

use jiff::Timestamp;

#[cfg(test)]
use crate::model::MessageKind;
use crate::model::{Blemish, Captured, Check, Expectation, Message, Observation, Plan, Template};
use crate::reading::squeezed;

/// What judging needs besides the look itself.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    pub plan: &'a Plan,
    /// The run's own mark.
    pub token: &'a str,
    /// When the action was begun and when its answer was there, by the service's clock.
    pub acted: Option<(Timestamp, Timestamp)>,
    /// By how many milliseconds the clock of the mailbox or number is ahead of the service's, where both are known.
    pub eye_ahead_ms: Option<i64>,
    /// What is to be captured.
    pub capture: Option<&'a Captured>,
    /// Earlier requests of ours whose texts may still come.
    pub open_codes: u32,
    /// From when on another run of ours may have asked for codes, by the service's clock.
    pub shared_since: Option<Timestamp>,
    /// The page is the one that stood there before the action: what it says is no answer to it.
    pub is_stale: bool,
    /// So many dialogs of it were open before the action already.
    pub dialogs_before: usize,
    /// Ids of texts whose code was refused.
    pub refused_texts: &'a BTreeSet<String>,
    /// How often this run has asked for what is expected.
    pub requests: u32,
    /// The time that was chosen before.
    pub slot: Option<Timestamp>,
    /// The address that was visited for the look, where it is known.
    pub address: Option<&'a str>,
    /// When the look was made, by the service's clock.
    pub now: Timestamp,
}

impl Context<'_> {
    /// A word of the scenario with the run's token in it.
    fn word(&self, template: &Template) -> String {
        template.filled(&|name| (name == "token").then(|| self.token.to_owned())).to_string()
    }

    /// The path of the link to be captured, if one is.
    fn link(&self) -> Option<&str> {
        match self.capture {
            Some(Captured::Path(path)) => Some(path),
            Some(Captured::Digits(_) | Captured::Page) | None => None,
        }
    }
}

/// Whether a message carries the run's token, in its words or in a link.
pub fn carries(message: &Message, token: &str) -> bool {
    let texts = [Some(&message.subject), Some(&message.body), message.html.as_ref()];
    let says = |text: &String| text.contains(token) || squeezed(text).contains(token);
    !token.is_empty() && (texts.into_iter().flatten().any(says) || message.links.iter().any(|link| link.carries(token)))
}

/// What has to be said of messages that are right: how they were altered on the way, and what else was seen.
fn notes_of(messages: &[&Message], more: impl Iterator<Item = String>) -> Option<String> {
    let altered = messages.iter().flat_map(|message| message.altered.iter().map(ToString::to_string));
    let unaddressed =
        messages.iter().filter(|message| message.to.is_empty()).map(|_| "it names no recipient".to_owned());
    let shared = messages.iter().filter(|message| message.to.len() > 1);
    let shared = shared.map(|message| format!("it went to {} recipients at once", message.to.len()));
    let mut notes: Vec<String> = Vec::new();
    for note in altered.chain(unaddressed).chain(shared).chain(more) {
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    (!notes.is_empty()).then(|| notes.join("; "))
}

/// What the receiving side holds against these messages.
fn distrusted(messages: &[&Message]) -> Option<Blemish> {
    let failed: BTreeSet<String> = messages.iter().flat_map(|message| message.failed_checks.clone()).collect();
    (!failed.is_empty()).then(|| Blemish::Distrusted { checks: failed.into_iter().collect() })
}

/// A check, and the handle of what it captured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    pub check: Check,
    pub captured: Option<String>,
}

/// Judges one look.
pub fn judge(expectation: &Expectation, observation: &Observation, context: &Context<'_>) -> Judgement {
    match (expectation, observation) {
        (Expectation::Page(page), Observation::Page(snapshot)) => page::judge(page, snapshot, context),
        (Expectation::Job, Observation::Page(snapshot)) => job::judge(snapshot, context).into(),
        (Expectation::Email(email), Observation::Messages { messages, .. }) => email::judge(email, messages, context),
        (Expectation::Text(text), Observation::Messages { messages, .. }) => text::judge(text, messages, context),
        (Expectation::Rows(rows), Observation::Messages { messages, .. }) => {
            rows::judge(rows, messages, context).into()
        }
        (Expectation::Page(_) | Expectation::Job, Observation::Messages { .. })
        | (Expectation::Email(_) | Expectation::Text(_) | Expectation::Rows(_), Observation::Page(_)) => {
            Check::not_yet("the look was at something else than the expectation").into()
        }
    }
}

impl From<Check> for Judgement {
    fn from(check: Check) -> Self {
        Self { check, captured: None }
    }
}

/// A message that says this and nothing else.
#[cfg(test)]
fn a_message(kind: MessageKind, id: &str, body: &str) -> Message {
    Message {
        id: id.to_owned(),
        provider_id: id.to_owned(),
        kind,
        to: Vec::new(),
        from: String::new(),
        subject: String::new(),
        body: body.to_owned(),
        html: None,
        is_blank: false,
        altered: Vec::new(),
        failed_checks: Vec::new(),
        links: Vec::new(),
        codes: Vec::new(),
        arrived_at: None,
    }
}
