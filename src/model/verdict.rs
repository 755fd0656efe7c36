//! The verdicts, in the one order that holds everywhere.

use serde::{Deserialize, Serialize};

/// What is said of a step, a scenario, a run. Later is worse; the worst part is the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Every planned expectation was met on time, and nothing else was seen.
    Passed,
    /// It works, but late, twice, or not every time.
    Degraded,
    /// Something planned was not looked at.
    NotVerified,
    /// It cannot be known: the eye was blind, or the run was cut off inside an action.
    Inconclusive,
    /// The harness or its set-up failed.
    Errored,
    /// The service failed.
    Failed,
}

impl Verdict {
    /// The word in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Degraded => "degraded",
            Self::NotVerified => "not-verified",
            Self::Inconclusive => "inconclusive",
            Self::Errored => "errored",
            Self::Failed => "failed",
        }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
