//! The commit status of a run in GitHub Actions, by the job's own token.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::actions::variable;
use super::out::complain;
use crate::announce::{Status, Statuses, Untold, job_page};
use crate::exit::Exit;
use crate::history::History;
use crate::model::occasion::is_commit;
use crate::model::outcome::{Outcome, State};
use crate::model::{Health, Occasion};
use crate::render::github;
use crate::render::public::Public;

/// The profile that has the name of the environment to itself.
const MAIN_PROFILE: &str = "runbook";

/// What a commit is told whose job was stopped.
const CUT_OFF: &str = "cut off: the job was stopped";
/// A job that is cancelled has no more time for it.
const CUT_OFF_LONGEST: Duration = Duration::from_secs(3);
/// A run does not wait longer to say that it begins.
const PENDING_LONGEST: Duration = Duration::from_secs(5);
/// What was told early has had its time.
const EARLY_LONGEST: Duration = Duration::from_secs(3);

/// What is set while a run goes on and at its end; nothing where there is no commit, or no token.
pub(super) struct CommitStatus {
    statuses: Arc<Statuses>,
    context: String,
    target_url: String,
    /// A failure that is told while the rest of the run goes on.
    early: Mutex<Option<JoinHandle<()>>>,
    /// Whether a failure was told early: whoever stops the job then makes no less of it.
    has_failed: Arc<AtomicBool>,
    /// Whether the run is at its end: its verdict stands, whoever stops the job then.
    is_over: Arc<AtomicBool>,
    /// What is told when somebody stops the job.
    cut_off: Mutex<Option<JoinHandle<()>>>,
}

impl CommitStatus {
    /// Of the commit that the run is to speak of, where this is GitHub Actions.
    pub(super) fn of(
        environment: &str,
        profile: Option<&str>,
        has_scenarios: bool,
        occasion: &Occasion,
    ) -> Option<Self> {
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
        let target_url = job_page().unwrap_or_default();
        match Statuses::at(&api, &repository, commit, &token) {
            Ok(statuses) => Some(Self {
                statuses: Arc::new(statuses),
                context,
                target_url,
                early: Mutex::new(None),
                has_failed: Arc::default(),
                is_over: Arc::default(),
                cut_off: Mutex::new(None),
            }),
            Err(Untold(why)) => {
                complain(&format!("No commit status is set: {why}."));
                None
            }
        }
    }

    /// Of the commit that a run was made for which is gone on with now: in the repository whose job has begun it, since no other one
    /// knows that commit.
    pub(super) fn of_run(history: &History, profiles: &BTreeMap<String, Vec<String>>) -> Option<Self> {
        let repository = variable("GITHUB_REPOSITORY")?;
        history.occasion.job.as_ref().filter(|job| job.split(' ').next() == Some(&repository))?;
        let made: BTreeSet<&String> = history.plan.judged().map(|scenario| &scenario.id).collect();
        let (profile, _) = profiles.iter().find(|(_, ids)| ids.iter().collect::<BTreeSet<_>>() == made)?;
        Self::of(&history.plan.environment, Some(profile), false, &history.occasion)
    }

    /// The run begins, and from now on somebody may stop its job.
    pub(super) async fn begin(&self, stop: watch::Receiver<Option<String>>) {
        self.watch(stop);
        self.pending().await;
    }

    /// Nobody waits long for GitHub before a run.
    async fn pending(&self) {
        let set = self.set(State::Pending, "the smoke test is running".to_owned());
        let _ = tokio::time::timeout(PENDING_LONGEST, set).await;
    }

    /// The run is made once more: what was told of the first one is over.
    pub(super) async fn begin_again(&self) {
        self.hush().await;
        self.has_failed.store(false, Ordering::Relaxed);
        self.is_over.store(false, Ordering::Relaxed);
        self.pending().await;
    }

    /// As soon as somebody stops the job, beside the end of the run: a runner kills what is not gone after ten seconds.
    fn watch(&self, mut stop: watch::Receiver<Option<String>>) {
        let statuses = self.statuses.clone();
        let status = self.status(State::Error, CUT_OFF.to_owned());
        let (has_failed, is_over) = (self.has_failed.clone(), self.is_over.clone());
        let watching = tokio::spawn(async move {
            if stop.changed().await.is_ok() {
                if has_failed.load(Ordering::Relaxed) || is_over.load(Ordering::Relaxed) {
                    return;
                }
                // Nobody is left to be told why not.
                let _ = tokio::time::timeout(CUT_OFF_LONGEST, statuses.set(&status)).await;
            } else {
                std::future::pending::<()>().await;
            }
        });
        *self.cut_off.lock().unwrap_or_else(PoisonError::into_inner) = Some(watching);
    }

