//! Killed, interrupted, finished: nothing is done twice, and nothing is left.

use std::os::unix::fs::MetadataExt as _;
use std::process::Command;
use std::time::Duration;

use super::{LOGIN, RESET, scenario, smoke};
use crate::support::{Desk, Said, Sandbox, processes_with, wait_until};

const RESET_SUBJECT: &str = "Reset your U.S. Notify password";

/// Kills the run with `kill -9` after `after_ms`, resumes it, and holds the sandbox's ledger against it.
fn kill_and_resume(scenarios: &[&str], after_ms: u64) {
    let sandbox = Sandbox::start(&["--slots", "6s"]);
    let mark = format!("crash-{}-{after_ms}", std::process::id());
    let tmp = tempfile::tempdir().expect("a folder");
    let desk = Desk::new().with("LC_NOTIFY_SMOKE_TEST_MARK", &mark).with("TMPDIR", &tmp.path().display().to_string());
    let folders = || std::fs::read_dir(tmp.path()).expect("a folder").count();
    let mut run = desk.start(&[&["smoke", "local"], scenarios, &["--sandbox", sandbox.control_url()]].concat());
    std::thread::sleep(Duration::from_millis(after_ms));
    run.kill().expect("a kill");
    run.wait().expect("an end");
    let gone = wait_until(Duration::from_secs(2), || processes_with(&mark).is_empty().then_some(()));
    assert!(gone.is_some(), "{after_ms} ms: left after 2 s: {:#?}", processes_with(&mark));
    assert!(desk.leases().is_empty(), "{after_ms} ms: the lease is left");
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
    for (what, most) in [("code-requested", 1), ("uploaded", 1), ("job-made", 1), ("text-accepted", 1)] {
        let count = sandbox.entries(what).len();
        assert!(count <= most, "{after_ms} ms: {count} times {what}\n{}", said.out);
    }
    let rows = sandbox.entries("mail-accepted").iter().filter(|mail| mail["subject"] != RESET_SUBJECT).count();
    assert!(rows == 0 || rows == 2, "{after_ms} ms: {rows} mails of rows\n{}", said.out);
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
    for (slot, begin) in [300, 800, 1_200, 1_450].into_iter().enumerate() {
        kill_and_resume(&[RESET, LOGIN], begin + (chance * (slot as u64 + 7)) % 250);
    }
}

#[test]
fn killed_around_its_schedule_no_job_is_made_twice() {
    let chance = u64::from(std::process::id());
    for (slot, begin) in [2_600, 4_200].into_iter().enumerate() {
        kill_and_resume(&[], begin + (chance * (slot as u64 + 5)) % 900);
    }
}

/// The program is stopped for 15 s and goes on: a closed lid, a busy machine. Nothing of that is the service's.
fn stopped_and_continued(after_ms: u64) {
    let sandbox = Sandbox::start(&[]);
    let desk = Desk::new();
    let run = desk.start(&["smoke", "local", "--profile", "quick", "--sandbox", sandbox.control_url()]);
    let signal = |name: &str| {
        Command::new("kill").args([name, &run.id().to_string()]).status().expect("kill");
    };
    std::thread::sleep(Duration::from_millis(after_ms));
    signal("-STOP");
    std::thread::sleep(Duration::from_secs(15));
    signal("-CONT");
    let said = Said::of(&run.wait_with_output().expect("the run"));
    let verdict = desk.report()["verdict"].as_str().expect("a verdict").to_owned();
    assert!(["passed", "inconclusive", "errored"].contains(&verdict.as_str()), "after {after_ms} ms: {}", said.out);
    assert!(sandbox.entries("job-made").len() <= 1 && sandbox.entries("reset-requested").len() == 1, "{}", said.out);
}

#[test]
fn stopped_for_a_while_it_blames_nobody() {
    let chance = u64::from(std::process::id());
    for (slot, begin) in [900, 2_200, 3_800].into_iter().enumerate() {
        stopped_and_continued(begin + (chance * (slot as u64 + 3)) % 700);
    }
}

#[test]
#[ignore = "long: script/test --full"]
fn stopped_at_many_moments_it_blames_nobody() {
    let chance = u64::from(std::process::id());
    for step in 0..20 {
        stopped_and_continued(400 + step * 260 + (chance * (step + 3)) % 250);
    }
}

#[test]
#[ignore = "long: script/test --full"]
fn killed_at_many_moments() {
    for step in 0..12 {
        kill_and_resume(&[RESET, LOGIN], 100 + step * 180);
    }
    let chance = u64::from(std::process::id());
    for step in 0..10 {
        kill_and_resume(&[], 1_500 + step * 900 + (chance * (step + 3)) % 700);
    }
}

