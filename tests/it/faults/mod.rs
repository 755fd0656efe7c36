//! Real Chromium against the real sandbox: what is broken, what is said of it, and what is left behind.

mod account;
mod away;
mod clock;
mod crash;
mod deploys;
mod lists;
mod login;
mod machines;
pub use machines::machine;
mod receipts;
mod secrets;
mod since;
pub mod table;
mod together;
mod waiting;

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Desk, Said, Sandbox, root, wait_until};

/// Runs `smoke local` with these options and checks what every run must keep to.
fn smoke(desk: &Desk, options: &[&str]) -> (Said, Value) {
    let said = desk.run(&[&["smoke", "local"], options].concat());
    assert!(desk.path().join("runs/local/latest/journal.jsonl").is_file(), "{said:?}");
    assert!(desk.leases().is_empty(), "a lease is left");
    (said, desk.report())
}

/// One scenario of a report.
fn scenario<'r>(report: &'r Value, id: &str) -> &'r Value {
    let all = report["scenarios"].as_array().expect("a list");
    all.iter().find(|scenario| scenario["id"] == id).unwrap_or_else(|| panic!("no {id} in {report}"))
}

/// The components of a scenario's candidates, each of which must cite an event.
fn candidates(report: &Value, id: &str) -> BTreeSet<String> {
    let diagnosis = scenario(report, id)["diagnosis"].as_array().expect("a list");
    for candidate in diagnosis {
        let because = candidate["because"].as_array().expect("a list");
        assert!(!because.is_empty(), "{candidate} cites nothing");
        assert!(because.iter().all(|fact| fact["event"].is_u64()), "{candidate}");
        assert!(candidate["next_step"].as_str().is_some_and(|text| text.len() > 20), "{candidate}");
    }
    diagnosis.iter().map(|candidate| candidate["component"].as_str().expect("a name").to_owned()).collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

pub const RESET: &str = "password-reset";
pub const LOGIN: &str = "login";
pub const CSV: &str = "scheduled-send";
pub const TEXTS: &str = "scheduled-send-sms";

#[test]
fn passes_and_proves() {
    let desk = Desk::new();
    let (said, report) = smoke(&desk, &[]);
    assert_eq!((said.code, &report["verdict"]), (0, &Value::from("passed")), "{}", said.out);
    for (id, expected) in [
        (RESET, &["edge", "admin", "api", "worker", "ses"][..]),
        (LOGIN, &["edge", "admin", "api", "worker", "sns"]),
        (CSV, &["admin", "api", "s3", "scheduler", "worker", "ses"]),
    ] {
        let proven = scenario(&report, id)["proven"].as_array().expect("a list");
        let names = proven.iter().map(|fact| fact["component"].as_str().expect("a name").to_owned());
        assert_eq!(names.collect::<BTreeSet<String>>(), set(expected));
        assert!(proven.iter().all(|fact| fact["after_ms"].is_u64() && fact["at"].is_string()));
    }
    assert!(report["service"]["versions"]["before"]["api"].as_str().is_some_and(|text| text.contains("fa2f0a820220")));
    assert_eq!(report["harness"]["version"], format!("notify-smoke {}", env!("CARGO_PKG_VERSION")));
}

#[test]
fn passes_without_basic_auth() {
    let desk = Desk::new();
    let (said, report) = smoke(&desk, &[RESET, LOGIN, "--no-basic-auth"]);
    assert_eq!((said.code, &report["verdict"]), (0, &Value::from("passed")), "{}", said.out);
}

#[test]
fn passes_with_a_mailbox_program() {
    let desk = Desk::new();
    exec_mailbox(&desk, "");
    let (said, report) = smoke(&desk, &["--profile", "quick"]);
    assert_eq!((said.code, &report["verdict"]), (0, &Value::from("passed")), "{}{}", said.out, said.err);
}

#[test]
fn a_mailbox_program_that_fails_is_inconclusive() {
    let desk = Desk::new();
    exec_mailbox(&desk, ", --fail");
    let (said, report) = smoke(&desk, &[RESET]);
    assert_eq!((said.code, &report["verdict"]), (3, &Value::from("inconclusive")), "{}", said.out);
    assert_eq!(candidates(&report, RESET), set(&["mailbox"]));
    assert!(said.out.contains("ended with exit code 7"), "{}", said.out);
}

/// Puts the example program in place of the bucket.
fn exec_mailbox(desk: &Desk, more: &str) {
    let file = "environments/local.yaml";
    let text = std::fs::read_to_string(desk.path().join(file)).expect(file);
    let (before, after) = text.split_once("mailbox:\n").expect("a mailbox");
    let after = after.split_once("sms-sender:").expect("a sender").1;
    let script = root().join("docs/examples/mailbox-folder.py");
    let command = format!("[python3, {}, --folder, \"{{{{ sandbox.mailbox_folder }}}}\"{more}]", script.display());
    desk.write(file, format!("{before}mailbox:\n  kind: exec\n  command: {command}\nsms-sender:{after}").as_bytes());
}

#[test]
fn a_mail_of_another_request_in_our_window_is_not_ours() {
    let sandbox = Sandbox::start(&["--fault", "reset=accepted-not-sent"]);
    let desk = Desk::new();
    let run = desk.start(&["smoke", "local", RESET, "--sandbox", sandbox.control_url()]);
    let ours = wait_until(Duration::from_secs(20), || sandbox.entries("reset-requested").first().cloned());
    assert!(ours.is_some(), "nothing was asked for");
    // Somebody else asks for the same user at the same time, and gets the mail.
    sandbox.faults(&[]);
    let body = format!(
        "{{\"email\":\"{}\",\"next\":null,\"admin_base_url\":\"{}\"}}",
        sandbox.ready["user_email"], sandbox.ready["admin_url"]
    );
    crate::support::http("POST", &format!("{}/user/reset-password", sandbox.ready["api_url"]), &body);
    let said = Said::of(&run.wait_with_output().expect("the run"));
    assert_eq!(sandbox.entries("mail-delivered").len(), 1, "the other mail did arrive");
    assert_eq!(desk.report()["verdict"], "failed", "{}", said.out);
    assert!(said.out.contains("1 new mail(s) of other requests, none of ours"), "{}", said.out);
}

#[test]
fn a_second_run_is_refused_while_one_is_at_work() {
    let sandbox = Sandbox::start(&["--fault", "ses=down"]);
    let desk = Desk::new();
    let mut first = desk.start(&["smoke", "local", "--sandbox", sandbox.control_url()]);
    assert!(
        wait_until(Duration::from_secs(20), || desk.path().join("runs/local/latest").exists().then_some(())).is_some()
    );
    let again = ["smoke", "local", RESET, "--wait", "0s", "--sandbox", sandbox.control_url()];
    let second = desk.run(&again);
    assert_eq!(second.code, 5, "{second:?}");
    assert!(second.err.contains("works with the user, number or mailbox of local: run "), "{}", second.err);
    assert!(second.err.contains(", at the most for ") && second.err.contains(" s more. Wait for it"), "{}", second.err);
    // Whoever waits says for whom, and can be stopped.
    let waits = desk.start(&["smoke", "local", RESET, "--sandbox", sandbox.control_url()]);
    std::thread::sleep(Duration::from_secs(4));
    let pid = i32::try_from(waits.id()).ok().and_then(rustix::process::Pid::from_raw).expect("a process");
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("a signal");
    let waited = Said::of(&waits.wait_with_output().expect("an end"));
    assert_eq!(waited.code, 130, "{waited:?}");
    assert!(waited.err.contains("This one waits for it, for 120 s at the most."), "{}", waited.err);
    assert!(waited.err.contains("Stopped while it waited for another run; nothing was done."), "{}", waited.err);
    first.kill().expect("a kill");
    first.wait().expect("an end");
    // Whoever is gone holds nothing up, though nothing was given back.
    sandbox.faults(&[]);
    let third = desk.run(&again);
    assert_eq!(third.code, 0, "{third:?}");
}

#[test]
fn the_user_agent_names_the_run() {
    let sandbox = Sandbox::start(&[]);
    let desk = Desk::new();
    let said = desk.run(&["smoke", "local", RESET, LOGIN, "--sandbox", sandbox.control_url()]);
    assert_eq!(said.code, 0, "{}", said.out);
    let run = desk.report()["run"].as_str().expect("an id").to_owned();
    let pages = sandbox.entries("page");
    assert!(!pages.is_empty());
    for page in pages {
        assert!(page["user_agent"].as_str().expect("text").contains(&run), "{page}");
    }
}
