//! May this be done? Asked before every *once* step; reads nothing but the plan.

use crate::model::{Act, Expectation, Part, Plan, StepId, StepKind, Template};

/// Whether the action of `step` may be done, and if not, why.
///
/// # Errors
/// One sentence with what to change.
pub fn may_act(plan: &Plan, step: StepId) -> Result<(), String> {
    let scenario = plan.scenario_of(step);
    for step in &scenario.steps {
        match &plan.step(*step).kind {
            StepKind::Act { act: Act::Fill(fields), .. } => {
                fields.iter().try_for_each(|(_, value)| recipient(plan, value))?;
            }
            StepKind::Act { act: Act::Attach(list), .. } => {
                list.rows.iter().flatten().try_for_each(|cell| recipient(plan, cell))?;
                list.rows
                    .iter()
                    .flatten()
                    .filter(|cell| looks_like_number(cell))
                    .try_for_each(|cell| number(plan, cell))?;
            }
            StepKind::Expect { expect: Expectation::Email(email), .. } => recipient(plan, &email.to)?,
            StepKind::Expect { expect: Expectation::Text(text), .. } => number(plan, &text.to)?,
            StepKind::Act { .. } | StepKind::Expect { .. } => {}
        }
    }
    Ok(())
}

/// Whatever looks like an address must be one that the environment allows, and be known beforehand.
fn recipient(plan: &Plan, value: &Template) -> Result<(), String> {
    let is_text = |part: &&Part| matches!(part, Part::Text(text) if text.contains('@'));
    if !value.0.iter().any(|part| is_text(&part)) {
        return Ok(());
    }
    let text = value.to_string();
    if plan.recipients.iter().any(|known| known.eq_ignore_ascii_case(&text)) {
        return Ok(());
    }
    Err(format!(
        "{text} is not among the environment's recipients: add it under `recipients`, or use the smoke user's own."
    ))
}

/// Digits enough for a telephone number, and nothing but what is written between them.
fn looks_like_number(value: &Template) -> bool {
    let text = value.to_string();
    let digits = text.chars().filter(char::is_ascii_digit).count();
    (7..=15).contains(&digits) && text.chars().all(|c| c.is_ascii_digit() || " +-().".contains(c))
}

/// A number that is texted must be one that the environment allows.
fn number(plan: &Plan, value: &Template) -> Result<(), String> {
    let text = value.to_string();
    if plan.recipients.contains(&text) {
        return Ok(());
    }
    Err(format!(
        "{text} is not among the environment's recipients: add it under `recipients`, or use the smoke user's own."
    ))
}

/// Whether a page may be opened: only on the service's own host.
pub fn may_open(plan: &Plan, url: &str) -> Result<(), String> {
    let parsed = url::Url::parse(url).map_err(|error| format!("the link is no URL: {error}."))?;
    if plan.is_own(url) && parsed.username().is_empty() {
        Ok(())
    } else {
        Err(format!("the link leads to {}, not to {}.", parsed.origin().ascii_serialization(), plan.base_url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_allowed_as_a_whole_or_not_at_all() {
        let plan: Plan = serde_json::from_value(serde_json::json!({
            "environment": "x", "service": "x", "service_name": "x", "base_url": "http://h:1", "hosts": [],
            "recipients": ["a@b.gov"], "email_sender": "", "error_headings": [], "links": [], "runbook": {},
            "poll_ms": 1, "run_longest_ms": 1, "lanes": 0, "scenarios": [], "steps": [],
        }))
        .expect("a plan");
        let may = |text: &str| recipient(&plan, &Template::parse(text).expect("a template")).is_ok();
        assert!(may("A@b.gov") && may("some text") && may("{{ user.password }}"));
        assert!(!may("c@b.gov") && !may("x{{ token }}@stranger.gov") && !may("{{ token }}a@b.gov"));
        assert!(may_open(&plan, "http://h:1/x").is_ok());
        assert!(may_open(&plan, "http://h:2/x").is_err() && may_open(&plan, "http://h:1@evil/x").is_err());
    }
}
