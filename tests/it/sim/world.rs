//! The truth of one seed: what the service, the browser, the mailbox and the machine will do, and what really happened.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// A small generator of its own: seeds must mean the same for ever.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        // SplitMix64, public domain (Sebastiano Vigna).
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// What the service is going to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None,
    FormError,
    PressError,
    /// The page says yes and nothing is sent.
    Silent,
    Late,
    TooLate,
    Twice,
    TwiceLater,
    OtherSender,
    OtherHost,
    /// The answer page hangs beyond every limit.
    Hangs,
    LinkPageError,
    /// Somebody else's mail comes instead of ours.
    OnlyForeign,
    Unreachable,
    ApiUnwell,
}

const FAULTS: [Fault; 14] = [
    Fault::FormError,
    Fault::PressError,
    Fault::Silent,
    Fault::Late,
    Fault::TooLate,
    Fault::Twice,
    Fault::TwiceLater,
    Fault::OtherSender,
    Fault::OtherHost,
    Fault::Hangs,
    Fault::LinkPageError,
    Fault::OnlyForeign,
    Fault::Unreachable,
    Fault::ApiUnwell,
];

/// What our own side is going to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    None,
    BrowserNeverStarts,
    /// The driver is lost in the press; whether it was done is left to chance.
    LostInPress {
        done: bool,
    },
    /// A look at a page loses the driver.
    LostInLook,
    /// The mailbox fails at each look for a while, or for ever.
    MailboxFails {
        from_ms: u64,
        for_ms: u64,
    },
    /// Nothing shows that the mailbox receives.
    MailboxNotAlive,
    DoorShut,
    DeployedMeanwhile,
}

/// What really happened.
#[derive(Debug, Clone, Default)]
pub struct Truth {
    pub presses: u32,
    pub form_shown: bool,
    pub answer_shown: bool,
    pub link_page_shown: bool,
    /// Of ours, by provider id, those that were in the mailbox when the run ended.
    pub our_mails_by_end: Vec<TrueMail>,
    /// Whether the service did anything but its work.
    pub service_at_fault: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrueMail {
    pub after_press_ms: u64,
    pub right: bool,
}

#[derive(Debug, Clone)]
pub struct Mail {
    pub id: String,
    pub provider_id: String,
    pub at: Instant,
    pub to: String,
    pub from: String,
    pub link: String,
    pub ours: bool,
    pub right: bool,
}

pub struct State {
    pub chance: Chance,
    pub fault: Fault,
    pub trouble: Trouble,
    /// Journal lines after which the process is killed.
    crashes_at: Vec<(u64, bool)>,
    lines: u64,
    pub born: Instant,
    pub mails: Vec<Mail>,
    pub pressed_at: Option<Instant>,
    pub truth: Truth,
    seed: u64,
}

/// One seed's world. Clones share it.
#[derive(Clone)]
pub struct World(pub Arc<Mutex<State>>);

/// The secret in the link of one seed.
pub fn secret_of(seed: u64) -> String {
    format!("Secret{seed:x}Payload")
}

impl World {
    pub fn new(seed: u64, clean: bool) -> Self {
        let mut chance = Chance(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ 0x5eed);
        let fault = if clean || chance.one_in(3) {
            Fault::None
        } else {
            FAULTS[usize::try_from(chance.below(FAULTS.len() as u64)).expect("small")]
        };
        let trouble = if clean || !chance.one_in(3) { Trouble::None } else { draw_trouble(&mut chance) };
        let mut crashes_at = Vec::new();
        while !clean && chance.one_in(3) && crashes_at.len() < 3 {
            crashes_at.push((1 + chance.below(45), chance.one_in(2)));
        }
        let now = Instant::now();
        let mut state = State {
            chance,
            fault,
            trouble,
            crashes_at,
            lines: 0,
            born: now,
            mails: Vec::new(),
            pressed_at: None,
            truth: Truth { service_at_fault: fault != Fault::None, ..Truth::default() },
            seed,
        };
        // Mails of earlier requests lie in the mailbox already, and one may come at any time.
        state.foreign(now);
        let later = Duration::from_millis(state.chance.below(40_000));
        if state.chance.one_in(2) {
            state.foreign(now + later);
        }
        Self(Arc::new(Mutex::new(state)))
    }

    /// What really happened, as of now.
    pub fn truth(&self) -> Truth {
        let state = self.0.lock().expect("the world");
        let now = Instant::now();
        let mut truth = state.truth.clone();
        let mut seen: Vec<&str> = Vec::new();
        for mail in state.mails.iter().filter(|mail| mail.ours && mail.at <= now) {
            if !seen.contains(&mail.provider_id.as_str()) {
                seen.push(&mail.provider_id);
                let after = mail.at - state.pressed_at.expect("ours is caused by a press");
                let after_press_ms = u64::try_from(after.as_millis()).expect("short");
                truth.our_mails_by_end.push(TrueMail { after_press_ms, right: mail.right });
            }
        }
        truth
    }

