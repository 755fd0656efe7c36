//! `junit.xml`: a scenario is a test case. A failure of the service is a `failure`; a failure of the harness an
//! `error`; what was not verified is `skipped`, never passed.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use super::words;
use crate::diagnose::diagnose;
use crate::history::History;
use crate::model::{PlannedScenario, Verdict};

/// The XML text.
pub fn junit(history: &History) -> String {
    let mut report = Report::new(format!("notify-smoke {}", history.plan.environment));
    let mut suite = TestSuite::new(history.plan.environment.clone());
    if let Some(host) = super::host(&history.plan) {
        suite.add_property(Property::new("host", host));
    }
    suite.add_test_cases(history.plan.judged().map(|scenario| case(history, scenario)));
    // Who reads only whether there is a failure must not take for passed what was not verified.
    let is_told =
        history.plan.judged().any(|scenario| history.scenario_verdict(scenario).verdict > Verdict::NotVerified);
    if !is_told && history.verdict() > Verdict::Degraded && !history.waits() {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message(words(history.verdict()));
        status.set_description(words(history.verdict()));
        suite.add_test_case(TestCase::new("the run as a whole", status));
    }
    report.add_test_suite(suite);
    report.to_string().unwrap_or_default()
}

fn case(history: &History, scenario: &PlannedScenario) -> TestCase {
    let verdict = history.scenario_verdict(scenario);
    let why =
        verdict.worst().map(|(step, judged)| format!("{}: {}", history.name(step), judged.why)).unwrap_or_default();
    let mut status = match verdict.verdict {
        Verdict::Passed | Verdict::Degraded => TestCaseStatus::success(),
        Verdict::NotVerified => TestCaseStatus::skipped(),
        Verdict::Inconclusive | Verdict::Errored => TestCaseStatus::non_success(NonSuccessKind::Error),
        Verdict::Failed => TestCaseStatus::non_success(NonSuccessKind::Failure),
    };
    let message = format!("{}: {why}", words(verdict.verdict));
    status.set_message(&message);
    // Some readers show the element's text, and not its message.
    if matches!(status, TestCaseStatus::NonSuccess { .. }) {
        status.set_description(message);
    }
    let mut case = TestCase::new(scenario.name.clone(), status);
    case.set_classname(scenario.id.clone());
    case.set_time(Duration::from_millis(history.took_ms(scenario)));
    if verdict.verdict != Verdict::Passed {
        let lines: Vec<String> = diagnose(history, scenario)
            .iter()
            .map(|diagnosis| format!("{}: {} Next: {}", diagnosis.called, diagnosis.title, diagnosis.next_step))
            .collect();
        case.set_system_out(format!("{}\n{}", words(verdict.verdict), lines.join("\n")));
    }
    case
}
