//! `plan`: what a run would do, step by step.

use std::path::Path;

use super::options::Plan;
use super::out::{complain, refuse, say};
use crate::exit::Exit;
use crate::model::scenario::Control;
use crate::model::{self, EyeLevel, PlannedScenario, StepId, StepKind};
use crate::render::public::Public;
use crate::run::{Wanted, prepare, show_plan};

pub(super) fn run(options: &Plan, root: &Path) -> Exit {
    let wanted = Wanted {
        environment: options.environment.clone(),
        scenarios: options.scenarios.clone(),
        profile: options.profile.clone(),
    };
    show(&wanted, options.public, root)
}

/// Prints the plan.
pub(super) fn show(wanted: &Wanted, is_public: bool, root: &Path) -> Exit {
    let planned = prepare(root, wanted).and_then(|prepared| Ok((show_plan(&prepared)?, prepared.unpinned())));
    match planned {
        Ok((plan, unpinned)) => {
            let public = Public::of(&plan, is_public);
            say(&public.shown(text(&plan)));
            if let Some(problem) = unpinned {
                complain(&public.shown(format!("A run would be refused: {problem}")));
            }
            Exit::Passed
        }
        Err(not_started) => refuse(&not_started),
    }
}

fn text(plan: &model::Plan) -> String {
    let mut lines = vec![
        format!("{} ({}) at {}", plan.environment, plan.service_name, plan.base_url),
        format!("recipients: {}", plan.recipients.join(", ")),
        format!("eyes: {}", EyeLevel::Outside),
        format!("plan {}", crate::plan::digest(plan)),
    ];
    for scenario in &plan.scenarios {
        lines.push(format!("\n{}: {}{}", scenario.id, scenario.name, budget(plan, scenario)));
        for id in &scenario.steps {
            let step = plan.step(*id);
            lines.push(match &step.kind {
                StepKind::Act { act, .. } => {
                    format!("  {:>2}  {step}{}", id.0 + 1, if act.is_once() { "  (once)" } else { "" })
                }
                StepKind::Expect { window, proves, .. } => {
                    let parts: Vec<String> = proves.iter().map(|component| plan.parts.word(*component)).collect();
                    format!(
                        "  {:>2}  expect {step}  [{}]  on time {} s, late {} s",
                        id.0 + 1,
                        parts.join(" "),
                        window.on_time_ms / 1000,
                        window.late_ms / 1000
                    )
                }
            });
        }
    }
    lines.join("\n")
}

/// When a control is run, and how long it may take.
fn budget(plan: &model::Plan, scenario: &PlannedScenario) -> String {
    let late = |step: &StepId| match &plan.step(*step).kind {
        StepKind::Expect { window, .. } => window.late_ms,
        StepKind::Act { .. } => 0,
    };
    match scenario.control {
        Some(Control::MissedSchedule) => {
            let most = scenario.steps.iter().map(late).sum::<u64>() / 1000;
            format!(" (a control: only when a job was not picked up; at most {most} s)")
        }
        Some(Control::LookBack { .. }) | None => String::new(),
    }
}
