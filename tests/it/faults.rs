//! Real Chromium against the real sandbox: what is broken, what is said of it, and what is left behind.

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine as _;
use serde_json::Value;

use crate::support::{Desk, Said, Sandbox, processes_with, root, wait_until};

/// Runs `smoke local` with these options and checks what every run must keep to.
fn smoke(desk: &Desk, options: &[&str]) -> (Said, Value) {
    let said = desk.run(&[&["smoke", "local"], options].concat());
    assert!(desk.path().join("runs/local/latest/journal.jsonl").is_file(), "{said:?}");
    assert!(!desk.path().join("runs/local/lease").exists(), "a lease is left");
    (said, desk.report())
}

/// One scenario of a report.
fn scenario<'r>(report: &'r Value, id: &str) -> &'r Value {
    let all = report["scenarios"].as_array().expect("a list");
    all.iter().find(|scenario| scenario["id"] == id).unwrap_or_else(|| panic!("no {id} in {report}"))
}

/// The components of a scenario's candidates, each of which must cite an event.
fn candidates(report: &Value, id: &str) -> BTreeSet<String> {
    let diagnosis = scenario(report, id)["diagnosis"].as_array().expect("a list");
    for candidate in diagnosis {
        let because = candidate["because"].as_array().expect("a list");
        assert!(!because.is_empty(), "{candidate} cites nothing");
        assert!(because.iter().all(|fact| fact["event"].is_u64()), "{candidate}");
        assert!(candidate["next_step"].as_str().is_some_and(|text| text.len() > 20), "{candidate}");
    }
    diagnosis.iter().map(|candidate| candidate["component"].as_str().expect("a name").to_owned()).collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

const RESET: &str = "password-reset";
const LOGIN: &str = "login";

/// Fault, exit code, and for each scenario that did not pass its verdict and candidates: from the facts, by hand.
fn check(fault: &str, code: i32, expected: &[(&str, &str, &[&str])]) -> (Said, Value) {
    let desk = Desk::new();
    let (said, report) = smoke(&desk, &["--fault", fault]);
    assert_eq!(said.code, code, "{fault}: {}", said.out);
    for id in [RESET, LOGIN] {
        let row = expected.iter().find(|row| row.0 == id);
        let (verdict, components) = row.map_or(("passed", &[][..]), |row| (row.1, row.2));
        assert_eq!(scenario(&report, id)["verdict"], verdict, "{fault}: {id}: {}", said.out);
        assert_eq!(candidates(&report, id), set(components), "{fault}: {id}: {}", said.out);
    }
    assert_eq!(report["verdict"], expected[0].1, "{fault}");
    (said, report)
}

// Mail and text go through one worker. When the text comes, neither the worker nor the account is to blame for a mail
// that does not; when both are missing, it is the worker.

#[test]
fn ses_down() {
    let (said, _) = check("ses=down", 1, &[(RESET, "failed", &["ses", "api"])]);
    // At the on-time limit the terminal already says what is missing and when it will be final.
    assert!(said.out.contains("not here after 3."), "{}", said.out);
    assert!(said.out.contains("looks like worker or ses; final at "), "{}", said.out);
}

#[test]
fn worker_stopped() {
    check("worker=stopped", 1, &[(RESET, "failed", &["worker"]), (LOGIN, "failed", &["worker"])]);
}

#[test]
fn reset_accepted_and_not_sent() {
    let (said, _) = check("reset=accepted-not-sent", 1, &[(RESET, "failed", &["ses", "api"])]);
    assert!(said.out.contains("the page claimed success and nothing arrived"), "{}", said.out);
}

#[test]
fn sns_down() {
    check("sns=down", 1, &[(LOGIN, "failed", &["sns", "number"])]);
}

#[test]
fn texts_from_another_number_do_not_count() {
    let (said, _) = check("sender=other", 1, &[(LOGIN, "failed", &["sns", "number"])]);
    assert!(said.out.contains("such a text came from +18337581259, not from +18556438890"), "{}", said.out);
}

#[test]
fn sns_slow_is_degraded() {
    check("sns=slow:5s", 0, &[(LOGIN, "degraded", &["sns"])]);
}

#[test]
fn api_down() {
    check("api=down", 1, &[(RESET, "failed", &["api"]), (LOGIN, "failed", &["api"])]);
}

#[test]
fn admin_error_page() {
    let (said, report) = check("admin=500@forgot-password", 1, &[(RESET, "failed", &["admin"])]);
    assert!(said.out.contains("evidence/step-2.png"), "{}", said.out);
    assert_eq!(scenario(&report, RESET)["steps"][1]["evidence"], "evidence/step-2.png");
}

#[test]
fn alone_the_reset_cannot_tell_who_is_silent() {
    let desk = Desk::new();
    let (said, report) = smoke(&desk, &[RESET, "--fault", "worker=stopped"]);
    assert_eq!(said.code, 1, "{}", said.out);
    assert_eq!(candidates(&report, RESET), set(&["ses", "worker", "api", "account"]));
}

#[test]
fn ses_slow_is_degraded() {
    check("ses=slow:5s", 0, &[(RESET, "degraded", &["ses"])]);
}

#[test]
fn ses_fails_once_is_degraded() {
    let (said, _) = check("ses=fail:503@1st", 0, &[(RESET, "degraded", &["ses"])]);
    assert!(said.err.contains("warning: degraded"), "{}", said.err);
}

#[test]
fn degraded_can_be_made_to_fail() {
    let desk = Desk::new();
    let (said, _) = smoke(&desk, &["--fault", "ses=slow:5s", "--fail-on", "degraded"]);
    assert_eq!(said.code, 1);
}

#[test]
fn later_than_late_is_failed_though_it_comes() {
    check("ses=slow:13s", 1, &[(RESET, "failed", &["ses", "api"])]);
}

#[test]
fn sent_twice_is_degraded() {
    check("reset=twice", 0, &[(RESET, "degraded", &["worker", "ses"])]);
}

#[test]
fn a_link_to_another_host_is_failed() {
    check("reset=other-host", 1, &[(RESET, "failed", &["api"])]);
}

#[test]
fn passes_and_proves() {
    let desk = Desk::new();
    let (said, report) = smoke(&desk, &[]);
    assert_eq!((said.code, &report["verdict"]), (0, &Value::from("passed")), "{}", said.out);
    for (id, expected) in
        [(RESET, ["edge", "admin", "api", "worker", "ses"]), (LOGIN, ["edge", "admin", "api", "worker", "sns"])]
    {
        let proven = scenario(&report, id)["proven"].as_array().expect("a list");
        let names = proven.iter().map(|fact| fact["component"].as_str().expect("a name").to_owned());
        assert_eq!(names.collect::<BTreeSet<String>>(), set(&expected));
        assert!(proven.iter().all(|fact| fact["after_ms"].is_u64() && fact["at"].is_string()));
    }
    assert!(report["service"]["versions"]["before"]["api"].as_str().is_some_and(|text| text.contains("fa2f0a820220")));
    assert_eq!(report["harness"]["version"], format!("notify-smoke {}", env!("CARGO_PKG_VERSION")));
}

#[test]
fn passes_without_basic_auth() {
    let desk = Desk::new();
    let (said, report) = smoke(&desk, &["--no-basic-auth"]);
    assert_eq!((said.code, &report["verdict"]), (0, &Value::from("passed")), "{}", said.out);
}

#[test]
fn passes_with_a_mailbox_program() {
    let desk = Desk::new();
    exec_mailbox(&desk, "");
    let (said, report) = smoke(&desk, &[]);
    assert_eq!((said.code, &report["verdict"]), (0, &Value::from("passed")), "{}{}", said.out, said.err);
}

#[test]
fn a_mailbox_program_that_fails_is_inconclusive() {
    let desk = Desk::new();
    exec_mailbox(&desk, ", --fail");
    let (said, report) = smoke(&desk, &[]);
    assert_eq!((said.code, &report["verdict"]), (3, &Value::from("inconclusive")), "{}", said.out);
    assert_eq!(candidates(&report, RESET), set(&["mailbox"]));
    assert!(said.out.contains("ended with exit code 7"), "{}", said.out);
}

/// Puts the example program in place of the bucket.
fn exec_mailbox(desk: &Desk, more: &str) {
    let file = "environments/local.yaml";
    let text = std::fs::read_to_string(desk.path().join(file)).expect(file);
    let (before, after) = text.split_once("mailbox:\n").expect("a mailbox");
    let after = after.split_once("sms-sender:").expect("a sender").1;
    let script = root().join("docs/examples/mailbox-folder.py");
    let command = format!("[python3, {}, --folder, \"{{{{ sandbox.mailbox_folder }}}}\"{more}]", script.display());
    desk.write(file, format!("{before}mailbox:\n  kind: exec\n  command: {command}\nsms-sender:{after}").as_bytes());
}

#[test]
fn a_mail_of_another_request_in_our_window_is_not_ours() {
    let sandbox = Sandbox::start(&["--fault", "reset=accepted-not-sent"]);
    let desk = Desk::new();
    let run = desk.start(&["smoke", "local", "--sandbox", sandbox.control_url()]);
    let ours = wait_until(Duration::from_secs(20), || sandbox.entries("reset-requested").first().cloned());
    assert!(ours.is_some(), "nothing was asked for");
    // Somebody else asks for the same user at the same time, and gets the mail.
    sandbox.faults(&[]);
    let body = format!(
        "{{\"email\":\"{}\",\"next\":null,\"admin_base_url\":\"{}\"}}",
        sandbox.ready["user_email"], sandbox.ready["admin_url"]
    );
    crate::support::http("POST", &format!("{}/user/reset-password", sandbox.ready["api_url"]), &body);
    let said = Said::of(&run.wait_with_output().expect("the run"));
    assert_eq!(sandbox.entries("mail-delivered").len(), 1, "the other mail did arrive");
    assert_eq!(desk.report()["verdict"], "failed", "{}", said.out);
    assert!(said.out.contains("1 new mail(s) of other requests, none of ours"), "{}", said.out);
}

#[test]
fn a_second_run_is_refused_while_one_is_at_work() {
    let sandbox = Sandbox::start(&["--fault", "ses=down"]);
    let desk = Desk::new();
    let mut first = desk.start(&["smoke", "local", "--sandbox", sandbox.control_url()]);
    assert!(
        wait_until(Duration::from_secs(20), || desk.path().join("runs/local/latest").exists().then_some(())).is_some()
    );
    let second = desk.run(&["smoke", "local", "--sandbox", sandbox.control_url()]);
    assert_eq!(second.code, 5, "{second:?}");
    assert!(second.err.contains("local is being tested already: run "), "{}", second.err);
    first.kill().expect("a kill");
    first.wait().expect("an end");
}

/// Everything that must not be written, in every encoding that could turn up.
fn forms(secret: &str) -> Vec<String> {
    let percent: String = secret
        .bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    let quoted: String = secret
        .bytes()
        .map(|byte| {
            if (b'!'..=b'~').contains(&byte) && byte != b'=' {
                char::from(byte).to_string()
            } else {
                format!("={byte:02X}")
            }
        })
        .collect();
    let html = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let base64 = base64::engine::general_purpose::STANDARD.encode(secret);
    let url_safe = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(secret);
    vec![
        secret.to_owned(),
        percent.clone(),
        lower_hex(&percent),
        quoted,
        html,
        base64,
        url_safe,
        secret.replace('.', "%2E"),
    ]
}

fn lower_hex(encoded: &str) -> String {
    let pieces = encoded.split('%').enumerate().map(|(index, piece)| match piece.split_at_checked(2) {
        Some((code, rest)) if index > 0 => format!("%{}{rest}", code.to_lowercase()),
        _ => piece.to_owned(),
    });
    pieces.collect()
}

#[test]
fn no_secret_is_written_or_said_by_good_and_bad_runs() {
    for fault in ["", "ses=slow:5s", "reset=other-host", "admin=500@new-password"] {
        let sandbox = Sandbox::start(&[]);
        let desk = Desk::new();
        let mut arguments = vec!["smoke", "local", "--sandbox", sandbox.control_url()];
        if !fault.is_empty() {
            arguments.extend(["--fault", fault]);
        }
        let said = desk.run(&arguments);
        let links = sandbox.entries("link-made");
        assert!(!links.is_empty(), "{fault}: no link was made: {}", said.out);
        let codes: Vec<String> = sandbox.codes();
        assert!(!codes.is_empty(), "{fault}: no code was texted: {}{}", said.out, said.err);
        let mut secrets = vec![
            sandbox.ready["user_password"].clone(),
            sandbox.ready["basic_auth_password"].clone(),
            sandbox.ready["s3_secret_access_key"].clone(),
        ];
        for link in &links {
            secrets.push(link["token"].as_str().expect("a token").to_owned());
            secrets.push(link["link"].as_str().expect("a link").to_owned());
            // The payload alone would say whose it is.
            secrets.push(link["token"].as_str().expect("a token").split('.').next().expect("a payload").to_owned());
        }
        let mut texts: Vec<(String, Vec<u8>)> =
            desk.written().into_iter().map(|(path, bytes)| (path.display().to_string(), bytes)).collect();
        assert!(texts.len() >= 3, "{texts:?}");
        texts.push(("stdout".to_owned(), said.out.clone().into_bytes()));
        texts.push(("stderr".to_owned(), said.err.clone().into_bytes()));
        for code in &codes {
            // Six digits can stand inside a digest or a time; as a word of their own they may stand nowhere.
            let is_word = |text: &str| text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == code);
            for (name, bytes) in &texts {
                assert!(!is_word(&String::from_utf8_lossy(bytes)), "{fault}: a code is in {name}");
            }
        }
        for form in secrets.iter().flat_map(|secret| forms(secret)) {
            for (name, bytes) in &texts {
                let found = bytes.windows(form.len()).any(|window| window == form.as_bytes());
                assert!(!found, "{fault}: {form} is in {name}");
            }
        }
    }
}

