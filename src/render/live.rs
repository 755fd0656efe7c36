//! What is said while the run goes on: one line for a thing that happened; how much of it is for the reader to choose.

use std::collections::BTreeSet;

use super::seconds;
use crate::history::History;
use crate::model::{Acted, Check, Component, Event, Fact, PortFailure, ProbeWhen, Seen, StepId, StepKind};
use crate::reading::no_command;

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Detail {
    /// Nothing.
    Silent,
    /// What a person has to know while a board shows the rest: limits that have passed, failures, stops.
    Alarms,
    /// A line for each step too.
    #[default]
    Steps,
    /// A line for each look too.
    Looks,
}

/// Turns events into lines; remembers which on-time limits it has announced.
#[derive(Debug, Default)]
pub struct Live {
    detail: Detail,
    announced: BTreeSet<StepId>,
    /// The last thing that was said: what fails again in the same way is told once.
    last: String,
}

impl Live {
    /// Says so much.
    pub fn new(detail: Detail) -> Self {
        Self { detail, announced: BTreeSet::new(), last: String::new() }
    }

    /// The line for one event, with the history that holds it already.
    pub fn line(&mut self, history: &History, event: &Event) -> Option<String> {
        let (needs, said) = match self.said(history, &event.fact) {
            Some(said) => (needs(&event.fact), said),
            None => (Detail::Looks, look(history, &event.fact)?),
        };
        if self.detail < needs || (said == self.last && self.detail < Detail::Looks) {
            return None;
        }
        self.last.clone_from(&said);
        Some(no_command(&format!("{:>8}  {said}", seconds(event.t))))
    }

    fn said(&mut self, history: &History, fact: &Fact) -> Option<String> {
        let name = |step: &StepId| format!("{}: {}", history.plan.scenario_of(*step).id, history.name(*step));
        match fact {
            Fact::RunStarted { run, plan, .. } => {
                Some(format!("run {run} on {} at {}", plan.environment, plan.base_url))
            }
            Fact::RunResumed { .. } => Some(format!("run {} goes on", history.run)),
            // What the action itself meets is told by its page.
            Fact::Probed { when: ProbeWhen::Acting, .. } => None,
            Fact::BrowserFailed { why, .. } | Fact::Probed { failure: Some(why), .. } => Some(why.text.clone()),
            Fact::MarkFailed { why: PortFailure { text, .. }, .. } => Some(text.clone()),
            Fact::Refused { step, why } => Some(format!("{} refused: {why}", name(step))),
            Fact::Acted { step, acted } => Some(match acted {
                Acted::Done => name(step),
                Acted::NotDone { why } => format!("{} not done: {}", name(step), why.text),
                Acted::Unknown { why } => format!("{} in doubt: {}; going on to look", name(step), why.text),
            }),
            Fact::Checked { step, check, standing, .. } => match check {
                Check::Met { seen, .. } if !standing => {
                    let met = history.step(*step).met.map_or(0, |met| met.after_ms);
                    Some(format!("{} ok after {}: {seen}", name(step), seconds(met)))
                }
                Check::NotYet { .. } => self.late(history, *step),
                Check::Met { .. } => None,
                // Beside a scenario it is a look for the diagnosis.
                Check::Never { .. } if history.cancelled(history.plan.scenario_of(*step)) == Some(true) => {
                    Some(format!("{}: its job is cancelled and gone", history.plan.scenario_of(*step).id))
                }
                Check::Never { why, .. } => Some(format!("{} failed: {why}", name(step))),
            },
            Fact::Looked { step, seen, .. } => match seen {
                Seen::Failed(why) => self.late(history, *step).or_else(|| Some(why.text.clone())),
                Seen::Same => self.late(history, *step),
                // What it saw is judged first.
                Seen::New(_) => None,
            },
            Fact::Closed { step, .. } => Some(format!("{} was not met", name(step))),
            Fact::Leased(leased) => Some(super::lease(leased)),
            Fact::Held { ms } => Some(format!("this program was held up for {}", seconds(*ms))),
            Fact::Detached { due } => Some(format!("nothing to do before {}", due.strftime("%H:%M:%S UTC"))),
            Fact::Interrupted { signal } => Some(format!("stopped by {signal}")),
            Fact::Probed { .. }
            | Fact::Deploys { .. }
            | Fact::BrowserOpened { .. }
            | Fact::BrowserGone { .. }
            | Fact::Marked { .. }
            | Fact::Started { .. }
            | Fact::Recalled { .. }
            | Fact::Evidence { .. }
            | Fact::RunEnded
            | Fact::Shared { .. }
            | Fact::LookedBack { .. }
            | Fact::Unknown => None,
        }
    }

