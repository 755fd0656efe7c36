//! Runs a plan: asks `decide`, does what it says in each lane, and records what came of it before asking again.
//!
//! Lanes work beside each other; one recorder writes. The engine decides nothing and judges nothing itself.

mod begin;
mod leased;
mod recorder;
mod work;

pub use recorder::{Judge, Observer};

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

use crate::decide::{Command, decide, only_waits, wind_down};
use crate::history::History;
use crate::journal::Journal;
use crate::model::{Fact, Lane};
use crate::port::{Browser, Clock, Deploys, Inbox, Jar, Lease, Probe, Session};
use crate::redact::Vault;
use begin::at_once;
use leased::{Ask, Turn};
use recorder::Recorder;
use work::{Done, Outcome};

/// What stands at the rim.
#[derive(Clone)]
pub struct Ports {
    pub browser: Arc<dyn Browser>,
    pub inbox: Arc<dyn Inbox>,
    /// The test number, where the environment has one.
    pub number: Option<Arc<dyn Inbox>>,
    pub probe: Arc<dyn Probe>,
    pub clock: Arc<dyn Clock>,
    /// On what the run shares with others.
    pub lease: Arc<dyn Lease>,
    pub deploys: Arc<dyn Deploys>,
}

/// Why a run stopped before its end.
#[derive(Debug)]
pub enum Stopped {
    /// Somebody asked for it; the run can be resumed.
    Interrupted(String),
    /// There is nothing to do before this time; the run is to be resumed then.
    Detached(Timestamp),
    /// The journal could not be written: what is not written has not happened, so nothing more is done.
    CannotWrite(std::io::Error),
}

/// A port that takes longer than this to do one thing has failed to bound itself; the program goes on without it.
const JOB_LONGEST: Duration = Duration::from_mins(2);

/// A build machine that cancels a job sends SIGINT, and 7.5 s later SIGTERM.
const WIND_DOWN_LONGEST: Duration = Duration::from_secs(6);

/// A machine is busy where something waits for a processor for most of the time, and of no interest for less than a second.
const BUSY_PERCENT: u8 = 80;
const BUSY_LEAST_MS: u64 = 1_000;

/// One run.
pub struct Engine {
    ports: Ports,
    recorder: Recorder,
    sessions: BTreeMap<Lane, Box<dyn Session>>,
    /// What closed browsers left behind; never written.
    jars: BTreeMap<Lane, Jar>,
    /// Lanes whose job is to wait, which may be broken off.
    waiting: BTreeMap<Lane, AbortHandle>,
    /// Whether the process ends when there is nothing to do but to wait for a time of the service's.
    detach: bool,
    /// When the last look before that was begun, in milliseconds of the run.
    parting: Option<u64>,
    turn: Turn,
    /// Milliseconds of the run that earlier processes have used.
    base_ms: u64,
    /// For how long this process was held up, as far as that is written.
    held_ms: u64,
    /// When each lane's last action was begun, and how long something had waited for a processor until then.
    busy_since: BTreeMap<Lane, (u64, u64)>,
}

/// Begins a run: writes its first event.
///
/// # Errors
/// When the journal cannot be written.
pub fn start(
    ports: Ports,
    journal: Journal,
    vault: Vault,
    first: Fact,
    observer: Box<Observer>,
) -> std::io::Result<Engine> {
    let recorder = Recorder::start(journal, vault, first, ports.clock.now(), observer)?;
    Ok(Engine::new(ports, recorder, 0))
}

/// Goes on with a run that another process left.
///
/// # Errors
/// When the journal cannot be written.
pub fn resume(
    ports: Ports,
    journal: Journal,
    vault: Vault,
    history: History,
    resumed: Fact,
    observer: Box<Observer>,
) -> std::io::Result<Engine> {
    let away = ports.clock.now().duration_since(history.started_at).as_millis();
    let base_ms = u64::try_from(away).unwrap_or(0).max(history.last.t);
    let given_back = history.detached.map(|_| history.last.t);
    let mut engine = Engine::new(ports, Recorder::go_on(journal, vault, history, observer), base_ms);
    engine.turn.gave_back(given_back);
    engine.record(resumed)?;
    Ok(engine)
}

/// Why the work ended.
enum End {
    Ended,
    Stopped(String),
    Detached(Timestamp),
}

impl Engine {
    fn new(ports: Ports, recorder: Recorder, base_ms: u64) -> Self {
        let held_ms = ports.clock.held_ms();
        let turn = Turn::new(ports.lease.clone(), false);
        Self {
            ports,
            recorder,
            sessions: BTreeMap::new(),
            jars: BTreeMap::new(),
            waiting: BTreeMap::new(),
            detach: false,
            parting: None,
            turn,
            base_ms,
            held_ms,
            busy_since: BTreeMap::new(),
        }
    }

