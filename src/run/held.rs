//! What holds a run: its lease on this machine, its keeper, and the reports that it leaves.

use std::path::Path;

use jiff::Timestamp;

use super::NotStarted;
use super::prepare::Prepared;
use crate::exit::Exit;
use crate::guard::{FileLease, Leases, NoLease};
use crate::history::History;
use crate::port::{Lease as _, is_key};
use crate::process::Keeper;
use crate::render::{self, public::Public};
use crate::store;

/// The run's own leases: among all machines, and on this one.
pub(super) async fn give_back(own: Option<Leases>, lease: FileLease) {
    if let Some(own) = own {
        own.give_back().await;
    }
    lease.give_back().await;
}

/// Writes the reports. The journal is all there is to know: without them, nothing of the verdict is lost.
pub(super) fn report(folder: &Path, history: &History, public: bool) -> Option<std::io::Error> {
    let public = Public::of_run(history, public);
    let json = serde_json::to_string_pretty(&public.shown_json(render::json::json(history))).unwrap_or_default();
    store::write_report(folder, "report.json", &format!("{json}\n"))
        .and_then(|()| store::write_report(folder, "junit.xml", &public.shown(render::junit::junit(history))))
        .err()
}

/// What ends the children of this program when it is gone.
pub(super) fn keeper() -> Result<Keeper, NotStarted> {
    Keeper::of_this_program()
        .map_err(|error| NotStarted::new(Exit::NotJudged, format!("The program cannot find itself: {error}.")))
}

/// A run is gone on with by one process at a time, also where its folder was copied.
pub(super) fn take_lease(prepared: &Prepared, run: &str, keeper: &Keeper) -> Result<FileLease, NotStarted> {
    // What stands in a journal is anybody's, and must lead nowhere else.
    if run.contains('/') || !is_key(run) {
        return Err(NotStarted::new(Exit::WrongInput, "The id of this run is none that a run is given."));
    }
    let path = prepared.files.runs().join(&prepared.environment.name).join(format!("{run}.lease"));
    let holder = format!("process {}, since {}", std::process::id(), Timestamp::now().strftime("%F %H:%M:%S UTC"));
    FileLease::take(&path, &holder, keeper).map_err(|why| match why {
        NoLease::Held(said) => NotStarted::new(
            Exit::Refused,
            format!("Run {run} goes on already: {said}. Wait for it, or look at `{}`.", path.display()),
        ),
        NoLease::Failed(said) => NotStarted::new(Exit::NotJudged, said),
    })
}
