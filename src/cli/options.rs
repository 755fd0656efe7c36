//! What can be written on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::occasion::{BecauseOption, OccasionOptions, commit, patience};

const AFTER_HELP: &str = "Examples:
  notify-smoke smoke                            what there is to test, and when it last passed
  notify-smoke smoke local                      test the sandbox that comes with this program
  notify-smoke smoke local --fault ses=down     break it first, and read what is said
  notify-smoke doctor prod                      everything that a run will need, touching nothing
  notify-smoke smoke prod --profile quick       an answer in a minute, without the scheduler
  notify-smoke smoke prod --detach              end with exit code 6 while only the hour is awaited
  notify-smoke resume RUN                       go on with it, or with a run that was stopped
  notify-smoke explain scheduler-missed         what a cause in a report means

Exit codes:
  0 passed or degraded   1 failed               2 files or options wrong
  3 could not judge      4 nothing selected     5 refused by a guard
  6 waiting              130 interrupted";

/// Smoke tests of a Notify service: a pass that is proof, a failure that names the broken part.
#[derive(Debug, Parser)]
#[command(name = "notify-smoke", version, after_help = AFTER_HELP)]
pub(super) struct Options {
    /// Where `scenarios/` and `environments/` are; runs are written into the working folder
    #[arg(long, global = true, value_name = "DIR", default_value = ".", hide_default_value = true)]
    pub root: PathBuf,
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Test an environment; without one, list what there is
    Smoke(Smoke),
    /// Go on with a run that was stopped
    Resume(Resume),
    /// Show what a run would do, and touch nothing
    Plan(Plan),
    /// Check all files; resolves no secret
    Check(Check),
    /// Look at everything that a run will need, and touch nothing
    Doctor(Doctor),
    /// Write an environment's host and senders from its variables into its file
    Pin(Pin),
    /// Make a run's report again from its journal
    Report(Report),
    /// Tell the runs of an environment that a deploy begins, or is over
    Mark(Mark),
    /// Say whether what is to be released was tested: exit code 0, or 1 with what is missing
    Gate(Gate),
    /// End and remove what was left behind by runs that were killed with everything around them
    Sweep,
    /// Say what a cause of a report means; without one, list them
    Explain(Explain),
    /// Write the JSON Schemas of the files
    Schema(Schema),
    /// Write the completions of a shell to standard output
    Completions(Completions),
    /// Run the stand-in service by itself
    #[cfg(feature = "local")]
    Sandbox(Sandbox),
    /// Hold a child and clean up after it (used by the program itself)
    #[command(hide = true)]
    Keeper(Keeper),
}

/// `pin ENV`
#[derive(Debug, Args)]
pub(super) struct Pin {
    /// The environment, whose variables are set
    pub environment: String,
}

/// `gate ENV`
#[derive(Debug, Args)]
pub(super) struct Gate {
    pub environment: String,
    /// The commit that the API has to have answered as
    #[arg(long, value_name = "SHA", value_parser = commit)]
    pub api: Option<String>,
    /// The same of the admin app
    #[arg(long, value_name = "SHA", value_parser = commit)]
    pub admin: Option<String>,
    /// A profile of service.yaml, whose scenarios the run has to have had
    #[arg(long, default_value = "runbook")]
    pub profile: String,
    /// Only a run that was made for this reason
    #[arg(long, value_enum)]
    pub because: Option<BecauseOption>,
    /// Only a run that ended so long ago at the most
    #[arg(long, value_name = "TIME", value_parser = patience, default_value = "24h")]
    pub max_age: u64,
}

/// `mark ENV deploy-start`, `mark ENV deploy-end`
#[derive(Debug, Args)]
pub(super) struct Mark {
    pub environment: String,
    #[arg(value_enum)]
    pub edge: Edge,
    /// What is deployed, such as `api` or `api,admin`; the end is given the same
    #[arg(long, value_name = "PARTS")]
    pub deployed: Option<String>,
}