#[test]
fn interrupted_it_says_so_leaves_nothing_and_can_be_resumed() {
    let sandbox = Sandbox::start(&["--fault", "worker=stopped"]);
    let mark = format!("interrupt-{}", std::process::id());
    let desk = Desk::new().with("LC_NOTIFY_SMOKE_TEST_MARK", &mark);
    let run = desk.start(&["smoke", "local", RESET, LOGIN, "--sandbox", sandbox.control_url()]);
    assert!(
        wait_until(Duration::from_secs(20), || (!sandbox.entries("reset-requested").is_empty()).then_some(()))
            .is_some()
    );
    Command::new("kill").args(["-INT", &run.id().to_string()]).status().expect("kill");
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
fn interrupted_before_its_time_a_job_is_cancelled_and_seen_to_be_gone() {
    let sandbox = Sandbox::start(&["--slots", "1h"]);
    let desk = Desk::new();
    let run = desk.start(&["smoke", "local", "--sandbox", sandbox.control_url()]);
    let made = wait_until(Duration::from_secs(40), || (!sandbox.entries("job-made").is_empty()).then_some(()));
    assert!(made.is_some());
    std::thread::sleep(Duration::from_millis(1_500));
    Command::new("kill").args(["-INT", &run.id().to_string()]).status().expect("kill");
    let begun = std::time::Instant::now();
    let said = Said::of(&run.wait_with_output().expect("the run"));
    assert!(begun.elapsed() < Duration::from_secs(7), "the build machine would not have waited: {:?}", begun.elapsed());
    assert_eq!(said.code, 130, "{said:?}");
    assert!(said.out.contains("its job was cancelled before its time, and its page is gone"), "{}", said.out);
    assert_eq!(sandbox.entries("job-cancelled").len(), 1);
    // Gone on with, it does not wait for what was cancelled.
    let said = desk.run(&["resume", "runs/local/latest", "--sandbox", sandbox.control_url()]);
    assert_eq!(said.code, 3, "{}", said.out);
    assert_eq!(scenario(&desk.report(), super::CSV)["verdict"], "not-verified", "{}", said.out);
    assert_eq!((sandbox.entries("job-made").len(), sandbox.entries("job-started").len()), (1, 0));
}

/// So many clean runs, one after another: all pass, and none leaves anything.
/// Ends each process with that mark whose program is ours, keepers among them.
fn kill_all_of_ours(mark: &str) -> usize {
    let ours = crate::support::program().canonicalize().expect("the program");
    let pids: Vec<String> = processes_with(mark)
        .iter()
        .filter_map(|process| process.split(' ').next().map(str::to_owned))
        .filter(|pid| std::fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|program| program == ours))
        .collect();
    // One after another: who notices that another one is gone begins to clean up, and is killed at that.
    for pid in &pids {
        let _ = Command::new("kill").args(["-9", pid]).status();
        std::thread::sleep(Duration::from_millis(20));
    }
    pids.len()
}

/// Everything that is called as this program is killed, the keepers too; a second line ends what they held.
#[test]
fn killed_with_all_its_keepers_it_leaves_nothing() {
    let mark = format!("second-line-{}", std::process::id());
    let tmp = tempfile::tempdir().expect("a folder");
    let desk = Desk::new().with("LC_NOTIFY_SMOKE_TEST_MARK", &mark).with("TMPDIR", &tmp.path().display().to_string());
    let run = desk.start(&["smoke", "local", RESET, LOGIN, "--fault", "worker=stopped"]);
    let opened = || processes_with(&mark).iter().any(|process| process.contains("--user-data-dir")).then_some(());
    assert!(wait_until(Duration::from_secs(30), opened).is_some(), "no browser");
    assert!(kill_all_of_ours(&mark) > 4, "a run, its sandbox and their keepers");
    let gone = || processes_with(&mark).is_empty().then_some(());
    assert!(wait_until(Duration::from_secs(10), gone).is_some(), "{:?}", processes_with(&mark));
    let left =
        || std::fs::read_dir(tmp.path()).expect("a folder").flatten().map(|entry| entry.path()).collect::<Vec<_>>();
    assert!(wait_until(Duration::from_secs(5), || left().is_empty().then_some(())).is_some(), "{:?}", left());
    let _ = run.wait_with_output();
}

