//! The one look at a history: what went wrong, what was shown to work, what was seen to be sick itself. All that is decided
//! afterwards is decided from this.

pub(super) mod evidence;
mod job;
mod others;
mod symptom;
pub(super) mod told;

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::causes::Cause;
use super::way::{Reach, Symptom, Thing};
use crate::history::{History, Met};
use crate::model::scenario::Control;
use crate::model::{
    Component, Expectation, KnownIssue, Observation, PlannedScenario, Road, Roads, RowsNeeded, Stage, StepId, StepKind,
    Timing, Verdict, WindowFrom,
};
use evidence::Evidence;

/// Of one run more cannot be explained together; plans have fewer steps.
const ANOMALIES_MAX: usize = 64;

/// Something that went wrong.
#[derive(Debug)]
pub(super) struct Anomaly {
    pub(super) step: StepId,
    /// Its scenario's place in the plan.
    pub(super) scenario: usize,
    /// Whether that one has a verdict; what a control met speaks for others only.
    pub(super) judged: bool,
    pub(super) verdict: Verdict,
    pub(super) thing: Thing,
    pub(super) symptom: Symptom,
    pub(super) reach: Reach,
    pub(super) road: Road,
    /// The page that it happened on: the lane of every part that its road passes as a whole.
    pub(super) page: String,
    /// When what should have caused it was done, in milliseconds of the run, and how long it may take.
    pub(super) since: u64,
    pub(super) on_time_ms: u64,
    /// How long it took, where it came.
    pub(super) took_ms: u64,
    /// How much of its on-time limit it took, in thousandths.
    pub(super) share: u64,
    /// What is said outright; then nothing is deduced.
    pub(super) told: Vec<&'static Cause>,
    pub(super) evidence: Evidence,
    /// Whose logs are to be read, by the service's clock.
    pub(super) minutes: String,
}

/// Something that came on time, and what it has passed.
#[derive(Debug)]
pub(super) struct Proof {
    pub(super) step: StepId,
    pub(super) thing: Thing,
    pub(super) stages: Vec<Stage>,
    pub(super) page: String,
    /// When it was asked for, and when it was seen.
    pub(super) since: u64,
    pub(super) at: u64,
    pub(super) took_ms: u64,
}

/// All that was seen.
#[derive(Debug)]
pub(super) struct Seen<'h> {
    pub(super) anomalies: Vec<Anomaly>,
    pub(super) proofs: Vec<Proof>,
    /// The eyes to which some message came in this run.
    pub(super) open_eyes: BTreeSet<Component>,
    pub(super) roads: &'h Roads,
    pub(super) known: &'h [KnownIssue],
    pub(super) history: &'h History,
}

/// Looks at everything.
pub(super) fn see(history: &History) -> Seen<'_> {
    let mut anomalies: Vec<Anomaly> = Vec::new();
    for (place, scenario) in history.plan.scenarios.iter().enumerate() {
        anomalies.extend(anomalies_of(history, place, scenario));
    }
    consequences(history, &mut anomalies);
    anomalies.truncate(ANOMALIES_MAX);
    Seen {
        anomalies,
        proofs: history.plan.steps.iter().filter_map(|step| proof(history, step.id)).collect(),
        open_eyes: history.plan.steps.iter().filter_map(|step| open_eye(history, step.id)).collect(),
        roads: &history.plan.roads,
        known: &history.plan.known,
        history,
    }
}

fn anomalies_of(history: &History, place: usize, scenario: &PlannedScenario) -> Vec<Anomaly> {
    if matches!(scenario.control, Some(Control::LookBack { .. })) || !history.is_wanted(scenario) {
        return Vec::new();
    }
    let verdict = history.scenario_verdict(scenario);
    // What another scenario has kept it from is that one's to explain, and nothing is wrong with what is not due yet.
    let not_due = verdict.verdict == Verdict::NotVerified && history.waits();
    if verdict.verdict == Verdict::Passed || verdict.blocked_by.is_some() || not_due {
        return Vec::new();
    }
    let anomaly = |step: StepId, judged: Verdict| Anomaly::of(history, (place, scenario), step, judged);
    let worst = verdict.worst().map(|(step, judged)| (step, judged.verdict));
    if let (Some(_), Some((step, judged))) = (&verdict.softened, worst) {
        return vec![anomaly(step, judged).told(told::deployed())];
    }
    let gone_wrong = verdict.steps.iter().filter(|(_, judged)| told::goes_wrong(judged.verdict));
    let mut found: Vec<Anomaly> = Vec::new();
    for (step, judged) in gone_wrong {
        for symptom in symptom::blemishes(history, *step, judged.verdict) {
            found.push(anomaly(*step, judged.verdict).looking(symptom));
        }
    }
    found.extend(
        told::looked_back(history, scenario)
            .into_iter()
            .map(|(step, cause)| anomaly(step, Verdict::Degraded).told(vec![cause])),
    );
    if found.is_empty() {
        found.extend(worst.map(|(step, judged)| anomaly(step, judged)));
    }
    // The worst leads: what has failed, and then what took most of its limit.
    found.sort_by_key(|anomaly| (std::cmp::Reverse((anomaly.verdict, anomaly.share)), anomaly.step));
    found
}

