//! What one look saw, distilled: every text here has been through redaction.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What one look saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "kebab-case")]
pub enum Observation {
    Page(Box<Snapshot>),
    /// The messages that were not there before the trigger.
    Messages {
        messages: Vec<Message>,
    },
}

/// One page, taken in one piece by one script.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Snapshot {
    pub url: String,
    pub title: String,
    pub headings: Vec<String>,
    /// Error messages at fields, and banners that warn.
    pub errors: Vec<String>,
    pub controls: Vec<Control>,
    pub buttons: Vec<String>,
    pub links: Vec<PageLink>,
    pub tables: Vec<Vec<Vec<String>>>,
    /// What a reader sees, cut at a limit.
    pub text: String,
}

/// One form control with its label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Control {
    pub label: String,
    /// The input's `type`, or `select`, `textarea`.
    pub kind: String,
    #[serde(default)]
    pub checked: bool,
    /// Never present for passwords and codes.
    #[serde(default)]
    pub value: Option<String>,
}

/// One link of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageLink {
    pub text: String,
    pub href: String,
}

/// What kind of message it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MessageKind {
    Email,
    Sms,
}

/// One message that arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// What the mailbox calls it; enough to look at it again.
    pub id: String,
    /// What the sender's provider calls it; two copies of one sending share it.
    pub provider_id: String,
    pub kind: MessageKind,
    pub to: Vec<String>,
    pub from: String,
    pub subject: String,
    pub body: String,
    /// The links whose shape the service names.
    pub links: Vec<Link>,
    /// Handles of the codes in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<String>,
    /// By the mailbox's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arrived_at: Option<Timestamp>,
}

/// A link in a message, with what judging needs of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Names the link in the run's vault, which is never written.
    pub handle: String,
    /// Scheme, host and port.
    pub origin: String,
    /// The path up to the secret.
    pub path: String,
    /// The `next` of its query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// When the token in it was made, by the service's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued_at: Option<Timestamp>,
}
