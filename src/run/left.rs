//! Runs of this environment that nobody works on any more, on whichever machine they were begun: the next run tells of them, and
//! ends those that nobody will go on with.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use super::stage::Stage;
use super::{Recorded, mirrored, passed};
use crate::history::History;
use crate::journal::{Journal, Replay};
use crate::model::{Fact, LeftRun, Plan};
use crate::redact::Vault;
use crate::store::{self, RunFolder};

/// As far back as is looked.
const RUNS_MAX: usize = 50;
/// A run that nobody has gone on with for so long is over: the longest run, and as much again.
const OVER_AFTER: SignedDuration = SignedDuration::from_hours(4);

/// What was left, the newest first; what is over is written into its journal.
pub(super) async fn left(stage: &Stage<'_>, plan: &Plan, runs: &Path, run: &str) -> Vec<LeftRun> {
    let now = Timestamp::now();
    let mut left = Vec::new();
    for folder in store::newest_runs(runs, &plan.environment, RUNS_MAX) {
        let Ok(Recorded { history, .. }) = Recorded::read(&folder) else { continue };
        let waits = history.detached.is_some_and(|due| due.saturating_add(OVER_AFTER).is_ok_and(|over| over > now));
        if history.ended || waits || history.plan.base_url != plan.base_url || folder.with_extension("lease").exists() {
            continue;
        }
        left.extend(of_run(stage, &history.run, &folder, run).await);
    }
    left
}

/// One run that seems to be nobody's: looked at again under its leases, and with all that the store has of it.
async fn of_run(stage: &Stage<'_>, run: &str, folder: &Path, by: &str) -> Option<LeftRun> {
    let lease = super::held::take_lease(stage.prepared, run, stage.keeper).ok()?;
    let own = stage.own(run).await.ok();
    let left = match &own {
        // The store cannot be asked whether somebody goes on with it: it is let alone.
        None => None,
        Some(None) if stage.bucket.is_some() => None,
        Some(own) => {
            let is_whole = own.is_none() || stage.fetched(run).await.is_ok();
            if is_whole { settle(stage, folder, by).await } else { None }
        }
    };
    super::held::give_back(own.flatten(), lease).await;
    left
}

async fn settle(stage: &Stage<'_>, folder: &Path, by: &str) -> Option<LeftRun> {
    let Recorded { history, replay, .. } = Recorded::read(folder).ok()?;
    if history.ended {
        return None;
    }
    let is_over = Timestamp::now().duration_since(history.last.at) > OVER_AFTER;
    let ended = is_over && end(folder, &history, &replay, by).is_some();
    if ended && let Ok(recorded) = Recorded::read(folder) {
        // The next run that finds it ended does not look after its line; what cannot be written now is no verdict's.
        let _ = mirrored::write_line(stage.objects(), &passed::line_of(&recorded.history)).await;
    }
    // Whoever stopped one knows of it.
    let is_told = ended || history.interrupted.is_none();
    is_told.then(|| LeftRun {
        run: history.run.clone(),
        job_due: history.plan.judged().find_map(|scenario| history.job_due(scenario)),
        ended,
    })
}

/// The last line of a journal. Where it cannot be written, the next run tries again.
fn end(folder: &Path, history: &History, replay: &Replay, by: &str) -> Option<()> {
    let store = RunFolder::reopen(folder, replay.whole_bytes).ok()?;
    let mut journal = Journal::go_on(Box::new(store), replay);
    let now = Timestamp::now();
    let mut append = |fact| journal.append(Vault::default().clean(fact), history.last.t, now).ok();
    if history.interrupted.is_none() {
        append(Fact::Interrupted { signal: format!("its own end; nobody went on with it, and run {by} ended it") })?;
    }
    append(Fact::RunEnded)?;
    let recorded = Recorded::read(folder).ok()?;
    // Its journal has all there is; reports can be made again from it.
    let _ = super::held::report(folder, &recorded.history, false);
    Some(())
}
