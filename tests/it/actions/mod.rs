//! Both actions, as a runner would run them: inputs, variables, conditions and outputs expanded, files for output, summary and path.
//! What each way to end looks like is held in `tests/golden/actions` (`BLESS=1` writes it anew).

mod adopted;
mod api;
mod held;
mod repositories;
mod runner;
mod ways;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use notify_smoke::announce::{Status, Statuses, Untold};
use notify_smoke::model::outcome::State;
use serde_json::Value;

pub use api::{Answer, Api};
use held::hold;
use runner::Runner;

use crate::faults::{LOGIN, RESET};
use crate::ports::runtime;
use crate::support::{Said, Sandbox, root, wait_until};

const COMMIT: &str = "68f6145ca5f0";
const TOKEN: &str = "ghs-the-token-of-the-job";

/// Commands of the log, but for masks and groups.
fn annotations(log: &str) -> Vec<&str> {
    let others = ["::add-mask::", "::group::", "::endgroup::"];
    log.lines().filter(|line| line.starts_with("::") && !others.iter().any(|other| line.starts_with(other))).collect()
}

const QUICK: [(&str, &str); 4] =
    [("environment", "local"), ("profile", "quick"), ("deployed", "admin"), ("settle", "1s")];

#[test]
fn a_deploy_that_works_is_green_everywhere() {
    let sandbox = Sandbox::start(&[]);
    let runner = Runner::new("public", &sandbox);
    let job = runner.run(&[&QUICK[..], &[("commit", COMMIT)]].concat(), |_| {});
    assert_eq!(job.code, 0, "{}", job.log);
    assert_eq!(annotations(&job.log), [""; 0], "{}", job.log);
    assert_eq!((job.outputs["verdict"].as_str(), job.outputs["component"].as_str()), ("passed", ""));
    assert!(job.summary.starts_with("## ✅ local: passed\n"), "{}", job.summary);
    let states = runner.api.states();
    let states: Vec<(&str, &str)> =
        states.iter().map(|(state, context, _)| (state.as_str(), context.as_str())).collect();
    assert_eq!(states, [("pending", "smoke/local/quick"), ("success", "smoke/local/quick")]);
    hold("passed", &runner, &job);
    let asked = runner.api.asked.lock().expect("a log");
    assert!(asked[0].0.starts_with(&format!("POST /repos/GSA/notifications-api/statuses/{COMMIT} ")), "{}", asked[0].0);
    assert!(asked[0].0.contains(&format!("authorization: Bearer {TOKEN}")), "{}", asked[0].0);
    assert_eq!(asked[1].1["target_url"], "https://github.example/GSA/notifications-api/actions/runs/4711");
    let told = asked[1].1["description"].as_str().expect("a text");
    assert!(told.starts_with("local: passed with api ") && told.chars().count() <= 140, "{told}");
    // Secrets are masked before anything else is said.
    let first = job.log.lines().position(|line| line.starts_with("::group::")).expect("a group");
    assert!(job.log.lines().take(first).any(|line| line.starts_with("::add-mask::")), "{}", job.log);
}

/// A failure that is final stands at its commit while the rest of the run goes on.
#[test]
fn a_failure_stands_at_its_commit_as_soon_as_it_is_final() {
    let sandbox = Sandbox::start(&["--slots", "30s", "--fault", "admin=500@forgot-password"]);
    let runner = Runner::new("private", &sandbox);
    let inputs = [("environment", "local"), ("because", "hand"), ("deployed", "admin"), ("commit", COMMIT)];
    let job = runner.run(&inputs, |_| {
        let failed = || runner.api.states().iter().any(|(state, ..)| state == "failure").then_some(());
        assert!(wait_until(Duration::from_mins(1), failed).is_some(), "{:?}", runner.api.states());
        assert!(sandbox.entries("job-started").is_empty(), "the run was nearly over: nothing was told early");
    });
    assert_eq!(job.code, 1, "{}", job.log);
    let states = runner.api.states();
    let told: Vec<(&str, &str)> = states.iter().map(|(state, context, _)| (state.as_str(), context.as_str())).collect();
    assert_eq!(told, [("pending", "smoke/local"), ("failure", "smoke/local"), ("failure", "smoke/local")]);
    hold("failed-in-private", &runner, &job);
}

