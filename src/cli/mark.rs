//! `mark`: tells the runs of an environment that a deploy begins, or is over.

use std::path::Path;

use super::options::{Edge, Mark};
use super::out::{refuse, say};
use crate::exit::Exit;
use crate::model::deploy::DeployEdge;
use crate::run;

pub(super) async fn run(options: Mark, root: &Path) -> Exit {
    let (edge, said) = match options.edge {
        Edge::DeployStart => (DeployEdge::Start, "begins"),
        Edge::DeployEnd => (DeployEdge::End, "is over"),
    };
    let part = options.deployed.unwrap_or_default();
    match run::mark(root, &options.environment, edge, &part).await {
        Ok(()) => {
            say(&format!("Marked: a deploy of {} {said}.", options.environment));
            Exit::Passed
        }
        Err(not_started) => refuse(&not_started),
    }
}
