//! Roads: what each kind of page and message passes on its way, in order. What was seen at the end of one speaks for all of
//! it; what was not seen accuses all of it.

use serde::{Deserialize, Serialize};

use super::{Component, Expectation, Plan, StepId, StepKind, WindowFrom};

/// One stage of a road: a part of the service, and the lane of it that is passed (a queue, an endpoint, a sender). In files
/// `part` or `part/lane`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Stage {
    pub part: Component,
    /// Empty where the part is passed as a whole.
    pub lane: String,
}

impl Stage {
    /// A part, and a lane of it.
    pub fn new(part: Component, lane: impl Into<String>) -> Self {
        Self { part, lane: lane.into() }
    }

    /// Reads `part` or `part/lane`.
    ///
    /// # Errors
    /// The word that is no part.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (part, lane) = text.split_once('/').unwrap_or((text, ""));
        Component::named(part).map(|part| Self::new(part, lane)).ok_or_else(|| part.to_owned())
    }
}

impl TryFrom<String> for Stage {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).map_err(|part| format!("`{part}` is no part of a service"))
    }
}

impl From<Stage> for String {
    fn from(stage: Stage) -> Self {
        stage.to_string()
    }
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.lane.is_empty() { self.part.fmt(f) } else { write!(f, "{}/{}", self.part, self.lane) }
    }
}

/// What one kind of page or message passes, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Road {
    /// The name under which steps have it; empty for one that was made from what its step proves.
    pub id: String,
    pub stages: Vec<Stage>,
    /// Those of them that a cache can spare it: one that is sick can hold it up, and that it came shows nothing of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spared: Vec<Stage>,
}

impl Road {
    /// Whether it passes a part, by whatever lane.
    pub fn passes(&self, part: Component) -> bool {
        self.stages.iter().any(|stage| stage.part == part)
    }

    /// The stages that it has passed for certain when it has come to its end.
    pub fn shown(&self) -> impl Iterator<Item = &Stage> {
        self.stages.iter().filter(|stage| !self.spared.contains(stage))
    }
}

/// The roads of a service, and what it knows of its parts besides.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Roads {
    pub all: Vec<Road>,
    /// Lanes that one process serves: it is well or sick in all of them. A part that is not named here is one process.
    pub processes: Vec<Vec<Stage>>,
    /// Components and causes, likeliest first: what decides where nothing seen does.
    pub likely: Vec<String>,
}

impl Roads {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The road of this name.
    pub fn road(&self, id: &str) -> Option<&Road> {
        self.all.iter().find(|road| road.id == id)
    }

    /// Whether two lanes of one part are served by one process.
    pub fn share_process(&self, one: &Stage, two: &Stage) -> bool {
        let process_of = |stage: &Stage| self.processes.iter().position(|process| process.contains(stage));
        one.part == two.part && (one.lane == two.lane || process_of(one) == process_of(two))
    }

    /// How likely a cause is before anything is seen: smaller is likelier.
    pub fn rank(&self, cause: &str, part: Component) -> usize {
        let usual = self.likely.is_empty();
        let own = |name: &str| self.likely.iter().position(|known| known == name);
        let place = |name: &str| if usual { USUAL.iter().position(|known| *known == name) } else { own(name) };
        place(cause).or_else(|| place(part.name())).unwrap_or(self.likely.len().max(USUAL.len()))
    }
}

/// The order of a service that tells of none.
const USUAL: [&str; 14] = [
    "worker-twice",
    "edge",
    "broker",
    "scheduler",
    "s3",
    "ses",
    "sns",
    "admin",
    "worker",
    "api",
    "account",
    "receipts",
    "number",
    "mailbox",
];

impl Plan {
    /// The road of an expectation: the one that its step names, or else one that is made from what its scenario proves, as
    /// for journals from before there were roads.
    pub fn road(&self, step: StepId) -> Road {
        let StepKind::Expect { road: named, expect, window, proves, .. } = &self.step(step).kind else {
            let stages = vec![Component::Edge.into(), Component::Admin.into()];
            return Road { id: String::new(), stages, spared: Vec::new() };
        };
        if let Some(road) = named.as_ref().and_then(|name| self.roads.road(name)) {
            return road.clone();
        }
        let mut stages: Vec<Stage> = vec![Component::Edge.into(), Component::Admin.into()];
        match expect {
            Expectation::Page(_) | Expectation::Job => {
                stages.extend(
                    proves
                        .iter()
                        .filter(|part| !matches!(part, Component::Edge | Component::Admin))
                        .map(|part| (*part).into()),
                );
            }
            Expectation::Email(_) | Expectation::Text(_) => {
                stages.push(Stage::new(Component::Api, "message"));
                let codes = if expect.is_of_number() { "codes" } else { "" };
                stages.extend([Stage::new(Component::Account, codes), Component::Worker.into()]);
            }
            Expectation::Rows(_) => {
                stages.push(Component::Api.into());
                let scheduled = window.from == WindowFrom::Slot;
                stages.extend(scheduled.then_some(Component::Scheduler.into()));
                stages.push(Stage::new(Component::Worker, "take"));
                stages.push(Stage::new(Component::Files, "read"));
                stages.extend(["make", "send"].map(|lane| Stage::new(Component::Worker, lane)));
            }
        }
        if expect.is_message() {
            let (provider, eye) = if expect.is_of_number() {
                (Component::Text, Component::Number)
            } else {
                (Component::Mail, Component::Mailbox)
            };
            stages.extend([provider, eye].map(Stage::from));
        }
        Road { id: String::new(), stages, spared: Vec::new() }
    }
}

impl From<Component> for Stage {
    fn from(part: Component) -> Self {
        Self::new(part, "")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_a_part_and_perhaps_a_lane() {
        let stage = Stage::parse("worker/job-tasks").expect("a stage");
        assert_eq!((stage.part, stage.lane.as_str()), (Component::Worker, "job-tasks"));
        assert_eq!(stage.to_string(), "worker/job-tasks");
        assert_eq!(Stage::parse("ses").expect("a stage").to_string(), "ses");
        assert_eq!(Stage::parse("moon/x"), Err("moon".to_owned()));
    }

    #[test]
    fn lanes_of_one_process_are_well_or_sick_together() {
        let stage = |text: &str| Stage::parse(text).expect("a stage");
        let roads = Roads {
            processes: vec![vec![stage("worker/a"), stage("worker/b")], vec![stage("worker/c")]],
            likely: vec!["ses".to_owned(), "worker-twice".to_owned()],
            ..Roads::default()
        };
        assert!(roads.share_process(&stage("worker/a"), &stage("worker/b")));
        assert!(!roads.share_process(&stage("worker/a"), &stage("worker/c")));
        assert!(!roads.share_process(&stage("worker/a"), &stage("scheduler/a")));
        assert!(Roads::default().share_process(&stage("worker/a"), &stage("worker/c")), "nothing is said: one process");
        assert_eq!(["ses-silent", "worker-twice"].map(|id| roads.rank(id, Component::Mail)), [0, 1]);
        assert!(roads.rank("admin-error", Component::Admin) > 1, "what is not named comes last");
    }
}
