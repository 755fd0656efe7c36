//! Objects in a bucket. Conditional writes as S3 has them:
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use jiff::Timestamp;

use crate::aws::{S3, reason};
use crate::port::{Away, LIST_MAX, OBJECT_BYTES_MAX, Object, Objects, Only, Put, is_key};

/// Nothing that a run waits for may take longer: it is better off without.
const CALL_LONGEST: Duration = Duration::from_secs(5);

/// A bucket of objects.
#[derive(Debug, Clone)]
pub struct BucketObjects {
    s3: S3,
    bucket: String,
    /// Before each key; empty, or with a stroke at its end.
    prefix: String,
}

impl BucketObjects {
    /// Objects under `prefix` in `bucket`.
    pub fn new(s3: S3, bucket: String, prefix: &str) -> Self {
        let prefix = if prefix.is_empty() || prefix.ends_with('/') { prefix.to_owned() } else { format!("{prefix}/") };
        Self { s3, bucket, prefix }
    }

    fn key(&self, key: &str) -> Result<String, Away> {
        if is_key(key) { Ok(format!("{}{key}", self.prefix)) } else { Err(Away(format!("`{key}` is no key"))) }
    }

    fn away(&self, why: &str) -> Away {
        Away(format!("s3://{}/{}: {why}", self.bucket, self.prefix))
    }

    async fn bounded<T, E>(&self, call: impl Future<Output = Result<T, SdkError<E>>>) -> Result<T, Failed>
    where
        E: std::error::Error + ProvideErrorMetadata + Debug + 'static,
    {
        match tokio::time::timeout(CALL_LONGEST, call).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => {
                let status = error.raw_response().map(|answer| answer.status().as_u16());
                // A bucket that is not there has the same status as an object.
                let status = status.filter(|_| error.code() != Some("NoSuchBucket"));
                Err(Failed { status, away: self.away(&reason(&error)) })
            }
            Err(_) => {
                let why = format!("no answer within {} s", CALL_LONGEST.as_secs());
                Err(Failed { status: None, away: self.away(&why) })
            }
        }
    }
}

/// A call that did not do, with the status of the answer, if there was one.
struct Failed {
    status: Option<u16>,
    away: Away,
}

#[async_trait]
impl Objects for BucketObjects {
    async fn get(&self, key: &str) -> Result<Option<Object>, Away> {
        let call = self.s3.client.get_object().bucket(&self.bucket).key(self.key(key)?).send();
        let answer = match self.bounded(call).await {
            Ok(answer) => answer,
            Err(Failed { status: Some(404), .. }) => return Ok(None),
            Err(failed) => return Err(failed.away),
        };
        let now = self.s3.clock.now();
        let written = answer.last_modified().and_then(|at| Timestamp::from_second(at.secs()).ok());
        let tag = answer.e_tag().unwrap_or_default().to_owned();
        if answer.content_length().is_some_and(|length| length.unsigned_abs() > OBJECT_BYTES_MAX) {
            return Err(self.away(&format!("{key} is larger than anything of ours")));
        }
        let read = tokio::time::timeout(CALL_LONGEST, answer.body.collect()).await;
        let body = match read {
            Ok(Ok(body)) => body.into_bytes().to_vec(),
            Ok(Err(error)) => return Err(self.away(&error.to_string())),
            Err(_) => return Err(self.away(&format!("{key} did not come within {} s", CALL_LONGEST.as_secs()))),
        };
        let age = written.map_or(0, |written| now.as_millisecond() - written.as_millisecond());
        Ok(Some(Object { bytes: body, tag, age_ms: u64::try_from(age).unwrap_or(0) }))
    }

    async fn put(&self, key: &str, bytes: Vec<u8>, only: Only<'_>) -> Result<Put, Away> {
        let call = self.s3.client.put_object().bucket(&self.bucket).key(self.key(key)?).body(ByteStream::from(bytes));
        let call = match only {
            Only::Always => call,
            Only::IfNew => call.if_none_match("*"),
            Only::IfTag(tag) => call.if_match(tag),
        };
        match Box::pin(self.bounded(call.send())).await {
            Ok(answer) => Ok(Put::Done(answer.e_tag().unwrap_or_default().to_owned())),
            // 412: the condition does not hold. 409: somebody else writes at this moment. 404: it is gone.
            Err(Failed { status: Some(404 | 409 | 412), .. }) if only != Only::Always => Ok(Put::Changed),
            Err(failed) => Err(failed.away),
        }
    }

    async fn list(&self, prefix: &str, after: &str) -> Result<Vec<String>, Away> {
        let after = if after.is_empty() { String::new() } else { format!("{}{after}", self.prefix) };
        let call = self
            .s3
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(format!("{}{prefix}", self.prefix))
            .set_start_after(Some(after).filter(|after| !after.is_empty()))
            .max_keys(i32::try_from(LIST_MAX).unwrap_or(i32::MAX))
            .send();
        let answer = self.bounded(call).await.map_err(|failed| failed.away)?;
        let keys = answer.contents().iter().filter_map(|object| object.key()?.strip_prefix(&self.prefix));
        // What others keep in the same bucket is none of ours.
        Ok(keys.filter(|key| is_key(key)).map(str::to_owned).collect())
    }

    async fn delete(&self, key: &str) -> Result<(), Away> {
        let call = self.s3.client.delete_object().bucket(&self.bucket).key(self.key(key)?).send();
        match self.bounded(call).await {
            Ok(_) | Err(Failed { status: Some(404), .. }) => Ok(()),
            Err(failed) => Err(failed.away),
        }
    }
}
