//! The named queues and the worker that empties them. API and worker meet only here, as in the real service, so
//! either can be stopped while the other goes on.

mod deliver;
mod jobs;
mod reset_mail;

pub(crate) use deliver::OTHER_SENDER;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_ses::config::{BehaviorVersion, Region};
use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::World;
use crate::aws::s3::{Part, Uploads};
use crate::aws::{REGION, credentials, http_client, retries, sleep};
use crate::fault::{Effect, Site};

/// The real worker has four forks for all queues.
const FORKS: usize = 4;
/// `notify-internal-tasks` carries Notify's own mails and codes.
pub(crate) const INTERNAL: &str = "notify-internal-tasks";
pub(crate) const PERIODIC: &str = "periodic-tasks";
pub(crate) const JOBS: &str = "job-tasks";
const DATABASE: &str = "database-tasks";
const SEND_EMAIL: &str = "send-email-tasks";
const SEND_SMS: &str = "send-sms-tasks";
const CHECK_SMS: &str = "check-sms_tasks";
/// 48 retries of 300 s: what the real service does before it gives a message up.
const RETRIES_MAX: u32 = 48;
const RETRY_AFTER: Duration = Duration::from_mins(5);
/// Waiting tasks per queue at most; the real broker has no bound, but the sandbox must not eat the machine.
const QUEUE_MAX: usize = 10_000;
/// What one row of another service's job takes of a fork: measured, 300 rows held ours up for 9 s.
const BUSY_ROW: Duration = Duration::from_millis(60);

/// One thing for the worker to do.
#[derive(Debug, Clone)]
pub(crate) enum Task {
    /// Send this reset mail; link and greeting are part of the task, as personalisation is in the real one.
    DeliverReset { notification: String, name: String, link: String },
    /// Text this code.
    DeliverCode { notification: String, body: String },
    /// Look for jobs whose time has come.
    RunScheduledJobs { before: Timestamp },
    /// Read a job's file and queue its rows.
    ProcessJob { job: String },
    /// Make the notification of one row.
    SaveRow { row: jobs::FileRow },
    /// Send the message of one row.
    DeliverRow { notification: String },
    /// Look once into the log of what was texted.
    CheckText { notification: String },
    /// SES has told of a delivery, or that there is no such mailbox.
    MailReceipt { reference: String, delivered: bool },
    /// A row of another service's job: first saved, then sent.
    Busy { saved: bool },
}

impl Task {
    /// The notification that is given up when no retry is left.
    fn notification(&self) -> Option<&str> {
        match self {
            Self::DeliverReset { notification, .. }
            | Self::DeliverCode { notification, .. }
            | Self::DeliverRow { notification } => Some(notification),
            Self::RunScheduledJobs { .. }
            | Self::ProcessJob { .. }
            | Self::SaveRow { .. }
            | Self::CheckText { .. }
            | Self::MailReceipt { .. }
            | Self::Busy { .. } => None,
        }
    }

    /// How long after a failed try the next one comes: a text is tried once more at once.
    fn retry_after(&self, queue: &str, retries: u32) -> Duration {
        let is_text = matches!(self, Self::DeliverCode { .. }) || queue == SEND_SMS;
        if is_text && retries == 0 { Duration::ZERO } else { RETRY_AFTER }
    }
}

#[derive(Debug)]
struct Waiting {
    task: Task,
    not_before: Instant,
    retries: u32,
}

/// All queues, by name, and which of them is asked first next time: none waits for another to be empty.
#[derive(Debug, Default)]
struct Lines {
    queues: BTreeMap<&'static str, VecDeque<Waiting>>,
    turn: usize,
}

/// All queues. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Queues {
    lines: Arc<Mutex<Lines>>,
    changed: Arc<Notify>,
}

impl Queues {
    pub(crate) fn put(&self, queue: &'static str, task: Task) {
        self.put_later(queue, task, Duration::ZERO, 0);
    }

    fn put_later(&self, queue: &'static str, task: Task, delay: Duration, retries: u32) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = lines.queues.entry(queue).or_default();
        if queue.len() < QUEUE_MAX {
            queue.push_back(Waiting { task, not_before: Instant::now() + delay, retries });
        }
        drop(lines);
        self.changed.notify_waiters();
    }

    fn take(&self) -> Option<(&'static str, Waiting)> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let count = lines.queues.len();
        let names: Vec<&'static str> = lines.queues.keys().copied().collect();
        for step in 0..count {
            let name = names[(lines.turn + step) % count];
            let Some(queue) = lines.queues.get_mut(name) else { continue };
            let Some(due) = queue.iter().position(|waiting| waiting.not_before <= now) else { continue };
            let taken = queue.remove(due);
            lines.turn = (lines.turn + step + 1) % count;
            return taken.map(|waiting| (name, waiting));
        }
        None
    }

