//! One event more. Facts that do not fit (a later version's, a damaged journal's) change nothing.

use super::History;
use jiff::Timestamp;

use super::state::{Mailbox, Met, Moment, ProbeState, StepState};
use crate::model::{Acted, Check, Event, Fact, FailureKind, PortFailure, ProbeWhen, Seen, StepId, StepKind};

/// Tries to open a browser, before a lane is given up.
const OPENS_MAX: u32 = 2;

impl History {
    /// Folds one event in.
    pub fn apply(&mut self, event: &Event) {
        let moment = Moment { seq: event.seq, t: event.t.max(self.last.t), at: event.at };
        self.last = moment;
        if let Some(step) = step_of(&event.fact) {
            if step.index() < self.steps.len() {
                self.apply_to_step(step, &event.fact, moment);
            }
            return;
        }
        match &event.fact {
            Fact::RunResumed { .. } => self.resume(moment),
            Fact::Probed { when, health, failure } => {
                let place = match when {
                    ProbeWhen::Before => &mut self.before,
                    ProbeWhen::After => &mut self.after,
                };
                let tries = place.as_ref().map_or(0, |probe| probe.tries) + 1;
                *place = Some(ProbeState { moment, tries, health: health.clone(), failure: failure.clone() });
            }
            Fact::BrowserOpened { lane, browser } => {
                if let Some(lane) = self.lanes.get_mut(lane) {
                    lane.session += 1;
                    lane.opened_now += 1;
                    lane.open = true;
                    lane.browser = Some(browser.clone());
                }
            }
            Fact::BrowserFailed { lane, why } => {
                if let Some(lane) = self.lanes.get_mut(lane) {
                    lane.failed_opens += 1;
                    if lane.failed_opens >= OPENS_MAX {
                        lane.failed = Some((moment, why.clone()));
                    }
                }
            }
            Fact::BrowserGone { lane, .. } => {
                if let Some(lane) = self.lanes.get_mut(lane) {
                    lane.open = false;
                }
            }
            Fact::Interrupted { signal } => self.interrupted = Some(signal.clone()),
            Fact::RunEnded => self.ended = true,
            // The start is folded by `begin`; steps' facts went the other way.
            Fact::RunStarted { .. }
            | Fact::Marked { .. }
            | Fact::MarkFailed { .. }
            | Fact::Refused { .. }
            | Fact::Started { .. }
            | Fact::Acted { .. }
            | Fact::Looked { .. }
            | Fact::Checked { .. }
            | Fact::Recalled { .. }
            | Fact::Closed { .. }
            | Fact::Evidence { .. }
            | Fact::Unknown => {}
        }
    }

    fn apply_to_step(&mut self, step: StepId, fact: &Fact, moment: Moment) {
        let epoch = self.epoch;
        let lane = self.plan.step(step).lane;
        let session = self.lanes.get(&lane).map_or(0, |lane| lane.session);
        let window_start = WindowStart {
            t: self.anchor(step),
            sent: self.trigger_start(step).map(|moment| self.service_time(moment.at)),
        };
        let state = &mut self.steps[step.index()];
        match fact {
            Fact::Marked { ids, alive, .. } => {
                let ids = ids.iter().cloned().collect();
                state.mailbox = Some(Mailbox { moment, ids, alive: alive.clone() });
            }
            Fact::MarkFailed { why, .. } => state.mark_failures.push((moment, why.clone())),
            Fact::Refused { why, .. } => state.refused = Some((moment, why.clone())),
            Fact::Started { .. } => {
                state.started = Some(moment);
                state.times_started += 1;
                state.acted = None;
            }
            Fact::Acted { acted, .. } => {
                state.acted = Some((moment, acted.clone()));
                state.session = Some(session);
            }
            Fact::Looked { since, seen, .. } => state.looked(*since, seen, moment),
            Fact::Checked { check, standing: true, .. } => state.standing = Some((moment, check.clone())),
            Fact::Checked { check, standing: false, captured, .. } => {
                state.checked(check, moment, &window_start);
                state.captured = captured.clone().map(|handle| (handle, epoch)).or_else(|| state.captured.take());
            }
            Fact::Recalled { captured: Some(handle), .. } => state.captured = Some((handle.clone(), epoch)),
            Fact::Recalled { captured: None, failure, .. } => state.recall_failures.push((moment, failure.clone())),
            Fact::Closed { gap, .. } => state.closed = Some((moment, *gap)),
            Fact::Evidence { file, .. } => state.evidence = Some(file.clone()),
            Fact::RunStarted { .. }
            | Fact::RunResumed { .. }
            | Fact::Probed { .. }
            | Fact::BrowserOpened { .. }
            | Fact::BrowserFailed { .. }
            | Fact::BrowserGone { .. }
            | Fact::Interrupted { .. }
            | Fact::RunEnded
            | Fact::Unknown => {}
        }
    }

