//! The whole run book in memory: reset beside login and scheduled list, with second tries, controls, crashes, resumes and
//! runs that end their process to wait. What is true is decided here, and knows nothing of judging.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use notify_smoke::engine::{self, Ports, Stopped};
use notify_smoke::history::History;
use notify_smoke::journal::{self, Journal};
use notify_smoke::model::environment::{TargetTemplate, WindowOverride};
use notify_smoke::model::{
    Acted, Fact, FailureKind, Health, Lane, MessageKind, PartHealth, Plan, PortFailure, Since, Verdict,
};
use notify_smoke::port::{
    Browser, Clock, Inbox, Jar, Mark, MaskedPng, Probe, RawAct, RawControl, RawLink, RawMessage, RawPage, Session,
    Store, Which,
};
use notify_smoke::redact::Vault;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::world::{Chance, wall};
use super::{all_seeds, seeds};

const SLOT_S: i64 = 120;
const TICK_MS: u64 = 30_000;
const USER: &str = "smoke@notify.gov";
const MOBILE: &str = "+12025550123";
const SENDER: &str = "+18556438890";
/// Everything is over by then: the wait for a slot, every window, a control, and what crashes took.
const LONGEST_MS: u64 = 600_000;

fn window(on_time: u64, late: u64) -> WindowOverride {
    WindowOverride {
        on_time_ms: Some(on_time * 1_000),
        late_ms: Some(late * 1_000),
        settle_ms: Some(2_000),
        ..WindowOverride::default()
    }
}

fn the_plan() -> &'static Plan {
    static PLAN: std::sync::OnceLock<Plan> = std::sync::OnceLock::new();
    PLAN.get_or_init(|| {
        let windows = [
            ("email-internal", window(6, 30)),
            ("sms-code", WindowOverride { second_try_ms: Some(9_000), ..window(6, 30) }),
            ("job-pickup", window(10, 45)),
            (
                "job-rows-email",
                WindowOverride { standstill_ms: Some(20_000), while_moving_ms: Some(90_000), ..window(15, 60) },
            ),
            ("heartbeat", WindowOverride { settle_ms: Some(0), ..window(6, 6) }),
        ];
        let template = TargetTemplate {
            name: "Smoke".to_owned(),
            sender: "service@notify.gov".to_owned(),
            subject: "Smoke ((run))".to_owned(),
            text: "Row ((row)) of ((run)).".to_owned(),
        };
        let ids = ["password-reset", "login", "scheduled-send", "heartbeat"];
        crate::support::plan_of(&ids, 500, &windows, [(MessageKind::Email, template)].into(), Some(20_000))
    })
}

/// What the service is going to do wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    ResetSilent,
    CodeSilent,
    FirstCodeLost,
    FirstCodeLate,
    UploadError,
    SchedulerStopped,
    SchedulerLate,
    WorkerStopped,
    FileUnreadable,
    RowLost,
    RowTwice,
    RowWrong,
    RowsLate,
    SentAtOnce,
}

const FAULTS: [Fault; 14] = [
    Fault::ResetSilent,
    Fault::CodeSilent,
    Fault::FirstCodeLost,
    Fault::FirstCodeLate,
    Fault::UploadError,
    Fault::SchedulerStopped,
    Fault::SchedulerLate,
    Fault::WorkerStopped,
    Fault::FileUnreadable,
    Fault::RowLost,
    Fault::RowTwice,
    Fault::RowWrong,
    Fault::RowsLate,
    Fault::SentAtOnce,
];

/// What goes wrong on our own side, or beside the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    None,
    /// The driver is lost in this *once* action, counted from 0; it was done, or not.
    LostInAct {
        number: u32,
        done: bool,
    },
    LostInLook {
        one_in: u64,
    },
    /// Somebody signs in with the same user when this many pages were shown.
    SomebodyElse {
        after_pages: u32,
    },
}

#[derive(Debug, Clone)]
struct Message {
    id: String,
    at: Instant,
    kind: MessageKind,
    from: String,
    subject: String,
    text: String,
}

