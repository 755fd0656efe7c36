//! What stands where while a run goes on: a row for each scenario, drawn again and again by a terminal.
//!
//! Made anew from the history at each event; between events only the time goes on.

use jiff::{SignedDuration, Timestamp};

use super::style::Style;
use super::words;
use crate::history::History;
use crate::model::{Acted, Check, Gap, PlannedScenario, StepId, StepKind, Verdict, WindowFrom};

/// All rows.
#[derive(Debug, Clone, Default)]
pub struct Board {
    rows: Vec<Row>,
    /// Columns of the longest name.
    names: usize,
}

#[derive(Debug, Clone)]
struct Row {
    name: String,
    /// Expectations that were met, and all of them.
    met: usize,
    of: usize,
    doing: Doing,
}

/// What a scenario is at. Times are in milliseconds of the run.
#[derive(Debug, Clone)]
enum Doing {
    /// Nothing yet; what it waits for.
    Queued(String),
    Acting(String),
    Awaiting {
        what: String,
        from: u64,
        on_time_ms: u64,
        /// When its window closes.
        end: Timestamp,
    },
    /// Waiting for the time that was chosen.
    Scheduled {
        slot: Timestamp,
        at: u64,
    },
    /// All is here; looking whether it stays so.
    Settling,
    Over(Verdict),
}

impl Board {
    /// The board as the history has it.
    pub fn of(history: &History) -> Self {
        let rows: Vec<Row> = history.plan.judged().map(|scenario| row(history, scenario)).collect();
        let names = rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
        Self { rows, names }
    }

    /// One line for each row, at most `width` columns long. `now` is in milliseconds of the run.
    pub fn lines(&self, now: u64, width: usize, style: Style) -> Vec<String> {
        let line = |row: &Row| {
            let line = cut(&self.line(row, now), width);
            match &row.doing {
                Doing::Over(verdict) => match line.strip_suffix(words(*verdict)) {
                    Some(before) => format!("{before}{}", style.word(words(*verdict))),
                    None => line,
                },
                _ => line,
            }
        };
        self.rows.iter().map(line).collect()
    }

    fn line(&self, row: &Row, now: u64) -> String {
        let hops = format!("{}/{}", row.met, row.of);
        let doing = match &row.doing {
            Doing::Queued(why) => format!("waits: {why}"),
            Doing::Acting(what) => what.clone(),
            Doing::Awaiting { what, from, on_time_ms, end } => {
                let waited = now.saturating_sub(*from);
                if waited <= *on_time_ms {
                    format!("{} of {}  {what}", whole_seconds(waited), whole_seconds(*on_time_ms))
                } else {
                    format!("LATE {}, final at {} UTC  {what}", whole_seconds(waited), end.strftime("%H:%M:%S"))
                }
            }
            Doing::Scheduled { slot, at } => {
                format!(
                    "in {}  until {} UTC, the chosen time",
                    clock(at.saturating_sub(now)),
                    slot.strftime("%H:%M:%S")
                )
            }
            Doing::Settling => "all here; looking once more whether it stays so".to_owned(),
            Doing::Over(verdict) => words(*verdict).to_owned(),
        };
        let name = &row.name;
        let padding = " ".repeat(self.names - name.chars().count());
        format!("  {name}{padding}  {hops:>5}  {doing}")
    }
}

fn row(history: &History, scenario: &PlannedScenario) -> Row {
    let expected = |step: &&StepId| matches!(history.plan.step(**step).kind, StepKind::Expect { .. });
    let met = |step: &&StepId| history.step(**step).met.is_some();
    Row {
        name: scenario.name.clone(),
        met: scenario.steps.iter().filter(expected).filter(met).count(),
        of: scenario.steps.iter().filter(expected).count(),
        doing: doing(history, scenario),
    }
}

