//! What the fold keeps of each step, lane and probe.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::model::{Acted, Check, Gap, Health, Observation, PortFailure, Timing};

/// When an event was, and which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    pub seq: u64,
    /// Milliseconds since the run started.
    pub t: u64,
    pub at: Timestamp,
}

/// What is known of a step.
#[derive(Debug, Clone, Default)]
pub struct StepState {
    /// The latest start (only repeatable actions have more than one).
    pub started: Option<Moment>,
    pub times_started: u32,
    /// When it was begun and when it was over, by the service's clock as it was then.
    pub began_at: Option<Timestamp>,
    pub over_at: Option<Timestamp>,
    pub acted: Option<(Moment, Acted)>,
    /// The document that the browser showed when it was begun, and how many dialogs it had opened by then.
    pub document_before: Option<u64>,
    pub dialogs_before: usize,
    /// The browser session in which it was last done.
    pub session: Option<u32>,
    pub looks: LookState,
    /// The latest check that is not the standing one.
    pub check: Option<(Moment, Check)>,
    pub met: Option<Met>,
    pub standing: Option<(Moment, Check)>,
    pub standing_failures: u32,
    pub mailbox: Option<Mailbox>,
    pub mark_failures: Vec<(Moment, PortFailure)>,
    /// The handle of what was captured, and the process whose vault knows it.
    pub captured: Option<(String, u32)>,
    /// Looks of this process that did not find again what was captured.
    pub recall_failures: Vec<(Moment, Option<PortFailure>)>,
    /// Ids of texts whose code was refused, and how many codes that were.
    pub refused_texts: BTreeSet<String>,
    pub refused_codes: usize,
    /// The time that was seen to be chosen.
    pub slot: Option<Timestamp>,
    pub refused: Option<(Moment, String)>,
    pub closed: Option<(Moment, Gap)>,
    /// Whether a picture was asked for, and its file if there is one.
    pub evidence: Option<Option<String>>,
}

impl StepState {
    /// A guard said no. Where that was between its intent and its beginning, nothing has been done.
    pub(super) fn refuse(&mut self, moment: Moment, why: &str) {
        self.refused = Some((moment, why.to_owned()));
        if self.acted.is_none() && self.started.take().is_some() {
            self.times_started = self.times_started.saturating_sub(1);
        }
    }

    /// What was there at the last look and could not be read.
    pub fn unreadable(&self) -> &[String] {
        match &self.looks.seen {
            Some((_, Observation::Messages { unreadable, .. })) => unreadable,
            Some((_, Observation::Page(_))) | None => &[],
        }
    }

    /// What has to be said of what was seen, though nothing is wrong with it.
    pub fn notes(&self) -> Vec<String> {
        let check = self.standing.as_ref().or(self.check.as_ref());
        let of_check = match check {
            Some((_, Check::Met { note: Some(note), .. })) => Some(note.clone()),
            _ => None,
        };
        let unreadable = self.unreadable();
        let of_neighbours = unreadable.first().map(|first| match unreadable.len() {
            1 => format!("something in the mailbox cannot be read: {first}"),
            count => format!("{count} things in the mailbox cannot be read, among them {first}"),
        });
        of_check.into_iter().chain(of_neighbours).collect()
    }
}

/// When an expectation was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Met {
    pub moment: Moment,
    /// Milliseconds from where its window begins: an upper bound, and a lower one. What this program and its machine took lies
    /// between them, so only the lower one can make it late.
    pub after_ms: u64,
    pub least_ms: u64,
    pub timing: Timing,
    /// Seen on the job's page, not by a message.
    pub by_page: bool,
}

/// What is known of the looks at an expectation.
#[derive(Debug, Clone, Default)]
pub struct LookState {
    pub count: u32,
    pub failed: u32,
    /// When the last one of this process began and ended.
    pub last: Option<(u64, Moment)>,
    /// When the last one that succeeded began, and the one before it.
    pub last_good: Option<u64>,
    pub good_before: Option<u64>,
    pub last_failure: Option<(Moment, PortFailure)>,
    /// How long the request of the page that was seen last took, by the browser's own timing.
    pub took_ms: Option<u64>,
    /// How busy this machine was meanwhile, in percent, where it was most of the time.
    pub busy_percent: Option<u8>,
    pub seen: Option<(Moment, Observation)>,
    /// What the first one saw, and how many saw something new.
    pub first: Option<(Moment, Observation)>,
    pub news: u32,
}

impl LookState {
    /// That this machine was busy meanwhile, where it was most of the time.
    #[must_use]
    pub fn busy(&self) -> Option<String> {
        let percent = self.busy_percent?;
        Some(format!("for {percent} % of the time something on this machine waited for a processor"))
    }
}

/// The mailbox before the trigger.
#[derive(Debug, Clone)]
pub struct Mailbox {
    pub moment: Moment,
    pub ids: BTreeSet<String>,
    pub alive: Option<String>,
    /// How far the eye's own clock is ahead of this machine's, in milliseconds, where it tells.
    pub clock_offset_ms: Option<i64>,
}

/// What is known of a lane.
#[derive(Debug, Clone, Default)]
pub struct LaneState {
    /// Sessions opened so far; the current one has this number.
    pub session: u32,
    pub open: bool,
    /// The document that was seen last in it, and how many dialogs it had opened by then.
    pub document: Option<u64>,
    pub dialogs: usize,
    /// Sessions opened by this process.
    pub opened_now: u32,
    /// Browsers that did not start, in this process; opening one does nothing to the service, so it is tried again.
    pub failed_opens: u32,
    /// Set when no browser could be had.
    pub failed: Option<(Moment, PortFailure)>,
    pub browser: Option<String>,
}

/// One look at the service's health.
#[derive(Debug, Clone)]
pub struct ProbeState {
    pub moment: Moment,
    /// How often it was tried.
    pub tries: u32,
    pub health: Option<Health>,
    pub failure: Option<PortFailure>,
}

/// What the service's clock said when the run began, in milliseconds since 1970: it lies between two bounds, and each look
/// at the service's `Date` header narrows them. From there on the run's own time counts, which no setting of this machine's
/// clock can move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceClock {
    low_ms: i64,
    high_ms: i64,
}

impl ServiceClock {
    /// With one look more. A look that contradicts the earlier ones means that the service's clock was set.
    #[must_use]
    pub fn narrowed(known: Option<Self>, health: &Health, looked: Moment) -> Option<Self> {
        let Some(offset) = health.clock_offset_ms else { return known };
        let began =
            looked.at.as_millisecond().saturating_add(offset).saturating_sub(i64::try_from(looked.t).unwrap_or(0));
        let new = Self {
            low_ms: began.saturating_sub(health.clock_error_ms),
            high_ms: began.saturating_add(health.clock_error_ms),
        };
        let both =
            known.map(|known| Self { low_ms: known.low_ms.max(new.low_ms), high_ms: known.high_ms.min(new.high_ms) });
        Some(both.filter(|both| both.low_ms <= both.high_ms).unwrap_or(new))
    }

    /// What it says at a time of the run, in milliseconds.
    pub fn at(self, t: u64) -> Option<Timestamp> {
        let now = self.low_ms.midpoint(self.high_ms).saturating_add(i64::try_from(t).ok()?);
        Timestamp::from_millisecond(now).ok()
    }
}
