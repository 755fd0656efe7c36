//! The profiles, and templates that somebody has edited.

use serde_json::Value;

use super::{CSV, LOGIN, RESET, scenario, smoke};
use crate::support::Desk;

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
