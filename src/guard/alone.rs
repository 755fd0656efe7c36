//! Where nobody else is.

use async_trait::async_trait;

use crate::port::{Lease, Taken};

/// The lease of a run that shares nothing with anybody.
pub struct Alone;

#[async_trait]
impl Lease for Alone {
    async fn take(&self, _: u64) -> Taken {
        Taken::Ours { waited_ms: 0, behind: None, unasked: None }
    }

    async fn sure(&self) -> Result<Option<String>, String> {
        Ok(None)
    }

    async fn others(&self) -> Option<String> {
        None
    }

    async fn give_back(&self) {}
}