/// In a public repository nothing leaves that tells whose user, number, mailbox and templates these are.
#[test]
fn a_failure_is_red_everywhere_and_tells_nobody_whose_it_is() {
    let sandbox = Sandbox::start(&["--fault", "row=lost:1"]);
    let runner = Runner::new("public", &sandbox);
    let job = runner.run(&[&QUICK[..], &[("commit", COMMIT)]].concat(), |_| {});
    assert_eq!(job.code, 1, "{}", job.log);
    assert_eq!(job.outputs["verdict"], "failed");
    assert!(!job.outputs["component"].is_empty() && !job.outputs["cause"].is_empty(), "{:?}", job.outputs);
    let said = annotations(&job.log);
    assert!(said.len() == 1 && said[0].starts_with("::error title=local%3A failed – "), "{said:?}");
    assert!(job.summary.starts_with("## ❌ local: failed\n"), "{}", job.summary);
    let states = runner.api.states();
    assert!(states[1..].iter().all(|(state, ..)| state == "failure"), "{states:?}");
    hold("failed", &runner, &job);
    let (name, folder) = job.artifact.expect("an artifact");
    assert_eq!(name, format!("notify-smoke-{}", job.outputs["run-id"]));
    let mut files: Vec<String> = Vec::new();
    let mut left = vec![job.log.clone(), job.summary.clone(), format!("{states:?}{:?}", job.outputs)];
    for entry in std::fs::read_dir(&folder).expect("a folder").flatten() {
        files.push(entry.file_name().to_string_lossy().into_owned());
        left.push(std::fs::read_to_string(entry.path()).expect("text"));
    }
    files.sort();
    assert_eq!(files, ["report.json", "summary.md"]);
    // Masks are for the runner, which shows none of them.
    let left: Vec<String> = left
        .iter()
        .map(|text| text.lines().filter(|line| !line.starts_with("::add-mask::")).collect::<Vec<_>>().join("\n"))
        .collect();
    let whole = std::fs::read_to_string(runner.desk.path().join("runs/local/latest/journal.jsonl")).expect("a journal");
    for private in private_words(&whole) {
        for text in &left {
            assert!(!text.to_lowercase().contains(&private.to_lowercase()), "{private} is told:\n{text}");
        }
    }
    assert!(left.iter().all(|text| !text.contains(TOKEN)), "the job's token is told");
}

/// Addresses, numbers, senders, buckets, accounts and texts of templates of a run's environment.
fn private_words(journal: &str) -> Vec<String> {
    let first: Value = serde_json::from_str(journal.lines().next().expect("a line")).expect("JSON");
    let plan = &first["fact"]["plan"];
    let texts = |value: &Value| -> Vec<String> {
        value.as_array().into_iter().flatten().filter_map(|one| one.as_str().map(str::to_owned)).collect()
    };
    let mut words = texts(&plan["recipients"]);
    words.extend(texts(&plan["places"]));
    for key in ["email_sender", "sms_sender"] {
        words.extend(plan[key].as_str().map(str::to_owned));
    }
    assert!(words.len() >= 6, "{words:?}");
    words.push("This is row".to_owned());
    words.retain(|word| word.len() > 3);
    words
}

#[test]
fn wrong_files_are_shown_where_they_are_wrong() {
    let sandbox = Sandbox::start(&[]);
    let runner = Runner::new("private", &sandbox);
    runner.desk.edit("environments/local.yaml", "poll: 100ms", "pol: 100ms");
    let files = runner.desk.path().display().to_string();
    let job = runner.run(&[("environment", "local"), ("commit", COMMIT), ("files", &files)], |_| {});
    assert_eq!((job.code, job.outputs["verdict"].as_str()), (2, "wrong-files"), "{}", job.log);
    let said = annotations(&job.log);
    assert!(said.len() == 1 && said[0].starts_with("::error file=") && said[0].contains("line=41"), "{said:?}");
    assert!(job.summary.starts_with("## ❔ not run: Files or options are wrong\n"), "{}", job.summary);
    let states = runner.api.states();
    assert_eq!(states.last().map(|last| last.0.as_str()), Some("error"), "{states:?}");
    hold("wrong-files", &runner, &job);
}

