//! What the facts amount to. Passed needs positive evidence for every planned step; everything else falls below it.

use super::{Fate, History, Met, StepState};
use crate::model::{
    Acted, Blemish, Check, Expectation, FailureKind, Gap, PlannedScenario, StepId, StepKind, Timing, Verdict, Window,
    WindowFrom, Wrong,
};

/// A verdict with its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    pub verdict: Verdict,
    /// One sentence; empty for what passed.
    pub why: String,
}

/// A scenario's verdict with those of its steps.
#[derive(Debug, Clone)]
pub struct ScenarioVerdict {
    pub verdict: Verdict,
    pub steps: Vec<(StepId, Judged)>,
    /// Why it is not what its worst step says, where it is not.
    pub softened: Option<String>,
    /// The scenario before it that did not get so far.
    pub blocked_by: Option<String>,
}

impl ScenarioVerdict {
    /// The first step that is as bad as its steps get.
    pub fn worst(&self) -> Option<(StepId, &Judged)> {
        let worst = self.steps.iter().map(|(_, judged)| judged.verdict).max()?;
        let first = self.steps.iter().find(|(_, judged)| judged.verdict == worst)?;
        Some((first.0, &first.1))
    }
}

fn judged(verdict: Verdict, why: impl Into<String>) -> Judged {
    Judged { verdict, why: why.into() }
}

pub(super) fn of_run(history: &History) -> Verdict {
    let scenarios = history.plan.judged().map(|scenario| of_scenario(history, scenario).verdict);
    let worst = scenarios.max().unwrap_or(Verdict::NotVerified);
    worst.max(of_frame(history))
}

/// What belongs to no scenario: the run's end, its door, the service's own word on its health.
pub(super) fn of_frame(history: &History) -> Verdict {
    if history.refused_at_door() {
        return Verdict::Errored;
    }
    if !history.ended || history.after.is_none() {
        return Verdict::NotVerified;
    }
    // What was deployed has to answer: anything else was tested in its place, and nothing makes that less.
    if history.wrong_build().is_some() {
        return Verdict::Failed;
    }
    match history.after.as_ref().and_then(|probe| probe.health.as_ref()) {
        Some(_) if !history.occasion.expected.is_empty() && !history.builds_seen() => Verdict::NotVerified,
        Some(health) if health.admin.ok && health.api.ok => Verdict::Passed,
        Some(_) => Verdict::Degraded,
        // Planned, tried more than once, and not seen.
        None => Verdict::NotVerified,
    }
}

pub(super) fn of_scenario(history: &History, scenario: &PlannedScenario) -> ScenarioVerdict {
    let steps: Vec<(StepId, Judged)> = scenario.steps.iter().map(|step| (*step, of_step(history, *step))).collect();
    let worst = steps.iter().map(|(_, judged)| judged.verdict).max().unwrap_or(Verdict::NotVerified);
    // Actions prove nothing: without a met expectation nothing was verified, whatever else there is.
    let looked = steps.iter().any(|(step, _)| history.step(*step).met.is_some());
    let worst = if looked { worst } else { worst.max(Verdict::NotVerified) };
    let untouched = scenario.steps.iter().all(|step| history.step(*step).started.is_none());
    if let Some(before) = history.predecessor(scenario).filter(|before| untouched && !passes(history, before)) {
        let blocked_by = Some(before.name.clone());
        return ScenarioVerdict { verdict: Verdict::NotVerified, steps, softened: None, blocked_by };
    }
    let blocked_by = None;
    let lane = history.lanes.get(&scenario.lane);
    if worst != Verdict::Passed && lane.is_some_and(|lane| lane.failed.is_some()) {
        return ScenarioVerdict { verdict: worst.max(Verdict::Errored), steps, softened: None, blocked_by };
    }
    if let (Verdict::Failed, Some(softened)) = (worst, history.deployed_during(scenario)) {
        let softened = Some(softened);
        return ScenarioVerdict { verdict: Verdict::Inconclusive, steps, softened, blocked_by };
    }
    let untold = history.untold(scenario).filter(|(_, untold, _)| *untold > 0);
    let again = history.made_later(scenario).is_some() || history.copies.contains_key(&scenario.id);
    let looked_back = untold.is_some() || again;
    let verdict = if looked_back { worst.max(Verdict::Degraded) } else { worst };
    ScenarioVerdict { verdict, steps, softened: None, blocked_by }
}

