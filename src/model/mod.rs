//! The nouns: plain data that every other module speaks of. Nothing here reads a clock, a file or the network.

pub mod acted;
pub mod check;
pub mod component;
pub mod deploy;
pub mod environment;
pub mod event;
pub mod eyes;
pub mod health;
pub mod known;
pub mod line;
pub mod link;
pub mod observation;
pub mod occasion;
pub mod outcome;
pub mod parts;
pub mod plan;
pub mod road;
pub mod runbook;
pub mod scenario;
pub mod service;
pub mod since;
pub mod template;
pub mod times;
pub mod verdict;
pub mod window;

pub use acted::{Acted, FailureKind, PortFailure};
pub use check::{Blemish, Check, Instead, Wrong};
pub use component::Component;
pub use environment::{Environment, MailboxSettings, MessageTemplate, NumberSettings, Target, TargetTemplate};
pub use event::{Event, Fact, Gap, Leased, ProbeWhen, Seen};
pub use eyes::EyeLevel;
pub use health::{Health, PartHealth};
pub use known::KnownIssue;
pub use link::{IssuedAt, LinkShape};
pub use observation::{
    Alteration, Control, Dialog, DialogKind, JobReading, Link, MailPart, Message, MessageKind, Observation, PageLink,
    Snapshot,
};
pub use occasion::{Because, Occasion};
pub use parts::Parts;
pub use plan::{Lane, Plan, PlannedScenario, PlannedStep, StepId, StepKind};
pub use road::{Road, Roads, Stage};
pub use runbook::Runbook;
pub use scenario::{
    Act, Attachment, Capture, Captured, EmailExpectation, Expect, Expectation, PageExpectation, RowsExpectation,
    RowsNeeded, Scenario, SlotShown, Step, TextExpectation,
};
pub use service::{Sentences, Service};
pub use since::{Elsewhere, LastPassed, LateCopy, LeftRun, Since};
pub use template::{Part, Template};
pub use times::Times;
pub use verdict::Verdict;
pub use window::{Timing, Window, WindowFrom};

/// Whether a count is left out of a file.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}
