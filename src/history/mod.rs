//! The one fold of events. Deciding, diagnosing and every report read this, none reads events.

mod apply;
mod builds;
mod codes;
mod deploys;
mod jobs;
mod late;
mod process;
mod state;
mod timings;
mod verdict;

pub use builds::{Builds, WrongBuild};
pub use deploys::{Change, Deploys};
pub use jobs::{Fate, LookedBack};
pub use state::{LaneState, LookState, Mailbox, Met, Moment, ProbeState, ServiceClock, StepState};
pub use timings::Timings;
pub use verdict::{Judged, ScenarioVerdict};

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::model::scenario::Control;
use crate::model::{
    Act, Acted, Component, Event, Expectation, Fact, Gap, Lane, LateCopy, Leased, Occasion, Plan, PlannedScenario,
    PlannedStep, Since, StepId, StepKind, Timing, Verdict, WindowFrom,
};

/// Clocks that differ by more are told, and may be the cause of what looks like somebody else's fault.
pub const CLOCK_APART_MS: i64 = 60_000;

/// Everything known of a run.
#[derive(Debug, Clone)]
pub struct History {
    pub run: String,
    pub harness: String,
    pub token: String,
    /// Codes of earlier runs that were live and unused when this one began.
    pub open_codes: u32,
    /// What was known of earlier runs when this one began.
    pub since: Since,
    /// Why it was made.
    pub occasion: Occasion,
    pub plan: Plan,
    pub started_at: Timestamp,
    /// Digest of the last line of the journal behind it; empty where there is none.
    pub head: String,
    /// Time and number of the last event.
    pub last: Moment,
    /// How many processes have worked on this run, counted from 0: what an earlier one held in memory is gone.
    pub epoch: u32,
    pub lanes: BTreeMap<Lane, LaneState>,
    pub before: Option<ProbeState>,
    pub after: Option<ProbeState>,
    /// The latest look while something was awaited.
    pub during: Option<ProbeState>,
    /// What was deployed meanwhile.
    pub deploys: Deploys,
    builds: Builds,
    clock: Option<ServiceClock>,
    /// When this program was noticed to have been held up, and for how many milliseconds.
    pub held: Vec<(Moment, u64)>,
    /// What there is to tell of the leases that it had.
    pub leases: Vec<Leased>,
    /// From when on another run has worked with what is shared, in milliseconds of the run.
    pub shared_since: Option<u64>,
    /// When the run is to be gone on with, if its process has ended to wait.
    pub detached: Option<Timestamp>,
    pub interrupted: Option<String>,
    /// When that was, by this process.
    pub stopped_at: Option<Moment>,
    pub ended: bool,
    /// What a later run found beside the messages of a scenario's job.
    pub receipts: BTreeMap<String, (Moment, Vec<String>)>,
    /// What a later run found to have come once more, by scenario.
    pub copies: BTreeMap<String, (Moment, LateCopy)>,
    /// Where the time of each lane went.
    pub timings: BTreeMap<Lane, Timings>,
    steps: Vec<StepState>,
}

