//! What earlier runs have asked the service for, as far as their journals tell: mails in the last hour, and codes that
//! nobody has used. A code that is asked for and not used blocks others: the service keeps five live ones of a user.

use crate::history::History;
use crate::model::{Expectation, Plan, StepId, StepKind};

/// Actions of a plan that cause a message of this kind.
fn triggers(plan: &Plan, of: fn(&Expectation) -> bool) -> Vec<StepId> {
    let caused = |step: &crate::model::PlannedStep| match &step.kind {
        StepKind::Expect { expect, trigger, .. } if of(expect) => Some(*trigger),
        StepKind::Expect { .. } | StepKind::Act { .. } => None,
    };
    plan.steps.iter().filter_map(caused).collect()
}

fn is_mail(expectation: &Expectation) -> bool {
    matches!(expectation, Expectation::Email(_))
}

fn is_text(expectation: &Expectation) -> bool {
    matches!(expectation, Expectation::Text(_))
}

/// Mails that a plan asks for.
pub(super) fn mails(plan: &Plan) -> usize {
    triggers(plan, is_mail).len()
}

/// Texts that a plan asks for.
pub(super) fn texts(plan: &Plan) -> usize {
    triggers(plan, is_text).len()
}

/// Mails that these runs have asked for since then, in Unix seconds.
pub(super) fn mails_since(runs: &[History], since: i64) -> usize {
    let asked = |history: &History| {
        let started = |step: &StepId| history.step(*step).started.is_some_and(|moment| moment.at.as_second() >= since);
        triggers(&history.plan, is_mail).iter().filter(|step| started(step)).count()
    };
    runs.iter().map(asked).sum()
}

/// When codes were asked for since then that were not used, oldest first, in Unix seconds.
pub(super) fn open_codes(runs: &[History], since: i64) -> Vec<i64> {
    let mut open: Vec<i64> = runs.iter().flat_map(|history| open_codes_of(history, since)).collect();
    open.sort_unstable();
    open
}

fn open_codes_of(history: &History, since: i64) -> Vec<i64> {
    let asked = triggers(&history.plan, is_text).into_iter().filter_map(|trigger| {
        let at = history.step(trigger).started?.at.as_second();
        // The code was used if the next page after it was seen: an expectation behind the text that was met.
        let scenario = history.plan.scenario_of(trigger);
        let text = scenario.steps.iter().position(|step| {
            matches!(&history.plan.step(*step).kind, StepKind::Expect { expect, trigger: of, .. } if is_text(expect) && *of == trigger)
        })?;
        let used = scenario.steps[text + 1..].iter().any(|step| history.step(*step).met.is_some());
        (!used && at >= since).then_some(at)
    });
    asked.collect()
}
