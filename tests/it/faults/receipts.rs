//! Receipts never hold a run: the next run settles them into the last one's record.

use serde_json::Value;

use super::{CSV, RESET, scenario, smoke};
use crate::support::{Desk, Sandbox};
use crate::table::LATER;

/// Two runs against one sandbox: the first one's report as it was, and as it is after the second has looked back; and what the
/// second one said, which has this verdict.
fn twice(faults: &[&str], verdict: &str) -> (Value, Value, String) {
    let sandbox = Sandbox::start(faults);
    let desk = Desk::new();
    let (said, before) = smoke(&desk, &["--sandbox", sandbox.control_url()]);
    assert_eq!((said.code, &before["verdict"]), (0, &Value::from("passed")), "{}", said.out);
    // The first one's receipts are due 4 s after its mails.
    std::thread::sleep(std::time::Duration::from_secs(4));
    let first = before["run"].as_str().expect("an id").to_owned();
    let (said, second) = smoke(&desk, &["--sandbox", sandbox.control_url()]);
    assert_eq!((said.code, &second["verdict"]), (0, &Value::from(verdict)), "{}", said.out);
    // What it has tested itself is well, and what last passed goes by that.
    assert_eq!(second["own_verdict"], "passed", "{}", said.out);
    let looked = &second["looked_back"][0];
    assert_eq!((&looked["run"], &looked["scenario"]), (&before["run"], &Value::from(CSV)), "{}", said.out);
    assert_eq!(
        looked["told"].as_u64() == looked["of"].as_u64(),
        verdict == "passed" || faults.contains(&"row=again:3s")
    );
    assert_ne!(second["run"], before["run"]);
    let text = std::fs::read_to_string(desk.path().join(format!("runs/local/{first}/report.json"))).expect("a report");
    let after: Value = serde_json::from_str(&text).expect("JSON");
    let again = desk.run(&["report", &first, "--format", "json"]);
    assert_eq!(serde_json::from_str::<Value>(&again.out).expect("JSON"), after, "the journal says the same");
    (before, after, said.out)
}

/// The first run of a fault that only the next one sees.
fn degraded_afterwards(fault: &str) {
    let later = LATER.iter().find(|later| later.fault == fault).expect("in the table");
    let (before, after, said) = twice(&["--fault", fault], "degraded");
    let first = before["run"].as_str().expect("an id");
    assert!(said.contains(&format!("Receipts of run {first} ({CSV}): degraded\n")), "{said}");
    for cause in later.causes {
        let component = if *cause == "receipts-off" { "receipts" } else { "worker" };
        assert!(said.contains(&format!("Component  {component}: ")), "{said}");
    }
    assert_eq!(after["verdict"], "degraded", "{after:#}");
    assert_eq!(scenario(&after, CSV)["verdict"], "degraded");
    let diagnosis = scenario(&after, CSV)["diagnosis"].as_array().expect("a list");
    let named: Vec<&str> = diagnosis.iter().map(|candidate| candidate["cause"].as_str().expect("an id")).collect();
    assert_eq!(named, later.causes, "{after:#}");
    assert_eq!(scenario(&after, RESET)["verdict"], "passed");
}

#[test]
fn receipts_that_stay_away_make_the_last_run_degraded() {
    degraded_afterwards("receipts=off");
}

#[test]
#[ignore = "a row of the table: script/test --full"]
fn rows_that_are_made_again_later_make_the_last_run_degraded() {
    degraded_afterwards("row=again:3s");
}

#[test]
fn receipts_that_came_are_settled_and_change_nothing() {
    let (before, after, _) = twice(&[], "passed");
    assert_eq!((&before["verdict"], &after["verdict"]), (&"passed".into(), &"passed".into()), "{after:#}");
    assert_eq!(scenario(&after, CSV)["receipts"]["told"], 2, "{after:#}");
}

/// A second copy that comes when its run has ended is told by the next run, and settled into the record of the first.
fn copies_are_told_by_the_next_run(scenarios: &[&str], of: &str, causes: &[&str]) {
    let sandbox = Sandbox::start(&["--fault", "ses=again:9s"]);
    let desk = Desk::new();
    let options = [&["--sandbox", sandbox.control_url()], scenarios].concat();
    let (said, before) = smoke(&desk, &options);
    assert_eq!((said.code, &before["verdict"]), (0, &Value::from("passed")), "{}", said.out);
    std::thread::sleep(std::time::Duration::from_secs(10));
    let first = before["run"].as_str().expect("an id").to_owned();
    let (said, second) = smoke(&desk, &options);
    assert_eq!((said.code, &second["verdict"]), (0, &Value::from("degraded")), "{}", said.out);
    assert_eq!(second["own_verdict"], "passed", "{}", said.out);
    assert!(said.out.contains(&format!("Copies of run {first} ({of}): degraded\n")), "{}", said.out);
    let told = |report: &Value| {
        let text = serde_json::to_string(report).expect("JSON");
        causes.iter().all(|cause| text.contains(&format!("\"cause\":\"{cause}\"")))
    };
    let found = second["looked_back"].as_array().expect("a list").iter().find(|found| !found["copies"].is_null());
    let found = found.expect("copies");
    assert_eq!((&found["run"], &found["scenario"]), (&before["run"], &Value::from(of)), "{}", said.out);
    assert!(found["copies"].as_u64() >= Some(1) && told(found), "{found:#}");
    // The run before is degraded now, by its journal too.
    let again = desk.run(&["report", &first, "--format", "json"]);
    let after: Value = serde_json::from_str(&again.out).expect("JSON");
    assert_eq!(
        (&after["verdict"], &scenario(&after, of)["verdict"]),
        (&"degraded".into(), &"degraded".into()),
        "{after:#}"
    );
    assert!(told(scenario(&after, of)), "{after:#}");
}

#[test]
fn a_second_mail_after_the_end_is_told_by_the_next_run() {
    copies_are_told_by_the_next_run(&[RESET], RESET, &["worker-twice", "ses-twice"]);
}

#[test]
#[ignore = "two runs with a list: script/test --full"]
fn second_mails_of_a_list_after_the_end_are_told_by_the_next_run() {
    copies_are_told_by_the_next_run(&["login", "csv-now"], "csv-now", &["row-twice", "ses-twice"]);
}
