//! Writes what an environment's variables say into its file, once: from then on another environment's are refused.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::NotStarted;
use super::prepare::{environment, public};
use crate::config::{Files, pins};
use crate::exit::Exit;

/// The heading of what is written.
const HEADING: &str = "pinned:";

/// What was done.
pub struct PinnedFile {
    pub path: PathBuf,
    /// The lines that were written; none, where nothing was missing.
    pub lines: Vec<String>,
}

/// Pins an environment.
///
/// # Errors
/// [`NotStarted`] where a variable is missing or says something else than what is pinned already, and where the file cannot be
/// written; then it is as it was.
pub fn pin(root: &Path, name: &str) -> Result<PinnedFile, NotStarted> {
    let files = Files::new(root);
    let (environment, _) = environment(&files, name)?;
    let resolved = public(&files, &environment)?;
    let lines = pins::lines(&environment, &resolved.target);
    let path = files.environment_file(&environment.name);
    if !lines.is_empty() {
        write(&files, &path, &lines).map_err(|why| {
            let said =
                format!("{} cannot be written: {why}. Write into it:\n{HEADING}\n{}", path.display(), lines.join("\n"));
            NotStarted::new(Exit::WrongInput, said)
        })?;
    }
    Ok(PinnedFile { path, lines })
}

fn write(files: &Files, path: &Path, lines: &[String]) -> Result<(), String> {
    let before = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    replace(path, &with(&before, lines))?;
    if files.load().problems.is_empty() {
        return Ok(());
    }
    replace(path, &before)?;
    Err("it would be no environment any more".to_owned())
}

/// The file with these lines under the heading, which is made where it is not there.
fn with(text: &str, lines: &[String]) -> String {
    let lines = lines.join("\n");
    let is_heading = |line: &str| line.trim_end() == HEADING || line.starts_with("pinned: #");
    let Some(at) = text.lines().position(is_heading) else {
        return format!("{}\n{HEADING} # what the variables must say\n{lines}\n", text.trim_end());
    };
    let mut all: Vec<&str> = text.lines().collect();
    all.insert(at + 1, &lines);
    all.join("\n") + "\n"
}

/// All of it, or nothing: a full disk must not cost the file.
fn replace(path: &Path, text: &str) -> Result<(), String> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let told = |error: std::io::Error| error.to_string();
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(told)?;
    file.write_all(text.as_bytes()).map_err(told)?;
    // It is part of the repository, as the one before.
    let permissions = std::fs::metadata(path).map_err(told)?.permissions();
    file.as_file().set_permissions(permissions).map_err(told)?;
    file.persist(path).map(|_| ()).map_err(|error| error.error.to_string())
}

#[cfg(test)]
mod tests {
    use super::with;

    #[test]
    fn lines_stand_under_one_heading() {
        let host = ["  host: \"h.gov\"".to_owned()];
        let sender = ["  email-sender: \"n@h.gov\"".to_owned()];
        let pinned = with("service: us-notify\n\n", &host);
        assert_eq!(pinned, "service: us-notify\npinned: # what the variables must say\n  host: \"h.gov\"\n");
        assert_eq!(
            with(&pinned, &sender),
            "service: us-notify\npinned: # what the variables must say\n  email-sender: \"n@h.gov\"\n  host: \"h.gov\"\n"
        );
    }
}