    /// Lets the process end when there is nothing to do but to wait for a time of the service's.
    #[must_use]
    pub fn detaching(mut self, detach: bool) -> Self {
        self.detach = detach;
        self
    }

    /// Goes on with a lease that was taken before the run began.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub fn leased(mut self, waited_ms: u64, behind: Option<String>, unasked: Option<String>) -> std::io::Result<Self> {
        self.turn = Turn::new(self.ports.lease.clone(), true);
        if let Some(leased) = self.turn.told(waited_ms, behind, unasked) {
            self.record(Fact::Leased(leased))?;
        }
        Ok(self)
    }

    /// Does nothing in a browser any more, for this reason; what was done before is still looked for.
    #[must_use]
    pub fn only_looking(mut self, why: &str) -> Self {
        self.turn.forbid(why);
        self
    }

    /// Judges looks by other rules than the usual ones.
    #[must_use]
    pub fn judging(mut self, judge: Box<Judge>) -> Self {
        self.recorder.judge_by(judge);
        self
    }

    fn now(&self) -> u64 {
        self.base_ms + self.ports.clock.elapsed_ms()
    }

    fn record(&mut self, fact: Fact) -> std::io::Result<()> {
        let now = self.now();
        self.recorder.record(fact, now, self.ports.clock.now())
    }

    /// Before anything is concluded from what did not come: was there anybody to see it?
    fn note_holds(&mut self) -> std::io::Result<()> {
        let held = self.ports.clock.held_ms();
        let new = held.saturating_sub(self.held_ms);
        if new == 0 {
            return Ok(());
        }
        self.held_ms = held;
        self.record(Fact::Held { ms: new })
    }

    /// Works until the run has ended.
    ///
    /// # Errors
    /// [`Stopped`] when it did not come to its end.
    pub async fn run(mut self, mut stop: watch::Receiver<Option<String>>) -> Result<History, (Stopped, Box<History>)> {
        let mut jobs: JoinSet<Done> = JoinSet::new();
        let outcome = self.work(&mut jobs, &mut stop).await;
        jobs.shutdown().await;
        for (_, session) in std::mem::take(&mut self.sessions) {
            session.close().await;
        }
        self.turn.end().await;
        let stopped = match outcome {
            Ok(End::Ended) => return Ok(self.recorder.into_history()),
            Ok(End::Stopped(signal)) => Stopped::Interrupted(signal),
            Ok(End::Detached(due)) => match self.record(Fact::Detached { due }) {
                Ok(()) => Stopped::Detached(due),
                Err(error) => Stopped::CannotWrite(error),
            },
            Err(error) => Stopped::CannotWrite(error),
        };
        Err((stopped, Box::new(self.recorder.into_history())))
    }

    async fn work(
        &mut self,
        jobs: &mut JoinSet<Done>,
        stop: &mut watch::Receiver<Option<String>>,
    ) -> std::io::Result<End> {
        let mut idle: Vec<Lane> = vec![Lane::Run];
        idle.extend(self.recorder.history().lanes.keys());
        loop {
            let signal = stop.borrow_and_update().clone();
            if let Some(signal) = signal {
                return self.wind_down(jobs, stop, idle, signal).await.map(End::Stopped);
            }
            let waits_until = only_waits(self.recorder.history(), self.now());
            if waits_until.is_some() {
                self.turn.give_back(self.now()).await;
            }
            if waits_until.is_some() && self.detach {
                self.look_before_parting(jobs, &mut idle)?;
            }
            if let Some(due) = waits_until.filter(|_| self.may_part()) {
                let left = i64::try_from(due.saturating_sub(self.now())).unwrap_or(i64::MAX);
                let now = self.ports.clock.now();
                let due = now.saturating_add(SignedDuration::from_millis(left)).unwrap_or(now);
                return Ok(End::Detached(due));
            }
            self.note_holds()?;
            let commands = decide(self.recorder.history(), self.now(), &idle);
            if commands.is_empty() {
                tokio::select! {
                    done = jobs.join_next() => {
                        let Some(done) = done else { return self.stuck() };
                        self.ended(done.map_err(std::io::Error::other)?, &mut idle)?;
                    }
                    _ = stop.changed() => {}
                }
                continue;
            }
            for (lane, command) in commands {
                if command == Command::End {
                    self.record(Fact::RunEnded)?;
                    return Ok(End::Ended);
                }
                if let Some(fact) = at_once(&command) {
                    self.record(fact)?;
                    continue;
                }
                idle.retain(|known| *known != lane);
                match self.turn.holds_up(&command, lane) {
                    Some(Ask::Waits) => {}
                    Some(Ask::Begins(lease)) => {
                        jobs.spawn(async { Done::of_run(Outcome::Leased(leased::ask(lease).await)) });
                    }
                    None => self.begin(jobs, lane, &command)?,
                }
            }
        }
    }

    /// A job has come to its end: its lane is idle again, or all that waited for the lease.
    fn ended(&mut self, done: Done, idle: &mut Vec<Lane>) -> std::io::Result<()> {
        if let Outcome::Leased(taken) = done.outcome {
            let (lanes, told) = self.turn.came(taken);
            idle.extend(lanes);
            if let Some(leased) = told {
                self.record(Fact::Leased(leased))?;
            }
        } else {
            if !idle.contains(&done.lane) {
                idle.push(done.lane);
            }
            self.finish(done)?;
        }
        idle.sort();
        Ok(())
    }

    /// Somebody stops the run: what waits is let go, and a job that has not begun is cancelled, within a few seconds. Who
    /// asks a second time gets his end at once.
    async fn wind_down(
        &mut self,
        jobs: &mut JoinSet<Done>,
        stop: &mut watch::Receiver<Option<String>>,
        mut idle: Vec<Lane>,
        signal: String,
    ) -> std::io::Result<String> {
        for (lane, waiting) in std::mem::take(&mut self.waiting) {
            waiting.abort();
            idle.push(lane);
        }
        idle.sort();
        idle.dedup();
        self.record(Fact::Interrupted { signal: signal.clone() })?;
        let deadline = tokio::time::Instant::now() + WIND_DOWN_LONGEST;
        loop {
            for (lane, command) in wind_down(self.recorder.history(), self.now(), &idle) {
                idle.retain(|known| *known != lane);
                self.begin(jobs, lane, &command)?;
            }
            if idle.len() == self.recorder.history().lanes.len() + 1 {
                return Ok(signal);
            }
            tokio::select! {
                done = jobs.join_next() => match done {
                    Some(Ok(done)) => self.ended(done, &mut idle)?,
                    // What waited was let go.
                    Some(Err(error)) if error.is_cancelled() => {}
                    Some(Err(error)) => return Err(std::io::Error::other(error)),
                    None => return Ok(signal),
                },
                () = tokio::time::sleep_until(deadline) => return Ok(signal),
                _ = stop.changed() => return Ok(signal),
            }
        }
    }

    /// Nobody knows what to do next: an error of this program, which must not look like a wait.
    fn stuck(&mut self) -> std::io::Result<End> {
        let signal = "nothing left to decide".to_owned();
        self.record(Fact::Interrupted { signal: signal.clone() })?;
        Ok(End::Stopped(signal))
    }

    /// Where something on this machine waited for a processor for most of the time since a lane's last action: for how
    /// many percent of it.
    fn busy_percent(&self, lane: Lane, now: u64) -> Option<u8> {
        let (since, before) = self.busy_since.get(&lane)?;
        let (took, starved) = (now.saturating_sub(*since), self.ports.clock.starved_ms()?.saturating_sub(*before));
        let percent = starved.saturating_mul(100).checked_div(took)?.min(100);
        u8::try_from(percent).ok().filter(|percent| took >= BUSY_LEAST_MS && *percent >= BUSY_PERCENT)
    }

    /// Records what came of a job.
    fn finish(&mut self, done: Done) -> std::io::Result<()> {
        self.note_holds()?;
        let now = self.now();
        let at = self.ports.clock.now();
        if let Some(leased) = self.turn.told(0, None, done.unasked) {
            self.record(Fact::Leased(leased))?;
        }
        self.waiting.remove(&done.lane);
        if let Some(session) = done.session {
            self.sessions.insert(done.lane, session);
        }
        let mut outcome = done.outcome;
        if let Outcome::SawMailbox { by, .. } = &mut outcome {
            let by = by.take().filter(|_| self.recorder.history().shared_since.is_none());
            if let Some(shared) = self.turn.shared(by) {
                self.record(shared)?;
            }
        }
        if let Outcome::Opened(_, jar) | Outcome::Closed(jar) = &mut outcome {
            self.jars.extend(jar.take().map(|jar| (done.lane, jar)));
        }
        if let Some(met) = done.met {
            self.recorder.outcome(done.lane, Outcome::Probed(met), None, (now, at))?;
        }
        let busy = matches!(outcome, Outcome::SawPage { .. }).then(|| self.busy_percent(done.lane, now)).flatten();
        self.recorder.outcome(done.lane, outcome, busy, (now, at))
    }
}
