//! What ports give and take before redaction. None of these can be serialised, so none can be written by mistake.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use crate::model::times::Choice;
use crate::model::{Dialog, MessageKind};

/// An action with its secrets filled in.
pub enum RawAct {
    /// A whole URL.
    Visit(String),
    /// Label and value.
    Fill(Vec<(String, String)>),
    /// The button's text.
    Press(String),
    /// The link's text.
    Follow(String),
    /// Give a file input a list.
    Attach {
        /// Its label.
        field: String,
        /// The file's name.
        name: String,
        /// What is in it.
        csv: String,
    },
    /// Choose the first time that is not before this one.
    Schedule {
        not_before: Timestamp,
        /// The page is loaded again first.
        reload: bool,
        /// How the page offers times.
        choice: Choice,
    },
}

/// What makes a new browser go on in the session of one that was closed. Held in memory only.
pub struct Jar(pub Vec<RawCookie>);

/// One cookie.
pub struct RawCookie {
    pub name: String,
    pub value: String,
    pub path: String,
    pub secure: bool,
    pub http_only: bool,
    /// `Strict`, `Lax` or `None`, where the page said so: a driver refuses a cookie that is given back without it.
    pub same_site: Option<String>,
}

/// What the snapshot script returns.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct RawPage {
    pub url: String,
    pub title: String,
    pub headings: Vec<String>,
    pub errors: Vec<String>,
    pub controls: Vec<RawControl>,
    pub buttons: Vec<String>,
    pub links: Vec<RawLink>,
    pub tables: Vec<Vec<Vec<String>>>,
    pub text: String,
    /// The HTTP status of the page; 0 where the browser does not tell.
    pub status: u16,
    /// How long the request of the page took, in milliseconds, by the browser's own timing; 0 where it does not tell.
    /// Source: <https://www.w3.org/TR/navigation-timing-2/>.
    pub took_ms: u64,
    /// When its document was asked for, in milliseconds since 1970 by the browser's clock: it tells two documents of one
    /// address apart. 0 where the browser does not tell.
    pub document: u64,
    /// What dialogs of this document have said; each was answered with no.
    pub dialogs: Vec<Dialog>,
    /// What its forms would send of times, by the name of the control: one, or nothing for at once.
    pub sends: BTreeMap<String, String>,
    /// What stands around the page's own part, as on every page.
    pub beside: String,
}

/// A form control as the script sees it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct RawControl {
    pub label: String,
    pub kind: String,
    pub checked: bool,
    pub value: Option<String>,
}

/// A link as the script sees it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct RawLink {
    pub text: String,
    pub href: String,
}

/// A message as the mailbox gives it.
#[derive(Clone)]
pub struct RawMessage {
    pub id: String,
    pub provider_id: String,
    pub kind: MessageKind,
    pub to: Vec<String>,
    pub from: String,
    pub subject: String,
    /// Every text part of a mail.
    pub text: String,
    /// Every HTML part of a mail, where it has one.
    pub html: Option<String>,
    /// Mails that it carries, as something does that wraps what it hands on.
    pub inside: Vec<RawMessage>,
    /// Checks of the receiving side that it has failed, such as `dkim=fail`.
    pub failed_checks: Vec<String>,
    pub arrived_at: Option<Timestamp>,
}

/// A picture on which the adapter has blanked every password and code field.
pub struct MaskedPng(pub Vec<u8>);
