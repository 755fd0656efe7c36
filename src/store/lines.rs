//! One line a run in the shared store: `history/ENVIRONMENT/VERDICT/RUN.json`. The verdict comes first in the key, so that a look
//! for the last run that passed reads a short list and one object, however many others there were.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;

use super::second;
use super::walk::keys;
use crate::model::Verdict;
use crate::model::line::{LINE_VERSION, RunLine};
use crate::port::{Away, Objects, Only};

/// Lists come oldest first, so the last days are looked at before the years: in days back from now.
const BACK_DAYS: [i64; 4] = [2, 30, 365, 3_650];
/// A list is read no further: so many pages.
const LISTS_MAX: usize = 40;
/// Of the keys that fit the newest are read, and no more than so many.
const LINES_MAX: usize = 400;
/// So many are read at once.
const AT_ONCE: usize = 16;
/// A run ends so long after its beginning at the most, and some more.
const LONGEST_RUN: SignedDuration = SignedDuration::from_hours(8);
/// As far back as anybody asks.
pub const EVER: SignedDuration = SignedDuration::from_hours(24 * 3_650);

/// The lines of one environment.
pub struct Lines {
    objects: Arc<dyn Objects>,
    prefix: String,
}

impl Lines {
    /// Of this environment.
    pub fn new(objects: Arc<dyn Objects>, environment: &str) -> Self {
        Self { objects, prefix: format!("history/{environment}/") }
    }

    /// Writes a run's line, in the place of an earlier one.
    ///
    /// # Errors
    /// [`Away`].
    pub async fn write(&self, line: &RunLine) -> Result<(), Away> {
        let key = format!("{}{}.json", self.of(line.verdict), line.run);
        let bytes = serde_json::to_vec(line).map_err(|error| Away(error.to_string()))?;
        self.objects.put(&key, bytes, Only::Always).await.map(|_| ())
    }

    fn of(&self, verdict: Verdict) -> String {
        format!("{}{}/", self.prefix, verdict.name())
    }

    /// The newest run with one of these verdicts that began so long ago at the most, and whose line is as wanted.
    ///
    /// # Errors
    /// Those of [`Lines::newest`].
    pub async fn newest_of(
        &self,
        verdicts: &[Verdict],
        back: SignedDuration,
        wanted: impl Fn(&RunLine) -> bool,
    ) -> Result<Option<RunLine>, Away> {
        let mut newest: Option<RunLine> = None;
        for verdict in verdicts {
            let found = self.newest(*verdict, back, &wanted).await?;
            newest = newest.into_iter().chain(found).max_by_key(|line| line.ended_at);
        }
        Ok(newest)
    }

    /// The newest run with this verdict that began so long ago at the most, and whose line is as wanted.
    ///
    /// # Errors
    /// [`Away`]; also where there are too many to look through: then nothing is known.
    pub async fn newest(
        &self,
        verdict: Verdict,
        back: SignedDuration,
        wanted: impl Fn(&RunLine) -> bool,
    ) -> Result<Option<RunLine>, Away> {
        let (now, prefix) = (Timestamp::now(), self.of(verdict));
        // What ended within that time may have begun some hours before.
        let back = back.saturating_add(LONGEST_RUN);
        let mut read = 0;
        let mut until: Option<String> = None;
        for days in BACK_DAYS {
            let step = SignedDuration::from_hours(24 * days);
            let from = now.saturating_sub(step.min(back)).unwrap_or(now);
            let from = format!("{prefix}{}", second(from));
            let keys = keys(self.objects.as_ref(), &prefix, from.clone(), until.as_deref(), LISTS_MAX).await?;
            let newest_first: Vec<&String> = keys.iter().rev().collect();
            for batch in newest_first.chunks(AT_ONCE) {
                read += batch.len();
                if read > LINES_MAX {
                    return Err(Away(format!("{prefix} has more runs than can be looked through")));
                }
                for (key, line) in batch.iter().zip(self.read(batch).await?) {
                    // What is newer than this program says nothing, and a line says of itself what its key says.
                    let fits = |line: &RunLine| {
                        let is_at = line.verdict == verdict && **key == format!("{prefix}{}.json", line.run);
                        line.v == LINE_VERSION && is_at && wanted(line)
                    };
                    if let Some(line) = line.filter(fits) {
                        return Ok(Some(line));
                    }
                }
            }
            if step >= back {
                break;
            }
            until = Some(from);
        }
        Ok(None)
    }

    /// These lines, each where there is one that is ours.
    async fn read(&self, keys: &[&String]) -> Result<Vec<Option<RunLine>>, Away> {
        let mut reading = JoinSet::new();
        for (place, key) in keys.iter().enumerate() {
            let (objects, key) = (self.objects.clone(), (*key).clone());
            reading.spawn(async move { (place, objects.get(&key).await) });
        }
        let mut lines = vec![None; keys.len()];
        while let Some(read) = reading.join_next().await {
            let (place, object) = read.map_err(|error| Away(error.to_string()))?;
            lines[place] = object?.and_then(|object| serde_json::from_slice(&object.bytes).ok());
        }
        Ok(lines)
    }
}
