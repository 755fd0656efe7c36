//! Faults: *site × effect × trigger*, written `site=effect[:argument][@trigger]`.
//!
//! A site asks for its faults at the moment it acts; nothing else knows of them.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::{Rng, SeedableRng, rngs::StdRng};
use tokio::sync::watch;

/// A part of the service that can be broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Site {
    /// The platform's router before the admin app.
    Edge,
    Admin,
    Api,
    Reset,
    Ses,
    Sns,
    /// The texted code of a sign-in.
    Code,
    /// The number that texts come from.
    Sender,
    Worker,
    /// The bucket of uploaded files.
    S3,
    Scheduler,
    /// The broker between API and worker.
    Queue,
    /// The rows of a job.
    Row,
    /// What the providers tell of deliveries.
    Receipts,
}

/// What is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Does not answer at all (the API), or refuses every request (SES).
    Down,
    /// Takes a request, and does its work this much later.
    Slow(Duration),
    /// Answers with this HTTP status.
    Status(u16),
    /// Runs, but takes no work.
    Stopped,
    /// Says yes and does nothing.
    AcceptedNotSent,
    /// Sends a link whose host is not the service's.
    OtherHost,
    /// Does its work twice.
    Twice,
    /// The carrier loses it after the provider has taken it over.
    Lost,
    /// Uses another one than the environment's.
    Other,
    /// Comes to its work so many ticks late.
    LateBy(u32),
    /// Looks well and hands nothing out, as after a restart of the broker.
    Deaf,
    /// Another service's job of so many rows stands before ours.
    Busy(u32),
    /// Leaves a field of the message blank.
    WrongPersonalisation,
    /// Tells nothing.
    Off,
    /// Shows a page of its own that asks whether a person is there.
    Challenge,
}

/// Every site with its effects, as they are written.
pub const KINDS: [(&str, &str); 27] = [
    ("edge", "502"),
    ("edge", "challenge"),
    ("admin", "500"),
    ("admin", "slow:7s"),
    ("api", "down"),
    ("api", "503"),
    ("reset", "accepted-not-sent"),
    ("reset", "other-host"),
    ("reset", "twice"),
    ("ses", "down"),
    ("ses", "slow:5s"),
    ("ses", "fail:503"),
    ("sns", "down"),
    ("sns", "slow:5s"),
    ("sns", "fail:500"),
    ("code", "lost:1"),
    ("sender", "other"),
    ("worker", "stopped"),
    ("s3", "down"),
    ("scheduler", "stopped"),
    ("scheduler", "late:1"),
    ("queue", "deaf"),
    ("queue", "busy:300"),
    ("row", "lost:1"),
    ("row", "twice"),
    ("row", "wrong-personalisation"),
    ("receipts", "off"),
];

/// What faults do to a request: it waits, and is perhaps refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Disturbance {
    pub delay: Duration,
    pub status: Option<u16>,
}

/// When it is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    Always,
    /// Only the first so many attempts; an SDK's own retries are one attempt.
    First(u32),
    /// Only on the page with this first path segment.
    Page(String),
    /// One time in a hundred, so often, by the seeded generator.
    Percent(u8),
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub site: Site,
    pub effect: Effect,
    pub trigger: Trigger,
}

/// Why a text is no fault: what is wrong and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultError(pub String);

