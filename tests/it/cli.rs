//! The command line: exit codes and exact sentences for files, options and machines that are not as they should be.

use serde_json::Value;

use crate::support::{Desk, root};

#[test]
fn smoke_alone_lists_what_there_is() {
    let said = Desk::new().run(&["smoke"]);
    assert_eq!(said.code, 0);
    assert!(said.out.contains("  local        us-notify\n"), "{}", said.out);
    assert!(said.out.contains("  runbook      password-reset, login, scheduled-send\n"), "{}", said.out);
}

#[test]
fn unknown_names_are_refused_with_what_was_meant() {
    let desk = Desk::new();
    let cases: &[(&[&str], &str)] = &[
        (&["smoke", "lokal"], "There is no environment `lokal`: environments/ has "),
        (
            &["smoke", "local", "pasword-reset"],
            "There is no scenario `pasword-reset`: there are `csv-now`, `login`, `password-reset`, `scheduled-send-sms` and `scheduled-send`. Did you mean `password-reset`?",
        ),
        (&["smoke", "local", "--profile", "runbok"], "There is no profile `runbok`: service.yaml has "),
        (&["smoke", "local", "--fault", "ses=dow"], "`ses=dow` is no fault: this site has no such effect."),
        (&["report", "nothing"], "There is no run `nothing`: give a run id, or a folder with a journal.jsonl in it."),
        (&["resume", "nothing"], "There is no run `nothing`: "),
    ];
    for (arguments, sentence) in cases {
        let said = desk.run(arguments);
        assert_eq!(said.code, 2, "{arguments:?}: {said:?}");
        assert!(said.err.contains(sentence), "{arguments:?}: {}", said.err);
        assert!(!desk.path().join("runs").exists(), "{arguments:?} touched something");
    }
}

#[test]
fn wrong_options_are_exit_2() {
    let desk = Desk::new();
    for arguments in [&["smok"][..], &["smoke", "local", "--fail-on", "passed"], &["smoke", "local", "--what"], &[]] {
        assert_eq!(desk.run(arguments).code, 2, "{arguments:?}");
    }
}

