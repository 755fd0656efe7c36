//! Why a run is made, and what whoever makes it knows of the service.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a run follows upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Because {
    Deploy,
    Restage,
    Schedule,
    OnCall,
    #[default]
    Hand,
}

impl Because {
    /// The name in options, reports and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Restage => "restage",
            Self::Schedule => "schedule",
            Self::OnCall => "on-call",
            Self::Hand => "hand",
        }
    }

    /// Whether parts of the service were just replaced.
    pub fn replaces(self) -> bool {
        matches!(self, Self::Deploy | Self::Restage)
    }
}

/// The occasion of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Occasion {
    #[serde(default)]
    pub because: Because,
    /// Parts that were deployed, such as `api`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deployed: Vec<String>,
    /// The commit that the run is to speak of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Which commit each part has to answer as, on `/_status`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub expected: BTreeMap<String, String>,
    /// How long the service was left alone before the run began, in milliseconds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub settled_ms: u64,
    /// The job of a build machine that makes it; its second attempt goes on with the run of the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// The run that this one is made for again, since a deploy had crossed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again_for: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(ms: &u64) -> bool {
    *ms == 0
}

/// A commit by as many of its digits as two people would write.
pub const COMMIT_LENGTH_MIN: usize = 7;

/// Whether a build is of that commit: either may be cut short.
pub fn is_commit(build: &str, commit: &str) -> bool {
    let told = build.split(' ').next().unwrap_or_default().to_lowercase();
    let commit = commit.to_lowercase();
    told.len() >= COMMIT_LENGTH_MIN
        && commit.len() >= COMMIT_LENGTH_MIN
        && (told.starts_with(&commit) || commit.starts_with(&told))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_may_be_cut_short_on_either_side() {
        assert!(is_commit("8c2bd29dfed6 2026-11-22:05:13:20", "8c2bd29dfed6a0b1c2d3"));
        assert!(is_commit("8C2BD29DFED6a0b1 2026-11-22T05:13:20", "8c2bd29"));
        assert!(!is_commit("8c2bd29dfed6 x", "8c2bd2"), "too short to mean one");
        assert!(!is_commit("aaee82f0ed04 2026", "8c2bd29dfed6") && !is_commit("HTTP 500", "8c2bd29"));
    }
}