fn doing(history: &History, scenario: &PlannedScenario) -> Doing {
    let over = || Doing::Over(history.scenario_verdict(scenario).verdict);
    let untouched = scenario.steps.iter().all(|step| history.step(*step).started.is_none());
    if history.ended || history.lanes.get(&scenario.lane).is_some_and(|lane| lane.failed.is_some()) {
        return over();
    }
    if untouched {
        let before = history.predecessor(scenario);
        return match before {
            Some(before) => Doing::Queued(format!("comes after “{}”", before.name)),
            None if history.before.is_none() => Doing::Queued("looking at the service's health first".to_owned()),
            None => Doing::Queued("a browser is being opened".to_owned()),
        };
    }
    for step in &scenario.steps {
        let state = history.step(*step);
        match &history.plan.step(*step).kind {
            StepKind::Act { .. } => match &state.acted {
                Some((_, Acted::Done | Acted::Unknown { .. })) => {}
                Some((_, Acted::NotDone { .. })) => return over(),
                None if state.refused.is_some() => return over(),
                None => return Doing::Acting(history.name(*step)),
            },
            StepKind::Expect { .. } => {
                if let Some((_, gap)) = &state.closed {
                    match gap {
                        // Its page is gone, and what comes after may still be seen.
                        Gap::SessionLost => continue,
                        Gap::WindowClosed | Gap::CannotCome | Gap::CaptureLost | Gap::RunTooLong => return over(),
                    }
                }
                if matches!(&state.check, Some((_, Check::Never { .. }))) {
                    return over();
                }
                if state.met.is_none() {
                    return awaiting(history, *step);
                }
            }
        }
    }
    match history.scenario_verdict(scenario).verdict {
        Verdict::NotVerified => Doing::Settling,
        verdict => Doing::Over(verdict),
    }
}

fn awaiting(history: &History, step: StepId) -> Doing {
    let StepKind::Expect { window, .. } = &history.plan.step(step).kind else {
        return Doing::Acting(history.name(step));
    };
    let from = history.anchor(step);
    if window.from == WindowFrom::Slot
        && let Some(slot) = history.slot_of(step).filter(|_| history.last.t < from)
    {
        return Doing::Scheduled { slot, at: from };
    }
    let left = i64::try_from((from + window.late_ms).saturating_sub(history.last.t)).unwrap_or(i64::MAX);
    let end = history.last.at.saturating_add(SignedDuration::from_millis(left)).unwrap_or(history.last.at);
    Doing::Awaiting { what: history.name(step), from, on_time_ms: window.on_time_ms, end }
}

/// `12 s`.
fn whole_seconds(ms: u64) -> String {
    format!("{} s", ms / 1000)
}

/// `12:31`, or `1:02:31`.
fn clock(ms: u64) -> String {
    let s = ms.div_ceil(1000);
    let (h, m, s) = (s / 3600, s / 60 % 60, s % 60);
    if h > 0 { format!("{h}:{m:02}:{s:02}") } else { format!("{m}:{s:02}") }
}

fn cut(line: &str, width: usize) -> String {
    if line.chars().count() <= width {
        return line.to_owned();
    }
    let kept: String = line.chars().take(width.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Style = Style { colour: false, width: None };

    fn board(doing: Doing) -> Board {
        Board { rows: vec![Row { name: "Login".to_owned(), met: 2, of: 4, doing }], names: 8 }
    }

    #[test]
    fn a_wait_says_how_long_it_may_still_take_and_when_it_is_final() {
        let end = "2026-11-22T02:10:00Z".parse().expect("a time");
        let what = "1 text".to_owned();
        let board = board(Doing::Awaiting { what, from: 10_000, on_time_ms: 60_000, end });
        assert_eq!(board.lines(22_500, 80, PLAIN), ["  Login       2/4  12 s of 60 s  1 text"]);
        assert_eq!(board.lines(75_000, 80, PLAIN), ["  Login       2/4  LATE 65 s, final at 02:10:00 UTC  1 text"]);
    }

    #[test]
    fn a_chosen_time_is_counted_down_to() {
        let slot = "2026-11-22T03:00:00Z".parse().expect("a time");
        let board = board(Doing::Scheduled { slot, at: 3_600_000 });
        assert_eq!(
            board.lines(2_849_500, 80, PLAIN),
            ["  Login       2/4  in 12:31  until 03:00:00 UTC, the chosen time"]
        );
        assert_eq!(board.lines(3_700_000, 24, PLAIN), ["  Login       2/4  in 0…"]);
    }
}
