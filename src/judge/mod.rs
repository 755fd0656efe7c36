//! Does one look meet one expectation? Pure: the same journal gives the same answers. One file for each kind.

mod email;
mod page;
mod pattern;
mod text;

use jiff::Timestamp;

use crate::model::{Check, Expectation, Observation, Plan};

/// What judging needs besides the look itself.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    pub plan: &'a Plan,
    /// The run's own mark.
    pub token: &'a str,
    /// When the action was begun and when its answer was there, by the service's clock.
    pub acted: Option<(Timestamp, Timestamp)>,
    /// The path of the link to be captured, if one is.
    pub capture: Option<&'a str>,
    /// Earlier requests of ours whose texts may still come.
    pub open_codes: u32,
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
        (Expectation::Page(page), Observation::Page(snapshot)) => {
            Judgement { check: page::judge(page, snapshot, context.plan), captured: None }
        }
        (Expectation::Email(email), Observation::Messages { messages }) => email::judge(email, messages, context),
        (Expectation::Text(text), Observation::Messages { messages }) => text::judge(text, messages, context),
        (Expectation::Page(_), Observation::Messages { .. })
        | (Expectation::Email(_) | Expectation::Text(_), Observation::Page(_)) => {
            let why = "the look was at something else than the expectation".to_owned();
            Judgement { check: Check::NotYet { why, in_doubt: false }, captured: None }
        }
    }
}
