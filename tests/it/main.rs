//! The one integration binary: how the whole behaves, seen from outside.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::assigning_clones,
    clippy::unchecked_time_subtraction,
    clippy::case_sensitive_file_extension_comparisons,
    unreachable_pub,
    reason = "a test that cannot go on has failed, and says where"
)]

mod actions;
mod announce;
mod cli;
mod docs;
mod doctor;
mod faults;
mod fuzz;
mod gate;
mod hostile;
mod known;
mod occasions;
mod pins;
mod ports;
mod problems;
mod prompt;
mod render;
mod replay;
mod sandbox;
mod sim;
mod store;
mod support;
mod table;
mod terminal;
mod tidy;
