//! What only a run can tell: trial mode, and whether the smoke user is asked for its address again. The newest run that
//! saw a page behind the sign-in says it.

use super::{Finding, Look};
use crate::history::History;
use crate::model::{Check, Wrong};
use crate::run::Recorded;
use crate::run::prepare::Prepared;
use crate::store;

/// As far back as is looked.
const RUNS_MAX: usize = 20;

/// From the newest run of the same service that signed in, or was kept from it.
pub(super) fn looks(prepared: &Prepared, base_url: &str) -> Vec<Look> {
    let earlier = store::newest_runs(&prepared.files.runs(), &prepared.environment.name, RUNS_MAX);
    let histories = earlier.iter().filter_map(|folder| Some(Recorded::read(folder).ok()?.history));
    // A sandbox is new each time, with another port.
    let of_service = |history: &History| prepared.environment.sandbox.is_none() && history.plan.base_url == base_url;
    let told = histories.filter(of_service).find(|history| met_wrong(history, Wrong::SetUp) || signed_in(history));
    let Some(history) = told else {
        let said = "no run kept here has signed in";
        return vec![
            Look::new("trial mode", Finding::Unknown, said, ""),
            Look::new("re-validation", Finding::Unknown, said, ""),
        ];
    };
    let when = format!("run {}", history.run);
    let trial = if met_wrong(&history, Wrong::Trial) {
        Look::new(
            "trial mode",
            Finding::Warn,
            format!("on, as {when} saw"),
            "Only the smoke user itself gets messages.",
        )
    } else {
        Look::ok("trial mode", format!("did not stand in the way of {when}"))
    };
    let validation = if met_wrong(&history, Wrong::SetUp) {
        let said = format!("{when} was asked for something that a smoke user should not be asked for");
        Look::new("re-validation", Finding::Fail, said, "Sign in as the smoke user by hand and follow the mail.")
    } else {
        Look::ok("re-validation", format!("not asked for in {when}; the service asks every 90 days"))
    };
    vec![trial, validation]
}

fn met_wrong(history: &History, which: Wrong) -> bool {
    let mut steps = history.plan.steps.iter();
    steps.any(|step| matches!(&history.step(step.id).check, Some((_, Check::Never { wrong, .. })) if *wrong == which))
}

/// Whether a scenario that others go on from has come to its end.
fn signed_in(history: &History) -> bool {
    let is_before = |id: &str| history.plan.scenarios.iter().any(|other| other.after.as_deref() == Some(id));
    let mut scenarios = history.plan.scenarios.iter().filter(|scenario| is_before(&scenario.id));
    scenarios.any(|scenario| scenario.steps.last().is_some_and(|step| history.step(*step).met.is_some()))
}