/// One side of a deploy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Edge {
    DeployStart,
    DeployEnd,
}

/// `smoke ENV [SCENARIO…]`
#[derive(Debug, Args)]
pub(super) struct Smoke {
    /// The environment, such as `local` or `prod`
    pub environment: Option<String>,
    /// Scenarios by the stem of their file; without any, those of the profile
    pub scenarios: Vec<String>,
    /// A profile of service.yaml
    #[arg(long, conflicts_with = "scenarios")]
    pub profile: Option<String>,
    /// Break the sandbox: `site=effect[:argument][@trigger]`
    #[arg(long = "fault")]
    pub faults: Vec<String>,
    /// Seed of what is left to chance in a fault
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Use the sandbox whose control endpoint is here, instead of starting one
    #[arg(long, value_name = "URL")]
    pub sandbox: Option<String>,
    /// Let the sandbox stand without HTTP Basic auth
    #[arg(long)]
    pub no_basic_auth: bool,
    /// What ends with exit code 1 besides a failure
    #[arg(long, value_enum)]
    pub fail_on: Option<FailOn>,
    /// Go on though the last logins were refused; first make sure that the password is right
    #[arg(long)]
    pub forget_failed_logins: bool,
    /// End with exit code 6 when there is nothing to do but wait for a schedule; `resume` goes on
    #[arg(long)]
    pub detach: bool,
    #[command(flatten)]
    pub occasion: OccasionOptions,
    /// Wait so long for another run that works with the same user, number or mailbox
    #[arg(long, value_name = "TIME", value_parser = patience, default_value = "2m")]
    pub wait: u64,
    /// Show the plan and stop
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub talk: Talk,
}

/// How much is said.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Talk {
    /// Say nothing before the verdict
    #[arg(long, short)]
    pub quiet: bool,
    /// Say each look
    #[arg(long, short, conflicts_with = "quiet")]
    pub verbose: bool,
    /// Say where the time went: service, delivery, schedule, browser, harness
    #[arg(long)]
    pub timings: bool,
    /// Show addresses, numbers, buckets, accounts and texts of templates as handles, here and in report.json and junit.xml: the
    /// place is public
    #[arg(long)]
    pub public: bool,
    /// How much of a run may leave a build machine: nothing, verdicts and causes, or all that was seen; in a public
    /// repository verdicts and causes, unless something else is said
    #[arg(long, value_enum)]
    pub evidence: Option<Evidence>,
}

/// `--evidence`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Evidence {
    None,
    Summary,
    Full,
}

/// `--fail-on`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    Degraded,
}

/// `resume RUN`, `resume --due [ENV]`
#[derive(Debug, Args)]
pub(super) struct Resume {
    /// A run id or a run folder; with --due, an environment
    pub run: Option<String>,
    /// Go on with every run that is due, whoever began it and on whichever machine; exit code 6 while one is left
    #[arg(long)]
    pub due: bool,
    /// Wait for those that are not due yet
    #[arg(long, requires = "due")]
    pub wait_until_due: bool,
    /// Go on here though the run was begun elsewhere; first make sure that nobody goes on with it there
    #[arg(long)]
    pub moved: bool,
    /// Go on though the last logins were refused; first make sure that the password is right
    #[arg(long)]
    pub forget_failed_logins: bool,
    /// The sandbox that the run was made against
    #[arg(long, value_name = "URL")]
    pub sandbox: Option<String>,
    /// What ends with exit code 1 besides a failure
    #[arg(long, value_enum)]
    pub fail_on: Option<FailOn>,
    #[command(flatten)]
    pub talk: Talk,
}

/// `plan ENV`
#[derive(Debug, Args)]
pub(super) struct Plan {
    pub environment: String,
    pub scenarios: Vec<String>,
    #[arg(long, conflicts_with = "scenarios")]
    pub profile: Option<String>,
    /// Show addresses and numbers of people as handles: the place is public
    #[arg(long)]
    pub public: bool,
}

