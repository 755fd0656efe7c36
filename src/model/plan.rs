//! What will be done: scenarios × service × environment, with every word resolved that can be known beforehand.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::template::Part;
use super::{Act, Capture, Component, Expectation, KnownIssue, LinkShape, Parts, Roads, Sentences, Times, Window};

/// A run's own line of work, with one browser session; or the run itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lane {
    /// What belongs to no lane: the looks before and after.
    Run,
    Browser(u16),
}

/// A step's place in [`Plan::steps`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(pub u32);

impl StepId {
    /// As an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The plan of a run. It holds no secret: what is secret stays a hole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub environment: String,
    pub service: String,
    pub service_name: String,
    /// Scheme, host and port of the service.
    pub base_url: String,
    /// Hosts that a page may be on.
    pub hosts: Vec<String>,
    /// Addresses that something may be sent to.
    pub recipients: Vec<String>,
    pub email_sender: String,
    /// The number that Notify's own texts come from.
    #[serde(default)]
    pub sms_sender: String,
    /// The numbers that other environments' texts come from, by environment.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub other_senders: BTreeMap<String, String>,
    /// Digits of a texted code.
    #[serde(default)]
    pub code_length: u32,
    /// How many unused codes the service keeps of a user before it sends no more; 0 where that is not known.
    #[serde(default, skip_serializing_if = "super::is_zero")]
    pub codes_kept: u32,
    pub error_headings: Vec<String>,
    /// Sentences of pages that mean something by themselves.
    #[serde(default)]
    pub sentences: Sentences,
    /// How a job's time is chosen and named.
    #[serde(default, skip_serializing_if = "Times::is_empty")]
    pub times: Times,
    /// How far away a time must be to be chosen, in milliseconds.
    #[serde(default)]
    pub lead_ms: u64,
    pub links: Vec<LinkShape>,
    /// What each kind of page and message passes.
    #[serde(default, skip_serializing_if = "Roads::is_empty")]
    pub roads: Roads,
    /// What the run book says to do, by component.
    pub runbook: BTreeMap<String, String>,
    /// What the service calls its parts.
    #[serde(default, skip_serializing_if = "Parts::is_empty")]
    pub parts: Parts,
    /// The look that would tell a cause from its neighbours, in the service's words, by cause.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub decides: BTreeMap<String, String>,
    /// What does not work for the service's users while a component is broken.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub impact: BTreeMap<String, String>,
    pub poll_ms: u64,
    /// Names of buckets and accounts where its eyes look: no secrets, and nothing for a public place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<String>,
    /// The environment is a sandbox that the program starts itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sandbox: bool,
    /// Findings that are known and waited for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known: Vec<KnownIssue>,
    pub run_longest_ms: u64,
    /// How many browser lanes there are.
    pub lanes: u16,
    pub scenarios: Vec<PlannedScenario>,
    pub steps: Vec<PlannedStep>,
}

/// A scenario of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedScenario {
    pub id: String,
    pub name: String,
    pub runbook: String,
    pub lane: Lane,
    /// The scenario before it in the same session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// It is run only when this has happened, and has no part in the verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<super::scenario::Control>,
    pub steps: Vec<StepId>,
    /// Steps that are only taken when they are needed; they have no part in the verdict.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asides: Vec<StepId>,
    /// What cancels its job on the job's page, as long as its time has not come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel: Option<StepId>,
}

/// A step of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedStep {
    pub id: StepId,
    pub lane: Lane,
    #[serde(flatten)]
    pub kind: StepKind,
}

/// What kind of step it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::large_enum_variant, reason = "a plan has some dozens of steps")]
pub enum StepKind {
    Act {
        act: Act,
        /// The expectations of messages that this action causes; their mailbox is looked at before it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        watch: Vec<StepId>,
    },
    Expect {
        expect: Expectation,
        window: Window,
        /// The action that should cause it; its window counts from there.
        trigger: StepId,
        #[serde(skip_serializing_if = "Option::is_none")]
        capture: Option<Capture>,
        proves: Vec<Component>,
        /// The name of what it passes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        road: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        assumes: Option<Component>,
        /// The expectation that its window counts from, where that is not the trigger.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<StepId>,
        /// What is done once when it is not met in time.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        second_try: Vec<StepId>,
        /// The visit and the look at the job's page, where rows are expected.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        aside: Option<(StepId, StepId)>,
    },
}

impl Plan {
    /// The step with this id.
    pub fn step(&self, id: StepId) -> &PlannedStep {
        &self.steps[id.index()]
    }

