//! How long runs are kept: their folders, and what the shared store has of them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp};

use super::Recorded;
use crate::model::environment::Keep;
use crate::port::{Away, Objects};
use crate::store;

/// So many of the newest runs stay whatever else is said: budgets, comparisons and look-backs are made from them.
const NEWEST: usize = 20;
/// So long a run may still wait, or be looked back at.
const OPEN: Duration = Duration::from_hours(8 * 24);
/// So much is looked at, and so much taken away, at the end of one run.
const RUNS_MAX: usize = 10_000;
const OBJECTS_MAX: usize = 200;

/// Takes away what is older than it is kept, or more than is kept. What cannot be taken away is tried again by the next run.
pub(super) fn prune(runs: &Path, environment: &str, keep: Keep) {
    let now = SystemTime::now();
    let mut kept = 0_u64;
    for (at, folder) in store::newest_runs(runs, environment, RUNS_MAX).into_iter().enumerate() {
        let size = size_of(&folder);
        let age = written(&folder).and_then(|at| now.duration_since(at).ok()).unwrap_or_default();
        let is_over = age > Duration::from_hours(24 * u64::from(keep.days)) || kept + size > keep.mib << 20;
        if at < NEWEST || !is_over || is_open(&folder, age) {
            kept += size;
        } else {
            // Whoever reads it at this moment has it open.
            let _ = std::fs::remove_dir_all(&folder);
        }
    }
}

/// Whether a run may still be gone on with or looked back at. One that cannot be read is nobody's any more when it is old.
fn is_open(folder: &Path, age: Duration) -> bool {
    let settled = |history: &crate::history::History| {
        history.ended
            && history
                .plan
                .judged()
                .all(|scenario| history.rows_of(scenario).is_none() || history.receipts.contains_key(&scenario.id))
    };
    folder.with_extension("lease").exists()
        || (age < OPEN && !Recorded::read(folder).is_ok_and(|recorded| settled(&recorded.history)))
}

fn written(folder: &Path) -> Option<SystemTime> {
    std::fs::metadata(folder.join("journal.jsonl")).ok()?.modified().ok()
}

fn size_of(folder: &Path) -> u64 {
    let files = |folder: PathBuf| std::fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = files(folder.to_owned()).chain(files(folder.join("evidence"))).filter_map(|file| file.metadata().ok());
    sizes.filter(std::fs::Metadata::is_file).map(|file| file.len()).sum()
}

/// The same in the shared store, by age alone: a bucket has room, and nobody waits so long.
///
/// # Errors
/// [`Away`].
pub(super) async fn prune_store(objects: &Arc<dyn Objects>, environment: &str, keep: Keep) -> Result<(), Away> {
    let kept = SignedDuration::from_hours(24 * i64::from(keep.days)).max(SignedDuration::from_hours(8 * 24));
    let now = Timestamp::now();
    // Run ids begin with their time.
    let oldest = store::second(now.saturating_sub(kept).unwrap_or(now));
    let prefix = format!("runs/{environment}/");
    let keys = objects.list(&prefix, "").await?;
    let is_old = |key: &&String| key.strip_prefix(&prefix).is_some_and(|rest| rest < oldest.as_str());
    for key in keys.iter().filter(is_old).take(OBJECTS_MAX) {
        objects.delete(key).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run of so many days ago.
    fn run(runs: &Path, number: usize, journal: &str, days: u64) -> PathBuf {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/journals/v1").join(journal);
        let folder = runs.join("local").join(format!("2026{number:04}"));
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::copy(from, folder.join("journal.jsonl")).expect("a journal");
        let journal = std::fs::File::options().append(true).open(folder.join("journal.jsonl")).expect("a journal");
        journal.set_modified(SystemTime::now() - Duration::from_hours(24 * days)).expect("a time");
        folder
    }

    #[test]
    fn old_runs_go_and_those_that_wait_or_are_the_newest_stay() {
        let runs = tempfile::tempdir().expect("a folder");
        let old: Vec<PathBuf> = (0..5).map(|number| run(runs.path(), number, "passed.jsonl", 91)).collect();
        let young = run(runs.path(), 10, "failed-admin-500.jsonl", 9);
        let waiting = run(runs.path(), 11, "waiting.jsonl", 2);
        let newest: Vec<PathBuf> =
            (100..100 + NEWEST).map(|number| run(runs.path(), number, "passed.jsonl", 400)).collect();
        let at_work = run(runs.path(), 5, "passed.jsonl", 91);
        std::fs::write(at_work.with_extension("lease"), "process 1").expect("a lease");
        prune(runs.path(), "local", Keep::default());
        assert!(old.iter().all(|folder| !folder.exists()), "they are too old");
        assert!(newest.iter().chain([&young, &waiting, &at_work]).all(|folder| folder.exists()));
        prune(runs.path(), "local", Keep { mib: 0, ..Keep::default() });
        assert!(!young.exists(), "there is no room for it");
        assert!(newest.iter().chain([&waiting, &at_work]).all(|folder| folder.exists()));
    }
}
