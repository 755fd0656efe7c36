//! The gate: what was tested, asked of the lines that runs have left.

use crate::faults::RESET;
use crate::support::{Desk, Sandbox};

const COMMIT: &str = "68f6145ca5f0";

#[test]
fn the_gate_opens_for_what_was_tested_and_for_nothing_else() {
    let sandbox = Sandbox::start(&[]);
    let desk = Desk::new();
    let gate = |more: &[&str]| {
        let said = desk.run(&[&["gate", "local", "--profile", "quick"][..], more].concat());
        (said.code, format!("{}{}", said.out, said.err))
    };
    let (code, said) = gate(&[]);
    assert!(
        code == 1
            && said.contains("No run of quick on local has judged it in the last 24 h. Run: notify-smoke smoke local"),
        "{said}"
    );
    let smoke = |more: &[&str]| desk.run(&[&["smoke", "local", "--sandbox", sandbox.control_url()][..], more].concat());
    // Another profile's scenarios, or fewer of them, are no answer.
    assert_eq!(smoke(&[RESET]).code, 0);
    assert_eq!(gate(&[]).0, 1);
    let said = smoke(&["--profile", "quick", "--because", "restage", "--settle", "0s"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let (code, said) = gate(&["--admin", COMMIT, "--because", "restage", "--max-age", "7h"]);
    assert!(
        code == 0 && said.starts_with(&format!("quick on local with admin {COMMIT}, because: restage passed at ")),
        "{said}"
    );
    for more in [&["--admin", "aaee82f0ed04"][..], &["--api", COMMIT], &["--because", "deploy"], &["--max-age", "0s"]] {
        let (code, said) = gate(more);
        assert!(code == 1 && said.contains("Run: notify-smoke smoke local --profile quick"), "{more:?}: {said}");
    }
    // The newest answer counts.
    sandbox.faults(&["admin=500@forgot-password"]);
    assert_eq!(smoke(&["--profile", "quick"]).code, 1);
    let (code, said) = gate(&["--admin", COMMIT]);
    assert!(code == 1 && said.contains(" failed at ") && said.contains("Mend it, then run:"), "{said}");
    // The restage was tested all the same.
    assert_eq!(gate(&["--because", "restage"]).0, 0);
    assert_eq!(gate(&["--api", "main"]).0, 2);
    let said = desk.run(&["gate", "local", "--profile", "quik"]);
    assert!(said.code == 2 && said.err.contains("There is no profile `quik`. Did you mean `quick`?"), "{}", said.err);
}

#[test]
fn a_gate_that_cannot_be_asked_is_shut() {
    let desk = crate::faults::machine("http://127.0.0.1:9");
    let said = desk.run(&["gate", "local"]);
    assert_eq!(said.code, 3, "{}{}", said.out, said.err);
    assert!(said.err.contains("The store cannot be asked: s3://smoke-store/"), "{}", said.err);
}

/// A part that is down tells no build; its failure is no reason to look past it to an older pass.
#[test]
fn a_failure_in_which_the_part_was_down_shuts_the_gate() {
    const API: &str = "fa2f0a820220";
    let sandbox = Sandbox::start(&[]);
    let desk = Desk::new();
    let smoke = || desk.run(&["smoke", "local", "--profile", "quick", "--sandbox", sandbox.control_url()]);
    let gate = || desk.run(&["gate", "local", "--profile", "quick", "--api", API]);
    assert_eq!((smoke().code, gate().code), (0, 0));
    sandbox.faults(&["api=down"]);
    assert_eq!(smoke().code, 1);
    let said = gate();
    assert!(said.code == 1 && said.out.contains(" failed at "), "{}{}", said.out, said.err);
}
