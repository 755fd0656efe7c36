//! The signs that speak for a cause, each with its event.

use std::collections::BTreeMap;

use crate::diagnose::sign::Sign;
use crate::diagnose::{Because, Cause};
use crate::history::{History, Moment};
use crate::model::{
    Act, Acted, Blemish, Check, Expectation, FailureKind, Gap, Instead, Observation, PlannedScenario, StepId, StepKind,
    Timing, Window, WindowFrom, Wrong,
};

/// The signs that were seen.
#[derive(Debug, Default)]
pub(in crate::diagnose) struct Evidence {
    signs: BTreeMap<Sign, Because>,
}

/// What something wrong on a page speaks for.
fn signs_of(wrong: Wrong) -> &'static [Sign] {
    match wrong {
        Wrong::ErrorPage => &[Sign::ErrorPage],
        Wrong::Unreachable => &[Sign::Unreachable],
        Wrong::Untrusted => &[Sign::Untrusted],
        Wrong::Gateway => &[Sign::Gateway],
        Wrong::Offline => &[Sign::Failed],
        Wrong::SignedOutElsewhere => &[Sign::Wrong, Sign::SignedOutElsewhere],
        Wrong::SignedOut => &[Sign::Wrong, Sign::SignedOut],
        Wrong::SignInRefused => &[Sign::Wrong, Sign::LoginRefused],
        Wrong::Asked => &[Sign::Wrong, Sign::Asked],
        Wrong::Trial => &[Sign::Wrong, Sign::Trial],
        Wrong::SetUp => &[Sign::Wrong, Sign::SetUp],
        Wrong::OtherSignIn => &[Sign::Wrong, Sign::OtherSignIn],
        Wrong::NoLinkTime => &[Sign::Wrong, Sign::NoLinkTime],
        Wrong::NotScheduled => &[Sign::Wrong, Sign::NotScheduled],
        Wrong::OtherTime => &[Sign::Wrong, Sign::OtherTime],
        Wrong::SentAtOnce => &[Sign::Wrong, Sign::SentAtOnce],
        Wrong::Message => &[Sign::Wrong, Sign::WrongMessage],
        Wrong::Words => &[Sign::Wrong, Sign::WrongMessage, Sign::WrongWords],
        Wrong::Altered => &[Sign::Wrong, Sign::Altered],
        Wrong::ErrorMessage | Wrong::OtherHost => &[Sign::Wrong],
    }
}

impl Evidence {
    pub(super) fn of(history: &History, scenario: &PlannedScenario, step: StepId) -> Self {
        let mut evidence = Self::default();
        evidence.before(history, scenario, step);
        evidence.action(history, step);
        evidence.trouble(history, scenario, step);
        evidence.expectation(history, step);
        evidence.unmoved(history, scenario, step);
        evidence.circumstances(history, step);
        if matches!(&history.plan.step(step).kind, StepKind::Expect { expect, .. } if expect.is_message()) {
            evidence.mailbox(history, step);
            evidence.other_messages(history, step);
            evidence.job(history, step);
            evidence.controls(history);
        }
        if matches!(&history.plan.step(step).kind, StepKind::Expect { expect: Expectation::Text(_), .. }) {
            evidence.codes(history, step);
        }
        evidence.machine(history, step);
        evidence.stop(history, scenario);
        evidence.end(history);
        evidence.health(history);
        if let Some((moment, more)) = history.made_later(scenario) {
            let text = format!("a later run found {more} message(s) more on the job's page than the list has rows");
            evidence.note(Sign::MadeLater, moment, text);
        }
        if let Some((moment, untold, all)) = history.untold(scenario).filter(|(_, untold, _)| *untold > 0) {
            let text =
                format!("a later run found {untold} of {all} message(s) not shown as delivered on the job's page");
            evidence.note(Sign::Untold, moment, text);
        }
        evidence
    }

    pub(in crate::diagnose) fn has(&self, sign: Sign) -> bool {
        self.signs.contains_key(&sign)
    }

    /// What speaks for one cause.
    pub(in crate::diagnose) fn because(&self, cause: &Cause) -> Vec<Because> {
        cause.cites.iter().filter_map(|sign| self.signs.get(sign).cloned()).collect()
    }

    pub(super) fn note(&mut self, sign: Sign, moment: Moment, text: impl Into<String>) {
        self.signs.insert(sign, Because { seq: moment.seq, at: moment.at, text: text.into() });
    }

