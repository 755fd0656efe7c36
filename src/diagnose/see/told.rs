//! What is said outright: by a page, by the harness, by a later run. Nothing has to be deduced then.

use super::evidence::Evidence;
use crate::diagnose::causes::{self, Cause};
use crate::diagnose::sign::Sign;
use crate::history::History;
use crate::model::{
    Component, Expectation, LateCopy, MessageKind, PlannedScenario, StepId, StepKind, Timing, Verdict, WindowFrom,
};

/// Another version came in the middle of the run.
pub(super) fn deployed() -> Vec<&'static Cause> {
    vec![&causes::DEPLOYED]
}

/// Whether a step with this verdict is something to be explained by itself.
pub(super) fn goes_wrong(verdict: Verdict) -> bool {
    match verdict {
        Verdict::Passed | Verdict::NotVerified => false,
        Verdict::Degraded | Verdict::Inconclusive | Verdict::Errored | Verdict::Failed => true,
    }
}

/// What a later run found of a scenario, and at which step.
pub(super) fn looked_back(history: &History, scenario: &PlannedScenario) -> Vec<(StepId, &'static Cause)> {
    let rows =
        scenario.steps.iter().rev().find(|step| {
            matches!(&history.plan.step(**step).kind, StepKind::Expect { expect: Expectation::Rows(_), .. })
        });
    let Some(step) = rows.or(scenario.steps.last()) else { return Vec::new() };
    let untold = history.untold(scenario).is_some_and(|(_, untold, _)| untold > 0);
    let more = history.made_later(scenario).is_some();
    let copies = history.copies.get(&scenario.id).map(|(_, copies)| copies);
    of_earlier(more, untold, copies).into_iter().map(|cause| (*step, cause)).collect()
}

/// Why a job of an earlier run has more messages than rows, or some of which the service was not told, or messages of it
/// came once more. Only the job's page tells the worker from the provider: where it shows that more was made, nobody has sent
/// one message twice.
pub(in crate::diagnose) fn of_earlier(more: bool, untold: bool, copies: Option<&LateCopy>) -> Vec<&'static Cause> {
    let found = [(more, &causes::ROW_TWICE), (untold, &causes::RECEIPTS_OFF)];
    let pages = found.into_iter().filter(|(seen, _)| *seen).map(|(_, cause)| cause);
    let copies = copies.filter(|copies| !(more && copies.of_list)).into_iter().flat_map(|copies| {
        let worker = if copies.of_list { &causes::ROW_TWICE } else { &causes::SENT_TWICE };
        let provider = match copies.kind {
            MessageKind::Email => &causes::MAIL_TWICE,
            MessageKind::Sms => &causes::TEXT_TWICE,
        };
        [worker, provider]
    });
    let mut all: Vec<&'static Cause> = Vec::new();
    for cause in pages.chain(copies) {
        if !all.contains(&cause) {
            all.push(cause);
        }
    }
    all
}

/// What the page of a step says by itself.
static SAID: [(Sign, &Cause); 6] = [
    (Sign::SignedOutElsewhere, &causes::SIGNED_OUT_ELSEWHERE),
    (Sign::SignedOut, &causes::SIGNED_OUT),
    (Sign::Trial, &causes::TRIAL),
    (Sign::SetUp, &causes::SET_UP),
    (Sign::OtherSignIn, &causes::SIGN_IN_OTHER),
    (Sign::NoLinkTime, &causes::NO_LINK_TIME),
];

