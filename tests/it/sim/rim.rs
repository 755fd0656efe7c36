//! The other ports of the whole service in memory, the troubles of our own side, and a run through them all: with its
//! crashes, resumes, and processes that end to wait.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use notify_sandbox::{Alteration, Effect, Letter, Site, altered_texts};
use notify_smoke::engine::{self, Judge, Ports, Stopped};
use notify_smoke::history::History;
use notify_smoke::journal::{self, Journal};
use notify_smoke::model::{Fact, Health, MessageKind, PartHealth, Plan, PortFailure, Since};
use notify_smoke::port::{Clock, Inbox, Mark, Probe, RawMessage, Sighting, Store, Which};
use notify_smoke::redact::Vault;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::browser::SimBrowser;
use super::service::{Service, State, Truth};

/// What goes wrong on our own side, or beside the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    None,
    /// The driver is lost in this *once* action, counted from 0; it was done, or not.
    LostInAct {
        number: u32,
        done: bool,
    },
    LostInLook {
        one_in: u64,
    },
    /// Our process is stopped for up to a minute, once in so many things that it does.
    Stopped {
        one_in: u64,
    },
    /// Somebody signs in with the same user when this many pages were shown.
    SomebodyElse {
        after_pages: u32,
    },
}

/// Our own side.
#[derive(Debug)]
struct Hands {
    trouble: Trouble,
    /// Journal lines with which the process dies, and whether the line still gets to the disk.
    crashes_at: Vec<(u64, bool)>,
    lines: u64,
    pages: u32,
    acts: u32,
    held_ms: u64,
    /// Another machine goes on with what a store has: it lacks fewer lines than this.
    behind: u64,
    /// When something outside was looked at, and what.
    looks: Vec<(Instant, &'static str)>,
}

/// The service and our own side. Clones share them.
#[derive(Clone)]
pub struct World {
    pub state: Service,
    hands: Arc<Mutex<Hands>>,
}

impl World {
    pub fn new(state: State, trouble: Trouble, crashes_at: Vec<(u64, bool)>) -> Self {
        let hands =
            Hands { trouble, crashes_at, lines: 0, pages: 0, acts: 0, held_ms: 0, behind: 0, looks: Vec::new() };
        Self { state: Arc::new(Mutex::new(state)), hands: Arc::new(Mutex::new(hands)) }
    }

    /// When the job is due that was made.
    pub fn slot(&self) -> Instant {
        let state = self.state.lock().expect("the service");
        state.instant(state.jobs.last().and_then(|job| job.slot).expect("a scheduled job"))
    }

    pub fn looked(&self, at: &'static str) {
        self.hands.lock().expect("our side").looks.push((Instant::now(), at));
    }

    /// What was looked at in this time.
    pub fn looks(&self, from: Instant, until: Instant) -> Vec<&'static str> {
        let hands = self.hands.lock().expect("our side");
        hands.looks.iter().filter(|(at, _)| (from..until).contains(at)).map(|(_, what)| *what).collect()
    }

    /// When the machine dies, another one goes on, which knows nothing of the last lines.
    pub fn moving(self, behind: u64) -> Self {
        self.hands.lock().expect("our side").behind = behind;
        self
    }

    pub fn chance(&self, limit: u64) -> u64 {
        self.state.lock().expect("the service").chance.below(limit)
    }

    pub fn trouble(&self) -> Trouble {
        self.hands.lock().expect("our side").trouble
    }

    /// What the store has of a journal, where another machine goes on: whether it does.
    fn loses_the_end_of(&self, journal: &mut Vec<u8>) -> bool {
        let behind = self.hands.lock().expect("our side").behind;
        for _ in 0..if behind > 0 { self.chance(behind) } else { 0 } {
            let ends: Vec<usize> = (0..journal.len()).filter(|at| journal[*at] == b'\n').collect();
            // The first line has the plan: without it nobody knows of the run.
            if let [.., before, _] = ends.as_slice() {
                journal.truncate(before + 1);
            }
        }
        behind > 0
    }

    /// Our process may be stopped here; the world goes on.
    pub async fn may_stop(&self) {
        if let Trouble::Stopped { one_in } = self.trouble()
            && self.chance(one_in) == 0
        {
            let pause = self.chance(60_000);
            sleep(Duration::from_millis(pause)).await;
            // What is short is not noticed.
            self.hands.lock().expect("our side").held_ms += if pause > 1_000 { pause } else { 0 };
        }
    }

