//! What a run shares with other runs: the smoke user, the number, the mailbox. One run at a time works with them.

use async_trait::async_trait;

/// The lease on all that a run shares with others.
#[async_trait]
pub trait Lease: Send + Sync {
    /// Takes it; waits for another holder no longer than `patience_ms`, in milliseconds.
    async fn take(&self, patience_ms: u64) -> Taken;
    /// Before something is done once: whether it is still this run's, and for long enough. Where that cannot be asked, why: then
    /// nobody guards what is shared, and nobody else has taken it as far as is known.
    ///
    /// # Errors
    /// Why it is not.
    async fn sure(&self) -> Result<Option<String>, String>;
    /// Who has had it after this run, or has it now, where that can be told.
    async fn others(&self) -> Option<String>;
    /// Gives it back, if it is held.
    async fn give_back(&self);
}

/// How taking a lease ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    Ours {
        waited_ms: u64,
        /// For whom it was waited.
        behind: Option<String>,
        /// Why other machines could not be asked.
        unasked: Option<String>,
    },
    /// Somebody has it still: who, and for how long at the most, in milliseconds.
    Held { by: String, left_ms: u64 },
}
