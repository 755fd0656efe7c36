//! Mailboxes of the smoke user: one file for each kind. Looking changes nothing in them.

mod exec;
mod mime;
mod ses_s3;

pub use exec::ExecInbox;
pub use ses_s3::SesS3Inbox;
