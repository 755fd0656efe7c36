//! What is known of the processes that have worked on a run, and of others beside them.

use super::{History, Moment};
use crate::model::{Fact, PlannedScenario, Verdict};

impl History {
    pub(super) fn apply_to_process(&mut self, fact: &Fact, moment: Moment) {
        match fact {
            Fact::Held { ms } => self.held.push((moment, *ms)),
            Fact::Leased(leased) => self.leases.push(leased.clone()),
            Fact::Deploys { marks, unasked } => self.deploys.read(marks, unasked.as_ref(), self.last.t),
            Fact::Shared { since, .. } => self.shared_since = self.shared_since.or(Some(*since)),
            Fact::Detached { due } => self.detached = Some(*due),
            Fact::Interrupted { signal } => {
                (self.interrupted, self.stopped_at) = (Some(signal.clone()), Some(moment));
            }
            Fact::RunEnded => self.ended = true,
            _ => {}
        }
    }

    /// Whether its process has ended to wait, and nothing is known to be wrong.
    pub fn waits(&self) -> bool {
        let fine = |scenario: &PlannedScenario| self.scenario_verdict(scenario).verdict < Verdict::Inconclusive;
        !self.ended && self.detached.is_some() && self.plan.judged().all(fine)
    }

    /// For how long this program has been held up since then, in milliseconds: what is waited for has so much longer.
    pub fn held_since(&self, t: u64) -> u64 {
        self.held.iter().filter(|(moment, _)| moment.t >= t).map(|(_, ms)| ms).sum()
    }
}
