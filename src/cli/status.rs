//! The commit status of a run in GitHub Actions, by the job's own token.

use super::out::complain;
use crate::announce::{Status, Statuses, Untold};
use crate::exit::Exit;
use crate::history::History;
use crate::model::Occasion;
use crate::model::outcome::{Outcome, State};
use crate::render::github;
use crate::render::public::Public;

/// The profile that has the name of the environment to itself.
const MAIN_PROFILE: &str = "runbook";

/// What is set while a run goes on and at its end; nothing where there is no commit, or no token.
pub(super) struct CommitStatus {
    statuses: Statuses,
    context: String,
    target_url: String,
}

impl CommitStatus {
    /// Of the commit that the run is to speak of, where this is GitHub Actions.
    pub(super) fn of(
        environment: &str,
        profile: Option<&str>,
        has_scenarios: bool,
        occasion: &Occasion,
    ) -> Option<Self> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let (commit, token) = occasion.commit.as_ref().zip(variable("GITHUB_TOKEN"))?;
        let repository = variable("GITHUB_REPOSITORY")?;
        let api = variable("GITHUB_API_URL").unwrap_or_else(|| "https://api.github.com".to_owned());
        // Scenarios that were chosen by hand are no profile, and stand for none.
        if has_scenarios {
            return None;
        }
        let context = match profile {
            None | Some(MAIN_PROFILE) => format!("smoke/{environment}"),
            Some(other) => format!("smoke/{environment}/{other}"),
        };
        let target_url = variable("GITHUB_SERVER_URL")
            .zip(variable("GITHUB_RUN_ID"))
            .map(|(server, id)| format!("{server}/{repository}/actions/runs/{id}"))
            .unwrap_or_default();
        match Statuses::at(&api, &repository, commit, &token) {
            Ok(statuses) => Some(Self { statuses, context, target_url }),
            Err(Untold(why)) => {
                complain(&format!("No commit status is set: {why}."));
                None
            }
        }
    }

    /// The run begins.
    pub(super) async fn pending(&self) {
        self.set(State::Pending, "the smoke test is running".to_owned()).await;
    }

    /// The run has come to its end.
    pub(super) async fn ended(&self, history: &History, outcome: Outcome, strict: bool, public: &Public) {
        let (state, description) = described(history, outcome, strict);
        self.set(state, public.shown(description)).await;
    }

    /// Nothing was run.
    pub(super) async fn not_run(&self, exit: Exit) {
        let why = match exit {
            Exit::Refused => "not run: a guard refused",
            Exit::WrongInput => "not run: files or options are wrong",
            Exit::Interrupted => "cut off before it began",
            Exit::Passed | Exit::Failed | Exit::NotJudged | Exit::NothingSelected | Exit::Waiting => {
                "could not judge: it could not begin"
            }
        };
        self.set(State::Error, why.to_owned()).await;
    }

    /// What cannot be told changes no verdict.
    async fn set(&self, state: State, description: String) {
        let (context, target_url) = (self.context.clone(), self.target_url.clone());
        if let Err(Untold(why)) = self.statuses.set(&Status { state, context, description, target_url }).await {
            complain(&format!("The commit status {} is not set: {why}.", self.context));
        }
    }
}

/// What is lost, doubled or wrong is no success, whatever else works; what is late is one. A success speaks of one commit: what was deployed has to have answered as it, before and after.
fn described(history: &History, outcome: Outcome, strict: bool) -> (State, String) {
    let line = github::line(history, outcome);
    let state = outcome.told(strict).status;
    if state != State::Success {
        return (state, line);
    }
    if outcome == Outcome::Degraded && !history.only_late() {
        return (State::Failure, line);
    }
    if history.occasion.expected.is_empty() {
        return (State::Error, format!("{line}, but which commit answered is not known: name what was deployed"));
    }
    if !history.builds_seen() {
        return (State::Error, format!("{line}, but another version came"));
    }
    let other = ["api", "admin"].into_iter().filter(|part| !history.occasion.expected.contains_key(*part));
    let health = history.after.as_ref().and_then(|probe| probe.health.as_ref());
    let others: Vec<String> = other
        .filter_map(|part| {
            let told = if part == "api" { &health?.api } else { &health?.admin };
            Some(format!(" with {part} {}", told.build()?.split(' ').next()?))
        })
        .collect();
    (state, format!("{line}{}", others.concat()))
}