    /// One page more was shown: whether somebody else has signed in by now.
    pub fn somebody_else_signs_in(&self) -> bool {
        let mut hands = self.hands.lock().expect("our side");
        hands.pages += 1;
        matches!(hands.trouble, Trouble::SomebodyElse { after_pages } if hands.pages > after_pages)
    }

    /// Whether the driver is lost in this action, and whether it was done all the same.
    pub fn is_lost_in_act(&self, once: bool) -> Option<bool> {
        let mut hands = self.hands.lock().expect("our side");
        let number = hands.acts;
        hands.acts += u32::from(once);
        match hands.trouble {
            Trouble::LostInAct { number: at, done } if once && at == number => Some(done),
            _ => None,
        }
    }

    fn dies_now(&self) -> Option<bool> {
        let mut hands = self.hands.lock().expect("our side");
        hands.lines += 1;
        let number = hands.lines;
        hands.crashes_at.iter().position(|(at, _)| *at == number).map(|at| hands.crashes_at.remove(at).1)
    }
}

struct SimClock {
    started: Instant,
    world: World,
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        self.world.state.lock().expect("the service").machine_time(Instant::now())
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).expect("short")
    }

    fn starved_ms(&self) -> Option<u64> {
        self.world.state.lock().expect("the service").starves.then(|| self.elapsed_ms())
    }

    fn held_ms(&self) -> u64 {
        self.world.hands.lock().expect("our side").held_ms
    }
}

struct SimStore {
    bytes: Arc<Mutex<Vec<u8>>>,
    world: World,
}

impl Store for SimStore {
    fn append(&mut self, line: &[u8], _sync: bool) -> std::io::Result<()> {
        let dies = self.world.dies_now();
        let mut bytes = self.bytes.lock().expect("bytes");
        let kept = if dies == Some(false) { &line[..line.len() / 2] } else { line };
        bytes.extend_from_slice(kept);
        if dies != Some(false) {
            bytes.push(b'\n');
        }
        if dies.is_some() { Err(std::io::ErrorKind::Other.into()) } else { Ok(()) }
    }

    fn keep(&mut self, _name: &str, _bytes: &[u8]) -> std::io::Result<()> {
        Ok(())
    }
}

struct SimInbox(World, MessageKind);

#[async_trait]
impl Inbox for SimInbox {
    async fn mark(&self) -> Result<Mark, PortFailure> {
        let ids =
            self.look(Which::NotIn(&BTreeSet::new())).await?.messages.into_iter().map(|message| message.id).collect();
        Ok(Mark { ids, alive: Some("it answers".to_owned()), clock_offset_ms: None })
    }

    async fn look(&self, which: Which<'_>) -> Result<Sighting, PortFailure> {
        self.0.looked("mailbox");
        sleep(Duration::from_millis(20)).await;
        let found = self.listed(&which);
        self.0.may_stop().await;
        Ok(found)
    }
}

impl SimInbox {
    fn listed(&self, which: &Which<'_>) -> Sighting {
        let state = self.0.state.lock().expect("the service");
        let now = Instant::now();
        let here = state.messages.iter().filter(|message| message.kind == self.1 && message.listed <= now);
        let mut seen = Sighting::default();
        for message in here.filter(|message| which.wants(&message.id)) {
            let has = |how| message.altered.contains(&how);
            if has(Alteration::Unreadable) || has(Alteration::Neighbour) {
                seen.unreadable.push(format!("{}: encrypted", message.id));
            }
            if has(Alteration::Unreadable) {
                continue;
            }
            let arrived_at = Timestamp::from_second(state.time(message.at).as_second()).ok();
            seen.messages.extend(came(message).into_iter().map(|raw| RawMessage { arrived_at, ..raw }));
        }
        seen
    }
}

