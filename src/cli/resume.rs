//! `resume`: goes on with a run that another process left, or with all that are due.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::actions::Actions;
use super::options::Resume;
use super::out::{complain, refuse, say};
use super::smoke::{company, end, last_word, stop};
use super::status::CommitStatus;
use crate::config::Files;
use crate::exit::Exit;
use crate::run::{self, Due, Going, NotStarted, Prepared, Recorded, Wanted, prepare};

/// A run that is due is waited for at the most so long: the longest wait for a slot, and some more.
const WAIT_LONGEST: Duration = Duration::from_hours(3);
/// What waits looks for others' runs so often.
const LOOK: Duration = Duration::from_mins(1);

pub(super) async fn resume(options: Resume, root: &Path) -> Exit {
    if options.due {
        return Box::pin(all_due(options, root)).await;
    }
    let Some(run) = &options.run else {
        complain("Say which run: its id or folder, or --due for all that are due.");
        return Exit::WrongInput;
    };
    match Recorded::find(&Files::new(root).runs(), run) {
        Ok(recorded) => one(recorded, &options, root).await,
        Err(not_started) => refuse(&not_started),
    }
}

async fn one(recorded: Recorded, options: &Resume, root: &Path) -> Exit {
    let history = &recorded.history;
    let scenarios = history.plan.judged().map(|scenario| scenario.id.clone()).collect();
    let wanted = Wanted { environment: history.plan.environment.clone(), scenarios, profile: None };
    let prepared = match prepare(root, &wanted).and_then(|prepared| with_sandbox(prepared, options)) {
        Ok(prepared) => prepared,
        Err(not_started) => return refuse(&not_started),
    };
    let actions = Actions::here(options.talk);
    let talk = actions.as_ref().map_or(options.talk, |actions| actions.talk(options.talk));
    let going = Going { public: talk.public, ..going(options) };
    let profiles = &prepared.service.profiles;
    let status = actions.as_ref().and_then(|_| CommitStatus::of_run(&recorded.history, profiles)).map(Arc::new);
    let stop = stop();
    if let Some(status) = &status {
        status.begin(stop.clone()).await;
    }
    let company = company(talk, actions.is_some(), status.clone(), stop);
    let outcome = Box::pin(run::go_on(recorded, &prepared, &going, company)).await;
    last_word(status.as_deref(), &outcome, options.fail_on, talk.public).await;
    end(outcome, options.fail_on, talk, (actions.as_ref(), root))
}

fn going(options: &Resume) -> Going {
    Going {
        sandbox: options.sandbox.clone(),
        public: options.talk.public,
        moved: options.moved,
        forget_failed_logins: options.forget_failed_logins,
        ..Going::default()
    }
}

fn with_sandbox(prepared: Prepared, options: &Resume) -> Result<Prepared, NotStarted> {
    if prepared.environment.sandbox.is_some() && options.sandbox.is_none() {
        let said = "The sandbox of that run is gone or its address is not known: give --sandbox URL, the control_url of its ready line.";
        return Err(NotStarted::new(Exit::WrongInput, said));
    }
    Ok(prepared)
}

/// Goes on with everything that is due in one environment or in all that have one.
async fn all_due(options: Resume, root: &Path) -> Exit {
    let files = Files::new(root);
    let names: Vec<String> = match &options.run {
        Some(name) => vec![name.clone()],
        // A sandbox lives no longer than its run, unless somebody says where it is.
        None => {
            let environments = files.load().environments;
            let lasting =
                environments.into_iter().filter(|(_, one)| one.sandbox.is_none() || options.sandbox.is_some());
            lasting.map(|(name, _)| name).collect()
        }
    };
    let mut worst = Exit::Passed;
    for name in names {
        worst = worse(worst, Box::pin(of_environment(&name, &options, root)).await);
    }
    worst
}

async fn of_environment(name: &str, options: &Resume, root: &Path) -> Exit {
    let wanted = Wanted { environment: name.to_owned(), scenarios: Vec::new(), profile: None };
    let prepared = match prepare(root, &wanted).and_then(|prepared| with_sandbox(prepared, options)) {
        Ok(prepared) => prepared,
        Err(not_started) => return refuse(&not_started),
    };
    let (begun, mut stop) = (tokio::time::Instant::now(), stop());
    let mut worst = Exit::Passed;
    loop {
        let Due { ready, at_work, later, away } = match run::due(&prepared, &going(options)).await {
            Ok(due) => due,
            Err(not_started) => return refuse(&not_started),
        };
        if let Some(why) = away {
            complain(&format!("Runs of other machines cannot be seen: {why}."));
        }
        if ready.is_empty() && later.is_empty() && at_work.is_empty() {
            say(&format!("{name}: nothing is due"));
        }
        for run in &at_work {
            say(&format!("{name}: run {run} goes on already"));
            worst = worse(worst, Exit::Waiting);
        }
        for folder in ready {
            worst = worse(
                worst,
                match Recorded::read(&folder) {
                    Ok(recorded) => one(recorded, options, root).await,
                    Err(not_started) => refuse(&not_started),
                },
            );
            // Whoever stops one of them wants no other.
            if worst == Exit::Interrupted {
                return worst;
            }
        }
        let Some((run, due)) = later.iter().min_by_key(|(_, due)| *due) else { return worst };
        if !options.wait_until_due || begun.elapsed() > WAIT_LONGEST {
            say(&format!("{name}: run {run} is due at {}", due.strftime("%F %H:%M:%S UTC")));
            return worse(worst, Exit::Waiting);
        }
        let left = Duration::try_from(due.duration_since(Timestamp::now())).unwrap_or_default();
        tokio::select! {
            () = tokio::time::sleep(left.min(LOOK) + Duration::from_millis(100)) => {}
            _ = stop.changed() => return Exit::Interrupted,
        }
    }
}

/// What a script must not miss comes first: a failure, then what could not be judged, then what was refused or is still due.
fn worse(one: Exit, other: Exit) -> Exit {
    let rank = |exit: Exit| match exit {
        Exit::Passed => 0,
        Exit::NothingSelected => 1,
        Exit::Waiting => 2,
        Exit::Refused => 3,
        Exit::WrongInput => 4,
        Exit::NotJudged => 5,
        Exit::Failed => 6,
        Exit::Interrupted => 7,
    };
    if rank(other) > rank(one) { other } else { one }
}
