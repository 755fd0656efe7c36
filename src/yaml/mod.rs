//! YAML text to a tree that keeps the place of every key and value, and problems that point into it.
//!
//! Lowering the tree is the business of `scenario` and `environment`; this module knows no noun of theirs.

mod problem;
mod reader;
mod tree;

pub use problem::{Mark, Problem, Source};
pub use reader::{Fields, Reader, did_you_mean, duration_ms, quoted};
pub use tree::{Entry, Kind, Node, parse};
