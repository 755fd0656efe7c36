//! What a run is made from, and what it shares with runs of other machines.

use std::sync::{Arc, OnceLock};

use super::NotStarted;
use super::announce::Announcer;
use super::clock::SystemClock;
use super::going::Going;
use super::ids::{TOKEN_LENGTH, random_letters};
use super::mirrored::{self, Flushing, Mirrored};
use super::ports::ports;
use super::prepare::Prepared;
use super::shared;
use crate::config::Resolved;
use crate::engine::Ports;
use crate::exit::Exit;
use crate::guard::Leases;
use crate::model::Plan;
use crate::port::{Away, Clock, Lease as _, Objects, Taken};
use crate::process::Keeper;
use crate::store::DeployBook;

/// Files, options and what they resolve to.
pub(super) struct Stage<'a> {
    pub(super) prepared: &'a Prepared,
    pub(super) going: &'a Going,
    pub(super) resolved: &'a Resolved,
    pub(super) keeper: &'a Keeper,
    /// What every machine shares.
    pub(super) bucket: Option<Arc<dyn Objects>>,
    clock: Arc<dyn Clock>,
    /// The lease of a run whose journal goes there.
    flushing: OnceLock<Arc<Flushing>>,
}

impl<'a> Stage<'a> {
    pub(super) async fn new(
        prepared: &'a Prepared,
        going: &'a Going,
        resolved: &'a Resolved,
        keeper: &'a Keeper,
    ) -> Self {
        let bucket = shared::bucket(resolved.store.as_ref()).await;
        Self {
            prepared,
            going,
            resolved,
            keeper,
            bucket,
            clock: Arc::new(SystemClock::start()),
            flushing: OnceLock::new(),
        }
    }

    /// The run's own lease among all machines, for as long as this process works on it.
    pub(super) async fn own(&self, run: &str) -> Result<Option<Leases>, NotStarted> {
        let Some(bucket) = &self.bucket else { return Ok(None) };
        let nonce = random_letters(TOKEN_LENGTH)?;
        let lease = shared::of_run(&self.prepared.environment.name, bucket, run, nonce, self.clock.clone());
        match lease.take(0).await {
            Taken::Ours { unasked: None, .. } => Ok(Some(lease)),
            // The store is away: what it would have told is said with the lease on what is shared.
            Taken::Ours { .. } => Ok(None),
            Taken::Held { by, left_ms } => {
                let who = shared::who(&by, left_ms);
                Err(NotStarted::new(Exit::Refused, format!("Run {run} goes on elsewhere: {who}.")))
            }
        }
    }

    pub(super) fn mirrored(&self, run: &str, sent: u64) -> Option<Mirrored> {
        let bucket = self.bucket.clone()?;
        let mirrored = mirrored::start(
            bucket,
            &self.prepared.files.runs(),
            (&self.prepared.environment.name, self.prepared.environment.keep),
            run,
            sent,
        );
        if let Some(flushing) = self.flushing.get() {
            flushing.by(&mirrored);
        }
        Some(mirrored)
    }

    /// Brings what the store has of a run here: how many bytes that are.
    ///
    /// # Errors
    /// [`Away`].
    pub(super) async fn fetched(&self, run: &str) -> Result<u64, Away> {
        let Some(bucket) = &self.bucket else { return Err(Away(String::new())) };
        mirrored::fetch(bucket, &self.prepared.files.runs(), &self.prepared.environment.name, run).await
    }

    /// What other machines have done, as far as the store tells; else why not.
    pub(super) async fn recall(&self) -> Option<String> {
        let bucket = self.bucket.as_ref()?;
        mirrored::recall(bucket, &self.prepared.files.runs(), &self.prepared.environment.name).await
    }

    /// Who is told of the run, if anybody is; `was_told` where its failure was told before.
    pub(super) async fn announcer(&self, plan: &Plan, was_told: bool) -> Option<Arc<Announcer>> {
        let known = (self.objects(), self.bucket.is_some());
        Announcer::new(&self.resolved.announce, known, plan, was_told).await
    }

    /// Where runs leave word for each other.
    pub(super) fn objects(&self) -> Arc<dyn Objects> {
        shared::objects(&self.prepared.files, self.bucket.as_ref())
    }

    /// `goes_on` where another process has begun it.
    pub(super) async fn ports(&self, run: &str, goes_on: bool) -> Result<Ports, NotStarted> {
        let clock = self.clock.clone();
        let of = (self.prepared, self.going, self.resolved);
        let lease = shared::lease(of, self.bucket.as_ref(), (run, goes_on), clock.clone());
        let lease = match &self.bucket {
            Some(_) => self.flushing.get_or_init(|| Arc::new(Flushing::new(lease))).clone(),
            None => lease,
        };
        let deploys = Arc::new(DeployBook::new(self.objects(), &self.prepared.environment.name));
        ports(self.resolved, run, self.prepared.alive_within(), self.keeper, clock, (lease, deploys)).await
    }
}