    fn before(&mut self, history: &History, scenario: &PlannedScenario, step: StepId) {
        for earlier in scenario.steps.iter().take_while(|earlier| **earlier < step) {
            if let (Some(met), Some((_, Check::Met { seen, .. }))) =
                (history.step(*earlier).met, &history.step(*earlier).check)
            {
                self.note(Sign::Accepted, met.moment, format!("the service showed {seen}"));
            }
        }
    }

    /// Whether the browser still shows the page on which a list was chosen.
    fn unmoved(&mut self, history: &History, scenario: &PlannedScenario, step: StepId) {
        let StepKind::Expect { trigger, .. } = &history.plan.step(step).kind else { return };
        if !matches!(&history.plan.step(*trigger).kind, StepKind::Act { act: Act::Attach(_), .. }) {
            return;
        }
        let page = |step: StepId| match &history.step(step).looks.seen {
            Some((moment, Observation::Page(page))) => Some((*moment, (page.address(), &page.headings))),
            Some((_, Observation::Messages { .. })) | None => None,
        };
        let before =
            scenario.steps.iter().take_while(|before| **before < *trigger).filter_map(|step| page(*step)).last();
        if let (Some((_, before)), Some((moment, now))) = (before, page(step))
            && before == now
        {
            self.note(Sign::Unmoved, moment, "the browser still shows the page on which the list was chosen");
        }
    }

    fn action(&mut self, history: &History, step: StepId) {
        let Some((moment, Acted::NotDone { why } | Acted::Unknown { why })) = &history.step(step).acted else { return };
        let sign = match why.kind {
            FailureKind::Tls => Sign::Untrusted,
            FailureKind::Unreachable | FailureKind::PageTimeout => Sign::Unreachable,
            FailureKind::Missing | FailureKind::Harness | FailureKind::Mailbox => Sign::Failed,
        };
        self.note(sign, *moment, why.text.clone());
    }

    /// What was done before, and what is known of the clocks.
    fn circumstances(&mut self, history: &History, step: StepId) {
        if let Some((whose, ms)) = history.clocks_apart().into_iter().next() {
            let text = format!("this machine's clock and the {whose}'s are {} s apart", ms.unsigned_abs() / 1_000);
            let looked = history.before.as_ref().map_or(history.last, |probe| probe.moment);
            self.note(Sign::ClockApart, looked, text);
        }
        let StepKind::Expect { trigger, second_try, .. } = &history.plan.step(step).kind else { return };
        let attaches = matches!(&history.plan.step(*trigger).kind, StepKind::Act { act: Act::Attach(_), .. });
        if let Some(moment) = history.step(*trigger).started.filter(|_| attaches) {
            self.note(Sign::Attached, moment, "a list was given to the page");
        }
        if let Some(moment) = second_try.last().and_then(|again| history.step(*again).started) {
            self.note(Sign::AskedTwice, moment, "it was asked for once more");
        }
    }

    /// What kept the harness from looking.
    fn trouble(&mut self, history: &History, scenario: &PlannedScenario, step: StepId) {
        let state = history.step(step);
        if let Some((moment, why)) = &state.refused {
            self.note(Sign::Failed, *moment, format!("a guard refused it: {why}"));
        }
        if let Some((moment, why)) = history.lanes.get(&scenario.lane).and_then(|lane| lane.failed.as_ref()) {
            self.note(Sign::Failed, *moment, why.text.clone());
        }
        if let Some(probe) = history.before.as_ref().filter(|_| history.refused_at_door()) {
            self.note(Sign::Failed, probe.moment, "the service refused our HTTP Basic auth (401)");
        }
        match state.closed {
            Some((moment, Gap::SessionLost)) => match &state.looks.last_failure {
                Some((looked, why)) => self.note(Sign::Failed, *looked, why.text.clone()),
                None => self.note(Sign::Failed, moment, "the browser session is gone"),
            },
            Some((moment, Gap::CaptureLost)) => {
                self.note(Sign::Failed, moment, "the link could not be had again in time");
            }
            Some((moment, Gap::RunTooLong)) => self.note(Sign::Failed, moment, "the run has reached its longest time"),
            Some((_, Gap::WindowClosed | Gap::CannotCome)) | None => {}
        }
    }

