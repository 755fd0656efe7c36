//! The named queues and the worker that empties them. API and worker meet only here, as in the real service, so
//! either can be stopped while the other goes on.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_ses::config::retry::RetryConfig;
use aws_sdk_ses::config::{BehaviorVersion, Region};
use aws_sdk_ses::types::{Body, Content, Destination, Message};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::World;
use crate::aws::{REGION, credentials, http_client};
use crate::db::Mail;
use crate::fault::{Effect, Site};
use crate::ready::SMS_SENDER;

/// The real worker has four forks for all queues.
const FORKS: usize = 4;
/// `notify-internal-tasks` carries Notify's own mails and codes.
pub(crate) const INTERNAL: &str = "notify-internal-tasks";
/// 48 retries of 300 s: what the real service does before it gives a message up.
const RETRIES_MAX: u32 = 48;
const RETRY_AFTER: Duration = Duration::from_mins(5);
/// boto tries five times in about eight seconds.
const SDK_ATTEMPTS: u32 = 5;
const SDK_BACKOFF: Duration = Duration::from_secs(1);
const SDK_BACKOFF_MAX: Duration = Duration::from_secs(4);
/// The number of another environment.
const OTHER_SENDER: &str = "+18337581259";
/// Waiting tasks per queue at most; the real broker has no bound, but the sandbox must not eat the machine.
const QUEUE_MAX: usize = 10_000;

/// One thing for the worker to do.
#[derive(Debug, Clone)]
pub(crate) enum Task {
    /// Send this notification; link and greeting are part of the task, as personalisation is in the real one.
    DeliverEmail { notification: String, name: String, link: String },
    /// Text this notification.
    DeliverSms { notification: String, body: String },
}

impl Task {
    fn notification(&self) -> &str {
        match self {
            Self::DeliverEmail { notification, .. } | Self::DeliverSms { notification, .. } => notification,
        }
    }

    /// How long after a failed try the next one comes: a text is tried once more at once.
    fn retry_after(&self, retries: u32) -> Duration {
        match self {
            Self::DeliverSms { .. } if retries == 0 => Duration::ZERO,
            Self::DeliverSms { .. } | Self::DeliverEmail { .. } => RETRY_AFTER,
        }
    }
}

#[derive(Debug)]
struct Waiting {
    task: Task,
    not_before: Instant,
    retries: u32,
}

/// All queues, by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Queues {
    waiting: Arc<Mutex<BTreeMap<&'static str, VecDeque<Waiting>>>>,
    changed: Arc<Notify>,
}

impl Queues {
    pub(crate) fn put(&self, queue: &'static str, task: Task) {
        self.put_later(queue, task, Duration::ZERO, 0);
    }

    fn put_later(&self, queue: &'static str, task: Task, delay: Duration, retries: u32) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = waiting.entry(queue).or_default();
        if queue.len() < QUEUE_MAX {
            queue.push_back(Waiting { task, not_before: Instant::now() + delay, retries });
        }
        drop(waiting);
        self.changed.notify_waiters();
    }

    fn take(&self) -> Option<(&'static str, Waiting)> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        waiting.iter_mut().find_map(|(name, queue)| {
            let due = queue.iter().position(|waiting| waiting.not_before <= now)?;
            queue.remove(due).map(|waiting| (*name, waiting))
        })
    }

    pub(crate) fn clear(&self) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// The worker's ways out.
#[derive(Clone)]
struct Providers {
    ses: aws_sdk_ses::Client,
    sns: aws_sdk_sns::Client,
    admin_url: String,
}

/// Starts the worker's forks.
pub(crate) fn start(world: &World, mail_url: &str, text_url: &str, admin_url: &str) {
    let retries = || {
        RetryConfig::standard()
            .with_max_attempts(SDK_ATTEMPTS)
            .with_initial_backoff(world.options.scaled(SDK_BACKOFF))
            .with_max_backoff(world.options.scaled(SDK_BACKOFF_MAX))
    };
    let ses = aws_sdk_ses::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(credentials(&world.secrets))
        .http_client(http_client())
        .endpoint_url(mail_url)
        .retry_config(retries())
        .sleep_impl(aws_sdk_ses::config::SharedAsyncSleep::new(Sleep));
    let sns = aws_sdk_sns::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(credentials(&world.secrets))
        .http_client(http_client())
        .endpoint_url(text_url)
        .retry_config(retries())
        .sleep_impl(aws_sdk_ses::config::SharedAsyncSleep::new(Sleep));
    let providers = Providers {
        ses: aws_sdk_ses::Client::from_conf(ses.build()),
        sns: aws_sdk_sns::Client::from_conf(sns.build()),
        admin_url: admin_url.to_owned(),
    };
    for _ in 0..FORKS {
        tokio::spawn(fork(world.clone(), providers.clone()));
    }
}

