//! What a failing report tells of the time since it last passed.

use super::RESET;
use crate::support::{Desk, Sandbox, root};

#[test]
fn a_failure_says_when_it_last_passed_and_what_is_different_since() {
    let sandbox = Sandbox::start(&[]);
    let desk = Desk::new();
    let journal = std::fs::read(root().join("tests/journals/failed-sns-down.jsonl")).expect("a journal");
    desk.write("runs/staging/20261122T051408Z-3b7ptn/journal.jsonl", &journal);
    let run = ["smoke", "local", RESET, "--sandbox", sandbox.control_url()];
    let passed = desk.run(&run);
    assert_eq!(passed.code, 0, "{passed:?}");
    assert!(!passed.out.contains("Last passed"), "{}", passed.out);
    let id = desk.report()["run"].as_str().expect("an id").to_owned();
    sandbox.faults(&["reset=other-host"]);
    let failed = desk.run(&run);
    assert_eq!(failed.code, 1, "{failed:?}");
    assert!(failed.out.contains(&format!(" before (run {id})\n")), "{}", failed.out);
    assert!(failed.out.contains("\nDifferent since: nothing that is known here\n"), "{}", failed.out);
    assert!(failed.out.contains("\nElsewhere: staging failed (2026-11-22 05:14 UTC)\n"), "{}", failed.out);
    // A failed run is none to compare with.
    desk.edit("environments/local.yaml", "sms-sender: \"{{ sandbox.sms_sender }}\"", "sms-sender: \"+12025550199\"");
    let failed = desk.run(&run);
    assert!(failed.out.contains("\nDifferent since: text sender +18556438890 → +12025550199\n"), "{}", failed.out);
    let since = &desk.report()["since"];
    assert_eq!(since["last_passed"]["run"], id.as_str(), "{since}");
    assert_eq!(since["last_passed"]["changed"][0]["name"], "text sender", "{since}");
    assert_eq!(since["elsewhere"]["staging"], "failed", "{since}");
}