/// Whether nothing in a scenario keeps the next one from going on.
fn passes(history: &History, scenario: &PlannedScenario) -> bool {
    scenario.steps.iter().all(|step| match &history.plan.step(*step).kind {
        StepKind::Act { .. } => matches!(&history.step(*step).acted, Some((_, Acted::Done))),
        StepKind::Expect { .. } => history.step(*step).met.is_some(),
    })
}

fn of_step(history: &History, step: StepId) -> Judged {
    match &history.plan.step(step).kind {
        StepKind::Act { watch, act } => of_act(history, step, act.is_once(), watch),
        StepKind::Expect { .. } => of_expectation(history, step),
    }
}

fn of_act(history: &History, step: StepId, once: bool, watch: &[StepId]) -> Judged {
    let state = history.step(step);
    if let Some((_, why)) = &state.refused {
        return judged(Verdict::NotVerified, format!("refused by a guard: {why}"));
    }
    match &state.acted {
        Some((_, Acted::Done)) => judged(Verdict::Passed, ""),
        Some((_, Acted::NotDone { why })) => judged(blame(why.kind), why.text.clone()),
        Some((_, Acted::Unknown { why })) if once => {
            let proven = watch.iter().any(|expected| history.step(*expected).met.is_some());
            if proven {
                judged(Verdict::Passed, "")
            } else {
                judged(Verdict::Inconclusive, format!("it is not known whether this was done: {}", why.text))
            }
        }
        Some((_, Acted::Unknown { why })) => judged(blame(why.kind), why.text.clone()),
        None if state.started.is_some() => judged(Verdict::Inconclusive, "the run was cut off inside this action"),
        None => judged(Verdict::NotVerified, "not reached"),
    }
}

/// Whose fault a failed action is.
fn blame(kind: FailureKind) -> Verdict {
    match kind {
        FailureKind::Missing | FailureKind::Unreachable | FailureKind::PageTimeout | FailureKind::Tls => {
            Verdict::Failed
        }
        FailureKind::Harness => Verdict::Errored,
        FailureKind::Mailbox => Verdict::Inconclusive,
    }
}

fn of_expectation(history: &History, step: StepId) -> Judged {
    let state = history.step(step);
    let StepKind::Expect { expect, window, trigger, assumes, .. } = &history.plan.step(step).kind else {
        return judged(Verdict::NotVerified, "not an expectation");
    };
    if let Some(met) = state.met {
        let timing = of_timing(state, met, window);
        let standing = if expect.must_stay() { of_standing(history, step) } else { judged(Verdict::Passed, "") };
        // Where both say the same, what is known at the end says more than the time.
        let tells = standing.verdict >= timing.verdict && standing.verdict != Verdict::Passed;
        return if tells { standing } else { timing };
    }
    if let Some((_, Check::Never { why, wrong })) = &state.check {
        return judged(of_never(history, step, *wrong, assumes.is_some()), why.clone());
    }
    if history.awaits_another_code(step) {
        // The page that refused it has the verdict: nobody knows whose code it was.
        return judged(Verdict::NotVerified, "the page refused the code that came first, and no other one has come");
    }
    if let Some((_, failure)) = state.mark_failures.last().filter(|_| state.mailbox.is_none()) {
        let eye = if expect.is_of_number() { "number" } else { "mailbox" };
        return judged(Verdict::Inconclusive, format!("the {eye} could not be looked at: {}", failure.text));
    }
    match state.closed {
        Some((_, Gap::WindowClosed)) => match of_absence(history, step, *trigger) {
            Judged { verdict: Verdict::Failed, why } if assumes.is_some() => judged(Verdict::Errored, why),
            absence => absence,
        },
        Some((_, Gap::CannotCome)) => match history.fate(step) {
            Some((_, Fate::Undelivered(word))) if state.mailbox.as_ref().is_none_or(|eye| eye.alive.is_none()) => {
                let why =
                    format!("the job's page says “{word}”, and nothing shows that messages are received here at all");
                judged(Verdict::Inconclusive, why)
            }
            Some((_, Fate::GivenUp(word) | Fate::Undelivered(word))) => {
                judged(Verdict::Failed, format!("the job's page says “{word}”"))
            }
            Some((_, Fate::Gone)) => {
                judged(Verdict::Inconclusive, "the job has no page any more: somebody has cancelled it")
            }
            None => judged(Verdict::Inconclusive, "the job's page said that it will not come, and does not say so now"),
        },
        Some((_, Gap::SessionLost)) => {
            let why = state.looks.last_failure.as_ref().map(|(_, why)| format!(" ({})", why.text)).unwrap_or_default();
            let text = format!("the browser session that showed it is gone{why}, and the action must not be repeated");
            judged(Verdict::NotVerified, text)
        }
        Some((_, Gap::CaptureLost)) => {
            judged(Verdict::Inconclusive, "the mail that holds the link could not be found again")
        }
        Some((_, Gap::RunTooLong)) => judged(Verdict::NotVerified, "the run has reached its longest time"),
        None => judged(Verdict::NotVerified, "not reached"),
    }
}

