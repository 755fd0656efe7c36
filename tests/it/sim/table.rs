//! The table of faults in memory: every row over twenty seeds, and what each check of the scenarios is worth.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use notify_sandbox::Fault;
use notify_smoke::config::Files;
use notify_smoke::diagnose::diagnose;
use notify_smoke::engine::Judge;
use notify_smoke::judge::{Judgement, judge};
use notify_smoke::model::environment::WindowOverride;
use notify_smoke::model::{Captured, Check, Expectation, MessageKind, Observation, Plan, StepId, StepKind};
use tokio::time::sleep;

use super::all_seeds;
use super::rim::{Outcome, Trouble, World, on_paused_clock, play};
use super::service::{Pace, State};
use super::whole::template;
use super::world::Chance;
use crate::faults::CSV;
use crate::prompt;
use crate::support::{plan_of, root};
use crate::table::{HEALED, ROWS, Row, row};

/// As `environments/local.yaml` has it: a slot every 12 s, and 60 times faster than the real service.
const PACE: Pace = Pace { slot_ms: 12_000, retry_ms: 5_000, redelivered_ms: 5_167 };
const POLL_MS: u64 = 100;
const LEAD_MS: u64 = 6_000;
const SEEDS: u64 = 20;

/// The windows of the local environment.
fn windows() -> &'static Vec<(String, WindowOverride)> {
    static WINDOWS: std::sync::OnceLock<Vec<(String, WindowOverride)>> = std::sync::OnceLock::new();
    WINDOWS.get_or_init(|| Files::new(&root()).load().environments["local"].windows.clone().into_iter().collect())
}

fn plan_for(run: &[&str]) -> Plan {
    let windows: Vec<(&str, WindowOverride)> =
        windows().iter().map(|(name, window)| (name.as_str(), *window)).collect();
    let controls: &[&str] = if run.contains(&CSV) { &["heartbeat"] } else { &[] };
    let templates = [(MessageKind::Email, template())].into();
    plan_of(&[run, controls].concat(), POLL_MS, &windows, templates, Some(LEAD_MS))
}

fn plan_of_row(row: &Row) -> &'static Plan {
    static PLANS: std::sync::OnceLock<BTreeMap<Vec<&'static str>, Plan>> = std::sync::OnceLock::new();
    let plans = PLANS.get_or_init(|| ROWS.iter().map(|row| (row.run.to_vec(), plan_for(row.run))).collect());
    &plans[row.run]
}

fn run(told: &str, plan: &Plan, faults: &[&str], seed: u64, judge: Option<Box<Judge>>) -> Outcome {
    run_with(told, plan, faults, seed, judge, |_| {})
}

fn run_with(
    told: &str,
    plan: &Plan,
    faults: &[&str],
    seed: u64,
    judge: Option<Box<Judge>>,
    more: impl FnOnce(&mut State),
) -> Outcome {
    on_paused_clock(async {
        let mut chance = Chance::new(seed.wrapping_mul(0xd134_2543_de82_ef95) ^ 0x7ab1e);
        let ahead = chance.below(PACE.slot_ms);
        let faults: Vec<Fault> = faults.iter().map(|text| text.parse().expect("a fault")).collect();
        let mut state = State::new(seed, PACE, faults, chance);
        more(&mut state);
        let world = World::new(state, Trouble::None, Vec::new());
        sleep(Duration::from_millis(ahead)).await;
        play(told, &world, plan, false, judge).await
    })
}

/// What is said of a scenario.
fn said(outcome: &Outcome, id: &str) -> (String, BTreeSet<&'static str>) {
    let history = &outcome.history;
    let scenario = history.plan.scenarios.iter().find(|scenario| scenario.id == id).expect(id);
    let causes = diagnose(history, scenario).into_iter().map(|candidate| candidate.cause.id).collect();
    (history.scenario_verdict(scenario).verdict.to_string(), causes)
}

fn expected(row: &Row, id: &str) -> (String, BTreeSet<&'static str>) {
    let (verdict, causes) = row.of(id);
    (verdict.to_owned(), causes)
}