#[derive(Debug, Clone, Default)]
struct Truth {
    resets: u32,
    codes: u32,
    sign_ins: u32,
    uploads: u32,
    jobs: u32,
    /// Rows with the time from the slot to their arrival; those sent before it have a negative one.
    rows: Vec<(usize, i64)>,
    reset_after_ms: Option<u64>,
    first_code_came: bool,
}

struct State {
    chance: Chance,
    fault: Fault,
    trouble: Trouble,
    crashes_at: Vec<(u64, bool)>,
    lines: u64,
    born: Instant,
    /// When the clock of the machine that tests is set, in milliseconds after the world's birth, and by how many seconds.
    clock_set: Option<(u64, i64)>,
    messages: Vec<Message>,
    live_codes: Vec<String>,
    signed_in: bool,
    thrown_out: bool,
    pages: u32,
    acts: u32,
    job: Option<(Instant, String)>,
    token: String,
    truth: Truth,
}

type World = Arc<Mutex<State>>;

fn world(seed: u64, clean: bool) -> World {
    let mut chance = Chance::new(seed.wrapping_mul(0x9e6c_63d0_876a_3f6b) ^ 0x0b0e);
    let fault =
        if clean || chance.one_in(3) { Fault::None } else { FAULTS[usize::try_from(chance.below(14)).expect("small")] };
    let trouble = if clean || !chance.one_in(3) {
        Trouble::None
    } else {
        match chance.below(3) {
            0 => Trouble::LostInAct { number: u32::try_from(chance.below(9)).expect("small"), done: chance.one_in(2) },
            1 => Trouble::LostInLook { one_in: 4 + chance.below(30) },
            _ => Trouble::SomebodyElse { after_pages: 3 + u32::try_from(chance.below(14)).expect("small") },
        }
    };
    let mut crashes_at = Vec::new();
    while !clean && chance.one_in(3) && crashes_at.len() < 3 {
        crashes_at.push((1 + chance.below(130), chance.one_in(2)));
    }
    // The run begins anywhere between two slots.
    let born = Instant::now() - Duration::ZERO;
    Arc::new(Mutex::new(State {
        chance,
        fault,
        trouble,
        crashes_at,
        lines: 0,
        born,
        clock_set: None,
        messages: Vec::new(),
        live_codes: Vec::new(),
        signed_in: false,
        thrown_out: false,
        pages: 0,
        acts: 0,
        job: None,
        token: format!("token{seed:016x}"),
        truth: Truth::default(),
    }))
}

impl State {
    /// The service's own.
    fn time(&self, at: Instant) -> Timestamp {
        wall(self.born, at)
    }

    /// By the clock of the machine that tests, which somebody may set in the middle of a run.
    fn machine_time(&self, at: Instant) -> Timestamp {
        let set = self.clock_set.filter(|(after, _)| at >= self.born + Duration::from_millis(*after));
        self.time(at) + jiff::SignedDuration::from_secs(set.map_or(0, |(_, by_s)| by_s))
    }

    fn send(&mut self, delay_ms: u64, kind: MessageKind, from: &str, subject: &str, text: String) {
        let id = format!("m{:016x}", self.chance.below(u64::MAX));
        let at = Instant::now() + Duration::from_millis(delay_ms);
        self.messages.push(Message { id, at, kind, from: from.to_owned(), subject: subject.to_owned(), text });
    }

    fn reset(&mut self, next: &str) {
        use base64::Engine as _;
        self.truth.resets += 1;
        if self.fault == Fault::ResetSilent || (self.fault == Fault::WorkerStopped && self.job.is_some()) {
            return;
        }
        let seconds = u32::try_from(self.time(Instant::now()).as_second()).expect("before 2106").to_be_bytes();
        let time = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(seconds);
        let secret = self.chance.below(u64::MAX);
        let next = next.replace('/', "%2F").replace('=', "%3D").replace('?', "%3F");
        let link = format!("http://notify.test/new-password/S{secret:x}.{time}.Sig?next={next}");
        let delay = 50 + self.chance.below(2_000);
        self.truth.reset_after_ms.get_or_insert(delay);
        self.send(delay, MessageKind::Email, "testsender@notify.gov", "Reset your U.S. Notify password", link);
    }

