//! A whole Notify in memory, broken by the faults that the sandbox knows. It plays them by itself: of the sandbox it uses
//! only how they are written. What is true is decided here, and knows nothing of judging.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use notify_sandbox::{Alteration, Effect, Fault, Site, Trigger};
use notify_smoke::model::MessageKind;
use tokio::time::Instant;

use super::world::{Chance, wall};

pub const USER: &str = "smoke@notify.gov";
/// Another address of the same mailbox.
pub const SECOND: &str = "smoke-second@notify.gov";
pub const MOBILE: &str = "+12025550123";
pub const SENDER: &str = "+18556438890";
const OTHER_SENDER: &str = "+18337581259";
/// Tries of a message that are played; the real worker gives up after 48.
const TRIES: u32 = 12;
/// What 300 rows of another service's job hold ours up for, as measured on the sandbox.
const BUSY_ROW_MS: u64 = 30;

/// How long the service's own waits are.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "a time is named with its unit")]
pub struct Pace {
    /// Between the times that a job can be scheduled for; the scheduler looks four times in it.
    pub slot_ms: u64,
    /// The worker's retry, 300 s in reality.
    pub retry_ms: u64,
    /// After this long the broker hands a task out again whose worker has died, 310 s in reality.
    pub redelivered_ms: u64,
}

impl Pace {
    pub fn tick_ms(self) -> u64 {
        self.slot_ms / 4
    }
}

#[derive(Debug, Clone)]
pub struct Message {
    /// What was done to it on the way.
    pub altered: Vec<Alteration>,
    pub id: String,
    pub at: Instant,
    /// When the eye lists it, which may be later.
    pub listed: Instant,
    pub kind: MessageKind,
    pub to: &'static str,
    pub from: String,
    pub subject: String,
    pub text: String,
}

/// A row of a job: when it was made, and what its page says beside it in the end.
#[derive(Debug, Clone)]
pub struct Row {
    pub made: Instant,
    pub told: Option<(Instant, &'static str)>,
}

/// A job that was made.
#[derive(Debug, Clone)]
pub struct Job {
    pub kind: MessageKind,
    /// Its time; nothing when it was sent now.
    pub slot: Option<Timestamp>,
    /// When it was taken up, if it was.
    pub picked: Option<Instant>,
    /// When all its rows were handed on.
    pub finished: Option<Instant>,
    pub rows: Vec<Row>,
    pub file: String,
}

/// What really happened.
#[derive(Debug, Clone, Default)]
pub struct Truth {
    /// The secret part of each link that was sent.
    pub secrets: Vec<String>,
    pub resets: u32,
    pub codes: u32,
    /// Codes that were typed and not taken.
    pub refused_codes: u32,
    pub sign_ins: u32,
    pub uploads: u32,
    pub jobs: u32,
    /// Rows with the time from the slot to their arrival; those sent before it have a negative one.
    pub rows: Vec<(usize, i64)>,
    pub reset_after_ms: Option<u64>,
    /// When a reset mail, a code and a job were asked for first.
    pub reset_at: Option<Instant>,
    pub code_at: Option<Instant>,
    pub job_at: Option<Instant>,
    /// When something was handed to its eye, and what: mail or text, of Notify itself or of a list.
    pub delivered: Vec<(Instant, MessageKind, bool)>,
}

pub struct State {
    pub chance: Chance,
    pub pace: Pace,
    pub faults: Vec<Fault>,
    /// For each fault with a count, the attempts seen so far.
    attempts: BTreeMap<usize, Vec<String>>,
    tries: u64,
    pub born: Instant,
    /// When the clock of the machine that tests is set, in milliseconds after the world's birth, and by how many seconds.
    pub clock_set: Option<(u64, i64)>,
    pub messages: Vec<Message>,
    pub live_codes: Vec<String>,
    /// Something on our machine always waits for a processor.
    pub starves: bool,
    /// Codes of earlier requests that come before the right one, a second after one another.
    pub old_codes: u32,
    pub signed_in: bool,
    /// The dashboard was shown.
    pub dashboard: bool,
    pub thrown_out: bool,
    pub jobs: Vec<Job>,
    /// Somebody cancels the job this long after it was made, and when that is.
    pub cancelled_after: Option<Duration>,
    pub cancelled_at: Option<Instant>,
    /// The worker gives each row up at once, as it does when the provider calls the address malformed.
    pub gives_up: bool,
    pub token: String,
    pub truth: Truth,
}

pub type Service = Arc<Mutex<State>>;

/// What a request to the API meets.
#[derive(Debug, Clone, Copy, Default)]
pub struct ApiTrouble {
    pub down: bool,
    /// The router knows no API: 404, which the admin app takes for "no such user".
    pub unknown: bool,
    pub delay: Duration,
}

/// A message on its way to a provider.
struct Sending {
    kind: MessageKind,
    to: &'static str,
    from: String,
    subject: String,
    text: String,
    is_code: bool,
    /// Notify's own, and not a list's.
    is_own: bool,
}

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    At(Instant),
    /// The provider tells that it was not delivered.
    Refused(Instant),
    Nowhere,
}

