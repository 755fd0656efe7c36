//! One run from its lease to its reports.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::announce::{Announcer, watching};
use super::going::Going;
use super::held::{give_back, keeper, report, take_lease};
use super::ids::{TOKEN_LENGTH, random_letters, run_id};
use super::keep::prune;
use super::mirrored::{self, Mirrored};
use super::ports::vault;
use super::prepare::Prepared;
use super::shared::{self, Had};
use super::stage::Stage;
use super::surroundings::Surroundings;
use super::{NotStarted, Recorded, budget, copies, left, look_back, passed};
use crate::config::Resolved;
use crate::engine::{self, Engine, Observer, Ports, Stopped};
use crate::exit::Exit;
use crate::history::History;
use crate::journal::{Journal, Replay};
use crate::model::{Event, Fact, Occasion, Plan, Since};
use crate::port::{Away, Objects};
use crate::store::{self, RunFolder};

const HARNESS: &str = concat!("notify-smoke ", env!("CARGO_PKG_VERSION"));

/// Who is told of a run, and who can stop it.
pub struct Company {
    pub stop: watch::Receiver<Option<String>>,
    /// Told every secret, before anything is done with one.
    pub mask: fn(&BTreeMap<String, String>),
    /// Told what holds a run up before it begins.
    pub tell: fn(&str),
    pub observer: Box<Observer>,
}

/// A run that has stopped, at its end or before.
pub struct Finished {
    pub history: History,
    pub folder: PathBuf,
    pub stopped: Option<Stopped>,
    /// Why the reports beside the journal could not be written.
    pub unreported: Option<std::io::Error>,
    /// Why the shared store has not all of the journal yet; the next run here writes the rest.
    pub unstored: Option<String>,
    /// Why somebody was not told of it.
    pub untold: Option<String>,
}

impl Finished {
    /// After the rest of the journal has gone into the shared store.
    async fn with_store(
        mut self,
        mirrored: Option<Mirrored>,
        objects: Arc<dyn Objects>,
        announcer: Option<Arc<Announcer>>,
    ) -> Self {
        let was_stopped = matches!(self.stopped, Some(Stopped::Interrupted(_)));
        // Before the store has it as ended: nobody looks after it then.
        if self.history.ended {
            self.unstored = mirrored::write_line(objects, &passed::line_of(&self.history)).await;
        }
        if let Some(mirrored) = mirrored {
            let why = mirrored.end(self.history.ended && self.unstored.is_none(), was_stopped).await;
            self.unstored = self.unstored.or(why);
        }
        if let Some(announcer) = announcer {
            self.untold = announcer.end(&self.history, was_stopped).await;
        }
        self
    }
}

/// Makes a run.
///
/// # Errors
/// [`NotStarted`] when it did not begin; then nothing was touched.
pub async fn smoke(prepared: &Prepared, going: &Going, company: Company) -> Result<Finished, NotStarted> {
    let keeper = keeper()?;
    sweep_before().await;
    let world = Surroundings::find(prepared, going, &keeper).await?;
    let outcome = Box::pin(async {
        let resolved = world.resolve(prepared)?;
        (company.mask)(&resolved.secrets);
        prepared.must_be_pinned()?;
        let plan = prepared.plan(&resolved)?;
        let stage = Stage::new(prepared, going, &resolved, &keeper).await;
        Box::pin(begin(&stage, plan, company)).await
    })
    .await;
    world.end().await;
    let (runs, environment) = (prepared.files.runs(), prepared.environment.clone());
    // Nothing of it is needed for a verdict, and what could not be taken away is tried again.
    let _ = tokio::task::spawn_blocking(move || prune(&runs, &environment.name, environment.keep)).await;
    outcome
}

/// What a run that was killed has left behind would work beside this one, with its cookies.
async fn sweep_before() {
    // Nothing of it is needed for a verdict.
    let _ = tokio::task::spawn_blocking(crate::process::sweep).await;
}

