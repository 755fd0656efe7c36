//! Receipts never hold a run. The next run of an environment looks at the job pages of the last one, when their time has
//! come, and settles what it finds into that run's record.

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};

use super::Recorded;
use super::prepare::Prepared;
use crate::history::History;
use crate::journal::Journal;
use crate::model::scenario::Control;
use crate::model::{Expectation, Fact, MessageKind, Plan, PlannedScenario, RowsNeeded, StepKind, Timing, Window};
use crate::redact::Vault;
use crate::store::{self, RunFolder};

/// A job's page says nothing of its messages after seven days.
const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How many earlier runs are looked through for one to settle.
const RUNS_MAX: usize = 20;

/// Adds looks at what the last settled run's jobs have become to a plan that signs in.
pub(super) fn add(prepared: &Prepared, plan: &mut Plan, runs: &Path) {
    // A look back needs a session, so it follows what another scenario goes on from.
    let Some(after) = plan.judged().find_map(|scenario| scenario.after.clone()) else { return };
    let Some(window) = prepared.service.window("page", &prepared.environment.windows) else { return };
    let now = Timestamp::now();
    let earlier = store::newest_runs(runs, &prepared.environment.name, RUNS_MAX);
    let due = earlier.iter().filter_map(|folder| Recorded::read(folder).ok()).find_map(|recorded| {
        let targets = targets(prepared, &recorded.history, &plan.base_url, now);
        (!targets.is_empty()).then_some(targets)
    });
    crate::plan::look_back(plan, &after, window, due.unwrap_or_default());
}

/// Jobs of a run that were proven to have arrived, whose receipts are due, and that nobody has looked back at.
fn targets(prepared: &Prepared, history: &History, base_url: &str, now: Timestamp) -> Vec<(Control, String)> {
    let is_due = |scenario: &&PlannedScenario| {
        let arrived = arrival(history, scenario);
        let age = arrived.map(|(at, kind)| (now.duration_since(at), receipt_window(prepared, kind)));
        let due = age.is_some_and(|(age, window)| {
            let late =
                window.map(|window| SignedDuration::from_millis(i64::try_from(window.late_ms).unwrap_or(i64::MAX)));
            late.is_some_and(|late| age > late) && age < KEPT
        });
        due && !history.receipts.contains_key(&scenario.id)
    };
    if !history.ended || history.plan.base_url != base_url {
        return Vec::new();
    }
    let page = |scenario: &PlannedScenario| {
        let (url, _) = history.job_page(scenario)?;
        let rows = history.rows_of(scenario).and_then(|rows| u32::try_from(rows).ok());
        let (run, scenario) = (history.run.clone(), scenario.id.clone());
        Some((Control::LookBack { run, scenario, rows }, url.clone()))
    };
    history.plan.judged().filter(is_due).filter_map(page).collect()
}

/// When all rows of a scenario were here, and what they were.
fn arrival(history: &History, scenario: &PlannedScenario) -> Option<(Timestamp, MessageKind)> {
    scenario.steps.iter().find_map(|step| match &history.plan.step(*step).kind {
        StepKind::Expect { expect: Expectation::Rows(rows), .. } if rows.need == RowsNeeded::All => {
            let met = history.step(*step).met.filter(|met| met.timing != Timing::TooLate)?;
            Some((met.moment.at, rows.kind))
        }
        StepKind::Expect { .. } | StepKind::Act { .. } => None,
    })
}

fn receipt_window(prepared: &Prepared, kind: MessageKind) -> Option<Window> {
    let name = match kind {
        MessageKind::Email => "receipt-email",
        MessageKind::Sms => "receipt-sms",
    };
    prepared.service.window(name, &prepared.environment.windows)
}

/// Writes what a run has found into the records of the runs that it looked back at. Gives their folders.
pub(super) fn settle(history: &History, runs: &Path) -> Vec<PathBuf> {
    let mut settled = Vec::new();
    for looked in history.looked_back() {
        let folder = runs.join(&history.plan.environment).join(&looked.run);
        let fact = Fact::LookedBack {
            by: history.run.clone(),
            scenario: looked.scenario,
            words: looked.words,
            copies: looked.copies,
        };
        if write(&folder, fact).is_some() {
            settled.push(folder);
        }
    }
    settled
}

/// One line more in an ended journal. Where it cannot be written, the next run looks back again.
fn write(folder: &Path, fact: Fact) -> Option<()> {
    let Recorded { history, replay, .. } = Recorded::read(folder).ok()?;
    let store = RunFolder::reopen(folder, replay.whole_bytes).ok()?;
    // What the page said has been through this run's redaction already.
    let clean = Vault::default().clean(fact);
    Journal::go_on(Box::new(store), &replay).append(clean, history.last.t, Timestamp::now()).ok()?;
    Some(())
}
