//! Rows of the table, each with the real browser.

use notify_smoke::history::History;
use notify_smoke::journal;
use serde_json::Value;

use super::{LOGIN, RESET, scenario, smoke};
use crate::prompt;
use crate::support::{Desk, Said};
use crate::table::{HEALED, Row, said_of};

/// What is said besides, where it matters.
const SAYS: &[(&str, &str)] = &[
    // At the on-time limit the terminal already says what is missing and when it will be final.
    ("ses_down", "not here after 4."),
    ("ses_down", "nothing has shown yet that "),
    ("reset_accepted_and_not_sent", "the page claimed success and nothing arrived"),
    ("another_sender", "such a text came from +18337581259, which is demo's number, not from +18556438890"),
    ("admin_error_on_the_reset", "evidence/step-2.png"),
    (
        "a_page_that_asks_for_a_person",
        "the page “Checking that you are human” at /forgot-password (HTTP 403) has no heading",
    ),
    ("router_without_an_app", "came with HTTP 502: router or app cannot serve it"),
    ("one_code_lost", "it was asked for 2 times until it came; 1 of them came"),
    ("worker_cannot_read_the_file", "the job's page shows 0 message(s) made of 2 row(s)"),
    ("scheduler_stopped", "a mail that was asked for after the slot came at once"),
    ("queue_busy", "its queues are busy"),
    ("a_row_lost", "1 of 2 rows are here"),
    ("way_subject_control", "our mail has the subject “Re␛[31mset␈ it"),
    ("a_row_with_other_words", "its text part reads like no row"),
];

/// Runs a row.
pub fn check(row: &Row) {
    let fault = row.fault;
    let desk = Desk::new();
    let (said, report) = smoke(&desk, &[row.run, &["--fault", fault]].concat());
    for id in row.run {
        let found = scenario(&report, id);
        let diagnosis = found["diagnosis"].as_array().expect("a list");
        for candidate in diagnosis {
            let because = candidate["because"].as_array().expect("a list");
            assert!(!because.is_empty(), "{candidate} cites nothing");
            assert!(candidate["next_step"].as_str().is_some_and(|text| text.len() > 20), "{candidate}");
        }
        let named: Vec<&str> = diagnosis.iter().map(|candidate| candidate["cause"].as_str().expect("an id")).collect();
        let found = said_of(found["verdict"].as_str().expect("a verdict"), &named);
        assert_eq!(found, row.of(id), "{fault}: {id}: {}", said.out);
    }
    for (_, sentence) in SAYS.iter().filter(|(of, _)| *of == row.name) {
        assert!(said.out.contains(sentence), "{fault}: no {sentence:?} in\n{}", said.out);
    }
    for line in said.out.lines() {
        assert!(!line.trim_start().starts_with("::") && !line.contains("##["), "{fault}: a command in {line:?}");
        assert!(!line.chars().any(char::is_control), "{fault}: {line:?}");
    }
    let verdicts: Vec<&str> = row.expected.iter().map(|expected| expected.verdict).collect();
    let code = match verdicts.as_slice() {
        verdicts if verdicts.contains(&"failed") => 1,
        verdicts if verdicts.iter().any(|verdict| ["inconclusive", "errored"].contains(verdict)) => 3,
        _ => 0,
    };
    assert_eq!(said.code, code, "{fault}: {}", said.out);
    prompt::verdicts_are_prompt(fault, &history_of(&desk));
    keeps_its_secrets(fault, &desk, &said);
}

/// Nothing in what a run has written or said looks like the end of a reset link, a signed token or a code. Which they were only
/// its sandbox knew, and that is gone.
fn keeps_its_secrets(fault: &str, desk: &Desk, said: &Said) {
    let looks = regex::Regex::new(
        r"(?i)[a-z0-9_-]{12,}(\.|%2e)[a-z0-9_-]{6}(\.|%2e)[a-z0-9_-]{27}|new-password(/|%2f|&#x2f;)[a-z0-9]|\b[0-9]{6} is your",
    );
    let looks = looks.expect("a pattern");
    let mut texts = desk.written();
    texts.extend([("stdout".into(), said.out.clone().into_bytes()), ("stderr".into(), said.err.clone().into_bytes())]);
    for (name, bytes) in texts.iter().filter(|(name, _)| !name.starts_with(desk.path().join("scenarios"))) {
        let text = String::from_utf8_lossy(bytes);
        let shown = looks.find(&text).map(|found| found.as_str().to_owned());
        assert_eq!(shown, None, "{fault}: {}", name.display());
    }
}

/// What the journal of the newest run says.
fn history_of(desk: &Desk) -> History {
    let journal = std::fs::read(desk.path().join("runs/local/latest/journal.jsonl")).expect("a journal");
    History::of(&journal::replay(&journal).expect("a journal").events).expect("a history")
}

#[test]
#[ignore = "a row of the table: script/test --full"]
fn what_is_healed_on_time_passes() {
    let faults: Vec<&str> = HEALED.iter().flat_map(|(fault, _)| ["--fault", *fault]).collect();
    let (said, report) = smoke(&Desk::new(), &[&[RESET, LOGIN], faults.as_slice()].concat());
    assert_eq!((said.code, &report["verdict"]), (0, &Value::from("passed")), "{}", said.out);
}
