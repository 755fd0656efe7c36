//! Two repositories of one service: API and admin are deployed by workflows of their own, with one user and one number.

use std::time::Duration;

use super::runner::{Job, Runner};
use super::{Answer, Api};
use crate::faults::machine;
use crate::store::Moto;
use crate::support::{Sandbox, wait_until};

const API: &str = "GSA/notifications-api";
const ADMIN: &str = "GSA/notifications-admin";

/// A job of a repository that deploys what its name says.
fn job(runner: &Runner, because: &str) -> Job {
    let files = runner.desk.path().display().to_string();
    let part = runner.repository.rsplit('-').next().expect("a part");
    let inputs =
        [("environment", "local"), ("profile", "quick"), ("because", because), ("deployed", part), ("files", &files)];
    runner.run(&inputs, |_| {})
}

/// The first runs of both in the same second: nothing is known of either, and one waits for the other.
fn first_runs_at_once(times: usize) {
    for time in 0..times {
        let (moto, sandbox) = (Moto::start(), Sandbox::start(&[]));
        let [api, admin] =
            [API, ADMIN].map(|repository| Runner::of(repository, "private", machine(&moto.url), &sandbox));
        let jobs = std::thread::scope(|scope| {
            let jobs = [&api, &admin].map(|runner| scope.spawn(|| job(runner, "hand")));
            jobs.map(|job| job.join().expect("a job"))
        });
        for job in &jobs {
            assert_eq!((job.code, job.outputs["verdict"].as_str()), (0, "passed"), "time {time}: {}", job.log);
            assert!(!job.log.contains("is not known"), "time {time}: {}", job.log);
        }
        let waited = jobs.iter().filter(|job| job.log.contains("note: waited ")).count();
        assert_eq!(waited, 1, "time {time}: {}\n{}", jobs[0].log, jobs[1].log);
        // Each took its own code, and nobody asked for another one.
        let entries = |what: &str| sandbox.entries(what).len();
        assert_eq!((entries("code-requested"), entries("signed-in"), entries("job-made")), (2, 2, 2), "time {time}");
    }
}

#[test]
fn first_runs_of_two_repositories_take_nothing_from_each_other() {
    first_runs_at_once(5);
}

#[test]
#[ignore = "twenty times: script/test --full"]
fn first_runs_of_two_repositories_take_nothing_from_each_other_twenty_times() {
    first_runs_at_once(20);
}

/// What has failed in one repository is well again in the other one's run, and that is told once.
#[test]
fn a_recovery_is_told_by_whichever_repository_sees_it() {
    let (moto, slack) = (Moto::start(), Api::start(&[Answer::Status(200, "")]));
    let sandbox = Sandbox::start(&["--fault", "admin=500@forgot-password"]);
    let [api, admin] = [API, ADMIN].map(|repository| {
        let desk = machine(&moto.url).with("SLACK_TEAM", &format!("{}/services/T0/B0/team-secret", slack.url));
        desk.edit(
            "environments/local.yaml",
            "poll: 100ms",
            "poll: 100ms\nannounce:\n  slack: { team: \"{{ env.SLACK_TEAM }}\" }",
        );
        Runner::of(repository, "private", desk, &sandbox)
    });
    let told = || -> Vec<String> {
        let asked = slack.asked.lock().expect("a log");
        asked.iter().map(|(_, body)| body["text"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let failed = job(&api, "hand");
    assert_eq!((failed.code, failed.outputs["component"].as_str()), (1, "admin"), "{}", failed.log);
    assert_eq!(told().len(), 1, "{:?}", told());
    sandbox.faults(&[]);
    for _ in 0..2 {
        let passed = job(&admin, "hand");
        assert_eq!(passed.code, 0, "{}", passed.log);
    }
    let told = told();
    assert!(told.len() == 2 && told[0].starts_with("local: failed – admin"), "{told:?}");
    assert_eq!(told[1], "local: passed", "the recovery, once");
}

/// A job that ends while only the hour is awaited leaves a pending status, and whoever goes on with its run sets the last one: in
/// the repository of the commit, and in no other.
#[test]
fn a_run_that_is_gone_on_with_has_the_last_word_at_its_commit() {
    let (moto, sandbox) = (Moto::start(), Sandbox::start(&["--slots", "20s"]));
    let [api, admin] = [API, ADMIN].map(|repository| Runner::of(repository, "private", machine(&moto.url), &sandbox));
    let detached = "notify-smoke smoke local --detach --because hand --deployed admin --commit 68f6145ca5f0 --sandbox \"$NOTIFY_SMOKE_SANDBOX\"";
    let waiting = api.step(detached);
    assert_eq!((waiting.code, waiting.outputs["verdict"].as_str()), (6, "waiting"), "{}", waiting.log);
    super::hold("waiting", &api, &waiting);
    let resume = "notify-smoke resume --due local --sandbox \"$NOTIFY_SMOKE_SANDBOX\"";
    let slot_of = |job: usize| {
        let began = || (sandbox.entries("job-started").len() >= job).then_some(());
        assert!(wait_until(Duration::from_mins(1), began).is_some(), "the slot did not come");
    };
    slot_of(1);
    let resumed = api.step(resume);
    assert_eq!(resumed.code, 0, "{}", resumed.log);
    assert_eq!(resumed.outputs.get("verdict").map(String::as_str), Some("passed"), "{}", resumed.log);
    let states: Vec<String> = api.api.states().into_iter().map(|(state, ..)| state).collect();
    assert_eq!(states, ["pending", "pending", "pending", "success"], "{}", resumed.log);
    // Another repository does not know the commit.
    let waiting = api.step(detached);
    assert_eq!(waiting.code, 6, "{}", waiting.log);
    let told = api.api.states().len();
    slot_of(2);
    let resumed = admin.step(resume);
    let verdict = resumed.outputs.get("verdict").map(String::as_str);
    assert_eq!((resumed.code, verdict), (0, Some("passed")), "{}", resumed.log);
    assert_eq!((admin.api.states().len(), api.api.states().len()), (0, told), "{}", resumed.log);
}
