//! Smoke tests of a Notify service: a pass that is proof, a failure that names the broken part and the next step.
//!
//! From the nouns to the command line, in reading order; `ARCHITECTURE.md` tells the story, `tests/it/tidy.rs` holds
//! who may import whom.
#![forbid(unsafe_code)]

pub mod model;
pub mod reading;

pub mod environment;
pub mod plan;
pub mod policy;
pub mod scenario;
pub mod yaml;

pub mod decide;
pub mod diagnose;
pub mod history;
pub mod judge;
pub mod render;

pub mod engine;
pub mod journal;
pub mod port;
pub mod redact;

pub mod announce;
pub mod aws;
pub mod browser;
pub mod guard;
pub mod http;
pub mod inbox;
pub mod probe;
pub mod process;
pub mod store;

pub mod config;
pub mod run;

pub mod cli;
pub mod exit;
