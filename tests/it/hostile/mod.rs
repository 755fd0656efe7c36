//! A machine that breaks, and a world that does not do what it should: each case with its exit code and its sentence.

pub mod forged;
mod machine;
mod mailbox;
mod number;
mod proxy;
pub mod server;
mod signals;
mod strangers;
mod tls;
mod web;

use crate::support::{Desk, Said};

/// An environment whose service is at `base_url`, with a mailbox that is always empty and alive, and a scenario of one page.
fn one_page(base_url: &str) -> Desk {
    let desk = Desk::new();
    let alive = "echo '{\\\"kind\\\": \\\"alive\\\", \\\"detail\\\": \\\"empty\\\"}'";
    let environment = format!(
        "service: us-notify\nbase-url: {base_url}\nuser:\n  email: smoke@notify.gov\nemail-sender: sender@notify.gov\n\
         mailbox:\n  kind: exec\n  command: [sh, -c, \"{alive}\"]\npoll: 100ms\nwindows:\n  page: {{ on-time: 2s, late: 3s }}\n"
    );
    desk.write("environments/hostile.yaml", environment.as_bytes());
    scenario(&desk, "  - visit: /page\n  - expect: { heading: Hello }\n    proves: [admin]\n");
    desk
}

/// The scenario `one-page` with other steps.
fn scenario(desk: &Desk, steps: &str) {
    let text = format!("name: One page\nrunbook: Not in the run book.\nsteps:\n{steps}");
    desk.write("scenarios/us-notify/one-page.yaml", text.as_bytes());
}

/// Runs it.
fn smoke(desk: &Desk) -> Said {
    desk.run(&["smoke", "hostile", "one-page"])
}

/// One run, its exit code, and a sentence of what it says.
fn says(said: &Said, code: i32, sentence: &str) {
    assert_eq!(said.code, code, "{}{}", said.out, said.err);
    assert!(said.out.contains(sentence) || said.err.contains(sentence), "no {sentence:?} in\n{}{}", said.out, said.err);
}
