//! The table of faults in memory: every row over twenty seeds.

use std::collections::BTreeMap;
use std::time::Duration;

use notify_sandbox::Fault;
use notify_smoke::config::Files;
use notify_smoke::diagnose::diagnose;
use notify_smoke::engine::Judge;
use notify_smoke::model::environment::WindowOverride;
use notify_smoke::model::{MessageKind, Plan};
use tokio::time::sleep;

use super::all_seeds;
use super::rim::{Outcome, Trouble, World, on_paused_clock, play};
use super::service::{Pace, State};
use super::whole::{template, text_template};
use super::world::Chance;
use crate::faults::{CSV, LOGIN, TEXTS};
use crate::prompt;
use crate::support::{plan_of, root};
use crate::table::{HEALED, ROWS, Row, Said, said_of};

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

pub fn plan_for(run: &[&str]) -> Plan {
    let windows: Vec<(&str, WindowOverride)> =
        windows().iter().map(|(name, window)| (name.as_str(), *window)).collect();
    let schedules = [CSV, TEXTS].iter().any(|id| run.contains(id));
    let controls: &[&str] = if schedules { &["heartbeat"] } else { &[] };
    let templates = [(MessageKind::Email, template()), (MessageKind::Sms, text_template())].into();
    plan_of(&[run, controls].concat(), POLL_MS, &windows, templates, Some(LEAD_MS))
}

fn plan_of_row(row: &Row) -> &'static Plan {
    static PLANS: std::sync::OnceLock<BTreeMap<Vec<&'static str>, Plan>> = std::sync::OnceLock::new();
    let plans = PLANS.get_or_init(|| ROWS.iter().map(|row| (row.run.to_vec(), plan_for(row.run))).collect());
    &plans[row.run]
}

pub fn run(told: &str, plan: &Plan, faults: &[&str], seed: u64, judge: Option<Box<Judge>>) -> Outcome {
    run_with(told, plan, (faults, Trouble::None), seed, judge, |_| {})
}

/// The same beside a trouble of our own, with more that is changed in the world.
pub fn run_with(
    told: &str,
    plan: &Plan,
    (faults, trouble): (&[&str], Trouble),
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
        let world = World::new(state, trouble, Vec::new());
        sleep(Duration::from_millis(ahead)).await;
        play(told, &world, plan, false, judge).await
    })
}

/// What is said of a scenario.
pub fn said(outcome: &Outcome, id: &str) -> Said {
    let history = &outcome.history;
    let scenario = history.plan.scenarios.iter().find(|scenario| scenario.id == id).expect(id);
    let causes: Vec<&str> = diagnose(history, scenario).iter().map(|candidate| candidate.cause.id).collect();
    said_of(history.scenario_verdict(scenario).verdict.name(), &causes)
}

/// Up to and including the first next step a report that has not passed fits into 24 lines of 100 columns.
fn fits_one_screen(told: &str, history: &notify_smoke::history::History) {
    let style = notify_smoke::render::style::Style { colour: false, width: Some(100) };
    let report = style.report(&notify_smoke::render::text::text(history, "runs/sim/X"));
    let lines: Vec<&str> = report.lines().collect();
    let Some(next) = lines.iter().position(|line| line.starts_with("Next ")) else {
        return assert!(report.starts_with("PASSED"), "{told}: nothing says what to do\n{report}");
    };
    // The step goes on until another one begins, or something else.
    let after = lines[next + 1..].iter().take_while(|line| {
        let text = line.trim_start();
        line.starts_with("           ") && !text.starts_with(|c: char| c.is_ascii_digit())
    });
    let end = next + 1 + after.count();
    assert!(end <= 24, "{told}: the first next step ends on line {end}\n{report}");
    let long = lines[..end].iter().find(|line| line.chars().count() > 100);
    assert!(long.is_none(), "{told}: {long:?}");
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
        fits_one_screen(&told, &outcome.history);
        let wrong = row.run.iter().find(|id| said(&outcome, id) != row.of(id))?;
        let (found, expected) = (said(&outcome, wrong), row.of(wrong));
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
    let plan = plan_for(&[crate::faults::RESET, LOGIN, CSV]);
    for (fault, _) in HEALED {
        for seed in 0..SEEDS {
            let outcome = run(fault, &plan, &[*fault], seed, None);
            let report = notify_smoke::render::text::text(&outcome.history, "");
            assert_eq!(outcome.history.verdict().to_string(), "passed", "{fault}, seed {seed}\n{report}");
        }
    }
}

/// Two lists of one session: what the page of one says is not told of the other.
#[test]
fn the_page_of_one_list_says_nothing_of_the_other() {
    let plan = plan_for(&[LOGIN, CSV, TEXTS]);
    for seed in 0..SEEDS {
        let outcome = run("two lists", &plan, &["ses=bounced@job", "sns=slow:9s@job"], seed, None);
        let report = notify_smoke::render::text::text(&outcome.history, "");
        let undelivered = said_of("failed", &["ses-bounced", "mailbox-refuses"]);
        assert_eq!(said(&outcome, CSV), undelivered, "seed {seed}\n{report}");
        assert_eq!(said(&outcome, TEXTS).0, "degraded", "seed {seed}\n{report}");
    }
}

/// Somebody cancels our job: nothing is wrong with the service, and nothing is waited for.
#[test]
fn a_cancelled_job_is_inconclusive_as_soon_as_it_is_seen() {
    let plan = plan_for(&[LOGIN, CSV]);
    for seed in 0..SEEDS {
        let cancel = |state: &mut State| state.cancelled_after = Some(Duration::from_secs(2));
        let outcome = run_with("cancelled", &plan, (&[], Trouble::None), seed, None, cancel);
        let report = notify_smoke::render::text::text(&outcome.history, "");
        assert_eq!(said(&outcome, CSV), said_of("inconclusive", &["job-cancelled"]), "seed {seed}\n{report}");
        prompt::verdicts_are_prompt("cancelled", &outcome.history);
    }
}

