//! Runs that were made before: found by name, read, folded.

use std::path::{Path, PathBuf};

use super::NotStarted;
use crate::exit::Exit;
use crate::history::History;
use crate::journal::{self, Replay};
use crate::reading::one_line;
use crate::store;

/// A run that was made before.
pub struct Recorded {
    pub folder: PathBuf,
    pub history: History,
    pub(super) replay: Replay,
}

impl Recorded {
    /// The run of this id, or in this folder.
    ///
    /// # Errors
    /// [`NotStarted`] when there is none, or its journal cannot be read.
    pub fn find(runs: &Path, name: &str) -> Result<Self, NotStarted> {
        let missing = || {
            let said = format!("There is no run `{name}`: give a run id, or a folder with a journal.jsonl in it.");
            NotStarted::new(Exit::WrongInput, said)
        };
        match store::find_runs(runs, name).as_slice() {
            [] => Err(missing()),
            [only] => Self::read(only),
            several => {
                let names: Vec<String> = several
                    .iter()
                    .filter_map(|path| Some(format!("`{}`", path.strip_prefix(runs).ok()?.display())))
                    .collect();
                let said = format!("`{name}` is more than one run: write {}.", names.join(" or "));
                Err(NotStarted::new(Exit::WrongInput, said))
            }
        }
    }

    /// The run in this folder.
    ///
    /// # Errors
    /// [`NotStarted`] when its journal cannot be read.
    pub fn read(folder: &Path) -> Result<Self, NotStarted> {
        let wrong = |why: String| {
            // What stands in a journal is anybody's.
            let why = one_line(&why);
            NotStarted::new(Exit::WrongInput, format!("{}: {why}.", folder.join("journal.jsonl").display()))
        };
        let bytes = store::read_journal(folder).map_err(|error| wrong(error.to_string()))?;
        let mut replay = journal::replay(&bytes).map_err(wrong)?;
        // Whoever wrote it may have had other rules for what stands in a line.
        replay.events.iter_mut().for_each(|event| event.fact.in_lines());
        let mut history = History::of(&replay.events).map_err(wrong)?;
        history.head.clone_from(&replay.digest);
        Ok(Self { folder: folder.to_owned(), history, replay })
    }
}
