//! Scenarios × service × environment → [`Plan`]: every word resolved that can be known before the run.

mod fill;
mod same;

pub use same::differences;

use sha2::{Digest as _, Sha256};

use crate::model::scenario::Control;
use crate::model::{
    Act, Attachment, Capture, Captured, Expect, Expectation, Lane, MessageKind, Plan, PlannedScenario, PlannedStep,
    RowsNeeded, Runbook, Scenario, Service, Step, StepId, StepKind, Target, Template, Window, WindowFrom,
};
use fill::Words;

/// The window of an expectation that names none.
const DEFAULT_WINDOW: &str = "page";

/// Makes the plan. The same files, environment and version give the same plan.
///
/// # Errors
/// A sentence for each thing that does not fit together.
pub fn plan(
    service: &Service,
    runbook: &Runbook,
    scenarios: &[Scenario],
    target: &Target,
) -> Result<Plan, Vec<String>> {
    let mut planner =
        Planner { service, target, words: Words { target }, steps: Vec::new(), problems: Vec::new(), lanes: 0 };
    let mut all: Vec<PlannedScenario> = Vec::new();
    for scenario in scenarios {
        let before = scenario.after.as_ref().and_then(|name| all.iter().find(|other| other.id == *name));
        if let (Some(name), None) = (&scenario.after, before) {
            planner.problems.push(format!("`{}` comes after `{name}`, which is not part of this run.", scenario.id));
        }
        let lane = before.map(|other| other.lane);
        all.push(planner.scenario(lane, scenario));
    }
    planner.problems.extend(same_lists(&planner.steps));
    if !planner.problems.is_empty() {
        return Err(planner.problems);
    }
    let mut hosts = target.hosts.clone();
    hosts.extend(host_of(&target.base_url));
    let mut recipients = target.recipients.clone();
    recipients.push(target.user_email.clone());
    recipients.extend(target.user_second_email.clone());
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
        other_senders: std::collections::BTreeMap::new(),
        code_length: service.code_length,
        codes_kept: service.codes_kept,
        error_headings: service.error_headings.clone(),
        sentences: service.sentences.clone(),
        times: service.times.clone(),
        lead_ms: target.lead_ms.unwrap_or(service.lead_ms),
        links: service.links.clone(),
        roads: service.roads.clone(),
        runbook: runbook.steps.clone(),
        parts: service.parts.clone(),
        decides: runbook.decides.clone(),
        impact: runbook.impact.clone(),
        poll_ms: target.poll_ms,
        sandbox: target.sandbox,
        places: target.places.clone(),
        known: target.known.clone(),
        run_longest_ms: service.run_longest_ms,
        lanes: planner.lanes,
        scenarios: all,
        steps: planner.steps,
    })
}

/// Adds looks at the job pages of an earlier run, in the session of the scenario `after`: what they say is settled into
/// that run's record. Of each: the control and the page's whole address.
pub fn look_back(plan: &mut Plan, after: &str, window: Window, targets: Vec<(Control, String)>) {
    let Some(lane) = plan.scenarios.iter().find(|scenario| scenario.id == after).map(|scenario| scenario.lane) else {
        return;
    };
    for (control, url) in targets {
        let (visit, look) = look_at_job(&mut plan.steps, lane, Template::literal(url), window);
        plan.scenarios.push(PlannedScenario {
            id: format!("look-back-{}", plan.scenarios.len()),
            name: "Look back".to_owned(),
            runbook: "Not in the run book: receipts come after a run has ended.".to_owned(),
            lane,
            after: Some(after.to_owned()),
            control: Some(control),
            steps: vec![visit, look],
            asides: Vec::new(),
            cancel: None,
        });
    }
}

fn add(steps: &mut Vec<PlannedStep>, lane: Lane, kind: StepKind) -> StepId {
    let id = StepId(u32::try_from(steps.len()).unwrap_or(u32::MAX));
    steps.push(PlannedStep { id, lane, kind });
    id
}

/// Adds a visit of a job's page and a look at it.
fn look_at_job(steps: &mut Vec<PlannedStep>, lane: Lane, address: Template, window: Window) -> (StepId, StepId) {
    let visit = add(steps, lane, StepKind::Act { act: Act::Visit(address), watch: Vec::new() });
    let look = StepKind::Expect {
        expect: Expectation::Job,
        window,
        trigger: visit,
        capture: None,
        proves: Vec::new(),
        road: None,
        assumes: None,
        from: None,
        second_try: Vec::new(),
        aside: None,
    };
    (visit, add(steps, lane, look))
}

