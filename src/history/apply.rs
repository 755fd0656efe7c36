//! One event more. Facts that do not fit (a later version's, a damaged journal's) change nothing.

use super::History;
use jiff::Timestamp;

use super::state::{Mailbox, Met, Moment, ProbeState, ServiceClock, StepState};
use crate::model::{
    Act, Acted, Check, Event, Expectation, Fact, FailureKind, Lane, LateCopy, Observation, PlannedStep, PortFailure,
    ProbeWhen, RowsNeeded, Seen, StepId, StepKind, Timing, Window, WindowFrom,
};

/// Tries to open a browser, before a lane is given up.
const OPENS_MAX: u32 = 2;

impl History {
    /// One look at the service's health, which began at `since`.
    fn probed(&mut self, when: ProbeWhen, since: u64, mut probe: ProbeState) {
        if let Some(health) = &probe.health {
            self.deploys.looked(health, since, probe.moment.t);
            // One that is known only when the action is over says less of the time.
            if when != ProbeWhen::Acting {
                self.clock = ServiceClock::narrowed(self.clock, health, probe.moment);
            }
        }
        let place = match when {
            ProbeWhen::Acting => return,
            ProbeWhen::Expecting => {
                self.builds.looked(probe, &self.occasion.expected, self.after.is_some());
                return;
            }
            ProbeWhen::Before => &mut self.before,
            ProbeWhen::During => &mut self.during,
            ProbeWhen::After => &mut self.after,
        };
        probe.tries += place.as_ref().map_or(0, |earlier| earlier.tries);
        *place = Some(probe);
    }