    fn stop(&mut self, history: &History, scenario: &PlannedScenario) {
        let cancelled = scenario.cancel.and_then(|press| history.step(press).started);
        if let (Some(moment), Some(_)) = (cancelled, history.cancelled(scenario)) {
            self.note(Sign::Stopped, moment, "its job was cancelled when the run was stopped");
        } else if let (Some(moment), Some(signal)) = (history.stopped_at, &history.interrupted) {
            self.note(Sign::Stopped, moment, format!("the run was stopped by {signal}"));
        }
    }

    /// Where nothing else was seen, or the run was cut off, the end of it is all there is to cite.
    fn end(&mut self, history: &History) {
        if self.signs.is_empty() || history.interrupted.is_some() || !history.ended {
            let text = history.interrupted.as_ref().map_or_else(
                || "the last thing that is known of the run".to_owned(),
                |signal| format!("the run was stopped by {signal}"),
            );
            self.signs.entry(Sign::Failed).or_insert(Because { seq: history.last.seq, at: history.last.at, text });
        }
    }

    fn expectation(&mut self, history: &History, step: StepId) {
        let state = history.step(step);
        let StepKind::Expect { window, .. } = &history.plan.step(step).kind else { return };
        match &state.check {
            Some((moment, Check::Never { why, wrong })) => {
                for sign in signs_of(*wrong) {
                    self.note(*sign, *moment, why.clone());
                }
            }
            Some((moment, Check::NotYet { why, .. })) => self.missing(history, step, *moment, why),
            Some((_, Check::Met { .. })) | None => {}
        }
        if let Some((moment, Observation::Page(page))) = &state.looks.seen
            && let Some(status @ (403 | 429)) = page.status
        {
            let heading = page.headings.first().unwrap_or(&page.title);
            self.note(Sign::Denied, *moment, format!("the page “{heading}” came with HTTP {status}"));
        }
        if let Some(met) = state.met.filter(|met| met.timing != Timing::OnTime) {
            let tenths = |ms: u64| format!("{}.{}", ms / 1000, ms % 1000 / 100);
            let (after, limit) = (tenths(met.least_ms), tenths(window.on_time_ms));
            let text = format!("seen {after} s after {}; on time is {limit} s", from(window));
            self.note(Sign::Late, met.moment, text);
            self.listed_late(history, step, window);
        }
        for (moment, check) in [&state.check, &state.standing].into_iter().flatten() {
            match check {
                Check::Met { blemish: Some(Blemish::Ambiguous { .. }), seen, .. } => {
                    self.note(Sign::Met, *moment, format!("seen: {seen}"));
                }
                Check::Met { blemish: Some(Blemish::SomebodyElse), seen, .. } => {
                    self.note(Sign::Met, *moment, format!("seen: {seen}"));
                    self.note(Sign::SignedOutElsewhere, *moment, "a code came that this run has not asked for");
                }
                Check::Met { blemish: Some(Blemish::SecondTry { came, asked }), .. } => {
                    let sign = if came < asked { Sign::OneLost } else { Sign::AllCame };
                    self.signs.remove(&Sign::OneLost);
                    self.note(sign, *moment, format!("it was asked for {asked} times, and {came} came"));
                }
                _ => {}
            }
        }
        match &state.standing {
            Some((moment, Check::Met { blemish: Some(Blemish::Duplicate { count }), .. })) => {
                self.note(Sign::Duplicate, *moment, format!("it came {count} times, with different provider ids"));
            }
            Some((moment, Check::Met { blemish: Some(Blemish::Distrusted { checks }), .. })) => {
                self.note(Sign::Distrusted, *moment, format!("the receiving side says of it: {}", checks.join(", ")));
            }
            Some((moment, Check::NotYet { why, .. })) => self.note(Sign::ComesAndGoes, *moment, why.clone()),
            Some((_, Check::Met { .. } | Check::Never { .. })) | None => {}
        }
    }

    /// What was not there, up to the end of its window.
    fn missing(&mut self, history: &History, step: StepId, moment: Moment, why: &str) {
        let state = history.step(step);
        let StepKind::Expect { expect, window, .. } = &history.plan.step(step).kind else { return };
        let instead = match &state.check {
            Some((_, Check::NotYet { instead, .. })) => *instead,
            _ => None,
        };
        match instead {
            Some(Instead::OtherSender) => self.note(Sign::OtherSender, moment, why),
            Some(Instead::TheirSender) => {
                self.note(Sign::OtherSender, moment, why);
                self.note(Sign::TheirSender, moment, why);
            }
            Some(Instead::Unreadable) => self.note(Sign::Unreadable, moment, why),
            None => {}
        }
        if let Some((moment, Gap::WindowClosed)) = state.closed {
            let text = format!(
                "{why}; still so at the limit, {} s after {} ({} looks)",
                window.late_ms / 1000,
                from(window),
                state.looks.count
            );
            if !expect.is_message() {
                self.note(Sign::PageAbsent, moment, text.clone());
            }
            self.note(Sign::Absent, moment, text);
        }
        if matches!(expect, Expectation::Rows(_)) && !why.starts_with('0') {
            self.note(Sign::PartCame, moment, why);
        }
    }