    pub(crate) fn clear(&self) {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).queues.clear();
    }
}

/// The worker's ways out.
#[derive(Clone)]
struct Providers {
    ses: aws_sdk_ses::Client,
    sns: aws_sdk_sns::Client,
    uploads: Uploads,
    admin_url: String,
}

/// Starts the worker's forks.
pub(crate) fn start(world: &World, mail_url: &str, text_url: &str, admin_url: &str) {
    let ses = aws_sdk_ses::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(credentials(&world.secrets))
        .http_client(http_client())
        .endpoint_url(mail_url)
        .retry_config(retries(&world.options))
        .sleep_impl(sleep());
    let sns = aws_sdk_sns::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(credentials(&world.secrets))
        .http_client(http_client())
        .endpoint_url(text_url)
        .retry_config(retries(&world.options))
        .sleep_impl(sleep());
    let providers = Providers {
        ses: aws_sdk_ses::Client::from_conf(ses.build()),
        sns: aws_sdk_sns::Client::from_conf(sns.build()),
        uploads: world.store.uploads(Part::Worker),
        admin_url: admin_url.to_owned(),
    };
    for _ in 0..FORKS {
        tokio::spawn(fork(world.clone(), providers.clone()));
    }
}

/// Whether the worker takes nothing now: stopped, gone while a deploy is on its way, or not told of work by its broker.
fn idles(world: &World) -> bool {
    world.is_on(Site::Worker, &Effect::Stopped)
        || world.is_on(Site::Queue, &Effect::Deaf)
        || world.deploy().is_some_and(|deploy| deploy.under_way)
}

/// One fork holds a connection that was cut when the database was started again: its next message fails.
fn has_lost_its_connection(world: &World, waiting: &Waiting) -> bool {
    let message = waiting.task.notification().filter(|_| waiting.retries == 0);
    message.is_some_and(|message| world.faults.at(Site::Worker, message, "").contains(&Effect::Stale))
}

async fn fork(world: World, providers: Providers) {
    loop {
        let Some((queue, waiting)) = (if idles(&world) { None } else { world.queues.take() }) else {
            // Retries become due without anybody telling, so the wait is bounded.
            let _ = tokio::time::timeout(Duration::from_millis(50), world.queues.changed.notified()).await;
            continue;
        };
        if !has_lost_its_connection(&world, &waiting) && perform(&world, &providers, &waiting.task).await {
            continue;
        }
        if waiting.retries < RETRIES_MAX {
            let delay = world.options.scaled(waiting.task.retry_after(queue, waiting.retries));
            world.queues.put_later(queue, waiting.task, delay, waiting.retries + 1);
        } else if let Some(notification) = waiting.task.notification() {
            // Without a database there is nobody to tell.
            let _ = world.db.given_up(notification).await;
        }
    }
}

/// Does one task; whether there is nothing left to do for it.
async fn perform(world: &World, providers: &Providers, task: &Task) -> bool {
    match task {
        Task::DeliverReset { notification, name, link } => {
            deliver::reset(world, providers, notification, name, link).await
        }
        Task::DeliverCode { notification, body } => deliver::code(world, providers, notification, body).await,
        Task::DeliverRow { notification } => deliver::row(world, providers, notification).await,
        Task::RunScheduledJobs { before } => jobs::run_scheduled(world, *before).await,
        // "Received unregistered task": Celery drops it.
        Task::ProcessJob { .. } if world.is_on(Site::Worker, &Effect::Old) => true,
        Task::ProcessJob { job } => jobs::process(world, providers, job).await,
        Task::SaveRow { row } => jobs::save_row(world, row).await,
        Task::CheckText { notification } => {
            // One look and no second: without a log entry the text stays "sending". The entry of an account without quota
            // makes the real task raise, and nothing is learned of any text.
            if world.is_on(Site::Receipts, &Effect::Off) || world.is_on(Site::Sns, &Effect::OverQuota) {
                return true;
            }
            let told = !world.is_on(Site::Sns, &Effect::OptedOut);
            world.db.text_told(notification, told).await.is_ok()
        }
        Task::MailReceipt { reference, delivered } => world.db.mail_told(reference, *delivered).await.unwrap_or(false),
        Task::Busy { saved } => {
            tokio::time::sleep(BUSY_ROW).await;
            if !saved {
                world.queues.put(SEND_EMAIL, Task::Busy { saved: true });
            }
            true
        }
    }
}