    fn code(&mut self) {
        self.truth.codes += 1;
        let code = format!("{:06}", self.chance.below(1_000_000));
        let first = self.truth.codes == 1;
        self.live_codes.push(code.clone());
        let delay = match self.fault {
            Fault::CodeSilent => return,
            Fault::FirstCodeLost if first => return,
            Fault::FirstCodeLate if first => 12_000 + self.chance.below(8_000),
            _ => 50 + self.chance.below(1_500),
        };
        self.truth.first_code_came |= first;
        let text = format!("{code} is your U.S. Notify authentication code");
        self.send(delay, MessageKind::Sms, SENDER, "", text);
    }

    /// A job for this time: from here on the service works by itself.
    fn make_job(&mut self, slot: Timestamp) {
        self.truth.jobs += 1;
        let now = Instant::now();
        let until = slot.duration_since(self.time(now)).as_millis();
        let until_ms = u64::try_from(until).unwrap_or(0);
        self.job = Some((now + Duration::from_millis(until_ms), self.token.clone()));
        let quick = 200 + self.chance.below(1_500);
        let start = match self.fault {
            Fault::SchedulerStopped | Fault::WorkerStopped | Fault::FileUnreadable => return,
            Fault::SchedulerLate => until_ms + TICK_MS + quick,
            Fault::SentAtOnce => quick,
            _ => until_ms + quick,
        };
        for row in 0..2_usize {
            let name = ["one", "two"][row];
            let copies = if self.fault == Fault::RowTwice && row == 0 { 2 } else { 1 };
            let late = if self.fault == Fault::RowsLate { 22_000 + self.chance.below(15_000) } else { 0 };
            if self.fault == Fault::RowLost && row == 1 {
                continue;
            }
            for _ in 0..copies {
                let delay = start + late + self.chance.below(300);
                let after = i64::try_from(delay).expect("short") - i64::try_from(until_ms).expect("short");
                self.truth.rows.push((row, after));
                let word = if self.fault == Fault::RowWrong { "" } else { name };
                let (token, subject) = (self.token.clone(), format!("Smoke {}", self.token));
                self.send(delay, MessageKind::Email, "service@notify.gov", &subject, format!("Row {word} of {token}."));
            }
        }
    }

    /// What the job's page shows.
    fn job_page(&self, page: &mut RawPage) {
        let Some((slot, token)) = &self.job else { return };
        page.headings = vec![format!("smoke-{token}.csv")];
        let now = Instant::now();
        let started = match self.fault {
            Fault::SchedulerStopped | Fault::WorkerStopped => None,
            Fault::SchedulerLate => Some(*slot + Duration::from_millis(TICK_MS)),
            Fault::SentAtOnce => Some(*slot - Duration::from_mins(2)),
            _ => Some(*slot),
        };
        let words = self.time(*slot).strftime("at %H:%M UTC").to_string();
        if started.is_none_or(|started| now < started) {
            page.buttons = vec!["Cancel sending".to_owned()];
            page.text = format!("Sending Smoke today {words}");
            return;
        }
        let shown = self.messages.iter().filter(|message| message.subject.starts_with("Smoke") && message.at <= now);
        let rows: Vec<Vec<String>> = shown.map(|_| vec![USER.to_owned(), "Sending".to_owned()]).collect();
        page.text = format!("Report is {}% complete… {words}", rows.len() * 49);
        let head = vec!["Recipient".to_owned(), "Status".to_owned()];
        page.tables = vec![std::iter::once(head).chain(rows).collect()];
    }
}

fn failure(kind: FailureKind, text: &str) -> PortFailure {
    PortFailure::new(kind, text)
}

struct SimClock {
    started: Instant,
    world: World,
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        self.world.lock().expect("the world").machine_time(Instant::now())
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).expect("short")
    }
}

struct SimStore {
    bytes: Arc<Mutex<Vec<u8>>>,
    world: World,
}

