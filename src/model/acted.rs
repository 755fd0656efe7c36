//! What became of an action, and why a port failed.

use serde::{Deserialize, Serialize};

/// What became of an action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Acted {
    /// The driver said that it was done.
    Done,
    /// Certainly nothing has left us.
    NotDone { why: PortFailure },
    /// It may have happened, or not: the session is condemned and the action never repeated.
    Unknown { why: PortFailure },
}

/// Why something at the rim of the program failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortFailure {
    pub kind: FailureKind,
    /// One sentence: what failed, and what to do about it where that is known.
    pub text: String,
}

impl PortFailure {
    /// A failure of `kind`, told by `text`.
    pub fn new(kind: FailureKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }
}

/// Whose failure it is, as far as the port can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// The page lacks what the scenario names.
    Missing,
    /// The service's address did not answer the browser (refused, reset, no such host).
    Unreachable,
    /// The service did not finish the page within the browser's limit.
    PageTimeout,
    /// The certificate is not one that may be trusted.
    Tls,
    /// Browser, driver, mailbox program or the machine: ours, not the service's.
    Harness,
    /// The mailbox did not answer, or refused; looking again may help.
    Mailbox,
}

/// Chromium's errors that speak of this machine and its network, not of the service.
/// Source: <https://source.chromium.org/chromium/chromium/src/+/main:net/base/net_error_list.h>.
const LOCAL_TROUBLE: [&str; 9] = [
    "ERR_INTERNET_DISCONNECTED",
    "ERR_NETWORK_CHANGED",
    "ERR_NETWORK_ACCESS_DENIED",
    "ERR_NETWORK_IO_SUSPENDED",
    "ERR_PROXY",
    "ERR_TUNNEL",
    "ERR_INSUFFICIENT_RESOURCES",
    "DNS_PROBE_FINISHED_NO_INTERNET",
    "DNS_PROBE_FINISHED_BAD_CONFIG",
];

impl FailureKind {
    /// Of Chromium's code for a page that could not be opened, such as `ERR_CONNECTION_REFUSED`.
    pub fn of_net_error(code: &str) -> Self {
        match code {
            code if code.starts_with("ERR_CERT") || code.starts_with("ERR_SSL") => Self::Tls,
            code if LOCAL_TROUBLE.iter().any(|begin| code.starts_with(begin)) => Self::Harness,
            _ => Self::Unreachable,
        }
    }
}
