//! `report`: a run's report again, from nothing but its journal.

use super::options::{Format, Report};
use super::out::{complain, say};
use crate::config::Files;
use crate::exit::Exit;
use crate::{journal, render, store};

pub(super) fn run(options: &Report) -> Exit {
    let runs = Files::new(".".as_ref()).runs();
    let Some(folder) = store::find_run(&runs, &options.run) else {
        complain(&format!("There is no run `{}`: give a run id, or a folder with a journal.jsonl in it.", options.run));
        return Exit::WrongInput;
    };
    let read = store::read_journal(&folder).map_err(|error| error.to_string());
    let history = read.and_then(|bytes| journal::replay(&bytes)).and_then(|replay| journal::history(&replay.events));
    match history {
        Ok(history) => {
            say(match options.format {
                Format::Text => render::text::text(&history, &folder.display().to_string()),
                Format::Json => serde_json::to_string_pretty(&render::json::json(&history)).unwrap_or_default(),
                Format::Junit => render::junit::junit(&history),
            }
            .trim_end());
            Exit::Passed
        }
        Err(why) => {
            complain(&format!("{}: {why}.", folder.join("journal.jsonl").display()));
            Exit::WrongInput
        }
    }
}