impl History {
    /// Begins with the first event.
    ///
    /// # Errors
    /// When it is not the start of a run.
    pub fn begin(first: &Event) -> Result<Self, String> {
        let Fact::RunStarted { run, harness, plan, token, open_codes, since, occasion, .. } = &first.fact else {
            return Err("a journal begins with the start of a run; this one does not".to_owned());
        };
        if !plan.is_sound() {
            return Err("the plan in this journal does not hold together".to_owned());
        }
        let last = Moment { seq: first.seq, t: first.t, at: first.at };
        Ok(Self {
            run: run.clone(),
            head: String::new(),
            harness: harness.clone(),
            token: token.clone(),
            open_codes: *open_codes,
            since: since.clone(),
            occasion: (**occasion).clone(),
            started_at: first.at,
            last,
            epoch: 0,
            lanes: (0..plan.lanes).map(|lane| (Lane::Browser(lane), LaneState::default())).collect(),
            before: None,
            after: None,
            during: None,
            deploys: Deploys::default(),
            builds: Builds::default(),
            clock: None,
            held: Vec::new(),
            leases: Vec::new(),
            shared_since: None,
            detached: None,
            interrupted: None,
            stopped_at: None,
            ended: false,
            receipts: BTreeMap::new(),
            copies: BTreeMap::new(),
            timings: BTreeMap::new(),
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

    /// A step in the words of its scenario, with the run's token in them.
    pub fn name(&self, step: StepId) -> String {
        self.plan.step(step).to_string().replace("{{ token }}", &self.token)
    }

    /// What is known of a step.
    pub fn step(&self, step: StepId) -> &StepState {
        &self.steps[step.index()]
    }

    /// The service's time at `t` of the run, as far as its `Date` header told; `at`, by this machine's clock, where it did
    /// not.
    pub fn service_time(&self, t: u64, at: Timestamp) -> Timestamp {
        self.clock.and_then(|clock| clock.at(t)).unwrap_or(at)
    }

    /// Whose clock differs from this machine's by more than a minute, and by how many milliseconds it is ahead: the
    /// service's, the mailbox's, the gateway's.
    pub fn clocks_apart(&self) -> Vec<(&'static str, i64)> {
        let probes = [&self.before, &self.during, &self.after];
        let of_service = probes.into_iter().flatten().filter_map(|probe| probe.health.as_ref()?.clock_offset_ms);
        let mut clocks: BTreeMap<&'static str, i64> = of_service.map(|ms| ("service", ms)).collect();
        for step in &self.plan.steps {
            let StepKind::Expect { expect, .. } = &step.kind else { continue };
            let eye = if expect.is_of_number() { "number" } else { "mailbox" };
            let offset = self.step(step.id).mailbox.as_ref().and_then(|mailbox| mailbox.clock_offset_ms);
            clocks.extend(offset.map(|ms| (eye, ms)));
        }
        clocks.into_iter().filter(|(_, ms)| ms.abs() > CLOCK_APART_MS).collect()
    }

    /// By how many milliseconds the clock of the mailbox or number that a step looks at is ahead of the service's, as far as
    /// both have told their time.
    pub fn eye_ahead_ms(&self, step: StepId) -> Option<i64> {
        let mailbox = self.step(step).mailbox.as_ref()?;
        let service = self.clock?.at(mailbox.moment.t)?.duration_since(mailbox.moment.at);
        Some(mailbox.clock_offset_ms? - i64::try_from(service.as_millis()).ok()?)
    }

    /// Whether the service's clock has been looked at by this process.
    pub fn knows_clock(&self) -> bool {
        self.clock.is_some()
    }

    /// When it is `time` by the service's clock, in milliseconds of the run.
    pub fn run_time(&self, time: Timestamp) -> u64 {
        let ahead = time.duration_since(self.service_time(self.last.t, self.last.at)).as_millis();
        let at = i128::from(self.last.t) + ahead;
        u64::try_from(at.max(0)).unwrap_or(u64::MAX)
    }

    /// Where a step's window begins, in milliseconds of the run: its trigger's (latest) start, the time that was chosen, or
    /// the moment in which the job was picked up: when its first message came, which a process that was away sees later.
    pub fn anchor(&self, step: StepId) -> u64 {
        let StepKind::Expect { trigger, window, from, .. } = &self.plan.step(step).kind else { return 0 };
        let of_trigger = self.step(*trigger).started.map_or(0, |moment| moment.t);
        match (window.from, from) {
            (WindowFrom::Slot, Some(from)) => self.step(*from).slot.map_or(of_trigger, |slot| self.run_time(slot)),
            (WindowFrom::Pickup, Some(from)) => {
                let picked =
                    |met: Met| met.moment.t.min(self.anchor(*from).saturating_add(self.picked_after_ms(*from, met)));
                self.step(*from).met.map_or(of_trigger, picked)
            }
            (WindowFrom::Trigger | WindowFrom::Slot | WindowFrom::Pickup, _) => of_trigger,
        }
    }

    /// How long after its own window's begin a job counts as picked up. What is called on time though it was seen later was
    /// on time at the latest when that ended: its rows must not be given the same doubt a second time.
    fn picked_after_ms(&self, pickup: StepId, met: Met) -> u64 {
        match (&self.plan.step(pickup).kind, met.timing) {
            (StepKind::Expect { window, .. }, Timing::OnTime) => met.after_ms.min(window.on_time_ms),
            _ => met.after_ms,
        }
    }

    /// When the window of a step closes that nothing else puts off, in milliseconds of the run.
    pub fn end_of(&self, step: StepId, late_ms: u64) -> u64 {
        let anchor = self.anchor(step);
        anchor.saturating_add(late_ms).saturating_add(self.held_since(anchor))
    }

    /// The same by the service's clock.
    pub fn anchor_time(&self, step: StepId) -> Option<Timestamp> {
        let StepKind::Expect { trigger, window, from, .. } = &self.plan.step(step).kind else { return None };
        let of_trigger = || self.step(*trigger).began_at;
        match (window.from, from) {
            (WindowFrom::Slot, Some(from)) => self.step(*from).slot.or_else(of_trigger),
            (WindowFrom::Pickup, Some(from)) => {
                let picked = |met: Met| {
                    let seen = self.service_time(met.moment.t, met.moment.at);
                    let after = SignedDuration::from_millis(
                        i64::try_from(self.picked_after_ms(*from, met)).unwrap_or(i64::MAX),
                    );
                    let came = self.anchor_time(*from).and_then(|begun| begun.checked_add(after).ok());
                    came.map_or(seen, |came| came.min(seen))
                };
                self.step(*from).met.map(picked).or_else(of_trigger)
            }
            (WindowFrom::Trigger | WindowFrom::Slot | WindowFrom::Pickup, _) => of_trigger(),
        }
    }

    /// The whole address that an action visits, where the journal knows it.
    pub fn address(&self, visit: StepId) -> Option<String> {
        let StepKind::Act { act: Act::Visit(target), .. } = &self.plan.step(visit).kind else { return None };
        let captured = |name: &str| {
            let holder = self.plan.capture_step(visit, name)?;
            self.step(holder).captured.as_ref().map(|(address, _)| address.clone())
        };
        target.text(&captured).ok()
    }

    /// How often what is expected has been asked for.
    pub fn requests(&self, step: StepId) -> u32 {
        match &self.plan.step(step).kind {
            StepKind::Expect { second_try, .. } => {
                let again = second_try.last().is_some_and(|last| self.step(*last).started.is_some());
                1 + u32::from(again)
            }
            StepKind::Act { .. } => 1,
        }
    }

    /// Whether what a control is for has happened.
    pub fn is_wanted(&self, scenario: &PlannedScenario) -> bool {
        match &scenario.control {
            None | Some(Control::LookBack { .. }) => true,
            Some(Control::MissedSchedule) => self.plan.steps.iter().any(|step| self.missed_its_slot(step)),
        }
    }

    /// Whether a job was certainly made, and not picked up in time.
    fn missed_its_slot(&self, step: &PlannedStep) -> bool {
        let StepKind::Expect { window, trigger, .. } = &step.kind else { return false };
        window.from == WindowFrom::Slot
            && matches!(self.step(step.id).closed, Some((_, Gap::WindowClosed)))
            && self.certainly_done(*trigger)
    }

    /// Whether the service has certainly got an action: it was done, and its page was seen, or a message that it caused.
    /// The driver calls a press done before its request has left the browser, which may die in between.
    pub fn certainly_done(&self, trigger: StepId) -> bool {
        let mut caused = self
            .plan
            .steps
            .iter()
            .filter(|step| matches!(&step.kind, StepKind::Expect { trigger: of, .. } if *of == trigger));
        let done = matches!(self.step(trigger).acted, Some((_, Acted::Done)));
        let lost = |step: &PlannedStep| matches!(self.step(step.id).closed, Some((_, Gap::SessionLost)));
        done && (!caused.clone().any(lost) || caused.any(|step| self.step(step.id).met.is_some()))
    }

    /// Whether a document stood there before the action that a page should come from: a press may be called done before its
    /// request has left the browser.
    pub fn is_stale(&self, page: StepId, document: u64) -> bool {
        let StepKind::Expect { trigger, .. } = &self.plan.step(page).kind else { return false };
        let leads_on =
            matches!(&self.plan.step(*trigger).kind, StepKind::Act { act: Act::Press(_) | Act::Follow(_), .. });
        leads_on && self.step(*trigger).document_before == Some(document)
    }

    /// How long a scenario has worked, from its first action to the last thing that is known of it, in milliseconds.
    pub fn took_ms(&self, scenario: &PlannedScenario) -> u64 {
        self.worked_between(scenario).map_or(0, |(begun, end)| end.saturating_sub(begun))
    }

    /// From when to when that was, in milliseconds of the run.
    fn worked_between(&self, scenario: &PlannedScenario) -> Option<(u64, u64)> {
        let states = || scenario.all_steps().map(|step| self.step(step));
        let begun = states().filter_map(|state| state.started).map(|moment| moment.t).min();
        let ends = states().flat_map(|state| {
            // What is looked for once more after it was seen waits for others.
            let seen = state.met.map(|met| met.moment.t);
            let looked = state.looks.last.map(|(_, moment)| moment.t).filter(|_| seen.is_none());
            let closed = state.closed.map(|(moment, _)| moment.t).filter(|_| seen.is_none());
            let acted = state.acted.as_ref().map(|(moment, _)| moment.t);
            // A resume forgets the looks, and not what they have told.
            let checked = state.check.as_ref().map(|(moment, _)| moment.t).filter(|_| seen.is_none());
            [looked, acted, closed, checked, seen].into_iter().flatten()
        });
        begun.zip(ends.max())
    }

    /// The scenario whose browser session another one goes on in.
    pub fn predecessor(&self, scenario: &PlannedScenario) -> Option<&PlannedScenario> {
        let name = scenario.after.as_ref()?;
        self.plan.scenarios.iter().find(|other| other.id == *name)
    }

    /// When the action was begun, and when it was over as far as is known, by the service's clock. A driver may call a press
    /// done before its request has left the browser: it is over when its page was seen.
    pub fn acted_between(&self, trigger: StepId) -> Option<(Timestamp, Timestamp)> {
        let state = self.step(trigger);
        let now = || self.service_time(self.last.t, self.last.at);
        let over = state.over_at.unwrap_or_else(now);
        let answers = self.plan.steps.iter().filter_map(|step| match &step.kind {
            StepKind::Expect { expect: Expectation::Page(_), trigger: of, .. } if *of == trigger => {
                self.step(step.id).met.map(|met| self.service_time(met.moment.t, met.moment.at))
            }
            StepKind::Expect { .. } | StepKind::Act { .. } => None,
        });
        Some((state.began_at?, answers.fold(over, Timestamp::max)))
    }

    /// What a step has proven, and when: nothing that came after its window counts.
    pub fn proven(&self, step: StepId) -> Option<(Met, &[Component])> {
        let StepKind::Expect { proves, .. } = &self.plan.step(step).kind else { return None };
        let met = self.step(step).met.filter(|met| matches!(met.timing, Timing::OnTime | Timing::Late))?;
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

    /// What a later run may find different: the plan's facets, and the builds that answered first.
    pub fn facets(&self) -> BTreeMap<String, String> {
        let mut facets = self.plan.facets();
        if let Some(health) = self.before.as_ref().and_then(|probe| probe.health.as_ref()) {
            for (name, part) in health.parts() {
                if part.ok {
                    facets.insert(name.to_owned(), part.version.clone());
                }
            }
        }
        facets.insert("harness".to_owned(), self.harness.clone());
        facets
    }

    /// Whether the service's own word on its health was, at every look, that the API is not well.
    pub fn api_unwell_throughout(&self) -> bool {
        let probes = [&self.before, &self.during, &self.after].into_iter().flatten();
        let mut words = probes.filter_map(|probe| probe.health.as_ref()).map(|health| health.api.ok).peekable();
        words.peek().is_some() && words.all(|well| !well)
    }

    /// The verdict of the whole run: its worst part. What is known and waited for is for the diagnosis to say.
    pub fn verdict(&self) -> Verdict {
        verdict::of_run(self)
    }

    /// The verdict of what belongs to no scenario: the run's end, its door, the service's own word on its health.
    pub fn frame_verdict(&self) -> Verdict {
        verdict::of_frame(self)
    }

    /// The verdict of one scenario, and of each of its steps.
    pub fn scenario_verdict(&self, scenario: &PlannedScenario) -> ScenarioVerdict {
        verdict::of_scenario(self, scenario)
    }
}
