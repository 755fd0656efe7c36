//! From options to a plan, before anything is touched.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::NotStarted;
use crate::config::pins::not_pinned;
use crate::config::{
    Files, Loaded, Resolved, ResolvedBucket, Unresolved, environment_name, placeholders, resolve, resolve_store,
};
use crate::exit::Exit;
use crate::model::environment::Program;
use crate::model::scenario::Control;
use crate::model::{Act, Environment, Expect, Expectation, Plan, Runbook, Scenario, Service, Step};
use crate::yaml::{Problem, did_you_mean, quoted};

/// What the user asked for.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    pub environment: String,
    /// Empty: those of the profile.
    pub scenarios: Vec<String>,
    pub profile: Option<String>,
}

/// Everything that the files say of one run.
pub struct Prepared {
    pub files: Files,
    pub environment: Environment,
    pub service: Service,
    pub runbook: Runbook,
    /// The numbers that other environments' texts come from, as far as their files say them.
    pub other_senders: BTreeMap<String, String>,
    pub scenarios: Vec<Scenario>,
}

/// The profile of a run that names neither profile nor scenarios.
const DEFAULT_PROFILE: &str = "runbook";

/// Reads the files and selects.
///
/// # Errors
/// [`NotStarted`] with every problem.
pub fn prepare(root: &Path, wanted: &Wanted) -> Result<Prepared, NotStarted> {
    let files = Files::new(root);
    let (environment, mut loaded) = environment(&files, &wanted.environment)?;
    let service = take(&mut loaded, &environment.service)?;
    let scenarios = select(wanted, &service.0, &service.2)?;
    let other_senders = other_senders(&loaded);
    let prepared = Prepared { files, environment, service: service.0, runbook: service.1, scenarios, other_senders };
    prepared.has_what_is_used()?;
    Ok(prepared)
}

/// One environment, and what else the files say.
pub(super) fn environment(files: &Files, name: &str) -> Result<(Environment, Loaded), NotStarted> {
    let mut loaded = files.load();
    if !loaded.problems.is_empty() {
        let said = loaded.problems.iter().map(ToString::to_string).collect();
        return Err(NotStarted { exit: Exit::WrongInput, said });
    }
    let name = environment_name(name);
    match loaded.environments.remove(name) {
        Some(environment) => Ok((environment, loaded)),
        None => {
            let known: Vec<&str> = loaded.environments.keys().map(String::as_str).collect();
            let near = did_you_mean(name, &known);
            let said = format!("There is no environment `{name}`: environments/ has {}.{near}", quoted(&known));
            Err(NotStarted::new(Exit::WrongInput, said))
        }
    }
}

/// A text from one of these is another environment's.
fn other_senders(loaded: &Loaded) -> BTreeMap<String, String> {
    let of = |(name, environment): (&String, &Environment)| {
        let sender = environment.sms_sender.as_ref().filter(|sender| sender.holes().next().is_none())?;
        Some((name.clone(), sender.to_string()))
    };
    loaded.environments.iter().filter_map(of).collect()
}

fn take(loaded: &mut Loaded, id: &str) -> Result<(Service, Runbook, Vec<Scenario>), NotStarted> {
    let found = loaded.services.remove(id).zip(loaded.runbooks.remove(id)).zip(loaded.scenarios.remove(id));
    let ((service, runbook), scenarios) = found
        .ok_or_else(|| NotStarted::new(Exit::WrongInput, format!("There is no service `{id}` under scenarios/.")))?;
    Ok((service, runbook, scenarios))
}

fn select(wanted: &Wanted, service: &Service, all: &[Scenario]) -> Result<Vec<Scenario>, NotStarted> {
    let names = if wanted.scenarios.is_empty() {
        let profile = wanted.profile.as_deref().unwrap_or(DEFAULT_PROFILE);
        service.profiles.get(profile).cloned().ok_or_else(|| {
            let known: Vec<&str> = service.profiles.keys().map(String::as_str).collect();
            let near = did_you_mean(profile, &known);
            NotStarted::new(
                Exit::WrongInput,
                format!("There is no profile `{profile}`: service.yaml has {}.{near}", quoted(&known)),
            )
        })?
    } else {
        wanted.scenarios.clone()
    };
    // Controls are run when something asks for them, not by name.
    let by_name = all.iter().filter(|scenario| scenario.control.is_none());
    let known: Vec<String> = by_name.map(|scenario| scenario.id.clone()).collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(&name.as_str())) {
        let said =
            format!("There is no scenario `{unknown}`: there are {}.{}", quoted(&known), did_you_mean(unknown, &known));
        return Err(NotStarted::new(Exit::WrongInput, said));
    }
    // In the order that was asked for, each behind what it comes after.
    let mut selected: Vec<Scenario> = Vec::new();
    for name in &names {
        add_with_what_it_needs(name, all, &mut selected, all.len());
    }
    let schedules = |scenario: &Scenario| scenario.steps.iter().any(|step| matches!(step, Step::Act(Act::Schedule)));
    if selected.iter().any(schedules) {
        let controls = all.iter().filter(|scenario| matches!(scenario.control, Some(Control::MissedSchedule)));
        selected.extend(controls.cloned());
    }
    if selected.is_empty() {
        return Err(NotStarted::new(
            Exit::NothingSelected,
            "Nothing is selected: the profile names no scenario. A run without a look proves nothing.",
        ));
    }
    Ok(selected)
}

