//! The journal: one line of JSON an event, each carrying the digest of the line before, so that nothing can be taken
//! out or put in unseen. Takes only what is [`Clean`].

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::model::Event;
use crate::model::Fact;
use crate::model::event::VERSION;
use crate::port::Store;
use crate::redact::Clean;

#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(flatten)]
    event: Event,
    /// SHA-256 of the line before, in hex; empty for the first.
    prev: String,
}

/// What every format of a line has.
#[derive(Deserialize)]
struct Form {
    v: u32,
}

/// Appends events.
pub struct Journal {
    store: Box<dyn Store>,
    next_seq: u64,
    prev: String,
}

impl Journal {
    /// A new journal.
    pub fn new(store: Box<dyn Store>) -> Self {
        Self { store, next_seq: 0, prev: String::new() }
    }

    /// Goes on with a journal that was read.
    pub fn go_on(store: Box<dyn Store>, read: &Replay) -> Self {
        Self { store, next_seq: read.events.len() as u64, prev: read.digest.clone() }
    }

    /// Writes one event and gives it back as it was written.
    ///
    /// # Errors
    /// When the store cannot write; then the run must stop, since what is not written has not happened.
    pub fn append(&mut self, fact: Clean<Fact>, t: u64, at: Timestamp) -> std::io::Result<Event> {
        let event = Event { v: VERSION, seq: self.next_seq, t, at, fact: fact.into_inner() };
        let line = Line { event, prev: std::mem::take(&mut self.prev) };
        let bytes = serde_json::to_vec(&line)?;
        self.store.append(&bytes, is_weighty(&line.event.fact))?;
        self.prev = digest(&bytes);
        self.next_seq += 1;
        Ok(line.event)
    }

    /// Digest of the last line: whoever has kept it can tell whether a journal is still the one that it was.
    pub fn head(&self) -> &str {
        &self.prev
    }

    /// Keeps one piece of evidence beside the journal.
    ///
    /// # Errors
    /// When the store cannot write.
    pub fn keep(&mut self, name: &str, bytes: &Clean<Vec<u8>>) -> std::io::Result<()> {
        self.store.keep(name, bytes.get())
    }
}

/// Whether the event must be on the disk before anything reacts to it. Losing a look loses nothing: one looks again.
fn is_weighty(fact: &Fact) -> bool {
    !matches!(fact, Fact::Looked { .. } | Fact::Evidence { .. } | Fact::BrowserGone { .. })
}

fn digest(line: &[u8]) -> String {
    format!("{:x}", Sha256::digest(line))
}

/// A journal that was read.
#[derive(Debug)]
pub struct Replay {
    pub events: Vec<Event>,
    /// Digest of the last whole line, as SHA-256 in hexadecimal.
    pub digest: String,
    /// How many bytes are whole lines; what follows was cut off in the middle of a write.
    pub whole_bytes: u64,
}

/// Reads a journal. A last line that was cut off is left out: whoever wrote it was killed before anything followed.
///
/// # Errors
/// The line that does not fit, and why.
pub fn replay(bytes: &[u8]) -> Result<Replay, String> {
    let mut read = Replay { events: Vec::new(), digest: String::new(), whole_bytes: 0 };
    let mut rest = bytes;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let (line, after) = (&rest[..end], &rest[end + 1..]);
        let number = read.events.len() + 1;
        // Its form comes first: a newer one need not be one that this program could read at all.
        let form: Form = serde_json::from_slice(line).map_err(|error| format!("line {number} is no event: {error}"))?;
        if form.v > VERSION {
            return Err(format!(
                "line {number} was written by a newer notify-smoke (format {}, and this one knows none above {VERSION}): use that one",
                form.v
            ));
        }
        let parsed: Line =
            serde_json::from_slice(line).map_err(|error| format!("line {number} is no event: {error}"))?;
        if parsed.prev != read.digest {
            return Err(format!("line {number} does not follow the one before it: the journal was changed"));
        }
        if parsed.event.seq != read.events.len() as u64 {
            return Err(format!("line {number} has number {}: events are missing", parsed.event.seq));
        }
        read.digest = digest(line);
        read.whole_bytes += line.len() as u64 + 1;
        read.events.push(parsed.event);
        rest = after;
    }
    if read.events.is_empty() { Err("it holds no event".to_owned()) } else { Ok(read) }
}