    /// Said once, when the on-time limit has passed: what is missing, and when it will be final.
    fn late(&mut self, history: &History, step: StepId) -> Option<String> {
        let StepKind::Expect { window, proves, .. } = &history.plan.step(step).kind else { return None };
        let state = history.step(step);
        let anchor = history.anchor(step);
        let waited = history.last.t.saturating_sub(anchor);
        if state.met.is_some() || waited <= window.on_time_ms || !self.announced.insert(step) {
            return None;
        }
        let left = i64::try_from(window.late_ms.saturating_sub(waited)).unwrap_or(i64::MAX);
        let deadline =
            history.last.at.saturating_add(jiff::SignedDuration::from_millis(left)).unwrap_or(history.last.at);
        // What another step of this run has shown to work is not under suspicion first.
        let met = history.plan.steps.iter().filter_map(|other| history.proven(other.id));
        let shown: BTreeSet<Component> = met.flat_map(|(_, proves)| proves.iter().copied()).collect();
        let unshown: Vec<&str> = proves.iter().filter(|part| !shown.contains(part)).map(|part| part.name()).collect();
        let doubt = if unshown.is_empty() {
            String::new()
        } else {
            format!("; nothing has shown yet that {} works", unshown.join(" or "))
        };
        let health = history.before.as_ref().and_then(|probe| probe.health.as_ref());
        let unwell = health.filter(|health| !health.api.ok).map_or("", |_| "; /_status says that the API is not well");
        Some(format!(
            "{}: not here after {}{unwell}{doubt}; final at {} UTC",
            history.plan.scenario_of(step).id,
            seconds(waited),
            deadline.strftime("%H:%M:%S")
        ))
    }
}

/// From which detail on the line of a fact is said.
fn needs(fact: &Fact) -> Detail {
    match fact {
        Fact::Acted { acted: Acted::Done, .. } | Fact::Checked { check: Check::Met { .. }, .. } => Detail::Steps,
        _ => Detail::Alarms,
    }
}

/// The line of a look that has nothing new to say.
fn look(history: &History, fact: &Fact) -> Option<String> {
    let name = |step: &StepId| format!("{}: {}", history.plan.scenario_of(*step).id, history.name(*step));
    match fact {
        Fact::Checked { step, check: Check::NotYet { why, .. }, .. } => Some(format!("{} not yet: {why}", name(step))),
        Fact::Checked { step, check: Check::Met { seen, .. }, standing: true, .. } => {
            Some(format!("{} still so: {seen}", name(step)))
        }
        Fact::Looked { step, seen: Seen::Same, .. } => Some(format!("{} as before", name(step))),
        Fact::Marked { step, ids, .. } => Some(format!("{}: {} message(s) were here before", name(step), ids.len())),
        Fact::Probed { when, health: Some(health), .. } if *when != ProbeWhen::Acting => {
            Some(format!("/_status: admin {}, api {}", health.admin.version, health.api.version))
        }
        Fact::BrowserOpened { browser, lane } => {
            Some(format!("{}: browser opened, {browser}", history.plan.lane_name(*lane)))
        }
        Fact::BrowserGone { lane, .. } => Some(format!("{}: browser closed", history.plan.lane_name(*lane))),
        _ => None,
    }
}