async fn begin(stage: &Stage<'_>, plan: Plan, company: Company) -> Result<Finished, NotStarted> {
    let run = run_id()?;
    let runs = stage.prepared.files.runs();
    // Without a journal there is no run, so nobody is waited for.
    std::fs::create_dir_all(runs.join(&stage.prepared.environment.name))
        .map_err(|error| cannot_write(&runs, &error))?;
    let mut stop = company.stop.clone();
    let settled_ms = settle(stage.going, company.tell, &mut stop).await?;
    let ports = stage.ports(&run, false).await?;
    let lease = ports.lease.clone();
    let had = tokio::select! {
        had = shared::take(lease.as_ref(), stage.prepared, stage.going, ports.clock.as_ref(), company.tell) => had?,
        _ = stop.changed() => {
            // It may just have been had.
            lease.give_back().await;
            return Err(NotStarted::new(Exit::Interrupted, "Stopped while it waited for another run; nothing was done."));
        }
    };
    let outcome = Box::pin(begin_leased(stage, plan, run, (ports, had, settled_ms), company)).await;
    lease.give_back().await;
    outcome
}

/// Leaves alone what was just deployed: web comes first, worker and scheduler after it, and a run that begins at once is served by the
/// old ones, or by none. Nobody is kept waiting by it. For how long that was.
async fn settle(going: &Going, tell: fn(&str), stop: &mut watch::Receiver<Option<String>>) -> Result<u64, NotStarted> {
    if going.settle_ms == 0 {
        return Ok(0);
    }
    tell(&format!(
        "Waits {} s for what was deployed to settle: worker and scheduler come after web.",
        going.settle_ms.div_ceil(1_000)
    ));
    tokio::select! {
        () = tokio::time::sleep(Duration::from_millis(going.settle_ms)) => Ok(going.settle_ms),
        _ = stop.changed() => {
            Err(NotStarted::new(Exit::Interrupted, "Stopped before it began; nothing was done."))
        }
    }
}

/// Under the lease, since what others have asked for is counted.
async fn begin_leased(
    stage: &Stage<'_>,
    mut plan: Plan,
    run: String,
    (ports, had, settled_ms): (Ports, Had, u64),
    company: Company,
) -> Result<Finished, NotStarted> {
    let Stage { prepared, going, resolved, keeper, .. } = *stage;
    let runs = prepared.files.runs();
    // Whoever had it before has written down what was done under it.
    let unknown = stage.recall().await;
    look_back::add(prepared, &mut plan, &runs);
    let codes = budget::within(prepared, going, &plan, &runs)?;
    let copies = copies::of_last_run(&ports, resolved, &plan, &runs).await;
    let token = random_letters(TOKEN_LENGTH)?;
    let cannot = |error: std::io::Error| cannot_write(&runs, &error);
    let folder = RunFolder::create(&runs, &prepared.environment.name, &run).map_err(cannot)?;
    let path = folder.path.clone();
    let lease = take_lease(prepared, &run, keeper)?;
    let own = stage.own(&run).await?;
    let vault = vault(resolved, &plan);
    let left = left::left(stage, &plan, &runs, &run).await;
    let since =
        Since { codes_unused: codes.unused, copies, left, ..passed::since(&runs, stage.objects(), &plan).await };
    let open_codes = codes.unseen;
    let (harness, place) = (HARNESS.to_owned(), store::place(&runs, &prepared.environment.name).ok());
    let mirrored = stage.mirrored(&run, 0);
    let announcer = stage.announcer(&plan, false).await;
    let observer = watching(company.observer, announcer.clone());
    let occasion = Box::new(Occasion { settled_ms, ..going.occasion.clone() });
    let first = Fact::RunStarted { run, harness, plan: Box::new(plan), token, open_codes, since, place, occasion };
    let engine = engine::start(ports, Journal::new(Box::new(folder)), vault, first, observer)
        .and_then(|engine| engine.leased(had.waited_ms, had.behind, had.unasked.or(unknown)));
    let outcome = match engine {
        Ok(engine) => {
            let finished = drive(engine.detaching(going.detach), path, company.stop, going.public).await;
            Ok(finished.with_store(mirrored, stage.objects(), announcer).await)
        }
        Err(error) => Err(cannot(error)),
    };
    give_back(own, lease).await;
    outcome
}

