//! What several tests share: the repository's own files as plans, and the program run as its users run it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use notify_smoke::config::Files;
use notify_smoke::judge::Context;
use notify_smoke::model::environment::WindowOverride;
use notify_smoke::model::{MessageKind, Plan, Target, TargetTemplate};
use notify_smoke::plan::plan;
use serde_json::Value;

/// The repository.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The program.
pub fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_notify-smoke"))
}

/// The plan of the password reset as the repository's files have it, against a made-up environment.
pub fn reset_plan(poll_ms: u64, windows: &[(&str, WindowOverride)]) -> Plan {
    plan_of(&["password-reset"], poll_ms, windows, BTreeMap::new(), None)
}

/// What one look is judged by, of a run in which nothing but the press at `now` has happened.
pub fn context<'a>(plan: &'a Plan, token: &'a str, now: Timestamp) -> Context<'a> {
    static NONE: BTreeSet<String> = BTreeSet::new();
    Context {
        plan,
        token,
        acted: Some((now, now)),
        eye_ahead_ms: None,
        capture: None,
        open_codes: 0,
        shared_since: None,
        is_stale: false,
        dialogs_before: 0,
        refused_texts: &NONE,
        requests: 1,
        slot: None,
        address: None,
        now,
    }
}

/// The plan of some of the repository's scenarios, against a made-up environment.
pub fn plan_of(
    ids: &[&str],
    poll_ms: u64,
    windows: &[(&str, WindowOverride)],
    templates: BTreeMap<MessageKind, TargetTemplate>,
    lead_ms: Option<u64>,
) -> Plan {
    let loaded = Files::new(Path::new(&root())).load();
    assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
    let target = Target {
        name: "sim".to_owned(),
        base_url: "http://notify.test".to_owned(),
        user_email: "smoke@notify.gov".to_owned(),
        user_second_email: Some("smoke-second@notify.gov".to_owned()),
        email_sender: "testsender@notify.gov".to_owned(),
        user_mobile: "+12025550123".to_owned(),
        sms_sender: "+18556438890".to_owned(),
        hosts: Vec::new(),
        recipients: Vec::new(),
        windows: windows.iter().map(|(name, window)| ((*name).to_owned(), *window)).collect::<BTreeMap<_, _>>(),
        templates,
        lead_ms,
        poll_ms,
        known: Vec::new(),
        sandbox: false,
        places: Vec::new(),
    };
    let all = &loaded.scenarios["us-notify"];
    let scenarios: Vec<_> =
        ids.iter().map(|id| all.iter().find(|scenario| scenario.id == *id).expect(id).clone()).collect();
    let plan = plan(&loaded.services["us-notify"], &loaded.runbooks["us-notify"], &scenarios, &target);
    let mut plan = plan.expect("a plan");
    // As the repository's own environments have it.
    plan.other_senders = [("demo".to_owned(), "+18337581259".to_owned())].into();
    plan
}

/// A working folder with the repository's scenarios and environments, and the program to run in it.
pub struct Desk {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

impl Desk {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for part in ["scenarios", "environments"] {
            copy(&root().join(part), &folder.path().join(part));
        }
        Self { folder, variables: Vec::new() }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Sets a variable for the program.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// What `with` has set.
    pub fn variables(&self) -> &[(String, String)] {
        &self.variables
    }

    /// Pins each environment that comes with the program to a host of its own.
    pub fn pinned(self) -> Self {
        for name in ["demo", "production", "staging"] {
            let file = format!("environments/{name}.yaml");
            let text = std::fs::read_to_string(self.path().join(&file)).expect(&file);
            let senders =
                format!("  email-sender: notify@{name}.example.gov\n  template-sender: smoke@{name}.example.gov\n");
            self.write(&file, format!("{text}pinned:\n  host: {name}.example.gov\n{senders}").as_bytes());
        }
        self
    }

    /// Replaces text in a file.
    pub fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.path().join(file);
        let text = std::fs::read_to_string(&path).expect(file);
        assert!(text.contains(from), "{file} has no {from:?}");
        std::fs::write(path, text.replace(from, to)).expect(file);
    }

    pub fn write(&self, file: &str, text: &[u8]) {
        let path = self.path().join(file);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect(file);
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.args(arguments).current_dir(self.path()).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs the program to its end.
    pub fn run(&self, arguments: &[&str]) -> Said {
        Said::of(&self.command(arguments).output().expect("the program"))
    }

    /// Starts the program.
    pub fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().expect("the program")
    }

    /// The newest run's report.
    pub fn report(&self) -> Value {
        let text = std::fs::read_to_string(self.path().join("runs/local/latest/report.json")).expect("a report");
        serde_json::from_str(&text).expect("JSON")
    }

