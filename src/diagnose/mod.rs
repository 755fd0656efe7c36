//! Which part is broken, why we think so, and what to do. Pure, over the whole run.
//!
//! `see` reads the history, once: what went wrong, and what was shown to work. `story` finds the smallest sets of causes
//! that explain what went wrong and contradict nothing that was seen; how causes break things stands in one table (`way`),
//! their words in another (`causes`). Every candidate cites events.

mod causes;
mod degrading;
mod known;
mod see;
mod sign;
mod story;
mod way;

pub use causes::{CAUSES, Cause};
pub use known::Known;

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::history::{History, LookedBack, WrongBuild};
use crate::model::{Component, Plan, PlannedScenario, StepId, Verdict};
use see::Seen;
use story::Candidate;

/// One candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    pub component: Component,
    /// What the service calls that part.
    pub called: String,
    pub cause: &'static Cause,
    /// What is wrong, and the one look that would tell it from its neighbours, in the service's words.
    pub title: String,
    pub decides: String,
    /// How many causes have to come together at least for this to be one of them.
    pub together: usize,
    pub because: Vec<Because>,
    /// What the run book says to do.
    pub next_step: String,
}

impl Diagnosis {
    /// What does not work meanwhile, as the run book of the plan has it: of the cause, or of its part.
    pub fn impact<'p>(&self, plan: &'p Plan) -> Option<&'p str> {
        let impact = &plan.impact;
        impact.get(self.cause.id).or_else(|| impact.get(self.component.name())).map(String::as_str)
    }
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

impl Story {
    /// The look that splits best what is left: whether it is the likeliest one.
    pub fn decides(&self) -> &str {
        self.candidates.first().map_or("", |candidate| candidate.decides.as_str())
    }
}

/// What was found at the job of an earlier run, where not all is well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    pub looked: LookedBack,
    pub causes: Vec<Diagnosis>,
    /// All of it is known and waited for.
    pub is_known: bool,
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
            let mut places: Vec<usize> = own.collect();
            places.sort_by_key(|place| {
                let anomaly = &self.seen.anomalies[*place];
                (std::cmp::Reverse((anomaly.verdict, anomaly.share)), *place)
            });
            let id = |place: &usize| self.scenario(*place).id.clone();
            let scenarios: BTreeSet<String> = places.iter().map(id).collect();
            (!places.is_empty()).then(|| Story {
                scenarios: scenarios.into_iter().collect(),
                steps: places.iter().map(|place| self.seen.anomalies[*place].step).collect(),
                candidates: self.candidates(places.iter().copied()),
            })
        };
        let mut stories: Vec<(Verdict, Story)> = self.of_frame().into_iter().collect();
        for story in &self.stories {
            let worst = story.anomalies.iter().map(|place| self.seen.anomalies[*place].verdict).max();
            stories.extend(worst.zip(told(story)));
        }
        stories.sort_by_key(|(verdict, _)| std::cmp::Reverse(*verdict));
        stories.into_iter().map(|(_, story)| story).collect()
    }

    /// What is wrong of the run, and belongs to none of its scenarios.
    fn of_frame(&self) -> Option<(Verdict, Story)> {
        let wrong = self.seen.history.wrong_build()?;
        let WrongBuild { part, expected, answered, moment } = wrong;
        let text = format!("{part} answered as {answered}, and {expected} was deployed");
        let cause = &causes::WRONG_BUILD;
        let because = vec![Because { seq: moment.seq, at: moment.at, text }];
        let diagnosis = self.told(cause, 1, because, "");
        Some((Verdict::Failed, Story { scenarios: Vec::new(), steps: Vec::new(), candidates: vec![diagnosis] }))
    }

    /// The step of a scenario that leads: its worst, and of those that are degraded the first that is not known.
    pub fn leading(&self, scenario: &PlannedScenario) -> Option<StepId> {
        let places: Vec<usize> = self.places_of(scenario).collect();
        let unknown = places
            .iter()
            .find(|place| self.seen.anomalies[**place].verdict != Verdict::Degraded || !self.is_known_at(**place));
        unknown.or(places.first()).map(|place| self.seen.anomalies[*place].step)
    }

    /// What this run has found of earlier ones that is not well: it is told here, and settled into their records.
    pub fn looked_back(&self) -> Vec<Earlier> {
        let found = self.seen.history.looked_back().into_iter().filter(|looked| !looked.is_well());
        found.map(|looked| self.earlier(looked)).collect()
    }

    fn earlier(&self, looked: LookedBack) -> Earlier {
        let untold = looked.told < looked.words.len();
        let causes = see::told::of_earlier(looked.more > 0, untold, looked.copies.as_ref());
        let text = match &looked.copies {
            Some(copies) => copies.to_string(),
            None => format!("the page of its job says {}", looked.words.join(", ")),
        };
        let because = vec![Because { seq: looked.moment.seq, at: looked.moment.at, text }];
        let is_known = self.all_known(&causes);
        let causes = causes.into_iter().map(|cause| self.told(cause, 1, because.clone(), "of that run"));
        Earlier { causes: causes.collect(), is_known, looked }
    }

    fn candidates(&self, places: impl Iterator<Item = usize>) -> Vec<Diagnosis> {
        let places: Vec<usize> = places.collect();
        // What is not known comes before what is.
        let (known, unknown): (Vec<usize>, Vec<usize>) = places
            .into_iter()
            .partition(|place| self.seen.anomalies[*place].verdict == Verdict::Degraded && self.is_known_at(*place));
        let mut found: Vec<Diagnosis> = Vec::new();
        for place in unknown.into_iter().chain(known) {
            for candidate in self.causes_at(place) {
                if !found.iter().any(|known| known.cause == candidate.cause) {
                    found.push(self.diagnosis(place, candidate));
                }
            }
        }
        found
    }

    fn diagnosis(&self, place: usize, Candidate { cause, together, .. }: Candidate) -> Diagnosis {
        let anomaly = &self.seen.anomalies[place];
        self.told(cause, together, anomaly.evidence.because(cause), &anomaly.minutes)
    }

    /// A cause in the words of its service.
    fn told(&self, cause: &'static Cause, together: usize, because: Vec<Because>, minutes: &str) -> Diagnosis {
        let plan = &self.seen.history.plan;
        Diagnosis {
            component: cause.component,
            called: plan.parts.word(cause.component),
            cause,
            title: plan.parts.said(cause.title),
            decides: plan.parts.said(plan.decides.get(cause.id).map_or(cause.decides, String::as_str)),
            together,
            because,
            next_step: self.next_step(cause, minutes),
        }
    }

    fn next_step(&self, cause: &Cause, minutes: &str) -> String {
        let history = self.seen.history;
        cause.step_in(&history.plan.runbook).map_or_else(
            || "The run book does not mention this part.".to_owned(),
            |text| {
                text.replace("{{ run }}", &history.run)
                    .replace("{{ environment }}", &history.plan.environment)
                    .replace("{{ minutes }}", minutes)
            },
        )
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

    fn causes_at(&self, place: usize) -> Vec<Candidate> {
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

/// The verdict of what a run itself has tested, without what it found of earlier ones.
pub fn own_verdict(history: &History) -> Verdict {
    Explained::of(history).own_verdict()
}
