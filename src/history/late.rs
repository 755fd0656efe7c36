//! What is only late, and neither lost, nor doubled, nor wrong.

use super::History;
use crate::model::{Check, PlannedScenario, StepId, Timing, Verdict};

impl History {
    /// Whether a scenario has failed already: nothing that is still to come in the run makes less of it, but for a deploy
    /// that is seen later to have crossed it.
    pub fn has_failed_already(&self) -> bool {
        self.deploys.read_at.is_some() && self.looks_failed()
    }

    /// The same, while it is not known yet whether a deploy is marked that has crossed it.
    pub fn looks_failed(&self) -> bool {
        self.plan.judged().any(|scenario| {
            let verdict = self.scenario_verdict(scenario);
            verdict.verdict == Verdict::Failed && verdict.softened.is_none()
        })
    }

    /// Whether all that keeps a run from having passed came, each once and as it should, only later than on time.
    pub fn only_late(&self) -> bool {
        let is_late = |step: &StepId| {
            let state = self.step(*step);
            let once = [&state.check, &state.standing]
                .into_iter()
                .flatten()
                .all(|(_, check)| matches!(check, Check::Met { blemish: None, .. }));
            state.met.is_some_and(|met| met.timing == Timing::Late) && once
        };
        let late = |scenario: &PlannedScenario| {
            let verdict = self.scenario_verdict(scenario);
            let mut degraded = verdict.steps.iter().filter(|(_, judged)| judged.verdict != Verdict::Passed).peekable();
            verdict.verdict == Verdict::Passed
                || (verdict.verdict == Verdict::Degraded
                    && degraded.peek().is_some()
                    && degraded.all(|(step, _)| is_late(step)))
        };
        self.frame_verdict() == Verdict::Passed && self.plan.judged().all(late)
    }
}
