//! Known issues: what of a run's findings the environment's file expects. Only a degraded finding can be known, and only as
//! long as it was said to be; what else is seen, on the same hop too, counts as ever.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;

use super::{Cause, Explained};
use crate::history::History;
use crate::model::{KnownIssue, PlannedScenario, Verdict};

/// A known issue, as one run met it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known<'h> {
    pub issue: &'h KnownIssue,
    /// The day up to which it was known lies behind.
    pub expired: bool,
    /// It was among the findings.
    pub seen: bool,
}

impl<'h> Explained<'h> {
    /// The known issues of a run's environment.
    pub fn known(&self) -> Vec<Known<'h>> {
        let degraded = self.places().filter(|place| self.seen.anomalies[*place].verdict == Verdict::Degraded);
        let earlier = self.looked_back().into_iter().flat_map(|found| found.causes);
        let seen: BTreeSet<&str> = degraded
            .flat_map(|place| self.causes_at(place))
            .map(|candidate| candidate.cause.id)
            .chain(earlier.map(|cause| cause.cause.id))
            .collect();
        let issues = self.seen.known.iter();
        let met = |issue: &'h KnownIssue| Known {
            issue,
            expired: is_expired(self.seen.history, issue),
            seen: seen.contains(issue.cause.as_str()),
        };
        issues.map(met).collect()
    }

    /// The verdict of a run: its own, and what it has found of earlier ones, without what is known.
    pub fn verdict(&self) -> Verdict {
        let found = self.looked_back().into_iter().any(|found| !found.is_known);
        self.own_verdict().max(if found { Verdict::Degraded } else { Verdict::Passed })
    }

    /// Whether all causes of what was found of an earlier run are known.
    pub(super) fn all_known(&self, causes: &[&'static Cause]) -> bool {
        causes.iter().all(|cause| self.is_known_cause(cause.id))
    }

    fn is_known_cause(&self, id: &str) -> bool {
        let mut issues = self.seen.known.iter();
        issues.any(|issue| issue.cause == id && !is_expired(self.seen.history, issue))
    }

    /// The verdict of what this run itself has tested: its worst part, without what is known.
    pub fn own_verdict(&self) -> Verdict {
        let history = self.seen.history;
        let whole = history.verdict();
        if whole != Verdict::Degraded {
            return whole;
        }
        let scenarios = history.plan.judged().map(|scenario| match history.scenario_verdict(scenario).verdict {
            Verdict::Degraded if self.is_known(scenario) => Verdict::Passed,
            verdict => verdict,
        });
        scenarios.max().unwrap_or(Verdict::NotVerified).max(history.frame_verdict())
    }

    /// Whether all that makes a scenario degraded is known.
    pub fn is_known(&self, scenario: &PlannedScenario) -> bool {
        if self.seen.known.is_empty() || self.seen.history.scenario_verdict(scenario).verdict != Verdict::Degraded {
            return false;
        }
        let mut places = self.places_of(scenario).peekable();
        places.peek().is_some() && places.all(|place| self.is_known_at(place))
    }

    /// Whether one finding is known: candidates that cannot be told apart have to be known each, but for those against
    /// which something speaks.
    pub(super) fn is_known_at(&self, place: usize) -> bool {
        let causes = self.causes_at(place);
        let counts = |demoted: bool| causes.iter().filter(move |candidate| candidate.is_doubted == demoted);
        let doubted = counts(false).count() == 0;
        !causes.is_empty() && counts(doubted).all(|candidate| self.is_known_cause(candidate.cause.id))
    }
}

fn is_expired(history: &History, issue: &KnownIssue) -> bool {
    history.started_at.to_zoned(TimeZone::UTC).date() > issue.until
}
