//! What the service's `/_status` says.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One look at `/_status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    pub admin: PartHealth,
    pub api: PartHealth,
    /// The answer's `Date` header minus this machine's clock, in milliseconds; the header has whole seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_offset_ms: Option<i64>,
    /// How far off that may be: half a second, and half of the time that the answer took.
    #[serde(default = "half_a_second")]
    pub clock_error_ms: i64,
    /// The `Date` header itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<Timestamp>,
    /// The door (HTTP Basic auth) did not open for us.
    pub refused: bool,
}

fn half_a_second() -> i64 {
    500
}

/// What one part says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartHealth {
    pub ok: bool,
    /// Commit and build time, or what was answered instead.
    pub version: String,
}

impl PartHealth {
    /// The build that answered. What was answered instead of one is none: a page that fails tells of no deploy.
    pub fn build(&self) -> Option<&str> {
        let tells = self.ok && !self.version.starts_with("HTTP ") && self.version != NOT_MENTIONED;
        tells.then_some(self.version.as_str())
    }
}

/// What stands in place of the version of a part of which nothing is said.
pub const NOT_MENTIONED: &str = "not mentioned";

impl Health {
    /// The parts that tell of themselves, by name.
    pub fn parts(&self) -> [(&'static str, &PartHealth); 2] {
        [("admin", &self.admin), ("api", &self.api)]
    }
}