    /// Folds one event in.
    pub fn apply(&mut self, event: &Event) {
        self.count_time(event);
        let moment = Moment { seq: event.seq, t: event.t.max(self.last.t), at: event.at };
        self.last = moment;
        if let Some(step) = event.fact.step() {
            if step.index() < self.steps.len() {
                self.apply_to_step(step, &event.fact, moment);
            }
            return;
        }
        match &event.fact {
            Fact::RunResumed { .. } => self.resume(moment),
            Fact::Probed { when, since, health, failure } => {
                let probe = ProbeState { moment, tries: 1, health: health.clone(), failure: failure.clone() };
                self.probed(*when, since.unwrap_or(moment.t), probe);
            }
            Fact::BrowserOpened { lane, browser } => {
                if let Some(lane) = self.lanes.get_mut(lane) {
                    lane.session += 1;
                    lane.opened_now += 1;
                    lane.open = true;
                    lane.document = None;
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
            Fact::Held { .. }
            | Fact::Leased(_)
            | Fact::Shared { .. }
            | Fact::Deploys { .. }
            | Fact::Detached { .. }
            | Fact::Interrupted { .. }
            | Fact::RunEnded => self.apply_to_process(&event.fact, moment),
            Fact::LookedBack { scenario, words, copies, .. } => {
                self.looked_back_later(moment, scenario, words, copies.as_ref());
            }
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
        let start = self.window_start(step);
        if matches!(fact, Fact::Started { .. }) {
            self.forget_what_was_chosen(step);
        }
        let service_now = self.service_time(moment.t, moment.at);
        let (document_before, dialogs_before) = self.shown_in(lane, fact);
        let state = &mut self.steps[step.index()];
        match fact {
            Fact::Marked { ids, alive, clock_offset_ms, .. } => {
                let ids = ids.iter().cloned().collect();
                let clock_offset_ms = *clock_offset_ms;
                state.mailbox = Some(Mailbox { moment, ids, alive: alive.clone(), clock_offset_ms });
            }
            Fact::MarkFailed { why, .. } => state.mark_failures.push((moment, why.clone())),
            Fact::Refused { why, .. } => state.refuse(moment, why),
            Fact::Started { .. } => {
                state.started = Some(moment);
                state.document_before = document_before;
                state.dialogs_before = dialogs_before;
                state.began_at = Some(service_now);
                state.over_at = None;
                state.times_started += 1;
                state.acted = None;
            }
            Fact::Acted { acted, .. } => {
                state.acted = Some((moment, acted.clone()));
                state.over_at = Some(service_now);
                state.session = Some(session);
            }
            Fact::Looked { since, seen, took_ms, busy_percent, .. } => {
                state.looks.busy_percent = *busy_percent;
                state.looked(*since, seen, *took_ms, moment);
            }
            Fact::Checked { check, standing: true, .. } => state.standing = Some((moment, check.clone())),
            Fact::Checked { check, standing: false, captured, .. } => {
                if let Some(start) = start {
                    state.checked(check, moment, &start);
                }
                state.captured = captured.clone().map(|handle| (handle, epoch)).or_else(|| state.captured.take());
                if check.is_met() {
                    self.picked_up_by_page(step, moment);
                }
                self.refuse_code(step, check);
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
            | Fact::Detached { .. }
            | Fact::Held { .. }
            | Fact::Leased(_)
            | Fact::Deploys { .. }
            | Fact::Shared { .. }
            | Fact::Interrupted { .. }
            | Fact::RunEnded
            | Fact::LookedBack { .. }
            | Fact::Unknown => {}
        }
    }

    /// What a lane's browser has shown until now; a look at a page is kept for the next fact.
    fn shown_in(&mut self, lane: Lane, fact: &Fact) -> (Option<u64>, usize) {
        let Some(lane) = self.lanes.get_mut(&lane) else { return (None, 0) };
        let before = (lane.document, lane.dialogs);
        if let Fact::Looked { seen, document, .. } = fact {
            lane.document = document.or(lane.document);
            if let Seen::New(Observation::Page(page)) = seen {
                lane.dialogs = page.dialogs.len();
            }
        }
        before
    }

    /// What a later run has found: on the page of a job, or a second time in the mailbox.
    fn looked_back_later(&mut self, moment: Moment, scenario: &str, words: &[String], copies: Option<&LateCopy>) {
        match copies {
            Some(copies) => drop(self.copies.insert(scenario.to_owned(), (moment, copies.clone()))),
            None => drop(self.receipts.insert(scenario.to_owned(), (moment, words.to_owned()))),
        }
    }

    /// Where the window of an expectation begins; nothing for an action.
    fn window_start(&self, step: StepId) -> Option<WindowStart> {
        match &self.plan.step(step).kind {
            StepKind::Expect { expect, window, aside, trigger, .. } => {
                let moved = aside.is_some_and(|(_, look)| self.step(look).looks.news > 1);
                // What was seen to move has until its longer limit to be late, not lost.
                let late_ms =
                    window.while_moving_ms.filter(|_| moved).map_or(window.late_ms, |ms| ms.max(window.late_ms));
                let window = Window { late_ms, ..*window };
                let asks = match &self.plan.step(*trigger).kind {
                    StepKind::Act { act: Act::Schedule | Act::Fill(_), .. } => PageTime::Nothing,
                    StepKind::Act { .. } | StepKind::Expect { .. } => PageTime::Request,
                };
                let page = (!expect.is_message()).then_some(asks);
                let (t, at) = (self.anchor(step), self.anchor_time(step));
                // Held up between its intent and its end, this program may have done it at any time in between.
                let acted = self.step(*trigger);
                let done = match (&acted.acted, window.from) {
                    (Some((moment, Acted::Done)), WindowFrom::Trigger) => (moment.t, acted.over_at.or(at)),
                    _ => (t, at),
                };
                // Across a resume the run's time is that of the machine's clock, which may have been set meanwhile: it must not
                // cut short what the service's tells.
                let now = (self.epoch > 0).then_some(self.clock).flatten().and_then(|clock| clock.at(self.last.t));
                Some(WindowStart { t, at, window, done, page, now })
            }
            StepKind::Act { .. } => None,
        }
    }

    /// A time that is chosen anew has to be looked at anew, and so has the page of a code that is typed in another's place.
    fn forget_what_was_chosen(&mut self, step: StepId) {
        if let Some(page) = self.page_of_next_code(step) {
            self.steps[page.index()] = StepState::default();
        }
        if !matches!(&self.plan.step(step).kind, StepKind::Act { act: Act::Schedule, .. }) {
            return;
        }
        for planned in &self.plan.steps {
            if matches!(&planned.kind, StepKind::Expect { trigger, .. } if *trigger == step) {
                self.steps[planned.id.index()] = StepState::default();
            }
        }
    }

    /// A job whose page says that it has begun was picked up, also when none of its messages is here.
    fn picked_up_by_page(&mut self, look: StepId, moment: Moment) {
        let is_pickup = |step: &&PlannedStep| match &step.kind {
            StepKind::Expect { expect: Expectation::Rows(rows), aside: Some((_, aside)), .. } => {
                *aside == look && rows.need == RowsNeeded::First
            }
            StepKind::Expect { .. } | StepKind::Act { .. } => false,
        };
        let Some(pickup) = self.plan.steps.iter().find(is_pickup).map(|step| step.id) else { return };
        let after_ms = moment.t.saturating_sub(self.anchor(pickup));
        let StepKind::Expect { window, .. } = &self.plan.step(pickup).kind else { return };
        // A job that is sent now says at once that it works, whoever works: only a message that was made proves it.
        let sentences = &self.plan.sentences;
        let made = match &self.step(look).looks.seen {
            Some((_, Observation::Page(page))) => page.job(sentences).rows.len(),
            Some((_, Observation::Messages { .. })) | None => 0,
        };
        if window.from != WindowFrom::Slot && made == 0 {
            return;
        }
        // It had begun at the latest now, and had not at the look before this one, if there was one.
        let before = self.step(look).looks.good_before.filter(|_| self.step(look).looks.count > 1);
        let least_ms = before.map_or(0, |since| since.saturating_sub(self.anchor(pickup))).min(after_ms);
        let timing = window.timing(least_ms.max(window.not_before_ms));
        let state = &mut self.steps[pickup.index()];
        if state.met.is_none() && state.closed.is_none() {
            state.met = Some(Met { moment, after_ms, least_ms, timing, by_page: true });
        }
    }

    /// Another process goes on: sessions are gone, and what was under way is in doubt.
    fn resume(&mut self, moment: Moment) {
        self.epoch += 1;
        self.interrupted = None;
        self.stopped_at = None;
        self.detached = None;
        // It may be another machine now.
        self.clock = None;
        self.during = None;
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
                // Whenever it ended: by now it had.
                state.over_at = None;
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
    at: Option<Timestamp>,
    window: Window,
    /// The action that it counts from was done by then, in both times: this program may have been stopped in the middle.
    done: (u64, Option<Timestamp>),
    /// Where a page is expected: what of its time is the service's.
    page: Option<PageTime>,
    /// The service's time now, where the run was resumed and this process has been told it.
    now: Option<Timestamp>,
}

/// What of the time until a page was seen is the service's.
#[derive(Clone, Copy)]
enum PageTime {
    /// Its request.
    Request,
    /// Nothing: what was done before it asks for nothing.
    Nothing,
}

/// Clocks may differ by so much before something counts as having come too early.
const EARLY_TOLERANCE_MS: i64 = 2_000;

impl StepState {
    fn looked(&mut self, since: u64, seen: &Seen, took_ms: Option<u64>, moment: Moment) {
        self.looks.count += 1;
        self.looks.took_ms = took_ms;
        self.looks.last = Some((since, moment));
        if !matches!(seen, Seen::Failed(_)) {
            self.looks.good_before = self.looks.last_good.replace(since);
        }
        match seen {
            Seen::New(observation) => {
                self.looks.news += 1;
                self.looks.first.get_or_insert_with(|| (moment, observation.clone()));
                self.looks.seen = Some((moment, observation.clone()));
            }
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
        let (Check::Met { arrived_at, slot, .. }, None) = (check, self.met) else { return };
        self.slot = self.slot.or(*slot);
        let by_service = start.now.zip(start.at).map(|(now, from)| now.duration_since(from).as_millis());
        let by_service = by_service.and_then(|after| u64::try_from(after).ok()).unwrap_or(0);
        let seen_after = moment.t.saturating_sub(start.t).max(by_service);
        // It came after the last good look that did not see it, and before this one. Where that is a long time (the eye
        // was blind, the process was gone or stopped), the mailbox's own time of arrival narrows it, which has whole
        // seconds, cut off; of a page it is the browser's own time that counts.
        let not_before = self.looks.good_before.map_or(0, |since| since.saturating_sub(start.t));
        let arrived_ms = arrived_at.zip(start.at).map(|(arrived, from)| arrived.duration_since(from).as_millis());
        let arrived_after = |late: i128| arrived_ms.map(|after| u64::try_from(after + late).unwrap_or(0));
        let after_ms = arrived_after(1_000).map_or(seen_after, |after| after.max(not_before).min(seen_after));
        let least_ms = match start.page {
            Some(PageTime::Request) => self.looks.took_ms.unwrap_or(seen_after).min(seen_after),
            // Nothing was asked of the service.
            Some(PageTime::Nothing) => 0,
            None => {
                let (t, at) = start.done;
                let arrived = arrived_at.zip(at).map(|(arrived, done)| arrived.duration_since(done).as_millis());
                let missed = self.looks.good_before.map_or(0, |since| since.saturating_sub(t));
                arrived.and_then(|after| u64::try_from(after).ok()).unwrap_or(0).max(missed).min(seen_after)
            }
        };
        let early = start.window.from == WindowFrom::Slot
            && (arrived_ms.is_some_and(|after| after + 1_000 < -i128::from(EARLY_TOLERANCE_MS))
                || i128::from(moment.t) < i128::from(start.t) - i128::from(EARLY_TOLERANCE_MS));
        let too_early = early || after_ms < start.window.not_before_ms;
        let timing =
            if too_early { Timing::TooEarly } else { start.window.timing(least_ms.max(start.window.not_before_ms)) };
        self.met = Some(Met { moment, after_ms, least_ms, timing, by_page: false });
    }
}
