//! Faults seen by the password reset and the login.

use super::{LOGIN, RESET, candidates, check_in, scenario, set, smoke};
use crate::support::{Desk, Said};
use serde_json::Value;

fn both(fault: &str, code: i32, expected: &[(&str, &str, &[&str])]) -> (Said, Value) {
    check_in(&[RESET, LOGIN], fault, code, expected)
}

// Mail and text go through one worker. When the text comes, neither the worker nor the account is to blame for a mail
// that does not; when both are missing, it is the worker.

#[test]
fn ses_down() {
    let (said, _) = both("ses=down", 1, &[(RESET, "failed", &["ses", "api"])]);
    // At the on-time limit the terminal already says what is missing and when it will be final.
    assert!(said.out.contains("not here after 3."), "{}", said.out);
    assert!(said.out.contains("looks like worker or ses; final at "), "{}", said.out);
}

#[test]
fn worker_stopped() {
    both("worker=stopped", 1, &[(RESET, "failed", &["worker"]), (LOGIN, "failed", &["worker"])]);
}

#[test]
fn reset_accepted_and_not_sent() {
    let (said, _) = both("reset=accepted-not-sent", 1, &[(RESET, "failed", &["ses", "api"])]);
    assert!(said.out.contains("the page claimed success and nothing arrived"), "{}", said.out);
}

#[test]
fn sns_down() {
    both("sns=down", 1, &[(LOGIN, "failed", &["sns"])]);
}

#[test]
fn texts_from_another_number_do_not_count() {
    let (said, _) = both("sender=other", 1, &[(LOGIN, "failed", &["sns"])]);
    assert!(said.out.contains("such a text came from +18337581259, not from +18556438890"), "{}", said.out);
}

#[test]
fn sns_slow_is_degraded() {
    both("sns=slow:5s", 0, &[(LOGIN, "degraded", &["sns"])]);
}

#[test]
fn api_down() {
    both("api=down", 1, &[(RESET, "failed", &["api"]), (LOGIN, "failed", &["api"])]);
}

#[test]
fn admin_error_page() {
    let (said, report) = both("admin=500@forgot-password", 1, &[(RESET, "failed", &["admin"])]);
    assert!(said.out.contains("evidence/step-2.png"), "{}", said.out);
    assert_eq!(scenario(&report, RESET)["steps"][1]["evidence"], "evidence/step-2.png");
}

#[test]
fn alone_the_reset_cannot_tell_who_is_silent() {
    let desk = Desk::new();
    let (said, report) = smoke(&desk, &[RESET, "--fault", "worker=stopped"]);
    assert_eq!(said.code, 1, "{}", said.out);
    assert_eq!(candidates(&report, RESET), set(&["ses", "worker", "api", "account"]));
}

#[test]
fn ses_slow_is_degraded() {
    both("ses=slow:5s", 0, &[(RESET, "degraded", &["ses"])]);
}

#[test]
fn ses_fails_once_is_degraded() {
    let (said, _) = both("ses=fail:503@1st", 0, &[(RESET, "degraded", &["ses"])]);
    assert!(said.err.contains("warning: degraded"), "{}", said.err);
}

#[test]
fn degraded_can_be_made_to_fail() {
    let desk = Desk::new();
    let (said, _) = smoke(&desk, &[RESET, "--fault", "ses=slow:5s", "--fail-on", "degraded"]);
    assert_eq!(said.code, 1);
}

#[test]
fn later_than_late_is_failed_though_it_comes() {
    both("ses=slow:13s", 1, &[(RESET, "failed", &["ses", "api"])]);
}

#[test]
fn sent_twice_is_degraded() {
    both("reset=twice", 0, &[(RESET, "degraded", &["worker", "ses"])]);
}

#[test]
fn a_link_to_another_host_is_failed() {
    both("reset=other-host", 1, &[(RESET, "failed", &["api"])]);
}

#[test]
fn one_lost_text_is_asked_for_again() {
    let (said, _) = both("code=lost:1", 0, &[(LOGIN, "degraded", &["sns", "number"])]);
    assert!(said.out.contains("it was asked for 2 times until it came; 1 of them came"), "{}", said.out);
}

#[test]
fn a_text_that_comes_with_the_workers_retry_is_late_and_not_lost() {
    both("sns=fail:500@1st", 0, &[(LOGIN, "degraded", &["sns"])]);
}

#[test]
fn a_broker_that_hands_nothing_out_looks_like_a_worker_that_stands() {
    both("queue=deaf", 1, &[(RESET, "failed", &["worker"]), (LOGIN, "failed", &["worker"])]);
}
