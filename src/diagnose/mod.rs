//! Which part is broken, why we think so, and what to do. Pure, over the whole run.
//!
//! `see` reads the history, once: what went wrong, and what was shown to work. `story` finds the smallest sets of causes
//! that explain what went wrong and contradict nothing that was seen; how causes break things stands in one table (`way`),
//! their words in another (`causes`). Every candidate cites events.

mod causes;
mod known;
mod see;
mod sign;
mod story;
mod way;

pub use causes::{CAUSES, Cause};
pub use known::Known;

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::history::History;
use crate::model::{Component, PlannedScenario, StepId, Verdict};
use see::Seen;

/// One candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    pub component: Component,
    pub cause: &'static Cause,
    pub because: Vec<Because>,
    /// What the run book says to do.
    pub next_step: String,
}

/// A fact that speaks for a candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Because {
    /// Number of the event in the journal, and when it was.
    pub seq: u64,
    pub at: Timestamp,
    pub text: String,
}

/// What belongs together: scenarios and steps that went wrong, and the causes that explain all of it, likeliest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Story {
    /// Ids of scenarios.
    pub scenarios: Vec<String>,
    pub steps: Vec<StepId>,
    pub candidates: Vec<Diagnosis>,
}

/// A run, explained.
#[derive(Debug)]
pub struct Explained<'h> {
    seen: Seen<'h>,
    stories: Vec<story::Story>,
}

impl<'h> Explained<'h> {
    /// Explains what went wrong in a run, as far as it is known.
    pub fn of(history: &'h History) -> Self {
        let seen = see::see(history);
        let stories = story::stories(&seen);
        Self { seen, stories }
    }

    /// The candidates for what is wrong in one scenario, the worst thing's first, each thing's likeliest first; none for what
    /// passed.
    pub fn diagnose(&self, scenario: &PlannedScenario) -> Vec<Diagnosis> {
        self.candidates(self.places_of(scenario))
    }

    /// What went wrong together. What only a control has met belongs to the others.
    pub fn stories(&self) -> Vec<Story> {
        let told = |story: &story::Story| {
            let own = story.anomalies.iter().copied().filter(|place| self.seen.anomalies[*place].judged);
            let places: Vec<usize> = own.collect();
            let id = |place: &usize| self.scenario(*place).id.clone();
            let scenarios: BTreeSet<String> = places.iter().map(id).collect();
            (!places.is_empty()).then(|| Story {
                scenarios: scenarios.into_iter().collect(),
                steps: places.iter().map(|place| self.seen.anomalies[*place].step).collect(),
                candidates: self.candidates(places.iter().copied()),
            })
        };
        let mut stories: Vec<(Verdict, Story)> = Vec::new();
        for story in &self.stories {
            let worst = story.anomalies.iter().map(|place| self.seen.anomalies[*place].verdict).max();
            stories.extend(worst.zip(told(story)));
        }
        stories.sort_by_key(|(verdict, _)| std::cmp::Reverse(*verdict));
        stories.into_iter().map(|(_, story)| story).collect()
    }

    /// The step of a scenario that leads: its worst, and of those that are degraded the first that is not known.
    pub fn leading(&self, scenario: &PlannedScenario) -> Option<StepId> {
        let places: Vec<usize> = self.places_of(scenario).collect();
        let unknown = places
            .iter()
            .find(|place| self.seen.anomalies[**place].verdict != Verdict::Degraded || !self.is_known_at(**place));
        unknown.or(places.first()).map(|place| self.seen.anomalies[*place].step)
    }

    fn candidates(&self, places: impl Iterator<Item = usize>) -> Vec<Diagnosis> {
        let places: Vec<usize> = places.collect();
        // What is not known comes before what is.
        let (known, unknown): (Vec<usize>, Vec<usize>) = places
            .into_iter()
            .partition(|place| self.seen.anomalies[*place].verdict == Verdict::Degraded && self.is_known_at(*place));
        let mut found: Vec<Diagnosis> = Vec::new();
        for place in unknown.into_iter().chain(known) {
            for (cause, _) in self.causes_at(place) {
                if !found.iter().any(|known| known.cause == cause) {
                    found.push(self.diagnosis(place, cause));
                }
            }
        }
        found
    }

    fn diagnosis(&self, place: usize, cause: &'static Cause) -> Diagnosis {
        let (history, anomaly) = (self.seen.history, &self.seen.anomalies[place]);
        let next_step = cause.step_in(&history.plan.runbook).map_or_else(
            || "The run book does not mention this part.".to_owned(),
            |text| {
                text.replace("{{ run }}", &history.run)
                    .replace("{{ environment }}", &history.plan.environment)
                    .replace("{{ minutes }}", &anomaly.minutes)
            },
        );
        Diagnosis { component: cause.component, cause, because: anomaly.evidence.because(cause), next_step }
    }

    fn places(&self) -> impl Iterator<Item = usize> {
        (0..self.seen.anomalies.len()).filter(|place| self.seen.anomalies[*place].judged)
    }

    /// The anomalies of a scenario, the worst first.
    fn places_of(&self, scenario: &PlannedScenario) -> impl Iterator<Item = usize> {
        self.places().filter(|place| self.scenario(*place).id == scenario.id)
    }

    fn scenario(&self, place: usize) -> &PlannedScenario {
        &self.seen.history.plan.scenarios[self.seen.anomalies[place].scenario]
    }

    fn causes_at(&self, place: usize) -> Vec<(&'static Cause, bool)> {
        let story = self.stories.iter().find(|story| story.anomalies.contains(&place));
        story.map(|story| story.causes_of(&self.seen, place)).unwrap_or_default()
    }
}

/// The candidates for what is wrong in one scenario of a run.
pub fn diagnose(history: &History, scenario: &PlannedScenario) -> Vec<Diagnosis> {
    Explained::of(history).diagnose(scenario)
}

/// The verdict of a run: its worst part, without what is known.
pub fn verdict(history: &History) -> Verdict {
    Explained::of(history).verdict()
}
