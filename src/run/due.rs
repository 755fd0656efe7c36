//! Runs that are not at their end: which of them are due, whoever began them and wherever.

use std::path::PathBuf;

use jiff::Timestamp;

use super::going::Going;
use super::held::keeper;
use super::mirrored::oldest;
use super::prepare::Prepared;
use super::surroundings::Surroundings;
use super::{NotStarted, Recorded, shared};
use crate::port::Away;
use crate::reading::one_line;
use crate::store;

/// So many of a folder's runs are looked at.
const RUNS_MAX: usize = 200;

/// What is left of an environment's runs.
#[derive(Debug, Default)]
pub struct Due {
    /// Folders of runs that can be gone on with now, oldest first.
    pub ready: Vec<PathBuf>,
    /// Runs that somebody is at work on.
    pub at_work: Vec<String>,
    /// Runs that wait for a time, and for which.
    pub later: Vec<(String, Timestamp)>,
    /// Why the shared store could not be asked.
    pub away: Option<String>,
}

/// Looks at the runs of this folder and of the shared store, and brings what is due here.
///
/// # Errors
/// [`NotStarted`] when the environment's files do not say where to look.
pub async fn due(prepared: &Prepared, going: &Going) -> Result<Due, NotStarted> {
    let keeper = keeper()?;
    let world = Surroundings::find(prepared, going, &keeper).await?;
    let bucket = match world.resolve(prepared) {
        Ok(resolved) => shared::bucket(resolved.store.as_ref()).await,
        Err(not_started) => {
            world.end().await;
            return Err(not_started);
        }
    };
    world.end().await;
    let (runs, environment) = (prepared.files.runs(), &prepared.environment.name);
    let now = Timestamp::now();
    let oldest = oldest();
    let mut found = Due::default();
    let mut stored = Vec::new();
    if let Some(bucket) = &bucket {
        match store::stored(bucket.as_ref(), environment, &oldest).await {
            Ok(all) => stored = all,
            Err(Away(why)) => found.away = Some(one_line(&why)),
        }
        for run in stored.iter().filter(|run| !run.ended && run.bytes() > 0) {
            if let Err(Away(why)) = store::pull(bucket.as_ref(), &runs, environment, run).await {
                found.away = Some(one_line(&why));
            }
        }
    }
    let mut folders = store::newest_runs(&runs, environment, RUNS_MAX);
    folders.reverse();
    for folder in folders {
        let Some(run) = folder.file_name().and_then(|name| name.to_str()).map(str::to_owned) else { continue };
        let known = stored.iter().find(|stored| stored.run == run);
        if run < oldest || known.is_some_and(|known| known.ended) {
            continue;
        }
        let Ok(Recorded { history, .. }) = Recorded::read(&folder) else { continue };
        match history.detached.filter(|due| *due > now) {
            // Whoever stopped a run did not want it to go on.
            _ if history.ended || history.interrupted.is_some() => {}
            Some(due) => found.later.push((run, due)),
            None if folder.with_extension("lease").exists() => found.at_work.push(run),
            None => found.ready.push(folder),
        }
    }
    Ok(found)
}

/// The run that an earlier attempt of this job has left, if it can be gone on with.
///
/// # Errors
/// Those of [`due`].
pub async fn left_by_job(prepared: &Prepared, going: &Going) -> Result<Option<Recorded>, NotStarted> {
    let Some(job) = &going.occasion.job else { return Ok(None) };
    let found = Box::pin(due(prepared, going)).await?;
    let mut left = found.ready.iter().rev().filter_map(|folder| Recorded::read(folder).ok());
    Ok(left.find(|recorded| recorded.history.occasion.job.as_ref() == Some(job)))
}
