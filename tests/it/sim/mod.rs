//! A seeded Notify in memory behind the ports, on a paused clock: thousands of runs a second, with any fault, delay,
//! crash and resume. Invariants, not examples. The truth (`world.rs`) knows nothing of judging, deciding, diagnosing.

mod browser;
mod checks;
mod elsewhere;
mod leases;
mod ports;
mod rim;
mod service;
mod table;
mod truth;
mod waiting;
mod way;
mod whole;
mod world;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use notify_smoke::engine::{self, Ports};
use notify_smoke::history::History;
use notify_smoke::journal::{self, Journal};
use notify_smoke::model::environment::WindowOverride;
use notify_smoke::model::{Fact, Plan, Since, Verdict};
use notify_smoke::redact::Vault;
use tokio::sync::watch;

use crate::support::reset_plan;
use ports::{MemoryStore, SimBrowser, SimClock, SimInbox, SimProbe};
use world::{Truth, World};

/// Everything is over by then, whatever happens: three pages, one mail, its settling, the looks around them, and what
/// crashes took.
const LONGEST_MS: u64 = 3 * 40_000 + 60_000 + 5_000 + 60_000;

const MAIL_ON_TIME_MS: u64 = 6_000;
const MAIL_LATE_MS: u64 = 30_000;

fn the_plan() -> Plan {
    let mail = WindowOverride {
        on_time_ms: Some(MAIL_ON_TIME_MS),
        late_ms: Some(MAIL_LATE_MS),
        settle_ms: Some(2_000),
        ..WindowOverride::default()
    };
    reset_plan(500, &[("email-internal", mail)])
}

/// Where nobody marks a deploy.
struct Unmarked;

#[async_trait::async_trait]
impl notify_smoke::port::Deploys for Unmarked {
    async fn marks(&self, _: u64) -> Result<Vec<notify_smoke::port::AgedMark>, notify_smoke::port::Away> {
        Ok(Vec::new())
    }
}

/// A run in the simulated world, with its crashes.
struct Outcome {
    history: History,
    truth: Truth,
    crashes: u32,
    /// Milliseconds of virtual time, without the pauses between crash and resume.
    worked_ms: u64,
    journal: Vec<u8>,
}

async fn simulate(seed: u64, clean: bool) -> Outcome {
    let world = World::new(seed, clean);
    let bytes = Arc::new(Mutex::new(Vec::new()));
    let mut crashes = 0;
    let begun = tokio::time::Instant::now();
    let mut paused = Duration::ZERO;
    let ports = || Ports {
        lease: Arc::new(notify_smoke::guard::Alone),
        deploys: Arc::new(Unmarked),
        browser: Arc::new(SimBrowser(world.clone())),
        inbox: Arc::new(SimInbox(world.clone())),
        number: None,
        probe: Arc::new(SimProbe(world.clone())),
        clock: Arc::new(SimClock::start(&world)),
    };
    let vault = || {
        let mut vault = Vault::new(the_plan_cached().links.clone(), 6)
            .knowing(the_plan_cached().senders_and_recipients(), the_plan_cached().awaited_texts());
        vault.keep("user.password", "correct horse battery");
        vault
    };
    let (_tell, stop) = watch::channel(None);
    let first = Fact::RunStarted {
        run: format!("sim-{seed}"),
        harness: "sim".to_owned(),
        plan: Box::new(the_plan_cached().clone()),
        token: format!("token{seed:016x}"),
        open_codes: 0,
        since: Since::default(),
        place: None,
        occasion: Box::default(),
    };
    let store = MemoryStore { bytes: bytes.clone(), world: world.clone() };
    let started = engine::start(ports(), Journal::new(Box::new(store)), vault(), first, Box::new(|_, _| {}));
    let mut running = started.ok();
    loop {
        if let Some(engine) = running.take() {
            let limit = Duration::from_hours(1);
            let stopped = tokio::time::timeout(limit, engine.run(stop.clone())).await;
            let stopped = stopped.unwrap_or_else(|_| panic!("seed {seed}: a wait does not end"));
            if let Err((engine::Stopped::Interrupted(why), _)) = &stopped {
                let journal = String::from_utf8_lossy(&bytes.lock().expect("bytes")).into_owned();
                panic!("seed {seed}: stopped by itself: {why}\n{journal}");
            }
            if let Ok(history) = stopped {
                let journal = bytes.lock().expect("bytes").clone();
                let worked_ms = u64::try_from((begun.elapsed() - paused).as_millis()).expect("a short run");
                return Outcome { history, truth: world.truth(), crashes, worked_ms, journal };
            }
        }
        crashes += 1;
        assert!(crashes < 20, "seed {seed}: crashes for ever");
        let pause = world.pause_after_crash();
        tokio::time::sleep(pause).await;
        paused += pause;
        let written = bytes.lock().expect("bytes").clone();
        let Ok(replay) = journal::replay(&written) else {
            // Not even the first event was written, so nothing has happened, and there is nothing to resume.
            let mut history = History::begin(&begin_event(seed)).expect("a start");
            history.ended = false;
            return Outcome { history, truth: world.truth(), crashes, worked_ms: 0, journal: written };
        };
        bytes.lock().expect("bytes").truncate(usize::try_from(replay.whole_bytes).expect("small"));
        let history = History::of(&replay.events).expect("a history");
        if history.ended {
            // Killed after its last line: there is nothing to go on with.
            return Outcome { history, truth: world.truth(), crashes, worked_ms: 0, journal: written };
        }
        let store = MemoryStore { bytes: bytes.clone(), world: world.clone() };
        let resumed = engine::resume(
            ports(),
            Journal::go_on(Box::new(store), &replay),
            vault(),
            history,
            resumed(),
            Box::new(|_, _| {}),
        );
        running = resumed.ok();
    }
}