    /// The eye's own time of what came against the moment in which it showed it.
    fn listed_late(&mut self, history: &History, step: StepId, window: &Window) {
        let Some((moment, Check::Met { arrived_at: Some(arrived), .. })) = &history.step(step).check else { return };
        let Some(from_time) = history.anchor_time(step) else { return };
        let own_ms = arrived.duration_since(from_time).as_millis();
        // It has whole seconds, cut off. A look that succeeded after it did not have it.
        let here = own_ms + 1_000;
        let after_ms = history.step(step).met.map_or(0, |met| i128::from(met.least_ms));
        if here <= i128::from(window.on_time_ms) && after_ms > here {
            let text = format!(
                "its own time is {}.{} s after {}",
                own_ms.max(0) / 1_000,
                own_ms.max(0) % 1_000 / 100,
                from(window)
            );
            self.note(Sign::ListedLate, *moment, text);
        }
    }

    fn mailbox(&mut self, history: &History, step: StepId) {
        let state = history.step(step);
        match &state.mailbox {
            Some(mailbox) => match &mailbox.alive {
                Some(alive) => self.note(Sign::MailboxAlive, mailbox.moment, alive.clone()),
                None => {
                    self.note(Sign::MailboxBlind, mailbox.moment, "nothing shows that this mailbox receives at all");
                }
            },
            None => {
                if let Some((moment, failure)) = state.mark_failures.last() {
                    self.note(Sign::MailboxBlind, *moment, failure.text.clone());
                }
            }
        }
        for (moment, failure) in &state.recall_failures {
            let text = failure.as_ref().map_or("the mail is not in the mailbox any more", |failure| &failure.text);
            self.note(Sign::MailboxBlind, *moment, text);
        }
        let last = state.looks.last.map(|(_, moment)| moment.seq);
        if let (Some(first), Some((moment, _)), None) = (state.unreadable().first(), &state.looks.seen, state.met) {
            self.note(Sign::MailboxBlind, *moment, format!("something in it cannot be read: {first}"));
        }
        if let Some((moment, failure)) =
            state.looks.last_failure.as_ref().filter(|(moment, _)| Some(moment.seq) == last)
        {
            self.note(Sign::MailboxBlind, *moment, failure.text.clone());
        }
    }

    /// Codes of ours that nobody used, those of this run among them.
    fn codes(&mut self, history: &History, step: StepId) {
        let kept = history.plan.codes_kept;
        let (before, own) = (history.since.codes_unused, history.requests(step));
        if kept > 0 && before + own >= kept {
            let text =
                format!("{before} codes of earlier runs are unused, {own} more asked for: the service keeps {kept}");
            self.note(Sign::CodesKept, history.last, text);
        }
    }

    fn machine(&mut self, history: &History, step: StepId) {
        let looks = &history.step(step).looks;
        if let (Some(text), Some((_, moment))) = (looks.busy(), looks.last) {
            self.note(Sign::MachineBusy, moment, text);
        }
    }

    fn health(&mut self, history: &History) {
        for probe in [&history.before, &history.during, &history.after].into_iter().flatten() {
            let Some(health) = &probe.health else { continue };
            if health.api.ok {
                self.note(
                    Sign::ApiWell,
                    probe.moment,
                    format!("/_status says that the API is well ({})", health.api.version),
                );
            } else {
                self.note(Sign::ApiUnwell, probe.moment, format!("/_status says of the API: {}", health.api.version));
            }
        }
        for text in history.deployed() {
            self.note(Sign::Deployed, history.last, text);
        }
    }
}

/// What a window counts from, in words.
fn from(window: &Window) -> &'static str {
    match window.from {
        WindowFrom::Trigger => "the press",
        WindowFrom::Slot => "the time that was chosen",
        WindowFrom::Pickup => "the job was picked up",
    }
}
