//! Slack is told of a failure as soon as it is final, of a recovery, and of nothing again and again.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::actions::{Answer, Api};
use crate::faults::RESET;
use crate::support::{Desk, Said, Sandbox, wait_until};

/// A desk whose environment tells these two channels.
fn telling(team: &Api, alerts: &Api) -> Desk {
    let desk = Desk::new()
        .with("SLACK_TEAM", &format!("{}/services/T0/B0/team-secret", team.url))
        .with("SLACK_ALERTS", &format!("{}/services/T0/B1/alerts-secret", alerts.url));
    let announce = "poll: 100ms\nannounce:\n  slack:\n    team: \"{{ env.SLACK_TEAM }}\"\n    alerts: \"{{ env.SLACK_ALERTS }}\"\n  \
                    pages: always";
    desk.edit("environments/local.yaml", "poll: 100ms", announce);
    desk
}

fn lines(api: &Api) -> Vec<String> {
    let asked = api.asked.lock().expect("a log");
    asked.iter().map(|(_, body)| body["text"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_failure_is_told_when_it_is_final_and_its_recovery_once() {
    let (team, alerts) = (Api::start(&[Answer::Status(200, "")]), Api::start(&[Answer::Status(200, "")]));
    let sandbox = Sandbox::start(&["--slots", "30s", "--fault", "admin=500@forgot-password"]);
    let desk = telling(&team, &alerts);
    let mut run = desk.start(&["smoke", "local", "--sandbox", sandbox.control_url()]);
    let told = wait_until(Duration::from_secs(30), || (!lines(&team).is_empty()).then_some(()));
    assert!(told.is_some() && run.try_wait().expect("a run").is_none(), "the rest of the run goes on meanwhile");
    let said = Said::of(&run.wait_with_output().expect("the run"));
    assert_eq!((said.code, &desk.report()["verdict"]), (1, &Value::from("failed")), "{}{}", said.out, said.err);
    for channel in [&team, &alerts] {
        let lines = lines(channel);
        assert!(lines.len() == 1 && lines[0].starts_with("local: failed – admin: "), "{lines:?}");
    }
    let blocks = team.asked.lock().expect("a log")[0].1["blocks"].clone();
    let texts: Vec<&str> =
        blocks.as_array().expect("blocks").iter().filter_map(|one| one["text"]["text"].as_str()).collect();
    for label in ["Component: ", "Impact: ", "Next: ", "Run: "] {
        assert!(texts.iter().any(|text| text.starts_with(label)), "{label}: {texts:?}");
    }
    sandbox.faults(&[]);
    for _ in 0..2 {
        let said = desk.run(&["smoke", "local", RESET, "--sandbox", sandbox.control_url()]);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{}", said.out);
    }
    for channel in [&team, &alerts] {
        assert_eq!(lines(channel)[1..], ["local: passed".to_owned()], "the recovery, once");
    }
    // Whoever has the address of a webhook can write there.
    for (path, bytes) in desk.written() {
        assert!(!String::from_utf8_lossy(&bytes).contains("team-secret"), "{}", path.display());
    }
}

#[test]
fn slack_that_cannot_be_told_changes_no_verdict() {
    let sandbox = Sandbox::start(&["--fault", "admin=500@forgot-password"]);
    for (answer, why) in [
        (Answer::Status(403, ""), "Slack answered 403"),
        (Answer::Closes, "Slack broke the connection off"),
        (Answer::Hangs, "Slack did not answer in time"),
    ] {
        let (team, alerts) = (Api::start(&[answer]), Api::start(&[Answer::Status(200, "")]));
        let desk = telling(&team, &alerts);
        let begun = Instant::now();
        let said = desk.run(&["smoke", "local", RESET, "--sandbox", sandbox.control_url()]);
        assert_eq!((said.code, &desk.report()["verdict"]), (1, &Value::from("failed")), "{}{}", said.out, said.err);
        assert!(said.err.contains(&format!("Not everybody was told of this run: {why}")), "{}", said.err);
        assert!(!said.err.contains("team-secret") && begun.elapsed() < Duration::from_mins(1), "{}", said.err);
        assert_eq!(lines(&alerts).len(), 1, "{why}");
    }
}

#[test]
fn a_webhook_is_a_secret_address() {
    let desk = Desk::new().with("SLACK_TEAM", "http://hooks.example/services/x");
    desk.edit(
        "environments/local.yaml",
        "poll: 100ms",
        "poll: 100ms\nannounce:\n  slack: { team: \"{{ env.SLACK_TEAM }}\" }",
    );
    let said = desk.run(&["smoke", "local", RESET]);
    assert!(
        said.code == 2 && said.err.contains("the webhook team is no address that begins with https://"),
        "{}",
        said.err
    );
    desk.edit("environments/local.yaml", "\"{{ env.SLACK_TEAM }}\"", "https://hooks.example/services/x");
    let said = desk.run(&["check"]);
    assert!(said.code == 2 && format!("{}{}", said.out, said.err).contains("a secret stands in the file"), "{said:?}");
}