fn begin_event(seed: u64) -> notify_smoke::model::Event {
    notify_smoke::model::Event {
        v: 1,
        seq: 0,
        t: 0,
        at: Timestamp::UNIX_EPOCH,
        fact: Fact::RunStarted {
            run: format!("sim-{seed}"),
            harness: "sim".to_owned(),
            plan: Box::new(the_plan_cached().clone()),
            token: String::new(),
            open_codes: 0,
            since: Since::default(),
            place: None,
            occasion: Box::default(),
        },
    }
}

fn the_plan_cached() -> &'static Plan {
    static PLAN: std::sync::OnceLock<Plan> = std::sync::OnceLock::new();
    PLAN.get_or_init(the_plan)
}

fn run(seed: u64, clean: bool) -> Outcome {
    if std::env::var("NOTIFY_SMOKE_SEED").is_ok_and(|only| only != seed.to_string()) {
        return run(std::env::var("NOTIFY_SMOKE_SEED").expect("set").parse().expect("a seed"), clean);
    }
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    runtime.block_on(simulate(seed, clean))
}

/// What must hold of every run.
fn invariants(seed: u64, outcome: &Outcome) {
    let verdict = outcome.history.verdict();
    let truth = &outcome.truth;
    assert!(truth.presses <= 1, "seed {seed}: pressed {} times", truth.presses);
    let late = outcome.worked_ms > LONGEST_MS + u64::from(outcome.crashes) * 60_000;
    assert!(!late, "seed {seed}: {} ms of work", outcome.worked_ms);
    if verdict == Verdict::Passed {
        assert_eq!(truth.presses, 1, "seed {seed}: passed without a press");
        assert_eq!(truth.our_mails_by_end.len(), 1, "seed {seed}: passed with {:?}", truth.our_mails_by_end);
        let after = truth.our_mails_by_end[0].after_press_ms;
        assert!(after <= MAIL_ON_TIME_MS, "seed {seed}: passed with a mail after {after} ms");
        assert!(truth.our_mails_by_end[0].right, "seed {seed}: passed with a wrong mail");
        assert!(
            truth.form_shown && truth.answer_shown && truth.link_page_shown,
            "seed {seed}: passed unseen: {truth:?}"
        );
    }
    if matches!(verdict, Verdict::Failed | Verdict::Degraded) {
        let journal = String::from_utf8_lossy(&outcome.journal);
        let innocent = "though the service did nothing wrong";
        assert!(truth.service_at_fault, "seed {seed}: {verdict} {innocent}: {truth:?}\n{journal}");
    }
    let text = String::from_utf8_lossy(&outcome.journal);
    assert!(!text.contains(&world::secret_of(seed)), "seed {seed}: the link's token is in the journal");
    assert!(!text.contains("correct horse battery"), "seed {seed}: the password is in the journal");
}