/// The SDK's sleep, by the runtime's clock.
#[derive(Debug)]
struct Sleep;

impl aws_sdk_ses::config::AsyncSleep for Sleep {
    fn sleep(&self, duration: Duration) -> aws_sdk_ses::config::Sleep {
        aws_sdk_ses::config::Sleep::new(tokio::time::sleep(duration))
    }
}

async fn fork(world: World, providers: Providers) {
    loop {
        let stopped = world.faults.is_on(Site::Worker, &Effect::Stopped);
        let Some((queue, waiting)) = (if stopped { None } else { world.queues.take() }) else {
            // Retries become due without anybody telling, so the wait is bounded.
            let _ = tokio::time::timeout(Duration::from_millis(50), world.queues.changed.notified()).await;
            continue;
        };
        let done = match &waiting.task {
            Task::DeliverEmail { notification, name, link } => {
                deliver_email(&world, &providers, notification, name, link).await
            }
            Task::DeliverSms { notification, body } => deliver_sms(&world, &providers, notification, body).await,
        };
        if done {
            continue;
        }
        if waiting.retries < RETRIES_MAX {
            let delay = world.options.scaled(waiting.task.retry_after(waiting.retries));
            world.queues.put_later(queue, waiting.task, delay, waiting.retries + 1);
        } else {
            // Without a database there is nobody to tell.
            let _ = world.db.given_up(waiting.task.notification()).await;
        }
    }
}

/// Whether there is nothing left to do for this text.
async fn deliver_sms(world: &World, providers: &Providers, id: &str, body: &str) -> bool {
    let to = match world.db.text_to_send(id).await {
        Ok(Some(to)) => to,
        Ok(None) => return true,
        Err(_) => return false,
    };
    let other = world.faults.is_on(Site::Sender, &Effect::Other);
    let from = if other { OTHER_SENDER } else { SMS_SENDER };
    let text = |value: &str| {
        aws_sdk_sns::types::MessageAttributeValue::builder().data_type("String").string_value(value).build().ok()
    };
    let (Some(kind), Some(from)) = (text("Transactional"), text(from)) else { return false };
    let sent = providers
        .sns
        .publish()
        .phone_number(to)
        .message(body)
        .message_attributes("AWS.SNS.SMS.SMSType", kind)
        .message_attributes("AWS.MM.SMS.OriginationNumber", from)
        .send()
        .await;
    sent.is_ok() && world.db.text_sent(id).await.is_ok()
}

/// Whether there is nothing left to do for this notification.
async fn deliver_email(world: &World, providers: &Providers, id: &str, name: &str, link: &str) -> bool {
    let mail = match world.db.mail_to_send(id).await {
        Ok(Some(mail)) => mail,
        Ok(None) => return true,
        Err(_) => return false,
    };
    let Some(request) = reset_mail(&mail, name, link, &providers.admin_url) else { return false };
    let sent = providers
        .ses
        .send_email()
        .source(format!("\"{}\" <{}>", mail.from_name, mail.from_address))
        .destination(Destination::builder().to_addresses(&mail.to).build())
        .message(request)
        .send()
        .await;
    match sent {
        Ok(answer) => world.db.mail_sent(id, answer.message_id()).await.is_ok(),
        Err(_) => false,
    }
}

/// The reset mail: subject, greeting and the two forms of the link as observed, the prose between them our own.
fn reset_mail(mail: &Mail, name: &str, link: &str, admin_url: &str) -> Option<Message> {
    let (before_query, query) = link.split_once('?').map_or((link, String::new()), |(l, q)| (l, format!("?{q}")));
    let (prefix, token) = before_query.rsplit_once('/')?;
    let text_link = format!("{prefix}/{}{query}", token.replace('.', "%2E"));
    let text = format!(
        "Hi {name},\n\nSomebody asked for a new password for {to} on {admin_url}.\n\nIf it was not you, there is \
         nothing to do: the old password stays.\n\nTo choose a new one, open this link within the hour:\n\n{text_link}\n",
        to = mail.to
    );
    let html = maud::html! {
        html lang="en" { body {
            p { a href="https://beta.notify.gov" { "U.S. Notify" } }
            p { "Hi " (name) "," }
            p { "Somebody asked for a new password for " (mail.to) "." }
            p { "If it was not you, there is nothing to do: the old password stays." }
            p { "To choose a new one, open this link within the hour:" }
            p { a href=(link) { (link) } }
        } }
    };
    let content = |data: String| Content::builder().data(data).charset("UTF-8").build().ok();
    let body = Body::builder().set_text(content(text)).set_html(content(html.into_string())).build();
    let subject = content("Reset your U.S. Notify password".to_owned());
    Some(Message::builder().set_subject(subject).body(body).build())
}
