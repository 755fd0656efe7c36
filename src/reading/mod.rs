//! What a reader sees of a message or a page, and which links it holds: one reading for redaction and judging alike.
//!
//! Mails are read as they come out of a mailbox: gateways wrap lines, rewrite links, add banners. What of that can be undone
//! without asking anybody is undone here; what is decided from it is not this module's.

mod added;
mod html;
mod links;
mod plain;
mod rewriters;
mod visible;

pub use added::{is_addition, is_masked, is_placeholder};
pub use html::render;
pub use links::in_text;
pub use plain::{plain, rewrapped, squeezed};
pub use rewriters::{Original, original, percent_decoded};
pub use visible::{no_command, one_line};