    /// Leases on runs that are still there.
    pub fn leases(&self) -> Vec<PathBuf> {
        let files = self.written().into_iter().map(|(path, _)| path);
        files.filter(|path| path.extension().is_some_and(|kind| kind == "lease")).collect()
    }

    /// Every file below `runs`, as bytes.
    pub fn written(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        walk(&self.path().join("runs"), &mut files);
        files
    }
}

fn walk(folder: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            walk(&path, files);
        } else {
            let bytes = std::fs::read(&path).expect("a file");
            files.push((path, bytes));
        }
    }
}

pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder").map(|entry| entry.expect("an entry")) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

/// What the program said, and how it ended.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    pub fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let said =
            Self { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) };
        assert!(!said.err.contains("panicked"), "{}", said.err);
        said
    }
}

/// A sandbox that runs by itself.
pub struct Sandbox {
    child: Child,
    pub ready: BTreeMap<String, String>,
}

impl Sandbox {
    pub fn start(arguments: &[&str]) -> Self {
        use std::io::{BufRead as _, BufReader};
        let mut command = Command::new(program());
        let slots: &[&str] =
            if arguments.iter().any(|word| ["--slots", "--clock"].contains(word)) { &[] } else { &["--slots", "10s"] };
        command
            .args(["sandbox", "--time-scale", "60"])
            .args(slots)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut child = command.spawn().expect("the sandbox");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a ready line");
        let ready: BTreeMap<String, Value> =
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Self { child, ready: ready.into_iter().map(|(name, value)| (name, text(value))).collect() }
    }

    pub fn control_url(&self) -> &str {
        &self.ready["control_url"]
    }

    /// What really happened there.
    pub fn ledger(&self) -> Vec<Value> {
        let text = http("GET", &format!("{}/control/ledger", self.control_url()), "");
        serde_json::from_str(&text).expect("JSON")
    }

    /// The entries of one kind.
    pub fn entries(&self, what: &str) -> Vec<Value> {
        self.ledger().into_iter().filter(|entry| entry["what"] == what).collect()
    }

    /// The codes that the gateway holds.
    pub fn codes(&self) -> Vec<String> {
        let ready = &self.ready;
        let door = format!("{}:{}", ready["sms_gateway_account"], ready["sms_gateway_token"]);
        let path = format!("/2010-04-01/Accounts/{}/Messages.json", ready["sms_gateway_account"]);
        let text = http_as("GET", &format!("{}{path}", ready["sms_gateway_url"]), "", &door);
        let answer: Value = serde_json::from_str(&text).expect("JSON");
        let bodies =
            answer["messages"].as_array().expect("a list").iter().map(|text| text["body"].as_str().expect("a body"));
        let code = |body: &str| body.get(..6).filter(|six| six.bytes().all(|b| b.is_ascii_digit())).map(str::to_owned);
        bodies.filter_map(code).collect()
    }

    pub fn faults(&self, faults: &[&str]) {
        http("PUT", &format!("{}/control/faults", self.control_url()), &serde_json::to_string(faults).expect("JSON"));
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // Asked first, so that its database is ended in order.
        let _ = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        let _ = wait_until(Duration::from_secs(5), || self.child.try_wait().ok().flatten());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One HTTP exchange, without a library in between.
pub fn http(method: &str, url: &str, body: &str) -> String {
    http_as(method, url, body, "")
}

/// The same with HTTP Basic auth.
pub fn http_as(method: &str, url: &str, body: &str, door: &str) -> String {
    use std::io::{Read as _, Write as _};

    use base64::Engine as _;
    let door = base64::engine::general_purpose::STANDARD.encode(door);
    let rest = url.strip_prefix("http://").expect("plain HTTP");
    let (host, path) = rest.split_once('/').expect("a path");
    let mut socket = std::net::TcpStream::connect(host).expect("a connection");
    let length = body.len();
    let request = format!(
        "{method} /{path} HTTP/1.0\r\nHost: {host}\r\nAuthorization: Basic {door}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    socket.write_all(request.as_bytes()).expect("a request");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("an answer");
    answer.split_once("\r\n\r\n").expect("a body").1.to_owned()
}

/// Asks until there is an answer.
pub fn wait_until<T>(longest: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if begun.elapsed() > longest {
            return None;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Processes that carry this text in their command line or environment, with their command lines.
pub fn processes_with(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").expect("/proc").flatten() {
        let read = |name: &str| std::fs::read(entry.path().join(name)).unwrap_or_default();
        let line = String::from_utf8_lossy(&read("cmdline")).replace('\0', " ");
        let environment = String::from_utf8_lossy(&read("environ")).into_owned();
        let is_process = entry.file_name().to_string_lossy().chars().all(|c| c.is_ascii_digit());
        if is_process && (line.contains(text) || environment.contains(text)) {
            found.push(format!("{} {line}", entry.file_name().to_string_lossy()));
        }
    }
    found
}