/// A message that was late by no more than the page that it was asked for on is late by that page.
fn consequences(history: &History, anomalies: &mut Vec<Anomaly>) {
    let trigger = |step: StepId| match &history.plan.step(step).kind {
        StepKind::Expect { trigger, .. } => Some(*trigger),
        StepKind::Act { .. } => None,
    };
    let took = |step: StepId| history.step(step).met.map_or(0, |met| met.least_ms);
    let is_late = |anomaly: &Anomaly| anomaly.symptom == Symptom::Late;
    let pages: Vec<(Option<StepId>, u64)> = anomalies
        .iter()
        .filter(|anomaly| is_late(anomaly) && anomaly.thing == Thing::Page)
        .map(|anomaly| (trigger(anomaly.step), took(anomaly.step)))
        .collect();
    anomalies.retain(|anomaly| {
        let by_page = |(of, page_ms): &(Option<StepId>, u64)| {
            *of == trigger(anomaly.step) && took(anomaly.step) <= page_ms + anomaly.on_time_ms
        };
        anomaly.thing == Thing::Page || !is_late(anomaly) || !pages.iter().any(by_page)
    });
}

impl Anomaly {
    fn of(history: &History, (place, scenario): (usize, &PlannedScenario), step: StepId, verdict: Verdict) -> Self {
        let evidence = Evidence::of(history, scenario, step);
        let on_time_ms = match &history.plan.step(step).kind {
            StepKind::Expect { window, .. } => window.on_time_ms,
            StepKind::Act { .. } => 0,
        };
        let since = match &history.plan.step(step).kind {
            StepKind::Expect { .. } => history.anchor(step),
            StepKind::Act { .. } => history.step(step).started.map_or(history.last.t, |moment| moment.t),
        };
        let late = history.step(step).met.filter(|met| met.timing != Timing::OnTime);
        Self {
            step,
            scenario: place,
            judged: scenario.control.is_none(),
            verdict,
            thing: thing(history, step),
            symptom: symptom::of(&evidence),
            reach: job::reach(&evidence),
            road: history.plan.road(step),
            page: page(history, step),
            since,
            on_time_ms,
            took_ms: history.step(step).met.map_or(0, |met| met.least_ms),
            share: late.map_or(1_000, |met| met.least_ms.saturating_mul(1_000) / on_time_ms.max(1)),
            told: told::outright(history, scenario, step, verdict, &evidence),
            evidence,
            minutes: minutes(history, step),
        }
    }

    fn told(self, told: Vec<&'static Cause>) -> Self {
        Self { told, ..self }
    }

    fn looking(self, symptom: Option<Symptom>) -> Self {
        match symptom {
            Some(symptom) => Self { symptom, ..self },
            None => self,
        }
    }
}

/// What kind of thing an expectation is of; an action is one of the page that it is done on.
fn thing(history: &History, step: StepId) -> Thing {
    let StepKind::Expect { expect, window, .. } = &history.plan.step(step).kind else { return Thing::Page };
    match expect {
        Expectation::Page(_) | Expectation::Job => Thing::Page,
        Expectation::Email(_) => Thing::Mail,
        Expectation::Text(_) => Thing::Text,
        // Sent now, the scheduler has no part in it.
        Expectation::Rows(rows) if rows.need == RowsNeeded::First && window.from == WindowFrom::Slot => Thing::Pickup,
        Expectation::Rows(_) if expect.is_of_number() => Thing::TextRows,
        Expectation::Rows(_) => Thing::MailRows,
    }
}

/// The address of the page that a step saw, or else a name that no other step has.
fn page(history: &History, step: StepId) -> String {
    match &history.step(step).looks.seen {
        Some((_, Observation::Page(page))) => page.address().to_owned(),
        Some((_, Observation::Messages { .. })) | None => format!("step {}", step.0),
    }
}

/// What a message or a page that was on time shows to work. One that a job's page stands for shows as much as was needed
/// for that.
fn proof(history: &History, step: StepId) -> Option<Proof> {
    let StepKind::Expect { .. } = &history.plan.step(step).kind else { return None };
    let met: Met = history.step(step).met.filter(|met| met.timing == Timing::OnTime)?;
    let mut stages: Vec<Stage> = history.plan.road(step).shown().cloned().collect();
    if met.by_page {
        let taken = stages.iter().position(|stage| stage.part == Component::Worker);
        stages.truncate(taken.map_or(stages.len(), |index| index + 1));
    }
    Some(Proof {
        step,
        thing: thing(history, step),
        stages,
        page: page(history, step),
        since: history.anchor(step),
        at: met.moment.t,
        took_ms: met.least_ms,
    })
}

/// The eye that a step has looked through, if something came to it in this run, whoever sent it.
fn open_eye(history: &History, step: StepId) -> Option<Component> {
    let StepKind::Expect { expect, .. } = &history.plan.step(step).kind else { return None };
    let came = match &history.step(step).looks.seen {
        Some((_, Observation::Messages { messages, .. })) => !messages.is_empty(),
        Some((_, Observation::Page(_))) | None => false,
    };
    let eye = if expect.is_of_number() { Component::Number } else { Component::Mailbox };
    (came && expect.is_message()).then_some(eye)
}

/// From what caused the step to the last thing that is known of it, by the service's clock: whose logs are to be read.
fn minutes(history: &History, step: StepId) -> String {
    let trigger = match &history.plan.step(step).kind {
        StepKind::Expect { trigger, .. } => *trigger,
        StepKind::Act { .. } => step,
    };
    let until = history.step(step).looks.last.map_or(history.last, |(_, looked)| looked);
    let until = history.service_time(until.t, until.at);
    let from = history.anchor_time(step).or(history.step(trigger).began_at).unwrap_or(history.started_at).min(until);
    // A minute more on both sides: logs have clocks of their own.
    let margin = SignedDuration::from_mins(1);
    let (from, until) = (from.checked_sub(margin).unwrap_or(from), until.checked_add(margin).unwrap_or(until));
    format!("{} to {} UTC", from.strftime("%F %H:%M"), until.strftime("%H:%M"))
}