impl Store for SimStore {
    fn append(&mut self, line: &[u8], _sync: bool) -> std::io::Result<()> {
        let mut state = self.world.lock().expect("the world");
        state.lines += 1;
        let number = state.lines;
        let dies = state.crashes_at.iter().position(|(at, _)| *at == number).map(|at| state.crashes_at.remove(at).1);
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Blank,
    Forgot,
    CheckEmail,
    NewPassword,
    SignIn,
    Phone,
    Resend,
    Dashboard,
    Templates,
    Template,
    OneOff,
    Upload,
    Preview,
    Job,
    SignedOut,
    Error,
}

struct SimBrowser(World);

struct SimSession {
    world: World,
    at: At,
    url: String,
    typed: Vec<(String, String)>,
    csv: String,
    slot: Option<Timestamp>,
}

#[async_trait]
impl Browser for SimBrowser {
    async fn open(&self, _lane: Lane, _jar: Option<&Jar>) -> Result<Box<dyn Session>, PortFailure> {
        sleep(Duration::from_millis(300)).await;
        let (world, url) = (self.0.clone(), "about:blank".to_owned());
        Ok(Box::new(SimSession { world, at: At::Blank, url, typed: Vec::new(), csv: String::new(), slot: None }))
    }
}

impl SimSession {
    fn visit(&mut self, url: &str) {
        let state = self.world.lock().expect("the world");
        self.url = url.to_owned();
        self.at = match url {
            _ if url.contains("/forgot-password") => At::Forgot,
            _ if url.contains("/new-password/") => At::NewPassword,
            _ if url.contains("/jobs/") && state.signed_in && !state.thrown_out => At::Job,
            _ if url.contains("/jobs/") => At::SignedOut,
            _ => At::SignIn,
        };
    }

    fn goes_to(&mut self, at: At, path: &str) {
        let state = self.world.lock().expect("the world");
        let needs_session = !matches!(at, At::Phone | At::Resend | At::CheckEmail);
        self.at = if needs_session && state.thrown_out { At::SignedOut } else { at };
        self.url = format!("http://notify.test{path}");
    }

    fn follow(&mut self, text: &str) -> bool {
        match (self.at, text) {
            (At::Dashboard, "Send messages") => self.goes_to(At::Templates, "/templates"),
            (At::Templates, "Smoke") => self.goes_to(At::Template, "/template"),
            (At::Template, _) => self.goes_to(At::OneOff, "/one-off"),
            (At::OneOff, _) => self.goes_to(At::Upload, "/csv"),
            (At::Phone, "Not received a text message?") => self.goes_to(At::Resend, "/text-not-received"),
            (At::Resend, _) => {
                self.world.lock().expect("the world").code();
                self.goes_to(At::Phone, "/two-factor-sms");
            }
            _ => return false,
        }
        true
    }

    fn press(&mut self) -> bool {
        match self.at {
            At::Forgot => {
                let next = self.url.split("next=").nth(1).unwrap_or_default().replace("%3F", "?").replace("%3D", "=");
                self.world.lock().expect("the world").reset(&next);
                self.at = At::CheckEmail;
            }
            At::SignIn => {
                self.world.lock().expect("the world").code();
                self.goes_to(At::Phone, "/two-factor-sms");
            }
            At::Phone => {
                let typed = self.typed.last().map(|(_, code)| code.clone()).unwrap_or_default();
                let mut state = self.world.lock().expect("the world");
                assert!(state.live_codes.contains(&typed), "a code was typed that nobody sent");
                state.truth.sign_ins += 1;
                state.signed_in = true;
                drop(state);
                self.goes_to(At::Dashboard, "/services/x");
            }
            At::Preview => {
                let Some(slot) = self.slot else { return false };
                self.world.lock().expect("the world").make_job(slot);
                self.goes_to(At::Job, "/jobs/1");
            }
            _ => return false,
        }
        true
    }

    fn schedule(&mut self, not_before: Timestamp) {
        let slots = not_before.as_second().div_euclid(SLOT_S) + 1;
        self.slot = Timestamp::from_second(slots * SLOT_S).ok();
    }

