//! Files, secrets and environment variables: what the program is told from outside, checked before anything starts.

mod files;
mod known;
mod lint;
pub mod pins;
mod resolve;
mod resolved;
mod values;

pub use files::{Files, Loaded, environment_name};
pub use known::known_issues;
pub use resolve::{placeholders, resolve, resolve_store};
pub use resolved::{
    Resolved, ResolvedAnnounce, ResolvedBucket, ResolvedMailbox, ResolvedNumber, ResolvedProgram, Unresolved,
};
