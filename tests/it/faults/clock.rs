//! Real hours and quarter-hour ticks, by a clock that tests move: the edges of a day and of an hour.

use std::time::Duration;

use serde_json::Value;

use super::{CSV, scenario};
use crate::support::{Desk, Said, Sandbox, http, wait_until};

/// Runs the three at this time, moves the clock to just before the time that was chosen, and gives that.
fn at(clock: &str) -> (String, Said, Value, Sandbox) {
    let sandbox = Sandbox::start(&["--clock", clock]);
    let desk = Desk::new();
    desk.edit("environments/local.yaml", "lead: 6s", "lead: 2m");
    let run = desk.start(&["smoke", "local", "--sandbox", sandbox.control_url()]);
    let made = wait_until(Duration::from_secs(40), || sandbox.entries("job-made").first().cloned()).expect("a job");
    let slot = made["scheduled_for"].as_str().expect("a time").to_owned();
    // Time enough for the page after the press to be seen.
    std::thread::sleep(Duration::from_secs(2));
    let before = format!("{slot}Z").parse::<jiff::Timestamp>().expect("a time") - jiff::SignedDuration::from_secs(1);
    http("PUT", &format!("{}/control/clock", sandbox.control_url()), &format!("{{\"time\":\"{before}\"}}"));
    let said = Said::of(&run.wait_with_output().expect("the run"));
    let report = desk.report();
    (slot, said, report, sandbox)
}

fn passes_for(clock: &str, expected: &str) {
    let (slot, said, report, sandbox) = at(clock);
    assert_eq!(slot, expected, "{}", said.out);
    assert_eq!((said.code, &scenario(&report, CSV)["verdict"]), (0, &Value::from("passed")), "{}", said.out);
    assert_eq!(report["verdict"], "passed", "{}", said.out);
    assert_eq!(sandbox.entries("job-made").len(), 1);
    let apart = jiff::Timestamp::now().duration_since(clock.parse().expect("a time")).abs();
    let told = ["service", "mailbox", "number"].map(|eye| said.out.contains(&format!(" the {eye}'s: set it.")));
    // The mailbox is an S3 server by itself, which lives by the machine's clock.
    assert_eq!(told, [apart.as_secs() > 60, false, apart.as_secs() > 60], "{}", said.out);
}

#[test]
fn in_the_first_hour_of_a_day_the_list_begins_with_an_empty_yesterday() {
    passes_for("2026-11-22T00:30:00Z", "2026-11-22T01:00:00");
}

#[test]
fn just_before_midnight_the_next_hour_is_too_near() {
    passes_for("2026-11-22T23:59:30Z", "2026-11-23T01:00:00");
}

#[test]
fn just_before_the_hour_the_next_one_is_too_near() {
    passes_for("2026-11-22T13:58:30Z", "2026-11-22T15:00:00");
}
