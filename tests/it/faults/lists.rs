//! Faults seen by the scheduled list, and the profiles.

use serde_json::Value;

use super::{CSV, LOGIN, RESET, check, scenario, smoke};
use crate::support::Desk;

#[test]
fn the_bucket_does_not_take_the_file() {
    check("s3=down@upload", 1, &[(CSV, "failed", &["s3"])]);
}

#[test]
fn the_worker_cannot_read_the_file() {
    let (said, _) = check("s3=down@process", 1, &[(CSV, "failed", &["s3", "worker"])]);
    assert!(said.out.contains("the job's page shows 0 message(s) made of 2 row(s)"), "{}", said.out);
}

#[test]
fn the_scheduler_stands_and_the_worker_works() {
    let (said, _) = check("scheduler=stopped", 1, &[(CSV, "failed", &["scheduler"])]);
    assert!(said.out.contains("a mail that was asked for after the slot came at once"), "{}", said.out);
}

#[test]
fn the_scheduler_is_a_tick_late() {
    check("scheduler=late:1", 0, &[(CSV, "degraded", &["scheduler"])]);
}

#[test]
fn the_scheduler_is_two_ticks_late() {
    check("scheduler=late:2", 1, &[(CSV, "failed", &["scheduler"])]);
}

#[test]
fn the_worker_stops_when_there_is_a_job() {
    check("worker=stopped@job", 1, &[(CSV, "failed", &["scheduler", "worker"])]);
}

#[test]
fn the_queue_is_busy() {
    let (said, _) = check("queue=busy:300", 0, &[(CSV, "degraded", &["worker"])]);
    assert!(said.out.contains("its queues are busy"), "{}", said.out);
}

#[test]
fn a_row_is_lost() {
    let (said, _) = check("row=lost:1", 1, &[(CSV, "failed", &["worker"])]);
    assert!(said.out.contains("1 of 2 rows are here"), "{}", said.out);
}

#[test]
fn a_row_is_sent_twice() {
    check("row=twice@1st", 0, &[(CSV, "degraded", &["worker"])]);
}

#[test]
fn a_row_has_the_wrong_words() {
    let (said, _) = check("row=wrong-personalisation", 1, &[(CSV, "failed", &["worker"])]);
    assert!(said.out.contains("a message of this run reads like no row"), "{}", said.out);
}

/// Runs a profile that passes and gives what it says.
fn passes(profile: &str, ids: &[&str]) -> String {
    let desk = Desk::new();
    let (said, report) = smoke(&desk, &["--profile", profile]);
    assert_eq!((said.code, &report["verdict"]), (0, &Value::from("passed")), "{}", said.out);
    for id in ids {
        assert_eq!(scenario(&report, id)["verdict"], "passed", "{}", said.out);
    }
    said.out
}

#[test]
fn the_quick_profile_says_that_the_scheduler_was_not_looked_at() {
    let said = passes("quick", &[RESET, LOGIN, "csv-now"]);
    assert!(said.contains("Not proven: scheduler, receipts"), "{said}");
}

#[test]
fn the_weekly_profile_sends_by_text_too() {
    passes("weekly", &[RESET, LOGIN, CSV, "scheduled-send-sms"]);
}

#[test]
fn a_template_that_somebody_has_edited_is_no_failure_of_the_service() {
    let sandbox = crate::support::Sandbox::start(&["--slots", "10s"]);
    let body = "{\"name\":\"Smoke test by email\",\"content\":\"Hello ((run)), ((row))\"}";
    crate::support::http("PUT", &format!("{}/control/template", sandbox.control_url()), body);
    let desk = Desk::new();
    let (said, report) = smoke(&desk, &["--sandbox", sandbox.control_url()]);
    assert_eq!((said.code, &scenario(&report, CSV)["verdict"]), (3, &Value::from("errored")), "{}", said.out);
    assert_eq!(super::candidates(&report, CSV), super::set(&["template"]));
    assert!(sandbox.entries("uploaded").is_empty(), "something was sent all the same");
}