    /// Does it; whether the page let it be done.
    fn perform(&mut self, act: &RawAct) -> bool {
        match act {
            RawAct::Visit(url) => self.visit(url),
            RawAct::Fill(fields) => self.typed.clone_from(fields),
            RawAct::Press(_) => return self.press(),
            RawAct::Follow(text) => return self.follow(text),
            RawAct::Attach { csv, .. } => {
                let mut state = self.world.lock().expect("the world");
                state.truth.uploads += 1;
                let fails = state.fault == Fault::UploadError;
                drop(state);
                self.csv.clone_from(csv);
                self.goes_to(if fails { At::Error } else { At::Preview }, "/check/1");
            }
            RawAct::Schedule { not_before, .. } => self.schedule(*not_before),
        }
        true
    }

    fn page(&self) -> RawPage {
        let mut state = self.world.lock().expect("the world");
        state.pages += 1;
        if let Trouble::SomebodyElse { after_pages } = state.trouble {
            state.thrown_out |= state.signed_in && state.pages > after_pages;
        }
        let mut page = RawPage { url: self.url.clone(), ..RawPage::default() };
        let control =
            |label: &str| RawControl { label: label.to_owned(), kind: "text".to_owned(), ..RawControl::default() };
        let heading = |page: &mut RawPage, text: &str| page.headings = vec![text.to_owned()];
        match self.at {
            At::Blank => {}
            At::Forgot => {
                heading(&mut page, "Forgot your password?");
                page.controls = vec![control("Email address")];
                page.buttons = vec!["Send email".to_owned()];
            }
            At::CheckEmail => heading(&mut page, "Check your email"),
            At::NewPassword => {
                heading(&mut page, "Create a new password");
                page.controls = vec![control("Password")];
                page.buttons = vec!["Continue".to_owned()];
            }
            At::SignIn => {
                heading(&mut page, "Sign in");
                page.controls = vec![control("Password")];
                page.buttons = vec!["Continue".to_owned()];
            }
            At::Phone => heading(&mut page, "Check your phone"),
            At::Resend => heading(&mut page, "Resend security code"),
            At::Dashboard => heading(&mut page, "Dashboard"),
            At::Templates => page.links = vec![RawLink { text: "Smoke".to_owned(), href: String::new() }],
            At::Template => {
                heading(&mut page, "Review your message");
                page.text = "Row ((row)) of ((run)).".to_owned();
            }
            At::OneOff => {
                page.links = vec![RawLink { text: "Upload a list of email addresses".to_owned(), href: String::new() }];
            }
            At::Upload => heading(&mut page, "Upload a list of email addresses"),
            At::Preview => {
                heading(&mut page, "Preview of Smoke");
                page.buttons = vec!["Send 2 emails".to_owned()];
                page.tables = vec![self.csv.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()];
                let value = self.slot.map(|slot| slot.strftime("%Y-%m-%dT%H:%M:%S").to_string()).unwrap_or_default();
                let kind = "radio".to_owned();
                page.controls =
                    vec![RawControl { label: "a time".to_owned(), kind, checked: true, value: Some(value) }];
            }
            At::Job => state.job_page(&mut page),
            At::SignedOut => {
                heading(&mut page, "You need to sign in again");
                page.text = "We signed you out because you logged in to Notify on another device.".to_owned();
            }
            At::Error => heading(&mut page, "Sorry, there’s a problem with Notify.gov"),
        }
        page
    }
}

#[async_trait]
impl Session for SimSession {
    fn describe(&self) -> String {
        "a simulated browser".to_owned()
    }

