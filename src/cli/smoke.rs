//! `smoke`, and how every run is told at its end.

use std::path::Path;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::actions::{self, Actions};
use super::options::{FailOn, Smoke, Talk};
use super::out::{complain, refuse, say};
use super::plan;
use super::screen::{Screen, style};
use super::status::CommitStatus;
use crate::config::Files;
use crate::engine::Stopped;
use crate::exit::Exit;
use crate::model::{Because, Occasion, Verdict};
use crate::render::public::Public;
use crate::render::text;
use crate::render::timings::timings;
use crate::run::{self, Company, Finished, Going, NotStarted, Wanted, prepare};

pub(super) async fn smoke(options: Smoke, root: &Path) -> Exit {
    let Some(environment) = options.environment else { return list(root) };
    let actions = Actions::here(options.talk);
    let talk = actions.as_ref().map_or(options.talk, |actions| actions.talk(options.talk));
    let wanted = Wanted { environment, scenarios: options.scenarios, profile: options.profile };
    if options.dry_run {
        return plan::show(&wanted, talk.public, root);
    }
    let going = Going {
        faults: options.faults,
        seed: options.seed,
        sandbox: options.sandbox,
        no_basic_auth: options.no_basic_auth,
        forget_failed_logins: options.forget_failed_logins,
        moved: false,
        wait_ms: options.wait,
        public: talk.public,
        detach: options.detach,
        occasion: Occasion { job: actions.as_ref().and_then(|_| Actions::job()), ..options.occasion.occasion() },
        settle_ms: options.occasion.settle_ms(),
    };
    let status = match &actions {
        Some(_) => {
            let name = crate::config::environment_name(&wanted.environment);
            CommitStatus::of(name, wanted.profile.as_deref(), !wanted.scenarios.is_empty(), &going.occasion)
                .map(Arc::new)
        }
        None => None,
    };
    // Heard from here on: a job that is cancelled has little time.
    let stop = stop();
    if let Some(status) = &status {
        status.begin(stop.clone()).await;
    }
    let settle_again_ms = options.occasion.settle_again_ms();
    let known = options.occasion.known.as_deref();
    let outcome = Box::pin(smoke_twice(
        (&wanted, known),
        going,
        settle_again_ms,
        root,
        (talk, actions.is_some(), status.as_ref(), stop),
    ))
    .await;
    last_word(status.as_deref(), &outcome, options.fail_on, talk.public).await;
    end(outcome, options.fail_on, talk, (actions.as_ref(), root))
}

/// The last word at the run's commit: how it has ended, or that nothing was run.
pub(super) async fn last_word(
    status: Option<&CommitStatus>,
    outcome: &Result<Finished, NotStarted>,
    fail_on: Option<FailOn>,
    is_public: bool,
) {
    let Some(status) = status else { return };
    match outcome {
        Ok(finished) => {
            let exit = exit_of(finished, fail_on);
            let (history, strict) = (&finished.history, fail_on == Some(FailOn::Degraded));
            let public = Public::of_run(history, is_public);
            status.ended(history, actions::outcome(history, exit), strict, &public).await;
        }
        Err(not_started) => status.not_run(not_started.exit).await,
    }
}

/// Makes the run, and once more where a deploy has crossed it.
async fn smoke_twice(
    (wanted, known): (&Wanted, Option<&str>),
    going: Going,
    settle_again_ms: u64,
    root: &Path,
    (talk, in_actions, status, stop): (Talk, bool, Option<&Arc<CommitStatus>>, watch::Receiver<Option<String>>),
) -> Result<Finished, NotStarted> {
    let mut prepared = prepare(root, wanted)?;
    if let Some(at) = known {
        match run::known(at).await {
            Ok(issues) => prepared.environment.known.extend(issues),
            Err(why) => complain(&format!("The known issues at {at} cannot be read: {why}. None of them counts.")),
        }
    }
    if in_actions
        && Actions::is_tried_again()
        && let Some(recorded) = Box::pin(run::left_by_job(&prepared, &going)).await?
    {
        complain(&format!("The first attempt of this job has left run {}: it is gone on with.", recorded.history.run));
        let company = company(talk, in_actions, status.cloned(), stop.clone());
        match Box::pin(run::go_on(recorded, &prepared, &going, company)).await {
            // It was another one's, or its files have changed since: a new one is made.
            Err(not_started) if not_started.exit == Exit::WrongInput => refuse(&not_started),
            outcome => return outcome,
        };
    }
    let outcome =
        Box::pin(run::smoke(&prepared, &going, company(talk, in_actions, status.cloned(), stop.clone()))).await;
    if stop.borrow().is_some() {
        return outcome;
    }
    match again(&outcome, going, settle_again_ms) {
        Some(going) => {
            if let Some(status) = status {
                status.begin_again().await;
            }
            Box::pin(run::smoke(&prepared, &going, company(talk, in_actions, status.cloned(), stop.clone()))).await
        }
        None => outcome,
    }
}

/// What a deploy has crossed is no answer: how it is made once more, when that is over.
fn again(outcome: &Result<Finished, NotStarted>, going: Going, settle_ms: u64) -> Option<Going> {
    let finished = outcome.as_ref().ok().filter(|finished| finished.stopped.is_none())?;
    // A person at a terminal is told, and decides.
    let alone = matches!(going.occasion.because, Because::Deploy | Because::Restage | Because::Schedule);
    if !alone || going.detach || !finished.history.only_crossed() {
        return None;
    }
    let run = finished.history.run.clone();
    complain(&format!("A deploy has crossed run {run}, which could not be judged: it is made once more."));
    let occasion = Occasion { again_for: Some(run), ..going.occasion };
    Some(Going { occasion, settle_ms, ..going })
}

