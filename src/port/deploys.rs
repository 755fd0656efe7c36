//! What those who deploy have marked.

use async_trait::async_trait;

use super::Away;
use crate::model::deploy::DeployEdge;

/// Where deploys of the environment are marked.
#[async_trait]
pub trait Deploys: Send + Sync {
    /// Marks that were set in the last `back_ms` milliseconds, and some that are older.
    ///
    /// # Errors
    /// [`Away`].
    async fn marks(&self, back_ms: u64) -> Result<Vec<AgedMark>, Away>;
}

/// A mark, and how long ago it was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgedMark {
    pub edge: DeployEdge,
    pub part: String,
    /// In milliseconds, by the clock of whoever keeps it.
    pub age_ms: u64,
}
