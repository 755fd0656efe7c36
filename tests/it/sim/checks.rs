//! What each check of the scenarios is worth: what is said without it.

use std::collections::BTreeSet;

use notify_smoke::engine::Judge;
use notify_smoke::history::History;
use notify_smoke::judge::{Judgement, judge};
use notify_smoke::model::{Captured, Check, Observation, Plan, StepId, StepKind};

use super::rim::{Outcome, Trouble};
use super::table::{plan_for, run, run_with, said};
use crate::faults::{CSV, LOGIN, RESET, TEXTS};
use crate::table::{row, said_of};

const NOW: &str = "csv-now";
const HEARTBEAT: &str = "heartbeat";

/// What a run comes to in which a check says yes to whatever it sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Without {
    /// A broken service passes.
    Passes,
    /// It is still not passed, and another part is named, or another verdict given.
    Misleads,
    /// The same is said, later.
    Dawdles,
}

use Without::{Dawdles, Misleads, Passes};

/// Every check: its scenario, its place among that one's checks, whether only the look after everything else is meant, the
/// row whose fault needs it, and what that comes to without it.
const CHECKS: &[(&str, usize, bool, &str, Without)] = &[
    (RESET, 0, false, "router_without_an_app", Misleads),
    (RESET, 1, false, "api_down", Dawdles),
    (RESET, 2, false, "mail_of_an_earlier_request", Misleads),
    (RESET, 2, true, "reset_sent_twice", Passes),
    (RESET, 3, false, "admin_error_behind_the_link", Passes),
    (LOGIN, 0, false, "admin_error_on_the_sign_in", Misleads),
    (LOGIN, 1, false, "admin_error_on_the_code", Misleads),
    (LOGIN, 2, false, "another_sender", Passes),
    (LOGIN, 2, true, "sns_sends_twice", Passes),
    (LOGIN, 3, false, "a_sign_in_that_leads_back", Passes),
    (CSV, 0, false, "admin_error_on_the_templates", Misleads),
    (CSV, 1, false, "a_template_that_was_edited", Misleads),
    (CSV, 2, false, "admin_error_on_the_one_off", Misleads),
    (CSV, 3, false, "admin_error_on_the_upload", Misleads),
    (CSV, 4, false, "bucket_does_not_take_the_file", Misleads),
    (CSV, 5, false, "a_time_that_is_not_kept", Misleads),
    (CSV, 6, false, "admin_error_on_the_start", Misleads),
    (CSV, 7, false, "scheduler_a_tick_late", Misleads),
    (CSV, 8, false, "a_row_lost", Passes),
    (CSV, 8, true, "a_row_twice", Passes),
    (NOW, 0, false, "admin_error_on_the_templates", Misleads),
    (NOW, 1, false, "a_template_that_was_edited", Misleads),
    (NOW, 2, false, "admin_error_on_the_one_off", Misleads),
    (NOW, 3, false, "admin_error_on_the_upload", Misleads),
    (NOW, 4, false, "bucket_does_not_take_the_file", Misleads),
    (NOW, 5, false, "admin_error_on_the_start", Misleads),
    (NOW, 6, false, "worker_cannot_read_the_file", Dawdles),
    (NOW, 7, false, "a_row_lost", Passes),
    (NOW, 7, true, "a_row_twice_now", Passes),
    (TEXTS, 1, false, "admin_error_on_the_templates", Misleads),
    (TEXTS, 2, false, "a_template_that_was_edited", Misleads),
    (TEXTS, 3, false, "admin_error_on_the_one_off", Misleads),
    (TEXTS, 4, false, "admin_error_on_the_upload", Misleads),
    (TEXTS, 5, false, "bucket_does_not_take_the_file", Misleads),
    (TEXTS, 6, false, "a_time_that_is_not_kept", Misleads),
    (TEXTS, 7, false, "admin_error_on_the_start", Misleads),
    (TEXTS, 8, false, "scheduler_a_tick_late", Misleads),
    (TEXTS, 9, false, "a_row_of_texts_lost", Passes),
    (TEXTS, 9, true, "a_row_of_texts_twice", Passes),
    // The control has no verdict of its own: what it says, the missed schedule's diagnosis says.
    (HEARTBEAT, 2, false, "worker_stops_at_the_job", Misleads),
];

/// Checks that no fault of the service needs: the look at the first page of a list by text, for which see below, and the
/// control's pages, which end it sooner and say nothing.
const ELSEWHERE: &[(&str, usize, bool)] =
    &[(TEXTS, 0, false), (HEARTBEAT, 0, false), (HEARTBEAT, 1, false), (HEARTBEAT, 2, true)];

/// With what a scenario is run here.
fn run_of(scenario: &str) -> &'static [&'static str] {
    match scenario {
        RESET | LOGIN => &[RESET, LOGIN],
        CSV | HEARTBEAT => &[RESET, LOGIN, CSV],
        NOW => &[LOGIN, NOW],
        _ => &[LOGIN, TEXTS],
    }
}

