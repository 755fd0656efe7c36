//! Rows of the table that turn on why a run is made: what was deployed, what has to settle, what is made once more. Each is run
//! against real pages; `docs/faults.md` shows them.

use std::fmt::Write as _;

use serde_json::Value;

use crate::faults::{CSV, LOGIN, RESET};
use crate::support::{Desk, Sandbox};

/// What answers before a deploy of the sandbox and after it.
pub const BEFORE: &str = "68f6145ca5f0";
pub const AFTER: &str = "aaee82f0ed04";

/// One occasion, with a fault or none.
pub struct Row {
    pub name: &'static str,
    pub fault: &'static str,
    /// As they are given to `smoke`.
    options: &'static str,
    run: &'static [&'static str],
    /// The verdict of the whole run, its part and its cause.
    verdict: &'static str,
    names: Option<(&'static str, &'static str)>,
    /// What the last run says besides.
    says: &'static str,
    /// Runs that are made: two where a deploy has crossed the first one.
    runs: usize,
    from: &'static str,
}

macro_rules! occasions {
    ($($name:ident $(($full:ident))? { $fault:literal, $options:literal, $run:expr, $verdict:literal, $names:expr, $says:literal, $runs:literal, $from:literal })*) => {
        /// All of them.
        pub const ROWS: &[Row] = &[$(Row { name: stringify!($name), fault: $fault, options: $options, run: $run, verdict: $verdict, names: $names, says: $says, runs: $runs, from: $from }),*];
        $(occasions!(@test $name $(($full))?);)*
    };
    (@test $name:ident) => {
        #[test]
        fn $name() {
            check(stringify!($name));
        }
    };
    (@test $name:ident (full)) => {
        #[test]
        #[ignore = "a row of the table: script/test --full"]
        fn $name() {
            check(stringify!($name));
        }
    };
}

const MAIL: &[&str] = &[RESET];
const LIST: &[&str] = &[LOGIN, CSV];
const WRONG_BUILD: Option<(&str, &str)> = Some(("deploy", "wrong-build"));

occasions! {
    the_commit_that_was_deployed (full) { "", "--because deploy --deployed admin --commit 68f6145ca5f0 --settle 1s", MAIL, "passed", None, "admin 68f6145ca5f0", 1, "incident 7: nobody knew which version was tested" }
    another_commit_than_was_deployed (full) { "", "--because deploy --deployed admin --commit aaee82f0ed04 --settle 1s", MAIL, "failed", WRONG_BUILD, "another version answers than was deployed", 1, "incident 7" }
    one_of_two_instances_is_old { "deploy=mixed", "--because deploy --deployed admin --commit aaee82f0ed04 --settle 1s", MAIL, "failed", WRONG_BUILD, "admin answered as 68f6145ca5f0", 1, "incident 28: an instance was left behind" }
    one_of_two_instances_is_new (full) { "deploy=mixed", "--because deploy --expect admin=68f6145ca5f0 --settle 1s", MAIL, "failed", WRONG_BUILD, "admin answered as aaee82f0ed04", 1, "incident 28" }
    another_deploy_overtakes_it (full) { "deploy=rolling:1s@job", "--expect admin=68f6145ca5f0", LIST, "not-verified", None, "admin answered as 68f6145ca5f0 at the start, and as aaee82f0ed04", 1, "issue 14: 14:05 and 14:40" }
    a_deploy_that_settles { "deploy=rolling:6s", "--because restage --settle 8s", MAIL, "passed", None, "", 1, "incident 13: worker and scheduler start after the web app" }
    settling_hides_nothing (full) { "worker=stopped", "--because restage --settle 3s", MAIL, "failed", Some(("ses", "ses-silent")), "", 1, "incident 13: they never started" }
    a_deploy_in_the_middle (full) { "deploy=rolling:8s@slot", "--because hand", LIST, "inconclusive", Some(("deploy", "deployed")), "another version came", 1, "issue 5: a deploy across the slot" }
    a_deploy_in_the_middle_is_run_again (full) { "deploy=rolling:8s@slot", "--because deploy", LIST, "passed", None, "which a deploy had crossed", 2, "issue 15: once more, and the second run decides" }
    a_failure_beside_no_deploy_is_not_run_again (full) { "admin=500@forgot-password", "--because schedule", MAIL, "failed", Some(("admin", "admin-error")), "", 1, "a red one is not repeated until it is green" }
}

fn check(name: &str) {
    let row = ROWS.iter().find(|row| row.name == name).expect("a row");
    let faults: &[&str] = if row.fault.is_empty() { &[] } else { &["--fault", row.fault] };
    let sandbox = Sandbox::start(faults);
    let desk = Desk::new();
    let options: Vec<&str> = row.options.split(' ').collect();
    let said = desk.run(&[&["smoke", "local", "--sandbox", sandbox.control_url()], row.run, &options].concat());
    let report = desk.report();
    assert_eq!(report["verdict"], row.verdict, "{}{}", said.out, said.err);
    let expected = match row.verdict {
        "passed" => 0,
        "failed" => 1,
        _ => 3,
    };
    assert_eq!(said.code, expected, "{}{}", said.out, said.err);
    if let Some((component, cause)) = row.names {
        let first = &report["stories"][0]["candidates"][0];
        let named = (first["component"].as_str(), first["cause"].as_str());
        assert_eq!(named, (Some(component), Some(cause)), "{}", said.out);
    }
    assert!(said.out.contains(row.says), "no {:?} in\n{}", row.says, said.out);
    let runs = desk.path().join("runs/local");
    let runs =
        std::fs::read_dir(runs).expect("runs").flatten().filter(|run| run.path().join("journal.jsonl").is_file());
    let own = runs.filter(|run| run.file_name() != "latest").count();
    assert_eq!(own, row.runs, "{}{}", said.out, said.err);
}

/// A commit of this table is what the sandbox answers as.
#[test]
fn commits_are_the_sandboxes() {
    for row in ROWS.iter().filter(|row| row.options.contains("--commit") || row.options.contains("--expect")) {
        assert!([BEFORE, AFTER].iter().any(|commit| row.options.contains(commit)), "{}", row.name);
    }
}

/// The part of `docs/faults.md` that shows them.
pub fn page() -> String {
    let mut out = String::from(
        "\n## What was deployed, and why a run is made\n\nRuns with an occasion, each against real pages. The verdict is the whole run's.\n\n\
         | fault | `smoke local` with | verdict | first candidate | from |\n| --- | --- | --- | --- | --- |\n",
    );
    for row in ROWS {
        let fault = if row.fault.is_empty() { "none".to_owned() } else { format!("`{}`", row.fault) };
        let named = row.names.map_or_else(String::new, |(component, cause)| format!("{component} (`{cause}`)"));
        let again = if row.runs > 1 { ", by the second run" } else { "" };
        let _ = writeln!(out, "| {fault} | `{}` | {}{again} | {named} | {} |", row.options, row.verdict, row.from);
    }
    out
}

/// What the report of a run says of a scenario is not what an occasion says of the run.
#[test]
fn a_wrong_build_takes_nothing_from_what_passed() {
    let desk = Desk::new();
    let options = ["--because", "deploy", "--deployed", "admin", "--commit", AFTER, "--settle", "1s"];
    let said = desk.run(&[&["smoke", "local", RESET], &options[..]].concat());
    let report: Value = desk.report();
    assert_eq!((said.code, &report["verdict"]), (1, &"failed".into()), "{}", said.out);
    assert_eq!(report["scenarios"][0]["verdict"], "passed", "{}", said.out);
}