/// A job that is cancelled ends its status, and its run can be gone on with.
#[test]
fn a_cancelled_job_is_told_as_cut_off() {
    let sandbox = Sandbox::start(&["--fault", "worker=stopped"]);
    let runner = Runner::new("private", &sandbox);
    let inputs = [("environment", "local"), ("profile", "quick"), ("because", "hand"), ("commit", COMMIT)];
    let job = runner.run(&inputs, |child| {
        let asked = || (!sandbox.entries("reset-requested").is_empty()).then_some(());
        assert!(wait_until(Duration::from_mins(1), asked).is_some(), "nothing was asked for");
        // As the runner does it: to the step's own process.
        Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill");
    });
    assert_eq!((job.code, job.outputs["verdict"].as_str()), (130, "cut-off"), "{}", job.log);
    assert!(annotations(&job.log)[0].starts_with("::error title=local%3A cut off"), "{}", job.log);
    let states = runner.api.states();
    let states: Vec<&str> = states.iter().map(|(state, ..)| state.as_str()).collect();
    // At once, and once more as the last word.
    assert!(
        states[0] == "pending" && states.len() > 1 && states[1..].iter().all(|state| *state == "error"),
        "{states:?}"
    );
    // In a private repository all of it is kept.
    let (_, folder) = job.artifact.expect("an artifact");
    assert!(folder.join("journal.jsonl").is_file(), "{}", folder.display());
}

/// What does not answer as the commit that was deployed is no success, whatever passes; nor is what nobody named.
#[test]
fn a_success_speaks_of_one_commit() {
    let sandbox = Sandbox::start(&[]);
    for (deployed, state, told) in [("", "error", "which commit answered is not known"), ("api", "failure", "deploy")] {
        let runner = Runner::new("private", &sandbox);
        let inputs = [
            ("environment", "local"),
            ("profile", "quick"),
            ("settle", "1s"),
            ("deployed", deployed),
            ("commit", COMMIT),
        ];
        let job = runner.run(&inputs, |_| {});
        let states = runner.api.states();
        assert!(states[1].0 == state && states[1].2.contains(told), "{deployed:?}: {states:?}\n{}", job.log);
    }
}

/// What is late is a success with a warning; what comes twice is none.
#[test]
fn what_is_degraded_is_a_success_where_it_is_only_late() {
    for (fault, state) in [("ses=slow:6s", "success"), ("reset=twice", "failure")] {
        let sandbox = Sandbox::start(&["--fault", fault]);
        let runner = Runner::new("private", &sandbox);
        let job = runner.run(&[&QUICK[..], &[("commit", COMMIT)]].concat(), |_| {});
        assert_eq!((job.code, job.outputs["verdict"].as_str()), (0, "degraded"), "{}", job.log);
        assert!(annotations(&job.log)[0].starts_with("::warning title=local%3A degraded"), "{}", job.log);
        let states = runner.api.states();
        assert_eq!(states[1].0, state, "{fault}: {states:?}");
        hold(if state == "success" { "degraded" } else { "degraded-twice" }, &runner, &job);
    }
}

/// Whatever is given as an input is one word of the command line.
#[test]
fn an_input_is_no_script() {
    let sandbox = Sandbox::start(&[]);
    for environment in ["$(touch pwned)", "`touch pwned`", "local; touch pwned", "--help", "local\n::error::x"] {
        let runner = Runner::new("private", &sandbox);
        let job = runner.run(&[("environment", environment), ("because", "hand")], |_| {});
        assert!(job.code == 2 && job.outputs["verdict"] == "wrong-files", "{environment}: {}", job.log);
        assert!(!runner.desk.path().join("pwned").exists(), "{environment}");
        assert!(!job.log.lines().any(|line| line == "::error::x"), "{}", job.log);
    }
    for (name, value) in
        [("settle", "12\n::error::x"), ("because", "deployment"), ("commit", "main"), ("fail-on", "Degraded")]
    {
        let runner = Runner::new("public", &sandbox);
        let job = runner.run(&[("environment", "local"), ("because", "hand"), (name, value)], |_| {});
        assert_eq!((job.code, job.outputs["verdict"].as_str()), (2, "wrong-files"), "{name}: {}", job.log);
        assert!(
            annotations(&job.log)[0].starts_with("::error title=not run%3A Files or options are wrong"),
            "{}",
            job.log
        );
        assert!(!job.log.lines().any(|line| line == "::error::x"), "{}", job.log);
    }
    assert!(sandbox.entries("page").is_empty());
}

