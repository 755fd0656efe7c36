//! What was beside a run: deploys that crossed it, and what earlier runs have left behind. One sentence for each, without its full stop.

use crate::history::{History, WrongBuild};
use crate::model::LeftRun;

/// All of it.
pub(super) fn beside(history: &History) -> Vec<String> {
    let again = history.occasion.again_for.iter();
    let again = again.map(|run| format!("Made again for run {run}, which a deploy had crossed"));
    let superseded = history.superseded_build().into_iter().map(|wrong| {
        let WrongBuild { part, expected, answered, .. } = wrong;
        format!(
            "{part} answered as {expected} at the start, and as {answered} at the end: another version came, and nothing is said of the first"
        )
    });
    let deployed = history.deployed().into_iter().map(|said| format!("A deploy crossed this run: {said}"));
    let unasked = history.deploys.unasked.iter();
    let unasked = unasked.map(|why| format!("Whether a deploy was marked is not known: {why}"));
    let left = history.since.left.iter().map(|run| left(history, run));
    again.chain(superseded).chain(deployed).chain(unasked).chain(left).collect()
}

/// A run that was left behind.
fn left(history: &History, run: &LeftRun) -> String {
    let job = run.job_due.map(|due| {
        let tense = if due > history.started_at { "is" } else { "was" };
        format!("; its job {tense} due at {}", due.strftime("%F %H:%M:%S UTC"))
    });
    let job = job.unwrap_or_default();
    let next = if run.ended {
        "nobody went on with it for hours, so it was ended".to_owned()
    } else {
        format!("go on with it: notify-smoke resume {}", run.run)
    };
    format!("Run {} was left behind{job}; {next}", run.run)
}