    /// Where a step's window begins: its trigger's (latest) start.
    pub fn anchor(&self, step: StepId) -> u64 {
        self.trigger_start(step).map_or(0, |moment| moment.t)
    }

    fn trigger_start(&self, step: StepId) -> Option<Moment> {
        match &self.plan.step(step).kind {
            StepKind::Expect { trigger, .. } => self.steps[trigger.index()].started,
            StepKind::Act { .. } => None,
        }
    }

    /// Another process goes on: sessions are gone, and what was under way is in doubt.
    fn resume(&mut self, moment: Moment) {
        self.epoch += 1;
        self.interrupted = None;
        for lane in self.lanes.values_mut() {
            lane.open = false;
            lane.opened_now = 0;
            lane.failed_opens = 0;
            lane.failed = None;
        }
        for (state, step) in self.steps.iter_mut().zip(&self.plan.steps) {
            let cut_off = state.started.is_some() && state.acted.is_none();
            if cut_off && step.is_once() {
                let why = PortFailure::new(FailureKind::Harness, "the run was cut off inside this action");
                state.acted = Some((moment, Acted::Unknown { why }));
            } else if cut_off {
                state.started = None;
            }
            // A look whose judgement was not written any more is made again before anything is closed.
            state.looks.last = None;
            state.looks.last_good = state.looks.good_before;
            state.mark_failures.clear();
            state.standing_failures = 0;
            state.recall_failures.clear();
        }
    }
}

/// Where a step's window begins.
struct WindowStart {
    t: u64,
    /// By the service's clock: the mailbox is nearer to that than to ours.
    sent: Option<Timestamp>,
}

impl StepState {
    fn looked(&mut self, since: u64, seen: &Seen, moment: Moment) {
        self.looks.count += 1;
        self.looks.last = Some((since, moment));
        if !matches!(seen, Seen::Failed(_)) {
            self.looks.good_before = self.looks.last_good.replace(since);
        }
        match seen {
            Seen::New(observation) => self.looks.seen = Some((moment, observation.clone())),
            Seen::Same => {}
            Seen::Failed(why) => {
                self.looks.failed += 1;
                self.looks.last_failure = Some((moment, why.clone()));
                if self.met.is_some() {
                    self.standing_failures += 1;
                }
            }
        }
    }

    fn checked(&mut self, check: &Check, moment: Moment, start: &WindowStart) {
        self.check = Some((moment, check.clone()));
        if let (Check::Met { arrived_at, .. }, None) = (check, self.met) {
            let seen_after = moment.t.saturating_sub(start.t);
            // It came after the last good look that did not see it, and before this one. Where that is a long time
            // (the eye was blind, or the process was gone), the mailbox's own time of arrival narrows it. That time
            // has whole seconds, cut off.
            let not_before = self.looks.good_before.map_or(0, |since| since.saturating_sub(start.t));
            let arrived_after = arrived_at
                .zip(start.sent)
                .map(|(arrived, sent)| u64::try_from(arrived.duration_since(sent).as_millis()).unwrap_or(0) + 1_000);
            let after_ms = arrived_after.map_or(seen_after, |after| after.max(not_before).min(seen_after));
            self.met = Some(Met { moment, after_ms });
        }
    }
}

fn step_of(fact: &Fact) -> Option<StepId> {
    match fact {
        Fact::Marked { step, .. }
        | Fact::MarkFailed { step, .. }
        | Fact::Refused { step, .. }
        | Fact::Started { step }
        | Fact::Acted { step, .. }
        | Fact::Looked { step, .. }
        | Fact::Checked { step, .. }
        | Fact::Recalled { step, .. }
        | Fact::Closed { step, .. }
        | Fact::Evidence { step, .. } => Some(*step),
        Fact::RunStarted { .. }
        | Fact::RunResumed { .. }
        | Fact::Probed { .. }
        | Fact::BrowserOpened { .. }
        | Fact::BrowserFailed { .. }
        | Fact::BrowserGone { .. }
        | Fact::Interrupted { .. }
        | Fact::RunEnded
        | Fact::Unknown => None,
    }
}