    /// Whether the process dies with this journal line, and whether the line still gets to the disk.
    pub fn dies_now(&self) -> Option<bool> {
        let mut state = self.0.lock().expect("the world");
        state.lines += 1;
        let line = state.lines;
        let index = state.crashes_at.iter().position(|(at, _)| *at == line)?;
        Some(state.crashes_at.remove(index).1)
    }

    pub fn pause_after_crash(&self) -> Duration {
        let mut state = self.0.lock().expect("the world");
        Duration::from_millis(if state.chance.one_in(3) {
            state.chance.below(120_000)
        } else {
            state.chance.below(2_000)
        })
    }
}

fn draw_trouble(chance: &mut Chance) -> Trouble {
    match chance.below(8) {
        0 => Trouble::BrowserNeverStarts,
        1 => Trouble::LostInPress { done: true },
        2 => Trouble::LostInPress { done: false },
        3 => Trouble::LostInLook,
        4 => Trouble::MailboxFails { from_ms: chance.below(10_000), for_ms: 500 + chance.below(60_000) },
        5 => Trouble::MailboxNotAlive,
        6 => Trouble::DoorShut,
        _ => Trouble::DeployedMeanwhile,
    }
}

impl State {
    /// The wall clock of everybody in this world.
    pub fn wall(&self, at: Instant) -> Timestamp {
        wall(self.born, at)
    }

    /// The button was pressed: from here on the service works by itself.
    pub fn press(&mut self, next: &str) {
        let now = Instant::now();
        self.truth.presses += 1;
        self.pressed_at = Some(now);
        let quick = Duration::from_millis(50 + self.chance.below(2_000));
        let delays: Vec<Duration> = match self.fault {
            Fault::PressError | Fault::Silent | Fault::OnlyForeign => Vec::new(),
            Fault::Late => vec![Duration::from_millis(8_000 + self.chance.below(18_000))],
            Fault::TooLate => vec![Duration::from_millis(33_000 + self.chance.below(60_000))],
            Fault::Twice => vec![quick, quick + Duration::from_millis(self.chance.below(200))],
            Fault::TwiceLater => vec![quick, quick + Duration::from_millis(600 + self.chance.below(900))],
            _ => vec![quick],
        };
        for (copy, delay) in delays.into_iter().enumerate() {
            let host = if self.fault == Fault::OtherHost { "http://elsewhere.test" } else { "http://notify.test" };
            let from = if self.fault == Fault::OtherSender { "other@notify.gov" } else { "testsender@notify.gov" };
            let (link, _) = self.link(host, now, Some(next));
            let right = !matches!(self.fault, Fault::OtherHost | Fault::OtherSender);
            let provider_id = format!("ours-{copy}");
            let id = format!("object-{:016x}", self.chance.next());
            let mail = Mail {
                id,
                provider_id,
                at: now + delay,
                to: "smoke@notify.gov".to_owned(),
                from: from.to_owned(),
                link,
                ours: true,
                right,
            };
            // A mailbox may show one sending as two objects; that is no second mail.
            if self.chance.one_in(10) {
                self.mails.push(Mail { id: format!("object-{:016x}", self.chance.next()), ..mail.clone() });
            }
            self.mails.push(mail);
        }
        if self.fault == Fault::OnlyForeign {
            self.foreign(now + quick);
        }
    }

    /// A mail of another request: same sender, same subject, a link of its own.
    fn foreign(&mut self, at: Instant) {
        let (link, number) = self.link("http://notify.test", at, None);
        self.mails.push(Mail {
            id: format!("foreign-{number:016x}"),
            provider_id: format!("foreign-{number}"),
            at,
            to: "smoke@notify.gov".to_owned(),
            from: "testsender@notify.gov".to_owned(),
            link,
            ours: false,
            right: true,
        });
    }

    fn link(&mut self, host: &str, at: Instant, next: Option<&str>) -> (String, u64) {
        use base64::Engine as _;
        let seconds = u32::try_from(self.wall(at).as_second()).expect("before 2106").to_be_bytes();
        let time = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(seconds);
        let number = self.chance.next();
        let secret = if next.is_some() { secret_of(self.seed) } else { format!("Other{number:x}") };
        let query =
            next.map(|next| format!("?next={}", next.replace('/', "%2F").replace('=', "%3D").replace('?', "%3F")));
        (format!("{host}/new-password/{secret}.{time}.Sig{number:x}{}", query.unwrap_or_default()), number)
    }
}

/// The wall clock of a world born at `born`.
pub fn wall(born: Instant, at: Instant) -> Timestamp {
    let start = Timestamp::from_second(1_800_000_000).expect("a time");
    let since = at.saturating_duration_since(born);
    start + SignedDuration::try_from(since).expect("short")
}
