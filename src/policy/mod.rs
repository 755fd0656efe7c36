//! May this be done? Asked before every *once* step; reads nothing but the plan.

use crate::model::{Act, Expectation, Part, Plan, StepId, StepKind, Template};

/// Whether the action of `step` may be done, and if not, why.
///
/// # Errors
/// One sentence with what to change.
pub fn may_act(plan: &Plan, step: StepId) -> Result<(), String> {
    hosts(plan)?;
    let scenario = plan.scenario_of(step);
    for step in &scenario.steps {
        match &plan.step(*step).kind {
            StepKind::Act { act: Act::Fill(fields), .. } => {
                fields.iter().try_for_each(|(_, value)| recipient(plan, value))?;
            }
            StepKind::Expect { expect: Expectation::Email(email), .. } => recipient(plan, &email.to)?,
            StepKind::Act { .. } | StepKind::Expect { .. } => {}
        }
    }
    Ok(())
}

/// The service itself must be a host that the environment allows, without credentials in its address.
fn hosts(plan: &Plan) -> Result<(), String> {
    let url = url::Url::parse(&plan.base_url).map_err(|error| format!("base-url is no URL: {error}."))?;
    let allowed = url.host_str().is_some_and(|host| plan.hosts.iter().any(|known| known == host));
    if allowed { Ok(()) } else { Err(format!("{} is not among the environment's hosts.", plan.base_url)) }
}

/// Whatever looks like an address must be one that the environment allows.
fn recipient(plan: &Plan, value: &Template) -> Result<(), String> {
    let [Part::Text(text)] = value.0.as_slice() else { return Ok(()) };
    let is_address = text.contains('@');
    if !is_address || plan.recipients.iter().any(|known| known.eq_ignore_ascii_case(text)) {
        return Ok(());
    }
    Err(format!(
        "{text} is not among the environment's recipients: add it under `recipients`, or use the smoke user's own."
    ))
}

/// Whether a link may be opened: only on the service's own host.
pub fn may_open(plan: &Plan, url: &str) -> Result<(), String> {
    let parsed = url::Url::parse(url).map_err(|error| format!("the link is no URL: {error}."))?;
    let own = parsed.origin().ascii_serialization() == plan.base_url;
    if own {
        Ok(())
    } else {
        Err(format!("the link leads to {}, not to {}.", parsed.origin().ascii_serialization(), plan.base_url))
    }
}