/// Kills the run with `kill -9` after `after_ms`, resumes it, and holds the sandbox's ledger against it.
fn kill_and_resume(after_ms: u64) {
    let sandbox = Sandbox::start(&[]);
    let mark = format!("crash-{}-{after_ms}", std::process::id());
    let tmp = tempfile::tempdir().expect("a folder");
    let desk = Desk::new().with("NOTIFY_SMOKE_TEST_MARK", &mark).with("TMPDIR", &tmp.path().display().to_string());
    let folders = || std::fs::read_dir(tmp.path()).expect("a folder").count();
    let mut run = desk.start(&["smoke", "local", "--sandbox", sandbox.control_url()]);
    std::thread::sleep(Duration::from_millis(after_ms));
    run.kill().expect("a kill");
    run.wait().expect("an end");
    let gone = wait_until(Duration::from_secs(2), || processes_with(&mark).is_empty().then_some(()));
    assert!(gone.is_some(), "{after_ms} ms: left after 2 s: {:#?}", processes_with(&mark));
    assert!(!desk.path().join("runs/local/lease").exists(), "{after_ms} ms: the lease is left");
    assert!(
        wait_until(Duration::from_secs(2), || (folders() == 0).then_some(())).is_some(),
        "{after_ms} ms: a folder is left"
    );
    let folder = desk.path().join("runs/local/latest");
    if !folder.join("journal.jsonl").is_file()
        || std::fs::read(folder.join("journal.jsonl")).expect("a journal").is_empty()
    {
        assert!(sandbox.entries("reset-requested").is_empty(), "asked before anything was written");
        return;
    }
    let said = desk.run(&["resume", "runs/local/latest", "--sandbox", sandbox.control_url()]);
    let asked = sandbox.entries("reset-requested").len();
    assert!(asked <= 1, "{after_ms} ms: asked {asked} times\n{}", said.out);
    let codes = sandbox.entries("code-requested").len();
    assert!(codes <= 1, "{after_ms} ms: asked for {codes} codes\n{}", said.out);
    let report = desk.report();
    // Killed between the press and the look at its answer, that page cannot be seen again; all else is known.
    let verdict = report["verdict"].as_str().expect("a verdict");
    let allowed = ["passed", "not-verified", "inconclusive"];
    assert!(allowed.contains(&verdict), "{after_ms} ms: {verdict}\n{}", said.out);
    let reset = scenario(&report, RESET)["verdict"].as_str().expect("a verdict");
    if asked == 0 {
        assert_eq!(reset, "inconclusive", "{after_ms} ms: {}", said.out);
    } else if reset == "inconclusive" {
        panic!("{after_ms} ms: it was asked, the mail is there, and it was not seen\n{}", said.out);
    }
    assert!(wait_until(Duration::from_secs(2), || processes_with(&mark).is_empty().then_some(())).is_some());
}

