//! A run in one line: what is kept of it when its evidence is thrown away.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Because, Verdict};

/// The form of a line; readers pass over those that are newer.
pub const LINE_VERSION: u32 = 1;

/// One run that is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunLine {
    pub v: u32,
    pub run: String,
    pub environment: String,
    /// Its verdict, without what is known and waited for.
    pub verdict: Verdict,
    pub started_at: Timestamp,
    pub ended_at: Timestamp,
    /// The scenarios that were judged.
    pub scenarios: Vec<String>,
    /// Why it was made.
    #[serde(default)]
    pub because: Because,
    /// By part: the build that answered first and the one that answered last, as far as they were told.
    #[serde(default)]
    pub builds: BTreeMap<String, [String; 2]>,
    /// By part: every build that answered.
    #[serde(default)]
    pub seen: BTreeMap<String, Vec<String>>,
    /// Name of a thing that may differ from run to run, and how it was.
    pub facets: BTreeMap<String, String>,
}
