//! Signals at any moment: the right exit code, nothing left behind, and a journal that goes on.

use std::time::{Duration, Instant};

use crate::support::{Desk, Said, Sandbox, processes_with, wait_until};

/// How a run is stopped: signals, and the milliseconds before each.
type Stop = &'static [(&'static str, u64)];

const INT: Stop = &[("INT", 0)];
const TERM: Stop = &[("TERM", 0)];
const HUP: Stop = &[("HUP", 0)];
const KILL: Stop = &[("KILL", 0)];
/// Source: <https://docs.github.com/en/actions/reference/workflow-cancellation-reference>.
const GITHUB: Stop = &[("INT", 0), ("TERM", 7_500), ("KILL", 2_500)];
const IMPATIENT: Stop = &[("INT", 0), ("INT", 150)];

/// Stops a run after so long, and holds what is left against what may be.
fn stopped(sandbox: &Sandbox, stop: Stop, after_ms: u64) {
    let case = format!("{stop:?} after {after_ms} ms");
    let mark = format!("signal-{}-{after_ms}-{}", std::process::id(), stop.len());
    let tmp = tempfile::tempdir().expect("a folder");
    let desk = Desk::new().with("LC_NOTIFY_SMOKE_TEST_MARK", &mark).with("TMPDIR", &tmp.path().display().to_string());
    let mut run = desk.start(&["smoke", "local", "password-reset", "--sandbox", sandbox.control_url()]);
    let began = Instant::now();
    let mut due = after_ms;
    for (signal, later_ms) in stop {
        due += later_ms;
        let ended =
            wait_until(Duration::from_millis(due).saturating_sub(began.elapsed()), || run.try_wait().expect("a state"));
        if ended.is_some() {
            break;
        }
        std::process::Command::new("kill").args([&format!("-{signal}"), &run.id().to_string()]).status().expect("kill");
    }
    assert!(wait_until(Duration::from_secs(15), || run.try_wait().expect("a state")).is_some(), "{case}: it goes on");
    let said = Said::of(&run.wait_with_output().expect("the run"));
    // 0: it was through before the signal. -1: killed. 3: the browser was gone just then.
    assert!([0, 130, -1].contains(&said.code), "{case}: {} {}{}", said.code, said.out, said.err);
    assert!(!said.out.contains("panicked") && !said.err.contains("panicked"), "{case}: {}", said.err);
    let gone = wait_until(Duration::from_secs(3), || processes_with(&mark).is_empty().then_some(()));
    assert!(gone.is_some(), "{case}: left: {:#?}", processes_with(&mark));
    let folders = || std::fs::read_dir(tmp.path()).expect("a folder").count();
    let empty = wait_until(Duration::from_secs(3), || (folders() == 0).then_some(()));
    assert!(empty.is_some(), "{case}: {} folder(s) are left", folders());
    assert!(desk.leases().is_empty(), "{case}: the lease is left");
    let journal = std::fs::read(desk.path().join("runs/local/latest/journal.jsonl")).unwrap_or_default();
    if journal.is_empty() {
        return;
    }
    let again = desk.run(&["resume", "runs/local/latest", "--sandbox", sandbox.control_url()]);
    assert!([0, 3].contains(&again.code), "{case}: {}{}", again.out, again.err);
}

#[test]
fn stopped_at_some_moments() {
    let sandbox = Sandbox::start(&[]);
    for (stop, after_ms) in [(INT, 200), (TERM, 900), (HUP, 1_500), (IMPATIENT, 1_200)] {
        stopped(&sandbox, stop, after_ms + u64::from(std::process::id()) % 200);
    }
}

#[test]
#[ignore = "long: script/test --full"]
fn stopped_at_a_hundred_moments() {
    let sandbox = Sandbox::start(&[]);
    let mut chance = u64::from(std::process::id()) | 1;
    for round in 0..100_u64 {
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        let stops = [INT, TERM, HUP, KILL, GITHUB, IMPATIENT];
        stopped(&sandbox, stops[usize::try_from(round).expect("small") % stops.len()], 50 + chance % 3_000);
    }
}
