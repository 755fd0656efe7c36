//! What the README and the docs show is so: every command block is run, links lead somewhere, pictures are made from what
//! the program really says.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Desk, program, root};

/// The pages.
fn pages() -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> = std::fs::read_dir(root().join("docs"))
        .expect("docs")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|end| end == "md"))
        .collect();
    pages.push(root().join("README.md"));
    pages.sort();
    pages
}

/// Every command of every block that is marked as a shell's, with the page it stands on.
fn commands() -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    for page in pages() {
        let text = std::fs::read_to_string(&page).expect("a page");
        let name = page.file_name().expect("a name").to_string_lossy().into_owned();
        let mut inside = false;
        for line in text.lines() {
            match line {
                "```sh" => inside = true,
                "```" => inside = false,
                _ if inside && !line.is_empty() => {
                    found.push((name.clone(), line.split_whitespace().map(str::to_owned).collect()));
                }
                _ => {}
            }
        }
    }
    found
}

/// The program's own words in a command, however the page starts it.
fn words(page: &str, command: &[String]) -> Vec<String> {
    let begins =
        |words: &[&str]| command.len() >= words.len() && command.iter().zip(words).all(|(one, two)| one == two);
    if begins(&["script/smoke"]) {
        return [&["smoke".to_owned()], &command[1..]].concat();
    }
    assert!(begins(&["cargo", "run", "--"]), "{page}: nobody knows how to run {command:?}");
    command[3..].to_vec()
}

fn is_real(words: &[String]) -> bool {
    words.iter().any(|word| ["staging", "demo", "prod", "production"].contains(&word.as_str()))
}

/// Runs a command where a run lies in `runs`, and says how it ended.
fn run(page: &str, words: &[String]) {
    let desk = Desk::new();
    let journal = std::fs::read(root().join("tests/journals/v1/passed.jsonl")).expect("a journal");
    desk.write("runs/local/20261122T000000Z-abcdef/journal.jsonl", &journal);
    std::os::unix::fs::symlink("20261122T000000Z-abcdef", desk.path().join("runs/local/latest")).expect("a link");
    let said = desk.run(&words.iter().map(String::as_str).collect::<Vec<_>>());
    let expected: &[i32] = match words {
        // Nobody has set its variables here; it says which.
        _ if is_real(words) => &[2],
        _ if words.iter().any(|word| word == "--fault") => &[0, 1],
        _ => &[0],
    };
    assert!(expected.contains(&said.code), "{page}: {words:?} ended with {}\n{}{}", said.code, said.out, said.err);
    assert!(!is_real(words) || said.err.contains("the variable NOTIFY_SMOKE_"), "{page}: {words:?}: {}", said.err);
}

fn starts_a_run(words: &[String]) -> bool {
    words[0] == "smoke" && words.len() > 1 && !is_real(words)
}

#[test]
fn commands_that_start_no_run_do_what_the_pages_say() {
    let all = commands();
    assert!(all.len() >= 15, "only {} commands", all.len());
    for (page, command) in all {
        let words = words(&page, &command);
        if !starts_a_run(&words) {
            run(&page, &words);
        }
    }
}

#[test]
#[ignore = "each is a run: script/test --full"]
fn commands_that_start_a_run_do_what_the_pages_say() {
    for (page, command) in commands() {
        let words = words(&page, &command);
        if starts_a_run(&words) {
            run(&page, &words);
        }
    }
}

#[test]
fn links_lead_somewhere() {
    for page in pages() {
        let text = std::fs::read_to_string(&page).expect("a page");
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or_default();
            let there = link.starts_with("https://") || page.parent().expect("a folder").join(file).exists();
            assert!(there, "{}: {link} leads nowhere", page.display());
        }
    }
}

#[test]
fn pictures_show_what_the_program_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = Command::new("python3")
        .args([root().join("script/picture").as_path(), folder.path()])
        .env("NOTIFY_SMOKE", program())
        .status()
        .expect("python3");
    assert!(made.success());
    for name in ["passed.svg", "failed.svg"] {
        let read = |folder: &Path| std::fs::read_to_string(folder.join(name)).expect(name);
        assert_eq!(read(folder.path()), read(&root().join("docs")), "{name}: run script/picture");
    }
}