/// Goes on with a run that another process left.
///
/// # Errors
/// [`NotStarted`] when it cannot be gone on with.
pub async fn go_on(
    recorded: Recorded,
    prepared: &Prepared,
    going: &Going,
    company: Company,
) -> Result<Finished, NotStarted> {
    let keeper = keeper()?;
    sweep_before().await;
    let world = Surroundings::find(prepared, going, &keeper).await?;
    let outcome = Box::pin(async {
        let resolved = world.resolve(prepared)?;
        (company.mask)(&resolved.secrets);
        prepared.must_be_pinned()?;
        let lease = take_lease(prepared, &recorded.history.run, &keeper)?;
        let stage = Stage::new(prepared, going, &resolved, &keeper).await;
        let (own, outcome) = match stage.own(&recorded.history.run).await {
            Ok(own) => {
                let outcome = Box::pin(reopen(recorded, &stage, own.is_some(), company)).await;
                (own, outcome)
            }
            Err(not_started) => (None, Err(not_started)),
        };
        give_back(own, lease).await;
        outcome
    })
    .await;
    world.end().await;
    outcome
}

async fn reopen(recorded: Recorded, stage: &Stage<'_>, owns: bool, company: Company) -> Result<Finished, NotStarted> {
    let Stage { prepared, going, resolved, .. } = *stage;
    // Read again under the leases: until then another process may have been at work on it, here or elsewhere.
    let stored = if owns { stage.fetched(&recorded.history.run).await } else { Err(Away(String::new())) };
    let owns = stored.is_ok();
    let Recorded { folder, history, replay } = Recorded::read(&recorded.folder)?;
    let wrong = |why: String| NotStarted::new(Exit::WrongInput, format!("{}: {why}.", folder.display()));
    if history.ended {
        let unreported = report(&folder, &history, going.public);
        mirrored::write_line(stage.objects(), &passed::line_of(&history)).await;
        return Ok(Finished { history, folder, stopped: None, unreported, unstored: None, untold: None });
    }
    if history.plan.base_url != resolved.target.base_url {
        return Err(wrong(format!(
            "this run was made against {}, not {}",
            history.plan.base_url, resolved.target.base_url
        )));
    }
    let vault = vault(resolved, &history.plan);
    let from = place_of(stage, &history, &replay, owns)?;
    let resumed = Fact::RunResumed { harness: HARNESS.to_owned(), place: from.now };
    may_go_on(prepared, resolved, &history).map_err(|differs| {
        let mut said = vec![format!(
            "{}: what this run would do is not what the files say now. Nothing was done; put them back, or begin a new run.",
            folder.display()
        )];
        said.extend(differs.into_iter().map(|line| format!("  {line}")));
        NotStarted { exit: Exit::WrongInput, said }
    })?;
    budget::within_rest(prepared, going, &history, &folder)?;
    let ports = stage.ports(&history.run, true).await?;
    let announcer = stage.announcer(&history.plan, history.has_failed_already()).await;
    let observer = watching(company.observer, announcer.clone());
    let cannot = |error: std::io::Error| cannot_write(&folder, &error);
    let store = RunFolder::reopen(&folder, replay.whole_bytes).map_err(cannot)?;
    let journal = Journal::go_on(Box::new(store), &replay);
    let mirrored = stage.mirrored(&history.run, replay.whole_bytes.min(stored.unwrap_or(0)));
    let engine = engine::resume(ports, journal, vault, history, resumed, observer).map_err(cannot)?;
    // Whoever finds it next must know that it goes on here.
    let is_known = match &mirrored {
        Some(mirrored) => from.now.is_none() || mirrored.flush().await,
        None => true,
    };
    let engine = if from.may_be_behind || !is_known { engine.only_looking(BEHIND) } else { engine };
    let finished = drive(engine, folder, company.stop, going.public).await;
    Ok(finished.with_store(mirrored, stage.objects(), announcer).await)
}

