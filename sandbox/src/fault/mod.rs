//! Faults: *site × effect × trigger*, written `site=effect[:argument][@trigger]`.
//!
//! A site asks for its faults at the moment it acts; nothing else knows of them.

mod text;

pub use text::{FaultError, KINDS};

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::way::Alteration;
use rand::{Rng, SeedableRng, rngs::StdRng};

/// A part of the service that can be broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Site {
    /// The platform's router before the admin app.
    Edge,
    Admin,
    Api,
    Reset,
    /// What follows a password and a code that were right.
    SignIn,
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
    /// A new version of everything.
    Deploy,
    /// The template that lists are sent with.
    Template,
    /// What lies between the providers and whoever looks: mailbox and number.
    Way,
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
    /// The mail of an earlier request comes in place of the one that was asked for.
    OnlyEarlier,
    /// Does its work twice.
    Twice,
    /// Is asked once, and does its work a second time, this much later.
    Again(Duration),
    /// Refuses whom it does not know yet: the provider's account is in its sandbox.
    InSandbox,
    /// Cannot be reached by the worker: no TLS session can be had.
    NoTls,
    /// Takes a text and does not send it: the account's quota is used up.
    OverQuota,
    /// Takes a text and does not send it: the number has opted out.
    OptedOut,
    /// Takes a mail, and tells later that there is no such mailbox.
    Bounced,
    /// The carrier loses it after the provider has taken it over.
    Lost,
    /// Makes and sends nothing, and answers as always: too many codes are live.
    Limited,
    /// Another environment's text comes in place of ours.
    Elsewhere,
    /// A text of an earlier request, whose code is over, comes at once, and the right one this much later.
    OldFirst(Duration),
    /// Leads back to the page for signing in.
    Loop,
    /// Uses another one than the environment's.
    Other,
    /// Comes to its work so many ticks late.
    LateBy(u32),
    /// Does not wait for the time of a job.
    AtOnce,
    /// Runs the version before the last deploy: tasks that it does not know are dropped.
    Old,
    /// The process dies with it in hand, and the broker hands it out again after 310 s.
    Redelivered,
    /// Looks well and hands nothing out, as after a restart of the broker.
    Deaf,
    /// Another service's job of so many rows stands before ours.
    Busy(u32),
    /// Sends each row of a list to the recipient of another one.
    Swapped,
    /// Leaves a field of the message blank.
    WrongPersonalisation,
    /// Tells nothing.
    Off,
    /// Shows a page of its own that asks whether a person is there.
    Challenge,
    /// Serves its pages without their script.
    NoScript,
    /// Lets nobody choose a time: whatever is chosen, "Now" is checked again.
    NowChecked,
    /// Takes a job for another time than the one that was chosen.
    OtherTime,
    /// Takes a job for now, whatever time was chosen.
    SendsNow,
    /// One fork holds a dead connection to the database: its next message fails and is tried again after 300 s.
    Stale,
    /// Lists this much later what has come, with its own time.
    LateList(Duration),
    /// A banner stands on a page that has nothing to do with it.
    Banner,
    /// A page opens a dialog a moment after it was loaded.
    Alert,
    /// A page asks in a dialog before it takes a form.
    Confirm,
    /// Something is done to each mail.
    Altered(Alteration),
    /// Something is done to each text.
    AlteredText(Alteration),
    /// Somebody has changed its words.
    Edited,
    /// The admin app first, with its new version; worker and scheduler are gone for this long.
    Rolling(Duration),
    /// Signing in is somebody else's: the page has a button that leads there, and no password.
    OtherWay,
    /// One of two instances runs the version before the last deploy: they answer in turn.
    Mixed,
}

impl Effect {
    /// Whether it is a state of the service rather than something that befalls one request or one message.
    pub(crate) fn is_lasting(&self) -> bool {
        match self {
            Self::NoTls
            | Self::Bounced
            | Self::OverQuota
            | Self::OptedOut
            | Self::Limited
            | Self::Loop
            | Self::Old
            | Self::AtOnce
            | Self::NoScript
            | Self::Mixed
            | Self::OtherWay
            | Self::NowChecked
            | Self::OtherTime
            | Self::SendsNow
            | Self::Off
            | Self::Deaf
            | Self::Other
            | Self::Edited => true,
            Self::Down
            | Self::Slow(_)
            | Self::Status(_)
            | Self::Stopped
            | Self::AcceptedNotSent
            | Self::OtherHost
            | Self::OnlyEarlier
            | Self::Twice
            | Self::Again(_)
            | Self::InSandbox
            | Self::Lost
            | Self::Elsewhere
            | Self::OldFirst(_)
            | Self::LateBy(_)
            | Self::Redelivered
            | Self::Busy(_)
            | Self::Swapped
            | Self::WrongPersonalisation
            | Self::Challenge
            | Self::Stale
            | Self::LateList(_)
            | Self::Banner
            | Self::Alert
            | Self::Confirm
            | Self::Altered(_)
            | Self::AlteredText(_)
            | Self::Rolling(_) => false,
        }
    }
}

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
    /// Only on pages with this piece in their path, or since this moment.
    Page(String),
    /// Only the first so many requests of this page.
    PageFirst(String, u32),
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