#[test]
fn faults_are_for_sandboxes_only() {
    let desk = Desk::new();
    let said = desk.run(&["smoke", "staging", "--fault", "ses=down"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(
        said.err.contains("staging is no sandbox: --fault, --sandbox and --no-basic-auth are for sandboxes only."),
        "{}",
        said.err
    );
}

#[test]
fn missing_variables_are_named_all_at_once() {
    let said = Desk::new().run(&["smoke", "prod"]);
    assert_eq!(said.code, 2, "{said:?}");
    for name in ["NOTIFY_SMOKE_BASIC_AUTH_PASSWORD", "NOTIFY_SMOKE_USER_EMAIL", "NOTIFY_SMOKE_USER_PASSWORD"] {
        assert!(said.err.contains(&format!("the variable {name} is not set\n")), "{}", said.err);
    }
}

#[test]
fn a_missing_variable_is_shown_where_it_stands() {
    let said = Desk::new().run(&["smoke", "prod"]);
    let expected = "environments/production.yaml:4:15: the variable NOTIFY_SMOKE_BASE_URL is not set\n  |\n4 | base-url: \
                    \"{{ env.NOTIFY_SMOKE_BASE_URL }}\"\n  |               ^^^^^^^^^^^^^^^^^^^^^^^^^\n  = Set it where \
                    notify-smoke runs.\n";
    assert!(said.err.starts_with(expected), "{}", said.err);
}

#[test]
fn passwords_do_not_go_over_the_network_in_clear() {
    let mut desk = Desk::new().with("NOTIFY_SMOKE_BASE_URL", "http://notify.example.gov");
    for name in [
        "EMAIL_SENDER",
        "SERVICE_EMAIL_SENDER",
        "MAILBOX_BUCKET",
        "USER_EMAIL",
        "USER_PASSWORD",
        "BASIC_AUTH_USERNAME",
        "BASIC_AUTH_PASSWORD",
    ] {
        desk = desk.with(&format!("NOTIFY_SMOKE_{name}"), "something");
    }
    let said = desk.run(&["smoke", "staging"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("base-url is plain HTTP\n"), "{}", said.err);
}

#[test]
fn an_empty_profile_selects_nothing() {
    let desk = Desk::new();
    desk.edit(
        "scenarios/us-notify/service.yaml",
        "runbook: [password-reset, login, scheduled-send]",
        "runbook: [password-reset, login, scheduled-send]\n  none: []",
    );
    let said = desk.run(&["smoke", "local", "--profile", "none"]);
    assert_eq!(said.code, 4, "{said:?}");
}

#[test]
fn a_plan_touches_nothing_and_is_the_same_each_time() {
    let desk = Desk::new();
    let (one, two) = (desk.run(&["plan", "local"]), desk.run(&["smoke", "local", "--dry-run"]));
    assert_eq!((one.code, &one.out), (two.code, &two.out), "{}", one.err);
    assert!(one.out.contains("   4  press Send email  (once)\n"), "{}", one.out);
    assert!(!desk.path().join("runs").exists());
}

#[test]
fn a_stranger_as_recipient_is_refused_before_anything_is_pressed() {
    let desk = Desk::new();
    desk.edit(
        "scenarios/us-notify/password-reset.yaml",
        "Email address: \"{{ user.email }}\"",
        "Email address: somebody@else.gov",
    );
    let said = desk.run(&["smoke", "local"]);
    assert_eq!(said.code, 5, "{said:?}");
    assert!(said.out.contains("somebody@else.gov is not among the environment's recipients"), "{}", said.out);
}

#[test]
fn without_a_browser_it_says_what_to_install() {
    let desk = Desk::new().with("PATH", "/nonexistent").with("CHROMEWEBDRIVER", "");
    let said = desk.run(&["smoke", "local"]);
    assert_eq!(said.code, 3, "{said:?}");
    assert!(
        said.err.contains(
            "There is no Chromium or Chrome in PATH. Install one (Debian: apt-get install chromium chromium-driver)."
        ),
        "{}",
        said.err
    );
}

#[test]
fn a_driver_of_another_version_is_refused() {
    let desk = Desk::new();
    for (name, line) in [("chromium", "Chromium 150.0.1.1"), ("chromedriver", "ChromeDriver 149.0.1.1")] {
        desk.write(&format!("bin/{name}"), format!("#!/bin/sh\necho '{line}'\n").as_bytes());
        let path = desk.path().join("bin").join(name);
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("permissions");
    }
    let path = desk.path().join("bin").display().to_string();
    let said = desk.with("PATH", &path).with("CHROMEWEBDRIVER", "").run(&["smoke", "local"]);
    assert_eq!(said.code, 3, "{said:?}");
    assert!(said.err.contains("Browser and driver are of different versions: "), "{}", said.err);
    assert!(said.err.contains("Install the driver of the browser's major version."), "{}", said.err);
}

#[test]
fn a_mailbox_that_cannot_be_reached_is_inconclusive_and_nothing_is_pressed() {
    let sandbox = crate::support::Sandbox::start(&[]);
    let desk = Desk::new();
    desk.edit("environments/local.yaml", "endpoint: \"{{ sandbox.s3_url }}\"", "endpoint: http://127.0.0.1:9");
    let said = desk.run(&["smoke", "local", "--sandbox", sandbox.control_url()]);
    assert_eq!(said.code, 3, "{said:?}");
    assert_eq!(desk.report()["verdict"], "inconclusive");
    assert!(said.out.contains("cannot be listed"), "{}", said.out);
    assert!(
        said.out.contains("Look at the bucket's name, region and credentials in the environment file"),
        "{}",
        said.out
    );
    assert!(sandbox.entries("reset-requested").is_empty(), "it was pressed with a blind eye");
}

#[test]
fn a_wrong_basic_auth_password_is_errored_not_failed() {
    let desk = Desk::new().with("WRONG", "wrong password");
    desk.edit("environments/local.yaml", "\"{{ sandbox.basic_auth_password }}\"", "\"{{ env.WRONG }}\"");
    let said = desk.run(&["smoke", "local"]);
    assert_eq!((said.code, &desk.report()["verdict"]), (3, &Value::from("errored")), "{said:?}");
    assert!(said.out.contains("The service refused our HTTP Basic auth (401). Look at `basic-auth` in the environment file and its variables."), "{}", said.out);
}

#[test]
fn a_journal_that_cannot_be_written_stops_everything_before_it_begins() {
    let sandbox = crate::support::Sandbox::start(&[]);
    let desk = Desk::new();
    desk.write("runs/local", b"a file where a folder should be");
    let said = desk.run(&["smoke", "local", "--sandbox", sandbox.control_url()]);
    assert_eq!(said.code, 3, "{said:?}");
    assert!(said.err.contains("The journal cannot be written under ./runs: "), "{}", said.err);
    assert!(sandbox.entries("page").is_empty());
}

#[test]
fn a_damaged_journal_is_not_reported() {
    let desk = Desk::new();
    desk.write("runs/local/x/journal.jsonl", b"{\"v\":1}\n");
    let said = desk.run(&["report", "x"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("journal.jsonl: line 1 is no event: "), "{}", said.err);
}

#[test]
fn schemas_are_what_the_program_writes() {
    let desk = Desk::new();
    let said = desk.run(&["schema", "--out", "schemas"]);
    assert_eq!(said.code, 0, "{said:?}");
    for kind in ["environment", "runbook", "scenario", "service"] {
        let name = format!("schemas/{kind}.schema.json");
        let read = |path: std::path::PathBuf| std::fs::read_to_string(path).expect(&name);
        assert_eq!(read(desk.path().join(&name)), read(root().join(&name)), "run: cargo run -- schema --out schemas");
    }
}

/// Each file of the repository against its schema, by a validator that shares nothing with ours.
#[test]
fn every_file_keeps_to_its_schema() {
    let schema = |kind: &str| {
        let text = std::fs::read_to_string(root().join(format!("schemas/{kind}.schema.json"))).expect(kind);
        jsonschema::validator_for(&serde_json::from_str::<Value>(&text).expect("JSON")).expect("a schema")
    };
    let read = |path: &std::path::Path| -> Value {
        let text = std::fs::read_to_string(path).expect("a file");
        let folder = path.parent().expect("a folder");
        let named = text.lines().next().and_then(|line| line.strip_prefix("# yaml-language-server: $schema="));
        let named = folder.join(named.unwrap_or_else(|| panic!("{} names no schema", path.display())));
        assert!(named.is_file(), "{} names {}", path.display(), named.display());
        serde_saphyr::from_str(&text).expect("YAML")
    };
    let files = |folder: &str| -> Vec<std::path::PathBuf> {
        std::fs::read_dir(root().join(folder)).expect(folder).map(|entry| entry.expect("an entry").path()).collect()
    };
    let mut count = 0;
    for (folder, usual) in [("environments", "environment"), ("scenarios/us-notify", "scenario")] {
        for path in files(folder) {
            let kind = match path.file_stem().and_then(std::ffi::OsStr::to_str) {
                Some(stem @ ("service" | "runbook")) => stem,
                _ => usual,
            };
            let problems: Vec<String> = schema(kind).iter_errors(&read(&path)).map(|error| error.to_string()).collect();
            assert!(problems.is_empty(), "{}: {problems:#?}", path.display());
            count += 1;
        }
    }
    assert!(count >= 12, "{count}");
}

#[test]
fn a_schema_sees_what_is_wrong() {
    let text = std::fs::read_to_string(root().join("schemas/environment.schema.json")).expect("a schema");
    let schema = jsonschema::validator_for(&serde_json::from_str::<Value>(&text).expect("JSON")).expect("a schema");
    let good = std::fs::read_to_string(root().join("environments/staging.yaml")).expect("a file");
    let cases = [
        ("service: us-notify", "servce: us-notify"),
        ("password: \"{{ env.NOTIFY_SMOKE_USER_PASSWORD }}\"", "password: hunter2"),
        ("kind: ses_s3", "kind: imap"),
        ("  region: us-west-2\n", ""),
    ];
    for (from, to) in cases {
        assert!(good.contains(from), "{from}");
        let value: Value = serde_saphyr::from_str(&good.replace(from, to)).expect("YAML");
        assert!(!schema.is_valid(&value), "{to}");
    }
}

#[test]
fn completions_know_our_words() {
    let desk = Desk::new();
    for shell in ["bash", "zsh", "fish"] {
        let said = desk.run(&["completions", shell]);
        assert_eq!(said.code, 0, "{said:?}");
        for word in ["doctor", "resume", "detach"] {
            assert!(said.out.contains(word), "{shell} lacks {word}");
        }
    }
}

#[test]
fn causes_can_be_looked_up() {
    let desk = Desk::new();
    let said = desk.run(&["explain", "scheduler-missed"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(
        said.out.starts_with("scheduler: the scheduler did not pick the job up\n\n  Seen when  it was missing"),
        "{}",
        said.out
    );
    assert!(
        said.out.contains("\n  To decide  whether the scheduler process runs, and its log at the slot\n"),
        "{}",
        said.out
    );
    assert!(
        said.out.contains("\n  From       level 1 (the platform's instances, deploys and logs)\n  Next       1. Does celery-beat of ENV run?")
            && said.out.contains("\n  Next       1. Search cloud.gov Logging for @cf.app:\"notify-api-ENV\""),
        "{}",
        said.out
    );
    let wrong = desk.run(&["explain", "scheduler-mised"]);
    assert_eq!(wrong.code, 2, "{wrong:?}");
    let sentence =
        "There is no cause `scheduler-mised`. Did you mean `scheduler-missed`? `notify-smoke explain` lists them.\n";
    assert_eq!(wrong.err, sentence);
    let list = desk.run(&["explain"]);
    assert!(
        list.out.contains("  ses-silent             ses        the mail provider did not deliver the mail\n"),
        "{}",
        list.out
    );
}

#[test]
fn the_page_of_causes_is_what_the_program_writes() {
    let page = root().join("docs/causes.md");
    let said = Desk::new().run(&["explain", "--format", "markdown"]);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&page, &said.out).expect("a file");
    }
    let text = std::fs::read_to_string(&page).unwrap_or_default();
    assert_eq!(said.out, text, "run: cargo run -- explain --format markdown > docs/causes.md");
}

/// What a variable must not hold is told before anything is touched: a line break at its end is seen by nobody.
#[test]
fn values_of_variables_are_looked_at_by_what_they_are_for() {
    let desk = [
        ("BASE_URL", "https://notify.example.gov"),
        ("EMAIL_SENDER", "US Notify <testsender@notify-sandbox.gov>"),
        ("USER_EMAIL", "smoke@notify-sandbox.gov\n"),
        ("USER_MOBILE", "(202) 555-0123"),
        ("USER_PASSWORD", "correct horse battery\n"),
    ]
    .into_iter()
    .fold(Desk::new(), |desk, (name, value)| desk.with(&format!("NOTIFY_SMOKE_{name}"), value));
    let said = desk.run(&["smoke", "prod"]);
    assert_eq!(said.code, 2, "{said:?}");
    for sentence in [
        "the variable NOTIFY_SMOKE_EMAIL_SENDER is no plain e-mail address",
        "the variable NOTIFY_SMOKE_USER_EMAIL has white space at an end",
        "the variable NOTIFY_SMOKE_USER_MOBILE is no telephone number in the form of E.164",
        "the variable NOTIFY_SMOKE_USER_PASSWORD has white space at an end",
    ] {
        assert!(said.err.contains(sentence), "no {sentence:?} in\n{}", said.err);
    }
    assert!(!said.err.contains("correct horse"), "{}", said.err);
}

/// A recorded run in a desk's folder.
fn recorded(desk: &Desk, journal: &str, folder: &str) {
    let bytes = std::fs::read(root().join("tests/journals/v1").join(journal)).expect("a journal");
    desk.write(&format!("runs/{folder}/journal.jsonl"), &bytes);
}

#[test]
fn a_report_can_end_as_its_run_did() {
    let desk = Desk::new();
    for (journal, code) in
        [("passed", 0), ("failed-router", 1), ("degraded-twice", 0), ("interrupted", 130), ("waiting", 6)]
    {
        recorded(&desk, &format!("{journal}.jsonl"), &format!("local/{journal}"));
        assert_eq!(desk.run(&["report", journal]).code, 0, "{journal}");
        assert_eq!(desk.run(&["report", journal, "--exit-code"]).code, code, "{journal}");
    }
}

/// `latest` of several environments is no one run.
#[test]
fn the_latest_run_of_several_environments_is_asked_for() {
    let desk = Desk::new();
    recorded(&desk, "passed.jsonl", "local/latest");
    assert_eq!(desk.run(&["report", "latest"]).code, 0);
    recorded(&desk, "failed-router.jsonl", "staging/latest");
    for command in ["report", "resume"] {
        let said = desk.run(&[command, "latest"]);
        assert_eq!(said.code, 2, "{said:?}");
        assert!(
            said.err.contains("`latest` is more than one run: write `local/latest` or `staging/latest`."),
            "{}",
            said.err
        );
    }
    let said = desk.run(&["report", "staging/latest", "--exit-code"]);
    assert_eq!(said.code, 1, "{said:?}");
}

#[test]
fn a_scenario_that_only_assumes_proves_nothing_and_check_says_so() {
    let desk = Desk::new();
    let text = "name: Nothing\nrunbook: Not in the run book.\nsteps:\n  - visit: /sign-in\n  - expect: { heading: Sign in }\n    assumes: template\n";
    desk.write("scenarios/us-notify/nothing.yaml", text.as_bytes());
    let said = desk.run(&["check"]);
    assert!(said.err.contains("nothing in this scenario proves anything: it only assumes"), "{}{}", said.out, said.err);
}
