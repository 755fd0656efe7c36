//! What one look saw, distilled: every text here has been through redaction.

use std::collections::BTreeMap;

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
        /// What is there and could not be read, each with its reason: whatever it is, ours may be among it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        unreadable: Vec<String>,
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
    /// What dialogs of it have said; each was answered with no.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dialogs: Vec<Dialog>,
    /// The status that it came with, where the browser tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What its forms would send of times, by the name of the control: one, or nothing for at once.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sends: BTreeMap<String, String>,
    /// What stands around the page's own part, as on every page of the service.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub beside: String,
}

/// A dialog of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialog {
    pub kind: DialogKind,
    pub text: String,
}

/// Whether a dialog asks for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DialogKind {
    Alert,
    Confirm,
    Prompt,
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
    /// What its text says; nothing where it is none of our business.
    pub body: String,
    /// What its HTML part shows, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// There is nothing to be read in it, whosever it is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_blank: bool,
    /// What was done to it on the way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub altered: Vec<Alteration>,
    /// Checks of the receiving side that it has failed, such as `dkim=fail`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed_checks: Vec<String>,
    /// The links whose shape the service names.
    pub links: Vec<Link>,
    /// Handles of the codes in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<String>,
    /// By the mailbox's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arrived_at: Option<Timestamp>,
}

impl Message {
    /// Whether this address is among its recipients.
    pub fn is_to(&self, address: &str) -> bool {
        self.to.iter().any(|to| is_same_address(to, address))
    }

    /// Whether this is where it came from.
    pub fn is_from(&self, sender: &str) -> bool {
        is_same_address(&self.from, sender)
    }

    /// To whom it is addressed, if it names recipients and none of these is among them.
    pub fn addressed_elsewhere(&self, ours: &[String]) -> Option<String> {
        let is_ours = ours.iter().any(|address| self.is_to(address));
        (!self.to.is_empty() && !is_ours).then(|| self.to.join(", "))
    }
}

/// Whether two addresses are one: case does not count, nor the plus that some write before a number and others do not.
fn is_same_address(one: &str, two: &str) -> bool {
    let bare = |address: &'_ str| -> String {
        let digits = address.strip_prefix('+').unwrap_or(address);
        if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.to_owned() } else { address.to_lowercase() }
    };
    one.eq_ignore_ascii_case(two) || (!one.is_empty() && bare(one) == bare(two))
}

/// Something that was done to a message between its provider and our eye.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Alteration {
    /// A link has another one in its place, which says what it was.
    Rewritten { by: String },
    /// A link has another one in its place, and nobody can tell what it was.
    Opaque {
        by: String,
        #[serde(default)]
        part: MailPart,
    },
    /// A link is broken over lines.
    Broken,
    /// It came inside another mail.
    Wrapped,
}

impl std::fmt::Display for Alteration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rewritten { by } => write!(f, "its links are rewritten by {by}"),
            Self::Opaque { by, .. } => write!(f, "its links are rewritten by {by}, which does not say what they were"),
            Self::Broken => f.write_str("a link in it is broken over lines"),
            Self::Wrapped => f.write_str("it came inside another mail"),
        }
    }
}

/// Which part of a mail something stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MailPart {
    #[default]
    Text,
    Html,
}

impl MailPart {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    fn is_text(&self) -> bool {
        *self == Self::Text
    }
}

impl std::fmt::Display for MailPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Text => "text part",
            Self::Html => "HTML part",
        })
    }
}

/// A link in a message, with what judging needs of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Names the link in the run's vault, which is never written.
    pub handle: String,
    #[serde(default, skip_serializing_if = "MailPart::is_text")]
    pub part: MailPart,
    /// It is the beginning of another link of the same message.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_cut: bool,
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

impl Link {
    /// Whether it was made for this run.
    pub fn carries(&self, token: &str) -> bool {
        !token.is_empty() && self.next.as_deref().is_some_and(|next| next.contains(token))
    }
}
