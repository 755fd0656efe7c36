//! What is said while the run goes on: one line for a thing that happened, none for a look that saw nothing new.

use std::collections::BTreeSet;

use super::seconds;
use crate::history::History;
use crate::model::{Acted, Check, Event, Fact, PortFailure, Seen, StepId, StepKind};

/// Turns events into lines; remembers which on-time limits it has announced.
#[derive(Debug, Default)]
pub struct Live {
    announced: BTreeSet<StepId>,
}

impl Live {
    /// The line for one event, with the history that holds it already.
    pub fn line(&mut self, history: &History, event: &Event) -> Option<String> {
        let said = self.said(history, &event.fact)?;
        Some(format!("{:>8}  {said}", seconds(event.t)))
    }

    fn said(&mut self, history: &History, fact: &Fact) -> Option<String> {
        let name = |step: &StepId| format!("{}: {}", history.plan.scenario_of(*step).id, history.name(*step));
        match fact {
            Fact::RunStarted { run, plan, .. } => {
                Some(format!("run {run} on {} at {}", plan.environment, plan.base_url))
            }
            Fact::RunResumed { .. } => Some(format!("run {} goes on", history.run)),
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
                Check::Never { why, .. } => Some(format!("{} failed: {why}", name(step))),
            },
            Fact::Looked { step, seen, .. } => match seen {
                Seen::Failed(why) => self.late(history, *step).or_else(|| Some(why.text.clone())),
                Seen::Same => self.late(history, *step),
                // What it saw is judged first.
                Seen::New(_) => None,
            },
            Fact::Closed { step, .. } => Some(format!("{} was not met", name(step))),
            Fact::Detached { due } => Some(format!("nothing to do before {}", due.strftime("%H:%M:%S UTC"))),
            Fact::Interrupted { signal } => Some(format!("stopped by {signal}")),
            Fact::Probed { .. }
            | Fact::BrowserOpened { .. }
            | Fact::BrowserGone { .. }
            | Fact::Marked { .. }
            | Fact::Started { .. }
            | Fact::Recalled { .. }
            | Fact::Evidence { .. }
            | Fact::RunEnded
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
        let parts: Vec<&str> = proves.iter().map(|component| component.name()).collect();
        Some(format!(
            "{}: not here after {}; looks like {}; final at {} UTC",
            history.plan.scenario_of(step).id,
            seconds(waited),
            parts.join(" or "),
            deadline.strftime("%H:%M:%S")
        ))
    }
}
