//! YAML text to a tree that keeps the place of every key and value, and problems that point into it.
//!
//! Lowering the tree is the business of `scenario` and `environment`; this module knows no noun of theirs.

mod problem;
mod reader;
mod tree;

pub use problem::{Mark, Problem, Source};
pub use reader::{Fields, Reader, did_you_mean, duration_ms, quoted};
pub use tree::{Entry, Kind, Node, parse};

/// A key that a file may have, with what it means: lowering, schemas and docs read the same tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    pub name: &'static str,
    pub doc: &'static str,
}

/// The names of a table.
pub fn names(keys: &[Key]) -> Vec<&'static str> {
    keys.iter().map(|key| key.name).collect()
}