impl fmt::Display for FaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for FaultError {}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let wrong = |what: &str| {
            FaultError(format!(
                "`{text}` is no fault: {what}. Write site=effect[:argument][@trigger], such as ses=down, ses=slow:6s, \
                 ses=fail:503@1st, api=down, worker=stopped, reset=accepted-not-sent, admin=500@forgot-password."
            ))
        };
        let (site, rest) = text.split_once('=').ok_or_else(|| wrong("it has no `=`"))?;
        let (effect, trigger) = rest.split_once('@').map_or((rest, None), |(effect, trigger)| (effect, Some(trigger)));
        let (effect, argument) = effect.split_once(':').map_or((effect, None), |(name, arg)| (name, Some(arg)));
        let site = match site {
            "edge" => Site::Edge,
            "admin" => Site::Admin,
            "api" => Site::Api,
            "reset" => Site::Reset,
            "ses" => Site::Ses,
            "sns" => Site::Sns,
            "code" => Site::Code,
            "sender" => Site::Sender,
            "worker" => Site::Worker,
            "s3" => Site::S3,
            "scheduler" => Site::Scheduler,
            "queue" => Site::Queue,
            "row" => Site::Row,
            "receipts" => Site::Receipts,
            _ => {
                return Err(wrong(
                    "the sites are admin, api, code, edge, queue, receipts, reset, row, s3, scheduler, sender, ses, sns and worker",
                ));
            }
        };
        let status = |text: &str| text.parse::<u16>().ok().filter(|code| (400..600).contains(code));
        let count = |text: &str| text.parse::<u32>().ok().filter(|count| *count > 0);
        let effect = match (site, effect, argument) {
            (Site::Api | Site::Ses | Site::Sns | Site::S3, "down", None) => Effect::Down,
            (Site::Ses | Site::Sns | Site::Admin, "slow", Some(delay)) => {
                Effect::Slow(parse_duration(delay).ok_or_else(|| wrong("a delay is a number with ms, s or m"))?)
            }
            (Site::Ses | Site::Sns, "fail", Some(code)) => {
                Effect::Status(status(code).ok_or_else(|| wrong("a status is 400 to 599"))?)
            }
            (Site::Edge, "challenge", None) => Effect::Challenge,
            (Site::Admin | Site::Api | Site::Edge, code, None) if status(code).is_some() => {
                Effect::Status(status(code).ok_or_else(|| wrong("a status is 400 to 599"))?)
            }
            (Site::Worker | Site::Scheduler, "stopped", None) => Effect::Stopped,
            (Site::Scheduler, "late", Some(ticks)) => {
                Effect::LateBy(count(ticks).ok_or_else(|| wrong("a count is 1 or more"))?)
            }
            (Site::Queue, "deaf", None) => Effect::Deaf,
            (Site::Queue, "busy", Some(rows)) => {
                Effect::Busy(count(rows).ok_or_else(|| wrong("a count is 1 or more"))?)
            }
            (Site::Row, "wrong-personalisation", None) => Effect::WrongPersonalisation,
            (Site::Receipts, "off", None) => Effect::Off,
            (Site::Sender, "other", None) => Effect::Other,
            // `code=lost:1` is the first code; what is asked for after it comes.
            (Site::Code | Site::Row, "lost", Some(first)) if trigger.is_none() => {
                let count = count(first).ok_or_else(|| wrong("a count is 1 or more"))?;
                return Ok(Self { site, effect: Effect::Lost, trigger: Trigger::First(count) });
            }
            (Site::Reset, "accepted-not-sent", None) => Effect::AcceptedNotSent,
            (Site::Reset, "other-host", None) => Effect::OtherHost,
            (Site::Reset | Site::Row, "twice", None) => Effect::Twice,
            _ => return Err(wrong("this site has no such effect")),
        };
        Ok(Self { site, effect, trigger: parse_trigger(trigger).ok_or_else(|| wrong("no such trigger"))? })
    }
}

fn parse_trigger(text: Option<&str>) -> Option<Trigger> {
    let Some(text) = text else { return Some(Trigger::Always) };
    if text.starts_with(|c: char| c.is_ascii_digit()) && !text.ends_with('%') {
        let count = ["st", "nd", "rd", "th"].iter().find_map(|end| text.strip_suffix(end))?;
        return count.parse().ok().filter(|count| *count > 0).map(Trigger::First);
    }
    if let Some(percent) = text.strip_suffix('%') {
        return percent.parse().ok().filter(|percent| *percent <= 100).map(Trigger::Percent);
    }
    (!text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c == '-'))
        .then(|| Trigger::Page(text.to_owned()))
}

fn parse_duration(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let number: u64 = text[..digits].parse().ok()?;
    match &text[digits..] {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_secs(number * 60)),
        _ => None,
    }
}

/// The faults that are on now. Cheap to clone; all clones see the same.
#[derive(Debug, Clone)]
pub(crate) struct Faults {
    inner: Arc<Mutex<Inner>>,
    changed: watch::Sender<u64>,
}

#[derive(Debug)]
struct Inner {
    faults: Vec<Fault>,
    /// For each fault with a count, the attempts seen so far, oldest first.
    attempts: BTreeMap<usize, Vec<String>>,
    chance: StdRng,
}

impl Faults {
    pub(crate) fn new(faults: Vec<Fault>, seed: u64) -> Self {
        let inner = Inner { faults, attempts: BTreeMap::new(), chance: StdRng::seed_from_u64(seed) };
        Self { inner: Arc::new(Mutex::new(inner)), changed: watch::Sender::new(0) }
    }

