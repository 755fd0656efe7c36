//! Rules that matter are tests: who may import whom, what pure modules may not touch, how long things may be.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::support::root;

/// Module, whether it is pure, and what it may import; in reading order. Read both ways: an import that is not here
/// fails, and so does a line that nothing uses.
const MODULES: &[(&str, bool, &[&str])] = &[
    ("model", true, &[]),
    ("reading", true, &[]),
    ("yaml", true, &[]),
    ("scenario", true, &["model", "yaml"]),
    ("environment", true, &["model", "yaml"]),
    ("plan", true, &["model"]),
    ("policy", true, &["model"]),
    ("judge", true, &["model", "reading"]),
    ("history", true, &["model"]),
    ("decide", true, &["model", "history", "policy"]),
    ("diagnose", true, &["model", "history"]),
    ("render", true, &["model", "reading", "history", "diagnose", "plan"]),
    ("port", false, &["model"]),
    ("redact", true, &["model", "reading", "port"]),
    ("journal", false, &["model", "redact", "port"]),
    ("engine", false, &["model", "reading", "redact", "history", "decide", "judge", "policy", "port", "journal"]),
    ("process", false, &[]),
    ("announce", false, &["model", "reading", "http"]),
    ("aws", false, &["model", "http"]),
    ("browser", false, &["model", "port", "process"]),
    ("http", false, &["model"]),
    ("inbox", false, &["model", "aws", "http", "port", "process"]),
    ("probe", false, &["model", "http", "port"]),
    ("guard", false, &["port", "process"]),
    ("store", false, &["model", "port", "aws"]),
    ("config", false, &["model", "yaml", "scenario", "environment", "plan", "diagnose"]),
    ("exit", false, &["model", "history", "diagnose"]),
    (
        "run",
        false,
        &[
            "announce", "model", "yaml", "plan", "history", "diagnose", "render", "port", "redact", "journal",
            "engine", "process", "aws", "judge", "reading", "browser", "http", "inbox", "probe", "guard", "store",
            "config", "exit",
        ],
    ),
    (
        "cli",
        false,
        &[
            "announce",
            "reading",
            "model",
            "yaml",
            "scenario",
            "environment",
            "plan",
            "history",
            "diagnose",
            "render",
            "engine",
            "process",
            "config",
            "run",
            "exit",
        ],
    ),
];

/// What a pure module may not touch.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::env",
    "std::net",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "SystemTime",
    "HashMap",
    "HashSet",
    "tokio::",
    "reqwest::",
    "rand::",
    "getrandom",
    "Timestamp::now",
    "async fn",
];

const FUNCTION_LINES_MAX: usize = 70;
const FILE_LINES_MAX: usize = 400;

/// A source file: its path from the repository, and its text without the tests at its end.
type File = (String, String);

fn sources(folder: &str) -> Vec<File> {
    let mut files = Vec::new();
    collect(&root().join(folder), &mut files);
    assert!(!files.is_empty(), "no source below {folder}");
    files
}

fn collect(folder: &Path, files: &mut Vec<File>) {
    let entries = std::fs::read_dir(folder).expect("a folder");
    for path in entries.map(|entry| entry.expect("an entry").path()) {
        let name = path.strip_prefix(root()).expect("inside").display().to_string();
        if path.is_dir() {
            collect(&path, files);
        } else if name.ends_with(".rs") && !name.ends_with("tests.rs") {
            let text = std::fs::read_to_string(&path).expect("text");
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned();
            files.push((name, code));
        }
    }
}

/// Code without comments.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(|line| line.split("//").next().unwrap_or_default())
}

fn module_of(path: &str) -> Option<&str> {
    path.strip_prefix("src/")?.split(['/', '.']).next().filter(|name| !matches!(*name, "lib" | "main"))
}

/// The modules that a text imports: `crate::x` and `crate::{x, y::…}`.
fn imports(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let text: String = code(text).collect::<Vec<_>>().join("\n");
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        let list = rest.strip_prefix('{').and_then(|rest| rest.split("};").next());
        let names = list.map_or_else(|| vec![rest], |list| list.split(',').map(str::trim).collect());
        for name in names {
            let name: String = name.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
            if !name.is_empty() {
                found.insert(name);
            }
        }
    }
    found
}

fn import_problems(files: &[File], modules: &[(&str, bool, &[&str])]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut used: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (path, text) in files {
        let Some(module) = module_of(path) else { continue };
        used.entry(module).or_default().extend(imports(text).into_iter().filter(|name| name != module));
    }
    for (module, imported) in &used {
        let Some((_, _, allowed)) = modules.iter().find(|(name, _, _)| name == module) else {
            problems.push(format!("{module} is not in the table"));
            continue;
        };
        problems.extend(
            imported
                .iter()
                .filter(|name| !allowed.contains(&name.as_str()))
                .map(|name| format!("{module} imports {name}")),
        );
    }
    for (module, _, allowed) in modules {
        let imported = used.get(module).cloned().unwrap_or_default();
        problems.extend(
            allowed
                .iter()
                .filter(|name| !imported.contains(**name))
                .map(|name| format!("{module} need not import {name}")),
        );
    }
    problems
}

fn purity_problems(files: &[File], modules: &[(&str, bool, &[&str])]) -> Vec<String> {
    let is_pure = |path: &str| modules.iter().any(|(name, pure, _)| *pure && module_of(path) == Some(name));
    let mut problems = Vec::new();
    for (path, text) in files.iter().filter(|(path, _)| is_pure(path)) {
        for word in IMPURE.iter().filter(|word| code(text).any(|line| line.contains(**word))) {
            problems.push(format!("{path} is pure and uses {word}"));
        }
    }
    problems
}