#[test]
fn killed_and_resumed_nothing_is_asked_twice() {
    // Spread over the run, from its start to after the mail; where exactly is left to chance. `--full` does more.
    let chance = u64::from(std::process::id());
    for (slot, begin) in [200, 500, 800, 1_000, 1_200, 1_450].into_iter().enumerate() {
        kill_and_resume(begin + (chance * (slot as u64 + 7)) % 190);
    }
}

#[test]
#[ignore = "long: script/test --full"]
fn killed_at_many_moments() {
    for step in 0..24 {
        kill_and_resume(100 + step * 90);
    }
}

#[test]
fn interrupted_it_says_so_leaves_nothing_and_can_be_resumed() {
    let sandbox = Sandbox::start(&["--fault", "worker=stopped"]);
    let mark = format!("interrupt-{}", std::process::id());
    let desk = Desk::new().with("NOTIFY_SMOKE_TEST_MARK", &mark);
    let run = desk.start(&["smoke", "local", "--sandbox", sandbox.control_url()]);
    assert!(
        wait_until(Duration::from_secs(20), || (!sandbox.entries("reset-requested").is_empty()).then_some(()))
            .is_some()
    );
    std::process::Command::new("kill").args(["-INT", &run.id().to_string()]).status().expect("kill");
    let said = Said::of(&run.wait_with_output().expect("the run"));
    assert_eq!(said.code, 130, "{said:?}");
    assert!(said.out.contains("Stopped by SIGINT. Go on with: notify-smoke resume "), "{}", said.out);
    assert!(
        wait_until(Duration::from_secs(2), || processes_with(&mark).is_empty().then_some(())).is_some(),
        "{:#?}",
        processes_with(&mark)
    );
    sandbox.faults(&[]);
    let said = desk.run(&["resume", "runs/local/latest", "--sandbox", sandbox.control_url()]);
    assert_eq!(sandbox.entries("reset-requested").len(), 1);
    assert!(sandbox.entries("code-requested").len() <= 1);
    assert!(sandbox.entries("mail-delivered").len() == 1, "{}", said.out);
}