/// The causes that are said outright for a step, likeliest first.
pub(super) fn outright(
    history: &History,
    scenario: &PlannedScenario,
    step: StepId,
    judged: Verdict,
    evidence: &Evidence,
) -> Vec<&'static Cause> {
    if let Some((sign, cause)) = SAID.iter().find(|(sign, _)| evidence.has(*sign)) {
        let loops = *sign == Sign::SignedOut && judged == Verdict::Failed;
        return vec![if loops { &causes::SIGN_IN_LOOP } else { cause }];
    }
    // Refused is deduced: by a service whose API cannot be reached, everybody is.
    if evidence.has(Sign::LoginRefused) {
        return Vec::new();
    }
    let kind = &history.plan.step(step).kind;
    match (judged, kind) {
        (Verdict::Errored, StepKind::Expect { assumes: Some(Component::Template), .. }) => {
            vec![&causes::TEMPLATE_CHANGED]
        }
        (Verdict::NotVerified, _) if evidence.has(Sign::Stopped) => vec![&causes::STOPPED],
        (Verdict::Errored | Verdict::NotVerified, _) => vec![&causes::HARNESS],
        (Verdict::Inconclusive, _) => of_doubt(history, scenario, step, evidence),
        (Verdict::Passed | Verdict::Degraded | Verdict::Failed, _) => of_fault(history, step, evidence),
    }
}

fn of_doubt(history: &History, scenario: &PlannedScenario, step: StepId, evidence: &Evidence) -> Vec<&'static Cause> {
    let is_number = matches!(&history.plan.step(step).kind, StepKind::Expect { expect, .. } if expect.is_of_number());
    let alters = if is_number { &causes::TEXT_ALTERED } else { &causes::MAIL_ALTERED };
    if evidence.has(Sign::Unreadable) {
        return vec![alters];
    }
    if evidence.has(Sign::Altered) {
        return vec![alters];
    }
    if evidence.has(Sign::MachineBusy) {
        return vec![&causes::MACHINE_BUSY];
    }
    if evidence.has(Sign::Gone) {
        return vec![&causes::JOB_CANCELLED];
    }
    if evidence.has(Sign::ComesAndGoes) {
        return vec![if is_number { &causes::NUMBER_UNSTEADY } else { &causes::MAILBOX_UNSTEADY }];
    }
    if evidence.has(Sign::MailboxBlind) {
        let clock = evidence.has(Sign::ClockApart).then_some(&causes::CLOCK_APART);
        return std::iter::once(if is_number { &causes::NUMBER_BLIND } else { &causes::MAILBOX_BLIND })
            .chain(clock)
            .collect();
    }
    debug_assert!(scenario.all_steps().any(|known| known == step));
    vec![&causes::HARNESS]
}

fn of_fault(history: &History, step: StepId, evidence: &Evidence) -> Vec<&'static Cause> {
    let StepKind::Expect { expect, window, .. } = &history.plan.step(step).kind else { return Vec::new() };
    let early = history.step(step).met.is_some_and(|met| met.timing == Timing::TooEarly);
    if (early && window.from == WindowFrom::Slot) || evidence.has(Sign::SentAtOnce) {
        return vec![&causes::SENT_AT_ONCE, &causes::SENT_EARLY];
    }
    if evidence.has(Sign::Asked) {
        return vec![&causes::PAGE_ASKS];
    }
    if evidence.has(Sign::Met) {
        return vec![&causes::CODE_AMBIGUOUS];
    }
    if evidence.has(Sign::Distrusted) && !evidence.has(Sign::Duplicate) && !evidence.has(Sign::Late) {
        return vec![&causes::MAIL_DISTRUSTED];
    }
    if evidence.has(Sign::GivenUp) {
        return vec![&causes::WORKER_GAVE_UP];
    }
    if evidence.has(Sign::Undelivered) && !evidence.has(Sign::Duplicate) && !evidence.has(Sign::Late) {
        return if expect.is_of_number() {
            vec![&causes::NUMBER_DEAF, &causes::TEXT_REFUSED]
        } else {
            vec![&causes::MAIL_BOUNCED, &causes::MAILBOX_REFUSES]
        };
    }
    if evidence.has(Sign::NotScheduled) || evidence.has(Sign::OtherTime) {
        return vec![&causes::TIME_NOT_KEPT];
    }
    if evidence.has(Sign::Unmoved) && !evidence.has(Sign::ErrorPage) && !evidence.has(Sign::Wrong) {
        return vec![&causes::UPLOAD_STUCK, &causes::UPLOAD_HANGS];
    }
    Vec::new()
}
