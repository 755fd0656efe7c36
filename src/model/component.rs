//! The parts of a Notify service that a failure can name.

use serde::{Deserialize, Serialize};

/// A part of the service, or (the last five, as candidates only) of what surrounds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Component {
    Edge,
    Admin,
    Api,
    /// What hands tasks from the API to the workers.
    Broker,
    /// What keeps copies of answers.
    Cache,
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
    pub const PROVABLE: [Self; 12] = [
        Self::Edge,
        Self::Admin,
        Self::Api,
        Self::Broker,
        Self::Cache,
        Self::Worker,
        Self::Scheduler,
        Self::S3,
        Self::Ses,
        Self::Sns,
        Self::Receipts,
        Self::Deploy,
    ];

    /// What surrounds the service: candidates, never proven.
    pub const AROUND: [Self; 5] = [Self::Mailbox, Self::Number, Self::Template, Self::Account, Self::Harness];

    /// The word in files and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Edge => "edge",
            Self::Admin => "admin",
            Self::Api => "api",
            Self::Broker => "broker",
            Self::Cache => "cache",
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

    /// The component of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::PROVABLE.into_iter().chain(Self::AROUND).find(|component| component.name() == name)
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