#[test]
fn nothing_is_left_after_a_run() {
    let mark = format!("clean-{}", std::process::id());
    let desk = Desk::new().with("NOTIFY_SMOKE_TEST_MARK", &mark).with("TMPDIR", "");
    let tmp = tempfile::tempdir().expect("a folder");
    // PostgreSQL runs as a user of its own when the tests run as root, and has to get through.
    std::fs::set_permissions(tmp.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("permissions");
    let desk = desk.with("TMPDIR", &tmp.path().display().to_string());
    let (said, _) = smoke(&desk, &[]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let left = wait_until(Duration::from_secs(2), || processes_with(&mark).is_empty().then_some(()));
    assert!(left.is_some(), "{:#?}", processes_with(&mark));
    let folders: Vec<_> =
        std::fs::read_dir(tmp.path()).expect("a folder").flatten().map(|entry| entry.path()).collect();
    assert!(folders.is_empty(), "{folders:?}");
}

#[test]
fn the_user_agent_names_the_run() {
    let sandbox = Sandbox::start(&[]);
    let desk = Desk::new();
    let said = desk.run(&["smoke", "local", "--sandbox", sandbox.control_url()]);
    assert_eq!(said.code, 0, "{}", said.out);
    let run = desk.report()["run"].as_str().expect("an id").to_owned();
    let pages = sandbox.entries("page");
    assert!(!pages.is_empty());
    for page in pages {
        assert!(page["user_agent"].as_str().expect("text").contains(&run), "{page}");
    }
}
