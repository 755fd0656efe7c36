//! Which part is broken, why we think so, and what to do. Pure, over the whole run.
//!
//! Every candidate cites events. A component that the evidence excludes is not listed.

mod causes;
mod evidence;
mod job;
mod known;
mod next;
mod sign;

pub use causes::{CAUSES, Cause};
pub use known::{Known, is_known, known, verdict};

use jiff::Timestamp;

use crate::history::{History, Judged, ScenarioVerdict};
use crate::model::{Component, Expectation, PlannedScenario, StepId, StepKind, Timing, Verdict, WindowFrom};
use evidence::Evidence;
use sign::Sign;

/// One candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    pub component: Component,
    pub cause: &'static Cause,
    pub because: Vec<Because>,
    /// What the run book says to do.
    pub next_step: String,
}

/// A fact that speaks for a candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Because {
    /// Number of the event in the journal, and when it was.
    pub seq: u64,
    pub at: Timestamp,
    pub text: String,
}

/// The candidates for what is wrong in one scenario, likeliest first; none for what passed.
pub fn diagnose(history: &History, scenario: &PlannedScenario) -> Vec<Diagnosis> {
    let verdict = history.scenario_verdict(scenario);
    // What another scenario has kept it from is that one's to explain.
    if matches!(verdict.verdict, Verdict::Passed) || verdict.blocked_by.is_some() {
        return Vec::new();
    }
    // Nothing is wrong with what is not due yet.
    if verdict.verdict == Verdict::NotVerified && history.waits() {
        return Vec::new();
    }
    let Some((step, judged)) = worst(history, scenario, &verdict) else { return Vec::new() };
    let evidence = Evidence::of(history, scenario, step);
    candidates(history, &verdict, step, &evidence, judged.verdict)
        .into_iter()
        .map(|cause| Diagnosis {
            component: cause.component,
            cause,
            because: evidence.because(cause),
            next_step: next::next_step(history, cause, step),
        })
        .collect()
}

/// The step that is to be explained: the first of the worst, and of degraded ones the first that is not known.
fn worst<'v>(
    history: &History,
    scenario: &PlannedScenario,
    verdict: &'v ScenarioVerdict,
) -> Option<(StepId, &'v Judged)> {
    let (step, judged) = verdict.worst()?;
    if judged.verdict != Verdict::Degraded || history.plan.known.is_empty() {
        return Some((step, judged));
    }
    let mut degraded = verdict.steps.iter().filter(|(_, judged)| judged.verdict == Verdict::Degraded);
    let unknown = degraded.find(|(step, _)| !known::is_known_at(history, scenario, *step));
    Some(unknown.map_or((step, judged), |(step, judged)| (*step, judged)))
}

fn candidates(
    history: &History,
    verdict: &ScenarioVerdict,
    step: StepId,
    evidence: &Evidence,
    judged: Verdict,
) -> Vec<&'static Cause> {
    if verdict.softened.is_some() {
        return vec![&causes::DEPLOYED];
    }
    if judged == Verdict::Passed && (evidence.has(Sign::MadeLater) || evidence.has(Sign::Untold)) {
        let found = [(Sign::MadeLater, &causes::ROW_TWICE), (Sign::Untold, &causes::RECEIPTS_OFF)];
        return found.into_iter().filter(|(sign, _)| evidence.has(*sign)).map(|(_, cause)| cause).collect();
    }
    let known: [(Sign, &'static Cause); 5] = [
        (Sign::SignedOutElsewhere, &causes::SIGNED_OUT_ELSEWHERE),
        (Sign::SignedOut, &causes::SIGNED_OUT),
        (Sign::LoginRefused, &causes::SIGN_IN_REFUSED),
        (Sign::Trial, &causes::TRIAL),
        (Sign::SetUp, &causes::SET_UP),
    ];
    if let Some((sign, cause)) = known.into_iter().find(|(sign, _)| evidence.has(*sign)) {
        let loops = sign == Sign::SignedOut && judged == Verdict::Failed;
        return vec![if loops { &causes::SIGN_IN_LOOP } else { cause }];
    }
    let kind = &history.plan.step(step).kind;
    match (judged, kind) {
        (Verdict::Errored, StepKind::Expect { assumes: Some(Component::Template), .. }) => {
            return vec![&causes::TEMPLATE_CHANGED];
        }
        (Verdict::NotVerified, _) if evidence.has(Sign::Stopped) => return vec![&causes::STOPPED],
        (Verdict::Errored | Verdict::NotVerified, _) => return vec![&causes::HARNESS],
        (Verdict::Inconclusive, _) if evidence.has(Sign::Gone) => return vec![&causes::JOB_CANCELLED],
        (Verdict::Inconclusive, _) if evidence.has(Sign::MailboxBlind) => return vec![&causes::MAILBOX_BLIND],
        (Verdict::Inconclusive, _) => return vec![&causes::HARNESS],
        (Verdict::Passed | Verdict::Degraded | Verdict::Failed, _) => {}
    }
    if evidence.has(Sign::Untrusted) {
        return vec![&causes::CERTIFICATE];
    }
    if evidence.has(Sign::Gateway) {
        return vec![&causes::ROUTER, &causes::NO_INSTANCE];
    }
    if evidence.has(Sign::Unreachable) {
        return vec![&causes::UNREACHABLE];
    }
    match kind {
        StepKind::Act { .. } => vec![&causes::PAGE_LACKS, &causes::WORDS_CHANGED],
        StepKind::Expect { expect: Expectation::Email(_), .. } => of_mail(evidence),
        StepKind::Expect { expect: Expectation::Text(_), .. } => of_text(evidence, history.requests(step)),
        StepKind::Expect { expect: Expectation::Rows(rows), .. } => {
            let early = history.step(step).met.is_some_and(|met| met.timing == Timing::TooEarly);
            let from = match &history.plan.step(step).kind {
                StepKind::Expect { window, .. } => window.from,
                StepKind::Act { .. } => WindowFrom::Trigger,
            };
            if early { vec![&causes::SENT_EARLY, &causes::SENT_AT_ONCE] } else { job::of_rows(rows, from, evidence) }
        }
        StepKind::Expect { expect: Expectation::Page(_) | Expectation::Job, proves, .. } => of_page(proves, evidence),
    }
}

