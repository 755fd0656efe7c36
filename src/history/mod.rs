//! The one fold of events. Deciding, diagnosing and every report read this, none reads events.

mod apply;
mod state;
mod verdict;

pub use state::{LaneState, LookState, Mailbox, Met, Moment, ProbeState, StepState};
pub use verdict::{Judged, ScenarioVerdict};

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::model::{Act, Component, Event, Fact, Lane, Plan, PlannedScenario, StepId, StepKind, Timing, Verdict};

/// Everything known of a run.
#[derive(Debug, Clone)]
pub struct History {
    pub run: String,
    pub harness: String,
    pub token: String,
    /// Codes of earlier runs that were live and unused when this one began.
    pub open_codes: u32,
    pub plan: Plan,
    pub started_at: Timestamp,
    /// Time and number of the last event.
    pub last: Moment,
    /// How many processes have worked on this run, counted from 0: what an earlier one held in memory is gone.
    pub epoch: u32,
    pub lanes: BTreeMap<Lane, LaneState>,
    pub before: Option<ProbeState>,
    pub after: Option<ProbeState>,
    pub interrupted: Option<String>,
    pub ended: bool,
    steps: Vec<StepState>,
}

impl History {
    /// Begins with the first event.
    ///
    /// # Errors
    /// When it is not the start of a run.
    pub fn begin(first: &Event) -> Result<Self, String> {
        let Fact::RunStarted { run, harness, plan, token, open_codes } = &first.fact else {
            return Err("a journal begins with the start of a run; this one does not".to_owned());
        };
        if !plan.is_sound() {
            return Err("the plan in this journal does not hold together".to_owned());
        }
        let last = Moment { seq: first.seq, t: first.t, at: first.at };
        Ok(Self {
            run: run.clone(),
            harness: harness.clone(),
            token: token.clone(),
            open_codes: *open_codes,
            started_at: first.at,
            last,
            epoch: 0,
            lanes: (0..plan.lanes).map(|lane| (Lane::Browser(lane), LaneState::default())).collect(),
            before: None,
            after: None,
            interrupted: None,
            ended: false,
            steps: vec![StepState::default(); plan.steps.len()],
            plan: (**plan).clone(),
        })
    }

    /// Folds all events of a run.
    ///
    /// # Errors
    /// Those of [`History::begin`].
    pub fn of(events: &[Event]) -> Result<Self, String> {
        let (first, rest) = events.split_first().ok_or("it holds no event")?;
        let mut history = Self::begin(first)?;
        for event in rest {
            history.apply(event);
        }
        Ok(history)
    }

    /// What is known of a step.
    pub fn step(&self, step: StepId) -> &StepState {
        &self.steps[step.index()]
    }

    /// The service's time at a moment of ours, as far as its `Date` header told.
    pub fn service_time(&self, at: Timestamp) -> Timestamp {
        let probe = self.before.as_ref().and_then(|probe| probe.health.as_ref());
        let offset = probe.and_then(|health| health.clock_offset_ms).unwrap_or(0);
        at.saturating_add(SignedDuration::from_millis(offset)).unwrap_or(at)
    }

    /// When the action was begun, and when it was over as far as is known, by the service's clock.
    pub fn acted_between(&self, trigger: StepId) -> Option<(Timestamp, Timestamp)> {
        let state = self.step(trigger);
        let begun = state.started?.at;
        let over = state.acted.as_ref().map_or(self.last.at, |(moment, _)| moment.at);
        Some((self.service_time(begun), self.service_time(over)))
    }

    /// The last visit of a scenario that a step's page goes back to.
    pub fn last_visit(&self, scenario: &PlannedScenario, step: StepId) -> Option<StepId> {
        let is_visit = |id: &&StepId| matches!(&self.plan.step(**id).kind, StepKind::Act { act: Act::Visit(_), .. });
        scenario.steps.iter().take_while(|id| **id <= step).filter(is_visit).last().copied()
    }

    /// What a step has proven, and when: nothing that came after its window counts.
    pub fn proven(&self, step: StepId) -> Option<(Met, &[Component])> {
        let StepKind::Expect { proves, window, .. } = &self.plan.step(step).kind else { return None };
        let met = self.step(step).met.filter(|met| window.timing(met.after_ms) != Timing::TooLate)?;
        Some((met, proves))
    }

    /// Whether nothing is left to do for a run: it ended, or the door did not open.
    pub fn refused_at_door(&self) -> bool {
        self.before.as_ref().and_then(|probe| probe.health.as_ref()).is_some_and(|health| health.refused)
    }

    /// Whether a guard refused a step.
    pub fn refused(&self) -> bool {
        self.steps.iter().any(|state| state.refused.is_some())
    }

    /// Whether another build of the service answered after the run than before.
    pub fn deployed_meanwhile(&self) -> bool {
        let health = |probe: &Option<ProbeState>| probe.as_ref().and_then(|probe| probe.health.clone());
        match (health(&self.before), health(&self.after)) {
            (Some(before), Some(after)) => !before.same_versions(&after),
            _ => false,
        }
    }

    /// The verdict of the whole run: its worst part.
    pub fn verdict(&self) -> Verdict {
        verdict::of_run(self)
    }

    /// The verdict of one scenario, and of each of its steps.
    pub fn scenario_verdict(&self, scenario: &PlannedScenario) -> ScenarioVerdict {
        verdict::of_scenario(self, scenario)
    }
}
