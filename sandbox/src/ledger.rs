//! The ledger: what was really asked for, stored and sent, and when. Tests take it as the truth.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::Serialize;

/// Entries kept at most; a sandbox is a thing of minutes, so reaching this means a runaway caller.
const ENTRIES_MAX: usize = 100_000;

/// One thing that happened.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub(crate) enum Entry {
    /// The admin app was asked for a page.
    Page { method: String, path: String, status: u16, user_agent: String },
    /// The API was asked for a reset mail; `accepted` is what it answered, not what it did.
    ResetRequested { email: String, next: Option<String>, accepted: bool },
    /// A reset link was made. The token is here so that a test can look for it where it must not be.
    LinkMade { link: String, token: String },
    /// SES took a mail over.
    MailAccepted { message_id: String, to: String, subject: String },
    /// SES put a mail into the mailbox.
    MailDelivered { message_id: String, to: String, subject: String, key: String },
    /// SES refused a mail.
    MailRefused { status: u16 },
    /// A code was asked for; without `made`, five were live already, and the page says the same.
    CodeRequested { email: String, made: bool },
    /// SNS took a text over.
    TextAccepted { message_id: String, to: String },
    /// SNS refused a text.
    TextRefused { status: u16 },
    /// Somebody signed in to the end.
    SignedIn { email: String },
    /// A file was uploaded.
    Uploaded { upload: String, file: String },
    /// A job was made; without `scheduled_for` it runs at once.
    JobMade { job: String, file: String, scheduled_for: Option<String> },
    /// A job was cancelled by a user.
    JobCancelled { job: String },
    /// The worker began with a job.
    JobStarted { job: String },
    /// Somebody looked into the mailbox's bucket.
    MailboxLooked,
    /// Somebody asked the gateway for the number's texts.
    NumberLooked,
    /// A new-password page was opened.
    LinkOpened,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Dated {
    pub at: Timestamp,
    #[serde(flatten)]
    pub entry: Entry,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger {
    entries: Arc<Mutex<Vec<Dated>>>,
}

impl Ledger {
    pub(crate) fn add(&self, entry: Entry) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() < ENTRIES_MAX {
            entries.push(Dated { at: Timestamp::now(), entry });
        }
    }

    pub(crate) fn entries(&self) -> Vec<Dated> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn clear(&self) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
