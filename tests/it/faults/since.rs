//! What a failing report tells of the time since it last passed.

use super::RESET;
use std::sync::{Arc, Mutex};

use notify_smoke::history::History;
use notify_smoke::journal::{Journal, replay};
use notify_smoke::model::Fact;
use notify_smoke::port::Store;
use notify_smoke::redact::Vault;

use crate::support::{Desk, Sandbox, root};

struct Lines(Arc<Mutex<Vec<u8>>>);

impl Store for Lines {
    fn append(&mut self, line: &[u8], _sync: bool) -> std::io::Result<()> {
        let mut bytes = self.0.lock().expect("bytes");
        bytes.extend_from_slice(line);
        bytes.push(b'\n');
        Ok(())
    }

    fn keep(&mut self, _name: &str, _bytes: &[u8]) -> std::io::Result<()> {
        Ok(())
    }
}

/// A recorded failure, as if it had been made against this address.
fn journal_of(base_url: &str) -> Vec<u8> {
    let bytes = std::fs::read(root().join("tests/journals/v1/failed-sns-down.jsonl")).expect("a journal");
    let written = Arc::new(Mutex::new(Vec::new()));
    let mut journal = Journal::new(Box::new(Lines(Arc::clone(&written))));
    for mut event in replay(&bytes).expect("a journal").events {
        if let Fact::RunStarted { plan, .. } = &mut event.fact {
            plan.base_url = base_url.to_owned();
        }
        journal.append(Vault::default().clean(event.fact), event.t, event.at).expect("written");
    }
    let bytes = written.lock().expect("bytes");
    bytes.clone()
}

#[test]
fn a_failure_says_when_it_last_passed_and_what_is_different_since() {
    let sandbox = Sandbox::start(&[]);
    let desk = Desk::new();
    // One of staging's counts, one of another sandbox does not.
    desk.write("runs/staging/20261122T051408Z-3b7ptn/journal.jsonl", &journal_of("https://notify.example.gov"));
    desk.write("runs/demo/20261122T051408Z-3b7ptn/journal.jsonl", &journal_of("http://localhost:1234"));
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
    let ended = replay(&journal_of("x")).expect("a journal").events.last().expect("an event").at;
    let elsewhere = format!("\nElsewhere: staging failed ({})\n", ended.strftime("%F %H:%M UTC"));
    assert!(failed.out.contains(&elsewhere), "{}", failed.out);
    // A failed run is none to compare with.
    desk.edit("environments/local.yaml", "sms-sender: \"{{ sandbox.sms_sender }}\"", "sms-sender: \"+12025550199\"");
    let failed = desk.run(&run);
    assert!(failed.out.contains("\nDifferent since: text sender +18556438890 → +12025550199\n"), "{}", failed.out);
    let since = &desk.report()["since"];
    assert_eq!(since["last_passed"]["run"], id.as_str(), "{since}");
    assert_eq!(since["last_passed"]["changed"][0]["name"], "text sender", "{since}");
    assert_eq!(since["elsewhere"]["staging"], "failed", "{since}");
}

/// A run of more scenarios sends more templates; those that both have are the same.
#[test]
fn another_profile_makes_no_difference_of_its_own() {
    let facets = |name: &str| {
        let bytes = std::fs::read(root().join(format!("tests/journals/v1/{name}.jsonl"))).expect("a journal");
        History::of(&replay(&bytes).expect("a journal").events).expect("a history").facets()
    };
    let (runbook, weekly) = (facets("passed-runbook"), facets("passed-weekly"));
    let name = "template of scheduled-send";
    assert!(runbook[name].contains("This is row ((row)) of smoke test"), "{runbook:?}");
    assert_eq!(runbook[name], weekly[name]);
    assert!(
        weekly.contains_key("template of scheduled-send-sms")
            && !runbook.contains_key("template of scheduled-send-sms")
    );
}
