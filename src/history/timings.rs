//! Where the time of a run went: each lane's life is cut at its events, and each piece belongs to what it was spent on.

use super::History;
use crate::model::{Event, Fact, Lane, StepId, StepKind, WindowFrom};

/// Milliseconds of one lane's life. The lanes run beside each other, so they do not add up to the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timings {
    /// Pages: from the action to the page that was expected.
    pub service_ms: u64,
    /// Messages: looking for them, and waiting between the looks.
    pub delivery_ms: u64,
    /// Waiting for the time that was chosen.
    pub schedule_ms: u64,
    /// Opening and closing browsers, taking pictures.
    pub browser_ms: u64,
    /// Everything else: deciding, writing, waiting for a turn.
    pub harness_ms: u64,
    /// Up to where it is counted.
    until: u64,
}

impl Timings {
    /// All of it, in the order in which it is told.
    pub fn parts(&self) -> [(&'static str, u64); 5] {
        [
            ("service", self.service_ms),
            ("delivery", self.delivery_ms),
            ("schedule", self.schedule_ms),
            ("browser", self.browser_ms),
            ("harness", self.harness_ms),
        ]
    }

    /// How long it has lived.
    pub fn whole_ms(&self) -> u64 {
        self.parts().iter().map(|(_, ms)| ms).sum()
    }
}

impl History {
    /// Counts the time up to an event, before the event is folded.
    pub(super) fn count_time(&mut self, event: &Event) {
        let Some(lane) = self.lane_of(&event.fact) else { return };
        // Lanes begin when the look at the service's health is over.
        let begun = self.before.as_ref().map_or(0, |probe| probe.moment.t);
        let from = self.timings.get(&lane).map_or(begun, |timings| timings.until);
        let t = event.t.max(from);
        let spent = t - from;
        let before_slot = match &event.fact {
            Fact::Looked { step, .. } | Fact::Started { step } => self.slot_ahead(*step, from).min(spent),
            _ => 0,
        };
        let timings = self.timings.entry(lane).or_default();
        timings.until = t;
        let place = match &event.fact {
            Fact::BrowserOpened { .. }
            | Fact::BrowserFailed { .. }
            | Fact::BrowserGone { .. }
            | Fact::Evidence { .. } => &mut timings.browser_ms,
            Fact::Marked { .. } | Fact::MarkFailed { .. } | Fact::Recalled { .. } => &mut timings.delivery_ms,
            Fact::Acted { .. } => &mut timings.service_ms,
            Fact::Looked { step, .. } => {
                let of_messages =
                    matches!(&self.plan.step(*step).kind, StepKind::Expect { expect, .. } if expect.is_message());
                if of_messages { &mut timings.delivery_ms } else { &mut timings.service_ms }
            }
            _ => &mut timings.harness_ms,
        };
        *place += spent - before_slot;
        timings.schedule_ms += before_slot;
    }

    /// How much of the time after `from` lies before the time that the scenario of a step waits for.
    fn slot_ahead(&self, step: StepId, from: u64) -> u64 {
        let mut steps = self.plan.scenario_of(step).steps.iter();
        let awaited = steps.find_map(|step| match &self.plan.step(*step).kind {
            StepKind::Expect { window, trigger, .. } if window.from == WindowFrom::Slot => {
                let open = self.step(*step).met.is_none() && self.step(*trigger).acted.is_some();
                open.then(|| self.anchor(*step))
            }
            StepKind::Expect { .. } | StepKind::Act { .. } => None,
        });
        awaited.map_or(0, |slot| slot.saturating_sub(from))
    }

    fn lane_of(&self, fact: &Fact) -> Option<Lane> {
        match fact {
            Fact::BrowserOpened { lane, .. } | Fact::BrowserFailed { lane, .. } | Fact::BrowserGone { lane, .. } => {
                Some(*lane)
            }
            _ => {
                let step = fact.step()?;
                (step.index() < self.plan.steps.len()).then(|| self.plan.step(step).lane)
            }
        }
    }
}
