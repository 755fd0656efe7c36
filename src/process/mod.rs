//! Children under a keeper: whatever this program starts ends with it, however it ends.
//!
//! A keeper is this program's binary again. It starts the child in a process group of its own, with a private `TMPDIR`,
//! and holds the read end of a pipe whose write end the owner has. When the owner is gone, however it went, the pipe
//! closes: the keeper ends the group, removes the folder and frees the owner's lease. (A killed chromedriver leaves
//! its browser otherwise, with a profile full of cookies; parent-death signals are per thread and do not reach it.)
//! A keeper that is killed itself has a second line behind it, and what nobody has ended the next run finds.

mod keeper;
mod leftovers;
mod owner;
mod second;

pub use keeper::{KeeperArguments, keep};
pub use leftovers::{Leftover, leftovers, sweep};
pub use owner::Owner;

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

/// How long a child is given to end by itself before its group is killed.
const GRACE: Duration = Duration::from_secs(1);

/// Private folders begin so.
const FOLDER_PREFIX: &str = "notify-smoke-";
/// What a keeper is called: who ends all processes that are called as this program does not mean it.
const KEEPER_NAME: &str = "smoke-keeper";

/// Of a last line, so many characters are told.
const LINE_MAX: usize = 200;
/// Of what a child says on standard error, so many bytes are kept: its last words.
const LAST_WORDS_MAX: usize = 4_096;

/// The variables that a child gets: those of the list, none of which holds a password, a token or a key.
pub fn plain_variables() -> impl Iterator<Item = (OsString, OsString)> {
    let plain = |(name, value): &(OsString, OsString)| {
        name.to_str().zip(value.to_str()).is_some_and(|(name, value)| is_passed_on(name, value))
    };
    std::env::vars_os().filter(plain)
}

/// The way to the keeper: this program's own binary.
#[derive(Debug, Clone)]
pub struct Keeper {
    program: PathBuf,
    /// Whether a child's private folder is its `HOME` too.
    own_home: bool,
    /// What a child gets besides the plain variables.
    variables: Vec<(String, String)>,
}

/// Variables that children get; what begins so ends in a star. Passwords, tokens and keys are in none of them.
const PASSED_ON: [&str; 14] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LANGUAGE",
    "LC_*",
    "TZ",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "LD_LIBRARY_PATH",
    "FONTCONFIG_PATH",
    "RUST_BACKTRACE",
];
/// Passed on where no name and password stand in them.
const PROXIES: [&str; 4] = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"];

/// Whether a child gets this variable.
fn is_passed_on(name: &str, value: &str) -> bool {
    let known = |known: &str| known.strip_suffix('*').map_or(name == known, |start| name.starts_with(start));
    PASSED_ON.iter().any(|one| known(one)) || (PROXIES.contains(&name.to_uppercase().as_str()) && !value.contains('@'))
}

impl Keeper {
    /// The keeper of this very binary.
    ///
    /// # Errors
    /// When the system cannot tell where the binary is.
    pub fn of_this_program() -> std::io::Result<Self> {
        std::env::current_exe().map(|program| Self { program, own_home: false, variables: Vec::new() })
    }

    /// The keeper of the program at this path, for callers that are another program.
    pub fn at(program: &Path) -> Self {
        Self { program: program.to_owned(), own_home: false, variables: Vec::new() }
    }

    /// Children get their private folder as `HOME` too: for programs that would leave something in the user's own, or
    /// fail where there is none.
    #[must_use]
    pub fn with_own_home(&self) -> Self {
        Self { own_home: true, ..self.clone() }
    }

    /// Children get these variables too: those that a program of somebody else's is said to need.
    #[must_use]
    pub fn with_variables(&self, variables: &[(String, String)]) -> Self {
        Self { variables: variables.to_vec(), ..self.clone() }
    }

    /// This program's binary.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The words that go before a command to put it under a keeper that removes `folder` at the end.
    pub fn prefix(&self, folder: &Path) -> Vec<String> {
        let words = [self.program.as_os_str(), "keeper".as_ref(), "--folder".as_ref(), folder.as_os_str()];
        words.map(|word| word.to_string_lossy().into_owned()).to_vec()
    }

    /// Starts `program` under the keeper; its standard output can be read.
    ///
    /// # Errors
    /// When the keeper cannot be started, or no private folder can be made.
    pub fn start(&self, program: &Path, arguments: &[String]) -> std::io::Result<Kept> {
        self.start_with(program, |_| Ok(arguments.to_vec()))
    }

