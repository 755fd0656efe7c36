//! `gate`: whether what is to be released was tested, for scripts and people.

use std::path::Path;

use jiff::SignedDuration;

use super::options::Gate;
use super::out::{refuse, say};
use crate::exit::Exit;
use crate::run;

pub(super) async fn run(options: Gate, root: &Path) -> Exit {
    let parts = [("api", options.api), ("admin", options.admin)];
    let gate = run::Gate {
        environment: options.environment,
        profile: options.profile,
        commits: parts.into_iter().filter_map(|(part, commit)| Some((part.to_owned(), commit?))).collect(),
        because: options.because.map(super::occasion::BecauseOption::because),
        max_age: SignedDuration::from_millis(i64::try_from(options.max_age).unwrap_or(i64::MAX)),
    };
    match Box::pin(run::gate(root, &gate)).await {
        Ok(answer) => {
            say(&answer.said);
            if answer.is_open { Exit::Passed } else { Exit::Failed }
        }
        Err(not_started) => refuse(&not_started),
    }
}
