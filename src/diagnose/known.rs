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
    let against = history.plan.judged().flat_map(|scenario| degraded_by(history, scenario));
    let seen: BTreeSet<&str> = against.flat_map(|against| against.causes).map(|cause| cause.id).collect();
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
    degraded && degraded_by(history, scenario).iter().all(|against| against.is_known(history))
}

/// What one degraded step has against it.
struct Against {
    causes: Vec<&'static Cause>,
    /// There is more than that: candidates speak for the first thing only.
    more: bool,
}

impl Against {
    fn at(history: &History, scenario: &PlannedScenario, step: StepId) -> Self {
        let verdict = history.scenario_verdict(scenario);
        let evidence = Evidence::of(history, scenario, step);
        let causes = candidates(history, &verdict, step, &evidence, Verdict::Degraded);
        Self { causes, more: evidence.degrading() > 1 }
    }

    /// Candidates that cannot be told apart: each of them has to be known.
    fn is_known(&self, history: &History) -> bool {
        let known = |cause: &&'static Cause| {
            history.plan.known.iter().any(|issue| issue.cause == cause.id && !is_expired(history, issue))
        };
        !self.more && !self.causes.is_empty() && self.causes.iter().all(known)
    }
}

/// Of each degraded step of a scenario, and of what a later run found.
fn degraded_by(history: &History, scenario: &PlannedScenario) -> Vec<Against> {
    let verdict = history.scenario_verdict(scenario);
    let steps = verdict.steps.iter().filter(|(_, judged)| judged.verdict == Verdict::Degraded);
    let mut all: Vec<Against> = steps.map(|(step, _)| Against::at(history, scenario, *step)).collect();
    if history.made_later(scenario).is_some() {
        all.push(Against { causes: vec![&super::causes::ROW_TWICE], more: false });
    }
    if history.untold(scenario).is_some_and(|(_, untold, _)| untold > 0) {
        all.push(Against { causes: vec![&super::causes::RECEIPTS_OFF], more: false });
    }
    all
}

/// Whether all that one step has against it is known.
pub(super) fn is_known_at(history: &History, scenario: &PlannedScenario, step: StepId) -> bool {
    Against::at(history, scenario, step).is_known(history)
}

fn is_expired(history: &History, issue: &KnownIssue) -> bool {
    history.started_at.to_zoned(TimeZone::UTC).date() > issue.until
}
