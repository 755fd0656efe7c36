//! Recordings of the terminal, 80 columns wide, held as golden files: what a person sees of recorded runs, with the board
//! as it stood every five seconds. `BLESS=1` writes them anew; then read them.

use std::fmt::Write as _;

use notify_smoke::history::History;
use notify_smoke::journal::replay;
use notify_smoke::render::board::Board;
use notify_smoke::render::live::{Detail, Live};
use notify_smoke::render::style::Style;
use notify_smoke::render::text::text;
use notify_smoke::render::timings::timings;

use crate::replay::journals;
use crate::support::{Desk, program, root};

const WIDTH: usize = 80;
const EVERY_MS: u64 = 5_000;
const STYLE: Style = Style { colour: false, width: Some(WIDTH) };

/// The recordings, by the journal that each is made from.
const RECORDINGS: [(&str, &str); 5] = [
    ("passed", "passed-weekly"),
    ("degraded", "degraded-scheduler-late"),
    ("failed", "failed-scheduler-stopped"),
    ("waiting", "waiting"),
    ("interrupted", "interrupted"),
];

fn recording(bytes: &[u8]) -> String {
    let events = replay(bytes).expect("a journal").events;
    let mut history = History::begin(&events[0]).expect("a start");
    let mut live = Live::new(Detail::Alarms);
    let mut out = String::new();
    let mut due = EVERY_MS;
    for (index, event) in events.iter().enumerate() {
        while index > 0 && event.t >= due {
            let _ = writeln!(out, "\n--- the board after {} s", due / 1000);
            for line in Board::of(&history).lines(due, WIDTH - 1, STYLE) {
                let _ = writeln!(out, "{line}");
            }
            due += EVERY_MS;
        }
        if index > 0 {
            history.apply(event);
        }
        if let Some(line) = live.line(&history, event) {
            let _ = writeln!(out, "{line}");
        }
    }
    let report = STYLE.report(&text(&history, "runs/local/X"));
    let _ = writeln!(out, "\n--- at the end\n{report}\n{}", STYLE.report(&timings(&history)).trim_end());
    out
}

#[test]
fn recordings_do_not_change() {
    let journals = journals();
    for (name, journal) in RECORDINGS {
        let (_, bytes) = journals.iter().find(|(known, _)| known == journal).unwrap_or_else(|| panic!("no {journal}"));
        let said = recording(bytes);
        let golden = root().join(format!("tests/terminal/{name}.txt"));
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&golden, &said).expect("a file");
        }
        assert_eq!(said, std::fs::read_to_string(&golden).unwrap_or_default(), "{name}");
        for line in said.lines().skip_while(|line| *line != "--- at the end").filter(|line| line.contains(' ')) {
            // Only a word that is longer than the line may stand out.
            assert!(line.chars().count() <= WIDTH || !line.trim_start().contains(' '), "{name}: {line}");
        }
    }
}

/// In each recorded run, the lanes' times are whole: nothing is counted twice, and nothing is missing.
#[test]
fn the_time_of_a_lane_adds_up() {
    for (name, bytes) in journals() {
        let history = History::of(&replay(&bytes).expect("a journal").events).expect("a history");
        for (lane, timings) in &history.timings {
            assert!(timings.whole_ms() <= history.last.t, "{name} {lane:?}: {timings:?}");
        }
        let longest = history.timings.values().map(notify_smoke::history::Timings::whole_ms).max().unwrap_or(0);
        assert!(longest * 10 >= history.last.t * 8, "{name}: {longest} of {} ms are told", history.last.t);
    }
}

/// Runs a command on a terminal of its own, 80 columns wide; what it wrote, with all codes, and its exit code.
const ON_A_TERMINAL: &str = "
import fcntl, os, pty, struct, sys, termios, time
child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 80, 0, 0))
time.sleep(float(os.environ.get('UNREAD_S', '0')))
while True:
    try:
        piece = os.read(terminal, 65536)
    except OSError:
        break
    if not piece:
        break
    sys.stdout.buffer.write(piece)
_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status))
";