/// Two lists of one kind in a run would take each other's messages for theirs.
fn same_lists(steps: &[PlannedStep]) -> Option<String> {
    let kinds: Vec<MessageKind> = steps
        .iter()
        .filter_map(|step| match &step.kind {
            StepKind::Act { act: Act::Attach(list), .. } => Some(list.template),
            StepKind::Act { .. } | StepKind::Expect { .. } => None,
        })
        .collect();
    let twice = [MessageKind::Email, MessageKind::Sms]
        .into_iter()
        .any(|kind| kinds.iter().filter(|other| **other == kind).count() > 1);
    twice.then(|| {
        "Two lists of one kind in a run would take each other's messages for theirs: run their scenarios one after another."
            .to_owned()
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
    words: Words<'a>,
    steps: Vec<PlannedStep>,
    problems: Vec<String>,
    lanes: u16,
}

/// What the steps of one scenario have led to so far.
#[derive(Default)]
struct Sofar {
    last_act: Option<StepId>,
    list: Option<Attachment>,
    /// The expectation that saw the time that was chosen.
    slot: Option<StepId>,
    /// The expectation of the first row.
    pickup: Option<StepId>,
    /// Visit and look at the job's page.
    aside: Option<(StepId, StepId)>,
    asides: Vec<StepId>,
    cancel: Option<StepId>,
}

impl Planner<'_> {
    fn scenario(&mut self, lane: Option<Lane>, scenario: &Scenario) -> PlannedScenario {
        // Scenarios that need nothing of each other run beside each other.
        let lane = lane.unwrap_or_else(|| {
            self.lanes += 1;
            Lane::Browser(self.lanes - 1)
        });
        let mut sofar = Sofar::default();
        let mut steps = Vec::new();
        for step in &scenario.steps {
            let id = match step {
                Step::Act(act) => {
                    let act = self.words.act(act);
                    if let Act::Attach(list) = &act {
                        sofar.list = Some(list.clone());
                    }
                    let id = self.add(lane, StepKind::Act { act, watch: Vec::new() });
                    sofar.last_act = Some(id);
                    id
                }
                Step::Expect(expect) => self.expect(lane, expect, &mut sofar),
            };
            steps.push(id);
        }
        self.watch_messages(&steps);
        PlannedScenario {
            id: scenario.id.clone(),
            name: scenario.name.clone(),
            runbook: scenario.runbook.clone(),
            lane,
            after: scenario.after.clone(),
            control: scenario.control.clone(),
            steps,
            asides: sofar.asides,
            cancel: sofar.cancel,
        }
    }

    fn add(&mut self, lane: Lane, kind: StepKind) -> StepId {
        add(&mut self.steps, lane, kind)
    }

    fn expect(&mut self, lane: Lane, expect: &Expect, sofar: &mut Sofar) -> StepId {
        let what = self.words.expectation(&expect.what, sofar.list.as_ref()).unwrap_or_else(|problem| {
            self.problems.push(problem);
            expect.what.clone()
        });
        let window = self.window(expect.within.as_deref().unwrap_or(DEFAULT_WINDOW));
        let from = match window.from {
            WindowFrom::Trigger => None,
            WindowFrom::Slot => self.anchor("slot", sofar.slot),
            WindowFrom::Pickup => self.anchor("pickup", sofar.pickup),
        };
        let is_rows = matches!(&what, Expectation::Rows(_));
        let is_first = matches!(&what, Expectation::Rows(rows) if rows.need == RowsNeeded::First);
        let sees_slot = matches!(&what, Expectation::Page(page) if page.time == Some(crate::model::SlotShown::Checked));
        let captures_page = matches!(&expect.capture, Some(Capture { of: Captured::Page, .. }));
        let id = self.add(
            lane,
            StepKind::Expect {
                expect: what,
                window,
                trigger: sofar.last_act.unwrap_or(StepId(0)),
                capture: expect.capture.clone(),
                proves: expect.proves.clone(),
                road: expect.road.clone(),
                assumes: expect.assumes,
                from,
                second_try: Vec::new(),
                aside: if is_rows { sofar.aside } else { None },
            },
        );
        if is_first {
            sofar.pickup = Some(id);
        }
        if sees_slot {
            sofar.slot = Some(id);
        }
        if let (true, Some(capture)) = (captures_page, &expect.capture) {
            sofar.aside = Some(self.job_page(lane, &capture.name, sofar));
        }
        self.second_try(lane, id, &expect.second_try, sofar);
        id
    }

    fn anchor(&mut self, what: &str, step: Option<StepId>) -> Option<StepId> {
        if step.is_none() {
            self.problems.push(format!("A window counts from the {what}, and no step before it knows one."));
        }
        step
    }

    /// The job's page is read where rows do not come in time: for the diagnosis, not as a proof.
    fn job_page(&mut self, lane: Lane, name: &str, sofar: &mut Sofar) -> (StepId, StepId) {
        let hole = Template(vec![crate::model::Part::Hole(name.to_owned())]);
        let window = self.window(DEFAULT_WINDOW);
        let (visit, look) = look_at_job(&mut self.steps, lane, hole, window);
        let act = Act::Press(self.service.sentences.job_waits.clone());
        let cancel = self.add(lane, StepKind::Act { act, watch: Vec::new() });
        sofar.asides.extend([visit, look, cancel]);
        sofar.cancel = Some(cancel);
        (visit, look)
    }

    fn second_try(&mut self, lane: Lane, of: StepId, acts: &[Act], sofar: &mut Sofar) {
        let ids: Vec<StepId> = acts
            .iter()
            .map(|act| {
                let act = self.words.act(act);
                self.add(lane, StepKind::Act { act, watch: Vec::new() })
            })
            .collect();
        sofar.asides.extend(&ids);
        if let StepKind::Expect { second_try, .. } = &mut self.steps[of.index()].kind {
            *second_try = ids;
        }
    }

    /// Tells each action which mailbox to look at before it.
    fn watch_messages(&mut self, steps: &[StepId]) {
        let messages: Vec<(StepId, StepId)> = steps
            .iter()
            .filter_map(|step| match &self.steps[step.index()].kind {
                StepKind::Expect { expect, trigger, .. } if expect.is_message() => Some((*trigger, *step)),
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

    fn window(&mut self, name: &str) -> Window {
        self.service.window(name, &self.target.windows).unwrap_or_else(|| {
            self.problems.push(format!("service.yaml has no window `{name}`: add it under `windows`."));
            Window::plain(0, 0, 0, 0)
        })
    }
}
