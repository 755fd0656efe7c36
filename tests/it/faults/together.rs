//! Somebody else at the same time: a second person with the same user, a second environment with the same phone and
//! mailbox.

use std::time::Duration;

use serde_json::Value;

use super::{CSV, LOGIN, RESET, candidates, scenario, set};
use crate::sandbox::Visitor;
use crate::support::{Desk, Said, Sandbox, wait_until};

#[test]
fn a_second_person_in_the_middle_of_a_run_is_named_and_nothing_has_failed() {
    let sandbox = Sandbox::start(&[]);
    let desk = Desk::new();
    let run = desk.start(&["smoke", "local", "--sandbox", sandbox.control_url()]);
    let signed_in = wait_until(Duration::from_secs(30), || (!sandbox.entries("signed-in").is_empty()).then_some(()));
    assert!(signed_in.is_some());
    Visitor::new(&sandbox).sign_in();
    let said = Said::of(&run.wait_with_output().expect("the run"));
    let report = desk.report();
    assert_eq!((said.code, &report["verdict"]), (3, &Value::from("inconclusive")), "{}", said.out);
    assert!(said.out.contains("somebody else signed in with the same user"), "{}", said.out);
    let named = [LOGIN, CSV].iter().any(|id| candidates(&report, id) == set(&["account"]));
    assert!(named, "{}", said.out);
}

#[test]
fn a_second_person_who_asks_for_a_code_at_the_same_time_is_named_too() {
    let sandbox = Sandbox::start(&[]);
    let desk = Desk::new();
    let run = desk.start(&["smoke", "local", RESET, LOGIN, "--sandbox", sandbox.control_url()]);
    let asked = wait_until(Duration::from_secs(30), || (!sandbox.entries("code-requested").is_empty()).then_some(()));
    assert!(asked.is_some());
    Visitor::new(&sandbox).give_password();
    let said = Said::of(&run.wait_with_output().expect("the run"));
    let report = desk.report();
    assert_eq!(report["verdict"], "inconclusive", "{}", said.out);
    assert_eq!(candidates(&report, LOGIN), set(&["account"]), "{}", said.out);
    assert_eq!(scenario(&report, RESET)["verdict"], "passed", "{}", said.out);
}

/// Two environments with one phone and one mailbox, tested from the same second on.
fn two_at_once(round: u32) {
    let first = Sandbox::start(&[]);
    let second = Sandbox::start(&["--share", first.control_url()]);
    assert_ne!(first.ready["sms_sender"], second.ready["sms_sender"]);
    assert_eq!(first.ready["sms_gateway_url"], second.ready["sms_gateway_url"]);
    let desks = [Desk::new(), Desk::new()];
    let runs: Vec<_> = desks
        .iter()
        .zip([&first, &second])
        .map(|(desk, sandbox)| desk.start(&["smoke", "local", "--sandbox", sandbox.control_url()]))
        .collect();
    for (run, desk) in runs.into_iter().zip(&desks) {
        let said = Said::of(&run.wait_with_output().expect("the run"));
        assert_eq!((said.code, &desk.report()["verdict"]), (0, &Value::from("passed")), "round {round}: {}", said.out);
    }
    // Codes of both came to the one phone, and each run used its own.
    assert_eq!(first.codes().len(), 2);
    for sandbox in [&first, &second] {
        assert_eq!((sandbox.entries("code-requested").len(), sandbox.entries("signed-in").len()), (1, 1));
    }
}

/// Two runs of one environment, with one user, phone and mailbox, from the same second on: one works after the other, and while
/// the first waits for its slot the second does not.
fn two_runs_at_once(round: u32) {
    let sandbox = Sandbox::start(&[]);
    let desk = Desk::new();
    let start = || desk.start(&["smoke", "local", "--sandbox", sandbox.control_url()]);
    let runs = [start(), start()];
    let mut waited = 0;
    for run in runs {
        let said = Said::of(&run.wait_with_output().expect("the run"));
        assert_eq!(said.code, 0, "round {round}: {}{}", said.out, said.err);
        assert!(said.out.contains("PASSED"), "round {round}: {}", said.out);
        waited += said.out.matches("\nnote: waited ").count();
        assert!(!said.out.contains("is not known"), "{}", said.out);
    }
    assert_eq!(waited, 1, "one of them says that it has waited, and for how long");
    assert_eq!((sandbox.codes().len(), sandbox.entries("signed-in").len()), (2, 2));
}

#[test]
fn two_runs_of_one_environment_work_one_after_the_other() {
    two_runs_at_once(0);
}

#[test]
#[ignore = "long: script/test --full"]
fn fifty_times_two_runs_of_one_environment() {
    (1..=50).for_each(two_runs_at_once);
}

#[test]
fn two_environments_with_one_phone_and_one_mailbox_do_not_disturb_each_other() {
    two_at_once(0);
}

#[test]
#[ignore = "long: script/test --full"]
fn fifty_times_two_environments_at_once() {
    (1..=50).for_each(two_at_once);
}