    pub(crate) fn set(&self, faults: Vec<Fault>) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.faults = faults;
        inner.attempts.clear();
        drop(inner);
        self.changed.send_modify(|version| *version += 1);
    }

    /// Tells when the faults have been changed.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// What is wrong with `site` now. `attempt` names what is being tried (retries of one attempt share a name),
    /// `page` the page, where there is one.
    pub(crate) fn at(&self, site: Site, attempt: &str, page: &str) -> Vec<Effect> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let inner = &mut *inner;
        let mut effects = Vec::new();
        for (index, fault) in inner.faults.iter().enumerate().filter(|(_, fault)| fault.site == site) {
            let on = match &fault.trigger {
                Trigger::Always => true,
                Trigger::Page(name) => page.trim_start_matches('/').split(['/', '?']).next() == Some(name),
                Trigger::Percent(percent) => inner.chance.random_range(0..100) < u32::from(*percent),
                Trigger::First(count) => {
                    let seen = inner.attempts.entry(index).or_default();
                    if !seen.iter().any(|known| known == attempt) && seen.len() < *count as usize {
                        seen.push(attempt.to_owned());
                    }
                    seen.iter().any(|known| known == attempt)
                }
            };
            if on {
                effects.push(fault.effect.clone());
            }
        }
        effects
    }

    /// How long a request to `site` waits, and what refuses it.
    pub(crate) fn disturbance(&self, site: Site, attempt: &str, page: &str) -> Disturbance {
        let mut found = Disturbance::default();
        for effect in self.at(site, attempt, page) {
            match effect {
                Effect::Down => found.status = Some(503),
                Effect::Status(status) => found.status = Some(status),
                Effect::Slow(by) => found.delay = by,
                Effect::Stopped
                | Effect::AcceptedNotSent
                | Effect::OtherHost
                | Effect::Twice
                | Effect::Lost
                | Effect::Other
                | Effect::LateBy(_)
                | Effect::Deaf
                | Effect::Busy(_)
                | Effect::WrongPersonalisation
                | Effect::Off
                | Effect::Challenge => {}
            }
        }
        found
    }

    /// Whether `effect` is on at `site`, whatever is tried there.
    pub(crate) fn is_on(&self, site: Site, effect: &Effect) -> bool {
        self.at(site, "", "").contains(effect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_read_from_its_text() {
        let fault = |text: &str| text.parse::<Fault>().expect(text);
        assert_eq!(fault("ses=down"), Fault { site: Site::Ses, effect: Effect::Down, trigger: Trigger::Always });
        assert_eq!(fault("ses=slow:90s").effect, Effect::Slow(Duration::from_secs(90)));
        assert_eq!(fault("ses=fail:503@1st").trigger, Trigger::First(1));
        assert_eq!(fault("admin=500@forgot-password").trigger, Trigger::Page("forgot-password".to_owned()));
        for wrong in ["ses", "ses=", "moon=down", "ses=fail:200", "worker=down", "ses=down@", "ses=slow:6"] {
            assert!(wrong.parse::<Fault>().is_err(), "{wrong}");
        }
    }

    /// What can be written is what is listed, in both directions.
    #[test]
    fn every_kind_of_fault_is_listed() {
        let FaultError(said) = "moon=down".parse::<Fault>().expect_err("no site");
        let sites = said.split("the sites are ").nth(1).and_then(|rest| rest.split(". ").next()).expect("the sites");
        let words = KINDS.map(|(_, effect)| effect);
        let name = |effect: &str| {
            let word = effect.split(':').next().unwrap_or(effect);
            if word.parse::<u16>().is_ok() { "status".to_owned() } else { word.to_owned() }
        };
        for site in sites.split([',', ' ']).filter(|word| !word.is_empty() && *word != "and") {
            for effect in words {
                let can_be_written = format!("{site}={effect}").parse::<Fault>().is_ok();
                let listed = KINDS.iter().any(|(of, known)| *of == site && name(known) == name(effect));
                assert_eq!(can_be_written, listed, "{site}={effect}");
            }
        }
    }

    #[test]
    fn retries_of_one_attempt_count_once() {
        let faults = Faults::new(vec!["ses=fail:503@1st".parse().expect("a fault")], 0);
        assert_eq!(faults.at(Site::Ses, "a", ""), [Effect::Status(503)]);
        assert_eq!(faults.at(Site::Ses, "a", ""), [Effect::Status(503)]);
        assert_eq!(faults.at(Site::Ses, "b", ""), []);
    }
}