/// What is built by hand on a build machine must not see the secrets, and a cancelled job must reach the run.
#[test]
fn the_workflow_gives_its_secrets_to_the_run_alone() {
    let text = std::fs::read_to_string(root().join(".github/workflows/smoke.yml")).expect("the workflow");
    let (job, steps) = text.split_once("    steps:\n").expect("steps");
    assert!(!job.contains("secrets."), "{job}");
    let with_secrets: Vec<&str> = steps.split("\n      - ").filter(|step| step.contains("secrets.")).collect();
    assert_eq!(with_secrets.len(), 1, "{with_secrets:?}");
    assert!(with_secrets[0].starts_with("uses: ./.github/actions/smoke\n"), "{}", with_secrets[0]);
    let action = std::fs::read_to_string(root().join(".github/actions/smoke/action.yml")).expect("the action");
    assert!(
        action.contains("run: exec \"$GITHUB_ACTION_PATH/smoke.sh\"\n") && !action.contains("secrets."),
        "{action}"
    );
    let script = std::fs::read_to_string(root().join(".github/actions/smoke/smoke.sh")).expect("the script");
    assert!(script.lines().last().is_some_and(|line| line.starts_with("exec notify-smoke ")), "{script}");
    assert!(!script.contains("cargo") && !script.contains("curl"), "it builds and fetches nothing");
}

/// What the page on security claims is held by a test of that name.
#[test]
fn every_claim_on_security_has_its_test() {
    let page = std::fs::read_to_string(root().join("docs/security.md")).expect("a page");
    let rows: Vec<&str> =
        page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| ---")).skip(1).collect();
    assert!(rows.len() > 10, "{rows:?}");
    let mut sources = Vec::new();
    for folder in ["tests/it", "src"] {
        let mut folders = vec![root().join(folder)];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
                match entry.path() {
                    path if path.is_dir() => folders.push(path),
                    path => sources.push(std::fs::read_to_string(path).unwrap_or_default()),
                }
            }
        }
    }
    for row in rows {
        let tests = row.trim_end_matches('|').rsplit('|').next().expect("a cell");
        let names: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "no test: {row}");
        for name in names {
            let is_there = sources.iter().any(|source| source.contains(&format!("fn {name}()")));
            assert!(is_there, "there is no test {name}");
        }
    }
}

/// The table of the page is the table of the code.
#[test]
fn the_page_has_the_table_of_outcomes() {
    use notify_smoke::model::Verdict;
    use notify_smoke::model::outcome::{Colour, Outcome};
    let page = std::fs::read_to_string(root().join("docs/verdicts.md")).expect("the page");
    let line = |outcome: Outcome, strict: bool| {
        let told = outcome.told(strict);
        let job = match told.job {
            Colour::Green => "green",
            Colour::Red => "red",
            Colour::Running => "running",
        };
        let name =
            if strict { format!("{}, with `--fail-on degraded`", outcome.name()) } else { outcome.name().to_owned() };
        let annotation = told.annotation.map_or("none", |level| level.name());
        let headline = told.headline.map(|word| format!("{word} ")).unwrap_or_default();
        format!("| {name} | {job} | {annotation} | {} | {headline}|", told.status.name())
    };
    let verdicts = [Verdict::NotVerified, Verdict::Inconclusive, Verdict::Errored].map(Outcome::NotJudged);
    let all = [Outcome::Passed, Outcome::Degraded, Outcome::Waiting, Outcome::Failed, Outcome::Refused];
    for outcome in all.into_iter().chain(verdicts).chain([Outcome::WrongFiles, Outcome::CutOff]) {
        let wanted = line(outcome, false);
        assert!(page.lines().any(|line| line == wanted), "{wanted}");
    }
    let strict = line(Outcome::Degraded, true);
    assert!(page.lines().any(|line| line == strict), "{strict}");
}
