//! The parts of a Notify service that a failure can name.

use serde::{Deserialize, Serialize};

/// A part of the service, or (the last five, as candidates only) of what surrounds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Component {
    Edge,
    Admin,
    Api,
    Worker,
    Scheduler,
    S3,
    Ses,
    Sns,
    Receipts,
    Deploy,
    Mailbox,
    Number,
    Template,
    Account,
    Harness,
}

impl Component {
    /// Those that an *expect* step may say it proves.
    pub const PROVABLE: [Self; 10] = [
        Self::Edge,
        Self::Admin,
        Self::Api,
        Self::Worker,
        Self::Scheduler,
        Self::S3,
        Self::Ses,
        Self::Sns,
        Self::Receipts,
        Self::Deploy,
    ];

    /// The word in files and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Edge => "edge",
            Self::Admin => "admin",
            Self::Api => "api",
            Self::Worker => "worker",
            Self::Scheduler => "scheduler",
            Self::S3 => "s3",
            Self::Ses => "ses",
            Self::Sns => "sns",
            Self::Receipts => "receipts",
            Self::Deploy => "deploy",
            Self::Mailbox => "mailbox",
            Self::Number => "number",
            Self::Template => "template",
            Self::Account => "account",
            Self::Harness => "harness",
        }
    }

    /// The provable component of that name.
    pub fn provable(name: &str) -> Option<Self> {
        Self::PROVABLE.into_iter().find(|component| component.name() == name)
    }
}

impl std::fmt::Display for Component {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
