//! What the driver says instead of an answer, and what became of an action that ended so.

use std::time::Duration;

use fantoccini::error::{CmdError, ErrorStatus};

use super::launch::one_line;
use crate::model::{Acted, FailureKind, PortFailure};

/// A little longer than `WebDriver`'s own limits: when it passes, the driver itself hangs.
const COMMAND_LONGEST: Duration = Duration::from_secs(35);

/// What came instead of an answer.
pub(super) enum Trouble {
    Error(Box<CmdError>),
    /// The driver itself hangs.
    NoAnswer,
}

/// A command within its limit.
pub(super) async fn bounded<T>(command: impl Future<Output = Result<T, CmdError>>) -> Result<T, Trouble> {
    match tokio::time::timeout(COMMAND_LONGEST, command).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(Trouble::Error(Box::new(error))),
        Err(_) => Err(Trouble::NoAnswer),
    }
}

impl Trouble {
    pub(super) fn failure(&self) -> PortFailure {
        match self {
            Self::NoAnswer => harness("the browser's driver does not answer"),
            Self::Error(error) => failure(error),
        }
    }

    /// What became of an action that ended like this.
    pub(super) fn acted(&self) -> Acted {
        let why = self.failure();
        let certainly_not = match self {
            Self::NoAnswer => false,
            Self::Error(error) => match &**error {
                CmdError::Standard(standard) => {
                    matches!(
                        standard.error,
                        ErrorStatus::ElementNotInteractable
                            | ErrorStatus::ElementClickIntercepted
                            | ErrorStatus::StaleElementReference
                            | ErrorStatus::NoSuchElement
                            | ErrorStatus::InvalidElementState
                            | ErrorStatus::InvalidArgument
                    ) || net_error(standard.message.as_ref()).is_some_and(never_left)
                }
                _ => false,
            },
        };
        if certainly_not { Acted::NotDone { why } } else { Acted::Unknown { why } }
    }
}

/// Whose failure a driver's error is. Addresses in it may carry credentials, so only Chromium's error code is kept.
fn failure(error: &CmdError) -> PortFailure {
    let CmdError::Standard(standard) = error else {
        return harness(&format!("the browser's driver is gone: {}", one_line(&error.to_string())));
    };
    let message = standard.message.as_ref();
    if let Some(code) = net_error(message) {
        let kind = FailureKind::of_net_error(code);
        return PortFailure::new(kind, format!("the browser could not open the page: {code}"));
    }
    match standard.error {
        ErrorStatus::Timeout | ErrorStatus::ScriptTimeout => {
            PortFailure::new(FailureKind::PageTimeout, "the page did not finish within the browser's limit")
        }
        ErrorStatus::ElementNotInteractable
        | ErrorStatus::ElementClickIntercepted
        | ErrorStatus::StaleElementReference
        | ErrorStatus::NoSuchElement
        | ErrorStatus::InvalidElementState => {
            PortFailure::new(FailureKind::Missing, format!("the page does not let it be used: {}", standard.error))
        }
        _ => harness(&format!("the browser's driver says: {}", one_line(message))),
    }
}

/// Whether a request has certainly not left this machine, or has not come to the service: a connection that was cut, an empty
/// answer or a timeout say nothing of that.
fn never_left(code: &str) -> bool {
    const NEVER: [&str; 8] = [
        "ERR_CONNECTION_REFUSED",
        "ERR_NAME_NOT_RESOLVED",
        "ERR_NAME_RESOLUTION_FAILED",
        "ERR_ADDRESS_UNREACHABLE",
        "ERR_INTERNET_DISCONNECTED",
        "ERR_PROXY_CONNECTION_FAILED",
        "ERR_TUNNEL_CONNECTION_FAILED",
        "ERR_CERT",
    ];
    NEVER.iter().any(|known| code.starts_with(known))
}

/// `ERR_CONNECTION_REFUSED` and its like.
fn net_error(message: &str) -> Option<&str> {
    let rest = message.split("net::").nth(1)?;
    let end = rest.find(|c: char| !c.is_ascii_uppercase() && !c.is_ascii_digit() && c != '_');
    Some(&rest[..end.unwrap_or(rest.len())])
}

pub(super) fn harness(text: &str) -> PortFailure {
    PortFailure::new(FailureKind::Harness, text)
}