    async fn act(&mut self, act: &RawAct) -> Acted {
        let once = matches!(act, RawAct::Press(_) | RawAct::Follow(_) | RawAct::Attach { .. });
        let (lost, pause) = {
            let mut state = self.world.lock().expect("the world");
            let number = state.acts;
            state.acts += u32::from(once);
            let lost = match state.trouble {
                Trouble::LostInAct { number: at, done } if once && at == number => Some(done),
                _ => None,
            };
            (lost, 20 + state.chance.below(150))
        };
        sleep(Duration::from_millis(pause)).await;
        if lost == Some(false) {
            return Acted::Unknown { why: failure(FailureKind::Harness, "the driver is gone") };
        }
        let done = self.perform(act);
        sleep(Duration::from_millis(pause)).await;
        if lost == Some(true) {
            return Acted::Unknown { why: failure(FailureKind::Harness, "the driver is gone") };
        }
        if done {
            Acted::Done
        } else {
            Acted::NotDone { why: failure(FailureKind::Missing, "the page has no such thing") }
        }
    }

    async fn look(&mut self) -> Result<RawPage, PortFailure> {
        sleep(Duration::from_millis(10)).await;
        let lost = {
            let mut state = self.world.lock().expect("the world");
            match state.trouble {
                Trouble::LostInLook { one_in } => state.chance.one_in(one_in),
                _ => false,
            }
        };
        if lost { Err(failure(FailureKind::Harness, "the driver is gone")) } else { Ok(self.page()) }
    }

    async fn screenshot(&mut self) -> Option<MaskedPng> {
        None
    }

    async fn jar(&mut self) -> Option<Jar> {
        Some(Jar(Vec::new()))
    }

    async fn close(self: Box<Self>) {}
}

struct SimInbox(World, MessageKind);

#[async_trait]
impl Inbox for SimInbox {
    async fn mark(&self) -> Result<Mark, PortFailure> {
        let known = std::collections::BTreeSet::new();
        let ids = self.look(Which::NotIn(&known)).await?.into_iter().map(|message| message.id).collect();
        Ok(Mark { ids, alive: Some("it answers".to_owned()) })
    }

