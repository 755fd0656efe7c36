//! What is different since it last passed; told with everything that did not pass.

use std::collections::BTreeMap;

use super::words;
use crate::diagnose::verdict;
use crate::history::History;
use crate::model::{Since, Verdict};

/// Longer values are cut: a reader wants to know which thing it is.
const VALUE_MAX: usize = 60;

/// Things that are not as they were: name, then, now. A thing that is not known at one of both times is not compared.
pub(super) fn changed(history: &History) -> Vec<(String, String, String)> {
    let Some(passed) = history.since.passed.as_ref() else { return Vec::new() };
    let now = history.facets();
    let differs = |(name, then): (&String, &String)| {
        let now = now.get(name).filter(|now| *now != then)?;
        Some((name.clone(), then.clone(), now.clone()))
    };
    passed.facets.iter().filter_map(differs).collect()
}

/// The lines of a report; none where it has passed.
pub(super) fn lines(history: &History) -> Vec<String> {
    if verdict(history) == Verdict::Passed || history.waits() {
        return Vec::new();
    }
    let Since { passed, elsewhere, .. } = &history.since;
    let mut lines = Vec::new();
    match passed {
        None => lines.push("Last passed: unknown, no run that is kept here has".to_owned()),
        Some(passed) => {
            let ago = history.started_at.duration_since(passed.at);
            let ago =
                if ago.as_hours() > 0 { format!("{} h", ago.as_hours()) } else { format!("{} min", ago.as_mins()) };
            let at = passed.at.strftime("%F %H:%M UTC");
            lines.push(format!("Last passed: {at}, {ago} before (run {})", passed.run));
            let changed = changed(history);
            let told: Vec<String> =
                changed.iter().map(|(name, then, now)| format!("{name} {} → {}", cut(then), cut(now))).collect();
            let told = if told.is_empty() { "nothing that is known here".to_owned() } else { told.join("; ") };
            lines.push(format!("Different since: {told}"));
        }
    }
    if !elsewhere.is_empty() {
        let told: Vec<String> = elsewhere
            .iter()
            .map(|other| {
                format!("{} {} ({})", other.environment, words(other.verdict), other.at.strftime("%F %H:%M UTC"))
            })
            .collect();
        lines.push(format!("Elsewhere: {}", told.join("; ")));
    }
    lines
}

/// For `report.json`.
pub(super) fn json(history: &History) -> serde_json::Value {
    let passed = history.since.passed.as_ref().map(|passed| {
        let changed: Vec<serde_json::Value> = changed(history)
            .into_iter()
            .map(|(name, then, now)| serde_json::json!({ "name": name, "then": then, "now": now }))
            .collect();
        serde_json::json!({ "run": passed.run, "at": passed.at.to_string(), "changed": changed })
    });
    let elsewhere: BTreeMap<&str, &str> =
        history.since.elsewhere.iter().map(|other| (other.environment.as_str(), other.verdict.name())).collect();
    let left = history.since.left.iter().map(|left| {
        serde_json::json!({ "run": left.run, "job_due": left.job_due.map(|due| due.to_string()), "ended": left.ended })
    });
    serde_json::json!({ "last_passed": passed, "elsewhere": elsewhere, "left": left.collect::<Vec<_>>() })
}

/// On one line, and no longer than a reader needs.
fn cut(value: &str) -> String {
    let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
    if value.chars().count() <= VALUE_MAX {
        return value;
    }
    let kept: String = value.chars().take(VALUE_MAX - 1).collect();
    format!("{kept}…")
}
