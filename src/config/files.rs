//! `scenarios/` and `environments/`, found from the working folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::lint;
use crate::diagnose::CAUSES;
use crate::environment::{Services, environment};
use crate::model::{Environment, MessageKind, Runbook, Scenario, Service, Target, TargetTemplate};
use crate::plan::plan;
use crate::scenario::{runbook, scenario, service};
use crate::yaml::{Problem, Source, did_you_mean};

/// Files of a service folder that are no scenarios.
const SERVICE: &str = "service";
const RUNBOOK: &str = "runbook";
const FILES_MAX: usize = 500;

/// The folders.
#[derive(Debug, Clone)]
pub struct Files {
    root: PathBuf,
}

/// Everything that the files of one root say.
#[derive(Debug, Default)]
pub struct Loaded {
    pub services: BTreeMap<String, Service>,
    pub runbooks: BTreeMap<String, Runbook>,
    /// By service, then in the order of their names.
    pub scenarios: BTreeMap<String, Vec<Scenario>>,
    pub environments: BTreeMap<String, Environment>,
    pub problems: Vec<Problem>,
    /// What does not keep a run from being made.
    pub warnings: Vec<Problem>,
    pub files: usize,
}

/// `prod` is `production`.
pub fn environment_name(name: &str) -> &str {
    if name == "prod" { "production" } else { name }
}

impl Files {
    /// Files below `root`.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Where runs are written: in the working folder, wherever the files are.
    pub fn runs(&self) -> PathBuf {
        Path::new(".").join("runs")
    }

    /// Reads everything there is; every problem of every file.
    pub fn load(&self) -> Loaded {
        let mut loaded = Loaded::default();
        for folder in entries(&self.root.join("scenarios")).into_iter().filter(|path| path.is_dir()) {
            self.load_service(&folder, &mut loaded);
        }
        if loaded.services.is_empty() && loaded.problems.is_empty() {
            let mend = "Run notify-smoke where scenarios/ and environments/ are.";
            loaded.problems.push(Problem::of_file("scenarios", "there is no service here", mend));
        }
        let folders = entries(&self.root.join("scenarios"));
        let windows = |id: &str| loaded.services.get(id).map(|service| service.windows.clone());
        let services: Services = folders.iter().map(|folder| (stem(folder), windows(&stem(folder)))).collect();
        for path in yaml_files(&self.root.join("environments")) {
            let name = stem(&path);
            match self.source(&path).and_then(|source| environment(&name, &source, &services)) {
                Ok(environment) => {
                    loaded.environments.insert(name, environment);
                }
                Err(problems) => loaded.problems.extend(problems),
            }
            loaded.files += 1;
        }
        self.lint(&mut loaded);
        loaded.problems.sort_by(|one, two| (&one.file, one.mark).cmp(&(&two.file, two.mark)));
        loaded
    }

    /// What is only seen where all files are known; not before each of them can be read.
    fn lint(&self, loaded: &mut Loaded) {
        if !loaded.problems.is_empty() {
            return;
        }
        let of_file = |folder: &str, name: &str| {
            let path = self.root.join(folder).join(format!("{name}.yaml"));
            self.source(&path).unwrap_or_else(|_| Source { name: self.name(&path), text: String::new() })
        };
        for (id, service) in &loaded.services {
            let folder = format!("scenarios/{id}");
            let (Some(runbook), Some(scenarios)) = (loaded.runbooks.get(id), loaded.scenarios.get(id)) else {
                continue;
            };
            let files = lint::Files {
                service: (service, of_file(&folder, SERVICE)),
                runbook: (runbook, of_file(&folder, RUNBOOK)),
                scenarios: scenarios.iter().map(|scenario| (scenario, of_file(&folder, &scenario.id))).collect(),
            };
            loaded.problems.extend(lint::errors(&files));
            loaded.warnings.extend(lint::warnings(&files));
        }
        let environments: Vec<_> = loaded
            .environments
            .iter()
            .map(|(name, environment)| (environment, of_file("environments", name)))
            .collect();
        loaded.problems.extend(lint::crossed(&environments));
        loaded
            .warnings
            .extend(environments.iter().filter_map(|(environment, source)| lint::unpinned(environment, source)));
        let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
        for (problem, is_warning) in
            environments.iter().flat_map(|(environment, source)| lint::known(&environment.known, source, today))
        {
            if is_warning { loaded.warnings.push(problem) } else { loaded.problems.push(problem) }
        }
    }

