//! Runs of several machines, which share nothing but a bucket.

use std::time::Duration;

use serde_json::Value;

use super::{CSV, LOGIN, RESET, scenario};
use crate::store::Moto;
use crate::support::{Desk, Said, Sandbox, wait_until};

/// A machine of its own, whose runs share what lies in a bucket.
pub fn machine(store_url: &str) -> Desk {
    let desk = Desk::new()
        .with("STORE_URL", store_url)
        .with("STORE_ID", "the-id-of-a-key")
        .with("STORE_KEY", "a-secret-key-of-the-store");
    let store = "poll: 100ms\nstore:\n  kind: s3\n  bucket: smoke-store\n  region: us-east-1\n  endpoint: \"{{ env.STORE_URL }}\"\n  \
                 access-key-id: \"{{ env.STORE_ID }}\"\n  secret-access-key: \"{{ env.STORE_KEY }}\"";
    desk.edit("environments/local.yaml", "poll: 100ms", store);
    desk
}

#[test]
fn two_machines_with_one_user_work_one_after_the_other() {
    let (moto, sandbox) = (Moto::start(), Sandbox::start(&[]));
    let desks = [machine(&moto.url), machine(&moto.url)];
    let runs: Vec<_> =
        desks.iter().map(|desk| desk.start(&["smoke", "local", "--sandbox", sandbox.control_url()])).collect();
    let mut waited = 0;
    for run in runs {
        let said = Said::of(&run.wait_with_output().expect("the run"));
        assert_eq!(said.code, 0, "{}{}", said.out, said.err);
        waited += said.out.matches("\nnote: waited ").count();
        assert!(said.out.contains("PASSED") && !said.out.contains("is not known"), "{}", said.out);
    }
    assert_eq!(waited, 1);
    assert_eq!((sandbox.codes().len(), sandbox.entries("signed-in").len()), (2, 2));
}

/// A store that is away changes no verdict, and what it would have told is said to be unknown.
#[test]
fn a_store_that_is_away_changes_no_verdict() {
    let sandbox = Sandbox::start(&[]);
    let desk = machine("http://127.0.0.1:9");
    let said = desk.run(&["smoke", "local", RESET, LOGIN, "--sandbox", sandbox.control_url()]);
    assert_eq!((said.code, &desk.report()["verdict"]), (0, &Value::from("passed")), "{}{}", said.out, said.err);
    let note =
        "note: what other machines do and have done with the same user and number is not known: s3://smoke-store/";
    assert!(said.out.contains(note), "{}", said.out);
    assert!(!said.out.contains("a-secret-key"), "{}", said.out);
}

/// Waits until a run has done all that it does before its slot, and ends it with everything of its own.
fn killed_while_it_waits(desk: &Desk, sandbox: &Sandbox) -> String {
    let mut run = desk.start(&["smoke", "local", "--sandbox", sandbox.control_url()]);
    let made = wait_until(Duration::from_mins(1), || (!sandbox.entries("job-made").is_empty()).then_some(()));
    assert!(made.is_some(), "no job was made");
    // The store comes a second behind.
    std::thread::sleep(Duration::from_secs(4));
    assert!(sandbox.entries("job-started").is_empty(), "the slot has passed: nothing was waited for");
    run.kill().expect("a kill");
    run.wait().expect("an end");
    let run = std::fs::read_link(desk.path().join("runs/local/latest")).expect("a run");
    run.display().to_string()
}