/// Why nothing was run, for whoever asked.
pub(super) fn refused(not_started: &NotStarted, actions: Option<&Actions>, root: &Path) -> Exit {
    if let Some(actions) = actions {
        actions.refused(not_started, root);
    }
    refuse(not_started)
}

pub(super) fn company(
    talk: Talk,
    in_actions: bool,
    status: Option<Arc<CommitStatus>>,
    stop: watch::Receiver<Option<String>>,
) -> Company {
    let mut screen = Screen::new(talk);
    let is_public = talk.public;
    Company {
        stop,
        mask: if in_actions { Actions::begin } else { |_| {} },
        tell: complain,
        observer: Box::new(move |history, event| {
            screen.show(history, event);
            if let Some(status) = &status {
                status.observe(history, is_public);
            }
        }),
    }
}

/// Says how a run has ended.
pub(super) fn end(
    outcome: Result<Finished, NotStarted>,
    fail_on: Option<FailOn>,
    talk: Talk,
    (actions, root): (Option<&Actions>, &Path),
) -> Exit {
    if actions.is_some() {
        Actions::open();
    }
    let finished = match outcome {
        Ok(finished) => finished,
        Err(not_started) => return refused(&not_started, actions, root),
    };
    let Some(actions) = actions else { return said(&finished, fail_on, talk, None) };
    let page = actions.page(&finished.history);
    let exit = said(&finished, fail_on, talk, Some(page.as_str()).filter(|_| actions.is_brief()));
    actions.tell(&finished, exit, &page);
    exit
}

/// Says it on this terminal, and which exit code says the same.
fn said(finished: &Finished, fail_on: Option<FailOn>, talk: Talk, brief: Option<&str>) -> Exit {
    if !talk.quiet {
        say("");
    }
    let public = Public::of_run(&finished.history, talk.public);
    if let Some(brief) = brief {
        say(brief.trim_end());
    } else {
        let text = if talk.verbose { text::all } else { text::text };
        let text = text(&finished.history, &finished.folder.display().to_string());
        say(style().report(&public.shown(text)).trim_end());
    }
    if talk.timings {
        say(&format!("\n{}", style().report(&public.shown(timings(&finished.history))).trim_end()));
    }
    if let Some(why) = &finished.unstored {
        complain(&format!(
            "The shared store has not all of this run yet: {why}. The next run from this folder writes the rest."
        ));
    }
    if let Some(why) = &finished.untold {
        complain(&format!("Not everybody was told of this run: {why}."));
    }
    if let Some(Stopped::CannotWrite(error)) = &finished.stopped {
        complain(&format!(
            "{} cannot be written: {error}. What was not written has not happened: make room and resume.",
            finished.folder.display()
        ));
    }
    if let Some(error) = &finished.unreported {
        let (folder, run) = (finished.folder.display(), &finished.history.run);
        complain(&format!(
            "The reports cannot be written under {folder}: {error}. Make them again: notify-smoke report {run}"
        ));
    }
    if finished.stopped.is_none() && crate::diagnose::verdict(&finished.history) == Verdict::Degraded {
        complain("warning: degraded. It works, but not as it should; see above.");
    }
    exit_of(finished, fail_on)
}

/// The exit code of a run that has stopped, at its end or before.
fn exit_of(finished: &Finished, fail_on: Option<FailOn>) -> Exit {
    match &finished.stopped {
        Some(Stopped::Interrupted(_)) => Exit::Interrupted,
        Some(Stopped::Detached(_)) => Exit::of_waiting(&finished.history),
        Some(Stopped::CannotWrite(_)) => Exit::NotJudged,
        None => Exit::of(&finished.history, fail_on == Some(FailOn::Degraded)),
    }
}

/// Tells when somebody wants the program to stop. The handlers live as long as the program.
/// Told when somebody asks the program to stop, and by which signal.
pub(super) fn stop() -> watch::Receiver<Option<String>> {
    let (tell, told) = watch::channel(None);
    for (kind, name) in
        [(SignalKind::interrupt(), "SIGINT"), (SignalKind::terminate(), "SIGTERM"), (SignalKind::hangup(), "SIGHUP")]
    {
        let tell = tell.clone();
        if let Ok(mut signals) = signal(kind) {
            tokio::spawn(async move {
                while signals.recv().await.is_some() {
                    tell.send_replace(Some(name.to_owned()));
                }
            });
        }
    }
    told
}

/// What there is to test, for somebody who gave no environment.
fn list(root: &Path) -> Exit {
    let files = Files::new(root);
    let loaded = files.load();
    if !loaded.problems.is_empty() {
        loaded.problems.iter().for_each(|problem| complain(&problem.to_string()));
        return Exit::WrongInput;
    }
    say("Environments:");
    for (name, environment) in &loaded.environments {
        say(&format!("  {name:<12} {}", environment.service));
        let Some(service) = loaded.services.get(&environment.service) else { continue };
        let passed = run::last_passed(&files.runs(), name, &service.profiles);
        for (profile, at) in &passed {
            say(&format!("    {profile:<10} last passed {}", at.strftime("%F %H:%M UTC")));
        }
        let never: Vec<&str> =
            service.profiles.keys().filter(|name| !passed.contains_key(*name)).map(String::as_str).collect();
        if !never.is_empty() {
            say(&format!("    not passed here: {}", never.join(", ")));
        }
    }
    for (service, found) in &loaded.services {
        say(&format!("\nProfiles of {service}:"));
        for (profile, scenarios) in &found.profiles {
            say(&format!("  {profile:<12} {}", scenarios.join(", ")));
        }
    }
    say("\nTest one with: notify-smoke smoke ENVIRONMENT");
    Exit::Passed
}