    /// Whether an address is the service's own: it begins with the base URL, or is on one of its other hosts by the same scheme.
    pub fn is_own(&self, address: &str) -> bool {
        let rest = address.strip_prefix(self.base_url.as_str());
        if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#'])) {
            return true;
        }
        let (Ok(url), Ok(base)) = (url::Url::parse(address), url::Url::parse(&self.base_url)) else { return false };
        let host = url.host_str().unwrap_or_default();
        // Another port is another server.
        let same = (url.scheme(), url.port_or_known_default()) == (base.scheme(), base.port_or_known_default());
        same && self.hosts.iter().any(|known| known == host)
    }

    /// The addresses and numbers that messages of ours come from and go to, those of other environments among them.
    pub fn senders_and_recipients(&self) -> Vec<String> {
        let rows = self.steps.iter().filter_map(|step| match &step.kind {
            StepKind::Expect { expect: Expectation::Rows(rows), .. } => Some(rows.from.clone()),
            StepKind::Expect { .. } | StepKind::Act { .. } => None,
        });
        let own = [&self.email_sender, &self.sms_sender]
            .into_iter()
            .chain(&self.recipients)
            .chain(self.other_senders.values());
        own.cloned().chain(rows).collect()
    }

    /// Whether the smoke user's password is typed into the field of this name.
    pub fn is_password(&self, label: &str) -> bool {
        let is_hole = |part: &Part| matches!(part, Part::Hole(name) if name == "user.password");
        self.steps.iter().any(|step| match &step.kind {
            StepKind::Act { act: Act::Fill(fields), .. } => {
                fields.iter().any(|(name, value)| name == label && value.0.iter().any(is_hole))
            }
            StepKind::Act { .. } | StepKind::Expect { .. } => false,
        })
    }

    /// How the texts read that are awaited, with `*` for any text.
    pub fn awaited_texts(&self) -> Vec<String> {
        let texts = self.steps.iter().filter_map(|step| match &step.kind {
            StepKind::Expect { expect: Expectation::Text(text), .. } => Some(text.text.clone()),
            StepKind::Expect { .. } | StepKind::Act { .. } => None,
        });
        texts.collect()
    }

    /// Whether every id leads somewhere, and every step belongs to one scenario: what the rest of the program relies on
    /// when a plan was read from a file.
    pub fn is_sound(&self) -> bool {
        let known = |id: &StepId| id.index() < self.steps.len();
        let refers = |step: &PlannedStep| match &step.kind {
            StepKind::Act { watch, .. } => watch.iter().all(known),
            StepKind::Expect { trigger, from, second_try, aside, .. } => {
                known(trigger)
                    && from.iter().chain(second_try).all(known)
                    && aside.iter().all(|(visit, look)| known(visit) && known(look))
            }
        };
        let in_order = self.steps.iter().enumerate().all(|(index, step)| step.id.index() == index);
        let mut owned: Vec<StepId> = self.scenarios.iter().flat_map(PlannedScenario::all_steps).collect();
        owned.sort();
        in_order && self.steps.iter().all(refers) && owned.iter().copied().eq(self.steps.iter().map(|step| step.id))
    }

    /// The scenarios that have a verdict.
    pub fn judged(&self) -> impl Iterator<Item = &PlannedScenario> {
        self.scenarios.iter().filter(|scenario| scenario.control.is_none())
    }

    /// A lane by the scenarios that it is for.
    pub fn lane_name(&self, lane: Lane) -> String {
        let names: Vec<&str> =
            self.judged().filter(|scenario| scenario.lane == lane).map(|scenario| scenario.name.as_str()).collect();
        names.join(", ")
    }

    /// The scenario that a step belongs to.
    pub fn scenario_of(&self, id: StepId) -> &PlannedScenario {
        let owner = self.scenarios.iter().find(|scenario| scenario.all_steps().any(|step| step == id));
        owner.unwrap_or_else(|| unreachable!("every planned step belongs to a scenario"))
    }

    /// The visit of the page of a scenario's job, and the look at it.
    pub fn job_look(&self, scenario: &PlannedScenario) -> Option<(StepId, StepId)> {
        scenario.steps.iter().find_map(|step| match &self.step(*step).kind {
            StepKind::Expect { aside, .. } => *aside,
            StepKind::Act { .. } => None,
        })
    }

    /// The expectation that captures `name` within the scenario of `id`.
    pub fn capture_step(&self, id: StepId, name: &str) -> Option<StepId> {
        self.scenario_of(id).steps.iter().copied().find(|step| match &self.step(*step).kind {
            StepKind::Expect { capture: Some(capture), .. } => capture.name == name,
            StepKind::Expect { .. } | StepKind::Act { .. } => false,
        })
    }
}

impl PlannedScenario {
    /// Its steps, and those that are only taken when they are needed.
    pub fn all_steps(&self) -> impl Iterator<Item = StepId> + '_ {
        self.steps.iter().chain(&self.asides).copied()
    }
}

impl PlannedStep {
    /// Whether it is an action that must not be done twice.
    pub fn is_once(&self) -> bool {
        matches!(&self.kind, StepKind::Act { act, .. } if act.is_once())
    }
}

impl std::fmt::Display for PlannedStep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.kind {
            StepKind::Act { act, .. } => act.fmt(f),
            StepKind::Expect { expect, .. } => expect.fmt(f),
        }
    }
}
