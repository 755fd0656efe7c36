//! Jobs: found when their time has come, read from the bucket, cut into rows. "Finished" means queued, not sent.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::{DATABASE, JOBS, Providers, SEND_EMAIL, SEND_SMS, Task};
use crate::World;
use crate::db::{Job, SMOKE_SERVICE_ID};
use crate::fault::{Effect, Site};
use crate::ledger::Entry;
use crate::recipients;

/// The broker hands a task out again when its worker has died with it: its visibility timeout is 310 s.
const REDELIVERED_AFTER: Duration = Duration::from_secs(310);

/// One row of a file on its way to become a notification.
#[derive(Debug, Clone)]
pub(crate) struct FileRow {
    job: Job,
    kind: String,
    number: i32,
    to: String,
    values: BTreeMap<String, String>,
    /// Whether it is taken up for the second time.
    again: bool,
}

/// Takes every job whose time lies before `before`.
pub(super) async fn run_scheduled(world: &World, before: Timestamp) -> bool {
    let Ok(jobs) = world.db.take_scheduled(before).await else { return false };
    for job in jobs {
        world.queues.put(JOBS, Task::ProcessJob { job });
    }
    true
}

/// Reads a pending job's file and queues its rows. When the bucket fails, the task fails and nobody tries again: the
/// job stays "in progress".
pub(super) async fn process(world: &World, providers: &Providers, id: &str) -> bool {
    let job = match world.db.start_job(id, world.clock.now()).await {
        Ok(Some(job)) => job,
        Ok(None) => return true,
        Err(_) => return false,
    };
    world.ledger.add(Entry::JobStarted { job: job.id.clone() });
    for effect in world.faults.at(Site::Queue, "", "") {
        if let Effect::Busy(rows) = effect {
            (0..rows).for_each(|_| world.queues.put(DATABASE, Task::Busy { saved: false }));
        }
    }
    let Ok(csv) = providers.uploads.get(SMOKE_SERVICE_ID, &job.id).await else { return true };
    // The real task reads the metadata too.
    if providers.uploads.metadata(SMOKE_SERVICE_ID, &job.id).await.is_err() {
        return true;
    }
    let Ok(Some(template)) = world.db.template(&job.template_id).await else { return false };
    let Ok(file) = recipients::File::read(&csv, &template) else { return true };
    let rows = file.rows();
    let swapped = usize::from(world.is_on(Site::Row, &Effect::Swapped));
    for (number, values) in rows.iter().enumerate() {
        let Some(to) = file.recipient_of(&rows[(number + swapped) % rows.len()]) else { continue };
        let values = values.clone();
        let number = i32::try_from(number).unwrap_or(i32::MAX);
        let row = FileRow { job: job.clone(), kind: template.kind.clone(), number, to, values, again: false };
        world.queues.put(DATABASE, Task::SaveRow { row });
    }
    world.db.finish_job(&job.id, world.clock.now()).await.is_ok()
}

/// Makes the notification of a row and queues its sending. In trial mode a stranger's row is dropped without a word.
pub(super) async fn save_row(world: &World, row: &FileRow) -> bool {
    let Ok((restricted, _)) = world.db.limits().await else { return false };
    match world.db.is_team_member(&row.to).await {
        Ok(false) if restricted => return true,
        Ok(_) => {}
        Err(_) => return false,
    }
    let effects = world.faults.at(Site::Row, &format!("{} {}", row.job.id, row.number), "");
    if effects.contains(&Effect::Lost) {
        return true;
    }
    if effects.contains(&Effect::Redelivered) && !row.again {
        let again = Task::SaveRow { row: FileRow { again: true, ..row.clone() } };
        world.queues.put_later(DATABASE, again, world.options.scaled(REDELIVERED_AFTER), 0);
        return true;
    }
    for effect in effects.iter().filter(|_| !row.again) {
        if let Effect::Again(after) = effect {
            // "Check for missing rows" finds one missing that is not, and makes it again.
            let again = Task::SaveRow { row: FileRow { again: true, ..row.clone() } };
            world.queues.put_later(DATABASE, again, *after, 0);
        }
    }
    let mut values = row.values.clone();
    if effects.contains(&Effect::WrongPersonalisation) {
        values.insert("row".to_owned(), String::new());
    }
    let copies = if effects.contains(&Effect::Twice) { 2 } else { 1 };
    for _ in 0..copies {
        let saved = world.db.save_row(&row.job, row.number, &row.to, &values, world.clock.now()).await;
        let Ok(notification) = saved else { return false };
        let queue = if row.kind == "sms" { SEND_SMS } else { SEND_EMAIL };
        world.queues.put(queue, Task::DeliverRow { notification });
    }
    true
}