/// Where there was no second line either, the next one finds it: by the folder, whose owner is gone.
#[test]
fn what_is_left_behind_is_found_and_ended() {
    let tmp = tempfile::tempdir().expect("a folder");
    let path = tmp.path().display().to_string();
    let desk = Desk::new().with("TMPDIR", &path);
    let folder = tmp.path().join("notify-smoke-abcdef");
    std::fs::create_dir(&folder).expect("a folder");
    let world = std::fs::metadata("/proc/self/ns/pid").expect("a namespace").ino();
    // A number that this process has had from another moment on is somebody else's.
    std::fs::write(folder.join("owner"), format!("notify-smoke 1 {} 1 {world}", std::process::id())).expect("a file");
    let mut sleeper = Command::new("sleep").arg("600").env("TMPDIR", &folder).spawn().expect("sleep");
    let ours = tmp.path().join("notify-smoke-ghijkl");
    std::fs::create_dir(&ours).expect("a folder");
    let stat = std::fs::read_to_string("/proc/self/stat").expect("stat");
    let started = stat.rsplit_once(')').expect("a name").1.split_whitespace().nth(19).expect("field 22").to_owned();
    std::fs::write(ours.join("owner"), format!("notify-smoke 1 {} {started} {world}", std::process::id()))
        .expect("a file");
    // What only looks like ours is nobody's business.
    for (name, owner) in [
        ("backup", "2024 results of the smoke tests"),
        ("words", "notify-smoke 1 12x 5 6"),
        ("container", "notify-smoke 1 999999 5 6"),
    ] {
        let other = tmp.path().join(format!("notify-smoke-{name}"));
        std::fs::create_dir(&other).expect("a folder");
        std::fs::write(other.join("owner"), owner).expect("a file");
    }
    let endless = tmp.path().join("notify-smoke-endless");
    std::fs::create_dir(&endless).expect("a folder");
    std::os::unix::fs::symlink("/dev/zero", endless.join("owner")).expect("a link");
    let doctor = desk.run(&["doctor", "local"]);
    assert!(doctor.out.contains("1 folder(s) of runs that were killed, with 1 process(es)"), "{}", doctor.out);
    let said = desk.run(&["sweep"]);
    assert_eq!(said.out, "1 folder(s) of runs that are gone are removed, and 1 process(es) ended.\n", "{said:?}");
    assert!(!folder.exists() && ours.exists(), "its owner lives");
    assert!(tmp.path().join("notify-smoke-container").exists(), "its owner may live elsewhere");
    assert!(endless.exists() && tmp.path().join("notify-smoke-backup/owner").exists());
    assert!(wait_until(Duration::from_secs(5), || sleeper.try_wait().expect("a child")).is_some());
    assert_eq!(desk.run(&["sweep"]).out, "Nothing was left behind.\n");
}

fn clean_runs(count: u32) {
    let mark = format!("clean-{}", std::process::id());
    let tmp = tempfile::tempdir().expect("a folder");
    // PostgreSQL runs as a user of its own when the tests run as root, and has to get through.
    std::fs::set_permissions(tmp.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("permissions");
    let desk = Desk::new().with("LC_NOTIFY_SMOKE_TEST_MARK", &mark).with("TMPDIR", &tmp.path().display().to_string());
    for run in 1..=count {
        let (said, report) = smoke(&desk, &[]);
        assert_eq!((said.code, &report["verdict"]), (0, &"passed".into()), "run {run}: {}{}", said.out, said.err);
        let left = wait_until(Duration::from_secs(2), || processes_with(&mark).is_empty().then_some(()));
        assert!(left.is_some(), "run {run}: {:#?}", processes_with(&mark));
        let folders: Vec<_> =
            std::fs::read_dir(tmp.path()).expect("a folder").flatten().map(|entry| entry.path()).collect();
        assert!(folders.is_empty(), "run {run}: {folders:?}");
    }
}

/// Ten in `script/test`, a hundred with `--full`; in parts that can stand beside each other.
mod clean {
    macro_rules! parts {
        ($($name:ident $count:literal $($ignore:literal)?;)*) => {
            $(
                #[test]
                $(#[ignore = $ignore])?
                fn $name() {
                    super::clean_runs($count);
                }
            )*
        };
    }

    parts! {
        five_runs_pass_and_leave_nothing 5;
        five_more_runs_pass_and_leave_nothing 5;
        thirty_runs_pass_and_leave_nothing 30 "long: script/test --full";
        sixty_runs_with_these_pass_and_leave_nothing 30 "long: script/test --full";
        ninety_runs_with_these_pass_and_leave_nothing 30 "long: script/test --full";
    }
}