/// `check`
#[derive(Debug, Args)]
pub(super) struct Check {
    #[arg(long, value_enum, default_value = "text")]
    pub format: CheckFormat,
}

/// Forms of what `check` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum CheckFormat {
    Text,
    Json,
    /// Annotations of a GitHub workflow
    Github,
}

/// `doctor ENV`
#[derive(Debug, Args)]
pub(super) struct Doctor {
    pub environment: String,
    /// What is to be run there; without any, the scenarios of the profile
    pub scenarios: Vec<String>,
    #[arg(long, conflicts_with = "scenarios")]
    pub profile: Option<String>,
    #[arg(long, value_enum, default_value = "text")]
    pub format: DoctorFormat,
    /// Show addresses and numbers of people as handles: the place is public
    #[arg(long)]
    pub public: bool,
}

/// Forms of what `doctor` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DoctorFormat {
    Text,
    Json,
}

/// `explain CAUSE`
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The id of a cause, as reports have it
    pub cause: Option<String>,
    #[arg(long, value_enum, default_value = "text", conflicts_with = "cause")]
    pub format: ExplainFormat,
}

/// Forms of what `explain` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ExplainFormat {
    Text,
    /// The page docs/causes.md
    Markdown,
}

/// `completions SHELL`
#[derive(Debug, Args)]
pub(super) struct Completions {
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// `report RUN`
#[derive(Debug, Args)]
pub(super) struct Report {
    /// A run id or a run folder
    pub run: String,
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
    /// Tell every hop of every scenario, also where it passed
    #[arg(long)]
    pub all: bool,
    /// Show addresses and numbers of people as handles: the place is public
    #[arg(long)]
    pub public: bool,
    /// End with the exit code that the run ended with
    #[arg(long)]
    pub exit_code: bool,
    /// Break the lines of the text at so many columns; without it, at the terminal's
    #[arg(long, value_name = "COLUMNS")]
    pub width: Option<usize>,
}

/// Forms of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Text,
    Json,
    Junit,
    /// For the summary of a job, and for incident documents
    Markdown,
}

/// `schema`
#[derive(Debug, Args)]
pub(super) struct Schema {
    /// Write them into this folder; without it, print them
    #[arg(long)]
    pub out: Option<PathBuf>,
}

/// `sandbox`
#[cfg(feature = "local")]
#[derive(Debug, Args)]
pub(super) struct Sandbox {
    /// Break it: `site=effect[:argument][@trigger]`
    #[arg(long = "fault")]
    pub faults: Vec<String>,
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// How many times shorter the service's own waits are
    #[arg(long, default_value_t = 1)]
    pub time_scale: u32,
    /// How far apart the times are that a job can be scheduled for, such as 10s; whole hours as in the real service
    #[arg(long, value_parser = length_of_time, default_value = "1h")]
    pub slots: u64,
    /// What its clock says at the start, such as 2026-11-22T00:30:00Z; the machine's time without it
    #[arg(long)]
    pub clock: Option<jiff::Timestamp>,
    /// Use mailbox and phone of the sandbox whose control endpoint is here
    #[arg(long, value_name = "URL")]
    pub share: Option<String>,
    #[arg(long)]
    pub no_basic_auth: bool,
}

/// Milliseconds of `10s` and its like.
#[cfg(feature = "local")]
fn length_of_time(text: &str) -> Result<u64, String> {
    patience(text)
        .ok()
        .filter(|ms| *ms >= 1_000)
        .ok_or_else(|| "write a whole number with ms, s, m or h: 10s".to_owned())
}

/// `keeper`
#[derive(Debug, Args)]
pub(super) struct Keeper {
    #[arg(long)]
    pub folder: Option<PathBuf>,
    #[arg(long)]
    pub lease: Option<PathBuf>,
    #[arg(long, requires = "gid")]
    pub uid: Option<u32>,
    #[arg(long, requires = "uid")]
    pub gid: Option<u32>,
    #[arg(last = true)]
    pub command: Vec<std::ffi::OsString>,
}
