//! A run that ends its process to wait for the schedule, and goes on later, perhaps elsewhere.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::{CSV, LOGIN, RESET, scenario};
use crate::support::{Desk, Sandbox};

#[test]
fn a_run_can_wait_without_a_process_and_go_on_from_a_copy_of_its_folder() {
    let sandbox = Sandbox::start(&["--slots", "20s"]);
    let desk = Desk::new();
    let said = desk.run(&["smoke", "local", "--detach", "--sandbox", sandbox.control_url()]);
    assert_eq!(said.code, 6, "{}{}", said.out, said.err);
    let run = desk.report()["run"].as_str().expect("an id").to_owned();
    assert!(said.out.contains("WAITING  local") && said.out.contains("the next thing is due at "), "{}", said.out);
    assert!(said.out.contains(&format!("notify-smoke resume {run}")), "{}", said.out);
    assert!(desk.report()["waiting_until"].is_string());
    assert!(sandbox.entries("job-started").is_empty(), "the slot has passed: nothing was waited for");
    // The last thing that is done is a look at what is deployed: a deploy in the gap is then no deploy of the minute before.
    let journal =
        std::fs::read_to_string(desk.path().join(format!("runs/local/{run}/journal.jsonl"))).expect("a journal");
    let mut last = journal.lines().rev().map(|line| serde_json::from_str::<Value>(line).expect("JSON")["fact"].take());
    assert_eq!(last.next().expect("a line")["what"], "detached");
    let before = last.next().expect("a line");
    assert_eq!((&before["what"], &before["when"]), (&"probed".into(), &"during".into()), "{before}");
    let elsewhere = Desk::new();
    for (path, bytes) in desk.written() {
        let name = path.strip_prefix(desk.path()).expect("inside").display().to_string();
        elsewhere.write(&name.replace("runs/local", "copy"), &bytes);
    }
    let said = elsewhere.run(&["resume", &format!("copy/{run}"), "--sandbox", sandbox.control_url()]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let text = std::fs::read_to_string(elsewhere.path().join(format!("copy/{run}/report.json"))).expect("a report");
    let report: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((&report["verdict"], &scenario(&report, CSV)["verdict"]), (&"passed".into(), &"passed".into()));
    assert_eq!(sandbox.entries("job-made").len(), 1);
}

/// While one waits without a process, another one may work with the same user and number: its code is no wonder to the first.
#[test]
fn what_another_run_asks_for_meanwhile_is_no_wonder() {
    let sandbox = Sandbox::start(&["--slots", "40s"]);
    let desk = Desk::new();
    let said = desk.run(&["smoke", "local", "--detach", "--sandbox", sandbox.control_url()]);
    assert_eq!(said.code, 6, "{}{}", said.out, said.err);
    let first = desk.report()["run"].as_str().expect("an id").to_owned();
    let said = desk.run(&["smoke", "local", RESET, LOGIN, "--sandbox", sandbox.control_url()]);
    assert_eq!((said.code, &desk.report()["verdict"]), (0, &Value::from("passed")), "{}{}", said.out, said.err);
    assert!(sandbox.entries("job-started").is_empty(), "the slot has passed: nothing came in between");
    let said = desk.run(&["resume", &first, "--sandbox", sandbox.control_url()]);
    assert!(said.code == 0 && said.out.contains("PASSED"), "{}{}", said.out, said.err);
}

/// What has failed already is not told as well, while the hour is awaited.
#[test]
fn a_run_that_waits_and_has_failed_says_both() {
    let sandbox = Sandbox::start(&["--slots", "40s", "--fault", "admin=500@forgot-password"]);
    let desk = Desk::new();
    let said = desk.run(&["smoke", "local", "--detach", "--sandbox", sandbox.control_url()]);
    assert_eq!((said.code, &desk.report()["verdict"]), (1, &Value::from("failed")), "{}{}", said.out, said.err);
    assert!(said.out.contains("The rest is still to come; it is due at "), "{}", said.out);
    assert!(!said.out.contains("all is well"), "{}", said.out);
}

#[test]
fn a_sandbox_that_would_end_with_the_run_cannot_be_waited_for() {
    let said = Desk::new().run(&["smoke", "local", "--detach"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("The sandbox of this run would end with it"), "{}", said.err);
}

/// Counted by the service's own side, with slots of four minutes; an hour is played in memory (`sim/waiting.rs`).
#[test]
#[ignore = "waits for four minutes; script/test --full"]
fn a_run_that_waits_asks_the_service_some_dozen_times_and_nobody_else() {
    let sandbox = Sandbox::start(&["--slots", "240s"]);
    let desk = Desk::new();
    let said = desk.run(&["smoke", "local", "--sandbox", sandbox.control_url()]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let ledger = sandbox.ledger();
    let at = |entry: &Value| entry["at"].as_str().and_then(|at| at.parse::<Timestamp>().ok()).expect("a time");
    let of = |what: &str| ledger.iter().find(|entry| entry["what"] == what).map(at).expect(what);
    // Its own page is looked at until it stands still, and the last look comes before the slot by the lead of a browser.
    let (from, until) = (of("job-made") + Duration::from_secs(8), of("job-started") - Duration::from_secs(15));
    let waited = until.duration_since(from).as_secs();
    assert!(waited >= 30, "{waited} s are no waiting: the slot came at once");
    let meanwhile = || ledger.iter().filter(|entry| (from..until).contains(&at(entry)));
    let what = |entry: &Value| match entry["path"].as_str() {
        Some(path) => path.to_owned(),
        None => entry["what"].as_str().expect("a kind").to_owned(),
    };
    let others: Vec<String> = meanwhile().map(what).filter(|what| what != "/_status").collect();
    assert!(others.is_empty(), "{others:?}");
    let looks = meanwhile().count();
    assert!((2..=60).contains(&looks), "{looks} looks in {waited} s");
}
