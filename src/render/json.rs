//! `report.json`: for scripts. Names are a promise; new ones may be added.

use serde_json::{Value, json};

use crate::diagnose::{Diagnosis, Explained, Known, Story};
use crate::history::{History, LookedBack};
use crate::model::{Leased, PlannedScenario};

/// The whole report.
pub fn json(history: &History) -> Value {
    let plan = &history.plan;
    let explained = Explained::of(history);
    json!({
        "version": 1,
        "run": history.run,
        "environment": plan.environment,
        "host": super::host(plan),
        "journal_head": Some(&history.head).filter(|head| !head.is_empty()),
        "verdict": explained.verdict().name(),
        "own_verdict": explained.own_verdict().name(),
        "known": explained.known().iter().map(known).collect::<Vec<_>>(),
        "waiting_until": history.detached.map(|due| due.to_string()),
        "started_at": history.started_at.to_string(),
        "duration_ms": history.last.t,
        "plan_digest": crate::plan::digest(plan),
        "harness": { "version": history.harness },
        "service": { "id": plan.service, "name": plan.service_name, "versions": versions(history) },
        "occasion": history.occasion,
        "leases": history.leases.iter().map(lease).collect::<Vec<_>>(),
        "since": super::since::json(history),
        "scenarios": plan.judged().map(|scenario| one_scenario(&explained, history, scenario)).collect::<Vec<_>>(),
        "stories": stories(&explained, history),
        "looked_back": looked_back(&explained, history),
    })
}

fn versions(history: &History) -> Value {
    let probe = |probe: &Option<crate::history::ProbeState>| {
        let health = probe.as_ref().and_then(|probe| probe.health.as_ref());
        health.map(|health| json!({ "admin": health.admin.version, "api": health.api.version }))
    };
    json!({
        "before": probe(&history.before),
        "after": probe(&history.after),
        "deployed": history.deployed(),
        "marks_unasked": history.deploys.unasked,
    })
}

fn lease(leased: &Leased) -> Value {
    json!({ "waited_ms": leased.waited_ms, "behind": leased.behind, "unasked": leased.unasked })
}

fn known(known: &Known<'_>) -> Value {
    json!({
        "cause": known.issue.cause,
        "reference": known.issue.reference,
        "reason": known.issue.reason,
        "until": known.issue.until.to_string(),
        "expired": known.expired,
        "seen": known.seen,
    })
}

/// What this run has found at the jobs of earlier ones.
fn looked_back(explained: &Explained<'_>, history: &History) -> Vec<Value> {
    let unwell = explained.looked_back();
    let one = |looked: LookedBack| {
        let found = unwell.iter().find(|earlier| earlier.looked == looked);
        json!({
            "run": looked.run,
            "scenario": looked.scenario,
            "told": looked.told,
            "of": looked.words.len(),
            "words": looked.words,
            "copies": looked.copies.as_ref().map(|copies| copies.count),
            "diagnosis": found.map_or_else(Vec::new, |earlier| diagnosis(&earlier.causes)),
        })
    };
    history.looked_back().into_iter().map(one).collect()
}

/// What went wrong together, over all scenarios.
fn stories(explained: &Explained<'_>, history: &History) -> Vec<Value> {
    let one = |story: Story| {
        json!({
            "scenarios": story.scenarios,
            "steps": story.steps.iter().map(|step| history.name(*step)).collect::<Vec<_>>(),
            "candidates": diagnosis(&story.candidates),
        })
    };
    explained.stories().into_iter().map(one).collect()
}

fn one_scenario(explained: &Explained<'_>, history: &History, scenario: &PlannedScenario) -> Value {
    let verdict = history.scenario_verdict(scenario);
    let steps: Vec<Value> = verdict
        .steps
        .iter()
        .map(|(step, judged)| {
            let state = history.step(*step);
            json!({
                "step": history.name(*step),
                "verdict": judged.verdict.name(),
                "why": judged.why,
                "notes": state.notes(),
                "after_ms": state.met.map(|met| met.after_ms),
                "least_ms": state.met.map(|met| met.least_ms),
                "evidence": state.evidence.clone().flatten().map(|file| format!("evidence/{file}")),
            })
        })
        .collect();
    json!({
        "id": scenario.id,
        "name": scenario.name,
        "runbook": scenario.runbook,
        "verdict": verdict.verdict.name(),
        "known": explained.is_known(scenario),
        "softened": verdict.softened,
        "blocked_by": verdict.blocked_by,
        "made_later": history.made_later(scenario).map(|(_, more)| more),
        "receipts": history.untold(scenario).map(|(_, untold, all)| json!({ "told": all - untold, "of": all })),
        "proven": proven(history, scenario),
        "steps": steps,
        "diagnosis": diagnosis(&explained.diagnose(scenario)),
    })
}

fn proven(history: &History, scenario: &PlannedScenario) -> Vec<Value> {
    let mut found = Vec::new();
    for step in &scenario.steps {
        let Some((met, proves)) = history.proven(*step) else { continue };
        for component in proves {
            found.push(
                json!({ "component": component.name(), "at": met.moment.at.to_string(), "after_ms": met.after_ms }),
            );
        }
    }
    found
}

fn diagnosis(candidates: &[Diagnosis]) -> Vec<Value> {
    candidates
        .iter()
        .map(|diagnosis| {
            let because: Vec<Value> = diagnosis
                .because
                .iter()
                .map(|because| json!({ "event": because.seq, "at": because.at.to_string(), "text": because.text }))
                .collect();
            json!({
                "component": diagnosis.component.name(),
                "cause": diagnosis.cause.id,
                "title": diagnosis.title,
                "together": diagnosis.together,
                "because": because,
                "decides": diagnosis.decides,
                "next_step": diagnosis.next_step,
            })
        })
        .collect()
}