/// A message as the mailbox or number has it, with what was done to it on the way; a text may come in pieces.
fn came(message: &super::service::Message) -> Vec<RawMessage> {
    let raw = |text: String, html: Option<String>| RawMessage {
        id: message.id.clone(),
        provider_id: message.id.clone(),
        kind: message.kind,
        to: vec![message.to.to_owned()],
        from: message.from.clone(),
        subject: message.subject.clone(),
        text,
        html,
        inside: Vec::new(),
        failed_checks: Vec::new(),
        arrived_at: None,
    };
    if message.kind == MessageKind::Sms {
        let pieces = altered_texts(&message.text, &message.altered).into_iter().enumerate();
        let id = |piece| if piece == 0 { message.id.clone() } else { format!("{}-{piece}", message.id) };
        return pieces.map(|(at, text)| RawMessage { id: id(at), provider_id: id(at), ..raw(text, None) }).collect();
    }
    let letter = Letter {
        from: message.from.clone(),
        to: Some(message.to.to_owned()),
        subject: message.subject.clone(),
        text: message.text.clone(),
        html: Some(in_html(&message.text)),
        ..Letter::default()
    };
    let letter = message.altered.iter().fold(letter, |letter, how| letter.altered(*how));
    let of = |letter: &Letter| RawMessage {
        to: letter.to.iter().cloned().collect(),
        from: letter.from.clone(),
        subject: letter.subject.clone(),
        failed_checks: if letter.received.is_empty() { Vec::new() } else { vec!["dkim=fail".to_owned()] },
        ..raw(letter.text.clone(), letter.html.clone())
    };
    vec![RawMessage { inside: letter.inside.iter().map(|inside| of(inside)).collect(), ..of(&letter) }]
}

/// A mail's words as its HTML part: a link is one.
pub fn in_html(text: &str) -> String {
    let paragraph = |line: &str| {
        if line.starts_with("http") {
            format!("<p><a href=\"{0}\">{0}</a></p>", line.replace('&', "&amp;"))
        } else {
            format!("<p>{}</p>", line.replace('&', "&amp;").replace('<', "&lt;"))
        }
    };
    format!("<html><body>{}</body></html>", text.lines().map(paragraph).collect::<String>())
}

struct SimProbe(World);

#[async_trait]
impl Probe for SimProbe {
    async fn look(&self) -> Result<Health, PortFailure> {
        self.0.looked("status");
        sleep(Duration::from_millis(10)).await;
        let mut state = self.0.state.lock().expect("the service");
        let now = Instant::now();
        let ahead = state.machine_time(now).as_millisecond() - state.time(now).as_millisecond();
        let skew = i64::try_from(state.chance.below(900)).expect("small") - 450 - ahead;
        let gateway =
            state.effects(Site::Edge, "", "_status").iter().any(|effect| !matches!(effect, Effect::Challenge));
        let trouble = state.api();
        let api = !trouble.down && !trouble.unknown;
        let deployed = state.deploy().is_some_and(|(from, _)| now >= from);
        let part = |ok, version: &str| PartHealth { ok: ok && !gateway, version: version.to_owned() };
        Ok(Health {
            admin: part(true, if deployed { "2" } else { "1" }),
            api: part(api, "1"),
            clock_offset_ms: Some(skew),
            clock_error_ms: 500,
            date: None,
            refused: false,
        })
    }
}

/// What became of a run.
pub struct Outcome {
    pub history: History,
    pub truth: Truth,
    pub crashes: u32,
    pub detached: bool,
    /// Milliseconds of virtual time, without the pauses between crash and resume.
    pub worked_ms: u64,
    pub journal: Vec<u8>,
}

