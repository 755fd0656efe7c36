//! Deploys that cross a run: told by the builds that answer, and by the marks of those who deploy.

use std::time::Duration;

use super::machines::machine;
use super::{CSV, RESET, scenario};
use crate::occasions::{AFTER, BEFORE};
use crate::store::Moto;
use crate::support::{Desk, Said, Sandbox, wait_until};

#[test]
fn a_failure_while_a_deploy_is_marked_is_no_failure_and_afterwards_it_is() {
    let sandbox = Sandbox::start(&["--fault", "admin=500@forgot-password"]);
    let desk = Desk::new();
    let mark = |edge: &str| {
        let said = desk.run(&["mark", "local", edge, "--deployed", "api"]);
        assert_eq!(said.code, 0, "{}{}", said.out, said.err);
        said.out
    };
    let run = ["smoke", "local", RESET, "--sandbox", sandbox.control_url()];
    assert_eq!(mark("deploy-start"), "Marked: a deploy of local begins.\n");
    std::thread::sleep(Duration::from_secs(1));
    let said = desk.run(&run);
    assert_eq!(desk.report()["verdict"], "inconclusive", "{}{}", said.out, said.err);
    let crossed = "api, by the marks begun before it and not over yet";
    assert!(
        said.out.contains(&format!("deployed during the run: {crossed}"))
            && said.out.contains("deploy: another version came"),
        "{}",
        said.out
    );
    assert_eq!(desk.report()["service"]["versions"]["deployed"][0], crossed);
    mark("deploy-end");
    std::thread::sleep(Duration::from_secs(1));
    let said = desk.run(&run);
    assert_eq!(desk.report()["verdict"], "failed", "{}{}", said.out, said.err);
    assert!(!said.out.contains("deployed during"), "{}", said.out);
}

#[test]
fn a_deploy_is_marked_where_its_name_and_its_store_are_right() {
    let desk = Desk::new();
    for (arguments, code, why) in [
        (vec!["mark", "locl", "deploy-start"], 2, "local"),
        (vec!["mark", "local", "deploy-start", "--deployed", "a b"], 2, "write a name such as api"),
        (vec!["mark", "local", "restart"], 2, "deploy-start"),
    ] {
        let said = desk.run(&arguments);
        assert!(said.code == code && said.err.contains(why), "{arguments:?}: {}{}", said.out, said.err);
    }
    // Whoever deploys knows the store, and no password.
    let away = machine("http://127.0.0.1:9");
    let said = away.run(&["mark", "local", "deploy-end"]);
    assert_eq!(said.code, 3, "{}{}", said.out, said.err);
    assert!(said.err.contains("The deploy is not marked: s3://smoke-store/: "), "{}", said.err);
}

/// 14:05 and 14:40: the second deploy comes while the first one's run waits for its slot. Each has its verdict, and says what it saw.
#[test]
fn two_deploys_of_one_environment_have_a_verdict_each() {
    let (moto, sandbox) = (Moto::start(), Sandbox::start(&["--slots", "30s"]));
    let [first, second, deploys] = [(); 3].map(|()| machine(&moto.url));
    let start = |desk: &Desk| desk.start(&["smoke", "local", "--sandbox", sandbox.control_url()]);
    let at_five_past = start(&first);
    let waits = wait_until(Duration::from_mins(1), || (!sandbox.entries("job-made").is_empty()).then_some(()));
    assert!(waits.is_some(), "the first run has made no job");
    std::thread::sleep(Duration::from_secs(1));
    assert!(sandbox.entries("job-started").is_empty(), "the slot has passed: nothing was waited for");
    for edge in ["deploy-start", "deploy-end"] {
        let said = deploys.run(&["mark", "local", edge, "--deployed", "admin"]);
        assert_eq!(said.code, 0, "{}{}", said.out, said.err);
        sandbox.faults(&["deploy=rolling:1s"]);
        std::thread::sleep(Duration::from_millis(1_500));
    }
    let at_twenty_to = start(&second);
    for (run, desk, crossed) in [(at_five_past, &first, true), (at_twenty_to, &second, false)] {
        let said = Said::of(&run.wait_with_output().expect("the run"));
        let report = desk.report();
        assert_eq!(report["verdict"], "passed", "{}{}", said.out, said.err);
        assert_eq!(scenario(&report, CSV)["verdict"], "passed");
        let versions = &report["service"]["versions"];
        assert_eq!(versions["before"] != versions["after"], crossed, "{versions}");
        assert_eq!(said.out.contains("A deploy crossed this run: admin answered as "), crossed, "{}", said.out);
        assert_eq!(
            said.out.contains("A deploy crossed this run: admin, by the marks begun at "),
            crossed,
            "{}",
            said.out
        );
    }
}

