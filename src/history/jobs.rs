//! What is known of the job of a list: its page, what has become of it, what a later run found there.

use jiff::Timestamp;

use super::{History, Moment};
use crate::model::scenario::Control;
use crate::model::{
    Acted, Captured, Check, Expectation, LateCopy, Observation, PlannedScenario, StepId, StepKind, WindowFrom, Wrong,
};

/// What a run has found at the job of an earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookedBack {
    pub moment: Moment,
    /// The earlier run, and its scenario.
    pub run: String,
    pub scenario: String,
    /// What stood beside its messages.
    pub words: Vec<String>,
    /// Of how many the service was told that they were delivered, and of how many the opposite.
    pub told: usize,
    pub opposite: usize,
    /// How many messages there are more than its list has rows.
    pub more: usize,
    /// What came once more after that run had ended; then no page was looked at.
    pub copies: Option<LateCopy>,
}

impl LookedBack {
    /// Whether everything was told, and nothing was made twice.
    pub fn is_well(&self) -> bool {
        self.told == self.words.len() && self.more == 0 && self.copies.is_none()
    }
}

/// Why rows will not come any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// The job has no page any more: somebody has cancelled it.
    Gone,
    /// The service has given a message up; the word beside it.
    GivenUp(String),
    /// The provider tells that a message was not delivered; the word beside it.
    Undelivered(String),
}

impl History {
    /// The time that was chosen in the scenario of a step.
    pub fn slot_of(&self, step: StepId) -> Option<Timestamp> {
        self.slot_in(self.plan.scenario_of(step))
    }

    pub(super) fn slot_in(&self, scenario: &PlannedScenario) -> Option<Timestamp> {
        scenario.steps.iter().find_map(|step| self.step(*step).slot)
    }

    /// What the job's page has said of rows that will not come, and when.
    pub fn fate(&self, step: StepId) -> Option<(Moment, Fate)> {
        let StepKind::Expect { aside: Some((visit, look)), window, .. } = &self.plan.step(step).kind else {
            return None;
        };
        let state = self.step(*look);
        let sentences = &self.plan.sentences;
        if let Some((_, Check::Never { wrong: Wrong::ErrorPage, .. })) = &state.check {
            // Only a job whose time has not come can be cancelled.
            let gone = self.seen_gone(*look).filter(|_| window.from == WindowFrom::Slot);
            return gone.map(|moment| (moment, Fate::Gone));
        }
        let (moment, Observation::Page(page)) = state.looks.seen.as_ref()? else { return None };
        if self.address(*visit).is_none_or(|address| address != page.address()) {
            return None;
        }
        let rows = page.job(sentences).rows;
        let one_of =
            |words: &[String]| rows.iter().find(|row| words.iter().any(|word| row.starts_with(word.as_str()))).cloned();
        let fate = one_of(&sentences.given_up).map(Fate::GivenUp);
        let fate = fate.or_else(|| one_of(&sentences.undelivered).map(Fate::Undelivered))?;
        Some((*moment, fate))
    }

    /// When the look at the job's page met the page that stands where a cancelled job was.
    fn seen_gone(&self, look: StepId) -> Option<Moment> {
        let Some((moment, Check::Never { wrong: Wrong::ErrorPage, why })) = &self.step(look).check else { return None };
        let gone = &self.plan.sentences.job_gone;
        (!gone.is_empty() && why.contains(gone.as_str())).then_some(*moment)
    }

    /// The address of the page of a scenario's job, and which process captured it.
    pub fn job_page(&self, scenario: &PlannedScenario) -> Option<&(String, u32)> {
        scenario.steps.iter().find_map(|step| match &self.plan.step(*step).kind {
            StepKind::Expect { capture: Some(capture), .. } if capture.of == Captured::Page => {
                self.step(*step).captured.as_ref()
            }
            StepKind::Expect { .. } | StepKind::Act { .. } => None,
        })
    }

    /// The messages of a scenario's job whose delivery the service was not told of, as a later run found, and of how many.
    pub fn untold(&self, scenario: &PlannedScenario) -> Option<(Moment, usize, usize)> {
        let (moment, words) = self.receipts.get(&scenario.id)?;
        let delivered = &self.plan.sentences.delivered;
        let untold = words.iter().filter(|word| !word.starts_with(delivered.as_str())).count();
        Some((*moment, untold, words.len()))
    }