/// Bounded by the number of scenarios: files may name each other in a circle.
fn add_with_what_it_needs(name: &str, all: &[Scenario], selected: &mut Vec<Scenario>, left: usize) {
    let Some(scenario) = all.iter().find(|scenario| scenario.id == name) else { return };
    if left == 0 || selected.iter().any(|known| known.id == name) {
        return;
    }
    if let Some(before) = &scenario.after {
        add_with_what_it_needs(before, all, selected, left - 1);
    }
    selected.push(scenario.clone());
}

impl Prepared {
    /// References that lead nowhere, each where it stands in the environment's file.
    pub fn unresolved(&self, problems: &[Unresolved]) -> NotStarted {
        unresolved(&self.files, &self.environment, problems)
    }

    /// Whether the environment has what the scenarios use.
    fn has_what_is_used(&self) -> Result<(), NotStarted> {
        let steps = || self.scenarios.iter().flat_map(|scenario| &scenario.steps);
        let fills_password = |step: &Step| match step {
            Step::Act(Act::Fill(fields)) => {
                fields.iter().any(|(_, value)| value.holes().any(|hole| hole == "user.password"))
            }
            Step::Act(_) | Step::Expect(_) => false,
        };
        let expects_text = |step: &Step| matches!(step, Step::Expect(Expect { what: Expectation::Text(_), .. }));
        let environment = &self.environment;
        let lacks_template = |step: &Step| match step {
            Step::Act(Act::Attach(list)) => !environment.templates.contains_key(&list.template),
            Step::Act(_) | Step::Expect(_) => false,
        };
        let missing = if environment.user_password.is_none() && steps().any(fills_password) {
            Some((
                "a scenario uses {{ user.password }}, and this environment has none",
                "Add `password:` under `user`.",
            ))
        } else if steps().any(expects_text)
            && (environment.number.is_none() || environment.user_mobile.is_none() || environment.sms_sender.is_none())
        {
            Some((
                "a scenario expects a text, and this environment has no number",
                "Add `number`, `sms-sender` and `user: mobile`.",
            ))
        } else if steps().any(lacks_template) {
            Some((
                "a scenario sends a list, and this environment does not have its template",
                "Add it under `templates`, as it stands in the service.",
            ))
        } else {
            None
        };
        let Some((what, mend)) = missing else { return Ok(()) };
        let problem = self.files.environment_problem(&environment.name, "user:", what.to_owned(), mend);
        Err(NotStarted::new(Exit::WrongInput, problem.to_string()))
    }

    /// What is wrong with an environment whose host and senders nothing but variables say.
    pub fn unpinned(&self) -> Option<Problem> {
        let (what, mend) = not_pinned(&self.environment)?;
        Some(self.files.environment_problem(&self.environment.name, "base-url:", what, &mend))
    }

    /// A run needs an environment that is pinned.
    ///
    /// # Errors
    /// [`NotStarted`] where it is not.
    pub(super) fn must_be_pinned(&self) -> Result<(), NotStarted> {
        match self.unpinned() {
            Some(problem) => Err(NotStarted::new(Exit::WrongInput, problem.to_string())),
            None => Ok(()),
        }
    }

    /// A mailbox or number that got nothing for longer may be deaf.
    pub fn alive_within(&self) -> Duration {
        Duration::from_millis(self.service.alive_within_ms)
    }

    /// The plan for a resolved environment.
    ///
    /// # Errors
    /// What does not fit together.
    pub fn plan(&self, resolved: &Resolved) -> Result<Plan, NotStarted> {
        let plan = crate::plan::plan(&self.service, &self.runbook, &self.scenarios, &resolved.target);
        let mut plan = plan.map_err(|said| NotStarted { exit: Exit::WrongInput, said })?;
        plan.other_senders = self.other_senders.clone();
        Ok(plan)
    }
}

/// The plan of a run that is not going to be made: nothing secret is read, no sandbox is started.
///
/// # Errors
/// What does not fit together.
pub fn show_plan(prepared: &Prepared) -> Result<Plan, NotStarted> {
    prepared.plan(&public(&prepared.files, &prepared.environment)?)
}

/// What is public of an environment: host, addresses, templates.
pub(super) fn public(files: &Files, environment: &Environment) -> Result<Resolved, NotStarted> {
    let values = placeholders(environment);
    // Secrets are no part of a plan, so that it can be shown where none are set.
    let mut public = environment.clone();
    public.basic_auth = None;
    public.user_password = None;
    public.number = None;
    public.store = None;
    public.announce = crate::model::environment::Announce::default();
    public.mailbox = crate::model::MailboxSettings::Exec(Program::default());
    let resolved = resolve(&public, Some(&values), &|name| std::env::var(name).ok());
    resolved.map_err(|problems| unresolved(files, environment, &problems))
}

/// Where the runs of an environment meet, and nothing else of it: whoever deploys knows no password of the smoke user.
pub(super) fn store_of(files: &Files, environment: &Environment) -> Result<Option<ResolvedBucket>, NotStarted> {
    resolve_store(environment, &|name| std::env::var(name).ok())
        .map_err(|problems| unresolved(files, environment, &problems))
}

fn unresolved(files: &Files, environment: &Environment, problems: &[Unresolved]) -> NotStarted {
    let said = |problem: &Unresolved| {
        files.environment_problem(&environment.name, &problem.word, problem.what.clone(), &problem.mend).to_string()
    };
    NotStarted { exit: Exit::WrongInput, said: problems.iter().map(said).collect() }
}
