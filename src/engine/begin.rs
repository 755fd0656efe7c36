//! From what was decided to a job of one lane.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::work::{self, Done, Job, Once};
use super::{Engine, JOB_LONGEST};
use crate::decide::Command;
use crate::model::{Fact, Lane, ProbeWhen, StepId};
use crate::port::{Inbox, RawAct};

impl Engine {
    /// Starts a job; an action's intent is written first.
    pub(super) fn begin(&mut self, jobs: &mut JoinSet<Done>, lane: Lane, command: &Command) -> std::io::Result<()> {
        let since = self.now();
        let job = match *command {
            Command::Probe(when) => Job::Probe { when, since, probe: self.ports.probe.clone() },
            Command::Deploys => Job::Deploys(since, self.ports.deploys.clone()),
            Command::OpenBrowser => Job::Open(self.ports.browser.clone(), self.jars.remove(&lane)),
            Command::CloseBrowser => Job::CloseBrowser,
            Command::Mark(step) => Job::Mark(step, self.inbox_of(step)),
            Command::Recall(step) => {
                let ids = self.recorder.message_ids(step);
                Job::Recall(step, self.inbox_of(step), ids)
            }
            Command::Act(step) => match self.may_act(step) {
                Ok(act) => {
                    self.record(Fact::Started { step })?;
                    self.busy_since.extend(self.ports.clock.starved_ms().map(|ms| (lane, (since, ms))));
                    let once = self.recorder.is_once(step).then(|| Once {
                        lease: self.turn.lease(),
                        probe: self.ports.probe.clone(),
                        since,
                    });
                    Job::Act(step, act, once)
                }
                Err(why) => {
                    self.record(Fact::Refused { step, why })?;
                    Job::Wait(Duration::ZERO)
                }
            },
            Command::Look { step, standing } => self.look_job(step, standing, since),
            Command::Picture(step) => Job::Picture(step),
            Command::Wait { until } => Job::Wait(Duration::from_millis(until.saturating_sub(since))),
            Command::Refuse(..) | Command::Close(..) | Command::End => Job::Wait(Duration::ZERO),
        };
        // A job that does not need the browser leaves it here, where an interrupt can end it in order.
        let session = if job.needs_session() { self.sessions.remove(&lane) } else { None };
        let waits = matches!(job, Job::Wait(_));
        let handle = jobs.spawn(work::perform(lane, job, session, JOB_LONGEST));
        if waits {
            self.waiting.insert(lane, handle);
        }
        Ok(())
    }

    /// What is to be done in the browser, unless something forbids it.
    fn may_act(&mut self, step: StepId) -> Result<RawAct, String> {
        // Going somewhere and filling in a form disturbs nobody and causes nothing.
        match self.turn.denied().filter(|_| self.recorder.is_once(step)) {
            Some(why) => Err(why),
            None => self.recorder.raw_act(step, self.now(), self.ports.clock.now()),
        }
    }

    fn look_job(&self, step: StepId, standing: bool, since: u64) -> Job {
        if self.recorder.looks_at_page(step) {
            Job::LookAtPage { step, since }
        } else {
            let known = self.recorder.known_ids(step);
            let lease = self.turn.given_back().filter(|_| standing && self.recorder.is_of_number(step));
            Job::LookAtMailbox { step, since, standing, inbox: self.inbox_of(step), known, lease }
        }
    }

    /// Where the messages of an expectation arrive. A plan that expects texts is not made without a number.
    fn inbox_of(&self, step: StepId) -> Arc<dyn Inbox> {
        match &self.ports.number {
            Some(number) if self.recorder.is_of_number(step) => number.clone(),
            Some(_) | None => self.ports.inbox.clone(),
        }
    }

    /// Nobody looks until the run is gone on with: what was deployed up to now would be taken for a deploy in between.
    pub(super) fn look_before_parting(
        &mut self,
        jobs: &mut JoinSet<Done>,
        idle: &mut Vec<Lane>,
    ) -> std::io::Result<()> {
        if self.parting.is_none() && idle.contains(&Lane::Run) {
            idle.retain(|lane| *lane != Lane::Run);
            self.parting = Some(self.now());
            self.begin(jobs, Lane::Run, &Command::Probe(ProbeWhen::During))?;
        }
        Ok(())
    }

    /// Whether that look has been answered, or could not be had.
    pub(super) fn may_part(&self) -> bool {
        let looked = self.recorder.history().during.as_ref().map(|look| look.moment.t);
        looked.is_some_and(|at| self.parting.is_some_and(|asked| at >= asked))
    }
}

/// What needs nobody outside is just written down.
pub(super) fn at_once(command: &Command) -> Option<Fact> {
    match command {
        Command::Refuse(step, why) => Some(Fact::Refused { step: *step, why: why.clone() }),
        Command::Close(step, gap) => Some(Fact::Closed { step: *step, gap: *gap }),
        Command::Probe(_)
        | Command::Deploys
        | Command::OpenBrowser
        | Command::CloseBrowser
        | Command::Mark(_)
        | Command::Act(_)
        | Command::Look { .. }
        | Command::Recall(_)
        | Command::Picture(_)
        | Command::Wait { .. }
        | Command::End => None,
    }
}