    /// Nothing is told early any more, so that the last word is the next one.
    async fn hush(&self) {
        over(&self.early, EARLY_LONGEST).await;
    }

    /// After each event: a failure that is final is told at once.
    pub(super) fn observe(&self, history: &History, is_public: bool) {
        self.is_over.store(history.ended, Ordering::Relaxed);
        if self.has_failed.load(Ordering::Relaxed) || !history.has_failed_already() {
            return;
        }
        self.has_failed.store(true, Ordering::Relaxed);
        let statuses = self.statuses.clone();
        let public = Public::of_run(history, is_public);
        let status = self.status(State::Failure, public.shown(github::line(history, Outcome::Failed)));
        // What cannot be told now is told at the end.
        let telling = tokio::spawn(async move { drop(statuses.set(&status).await) });
        *self.early.lock().unwrap_or_else(PoisonError::into_inner) = Some(telling);
    }

    /// Somebody has stopped the job: what was told of that is told once more, since something else may have come after it.
    async fn ended_by_stop(&self) {
        over(&self.cut_off, CUT_OFF_LONGEST).await;
        let (state, why) = if self.has_failed.load(Ordering::Relaxed) {
            (State::Failure, "failed, and the job was stopped before the rest was known")
        } else {
            (State::Error, CUT_OFF)
        };
        let _ = tokio::time::timeout(CUT_OFF_LONGEST, self.set(state, why.to_owned())).await;
    }

    /// The run has come to its end.
    pub(super) async fn ended(&self, history: &History, outcome: Outcome, strict: bool, public: &Public) {
        self.hush().await;
        if outcome == Outcome::CutOff {
            return self.ended_by_stop().await;
        }
        // It may be on its way: the last word is this one.
        over(&self.cut_off, Duration::ZERO).await;
        let (state, description) = described(history, outcome, strict);
        self.set(state, public.shown(description)).await;
    }

    /// Nothing was run.
    pub(super) async fn not_run(&self, exit: Exit) {
        if exit == Exit::Interrupted {
            return self.ended_by_stop().await;
        }
        let why = match exit {
            Exit::Refused => "not run: a guard refused",
            Exit::WrongInput => "not run: files or options are wrong",
            Exit::Interrupted
            | Exit::Passed
            | Exit::Failed
            | Exit::NotJudged
            | Exit::NothingSelected
            | Exit::Waiting => "could not judge: it could not begin",
        };
        self.set(State::Error, why.to_owned()).await;
    }

    fn status(&self, state: State, description: String) -> Status {
        Status { state, description, context: self.context.clone(), target_url: self.target_url.clone() }
    }

    /// What cannot be told changes no verdict.
    async fn set(&self, state: State, description: String) {
        if let Err(Untold(why)) = self.statuses.set(&self.status(state, description)).await {
            complain(&format!("The commit status {} is not set: {why}.", self.context));
        }
    }
}

/// Ends what is being told: by itself within this time, or then. Nothing of it comes afterwards.
async fn over(telling: &Mutex<Option<JoinHandle<()>>>, longest: Duration) {
    let telling = telling.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(mut telling) = telling
        && tokio::time::timeout(longest, &mut telling).await.is_err()
    {
        telling.abort();
        let _ = telling.await;
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
    // Of this commit, and of no other one.
    let of_commit = |commit: &String| history.occasion.expected.values().any(|expected| is_commit(expected, commit));
    if !history.occasion.commit.as_ref().is_some_and(of_commit) {
        return (State::Error, format!("{line}, but it was made for another commit"));
    }
    if !history.builds_seen() {
        return (State::Error, format!("{line}, but another version came"));
    }
    let health = history.after.as_ref().and_then(|probe| probe.health.as_ref());
    let others = health.into_iter().flat_map(Health::parts);
    let others = others.filter(|(part, _)| !history.occasion.expected.contains_key(*part));
    let others: Vec<String> =
        others.filter_map(|(part, told)| Some(format!(" with {part} {}", told.build()?.split(' ').next()?))).collect();
    (state, format!("{line}{}", others.concat()))
}