/// Where a run is gone on with.
struct Place {
    /// The number of its folder, where that is another one than before.
    now: Option<u64>,
    /// Whether something may have been done that this journal does not know.
    may_be_behind: bool,
}

/// Why nothing more is done in a run that was begun elsewhere and was not left in order.
const BEHIND: &str = "this run was begun on another machine, and what was done there last may not be known here";

/// A copy of a run's folder that does not know the lease of the original could press what that one presses. One that waits
/// detached has left its place, and has nothing more to press.
/// Where the store's own lease on the run is had, nobody else goes on with it.
fn place_of(stage: &Stage<'_>, history: &History, replay: &Replay, owns: bool) -> Result<Place, NotStarted> {
    let Stage { prepared, going, .. } = *stage;
    let named = |event: &Event| match &event.fact {
        Fact::RunStarted { place, .. } | Fact::RunResumed { place, .. } => *place,
        _ => None,
    };
    let runs = prepared.files.runs();
    let here = store::place(&runs, &prepared.environment.name).map_err(|error| cannot_write(&runs, &error))?;
    let in_order = going.moved || history.detached.is_some();
    match replay.events.iter().filter_map(named).next_back() {
        Some(begun) if begun != here && !owns && !going.moved && stage.bucket.is_some() => {
            let said = "This run was begun on another machine, and the shared store cannot be asked whether it goes on there. \
                        Try again; if nobody will go on with it there, add --moved.";
            Err(NotStarted::new(Exit::Refused, said))
        }
        Some(begun) if begun != here && !in_order && !owns => {
            let said = "This run was begun in another folder, and may go on there. Go on there; if that folder is gone, or \
                        nobody will go on with it, add --moved.";
            Err(NotStarted::new(Exit::Refused, said))
        }
        Some(begun) if begun != here => Ok(Place { now: Some(here), may_be_behind: !in_order }),
        Some(_) | None => Ok(Place { now: None, may_be_behind: false }),
    }
}

/// A journal is data: what is done, to whom, and what counts as right, is planned anew from the files, and must be the same.
fn may_go_on(prepared: &Prepared, resolved: &Resolved, history: &History) -> Result<(), Vec<String>> {
    let files = prepared.plan(resolved).map_err(|not_started| not_started.said)?;
    let mut differs = crate::plan::differences(&history.plan, &files);
    // Those of older runs have digits in them.
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_token = |token: &str| token.len() == TOKEN_LENGTH && token.bytes().all(is_letter);
    if !is_token(&history.token) {
        differs.push("token: the journal's is none that a run is given".to_owned());
    }
    if differs.is_empty() { Ok(()) } else { Err(differs) }
}

async fn drive(engine: Engine, folder: PathBuf, stop: watch::Receiver<Option<String>>, public: bool) -> Finished {
    let (history, stopped) = match engine.run(stop).await {
        Ok(history) => (history, None),
        Err((stopped, history)) => (*history, Some(stopped)),
    };
    let unreported = report(&folder, &history, public);
    // A run's folder lies in its environment's, and that in the folder of all runs.
    let runs = folder.parent().and_then(Path::parent).unwrap_or(&folder);
    for earlier in look_back::settle(&history, runs) {
        if let Ok(recorded) = Recorded::read(&earlier) {
            // Its journal holds what was found; a report that cannot be written can be made again from it.
            let _ = report(&earlier, &recorded.history, public);
        }
    }
    Finished { history, folder, stopped, unreported, unstored: None, untold: None }
}

fn cannot_write(folder: &Path, error: &std::io::Error) -> NotStarted {
    NotStarted::new(
        Exit::NotJudged,
        format!(
            "The journal cannot be written under {}: {error}. Nothing was done; make room or look at the permissions.",
            folder.display()
        ),
    )
}
