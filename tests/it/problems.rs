//! Bad files with the exact message: `tests/problems/NAME/` is laid over a good working folder, `expected.txt` is what
//! `check` says. `BLESS=1` writes them anew; then read them.

use crate::support::{Desk, root};

#[test]
fn every_bad_file_has_its_message() {
    let folder = root().join("tests/problems");
    let mut count = 0;
    for case in std::fs::read_dir(&folder).expect("cases").flatten().map(|entry| entry.path()) {
        let desk = Desk::new();
        overlay(&case, &case, &desk);
        let said = desk.run(&["check"]);
        assert_eq!(said.code, 2, "{}: {said:?}", case.display());
        let expected = case.join("expected.txt");
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&expected, &said.err).expect("a file");
        }
        let text = std::fs::read_to_string(&expected).unwrap_or_default();
        assert_eq!(said.err, text, "{}", case.display());
        // A run says the same, and touches nothing.
        let run = desk.run(&["smoke", "local"]);
        assert_eq!(run.code, 2, "{}", case.display());
        assert!(!desk.path().join("runs").exists(), "{}", case.display());
        count += 1;
    }
    assert!(count >= 8, "only {count} cases");
}

fn overlay(base: &std::path::Path, folder: &std::path::Path, desk: &Desk) {
    for path in std::fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()) {
        let name = path.strip_prefix(base).expect("inside").display().to_string();
        if path.is_dir() {
            overlay(base, &path, desk);
        } else if name != "expected.txt" {
            desk.write(&name, &std::fs::read(&path).expect("a file"));
        }
    }
}

#[test]
fn good_files_are_in_order() {
    let said = Desk::new().pinned().run(&["check"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.ends_with(" files are in order.\n"), "{}", said.out);
}

/// Files with nothing worse than a warning, in all three forms.
#[test]
fn warnings_do_not_keep_a_run_from_being_made() {
    let desk = Desk::new().pinned();
    desk.edit(
        "scenarios/us-notify/service.yaml",
        "  heartbeat: {",
        "  spare: { on-time: 1s, late: 2s }\n  heartbeat: {",
    );
    let service = "scenarios/us-notify/service.yaml";
    desk.edit(service, "  sign-in: [edge,", "  by-boat: [edge, admin]\n  sign-in: [edge,");
    desk.edit(service, "likely: [worker-twice,", "likely: [worker-twise,");
    let file = "scenarios/us-notify/runbook.yaml";
    let text = std::fs::read_to_string(desk.path().join(file)).expect(file);
    let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with("scheduler:")).collect();
    desk.write(file, kept.join("\n").as_bytes());
    let said = desk.run(&["check"]);
    assert_eq!((said.code, said.out.as_str()), (0, "21 files will do; 4 warning(s).\n"), "{}", said.err);
    let has = |words: &str| assert!(said.err.contains(words), "{}", said.err);
    has("no step passes the road `by-boat`");
    has("`worker-twise` is no component or cause");
    has("Did you mean `worker-twice`?");
    assert_eq!(desk.run(&["plan", "local"]).code, 0);
}

#[test]
fn problems_are_annotations_and_json_too() {
    let desk = Desk::new();
    desk.edit("scenarios/us-notify/password-reset.yaml", "proves: [worker, ses]", "provs: [worker, ses]");
    let github = desk.run(&["check", "--format", "github"]);
    assert_eq!(github.code, 2, "{github:?}");
    let begins = "::error file=scenarios/us-notify/password-reset.yaml,line=17,col=5,endColumn=10,title=notify-smoke::unknown verb or modifier `provs`. ";
    assert!(github.out.starts_with(begins), "{}", github.out);
    let json = desk.run(&["check", "--format", "json"]);
    let value: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!(value["problems"][0]["line"], 17, "{}", json.out);
    assert_eq!(value["problems"][0]["weight"], "error");
}

