//! GitHub Actions, and only there: masks, a group, annotations, outputs, the summary, and what may be uploaded.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::check;
use super::options::{Evidence, Talk};
use super::out::{complain, in_public, say, shown};
use crate::exit::Exit;
use crate::history::History;
use crate::model::outcome::Outcome;
use crate::reading::one_line;
use crate::render::markdown::{Detail, markdown, plain};
use crate::render::public::Public;
use crate::render::{github, json};
use crate::run::{Finished, NotStarted};

/// An event of more bytes is not read.
const EVENT_BYTES_MAX: u64 = 16 << 20;
/// What stands beside a run and may leave a public repository.
const PUBLIC_FOLDER: &str = "public";

/// The runner that this program works for.
pub(super) struct Actions {
    output: Option<PathBuf>,
    summary: Option<PathBuf>,
    evidence: Evidence,
    public: bool,
}

impl Actions {
    /// The runner, if there is one; with what was asked for.
    pub(super) fn here(talk: Talk) -> Option<Self> {
        let public = is_in_public()? || talk.public;
        let evidence = talk.evidence.unwrap_or(if public { Evidence::Summary } else { Evidence::Full });
        let (output, summary) = (file("GITHUB_OUTPUT"), file("GITHUB_STEP_SUMMARY"));
        Some(Self { output, summary, evidence, public })
    }

    /// Which job this is, among all of its repository's.
    pub(super) fn job() -> Option<String> {
        let (repository, id) = variable("GITHUB_REPOSITORY").zip(variable("GITHUB_RUN_ID"))?;
        let job = variable("GITHUB_JOB").unwrap_or_default();
        Some(one_line(&format!("{repository} {id} {job}")))
    }

    /// Whether the job was tried before: somebody has pressed *Re-run failed jobs*.
    pub(super) fn is_tried_again() -> bool {
        std::env::var("GITHUB_RUN_ATTEMPT").is_ok_and(|attempt| attempt.parse::<u32>().is_ok_and(|attempt| attempt > 1))
    }

    /// How much is said: in a public repository everybody reads the log.
    pub(super) fn talk(&self, talk: Talk) -> Talk {
        Talk { public: self.public, quiet: talk.quiet || self.is_brief(), ..talk }
    }

    /// Whether only our own words may be shown: what stood on pages and in messages is for nobody here.
    pub(super) fn is_brief(&self) -> bool {
        self.public && self.evidence != Evidence::Full
    }

    /// The report of a run in our own words.
    pub(super) fn page(&self, history: &History) -> String {
        let detail = if self.evidence == Evidence::Full { Detail::Full } else { Detail::Summary };
        markdown(history, detail, &Public::of_run(history, self.public))
    }

    /// Lets the runner hide each secret, before anything else is said; what follows is folded.
    pub(super) fn begin(secrets: &BTreeMap<String, String>) {
        for line in secrets.values().flat_map(|value| value.lines()).filter(|line| !line.trim().is_empty()) {
            say(&github::command("add-mask", &[], line));
        }
        say(&github::command("group", &[], "The run, step by step"));
    }

    /// What follows is read.
    pub(super) fn open() {
        say(&github::command("endgroup", &[], ""));
    }

    /// Says how a run has ended, wherever GitHub shows it; `page` is its report.
    pub(super) fn tell(&self, finished: &Finished, exit: Exit, page: &str) {
        let history = &finished.history;
        let outcome = outcome(history, exit);
        let public = Public::of_run(history, self.public);
        for annotation in github::annotations(history, outcome, &public) {
            say(&annotation);
        }
        self.write_summary(page);
        let report = self.leave(finished, page, &public);
        let mut outputs = github::outputs(history, outcome);
        outputs.push(("report", report.map(|folder| folder.display().to_string()).unwrap_or_default()));
        self.write_outputs(&outputs, &public);
    }

    /// Says why nothing was run.
    pub(super) fn refused(&self, not_started: &NotStarted, root: &Path) {
        let (outcome, why) = match not_started.exit {
            Exit::WrongInput => (Outcome::WrongFiles, "Files or options are wrong"),
            Exit::Interrupted => (Outcome::CutOff, "Stopped before it began"),
            Exit::Refused => (Outcome::Refused, "A guard refused"),
            Exit::Passed | Exit::Failed | Exit::NotJudged | Exit::NothingSelected | Exit::Waiting => {
                (Outcome::NotJudged(crate::model::Verdict::Errored), "It could not begin")
            }
        };
        // Each at its own line of its file, where that is known.
        let is_of_files = outcome == Outcome::WrongFiles && root != Path::new("");
        let found = if is_of_files { check::annotations(root) } else { Vec::new() };
        let told = outcome.told(false);
        let title = told.headline.unwrap_or(why);
        let whole = || {
            let level = told.annotation.unwrap_or(crate::model::outcome::Level::Error);
            let text = shown(&not_started.said.join("\n"));
            vec![github::command(level.name(), &[("title", format!("{title}: {why}"))], &text)]
        };
        for annotation in if found.is_empty() { whole() } else { found } {
            say(&annotation);
        }
        let lines: Vec<String> = not_started.said.iter().map(|line| format!("- {}", plain(&shown(line)))).collect();
        self.write_summary(&format!("## ❔ {}: {}\n\n{}\n", plain(title), plain(why), lines.join("\n")));
        self.write_outputs(&[("verdict", outcome.name().to_owned())], &Public::Not);
    }

