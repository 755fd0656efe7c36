//! Marks of deploys in the shared store: `deploys/ENVIRONMENT/TIME-EDGE-…`.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::second;
use super::walk::keys;
use crate::model::deploy::{DeployEdge, is_part};
use crate::port::{AgedMark, Away, Deploys, Objects, Only};

/// The form of what is written; one that is newer is passed over.
const VERSION: u32 = 1;
/// Of so many marks of the time that is asked for the newest are read.
const MARKS_MAX: usize = 20;
/// Names of marks begin with the time of the machine that set them, whose clock may be off by so much; and a deploy that began
/// before a run may still go on.
const EARLIER: SignedDuration = SignedDuration::from_hours(3);
/// A list of this many pages is read no further.
const LISTS_MAX: usize = 5;

/// The marks of one environment.
pub struct DeployBook {
    objects: Arc<dyn Objects>,
    prefix: String,
}

#[derive(Serialize, Deserialize)]
struct Line {
    v: u32,
    edge: DeployEdge,
    #[serde(default)]
    part: String,
}

impl DeployBook {
    /// Of this environment.
    pub fn new(objects: Arc<dyn Objects>, environment: &str) -> Self {
        Self { objects, prefix: format!("deploys/{environment}/") }
    }

    /// Sets a mark now; `nonce` tells it from others of the same second.
    ///
    /// # Errors
    /// [`Away`].
    pub async fn mark(&self, edge: DeployEdge, part: &str, nonce: &str) -> Result<(), Away> {
        let line = serde_json::to_vec(&Line { v: VERSION, edge, part: part.to_owned() })
            .map_err(|error| Away(error.to_string()))?;
        let key = format!("{}{}-{nonce}.json", self.prefix, second(Timestamp::now()));
        self.objects.put(&key, line, Only::Always).await.map(|_| ())
    }
}

#[async_trait]
impl Deploys for DeployBook {
    async fn marks(&self, back_ms: u64) -> Result<Vec<AgedMark>, Away> {
        let now = Timestamp::now();
        let back = SignedDuration::from_millis(i64::try_from(back_ms).unwrap_or(i64::MAX)).saturating_add(EARLIER);
        let behind = format!("{}{}", self.prefix, second(now.saturating_sub(back).unwrap_or(now)));
        let keys = keys(self.objects.as_ref(), &self.prefix, behind, None, LISTS_MAX).await?;
        let mut marks = Vec::new();
        for key in keys.iter().rev().take(MARKS_MAX) {
            let Some(object) = self.objects.get(key).await? else { continue };
            // Anybody who writes into the store could have put something else there.
            match serde_json::from_slice::<Line>(&object.bytes) {
                Ok(line) if line.v == VERSION && is_part(&line.part) => {
                    marks.push(AgedMark { edge: line.edge, part: line.part, age_ms: object.age_ms });
                }
                Ok(_) | Err(_) => {}
            }
        }
        Ok(marks)
    }
}
