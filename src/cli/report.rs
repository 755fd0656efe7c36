//! `report`: a run's report again, from nothing but its journal.

use std::path::Path;

use super::options::{Format, Report};
use super::out::{refuse, say};
use super::screen::style;
use crate::config::Files;
use crate::exit::Exit;
use crate::render::markdown::{Detail, markdown};
use crate::render::{self, public::Public, style::Style};
use crate::run::Recorded;

pub(super) fn run(options: &Report, root: &Path) -> Exit {
    let runs = Files::new(root).runs();
    let terminal = style();
    let sheet = Style { width: options.width.or(terminal.width), ..terminal };
    match Recorded::find(&runs, &options.run) {
        Ok(Recorded { history, folder, .. }) => {
            let public = Public::of_run(&history, options.public);
            let said = match options.format {
                Format::Text => {
                    let folder = folder.display().to_string();
                    let text = if options.all { render::text::all } else { render::text::text };
                    public.shown(sheet.report(&text(&history, &folder)))
                }
                Format::Json => {
                    serde_json::to_string_pretty(&public.shown_json(render::json::json(&history))).unwrap_or_default()
                }
                Format::Junit => public.shown(render::junit::junit(&history)),
                Format::Markdown => {
                    let detail = if options.public { Detail::Summary } else { Detail::Full };
                    markdown(&history, detail, &public)
                }
            };
            say(said.trim_end());
            if options.exit_code { Exit::of_recorded(&history) } else { Exit::Passed }
        }
        Err(not_started) => refuse(&not_started),
    }
}
