//! What is true of one Notify, wherever it is deployed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Window;

/// `service.yaml`.
#[derive(Debug, Clone)]
pub struct Service {
    /// The folder's name under `scenarios/`.
    pub id: String,
    pub name: String,
    /// Headings of pages that say that something went wrong: seeing one ends the wait.
    pub error_headings: Vec<String>,
    pub windows: BTreeMap<String, Window>,
    pub links: Vec<LinkShape>,
    /// Digits of a texted code.
    pub code_length: u32,
    /// Codes of ours that may be live and unused, this run's own among them, and for how long they live.
    pub codes_live_max: u32,
    pub code_lifetime_ms: u64,
    /// Which scenarios a profile runs, in order.
    pub profiles: BTreeMap<String, Vec<String>>,
    /// Reset mails that we ask for in an hour at most.
    pub resets_per_hour: u32,
    /// The longest that a run may take, in milliseconds.
    pub run_longest_ms: u64,
}

/// The shape of links in Notify's own mails; the last piece of the path is a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkShape {
    /// The path before the secret, such as `/new-password/`.
    pub path: String,
    pub issued_at: IssuedAt,
    /// How long it can be opened, in milliseconds.
    pub lifetime_ms: u64,
}

/// How a token tells when it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IssuedAt {
    /// Second-last dot part, base64url, big-endian Unix seconds.
    /// Source: <https://itsdangerous.palletsprojects.com/en/stable/timed/>.
    Itsdangerous,
}
