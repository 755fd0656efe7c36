//! Real headless Chromium through `WebDriver` (fantoccini).

mod find;
mod launch;
mod session;
mod trouble;

pub use find::{Found, find};
pub use launch::{Chromium, Settings};