fn length_problems(files: &[File]) -> Vec<String> {
    let mut problems = Vec::new();
    for (path, text) in files {
        let lines: Vec<&str> = text.lines().collect();
        if !text.starts_with("//! ") {
            problems.push(format!("{path} does not say at its top what it is for"));
        }
        if lines.len() > FILE_LINES_MAX {
            problems.push(format!("{path} has {} lines", lines.len()));
        }
        for (start, line) in lines.iter().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let head = line.trim_start();
            let is_function =
                ["fn ", "pub fn ", "pub(", "async fn ", "pub async fn "].iter().any(|begin| head.starts_with(begin))
                    && head.contains("fn ");
            if !is_function {
                continue;
            }
            let close = format!("{}}}", " ".repeat(indent));
            let end = lines[start..].iter().position(|line| *line == close).unwrap_or(0);
            if end > FUNCTION_LINES_MAX {
                problems.push(format!("{path}:{}: a function of {end} lines", start + 1));
            }
        }
    }
    problems
}

/// Public things without a sentence on what they are.
fn doc_problems(files: &[File]) -> Vec<String> {
    let mut problems = Vec::new();
    for (path, text) in files {
        let lines: Vec<&str> = text.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            let head = line.trim_start();
            let public =
                ["pub fn ", "pub async fn ", "pub struct ", "pub enum ", "pub trait ", "pub const ", "pub type "];
            if !public.iter().any(|begin| head.starts_with(begin)) {
                continue;
            }
            let above = lines[..index]
                .iter()
                .rev()
                .find(|line| !line.trim_start().starts_with("#[") && !line.trim_start().ends_with(")]"));
            if !above.is_some_and(|line| line.trim_start().starts_with("///")) {
                problems.push(format!("{path}:{}: nothing says what this is", index + 1));
            }
        }
    }
    problems
}

#[test]
fn modules_import_what_the_table_says() {
    assert_eq!(import_problems(&sources("src"), MODULES), Vec::<String>::new());
}

#[test]
fn pure_modules_are_pure() {
    assert_eq!(purity_problems(&sources("src"), MODULES), Vec::<String>::new());
}

#[test]
fn files_and_functions_are_short_and_say_what_they_are() {
    let files = [sources("src"), sources("sandbox/src")].concat();
    assert_eq!(length_problems(&files), Vec::<String>::new());
    assert_eq!(doc_problems(&files), Vec::<String>::new());
}

/// What went wrong is seen in one place; everything after that is deduced from it.
#[test]
fn only_one_look_of_the_diagnosis_knows_what_was_expected() {
    let outside = |path: &str| path.starts_with("src/diagnose/") && !path.starts_with("src/diagnose/see/");
    let mut looked = 0;
    for (path, text) in sources("src").iter().filter(|(path, _)| outside(path)) {
        for word in ["Expectation", "StepKind", "Observation"] {
            assert!(!code(text).any(|line| line.contains(word)), "{path} reads {word}");
        }
        looked += 1;
    }
    assert!(looked > 4, "{looked} files");
}

#[test]
fn harness_and_sandbox_share_no_code() {
    let of_sandbox = |line: &str| line.contains("notify_sandbox");
    for (path, text) in sources("src") {
        let allowed = path == "src/cli/sandbox.rs" || path == "src/run/surroundings.rs";
        assert!(allowed || !code(&text).any(of_sandbox), "{path} knows the sandbox");
    }
    for (path, text) in sources("sandbox/src") {
        assert!(!code(&text).any(|line| line.contains("notify_smoke")), "{path} knows the harness");
    }
    // The engine must not be able to ask the sandbox what it is going to do.
    for (path, text) in sources("src") {
        assert!(
            path == "src/run/sandbox.rs" || !code(&text).any(|line| line.contains("/control")),
            "{path} knows /control"
        );
    }
}

#[test]
fn the_rules_see_what_breaks_them() {
    let file = |path: &str, text: &str| vec![(path.to_owned(), text.to_owned())];
    let table: &[(&str, bool, &[&str])] = &[("judge", true, &["model"])];
    let wrong = file("src/judge/x.rs", "//! x\nuse crate::model::A;\nuse crate::{engine, run::B};\n");
    assert_eq!(import_problems(&wrong, table), ["judge imports engine", "judge imports run"]);
    let unused = file("src/judge/x.rs", "//! x\n// crate::model in a comment is no import\n");
    assert_eq!(import_problems(&unused, table), ["judge need not import model"]);
    let unknown = file("src/other/x.rs", "//! x\n");
    assert!(import_problems(&unknown, &[]).contains(&"other is not in the table".to_owned()));
    let impure = file("src/judge/x.rs", "//! x\nlet now = Timestamp::now();\n");
    assert_eq!(purity_problems(&impure, table), ["src/judge/x.rs is pure and uses Timestamp::now"]);
    let long = format!("fn long() {{\n{}}}\n", "    line();\n".repeat(71));
    assert_eq!(length_problems(&file("src/x.rs", &long)).len(), 2);
    assert_eq!(length_problems(&file("src/x.rs", &format!("//! x\n{}", "\n".repeat(400)))).len(), 1);
    assert_eq!(doc_problems(&file("src/x.rs", "//! x\n\n#[derive(Debug)]\npub struct X;\n")).len(), 1);
    assert_eq!(doc_problems(&file("src/x.rs", "//! x\n\n/// An x.\n#[derive(Debug)]\npub struct X;\n")).len(), 0);
}