/// Each ends within its bound with a sentence, and a refusal is not tried again.
#[test]
fn a_status_that_cannot_be_set_is_said_in_time() {
    let status = Status {
        state: State::Success,
        context: "smoke/staging".to_owned(),
        description: "staging: passed".to_owned(),
        target_url: String::new(),
    };
    let cases: [(&'static [Answer], usize, &str); 9] = [
        (&[Answer::Status(401, "")], 1, "GitHub answered 401"),
        (&[Answer::Status(403, "")], 1, "GitHub answered 403"),
        (&[Answer::Status(404, "")], 1, "GitHub answered 404"),
        (&[Answer::Status(422, "")], 1, "GitHub answered 422"),
        (&[Answer::Status(429, "retry-after: 1\r\n"), Answer::Status(201, "")], 2, ""),
        (&[Answer::Status(429, "retry-after: 3600\r\n")], 1, "it wants 3600 s of rest"),
        (&[Answer::Status(503, ""), Answer::Status(500, ""), Answer::Status(201, "")], 3, ""),
        (&[Answer::Hangs], 3, "did not answer in time"),
        (&[Answer::Closes], 3, "broke the connection off"),
    ];
    runtime().block_on(async {
        let mut trying = tokio::task::JoinSet::new();
        for (answers, tries, why) in cases {
            let status = status.clone();
            trying.spawn(async move {
                let api = Api::start(answers);
                let statuses = Statuses::at(&api.url, "GSA/notifications-api", COMMIT, TOKEN).expect("statuses");
                let begun = Instant::now();
                let set = statuses.set(&status).await;
                assert!(begun.elapsed() < Duration::from_secs(40), "{answers:?}: {:?}", begun.elapsed());
                let said = set.err().map(|Untold(said)| said).unwrap_or_default();
                assert_eq!(said.is_empty(), why.is_empty(), "{answers:?}: {said}");
                assert!(said.contains(why) && !said.contains(TOKEN), "{answers:?}: {said}");
                assert_eq!(api.asked.lock().expect("a log").len(), tries, "{answers:?}");
            });
        }
        while let Some(tried) = trying.join_next().await {
            tried.expect("a case");
        }
    });
}

/// A run ends as it would without them.
#[test]
fn a_status_that_cannot_be_set_changes_no_verdict() {
    let sandbox = Sandbox::start(&[]);
    let mut runner = Runner::new("private", &sandbox);
    runner.api = Api::start(&[Answer::Status(403, "")]);
    let inputs = [("environment", "local"), ("profile", "quick"), ("because", "hand"), ("commit", COMMIT)];
    let job = runner.run(&inputs, |_| {});
    assert_eq!((job.code, job.outputs["verdict"].as_str()), (0, "passed"), "{}", job.log);
    assert!(job.log.contains("The commit status smoke/local/quick is not set: GitHub answered 403"), "{}", job.log);
    let ran = std::fs::read_to_string(runner.desk.path().join("runs/local/latest/report.json")).expect("a report");
    assert!(ran.contains(RESET) && ran.contains(LOGIN));
}

/// The program is what the lock file names, or it is not run.
#[test]
fn setup_runs_nothing_that_the_lock_does_not_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |build: &str, lock: &str| {
        let here = folder.path().join("setup");
        std::fs::create_dir_all(&here).expect("a folder");
        std::fs::copy(root().join(".github/actions/setup/setup.sh"), here.join("setup.sh")).expect("a copy");
        std::fs::write(here.join("lock"), lock).expect("a lock");
        let output = Command::new("bash")
            .arg(here.join("setup.sh"))
            .env("GITHUB_ACTION_PATH", &here)
            .env("RUNNER_TEMP", folder.path())
            .env("GITHUB_PATH", folder.path().join("path"))
            .env("BUILD", build)
            .output();
        Said::of(&output.expect("bash"))
    };
    let said = run("", "# nothing was released\n");
    assert!(said.code == 5 && said.out.contains("The lock file of this action has no program for Linux-"), "{said:?}");
    let said = run("elsewhere", "");
    assert!(said.code == 5 && said.out.contains("The input build is source or empty"), "{said:?}");
    let zeros = "0".repeat(64);
    let said = run("", &format!("1.0.0 Linux-x86_64 {zeros} https://127.0.0.1:9/notify-smoke\n"));
    assert!(said.code == 5 && said.out.contains("notify-smoke 1.0.0 cannot be fetched"), "{said:?}");
    assert!(!Path::new(&folder.path().join("path")).exists(), "something was put on the path");
}
