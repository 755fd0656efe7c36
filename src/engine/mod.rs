//! Runs a plan: asks `decide`, does what it says in each lane, and records what came of it before asking again.
//!
//! Lanes work beside each other; one recorder writes. The engine decides nothing and judges nothing itself.

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
use crate::model::{Fact, Lane, StepId};
use crate::port::{Browser, Clock, Inbox, Jar, Probe, Session};
use crate::redact::Vault;
use recorder::Recorder;
use work::{Done, Job, Outcome};

/// What stands at the rim.
#[derive(Clone)]
pub struct Ports {
    pub browser: Arc<dyn Browser>,
    pub inbox: Arc<dyn Inbox>,
    /// The test number, where the environment has one.
    pub number: Option<Arc<dyn Inbox>>,
    pub probe: Arc<dyn Probe>,
    pub clock: Arc<dyn Clock>,
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
    let mut engine = Engine::new(ports, Recorder::go_on(journal, vault, history, observer), base_ms);
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
        Self {
            ports,
            recorder,
            sessions: BTreeMap::new(),
            jars: BTreeMap::new(),
            waiting: BTreeMap::new(),
            detach: false,
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
            if let Some(due) = self.detach.then(|| only_waits(self.recorder.history(), self.now())).flatten() {
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
                        let done = done.map_err(std::io::Error::other)?;
                        idle.push(done.lane);
                        idle.sort();
                        self.finish(done)?;
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
                self.begin(jobs, lane, &command)?;
            }
        }
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
                    Some(Ok(done)) => {
                        if !idle.contains(&done.lane) {
                            idle.push(done.lane);
                        }
                        self.finish(done)?;
                    }
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

    /// Starts a job; an action's intent is written first.
    fn begin(&mut self, jobs: &mut JoinSet<Done>, lane: Lane, command: &Command) -> std::io::Result<()> {
        let since = self.now();
        let job = match *command {
            Command::Probe(when) => Job::Probe(when, self.ports.probe.clone()),
            Command::OpenBrowser => Job::Open(self.ports.browser.clone(), self.jars.remove(&lane)),
            Command::CloseBrowser => Job::CloseBrowser,
            Command::Mark(step) => Job::Mark(step, self.inbox_of(step)),
            Command::Recall(step) => {
                let ids = self.recorder.message_ids(step);
                Job::Recall(step, self.inbox_of(step), ids)
            }
            Command::Act(step) => match self.recorder.raw_act(step, self.now(), self.ports.clock.now()) {
                Ok(act) => {
                    self.record(Fact::Started { step })?;
                    self.busy_since.extend(self.ports.clock.starved_ms().map(|ms| (lane, (since, ms))));
                    Job::Act(step, act)
                }
                Err(why) => {
                    self.record(Fact::Refused { step, why })?;
                    Job::Wait(Duration::ZERO)
                }
            },
            Command::Look { step, standing } => self.look_job(step, standing, since),
            Command::Picture(step) => Job::Picture(step),
            Command::Wait { until } => Job::Wait(Duration::from_millis(until.saturating_sub(since))),
            Command::Refuse(..) | Command::Close(..) | Command::End => Job::Wait(Duration::ZERO),
        };
        // A job that does not need the browser leaves it here, where an interrupt can end it in order.
        let session = if job.needs_session() { self.sessions.remove(&lane) } else { None };
        let waits = matches!(job, Job::Wait(_));
        let handle = jobs.spawn(work::perform(lane, job, session, JOB_LONGEST));
        if waits {
            self.waiting.insert(lane, handle);
        }
        Ok(())
    }

    fn look_job(&self, step: StepId, standing: bool, since: u64) -> Job {
        if self.recorder.looks_at_page(step) {
            Job::LookAtPage { step, since }
        } else {
            let known = self.recorder.known_ids(step);
            Job::LookAtMailbox { step, since, standing, inbox: self.inbox_of(step), known }
        }
    }

    /// Where the messages of an expectation arrive. A plan that expects texts is not made without a number.
    fn inbox_of(&self, step: StepId) -> Arc<dyn Inbox> {
        match &self.ports.number {
            Some(number) if self.recorder.is_of_number(step) => number.clone(),
            Some(_) | None => self.ports.inbox.clone(),
        }
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
        self.waiting.remove(&done.lane);
        if let Some(session) = done.session {
            self.sessions.insert(done.lane, session);
        }
        let mut outcome = done.outcome;
        if let Outcome::Opened(_, jar) | Outcome::Closed(jar) = &mut outcome {
            self.jars.extend(jar.take().map(|jar| (done.lane, jar)));
        }
        let busy = matches!(outcome, Outcome::SawPage { .. }).then(|| self.busy_percent(done.lane, now)).flatten();
        self.recorder.outcome(done.lane, outcome, busy, (now, at))
    }
}

/// What needs nobody outside is just written down.
fn at_once(command: &Command) -> Option<Fact> {
    match command {
        Command::Refuse(step, why) => Some(Fact::Refused { step: *step, why: why.clone() }),
        Command::Close(step, gap) => Some(Fact::Closed { step: *step, gap: *gap }),
        Command::Probe(_)
        | Command::OpenBrowser
        | Command::CloseBrowser
        | Command::Mark(_)
        | Command::Act(_)
        | Command::Look { .. }
        | Command::Recall(_)
        | Command::Picture(_)
        | Command::Wait { .. }
        | Command::End => None,
    }
}