fn on_a_terminal(desk: &Desk, variables: &[(&str, &str)], arguments: &[&str]) -> (String, Option<i32>) {
    let output = std::process::Command::new("python3")
        .args(["-c", ON_A_TERMINAL])
        .arg(program())
        .args(arguments)
        .current_dir(desk.path())
        .env("TERM", "xterm-256color")
        .envs(variables.iter().copied())
        .output()
        .expect("python3");
    (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code())
}

#[test]
fn a_terminal_has_a_board_while_the_run_goes_on_and_the_report_at_the_end() {
    let (said, code) = on_a_terminal(&Desk::new(), &[], &["smoke", "local", "password-reset"]);
    assert_eq!(code, Some(0), "{said}");
    let (before, report) = said.rsplit_once("PASSED").expect("a verdict");
    assert!(before.contains("  Password reset    0/4") || before.contains("  Password reset  0/4"), "{before}");
    assert!(before.contains("waits: a browser is being opened"), "{before}");
    // Each step is a row's business here, not a line.
    assert!(!before.contains("password-reset: press Send email"), "{before}");
    assert!(report.contains("Password reset: \u{1b}[1m\u{1b}[32mpassed\u{1b}[0m"), "{report:?}");
    assert!(!report.contains("  Password reset    "), "the board is left: {report:?}");
    let count = |code: &str| said.matches(code).count();
    assert_eq!(count("\u{1b}[?25l"), count("\u{1b}[?25h"), "the cursor is left hidden");
}

/// Nobody reads the terminal for a while: the run goes on behind it, and nobody is blamed for anything.
fn unread(seconds: u64) {
    let desk = Desk::new();
    let unread = seconds.to_string();
    let arguments = ["smoke", "local", "--profile", "quick", "--verbose"];
    let (said, code) = on_a_terminal(&desk, &[("UNREAD_S", unread.as_str())], &arguments);
    assert_eq!(code, Some(0), "{said}");
    let report = desk.report();
    assert_eq!(report["verdict"], "passed", "{said}");
    let took_ms = report["duration_ms"].as_u64().expect("a number");
    assert!(took_ms < seconds * 1_000, "it was held up: {took_ms} ms");
}

#[test]
fn a_terminal_that_is_not_read_holds_nothing_up() {
    unread(25);
}

#[test]
#[ignore = "a minute: script/test --full"]
fn a_terminal_that_is_not_read_for_a_minute_holds_nothing_up() {
    unread(60);
}

#[test]
fn colours_are_for_those_who_want_them() {
    let desk = Desk::new();
    desk.write(
        "runs/local/X/journal.jsonl",
        &std::fs::read(root().join("tests/journals/v1/passed.jsonl")).expect("a journal"),
    );
    let report = ["report", "runs/local/X"];
    let (coloured, _) = on_a_terminal(&desk, &[], &report);
    let (plain, _) = on_a_terminal(&desk, &[("NO_COLOR", "1")], &report);
    assert!(coloured.contains("\u{1b}[32m") && !plain.contains('\u{1b}'), "{coloured:?} {plain:?}");
    assert!(!desk.run(&report).out.contains('\u{1b}'), "a pipe has no colours");
}

#[test]
fn quiet_says_the_verdict_alone_and_verbose_each_look() {
    let sandbox = crate::support::Sandbox::start(&[]);
    let desk = Desk::new();
    let run = |more: &[&str]| {
        let said =
            desk.run(&[&["smoke", "local", "password-reset", "--sandbox", sandbox.control_url()], more].concat());
        assert_eq!(said.code, 0, "{said:?}");
        said.out
    };
    let quiet = run(&["--quiet"]);
    assert!(quiet.starts_with("PASSED  local (US Notify)  "), "{quiet}");
    let verbose = run(&["--verbose", "--timings"]);
    assert!(
        verbose.contains("  password-reset: 1 mail to smoke@notify-sandbox.gov, “*password*” still so: "),
        "{verbose}"
    );
    assert!(verbose.contains("\nWhere the time went (lanes run beside each other):\n"), "{verbose}");
}
