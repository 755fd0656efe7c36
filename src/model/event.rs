//! One thing that happened. Facts only: nothing derived, nothing about display.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::deploy::DeployMark;
use super::{Acted, Check, Health, Lane, LateCopy, Observation, Occasion, Plan, PortFailure, Since, StepId};

/// The journal's format. Readers know all older ones.
pub const VERSION: u32 = 1;

/// A fact with its place and time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    pub v: u32,
    /// Counts from 0 without a gap.
    pub seq: u64,
    /// Milliseconds since the run started; monotonic, also across a resume.
    pub t: u64,
    /// By this machine's clock.
    pub at: Timestamp,
    pub fact: Fact,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Fact {
    /// Always the first.
    RunStarted {
        run: String,
        harness: String,
        plan: Box<Plan>,
        /// Marks everything that this run causes; not a secret.
        token: String,
        /// Codes that earlier runs asked for, still live, whose texts they have not seen: one may come now.
        #[serde(default)]
        open_codes: u32,
        /// Earlier runs, to compare with.
        #[serde(default)]
        since: Since,
        /// Where the lease of the run lies: the number of its folder. Elsewhere there is another one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<u64>,
        /// Why it is made.
        #[serde(default)]
        occasion: Box<Occasion>,
    },
    /// Another process goes on with the run; what the first one held in memory is gone.
    RunResumed {
        harness: String,
        /// Where the lease lies from now on, where somebody said that the run was moved.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<u64>,
    },
    Probed {
        when: ProbeWhen,
        /// When the look began, like `t`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        health: Option<Health>,
        #[serde(skip_serializing_if = "Option::is_none")]
        failure: Option<PortFailure>,
    },
    BrowserOpened {
        lane: Lane,
        browser: String,
    },
    BrowserFailed {
        lane: Lane,
        why: PortFailure,
    },
    /// The session is not used any more; condemned ones had an action in doubt.
    BrowserGone {
        lane: Lane,
        condemned: bool,
    },
    /// The mailbox was looked at before the trigger: whatever is here is not ours.
    Marked {
        step: StepId,
        ids: Vec<String>,
        /// What shows that this eye can see at all.
        #[serde(skip_serializing_if = "Option::is_none")]
        alive: Option<String>,
        /// How far the eye's own clock is ahead of this machine's, in milliseconds, where it tells.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        clock_offset_ms: Option<i64>,
    },
    MarkFailed {
        step: StepId,
        why: PortFailure,
    },
    /// A guard said no; nothing was done.
    Refused {
        step: StepId,
        why: String,
    },
    /// Written before the action is begun.
    Started {
        step: StepId,
    },
    Acted {
        step: StepId,
        acted: Acted,
    },
    Looked {
        step: StepId,
        /// When the look began, like `t`.
        since: u64,
        seen: Seen,
        /// How long the request of the page that was seen took, in milliseconds, by the browser's own timing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        took_ms: Option<u64>,
        /// When the document that was seen was asked for, by the browser's clock: it tells documents apart.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        document: Option<u64>,
        /// For how many percent of the time since the action something on this machine waited for a processor, where that
        /// was most of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        busy_percent: Option<u8>,
    },
    /// What a look, the last one before this, says of its expectation.
    Checked {
        step: StepId,
        check: Check,
        /// The look after everything else, for what must stay true.
        standing: bool,
        /// The handle of what was captured.
        #[serde(skip_serializing_if = "Option::is_none")]
        captured: Option<String>,
    },
    /// What was captured before a resume was fetched again.
    Recalled {
        step: StepId,
        /// Its handle in this process; without one it was not found.
        #[serde(skip_serializing_if = "Option::is_none")]
        captured: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        failure: Option<PortFailure>,
    },
    /// The step ends without having been met.
    Closed {
        step: StepId,
        gap: Gap,
    },
    /// A picture was taken of what a step failed on; without a name, none could be had.
    Evidence {
        step: StepId,
        #[serde(skip_serializing_if = "Option::is_none")]
        file: Option<String>,
    },
    /// What this run shares with others is its own from now on; written where there is something to tell.
    Leased(Leased),
    /// Another run has worked with what is shared since this one gave it back.
    Shared {
        by: String,
        /// When it was given back, like `t`.
        since: u64,
    },
    /// What those who deploy have marked was read.
    Deploys {
        marks: Vec<DeployMark>,
        /// Why it could not be read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unasked: Option<String>,
    },
    /// This program was held up: stopped, in a machine that slept, or without its turn. All windows that are open go on for
    /// so much longer.
    Held {
        ms: u64,
    },
    /// The process ended because there was nothing to do but wait; so far all passed.
    Detached {
        /// When the run is to be gone on with.
        due: Timestamp,
    },
    /// Somebody asked the program to stop.
    Interrupted {
        signal: String,
    },
    /// The last, but for what a later run finds when it looks back.
    RunEnded,
    /// A later run has looked at the page of this run's job again: what stood beside its messages.
    LookedBack {
        /// The run that looked.
        by: String,
        scenario: String,
        words: Vec<String>,
        /// The messages of it that came once more after this run had ended; then no page was looked at.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        copies: Option<LateCopy>,
    },
    /// Written by a later version; passed over.
    #[serde(other)]
    Unknown,
}

impl Fact {
    /// The step that it is about, if it is about one.
    pub fn step(&self) -> Option<StepId> {
        match self {
            Self::Marked { step, .. }
            | Self::MarkFailed { step, .. }
            | Self::Refused { step, .. }
            | Self::Started { step }
            | Self::Acted { step, .. }
            | Self::Looked { step, .. }
            | Self::Checked { step, .. }
            | Self::Recalled { step, .. }
            | Self::Closed { step, .. }
            | Self::Evidence { step, .. } => Some(*step),
            Self::RunStarted { .. }
            | Self::RunResumed { .. }
            | Self::Probed { .. }
            | Self::BrowserOpened { .. }
            | Self::BrowserFailed { .. }
            | Self::BrowserGone { .. }
            | Self::Detached { .. }
            | Self::Held { .. }
            | Self::Leased(_)
            | Self::Shared { .. }
            | Self::Deploys { .. }
            | Self::Interrupted { .. }
            | Self::RunEnded
            | Self::LookedBack { .. }
            | Self::Unknown => None,
        }
    }
}

/// How a lease was had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leased {
    pub waited_ms: u64,
    /// For whom it was waited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behind: Option<String>,
    /// Why other machines could not be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unasked: Option<String>,
}

/// Which look at the service's health.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProbeWhen {
    Before,
    /// While something is awaited by the service's clock.
    During,
    /// Beside an action that is done but once: which builds it met.
    Acting,
    /// Whether the builds that were deployed answer.
    Expecting,
    After,
}

/// What a look brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seen {
    /// Something else than the look before.
    New(Observation),
    /// The same as the look before.
    Same,
    /// The eye failed.
    Failed(PortFailure),
}

/// Why an expectation ended without having been met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gap {
    /// Its window has closed, and a look was made at its end.
    WindowClosed,
    /// The job's page says that it will not come any more.
    CannotCome,
    /// The browser session that showed it is gone, and the action before it must not be repeated.
    SessionLost,
    /// What it needs was captured before a resume and could not be fetched again.
    CaptureLost,
    /// The run has reached its longest time.
    RunTooLong,
}