    fn load_service(&self, folder: &Path, loaded: &mut Loaded) {
        let id = stem(folder);
        let named = |name: &str| folder.join(format!("{name}.yaml"));
        loaded.files += 2;
        let described = self.source(&named(SERVICE)).and_then(|source| Ok((service(&id, &source)?, source)));
        let causes: Vec<&str> = CAUSES.iter().map(|cause| cause.id).collect();
        let book = self.source(&named(RUNBOOK)).and_then(|source| runbook(&source, &causes));
        match book {
            Ok(book) => {
                loaded.runbooks.insert(id.clone(), book);
            }
            Err(problems) => loaded.problems.extend(problems),
        }
        let (described, _) = match described {
            Ok(described) => described,
            Err(problems) => return loaded.problems.extend(problems),
        };
        let mut scenarios = Vec::new();
        for path in yaml_files(folder) {
            let name = stem(&path);
            if name == SERVICE || name == RUNBOOK {
                continue;
            }
            loaded.files += 1;
            match self.source(&path).and_then(|source| scenario(&name, &source, &described)) {
                Ok(scenario) => {
                    loaded.problems.extend(self.unplannable(&path, &described, &scenario));
                    scenarios.push(scenario);
                }
                Err(problems) => loaded.problems.extend(problems),
            }
        }
        for scenario in &scenarios {
            let before = scenario.after.as_deref();
            if before.is_some_and(|name| name == scenario.id || !scenarios.iter().any(|other| other.id == name)) {
                let known: Vec<&str> = scenarios.iter().map(|other| other.id.as_str()).collect();
                let near = did_you_mean(before.unwrap_or_default(), &known);
                let what = format!("it comes after `{}`, which is no other scenario here", before.unwrap_or_default());
                let mend = format!("Name one of {}.{near}", crate::yaml::quoted(&known));
                loaded.problems.push(Problem::of_file(&self.name(&named(&scenario.id)), what, mend));
            }
        }
        for (profile, wanted) in &described.profiles {
            for name in wanted.iter().filter(|name| !named(name).is_file()) {
                let known: Vec<String> = yaml_files(folder).iter().map(|path| stem(path)).collect();
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                let what = format!("profile `{profile}` names a scenario `{name}` that is not here");
                let mend = format!("Add {name}.yaml, or take it out.{}", did_you_mean(name, &known));
                loaded.problems.push(Problem::of_file(&self.name(&named(SERVICE)), what, mend));
            }
        }
        loaded.services.insert(id.clone(), described);
        loaded.scenarios.insert(id, scenarios);
    }

    /// What only planning finds, with an environment that has everything.
    fn unplannable(&self, path: &Path, service: &Service, scenario: &Scenario) -> Vec<Problem> {
        let target = Target {
            name: String::new(),
            base_url: "http://localhost".to_owned(),
            user_email: "user@localhost".to_owned(),
            user_second_email: None,
            email_sender: "sender@localhost".to_owned(),
            user_mobile: "+12025550100".to_owned(),
            sms_sender: "+12025550101".to_owned(),
            hosts: Vec::new(),
            recipients: Vec::new(),
            windows: BTreeMap::new(),
            templates: [MessageKind::Email, MessageKind::Sms].map(|kind| (kind, template())).into(),
            lead_ms: None,
            poll_ms: 1,
            known: Vec::new(),
            sandbox: false,
            places: Vec::new(),
        };
        // Whether what it comes after is there is seen where all scenarios are known.
        let alone = Scenario { after: None, ..scenario.clone() };
        let planned = plan(service, &Runbook::default(), std::slice::from_ref(&alone), &target);
        let problems = planned.err().unwrap_or_default();
        problems
            .iter()
            .map(|why| Problem::of_file(&self.name(path), why.clone(), "Mend the scenario, or service.yaml."))
            .collect()
    }

    /// Where an environment stands.
    pub fn environment_file(&self, environment: &str) -> PathBuf {
        self.root.join("environments").join(format!("{environment}.yaml"))
    }

    /// A problem with a value of an environment file, shown where it stands.
    pub fn environment_problem(&self, environment: &str, word: &str, what: String, mend: &str) -> Problem {
        let path = self.environment_file(environment);
        match self.source(&path) {
            Ok(source) => Problem::at_word(&source, word, what, mend),
            Err(_) => Problem::of_file(&self.name(&path), what, mend),
        }
    }

    fn name(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }

    fn source(&self, path: &Path) -> Result<Source, Vec<Problem>> {
        let name = self.name(path);
        let bytes = std::fs::read(path).map_err(|error| {
            vec![Problem::of_file(&name, format!("cannot be read: {error}"), "Look at its name and permissions.")]
        })?;
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Source { name, text }),
            Err(error) => Err(vec![not_utf8(&name, &error)]),
        }
    }
}

/// A template for planning where no environment is known.
fn template() -> TargetTemplate {
    TargetTemplate {
        name: "name".to_owned(),
        sender: String::new(),
        subject: String::new(),
        text: String::new(),
        brand: None,
        footer: None,
    }
}

/// Where the first byte stands that is no UTF-8.
fn not_utf8(name: &str, error: &std::string::FromUtf8Error) -> Problem {
    let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
    let before = String::from_utf8_lossy(valid);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let source = Source { name: name.to_owned(), text: String::from_utf8_lossy(error.as_bytes()).into_owned() };
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    let mark = crate::yaml::Mark { line: number(line), column: number(column), length: 1 };
    Problem::new(&source, mark, "the file is not UTF-8", "Save it as UTF-8.")
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    entries(folder)
        .into_iter()
        .filter(|path| path.is_file() && path.extension().is_some_and(|end| end == "yaml" || end == "yml"))
        .collect()
}

/// What a folder holds, in the order of names.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).take(FILES_MAX).collect();
    paths.sort();
    paths
}
