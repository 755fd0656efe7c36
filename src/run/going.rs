//! The options of a run.

use crate::model::Occasion;

/// How a run is to be made.
#[derive(Debug, Clone, Default)]
pub struct Going {
    pub faults: Vec<String>,
    pub seed: u64,
    /// Control endpoint of a sandbox that runs already.
    pub sandbox: Option<String>,
    pub no_basic_auth: bool,
    /// Whether logins that failed before are no reason to stop.
    pub forget_failed_logins: bool,
    /// Whether the reports are for a public place: people's addresses and numbers are handles in them.
    pub public: bool,
    /// Whether somebody says that a run goes on here, and no more where it was begun.
    pub moved: bool,
    /// For how long another run with the same user, number or mailbox is waited for, in milliseconds.
    pub wait_ms: u64,
    /// Why the run is made.
    pub occasion: Occasion,
    /// How long what was just deployed is left alone before anything else, in milliseconds.
    pub settle_ms: u64,
    /// Whether the process ends when there is nothing to do but to wait for a schedule.
    pub detach: bool,
}