/// Runs `count` seeds on all cores and gives what `each` made of them.
fn all_seeds<T: Send>(count: u64, each: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let each = &each;
    std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads)
            .map(|thread| scope.spawn(move || (thread as u64..count).step_by(threads).map(each).collect::<Vec<T>>()))
            .collect();
        handles.into_iter().flat_map(|handle| handle.join().expect("a failing seed is printed above")).collect()
    })
}

fn seeds() -> u64 {
    std::env::var("NOTIFY_SMOKE_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(10_000)
}

/// Seeds that once failed: a look whose judgement was lost in a crash; a mail that came while the mailbox was blind.
const REGRESSIONS: [u64; 3] = [6_390, 6_849, 11_072];

#[test]
fn seeds_that_once_failed_hold() {
    for seed in REGRESSIONS {
        invariants(seed, &run(seed, false));
    }
}

#[test]
fn invariants_hold_for_every_seed() {
    let verdicts = all_seeds(seeds(), |seed| {
        let outcome = run(seed, false);
        invariants(seed, &outcome);
        (outcome.history.verdict(), outcome.crashes)
    });
    // A world in which some verdict never occurs would test nothing of it.
    for verdict in [
        Verdict::Passed,
        Verdict::Degraded,
        Verdict::NotVerified,
        Verdict::Inconclusive,
        Verdict::Errored,
        Verdict::Failed,
    ] {
        let count = verdicts.iter().filter(|(found, _)| *found == verdict).count();
        assert!(count * 200 > verdicts.len(), "{verdict} in only {count} of {} runs", verdicts.len());
    }
    let resumed_and_passed =
        verdicts.iter().filter(|(found, crashes)| *found == Verdict::Passed && *crashes > 0).count();
    assert!(resumed_and_passed * 100 > verdicts.len(), "only {resumed_and_passed} resumed runs passed");
}

#[test]
fn a_clean_service_always_passes() {
    let wrong: Vec<u64> = all_seeds(seeds() / 5, |seed| (seed, run(seed, true).history.verdict()))
        .into_iter()
        .filter(|(_, verdict)| *verdict != Verdict::Passed)
        .map(|(seed, _)| seed)
        .collect();
    assert!(wrong.is_empty(), "clean seeds that did not pass: {wrong:?}");
}

#[test]
fn a_passed_journal_without_any_met_or_without_its_tail_is_not_passed() {
    let clean = run(0, true);
    assert_eq!(clean.history.verdict(), Verdict::Passed);
    let crashed: Vec<Outcome> = (0..2_000)
        .map(|seed| run(seed, false))
        .filter(|outcome| outcome.crashes > 0 && outcome.history.verdict() == Verdict::Passed)
        .take(40)
        .collect();
    assert_eq!(crashed.len(), 40, "too few resumed runs passed");
    for outcome in std::iter::once(clean).chain(crashed) {
        every_met_and_every_tail_counts(&outcome.journal);
    }
}

fn every_met_and_every_tail_counts(journal: &[u8]) {
    let events = journal::replay(journal).expect("a journal").events;
    let mut met = 0;
    for (index, event) in events.iter().enumerate().skip(1) {
        let cut = History::of(&events[..index]).expect("a history");
        assert_ne!(cut.verdict(), Verdict::Passed, "cut before event {index}");
        if matches!(&event.fact, Fact::Checked { check, .. } if check.is_met()) {
            met += 1;
            let without: Vec<_> = events.iter().filter(|other| other.seq != event.seq).cloned().collect();
            let history = History::of(&without).expect("a history");
            assert_ne!(history.verdict(), Verdict::Passed, "without event {index}");
        }
    }
    assert!(met >= 5, "only {met} met checks");
    // Taken out of the file itself, the chain shows it.
    let lines: Vec<&[u8]> = journal.split_inclusive(|byte| *byte == b'\n').collect();
    for index in 0..lines.len() - 1 {
        let others = lines.iter().enumerate().filter(|(other, _)| *other != index);
        let without: Vec<u8> = others.flat_map(|(_, line)| line.to_vec()).collect();
        assert!(journal::replay(&without).is_err(), "line {index} can be taken out");
    }
}

/// What another process writes first.
fn resumed() -> Fact {
    Fact::RunResumed { harness: "sim".to_owned(), place: None }
}