    async fn look(&self, which: Which<'_>) -> Result<Vec<RawMessage>, PortFailure> {
        sleep(Duration::from_millis(20)).await;
        let state = self.0.lock().expect("the world");
        let now = Instant::now();
        let here = state.messages.iter().filter(|message| message.kind == self.1 && message.at <= now);
        let to = if self.1 == MessageKind::Sms { MOBILE } else { USER };
        Ok(here
            .filter(|message| which.wants(&message.id))
            .map(|message| RawMessage {
                id: message.id.clone(),
                provider_id: message.id.clone(),
                kind: message.kind,
                to: vec![to.to_owned()],
                from: message.from.clone(),
                subject: message.subject.clone(),
                text: message.text.clone(),
                html: String::new(),
                arrived_at: Timestamp::from_second(state.time(message.at).as_second()).ok(),
            })
            .collect())
    }
}

struct SimProbe(World);

#[async_trait]
impl Probe for SimProbe {
    async fn look(&self) -> Result<Health, PortFailure> {
        sleep(Duration::from_millis(10)).await;
        let part = || PartHealth { ok: true, version: "1".to_owned() };
        let skew = {
            let mut state = self.0.lock().expect("the world");
            let now = Instant::now();
            let ahead = state.machine_time(now).as_millisecond() - state.time(now).as_millisecond();
            i64::try_from(state.chance.below(900)).expect("small") - 450 - ahead
        };
        Ok(Health {
            admin: part(),
            api: part(),
            clock_offset_ms: Some(skew),
            clock_error_ms: 500,
            date: None,
            refused: false,
        })
    }
}

struct Outcome {
    history: History,
    truth: Truth,
    fault: Fault,
    trouble: Trouble,
    crashes: u32,
    detached: bool,
    worked_ms: u64,
    journal: Vec<u8>,
}

async fn simulate(seed: u64, clean: bool) -> Outcome {
    let world = world(seed, clean);
    // Begin somewhere between two slots, and sometimes let the process end to wait.
    let (ahead, detach) = {
        let mut state = world.lock().expect("the world");
        let (ahead, detach) = (state.chance.below(119_000), state.chance.one_in(3));
        // A process that goes on elsewhere knows nothing but wall clocks.
        if state.crashes_at.is_empty() && state.chance.one_in(2) {
            let by_s = i64::try_from(state.chance.below(2_400)).expect("small") - 1_200;
            state.clock_set = Some((ahead + state.chance.below(150_000), by_s));
        }
        (ahead, detach)
    };
    sleep(Duration::from_millis(ahead)).await;
    let bytes = Arc::new(Mutex::new(Vec::new()));
    let ports = || Ports {
        browser: Arc::new(SimBrowser(world.clone())),
        inbox: Arc::new(SimInbox(world.clone(), MessageKind::Email)),
        number: Some(Arc::new(SimInbox(world.clone(), MessageKind::Sms))),
        probe: Arc::new(SimProbe(world.clone())),
        clock: Arc::new(SimClock { started: Instant::now(), world: world.clone() }),
    };
    let vault = || {
        let mut vault = Vault::new(the_plan().links.clone(), 6);
        vault.keep("user.password", "correct horse battery");
        vault
    };
    let (_tell, stop) = watch::channel(None);
    let token = world.lock().expect("the world").token.clone();
    let plan = Box::new(the_plan().clone());
    let first = Fact::RunStarted {
        run: "sim".to_owned(),
        harness: "sim".to_owned(),
        plan,
        token,
        open_codes: 0,
        since: Since::default(),
    };
    let store = || SimStore { bytes: bytes.clone(), world: world.clone() };
    let begun = Instant::now();
    let mut paused = Duration::ZERO;
    let (mut crashes, mut detached) = (0, false);
    let started = engine::start(ports(), Journal::new(Box::new(store())), vault(), first, Box::new(|_, _| {}));
    let mut running = started.ok().map(|engine| engine.detaching(detach));
    let outcome = |history: History, crashes, detached, paused: Duration| {
        let state = world.lock().expect("the world");
        let worked_ms = u64::try_from((begun.elapsed() - paused).as_millis()).expect("short");
        let journal = bytes.lock().expect("bytes").clone();
        let (truth, fault, trouble) = (state.truth.clone(), state.fault, state.trouble);
        Outcome { history, truth, fault, trouble, crashes, detached, worked_ms, journal }
    };
    loop {
        if let Some(engine) = running.take() {
            let stopped = tokio::time::timeout(Duration::from_hours(3), engine.run(stop.clone())).await;
            match stopped.unwrap_or_else(|_| panic!("seed {seed}: a wait does not end")) {
                Ok(history) => return outcome(history, crashes, detached, paused),
                Err((Stopped::Detached(_), _)) => detached = true,
                Err((Stopped::Interrupted(why), _)) => {
                    let journal = String::from_utf8_lossy(&bytes.lock().expect("bytes")).into_owned();
                    panic!("seed {seed}: stopped by itself: {why}\n{journal}")
                }
                Err((Stopped::CannotWrite(_), _)) => crashes += 1,
            }
        } else {
            crashes += 1;
        }
        assert!(crashes < 20, "seed {seed}: crashes for ever");
        let pause = {
            let mut state = world.lock().expect("the world");
            let most = if state.chance.one_in(4) { 150_000 } else { 3_000 };
            Duration::from_millis(state.chance.below(most))
        };
        sleep(pause).await;
        paused += pause;
        let written = bytes.lock().expect("bytes").clone();
        let Ok(replay) = journal::replay(&written) else {
            // Nothing was written, so nothing has happened.
            let plan = Box::new(the_plan().clone());
            let fact = Fact::RunStarted {
                run: String::new(),
                harness: String::new(),
                plan,
                token: String::new(),
                open_codes: 0,
                since: Since::default(),
            };
            let event = notify_smoke::model::Event { v: 1, seq: 0, t: 0, at: Timestamp::UNIX_EPOCH, fact };
            return outcome(History::begin(&event).expect("a start"), crashes, detached, paused);
        };
        bytes.lock().expect("bytes").truncate(usize::try_from(replay.whole_bytes).expect("small"));
        let history = History::of(&replay.events).expect("a history");
        if history.ended {
            return outcome(history, crashes, detached, paused);
        }
        let journal = Journal::go_on(Box::new(store()), &replay);
        running = engine::resume(ports(), journal, vault(), history, "sim", Box::new(|_, _| {})).ok();
    }
}

fn run(seed: u64, clean: bool) -> Outcome {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    runtime.block_on(simulate(seed, clean))
}

fn invariants(seed: u64, outcome: &Outcome) {
    let (verdict, truth) = (outcome.history.verdict(), &outcome.truth);
    let told = || format!("seed {seed}: {verdict}, {:?}, {:?}: {truth:?}", outcome.fault, outcome.trouble);
    // The control may ask for one mail more, and the code once more.
    assert!(truth.resets <= 2 && truth.codes <= 2 && truth.uploads <= 1 && truth.jobs <= 1, "{}", told());
    let longest = LONGEST_MS + u64::from(outcome.crashes) * 150_000;
    assert!(outcome.worked_ms <= longest, "{}: {} ms of work", told(), outcome.worked_ms);
    if verdict == Verdict::Passed {
        assert!((truth.resets, truth.codes, truth.sign_ins, truth.jobs) == (1, 1, 1, 1), "{}", told());
        assert!(truth.reset_after_ms.is_some_and(|after| after <= 6_000), "{}", told());
        let mut rows: Vec<usize> = truth.rows.iter().map(|(row, _)| *row).collect();
        rows.sort_unstable();
        assert_eq!(rows, [0, 1], "{}", told());
        assert!(truth.rows.iter().all(|(_, after)| (0..=25_000).contains(after)), "{}", told());
        assert!(!matches!(outcome.fault, Fault::RowWrong | Fault::UploadError), "{}", told());
    }
    if matches!(verdict, Verdict::Failed | Verdict::Degraded) {
        let report = notify_smoke::render::text::text(&outcome.history, "");
        assert_ne!(outcome.fault, Fault::None, "{} though the service did nothing wrong\n{report}", told());
    }
    let text = String::from_utf8_lossy(&outcome.journal);
    assert!(!text.contains("correct horse battery"), "{}: the password is in the journal", told());
}

fn only_seed() -> Option<u64> {
    std::env::var("NOTIFY_SMOKE_SEED").ok()?.parse().ok()
}

#[test]
fn invariants_of_the_whole_run_book_hold_for_every_seed() {
    if let Some(seed) = only_seed() {
        return invariants(seed, &run(seed, false));
    }
    let outcomes = all_seeds(seeds() / 10, |seed| {
        let outcome = run(seed, false);
        invariants(seed, &outcome);
        (outcome.history.verdict(), outcome.crashes, outcome.detached)
    });
    // A world in which something never occurs would test nothing of it.
    for verdict in [Verdict::Passed, Verdict::Degraded, Verdict::NotVerified, Verdict::Inconclusive, Verdict::Failed] {
        let count = outcomes.iter().filter(|(found, _, _)| *found == verdict).count();
        assert!(count * 200 > outcomes.len(), "{verdict} in only {count} of {} runs", outcomes.len());
    }
    let passed = |wanted: &dyn Fn(u32, bool) -> bool| {
        outcomes
            .iter()
            .filter(|(found, crashes, detached)| *found == Verdict::Passed && wanted(*crashes, *detached))
            .count()
    };
    for (what, count) in [("resumed", passed(&|crashes, _| crashes > 0)), ("waited", passed(&|_, detached| detached))] {
        assert!(count * 100 > outcomes.len(), "only {count} {what} runs passed");
    }
}

#[test]
fn a_clean_service_always_passes_the_whole_run_book() {
    let wrong: Vec<(u64, String)> = all_seeds(seeds() / 10, |seed| {
        let history = run(seed, true).history;
        let passed = history.verdict() == Verdict::Passed;
        (!passed).then(|| (seed, notify_smoke::render::text::text(&history, "")))
    })
    .into_iter()
    .flatten()
    .collect();
    assert!(wrong.is_empty(), "{} clean seeds did not pass, such as {}: {}", wrong.len(), wrong[0].0, wrong[0].1);
}
