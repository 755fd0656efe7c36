//! This machine: browsers that are missing, hang or die, folders that cannot be written, a disk that is full.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::server::{Answer, Server};
use super::{one_page, says, scenario, smoke};
use crate::support::{Desk, Said, program, wait_until};

fn well() -> Server {
    Server::start(|path| match path {
        "/page" => Answer::Page("<h1>Hello</h1><a href=/next>Next</a>"),
        "/next" => Answer::Page("<h1>Next page</h1><a href=/page>Back</a>"),
        _ => Answer::With("200 OK\r\nContent-Type: application/json", "{\"status\": \"ok\", \"git_commit\": \"abc\"}"),
    })
}

fn url(server: &Server) -> String {
    format!("http://localhost:{}", server.port)
}

/// The first program of these names in PATH.
fn real(names: &[&str]) -> String {
    let path = std::env::var("PATH").expect("PATH");
    let mut found = names.iter().flat_map(|name| path.split(':').map(move |folder| Path::new(folder).join(name)));
    found.find(|file| file.is_file()).unwrap_or_else(|| panic!("no {names:?}")).display().to_string()
}

fn browser() -> String {
    real(&["chromium", "google-chrome", "google-chrome-stable", "chrome"])
}

/// The desk with programs of its own before the machine's.
fn with_programs(desk: Desk, programs: &[(&str, String)]) -> Desk {
    for (name, text) in programs {
        desk.write(&format!("bin/{name}"), format!("#!/bin/sh\n{text}\n").as_bytes());
        let path = desk.path().join("bin").join(name);
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).expect("permissions");
    }
    let path = format!("{}:/usr/bin:/bin", desk.path().join("bin").display());
    desk.with("PATH", &path).with("CHROMEWEBDRIVER", "")
}

#[test]
fn no_home_and_a_home_that_cannot_be_written_make_no_difference() {
    let server = well();
    for home in [None, Some("/sys")] {
        let desk = one_page(&url(&server));
        let mut command = desk.command(&["smoke", "hostile", "one-page"]);
        match home {
            None => command.env_remove("HOME"),
            Some(home) => command.env("HOME", home),
        };
        says(&Said::of(&command.output().expect("the program")), 0, "One page: passed");
    }
}

#[test]
fn a_temporary_folder_that_cannot_be_written() {
    let server = well();
    let desk = one_page(&url(&server)).with("TMPDIR", "/sys");
    says(&smoke(&desk), 3, "No browser for One page: ");
}

#[test]
fn runs_that_cannot_be_written() {
    let desk = one_page("http://localhost:9");
    desk.write("runs", b"a file");
    says(&smoke(&desk), 3, "The journal cannot be written under ./runs: ");
}

#[test]
fn no_driver() {
    let desk = with_programs(one_page("http://localhost:9"), &[("chromium", "echo Chromium 150.0.0.0".to_owned())]);
    let path = desk.path().join("bin").display().to_string();
    says(
        &smoke(&desk.with("PATH", &path)),
        3,
        "There is no chromedriver in $CHROMEWEBDRIVER or PATH. Install the one of your browser's version (Debian: apt-get install chromium-driver).",
    );
}

#[test]
fn a_browser_that_does_not_tell_its_version() {
    let driver = format!("exec {} \"$@\"", real(&["chromedriver"]));
    let desk = with_programs(
        one_page("http://localhost:9"),
        &[("chromium", "exec sleep 60".to_owned()), ("chromedriver", driver)],
    );
    says(&smoke(&desk), 3, "chromium --version does not answer. Look whether it runs by hand.");
}

#[test]
fn a_driver_that_ends_at_once() {
    let server = well();
    let version = format!("case \"$1\" in --version) exec {} --version;; esac; exit 1", real(&["chromedriver"]));
    let desk = with_programs(
        one_page(&url(&server)),
        &[("chromium", format!("exec {} \"$@\"", browser())), ("chromedriver", version)],
    );
    says(&smoke(&desk), 3, "chromedriver does not start: it does not say its port. Look whether it runs by hand.");
}

/// A driver that starts, opens a browser, and is stopped in its tracks a moment later.
#[test]
#[ignore = "the harness waits 35 s for an answer of the driver: --full"]
fn a_driver_that_hangs_says_nothing_of_the_service() {
    let server = well();
    let real_driver = real(&["chromedriver"]);
    let hangs = format!(
        "case \"$1\" in --version) exec {real_driver} --version;; esac\n{real_driver} \"$@\" &\nsleep 1.2\nkill -STOP $!\nwait"
    );
    let desk = with_programs(
        one_page(&url(&server)),
        &[("chromium", format!("exec {} \"$@\"", browser())), ("chromedriver", hangs)],
    );
    scenario(
        &desk,
        "  - visit: /page\n  - expect: { heading: Hello }\n    proves: [admin]\n  - follow: Next\n  - expect: { heading: Nowhere }\n    proves: [admin]\n",
    );
    says(&smoke(&desk), 3, "the browser's driver does not answer");
}

