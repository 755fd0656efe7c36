//! A journal is data: nothing is done because it stands in one.

use std::path::Path;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::faults::RESET;
use crate::support::{Desk, Said, Sandbox, copy, wait_until};

/// Alters the first line, and makes the chain anew, as anybody can.
pub fn forge(journal: &Path, honest: &str, from: &str, to: &str) {
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

/// A run of the reset that was stopped when it had asked for its mail.
fn stopped_behind_its_press(sandbox: &Sandbox) -> Desk {
    let desk = Desk::new();
    let run = desk.start(&["smoke", "local", RESET, "--sandbox", sandbox.control_url()]);
    let asked = || sandbox.entries("reset-requested").len();
    assert!(wait_until(Duration::from_secs(20), || (asked() == 1).then_some(())).is_some());
    std::process::Command::new("kill").args(["-INT", &run.id().to_string()]).status().expect("kill");
    let said = Said::of(&run.wait_with_output().expect("the run"));
    assert_eq!(said.code, 130, "{said:?}");
    sandbox.faults(&[]);
    desk
}

#[test]
fn a_forged_journal_makes_nobody_press_anything() {
    let sandbox = Sandbox::start(&["--fault", "worker=stopped"]);
    let desk = stopped_behind_its_press(&sandbox);
    let asked = || sandbox.entries("reset-requested").len();
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

/// Whatever stands in a journal, its report is text, and the program goes on.
#[test]
fn a_forged_journal_is_safe_to_print() {
    let honest =
        std::fs::read_to_string(crate::support::root().join("tests/journals/v1/interrupted.jsonl")).expect("a journal");
    let attack = "x\\n::error title=x::pwn\\u001b[2J";
    let offset = format!("\"clock_offset_ms\":{}", i64::MAX);
    for (from, to) in [
        ("\"signal\":\"SIGINT\"", format!("\"signal\":\"{attack}\"")),
        ("\"what\":\"interrupted\"", format!("\"what\":\"{attack}\"")),
        ("\"clock_offset_ms\":", format!("{offset},\"was\":")),
        ("\"clock_error_ms\":", format!("\"clock_error_ms\":{},\"wert\":", i64::MAX)),
    ] {
        let desk = Desk::new();
        let mut prev = String::new();
        let mut forged = String::new();
        for line in honest.lines() {
            let value: serde_json::Value = serde_json::from_str(line).expect("JSON");
            let said = format!("\"prev\":\"{}\"", value["prev"].as_str().expect("a digest"));
            let line = line.replace(&said, &format!("\"prev\":\"{prev}\"")).replace(from, &to);
            prev = format!("{:x}", Sha256::digest(line.as_bytes()));
            forged += &(line + "\n");
        }
        desk.write("runs/local/20260101T000000Z-aaaaaa/journal.jsonl", forged.as_bytes());
        let report = desk.run(&["report", "20260101T000000Z-aaaaaa", "--all"]);
        let said = format!("{}{}", report.out, report.err);
        assert!(report.code != 101 && !said.contains("panicked"), "{from}: {report:?}");
        assert!(!said.contains('\u{1b}') && !said.lines().any(|line| line.starts_with("::")), "{from}: {report:?}");
    }
}

/// The lease lies where the run was begun, and a copy of its folder elsewhere knows nothing of it.
#[test]
fn a_copied_run_needs_its_owners_word() {
    let sandbox = Sandbox::start(&["--fault", "worker=stopped"]);
    let desk = stopped_behind_its_press(&sandbox);
    let elsewhere = Desk::new();
    copy(&desk.path().join("runs"), &elsewhere.path().join("runs"));
    let id = std::fs::read_link(desk.path().join("runs/local/latest")).expect("a link");
    let id = id.to_str().expect("a name");
    let resume = |more: &[&str]| elsewhere.run(&[&["resume", id, "--sandbox", sandbox.control_url()], more].concat());
    let said = resume(&[]);
    assert_eq!(said.code, 5, "{said:?}");
    assert!(
        said.err.contains("was begun in another folder, and may go on there.") && said.err.contains("add --moved"),
        "{said:?}"
    );
    let said = resume(&["--moved"]);
    assert!(said.out.contains("goes on") && said.code != 5, "{said:?}");
    let journal = elsewhere.path().join(format!("runs/local/{id}/journal.jsonl"));
    let lines = std::fs::read_to_string(journal).expect("a journal");
    let resumed = lines.lines().find(|line| line.contains("run-resumed")).expect("that it goes on");
    assert!(resumed.contains("\"place\":"), "{resumed}");
    assert_eq!(sandbox.entries("reset-requested").len(), 1);
}

/// What was asked for while a run lay still counts: a journal that ends before its press has all of it before it.
#[test]
fn a_run_that_goes_on_asks_for_its_budget_again() {
    let sandbox = Sandbox::start(&["--fault", "worker=stopped"]);
    let desk = stopped_behind_its_press(&sandbox);
    desk.edit("scenarios/us-notify/service.yaml", "resets-per-hour: ", "resets-per-hour: 1 # was ");
    let runs = desk.path().join("runs/local");
    let journal = std::fs::read_to_string(runs.join("latest/journal.jsonl")).expect("a journal");
    let first = journal.lines().next().expect("a line");
    std::fs::create_dir(runs.join("20260101T000000Z-aaaaaa")).expect("a folder");
    std::fs::write(runs.join("20260101T000000Z-aaaaaa/journal.jsonl"), format!("{first}\n")).expect("a journal");
    let said = desk.run(&["resume", "20260101T000000Z-aaaaaa", "--sandbox", sandbox.control_url()]);
    assert_eq!(said.code, 5, "{said:?}");
    assert!(said.err.contains("Runs of the last hour have asked for 1 mails, the budget is 1"), "{said:?}");
    assert_eq!(sandbox.entries("reset-requested").len(), 1, "nothing was asked for");
}
