//! Reports: pure projections of a history. One file for each.

mod beside;
pub mod board;
pub mod github;
pub mod json;
pub mod junit;
pub mod live;
pub mod markdown;
pub mod public;
mod since;
pub mod style;
pub mod text;
pub mod timings;
mod unproven;

use crate::model::environment::host_of;
use crate::model::{Leased, Plan, Verdict};

/// Where the service is, as it heads each report: one environment's variables may be another's.
pub(crate) fn host(plan: &Plan) -> Option<String> {
    host_of(&plan.base_url)
}

/// `9.4 s`, `310 s`.
pub(crate) fn seconds(ms: u64) -> String {
    if ms < 100_000 { format!("{}.{} s", ms / 1000, ms % 1000 / 100) } else { format!("{} s", ms / 1000) }
}

/// How a run came by what it shares with others.
pub(crate) fn lease(leased: &Leased) -> String {
    let waited = leased.behind.as_ref().map(|behind| {
        format!("waited {} for another run with the same user, number or mailbox: {behind}", seconds(leased.waited_ms))
    });
    let unasked = leased
        .unasked
        .as_ref()
        .map(|why| format!("what other machines do and have done with the same user and number is not known: {why}"));
    waited.into_iter().chain(unasked).collect::<Vec<_>>().join("; ")
}

/// A text in its parts that begin with "2. ", "3. " and so on.
pub(crate) fn numbered(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    for number in 2.. {
        let Some(at) = rest.find(&format!(" {number}. ")) else { break };
        let (part, after) = rest.split_at(at);
        parts.push(part);
        rest = after.trim_start();
    }
    parts.push(rest);
    parts
}

/// The verdict in words for a person.
pub(crate) fn words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::Degraded => "degraded",
        Verdict::NotVerified => "not verified",
        Verdict::Inconclusive => "inconclusive",
        Verdict::Errored => "errored",
        Verdict::Failed => "failed",
    }
}
