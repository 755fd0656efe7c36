//! A bucket that an SES receipt rule writes raw mails into.
//!
//! Objects have random names, so no name is "after" another: what was there before the trigger is a set of ids.
//! Source: <https://docs.aws.amazon.com/ses/latest/dg/receiving-email-action-s3.html>.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::error::SdkError;
use jiff::Timestamp;
use tokio::sync::Mutex;

use super::mime;
use crate::aws::{S3, reason};
use crate::model::{FailureKind, PortFailure};
use crate::port::{Inbox, Mark, RawMessage, Sighting, Which};

/// Objects that are listed at most; a smoke mailbox with more wants a lifecycle rule.
const OBJECTS_MAX: usize = 10_000;
/// Of a mail, this much is read: a reset mail has a few thousand bytes.
const MAIL_BYTES_MAX: u64 = 512 * 1024;
/// New mails that one look reads at most; what is left is read by the next.
const MAILS_PER_LOOK: usize = 200;
/// What SES writes once when the rule is made: it shows that SES can write here, and is no mail.
const SETUP_NOTIFICATION: &str = "AMAZON_SES_SETUP_NOTIFICATION";
/// Set on objects that were encrypted before they came to S3.
/// Source: <https://docs.aws.amazon.com/ses/latest/dg/receiving-email-encryption.html>.
const CLIENT_SIDE_KEYS: [&str; 3] = ["x-amz-key-v2", "x-amz-key", "x-amz-cek-alg"];

/// The mailbox.
pub struct SesS3Inbox {
    s3: S3,
    bucket: String,
    prefix: String,
    alive_within: Duration,
    /// What was read already; it never changes. What cannot be read has its reason.
    read: Mutex<BTreeMap<String, Result<RawMessage, String>>>,
}

struct Listed {
    key: String,
    modified: Option<Timestamp>,
}

impl SesS3Inbox {
    /// The mailbox under `prefix` of `bucket`; if nothing came for longer than `alive_within`, nothing shows that it is alive.
    pub fn new(s3: S3, bucket: String, prefix: String, alive_within: Duration) -> Self {
        Self { s3, bucket, prefix, alive_within, read: Mutex::new(BTreeMap::new()) }
    }

    fn failed(&self, what: &str, why: &str) -> PortFailure {
        let text = format!(
            "the mailbox s3://{}/{} {what}: {why}. Look at the bucket's name, region and credentials in the environment file",
            self.bucket, self.prefix
        );
        PortFailure::new(FailureKind::Mailbox, text)
    }

    async fn list(&self) -> Result<Vec<Listed>, PortFailure> {
        let mut listed = Vec::new();
        let mut next = None;
        loop {
            let page = self
                .s3
                .client
                .list_objects_v2()
                .bucket(&self.bucket)
                .prefix(&self.prefix)
                .set_continuation_token(next)
                .send()
                .await;
            let page = page.map_err(|error| self.failed("cannot be listed", &reason(&error)))?;
            listed.extend(page.contents().iter().filter_map(|object| {
                let modified = object.last_modified().and_then(|time| Timestamp::from_second(time.secs()).ok());
                Some(Listed { key: object.key()?.to_owned(), modified })
            }));
            if listed.len() > OBJECTS_MAX {
                return Err(self.failed(
                    "holds too much",
                    &format!("more than {OBJECTS_MAX} objects; give it a lifecycle rule of a few days"),
                ));
            }
            next = page.next_continuation_token().map(str::to_owned);
            if next.is_none() {
                return Ok(listed);
            }
        }
    }

    /// Reads one object. What the bucket says of it alone is told of it alone: a neighbour of ours blinds nobody.
    async fn fetch(&self, listed: &Listed) -> Result<Fetched, PortFailure> {
        let object = self
            .s3
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(&listed.key)
            .range(format!("bytes=0-{}", MAIL_BYTES_MAX - 1))
            .send()
            .await;
        let object = match object {
            Ok(object) => object,
            Err(SdkError::ServiceError(answer)) => {
                let status = answer.raw().status().as_u16();
                let why = reason(&SdkError::ServiceError(answer));
                return Ok(if status < 500 { Fetched::Never(why) } else { Fetched::NotNow(why) });
            }
            Err(error) => return Err(self.failed("cannot be read", &reason(&error))),
        };
        let encrypted =
            object.metadata().is_some_and(|metadata| CLIENT_SIDE_KEYS.iter().any(|key| metadata.contains_key(*key)));
        if encrypted {
            let why =
                "it is encrypted on the client's side; take the encryption option out of the receipt rule's S3 action";
            return Ok(Fetched::Never(why.to_owned()));
        }
        let mut body = object.body;
        let mut bytes: Vec<u8> = Vec::new();
        // Not every server that speaks S3 keeps to the range.
        while (bytes.len() as u64) < MAIL_BYTES_MAX {
            let Some(chunk) = body.next().await else { break };
            match chunk {
                Ok(chunk) => bytes.extend(chunk),
                Err(error) => return Ok(Fetched::NotNow(error.to_string())),
            }
        }
        let mail = mime::message(&listed.key, &bytes, listed.modified);
        Ok(mail.map_or_else(|| Fetched::Never("it is no mail".to_owned()), |mail| Fetched::Mail(Box::new(mail))))
    }
}

/// What became of reading an object.
enum Fetched {
    Mail(Box<RawMessage>),
    /// It cannot be read, and will not be by the next look.
    Never(String),
    /// The next look may read it.
    NotNow(String),
}

#[async_trait]
impl Inbox for SesS3Inbox {
    async fn mark(&self) -> Result<Mark, PortFailure> {
        let listed = self.list().await?;
        let newest = listed.iter().filter_map(|object| object.modified).max();
        let now = self.s3.clock.now();
        let is_fresh = |newest: &Timestamp| now.duration_since(*newest).unsigned_abs() <= self.alive_within;
        let alive = newest.filter(is_fresh).map(|newest| {
            format!(
                "s3://{}/{} holds {} object(s), the newest of {}",
                self.bucket,
                self.prefix,
                listed.len(),
                newest.strftime("%F %H:%M:%S UTC")
            )
        });
        let ids = listed.into_iter().map(|object| object.key).collect();
        Ok(Mark { ids, alive, clock_offset_ms: self.s3.clock.offset_ms() })
    }

    async fn look(&self, which: Which<'_>) -> Result<Sighting, PortFailure> {
        let listed = self.list().await?;
        let mut read = self.read.lock().await;
        let mut fetched = 0;
        let mut found = Sighting::default();
        let mut seen = BTreeSet::new();
        for object in
            listed.iter().filter(|object| which.wants(&object.key) && !object.key.ends_with(SETUP_NOTIFICATION))
        {
            if !read.contains_key(&object.key) {
                if fetched == MAILS_PER_LOOK {
                    let why = format!("more than {MAILS_PER_LOOK} new mails at once; the next look reads on");
                    return Err(self.failed("is not read to its end", &why));
                }
                fetched += 1;
                match self.fetch(object).await? {
                    Fetched::Mail(mail) => read.insert(object.key.clone(), Ok(*mail)),
                    Fetched::Never(why) => read.insert(object.key.clone(), Err(why)),
                    Fetched::NotNow(why) => {
                        found.unreadable.push(format!("{}: {why}", object.key));
                        continue;
                    }
                };
            }
            if seen.insert(object.key.clone()) {
                match read.get(&object.key) {
                    Some(Ok(mail)) => found.messages.push(mail.clone()),
                    Some(Err(why)) => found.unreadable.push(format!("{}: {why}", object.key)),
                    None => {}
                }
            }
        }
        Ok(found)
    }
}
