//! The smoke user's own trouble: wrong passwords, and what earlier runs have used up.

use serde_json::Value;

use super::{LOGIN, RESET, candidates, scenario, set, smoke};
use crate::support::{Desk, Sandbox};

#[test]
fn refused_logins_are_no_failure_of_the_service_and_stop_the_harness_at_three() {
    let sandbox = Sandbox::start(&[]);
    let desk = Desk::new().with("WRONG", "a wrong password");
    desk.edit("environments/local.yaml", "\"{{ sandbox.user_password }}\"", "\"{{ env.WRONG }}\"");
    let login = ["smoke", "local", LOGIN, "--sandbox", sandbox.control_url()];
    for _ in 0..3 {
        let said = desk.run(&login);
        let report = desk.report();
        assert_eq!((said.code, &scenario(&report, LOGIN)["verdict"]), (3, &Value::from("errored")), "{}", said.out);
        assert_eq!(candidates(&report, LOGIN), set(&["account"]));
    }
    let pages = sandbox.entries("page").len();
    let said = desk.run(&login);
    assert_eq!(said.code, 5, "{said:?}");
    assert!(said.err.contains("The last 3 logins of the smoke user were refused"), "{}", said.err);
    assert_eq!(sandbox.entries("page").len(), pages, "it was touched all the same");
    // Without a login there is nothing to stop, and a person who has looked can go on.
    assert_eq!(desk.run(&["smoke", "local", RESET, "--sandbox", sandbox.control_url()]).code, 0);
    let said = desk.run(&[&login[..], &["--forget-failed-logins"]].concat());
    assert_eq!(said.code, 3, "{said:?}");
}

#[test]
fn codes_that_were_not_used_stop_the_harness_before_the_service_does() {
    let sandbox = Sandbox::start(&["--fault", "sns=down"]);
    let desk = Desk::new();
    let login = ["smoke", "local", LOGIN, "--sandbox", sandbox.control_url()];
    let mut codes = Vec::new();
    for _ in 0..4 {
        codes.push(desk.run(&login).code);
    }
    // Each asks a second time when the first text does not come: two codes a run, three may be open.
    assert_eq!(codes, [1, 1, 5, 5]);
    let made = sandbox.entries("code-requested").iter().filter(|entry| entry["made"] == true).count();
    assert!(made <= 4, "{made} codes were asked for");
    let said = desk.run(&login);
    assert!(said.err.contains("codes that earlier runs asked for are not used yet"), "{}", said.err);
    assert!(said.err.contains("It is safe again at "), "{}", said.err);
}

/// A code that was seen to come and was not used is known by its text: it cannot come again, and spoils no later run.
#[test]
fn a_code_that_was_seen_and_not_used_spoils_no_later_run() {
    let sandbox = Sandbox::start(&["--fault", "admin=500@services"]);
    let desk = Desk::new();
    let login = ["smoke", "local", LOGIN, "--sandbox", sandbox.control_url()];
    assert_eq!(desk.run(&login).code, 1);
    sandbox.faults(&[]);
    let said = desk.run(&login);
    assert_eq!((said.code, &desk.report()["verdict"]), (0, &Value::from("passed")), "{}", said.out);
}

#[test]
fn a_user_whose_mail_has_to_be_shown_again_is_no_failure_of_the_service() {
    let later = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(91 * 24);
    let sandbox = Sandbox::start(&["--clock", &later.to_string()]);
    let desk = Desk::new();
    let said = desk.run(&["smoke", "local", LOGIN, "--sandbox", sandbox.control_url()]);
    let report = desk.report();
    assert_eq!((said.code, &scenario(&report, LOGIN)["verdict"]), (3, &Value::from("errored")), "{}", said.out);
    assert_eq!(candidates(&report, LOGIN), set(&["account"]), "{}", said.out);
    assert!(said.out.contains("For security, we need to check"), "{}", said.out);
}

/// The service's file looks for the time of a link where it is not: nothing is waited out, and no clock is blamed.
#[test]
fn a_link_whose_time_is_looked_for_elsewhere_is_the_files_fault() {
    let desk = Desk::new();
    desk.edit("scenarios/us-notify/service.yaml", "issued-at: itsdangerous", "issued-at: { first-byte: 1, bytes: 8 }");
    let (said, report) = smoke(&desk, &[RESET]);
    assert_eq!((said.code, &report["verdict"]), (3, &Value::from("errored")), "{}", said.out);
    assert_eq!(scenario(&report, RESET)["diagnosis"][0]["cause"], "link-time", "{}", said.out);
    assert!(said.out.contains("says no time where one is looked for"), "{}", said.out);
    assert!(report["duration_ms"].as_u64().is_some_and(|ms| ms < 10_000), "it was waited for: {}", said.out);
}
