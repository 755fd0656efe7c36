//! What a job has come to as one page, held as a golden file: what differs from run to run is put out of it first.

use std::fmt::Write as _;

use regex::Regex;

use super::annotations;
use super::runner::{Job, Runner};
use crate::support::root;

/// Patterns of what is of one run alone, and what stands for it. The order matters: longer ones come first.
const OF_ONE_RUN: &[(&str, &str)] = &[
    (r"[0-9]{8}T[0-9]{6}Z-[a-z0-9]{6}", "RUN"),
    (r"run(%3D|=)[a-z]{16}", "run${1}TOKEN"),
    (r"smoke test [a-z]{16}", "smoke test TOKEN"),
    (r"(smoke|smoke-now|smoke-texts|smoke-texts-now)-[a-z]{16}\.csv", "$1-TOKEN.csv"),
    (r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}(:|&#58;)[0-9]{2}((:|&#58;)[0-9]{2})? UTC", "TIME"),
    (r"\b[0-9]{2}%3A[0-9]{2}%3A[0-9]{2} UTC", "TIME"),
    (r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}(:|&#58;)[0-9]{2} to ([0-9-]{10} )?[0-9]{2}(:|&#58;)[0-9]{2} UTC", "MINUTES"),
    (r"\b[0-9]{2}(:|&#58;)[0-9]{2}(:|&#58;)[0-9]{2}(\.[0-9]+)?( UTC)?", "TIME"),
    (r"\b[0-9]+\.[0-9] s\b", "N s"),
    (r"localhost(:|%3A|&#58;)[0-9]+", "localhost:PORT"),
    (r"(?m)(after|for|at least) [0-9]+ s\b", "$1 N s"),
];

/// Holds the page of `job` against `tests/golden/actions/NAME.txt`.
pub fn hold(name: &str, runner: &Runner, job: &Job) {
    let mut page = page_of(runner, job);
    page = page.replace(&runner.desk.path().display().to_string(), "FILES");
    for (pattern, stands) in OF_ONE_RUN {
        page = Regex::new(pattern).expect("a pattern").replace_all(&page, *stands).into_owned();
    }
    let golden = root().join(format!("tests/golden/actions/{name}.txt"));
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&golden, &page).expect("a file");
    }
    let held = std::fs::read_to_string(&golden).unwrap_or_default();
    let new: Vec<&str> = page.lines().filter(|line| !held.lines().any(|known| known == *line)).collect();
    assert!(page == held, "{name}: BLESS=1 writes it anew; new: {new:#?}\n{}", job.log);
}

fn page_of(runner: &Runner, job: &Job) -> String {
    let mut page = format!("exit code {}\n", job.code);
    page.push_str("\n== annotations\n");
    page.extend(annotations(&job.log).into_iter().flat_map(|line| [line, "\n"]));
    page.push_str("\n== commit status\n");
    for (state, context, description) in runner.api.states() {
        let _ = writeln!(page, "{state} {context}: {description}");
    }
    page.push_str("\n== outputs\n");
    for (name, value) in &job.outputs {
        let _ = writeln!(page, "{name}={value}");
    }
    page.push_str("\n== artifact\n");
    if let Some((name, folder)) = &job.artifact {
        let _ = writeln!(page, "{name}");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .expect("a folder")
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        files.sort();
        page.extend(files.iter().flat_map(|file| ["  ", file, "\n"]));
    }
    page.push_str("\n== summary\n");
    page.push_str(&job.summary);
    page
}
