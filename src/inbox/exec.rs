//! A mailbox behind any program that prints messages as JSON Lines (`docs/exec-mailbox.md`).
//!
//! The program is started at each look with `--address A --since-ids FILE` (an address more for each that is
//! one's own), prints what it has, and ends. Or it keeps
//! running, prints more as it comes, and an `alive` line every few seconds: "this is all until now". Without either, a
//! look has not succeeded: a program that hangs must not turn into "no mail has come".

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::ChildStdout;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::received;
use crate::model::{FailureKind, MessageKind, PortFailure};
use crate::port::{Inbox, Mark, RawMessage, Sighting, Which};
use crate::process::{Keeper, Kept, shortened};

/// A line of more bytes is no message.
const LINE_BYTES_MAX: u64 = 2 << 20;
const MESSAGES_MAX: usize = 10_000;
/// Of what a program says of an error, so many characters are told.
const TOLD_MAX: usize = 200;
/// How long one look waits for a program that has not ended.
const LOOK_LONGEST: Duration = Duration::from_secs(20);
/// How often it is looked whether a silent program still runs.
const SILENCE: Duration = Duration::from_millis(100);
/// What was printed before a look is read without waiting: a pipe that gives nothing for so long is empty.
const DRAINED: Duration = Duration::from_millis(5);

/// One line of the program.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(default)]
    id: String,
    kind: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    body: String,
    #[serde(default)]
    html: String,
    /// The mail's topmost header of that name, as it stands there.
    #[serde(default)]
    authentication_results: String,
    #[serde(default)]
    arrived_at: Option<Timestamp>,
    /// The provider's id, where the mailbox has another one of its own.
    #[serde(default)]
    provider_id: Option<String>,
    /// With `"kind": "alive"`: what shows that the mailbox can be read.
    #[serde(default)]
    detail: String,
}

/// The mailbox.
pub struct ExecInbox {
    keeper: Keeper,
    command: Vec<String>,
    addresses: Vec<String>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    messages: BTreeMap<String, RawMessage>,
    /// What the program says it cannot read, with its reason.
    unreadable: BTreeMap<String, String>,
    alive: Option<String>,
    running: Option<Running>,
}

struct Running {
    program: Kept,
    output: BufReader<ChildStdout>,
    /// Bytes of a line whose end has not come yet.
    partial: Vec<u8>,
    /// It was started for this look: all that it says is of now.
    is_new: bool,
}

/// What a line was.
#[derive(PartialEq, Eq)]
enum Took {
    Message,
    Alive,
}

enum Read {
    Line(String),
    Silence,
    End,
}

impl ExecInbox {
    /// The mailbox of these addresses, or the number of this one, behind `command`.
    pub fn new(keeper: &Keeper, command: Vec<String>, addresses: Vec<String>) -> Self {
        Self { keeper: keeper.clone(), command, addresses, state: Mutex::new(State::default()) }
    }

    fn failed(&self, why: &str) -> PortFailure {
        let program = self.command.first().map_or("", String::as_str);
        PortFailure::new(FailureKind::Mailbox, format!("the mailbox program {program} {why}"))
    }

    fn start(&self, known: &BTreeSet<String>) -> Result<Running, PortFailure> {
        let (program, rest) = self.command.split_first().ok_or_else(|| self.failed("has no name"))?;
        let cannot = |error: std::io::Error| {
            self.failed(&format!("cannot be started: {error}. Look at `command` in the environment file"))
        };
        let started = self.keeper.start_with(&PathBuf::from(program), |folder| {
            let file = folder.join("since-ids");
            let mut ids = std::fs::File::create(&file)?;
            known.iter().try_for_each(|id| writeln!(ids, "{id}"))?;
            let known = ["--since-ids".to_owned(), file.display().to_string()];
            let ours = self.addresses.iter().flat_map(|address| ["--address".to_owned(), address.clone()]).chain(known);
            Ok(rest.iter().cloned().chain(ours).collect())
        });
        let mut program = started.map_err(cannot)?;
        let output = program.output().ok_or_else(|| self.failed("has no output"))?;
        Ok(Running { program, output: BufReader::new(output), partial: Vec::new(), is_new: true })
    }

    /// Reads what the program has to say now: all that lies in the pipe, and on until it says that it is alive. An older
    /// word of that says nothing of now, and lines that are left behind would make each look a later one. A new message
    /// needs no such word.
    async fn read(&self, state: &mut State, known: &BTreeSet<String>) -> Result<(), PortFailure> {
        let mut running = match state.running.take() {
            Some(running) => running,
            None => self.start(known)?,
        };
        let begun = Instant::now();
        let (before, mut drained) = (state.messages.len(), running.is_new);
        running.is_new = false;
        loop {
            if begun.elapsed() > LOOK_LONGEST {
                running.program.end().await;
                let limit = LOOK_LONGEST.as_secs();
                return Err(self.failed(&format!("neither ends nor says that it is alive within {limit} s")));
            }
            let patience = if drained { SILENCE } else { DRAINED };
            match running.next(patience).await.map_err(|why| self.failed(&why))? {
                Read::Line(line) => {
                    if self.take(state, &line)? == Took::Alive && drained {
                        state.running = Some(running);
                        return Ok(());
                    }
                }
                Read::Silence if !drained && state.messages.len() > before => {
                    state.running = Some(running);
                    return Ok(());
                }
                Read::Silence => drained = true,
                Read::End => return self.ended(running).await,
            }
        }
    }