/// Whether it was on time.
fn of_timing(state: &StepState, met: Met, window: &Window) -> Judged {
    match (met.timing, state.looks.busy()) {
        // What a page took on a machine without a processor to give is not the service's.
        (Timing::Late | Timing::TooLate, Some(busy)) => {
            judged(Verdict::Inconclusive, format!("late: {}, and {busy}", after(met.least_ms, window.on_time_ms)))
        }
        (Timing::OnTime, _) => judged(Verdict::Passed, ""),
        (Timing::Late, None) => judged(
            Verdict::Degraded,
            format!("late: {}, on time is {}", after(met.least_ms, window.on_time_ms), seconds(window.on_time_ms)),
        ),
        (Timing::TooLate, None) => judged(
            Verdict::Failed,
            format!("too late: {}, the limit is {}", after(met.least_ms, window.late_ms), seconds(window.late_ms)),
        ),
        (Timing::TooEarly, _) if window.from == WindowFrom::Slot => {
            judged(Verdict::Failed, "it was sent before the time that was chosen for it")
        }
        (Timing::TooEarly, _) => {
            judged(Verdict::Inconclusive, format!("too early to be true: after {}", seconds(met.after_ms)))
        }
    }
}

/// Whose fault it is that something else was seen, by what else is known.
fn of_never(history: &History, step: StepId, wrong: Wrong, assumed: bool) -> Verdict {
    match of_wrong(wrong) {
        Verdict::Failed if assumed => Verdict::Errored,
        // Out before it was in: that is no session that has ended.
        Verdict::Inconclusive if wrong == Wrong::SignedOut && !had_session(history, step) => Verdict::Failed,
        // Where the API cannot be reached, everybody is refused: it says nothing of the user.
        Verdict::Errored if wrong == Wrong::SignInRefused && history.api_unwell_throughout() => Verdict::Failed,
        verdict => verdict,
    }
}

/// Whether there was a session that can have ended: one that another scenario left, or one in which a page was seen.
fn had_session(history: &History, step: StepId) -> bool {
    let scenario = history.plan.scenario_of(step);
    let captures_code = |before: &StepId| {
        let kind = &history.plan.step(*before).kind;
        matches!(kind, StepKind::Expect { expect: Expectation::Text(_), capture: Some(_), .. })
    };
    let mut since_code =
        scenario.steps.iter().take_while(|before| **before < step).skip_while(|before| !captures_code(before));
    since_code.next();
    scenario.after.is_some() || since_code.any(|before| history.step(*before).met.is_some())
}

/// Whose fault it is when something else was seen.
fn of_wrong(wrong: Wrong) -> Verdict {
    match wrong {
        Wrong::ErrorPage
        | Wrong::Unreachable
        | Wrong::Untrusted
        | Wrong::Gateway
        | Wrong::ErrorMessage
        | Wrong::Asked
        | Wrong::OtherHost
        | Wrong::Message
        | Wrong::Words => Verdict::Failed,
        // Somebody between the provider and our eye has altered it.
        Wrong::Altered => Verdict::Inconclusive,
        Wrong::Offline => Verdict::Errored,
        // A user has one session, so this says nothing of the service.
        Wrong::SignedOutElsewhere | Wrong::SignedOut => Verdict::Inconclusive,
        // The page is the same for a wrong password, a locked user and an unknown one.
        Wrong::SignInRefused | Wrong::Trial | Wrong::SetUp | Wrong::OtherSignIn | Wrong::NoLinkTime => Verdict::Errored,
        Wrong::NotScheduled | Wrong::OtherTime | Wrong::SentAtOnce => Verdict::Failed,
    }
}

