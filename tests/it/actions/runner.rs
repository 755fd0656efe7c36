//! A runner: what an action's steps are given, and what they leave.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::TOKEN;
use super::api::{Answer, Api};
use crate::support::{Desk, Said, Sandbox, program, root};

/// A runner's working folder, with the event of a public or a private repository.
pub struct Runner {
    pub desk: Desk,
    /// Whose job it is, such as `GSA/notifications-api`.
    pub repository: &'static str,
    folder: tempfile::TempDir,
    pub api: Api,
    sandbox: String,
}

/// What a job has come to.
pub struct Job {
    pub code: i32,
    pub log: String,
    pub summary: String,
    pub outputs: BTreeMap<String, String>,
    /// The folder that was uploaded, by the name of its artifact.
    pub artifact: Option<(String, PathBuf)>,
}

impl Runner {
    pub fn new(visibility: &str, sandbox: &Sandbox) -> Self {
        Self::of("GSA/notifications-api", visibility, Desk::new(), sandbox)
    }

    /// The runner of a repository, with these files.
    pub fn of(repository: &'static str, visibility: &str, desk: Desk, sandbox: &Sandbox) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let event = json!({ "repository": { "visibility": visibility } }).to_string();
        std::fs::write(folder.path().join("event.json"), event).expect("an event");
        std::fs::create_dir(folder.path().join("bin")).expect("a folder");
        // What `setup` puts on the path.
        std::os::unix::fs::symlink(program(), folder.path().join("bin/notify-smoke")).expect("a link");
        let api = Api::start(&[Answer::Status(201, "")]);
        Self { desk, repository, folder, api, sandbox: sandbox.control_url().to_owned() }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A step of a job, begun.
    fn begin(&self, script: &str, variables: &[(String, String)]) -> Child {
        let path = std::env::var("PATH").unwrap_or_default();
        std::fs::write(self.file("step.sh"), script).expect("a script");
        let mut command = Command::new("bash");
        command
            .args(["--noprofile", "--norc", "-e", "-o", "pipefail"])
            .arg(self.file("step.sh"))
            .current_dir(self.desk.path())
            .env("PATH", format!("{}:{path}", self.file("bin").display()))
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_ACTION_PATH", root().join(".github/actions/smoke"))
            .env("GITHUB_EVENT_PATH", self.file("event.json"))
            .env("GITHUB_OUTPUT", self.file("output"))
            .env("GITHUB_STEP_SUMMARY", self.file("summary"))
            .env("GITHUB_REPOSITORY", self.repository)
            .env("GITHUB_API_URL", &self.api.url)
            .env("GITHUB_SERVER_URL", "https://github.example")
            .env("GITHUB_RUN_ID", "4711")
            .env("GITHUB_TOKEN", TOKEN)
            .env("NOTIFY_SMOKE_SANDBOX", &self.sandbox)
            .envs(self.desk.variables().iter().chain(variables).map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.spawn().expect("bash")
    }

    /// A step of the user's own workflow.
    pub fn step(&self, script: &str) -> Job {
        self.end(self.begin(script, &[]))
    }

    /// The whole action with these inputs; `meanwhile` while its program runs.
    pub fn run(&self, inputs: &[(&str, &str)], meanwhile: impl FnOnce(&Child)) -> Job {
        let action = action("smoke");
        let mut given: BTreeMap<String, String> = BTreeMap::new();
        for (name, input) in action["inputs"].as_object().expect("inputs") {
            given.insert(name.clone(), input["default"].as_str().unwrap_or_default().to_owned());
        }
        for (name, value) in inputs {
            assert!(given.insert((*name).to_owned(), (*value).to_owned()).is_some(), "there is no input {name}");
        }
        let steps = action["runs"]["steps"].as_array().expect("steps");
        let [smoke, upload] = steps.as_slice() else { panic!("two steps") };
        let script = smoke["run"].as_str().expect("a script");
        assert!(!script.contains("${{"), "nothing that is given is pasted into a script: {script}");
        let variables = smoke["env"].as_object().expect("variables").iter();
        let variables: Vec<(String, String)> = variables
            .map(|(name, value)| (name.clone(), expanded(value.as_str().expect("a text"), &given, &BTreeMap::new())))
            .collect();
        let child = self.begin(script, &variables);
        meanwhile(&child);
        let mut job = self.end(child);
        let wanted = upload["if"].as_str().expect("a condition");
        assert_eq!(wanted, "always() && steps.run.outputs.report != ''");
        job.artifact = job.outputs.get("report").filter(|report| !report.is_empty()).map(|_| {
            let of = |key: &str| expanded(upload["with"][key].as_str().expect("a text"), &given, &job.outputs);
            (of("name"), self.desk.path().join(of("path")))
        });
        job
    }

    fn end(&self, child: Child) -> Job {
        let Said { code, out, err } = Said::of(&child.wait_with_output().expect("the step"));
        // Each step has files of its own.
        let taken = |name: &str| {
            let text = std::fs::read_to_string(self.file(name)).unwrap_or_default();
            let _ = std::fs::remove_file(self.file(name));
            text
        };
        let outputs = outputs(&taken("output"));
        Job { code, log: format!("{out}{err}"), summary: taken("summary"), outputs, artifact: None }
    }
}

fn action(name: &str) -> Value {
    let text =
        std::fs::read_to_string(root().join(".github/actions").join(name).join("action.yml")).expect("an action");
    serde_saphyr::from_str(&text).expect("YAML")
}

/// `${{ inputs.x }}` and `${{ steps.run.outputs.x }}`.
pub fn expanded(text: &str, inputs: &BTreeMap<String, String>, outputs: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        let (expression, after) = after.split_once("}}").expect("an end");
        let value = match expression.trim().rsplit_once('.') {
            Some(("inputs", name)) => inputs.get(name).cloned().unwrap_or_default(),
            Some(("steps.run.outputs", name)) => outputs.get(name).cloned().unwrap_or_default(),
            _ => panic!("the driver does not know {expression}"),
        };
        out.push_str(before);
        out.push_str(&value);
        rest = after;
    }
    out + rest
}

/// What a step has written for the runner: `name<<DELIMITER`, lines, `DELIMITER`.
fn outputs(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut lines = text.lines();
    while let Some((name, delimiter)) = lines.next().and_then(|line| line.split_once("<<")) {
        let value: Vec<&str> = lines.by_ref().take_while(|line| *line != delimiter).collect();
        found.insert(name.to_owned(), value.join("\n"));
    }
    found
}
