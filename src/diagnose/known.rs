//! Known issues: what of a run's findings the environment's file expects. Only a degraded finding can be known, and only as
//! long as it was said to be; what else is seen, on the same hop too, counts as ever.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;

use super::evidence::Evidence;
use super::{Cause, candidates};
use crate::history::History;
use crate::model::{KnownIssue, PlannedScenario, StepId, Verdict};

/// A known issue, as one run met it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known<'h> {
    pub issue: &'h KnownIssue,
    /// The day up to which it was known lies behind.
    pub expired: bool,
    /// It was among the findings.
    pub seen: bool,
}

/// The known issues of a run's environment.
pub fn known(history: &History) -> Vec<Known<'_>> {
    let seen: BTreeSet<&str> = history
        .plan
        .judged()
        .flat_map(|scenario| degraded_by(history, scenario))
        .flatten()
        .map(|cause| cause.id)
        .collect();
    let issues = history.plan.known.iter();
    let met = |issue| Known { issue, expired: is_expired(history, issue), seen: seen.contains(issue.cause.as_str()) };
    issues.map(met).collect()
}

/// The verdict of a run: its worst part, without what is known.
pub fn verdict(history: &History) -> Verdict {
    let whole = history.verdict();
    if whole != Verdict::Degraded {
        return whole;
    }
    let scenarios = history.plan.judged().map(|scenario| match history.scenario_verdict(scenario).verdict {
        Verdict::Degraded if is_known(history, scenario) => Verdict::Passed,
        verdict => verdict,
    });
    scenarios.max().unwrap_or(Verdict::NotVerified).max(history.frame_verdict())
}

/// Whether all that makes a scenario degraded is known.
pub fn is_known(history: &History, scenario: &PlannedScenario) -> bool {
    let degraded = history.scenario_verdict(scenario).verdict == Verdict::Degraded;
    degraded && degraded_by(history, scenario).iter().all(|causes| all_known(history, causes))
}

/// The causes of each degraded step, and of the receipts. Nothing, where a step has more than one thing against it: its
/// candidates speak for the first of them only.
fn degraded_by(history: &History, scenario: &PlannedScenario) -> Vec<Vec<&'static Cause>> {
    let verdict = history.scenario_verdict(scenario);
    let steps = verdict.steps.iter().filter(|(_, judged)| judged.verdict == Verdict::Degraded);
    let causes = |step| {
        let evidence = Evidence::of(history, scenario, step);
        let alone = evidence.degrading() <= 1;
        if alone { candidates(history, &verdict, step, &evidence, Verdict::Degraded) } else { Vec::new() }
    };
    let mut all: Vec<_> = steps.map(|(step, _)| causes(*step)).collect();
    if history.untold(scenario).is_some_and(|(_, untold, _)| untold > 0) {
        all.push(vec![&super::causes::RECEIPTS_OFF]);
    }
    all
}

/// Whether all that one step has against it is known.
pub(super) fn is_known_at(history: &History, scenario: &PlannedScenario, step: StepId) -> bool {
    let verdict = history.scenario_verdict(scenario);
    let evidence = Evidence::of(history, scenario, step);
    let causes = candidates(history, &verdict, step, &evidence, Verdict::Degraded);
    evidence.degrading() <= 1 && all_known(history, &causes)
}

fn all_known(history: &History, causes: &[&'static Cause]) -> bool {
    let known = |cause: &&'static Cause| {
        history.plan.known.iter().any(|issue| issue.cause == cause.id && !is_expired(history, issue))
    };
    // Candidates that cannot be told apart: each of them has to be known.
    !causes.is_empty() && causes.iter().all(known)
}

fn is_expired(history: &History, issue: &KnownIssue) -> bool {
    history.started_at.to_zoned(TimeZone::UTC).date() > issue.until
}