#[test]
fn every_row_over_twenty_seeds() {
    let count = ROWS.len() as u64 * SEEDS;
    let wrong: Vec<String> = all_seeds(count, |number| {
        let row = &ROWS[usize::try_from(number / SEEDS).expect("small")];
        let seed = number % SEEDS;
        let told = format!("{} ({}), seed {seed}", row.name, row.fault);
        let outcome = run(&told, plan_of_row(row), &[row.fault], seed, None);
        prompt::verdicts_are_prompt(&told, &outcome.history);
        let wrong = row.run.iter().find(|id| said(&outcome, id) != expected(row, id))?;
        let (found, expected) = (said(&outcome, wrong), expected(row, wrong));
        let report = notify_smoke::render::text::text(&outcome.history, "");
        Some(format!("{told}: {wrong}: {found:?}, expected {expected:?}\n{report}"))
    })
    .into_iter()
    .flatten()
    .collect();
    let names: BTreeMap<&str, &String> =
        wrong.iter().rev().map(|text| (text.split(", seed").next().unwrap_or(text), text)).collect();
    let examples: Vec<&str> = names.values().map(|text| text.as_str()).collect();
    assert!(wrong.is_empty(), "{} of {count} in {} rows:\n{}", wrong.len(), names.len(), examples.join("\n"));
}

#[test]
fn what_is_healed_on_time_passes_for_every_seed() {
    let plan = plan_for(&[crate::faults::RESET, crate::faults::LOGIN, CSV]);
    for (fault, _) in HEALED {
        for seed in 0..SEEDS {
            let outcome = run(fault, &plan, &[*fault], seed, None);
            let report = notify_smoke::render::text::text(&outcome.history, "");
            assert_eq!(outcome.history.verdict().to_string(), "passed", "{fault}, seed {seed}\n{report}");
        }
    }
}

/// Somebody cancels our job: nothing is wrong with the service, and nothing is waited for.
#[test]
fn a_cancelled_job_is_inconclusive_as_soon_as_it_is_seen() {
    let plan = plan_for(&[crate::faults::LOGIN, CSV]);
    for seed in 0..SEEDS {
        let cancel = |state: &mut State| state.cancelled_after = Some(Duration::from_secs(2));
        let outcome = run_with("cancelled", &plan, &[], seed, None, cancel);
        let report = notify_smoke::render::text::text(&outcome.history, "");
        assert_eq!(said(&outcome, CSV), ("inconclusive".to_owned(), ["job-cancelled"].into()), "seed {seed}\n{report}");
        prompt::verdicts_are_prompt("cancelled", &outcome.history);
    }
}

/// A message that the service has given up is not waited for.
#[test]
fn a_message_that_is_given_up_fails_as_soon_as_it_is_seen() {
    for run in [[crate::faults::LOGIN, CSV], [crate::faults::LOGIN, "csv-now"]] {
        let plan = plan_for(&run);
        for seed in 0..SEEDS {
            let outcome = run_with("given up", &plan, &[], seed, None, |state| state.gives_up = true);
            let report = notify_smoke::render::text::text(&outcome.history, "");
            assert_eq!(
                said(&outcome, run[1]),
                ("failed".to_owned(), ["worker-gave-up"].into()),
                "seed {seed}\n{report}"
            );
            prompt::verdicts_are_prompt("given up", &outcome.history);
        }
    }
}

/// What is wrong with a run in which a check says yes to whatever it sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Without {
    /// A broken service passes.
    Passes,
    /// It is still not passed, and another part is named, or another verdict given.
    Misleads,
}

use Without::{Misleads, Passes};

/// Every check of the run book's scenarios: its scenario, its place among that one's checks, whether only the look after
/// everything else is meant, the row that needs it, and what that row comes to without it.
const CHECKS: &[(&str, usize, bool, &str, Without)] = &[
    ("password-reset", 0, false, "router_without_an_app", Misleads),
    ("password-reset", 1, false, "api_down", Misleads),
    ("password-reset", 2, false, "mail_of_an_earlier_request", Passes),
    ("password-reset", 2, true, "reset_sent_twice", Passes),
    ("password-reset", 3, false, "admin_error_behind_the_link", Passes),
    ("login", 0, false, "admin_error_on_the_sign_in", Misleads),
    ("login", 1, false, "admin_error_on_the_code", Misleads),
    ("login", 2, false, "another_sender", Passes),
    ("login", 2, true, "sns_sends_twice", Passes),
    ("login", 3, false, "a_sign_in_that_leads_back", Passes),
    ("scheduled-send", 0, false, "admin_error_on_the_templates", Misleads),
    ("scheduled-send", 1, false, "a_template_that_was_edited", Misleads),
    ("scheduled-send", 2, false, "admin_error_on_the_one_off", Misleads),
    ("scheduled-send", 3, false, "admin_error_on_the_upload", Misleads),
    ("scheduled-send", 4, false, "bucket_does_not_take_the_file", Misleads),
    ("scheduled-send", 5, false, "a_time_that_is_not_kept", Misleads),
    ("scheduled-send", 6, false, "admin_error_on_the_start", Misleads),
    ("scheduled-send", 7, false, "scheduler_a_tick_late", Misleads),
    ("scheduled-send", 8, false, "a_row_lost", Passes),
    ("scheduled-send", 8, true, "a_row_twice", Passes),
];