/// Runs a plan in a world until it has ended; its process may end to wait, where it is let. Its first process may judge by
/// other rules.
pub async fn play(told: &str, world: &World, plan: &Plan, detach: bool, judge: Option<Box<Judge>>) -> Outcome {
    let bytes = Arc::new(Mutex::new(Vec::new()));
    let ports = || Ports {
        lease: Arc::new(notify_smoke::guard::Alone),
        deploys: Arc::new(super::Unmarked),
        browser: Arc::new(SimBrowser(world.clone())),
        inbox: Arc::new(SimInbox(world.clone(), MessageKind::Email)),
        number: Some(Arc::new(SimInbox(world.clone(), MessageKind::Sms))),
        probe: Arc::new(SimProbe(world.clone())),
        clock: Arc::new(SimClock { started: Instant::now(), world: world.clone() }),
    };
    let vault = || {
        let mut vault = Vault::new(plan.links.clone(), 6).knowing(plan.senders_and_recipients(), plan.awaited_texts());
        vault.keep("user.password", "correct horse battery");
        vault
    };
    let (_tell, stop) = watch::channel(None);
    let token = world.state.lock().expect("the service").token.clone();
    let first = Fact::RunStarted {
        run: "sim".to_owned(),
        harness: "sim".to_owned(),
        plan: Box::new(plan.clone()),
        token,
        open_codes: 0,
        since: Since::default(),
        place: None,
        occasion: Box::default(),
    };
    let store = || SimStore { bytes: bytes.clone(), world: world.clone() };
    let begun = Instant::now();
    let mut paused = Duration::ZERO;
    let (mut crashes, mut detached) = (0, false);
    let started = engine::start(ports(), Journal::new(Box::new(store())), vault(), first.clone(), Box::new(|_, _| {}));
    let mut running = started.ok().map(|engine| engine.detaching(detach));
    if let Some(judge) = judge {
        running = running.map(|engine| engine.judging(judge));
    }
    let outcome = |history: History, crashes, detached, paused: Duration| {
        let worked_ms = u64::try_from((begun.elapsed() - paused).as_millis()).expect("short");
        let journal = bytes.lock().expect("bytes").clone();
        let truth = world.state.lock().expect("the service").truth.clone();
        keeps_its_secrets(told, &truth.secrets, &[&journal, notify_smoke::render::text::all(&history, "").as_bytes()]);
        Outcome { history, truth, crashes, detached, worked_ms, journal }
    };
    loop {
        let mut died = true;
        if let Some(engine) = running.take() {
            let stopped = tokio::time::timeout(Duration::from_hours(3), engine.run(stop.clone())).await;
            match stopped.unwrap_or_else(|_| panic!("{told}: a wait does not end")) {
                Ok(history) => return outcome(history, crashes, detached, paused),
                Err((Stopped::Detached(_), _)) => (detached, died) = (true, false),
                Err((Stopped::Interrupted(why), _)) => {
                    let journal = String::from_utf8_lossy(&bytes.lock().expect("bytes")).into_owned();
                    panic!("{told}: stopped by itself: {why}\n{journal}")
                }
                Err((Stopped::CannotWrite(_), _)) => crashes += 1,
            }
        } else {
            crashes += 1;
        }
        assert!(crashes < 20, "{told}: crashes for ever");
        let most = if world.chance(4) == 0 { 150_000 } else { 3_000 };
        let pause = Duration::from_millis(world.chance(most));
        sleep(pause).await;
        paused += pause;
        let mut written = bytes.lock().expect("bytes").clone();
        let moved = died && world.loses_the_end_of(&mut written);
        bytes.lock().expect("bytes").clone_from(&written);
        let Ok(replay) = journal::replay(&written) else {
            // Nothing was written, so nothing has happened.
            let event =
                notify_smoke::model::Event { v: 1, seq: 0, t: 0, at: Timestamp::UNIX_EPOCH, fact: first.clone() };
            return outcome(History::begin(&event).expect("a start"), crashes, detached, paused);
        };
        bytes.lock().expect("bytes").truncate(usize::try_from(replay.whole_bytes).expect("small"));
        let history = History::of(&replay.events).expect("a history");
        if history.ended {
            return outcome(history, crashes, detached, paused);
        }
        let journal = Journal::go_on(Box::new(store()), &replay);
        running = engine::resume(ports(), journal, vault(), history, super::resumed(), Box::new(|_, _| {})).ok();
        if moved {
            // As the program does with what was not left in order elsewhere.
            running = running.map(|engine| engine.only_looking("begun elsewhere"));
        }
    }
}

/// No twelve characters in a row of a link's secret part stand in what a run leaves.
fn keeps_its_secrets(told: &str, secrets: &[String], texts: &[&[u8]]) {
    for text in texts.iter().map(|text| String::from_utf8_lossy(text)) {
        for secret in secrets {
            let shown = (0..=secret.len() - 12).map(|at| &secret[at..at + 12]).find(|piece| text.contains(piece));
            assert_eq!(shown, None, "{told}: a piece of a secret is kept");
        }
    }
}

/// Runs something to its end on a paused clock.
pub fn on_paused_clock<T>(work: impl Future<Output = T>) -> T {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    runtime.block_on(work)
}