/// Whether a page has this piece in its path; moments are compared as they are.
fn is_page(page: &str, name: &str) -> bool {
    page.split('/').any(|piece| piece == name)
}

pub fn milliseconds(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

impl State {
    pub fn new(seed: u64, pace: Pace, faults: Vec<Fault>, chance: Chance) -> Self {
        Self {
            chance,
            pace,
            faults,
            attempts: BTreeMap::new(),
            tries: 0,
            born: Instant::now(),
            clock_set: None,
            messages: Vec::new(),
            live_codes: Vec::new(),
            old_codes: 0,
            starves: false,
            signed_in: false,
            dashboard: false,
            thrown_out: false,
            jobs: Vec::new(),
            cancelled_after: None,
            cancelled_at: None,
            gives_up: false,
            token: format!("token{seed:016x}"),
            truth: Truth::default(),
        }
    }

    /// The service's own time.
    pub fn time(&self, at: Instant) -> Timestamp {
        wall(self.born, at)
    }

    /// By the clock of the machine that tests, which somebody may set in the middle of a run.
    pub fn machine_time(&self, at: Instant) -> Timestamp {
        let set = self.clock_set.filter(|(after, _)| at >= self.born + milliseconds(*after));
        self.time(at) + jiff::SignedDuration::from_secs(set.map_or(0, |(_, by_s)| by_s))
    }

    pub fn instant(&self, time: Timestamp) -> Instant {
        let now = Instant::now();
        let ahead = time.duration_since(self.time(now)).as_millis();
        now + milliseconds(u64::try_from(ahead).unwrap_or(0))
    }

    /// What is wrong with `site`, for an attempt of this name on this page or at this moment.
    pub fn effects(&mut self, site: Site, attempt: &str, page: &str) -> Vec<Effect> {
        let mut found = Vec::new();
        for (index, fault) in self.faults.iter().enumerate().filter(|(_, fault)| fault.site == site) {
            let counted = match &fault.trigger {
                Trigger::Always => None,
                Trigger::Page(name) if is_page(page, name) => None,
                Trigger::Percent(percent) if self.chance.below(100) < u64::from(*percent) => None,
                Trigger::First(count) => Some(*count),
                Trigger::PageFirst(name, count) if is_page(page, name) => Some(*count),
                Trigger::Page(_) | Trigger::Percent(_) | Trigger::PageFirst(..) => continue,
            };
            if let Some(count) = counted {
                let seen = self.attempts.entry(index).or_default();
                if !seen.iter().any(|known| known == attempt) {
                    if seen.len() >= count as usize {
                        continue;
                    }
                    seen.push(attempt.to_owned());
                }
            }
            found.push(fault.effect.clone());
        }
        found
    }

    /// Whether it is wrong with `site`, all the time or since a job was made.
    pub fn has(&self, site: Site, effect: &Effect) -> bool {
        let lasts = |fault: &Fault| match &fault.trigger {
            Trigger::Always => true,
            Trigger::Page(moment) => is_page(self.moment(), moment),
            _ => false,
        };
        self.faults.iter().any(|fault| fault.site == site && fault.effect == *effect && lasts(fault))
    }

    /// What has happened since the start, as far as faults are concerned.
    fn moment(&self) -> &'static str {
        match (self.jobs.is_empty(), self.dashboard) {
            (false, _) => "dashboard/job",
            (true, true) => "dashboard",
            (true, false) => "",
        }
    }

    /// What is wrong with the API now.
    pub fn api(&mut self) -> ApiTrouble {
        let mut trouble = ApiTrouble::default();
        for effect in self.effects(Site::Api, "", self.moment()) {
            match effect {
                Effect::Slow(by) => trouble.delay = by,
                Effect::Status(404) => trouble.unknown = true,
                _ => trouble.down = true,
            }
        }
        trouble
    }

    /// Whether whatever queues something fails.
    pub fn broker_is_away(&self) -> bool {
        self.has(Site::Queue, &Effect::Down)
    }

    /// A name for something that is tried once.
    pub fn attempt(&mut self) -> String {
        self.tries += 1;
        self.tries.to_string()
    }

    /// From when to when a deploy keeps worker and scheduler away.
    pub fn deploy(&self) -> Option<(Instant, Instant)> {
        let (trigger, gone) = self.faults.iter().find_map(|fault| match fault.effect {
            Effect::Rolling(gone) => Some((&fault.trigger, gone)),
            _ => None,
        })?;
        let began = match trigger {
            Trigger::Page(moment) if moment == "slot" => self.instant_of(self.jobs.last()?.slot?),
            _ => self.born,
        };
        Some((began, began + gone))
    }

    fn instant_of(&self, time: Timestamp) -> Instant {
        let since = time.duration_since(self.time(self.born)).as_millis();
        self.born + milliseconds(u64::try_from(since).unwrap_or(0))
    }

    /// When the worker takes what lies in a queue since `at`, if it ever does.
    fn worker_from(&mut self, at: Instant) -> Option<Instant> {
        if self.has(Site::Worker, &Effect::Stopped) || self.has(Site::Queue, &Effect::Deaf) {
            return None;
        }
        Some(match self.deploy() {
            Some((from, until)) if at >= from && at < until => until,
            Some(_) | None => at,
        })
    }

    /// Hands a message to its provider at `at` and as often as it is tried again.
    fn deliver(&mut self, at: Instant, sending: Sending) -> Sent {
        let is_text = sending.kind == MessageKind::Sms;
        let site = if is_text { Site::Sns } else { Site::Ses };
        let Some(mut at) = self.worker_from(at) else { return Sent::Nowhere };
        let message = self.attempt();
        if self.effects(Site::Worker, &message, "").contains(&Effect::Stale) {
            at += milliseconds(self.pace.retry_ms);
        }
        for retry in 0..TRIES {
            // A text is tried again at once, then every 300 s; the SDK's and the worker's quick tries are one attempt.
            let attempt = self.attempt();
            let effects = self.effects(site, &attempt, self.moment());
            let fails = |effect: &Effect| {
                matches!(effect, Effect::Down | Effect::Status(_) | Effect::InSandbox | Effect::NoTls)
            };
            if !effects.iter().any(fails) {
                return self.carry(at, &attempt, &effects, sending);
            }
            at += milliseconds(self.pace.retry_ms + 20 * u64::from(retry));
        }
        Sent::Nowhere
    }

    /// The provider has taken it.
    fn carry(&mut self, at: Instant, attempt: &str, effects: &[Effect], mut sending: Sending) -> Sent {
        let mut arrives = at + milliseconds(30 + self.chance.below(250));
        let mut second = None;
        for effect in effects {
            match effect {
                Effect::Slow(by) => arrives += *by,
                Effect::OverQuota => return Sent::Nowhere,
                Effect::OptedOut | Effect::Bounced => return Sent::Refused(arrives),
                Effect::Again(after) => second = Some(*after),
                _ => {}
            }
        }
        if sending.is_code {
            for _ in 0..self.old_codes {
                self.old_code(arrives, &sending);
                arrives += Duration::from_secs(1);
            }
            for effect in self.effects(Site::Code, attempt, "") {
                match effect {
                    Effect::Lost => return Sent::Nowhere,
                    Effect::Elsewhere => {
                        OTHER_SENDER.clone_into(&mut sending.from);
                        sending.text = format!("{:06}{}", self.chance.below(1_000_000), &sending.text[6..]);
                    }
                    Effect::OldFirst(after) => {
                        self.old_code(arrives, &sending);
                        arrives += after;
                    }
                    _ => {}
                }
            }
        }
        for at in std::iter::once(arrives).chain(second.map(|after| arrives + after)) {
            let id = format!("m{:016x}", self.chance.below(u64::MAX));
            let (from, subject, text) = (sending.from.clone(), sending.subject.clone(), sending.text.clone());
            let eye = if sending.kind == MessageKind::Sms { "number" } else { "mailbox" };
            let late = self.effects(Site::Way, "", eye).into_iter().find_map(|effect| match effect {
                Effect::LateList(by) => Some(by),
                _ => None,
            });
            let listed = at + late.unwrap_or_default();
            self.truth.delivered.push((at, sending.kind, sending.is_own));
            let altered = self.alterations(sending.kind, &id);
            self.messages.push(Message {
                altered,
                id,
                at,
                listed,
                kind: sending.kind,
                to: sending.to,
                from,
                subject,
                text,
            });
        }
        Sent::At(arrives)
    }

    /// What is done to a message on the way.
    fn alterations(&mut self, kind: MessageKind, id: &str) -> Vec<Alteration> {
        let effects = self.effects(Site::Way, id, "");
        let of_kind = |effect| match (effect, kind) {
            (Effect::Altered(how), MessageKind::Email) | (Effect::AlteredText(how), MessageKind::Sms) => Some(how),
            _ => None,
        };
        effects.into_iter().filter_map(of_kind).collect()
    }

    /// A text like this one, with a code of an earlier request that is over.
    fn old_code(&mut self, at: Instant, sending: &Sending) {
        let id = format!("m{:016x}", self.chance.below(u64::MAX));
        let text = format!("{:06}{}", self.chance.below(1_000_000), &sending.text[6..]);
        let (from, subject) = (sending.from.clone(), String::new());
        self.truth.delivered.push((at, sending.kind, false));
        let altered = Vec::new();
        self.messages.push(Message {
            altered,
            id,
            at,
            listed: at,
            kind: sending.kind,
            to: sending.to,
            from,
            subject,
            text,
        });
    }

    /// A reset is asked for with this `next`; the request is here at `at`.
    pub fn reset(&mut self, next: &str, at: Instant) {
        self.truth.resets += 1;
        self.truth.reset_at.get_or_insert(at);
        let effects = self.effects(Site::Reset, "", "");
        if effects.contains(&Effect::AcceptedNotSent) {
            return;
        }
        let host = if effects.contains(&Effect::OtherHost) { "http://elsewhere.test" } else { "http://notify.test" };
        let next = if effects.contains(&Effect::OnlyEarlier) { "/accounts?run=another" } else { next };
        for _ in 0..=u8::from(effects.contains(&Effect::Twice)) {
            let text = self.link(host, next, at);
            let sending = Sending {
                kind: MessageKind::Email,
                to: USER,
                from: "testsender@notify.gov".to_owned(),
                subject: "Reset your U.S. Notify password".to_owned(),
                text,
                is_code: false,
                is_own: true,
            };
            let queued = at + milliseconds(20 + self.chance.below(200));
            if let Sent::At(arrives) = self.deliver(queued, sending) {
                self.truth.reset_after_ms.get_or_insert(u64::try_from((arrives - at).as_millis()).expect("short"));
            }
        }
    }

    fn link(&mut self, host: &str, next: &str, at: Instant) -> String {
        use base64::Engine as _;
        let seconds = u32::try_from(self.time(at).as_second()).expect("before 2106").to_be_bytes();
        let time = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(seconds);
        let secret = self.chance.below(u64::MAX);
        let next = next.replace('/', "%2F").replace('=', "%3D").replace('?', "%3F");
        self.truth.secrets.push(format!("S{secret:016x}"));
        format!("{host}/new-password/S{secret:016x}.{time}.Sig?next={next}")
    }

    /// A code was asked for.
    pub fn code(&mut self) {
        self.truth.codes += 1;
        self.truth.code_at.get_or_insert_with(Instant::now);
        if self.has(Site::Code, &Effect::Limited) {
            return;
        }
        let code = format!("{:06}", self.chance.below(1_000_000));
        self.live_codes.push(code.clone());
        let other = self.has(Site::Sender, &Effect::Other);
        let sending = Sending {
            kind: MessageKind::Sms,
            to: MOBILE,
            from: if other { OTHER_SENDER } else { SENDER }.to_owned(),
            subject: String::new(),
            text: format!("{code} is your U.S. Notify authentication code"),
            is_code: true,
            is_own: true,
        };
        let queued = Instant::now() + milliseconds(20 + self.chance.below(200));
        self.deliver(queued, sending);
    }

    /// The tick of the scheduler that takes up a job of this time.
    fn tick_for(&mut self, slot: Timestamp) -> Option<Instant> {
        let tick_ms = i64::try_from(self.pace.tick_ms()).expect("small");
        let effects = self.effects(Site::Scheduler, "", "");
        let now = self.time(Instant::now()).as_millisecond();
        let mut tick = slot.as_millisecond().div_euclid(tick_ms) * tick_ms;
        for effect in effects {
            match effect {
                Effect::Stopped => return None,
                Effect::AtOnce => tick = now + 100,
                Effect::LateBy(ticks) => tick += i64::from(ticks) * tick_ms,
                _ => {}
            }
        }
        // Its schedule file is a fresh one after a deploy: what it missed is not made up for.
        if let Some((from, until)) = self.deploy() {
            let at = |tick: i64| self.instant(Timestamp::from_millisecond(tick).expect("a time"));
            while at(tick) >= from && at(tick) < until {
                tick += tick_ms;
            }
        }
        Some(self.instant(Timestamp::from_millisecond(tick).expect("a time")) + milliseconds(5 + self.chance.below(20)))
    }

    /// A job was made: from here on the service works by itself.
    pub fn make_job(&mut self, kind: MessageKind, slot: Option<Timestamp>, file: String) {
        self.truth.jobs += 1;
        self.truth.job_at.get_or_insert_with(Instant::now);
        self.jobs.push(Job { kind, slot, picked: None, finished: None, rows: Vec::new(), file });
        let now = Instant::now();
        self.cancelled_at = self.cancelled_after.map(|after| now + after);
        if self.cancelled_at.is_some() {
            return;
        }
        let asked = match slot {
            Some(slot) => self.tick_for(slot),
            None => Some(now + milliseconds(20)),
        };
        let picked = asked.and_then(|at| self.worker_from(at));
        let job = self.jobs.len() - 1;
        self.jobs[job].picked = picked;
        let Some(picked) = picked else { return };
        let unreadable = self.effects(Site::S3, "", "process").contains(&Effect::Down);
        if unreadable || self.has(Site::Worker, &Effect::Old) {
            return;
        }
        let busy = self.effects(Site::Queue, "", "").into_iter().find_map(|effect| match effect {
            Effect::Busy(rows) => Some(u64::from(rows) * BUSY_ROW_MS),
            _ => None,
        });
        let from = slot.map_or(now, |slot| self.instant(slot));
        self.jobs[job].finished = Some(picked + milliseconds(200));
        for row in 0..2_usize {
            let saved = picked + milliseconds(busy.unwrap_or(0) + 20 + self.chance.below(150));
            self.row(job, row, saved, from);
        }
    }

    fn row(&mut self, job: usize, row: usize, mut saved: Instant, from: Instant) {
        let attempt = format!("{job} {row}");
        let effects = self.effects(Site::Row, &attempt, "");
        if effects.contains(&Effect::Lost) {
            return;
        }
        if effects.contains(&Effect::Redelivered) {
            saved += milliseconds(self.pace.redelivered_ms);
        }
        let edited = self.has(Site::Template, &Effect::Edited);
        let word = if effects.contains(&Effect::WrongPersonalisation) { "" } else { ["one", "two"][row] };
        for _ in 0..=u8::from(effects.contains(&Effect::Twice)) {
            let token = self.token.clone();
            let kind = self.jobs[job].kind;
            let (sender, subject) = match kind {
                MessageKind::Email => ("service@notify.gov", format!("Smoke {token}")),
                MessageKind::Sms => (SENDER, String::new()),
            };
            let text = format!("Row {word} of {token}{}.", if edited { ", edited" } else { "" });
            let to = match kind {
                MessageKind::Sms => MOBILE,
                // The second row is for the second member.
                MessageKind::Email if (row == 1) == self.has(Site::Row, &Effect::Swapped) => USER,
                MessageKind::Email => SECOND,
            };
            let sending = Sending { kind, to, from: sender.to_owned(), subject, text, is_code: false, is_own: false };
            let sent = if self.gives_up { Sent::Nowhere } else { self.deliver(saved + milliseconds(10), sending) };
            let told = match sent {
                Sent::At(at) => {
                    let after = if at >= from { (at - from).as_millis().cast_signed() } else { -1 };
                    self.truth.rows.push((row, i64::try_from(after).expect("short")));
                    Some((at + milliseconds(50), "Delivered"))
                }
                Sent::Refused(at) if kind == MessageKind::Email => {
                    Some((at + milliseconds(50), "Email address does not exist"))
                }
                // The log of texts is looked at later.
                Sent::Refused(at) => Some((at + milliseconds(self.pace.retry_ms), "Failed")),
                Sent::Nowhere => self.gives_up.then_some((saved + milliseconds(50), "Technical failure")),
            };
            self.jobs[job].rows.push(Row { made: saved, told });
        }
    }
}
