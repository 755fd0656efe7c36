//! A journal is data: nothing is done because it stands in one.

use std::path::Path;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::faults::RESET;
use crate::support::{Desk, Said, Sandbox, wait_until};

/// Alters the first line, and makes the chain anew, as anybody can.
fn forge(journal: &Path, honest: &str, from: &str, to: &str) {
    let mut prev = String::new();
    let mut lines = Vec::new();
    for (index, line) in honest.lines().enumerate() {
        let line = if index == 0 { line.replace(from, to) } else { line.to_owned() };
        let mut value: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        let said = value["prev"].as_str().expect("a digest").to_owned();
        let line = line.replace(&format!("\"prev\":\"{said}\""), &format!("\"prev\":\"{prev}\""));
        value["prev"] = prev.into();
        prev = format!("{:x}", Sha256::digest(line.as_bytes()));
        lines.push(line);
    }
    let forged = format!("{}\n", lines.join("\n"));
    assert_ne!(forged, honest, "{from} does not stand in the plan");
    std::fs::write(journal, forged).expect("a journal");
}

#[test]
fn a_forged_journal_makes_nobody_press_anything() {
    let sandbox = Sandbox::start(&["--fault", "worker=stopped"]);
    let desk = Desk::new();
    let run = desk.start(&["smoke", "local", RESET, "--sandbox", sandbox.control_url()]);
    let asked = || sandbox.entries("reset-requested").len();
    assert!(wait_until(Duration::from_secs(20), || (asked() == 1).then_some(())).is_some());
    std::process::Command::new("kill").args(["-INT", &run.id().to_string()]).status().expect("kill");
    let said = Said::of(&run.wait_with_output().expect("the run"));
    assert_eq!(said.code, 130, "{said:?}");
    sandbox.faults(&[]);
    let journal = desk.path().join("runs/local/latest/journal.jsonl");
    let honest = std::fs::read_to_string(&journal).expect("a journal");
    let resume = || desk.run(&["resume", "runs/local/latest", "--sandbox", sandbox.control_url()]);
    for (from, to, told) in [
        ("smoke@notify-sandbox.gov", "stranger@agency.gov", "stranger@agency.gov"),
        ("Send email", "Delete this service", "Delete this service"),
        ("/forgot-password?next", "/services/delete?next", "/services/delete"),
        ("\"*password*\"", "\"*\"", "subject"),
        ("\"hosts\":[", "\"hosts\":[\"evil.example\",", "evil.example"),
        ("\"late_ms\":12000", "\"late_ms\":12000000", "12000000"),
        ("/new-password/", "/", "links"),
        ("\"token\":\"", "\"token\":\"../../x?", "token"),
    ] {
        forge(&journal, &honest, from, to);
        let said = resume();
        assert_eq!(said.code, 2, "{from}: {said:?}");
        assert!(said.err.contains("is not what the files say") && said.err.contains(told), "{from}: {said:?}");
        assert!(said.err.lines().count() <= 14, "{from}: {said:?}");
        assert_eq!(asked(), 1, "{from}: something was done");
    }
    // As it was, it goes on; and what only explains may have changed.
    forge(&journal, &honest, "\"runbook\":{", "\"runbook\":{\"edge\":\"Ask somebody.\",");
    let said = resume();
    assert_ne!(said.code, 2, "{said:?}");
    assert_eq!(asked(), 1);
    // What the run itself has printed can be held against the journal.
    let now = std::fs::read_to_string(&journal).expect("a journal");
    let head = |text: &str| {
        format!("(ends with {:.12})", format!("{:x}", Sha256::digest(text.lines().last().expect("a line"))))
    };
    assert!(said.out.contains(&head(&now)), "{said:?}");
    let changed = now.clone();
    forge(&journal, &changed, "US Notify", "US Notifi");
    let report = desk.run(&["report", "latest"]);
    assert!(!report.out.contains(&head(&now)), "{report:?}");
}