/// Nothing was seen. That counts only if the eye saw, and only if the action was certainly done.
fn of_absence(history: &History, step: StepId, trigger: StepId) -> Judged {
    let state = history.step(step);
    let why = match &state.check {
        Some((_, Check::NotYet { why, .. })) => why.clone(),
        _ => "nothing was seen".to_owned(),
    };
    let StepKind::Expect { expect, .. } = &history.plan.step(step).kind else {
        return judged(Verdict::NotVerified, why);
    };
    let blind = match (&state.looks.last, &state.looks.last_failure) {
        (Some((_, last)), Some((failed, failure))) if failed.seq == last.seq => Some(failure),
        _ => None,
    };
    match (expect, blind, state.looks.busy()) {
        (Expectation::Page(_) | Expectation::Job, Some(failure), _) => {
            judged(blame(failure.kind), failure.text.clone())
        }
        (Expectation::Email(_) | Expectation::Text(_) | Expectation::Rows(_), Some(failure), _) => {
            judged(Verdict::Inconclusive, format!("the last look failed: {}", failure.text))
        }
        (Expectation::Email(_) | Expectation::Text(_) | Expectation::Rows(_), None, _)
            if state.mailbox.as_ref().is_none_or(|mailbox| mailbox.alive.is_none()) =>
        {
            judged(Verdict::Inconclusive, format!("{why}, but nothing shows that messages are received here at all"))
        }
        _ if history.step(trigger).started.is_none() => {
            judged(Verdict::NotVerified, "what should cause it was not done")
        }
        _ if !state.unreadable().is_empty() => {
            let unreadable = state.unreadable();
            let first = unreadable.first().map_or("", String::as_str);
            let text = format!("{why}, and {} of what is there cannot be read ({first})", unreadable.len());
            judged(Verdict::Inconclusive, text)
        }
        _ if matches!(&state.check, Some((_, Check::NotYet { in_doubt: true, .. }))) => {
            judged(Verdict::Inconclusive, why)
        }
        _ if matches!(&state.check, Some((_, Check::NotYet { too_near: true, .. }))) => {
            judged(Verdict::Inconclusive, format!("{why}: this program was held up again and again"))
        }
        (Expectation::Page(_) | Expectation::Job, None, Some(busy)) => {
            judged(Verdict::Inconclusive, format!("{why}, and {busy}"))
        }
        _ if !history.certainly_done(trigger) => {
            judged(Verdict::Inconclusive, format!("{why}, and it is not known whether the action was done"))
        }
        _ => judged(Verdict::Failed, why),
    }
}

/// What had to stay true until the end.
fn of_standing(history: &History, step: StepId) -> Judged {
    match &history.step(step).standing {
        Some((_, Check::Met { blemish: None, .. })) => judged(Verdict::Passed, ""),
        Some((_, Check::Met { blemish: Some(Blemish::Duplicate { count }), .. })) => {
            judged(Verdict::Degraded, format!("it was sent {count} times"))
        }
        Some((_, Check::Met { blemish: Some(Blemish::Ambiguous { requests }), .. })) => {
            let why =
                format!("it may be the answer to one of {requests} earlier request(s) of ours that are still open");
            judged(Verdict::Degraded, why)
        }
        Some((_, Check::Met { blemish: Some(Blemish::SecondTry { came, asked }), .. })) => {
            judged(Verdict::Degraded, format!("it was asked for {asked} times until it came; {came} of them came"))
        }
        Some((_, Check::Met { blemish: Some(Blemish::Distrusted { checks }), .. })) => {
            judged(Verdict::Degraded, format!("the receiving side does not trust it: {}", checks.join(", ")))
        }
        Some((_, Check::Met { blemish: Some(Blemish::SomebodyElse), .. })) => judged(
            Verdict::Inconclusive,
            "somebody else signs in with the same user: a code came that this run has not asked for",
        ),
        Some((_, Check::NotYet { why, .. })) => {
            judged(Verdict::Inconclusive, format!("the message was there and is gone: {why}"))
        }
        Some((_, Check::Never { why, .. })) => judged(Verdict::Failed, why.clone()),
        None => match history.step(step).looks.last_failure.as_ref() {
            Some((_, failure)) if history.step(step).standing_failures > 0 => {
                let text = &failure.text;
                judged(Verdict::Inconclusive, format!("whether a second copy came could not be looked at: {text}"))
            }
            _ => judged(Verdict::NotVerified, "whether a second copy came was not looked at"),
        },
    }
}

/// After how long, where the limit is shorter: never in the same words as the limit.
fn after(ms: u64, limit_ms: u64) -> String {
    let said = seconds(ms);
    if said == seconds(limit_ms) {
        format!("{} ms over the limit", ms - limit_ms.min(ms))
    } else {
        format!("after {said}")
    }
}

fn seconds(ms: u64) -> String {
    if ms < 10_000 { format!("{}.{} s", ms / 1000, ms % 1000 / 100) } else { format!("{} s", ms / 1000) }
}