    /// Starts `program` with arguments that may name files which `prepare` puts into the child's folder.
    ///
    /// # Errors
    /// Those of [`Keeper::start`] and of `prepare`.
    pub fn start_with(
        &self,
        program: &Path,
        prepare: impl FnOnce(&Path) -> std::io::Result<Vec<String>>,
    ) -> std::io::Result<Kept> {
        let folder = tempfile::Builder::new().prefix(FOLDER_PREFIX).tempdir()?;
        leftovers::sign(folder.path())?;
        let arguments = prepare(folder.path())?;
        let mut words =
            vec!["--folder".into(), folder.path().as_os_str().to_owned(), "--".into(), program.as_os_str().to_owned()];
        words.extend(arguments.iter().map(Into::into));
        let mut kept = self.spawn(&words, Some(folder.path()))?;
        // The keeper removes the folder from here on.
        kept.folder = Some(folder.keep());
        Ok(kept)
    }

    /// Starts a keeper that only removes `lease`, once this process is gone and nobody else has locked it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn watch_lease(&self, lease: &Path) -> std::io::Result<Kept> {
        self.spawn(&["--lease".into(), lease.as_os_str().to_owned()], None)
    }

    fn spawn(&self, words: &[OsString], folder: Option<&Path>) -> std::io::Result<Kept> {
        let mut command = std::process::Command::new(&self.program);
        command.arg0(KEEPER_NAME).arg("keeper").args(words);
        // Any user's process can be asked for its variables by that user, and a crash report takes them along.
        command.env_clear().envs(plain_variables()).envs(self.variables.iter().cloned());
        if let Some(folder) = folder {
            command.env("TMPDIR", folder);
            if self.own_home {
                command.env("HOME", folder);
            }
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // A Ctrl-C at the terminal goes to the foreground group; the keeper must outlive it.
        command.process_group(0);
        let mut child = Command::from(command).spawn()?;
        let (owner, output) = (child.stdin.take(), child.stdout.take());
        let last_words = Arc::default();
        if let Some(errors) = child.stderr.take() {
            tokio::spawn(listen(errors, Arc::clone(&last_words)));
        }
        Ok(Kept { child, owner, output, folder: None, last_words })
    }
}

/// Reads what a child says on standard error to its end, so that it never waits for a reader, and keeps the last of it.
async fn listen(mut errors: ChildStderr, last_words: Arc<Mutex<Vec<u8>>>) {
    let mut buffer = [0_u8; 1_024];
    while let Ok(count @ 1..) = errors.read(&mut buffer).await {
        let mut words = last_words.lock().unwrap_or_else(PoisonError::into_inner);
        words.extend_from_slice(&buffer[..count]);
        let spare = words.len().saturating_sub(LAST_WORDS_MAX);
        words.drain(..spare);
        if spare > 0 {
            // The word that this has cut into goes too.
            let word = words.iter().position(u8::is_ascii_whitespace).unwrap_or(words.len());
            words.drain(..word);
        }
    }
}

/// A text of at most so many characters. A word that the cut goes through is left out: half a secret is not known as one.
pub fn shortened(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        None => text.to_owned(),
        Some((end, _)) => {
            let kept = text[..end].rfind(char::is_whitespace).map_or("", |blank| &text[..blank]);
            format!("{kept}…")
        }
    }
}

/// A child under its keeper. Dropping it ends it.
#[derive(Debug)]
pub struct Kept {
    child: Child,
    owner: Option<ChildStdin>,
    output: Option<ChildStdout>,
    folder: Option<PathBuf>,
    last_words: Arc<Mutex<Vec<u8>>>,
}

impl Kept {
    /// The child's standard output, once.
    pub fn output(&mut self) -> Option<ChildStdout> {
        self.output.take()
    }

    /// The last line that the child has said on standard error, as far as it was heard.
    pub fn last_line(&self) -> Option<String> {
        let words = self.last_words.lock().unwrap_or_else(PoisonError::into_inner);
        let words = String::from_utf8_lossy(&words).into_owned();
        let line = words.lines().map(str::trim).rfind(|line| !line.is_empty())?;
        let line: String = line.chars().filter(|c| !c.is_control()).collect();
        Some(shortened(&line, LINE_MAX))
    }

    /// The child's private folder, which goes with it.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// Whether the child has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)) | Err(_))
    }

    /// Waits for a child that ends by itself, a moment at most.
    pub async fn exit_code(&mut self) -> Option<i32> {
        let status = tokio::time::timeout(GRACE, self.child.wait()).await.ok()?;
        status.ok()?.code()
    }

    /// Ends the child and waits until everything of it is gone.
    pub async fn end(mut self) {
        drop(self.owner.take());
        // The keeper needs its grace twice at most: for the group, and for the folder.
        let _ = tokio::time::timeout(GRACE * 3, self.child.wait()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::shortened;

    #[test]
    fn a_word_that_a_cut_goes_through_is_left_out() {
        assert_eq!(shortened("login correct-horse", 12), "login…");
        assert_eq!(shortened("correct-horse", 5), "…");
        assert_eq!(shortened("login correct-horse", 19), "login correct-horse");
    }
}