#[test]
fn a_run_that_was_killed_is_found_and_ended_from_another_machine() {
    let (moto, sandbox) = (Moto::start(), Sandbox::start(&["--slots", "30s"]));
    let (first, second) = (machine(&moto.url), machine(&moto.url));
    let run = killed_while_it_waits(&first, &sandbox);
    let said = second.run(&["resume", "--due", "local", "--sandbox", sandbox.control_url()]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let report = second.report();
    assert_eq!(
        (&report["run"], &report["verdict"]),
        (&Value::from(run.as_str()), &Value::from("passed")),
        "{}",
        said.out
    );
    assert_eq!(scenario(&report, CSV)["verdict"], "passed");
    let sent = ["job-made", "code-requested", "reset-requested", "signed-in"].map(|what| sandbox.entries(what).len());
    assert_eq!(sent, [1, 1, 1, 1], "nothing is done twice");
    // Nobody finds it a second time, not even where it was begun.
    for desk in [&second, &first] {
        let said = desk.run(&["resume", "--due", "local", "--sandbox", sandbox.control_url()]);
        assert_eq!((said.code, said.out.contains("local: nothing is due")), (0, true), "{}{}", said.out, said.err);
    }
}

/// It changes no verdict either where it hangs in the middle and at the end; what it missed is written when it is back.
#[test]
fn a_store_that_hangs_in_the_middle_gets_the_rest_later() {
    let (moto, sandbox) = (Moto::start(), Sandbox::start(&[]));
    let desk = machine(&moto.url);
    let run = desk.start(&["smoke", "local", "--sandbox", sandbox.control_url()]);
    let signed_in = wait_until(Duration::from_mins(1), || (!sandbox.entries("signed-in").is_empty()).then_some(()));
    assert!(signed_in.is_some(), "it has not signed in");
    moto.hangs(true);
    let said = Said::of(&run.wait_with_output().expect("the run"));
    assert_eq!((said.code, &desk.report()["verdict"]), (0, &Value::from("passed")), "{}{}", said.out, said.err);
    assert!(said.err.contains("The shared store has not all of this run yet: "), "{}", said.err);
    moto.hangs(false);
    let (resume, elsewhere) = (["resume", "--due", "local", "--sandbox", sandbox.control_url()], machine(&moto.url));
    let said = desk.run(&["smoke", "local", RESET, "--sandbox", sandbox.control_url()]);
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{}", said.out);
    let said = elsewhere.run(&resume);
    assert!(said.code == 0 && said.out.contains("local: nothing is due"), "{}{}", said.out, said.err);
}

/// What one machine has done, another one knows: when it last passed, which codes are open, and which job is to be looked back at.
#[test]
fn what_was_done_on_one_machine_is_known_on_another() {
    let (moto, sandbox) = (Moto::start(), Sandbox::start(&[]));
    let (first, second) = (machine(&moto.url), machine(&moto.url));
    let run = ["smoke", "local", "--sandbox", sandbox.control_url()];
    let said = first.run(&run);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert_eq!(said.err, "", "{}", said.err);
    let earlier = first.report()["run"].clone();
    // The sandbox's own receipts are due by then.
    std::thread::sleep(Duration::from_secs(5));
    let said = second.run(&run);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let report = second.report();
    assert_eq!(report["since"]["last_passed"]["run"], earlier, "{report}");
    assert_eq!(report["looked_back"][0]["run"], earlier, "{report}");
    // A mail is asked for by each; the third one would be the third of this hour.
    let third = machine(&moto.url);
    third.edit("scenarios/us-notify/service.yaml", "resets-per-hour: 12", "resets-per-hour: 2");
    let said = third.run(&["smoke", "local", RESET, "--sandbox", sandbox.control_url()]);
    assert_eq!(said.code, 5, "{}{}", said.out, said.err);
    assert!(said.err.contains("Runs of the last hour have asked for 2 mails"), "{}", said.err);
}

/// The journal in the store may be older than what was done: then nothing more is pressed, and what was done is looked for.
#[test]
fn a_run_that_was_killed_before_its_presses_presses_nothing_elsewhere() {
    let (moto, sandbox) = (Moto::start(), Sandbox::start(&["--fault", "admin=slow:2s"]));
    let (first, second) = (machine(&moto.url), machine(&moto.url));
    let mut run = first.start(&["smoke", "local", RESET, "--sandbox", sandbox.control_url()]);
    let mirrored = || (!sandbox.entries("page").is_empty()).then_some(());
    assert!(wait_until(Duration::from_mins(1), mirrored).is_some());
    std::thread::sleep(Duration::from_millis(2_500));
    run.kill().expect("a kill");
    run.wait().expect("an end");
    assert!(sandbox.entries("reset-requested").is_empty(), "it was killed too late to tell anything");
    let said = second.run(&["resume", "--due", "local", "--sandbox", sandbox.control_url()]);
    assert!(sandbox.entries("reset-requested").is_empty(), "{}", said.out);
    assert_eq!((said.code, &second.report()["verdict"]), (5, &Value::from("not-verified")), "{}", said.out);
    let why = "this run was begun on another machine, and what was done there last may not be known here";
    assert!(said.out.contains(why), "{}", said.out);
}

/// A run that was killed is told of by the next one, on any machine; one that nobody has gone on with for hours is ended.
#[test]
fn what_a_dead_run_has_left_is_told_and_ended_by_the_next_one() {
    let (moto, sandbox) = (Moto::start(), Sandbox::start(&["--slots", "60s"]));
    let (first, second) = (machine(&moto.url), machine(&moto.url));
    let killed = killed_while_it_waits(&first, &sandbox);
    let run = ["smoke", "local", RESET, "--sandbox", sandbox.control_url()];
    let said = second.run(&run);
    let report = second.report();
    let left = &report["since"]["left"];
    assert_eq!((said.code, &left[0]["run"], &left[0]["ended"]), (0, &Value::from(killed.as_str()), &false.into()));
    assert!(left.as_array().is_some_and(|all| all.len() == 1) && left[0]["job_due"].is_string(), "{left}");
    let told = format!("go on with it: notify-smoke resume {killed}");
    assert!(said.out.contains(&told) && said.out.contains("was left behind; its job is due at "), "{}", said.out);
    // The same of a run that waits for a time which was over long ago.
    let old = "20261122T101010Z-oldold";
    let recorded = std::fs::read_to_string(crate::support::root().join("tests/journals/v1/waiting.jsonl"));
    let recorded = recorded.expect("a journal");
    let url =
        |text: &str| text.split("\"base_url\":\"").nth(1).and_then(|rest| rest.split('"').next()).map(str::to_owned);
    let here = std::fs::read_to_string(second.path().join("runs/local/latest/journal.jsonl")).expect("a journal");
    let (then, now) = (url(&recorded).expect("an address"), url(&here).expect("an address"));
    let folder = second.path().join("runs/local").join(old);
    std::fs::create_dir_all(&folder).expect("a folder");
    crate::hostile::forged::forge(&folder.join("journal.jsonl"), &recorded, &then, &now);
    let said = second.run(&run);
    assert!(said.code == 0 && said.out.contains("nobody went on with it for hours, so it was ended"), "{}", said.out);
    let journal = std::fs::read_to_string(folder.join("journal.jsonl")).expect("a journal");
    assert!(journal.lines().next_back().is_some_and(|line| line.contains("run-ended")), "{journal}");
    // Once: then it is over.
    let said = second.run(&run);
    assert!(said.code == 0 && !said.out.contains("so it was ended") && said.out.contains(&told), "{}", said.out);
    let said = second.run(&["report", &format!("runs/local/{old}"), "--exit-code"]);
    assert!(said.code != 0 && said.out.contains("It is over: run it again."), "{} {}", said.code, said.out);
}

/// *Re-run failed jobs* after a runner was lost: the second attempt goes on with the run of the first, and presses nothing again.
#[test]
fn a_job_that_is_tried_again_goes_on_with_its_run() {
    let (moto, sandbox) = (Moto::start(), Sandbox::start(&["--slots", "30s"]));
    let job = |id: &str, attempt: &str| {
        machine(&moto.url)
            .with("GITHUB_ACTIONS", "true")
            .with("GITHUB_REPOSITORY", "GSA/notifications-api")
            .with("GITHUB_RUN_ID", id)
            .with("GITHUB_RUN_ATTEMPT", attempt)
    };
    let lost = killed_while_it_waits(&job("4711", "1"), &sandbox);
    let again = job("4711", "2");
    let said = again.run(&["smoke", "local", "--sandbox", sandbox.control_url()]);
    assert_eq!((said.code, &again.report()["run"]), (0, &Value::from(lost.as_str())), "{}{}", said.out, said.err);
    assert!(said.err.contains(&format!("The first attempt of this job has left run {lost}")), "{}", said.err);
    let sent = ["job-made", "code-requested", "reset-requested", "signed-in"].map(|what| sandbox.entries(what).len());
    assert_eq!(sent, [1, 1, 1, 1], "nothing is done twice");
}
