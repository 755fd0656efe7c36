//! An environment is known by its host and its senders, and its file says them: variables alone may be another one's.

use crate::support::{Desk, root};

const HOST: &str = "notify-staging.example.gov";

/// The variables of one deployment.
fn variables(desk: Desk, host: &str) -> Desk {
    let all = [
        ("BASE_URL", format!("https://{host}")),
        ("EMAIL_SENDER", format!("notify@{host}")),
        ("SERVICE_EMAIL_SENDER", format!("service@{host}")),
        ("MAILBOX_BUCKET", "bucket".to_owned()),
        ("USER_EMAIL", "smoke@example.gov".to_owned()),
        ("USER_PASSWORD", "correct horse battery".to_owned()),
        ("USER_MOBILE", "+12025550123".to_owned()),
        ("BASIC_AUTH_USERNAME", "door".to_owned()),
        ("BASIC_AUTH_PASSWORD", "door password".to_owned()),
        ("TWILIO_ACCOUNT", "AC1".to_owned()),
        ("TWILIO_TOKEN", "twilio token".to_owned()),
    ];
    all.into_iter().fold(desk, |desk, (name, value)| desk.with(&format!("NOTIFY_SMOKE_{name}"), &value))
}

#[test]
fn what_is_not_pinned_is_not_run_and_everything_says_so() {
    let desk = variables(Desk::new(), HOST);
    let sentence = "host, email-sender and template-sender come from variables alone, so another environment's variables \
                    would make this staging";
    let run = desk.run(&["smoke", "staging"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.err.contains(sentence) && run.err.contains("Run `notify-smoke pin staging` where"), "{}", run.err);
    assert!(!desk.path().join("runs").exists(), "nothing was begun");
    let check = desk.run(&["check"]);
    assert_eq!(check.code, 0, "{check:?}");
    assert!(check.err.contains("warning: environments/staging.yaml:4:1: host, email-sender and"), "{}", check.err);
    let plan = desk.run(&["plan", "staging"]);
    assert_eq!(plan.code, 0, "{plan:?}");
    assert!(plan.err.contains("A run would be refused: environments/staging.yaml:4:1: host,"), "{}", plan.err);
}

#[test]
fn variables_of_another_environment_are_refused() {
    let desk = variables(Desk::new(), HOST);
    let pinned = desk.run(&["pin", "staging"]);
    assert_eq!(pinned.code, 0, "{pinned:?}");
    let file = std::fs::read_to_string(desk.path().join("environments/staging.yaml")).expect("a file");
    let before = std::fs::read_to_string(root().join("environments/staging.yaml")).expect("a file");
    let lines = format!(
        "pinned: # what the variables must say\n  host: \"{HOST}\"\n  email-sender: \"notify@{HOST}\"\n  \
         template-sender: \"service@{HOST}\"\n"
    );
    assert_eq!(file, format!("{}\n{lines}", before.trim_end()));
    assert!(!file.contains("smoke@example.gov") && !file.contains("horse"), "only what is public: {file}");
    let again = desk.run(&["pin", "staging"]);
    assert!(again.out.ends_with("names its host and senders already.\n"), "{again:?}");
    assert!(!desk.run(&["check"]).err.contains("staging"));
    let desk = variables(desk, "notify.example.gov");
    for command in [["smoke", "staging"], ["doctor", "staging"], ["plan", "staging"], ["pin", "staging"]] {
        let said = desk.run(&command);
        assert_eq!(said.code, 2, "{said:?}");
        for (name, value, pinned) in [
            ("BASE_URL", "notify.example.gov", HOST.to_owned()),
            ("EMAIL_SENDER", "notify@notify.example.gov", format!("notify@{HOST}")),
            ("SERVICE_EMAIL_SENDER", "service@notify.example.gov", format!("service@{HOST}")),
        ] {
            let sentence = format!("the variable NOTIFY_SMOKE_{name} says {value}, and staging is pinned to {pinned}");
            assert!(said.err.contains(&sentence), "{command:?}: {}", said.err);
        }
    }
    assert!(!desk.path().join("runs").exists(), "nothing was begun");
}

#[test]
fn two_environments_do_not_have_one_host() {
    let desk = Desk::new().pinned();
    desk.edit("environments/staging.yaml", "host: staging.example.gov", &format!("host: {HOST}"));
    desk.edit("environments/production.yaml", "host: production.example.gov", &format!("host: {HOST}"));
    let said = desk.run(&["check"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains(&format!("{HOST} is the host of `production` too")), "{}", said.err);
    assert!(said.err.contains("Each environment has a host of its own."), "{}", said.err);
}

/// A host that the file says itself needs no pin, and one that a variable says is run once it is pinned.
#[test]
fn what_is_pinned_is_run() {
    let address = "http://127.0.0.1:9";
    let environment = "service: us-notify\nbase-url: \"{{ env.SOME_URL }}\"\nuser:\n  email: smoke@notify.gov\n\
                       email-sender: sender@notify.gov\nmailbox:\n  kind: exec\n  command: [sh, -c, \"echo\"]\n";
    let scenario = "name: One page\nrunbook: Not in the run book.\nsteps:\n  - visit: /page\n  - expect: { heading: Hello }\n    proves: [admin]\n";
    let desk = Desk::new().with("SOME_URL", address);
    desk.write("environments/some.yaml", environment.as_bytes());
    desk.write("scenarios/us-notify/one-page.yaml", scenario.as_bytes());
    let refused = desk.run(&["smoke", "some", "one-page"]);
    assert!(refused.code == 2 && refused.err.contains("host comes from variables alone"), "{refused:?}");
    assert_eq!(desk.run(&["pin", "some"]).code, 0);
    let run = desk.run(&["smoke", "some", "one-page"]);
    assert!(run.code == 1 && run.out.contains("could not open the page"), "{run:?}");
    desk.edit("environments/some.yaml", "{{ env.SOME_URL }}", address);
    assert_eq!(desk.run(&["plan", "some", "one-page"]).err, "", "the file says it itself");
}