/// Another commit than was deployed is a failure of the deploy, whatever works; the one that was deployed is none.
#[test]
fn another_version_than_was_deployed_is_a_failure() {
    let sandbox = Sandbox::start(&[]);
    let desk = Desk::new();
    let smoke = |more: &[&str]| {
        let mut arguments = vec!["smoke", "local", RESET, "--sandbox", sandbox.control_url()];
        arguments.extend(["--because", "deploy", "--deployed", "admin,worker", "--settle", "1s"]);
        arguments.extend(more);
        let said = desk.run(&arguments);
        (said, desk.report())
    };
    let (said, report) = smoke(&["--commit", AFTER]);
    assert_eq!((said.code, &report["verdict"]), (1, &"failed".into()), "{}{}", said.out, said.err);
    assert_eq!(scenario(&report, RESET)["verdict"], "passed");
    for told in [
        "deploy: another version answers than was deployed",
        &format!("admin answered as {BEFORE}"),
        "Impact     Another version than the one that was deployed serves users",
        "Next       1. `cf app notify-api-local`",
        "which version worker and scheduler are",
    ] {
        assert!(said.out.contains(told), "{told}: {}", said.out);
    }
    assert_eq!(report["occasion"]["expected"]["admin"], AFTER);
    assert_eq!((&report["occasion"]["because"], &report["occasion"]["settled_ms"]), (&"deploy".into(), &1_000.into()));
    assert!(said.err.contains("Waits 1 s for what was deployed to settle"), "{}", said.err);
    let (said, report) = smoke(&["--expect", &format!("admin={BEFORE}")]);
    assert_eq!((said.code, &report["verdict"]), (0, &"passed".into()), "{}{}", said.out, said.err);
    let (said, _) = smoke(&["--expect", "worker=8c2bd29"]);
    assert!(said.code == 2 && said.err.contains("write api=SHA or admin=SHA"), "{}", said.err);
    let (said, _) = smoke(&["--commit", "main"]);
    assert!(said.code == 2 && said.err.contains("write the commit as git does"), "{}", said.err);
}

/// What a deploy has crossed is made once more by a pipeline, and the second run decides.
#[test]
fn what_a_deploy_has_crossed_is_made_once_more() {
    let sandbox = Sandbox::start(&["--fault", "admin=500@forgot-password"]);
    let desk = Desk::new();
    let said = desk.run(&["mark", "local", "deploy-start", "--deployed", "api"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let arguments = ["--because", "schedule", "--settle", "4s"];
    let run =
        desk.start(&[&["smoke", "local", RESET, "--sandbox", sandbox.control_url()][..], &arguments[..]].concat());
    let over = desk.path().join("runs/local/latest/report.json");
    assert!(wait_until(Duration::from_mins(1), || over.is_file().then_some(())).is_some(), "the first run has no end");
    sandbox.faults(&[]);
    let said = Said::of(&run.wait_with_output().expect("the run"));
    let report = desk.report();
    assert_eq!((said.code, &report["verdict"]), (0, &"passed".into()), "{}{}", said.out, said.err);
    let first = report["occasion"]["again_for"].as_str().expect("the first run");
    assert!(said.err.contains(&format!("A deploy has crossed run {first}")), "{}", said.err);
    assert!(said.out.contains(&format!("Made again for run {first}, which a deploy had crossed.")), "{}", said.out);
}

/// What was deployed answered, each time, until another deploy came: it did not fail, and nothing more is said of it.
#[test]
fn a_deploy_that_is_overtaken_has_not_failed() {
    let sandbox = Sandbox::start(&["--slots", "30s"]);
    let desk = Desk::new();
    let expected = format!("admin={BEFORE}");
    let run = desk.start(&["smoke", "local", "--expect", &expected, "--sandbox", sandbox.control_url()]);
    let waits = wait_until(Duration::from_mins(1), || (!sandbox.entries("job-made").is_empty()).then_some(()));
    assert!(waits.is_some(), "the run has made no job");
    sandbox.faults(&["deploy=rolling:1s"]);
    let said = Said::of(&run.wait_with_output().expect("the run"));
    let report = desk.report();
    assert_eq!((said.code, &report["verdict"]), (3, &"not-verified".into()), "{}{}", said.out, said.err);
    let told = format!("admin answered as {BEFORE} at the start, and as {AFTER}");
    assert!(said.out.contains(&told) && !said.out.contains("another version answers"), "{}", said.out);
    assert_eq!(scenario(&report, CSV)["verdict"], "passed");
}
