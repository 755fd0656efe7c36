//! A run's journal on its way into the shared store, beside the run.

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::Recorded;
use super::keep::prune_store;
use super::passed::line_of;
use crate::model::environment::Keep;
use crate::model::line::RunLine;
use crate::port::{Away, Lease, Objects, Taken};
use crate::reading::one_line;
use crate::store::{self, Lines, Mirror};

/// The store comes so far behind the run.
const BEHIND: Duration = Duration::from_secs(1);
/// At its end a run waits so long for the store, and no longer: the next one writes the rest.
const END_LONGEST: Duration = Duration::from_secs(15);
/// A build machine that cancels a job kills it 10 s later, and the browsers have most of that.
const STOPPED_LONGEST: Duration = Duration::from_secs(2);
/// How far back runs of other machines are looked at, and how many of them.
const LOOKED_BACK: SignedDuration = SignedDuration::from_hours(48);
const RECALLED_MAX: usize = 60;
/// A run begins without what the store does not tell by then.
const RECALL_LONGEST: Duration = Duration::from_secs(20);
/// So many earlier runs may still have something to write.
const RUNS_MAX: usize = 20;

/// Before others go on with what is shared, the store is to know what this run has done with it; no longer than this.
const FLUSH_LONGEST: Duration = Duration::from_secs(5);

/// A journal that is being written into the store.
pub(super) struct Mirrored {
    stop: oneshot::Sender<bool>,
    task: JoinHandle<Result<(), Away>>,
    flush: Flush,
}

/// Has the journal written up to now.
type Flush = mpsc::Sender<oneshot::Sender<bool>>;

/// The lease of a run whose journal goes into the store: whoever has it next can read there what was done under it.
pub(super) struct Flushing {
    lease: Arc<dyn Lease>,
    flush: OnceLock<Flush>,
}

impl Flushing {
    pub(super) fn new(lease: Arc<dyn Lease>) -> Self {
        Self { lease, flush: OnceLock::new() }
    }

    /// From now on.
    pub(super) fn by(&self, mirrored: &Mirrored) {
        // There is one journal for each run.
        let _ = self.flush.set(mirrored.flush.clone());
    }
}

/// Whether all was written that was there.
async fn flushed(flush: &Flush) -> bool {
    let (done, written) = oneshot::channel();
    let asked = async { flush.send(done).await.is_ok() && written.await == Ok(true) };
    tokio::time::timeout(FLUSH_LONGEST, asked).await.unwrap_or(false)
}

#[async_trait]
impl Lease for Flushing {
    async fn take(&self, patience_ms: u64) -> Taken {
        self.lease.take(patience_ms).await
    }

    async fn sure(&self) -> Result<Option<String>, String> {
        self.lease.sure().await
    }

    async fn others(&self) -> Option<String> {
        self.lease.others().await
    }

    async fn give_back(&self) {
        if let Some(flush) = self.flush.get() {
            // A store that is away keeps nobody waiting.
            flushed(flush).await;
        }
        self.lease.give_back().await;
    }
}

/// Begins; what earlier runs of this folder could not write comes first.
pub(super) fn start(
    objects: Arc<dyn Objects>,
    runs: &Path,
    environment: (&str, Keep),
    run: &str,
    sent: u64,
) -> Mirrored {
    let (environment, keep) = environment;
    let (stop, mut stopped) = oneshot::channel();
    let (flush, mut flushes) = mpsc::channel::<oneshot::Sender<bool>>(1);
    let path = runs.join(environment).join(run);
    let mut mirror = Mirror::new(objects.clone(), environment, run, &path, sent);
    let (runs, environment, run) = (runs.to_owned(), environment.to_owned(), run.to_owned());
    let task = tokio::spawn(async move {
        // Whether it is behind is told at the end, when it counts.
        let _ = mirror.push().await;
        // Beside it, so that a run never waits for an earlier one.
        let mut beside = tokio::task::JoinSet::new();
        beside.spawn(async move {
            let _ = catch_up(&objects, &runs, &environment, &run).await;
            let _ = prune_store(&objects, &environment, keep).await;
        });
        loop {
            tokio::select! {
                ended = &mut stopped => {
                    let written = if ended == Ok(true) { mirror.end().await } else { mirror.push().await };
                    let _ = tokio::time::timeout(FLUSH_LONGEST, beside.join_next()).await;
                    return written;
                }
                Some(done) = flushes.recv() => {
                    // Whoever asked may have given up.
                    let _ = done.send(mirror.push().await.is_ok());
                }
                () = tokio::time::sleep(BEHIND) => {
                    let _ = mirror.push().await;
                }
            }
        }
    });
    Mirrored { stop, task, flush }
}

