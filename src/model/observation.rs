//! What one look saw, distilled: every text here has been through redaction.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Sentences;

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
    /// The status that it came with, where the browser tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

/// What the page of a job says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JobReading {
    /// Its time has not come, or nobody has picked it up.
    pub waits: bool,
    pub begun: bool,
    /// All its rows are queued.
    pub done: bool,
    /// Messages that were made of its rows, with their status words.
    pub rows: Vec<String>,
}

impl Snapshot {
    /// Its URL without query and fragment.
    pub fn address(&self) -> &str {
        self.url.split(['?', '#']).next().unwrap_or(&self.url)
    }

    /// The page as that of a job.
    pub fn job(&self, sentences: &Sentences) -> JobReading {
        let says = |sentence: &str| !sentence.is_empty() && self.text.contains(sentence);
        let waits = self.buttons.contains(&sentences.job_waits);
        let works = says(&sentences.job_works);
        // A head, then a recipient and a status in each row; an empty table has one wide cell.
        let rows = self.tables.last().map(|table| table.iter().skip(1).filter(|row| row.len() > 1));
        let rows: Vec<String> = rows.into_iter().flatten().filter_map(|row| row.last().cloned()).collect();
        let counts = || self.text.split_whitespace().collect::<Vec<_>>().join(" ");
        let is_empty = !sentences.job_empty.is_empty() && rows.is_empty() && counts().contains(&sentences.job_empty);
        let done = says(&sentences.job_done) || is_empty;
        JobReading { waits, begun: !waits && (works || done), done, rows }
    }
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
