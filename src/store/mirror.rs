//! Journals in the shared store, in parts: `runs/ENVIRONMENT/RUN/journal-FROM-TO.jsonl`, by the bytes of the journal that each holds,
//! and `…/ended` when nothing more will follow. The journal on the run's own machine is the truth; this one comes behind it.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::walk::keys;
use super::{JOURNAL, RunFolder, read_journal};
use crate::port::{Away, Objects, Only, Put};

/// A part holds at most so many bytes, unless one line is longer.
const PART_BYTES: usize = 1 << 20;
/// Lists of an environment are read no further: so many runs are nobody's for the days that are looked at.
const LISTS_MAX: usize = 20;

/// The way of one journal into the store.
pub struct Mirror {
    objects: Arc<dyn Objects>,
    journal: PathBuf,
    folder: String,
    sent: u64,
    /// Parts that this process has written.
    parts: Vec<String>,
    ended: bool,
}

/// What the store has of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub run: String,
    /// From which byte to which, in order and without a gap.
    parts: Vec<(u64, u64)>,
    pub ended: bool,
}

impl Stored {
    /// How many bytes of the journal are there.
    pub fn bytes(&self) -> u64 {
        self.parts.last().map_or(0, |(_, to)| *to)
    }
}

impl Mirror {
    /// Of the journal in a run's folder, of which the store has so much already.
    pub fn new(objects: Arc<dyn Objects>, environment: &str, run: &str, path: &Path, sent: u64) -> Self {
        let folder = format!("runs/{environment}/{run}");
        Self { objects, journal: path.join(JOURNAL), folder, sent, parts: Vec::new(), ended: false }
    }

    /// Writes every whole line that is not there yet.
    ///
    /// # Errors
    /// [`Away`]; what is missing is written by the next call.
    pub async fn push(&mut self) -> Result<(), Away> {
        loop {
            let part = next_part(&self.journal, self.sent).map_err(|error| Away(error.to_string()))?;
            if part.is_empty() {
                return Ok(());
            }
            let to = self.sent + part.len() as u64;
            let key = format!("{}/journal-{:012}-{to:012}.jsonl", self.folder, self.sent);
            if self.objects.put(&key, part.clone(), Only::IfNew).await? == Put::Changed {
                // Ours, written by a call whose answer was lost; or somebody else's, who went on while we were away.
                let there = self.objects.get(&key).await?;
                if there.is_none_or(|there| there.bytes != part) {
                    return Err(Away(format!("another machine has gone on with this run: {key} is not ours")));
                }
            }
            self.sent = to;
            self.parts.push(key);
        }
    }

    /// Writes the rest, and that nothing will follow.
    ///
    /// # Errors
    /// [`Away`]; the next run on this machine writes what is missing.
    pub async fn end(&mut self) -> Result<(), Away> {
        self.push().await?;
        self.put_together().await?;
        if !self.ended {
            self.objects.put(&format!("{}/ended", self.folder), Vec::new(), Only::Always).await?;
            self.ended = true;
        }
        Ok(())
    }

    /// One object in the place of many: whoever reads it asks once.
    async fn put_together(&mut self) -> Result<(), Away> {
        if self.parts.len() < 2 {
            return Ok(());
        }
        let whole = std::fs::read(&self.journal).map_err(|error| Away(error.to_string()))?;
        let whole = whole.get(..usize::try_from(self.sent).unwrap_or(usize::MAX)).unwrap_or_default().to_vec();
        let key = format!("{}/journal-{:012}-{:012}.jsonl", self.folder, 0, self.sent);
        self.objects.put(&key, whole, Only::Always).await?;
        for part in std::mem::take(&mut self.parts).into_iter().filter(|part| *part != key) {
            self.objects.delete(&part).await?;
        }
        self.parts.push(key);
        Ok(())
    }
}

/// Whole lines from one byte on.
fn next_part(journal: &Path, from: u64) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(journal)?;
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    let mut most = PART_BYTES;
    loop {
        let read = file.by_ref().take(most as u64).read_to_end(&mut bytes)?;
        match bytes.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => {
                bytes.truncate(end + 1);
                return Ok(bytes);
            }
            // A line that is longer than a part, or one that is not written to its end yet.
            None if read == most => most *= 2,
            None => return Ok(Vec::new()),
        }
    }
}

/// What the store has of an environment's runs whose ids come behind `after`, oldest first.
///
/// # Errors
/// [`Away`].
pub async fn stored(objects: &dyn Objects, environment: &str, after: &str) -> Result<Vec<Stored>, Away> {
    let prefix = format!("runs/{environment}/");
    let keys = keys(objects, &prefix, format!("{prefix}{after}"), None, LISTS_MAX).await?;
    let mut found: Vec<Stored> = Vec::new();
    for (run, name) in keys.iter().filter_map(|key| key.strip_prefix(&prefix)?.split_once('/')) {
        if found.last().is_none_or(|last| last.run != run) {
            found.push(Stored { run: run.to_owned(), parts: Vec::new(), ended: false });
        }
        let Some(last) = found.last_mut() else { continue };
        match part_of(name) {
            // Parts may overlap, where a process that came later did not know how far the one before it had come.
            Some((from, to)) if from <= last.bytes() && to > last.bytes() => {
                // One that holds all of others stands in their place.
                last.parts.retain(|part| part.0 < from);
                last.parts.push((from, to));
            }
            Some(_) => {}
            None => last.ended |= name == "ended",
        }
    }
    Ok(found)
}

fn part_of(name: &str) -> Option<(u64, u64)> {
    let (from, to) = name.strip_prefix("journal-")?.strip_suffix(".jsonl")?.split_once('-')?;
    Some((from.parse().ok()?, to.parse().ok()?))
}

/// Brings a run's journal to this machine, where the store has more of it: the run's folder.
///
/// # Errors
/// [`Away`]; also where what is here is not the beginning of what is there.
pub async fn pull(objects: &dyn Objects, runs: &Path, environment: &str, stored: &Stored) -> Result<PathBuf, Away> {
    let path = runs.join(environment).join(&stored.run);
    let here = read_journal(&path).unwrap_or_default();
    if here.len() as u64 >= stored.bytes() {
        return Ok(path);
    }
    let before = here.len();
    let mut bytes = Vec::new();
    for (from, to) in &stored.parts {
        let key = format!("runs/{environment}/{}/journal-{from:012}-{to:012}.jsonl", stored.run);
        let part = objects.get(&key).await?.ok_or_else(|| Away(format!("{key} is gone")))?;
        let known = usize::try_from(*from).ok().and_then(|from| bytes.len().checked_sub(from));
        bytes.extend(known.and_then(|known| part.bytes.get(known..)).unwrap_or_default());
    }
    // A line that was not written to its end is no difference.
    let whole = here.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    if !bytes.starts_with(&here[..whole]) {
        return Err(Away(format!("{} differs from what is stored of the same run", path.display())));
    }
    if read_journal(&path).unwrap_or_default().len() != before {
        return Err(Away(format!("somebody goes on with {} just now", path.display())));
    }
    RunFolder::bring(&path, &bytes).map_err(|error| Away(format!("{}: {error}", path.display())))?;
    Ok(path)
}
