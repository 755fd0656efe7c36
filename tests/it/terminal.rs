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
use crate::support::root;

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
