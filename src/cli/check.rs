//! `check`: every problem of every file, at once. Resolves no secret and starts nothing.

use std::path::Path;

use serde_json::json;

use super::options::{Check, CheckFormat};
use super::out::{complain, say};
use crate::config::Files;
use crate::exit::Exit;
use crate::render::github;
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

pub(super) fn run(options: &Check, root: &Path) -> Exit {
    let loaded = Files::new(root).load();
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
        CheckFormat::Github => annotations_of(&found).iter().for_each(|line| say(line)),
    }
    if loaded.problems.is_empty() { Exit::Passed } else { Exit::WrongInput }
}

/// Annotations of everything that is wrong with the files of `root`.
pub(super) fn annotations(root: &Path) -> Vec<String> {
    let loaded = Files::new(root).load();
    annotations_of(&loaded.problems.iter().map(|problem| (Weight::Error, problem)).collect::<Vec<_>>())
}

fn annotations_of(found: &[(Weight, &Problem)]) -> Vec<String> {
    found.iter().map(|(weight, problem)| annotation(*weight, problem)).collect()
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

fn annotation(weight: Weight, problem: &Problem) -> String {
    let (line, column) = (problem.mark.line, problem.mark.column);
    let end = column + problem.mark.length;
    let properties = [
        ("file", problem.file.clone()),
        ("line", line.to_string()),
        ("col", column.to_string()),
        ("endColumn", end.to_string()),
        ("title", "notify-smoke".to_owned()),
    ];
    github::command(weight.name(), &properties, &format!("{}. {}", problem.what, problem.mend))
}