#[test]
fn a_browser_that_ends_at_once() {
    let server = well();
    let version = format!("case \"$1\" in --version) exec {} --version;; esac; exit 1", browser());
    let driver = format!("exec {} \"$@\"", real(&["chromedriver"]));
    let desk = with_programs(one_page(&url(&server)), &[("chromium", version), ("chromedriver", driver)]);
    says(&smoke(&desk), 3, "The browser does not start: ");
}

/// A browser that is killed so many seconds after it was started, each time.
fn dying_browser(after: &str) -> Said {
    let server = well();
    let real_browser = browser();
    let dies = format!(
        "case \"$1\" in --version) exec {real_browser} --version;; esac\n{real_browser} \"$@\" &\nsleep {after}\nkill -9 $!\nwait"
    );
    let driver = format!("exec {} \"$@\"", real(&["chromedriver"]));
    let desk = with_programs(one_page(&url(&server)), &[("chromium", dies), ("chromedriver", driver)]);
    scenario(
        &desk,
        "  - visit: /page\n  - expect: { heading: Hello }\n    proves: [admin]\n  - follow: Next\n  - expect: { heading: Next page }\n    proves: [admin]\n  - follow: Back\n  - expect: { heading: Nowhere }\n    proves: [admin]\n",
    );
    smoke(&desk)
}

#[test]
fn a_browser_that_dies_says_nothing_of_the_service() {
    for after in ["0.2", "0.8", "1.6", "2.6"] {
        let said = dying_browser(after);
        assert!(said.code == 3, "{after} s: {}{}", said.out, said.err);
    }
}

#[test]
fn a_disk_that_is_full_in_the_middle_of_a_run_loses_nothing_that_was_written() {
    let server = well();
    let (mut driver, driver_url) = driver();
    let desk = one_page(&url(&server));
    desk.edit(
        "environments/hostile.yaml",
        "poll: 100ms",
        "poll: 100ms\nwebdriver-url: \"{{ env.DRIVER }}\"\nhosts: []",
    );
    let run = |limit: &str| {
        let script = format!("trap '' XFSZ; ulimit -f {limit}; exec {} smoke hostile one-page", program().display());
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]).current_dir(desk.path()).env("DRIVER", &driver_url);
        Said::of(&shell.output().expect("the program"))
    };
    // How much a run writes is what it has written; with room for half of what comes after the plan, it breaks off.
    let whole = run("unlimited");
    assert_eq!(whole.code, 0, "{whole:?}");
    let journal = std::fs::read(desk.path().join("runs/hostile/latest/journal.jsonl")).expect("a journal");
    let plan = journal.iter().position(|byte| *byte == b'\n').expect("a line");
    // Whatever is larger cannot be written, as on a full disk; the driver runs outside of the limit. A block has 512 bytes.
    let said = run(&(plan.midpoint(journal.len()) / 512).to_string());
    driver.kill().expect("a kill");
    driver.wait().expect("an end");
    says(
        &said,
        3,
        "cannot be written: File too large (os error 27). What was not written has not happened: make room and resume.",
    );
    let report = desk.run(&["report", "runs/hostile/latest"]);
    assert_eq!(report.code, 0, "{report:?}");
    assert!(report.out.contains("The run did not come to its end. Go on with: notify-smoke resume "), "{}", report.out);
}

/// A driver of our own, and where it listens.
fn driver() -> (std::process::Child, String) {
    use std::io::{BufRead as _, BufReader};
    let mut child =
        Command::new(real(&["chromedriver"])).arg("--port=0").stdout(Stdio::piped()).spawn().expect("a driver");
    let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let port = lines.map_while(Result::ok).find_map(|line| {
        let rest = line.split("started successfully on port ").nth(1)?.trim_end_matches('.').to_owned();
        Some(rest)
    });
    (child, format!("http://127.0.0.1:{}", port.expect("a port")))
}

#[test]
fn a_reader_that_goes_away_does_not_stop_a_run() {
    use std::io::{BufRead as _, BufReader};
    let server = well();
    let desk = one_page(&url(&server));
    let mut run = desk.start(&["smoke", "hostile", "one-page"]);
    let mut line = String::new();
    BufReader::new(run.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
    let code =
        wait_until(std::time::Duration::from_secs(30), || run.try_wait().expect("a state")).expect("an end").code();
    assert_eq!(code, Some(0), "{line}");
    let report = std::fs::read_to_string(desk.path().join("runs/hostile/latest/report.json")).expect("a report");
    assert!(report.contains("\"verdict\": \"passed\""), "{report}");
}
