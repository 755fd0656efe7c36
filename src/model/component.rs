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
    /// Where lists lie.
    #[serde(rename = "s3", alias = "files")]
    Files,
    /// Whoever sends mails.
    #[serde(rename = "ses", alias = "mail")]
    Mail,
    /// Whoever sends texts.
    #[serde(rename = "sns", alias = "text")]
    Text,
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
        Self::Files,
        Self::Mail,
        Self::Text,
        Self::Receipts,
        Self::Deploy,
    ];

    /// What surrounds the service: candidates, never proven.
    pub const AROUND: [Self; 5] = [Self::Mailbox, Self::Number, Self::Template, Self::Account, Self::Harness];

    /// The word for scripts: the same for every service, as in the first format of reports. People read what their service
    /// calls it ([`Parts`](super::Parts)).
    pub fn name(self) -> &'static str {
        match self {
            Self::Edge => "edge",
            Self::Admin => "admin",
            Self::Api => "api",
            Self::Broker => "broker",
            Self::Cache => "cache",
            Self::Worker => "worker",
            Self::Scheduler => "scheduler",
            Self::Files => "s3",
            Self::Mail => "ses",
            Self::Text => "sns",
            Self::Receipts => "receipts",
            Self::Deploy => "deploy",
            Self::Mailbox => "mailbox",
            Self::Number => "number",
            Self::Template => "template",
            Self::Account => "account",
            Self::Harness => "harness",
        }
    }

    /// What is said instead of a product's name, where a service has another one.
    pub fn role(self) -> Option<&'static str> {
        match self {
            Self::Files => Some("files"),
            Self::Mail => Some("mail"),
            Self::Text => Some("text"),
            _ => None,
        }
    }

    /// The component of that name or role.
    pub fn named(name: &str) -> Option<Self> {
        let is_called = |component: &Self| component.name() == name || component.role() == Some(name);
        Self::PROVABLE.into_iter().chain(Self::AROUND).find(is_called)
    }

    /// The provable component of that name.
    pub fn provable(name: &str) -> Option<Self> {
        Self::named(name).filter(|component| Self::PROVABLE.contains(component))
    }
}

impl std::fmt::Display for Component {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
