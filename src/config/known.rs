//! Known issues in a file of their own: a list as under `known` of an environment.

use jiff::civil::Date;

use super::lint;
use crate::environment::known_list;
use crate::model::KnownIssue;
use crate::yaml::{Problem, Source};

/// What the file says counts as known.
///
/// # Errors
/// All its problems: one that is wrong in one place says nothing.
pub fn known_issues(source: &Source, today: Date) -> Result<Vec<KnownIssue>, Vec<Problem>> {
    let issues = known_list(source)?;
    let problems: Vec<Problem> = lint::known(&issues, source, today)
        .into_iter()
        .filter(|(_, is_warning)| !is_warning)
        .map(|(problem, _)| problem)
        .collect();
    if problems.is_empty() { Ok(issues) } else { Err(problems) }
}
