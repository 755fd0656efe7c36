//! A run's journal on its way into the shared store, beside the run.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::Recorded;
use crate::port::{Away, Objects};
use crate::store::{self, Mirror};

/// The store comes so far behind the run.
const BEHIND: Duration = Duration::from_secs(1);
/// At its end a run waits so long for the store, and no longer: the next one writes the rest.
const END_LONGEST: Duration = Duration::from_secs(15);
/// So many earlier runs may still have something to write.
const RUNS_MAX: usize = 20;

/// A journal that is being written into the store.
pub(super) struct Mirrored {
    stop: oneshot::Sender<bool>,
    task: JoinHandle<Result<(), Away>>,
}

/// Begins; what earlier runs of this folder could not write comes first.
pub(super) fn start(objects: Arc<dyn Objects>, runs: &Path, environment: &str, run: &str, sent: u64) -> Mirrored {
    let (stop, mut stopped) = oneshot::channel();
    let path = runs.join(environment).join(run);
    let mut mirror = Mirror::new(objects.clone(), environment, run, &path, sent);
    let (runs, environment, run) = (runs.to_owned(), environment.to_owned(), run.to_owned());
    let task = tokio::spawn(async move {
        // Whether it is behind is told at the end, when it counts.
        let _ = mirror.push().await;
        let _ = catch_up(&objects, &runs, &environment, &run).await;
        loop {
            tokio::select! {
                ended = &mut stopped => return if ended == Ok(true) { mirror.end().await } else { mirror.push().await },
                () = tokio::time::sleep(BEHIND) => {}
            }
            let _ = mirror.push().await;
        }
    });
    Mirrored { stop, task }
}

impl Mirrored {
    /// Writes the rest: why that could not be done.
    pub(super) async fn end(self, ended: bool) -> Option<String> {
        // A task that is gone has ended, and says so below.
        let _ = self.stop.send(ended);
        let abort = self.task.abort_handle();
        match tokio::time::timeout(END_LONGEST, self.task).await {
            Ok(Ok(Ok(()))) => None,
            Ok(Ok(Err(Away(why)))) => Some(why),
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => {
                abort.abort();
                Some(format!("no answer within {} s", END_LONGEST.as_secs()))
            }
        }
    }
}

/// Writes what the store lacks of runs that are over on this machine.
async fn catch_up(objects: &Arc<dyn Objects>, runs: &Path, environment: &str, but: &str) -> Result<(), Away> {
    let folders = store::newest_runs(runs, environment, RUNS_MAX);
    let id = |folder: &Path| folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let Some(oldest) = folders.last().map(|folder| id(folder)) else { return Ok(()) };
    // Ids that are listed come behind this one.
    let after = oldest.get(..oldest.len().saturating_sub(1)).unwrap_or_default();
    let stored = store::stored(objects.as_ref(), environment, after).await?;
    for folder in folders.iter().rev() {
        let run = id(folder);
        let known = stored.iter().find(|stored| stored.run == run);
        let is_at_work = folder.with_extension("lease").exists();
        if run == but || is_at_work || known.is_some_and(|known| known.ended) {
            continue;
        }
        let Ok(Recorded { history, .. }) = Recorded::read(folder) else { continue };
        let sent = known.map_or(0, store::Stored::bytes);
        let mut mirror = Mirror::new(objects.clone(), environment, &run, folder, sent);
        if history.ended { mirror.end().await? } else { mirror.push().await? }
    }
    Ok(())
}
