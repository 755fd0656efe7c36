//! What the sandbox is started with.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;

use crate::fault::Fault;

/// How the sandbox is to behave. Faults can be changed later through the control endpoint.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whether HTTP Basic auth stands before the admin pages, as in all real environments.
    pub basic_auth: bool,
    /// How many times shorter the service's own waits are (its 300 s retry becomes `300 s / time_scale`). At least 1.
    pub time_scale: u32,
    /// How far apart the times are that a job can be scheduled for; the real service has whole hours.
    pub slots: Duration,
    /// What the service's clock says at the start, instead of the machine's.
    pub clock: Option<Timestamp>,
    /// The control endpoint of another sandbox whose mailbox and number are used instead of own ones.
    pub share: Option<String>,
    /// Faults switched on from the start.
    pub faults: Vec<Fault>,
    /// Seed of whatever is left to chance in a fault.
    pub seed: u64,
    /// A command that is put before the database's own, so that it ends when this process is gone; may be empty.
    pub keeper: Vec<String>,
    /// Where the database and the buckets lie; a private folder of the caller's, who removes it.
    pub folder: PathBuf,
}

impl Options {
    /// A wait of the real service, shortened by the time scale.
    pub(crate) fn scaled(&self, real: Duration) -> Duration {
        real / self.time_scale.max(1)
    }

    /// The scheduler looks four times in a slot, as the real one does at minute 0, 15, 30 and 45.
    pub(crate) fn tick(&self) -> Duration {
        self.slots / 4
    }
}