/// A message that the service has given up is not waited for.
#[test]
fn a_message_that_is_given_up_fails_as_soon_as_it_is_seen() {
    for run in [[LOGIN, CSV], [LOGIN, "csv-now"]] {
        let plan = plan_for(&run);
        for seed in 0..SEEDS {
            let outcome = run_with("given up", &plan, (&[], Trouble::None), seed, None, |state| state.gives_up = true);
            let report = notify_smoke::render::text::text(&outcome.history, "");
            assert_eq!(said(&outcome, run[1]), said_of("failed", &["worker-gave-up"]), "seed {seed}\n{report}");
            prompt::verdicts_are_prompt("given up", &outcome.history);
        }
    }
}

/// A user keeps five unused codes. Where our own runs have left as many, that comes first.
#[test]
fn codes_that_our_own_runs_left_unused_are_the_first_candidate() {
    let plan = plan_for(&[crate::faults::RESET, LOGIN]);
    for seed in 0..SEEDS {
        let mut outcome = run("five codes", &plan, &["code=limited"], seed, None);
        let first = |outcome: &Outcome| said(outcome, LOGIN).1;
        assert_eq!(first(&outcome).as_deref(), Some("sns-silent"), "seed {seed}");
        // The code of this run and the second one that it asks for are among the five.
        outcome.history.since.codes_unused = 2;
        assert_eq!(first(&outcome).as_deref(), Some("sns-silent"), "seed {seed}");
        outcome.history.since.codes_unused = 3;
        assert_eq!(first(&outcome).as_deref(), Some("codes-limited"), "seed {seed}");
    }
}

/// Old codes one after another: no more than three are typed, since the service locks a user who is wrong too often.
#[test]
fn codes_that_are_refused_again_and_again_end_the_run() {
    let plan = plan_for(&[LOGIN]);
    for seed in 0..SEEDS {
        let outcome = run_with("old codes", &plan, (&[], Trouble::None), seed, None, |state| state.old_codes = 5);
        let report = notify_smoke::render::text::text(&outcome.history, "");
        assert_eq!(said(&outcome, LOGIN), said_of("errored", &["sign-in-refused"]), "seed {seed}\n{report}");
        assert_eq!(outcome.truth.refused_codes, 3, "seed {seed}\n{report}");
    }
}

/// What a page takes on a machine that has no processor to give is not the service's.
#[test]
fn a_page_that_is_late_on_a_busy_machine_is_nobodys() {
    let plan = plan_for(&[crate::faults::RESET]);
    for seed in 0..SEEDS {
        let busy = |fault: &str| {
            run_with("busy", &plan, (&[fault], Trouble::None), seed, None, |state: &mut State| state.starves = true)
        };
        let late = busy("admin=slow:7s@forgot-password");
        let report = notify_smoke::render::text::text(&late.history, "");
        let expected = said_of("inconclusive", &["machine-busy"]);
        assert_eq!(said(&late, crate::faults::RESET), expected, "seed {seed}\n{report}");
        // What is not late is a proof all the same, and an error page is one on any machine.
        assert_eq!(said(&busy("admin=slow:100ms"), crate::faults::RESET).0, "passed", "seed {seed}");
        assert_eq!(said(&busy("admin=500@forgot-password"), crate::faults::RESET).0, "failed", "seed {seed}");
    }
}

/// Fault, what is run, the scenario that is looked at, and what is said of it.
type OfUk = (&'static str, &'static [&'static str], &'static str, &'static str, &'static [&'static str]);

/// GOV.UK Notify's queues have a worker each. What was seen is what the world in memory shows; who may be to blame for it is the
/// service's to say: a reset mail that came clears the worker of such mails, and none of the others.
#[test]
fn where_each_queue_has_a_worker_its_own_is_blamed() {
    let roads = Files::new(&root()).load().services["govuk-notify"].roads.clone();
    let of_uk = |fault: &'static str, ids: &'static [&'static str], seed: u64| {
        let mut outcome = run(fault, &plan_for(ids), &[fault], seed, None);
        outcome.history.plan.roads = roads.clone();
        outcome
    };
    let cases: [OfUk; 6] = [
        (
            "scheduler=stopped",
            &[crate::faults::RESET, LOGIN, CSV],
            CSV,
            "failed",
            &["scheduler-missed", "worker-missed"],
        ),
        ("s3=down@process", &[crate::faults::RESET, LOGIN, CSV], CSV, "failed", &["worker-stood", "s3-job"]),
        ("s3=down@process", &[LOGIN, "csv-now"], "csv-now", "failed", &["worker-stood", "s3-job"]),
        ("s3=down@upload", &[LOGIN, "csv-now"], "csv-now", "failed", &["s3-upload", "admin-error"]),
        ("ses=down@job", &[LOGIN, CSV], CSV, "failed", &["ses-unsent", "worker-unsent", "mailbox-deaf"]),
        ("sns=down", &[crate::faults::RESET, LOGIN], LOGIN, "failed", &["sns-silent", "codes-limited", "number-deaf"]),
    ];
    for seed in 0..SEEDS {
        for (fault, ids, id, verdict, causes) in &cases {
            let outcome = of_uk(fault, ids, seed);
            let report = notify_smoke::render::text::text(&outcome.history, "");
            assert_eq!(said(&outcome, id), said_of(verdict, causes), "{fault}, seed {seed}\n{report}");
        }
    }
}
