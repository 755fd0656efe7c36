//! A finding that is known and waited for: shown in every report, and no reason to call a run degraded.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// One entry of `known` in an environment file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownIssue {
    /// The id of a cause, as reports have it.
    pub cause: String,
    /// Where it is written down, such as the address of an issue.
    pub reference: String,
    pub reason: String,
    /// The last day on which it counts as known.
    pub until: Date,
}