/// What is read and what the schemas offer are the same keys, in both directions.
#[test]
fn schemas_and_readers_know_the_same_keys() {
    let cases = [
        ("environments/staging.yaml", "service: us-notify\n", "zzz: 1\n", "environment", "/properties"),
        ("environments/staging.yaml", "user:\n", "  zzz: 1\n", "environment", "/properties/user/properties"),
        (
            "environments/staging.yaml",
            "basic-auth:\n",
            "  zzz: 1\n",
            "environment",
            "/properties/basic-auth/properties",
        ),
        (
            "environments/staging.yaml",
            "  kind: ses_s3\n",
            "  zzz: 1\n",
            "environment",
            "/properties/mailbox/oneOf/0/properties",
        ),
        (
            "environments/staging.yaml",
            "  kind: twilio\n",
            "  zzz: 1\n",
            "environment",
            "/properties/number/oneOf/0/properties",
        ),
        (
            "environments/staging.yaml",
            "  email:\n",
            "    zzz: 1\n",
            "environment",
            "/properties/templates/properties/email/properties",
        ),
        ("environments/local.yaml", "sandbox:\n", "  zzz: 1\n", "environment", "/properties/sandbox/properties"),
        (
            "environments/local.yaml",
            "windows:\n",
            "  page: { zzz: 1 }\n",
            "environment",
            "/properties/windows/additionalProperties/properties",
        ),
        ("scenarios/us-notify/service.yaml", "name: US Notify\n", "zzz: 1\n", "service", "/properties"),
        (
            "scenarios/us-notify/service.yaml",
            "  page: {",
            " zzz: 1,",
            "service",
            "/properties/windows/additionalProperties/properties",
        ),
        (
            "scenarios/us-notify/service.yaml",
            "links: # the last piece of the path is a secret that says when it was made\n  - {",
            " zzz: 1,",
            "service",
            "/properties/links/items/properties",
        ),
        (
            "scenarios/us-notify/service.yaml",
            "sentences: # what they mean is known to notify-smoke\n",
            "  zzz: 1\n",
            "service",
            "/properties/sentences/properties",
        ),
        ("scenarios/us-notify/service.yaml", "budget:\n", "  zzz: 1\n", "service", "/properties/budget/properties"),
        ("scenarios/us-notify/service.yaml", "\ncode: {", " zzz: 1,", "service", "/properties/code/properties"),
    ];
    for (file, after, unknown, kind, pointer) in cases {
        let desk = Desk::new();
        let text = std::fs::read_to_string(desk.path().join(file)).expect(file);
        assert!(text.contains(after), "{file} has no {after:?}");
        let place = format!("{after}{unknown}");
        desk.write(file, text.replacen(after, &place, 1).as_bytes());
        let said = desk.run(&["check"]);
        let knows = said.err.split("unknown key `zzz`").nth(1).and_then(|rest| rest.split(" knows ").nth(1));
        let knows = knows.unwrap_or_else(|| panic!("{file} {after:?}: {}", said.err)).lines().next().expect("a line");
        // What follows the list may mean one of its words.
        let knows = knows.split('.').next().expect("a sentence");
        let mut read: Vec<&str> = knows.split('`').skip(1).step_by(2).collect();
        read.sort_unstable();
        let schema = std::fs::read_to_string(root().join(format!("schemas/{kind}.schema.json"))).expect("a schema");
        let schema: serde_json::Value = serde_json::from_str(&schema).expect("JSON");
        let mut offered: Vec<&str> = schema
            .pointer(pointer)
            .and_then(|keys| keys.as_object())
            .expect(pointer)
            .keys()
            .map(String::as_str)
            .collect();
        offered.sort_unstable();
        assert_eq!(read, offered, "{file} {pointer}");
    }
}

/// GOV.UK Notify's folder is as good as US Notify's: it needs no line of code.
#[test]
fn every_service_of_the_repository_is_in_order() {
    let loaded = notify_smoke::config::Files::new(&root()).load();
    assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
    let names: Vec<&str> = loaded.services.keys().map(String::as_str).collect();
    assert_eq!(names, ["govuk-notify", "us-notify"]);
    for (id, service) in &loaded.services {
        assert!(!service.times.is_empty() && !service.roads.is_empty() && !service.parts.is_empty(), "{id}");
        assert!(service.profiles.keys().map(String::as_str).eq(["quick", "runbook", "weekly"]), "{id}");
        // Each scenario of a profile is there, and each that names a road names one of the service's.
        let known: Vec<&str> = loaded.scenarios[id].iter().map(|scenario| scenario.id.as_str()).collect();
        for scenario in service.profiles.values().flatten() {
            assert!(known.contains(&scenario.as_str()), "{id}: {scenario}");
        }
    }
}