impl Mirrored {
    /// Writes what is there now: whether that was done.
    pub(super) async fn flush(&self) -> bool {
        flushed(&self.flush).await
    }

    /// Writes the rest: why that could not be done. Whoever was stopped is killed soon, and has no time for it.
    pub(super) async fn end(self, ended: bool, was_stopped: bool) -> Option<String> {
        let longest = if was_stopped { STOPPED_LONGEST } else { END_LONGEST };
        // A task that is gone has ended, and says so below.
        let _ = self.stop.send(ended);
        let abort = self.task.abort_handle();
        match tokio::time::timeout(longest, self.task).await {
            Ok(Ok(Ok(()))) => None,
            Ok(Ok(Err(Away(why)))) => Some(one_line(&why)),
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => {
                abort.abort();
                Some(format!("no answer within {} s", longest.as_secs()))
            }
        }
    }
}

/// Leaves the line of a run that is over: why that could not be done.
pub(super) async fn write_line(objects: Arc<dyn Objects>, line: &RunLine) -> Option<String> {
    match tokio::time::timeout(FLUSH_LONGEST, Lines::new(objects, &line.environment).write(line)).await {
        Ok(Ok(())) => None,
        Ok(Err(Away(why))) => Some(one_line(&why)),
        Err(_) => Some(format!("no answer within {} s", FLUSH_LONGEST.as_secs())),
    }
}

/// Brings what other machines have done lately to this one: what was asked for, when it last passed, which job is to be looked back at.
/// Why that could not be known.
pub(super) async fn recall(objects: &Arc<dyn Objects>, runs: &Path, environment: &str) -> Option<String> {
    let brought = async {
        let mut first = Ok(());
        for run in store::stored(objects.as_ref(), environment, &oldest()).await?.iter().rev().take(RECALLED_MAX) {
            // One that cannot be read says nothing of the others; one that is put together just now is read once more.
            if run.bytes() > 0 && store::pull(objects.as_ref(), runs, environment, run).await.is_err() {
                first = first.and(fetch(objects, runs, environment, &run.run).await.map(|_| ()));
            }
        }
        first
    };
    match tokio::time::timeout(RECALL_LONGEST, brought).await {
        Ok(Ok(())) => None,
        Ok(Err(Away(why))) => Some(why),
        Err(_) => Some(format!("no answer within {} s", RECALL_LONGEST.as_secs())),
    }
}

/// Brings what the store has of one run here: how many bytes that are.
///
/// # Errors
/// [`Away`].
pub(super) async fn fetch(objects: &Arc<dyn Objects>, runs: &Path, environment: &str, run: &str) -> Result<u64, Away> {
    let all = store::stored(objects.as_ref(), environment, before(run)).await?;
    let Some(stored) = all.iter().find(|stored| stored.run == run) else { return Ok(0) };
    store::pull(objects.as_ref(), runs, environment, stored).await?;
    Ok(stored.bytes())
}

/// What is listed behind this begins with the run itself.
fn before(run: &str) -> &str {
    run.get(..run.len().saturating_sub(1)).unwrap_or_default()
}

/// Runs whose ids come behind this one are looked at: every window of older ones is over.
pub(super) fn oldest() -> String {
    let now = Timestamp::now();
    store::second(now.saturating_sub(LOOKED_BACK).unwrap_or(now))
}

/// Writes what the store lacks of runs that are over on this machine.
async fn catch_up(objects: &Arc<dyn Objects>, runs: &Path, environment: &str, but: &str) -> Result<(), Away> {
    let folders = store::newest_runs(runs, environment, RUNS_MAX);
    let id = |folder: &Path| folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let Some(oldest) = folders.last().map(|folder| id(folder)) else { return Ok(()) };
    let stored = store::stored(objects.as_ref(), environment, before(&oldest)).await?;
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
        if history.ended {
            Lines::new(objects.clone(), environment).write(&line_of(&history)).await?;
            mirror.end().await?;
        } else {
            mirror.push().await?;
        }
    }
    Ok(())
}
