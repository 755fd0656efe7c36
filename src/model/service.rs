//! What is true of one Notify, wherever it is deployed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::environment::WindowOverride;
use super::link::LinkShape;
use super::{Parts, Roads, Times, Window};

/// `service.yaml`.
#[derive(Debug, Clone)]
pub struct Service {
    /// The folder's name under `scenarios/`.
    pub id: String,
    pub name: String,
    /// Headings of pages that say that something went wrong: seeing one ends the wait.
    pub error_headings: Vec<String>,
    pub sentences: Sentences,
    /// How a job's time is chosen and named.
    pub times: Times,
    pub windows: BTreeMap<String, Window>,
    /// How far away a time must be to be chosen, in milliseconds.
    pub lead_ms: u64,
    pub links: Vec<LinkShape>,
    /// Digits of a texted code.
    pub code_length: u32,
    /// How many unused codes the service keeps of a user before it sends no more; 0 where that is not known.
    pub codes_kept: u32,
    /// Codes of ours that may be live and unused, this run's own among them, and for how long they live.
    pub codes_live_max: u32,
    pub code_lifetime_ms: u64,
    /// What each kind of page and message passes.
    pub roads: Roads,
    /// What the service calls its parts.
    pub parts: Parts,
    /// Domains that a smoke user may have, each with a dot before it; any, where none is said.
    pub user_domains: Vec<String>,
    /// Which scenarios a profile runs, in order.
    pub profiles: BTreeMap<String, Vec<String>>,
    /// Logins that may fail one after another before the harness stops.
    pub failed_logins_max: u32,
    /// Reset mails that we ask for in an hour at most.
    pub resets_per_hour: u32,
    /// A mailbox or number that got nothing for longer may be deaf, in milliseconds.
    pub alive_within_ms: u64,
    /// The longest that a run may take, in milliseconds.
    pub run_longest_ms: u64,
}

impl Service {
    /// The window `name`, with what an environment changes in it.
    pub fn window(&self, name: &str, changes: &BTreeMap<String, WindowOverride>) -> Option<Window> {
        let window = *self.windows.get(name)?;
        Some(changes.get(name).map_or(window, |change| change.applied_to(window)))
    }
}

/// Sentences of pages that mean something by themselves, and the words of a job's page.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Sentences {
    /// Somebody else has signed in with the same user.
    pub signed_out_elsewhere: String,
    /// The session is over.
    pub signed_out: String,
    /// The password was not taken.
    pub sign_in_refused: String,
    /// The code was not taken.
    pub code_refused: String,
    /// The code was used before, or is too old.
    pub code_expired: String,
    /// The user or its service is asked for something that a smoke user should not be asked for.
    pub set_up: Vec<String>,
    /// The service does not send to strangers yet.
    pub trial: String,
    /// The button of a job whose time has not come.
    pub job_waits: String,
    /// What stands before the time of a job that waits for it.
    pub job_sends: String,
    /// What stands on the page of a job that is at work.
    pub job_works: String,
    /// What stands on the page of a job that is done.
    pub job_done: String,
    /// What the counts of a job's page read like, white space folded, where it was handed on whole and no message was made.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub job_empty: String,
    /// The heading of the page of a job that was cancelled.
    pub job_gone: String,
    /// What stands beside a message whose delivery the service was told of.
    pub delivered: String,
    /// What stands beside a message that the service has given up.
    pub given_up: Vec<String>,
    /// What stands beside a message of which the provider tells that it was not delivered.
    pub undelivered: Vec<String>,
}
