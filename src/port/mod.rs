//! The rim: small traits behind which browser, mailbox, health page, clock, lease and files stand.
//!
//! What comes in through them is *raw* (these types cannot be serialised) until the vault has distilled it.

mod deploys;
mod lease;
mod objects;
mod raw;

pub use deploys::{AgedMark, Deploys};
pub use lease::{Lease, Taken};
pub use objects::{Away, LIST_MAX, OBJECT_BYTES_MAX, Object, Objects, Only, Put, is_key};
pub use raw::{Jar, MaskedPng, RawAct, RawControl, RawCookie, RawLink, RawMessage, RawPage};

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::model::{Acted, Health, Lane, PortFailure};

/// Opens browser sessions.
#[async_trait]
pub trait Browser: Send + Sync {
    /// A new session: empty, or going on where the one left off whose jar this is. It is ended by [`Session::close`] or,
    /// if this process dies, by its keeper.
    async fn open(&self, lane: Lane, jar: Option<&Jar>) -> Result<Box<dyn Session>, PortFailure>;
}

/// One browser session. Every call is bounded in time by the adapter.
#[async_trait]
pub trait Session: Send {
    /// Browser and driver with their versions.
    fn describe(&self) -> String;
    /// Does one thing, at most once.
    async fn act(&mut self, act: &RawAct) -> Acted;
    /// Takes one snapshot of the page.
    async fn look(&mut self) -> Result<RawPage, PortFailure>;
    /// A picture of the page with every password and code field blanked, if one can be had.
    async fn screenshot(&mut self) -> Option<MaskedPng>;
    /// What a new browser needs to go on in this session, if it can be had.
    async fn jar(&mut self) -> Option<Jar>;
    /// Ends the session and everything that belongs to it.
    async fn close(self: Box<Self>);
}

/// The smoke user's mailbox. Looking changes nothing there.
#[async_trait]
pub trait Inbox: Send + Sync {
    /// What is there now.
    async fn mark(&self) -> Result<Mark, PortFailure>;
    /// The messages whose ids are not in `known`, or (for `only`) just those that are in it.
    async fn look(&self, which: Which<'_>) -> Result<Sighting, PortFailure>;
}

/// Which messages a look wants.
#[derive(Debug, Clone, Copy)]
pub enum Which<'a> {
    NotIn(&'a BTreeSet<String>),
    Only(&'a BTreeSet<String>),
}

impl Which<'_> {
    /// Whether a message of this id is wanted.
    pub fn wants(&self, id: &str) -> bool {
        match self {
            Self::NotIn(known) => !known.contains(id),
            Self::Only(wanted) => wanted.contains(id),
        }
    }
}

/// What one look at a mailbox brought.
#[derive(Clone, Default)]
pub struct Sighting {
    pub messages: Vec<RawMessage>,
    /// What is there and cannot be read, each with its reason: it blinds where ours is missing, and nobody else.
    pub unreadable: Vec<String>,
}

impl From<Vec<RawMessage>> for Sighting {
    fn from(messages: Vec<RawMessage>) -> Self {
        Self { messages, unreadable: Vec::new() }
    }
}

/// A mailbox before the trigger.
#[derive(Debug, Clone, Default)]
pub struct Mark {
    pub ids: Vec<String>,
    /// What shows that this eye can see: without it an empty mailbox proves nothing.
    pub alive: Option<String>,
    /// How far the eye's own clock is ahead of this machine's, in milliseconds, where it tells.
    pub clock_offset_ms: Option<i64>,
}

/// Looks at the service's `/_status`.
#[async_trait]
pub trait Probe: Send + Sync {
    async fn look(&self) -> Result<Health, PortFailure>;
}

/// Time.
pub trait Clock: Send + Sync {
    /// By this machine's clock.
    fn now(&self) -> Timestamp;
    /// Milliseconds since this process started with the run; never goes back.
    fn elapsed_ms(&self) -> u64;
    /// For how long this process has been held up since it started with the run, in milliseconds; what is shorter than a
    /// second or so is no hold.
    fn held_ms(&self) -> u64;
    /// For how long something on this machine has waited for a processor, in milliseconds since some time; nothing where
    /// the machine does not tell.
    fn starved_ms(&self) -> Option<u64>;
}

/// Where a run is written.
pub trait Store: Send {
    /// Appends one line to the journal; when `sync` is set, it is on the disk when this returns.
    fn append(&mut self, line: &[u8], sync: bool) -> std::io::Result<()>;
    /// Keeps one piece of evidence under `name`.
    fn keep(&mut self, name: &str, bytes: &[u8]) -> std::io::Result<()>;
}