/// Says yes to one check whatever is there; what is captured is what would have been.
fn blind_at(plan: &Plan, step: StepId, standing: bool) -> Box<Judge> {
    let StepKind::Expect { capture, .. } = plan.step(step).kind.clone() else { panic!("no check") };
    Box::new(move |of, last, expectation, observation, context| {
        let honest = judge(expectation, observation, context);
        if of != step || (standing && !last) {
            return honest;
        }
        let captured = honest.captured.clone().or_else(|| match (&capture, observation) {
            (Some(capture), Observation::Messages { messages }) => {
                messages.iter().find_map(|message| match &capture.of {
                    Captured::Digits(_) => message.codes.first().cloned(),
                    Captured::Path(_) | Captured::Page => message.links.first().map(|link| link.handle.clone()),
                })
            }
            (Some(_), Observation::Page(page)) => Some(page.address().to_owned()),
            (None, _) => None,
        });
        if capture.is_some() && captured.is_none() {
            return honest;
        }
        let slot = match honest.check {
            Check::Met { slot, .. } => slot,
            Check::NotYet { .. } | Check::Never { .. } => None,
        };
        let seen = "whatever is here".to_owned();
        Judgement { check: Check::Met { arrived_at: None, blemish: None, slot, seen }, captured }
    })
}

/// Without it a broken service passes, or another part is blamed: no check is there for show.
#[test]
fn every_check_is_needed_by_some_row() {
    for (scenario, place, standing, name, without) in CHECKS {
        let row = row(name);
        let plan = plan_of_row(row);
        let step = checks_of(plan, scenario)[*place];
        let told = format!("{scenario}: {} ({}) in {name}", plan.step(step), if *standing { "last" } else { "first" });
        let honest = run(&told, plan, &[row.fault], 1, None);
        assert_eq!(said(&honest, scenario), expected(row, scenario), "{told}");
        let blind = run(&told, plan, &[row.fault], 1, Some(blind_at(plan, step, *standing)));
        let found = said(&blind, scenario);
        let report = notify_smoke::render::text::text(&blind.history, "");
        match without {
            Passes => assert_eq!(found.0, "passed", "{told}\n{report}"),
            Misleads => {
                assert_ne!(found.0, "passed", "{told}\n{report}");
                assert_ne!(found, expected(row, scenario), "{told}\n{report}");
            }
        }
    }
}

fn checks_of(plan: &Plan, id: &str) -> Vec<StepId> {
    let scenario = plan.scenarios.iter().find(|scenario| scenario.id == id).expect(id);
    let is_check = |step: &StepId| matches!(plan.step(*step).kind, StepKind::Expect { .. });
    scenario.steps.iter().copied().filter(is_check).collect()
}

#[test]
fn every_check_of_the_run_book_is_listed() {
    let plan = plan_for(&[crate::faults::RESET, crate::faults::LOGIN, CSV]);
    let listed: BTreeSet<(&str, usize, bool)> =
        CHECKS.iter().map(|(scenario, place, standing, ..)| (*scenario, *place, *standing)).collect();
    let mut all = BTreeSet::new();
    for id in [crate::faults::RESET, crate::faults::LOGIN, CSV] {
        for (place, step) in checks_of(&plan, id).into_iter().enumerate() {
            all.insert((id, place, false));
            let StepKind::Expect { expect, .. } = &plan.step(step).kind else { continue };
            if expect.must_stay() && !matches!(expect, Expectation::Page(_)) {
                all.insert((id, place, true));
            }
        }
    }
    assert_eq!(listed, all);
}
