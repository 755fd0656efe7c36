//! What an environment's references resolve to.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::model::Target;

/// An environment with every reference followed.
pub struct Resolved {
    pub target: Target,
    /// Name and value of each secret, for the vault.
    pub secrets: BTreeMap<String, String>,
    pub basic_auth: Option<(String, String)>,
    pub mailbox: ResolvedMailbox,
    /// What runs on every machine share.
    pub store: Option<ResolvedBucket>,
    pub announce: ResolvedAnnounce,
    pub number: Option<ResolvedNumber>,
    pub webdriver_url: Option<String>,
    pub ca_file: Option<PathBuf>,
}

/// A part of an S3 bucket, and how it is spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedBucket {
    pub bucket: String,
    pub prefix: String,
    pub region: String,
    /// Only for an S3 server other than Amazon's.
    pub endpoint: Option<String>,
    /// Id and secret of a key; without them the usual places are looked at.
    pub credentials: Option<(String, String)>,
}

/// Webhooks, and whether anybody is woken.
#[derive(Debug, Clone, Default)]
pub struct ResolvedAnnounce {
    pub team: Option<String>,
    pub alerts: Option<String>,
    pub pages: bool,
}

/// How to read the mailbox.
pub enum ResolvedMailbox {
    SesS3(ResolvedBucket),
    Exec(ResolvedProgram),
}

/// How to read the test number.
pub enum ResolvedNumber {
    Twilio { account: String, token: String, endpoint: Option<String> },
    Exec(ResolvedProgram),
}

/// A program with its arguments, and the variables that it gets.
#[derive(Debug, Clone, Default)]
pub struct ResolvedProgram {
    pub command: Vec<String>,
    pub variables: Vec<(String, String)>,
}

/// A reference that leads nowhere, or to something that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unresolved {
    /// The word of the file that it is about.
    pub word: String,
    pub what: String,
    pub mend: String,
}
