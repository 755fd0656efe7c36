//! Scenarios × service × environment → [`Plan`]: every word resolved that can be known before the run.

use sha2::{Digest as _, Sha256};

use crate::model::{
    Expectation, Lane, Plan, PlannedScenario, PlannedStep, Scenario, Service, Step, StepId, StepKind, Target, Template,
    Window,
};

/// The window of an expectation that names none.
const DEFAULT_WINDOW: &str = "page";

/// Makes the plan. The same files, environment and version give the same plan.
///
/// # Errors
/// A sentence for each thing that does not fit together.
pub fn plan(
    service: &Service,
    runbook: &std::collections::BTreeMap<String, String>,
    scenarios: &[Scenario],
    target: &Target,
) -> Result<Plan, Vec<String>> {
    let mut planner = Planner { service, target, steps: Vec::new(), problems: Vec::new() };
    let all: Vec<PlannedScenario> =
        scenarios.iter().enumerate().map(|(index, scenario)| planner.scenario(index, scenario)).collect();
    if !planner.problems.is_empty() {
        return Err(planner.problems);
    }
    let mut hosts = target.hosts.clone();
    hosts.extend(host_of(&target.base_url));
    let mut recipients = target.recipients.clone();
    recipients.push(target.user_email.clone());
    recipients.extend(Some(target.user_mobile.clone()).filter(|number| !number.is_empty()));
    Ok(Plan {
        environment: target.name.clone(),
        service: service.id.clone(),
        service_name: service.name.clone(),
        base_url: target.base_url.clone(),
        hosts,
        recipients,
        email_sender: target.email_sender.clone(),
        sms_sender: target.sms_sender.clone(),
        code_length: service.code_length,
        error_headings: service.error_headings.clone(),
        links: service.links.clone(),
        runbook: runbook.clone(),
        poll_ms: target.poll_ms,
        run_longest_ms: service.run_longest_ms,
        lanes: u16::try_from(all.len()).unwrap_or(u16::MAX),
        scenarios: all,
        steps: planner.steps,
    })
}

/// SHA-256 of the plan's JSON, in hex: equal plans, equal digest.
pub fn digest(plan: &Plan) -> String {
    let json = serde_json::to_vec(plan).unwrap_or_default();
    format!("{:x}", Sha256::digest(&json))
}

/// Host and port of a URL.
fn host_of(url: &str) -> Option<String> {
    let url = url::Url::parse(url).ok()?;
    url.host_str().map(str::to_owned)
}

struct Planner<'a> {
    service: &'a Service,
    target: &'a Target,
    steps: Vec<PlannedStep>,
    problems: Vec<String>,
}

impl Planner<'_> {
    fn scenario(&mut self, index: usize, scenario: &Scenario) -> PlannedScenario {
        // Scenarios that need nothing of each other run beside each other.
        let lane = Lane::Browser(u16::try_from(index).unwrap_or(u16::MAX));
        let first = self.steps.len();
        let mut last_act = None;
        for step in &scenario.steps {
            let id = StepId(u32::try_from(self.steps.len()).unwrap_or(u32::MAX));
            let kind = match step {
                Step::Act(act) => {
                    last_act = Some(id);
                    StepKind::Act { act: self.act(act), watch: Vec::new() }
                }
                Step::Expect(expect) => StepKind::Expect {
                    expect: self.expectation(&expect.what),
                    window: self.window(expect.within.as_deref().unwrap_or(DEFAULT_WINDOW)),
                    trigger: last_act.unwrap_or(id),
                    capture: expect.capture.clone(),
                    proves: expect.proves.clone(),
                },
            };
            self.steps.push(PlannedStep { id, lane, kind });
        }
        self.watch_messages(first);
        let steps = self.steps[first..].iter().map(|step| step.id).collect();
        PlannedScenario {
            id: scenario.id.clone(),
            name: scenario.name.clone(),
            runbook: scenario.runbook.clone(),
            lane,
            steps,
        }
    }

    /// Tells each action which mailbox to look at before it.
    fn watch_messages(&mut self, first: usize) {
        let messages: Vec<(StepId, StepId)> = self.steps[first..]
            .iter()
            .filter_map(|step| match &step.kind {
                StepKind::Expect { expect, trigger, .. } if expect.is_message() => Some((*trigger, step.id)),
                StepKind::Expect { .. } | StepKind::Act { .. } => None,
            })
            .collect();
        for (trigger, expectation) in messages {
            match &mut self.steps[trigger.index()].kind {
                StepKind::Act { watch, act } if act.is_once() => watch.push(expectation),
                StepKind::Act { .. } | StepKind::Expect { .. } => self.problems.push(format!(
                    "A message is expected after `{}`, which sends none: put the `press` that sends it before the expectation.",
                    self.steps[trigger.index()]
                )),
            }
        }
    }

    fn act(&self, act: &crate::model::Act) -> crate::model::Act {
        use crate::model::Act;
        match act {
            Act::Visit(path) => Act::Visit(self.fill(path)),
            Act::Fill(fields) => {
                Act::Fill(fields.iter().map(|(label, value)| (label.clone(), self.fill(value))).collect())
            }
            Act::Press(button) => Act::Press(button.clone()),
        }
    }

    fn expectation(&self, expectation: &Expectation) -> Expectation {
        match expectation {
            Expectation::Page(page) => Expectation::Page(page.clone()),
            Expectation::Email(email) => {
                let mut email = email.clone();
                email.to = self.fill(&email.to);
                email.subject = self.fill(&email.subject);
                Expectation::Email(email)
            }
            Expectation::Text(text) => {
                Expectation::Text(crate::model::TextExpectation { to: self.fill(&text.to), ..text.clone() })
            }
        }
    }

    /// Fills what is public and known. The token and what steps capture are the run's; secrets stay out of plans.
    fn fill(&self, template: &Template) -> Template {
        template.filled(&|name| match name {
            "user.email" => Some(self.target.user_email.clone()),
            "user.mobile" => Some(self.target.user_mobile.clone()),
            _ => None,
        })
    }

    fn window(&mut self, name: &str) -> Window {
        match self.service.windows.get(name) {
            Some(window) => self.target.windows.get(name).map_or(*window, |change| change.applied_to(*window)),
            None => {
                self.problems.push(format!("service.yaml has no window `{name}`: add it under `windows`."));
                Window { not_before_ms: 0, on_time_ms: 0, late_ms: 0, settle_ms: 0 }
            }
        }
    }
}