/// The faults that are on now. Cheap to clone; all clones see the same.
#[derive(Debug, Clone)]
pub(crate) struct Faults {
    inner: Arc<Mutex<Inner>>,
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
        Self { inner: Arc::new(Mutex::new(inner)) }
    }

    pub(crate) fn set(&self, faults: Vec<Fault>) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.faults = faults;
        inner.attempts.clear();
    }

    /// What is wrong with `site` now. `attempt` names what is being tried (retries of one attempt share a name),
    /// `page` the page, where there is one.
    pub(crate) fn at(&self, site: Site, attempt: &str, page: &str) -> Vec<Effect> {
        self.those(|fault| fault.site == site, attempt, page)
    }

    /// Those of the faults that are meant which are on now; the others count nothing.
    fn those(&self, meant: impl Fn(&Fault) -> bool, attempt: &str, page: &str) -> Vec<Effect> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let inner = &mut *inner;
        let mut effects = Vec::new();
        for (index, fault) in inner.faults.iter().enumerate().filter(|(_, fault)| meant(fault)) {
            let on = match &fault.trigger {
                Trigger::Always => true,
                Trigger::Page(name) => is_page(page, name),
                Trigger::Percent(percent) => inner.chance.random_range(0..100) < u32::from(*percent),
                Trigger::PageFirst(name, _) if !is_page(page, name) => false,
                Trigger::First(count) | Trigger::PageFirst(_, count) => {
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
                Effect::InSandbox => found.status = Some(400),
                Effect::Stopped
                | Effect::OtherTime
                | Effect::SendsNow
                | Effect::Stale
                | Effect::LateList(_)
                | Effect::Banner
                | Effect::Alert
                | Effect::Confirm
                | Effect::Altered(_)
                | Effect::AlteredText(_)
                | Effect::AcceptedNotSent
                | Effect::OtherHost
                | Effect::Twice
                | Effect::Lost
                | Effect::Other
                | Effect::LateBy(_)
                | Effect::Deaf
                | Effect::Busy(_)
                | Effect::Swapped
                | Effect::WrongPersonalisation
                | Effect::Off
                | Effect::Challenge
                | Effect::OnlyEarlier
                | Effect::Again(_)
                | Effect::NoTls
                | Effect::OverQuota
                | Effect::OptedOut
                | Effect::Bounced
                | Effect::Limited
                | Effect::Elsewhere
                | Effect::OldFirst(_)
                | Effect::Loop
                | Effect::AtOnce
                | Effect::Old
                | Effect::Redelivered
                | Effect::NoScript
                | Effect::NowChecked
                | Effect::Edited
                | Effect::Mixed
                | Effect::OtherWay
                | Effect::Rolling(_) => {}
            }
        }
        found
    }

    /// Whether `effect` is on at `site`, whatever is tried there, when these moments have come.
    pub(crate) fn is_on(&self, site: Site, effect: &Effect, moments: &str) -> bool {
        !self.those(|fault| fault.site == site && fault.effect == *effect, "", moments).is_empty()
    }
}

fn is_page(path: &str, name: &str) -> bool {
    path.split(['/', '?']).any(|piece| piece == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_of_one_attempt_count_once() {
        let faults = Faults::new(vec!["ses=fail:503@1st".parse().expect("a fault")], 0);
        assert_eq!(faults.at(Site::Ses, "a", ""), [Effect::Status(503)]);
        assert_eq!(faults.at(Site::Ses, "a", ""), [Effect::Status(503)]);
        assert_eq!(faults.at(Site::Ses, "b", ""), []);
    }

    #[test]
    fn the_first_requests_of_a_page_are_counted_there_alone() {
        let faults = Faults::new(vec!["admin=500@sign-in@1st".parse().expect("a fault")], 0);
        assert_eq!(faults.at(Site::Admin, "a", "/forgot-password"), []);
        assert_eq!(faults.at(Site::Admin, "b", "/sign-in"), [Effect::Status(500)]);
        assert_eq!(faults.at(Site::Admin, "c", "/sign-in"), []);
    }
}
