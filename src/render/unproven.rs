//! What nothing has proven: listed in every report, also where all has passed.

use std::collections::BTreeSet;

use crate::history::History;
use crate::model::{Because, Component, Expectation, MessageKind, StepKind};

/// Parts, and what else a reader might take for proven, in words.
pub(super) fn not_proven(history: &History) -> Vec<String> {
    let unproven = unproven(history);
    let mut names: Vec<String> = unproven.iter().map(|component| history.plan.parts.word(*component)).collect();
    if rows_go_to_one(history) {
        names.push("that rows go to the right recipient (`user.second-email` is not set)".to_owned());
    }
    // A run sees no copy that comes after its end.
    let looked = history.plan.steps.iter().filter_map(|step| history.step(step.id).standing.as_ref());
    if let Some(until) = looked.map(|(moment, _)| moment.at).max() {
        names.push(format!("that no second copy comes after {} UTC", until.strftime("%H:%M:%S")));
    }
    if history.plan.parts.shares_texts() && !history.plan.awaited_texts().is_empty() {
        let providers = history.plan.parts.name(Component::Text);
        names.push(format!("that each provider of texts works (each text takes one, by chance: {providers})"));
    }
    names.extend(not_told(history));
    names
}

/// Components that no met expectation has proven; never hidden. What came has passed its whole road. A part that lies on no
/// road of the service, and that nothing says to prove, is none of it.
fn unproven(history: &History) -> Vec<Component> {
    let plan = &history.plan;
    let met = plan.steps.iter().filter_map(|step| history.proven(step.id).map(|(_, proves)| (step.id, proves)));
    let proven: BTreeSet<Component> = met
        .flat_map(|(step, proves)| {
            let road = plan.road(step);
            let passed = road.shown().map(|stage| stage.part);
            passed.chain(proves.iter().copied()).collect::<Vec<_>>()
        })
        .collect();
    let on_roads: BTreeSet<Component> =
        plan.roads.all.iter().flat_map(|road| &road.stages).map(|stage| stage.part).collect();
    let told = plan_told(history);
    Component::PROVABLE
        .into_iter()
        .filter(|component| *component != Component::Deploy && !proven.contains(component))
        .filter(|component| !matches!(component, Component::Broker | Component::Cache) || on_roads.contains(component))
        .filter(|component| *component != Component::Receipts || !told)
        .collect()
}

/// What no look from outside tells of what was deployed.
fn not_told(history: &History) -> Vec<String> {
    let mut names = Vec::new();
    if history.occasion.because == Because::Restage {
        names.push("that the restage happened (the commit is the same before and after)".to_owned());
    }
    if !history.occasion.expected.is_empty() {
        names.push("which version worker and scheduler are (`/_status` tells of web alone)".to_owned());
    }
    names
}

/// Whether lists went by mail to one address only, so that rows which were swapped would look right.
fn rows_go_to_one(history: &History) -> bool {
    history.plan.steps.iter().any(|step| {
        matches!(&step.kind, StepKind::Expect { expect: Expectation::Rows(rows), .. }
            if rows.kind == MessageKind::Email && rows.texts.len() > 1 && rows.each.is_empty())
    })
}

/// Whether a later run found every message of a job with its receipt.
fn plan_told(history: &History) -> bool {
    history
        .plan
        .judged()
        .any(|scenario| history.untold(scenario).is_some_and(|(_, untold, all)| untold == 0 && all > 0))
}
