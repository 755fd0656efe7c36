//! Mailboxes and test numbers of the smoke user: one file for each kind. Looking changes nothing in them.

mod exec;
mod mime;
mod received;
mod ses_s3;
mod twilio;

pub use exec::{ExecInbox, Printed, read_line};
pub use mime::message as read_mail;
pub use ses_s3::SesS3Inbox;
pub use twilio::{TwilioInbox, read_page as read_gateway};
