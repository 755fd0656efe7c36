//! `smoke`, and how every run is told at its end.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::options::{FailOn, Smoke, Talk};
use super::out::{complain, refuse, say};
use super::plan;
use super::screen::{Screen, style};
use crate::config::Files;
use crate::engine::Stopped;
use crate::exit::Exit;
use crate::model::{Because, Occasion, Verdict};
use crate::render::public::Public;
use crate::render::text;
use crate::render::timings::timings;
use crate::run::{self, Company, Finished, Going, NotStarted, Wanted, prepare};

pub(super) async fn smoke(options: Smoke) -> Exit {
    let Some(environment) = options.environment else { return list() };
    let wanted = Wanted { environment, scenarios: options.scenarios, profile: options.profile };
    if options.dry_run {
        return plan::show(&wanted, options.talk.public);
    }
    let going = Going {
        faults: options.faults,
        seed: options.seed,
        sandbox: options.sandbox,
        no_basic_auth: options.no_basic_auth,
        forget_failed_logins: options.forget_failed_logins,
        moved: false,
        wait_ms: options.wait,
        public: options.talk.public,
        detach: options.detach,
        occasion: options.occasion.occasion(),
        settle_ms: options.occasion.settle_ms(),
    };
    let prepared = match prepare(".".as_ref(), &wanted) {
        Ok(prepared) => prepared,
        Err(not_started) => return refuse(&not_started),
    };
    let outcome = Box::pin(run::smoke(&prepared, &going, company(options.talk))).await;
    let outcome = match again(&outcome, going, options.occasion.settle_again_ms()) {
        Some(going) => Box::pin(run::smoke(&prepared, &going, company(options.talk))).await,
        None => outcome,
    };
    end(outcome, options.fail_on, options.talk)
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

pub(super) fn company(talk: Talk) -> Company {
    let mut screen = Screen::new(talk);
    Company { stop: stop(), tell: complain, observer: Box::new(move |history, event| screen.show(history, event)) }
}

/// Says how a run has ended.
pub(super) fn end(outcome: Result<Finished, NotStarted>, fail_on: Option<FailOn>, talk: Talk) -> Exit {
    let finished = match outcome {
        Ok(finished) => finished,
        Err(not_started) => return refuse(&not_started),
    };
    if !talk.quiet {
        say("");
    }
    let text = if talk.verbose { text::all } else { text::text };
    let public = Public::of(&finished.history.plan, talk.public);
    let text = text(&finished.history, &finished.folder.display().to_string());
    say(style().report(&public.shown(text)).trim_end());
    if talk.timings {
        say(&format!("\n{}", style().report(&public.shown(timings(&finished.history))).trim_end()));
    }
    if let Some(why) = &finished.unstored {
        complain(&format!(
            "The shared store has not all of this run yet: {why}. The next run from this folder writes the rest."
        ));
    }
    match finished.stopped {
        Some(Stopped::Interrupted(_)) => return Exit::Interrupted,
        Some(Stopped::Detached(_)) => return Exit::of_waiting(&finished.history),
        Some(Stopped::CannotWrite(error)) => {
            complain(&format!(
                "{} cannot be written: {error}. What was not written has not happened: make room and resume.",
                finished.folder.display()
            ));
            return Exit::NotJudged;
        }
        None => {}
    }
    if let Some(error) = finished.unreported {
        let (folder, run) = (finished.folder.display(), &finished.history.run);
        complain(&format!(
            "The reports cannot be written under {folder}: {error}. Make them again: notify-smoke report {run}"
        ));
    }
    if crate::diagnose::verdict(&finished.history) == Verdict::Degraded {
        complain("warning: degraded. It works, but not as it should; see above.");
    }
    Exit::of(&finished.history, fail_on == Some(FailOn::Degraded))
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
fn list() -> Exit {
    let files = Files::new(".".as_ref());
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
