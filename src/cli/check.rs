//! `check`: every problem of every file, at once. Resolves no secret and starts nothing.

use serde_json::json;

use super::options::{Check, CheckFormat};
use super::out::{complain, say};
use crate::config::Files;
use crate::exit::Exit;
use crate::yaml::Problem;

/// Whether a run can be made all the same.
#[derive(Clone, Copy)]
enum Weight {
    Error,
    Warning,
}

impl Weight {
    fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

pub(super) fn run(options: &Check) -> Exit {
    let loaded = Files::new(".".as_ref()).load();
    let errors = loaded.problems.iter().map(|problem| (Weight::Error, problem));
    let found: Vec<(Weight, &Problem)> =
        errors.chain(loaded.warnings.iter().map(|problem| (Weight::Warning, problem))).collect();
    match options.format {
        CheckFormat::Text => text(&found, loaded.problems.len(), loaded.files),
        CheckFormat::Json => {
            let list: Vec<_> = found.iter().map(|(weight, problem)| json(*weight, problem)).collect();
            let whole = json!({ "version": 1, "files": loaded.files, "problems": list });
            say(&serde_json::to_string_pretty(&whole).unwrap_or_default());
        }
        CheckFormat::Github => found.iter().for_each(|(weight, problem)| say(&annotation(*weight, problem))),
    }
    if loaded.problems.is_empty() { Exit::Passed } else { Exit::WrongInput }
}

fn text(found: &[(Weight, &Problem)], errors: usize, files: usize) {
    for (weight, problem) in found {
        complain(&match weight {
            Weight::Error => format!("{problem}\n"),
            Weight::Warning => format!("warning: {problem}\n"),
        });
    }
    let warnings = found.len() - errors;
    match (errors, warnings) {
        (0, 0) => say(&format!("{files} files are in order.")),
        (0, _) => say(&format!("{files} files will do; {warnings} warning(s).")),
        (_, 0) => complain(&format!("{errors} problem(s) in {files} files.")),
        _ => complain(&format!("{errors} problem(s) and {warnings} warning(s) in {files} files.")),
    }
}

fn json(weight: Weight, problem: &Problem) -> serde_json::Value {
    json!({
        "weight": weight.name(),
        "file": problem.file,
        "line": problem.mark.line,
        "column": problem.mark.column,
        "length": problem.mark.length,
        "what": problem.what,
        "mend": problem.mend,
    })
}

/// Source: <https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions>.
fn annotation(weight: Weight, problem: &Problem) -> String {
    let value = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| value(text).replace(':', "%3A").replace(',', "%2C");
    let (line, column) = (problem.mark.line, problem.mark.column);
    let end = column + problem.mark.length;
    let file = property(&problem.file);
    let what = value(&format!("{}. {}", problem.what, problem.mend));
    format!("::{} file={file},line={line},col={column},endColumn={end},title=notify-smoke::{what}", weight.name())
}