fn of_mail(evidence: &Evidence) -> Vec<&'static Cause> {
    if evidence.has(Sign::Duplicate) {
        return vec![&causes::SENT_TWICE, &causes::SES_TWICE];
    }
    if evidence.has(Sign::Wrong) {
        return vec![&causes::WRONG_MAIL];
    }
    let worker_works = evidence.has(Sign::WorkerProven);
    if evidence.has(Sign::Late) {
        // The link says when the API made it, so what came late was late after that: the API is not to blame.
        return if worker_works { vec![&causes::SES_SLOW] } else { vec![&causes::SES_SLOW, &causes::WORKER_SLOW] };
    }
    if evidence.has(Sign::BothAbsent) {
        return vec![&causes::WORKER_BOTH];
    }
    if worker_works {
        // The text of the sign-in also shows that the smoke user exists.
        return vec![&causes::SES_SILENT, &causes::API_CLAIMED];
    }
    vec![&causes::SES_SILENT, &causes::WORKER_SILENT, &causes::API_CLAIMED, &causes::ACCOUNT_UNKNOWN]
}

fn of_text(evidence: &Evidence, requests: u32) -> Vec<&'static Cause> {
    if evidence.has(Sign::Duplicate) {
        return vec![&causes::SENT_TWICE, &causes::SNS_TWICE];
    }
    if evidence.has(Sign::Met) {
        return vec![&causes::CODE_AMBIGUOUS];
    }
    let worker_works = evidence.has(Sign::WorkerProven);
    if evidence.has(Sign::AllCame) {
        return if worker_works { vec![&causes::SNS_SLOW] } else { vec![&causes::SNS_SLOW, &causes::WORKER_SLOW] };
    }
    if evidence.has(Sign::OneLost) {
        return vec![&causes::TEXT_ONCE_LOST, &causes::TEXT_LOST];
    }
    if evidence.has(Sign::Late) {
        return if worker_works { vec![&causes::SNS_SLOW] } else { vec![&causes::SNS_SLOW, &causes::WORKER_SLOW] };
    }
    if evidence.has(Sign::OtherSender) {
        // It may be ours, or another environment's on the same number, and ours is missing.
        let mut found = vec![&causes::SENDER_OTHER, &causes::SNS_SILENT, &causes::CODES_LIMITED];
        found.extend((!worker_works).then_some(&causes::WORKER_SILENT));
        return found;
    }
    if evidence.has(Sign::BothAbsent) {
        return vec![&causes::WORKER_BOTH];
    }
    let mut found = vec![&causes::SNS_SILENT];
    if !worker_works {
        found.push(&causes::WORKER_SILENT);
    }
    // A carrier loses one text now and then, but not two in a row.
    if requests < 2 {
        found.push(&causes::TEXT_LOST);
    }
    found.extend([&causes::NUMBER_DEAF, &causes::CODES_LIMITED]);
    found
}

fn of_page(proves: &[Component], evidence: &Evidence) -> Vec<&'static Cause> {
    if evidence.has(Sign::Late) {
        return vec![&causes::ADMIN_SLOW];
    }
    if evidence.has(Sign::ApiUnwell) && proves.contains(&Component::Api) {
        return vec![&causes::API_DOWN];
    }
    if evidence.has(Sign::Denied) && !evidence.has(Sign::ErrorPage) {
        return vec![&causes::EDGE_PAGE, &causes::PAGE_LACKS];
    }
    if evidence.has(Sign::NotScheduled) {
        return vec![&causes::TIME_NOT_KEPT];
    }
    if evidence.has(Sign::Unmoved) && !evidence.has(Sign::ErrorPage) && !evidence.has(Sign::Wrong) {
        return vec![&causes::UPLOAD_STUCK, &causes::UPLOAD_HANGS];
    }
    if !evidence.has(Sign::ErrorPage) {
        return vec![&causes::PAGE_LACKS, &causes::WORDS_CHANGED];
    }
    // The pages before it came from the same admin app and API, a moment ago.
    if proves.contains(&Component::S3) && evidence.has(Sign::ApiWell) && evidence.has(Sign::Accepted) {
        return vec![&causes::S3_UPLOAD, &causes::ADMIN_ERROR];
    }
    // The admin app showed its own error page, so it was reached: the edge is not to blame.
    let mut found = vec![&causes::ADMIN_ERROR];
    if proves.contains(&Component::Api) {
        found.push(&causes::API_ERROR);
    }
    found
}
