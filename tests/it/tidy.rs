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

/// Words of one service, of its platform or its providers: they stand in its folder below `scenarios/`. Ids of reports, which are
/// the same for every service, are none of them.
const OF_ONE_SERVICE: &[&str] = &[
    "SNS",
    "SES",
    "MMG",
    "Firetext",
    "Twilio",
    "Redis",
    "Celery",
    "celery",
    "llen",
    "all.js",
    "cf app",
    "cloud.gov",
    "Login.gov",
    "US Notify",
    "U.S. Notify",
    "GOV.UK",
    "us-notify",
    "govuk-notify",
    "AWS_US_TOLL_FREE_NUMBER",
    "CSV bucket's binding",
    "notify-internal-tasks",
    "periodic-tasks",
    "database-tasks",
    "job-tasks",
    "send-email-tasks",
    "send-sms-tasks",
    "Too many verify codes",
];

/// Where a product is what the code is about: what speaks to it, the settings of that, and the gateways that alter messages.
const ADAPTERS: &[&str] = &[
    "src/aws/",
    "src/inbox/",
    "src/store/",
    "src/reading/added.rs",
    "src/reading/rewriters.rs",
    "src/model/environment.rs",
    "src/environment/",
    "src/config/resolve.rs",
    "src/config/resolved.rs",
    "src/run/ports.rs",
    "src/run/shared.rs",
    "src/cli/schema/environment.rs",
];

/// A word by itself: not a piece of a longer one.
fn has_word(text: &str, word: &str) -> bool {
    let is_letter = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word)
        .any(|(at, _)| !text[..at].ends_with(is_letter) && !text[at + word.len()..].starts_with(is_letter))
}

#[test]
fn no_file_names_what_is_one_services() {
    let mut found = Vec::new();
    for (name, text) in sources("src") {
        if ADAPTERS.iter().any(|adapter| name.starts_with(adapter)) {
            continue;
        }
        // Examples of tests come from real services.
        let own = text.split("#[cfg(test)]").next().unwrap_or_default();
        let words = OF_ONE_SERVICE.iter().filter(|word| has_word(own, word));
        found.extend(words.map(|word| format!("{name} says {word}")));
    }
    assert!(found.is_empty(), "{found:#?}");
    assert!(has_word("SES says", "SES") && !has_word("PROCESSES", "SES"), "a word is found, and no piece of one");
}

/// The file that a path of modules leads to, from below `src`.
fn file_of<'f>(files: &'f BTreeMap<Vec<String>, File>, path: &[String]) -> Option<&'f File> {
    (0..=path.len()).rev().find_map(|length| files.get(&path[..length]))
}

/// The paths of modules that a file names by `crate::` and `super::`, each from below its `src`.
fn named_modules(at: &[String], text: &str) -> Vec<Vec<String>> {
    let own: String = code(text.split("#[cfg(test)]").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
    let path = regex::Regex::new(r"\b(crate|super|self)((?:::[a-z_0-9]+)*)(?:::(\{[^;]*?\}))?").expect("a pattern");
    let mut all = Vec::new();
    for found in path.captures_iter(&own) {
        let mut base = match &found[1] {
            "crate" => Vec::new(),
            "self" => at.to_vec(),
            _ => at[..at.len().saturating_sub(1)].to_vec(),
        };
        for piece in found[2].split("::").filter(|piece| !piece.is_empty()) {
            if piece == "super" {
                base.pop();
            } else {
                base.push(piece.to_owned());
            }
        }
        let list = found.get(3).map_or("", |list| list.as_str()).trim_matches(['{', '}']);
        for name in list.split(',').map(str::trim) {
            let pieces = name.split("::").take_while(|piece| piece.starts_with(|c: char| c.is_ascii_lowercase()));
            all.push(base.iter().cloned().chain(pieces.map(str::to_owned)).collect());
        }
    }
    all
}

/// No two files import each other, in harness or sandbox.
#[test]
fn no_two_files_import_each_other() {
    for folder in ["src", "sandbox/src"] {
        let at = |file: &File| -> Vec<String> {
            let path = file.0.trim_start_matches(folder).trim_start_matches('/').trim_end_matches(".rs");
            let path = path.trim_end_matches("/mod");
            if ["lib", "main"].contains(&path) { Vec::new() } else { path.split('/').map(str::to_owned).collect() }
        };
        let files: BTreeMap<Vec<String>, File> = sources(folder).into_iter().map(|file| (at(&file), file)).collect();
        let imports = |path: &[String], file: &File| -> BTreeSet<String> {
            let named = named_modules(path, &file.1);
            named.iter().filter_map(|path| file_of(&files, path)).map(|file| file.0.clone()).collect()
        };
        let of: BTreeMap<&str, BTreeSet<String>> =
            files.iter().map(|(path, file)| (file.0.as_str(), imports(path, file))).collect();
        assert!(of.values().map(BTreeSet::len).sum::<usize>() > files.len(), "{folder}: imports are not seen");
        for (one, imports) in &of {
            for other in imports.iter().filter(|other| other.as_str() != *one) {
                assert!(!of[other.as_str()].contains(*one), "{one} and {other} import each other");
            }
        }
    }
}
