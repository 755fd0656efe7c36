//! When environments last passed, as far as the runs kept here tell.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::Recorded;
use crate::diagnose::own_verdict;
use crate::history::{History, ProbeState};
use crate::model::line::{LINE_VERSION, RunLine};
use crate::model::{Elsewhere, LastPassed, Plan, Since, Verdict};
use crate::port::Objects;
use crate::store::{self, EVER, Lines};

/// As far back as is looked.
const RUNS_MAX: usize = 50;
/// A run begins without what the store does not tell by then.
const LINES_LONGEST: Duration = Duration::from_secs(10);

/// When each profile last passed: the end of the newest run that passed with all its scenarios.
pub fn last_passed(
    runs: &Path,
    environment: &str,
    profiles: &BTreeMap<String, Vec<String>>,
) -> BTreeMap<String, Timestamp> {
    let mut passed = BTreeMap::new();
    for folder in store::newest_runs(runs, environment, RUNS_MAX) {
        let left: Vec<&String> = profiles.keys().filter(|profile| !passed.contains_key(*profile)).collect();
        if left.is_empty() {
            break;
        }
        let Ok(Recorded { history, .. }) = Recorded::read(&folder) else { continue };
        if own_verdict(&history) != Verdict::Passed {
            continue;
        }
        for profile in left {
            if has_all(&history, &profiles[profile]) {
                passed.insert(profile.clone(), ended(&history));
            }
        }
    }
    passed
}

/// What is kept of a run that is over when nothing else of it is.
pub(super) fn line_of(history: &History) -> RunLine {
    RunLine {
        v: LINE_VERSION,
        run: history.run.clone(),
        environment: history.plan.environment.clone(),
        verdict: own_verdict(history),
        started_at: history.started_at,
        ended_at: ended(history),
        scenarios: history.plan.judged().map(|scenario| scenario.id.clone()).collect(),
        because: history.occasion.because,
        builds: builds(history),
        seen: seen(history),
        facets: history.facets(),
    }
}

/// By part: every build that answered.
fn seen(history: &History) -> BTreeMap<String, Vec<String>> {
    let mut seen: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (part, build) in history.deploys.seen() {
        seen.entry(part.to_owned()).or_default().push(build.to_owned());
    }
    seen
}

/// By part: the first and the last build; nothing of a part that another one answered for in between.
fn builds(history: &History) -> BTreeMap<String, [String; 2]> {
    let health = |probe: &Option<ProbeState>| probe.as_ref().and_then(|probe| probe.health.clone());
    let (Some(first), Some(last)) = (health(&history.before), health(&history.after)) else { return BTreeMap::new() };
    let changed = |part: &str| history.deploys.changes().iter().any(|change| change.part == part);
    let both = first.parts().into_iter().zip(last.parts()).filter(|((part, _), _)| !changed(part));
    let both = both.filter_map(|((part, first), (_, last))| {
        Some((part.to_owned(), [first.build()?.to_owned(), last.build()?.to_owned()]))
    });
    both.collect()
}

/// The same of runs whose folders are not here, as far as the store tells.
async fn passed_elsewhere(objects: Arc<dyn Objects>, plan: &Plan) -> Option<LastPassed> {
    let wanted = |line: &RunLine| plan.judged().all(|scenario| line.scenarios.contains(&scenario.id));
    let lines = Lines::new(objects, &plan.environment);
    let found = lines.newest(Verdict::Passed, EVER, wanted);
    // A store that is away, or too slow, tells nothing.
    let line = tokio::time::timeout(LINES_LONGEST, found).await.ok()?.ok()??;
    Some(LastPassed { run: line.run, at: line.ended_at, facets: line.facets })
}

/// What a report compares with, if this run does not pass.
pub(super) async fn since(runs: &Path, objects: Arc<dyn Objects>, plan: &Plan) -> Since {
    let mut since = since_here(runs, plan);
    if since.passed.is_none() {
        since.passed = passed_elsewhere(objects, plan).await;
    }
    since
}

fn since_here(runs: &Path, plan: &Plan) -> Since {
    let wanted: Vec<String> = plan.judged().map(|scenario| scenario.id.clone()).collect();
    let histories = |environment: &str, count: usize| {
        let folders = store::newest_runs(runs, environment, count);
        folders.into_iter().filter_map(|folder| Some(Recorded::read(&folder).ok()?.history))
    };
    let passed = histories(&plan.environment, RUNS_MAX)
        .find(|history| own_verdict(history) == Verdict::Passed && has_all(history, &wanted))
        .map(|history| LastPassed { run: history.run.clone(), at: ended(&history), facets: history.facets() });
    let elsewhere = store::environments(runs)
        .into_iter()
        .filter(|environment| *environment != plan.environment)
        .filter_map(|environment| {
            let told = |history: &History| history.ended && !history.plan.is_local() && has_all(history, &wanted);
            let history = histories(&environment, 1).next().filter(told)?;
            Some(Elsewhere { environment, verdict: own_verdict(&history), at: ended(&history) })
        });
    Since { passed, codes_unused: 0, copies: Vec::new(), left: Vec::new(), elsewhere: elsewhere.collect() }
}

fn has_all(history: &History, scenarios: &[String]) -> bool {
    let ran = |wanted: &String| history.plan.judged().any(|scenario| scenario.id == *wanted);
    !scenarios.is_empty() && scenarios.iter().all(ran)
}

/// A look back may have written a line long after the end, so the run's own time counts.
fn ended(history: &History) -> Timestamp {
    let took = SignedDuration::from_millis(i64::try_from(history.last.t).unwrap_or(i64::MAX));
    history.started_at.saturating_add(took).unwrap_or(history.started_at)
}
