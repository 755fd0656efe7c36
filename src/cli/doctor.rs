//! `doctor`: everything that a run will need, one line each.

use std::path::Path;

use serde_json::json;

use super::options::{Doctor, DoctorFormat};
use super::out::{refuse, say};
use super::screen::style;
use crate::exit::Exit;
use crate::render::public::Public;
use crate::run::doctor::{Finding, Look, Looked, doctor};
use crate::run::{Wanted, prepare};

pub(super) async fn run(options: Doctor, root: &Path) -> Exit {
    let wanted = Wanted { environment: options.environment, scenarios: options.scenarios, profile: options.profile };
    let prepared = match prepare(root, &wanted) {
        Ok(prepared) => prepared,
        Err(not_started) => return refuse(&not_started),
    };
    let Looked { looks, people } = match Box::pin(doctor(&prepared)).await {
        Ok(looked) => looked,
        Err(not_started) => return refuse(&not_started),
    };
    let public = Public::with(&people, options.public);
    match options.format {
        DoctorFormat::Text => {
            say(style().report(&public.shown(text(&prepared.environment.name, &looks))).trim_end());
        }
        DoctorFormat::Json => {
            let looks = json(&prepared.environment.name, &looks);
            say(&public.shown(serde_json::to_string_pretty(&looks).unwrap_or_default()));
        }
    }
    if worst(&looks) == Finding::Fail { Exit::WrongInput } else { Exit::Passed }
}

fn worst(looks: &[Look]) -> Finding {
    looks.iter().map(|look| look.finding).max().unwrap_or(Finding::Ok)
}

fn text(environment: &str, looks: &[Look]) -> String {
    let said = match worst(looks) {
        Finding::Fail => "a run would not do",
        Finding::Warn => "a run can be made; see the warnings",
        Finding::Ok | Finding::Unknown => "a run can be made",
    };
    let mut out = format!("{environment}: {said}\n");
    for Look { name, finding, said, mend } in looks {
        let mend = if mend.is_empty() { String::new() } else { format!(". {mend}") };
        let said = if mend.is_empty() { said.as_str() } else { said.trim_end_matches('.') };
        out.push_str(&format!("  {:<8} {name:<14}  {said}{mend}\n", finding.name()));
    }
    out
}

fn json(environment: &str, looks: &[Look]) -> serde_json::Value {
    let one = |look: &Look| json!({ "name": look.name, "finding": look.finding.name(), "said": look.said, "mend": look.mend });
    json!({
        "version": 1,
        "environment": environment,
        "finding": worst(looks).name(),
        "looks": looks.iter().map(one).collect::<Vec<_>>(),
    })
}