    /// How many more messages a later run found on the page of a scenario's job than its list has rows.
    pub fn made_later(&self, scenario: &PlannedScenario) -> Option<(Moment, usize)> {
        let (moment, words) = self.receipts.get(&scenario.id)?;
        let more = words.len().saturating_sub(self.rows_of(scenario)?);
        (more > 0).then_some((*moment, more))
    }

    /// How many rows the list of a scenario has.
    pub fn rows_of(&self, scenario: &PlannedScenario) -> Option<usize> {
        let rows = scenario.steps.iter().filter_map(|step| match &self.plan.step(*step).kind {
            StepKind::Expect { expect: Expectation::Rows(rows), .. } => Some(rows.texts.len()),
            StepKind::Expect { .. } | StepKind::Act { .. } => None,
        });
        rows.max()
    }

    /// What this run has found at the jobs of earlier ones.
    pub fn looked_back(&self) -> Vec<LookedBack> {
        let pages = self.plan.scenarios.iter().filter_map(|scenario| self.looked_back_at(scenario));
        // They were looked for before the run began.
        let begun = Moment { seq: 0, t: 0, at: self.started_at };
        let copies = self.since.copies.iter().map(|copy| LookedBack {
            moment: begun,
            run: copy.run.clone(),
            scenario: copy.scenario.clone(),
            words: Vec::new(),
            told: 0,
            opposite: 0,
            more: 0,
            copies: Some(copy.clone()),
        });
        pages.chain(copies).collect()
    }

    fn looked_back_at(&self, scenario: &PlannedScenario) -> Option<LookedBack> {
        let Some(Control::LookBack { run, scenario: of, rows }) = &scenario.control else { return None };
        let state = self.step(*scenario.steps.last()?);
        state.met?;
        let (moment, Observation::Page(page)) = state.looks.seen.as_ref()? else { return None };
        let sentences = &self.plan.sentences;
        let words = page.job(sentences).rows;
        let begins =
            |with: &[String]| words.iter().filter(|word| with.iter().any(|w| word.starts_with(w.as_str()))).count();
        let told = begins(std::slice::from_ref(&sentences.delivered));
        let opposite = begins(&sentences.undelivered);
        let wanted = rows.map_or(words.len(), |rows| rows as usize);
        let more = words.len().saturating_sub(wanted);
        let (run, scenario) = (run.clone(), of.clone());
        Some(LookedBack { moment: *moment, run, scenario, told, opposite, more, words, copies: None })
    }

    /// Whether the job of a scenario was cancelled, and whether its page was seen to be gone.
    pub fn cancelled(&self, scenario: &PlannedScenario) -> Option<bool> {
        let (pressed, _) = self.step(scenario.cancel?).acted.as_ref().filter(|(_, acted)| *acted == Acted::Done)?;
        let (visit, look) = self.plan.job_look(scenario)?;
        // The press itself may end on an error page too: only a visit after it shows what has become of the job.
        let visited = self.step(visit).acted.as_ref().map_or(0, |(at, _)| at.t);
        Some(visited > pressed.t && self.seen_gone(look).is_some_and(|moment| moment.t >= visited))
    }

    /// The time for which a scenario's job was scheduled, where one was made.
    pub fn job_due(&self, scenario: &PlannedScenario) -> Option<Timestamp> {
        let slot = self.slot_in(scenario)?;
        let made = scenario.steps.iter().any(|step| {
            matches!(&self.plan.step(*step).kind, StepKind::Act { watch, .. } if !watch.is_empty())
                && self.step(*step).started.is_some()
        });
        made.then_some(slot)
    }

    /// The same for a job of a stopped run that is still scheduled, as far as is known.
    pub fn left_behind(&self, scenario: &PlannedScenario) -> Option<Timestamp> {
        let stopped = self.stopped_at?;
        self.job_due(scenario).filter(|slot| *slot > self.service_time(stopped.t, stopped.at))
    }
}
