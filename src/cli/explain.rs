//! `explain`: what a cause of a report means, from the one table that the diagnosis reads.

use std::path::Path;

use super::options::{Explain, ExplainFormat};
use super::out::{complain, say};
use super::screen::style;
use crate::config::Files;
use crate::diagnose::{CAUSES, Cause};
use crate::exit::Exit;
use crate::model::Parts;
use crate::yaml::did_you_mean;

pub(super) fn run(options: &Explain, root: &Path) -> Exit {
    if options.format == ExplainFormat::Markdown {
        say(page().trim_end());
        return Exit::Passed;
    }
    let Some(id) = &options.cause else {
        for cause in CAUSES {
            say(&format!("  {:<22} {:<10} {}", cause.id, cause.component.name(), general(cause.title)));
        }
        say("\nOne of them: notify-smoke explain CAUSE");
        return Exit::Passed;
    };
    let Some(cause) = CAUSES.iter().find(|cause| cause.id == *id) else {
        let known: Vec<&str> = CAUSES.iter().map(|cause| cause.id).collect();
        complain(&format!("There is no cause `{id}`.{} `notify-smoke explain` lists them.", did_you_mean(id, &known)));
        return Exit::WrongInput;
    };
    say(style().report(&text(cause, root)).trim_end());
    Exit::Passed
}

fn text(cause: &Cause, root: &Path) -> String {
    let mut out = format!("{}: {}\n\n", cause.component, general(cause.title));
    for (index, sign) in cause.signs().iter().enumerate() {
        let label = if index == 0 { "Seen when" } else { "" };
        out.push_str(&format!("  {label:<10} {sign}\n"));
    }
    out.push_str(&format!("  To decide  {}\n", general(cause.decides)));
    out.push_str(&format!("  From       {}\n", cause.decided_from));
    // Each service has a run book of its own; with none here, the cause speaks for itself.
    for (service, runbook) in Files::new(root).load().runbooks {
        if let Some(look) = runbook.decides.get(cause.id) {
            out.push_str(&format!("             {look} ({service})\n"));
        }
        if let Some(next) = cause.step_in(&runbook.steps) {
            // Without a run there is nothing to fill in.
            let next = next.replace("{{ environment }}", "ENV").replace("{{ run }}", "RUN ID");
            let next = next.replace("{{ minutes }}", "in the minutes that went wrong");
            out.push_str(&format!("  Next       {next} ({service})\n"));
        }
    }
    out
}

/// In words that hold for every service.
fn general(sentence: &str) -> String {
    Parts::in_general().said(sentence)
}

/// `docs/causes.md`.
fn page() -> String {
    let mut out = String::from(
        "# Causes\n\nWhat a report can name, by component. Made by `notify-smoke explain --format markdown` from the table that the \
         diagnosis reads.\nA report lists only the causes that its evidence leaves; what each would be told apart by is its *to \
         decide*,\nand from where that look is taken: the harness itself has eyes of level 0.\n",
    );
    let mut component = None;
    let mut causes: Vec<&&Cause> = CAUSES.iter().collect();
    causes.sort_by_key(|cause| cause.component);
    for cause in causes {
        if component.replace(cause.component) != Some(cause.component) {
            out.push_str(&format!("\n## {}\n", cause.component));
        }
        out.push_str(&format!(
            "\n**`{}`**: {}.\nSeen when: {}.\nTo decide: {}.\nFrom: {}.\n",
            cause.id,
            general(cause.title),
            cause.signs().join("; "),
            general(cause.decides),
            cause.decided_from
        ));
    }
    out
}
