//! Ways to end that need more than one fault: a guard, a deploy in between, a runner that is lost.

use std::time::Duration;

use super::runner::Runner;
use super::{COMMIT, hold};
use crate::support::{Desk, Sandbox, wait_until};

/// A runner whose files are its desk's own.
fn runner(sandbox: &Sandbox) -> (Runner, String) {
    let runner = Runner::new("private", sandbox);
    let files = runner.desk.path().display().to_string();
    (runner, files)
}

/// Somebody deploys from now on.
fn mark_a_deploy(runner: &Runner) {
    let marked = runner.step("notify-smoke mark local deploy-start --deployed api");
    assert_eq!(marked.code, 0, "{}", marked.log);
    std::thread::sleep(Duration::from_secs(1));
}

#[test]
fn what_a_guard_refuses_is_no_failure_of_the_service() {
    let sandbox = Sandbox::start(&[]);
    let (runner, files) = runner(&sandbox);
    runner.desk.edit("scenarios/us-notify/service.yaml", "resets-per-hour: 12", "resets-per-hour: 1");
    let inputs = [("environment", "local"), ("profile", "quick"), ("because", "hand"), ("files", &files)];
    assert_eq!(runner.run(&inputs, |_| {}).code, 0);
    let asked = sandbox.entries("reset-requested").len();
    let job = runner.run(&[&inputs[..], &[("commit", COMMIT)]].concat(), |_| {});
    assert_eq!((job.code, job.outputs["verdict"].as_str()), (5, "refused"), "{}", job.log);
    assert_eq!(sandbox.entries("reset-requested").len(), asked, "{}", job.log);
    hold("refused", &runner, &job);
}

#[test]
fn what_a_deploy_crosses_is_not_judged() {
    let sandbox = Sandbox::start(&["--fault", "admin=500@forgot-password"]);
    let (runner, files) = runner(&sandbox);
    mark_a_deploy(&runner);
    let inputs =
        [("environment", "local"), ("profile", "quick"), ("because", "hand"), ("files", &files), ("commit", COMMIT)];
    let job = runner.run(&inputs, |_| {});
    assert_eq!((job.code, job.outputs["verdict"].as_str()), (3, "inconclusive"), "{}", job.log);
    hold("inconclusive", &runner, &job);
}

/// A pipeline waits for nobody's click: the run is made once more, and the second one decides.
#[test]
fn what_a_deploy_has_crossed_is_made_once_more_in_one_job() {
    let sandbox = Sandbox::start(&["--fault", "admin=500@forgot-password"]);
    let (runner, files) = runner(&sandbox);
    mark_a_deploy(&runner);
    let inputs = [
        ("environment", "local"),
        ("profile", "quick"),
        ("because", "schedule"),
        ("settle", "4s"),
        ("deployed", "admin"),
        ("commit", COMMIT),
        ("files", &files),
    ];
    let job = runner.run(&inputs, |_| {
        let over = runner.desk.path().join("runs/local/latest/report.json");
        assert!(wait_until(Duration::from_mins(1), || over.is_file().then_some(())).is_some(), "it has no end");
        sandbox.faults(&[]);
    });
    assert_eq!((job.code, job.outputs["verdict"].as_str()), (0, "passed"), "{}", job.log);
    assert!(job.log.contains("A deploy has crossed run "), "{}", job.log);
    hold("crossed-and-made-again", &runner, &job);
}

/// The runner is lost with the job; *Re-run failed jobs* goes on with its run, and nothing is asked for twice.
#[test]
fn a_job_of_a_lost_runner_is_gone_on_with() {
    let sandbox = Sandbox::start(&["--slots", "30s"]);
    let variables = |desk: Desk, attempt: &str| desk.with("GITHUB_JOB", "smoke").with("GITHUB_RUN_ATTEMPT", attempt);
    let mut runner = Runner::new("private", &sandbox);
    runner.desk = variables(runner.desk, "1");
    let inputs = [("environment", "local"), ("because", "hand"), ("deployed", "admin"), ("commit", COMMIT)];
    let job = runner.run(&inputs, |child| {
        let made = || (!sandbox.entries("job-made").is_empty()).then_some(());
        assert!(wait_until(Duration::from_mins(1), made).is_some(), "no job was made");
        std::thread::sleep(Duration::from_secs(2));
        std::process::Command::new("kill").args(["-KILL", &child.id().to_string()]).status().expect("kill");
    });
    assert_eq!((job.code, job.outputs.len()), (-1, 0), "{}", job.log);
    runner.desk = variables(runner.desk, "2");
    let job = runner.run(&inputs, |_| {});
    assert_eq!((job.code, job.outputs["verdict"].as_str()), (0, "passed"), "{}", job.log);
    assert!(job.log.contains("The first attempt of this job has left run "), "{}", job.log);
    let counts = ["reset-requested", "code-requested", "job-made"].map(|what| sandbox.entries(what).len());
    assert_eq!(counts, [1, 1, 1], "{}", job.log);
    hold("killed-and-run-again", &runner, &job);
}