    async fn ended(&self, mut running: Running) -> Result<(), PortFailure> {
        match running.program.exit_code().await {
            Some(0) => Ok(()),
            Some(code) => {
                let said = running.program.last_line().map(|line| format!(" (“{}”)", told(&line))).unwrap_or_default();
                let mend = "Start it by hand to see what it says";
                Err(self.failed(&format!("ended with exit code {code}{said}. {mend}")))
            }
            None => Err(self.failed("closed its output and does not end")),
        }
    }

    fn take(&self, state: &mut State, line: &str) -> Result<Took, PortFailure> {
        match read_line(line).map_err(|why| self.failed(&why))? {
            Printed::Nothing => Ok(Took::Message),
            Printed::Alive(detail) => {
                state.alive = Some(format!("the mailbox program could read it: {detail}"));
                Ok(Took::Alive)
            }
            Printed::Message(_) | Printed::Unreadable(..)
                if state.messages.len() + state.unreadable.len() >= MESSAGES_MAX =>
            {
                Err(self.failed(&format!("printed more than {MESSAGES_MAX} messages; let it honour --since-ids")))
            }
            Printed::Unreadable(id, why) => {
                state.unreadable.insert(id, why);
                Ok(Took::Message)
            }
            Printed::Message(message) => {
                state.messages.insert(message.id.clone(), *message);
                Ok(Took::Message)
            }
        }
    }
}

/// What a program says of what went wrong: no address of anybody, and not much of it.
fn told(text: &str) -> String {
    let word = |word: &str| if word.contains('@') { "⟨address⟩".to_owned() } else { word.to_owned() };
    let words: Vec<String> = text.split_whitespace().map(word).collect();
    shortened(&words.join(" "), TOLD_MAX)
}

/// What a line says.
pub enum Printed {
    /// An empty line.
    Nothing,
    /// This is all until now; what shows that the mailbox was read.
    Alive(String),
    /// Something of this id is there that the program cannot read, and why.
    Unreadable(String, String),
    Message(Box<RawMessage>),
}

/// Reads one line of a mailbox program.
///
/// # Errors
/// What the program did wrong, as the end of a sentence that begins with its name.
pub fn read_line(line: &str) -> Result<Printed, String> {
    if line.trim().is_empty() {
        return Ok(Printed::Nothing);
    }
    let parsed: Line = serde_json::from_str(line).map_err(|error| {
        format!("printed a line that is no message (column {}): see docs/exec-mailbox.md", error.column())
    })?;
    let kind = match parsed.kind.as_str() {
        "email" => MessageKind::Email,
        "sms" => MessageKind::Sms,
        "alive" => return Ok(Printed::Alive(parsed.detail)),
        "unreadable" if !parsed.id.is_empty() => return Ok(Printed::Unreadable(parsed.id, told(&parsed.detail))),
        "unreadable" => return Err("printed a message without an id".to_owned()),
        _ => return Err("printed a message whose kind is neither email nor sms".to_owned()),
    };
    if parsed.id.is_empty() {
        return Err("printed a message without an id".to_owned());
    }
    if parsed.arrived_at.is_none() {
        return Err("printed a message without arrived_at".to_owned());
    }
    Ok(Printed::Message(Box::new(RawMessage {
        provider_id: parsed.provider_id.unwrap_or_else(|| parsed.id.clone()),
        id: parsed.id,
        kind,
        to: Some(parsed.to).filter(|to| !to.is_empty()).into_iter().collect(),
        from: parsed.from,
        subject: parsed.subject,
        text: parsed.body,
        html: Some(parsed.html).filter(|html| !html.is_empty()),
        inside: Vec::new(),
        failed_checks: received::failed_methods(&parsed.authentication_results),
        arrived_at: parsed.arrived_at,
    })))
}

impl Running {
    async fn next(&mut self, patience: Duration) -> Result<Read, String> {
        let room = LINE_BYTES_MAX - self.partial.len() as u64;
        let mut limited = (&mut self.output).take(room);
        match tokio::time::timeout(patience, limited.read_until(b'\n', &mut self.partial)).await {
            Err(_) => Ok(Read::Silence),
            Ok(Err(error)) => Err(format!("cannot be read: {error}")),
            Ok(Ok(_)) if self.partial.len() as u64 >= LINE_BYTES_MAX && !self.partial.ends_with(b"\n") => {
                Err("printed a line of more than 2 MiB".to_owned())
            }
            Ok(Ok(0)) if self.partial.is_empty() => Ok(Read::End),
            Ok(Ok(_)) => {
                let line = std::mem::take(&mut self.partial);
                String::from_utf8(line).map(Read::Line).map_err(|_| "printed something that is not UTF-8".to_owned())
            }
        }
    }
}

#[async_trait]
impl Inbox for ExecInbox {
    async fn mark(&self) -> Result<Mark, PortFailure> {
        let mut state = self.state.lock().await;
        self.read(&mut state, &BTreeSet::new()).await?;
        let count = state.messages.len();
        let printed = (count > 0).then(|| format!("the mailbox program printed {count} message(s)"));
        let alive = state.alive.clone().or(printed);
        let ids = state.messages.keys().chain(state.unreadable.keys()).cloned().collect();
        Ok(Mark { ids, alive, clock_offset_ms: None })
    }

    async fn look(&self, which: Which<'_>) -> Result<Sighting, PortFailure> {
        let mut state = self.state.lock().await;
        let known = match which {
            Which::NotIn(known) => known.clone(),
            Which::Only(_) => BTreeSet::new(),
        };
        self.read(&mut state, &known).await?;
        let messages = state.messages.values().filter(|message| which.wants(&message.id)).cloned().collect();
        let unreadable = state.unreadable.iter().filter(|(id, _)| which.wants(id));
        Ok(Sighting { messages, unreadable: unreadable.map(|(id, why)| format!("{id}: {why}")).collect() })
    }
}