    fn write_summary(&self, page: &str) {
        let Some(path) = &self.summary else { return };
        if let Err(error) = append(path, page) {
            complain(&format!("The summary cannot be written: {error}."));
        }
    }

    fn write_outputs(&self, outputs: &[(&str, String)], public: &Public) {
        let Some(path) = &self.output else { return };
        let delimiter = match crate::run::random_word() {
            Ok(word) => format!("notify-smoke-{word}"),
            Err(not_started) => return not_started.said.iter().for_each(|line| complain(line)),
        };
        let text: String = outputs
            .iter()
            .map(|(name, value)| github::output(name, &public.shown(value.clone()), &delimiter))
            .collect();
        if let Err(error) = append(path, &text) {
            complain(&format!("The outputs cannot be written: {error}."));
        }
    }

    /// The folder that may be uploaded: the run's own, or a public one with a summary in it, or none.
    fn leave(&self, finished: &Finished, page: &str, public: &Public) -> Option<PathBuf> {
        match self.evidence {
            Evidence::None => None,
            Evidence::Full => Some(finished.folder.clone()),
            Evidence::Summary => {
                let folder = finished.folder.join(PUBLIC_FOLDER);
                let json = format!("{:#}\n", public.shown_json(brief(&finished.history)));
                let written = std::fs::create_dir_all(&folder)
                    .and_then(|()| std::fs::write(folder.join("summary.md"), page))
                    .and_then(|()| std::fs::write(folder.join("report.json"), json));
                match written {
                    Ok(()) => Some(folder),
                    Err(error) => {
                        complain(&format!("{} cannot be written: {error}.", folder.display()));
                        None
                    }
                }
            }
        }
    }
}

/// Before anything is said: in the job of a public repository everybody reads it, whichever subcommand says it.
pub(super) fn mind_the_public() {
    if is_in_public() == Some(true) {
        in_public();
    }
}

/// A variable that says something.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn file(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// Whether everybody can read the log of this job; nothing, where it is no job of GitHub Actions.
fn is_in_public() -> Option<bool> {
    variable("GITHUB_ACTIONS").filter(|on| on == "true").map(|_| !is_private(file("GITHUB_EVENT_PATH").as_deref()))
}

/// What a run comes to for a pipeline.
pub(super) fn outcome(history: &History, exit: Exit) -> Outcome {
    match exit {
        Exit::Interrupted => Outcome::CutOff,
        Exit::Waiting => Outcome::Waiting,
        Exit::Refused => Outcome::Refused,
        Exit::Passed | Exit::Failed | Exit::WrongInput | Exit::NotJudged | Exit::NothingSelected => {
            Outcome::of(crate::diagnose::verdict(history))
        }
    }
}

/// What of a report may be read by everybody: nothing that stood on a page or in a message.
fn brief(history: &History) -> Value {
    let whole = json::json(history);
    let scenarios = history.plan.judged().map(|scenario| {
        json!({
            "id": scenario.id,
            "verdict": history.scenario_verdict(scenario).verdict.name(),
            "took_ms": history.took_ms(scenario),
        })
    });
    let kept =
        ["run", "environment", "verdict", "own_verdict", "harness", "occasion", "service", "duration_ms", "started_at"];
    let mut brief: serde_json::Map<String, Value> =
        kept.iter().filter_map(|key| Some(((*key).to_owned(), whole.get(*key)?.clone()))).collect();
    brief.insert("scenarios".to_owned(), scenarios.collect::<Vec<_>>().into());
    Value::Object(brief)
}

fn append(path: &Path, text: &str) -> std::io::Result<()> {
    std::fs::OpenOptions::new().append(true).create(true).open(path)?.write_all(text.as_bytes())
}

/// Whether the event says that its repository is not for everybody to read. What is not known counts as public.
fn is_private(event: Option<&Path>) -> bool {
    let Some(path) = event else { return false };
    let is_small = std::fs::metadata(path).is_ok_and(|file| file.len() <= EVENT_BYTES_MAX);
    let event = is_small.then(|| std::fs::read(path).ok()).flatten();
    let event: Option<Value> = event.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let visibility = event.as_ref().and_then(|event| event["repository"]["visibility"].as_str());
    matches!(visibility, Some("private" | "internal"))
}

/// Options are wrong, and it is not known what was asked for: on a build machine it is told as wrong files are. Whether this is one.
pub(super) fn wrong_options(why: &str) -> bool {
    let talk = Talk { quiet: true, verbose: false, timings: false, public: true, evidence: None };
    let actions = Actions::here(talk);
    if let Some(actions) = &actions {
        let said = why.lines().map(str::trim).filter(|line| !line.is_empty()).map(one_line).collect();
        actions.refused(&NotStarted { exit: Exit::WrongInput, said }, Path::new(""));
    }
    actions.is_some()
}