/// Says yes to one check whatever is there; what is captured is what would have been.
fn blind_at(plan: &Plan, step: StepId, standing: bool) -> Box<Judge> {
    let StepKind::Expect { capture, .. } = plan.step(step).kind.clone() else { panic!("no check") };
    // Where what comes next needs what is captured, there has to be something.
    let last = plan.scenario_of(step).steps.last() == Some(&step);
    let wanted = capture.is_some() && !last;
    Box::new(move |of, last, expectation, observation, context| {
        let honest = judge(expectation, observation, context);
        if of != step || (standing && !last) {
            return honest;
        }
        let captured = honest.captured.clone().or_else(|| match (&capture, observation) {
            (Some(capture), Observation::Messages { messages, .. }) => {
                messages.iter().find_map(|message| match &capture.of {
                    Captured::Digits(_) => message.codes.first().cloned(),
                    Captured::Path(_) | Captured::Page => message.links.first().map(|link| link.handle.clone()),
                })
            }
            (Some(_), Observation::Page(page)) => Some(page.address().to_owned()),
            (None, _) => None,
        });
        if wanted && captured.is_none() {
            return honest;
        }
        let slot = match honest.check {
            Check::Met { slot, .. } => slot,
            Check::NotYet { .. } | Check::Never { .. } => None,
        };
        let seen = "whatever is here".to_owned();
        Judgement { check: Check::Met { arrived_at: None, blemish: None, slot, seen, note: None }, captured }
    })
}

/// When nothing new was learned of a scenario any more.
fn known_at(history: &History, id: &str) -> u64 {
    let scenario = history.plan.scenarios.iter().find(|scenario| scenario.id == id).expect(id);
    let closed = scenario.steps.iter().filter_map(|step| history.step(*step).closed);
    closed.map(|(moment, _)| moment.t).max().unwrap_or(0)
}

/// Without it a broken service passes, or another part is blamed, or it is said later: no check is there for show.
#[test]
fn every_check_is_needed_by_some_row() {
    for (scenario, place, standing, name, without) in CHECKS {
        let row = row(name);
        let plan = &plan_for(run_of(scenario));
        let step = checks_of(plan, scenario)[*place];
        let told = format!("{scenario}: {} ({}) in {name}", plan.step(step), if *standing { "last" } else { "first" });
        let of = if *scenario == HEARTBEAT { CSV } else { scenario };
        let honest = run(&told, plan, &[row.fault], 1, None);
        let right = said(&honest, of);
        assert_ne!(right.0, "passed", "{told}");
        if row.run.contains(&of) {
            assert_eq!(right, row.of(of), "{told}");
        }
        let blind = run(&told, plan, &[row.fault], 1, Some(blind_at(plan, step, *standing)));
        let found = said(&blind, of);
        let report = notify_smoke::render::text::text(&blind.history, "");
        match without {
            Passes => assert_eq!(found.0, "passed", "{told}\n{report}"),
            Misleads => {
                assert_ne!(found.0, "passed", "{told}\n{report}");
                assert_ne!(found, right, "{told}\n{report}");
            }
            Dawdles => {
                assert_eq!(found, right, "{told}\n{report}");
                let (soon, late) = (known_at(&honest.history, of), known_at(&blind.history, of));
                assert!(late > soon + 2_000, "{told}: {soon} ms, and {late} ms without it\n{report}");
            }
        }
    }
}

/// The first page of a list by text shows whether the session is still ours; without the look the page is blamed.
#[test]
fn a_session_that_somebody_else_took_is_seen_on_the_first_page() {
    let plan = plan_for(&[LOGIN, TEXTS]);
    let step = checks_of(&plan, TEXTS)[0];
    let taken = |judge| run_with("taken", &plan, (&[], Trouble::SomebodyElse { after_pages: 0 }), 1, judge, |_| {});
    let inconclusive = |outcome: &Outcome| said(outcome, TEXTS) == said_of("inconclusive", &["signed-out-elsewhere"]);
    assert!(inconclusive(&taken(None)), "{}", notify_smoke::render::text::text(&taken(None).history, ""));
    let blind = taken(Some(blind_at(&plan, step, false)));
    assert_eq!(said(&blind, TEXTS).0, "failed", "{}", notify_smoke::render::text::text(&blind.history, ""));
}

fn checks_of(plan: &Plan, id: &str) -> Vec<StepId> {
    let scenario = plan.scenarios.iter().find(|scenario| scenario.id == id).expect(id);
    let is_check = |step: &StepId| matches!(plan.step(*step).kind, StepKind::Expect { .. });
    scenario.steps.iter().copied().filter(is_check).collect()
}

#[test]
fn every_check_is_listed() {
    let listed: BTreeSet<(&str, usize, bool)> = CHECKS
        .iter()
        .map(|(scenario, place, standing, ..)| (*scenario, *place, *standing))
        .chain(ELSEWHERE.iter().copied())
        .collect();
    let mut all = BTreeSet::new();
    for id in [RESET, LOGIN, CSV, NOW, TEXTS, HEARTBEAT] {
        let plan = plan_for(run_of(id));
        for (place, step) in checks_of(&plan, id).into_iter().enumerate() {
            all.insert((id, place, false));
            if matches!(&plan.step(step).kind, StepKind::Expect { expect, .. } if expect.must_stay()) {
                all.insert((id, place, true));
            }
        }
    }
    assert_eq!(listed, all);
}
